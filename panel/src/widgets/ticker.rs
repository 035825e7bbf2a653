//! A frame callback that runs only while its widget is mapped and something moves.
#![forbid(unsafe_code)]

use std::cell::{Cell, RefCell};

use gtk::{glib, prelude::*};

/// The frame callback of one widget.
#[derive(Debug, Default)]
pub(super) struct Ticker {
    id: RefCell<Option<gtk::TickCallbackId>>,
    last_us: Cell<Option<i64>>,
}

impl Ticker {
    /// Starts to call `step` with the widget and the seconds since the last frame, until it returns `false`.
    ///
    /// Does nothing while the callback runs already or the widget is not mapped. `ticker` finds this ticker in the widget.
    pub(super) fn start<W: IsA<gtk::Widget>>(
        &self,
        widget: &W,
        ticker: impl Fn(&W) -> &Self + 'static,
        step: impl Fn(&W, f64) -> bool + 'static,
    ) {
        if self.id.borrow().is_some() || !widget.is_mapped() {
            return;
        }
        self.last_us.set(None);
        let id = widget.add_tick_callback(move |widget, clock| {
            let this = ticker(widget);
            let now_us = clock.frame_time();
            let elapsed_us =
                this.last_us.replace(Some(now_us)).map_or(0, |last_us| now_us - last_us);
            if step(widget, elapsed_us as f64 / 1e6) {
                glib::ControlFlow::Continue
            } else {
                // GTK removes the callback by itself: the id must not be used again.
                this.id.take();
                glib::ControlFlow::Break
            }
        });
        self.id.replace(Some(id));
    }

    /// Stops the callback.
    pub(super) fn stop(&self) {
        if let Some(id) = self.id.take() {
            id.remove();
        }
    }
}

/// Changes what a cell holds, in place.
pub(super) fn update<T: Copy, R>(cell: &Cell<T>, change: impl FnOnce(&mut T) -> R) -> R {
    let mut value = cell.get();
    let result = change(&mut value);
    cell.set(value);
    result
}

/// Keeps something that may change at every frame to a pace that can be read, or heard.
#[derive(Debug)]
pub(super) struct Pace {
    every_s: f64,
    waited_s: Cell<f64>,
}

impl Pace {
    /// Makes a pace of one change in `every_s` seconds; the first may come at once.
    pub(super) const fn every(every_s: f64) -> Self {
        Self { every_s, waited_s: Cell::new(f64::INFINITY) }
    }

    /// Lets `elapsed_s` seconds pass and tells whether a change, if there is one, is due now.
    pub(super) fn due(&self, elapsed_s: f64, changed: impl FnOnce() -> bool) -> bool {
        let waited_s = self.waited_s.get() + elapsed_s;
        let due = waited_s >= self.every_s && changed();
        self.waited_s.set(if due { 0.0 } else { waited_s });
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_change_is_due_at_once_and_the_next_after_the_pace() {
        let pace = Pace::every(0.5);
        assert!(pace.due(0.0, || true));
        assert!(!pace.due(0.4, || true));
        assert!(pace.due(0.2, || true));
    }

    #[test]
    fn what_has_not_changed_is_not_due_however_long_it_waits() {
        let pace = Pace::every(0.5);
        assert!(!pace.due(10.0, || false));
        assert!(pace.due(0.0, || true));
    }
}
