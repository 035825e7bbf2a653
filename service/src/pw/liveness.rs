//! Whether PipeWire still answers on both of our connections.
//!
//! A socket that is open and silent looks like one on which nothing happens, and one that the library
//! has stopped reading (out of descriptors, nonsense on the wire) tells an error like that of an object
//! that went while it was being asked. So each client asks for an answer now and then, and whenever
//! there was such an error; one that is missing for too long is a loss like any other.

use std::time::{Duration, Instant};

/// An answer takes some milliseconds; a server that takes so long hangs.
pub(super) const LOST_AFTER: Duration = Duration::from_secs(10);
/// The same after an error.
pub(super) const LOST_AFTER_ERROR: Duration = Duration::from_secs(2);

/// The answers that are missing.
#[derive(Debug, Default)]
pub(super) struct Liveness {
    core: Option<i32>,
    node_core: Option<i32>,
    lost_at: Option<Instant>,
}

impl Liveness {
    /// Takes in what both clients were asked, by the numbers of their questions, and until when they
    /// are to be answered; an earlier question is answered with this one.
    pub(super) fn ask(&mut self, (core, node_core): (i32, i32), until: Instant) {
        (self.core, self.node_core) = (Some(core), Some(node_core));
        self.lost_at = Some(self.lost_at.map_or(until, |earlier| earlier.min(until)));
    }

    /// Takes in an answer to the client that watches the graph.
    pub(super) fn core_answered(&mut self, number: i32) {
        self.core.take_if(|asked| *asked == number);
        self.rest();
    }

    /// Takes in an answer to the client that has our nodes.
    pub(super) fn node_core_answered(&mut self, number: i32) {
        self.node_core.take_if(|asked| *asked == number);
        self.rest();
    }

    /// Returns when the connection counts as lost; `None` while no answer is missing.
    pub(super) fn lost_at(&self) -> Option<Instant> {
        self.lost_at
    }

    fn rest(&mut self) {
        if self.core.is_none() && self.node_core.is_none() {
            self.lost_at = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_clients_must_answer_what_they_were_asked() {
        let now = Instant::now();
        let mut liveness = Liveness::default();
        assert_eq!(liveness.lost_at(), None);
        liveness.ask((7, 3), now + LOST_AFTER);
        assert_eq!(liveness.lost_at(), Some(now + LOST_AFTER));
        // An older question's.
        liveness.core_answered(6);
        liveness.node_core_answered(3);
        assert!(liveness.lost_at().is_some(), "one of them has not answered");
        liveness.core_answered(7);
        assert_eq!(liveness.lost_at(), None);
        liveness.core_answered(8);
        assert_eq!(liveness.lost_at(), None);
    }

    #[test]
    fn error_shortens_the_wait_and_more_do_not_lengthen_it() {
        let now = Instant::now();
        let mut liveness = Liveness::default();
        liveness.ask((7, 3), now + LOST_AFTER);
        for number in 0..100 {
            let later = now + Duration::from_millis(10 * number);
            liveness.ask((8, 4), later + LOST_AFTER_ERROR);
        }
        assert_eq!(liveness.lost_at(), Some(now + LOST_AFTER_ERROR));
        liveness.core_answered(8);
        liveness.node_core_answered(4);
        assert_eq!(liveness.lost_at(), None);
    }
}
