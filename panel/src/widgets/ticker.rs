//! One clock for all widgets of a window: it runs only while one of them is mapped and moves.
//!
//! All of them step in the same frames, so that a frame without a step draws nothing. Each step is at least [`STEP_US`]
//! after the one before: a bar that falls by some pixels at a time is as smooth to the eye, at half of the work of a
//! screen of 60 frames a second, and at a fifth of one with 144.
#![forbid(unsafe_code)]

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use gtk::{glib, prelude::*};

/// The least time between two steps, in microseconds: a little less than two frames of 60 a second.
const STEP_US: i64 = 30_000;

/// What one widget does in a step of so many seconds; `false` ends it.
type Step = Rc<dyn Fn(f64) -> bool>;

thread_local! {
    /// The clocks of the windows that have something moving, on GTK's thread.
    static CLOCKS: RefCell<Vec<Clock>> = const { RefCell::new(Vec::new()) };
}

/// The clock of one window.
struct Clock {
    window: glib::WeakRef<gtk::Widget>,
    steps: Vec<(usize, Step)>,
}

/// A widget's place on the clock of its window.
#[derive(Debug, Default)]
pub(super) struct Ticker {
    /// Whether it is on the clock, under this number.
    number: Rc<Cell<Option<usize>>>,
}

impl Ticker {
    /// Starts to call `step` with the widget and the seconds since the last step, until it returns `false`.
    ///
    /// Does nothing while that runs already or the widget is not mapped.
    pub(super) fn start<W: IsA<gtk::Widget>>(
        &self,
        widget: &W,
        step: impl Fn(&W, f64) -> bool + 'static,
    ) {
        let Some(window) = widget.root().map(Cast::upcast::<gtk::Widget>) else { return };
        if self.number.get().is_some() || !widget.is_mapped() {
            return;
        }
        let number = next_number();
        self.number.set(Some(number));
        let (weak, own) = (widget.downgrade(), Rc::clone(&self.number));
        let step: Step = Rc::new(move |elapsed_s| {
            let goes_on = weak.upgrade().is_some_and(|widget| step(&widget, elapsed_s));
            if !goes_on && own.get() == Some(number) {
                own.set(None);
            }
            goes_on
        });
        CLOCKS.with_borrow_mut(|clocks| {
            let known =
                clocks.iter_mut().find(|clock| clock.window.upgrade().as_ref() == Some(&window));
            if let Some(clock) = known {
                clock.steps.push((number, step));
            } else {
                clocks.push(Clock { window: window.downgrade(), steps: vec![(number, step)] });
                run(&window);
            }
        });
    }

    /// Takes the widget off the clock.
    pub(super) fn stop(&self) {
        let Some(number) = self.number.take() else { return };
        CLOCKS.with_borrow_mut(|clocks| {
            for clock in clocks {
                clock.steps.retain(|(known, _)| *known != number);
            }
        });
    }
}

fn next_number() -> usize {
    thread_local! {
        static NEXT: Cell<usize> = const { Cell::new(0) };
    }
    NEXT.replace(NEXT.get().wrapping_add(1))
}

/// Runs the clock of a window until nothing is on it.
fn run(window: &gtk::Widget) {
    let last_us = Cell::new(None);
    window.add_tick_callback(move |window, frame_clock| {
        let now_us = frame_clock.frame_time();
        let elapsed_us = now_us - last_us.get().unwrap_or(now_us - STEP_US);
        if elapsed_us < STEP_US {
            return glib::ControlFlow::Continue;
        }
        last_us.set(Some(now_us));
        let is_own = |clock: &Clock| clock.window.upgrade().as_ref() == Some(window);
        // A step may start or stop others: the clock is not held meanwhile.
        let steps = CLOCKS.with_borrow(|clocks| {
            clocks.iter().find(|clock| is_own(clock)).map(|clock| clock.steps.clone())
        });
        let mut ended = Vec::new();
        for (number, step) in steps.unwrap_or_default() {
            if !step(elapsed_us as f64 / 1e6) {
                ended.push(number);
            }
        }
        CLOCKS.with_borrow_mut(|clocks| {
            if let Some(clock) = clocks.iter_mut().find(|clock| is_own(clock)) {
                clock.steps.retain(|(number, _)| !ended.contains(number));
            }
            clocks.retain(|clock| !clock.steps.is_empty());
            if clocks.iter().any(is_own) {
                glib::ControlFlow::Continue
            } else {
                glib::ControlFlow::Break
            }
        })
    });
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
