//! The window's pages: plain structs that hold their widgets and are told what to show.
//!
//! Run on the user interface's thread. They read the model and never keep a copy of it; what a person wants
//! goes out as [`Ask`] and is shown when the service says that it is so. Texts that come from applications
//! are shown without markup.

mod app_card;
mod app_icon;
mod app_treatment;
mod apps;
mod device;
mod diagnostics;
mod exposure;
mod facts;
mod follow;
mod history;
mod introduction;
mod meters;
mod now_line;
mod pauses;
mod profiles;
mod protection;
mod reasons;
mod remembered;
mod removal;
mod schedule;
pub(crate) mod session;
mod setting_row;
mod setting_words;
mod settings;
mod stages;
mod status;
mod stream_strip;
mod strength;
pub(crate) mod troubles;
mod volume_row;
mod welcome;
pub(crate) mod words;

pub(crate) use apps::AppsPage;
pub(crate) use diagnostics::DiagnosticsPage;
pub(crate) use follow::FollowSwitch;
pub(crate) use history::HistoryPage;
pub(crate) use introduction::IntroductionPage;
pub(crate) use protection::ProtectionPage;
pub(crate) use settings::SettingsPage;
pub(crate) use status::StatusView;

use std::{fmt, rc::Rc};

use gtk::prelude::*;

use crate::{model::Ask, widgets::a11y};

/// What a person wants of the window.
#[derive(Clone, Debug)]
pub(crate) enum Request {
    /// Something of the service.
    Ask(Ask),
    /// To be past the introduction.
    EndIntroduction,
    /// A text where it can be pasted from.
    Copy(String),
}

/// Hands on what a person wants.
#[derive(Clone)]
pub(crate) struct Asker(Rc<dyn Fn(Request)>);

impl Asker {
    /// Makes one that hands on to `hear`.
    pub(crate) fn new(hear: impl Fn(Request) + 'static) -> Self {
        Self(Rc::new(hear))
    }

    /// Asks the service for something.
    pub(crate) fn ask(&self, ask: Ask) {
        (self.0)(Request::Ask(ask));
    }

    /// Leaves the introduction.
    pub(crate) fn end_introduction(&self) {
        (self.0)(Request::EndIntroduction);
    }

    /// Puts a text where it can be pasted from.
    pub(crate) fn copy(&self, text: &str) {
        (self.0)(Request::Copy(text.to_owned()));
    }
}

impl fmt::Debug for Asker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Asker")
    }
}

/// A label for text that is not ours: no markup, starts at the line's start.
fn plain_label(css: &[&str]) -> gtk::Label {
    gtk::Label::builder()
        .use_markup(false)
        .xalign(0.0)
        .css_classes(css.iter().map(ToString::to_string).collect::<Vec<_>>())
        .build()
}

/// The picture of Headroom, above what a page is about.
fn emblem() -> gtk::Image {
    gtk::Image::builder()
        .icon_name("security-high-symbolic")
        .pixel_size(64)
        .accessible_role(gtk::AccessibleRole::Presentation)
        .css_classes(["accent"])
        .build()
}

/// Has a label stand in the middle, in as many lines as it needs.
fn centre(label: &gtk::Label) {
    label.set_wrap(true);
    label.set_wrap_mode(gtk::pango::WrapMode::WordChar);
    label.set_xalign(0.5);
    label.set_justify(gtk::Justification::Center);
}

/// A row whose texts are shown as they are, without markup.
fn plain_row() -> adw::ActionRow {
    adw::ActionRow::builder().use_markup(false).build()
}

/// A flat button with a picture only, and its name for those who cannot see it.
fn icon_button(icon: &str, name: &str) -> gtk::Button {
    let button = gtk::Button::builder()
        .icon_name(icon)
        .tooltip_text(name)
        .valign(gtk::Align::Center)
        .css_classes(["flat"])
        .build();
    a11y::set_label(&button, name);
    button
}

/// Labels a button with a text that marks its key by `_`.
///
/// The button's own label would be read out with its mark, and once more without.
pub(crate) fn set_mnemonic(button: &gtk::Button, label: &str) {
    if let Some(child) = button.child().and_downcast::<gtk::Label>() {
        child.set_text_with_mnemonic(label);
    } else {
        button.set_child(Some(&gtk::Label::with_mnemonic(label)));
        button.add_css_class("text-button");
    }
    a11y::set_label(button, &label.replacen('_', "", 1));
}

/// Sets a label's text only when it is another one: setting it anew would tell screen readers of it.
pub(crate) fn set_text(label: &gtk::Label, text: &str) {
    if label.text() != text {
        label.set_text(text);
    }
}

/// Puts a child behind another one, or first; one that is there already is not touched, and keeps the focus.
fn place_after(parent: &gtk::Box, child: &gtk::Widget, before: Option<&gtk::Widget>) {
    if child.prev_sibling().as_ref() != before {
        parent.reorder_child_after(child, before);
    }
}

/// A row that shows something and does nothing, with its name for those who cannot see it.
fn still_row(name: &str, child: &impl IsA<gtk::Widget>) -> gtk::ListBoxRow {
    let row = gtk::ListBoxRow::builder().activatable(false).focusable(false).child(child).build();
    a11y::set_label(&row, name);
    row
}
