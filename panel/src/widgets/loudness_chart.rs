//! The loudness of the last minutes, before and after Headroom.

use gtk::{glib, subclass::prelude::ObjectSubclassIsExt};

use super::history::Reading;

glib::wrapper! {
    /// A chart of the loudness of input and output over the last three minutes, in LUFS.
    ///
    /// It takes the focus: the arrow keys, or the pointer, show the values of a moment in the legend.
    pub struct LoudnessChart(ObjectSubclass<imp::LoudnessChart>)
        @extends gtk::Widget,
        @implements gtk::Buildable, gtk::ConstraintTarget;
}

impl Default for LoudnessChart {
    fn default() -> Self {
        Self::new()
    }
}

impl LoudnessChart {
    /// Makes an empty chart.
    #[must_use]
    pub fn new() -> Self {
        glib::Object::new()
    }

    /// Takes a reading of now: loudness of the input and of the output in LUFS, some two times a second.
    pub fn push(&self, input_lufs: f64, output_lufs: f64) {
        self.push_at(glib::monotonic_time(), input_lufs, output_lufs);
    }

    /// Takes a reading of `at_us`, in microseconds of `CLOCK_MONOTONIC`; readings come in the order of time.
    pub fn push_at(&self, at_us: i64, input_lufs: f64, output_lufs: f64) {
        self.imp().push(Reading { at_us, input_lufs, output_lufs });
    }

    /// Sets the loudness that Headroom aims at, in LUFS, to be shown as a line.
    pub fn set_target_lufs(&self, target_lufs: Option<f64>) {
        self.imp().set_target_lufs(target_lufs);
    }

    /// Forgets every reading.
    pub fn clear(&self) {
        self.imp().clear();
    }
}

mod imp {
    use std::cell::{Cell, OnceCell, RefCell};

    use gtk::{
        cairo,
        gdk::{self, prelude::GdkCairoContextExt},
        glib, graphene, pango,
        prelude::*,
        subclass::prelude::*,
    };

    use crate::widgets::{
        a11y,
        history::{History, Reading, SPAN_US},
        paint::{self, GAP, Paint, SMALL},
        palette::{self, Palette},
        text::{self, Line},
    };

    /// The quietest loudness on the chart, in LUFS; the loudest is 0.
    const FLOOR_LUFS: f64 = -50.0;

    /// Distance of the grid's lines, in LU and in seconds.
    const GRID_LU: f64 = 10.0;
    const GRID_S: f64 = 60.0;

    /// A step of the cursor by one key, in microseconds.
    const CURSOR_STEP_US: i64 = 5_000_000;

    /// A screen reader is told of new values no more often than this, in microseconds.
    const VOICE_US: i64 = 2_000_000;

    const LINES: [Line; 3] = [Line::Input, Line::Output, Line::Target];

    #[derive(Debug)]
    struct Texts {
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

    #[derive(Debug, Default)]
    pub struct LoudnessChart {
        history: RefCell<History>,
        target_lufs: Cell<Option<f64>>,
        cursor_us: Cell<Option<i64>>,
        said_us: Cell<Option<i64>>,
        texts: OnceCell<Texts>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for LoudnessChart {
        const NAME: &'static str = "HeadroomLoudnessChart";
        type Type = super::LoudnessChart;
        type ParentType = gtk::Widget;

        fn class_init(klass: &mut Self::Class) {
            klass.set_css_name("headroom-loudness-chart");
            klass.set_accessible_role(gtk::AccessibleRole::Img);
        }
    }

    impl ObjectImpl for LoudnessChart {
        fn constructed(&self) {
            self.parent_constructed();
            let chart = self.obj();
            chart.set_focusable(true);
            a11y::set_label(&*chart, &text::chart());
            palette::follow_theme(&*chart);
            chart.connect_has_focus_notify(|chart| {
                if !chart.has_focus() {
                    chart.imp().point_at(None);
                }
                chart.queue_draw();
            });
            self.watch_keys();
            self.watch_pointer();
        }
    }

    impl WidgetImpl for LoudnessChart {
        fn request_mode(&self) -> gtk::SizeRequestMode {
            gtk::SizeRequestMode::HeightForWidth
        }

