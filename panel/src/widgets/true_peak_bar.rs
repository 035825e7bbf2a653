//! The true peak at the output, held, against the ceiling it must not pass.

use gtk::{glib, prelude::*, subclass::prelude::ObjectSubclassIsExt};

glib::wrapper! {
    /// A bar of true peak with the greatest one so far, in number and tick, and the ceiling as a mark.
    pub struct TruePeakBar(ObjectSubclass<imp::TruePeakBar>)
        @extends gtk::Widget,
        @implements gtk::Buildable, gtk::ConstraintTarget;
}

impl Default for TruePeakBar {
    fn default() -> Self {
        Self::new()
    }
}

impl TruePeakBar {
    /// Makes a bar that shows silence.
    #[must_use]
    pub fn new() -> Self {
        glib::Object::new()
    }

    /// Sets what the bar is, in a word or two.
    pub fn set_label(&self, label: &str) {
        self.imp().caption.set_label(self, label);
        self.imp().spoken.name(self, label);
    }

    /// Takes a reading: the latest true peak and the greatest so far, both in dBTP.
    pub fn set_true_peak_dbtp(&self, latest_dbtp: f64, greatest_dbtp: f64) {
        self.imp().aim(latest_dbtp, greatest_dbtp);
    }

    /// Sets the ceiling in dBTP.
    pub fn set_ceiling_dbtp(&self, ceiling_dbtp: f64) {
        self.imp().set_ceiling_dbtp(ceiling_dbtp);
    }

    /// Returns to silence at once, as when the readings end.
    pub fn reset(&self) {
        self.imp().aim(f64::NEG_INFINITY, f64::NEG_INFINITY);
        self.imp().settle();
        self.queue_draw();
    }
}

mod imp {
    use std::cell::Cell;

    use gtk::{glib, prelude::*, subclass::prelude::*};

    use crate::{
        ballistics::{LEVEL_FALL_DB_PER_S, Needle},
        widgets::{
            caption::{Caption, LazyCaption},
            paint::{INSET, Paint},
            palette::{self, Palette},
            scale::{self, FLOOR_DBFS},
            spoken::{Spoken, VOICE_S},
            text,
            ticker::{Pace, Ticker, update},
        },
    };

    /// What can be seen of a bar: its ends in device pixels, and its number in tenths.
    #[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
    struct Seen {
        peak: i32,
        greatest: i32,
        ceiling: i32,
        tenths: i32,
    }

    #[derive(Debug)]
    pub struct TruePeakBar {
        pub(super) caption: LazyCaption,
        peak: Cell<Needle>,
        greatest_dbtp: Cell<f64>,
        ceiling_dbtp: Cell<f64>,
        drawn: Cell<Seen>,
        said: Cell<(i32, i32)>,
        voice_pace: Pace,
        ticker: Ticker,
        pub(super) spoken: Spoken,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for TruePeakBar {
        const NAME: &'static str = "HeadroomTruePeakBar";
        type Type = super::TruePeakBar;
        type ParentType = gtk::Widget;

        fn class_init(klass: &mut Self::Class) {
            klass.set_css_name("headroom-true-peak-bar");
            klass.set_accessible_role(gtk::AccessibleRole::Group);
        }

        fn new() -> Self {
            Self {
                caption: LazyCaption::default(),
                peak: Cell::new(Needle::new(FLOOR_DBFS, 0.02, LEVEL_FALL_DB_PER_S)),
                greatest_dbtp: Cell::new(FLOOR_DBFS),
                ceiling_dbtp: Cell::new(0.0),
                drawn: Cell::default(),
                said: Cell::new((i32::MIN, 0)),
                voice_pace: Pace::every(VOICE_S),
                ticker: Ticker::default(),
                spoken: Spoken::default(),
            }
        }
    }

    impl ObjectImpl for TruePeakBar {
        fn constructed(&self) {
            self.parent_constructed();
            let widget = self.obj();
            self.spoken.attach(&*widget, -FLOOR_DBFS);
            palette::follow_theme(&*widget, |_| {});
        }

        fn dispose(&self) {
            self.ticker.stop();
            self.spoken.detach();
        }
    }

    impl WidgetImpl for TruePeakBar {
        fn request_mode(&self) -> gtk::SizeRequestMode {
            gtk::SizeRequestMode::HeightForWidth
        }

