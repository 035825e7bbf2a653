//! The first screen of all: what is promised, and one choice.

use adw::prelude::*;

use super::{Asker, centre, emblem, plain_label, profiles::ProfileList, set_mnemonic, set_text};
use crate::{i18n::tr, model::Panel};

/// The profiles that a person who is new can tell apart.
const OFFERED: [&str; 3] = ["default", "night", "spike-protection"];

/// The screen.
#[derive(Debug)]
pub(crate) struct Welcome {
    root: gtk::ScrolledWindow,
    profiles: ProfileList,
    go_on: gtk::Button,
}

impl Welcome {
    /// Makes one whose link calls `more`.
    pub(crate) fn new(asker: &Asker, more: impl Fn() + 'static) -> Self {
        let title = plain_label(&["title-1"]);
        set_text(&title, &tr("No more sudden loud sound"));
        let lead = plain_label(&[]);
        set_text(
            &lead,
            &tr(
                "Headroom brings your apps to the same loudness, and holds back a blast before it reaches your ears.",
            ),
        );
        let profiles = ProfileList::titled(asker, &tr("What do you want?"));
        let go_on = gtk::Button::builder()
            .halign(gtk::Align::Center)
            .css_classes(["pill", "suggested-action"])
            .build();
        set_mnemonic(&go_on, &tr("_Continue"));
        go_on.connect_clicked({
            let asker = asker.clone();
            move |_| asker.end_introduction()
        });
        let link = gtk::Button::builder().halign(gtk::Align::Center).css_classes(["flat"]).build();
        set_mnemonic(&link, &tr("What Headroom _Does to Your System"));
        // A line that does not break widens a narrow window.
        if let Some(label) = link.child().and_downcast::<gtk::Label>() {
            label.set_wrap(true);
            label.set_justify(gtk::Justification::Center);
        }
        link.connect_clicked(move |_| more());

        let column = gtk::Box::builder()
            .orientation(gtk::Orientation::Vertical)
            .spacing(18)
            .valign(gtk::Align::Center)
            .margin_top(24)
            .margin_bottom(24)
            .margin_start(12)
            .margin_end(12)
            .build();
        column.append(&emblem());
        for label in [&title, &lead] {
            centre(label);
            column.append(label);
        }
        column.append(profiles.widget());
        column.append(&go_on);
        column.append(&link);
        let clamp = adw::Clamp::builder().maximum_size(480).child(&column).build();
        let root = gtk::ScrolledWindow::builder()
            .hscrollbar_policy(gtk::PolicyType::Never)
            .vexpand(true)
            .child(&clamp)
            .build();
        Self { root, profiles, go_on }
    }

    pub(crate) fn widget(&self) -> &gtk::ScrolledWindow {
        &self.root
    }

    /// Offers the profiles, and that in force where it is another one.
    pub(crate) fn show(&mut self, panel: &Panel) {
        let active = panel.active_profile();
        let offered = panel.profiles().iter();
        let offered =
            offered.filter(|(name, _)| OFFERED.contains(&name.as_str()) || name == active);
        self.profiles.show(&offered.cloned().collect::<Vec<_>>(), active);
    }

    /// Puts the focus where Enter goes on.
    pub(crate) fn begin(&self) {
        self.go_on.grab_focus();
    }
}