        fn measure(&self, orientation: gtk::Orientation, for_size: i32) -> (i32, i32, i32, i32) {
            let em = self.em();
            if orientation == gtk::Orientation::Horizontal {
                let words = self.texts().widest.iter().map(longest_word).max().unwrap_or(0);
                let least = (f64::from(words) + self.sample_width()).ceil() as i32;
                return (least.max(200), least.max((em * 30.0) as i32), -1, -1);
            }
            let width = if for_size < 0 { (em * 30.0) as i32 } else { for_size };
            let around = self.legend_height(f64::from(width)) + self.time_height();
            ((around + em * 6.0).ceil() as i32, (around + em * 9.0).ceil() as i32, -1, -1)
        }

        fn system_setting_changed(&self, setting: &gtk::SystemSetting) {
            self.parent_system_setting_changed(setting);
            self.obj().queue_resize();
        }

        fn snapshot(&self, snapshot: &gtk::Snapshot) {
            let chart = self.obj();
            let palette = Palette::of(&*chart);
            let (width, height) = (f64::from(chart.width()), f64::from(chart.height()));
            let plot = self.plot(width, height);
            let paint = Paint::begin(snapshot, &*chart);
            self.draw_legend(&paint, snapshot, width, &palette);
            self.draw_axes(&paint, &plot, &palette);
            let cr =
                snapshot.append_cairo(&graphene::Rect::new(0.0, 0.0, width as f32, height as f32));
            if chart.direction() == gtk::TextDirection::Rtl {
                cr.translate(width, 0.0);
                cr.scale(-1.0, 1.0);
            }
            // A context that failed draws nothing more, and cairo says so by itself: there is nothing to add.
            let _ = self.draw_lines(&cr, &plot, &palette);
            paint.finish();
            if chart.has_visible_focus() {
                paint::focus_ring(snapshot, &*chart, &palette);
            }
        }
    }

    impl LoudnessChart {
        pub(super) fn push(&self, reading: Reading) {
            self.history.borrow_mut().push(reading);
            let due = self.said_us.get().is_none_or(|said_us| reading.at_us - said_us >= VOICE_US);
            if self.cursor_us.get().is_none() && due {
                self.say();
            }
            self.refresh();
        }

        pub(super) fn set_target_lufs(&self, target_lufs: Option<f64>) {
            if self.target_lufs.replace(target_lufs) != target_lufs {
                self.refresh();
            }
        }

        pub(super) fn clear(&self) {
            self.history.borrow_mut().clear();
            self.cursor_us.set(None);
            self.said_us.set(None);
            self.refresh();
        }

        /// Writes the values into the legend and draws anew.
        fn refresh(&self) {
            let texts = self.texts();
            let chosen = self.chosen();
            for (line, layout) in LINES.into_iter().zip(&texts.legend) {
                let value = match line {
                    Line::Input => chosen.map(|reading| reading.input_lufs),
                    Line::Output => chosen.map(|reading| reading.output_lufs),
                    Line::Target => self.target_lufs.get(),
                };
                layout.set_text(&text::legend(line, value));
            }
            if let Some(age_us) = self.cursor_us.get() {
                texts.moment.set_text(&text::seconds_ago((age_us / 1_000_000) as u32));
            }
            self.obj().queue_draw();
        }

        /// Returns the reading under the cursor, else the latest.
        fn chosen(&self) -> Option<Reading> {
            let history = self.history.borrow();
            self.cursor_us.get().map_or_else(|| history.latest(), |age_us| history.near(age_us))
        }

        fn say(&self) {
            let Some(reading) = self.chosen() else { return };
            self.said_us.set(self.history.borrow().latest().map(|latest| latest.at_us));
            let mut words = vec![
                text::legend(Line::Input, Some(reading.input_lufs)),
                text::legend(Line::Output, Some(reading.output_lufs)),
            ];
            if let Some(target_lufs) = self.target_lufs.get() {
                words.push(text::legend(Line::Target, Some(target_lufs)));
            }
            if let Some(age_us) = self.cursor_us.get() {
                words.push(text::seconds_ago((age_us / 1_000_000) as u32));
            }
            a11y::set_description(&*self.obj(), &words.join(", "));
        }

