//! The gauge of one stream: how loud it is, its latest peak, and what Headroom takes away from it.

use gtk::{glib, prelude::*, subclass::prelude::*};

use super::{a11y, palette::Palette, scale, text, ticker::Ticker};
use crate::ballistics::{LEVEL_FALL_DB_PER_S, Needle, PEAK_HOLD_S, PeakHold};

glib::wrapper! {
    /// A level gauge with a held peak and a gain reduction, which is drawn from the other end and written as a number.
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
        let imp = self.imp();
        imp.name.replace(name.to_owned());
        a11y::set_label(self, name);
        if let Some(bar) = imp.bar.borrow().as_ref() {
            a11y::set_label(bar, name);
        }
    }

    /// Takes a reading: sample peak and RMS level, both in dBFS.
    pub fn set_levels(&self, peak_dbfs: f64, rms_dbfs: f64) {
        let imp = self.imp();
        imp::Gauge::aim(&imp.peak, peak_dbfs);
        imp::Gauge::aim(&imp.rms, rms_dbfs);
        let mut hold = imp.hold.get();
        hold.observe(peak_dbfs);
        imp.hold.set(hold);
        imp.wake();
    }

    /// Takes the gain in dB that Headroom applies to the stream; what is below 0 is drawn as reduction.
    pub fn set_gain_db(&self, gain_db: f64) {
        let imp = self.imp();
        imp.gain_db.set(if gain_db.is_finite() { gain_db } else { 0.0 });
        imp::Gauge::aim(&imp.reduction, -gain_db);
        imp.wake();
    }

    /// Returns to silence and no reduction at once, as when the readings end.
    pub fn reset(&self) {
        let imp = self.imp();
        imp::Gauge::aim(&imp.peak, f64::NEG_INFINITY);
        imp::Gauge::aim(&imp.rms, f64::NEG_INFINITY);
        imp::Gauge::aim(&imp.reduction, 0.0);
        imp.gain_db.set(0.0);
        imp.settle();
        imp.wake();
    }
}

mod imp {
    use gtk::{gdk, glib, graphene, prelude::*, subclass::prelude::*};
    use std::cell::{Cell, RefCell};

    use super::{LEVEL_FALL_DB_PER_S, Needle, PEAK_HOLD_S, Palette, PeakHold, Ticker, scale, text};

    #[derive(Debug)]
    pub struct Gauge {
        pub(super) name: RefCell<String>,
        pub(super) peak: Cell<Needle>,
        pub(super) rms: Cell<Needle>,
        pub(super) hold: Cell<PeakHold>,
        pub(super) reduction: Cell<Needle>,
        pub(super) gain_db: Cell<f64>,
        pub(super) bar: RefCell<Option<gtk::LevelBar>>,
        pub(super) ticker: Ticker,
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
                name: RefCell::default(),
                peak: Cell::new(Needle::new(scale::FLOOR_DBFS, 0.02, LEVEL_FALL_DB_PER_S)),
                rms: Cell::new(Needle::new(scale::FLOOR_DBFS, 0.05, LEVEL_FALL_DB_PER_S)),
                hold: Cell::new(PeakHold::new(
                    scale::FLOOR_DBFS,
                    PEAK_HOLD_S,
                    2.0 * LEVEL_FALL_DB_PER_S,
                )),
                reduction: Cell::new(Needle::new(0.0, 0.02, LEVEL_FALL_DB_PER_S)),
                gain_db: Cell::new(0.0),
                bar: RefCell::default(),
                ticker: Ticker::default(),
            }
        }
    }

    impl ObjectImpl for Gauge {
        fn constructed(&self) {
            self.parent_constructed();
            // GTK 4.8 gives a value to assistive technology only through a level bar: this one is never drawn.
            let bar = gtk::LevelBar::for_interval(0.0, -scale::FLOOR_DBFS);
            bar.set_parent(&*self.obj());
            bar.set_child_visible(false);
            self.bar.replace(Some(bar));
        }

        fn dispose(&self) {
            if let Some(bar) = self.bar.take() {
                bar.unparent();
            }
        }
    }

    impl WidgetImpl for Gauge {
        fn measure(&self, orientation: gtk::Orientation, _for_size: i32) -> (i32, i32, i32, i32) {
            match orientation {
                gtk::Orientation::Horizontal => (140, 240, -1, -1),
                _ => (24, 24, -1, -1),
            }
        }

        fn map(&self) {
            self.parent_map();
            self.wake();
        }

        fn unmap(&self) {
            self.ticker.stop();
            self.settle();
            self.parent_unmap();
        }

        fn snapshot(&self, snapshot: &gtk::Snapshot) {
            let widget = self.obj();
            let palette = Palette::of(&*widget);
            let layout = widget.create_pango_layout(Some(&text::db(self.gain_db.get())));
            let (text_width, text_height) = layout.pixel_size();
            let (width, height) = (widget.width() as f32, widget.height() as f32);
            let length = width - text_width as f32 - 6.0;
            let share = |share: f64| length * share as f32;
            let lane = |from: f32, to: f32, top: f32, tall: f32, color: &gdk::RGBA| {
                snapshot.append_color(color, &graphene::Rect::new(from, top, to - from, tall));
            };
            lane(0.0, length, 4.0, 10.0, &palette.track());
            lane(
                0.0,
                share(scale::level_share(self.rms.get().shown_db())),
                4.0,
                10.0,
                &palette.accent,
            );
            let held = share(scale::level_share(self.hold.get().held_db()));
            lane((held - 2.0).max(0.0), held, 4.0, 10.0, &palette.text);
            let taken = share(scale::reduction_share(-self.reduction.get().shown_db()));
            lane(length - taken, length, 16.0, 4.0, &palette.warning);
            snapshot.translate(&graphene::Point::new(
                length + 6.0,
                (height - text_height as f32) / 2.0,
            ));
            snapshot.append_layout(&layout, &palette.text);
        }
    }

    impl Gauge {
        pub(super) fn aim(needle: &Cell<Needle>, target_db: f64) {
            let mut moved = needle.get();
            moved.aim(target_db);
            needle.set(moved);
        }

        pub(super) fn settle(&self) {
            for needle in [&self.peak, &self.rms, &self.reduction] {
                let mut settled = needle.get();
                settled.settle();
                needle.set(settled);
            }
            let mut hold = self.hold.get();
            hold.drop_to(self.peak.get().shown_db());
            self.hold.set(hold);
        }

        pub(super) fn wake(&self) {
            self.ticker.start(
                &*self.obj(),
                |gauge| &gauge.imp().ticker,
                |gauge, elapsed_s| gauge.imp().step(elapsed_s),
            );
        }

        fn step(&self, elapsed_s: f64) -> bool {
            for needle in [&self.peak, &self.rms, &self.reduction] {
                let mut moved = needle.get();
                moved.advance(elapsed_s);
                needle.set(moved);
            }
            let mut hold = self.hold.get();
            hold.advance(elapsed_s, self.peak.get().shown_db());
            self.hold.set(hold);
            self.obj().queue_draw();
            ![&self.peak, &self.rms, &self.reduction].iter().all(|needle| needle.get().at_rest())
                || !hold.at_rest(self.peak.get().shown_db())
        }
    }
}
