//! The gauge of one stream: how loud it is, its latest peak, and what Headroom takes away from it.

use gtk::{glib, prelude::*, subclass::prelude::ObjectSubclassIsExt};

use super::a11y;

glib::wrapper! {
    /// A level gauge with a held peak and a gain reduction, which is drawn from the other end and written as a number.
    ///
    /// Level and reduction share one scale, -60 to 0 dBFS, so that 6 dB of reduction ends where -6 dBFS stands. The
    /// strong part of the bar is the RMS level, the faint part reaches to the peak, and the tick is the held peak.
    pub struct Gauge(ObjectSubclass<imp::Gauge>)
        @extends gtk::Widget,
        @implements gtk::Buildable, gtk::ConstraintTarget;
}

impl Default for Gauge {
    fn default() -> Self {
        Self::new()
    }
}

impl Gauge {
    /// Makes a gauge that shows silence.
    #[must_use]
    pub fn new() -> Self {
        glib::Object::new()
    }

    /// Sets the name by which a screen reader calls the gauge: that of the application or stream.
    pub fn set_name(&self, name: &str) {
        a11y::set_label(self, name);
        if let Some(bar) = self.imp().bar.borrow().as_ref() {
            a11y::set_label(bar, name);
        }
    }

    /// Takes a reading: sample peak and RMS level, both in dBFS.
    pub fn set_levels(&self, peak_dbfs: f64, rms_dbfs: f64) {
        self.imp().aim_levels(peak_dbfs, rms_dbfs);
    }

    /// Takes the gain in dB that Headroom applies to the stream; what is below 0 is drawn as reduction.
    pub fn set_gain_db(&self, gain_db: f64) {
        self.imp().aim_gain(if gain_db.is_finite() { gain_db } else { 0.0 });
    }

    /// Shows or hides the numerals beneath the bar; they are shown at first.
    pub fn set_scale_visible(&self, visible: bool) {
        if self.imp().scale_visible.replace(visible) != visible {
            self.queue_resize();
        }
    }

    /// Returns to silence and no reduction at once, as when the readings end.
    pub fn reset(&self) {
        let imp = self.imp();
        imp.aim_levels(f64::NEG_INFINITY, f64::NEG_INFINITY);
        imp.aim_gain(0.0);
        imp.settle();
        self.queue_draw();
    }
}

mod imp {
    use std::cell::{Cell, OnceCell, RefCell};

    use gtk::{glib, pango, prelude::*, subclass::prelude::*};