        fn watch_keys(&self) {
            let keys = gtk::EventControllerKey::new();
            let weak = self.downgrade();
            keys.connect_key_pressed(move |_, key, _, _| {
                let Some(this) = weak.upgrade() else { return glib::Propagation::Proceed };
                let mirrored = this.obj().direction() == gtk::TextDirection::Rtl;
                let older = if mirrored { gdk::Key::Right } else { gdk::Key::Left };
                let newer = if mirrored { gdk::Key::Left } else { gdk::Key::Right };
                let age_us = this.cursor_us.get();
                let next_us = match key {
                    key if key == older => Some(age_us.unwrap_or(0) + CURSOR_STEP_US),
                    key if key == newer => {
                        age_us.map(|age_us| age_us - CURSOR_STEP_US).filter(|age_us| *age_us > 0)
                    }
                    gdk::Key::Home => Some(SPAN_US),
                    gdk::Key::End => None,
                    gdk::Key::Escape if age_us.is_some() => None,
                    _ => return glib::Propagation::Proceed,
                };
                this.point_at(next_us);
                this.say();
                glib::Propagation::Stop
            });
            self.obj().add_controller(keys);
        }

        fn watch_pointer(&self) {
            let pointer = gtk::EventControllerMotion::new();
            let weak = self.downgrade();
            pointer.connect_motion(move |_, x, _| {
                let Some(this) = weak.upgrade() else { return };
                let chart = this.obj();
                let (width, height) = (f64::from(chart.width()), f64::from(chart.height()));
                let plot = this.plot(width, height);
                let along =
                    if chart.direction() == gtk::TextDirection::Rtl { width - x } else { x };
                let share = 1.0 - (along - plot.left) / plot.width.max(1.0);
                this.point_at(
                    (0.0..=1.0).contains(&share).then_some((share * SPAN_US as f64) as i64),
                );
            });
            let weak = self.downgrade();
            pointer.connect_leave(move |_| {
                if let Some(this) = weak.upgrade() {
                    this.point_at(None);
                }
            });
            self.obj().add_controller(pointer);
        }

        fn point_at(&self, age_us: Option<i64>) {
            let longest_us = self.history.borrow().length_us();
            let age_us = age_us.map(|age_us| age_us.min(longest_us)).filter(|_| longest_us > 0);
            if self.cursor_us.replace(age_us) != age_us {
                self.refresh();
            }
        }

