//! What a gauge looks like: its lane, what fills it, and its scale.
#![forbid(unsafe_code)]

use std::cell::RefCell;

use gtk::{gsk, pango, prelude::*};

use super::{
    paint::{INSET, Lane, Paint, SMALL, layout},
    palette::Palette,
    scale, text,
};

/// Levels that have a tick, and whether also a numeral; those that matter most first, as numerals must not touch.
const MARKS: [(f64, bool); 8] = [
    (0.0, true),
    (-60.0, true),
    (-20.0, true),
    (-40.0, true),
    (-10.0, true),
    (-30.0, true),
    (-3.0, false),
    (-6.0, false),
];

/// Height of a tick in pixels.
const TICK: f32 = 4.0;

/// Least width in pixels.
const LEAST_WIDTH: i32 = 72;

/// What can be seen of a gauge: ends of its parts in device pixels.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    /// The level that comes in.
    pub(super) input: i32,
    /// The level that goes out.
    pub(super) output: i32,
    /// The held peak of what comes in.
    pub(super) held: i32,
}

/// What the drawing of what does not move depends on.
#[derive(Debug, Clone, PartialEq)]
struct StillKey {
    width: i32,
    height: i32,
    with_scale: bool,
    mirrored: bool,
    palette: Palette,
}

/// The laid-out numerals of a gauge, and what does not move in it as it was drawn last.
#[derive(Debug)]
pub(super) struct Face {
    line: i32,
    marks: Vec<(f64, pango::Layout)>,
    still: RefCell<Option<(StillKey, Option<gsk::RenderNode>)>>,
}

impl Face {
    /// Lays out the numerals in the widget's font.
    pub(super) fn new(widget: &impl IsA<gtk::Widget>) -> Self {
        let numerals = MARKS.iter().filter(|mark| mark.1);
        Self {
            line: layout(widget, &text::mark(0.0), 1.0).pixel_size().1,
            marks: numerals
                .map(|mark| (mark.0, layout(widget, &text::mark(mark.0), SMALL)))
                .collect(),
            still: RefCell::default(),
        }
    }

    /// Returns the least and the natural width in pixels.
    pub(super) fn widths(&self) -> (i32, i32) {
        (LEAST_WIDTH, LEAST_WIDTH + 14 * self.line)
    }

    /// Returns the height in pixels.
    pub(super) fn height(&self, with_scale: bool) -> i32 {
        (self.lane_height() + self.scale_height(with_scale)).ceil() as i32
    }

    /// Draws the gauge over the whole widget.
    pub(super) fn draw(
        &self,
        snapshot: &gtk::Snapshot,
        widget: &impl IsA<gtk::Widget>,
        palette: Palette,
        seen: Seen,
        with_scale: bool,
    ) {
        let paint = Paint::begin(snapshot, widget);
        let key = StillKey {
            width: widget.width(),
            height: widget.height(),
            with_scale,
            mirrored: paint.mirrored(),
            palette,
        };
        let lane = Lane::at(self.top(&key), self.lane_height());
        self.draw_still(snapshot, key);
        let pixel = 1.0 / widget.scale_factor() as f32;
        let at = |end: i32| end as f32 * pixel;
        let (input, output, held) = (at(seen.input), at(seen.output), at(seen.held));
        paint.fill_lane(lane, 0.0, input.min(output), &palette.accent);
        // What was added is fainter, what was taken away thinner: colour is never all there is.
        paint.fill_lane(lane, input, output, &palette.accent.with_alpha(0.45));
        paint.fill_lane(lane.thin(), output, input, &palette.warning);
        if seen.held > 0 {
            paint.fill_lane(lane, (held - 2.0).max(0.0), held, &palette.text);
        }
        paint.finish();
    }

    /// Forgets what was drawn, as when the font changes.
    pub(super) fn forget(&self) {
        self.still.take();
    }

    /// Draws the track and the scale, which are made anew only when they look different.
    fn draw_still(&self, snapshot: &gtk::Snapshot, key: StillKey) {
        let mut still = self.still.borrow_mut();
        if still.as_ref().is_none_or(|still| still.0 != key) {
            let own = gtk::Snapshot::new();
            self.build_still(&Paint::on(&own, key.width, key.mirrored), &key);
            *still = Some((key, own.to_node()));
        }
        if let Some((_, Some(node))) = still.as_ref() {
            snapshot.append_node(node);
        }
    }

    fn build_still(&self, paint: &Paint, key: &StillKey) {
        let (top, tall) = (self.top(key), self.lane_height());
        paint.lane(key.width as f32, top, tall, &key.palette);
        if !key.with_scale {
            return;
        }
        let below = top + tall;
        let (length, color) = (length(key.width), key.palette.dim());
        let at = |length: f32, level_dbfs: f64| length * scale::level_share(level_dbfs) as f32;
        for (level_dbfs, _) in MARKS {
            let from = INSET + at(length - 1.0, level_dbfs).round();
            paint.fill(from, from + 1.0, below + 1.0, TICK - 1.0, &color);
        }
        let mut placed: Vec<(f32, f32)> = Vec::with_capacity(self.marks.len());
        for (level_dbfs, layout) in &self.marks {
            let own_width = layout.pixel_size().0 as f32;
            let middle = INSET + at(length, *level_dbfs);
            let last = (length + 2.0 * INSET - own_width).max(0.0);
            let from = (middle - own_width / 2.0).clamp(0.0, last);
            let to = from + own_width;
            if placed.iter().all(|other| to + 4.0 < other.0 || other.1 + 4.0 < from) {
                placed.push((from, to));
                paint.text(layout, from, below + TICK, &color);
            }
        }
    }

    fn top(&self, key: &StillKey) -> f32 {
        let above =
            (key.height as f32 - self.lane_height() - self.scale_height(key.with_scale)) / 2.0;
        above.max(0.0).floor()
    }

    fn lane_height(&self) -> f32 {
        (self.line as f32 * 0.65).round().max(10.0)
    }

    fn scale_height(&self, with_scale: bool) -> f32 {
        if with_scale { TICK + self.marks[0].1.pixel_size().1 as f32 } else { 0.0 }
    }
}

/// Returns the length in pixels that the level can fill in a gauge of that width.
pub(super) fn length(width: i32) -> f32 {
    (width as f32 - 2.0 * INSET).max(0.0)
}
