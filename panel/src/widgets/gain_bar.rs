//! A bar for one gain of the chain, with its name and its number.

use gtk::{glib, prelude::*, subclass::prelude::ObjectSubclassIsExt};

glib::wrapper! {
    /// A bar of decibels to either side of 0 or below it, with a label and the number.
    ///
    /// A tick shows the greatest reduction of the last moments.
    pub struct GainBar(ObjectSubclass<imp::GainBar>)
        @extends gtk::Widget,
        @implements gtk::Buildable, gtk::ConstraintTarget;
}

impl GainBar {
    /// Makes a bar with 0 dB in its middle, for a gain of `-span_db` to `span_db`.
    #[must_use]
    pub fn bipolar(span_db: f64) -> Self {
        Self::with_range(span_db, true)
    }

    /// Makes a bar with 0 dB at its far end, for a gain of `-span_db` to 0.
    #[must_use]
    pub fn reduction(span_db: f64) -> Self {
        Self::with_range(span_db, false)
    }

    /// Sets what the gain is, in a word or two.
    pub fn set_label(&self, label: &str) {
        self.imp().caption.set_label(self, label);
        self.imp().spoken.name(self, label);
    }

    /// Takes a reading in dB.
    pub fn set_gain_db(&self, gain_db: f64) {
        self.imp().aim(if gain_db.is_finite() { gain_db } else { 0.0 });
    }

    /// Returns to 0 dB at once, as when the readings end.
    pub fn reset(&self) {
        self.imp().aim(0.0);
        self.imp().settle();
        self.queue_draw();
    }

    fn with_range(span_db: f64, bipolar: bool) -> Self {
        let bar: Self = glib::Object::new();
        bar.imp().set_range(span_db, bipolar);
        bar
    }
}

mod imp {
    use std::cell::Cell;

    use gtk::{glib, prelude::*, subclass::prelude::*};

    use crate::{
        ballistics::{LEVEL_FALL_DB_PER_S, Needle, PEAK_HOLD_S, PeakHold},
        widgets::{
            caption::{Caption, LazyCaption},
            paint::{INSET, Paint},
            palette::{self, Palette},
            scale,
            spoken::{Spoken, VOICE_S},
            text,
            ticker::{Pace, Ticker, update},
        },
    };

    /// What can be seen of a bar: its ends in device pixels, and its number in tenths.
    #[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
    struct Seen {
        gain: i32,
        held: i32,
        tenths: i32,
    }

    /// Gains are kept as cuts, positive downwards: a needle rises at once when more is taken away and falls slowly.
    #[derive(Debug)]
    pub struct GainBar {
        pub(super) caption: LazyCaption,
        bipolar: Cell<bool>,
        span_db: Cell<f64>,
        cut: Cell<Needle>,
        held: Cell<PeakHold>,
        tenths: Cell<i32>,
        drawn: Cell<Seen>,
        said_tenths: Cell<i32>,
        number_pace: Pace,
        voice_pace: Pace,
        ticker: Ticker,
        pub(super) spoken: Spoken,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for GainBar {
        const NAME: &'static str = "HeadroomGainBar";
        type Type = super::GainBar;
        type ParentType = gtk::Widget;

        fn class_init(klass: &mut Self::Class) {
            klass.set_css_name("headroom-gain-bar");
            klass.set_accessible_role(gtk::AccessibleRole::Group);
        }

        fn new() -> Self {
            Self {
                caption: LazyCaption::default(),
                bipolar: Cell::new(false),
                span_db: Cell::new(1.0),
                cut: Cell::new(Needle::new(0.0, 0.03, LEVEL_FALL_DB_PER_S)),
                held: Cell::new(PeakHold::new(0.0, PEAK_HOLD_S, LEVEL_FALL_DB_PER_S)),
                tenths: Cell::new(0),
                drawn: Cell::default(),
                said_tenths: Cell::new(i32::MIN),
                number_pace: Pace::every(0.2),
                voice_pace: Pace::every(VOICE_S),
                ticker: Ticker::default(),
                spoken: Spoken::default(),
            }
        }
    }

    impl ObjectImpl for GainBar {
        fn constructed(&self) {
            self.parent_constructed();
            palette::follow_theme(&*self.obj(), |_| {});
        }

        fn dispose(&self) {
            self.ticker.stop();
            self.spoken.detach();
        }
    }

