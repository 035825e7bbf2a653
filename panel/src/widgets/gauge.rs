//! The gauge of one stream: how loud it is, its latest peak, and what Headroom takes away from it.

use gtk::{glib, prelude::*, subclass::prelude::ObjectSubclassIsExt};

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
        self.imp().spoken.name(self, name);
    }

    /// Takes a reading: sample peak and RMS level, both in dBFS.
    pub fn set_levels(&self, peak_dbfs: f64, rms_dbfs: f64) {
        self.imp().aim_levels(peak_dbfs, rms_dbfs);
    }

    /// Takes the gain in dB that Headroom applies to the stream, `None` where it is not known; what is below 0 is drawn
    /// as reduction.
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
            gauge_face::{Face, Seen},
            palette,
            scale::{self, FLOOR_DBFS},
            spoken::{Spoken, VOICE_S},
            text,
            ticker::{Pace, Ticker, update},
        },
    };

    #[derive(Debug)]
    pub struct Gauge {
        peak: Cell<Needle>,
        rms: Cell<Needle>,
        held: Cell<PeakHold>,
        reduction: Cell<Needle>,
        gain_db: Cell<Option<f64>>,
        gain_tenths: Cell<Option<i32>>,
        drawn: Cell<Seen>,
        said: Cell<(i32, Option<i32>)>,
        number_pace: Pace,
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
                peak: Cell::new(Needle::new(FLOOR_DBFS, 0.02, LEVEL_FALL_DB_PER_S)),
                rms: Cell::new(Needle::new(FLOOR_DBFS, 0.05, LEVEL_FALL_DB_PER_S)),
                held: Cell::new(PeakHold::new(FLOOR_DBFS, PEAK_HOLD_S, 2.0 * LEVEL_FALL_DB_PER_S)),
                reduction: Cell::new(Needle::new(0.0, 0.02, LEVEL_FALL_DB_PER_S)),
                gain_db: Cell::new(Some(0.0)),
                gain_tenths: Cell::new(Some(0)),
                drawn: Cell::default(),
                said: Cell::new((i32::MIN, None)),
                number_pace: Pace::every(0.2),
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
            palette::follow_theme(&*widget);
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
            self.face().draw(snapshot, &*self.obj(), seen, self.scale_visible.get());
        }
    }

    impl Gauge {
        pub(super) fn aim_levels(&self, peak_dbfs: f64, rms_dbfs: f64) {
            update(&self.peak, |needle| needle.aim(peak_dbfs));
            update(&self.rms, |needle| needle.aim(rms_dbfs));
            update(&self.held, |held| held.observe(peak_dbfs));
            self.wake();
        }

        pub(super) fn aim_gain(&self, gain_db: Option<f64>) {
            self.gain_db.set(gain_db);
            update(&self.reduction, |needle| needle.aim(-gain_db.unwrap_or(0.0)));
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
        fn to_say(&self) -> (i32, Option<i32>) {
            (self.held.get().held_db().round() as i32, self.gain_tenths.get())
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
                f64::from(self.face().length(widget.width())) * f64::from(widget.scale_factor());
            let end = |share: f64| (length * share).round() as i32;
            Seen {
                rms: end(scale::level_share(self.rms.get().shown_db())),
                peak: end(scale::level_share(self.peak.get().shown_db())),
                held: end(scale::level_share(self.held.get().held_db())),
                taken: end(scale::reduction_share(-self.reduction.get().shown_db())),
                gain_tenths: self.gain_tenths.get(),
            }
        }

        fn face(&self) -> &Face {
            self.face.get_or_init(|| Face::new(&*self.obj()))
        }
    }

    fn tenths(value_db: Option<f64>) -> Option<i32> {
        value_db.map(text::tenths)
    }
}