    use crate::{
        ballistics::{LEVEL_FALL_DB_PER_S, Needle, PEAK_HOLD_S, PeakHold},
        widgets::{
            a11y,
            paint::{self, GAP, Paint, SMALL},
            palette::{self, Palette},
            scale::{self, FLOOR_DBFS},
            text,
            ticker::{Pace, Ticker, update},
        },
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

    /// What can be seen of a gauge: ends of its parts in device pixels, and its number in tenths.
    #[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
    struct Seen {
        rms: i32,
        peak: i32,
        held: i32,
        taken: i32,
        gain_tenths: i32,
    }

    #[derive(Debug)]
    struct Texts {
        number: pango::Layout,
        written: Cell<Option<i32>>,
        widest: pango::Layout,
        marks: Vec<(f64, pango::Layout)>,
    }

    #[derive(Debug)]
    pub struct Gauge {
        peak: Cell<Needle>,
        rms: Cell<Needle>,
        held: Cell<PeakHold>,
        reduction: Cell<Needle>,
        gain_db: Cell<f64>,
        gain_tenths: Cell<i32>,
        drawn: Cell<Seen>,
        said: Cell<(i32, i32)>,
        number_pace: Pace,
        voice_pace: Pace,
        ticker: Ticker,
        texts: OnceCell<Texts>,
        pub(super) scale_visible: Cell<bool>,
        pub(super) bar: RefCell<Option<gtk::LevelBar>>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for Gauge {
        const NAME: &'static str = "HeadroomGauge";
        type Type = super::Gauge;
        type ParentType = gtk::Widget;

        fn class_init(klass: &mut Self::Class) {
            klass.set_css_name("headroom-gauge");
            klass.set_accessible_role(gtk::AccessibleRole::Group);
        }

        fn new() -> Self {
            Self {
                peak: Cell::new(Needle::new(FLOOR_DBFS, 0.02, LEVEL_FALL_DB_PER_S)),
                rms: Cell::new(Needle::new(FLOOR_DBFS, 0.05, LEVEL_FALL_DB_PER_S)),
                held: Cell::new(PeakHold::new(FLOOR_DBFS, PEAK_HOLD_S, 2.0 * LEVEL_FALL_DB_PER_S)),
                reduction: Cell::new(Needle::new(0.0, 0.02, LEVEL_FALL_DB_PER_S)),
                gain_db: Cell::new(0.0),
                gain_tenths: Cell::new(0),
                drawn: Cell::default(),
                said: Cell::new((i32::MIN, 0)),
                number_pace: Pace::every(0.2),
                voice_pace: Pace::every(0.5),
                ticker: Ticker::default(),
                texts: OnceCell::new(),
                scale_visible: Cell::new(true),
                bar: RefCell::default(),
            }
        }
    }

    impl ObjectImpl for Gauge {
        fn constructed(&self) {
            self.parent_constructed();
            let widget = self.obj();
            // GTK 4.8 gives a value to assistive technology only through a level bar: this one is never drawn.
            let bar = gtk::LevelBar::for_interval(0.0, -FLOOR_DBFS);
            bar.set_parent(&*widget);
            bar.set_child_visible(false);
            self.bar.replace(Some(bar));
            widget.set_has_tooltip(true);
            palette::follow_theme(&*widget);
        }

        fn dispose(&self) {
            self.ticker.stop();
            if let Some(bar) = self.bar.take() {
                bar.unparent();
            }
        }
    }

    impl WidgetImpl for Gauge {
        fn measure(&self, orientation: gtk::Orientation, _for_size: i32) -> (i32, i32, i32, i32) {
            let texts = self.texts();
            let (number_width, line) = texts.widest.pixel_size();
            if orientation == gtk::Orientation::Horizontal {
                let number = number_width + GAP as i32;
                return (number + 72, number + 14 * line, -1, -1);
            }
            let tall = self.lanes().total().max(line as f32) + self.scale_height();
            (tall.ceil() as i32, tall.ceil() as i32, -1, -1)
        }

        fn map(&self) {
            self.parent_map();
            self.said.set((i32::MIN, 0));
            self.wake();
        }

        fn unmap(&self) {
            self.ticker.stop();
            self.settle();
            self.parent_unmap();
        }

        fn system_setting_changed(&self, setting: &gtk::SystemSetting) {
            self.parent_system_setting_changed(setting);
            self.obj().queue_resize();
        }

        fn query_tooltip(&self, _x: i32, _y: i32, _keyboard: bool, tooltip: &gtk::Tooltip) -> bool {
            tooltip.set_text(Some(&text::gauge_tooltip(
                self.held.get().held_db(),
                self.rms.get().shown_db(),
                self.gain_db.get(),
            )));
            true
        }

        fn snapshot(&self, snapshot: &gtk::Snapshot) {
            let seen = self.seen();
            self.drawn.set(seen);
            let widget = self.obj();
            let palette = Palette::of(&*widget);
            let texts = self.texts();
            let lanes = self.lanes();
            let length = self.length();
            let (_, line) = texts.widest.pixel_size();
            let block = lanes.total().max(line as f32);
            let top = ((widget.height() as f32 - block - self.scale_height()) / 2.0).max(0.0);
            let lanes_top = (top + (block - lanes.total()) / 2.0).round();
            let pixel = 1.0 / widget.scale_factor() as f32;
            let (rms, peak, held) =
                (seen.rms as f32 * pixel, seen.peak as f32 * pixel, seen.held as f32 * pixel);
            let at = |level_dbfs: f64| (f64::from(length) * scale::level_share(level_dbfs)) as f32;

            let paint = Paint::begin(snapshot, &*widget);
            let colors = (&palette.track(), &palette.outline());
            paint.lane((0.0, length), (lanes_top, lanes.level), colors, |paint| {
                let zones = [
                    (0.0, at(HIGH_DBFS), palette.accent),
                    (at(HIGH_DBFS), at(FULL_DBFS), palette.warning),
                    (at(FULL_DBFS), length, palette.error),
                ];
                for (from, to, color) in zones {
                    paint.fill(from, to.min(rms), lanes_top, lanes.level, &color);
                    paint.fill(
                        from.max(rms),
                        to.min(peak),
                        lanes_top,
                        lanes.level,
                        &color.with_alpha(0.5),
                    );
                }
                if seen.held > 0 {
                    paint.fill((held - 2.0).max(0.0), held, lanes_top, lanes.level, &palette.text);
                }
            });
            let taken_top = lanes_top + lanes.level + lanes.gap;
            paint.lane((0.0, length), (taken_top, lanes.taken), colors, |paint| {
                let from = length - seen.taken as f32 * pixel;
                paint.fill(from, length, taken_top, lanes.taken, &palette.text.with_alpha(0.8));
            });
            if self.scale_visible.get() {
                self.draw_scale(&paint, taken_top + lanes.taken, &palette);
            }
            if texts.written.replace(Some(seen.gain_tenths)) != Some(seen.gain_tenths) {
                texts.number.set_text(&text::gain(seen.gain_tenths));
            }
            let color = if seen.gain_tenths == 0 { palette.dim() } else { palette.text };
            let from = widget.width() - texts.number.pixel_size().0;
            paint.text(&texts.number, from as f32, top + (block - line as f32) / 2.0, &color);
            paint.finish();
        }
    }

    /// Heights in pixels of the level's lane, of the space below it and of the reduction's lane.
    struct Lanes {
        level: f32,
        gap: f32,
        taken: f32,
    }

    impl Lanes {
        fn total(&self) -> f32 {
            self.level + self.gap + self.taken
        }
    }

    impl Gauge {
        pub(super) fn aim_levels(&self, peak_dbfs: f64, rms_dbfs: f64) {
            update(&self.peak, |needle| needle.aim(peak_dbfs));
            update(&self.rms, |needle| needle.aim(rms_dbfs));
            update(&self.held, |held| held.observe(peak_dbfs));
            self.wake();
        }

        pub(super) fn aim_gain(&self, gain_db: f64) {
            self.gain_db.set(gain_db);
            update(&self.reduction, |needle| needle.aim(-gain_db));
            self.wake();
        }

        /// Shows the last reading without a movement.
        pub(super) fn settle(&self) {
            for needle in self.needles() {
                update(needle, Needle::settle);
            }
            update(&self.held, |held| held.drop_to(self.peak.get().shown_db()));
            self.gain_tenths.set(tenths(self.gain_db.get()));
        }

        fn wake(&self) {
            let widget = self.obj();
            if !widget.is_mapped() {
                self.settle();
            } else if self.unfinished() {
                self.ticker.start(
                    &*widget,
                    |gauge| &gauge.imp().ticker,
                    |gauge, elapsed_s| gauge.imp().step(elapsed_s),
                );
            }
        }

        /// Moves everything by the time of one frame and tells whether a next frame is needed.
        fn step(&self, elapsed_s: f64) -> bool {
            let widget = self.obj();
            let animated = widget.settings().is_gtk_enable_animations();
            for needle in self.needles() {
                if animated {
                    update(needle, |needle| needle.advance(elapsed_s));
                } else {
                    update(needle, Needle::settle);
                }
            }
            update(&self.held, |held| held.advance(elapsed_s, self.peak.get().shown_db()));
            if self
                .number_pace
                .due(elapsed_s, || self.gain_tenths.get() != tenths(self.gain_db.get()))
            {
                self.gain_tenths.set(tenths(self.gain_db.get()));
            }
            if self.voice_pace.due(elapsed_s, || self.said.get() != self.to_say()) {
                self.say();
            }
            if self.seen() != self.drawn.get() {
                widget.queue_draw();
            }
            self.unfinished()
        }

        fn unfinished(&self) -> bool {
            self.needles().iter().any(|needle| !needle.get().at_rest())
                || !self.held.get().at_rest(self.peak.get().shown_db())
                || self.gain_tenths.get() != tenths(self.gain_db.get())
                || self.said.get() != self.to_say()
        }

        fn needles(&self) -> [&Cell<Needle>; 3] {
            [&self.peak, &self.rms, &self.reduction]
        }

        /// Returns what assistive technology should know: the held peak in whole decibels, the gain in tenths.
        fn to_say(&self) -> (i32, i32) {
            (self.held.get().held_db().round() as i32, self.gain_tenths.get())
        }

        fn say(&self) {
            let (peak_dbfs, gain_tenths) = self.to_say();
            a11y::set_description(&*self.obj(), &text::gauge(peak_dbfs, gain_tenths));
            if let Some(bar) = self.bar.borrow().as_ref() {
                bar.set_value(f64::from(peak_dbfs) - FLOOR_DBFS);
            }
            self.said.set((peak_dbfs, gain_tenths));
        }

        fn seen(&self) -> Seen {
            let length = f64::from(self.length()) * f64::from(self.obj().scale_factor());
            let end = |share: f64| (length * share).round() as i32;
            Seen {
                rms: end(scale::level_share(self.rms.get().shown_db())),
                peak: end(scale::level_share(self.peak.get().shown_db())),
                held: end(scale::level_share(self.held.get().held_db())),
                taken: end(scale::reduction_share(-self.reduction.get().shown_db())),
                gain_tenths: self.gain_tenths.get(),
            }
        }

        /// Returns the length of the bar in pixels.
        fn length(&self) -> f32 {
            (self.obj().width() as f32 - self.texts().widest.pixel_size().0 as f32 - GAP).max(0.0)
        }

        fn lanes(&self) -> Lanes {
            let line = self.texts().widest.pixel_size().1 as f32;
            Lanes {
                level: (line * 0.55).round().max(8.0),
                gap: 2.0,
                taken: (line * 0.25).round().max(4.0),
            }
        }

        fn scale_height(&self) -> f32 {
            if self.scale_visible.get() {
                TICK + self.texts().marks[0].1.pixel_size().1 as f32
            } else {
                0.0
            }
        }

        fn draw_scale(&self, paint: &Paint, top: f32, palette: &Palette) {
            let length = self.length();
            let mut taken: Vec<(f32, f32)> = Vec::with_capacity(MARKS.len());
            for (level_dbfs, _) in MARKS {
                let at = (f64::from(length - 1.0) * scale::level_share(level_dbfs)).round() as f32;
                paint.fill(at, at + 1.0, top + 1.0, TICK - 1.0, &palette.dim());
            }
            for (level_dbfs, layout) in &self.texts().marks {
                let own_width = layout.pixel_size().0 as f32;
                let at = (f64::from(length) * scale::level_share(*level_dbfs)) as f32;
                let from = (at - own_width / 2.0).clamp(0.0, (length - own_width).max(0.0));
                let to = from + own_width;
                if taken.iter().all(|other| to + 4.0 < other.0 || other.1 + 4.0 < from) {
                    taken.push((from, to));
                    paint.text(layout, from, top + TICK, &palette.dim());
                }
            }
        }

        fn texts(&self) -> &Texts {
            self.texts.get_or_init(|| {
                let widget = self.obj();
                Texts {
                    number: paint::layout(&*widget, "", 1.0),
                    written: Cell::new(None),
                    widest: paint::layout(&*widget, &text::widest_db(), 1.0),
                    marks: MARKS
                        .iter()
                        .filter(|mark| mark.1)
                        .map(|mark| (mark.0, paint::layout(&*widget, &text::mark(mark.0), SMALL)))
                        .collect(),
                }
            })
        }
    }

    /// Height of a tick in pixels.
    const TICK: f32 = 4.0;

    fn tenths(value_db: f64) -> i32 {
        (value_db * 10.0).round() as i32
    }
}
