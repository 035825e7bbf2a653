//! The master switch, and the bar that says what it means while it is off.

use gtk::prelude::*;

use crate::{
    i18n::{tr, trf},
    model::{Ask, Page, Panel, Protection},
    pages::{Asker, FollowSwitch, set_text},
    widgets::a11y,
};

/// The switch with its shield, for the header.
#[derive(Debug)]
pub(super) struct Master {
    root: gtk::Box,
    shield: gtk::Image,
    switch: FollowSwitch,
}

impl Master {
    pub(super) fn new(asker: &Asker) -> Self {
        let switch = FollowSwitch::new({
            let asker = asker.clone();
            move |on| asker.ask(Ask::SetBypass(!on))
        });
        a11y::set_label(switch.widget(), &tr("Protection"));
        let shield =
            gtk::Image::builder().accessible_role(gtk::AccessibleRole::Presentation).build();
        let root = gtk::Box::builder().spacing(6).css_classes(["master"]).build();
        root.append(&shield);
        root.append(switch.widget());
        Self { root, shield, switch }
    }

    pub(super) fn widget(&self) -> &gtk::Box {
        &self.root
    }

    /// Shows whether protection is wanted, and whether it is there.
    pub(super) fn show(&self, panel: &Panel) {
        self.root.set_visible(panel.page() == Page::Main);
        self.switch.show(!panel.bypass());
        let is_on = off_words(&panel.protection()).is_none();
        let icon = if is_on { "security-high-symbolic" } else { "security-low-symbolic" };
        self.shield.set_icon_name(Some(icon));
        if is_on {
            self.root.remove_css_class("off");
        } else {
            self.root.add_css_class("off");
        }
        let hint = if panel.bypass() {
            tr("Protection is off (Ctrl+B)")
        } else {
            tr("Protection is on (Ctrl+B)")
        };
        self.switch.widget().set_tooltip_text(Some(&hint));
    }
}

/// The bar that says why nothing is protected, with the way back. (`AdwBanner` is of libadwaita 1.3.)
#[derive(Debug)]
pub(super) struct Warning {
    root: gtk::Revealer,
    text: gtk::Label,
    button: gtk::Button,
}

impl Warning {
    pub(super) fn new(asker: &Asker) -> Self {
        let icon = gtk::Image::builder()
            .icon_name("dialog-warning-symbolic")
            .accessible_role(gtk::AccessibleRole::Presentation)
            .build();
        let text = gtk::Label::builder()
            .use_markup(false)
            .wrap(true)
            .wrap_mode(gtk::pango::WrapMode::WordChar)
            .xalign(0.0)
            .hexpand(true)
            .css_classes(["heading"])
            .build();
        let button = gtk::Button::builder()
            .label(tr("Turn _On"))
            .use_underline(true)
            .valign(gtk::Align::Center)
            .build();
        button.connect_clicked({
            let asker = asker.clone();
            move |_| asker.ask(Ask::SetBypass(false))
        });
        let bar = gtk::Box::builder().spacing(12).css_classes(["warning-bar"]).build();
        bar.append(&icon);
        bar.append(&text);
        bar.append(&button);
        let root = gtk::Revealer::builder()
            .transition_type(gtk::RevealerTransitionType::SlideDown)
            .child(&bar)
            .build();
        Self { root, text, button }
    }

    pub(super) fn widget(&self) -> &gtk::Revealer {
        &self.root
    }

    /// Comes down while nothing is protected.
    pub(super) fn show(&self, panel: &Panel) {
        let words = off_words(&panel.protection()).filter(|_| panel.page() == Page::Main);
        // What goes away keeps its words while it does.
        if let Some(words) = &words {
            set_text(&self.text, words);
        }
        // Turning it on helps against a bypass only.
        self.button.set_visible(panel.bypass());
        self.root.set_reveal_child(words.is_some());
    }
}

/// Why streams are not protected, in a sentence; none when they are.
fn off_words(protection: &Protection) -> Option<String> {
    Some(match protection {
        Protection::On | Protection::Waiting => return None,
        Protection::Off => tr("Protection is off: every app plays straight to the device"),
        Protection::SafeMode => {
            tr("Headroom stepped aside after repeated failures: nothing is protected")
        }
        Protection::Failing => tr("Nothing is protected: the filter could not be started"),
        Protection::Unknown(word) => {
            trf("Do not count on protection: the service says “{word}”", &[("word", word)])
        }
    })
}
