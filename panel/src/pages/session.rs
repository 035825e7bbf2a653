//! Whether the service starts with the session: a switch that only a Flatpak has.

use adw::prelude::*;

use super::{FollowSwitch, plain_row};
use crate::{
    i18n::{tr, trf},
    model::Denial,
};

/// A group with the switch.
#[derive(Debug)]
pub(crate) struct SessionGroup {
    group: adw::PreferencesGroup,
    switch: FollowSwitch,
}

impl SessionGroup {
    /// Makes one that calls `request` with what a person asks for.
    pub(crate) fn new(request: impl Fn(bool) + 'static) -> Self {
        let switch = FollowSwitch::new(request);
        let row = plain_row();
        row.set_title(&tr("Start with the session"));
        row.set_subtitle(&tr("Apps are protected from login on, also while this window is closed"));
        row.set_title_lines(0);
        row.set_subtitle_lines(0);
        row.add_suffix(switch.widget());
        row.set_activatable_widget(Some(switch.widget()));
        let group = adw::PreferencesGroup::new();
        group.add(&row);
        Self { group, switch }
    }

    pub(crate) fn widget(&self) -> &adw::PreferencesGroup {
        &self.group
    }

    /// Shows what the desktop has granted.
    pub(crate) fn show(&self, on: bool) {
        self.switch.show(on);
    }
}

/// What the desktop may show a person who is asked.
pub(crate) fn reason() -> String {
    tr("Headroom protects what apps play from login on, also while its window is closed.")
}

/// Why the desktop did not do what was wanted, and what to do.
pub(crate) fn denial(denial: &Denial) -> String {
    match denial {
        Denial::Refused => trf(
            "The desktop did not allow it. Allow Headroom to run in the background in its settings, or run {command}.",
            &[("command", &"flatpak permission-reset com.example.Headroom")],
        ),
        Denial::NoPortal => trf(
            "This desktop has no portal that could do it. Have it start {command} at login.",
            &[("command", &"flatpak run --command=headroom com.example.Headroom status")],
        ),
        Denial::NoAnswer => tr("The desktop did not answer in time."),
        Denial::Failed(sentence) => sentence.clone(),
    }
}
