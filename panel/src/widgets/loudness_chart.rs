//! The loudness of the last minutes, before and after Headroom.

use gtk::{glib, prelude::*, subclass::prelude::*};

use super::palette::Palette;

/// How much of the past the chart shows, in microseconds.
const SPAN_US: i64 = 180_000_000;

glib::wrapper! {
    /// A chart of the loudness of input and output over the last three minutes, in LUFS.
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
        let imp = self.imp();
        let now_us = glib::monotonic_time();
        let mut readings = imp.readings.borrow_mut();
        readings.push_back((now_us, input_lufs, output_lufs));
        while readings.front().is_some_and(|first| first.0 < now_us - SPAN_US) {
            readings.pop_front();
        }
        drop(readings);
        self.queue_draw();
    }

    /// Sets the loudness that Headroom aims at, in LUFS, to be shown as a line.
    pub fn set_target_lufs(&self, target_lufs: Option<f64>) {
        if self.imp().target_lufs.replace(target_lufs) != target_lufs {
            self.queue_draw();
        }
    }

    /// Forgets every reading.
    pub fn clear(&self) {
        self.imp().readings.borrow_mut().clear();
        self.queue_draw();
    }
}

mod imp {
    use gtk::{gdk::prelude::GdkCairoContextExt, glib, graphene, prelude::*, subclass::prelude::*};
    use std::{
        cell::{Cell, RefCell},
        collections::VecDeque,
    };

    use super::{Palette, SPAN_US};

    #[derive(Debug, Default)]
    pub struct LoudnessChart {
        pub(super) readings: RefCell<VecDeque<(i64, f64, f64)>>,
        pub(super) target_lufs: Cell<Option<f64>>,
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

    impl ObjectImpl for LoudnessChart {}

    impl WidgetImpl for LoudnessChart {
        fn measure(&self, orientation: gtk::Orientation, _for_size: i32) -> (i32, i32, i32, i32) {
            match orientation {
                gtk::Orientation::Horizontal => (240, 480, -1, -1),
                _ => (140, 180, -1, -1),
            }
        }

        fn snapshot(&self, snapshot: &gtk::Snapshot) {
            let widget = self.obj();
            let palette = Palette::of(&*widget);
            let (width, height) = (f64::from(widget.width()), f64::from(widget.height()));
            let cr =
                snapshot.append_cairo(&graphene::Rect::new(0.0, 0.0, width as f32, height as f32));
            let readings = self.readings.borrow();
            let Some(&(now_us, ..)) = readings.back() else { return };
            let y = |lufs: f64| height * (lufs.clamp(-50.0, 0.0) / -50.0);
            for (output, color) in [(false, palette.dim()), (true, palette.accent)] {
                GdkCairoContextExt::set_source_color(&cr, &color);
                for &(at_us, input_lufs, output_lufs) in readings.iter() {
                    let x = width * (1.0 - (now_us - at_us) as f64 / SPAN_US as f64);
                    cr.line_to(x, y(if output { output_lufs } else { input_lufs }));
                }
                let _ = cr.stroke();
            }
        }
    }
}
