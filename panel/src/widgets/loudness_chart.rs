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

    use gtk::{gdk, glib, prelude::*, subclass::prelude::*};

    use crate::widgets::{
        a11y,
        chart_face::{Face, Shown},
        history::{History, Reading, SPAN_US},
        palette,
        text::{self, Line},
    };

    /// A step of the cursor by one key, in microseconds.
    const CURSOR_STEP_US: i64 = 5_000_000;

    /// A screen reader is told of new values no more often than this, in microseconds.
    const VOICE_US: i64 = 2_000_000;

    #[derive(Debug, Default)]
    pub struct LoudnessChart {
        history: RefCell<History>,
        target_lufs: Cell<Option<f64>>,
        cursor_us: Cell<Option<i64>>,
        said_us: Cell<Option<i64>>,
        face: OnceCell<Face>,
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
            palette::follow_theme(&*chart, |_| {});
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
            let face = self.face();
            let (least, natural) = face.widths();
            if orientation == gtk::Orientation::Horizontal {
                return (least, natural, -1, -1);
            }
            let width = if for_size < 0 { natural } else { for_size };
            let (least, natural) = face.heights(width, self.target_lufs.get().is_some());
            (least, natural, -1, -1)
        }

        fn system_setting_changed(&self, setting: &gtk::SystemSetting) {
            self.parent_system_setting_changed(setting);
            self.obj().queue_resize();
        }

        fn snapshot(&self, snapshot: &gtk::Snapshot) {
            self.with_shown(|shown| self.face().draw(snapshot, &*self.obj(), shown));
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
                self.obj().queue_resize();
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
            let chosen = self.chosen();
            self.with_shown(|shown| self.face().write(chosen, shown));
            self.obj().queue_draw();
        }

        /// Returns the reading under the cursor, else the latest.
        fn chosen(&self) -> Option<Reading> {
            let history = self.history.borrow();
            self.cursor_us.get().map_or_else(|| history.latest(), |age_us| history.near(age_us))
        }

        fn say(&self) {
            let reading = self.chosen();
            self.said_us.set(self.history.borrow().latest().map(|latest| latest.at_us));
            let mut words = vec![
                text::legend(Line::Input, reading.map(|reading| reading.input_lufs)),
                text::legend(Line::Output, reading.map(|reading| reading.output_lufs)),
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
                let with_target = this.target_lufs.get().is_some();
                this.point_at(this.face().age_us_at(x, &*this.obj(), with_target));
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

        fn with_shown<R>(&self, with: impl FnOnce(&Shown) -> R) -> R {
            with(&Shown {
                history: &self.history.borrow(),
                target_lufs: self.target_lufs.get(),
                cursor_us: self.cursor_us.get(),
            })
        }

        fn face(&self) -> &Face {
            self.face.get_or_init(|| Face::new(&*self.obj()))
        }
    }
}
