//! The gauge of one application: how loud it comes in, how loud it goes out, and its latest peak.

use gtk::{glib, prelude::*, subclass::prelude::ObjectSubclassIsExt};

glib::wrapper! {
    /// A bar of what goes out, with what was taken away as a thinner part and what was added as a fainter one.
    ///
    /// The scale is -60 to 0 dBFS. The tick is the held peak of what comes in.
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
        self.imp().spoken.name(self, name);
    }

    /// Takes a reading of what comes in: sample peak and RMS level, both in dBFS.
    pub fn set_levels(&self, peak_dbfs: f64, rms_dbfs: f64) {
        self.imp().aim_levels(peak_dbfs, rms_dbfs);
    }

    /// Takes the gain in dB between what comes in and what goes out, `None` where it is not known.
    pub fn set_gain_db(&self, gain_db: Option<f64>) {
        self.imp().aim_gain(gain_db.map(|gain_db| if gain_db.is_finite() { gain_db } else { 0.0 }));
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
        imp.aim_gain(Some(0.0));
        imp.settle();
        self.queue_draw();
    }
}

mod imp {
    use std::cell::{Cell, OnceCell};

    use gtk::{glib, prelude::*, subclass::prelude::*};

    use crate::{
        ballistics::{LEVEL_FALL_DB_PER_S, Needle, PEAK_HOLD_S, PeakHold},
        widgets::{
            gauge_face::{self, Face, Seen},
            palette::{self, LazyPalette},
            scale::{self, FLOOR_DBFS},
            spoken::{Spoken, VOICE_S},
            text,
            ticker::{Pace, Ticker, update},
        },
    };

