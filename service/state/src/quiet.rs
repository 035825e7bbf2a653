//! A Bluetooth headset that changes its profile.
//!
//! Its device goes, and comes back a second later as another one. The session manager looks at no stream for 2 s then,
//! so that nothing plays on the loudspeakers meanwhile; but whatever is written about a stream, and every new node, has
//! it look at once. So nothing is asked for until then.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use super::Graph;
use crate::event::GlobalId;

/// The session manager looks at no stream for 2 s; what it tells afterwards takes a moment.
const LASTS: Duration = Duration::from_millis(2200);

/// Whether nothing is to be asked of the session manager.
#[derive(Debug, Default)]
pub(super) struct Quiet {
    /// The devices of headsets that are there.
    headsets: BTreeSet<GlobalId>,
    until: Option<Instant>,
}

impl Quiet {
    /// Takes in which headsets are there; says whether one has gone just now.
    pub(super) fn follow(&mut self, graph: &Graph, now: Instant) -> bool {
        let headsets: BTreeSet<GlobalId> = graph.headsets().collect();
        if self.headsets.difference(&headsets).next().is_some() {
            self.until = Some(now + LASTS);
        }
        self.headsets = headsets;
        self.until = self.until.filter(|until| now < *until);
        self.until.is_some()
    }

    /// Returns when it ends; `None` where nothing is held back.
    pub(super) fn end(&self) -> Option<Instant> {
        self.until
    }
}
