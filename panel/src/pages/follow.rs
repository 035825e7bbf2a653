//! A switch that follows the service and not the click.

use gtk::{glib, prelude::*};

/// A switch that asks for the other state when it is turned, and settles only when told that it is so.
#[derive(Clone, Debug)]
pub(crate) struct FollowSwitch {
    switch: gtk::Switch,
    handler: std::rc::Rc<glib::SignalHandlerId>,
}

impl FollowSwitch {
    /// Makes one that calls `request` with the state that a person asks for.
    pub(crate) fn new(request: impl Fn(bool) + 'static) -> Self {
        let switch = gtk::Switch::builder().valign(gtk::Align::Center).build();
        // The knob moves with the hand; the colour, which is the state, waits for the service.
        let handler = switch.connect_state_set(move |switch, on| {
            if switch.state() != on {
                request(on);
            }
            glib::Propagation::Stop
        });
        Self { switch, handler: std::rc::Rc::new(handler) }
    }

    /// Returns the switch, to be put somewhere.
    pub(crate) fn widget(&self) -> &gtk::Switch {
        &self.switch
    }

    /// Shows what the service says.
    ///
    /// Touches the switch only where it differs: writing would end its animation half-way.
    pub(crate) fn show(&self, on: bool) {
        if self.switch.is_active() == on && self.switch.state() == on {
            return;
        }
        self.switch.block_signal(&self.handler);
        self.switch.set_active(on);
        self.switch.set_state(on);
        self.switch.unblock_signal(&self.handler);
    }
}
