//! Two things in a line, or one below the other where a line is too narrow for both.
#![forbid(unsafe_code)]

use gtk::glib;

glib::wrapper! {
    /// Lays out two children: the first takes what the second leaves, as long as that is enough to read.
    pub struct FitLine(ObjectSubclass<imp::FitLine>)
        @extends gtk::LayoutManager;
}

impl Default for FitLine {
    fn default() -> Self {
        glib::Object::new()
    }
}

/// Space between the two, in pixels, beside and below.
const GAP: i32 = 8;
const GAP_BELOW: i32 = 4;

/// Says whether two children of these natural widths stand side by side at a width, all in pixels.
///
/// The first may be shortened, but not to less than the second is wide.
fn is_wide_enough(width: i32, first: i32, second: i32) -> bool {
    width - GAP - second >= first.min(second)
}

mod imp {
    use gtk::{prelude::*, subclass::prelude::*};

    use super::{GAP, GAP_BELOW, glib, is_wide_enough};

    #[derive(Debug, Default)]
    pub struct FitLine;

    #[glib::object_subclass]
    impl ObjectSubclass for FitLine {
        const NAME: &'static str = "HeadroomFitLine";
        type Type = super::FitLine;
        type ParentType = gtk::LayoutManager;
    }

    impl ObjectImpl for FitLine {}

    impl LayoutManagerImpl for FitLine {
        fn request_mode(&self, _widget: &gtk::Widget) -> gtk::SizeRequestMode {
            gtk::SizeRequestMode::HeightForWidth
        }

        fn measure(
            &self,
            widget: &gtk::Widget,
            orientation: gtk::Orientation,
            for_size: i32,
        ) -> (i32, i32, i32, i32) {
            let Some((first, second)) = children(widget) else { return (0, 0, -1, -1) };
            let (first_least, first_natural) = sizes(&first, orientation);
            let (second_least, second_natural) = sizes(&second, orientation);
            if orientation == gtk::Orientation::Horizontal {
                let natural = first_natural + GAP + second_natural;
                return (first_least.max(second_least), natural, -1, -1);
            }
            let beside = for_size < 0 || is_beside(&first, &second, for_size);
            let tall = if beside {
                first_natural.max(second_natural)
            } else {
                first_natural + GAP_BELOW + second_natural
            };
            (tall, tall, -1, -1)
        }

        fn allocate(&self, widget: &gtk::Widget, width: i32, height: i32, _baseline: i32) {
            let Some((first, second)) = children(widget) else { return };
            let own_width = sizes(&second, gtk::Orientation::Horizontal).1.min(width);
            if is_beside(&first, &second, width) {
                let left = width - GAP - own_width;
                let is_mirrored = widget.direction() == gtk::TextDirection::Rtl;
                let (first_x, second_x) =
                    if is_mirrored { (own_width + GAP, 0) } else { (0, left + GAP) };
                place(&first, first_x, 0, left, height);
                place(&second, second_x, 0, own_width, height);
            } else {
                let above = sizes(&first, gtk::Orientation::Vertical).1;
                let x = if widget.direction() == gtk::TextDirection::Rtl {
                    width - own_width
                } else {
                    0
                };
                place(&first, 0, 0, width, above);
                place(&second, x, above + GAP_BELOW, own_width, height - above - GAP_BELOW);
            }
        }
    }

    fn children(widget: &gtk::Widget) -> Option<(gtk::Widget, gtk::Widget)> {
        let first = widget.first_child()?;
        let second = first.next_sibling()?;
        Some((first, second))
    }

    /// The least and the natural size.
    fn sizes(child: &gtk::Widget, orientation: gtk::Orientation) -> (i32, i32) {
        let (least, natural, ..) = child.measure(orientation, -1);
        (least, natural)
    }

    fn is_beside(first: &gtk::Widget, second: &gtk::Widget, width: i32) -> bool {
        let natural = |child| sizes(child, gtk::Orientation::Horizontal).1;
        is_wide_enough(width, natural(first), natural(second))
    }

    fn place(child: &gtk::Widget, x: i32, y: i32, width: i32, height: i32) {
        child.size_allocate(&gtk::Allocation::new(x, y, width.max(0), height.max(0)), -1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_breaks_before_what_stands_first_cannot_be_read() {
        assert!(is_wide_enough(300, 500, 100), "shortened to 192");
        assert!(is_wide_enough(150, 30, 100), "both are whole");
        assert!(!is_wide_enough(150, 500, 100), "42 are less than the other's 100");
        assert!(!is_wide_enough(90, 20, 100), "the second alone is too wide");
    }
}