    impl WidgetImpl for GainBar {
        fn request_mode(&self) -> gtk::SizeRequestMode {
            gtk::SizeRequestMode::HeightForWidth
        }

        fn measure(&self, orientation: gtk::Orientation, for_size: i32) -> (i32, i32, i32, i32) {
            self.with_caption(|caption| caption.measure_with_bar(orientation, for_size))
        }

        fn map(&self) {
            self.parent_map();
            self.said_tenths.set(i32::MIN);
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
                let top = caption.draw(&paint, width, (seen.tenths, text::gain), &palette);
                let tall = caption.bar_height();
                let zero = self.zero();
                let gain = zero + seen.gain as f32 * pixel;
                let held = zero + seen.held as f32 * pixel;
                let lane = paint.lane(width as f32, top, tall, &palette);
                paint.fill_lane(lane, gain.min(zero), gain.max(zero), &palette.accent);
                if seen.held < seen.gain.min(0) {
                    paint.fill_lane(lane, held, held + 2.0, &palette.text);
                }
                if self.bipolar.get() {
                    paint.fill_lane(lane, zero - 1.0, zero + 1.0, &palette.text);
                }
            });
            paint.finish();
        }
    }

    impl GainBar {
        pub(super) fn set_range(&self, span_db: f64, bipolar: bool) {
            let floor_db = if bipolar { -span_db } else { 0.0 };
            self.span_db.set(span_db);
            self.bipolar.set(bipolar);
            let mut cut = Needle::new(floor_db, 0.03, LEVEL_FALL_DB_PER_S);
            cut.aim(0.0);
            cut.settle();
            self.cut.set(cut);
            self.spoken.attach(&*self.obj(), span_db - floor_db);
        }

        pub(super) fn aim(&self, gain_db: f64) {
            update(&self.cut, |cut| cut.aim(-gain_db));
            update(&self.held, |held| held.observe(-gain_db));
            self.wake();
        }

        /// Shows the last reading without a movement.
        pub(super) fn settle(&self) {
            update(&self.cut, Needle::settle);
            update(&self.held, |held| held.drop_to(self.cut.get().shown_db()));
            self.tenths.set(self.target_tenths());
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
                update(&self.cut, |cut| cut.advance(elapsed_s));
            } else {
                update(&self.cut, Needle::settle);
            }
            update(&self.held, |held| held.advance(elapsed_s, self.cut.get().shown_db()));
            if self.number_pace.due(elapsed_s, || self.tenths.get() != self.target_tenths()) {
                self.tenths.set(self.target_tenths());
            }
            if self.voice_pace.due(elapsed_s, || self.said_tenths.get() != self.tenths.get()) {
                self.say();
            }
            if self.seen() != self.drawn.get() {
                widget.queue_draw();
            }
            self.unfinished()
        }

        fn unfinished(&self) -> bool {
            let cut = self.cut.get();
            !cut.at_rest()
                || !self.held.get().at_rest(cut.shown_db())
                || self.tenths.get() != self.target_tenths()
                || self.said_tenths.get() != self.tenths.get()
        }

        fn target_tenths(&self) -> i32 {
            text::tenths(-self.cut.get().target_db())
        }

        fn say(&self) {
            let gain_db = f64::from(self.tenths.get()) / 10.0;
            self.spoken.say(
                &*self.obj(),
                gain_db + self.span_db.get(),
                &text::gain(self.tenths.get()),
            );
            self.said_tenths.set(self.tenths.get());
        }

        /// Returns where 0 dB stands, in pixels along the direction of reading.
        fn zero(&self) -> f32 {
            let width = self.obj().width() as f32 - 2.0 * INSET;
            if self.bipolar.get() { (width / 2.0).round() } else { width }
        }

        fn seen(&self) -> Seen {
            let reach = f64::from(self.zero()) * f64::from(self.obj().scale_factor());
            let end = |cut_db: f64| {
                (reach * scale::gain_share(-cut_db, self.span_db.get())).round() as i32
            };
            Seen {
                gain: end(self.cut.get().shown_db()),
                held: end(self.held.get().held_db()),
                tenths: self.tenths.get(),
            }
        }

        fn with_caption<R>(&self, with: impl FnOnce(&Caption) -> R) -> R {
            self.caption.with(&*self.obj(), text::widest_gain, with)
        }
    }
}
