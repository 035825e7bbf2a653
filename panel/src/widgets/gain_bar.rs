//! A bar for one gain of the chain, with its name and its number.

use gtk::{glib, prelude::*, subclass::prelude::*};

use super::{a11y, palette::Palette, scale, text};

glib::wrapper! {
    /// A bar of decibels to either side of 0 or below it, with a label and the number.
    pub struct GainBar(ObjectSubclass<imp::GainBar>)
        @extends gtk::Widget,
        @implements gtk::Buildable, gtk::ConstraintTarget;
}

impl GainBar {
    /// Makes a bar with 0 dB in its middle, for a gain of `-span_db` to `span_db`.
    #[must_use]
    pub fn bipolar(span_db: f64) -> Self {
        let bar: Self = glib::Object::new();
        bar.imp().span_db.set(span_db);
        bar.imp().bipolar.set(true);
        bar
    }

    /// Makes a bar with 0 dB at its far end, for a gain of `-span_db` to 0.
    #[must_use]
    pub fn reduction(span_db: f64) -> Self {
        let bar: Self = glib::Object::new();
        bar.imp().span_db.set(span_db);
        bar
    }

    /// Sets what the gain is, in a word or two.
    pub fn set_label(&self, label: &str) {
        self.imp().label.replace(label.to_owned());
        a11y::set_label(self, label);
        self.queue_resize();
    }

    /// Takes a reading in dB.
    pub fn set_gain_db(&self, gain_db: f64) {
        self.imp().gain_db.set(gain_db);
        self.queue_draw();
    }

    /// Returns to 0 dB at once, as when the readings end.
    pub fn reset(&self) {
        self.set_gain_db(0.0);
    }
}

mod imp {
    use gtk::{glib, graphene, prelude::*, subclass::prelude::*};
    use std::cell::{Cell, RefCell};

    use super::{Palette, scale, text};

    #[derive(Debug, Default)]
    pub struct GainBar {
        pub(super) label: RefCell<String>,
        pub(super) bipolar: Cell<bool>,
        pub(super) span_db: Cell<f64>,
        pub(super) gain_db: Cell<f64>,
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
    }

    impl ObjectImpl for GainBar {}

    impl WidgetImpl for GainBar {
        fn measure(&self, orientation: gtk::Orientation, _for_size: i32) -> (i32, i32, i32, i32) {
            match orientation {
                gtk::Orientation::Horizontal => (140, 240, -1, -1),
                _ => (36, 36, -1, -1),
            }
        }

        fn snapshot(&self, snapshot: &gtk::Snapshot) {
            let widget = self.obj();
            let palette = Palette::of(&*widget);
            let width = widget.width() as f32;
            let gain_db = self.gain_db.get();
            let label = widget.create_pango_layout(Some(&self.label.borrow()));
            let number = widget.create_pango_layout(Some(&text::db(gain_db)));
            snapshot.append_layout(&label, &palette.text);
            snapshot.save();
            snapshot.translate(&graphene::Point::new(width - number.pixel_size().0 as f32, 0.0));
            snapshot.append_layout(&number, &palette.text);
            snapshot.restore();
            let zero = if self.bipolar.get() { width / 2.0 } else { width };
            let reach = if self.bipolar.get() { width / 2.0 } else { width };
            let end = zero + reach * scale::gain_share(gain_db, self.span_db.get()) as f32;
            snapshot.append_color(&palette.track(), &graphene::Rect::new(0.0, 24.0, width, 8.0));
            snapshot.append_color(
                &palette.accent,
                &graphene::Rect::new(zero.min(end), 24.0, (zero - end).abs(), 8.0),
            );
        }
    }
}
