//! What becomes of sound that a failure leaves unprotected: it goes on as it is, or softer until it is protected again.
//!
//! Runs on the control thread. What the person has switched off, left alone or pinned elsewhere is no failure.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use headroom_api::{ChainKind, FailurePolicy, LevelHeld, LevelReason, Problem, Route};

use super::effects::named;
use crate::state::{Controller, DeviceSettings, Graph, StreamStatus};

/// A stream that was sent to its chain is there within tens of milliseconds, or something is wrong.
const MOVED_WITHIN: Duration = Duration::from_secs(2);

/// What the policy asks for, and where.
pub(super) struct Scene<'a> {
    pub(super) graph: &'a Graph,
    /// Headroom has taken itself out of the way, and nobody has switched it off.
    pub(super) withdrawn: bool,
    /// Everything is switched off, which is the person's choice.
    pub(super) switched_off: bool,
    /// The profile's policy.
    pub(super) policy: FailurePolicy,
    /// What is chosen for single devices.
    pub(super) devices: &'a DeviceSettings,
}

/// The streams that a failure leaves unprotected, by their ids.
#[derive(Debug, Default)]
pub(super) struct Unprotected {
    /// Since when, and whether they are kept quiet.
    since: BTreeMap<u64, (Instant, bool)>,
}

impl Unprotected {
    /// Marks the streams that are to be kept quiet.
    pub(super) fn follow(&mut self, scene: &Scene<'_>, streams: &mut [StreamStatus], now: Instant) {
        let before = std::mem::take(&mut self.since);
        for stream in streams.iter_mut() {
            let known = before.get(&stream.id).copied();
            if !scene.fails(stream, known.is_some_and(|(_, quiet)| quiet)) {
                continue;
            }
            let (since, was_quiet) = known.unwrap_or((now, false));
            let is_quiet = was_quiet || scene.withdrawn || now >= since + MOVED_WITHIN;
            self.since.insert(stream.id, (since, is_quiet));
            if is_quiet {
                stream.controller = Some(Controller::KeptQuiet);
                stream.level_reason = LevelReason::held(LevelHeld::KeptQuiet);
            }
        }
    }

    /// Returns when a stream has been unprotected for too long; `None` while there is none.
    pub(super) fn due_at(&self) -> Option<Instant> {
        let waiting = self.since.values().filter(|(_, quiet)| !quiet);
        waiting.map(|(since, _)| *since + MOVED_WITHIN).min()
    }
}

impl Scene<'_> {
    /// Says whether a failure leaves a stream unprotected that is to be quiet then. One that `was_quiet` stays so until it is
    /// protected, although its links are being changed.
    fn fails(&self, stream: &StreamStatus, was_quiet: bool) -> bool {
        let is_failure = self.withdrawn || stream.reason.lag.is_some() || was_quiet;
        // What was chosen for a device is looked up last: hardly any stream gets that far.
        let policy = || self.devices.of(&stream.device).failure.unwrap_or(self.policy);
        is_failure
            && !self.switched_off
            && stream.audible
            && stream.decision.route == Route::Processed
            && stream.chain_kind() == ChainKind::None
            && self.graph.node(stream.node).is_some_and(|node| node.volume.is_some())
            && policy() == FailurePolicy::Quiet
    }
}

/// Returns the problem that there is while somebody is kept quiet.
pub(super) fn problem_of(streams: &[StreamStatus]) -> Option<Problem> {
    let quiet = streams.iter().filter(|stream| stream.is_kept_quiet());
    let apps: BTreeSet<&str> = quiet.map(|stream| stream.identity.app.as_str()).collect();
    let (apps, count) = named(&apps);
    (count > 0).then_some(Problem::KeptQuiet { apps, count })
}
