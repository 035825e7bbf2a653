//! The master switch, and the bar that says what it means while it is off.

use gtk::prelude::*;

use crate::{
    i18n::{tr, trf},
    model::{Ask, Page, Panel, Protection},
    pages::{Asker, FollowSwitch, set_mnemonic, set_text, words},
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
        let is_safe_mode = panel.protection() == Protection::SafeMode;
        self.switch.show(!panel.bypass() && !is_safe_mode);
        let is_on = off_words(&panel.protection()).is_none();
        let icon = if is_on { "security-high-symbolic" } else { "security-low-symbolic" };
        self.shield.set_icon_name(Some(icon));
        if is_on {
            self.root.remove_css_class("off");
        } else {
            self.root.add_css_class("off");
        }
        let hint = if panel.bypass() || is_safe_mode {
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
    bar: gtk::Box,
    text: gtk::Label,
    reason: gtk::Label,
    button: gtk::Button,
}

impl Warning {
    pub(super) fn new(asker: &Asker) -> Self {
        let icon = gtk::Image::builder()
            .icon_name("dialog-warning-symbolic")
            .valign(gtk::Align::Start)
            .accessible_role(gtk::AccessibleRole::Presentation)
            .build();
        let text = line(&["heading"]);
        let reason = line(&[]);
        let words = gtk::Box::builder()
            .orientation(gtk::Orientation::Vertical)
            .spacing(4)
            .valign(gtk::Align::Center)
            .hexpand(true)
            .build();
        words.append(&text);
        words.append(&reason);
        let message = gtk::Box::builder().spacing(12).build();
        message.append(&icon);
        message.append(&words);
        let button = gtk::Button::builder().valign(gtk::Align::Center).build();
        button.connect_clicked({
            let asker = asker.clone();
            move |_| asker.ask(Ask::SetBypass(false))
        });
        let bar = gtk::Box::builder()
            .spacing(12)
            .accessible_role(gtk::AccessibleRole::Alert)
            .css_classes(["warning-bar"])
            .build();
        bar.append(&message);
        bar.append(&button);
        let root = gtk::Revealer::builder()
            .transition_type(gtk::RevealerTransitionType::SlideDown)
            .child(&bar)
            .build();
        Self { root, bar, text, reason, button }
    }

    pub(super) fn widget(&self) -> &gtk::Revealer {
        &self.root
    }

    /// Comes down while nothing is protected.
    pub(super) fn show(&self, panel: &Panel) {
        let protection = panel.protection();
        let words = off_words(&protection).filter(|_| panel.page() == Page::Main);
        // What goes away keeps its words while it does.
        if let Some(words) = &words {
            let reason = match (&protection, panel.bypass_until_usec()) {
                (Protection::SafeMode, _) => words::step_back(panel.step_back()),
                (Protection::Off, Some(until_usec)) => words::back_at(until_usec),
                _ => String::new(),
            };
            self.dress(&protection);
            set_text(&self.text, words);
            set_text(&self.reason, &reason);
            self.reason.set_visible(!reason.is_empty());
            a11y::set_label(&self.bar, words);
            a11y::set_description(&self.bar, &reason);
        }
        // Turning it on helps against a bypass only.
        self.button.set_visible(panel.bypass() || protection == Protection::SafeMode);
        self.root.set_reveal_child(words.is_some());
    }

    /// A choice of the person's is a narrow bar; what happened to them is a broad one.
    fn dress(&self, protection: &Protection) {
        let is_safe_mode = *protection == Protection::SafeMode;
        let (orientation, label) = if is_safe_mode {
            self.bar.add_css_class("safe-mode");
            (gtk::Orientation::Vertical, tr("_Bring Protection Back"))
        } else {
            self.bar.remove_css_class("safe-mode");
            (gtk::Orientation::Horizontal, tr("Turn _On"))
        };
        self.bar.set_orientation(orientation);
        set_mnemonic(&self.button, &label);
    }
}

fn line(css: &[&str]) -> gtk::Label {
    gtk::Label::builder()
        .use_markup(false)
        .wrap(true)
        .wrap_mode(gtk::pango::WrapMode::WordChar)
        .xalign(0.0)
        .css_classes(css.iter().map(ToString::to_string).collect::<Vec<_>>())
        .build()
}

/// Why streams are not protected, in a sentence; none when they are.
fn off_words(protection: &Protection) -> Option<String> {
    Some(match protection {
        Protection::On | Protection::Waiting => return None,
        Protection::Off => tr("Protection is off: every app plays straight to the device"),
        Protection::Sidelined => {
            tr("Nothing is protected: another program takes the sound past Headroom")
        }
        Protection::SafeMode => tr("Headroom stepped aside: nothing is protected"),
        Protection::Failing => tr("Nothing is protected: Headroom could not be started"),
        Protection::Unknown(word) => {
            trf("Do not count on protection: the service says “{word}”", &[("word", word)])
        }
    })
}
