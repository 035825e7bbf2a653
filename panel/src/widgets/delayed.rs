//! A request that waits until the hand rests: a slider or a field sends its last value, not every one on the way.

use std::{cell::RefCell, rc::Rc, time::Duration};

use gtk::glib;

/// How long a value must rest before it is asked for.
const REST: Duration = Duration::from_millis(150);

/// Holds back a request until no newer one has come for a moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Delayed(Rc<RefCell<Option<glib::SourceId>>>);

impl Delayed {
    /// Does `act` when it is not replaced by a newer one within the moment.
    pub(crate) fn later(&self, act: impl FnOnce() + 'static) {
        let slot = Rc::clone(&self.0);
        let source = glib::timeout_add_local_once(REST, move || {
            slot.take();
            act();
        });
        if let Some(older) = self.0.replace(Some(source)) {
            older.remove();
        }
    }

    /// Says whether a request waits, and what the service says is old news therefore.
    pub(crate) fn is_waiting(&self) -> bool {
        self.0.borrow().is_some()
    }
}
