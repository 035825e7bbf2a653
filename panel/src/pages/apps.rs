//! The page of applications: a card each, or what to do when none plays; and those that are remembered.

use adw::prelude::*;

use super::{Asker, app_card::AppCard, place_after, remembered::Remembered};
use crate::{
    i18n::tr,
    model::{App, Meters, Panel},
};

/// The page of applications.
#[derive(Debug)]
pub(crate) struct AppsPage {
    root: gtk::ScrolledWindow,
    empty: adw::StatusPage,
    cards: gtk::Box,
    apps: Vec<(String, AppCard)>,
    remembered: Remembered,
    asker: Asker,
}

impl AppsPage {
    pub(crate) fn new(asker: &Asker) -> Self {
        let cards = gtk::Box::new(gtk::Orientation::Vertical, 12);
        let empty = adw::StatusPage::builder()
            .icon_name("audio-volume-high-symbolic")
            .title(tr("Nothing is playing"))
            .description(tr(
                "Start a video, a call or some music: every app that plays appears here.",
            ))
            .vexpand(true)
            .build();
        let remembered = Remembered::new(asker);
        let column = gtk::Box::builder()
            .orientation(gtk::Orientation::Vertical)
            .spacing(24)
            .margin_top(18)
            .margin_bottom(18)
            .margin_start(12)
            .margin_end(12)
            .build();
        column.append(&empty);
        column.append(&cards);
        column.append(remembered.widget());
        let clamp = adw::Clamp::builder().maximum_size(640).child(&column).build();
        let root = gtk::ScrolledWindow::builder()
            .hscrollbar_policy(gtk::PolicyType::Never)
            .child(&clamp)
            .build();
        Self { root, empty, cards, apps: Vec::new(), remembered, asker: asker.clone() }
    }

    pub(crate) fn widget(&self) -> &gtk::ScrolledWindow {
        &self.root
    }

    /// Shows the applications; cards that are there stay.
    pub(crate) fn show(&mut self, panel: &Panel) {
        self.show_apps(panel.apps());
        self.remembered.show(panel.remembered());
    }

    fn show_apps(&mut self, apps: &[App]) {
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
        self.empty.set_visible(apps.is_empty());
        self.cards.set_visible(!apps.is_empty());
    }

    /// Moves the gauges.
    pub(crate) fn meter(&self, panel: &Panel, meters: &Meters) {
        for app in panel.apps() {
            if let Some((_, card)) = self.apps.iter().find(|(key, _)| *key == app.key) {
                card.meter(panel, app, meters);
            }
        }
    }

    /// Lets the gauges fall to rest.
    pub(crate) fn rest(&self) {
        for (_, card) in &self.apps {
            card.rest();
        }
    }
}
