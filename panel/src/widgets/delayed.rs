//! Requests of a hand that moves: those that wait until it rests, and those that follow it at a pace.

use std::{cell::RefCell, fmt, rc::Rc, time::Duration};

use gtk::glib;

/// How long a value must rest before it is asked for.
const REST: Duration = Duration::from_millis(150);

/// How long it is from one request to the next while the hand moves.
const PACE: Duration = Duration::from_millis(100);

/// Holds back a request until no newer one has come for a moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Delayed(Rc<RefCell<Option<glib::SourceId>>>);

impl Delayed {
    /// Does `act` when it is not replaced by a newer one within the moment.
    pub(crate) fn later(&self, act: impl FnOnce() + 'static) {
        self.after(REST, act);
    }

    /// The same within a moment of another length.
    pub(crate) fn after(&self, rest: Duration, act: impl FnOnce() + 'static) {
        let slot = Rc::clone(&self.0);
        let source = glib::timeout_add_local_once(rest, move || {
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

/// What is to be done next.
type Act = Box<dyn FnOnce()>;

/// Does the first request at once and then the newest at a pace, the last one too.
#[derive(Clone, Default)]
pub(crate) struct Paced(Rc<RefCell<Pacing>>);

#[derive(Default)]
struct Pacing {
    runs: bool,
    next: Option<Act>,
}

impl fmt::Debug for Paced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Paced")
    }
}

impl Paced {
    /// Does `act`, now or when its time has come, if it is the newest then.
    pub(crate) fn act(&self, act: impl FnOnce() + 'static) {
        {
            let mut pacing = self.0.borrow_mut();
            if pacing.runs {
                pacing.next = Some(Box::new(act));
                return;
            }
            pacing.runs = true;
        }
        act();
        let pacing = Rc::clone(&self.0);
        glib::timeout_add_local(PACE, move || {
            // What is done may ask for more.
            let next = pacing.borrow_mut().next.take();
            if let Some(act) = next {
                act();
                return glib::ControlFlow::Continue;
            }
            pacing.borrow_mut().runs = false;
            glib::ControlFlow::Break
        });
    }
}
