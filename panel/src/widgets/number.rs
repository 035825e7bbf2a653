//! A number with its buttons, which asks for what a person chose once the hand rests.
#![forbid(unsafe_code)]

use std::rc::Rc;

use gtk::{glib, prelude::*};

use super::{a11y, delayed::Delayed, wheel};

/// How near two numbers are that count as one.
const NEAR: f64 = 1e-9;

/// A spin button that follows the service and not the hand.
#[derive(Debug)]
pub(crate) struct Number {
    spin: gtk::SpinButton,
    handler: glib::SignalHandlerId,
    delayed: Delayed,
}

impl Number {
    /// Makes one for a range, which calls `set` with what a person chose; `name` and `unit` are for those who cannot
    /// see it.
    pub(crate) fn new(
        (min, max): (f64, f64),
        step: f64,
        (name, unit): (&str, &str),
        set: impl Fn(f64) + 'static,
    ) -> Self {
        let spin = gtk::SpinButton::with_range(min, max, step);
        spin.set_digits(1);
        spin.set_alignment(1.0);
        spin.set_width_chars(5);
        spin.set_valign(gtk::Align::Center);
        spin.set_numeric(true);
        spin.set_snap_to_ticks(false);
        a11y::set_label(&spin, name);
        if !unit.is_empty() {
            a11y::set_description(&spin, unit);
        }
        wheel::after_click(&spin);
        let (delayed, set) = (Delayed::default(), Rc::new(set));
        let handler = spin.connect_value_changed({
            let delayed = delayed.clone();
            move |spin| {
                let (set, value) = (Rc::clone(&set), spin.value());
                delayed.later(move || set(value));
            }
        });
        Self { spin, handler, delayed }
    }

    /// Returns the spin button, to be put somewhere.
    pub(crate) fn widget(&self) -> &gtk::SpinButton {
        &self.spin
    }

    /// Shows what the service says, unless a newer number waits to be asked for.
    pub(crate) fn show(&self, number: f64) {
        if self.delayed.is_waiting() || (self.spin.value() - number).abs() < NEAR {
            return;
        }
        self.spin.block_signal(&self.handler);
        self.spin.set_value(number);
        self.spin.unblock_signal(&self.handler);
    }
}
