//! Whether the window can be seen: mapped and not minimised.

use std::rc::Rc;

use adw::prelude::*;
use gtk::gdk;

use super::Msg;

/// Tells of every change.
pub(super) fn watch(window: &adw::ApplicationWindow, sender: &relm4::Sender<Msg>) {
    let tell = Rc::new({
        let sender = sender.clone();
        move |window: &adw::ApplicationWindow| sender.emit(Msg::Visible(is_seen(window)))
    });
    window.connect_map({
        let tell = Rc::clone(&tell);
        move |window| tell(window)
    });
    window.connect_unmap({
        let sender = sender.clone();
        move |_| sender.emit(Msg::Visible(false))
    });
    window.connect_realize(move |window| {
        let Some(surface) = window.surface() else { return };
        let (tell, window) = (Rc::clone(&tell), window.downgrade());
        if let Some(toplevel) = surface.downcast_ref::<gdk::Toplevel>() {
            toplevel.connect_state_notify(move |_| {
                if let Some(window) = window.upgrade() {
                    tell(&window);
                }
            });
        }
    });
}

fn is_seen(window: &adw::ApplicationWindow) -> bool {
    let minimised = window
        .surface()
        .and_then(|surface| surface.downcast::<gdk::Toplevel>().ok())
        .is_some_and(|toplevel| toplevel.state().contains(gdk::ToplevelState::MINIMIZED));
    window.is_mapped() && !minimised
}
