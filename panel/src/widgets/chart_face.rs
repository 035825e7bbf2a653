//! What the loudness chart looks like: its legend, its axes and its lines.
#![forbid(unsafe_code)]

use gtk::{cairo, gdk::prelude::GdkCairoContextExt, graphene, pango, prelude::*};

use super::{
    history::{History, Reading, SPAN_US},
    paint::{self, GAP, Paint, SMALL},
    palette::Palette,
    text::{self, Line},
};

/// The quietest loudness on the chart, in LUFS; the loudest is 0.
const FLOOR_LUFS: f64 = -50.0;

/// Distance of the grid's lines, in LU and in seconds.
const GRID_LU: f64 = 10.0;
const GRID_S: f64 = 60.0;

const LINES: [Line; 3] = [Line::Input, Line::Output, Line::Target];

/// What the chart shows at one moment.
#[derive(Debug)]
pub(super) struct Shown<'a> {
    pub(super) history: &'a History,
    pub(super) target_lufs: Option<f64>,
    pub(super) cursor_us: Option<i64>,
}

/// The laid-out texts of a chart.
#[derive(Debug)]
pub(super) struct Face {
    legend: [pango::Layout; 3],
    widest: [pango::Layout; 3],
    levels: Vec<(f64, pango::Layout)>,
    times: Vec<(f64, pango::Layout)>,
    moment: pango::Layout,
}

/// Where the parts of the chart are, in pixels along the direction of reading.
#[derive(Debug, Clone, Copy)]
struct Plot {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
}

impl Plot {
    fn x(&self, age_us: i64) -> f64 {
        self.left + self.width * (1.0 - age_us as f64 / SPAN_US as f64)
    }

    fn y(&self, loudness_lufs: f64) -> f64 {
        self.top + self.height * loudness_lufs.clamp(FLOOR_LUFS, 0.0) / FLOOR_LUFS
    }
}

impl Face {
    /// Lays out the texts in the widget's font.
    pub(super) fn new(widget: &impl IsA<gtk::Widget>) -> Self {
        let normal = |text: String| paint::layout(widget, &text, 1.0);
        let small = |text: String| paint::layout(widget, &text, SMALL);
        let levels = (0..=5).map(|step| -GRID_LU * f64::from(step));
        Self {
            legend: LINES.map(|line| normal(text::legend(line, None))),
            widest: LINES.map(|line| normal(text::legend(line, Some(-68.8)))),
            levels: levels.map(|level_lufs| (level_lufs, small(text::mark(level_lufs)))).collect(),
            times: (0..=3)
                .map(|step| (GRID_S * f64::from(step), small(text::minutes_ago(step))))
                .collect(),
            moment: small(text::seconds_ago(0)),
        }
    }

    /// Returns the least and the natural width in pixels.
    pub(super) fn widths(&self) -> (i32, i32) {
        let words = self.widest.iter().map(longest_word).max().unwrap_or(0);
        let least = ((f64::from(words) + self.sample_width()).ceil() as i32).max(200);
        (least, least.max((self.em() * 30.0) as i32))
    }

    /// Returns the least and the natural height in pixels at a width.
    pub(super) fn heights(&self, width: i32, with_target: bool) -> (i32, i32) {
        let around = self.legend_height(f64::from(width), with_target) + self.time_height();
        ((around + self.em() * 6.0).ceil() as i32, (around + self.em() * 9.0).ceil() as i32)
    }

    /// Writes the values of `reading` into the legend.
    pub(super) fn write(&self, reading: Option<Reading>, shown: &Shown) {
        for (line, layout) in LINES.into_iter().zip(&self.legend) {
            let value = match line {
                Line::Input => reading.map(|reading| reading.input_lufs),
                Line::Output => reading.map(|reading| reading.output_lufs),
                Line::Target => shown.target_lufs,
            };
            layout.set_text(&text::legend(line, value));
        }
        if let Some(age_us) = shown.cursor_us {
            self.moment.set_text(&text::seconds_ago((age_us / 1_000_000) as u32));
        }
    }

    /// Returns how long ago was what stands at `x` of the widget, in microseconds.
    pub(super) fn age_us_at(
        &self,
        x: f64,
        widget: &impl IsA<gtk::Widget>,
        with_target: bool,
    ) -> Option<i64> {
        let (width, height) = (f64::from(widget.width()), f64::from(widget.height()));
        let plot = self.plot(width, height, with_target);
        let along = if widget.direction() == gtk::TextDirection::Rtl { width - x } else { x };
        let share = 1.0 - (along - plot.left) / plot.width;
        (0.0..=1.0).contains(&share).then_some((share * SPAN_US as f64) as i64)
    }

