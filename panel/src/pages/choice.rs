//! A row with a list to choose from.

use adw::prelude::*;
use gtk::glib;

use super::plain_row;
use crate::widgets::a11y;

/// A row with a list that follows the service and not the hand.
#[derive(Debug)]
pub(super) struct Choice {
    pub(super) row: adw::ActionRow,
    drop: gtk::DropDown,
    handler: glib::SignalHandlerId,
}

impl Choice {
    /// Makes one that offers nothing; `choose` is called with the place in the list that a hand has chosen.
    pub(super) fn new(title: &str, choose: impl Fn(usize) + 'static) -> Self {
        let row = plain_row();
        row.set_title(title);
        row.set_title_lines(0);
        row.set_subtitle_lines(0);
        let drop =
            gtk::DropDown::builder().valign(gtk::Align::Center).factory(&short_texts()).build();
        a11y::set_label(&drop, title);
        // The button within is what screen readers meet.
        if let Some(button) = drop.first_child() {
            a11y::set_label(&button, title);
        }
        let handler = drop.connect_selected_notify(move |drop| {
            if drop.selected() != gtk::INVALID_LIST_POSITION {
                choose(drop.selected() as usize);
            }
        });
        row.add_suffix(&drop);
        Self { row, drop, handler }
    }

    fn quietly(&self, change: impl FnOnce(&gtk::DropDown)) {
        self.drop.block_signal(&self.handler);
        change(&self.drop);
        self.drop.unblock_signal(&self.handler);
    }

    /// Offers these.
    pub(super) fn offer(&self, texts: &[String]) {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        self.quietly(|drop| drop.set_model(Some(&gtk::StringList::new(&texts))));
    }

    /// Shows what is chosen; none where that is not offered.
    pub(super) fn show(&self, at: Option<usize>) {
        let at = at.and_then(|at| u32::try_from(at).ok()).unwrap_or(gtk::INVALID_LIST_POSITION);
        if self.drop.selected() != at {
            self.quietly(|drop| drop.set_selected(at));
        }
    }
}

/// Makes what a list shows shorter than its text where there is no room for it.
fn short_texts() -> gtk::SignalListItemFactory {
    let factory = gtk::SignalListItemFactory::new();
    factory.connect_setup(|_, item| {
        let Some(item) = item.downcast_ref::<gtk::ListItem>() else { return };
        let end = gtk::pango::EllipsizeMode::End;
        item.set_child(Some(
            &gtk::Label::builder().xalign(0.0).width_chars(7).ellipsize(end).build(),
        ));
    });
    factory.connect_bind(|_, item| {
        let Some(item) = item.downcast_ref::<gtk::ListItem>() else { return };
        let text = item.item().and_downcast::<gtk::StringObject>();
        let label = item.child().and_downcast::<gtk::Label>();
        if let (Some(label), Some(text)) = (label, text) {
            label.set_label(&text.string());
        }
    });
    factory
}
