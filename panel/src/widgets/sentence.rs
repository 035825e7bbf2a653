//! A sentence that changes often: another text is drawn, and nothing is laid out anew unless it needs more lines.

use gtk::{glib, subclass::prelude::ObjectSubclassIsExt};

glib::wrapper! {
    /// A text that wraps. A `GtkLabel` lays the whole window out for every word, which costs more than all gauges.
    pub struct Sentence(ObjectSubclass<imp::Sentence>)
        @extends gtk::Widget,
        @implements gtk::Buildable, gtk::ConstraintTarget;
}

impl Default for Sentence {
    fn default() -> Self {
        Self::new()
    }
}

impl Sentence {
    /// Makes one that says nothing yet.
    #[must_use]
    pub fn new() -> Self {
        glib::Object::new()
    }

    /// Sets the text, which has no markup, and tells screen readers of it where it is another one.
    pub fn set_text(&self, text: &str) {
        self.imp().set_text(text);
    }

    /// Has the font read anew, as when a style class was added.
    pub fn restyle(&self) {
        self.imp().forget();
    }
}

mod imp {
    use std::cell::RefCell;

    use gtk::{glib, pango, prelude::*, subclass::prelude::*};

    use crate::widgets::a11y;

    /// Heights of its line that the sentence insists on as its width: large text must fit narrow windows.
    const LEAST_LINES: i32 = 4;
    /// The same for the width that it would like.
    const NATURAL_LINES: i32 = 12;

    #[derive(Debug, Default)]
    pub struct Sentence {
        text: RefCell<String>,
        layout: RefCell<Option<pango::Layout>>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for Sentence {
        const NAME: &'static str = "HeadroomSentence";
        type Type = super::Sentence;
        type ParentType = gtk::Widget;

        fn class_init(klass: &mut Self::Class) {
            klass.set_css_name("headroom-sentence");
            klass.set_accessible_role(gtk::AccessibleRole::Label);
        }
    }

    impl ObjectImpl for Sentence {}

    impl WidgetImpl for Sentence {
        fn request_mode(&self) -> gtk::SizeRequestMode {
            gtk::SizeRequestMode::HeightForWidth
        }

        fn measure(&self, orientation: gtk::Orientation, for_size: i32) -> (i32, i32, i32, i32) {
            if orientation == gtk::Orientation::Vertical {
                let tall = self.height(for_size);
                return (tall, tall, -1, -1);
            }
            let line = self.height(-1);
            (LEAST_LINES * line, NATURAL_LINES * line, -1, -1)
        }

        fn system_setting_changed(&self, setting: &gtk::SystemSetting) {
            self.parent_system_setting_changed(setting);
            self.forget();
        }

        fn snapshot(&self, snapshot: &gtk::Snapshot) {
            let widget = self.obj();
            let color = widget.style_context().color();
            self.with_layout(|layout| {
                layout.set_width(widget.width() * pango::SCALE);
                let is_rtl = widget.direction() == gtk::TextDirection::Rtl;
                // Pango turns left and right round for text that runs from right to left.
                let is_own =
                    is_rtl == (pango::find_base_dir(&layout.text()) == pango::Direction::Rtl);
                layout.set_alignment(if is_own {
                    pango::Alignment::Left
                } else {
                    pango::Alignment::Right
                });
                snapshot.append_layout(layout, &color);
            });
        }
    }

    impl Sentence {
        pub(super) fn set_text(&self, text: &str) {
            if *self.text.borrow() == text {
                return;
            }
            text.clone_into(&mut self.text.borrow_mut());
            let widget = self.obj();
            a11y::set_label(&*widget, text);
            if let Some(layout) = self.layout.borrow().as_ref() {
                layout.set_text(text);
            }
            if widget.is_mapped() && self.height(widget.width()) == widget.height() {
                widget.queue_draw();
            } else {
                widget.queue_resize();
            }
        }

        pub(super) fn forget(&self) {
            self.layout.take();
            self.obj().queue_resize();
        }

        /// The height at a width in pixels, or of one line where that is below 0.
        fn height(&self, width: i32) -> i32 {
            self.with_layout(|layout| {
                layout.set_width(if width < 0 { -1 } else { width * pango::SCALE });
                layout.pixel_size().1
            })
        }

        fn with_layout<R>(&self, with: impl FnOnce(&pango::Layout) -> R) -> R {
            let mut layout = self.layout.borrow_mut();
            with(layout.get_or_insert_with(|| {
                let layout = self.obj().create_pango_layout(Some(&self.text.borrow()));
                layout.set_wrap(pango::WrapMode::WordChar);
                layout
            }))
        }
    }
}