    /// Draws the chart over the whole widget.
    pub(super) fn draw(
        &self,
        snapshot: &gtk::Snapshot,
        widget: &impl IsA<gtk::Widget>,
        shown: &Shown,
    ) {
        let palette = Palette::of(widget);
        let (width, height) = (f64::from(widget.width()), f64::from(widget.height()));
        let plot = self.plot(width, height, shown.target_lufs.is_some());
        let paint = Paint::begin(snapshot, widget);
        self.draw_legend(&paint, snapshot, width, shown, &palette);
        self.draw_axes(&paint, &plot, shown, &palette);
        let cr = snapshot.append_cairo(&graphene::Rect::new(0.0, 0.0, width as f32, height as f32));
        if paint.mirrored() {
            cr.translate(width, 0.0);
            cr.scale(-1.0, 1.0);
        }
        // A context that failed draws nothing more: there is nothing to be done about it here.
        let _ = Self::draw_lines(shown, &cr, &plot, &palette);
        paint.finish();
        if widget.has_visible_focus() {
            paint::focus_ring(snapshot, widget, &palette);
        }
    }

    fn draw_legend(
        &self,
        paint: &Paint,
        snapshot: &gtk::Snapshot,
        width: f64,
        shown: &Shown,
        palette: &Palette,
    ) {
        let rtl = paint.mirrored();
        let bounds = graphene::Rect::new(
            0.0,
            0.0,
            width as f32,
            self.legend_height(width, shown.target_lufs.is_some()) as f32,
        );
        let cr = snapshot.append_cairo(&bounds);
        for (line, layout, (left, top)) in self.legend_places(width, shown.target_lufs.is_some()) {
            let middle = top + f64::from(layout.pixel_size().1) / 2.0;
            let (from, to) = (left, left + self.sample_width() - f64::from(GAP));
            let (from, to) = if rtl { (width - from, width - to) } else { (from, to) };
            style_line(&cr, line, palette);
            cr.move_to(from, middle);
            cr.line_to(to, middle);
            let _ = cr.stroke();
            paint.text(layout, (left + self.sample_width()) as f32, top as f32, &palette.text);
        }
    }

    fn draw_axes(&self, paint: &Paint, plot: &Plot, shown: &Shown, palette: &Palette) {
        let (near, far) = (plot.left as f32, (plot.left + plot.width) as f32);
        let mut free_from = f32::MIN;
        for (level_lufs, layout) in &self.levels {
            let y = plot.y(*level_lufs).round() as f32;
            paint.fill(near, far, y, 1.0, &palette.grid());
            let (own_width, own_height) = layout.pixel_size();
            let top = y - own_height as f32 / 2.0;
            if top >= free_from {
                free_from = top + own_height as f32;
                paint.text(layout, near - own_width as f32 - 4.0, top, &palette.dim());
            }
        }
        let bottom = (plot.top + plot.height) as f32;
        if shown.cursor_us.is_some() {
            let half = self.moment.pixel_size().0 as f32 / 2.0;
            let at = shown.cursor_us.map_or(far, |age_us| plot.x(age_us) as f32);
            let from = (at - half).clamp(near, (far - 2.0 * half).max(near));
            paint.text(&self.moment, from, bottom + 2.0, &palette.text);
        }
        let mut free_to = f32::MAX;
        for (age_s, layout) in &self.times {
            let x = plot.x((age_s * 1e6) as i64) as f32;
            paint.fill(
                x.round(),
                x.round() + 1.0,
                plot.top as f32,
                plot.height as f32,
                &palette.grid(),
            );
            let own_width = layout.pixel_size().0 as f32;
            let from = (x - own_width / 2.0).clamp(near, (far - own_width).max(near));
            if shown.cursor_us.is_none() && from + own_width + 4.0 < free_to {
                free_to = from;
                paint.text(layout, from, bottom + 2.0, &palette.dim());
            }
        }
    }

