//! What a gauge looks like: its lanes, its scale and its number.
#![forbid(unsafe_code)]

use std::cell::{Cell, RefCell};

use gtk::{gsk, pango, prelude::*};

use super::{
    paint::{self, GAP, INSET, Paint, SMALL},
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

/// Where the level is called high, and where it is called full, in dBFS.
const HIGH_DBFS: f64 = -9.0;
const FULL_DBFS: f64 = -1.0;

/// Height of a tick in pixels.
const TICK: f32 = 4.0;

/// Space in pixels between the lanes.
const LANE_GAP: f32 = 2.0;

/// What can be seen of a gauge: ends of its parts in device pixels, and its number in tenths.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) rms: i32,
    pub(super) peak: i32,
    pub(super) held: i32,
    pub(super) taken: i32,
    pub(super) gain_tenths: Option<i32>,
}

/// What the scale's drawing depends on.
#[derive(Debug, Clone, PartialEq)]
struct ScaleKey {
    width: i32,
    length: f32,
    top: f32,
    mirrored: bool,
    palette: Palette,
}

/// The laid-out texts of a gauge, and its scale as it was drawn last.
#[derive(Debug)]
pub(super) struct Face {
    number: pango::Layout,
    written: Cell<Option<i32>>,
    widest: pango::Layout,
    marks: Vec<(f64, pango::Layout)>,
    drawn_scale: RefCell<Option<(ScaleKey, Option<gsk::RenderNode>)>>,
}

impl Face {
    /// Lays out the texts in the widget's font.
    pub(super) fn new(widget: &impl IsA<gtk::Widget>) -> Self {
        let numerals = MARKS.iter().filter(|mark| mark.1);
        Self {
            number: paint::layout(widget, &text::gain_or_dash(None), 1.0),
            written: Cell::new(None),
            widest: paint::layout(widget, &text::widest_gain(), 1.0),
            marks: numerals
                .map(|mark| (mark.0, paint::layout(widget, &text::mark(mark.0), SMALL)))
                .collect(),
            drawn_scale: RefCell::default(),
        }
    }

    /// Returns the least and the natural width in pixels.
    pub(super) fn widths(&self) -> (i32, i32) {
        let (number_width, line) = self.widest.pixel_size();
        let beside = number_width + GAP as i32;
        (beside + 72, beside + 14 * line)
    }

    /// Returns the height in pixels.
    pub(super) fn height(&self, with_scale: bool) -> i32 {
        (self.bar_height() + self.scale_height(with_scale)).ceil() as i32
    }

    /// Returns the length in pixels that the level can fill in a gauge of that width.
    pub(super) fn length(&self, width: i32) -> f32 {
        (self.track_length(width) - 2.0 * INSET).max(0.0)
    }

    /// Draws the gauge over the whole widget.
    pub(super) fn draw(
        &self,
        snapshot: &gtk::Snapshot,
        widget: &impl IsA<gtk::Widget>,
        seen: Seen,
        with_scale: bool,
    ) {
        let palette = Palette::of(widget);
        let (width, length) = (widget.width(), self.length(widget.width()));
        let above =
            (widget.height() as f32 - self.bar_height() - self.scale_height(with_scale)) / 2.0;
        let top = above.max(0.0).floor();
        let (level_tall, taken_tall) = self.lane_heights();
        let level_top =
            (top + (self.bar_height() - level_tall - LANE_GAP - taken_tall) / 2.0).round();
        let taken_top = level_top + level_tall + LANE_GAP;
        let pixel = 1.0 / widget.scale_factor() as f32;

        let paint = Paint::begin(snapshot, widget);
        let lane = paint.lane(self.track_length(width), level_top, level_tall, &palette);
        let (rms, peak, held) =
            (seen.rms as f32 * pixel, seen.peak as f32 * pixel, seen.held as f32 * pixel);
        let at = |level_dbfs: f64| (length * scale::level_share(level_dbfs) as f32).round();
        let (high, full) = (at(HIGH_DBFS), at(FULL_DBFS));
        let zones = [
            (0.0, high, palette.accent),
            (high, full, palette.warning),
            (full, length, palette.error),
        ];
        for (from, to, color) in zones {
            paint.fill_lane(lane, from, to.min(rms), &color);
            paint.fill_lane(lane, from.max(rms), to.min(peak), &color.with_alpha(0.5));
        }
        if seen.held > 0 {
            paint.fill_lane(lane, (held - 2.0).max(0.0), held, &palette.text);
        }
        // Its baseline is the end of the level's track.
        paint.fill(INSET, INSET + length, taken_top, taken_tall, &palette.track());
        let from = INSET + length - seen.taken as f32 * pixel;
        paint.fill(from, INSET + length, taken_top, taken_tall, &palette.text.with_alpha(0.8));
        if with_scale {
            self.draw_scale(
                snapshot,
                ScaleKey {
                    width,
                    length,
                    top: taken_top + taken_tall,
                    mirrored: paint.mirrored(),
                    palette,
                },
            );
        }
        if self.written.replace(seen.gain_tenths) != seen.gain_tenths {
            self.number.set_text(&text::gain_or_dash(seen.gain_tenths));
        }
        let color = if seen.gain_tenths.unwrap_or(0) == 0 { palette.dim() } else { palette.text };
        let (number_width, line) = self.number.pixel_size();
        let number_top = top + (self.bar_height() - line as f32) / 2.0;
        paint.text(&self.number, (width - number_width) as f32, number_top, &color);
        paint.finish();
    }

    /// Forgets what was drawn, as when the font changes.
    pub(super) fn forget(&self) {
        self.drawn_scale.take();
    }

    /// Draws the scale, which is made anew only when it looks different.
    fn draw_scale(&self, snapshot: &gtk::Snapshot, key: ScaleKey) {
        let mut drawn = self.drawn_scale.borrow_mut();
        if drawn.as_ref().is_none_or(|drawn| drawn.0 != key) {
            let scale = gtk::Snapshot::new();
            self.build_scale(&Paint::on(&scale, key.width, key.mirrored), &key);
            *drawn = Some((key, scale.to_node()));
        }
        if let Some((_, Some(node))) = drawn.as_ref() {
            snapshot.append_node(node);
        }
    }

    fn build_scale(&self, paint: &Paint, key: &ScaleKey) {
        let (length, color) = (key.length, key.palette.dim());
        let at = |length: f32, level_dbfs: f64| length * scale::level_share(level_dbfs) as f32;
        for (level_dbfs, _) in MARKS {
            let from = INSET + at(length - 1.0, level_dbfs).round();
            paint.fill(from, from + 1.0, key.top + 1.0, TICK - 1.0, &color);
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
                paint.text(layout, from, key.top + TICK, &color);
            }
        }
    }

    fn track_length(&self, width: i32) -> f32 {
        (width as f32 - self.widest.pixel_size().0 as f32 - GAP).max(0.0)
    }

    /// Returns the heights in pixels of the level's lane and of the reduction's lane.
    fn lane_heights(&self) -> (f32, f32) {
        let line = self.widest.pixel_size().1 as f32;
        ((line * 0.65).round().max(10.0), (line * 0.2).round().max(3.0))
    }

    /// Returns the height in pixels of lanes and number.
    fn bar_height(&self) -> f32 {
        let (level_tall, taken_tall) = self.lane_heights();
        (level_tall + LANE_GAP + taken_tall).max(self.widest.pixel_size().1 as f32)
    }

    fn scale_height(&self, with_scale: bool) -> f32 {
        if with_scale { TICK + self.marks[0].1.pixel_size().1 as f32 } else { 0.0 }
    }
}
