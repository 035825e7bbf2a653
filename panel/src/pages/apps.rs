//! The page of applications: a card each, or what to do when none plays.

use adw::prelude::*;

use super::{Asker, app_card::AppCard, place_after};
use crate::{
    i18n::tr,
    model::{App, Meters, Panel},
};

const EMPTY: &str = "empty";
const LIST: &str = "list";

/// The page of applications.
#[derive(Debug)]
pub(crate) struct AppsPage {
    root: gtk::Stack,
    cards: gtk::Box,
    apps: Vec<(String, AppCard)>,
    asker: Asker,
}

impl AppsPage {
    pub(crate) fn new(asker: &Asker) -> Self {
        let cards = gtk::Box::builder()
            .orientation(gtk::Orientation::Vertical)
            .spacing(12)
            .margin_top(18)
            .margin_bottom(18)
            .margin_start(12)
            .margin_end(12)
            .build();
        let clamp = adw::Clamp::builder().maximum_size(640).child(&cards).build();
        let scroll = gtk::ScrolledWindow::builder()
            .hscrollbar_policy(gtk::PolicyType::Never)
            .child(&clamp)
            .build();
        let empty = adw::StatusPage::builder()
            .icon_name("audio-volume-high-symbolic")
            .title(tr("Nothing is playing"))
            .description(tr(
                "Start a video, a call or some music: every app that plays appears here.",
            ))
            .build();
        let root = gtk::Stack::builder()
            .transition_type(gtk::StackTransitionType::Crossfade)
            .hhomogeneous(false)
            .vhomogeneous(false)
            .build();
        root.add_named(&empty, Some(EMPTY));
        root.add_named(&scroll, Some(LIST));
        Self { root, cards, apps: Vec::new(), asker: asker.clone() }
    }

    pub(crate) fn widget(&self) -> &gtk::Stack {
        &self.root
    }

    /// Shows the applications; cards that are there stay.
    pub(crate) fn show(&mut self, apps: &[App]) {
        self.apps.retain(|(key, card)| {
            let stays = apps.iter().any(|app| app.key == *key);
            if !stays {
                self.cards.remove(card.widget());
            }
            stays
        });
        let mut before: Option<gtk::Widget> = None;
        for app in apps {
            let at = self.apps.iter().position(|(key, _)| *key == app.key);
            let at = at.unwrap_or_else(|| {
                let card = AppCard::new(&self.asker);
                self.cards.append(card.widget());
                self.apps.push((app.key.clone(), card));
                self.apps.len() - 1
            });
            let card = &mut self.apps[at].1;
            card.show(app);
            place_after(&self.cards, card.widget().upcast_ref(), before.as_ref());
            before = Some(card.widget().clone().upcast());
        }
        self.root.set_visible_child_name(if apps.is_empty() { EMPTY } else { LIST });
    }

    /// Moves the gauges.
    pub(crate) fn meter(&self, panel: &Panel, meters: &Meters) {
        for (_, card) in &self.apps {
            card.meter(panel, meters);
        }
    }

    /// Lets the gauges fall to rest.
    pub(crate) fn rest(&self) {
        for (_, card) in &self.apps {
            card.rest();
        }
    }
}
