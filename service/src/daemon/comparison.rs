//! Sound as it would be without levelling, as loud as with it, for some seconds: to hear the difference.
//!
//! Ceiling and cap stay. It ends by itself, and with whatever else the person chooses meanwhile; a restart of the
//! service forgets it.

use std::{collections::BTreeMap, io, time::Duration};

use headroom_api::{Chains, Error, Result};
use tracing::info;

use super::{Daemon, term::Term};
use crate::state::ChainId;

/// What is heard in place of levelling, while somebody compares.
#[derive(Debug)]
pub(super) struct Comparison {
    pub(super) term: Term,
    /// The gain of each application's chain, in dB.
    without_db: BTreeMap<ChainId, f32>,
}

impl Comparison {
    /// Makes one that has not begun.
    ///
    /// # Errors
    /// When no more files can be opened.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { term: Term::new()?, without_db: BTreeMap::new() })
    }

    /// Returns the gain that a chain has in place of levelling, in dB; `None` while nobody compares, and for a chain that
    /// came meanwhile.
    pub(super) fn without_db(&self, id: ChainId) -> Option<f32> {
        self.without_db.get(&id).copied()
    }

    /// Ends it.
    pub(super) fn cancel(&mut self) {
        self.term.cancel();
        self.without_db.clear();
    }
}

impl Daemon {
    /// Plays without levelling for so many seconds, as loud as with it; 0 ends that.
    pub(super) fn compare(&mut self, seconds: u32) -> Result<()> {
        self.refuse_while_away()?;
        self.comparison.cancel();
        if seconds == 0 {
            return Ok(());
        }
        if self.off().bypass {
            return Err(Error::NotReady(
                "Headroom is off, so there is no difference to hear: turn it on first".to_owned(),
            ));
        }
        if self.policy.profile().chains != Chains::PerApp {
            return Err(Error::NotReady(format!(
                "all applications share one chain with the profile '{}', and that is not compared: choose another profile",
                self.policy.profile().name
            )));
        }
        self.comparison.without_db = self.apps.raised_db();
        self.comparison.term.start(Duration::from_secs(seconds.into()));
        info!(without_db = ?self.comparison.without_db, seconds, "comparing");
        Ok(())
    }

    /// Ends a comparison when its time is over.
    pub(super) fn end_comparison(&mut self) {
        if self.comparison.term.is_over() {
            self.comparison.cancel();
        }
    }
}