        fn draw_legend(
            &self,
            paint: &Paint,
            snapshot: &gtk::Snapshot,
            width: f64,
            palette: &Palette,
        ) {
            let chart = self.obj();
            let rtl = chart.direction() == gtk::TextDirection::Rtl;
            let bounds =
                graphene::Rect::new(0.0, 0.0, width as f32, self.legend_height(width) as f32);
            let cr = snapshot.append_cairo(&bounds);
            for (line, layout, (left, top)) in self.legend_places(width) {
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

        fn draw_axes(&self, paint: &Paint, plot: &Plot, palette: &Palette) {
            let texts = self.texts();
            let (near, far) = (plot.left as f32, (plot.left + plot.width) as f32);
            let mut free_from = f32::MIN;
            for (level_lufs, layout) in &texts.levels {
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
            if self.cursor_us.get().is_some() {
                let half = texts.moment.pixel_size().0 as f32 / 2.0;
                let at = self.cursor_us.get().map_or(far, |age_us| plot.x(age_us) as f32);
                let from = (at - half).clamp(near, (far - 2.0 * half).max(near));
                paint.text(&texts.moment, from, bottom + 2.0, &palette.text);
            }
            let mut free_to = f32::MAX;
            for (age_s, layout) in &texts.times {
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
                if self.cursor_us.get().is_none() && from + own_width + 4.0 < free_to {
                    free_to = from;
                    paint.text(layout, from, bottom + 2.0, &palette.dim());
                }
            }
        }

        fn draw_lines(
            &self,
            cr: &cairo::Context,
            plot: &Plot,
            palette: &Palette,
        ) -> Result<(), cairo::Error> {
            let history = self.history.borrow();
            cr.rectangle(plot.left, plot.top - 2.0, plot.width, plot.height + 4.0);
            cr.clip();
            if let Some(target_lufs) = self.target_lufs.get() {
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
                for run in history.runs(of_line) {
                    for (age_us, loudness_lufs) in run {
                        cr.line_to(plot.x(age_us), plot.y(loudness_lufs));
                    }
                    cr.new_sub_path();
                }
                style_line(cr, line, palette);
                cr.stroke()?;
            }
            if let Some(age_us) = self.cursor_us.get() {
                cr.set_dash(&[], 0.0);
                cr.set_line_width(1.0);
                cr.set_source_color(&palette.text);
                cr.move_to(plot.x(age_us).floor() + 0.5, plot.top);
                cr.line_to(plot.x(age_us).floor() + 0.5, plot.top + plot.height);
                cr.stroke()?;
            }
            Ok(())
        }

        fn plot(&self, width: f64, height: f64) -> Plot {
            let texts = self.texts();
            let numbers =
                texts.levels.iter().map(|level| level.1.pixel_size().0).max().unwrap_or(0);
            let left = f64::from(numbers) + 6.0;
            // The topmost number is centred on its line.
            let top = self.legend_height(width) + self.time_height() / 2.0;
            Plot {
                left,
                top,
                width: (width - left).max(1.0),
                height: (height - top - self.time_height()).max(1.0),
            }
        }

        /// Returns the entries of the legend with their places; one that does not fit moves to the next line, and wraps.
        fn legend_places(&self, width: f64) -> Vec<(Line, &pango::Layout, (f64, f64))> {
            let texts = self.texts();
            let (mut left, mut top, mut tall) = (0.0, 0.0, 0.0_f64);
            let mut places = Vec::with_capacity(LINES.len());
            for ((line, layout), widest) in LINES.into_iter().zip(&texts.legend).zip(&texts.widest)
            {
                if line == Line::Target && self.target_lufs.get().is_none() {
                    continue;
                }
                // Room for the widest number: an entry must not push the next one about.
                let room =
                    ((width - self.sample_width()).max(1.0) * f64::from(pango::SCALE)) as i32;
                for layout in [widest, layout] {
                    layout.set_width(-1);
                    if layout.size().0 > room {
                        layout.set_width(room);
                    }
                }
                let entry = self.sample_width()
                    + f64::from(widest.pixel_size().0.max(layout.pixel_size().0));
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

        fn legend_height(&self, width: f64) -> f64 {
            let places = self.legend_places(width);
            places
                .iter()
                .map(|(_, layout, at)| at.1 + f64::from(layout.pixel_size().1))
                .fold(0.0, f64::max)
        }

        fn time_height(&self) -> f64 {
            f64::from(self.texts().moment.pixel_size().1) + 2.0
        }

        /// Returns the width in pixels of a piece of line in the legend, with the space after it.
        fn sample_width(&self) -> f64 {
            self.em() * 1.6 + f64::from(GAP)
        }

        fn em(&self) -> f64 {
            f64::from(self.texts().moment.pixel_size().1) / SMALL
        }

        fn texts(&self) -> &Texts {
            self.texts.get_or_init(|| {
                let chart = self.obj();
                let small = |text: String| paint::layout(&*chart, &text, SMALL);
                Texts {
                    legend: LINES
                        .map(|line| paint::layout(&*chart, &text::legend(line, None), 1.0)),
                    widest: LINES
                        .map(|line| paint::layout(&*chart, &text::legend(line, Some(-68.8)), 1.0)),
                    levels: (0..=5)
                        .map(|step| -GRID_LU * f64::from(step))
                        .map(|at| (at, small(text::mark(at))))
                        .collect(),
                    times: (0..=3)
                        .map(|step| (GRID_S * f64::from(step), small(text::minutes_ago(step))))
                        .collect(),
                    moment: small(text::seconds_ago(0)),
                }
            })
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
}
