//! The page that takes the window's place when there is nothing to show: what is wrong, and the way out.

use adw::prelude::*;
use gtk::glib;

use super::{Asker, icon_button, set_mnemonic};
use crate::{
    i18n::{tr, trf},
    model::{Ask, Page},
};

/// The command that sets the service up for this user.
const INSTALL: &str = "headroom install apply";

/// The page with a picture, a sentence and at most one button.
#[derive(Debug)]
pub(crate) struct StatusView {
    page: adw::StatusPage,
    detail: gtk::Label,
    spinner: gtk::Spinner,
    start: gtk::Button,
    install: gtk::Box,
}

impl StatusView {
    pub(crate) fn new(asker: &Asker) -> Self {
        let spinner = gtk::Spinner::builder().width_request(32).height_request(32).build();
        let detail = gtk::Label::builder()
            .use_markup(false)
            .selectable(true)
            .wrap(true)
            .wrap_mode(gtk::pango::WrapMode::WordChar)
            .justify(gtk::Justification::Center)
            .css_classes(["dim-label"])
            .build();
        let start = gtk::Button::builder()
            .halign(gtk::Align::Center)
            .css_classes(["pill", "suggested-action"])
            .build();
        start.connect_clicked({
            let asker = asker.clone();
            move |_| asker.ask(Ask::StartService)
        });
        let install = way_in(asker);
        let below = gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(18).build();
        below.append(&spinner);
        below.append(&detail);
        below.append(&install);
        below.append(&start);
        let page = adw::StatusPage::builder().vexpand(true).child(&below).build();
        Self { page, detail, spinner, start, install }
    }

    pub(crate) fn widget(&self) -> &adw::StatusPage {
        &self.page
    }

    /// Shows what is wrong; `detail` is what the service or the bus says of it.
    pub(crate) fn show(&self, page: &Page, detail: &str) {
        let words = Words::of(page);
        self.page.set_icon_name(words.icon);
        // Both take markup.
        self.page.set_title(&glib::markup_escape_text(&words.title));
        self.page.set_description(Some(&glib::markup_escape_text(&words.text)));
        self.install.set_visible(*page == Page::NotInstalled);
        self.detail.set_text(plain(detail));
        self.detail.set_visible(!detail.is_empty());
        self.start.set_visible(page.way_out().is_some());
        let start =
            if *page == Page::NotInstalled { tr("_Try Again") } else { tr("_Start Headroom") };
        set_mnemonic(&self.start, &start);
        let waits = matches!(page, Page::Connecting | Page::Waiting);
        self.spinner.set_visible(waits);
        self.spinner.set_spinning(waits);
    }
}

/// The command that sets the service up, to be copied.
fn way_in(asker: &Asker) -> gtk::Box {
    let command = gtk::Label::builder()
        .label(INSTALL)
        .use_markup(false)
        .selectable(true)
        .wrap(true)
        .css_classes(["monospace"])
        .build();
    let copy =
        icon_button("edit-copy-symbolic", &trf("Copy “{command}”", &[("command", &INSTALL)]));
    copy.connect_clicked({
        let asker = asker.clone();
        move |_| asker.copy(INSTALL)
    });
    let row = gtk::Box::builder().spacing(6).halign(gtk::Align::Center).build();
    row.append(&command);
    row.append(&copy);
    row
}

/// Leaves out the name that the bus gives an error; what follows is for people.
fn plain(detail: &str) -> &str {
    match detail.split_once(": ") {
        Some((name, rest)) if name.contains('.') && !name.contains(' ') => rest,
        _ => detail,
    }
}

struct Words {
    icon: Option<&'static str>,
    title: String,
    text: String,
}

impl Words {
    fn of(page: &Page) -> Self {
        let words = |icon, title, text| Self { icon: Some(icon), title, text };
        match page {
            Page::Connecting | Page::Main => {
                Self { icon: None, title: tr("Looking for Headroom"), text: String::new() }
            }
            Page::NoBus(_) => words(
                "dialog-error-symbolic",
                tr("No session bus"),
                tr(
                    "The panel reaches Headroom over the session bus, and there is none here. Start the panel from your desktop.",
                ),
            ),
            Page::NotInstalled => words(
                "dialog-error-symbolic",
                tr("Headroom is not installed"),
                tr(
                    "The panel is here, its service is not. Sound plays as it is until then. In a terminal, this sets it up:",
                ),
            ),
            Page::NotRunning(_) => words(
                "security-low-symbolic",
                tr("Headroom is not running"),
                tr("Sound plays as it is, unprotected."),
            ),
            Page::Silent(_) => words(
                "dialog-warning-symbolic",
                tr("Headroom does not answer"),
                tr(
                    "It is there, but says nothing. The panel keeps trying; restarting the service may help.",
                ),
            ),
            Page::PipeWireAway => words(
                "audio-volume-muted-symbolic",
                tr("The sound system is away"),
                tr(
                    "PipeWire does not answer. Headroom waits for it, and carries on by itself when it is back.",
                ),
            ),
            Page::SessionManagerMissing => words(
                "dialog-warning-symbolic",
                tr("No session manager runs"),
                tr(
                    "Nothing connects apps to Headroom. Start WirePlumber 0.5 or newer, or log out and in again.",
                ),
            ),
            Page::SessionManagerTooOld => words(
                "dialog-warning-symbolic",
                tr("WirePlumber is too old"),
                tr(
                    "Headroom needs WirePlumber 0.5 or newer. Install it, then log in again. Sound plays as it is until then.",
                ),
            ),
            Page::Waiting => words(
                "content-loading-symbolic",
                tr("Waiting for the sound system"),
                tr("Headroom carries on by itself as soon as it can."),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn the_name_of_an_error_is_left_out_and_its_sentence_is_not() {
        let raw = "org.freedesktop.DBus.Error.Spawn.ChildExited: Process x exited with status 1";
        assert_eq!(plain(raw), "Process x exited with status 1");
        assert_eq!(plain("It is away: wait"), "It is away: wait");
        assert_eq!(plain(""), "");
    }
}