    fn draw_lines(
        shown: &Shown,
        cr: &cairo::Context,
        plot: &Plot,
        palette: &Palette,
    ) -> Result<(), cairo::Error> {
        cr.rectangle(plot.left, plot.top - 2.0, plot.width, plot.height + 4.0);
        cr.clip();
        if let Some(target_lufs) = shown.target_lufs {
            style_line(cr, Line::Target, palette);
            cr.move_to(plot.left, plot.y(target_lufs));
            cr.line_to(plot.left + plot.width, plot.y(target_lufs));
            cr.stroke()?;
        }
        for line in [Line::Input, Line::Output] {
            let of_line = |reading: &Reading| match line {
                Line::Input => reading.input_lufs,
                _ => reading.output_lufs,
            };
            for run in shown.history.runs(of_line) {
                for (age_us, loudness_lufs) in run {
                    cr.line_to(plot.x(age_us), plot.y(loudness_lufs));
                }
                cr.new_sub_path();
            }
            style_line(cr, line, palette);
            cr.stroke()?;
        }
        if let Some(age_us) = shown.cursor_us {
            cr.set_dash(&[], 0.0);
            cr.set_line_width(1.0);
            cr.set_source_color(&palette.text);
            cr.move_to(plot.x(age_us).floor() + 0.5, plot.top);
            cr.line_to(plot.x(age_us).floor() + 0.5, plot.top + plot.height);
            cr.stroke()?;
        }
        Ok(())
    }

    fn plot(&self, width: f64, height: f64, with_target: bool) -> Plot {
        let numbers = self.levels.iter().map(|level| level.1.pixel_size().0).max().unwrap_or(0);
        let left = f64::from(numbers) + 6.0;
        // The topmost number is centred on its line.
        let top = self.legend_height(width, with_target) + self.time_height() / 2.0;
        Plot {
            left,
            top,
            width: (width - left).max(1.0),
            height: (height - top - self.time_height()).max(1.0),
        }
    }

    /// Returns the entries of the legend with their places; one that does not fit moves to the next line, and wraps.
    fn legend_places(
        &self,
        width: f64,
        with_target: bool,
    ) -> Vec<(Line, &pango::Layout, (f64, f64))> {
        let (mut left, mut top, mut tall) = (0.0, 0.0, 0.0_f64);
        let mut places = Vec::with_capacity(LINES.len());
        for ((line, layout), widest) in LINES.into_iter().zip(&self.legend).zip(&self.widest) {
            if line == Line::Target && !with_target {
                continue;
            }
            // Room for the widest number: an entry must not push the next one about.
            let room = ((width - self.sample_width()).max(1.0) * f64::from(pango::SCALE)) as i32;
            for layout in [widest, layout] {
                layout.set_width(-1);
                if layout.size().0 > room {
                    layout.set_width(room);
                }
            }
            let entry =
                self.sample_width() + f64::from(widest.pixel_size().0.max(layout.pixel_size().0));
            if left > 0.0 && left + entry > width {
                (left, top) = (0.0, top + tall);
                tall = 0.0;
            }
            places.push((line, layout, (left, top)));
            tall = tall.max(f64::from(widest.pixel_size().1));
            left += entry + self.em();
        }
        places
    }

    fn legend_height(&self, width: f64, with_target: bool) -> f64 {
        let places = self.legend_places(width, with_target);
        places
            .iter()
            .map(|(_, layout, at)| at.1 + f64::from(layout.pixel_size().1))
            .fold(0.0, f64::max)
    }

    fn time_height(&self) -> f64 {
        f64::from(self.moment.pixel_size().1) + 2.0
    }

    /// Returns the width in pixels of a piece of line in the legend, with the space after it.
    fn sample_width(&self) -> f64 {
        self.em() * 1.6 + f64::from(GAP)
    }

    fn em(&self) -> f64 {
        f64::from(self.moment.pixel_size().1) / SMALL
    }
}

/// Returns the width in pixels of the longest part that cannot be broken.
fn longest_word(layout: &pango::Layout) -> i32 {
    layout.set_width(0);
    let width = layout.pixel_size().0;
    layout.set_width(-1);
    width
}

/// Takes up a line's colour, width and dashes: no two lines differ by colour alone.
fn style_line(cr: &cairo::Context, line: Line, palette: &Palette) {
    let bold = if palette.high_contrast { 1.0 } else { 0.0 };
    let (color, width, dashes): (_, _, &[f64]) = match line {
        Line::Input => (palette.dim(), 1.5, &[6.0, 3.0]),
        Line::Output => (palette.accent, 2.5, &[]),
        Line::Target => (palette.text, 1.5, &[1.5, 3.5]),
    };
    cr.set_source_color(&color);
    cr.set_line_width(width + bold);
    cr.set_line_join(cairo::LineJoin::Round);
    cr.set_dash(dashes, 0.0);
}
