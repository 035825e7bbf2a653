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

    /// Tells whether the callback runs.
    #[cfg(test)]
    pub(super) fn runs(&self) -> bool {
        self.id.borrow().is_some()
    }
}