    #[derive(Debug)]
    pub struct Gauge {
        level: Cell<Needle>,
        held: Cell<PeakHold>,
        /// The gain with its sign turned round: a needle rises at once when more is taken away and falls slowly.
        cut: Cell<Needle>,
        gain_db: Cell<Option<f64>>,
        palette: LazyPalette,
        drawn: Cell<Seen>,
        said: Cell<(i32, Option<i32>)>,
        voice_pace: Pace,
        ticker: Ticker,
        face: OnceCell<Face>,
        pub(super) scale_visible: Cell<bool>,
        pub(super) spoken: Spoken,
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
                level: Cell::new(Needle::new(FLOOR_DBFS, 0.05, LEVEL_FALL_DB_PER_S)),
                held: Cell::new(PeakHold::new(FLOOR_DBFS, PEAK_HOLD_S, LEVEL_FALL_DB_PER_S)),
                cut: Cell::new(resting()),
                gain_db: Cell::new(Some(0.0)),
                palette: LazyPalette::default(),
                drawn: Cell::default(),
                said: Cell::new((i32::MIN, None)),
                voice_pace: Pace::every(VOICE_S),
                ticker: Ticker::default(),
                face: OnceCell::new(),
                scale_visible: Cell::new(true),
                spoken: Spoken::default(),
            }
        }
    }

    impl ObjectImpl for Gauge {
        fn constructed(&self) {
            self.parent_constructed();
            let widget = self.obj();
            self.spoken.attach(&*widget, -FLOOR_DBFS);
            widget.set_has_tooltip(true);
            palette::follow_theme(&*widget, |gauge| gauge.imp().palette.forget());
        }

        fn dispose(&self) {
            self.ticker.stop();
            self.spoken.detach();
        }
    }

    impl WidgetImpl for Gauge {
        fn measure(&self, orientation: gtk::Orientation, _for_size: i32) -> (i32, i32, i32, i32) {
            let face = self.face();
            if orientation == gtk::Orientation::Horizontal {
                let (least, natural) = face.widths();
                return (least, natural, -1, -1);
            }
            let tall = face.height(self.scale_visible.get());
            (tall, tall, -1, -1)
        }

        fn map(&self) {
            self.parent_map();
            self.said.set((i32::MIN, None));
            self.wake();
        }

        fn unmap(&self) {
            self.ticker.stop();
            self.settle();
            self.parent_unmap();
        }

        fn system_setting_changed(&self, setting: &gtk::SystemSetting) {
            self.parent_system_setting_changed(setting);
            self.face().forget();
            self.palette.forget();
            self.obj().queue_resize();
        }

        fn query_tooltip(&self, _x: i32, _y: i32, _keyboard: bool, tooltip: &gtk::Tooltip) -> bool {
            tooltip.set_text(Some(&text::gauge_tooltip(
                self.held.get().held_db(),
                self.level.get().shown_db(),
                self.gain_db.get(),
            )));
            true
        }

        fn snapshot(&self, snapshot: &gtk::Snapshot) {
            let seen = self.seen();
            self.drawn.set(seen);
            let widget = self.obj();
            let palette = self.palette.of(&*widget);
            self.face().draw(snapshot, &*widget, palette, seen, self.scale_visible.get());
        }
    }

    impl Gauge {
        pub(super) fn aim_levels(&self, peak_dbfs: f64, rms_dbfs: f64) {
            update(&self.level, |needle| needle.aim(rms_dbfs));
            update(&self.held, |held| held.observe(peak_dbfs));
            self.wake();
        }

        pub(super) fn aim_gain(&self, gain_db: Option<f64>) {
            self.gain_db.set(gain_db);
            update(&self.cut, |needle| needle.aim(-gain_db.unwrap_or(0.0)));
            self.wake();
        }

        /// Shows the last reading without a movement.
        pub(super) fn settle(&self) {
            for needle in self.needles() {
                update(needle, Needle::settle);
            }
            update(&self.held, |held| held.drop_to(self.level.get().shown_db()));
        }

        fn wake(&self) {
            let widget = self.obj();
            if !widget.is_mapped() {
                self.settle();
            } else if self.unfinished() {
                self.ticker.start(&*widget, |gauge, elapsed_s| gauge.imp().step(elapsed_s));
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
            update(&self.held, |held| held.advance(elapsed_s, self.level.get().shown_db()));
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
                || !self.held.get().at_rest(self.level.get().shown_db())
                || self.said.get() != self.to_say()
        }

        fn needles(&self) -> [&Cell<Needle>; 2] {
            [&self.level, &self.cut]
        }

        /// Returns what assistive technology should know: the held peak in whole decibels, the gain in tenths.
        fn to_say(&self) -> (i32, Option<i32>) {
            (self.held.get().held_db().round() as i32, self.gain_db.get().map(text::tenths))
        }

        fn say(&self) {
            let (peak_dbfs, gain_tenths) = self.to_say();
            let sentence = text::gauge(peak_dbfs, gain_tenths);
            self.spoken.say(&*self.obj(), f64::from(peak_dbfs) - FLOOR_DBFS, &sentence);
            self.said.set((peak_dbfs, gain_tenths));
        }

        fn seen(&self) -> Seen {
            let widget = self.obj();
            let length =
                f64::from(gauge_face::length(widget.width())) * f64::from(widget.scale_factor());
            let end = |level_dbfs: f64| (length * scale::level_share(level_dbfs)).round() as i32;
            let level_dbfs = self.level.get().shown_db();
            let is_silent = level_dbfs <= FLOOR_DBFS;
            let output_dbfs = level_dbfs - self.cut.get().shown_db();
            Seen {
                input: end(level_dbfs),
                output: if is_silent { 0 } else { end(output_dbfs) },
                held: end(self.held.get().held_db()),
            }
        }

        fn face(&self) -> &Face {
            self.face.get_or_init(|| Face::new(&*self.obj()))
        }
    }

    /// The greatest gain that is shown, in dB.
    const GREATEST_DB: f64 = 24.0;

    fn resting() -> Needle {
        let mut cut = Needle::new(-GREATEST_DB, 0.02, LEVEL_FALL_DB_PER_S);
        cut.aim(0.0);
        cut.settle();
        cut
    }
}