        fn measure(&self, orientation: gtk::Orientation, for_size: i32) -> (i32, i32, i32, i32) {
            self.with_caption(|caption| caption.measure_with_bar(orientation, for_size))
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

        fn snapshot(&self, snapshot: &gtk::Snapshot) {
            let seen = self.seen();
            self.drawn.set(seen);
            let widget = self.obj();
            let palette = Palette::of(&*widget);
            let width = widget.width();
            let pixel = 1.0 / widget.scale_factor() as f32;
            let paint = Paint::begin(snapshot, &*widget);
            self.with_caption(|caption| {
                let top = caption.draw(&paint, width, (seen.tenths, text::true_peak), &palette);
                let tall = caption.bar_height();
                let (peak, greatest) = (seen.peak as f32 * pixel, seen.greatest as f32 * pixel);
                let ceiling = seen.ceiling as f32 * pixel;
                let lane = paint.lane(width as f32, top, tall, &palette);
                paint.fill_lane(lane, 0.0, peak.min(ceiling), &palette.accent);
                paint.fill_lane(lane, ceiling, peak, &palette.error);
                if seen.greatest > 0 {
                    paint.fill_lane(lane, (greatest - 2.0).max(0.0), greatest, &palette.text);
                }
                // What no sound may enter.
                let end = width as f32 - 2.0 * INSET;
                paint.fill_lane(lane, ceiling, end, &palette.text.with_alpha(0.35));
            });
            paint.finish();
        }
    }

    impl TruePeakBar {
        pub(super) fn aim(&self, latest_dbtp: f64, greatest_dbtp: f64) {
            update(&self.peak, |peak| peak.aim(latest_dbtp));
            self.greatest_dbtp.set(greatest_dbtp.max(FLOOR_DBFS));
            self.wake();
        }

        pub(super) fn set_ceiling_dbtp(&self, ceiling_dbtp: f64) {
            self.ceiling_dbtp.set(ceiling_dbtp.clamp(FLOOR_DBFS, 0.0));
            self.wake();
        }

        /// Shows the last reading without a movement.
        pub(super) fn settle(&self) {
            update(&self.peak, Needle::settle);
        }

        fn wake(&self) {
            let widget = self.obj();
            if !widget.is_mapped() {
                self.settle();
            } else if self.unfinished() {
                self.ticker.start(&*widget, |bar, elapsed_s| bar.imp().step(elapsed_s));
            }
        }

        /// Moves everything by the time of one frame and tells whether a next frame is needed.
        fn step(&self, elapsed_s: f64) -> bool {
            let widget = self.obj();
            if widget.settings().is_gtk_enable_animations() {
                update(&self.peak, |peak| peak.advance(elapsed_s));
            } else {
                update(&self.peak, Needle::settle);
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
            !self.peak.get().at_rest()
                || self.said.get() != self.to_say()
                || self.seen() != self.drawn.get()
        }

        /// Returns what assistive technology should know: the greatest peak and the ceiling, in tenths.
        fn to_say(&self) -> (i32, i32) {
            (text::tenths(self.greatest_dbtp.get()), text::tenths(self.ceiling_dbtp.get()))
        }

        fn say(&self) {
            let said = self.to_say();
            let sentence = text::true_peak_and_ceiling(said.0, said.1);
            self.spoken.say(&*self.obj(), self.greatest_dbtp.get() - FLOOR_DBFS, &sentence);
            self.said.set(said);
        }

        fn seen(&self) -> Seen {
            let widget = self.obj();
            let length = (f64::from(widget.width()) - 2.0 * f64::from(INSET))
                * f64::from(widget.scale_factor());
            let end = |level_dbfs: f64| (length * scale::level_share(level_dbfs)).round() as i32;
            Seen {
                peak: end(self.peak.get().shown_db()),
                greatest: end(self.greatest_dbtp.get()),
                ceiling: end(self.ceiling_dbtp.get()),
                tenths: text::tenths(self.greatest_dbtp.get()),
            }
        }

        fn with_caption<R>(&self, with: impl FnOnce(&Caption) -> R) -> R {
            self.caption.with(&*self.obj(), text::widest_true_peak, with)
        }
    }
}
