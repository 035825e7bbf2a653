//! Names and descriptions for screen readers.
//!
//! GTK has had `gtk_accessible_update_property_value` since 4.0, but the bindings offer it only from 4.10 on, and
//! our floor is 4.8. This module is the one place that calls it, on the main thread.

use gtk::ffi::{
    GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, GTK_ACCESSIBLE_PROPERTY_LABEL, GtkAccessible,
    GtkAccessibleProperty,
};
use gtk::glib::{self, object::IsA, prelude::*, translate::ToGlibPtr};

unsafe extern "C" {
    fn gtk_accessible_update_property_value(
        accessible: *mut GtkAccessible,
        count: std::ffi::c_int,
        properties: *mut GtkAccessibleProperty,
        values: *const glib::gobject_ffi::GValue,
    );
}

/// Sets the name by which assistive technology calls a widget.
pub fn set_label(widget: &impl IsA<gtk::Widget>, label: &str) {
    update(widget.as_ref(), GTK_ACCESSIBLE_PROPERTY_LABEL, label);
}

/// Sets the sentence that assistive technology reads after a widget's name.
pub fn set_description(widget: &impl IsA<gtk::Widget>, description: &str) {
    update(widget.as_ref(), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, description);
}

fn update(widget: &gtk::Widget, mut property: GtkAccessibleProperty, text: &str) {
    let value = text.to_value();
    // SAFETY: every GtkWidget implements GtkAccessible; the one property and the one value outlive the call, which
    // copies both; the value holds a string, as both properties in use here want; `glib::Value` is a transparent
    // GValue. The call is on the main thread, because a widget reference cannot leave it.
    unsafe {
        gtk_accessible_update_property_value(
            widget.as_ptr().cast(),
            1,
            &raw mut property,
            value.to_glib_none().0,
        );
    }
}
