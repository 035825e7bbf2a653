//! The chains of applications: what each is told, and what each does.
//!
//! Which there are is decided in [`state`](crate::state); here they get their parameters.

use std::{
    collections::{BTreeMap, HashMap},
    time::Instant,
};

use headroom_api::{ProblemRow, Route};
use headroom_dsp::{AppMeters, ChainParams};
use headroom_profile::AppOverride;

use super::problems::problem;
use crate::{
    control::Meters,
    policy::Policy,
    pw::Command,
    rt::AppGauges,
    state::{AppChains, AppKey, ChainInUse, MAX_APP_CHAINS, StreamStatus},
};

/// What the daemon keeps of applications' chains.
#[derive(Debug, Default)]
pub(super) struct Apps {
    told: BTreeMap<u32, (AppOverride, ChainParams)>,
    gauges: HashMap<u32, AppGauges>,
    expiry: Option<Instant>,
}

impl Apps {
    /// Forgets every chain: PipeWire is gone, and they with it.
    pub(super) fn forget(&mut self) {
        self.told.clear();
        self.gauges.clear();
        self.expiry = None;
    }

    /// Takes in that a chain was made.
    pub(super) fn add(&mut self, number: u32, gauges: AppGauges) {
        self.gauges.insert(number, gauges);
    }

    /// Takes in that a chain goes.
    pub(super) fn retire(&mut self, number: u32) {
        self.gauges.remove(&number);
    }

    /// Returns when a chain is to be looked at because its application has ended.
    pub(super) fn due_at(&self) -> Option<Instant> {
        self.expiry
    }

    /// Follows the chains that there are; returns the commands that give each its parameters.
    pub(super) fn follow(
        &mut self,
        chains: &AppChains,
        streams: &[StreamStatus],
        bypass: bool,
        policy: &Policy,
        now: Instant,
    ) -> Vec<Command> {
        // What could not be done when it was due is done with whatever happens next.
        self.expiry = chains.next_expiry().filter(|at| *at > now);
        let wishes = wishes(streams);
        let before = std::mem::take(&mut self.told);
        let mut commands = Vec::new();
        for (number, app) in chains.iter() {
            let known = before.get(&number);
            // While nothing of an application plays, its chain waits as it is.
            let wanted = wishes.get(app).or(known.map(|(wanted, _)| wanted));
            let wanted = wanted.copied().unwrap_or_default();
            let params = params_for_app(policy, bypass, &wanted);
            if known.is_none_or(|(_, told)| *told != params) {
                commands.push(Command::SetAppParams { app: number, params });
            }
            self.told.insert(number, (wanted, params));
        }
        commands
    }

    /// Shows each stream's gauges of the chain that it plays through.
    pub(super) fn show(&self, streams: &[StreamStatus], meters: &mut Meters) {
        meters.set_chains(streams.iter().filter_map(|stream| match stream.chain {
            ChainInUse::App(number) => Some((stream.id, self.gauges.get(&number)?.clone())),
            ChainInUse::None | ChainInUse::Bus | ChainInUse::Device(_) => None,
        }));
    }

    /// Returns what the chain does that a stream plays through; `None` without one of its own.
    pub(super) fn read(&self, stream: &StreamStatus) -> Option<AppMeters> {
        let ChainInUse::App(number) = stream.chain else { return None };
        let meters = self.gauges.get(&number)?.read();
        // What was loud when it stopped is not now.
        let silence = AppMeters { agc_gain_db: meters.agc_gain_db, ..AppMeters::default() };
        Some(if stream.playing { meters } else { silence })
    }
}

/// Returns what is wanted of each application's chain: where its streams differ, by the newest of those that
/// are to be in it.
fn wishes(streams: &[StreamStatus]) -> HashMap<AppKey, AppOverride> {
    let of_chains = streams
        .iter()
        .map(|stream| (stream, &stream.decision))
        .filter(|(_, decision)| decision.route == Route::Processed && decision.app.chain);
    of_chains.filter_map(|(s, decision)| Some((s.identity.key()?, decision.app))).collect()
}

/// Returns the parameters of an application's chain; those of the limiter do not matter there.
///
/// Bypassed, it passes sound as it is, and goes on measuring.
fn params_for_app(policy: &Policy, bypass: bool, wanted: &AppOverride) -> ChainParams {
    let chain = wanted.apply(policy.settings().chain);
    ChainParams { dynamics_bypassed: bypass || chain.dynamics_bypassed, ..chain }
}

/// Says that applications share the bus because there are too many.
pub(super) fn problem_of(chains: &AppChains) -> Option<ProblemRow> {
    let turned_away = chains.turned_away();
    let count = turned_away.len();
    let names: Vec<String> = turned_away.take(5).map(ToString::to_string).collect();
    let names = names.join(", ");
    let more = if count > 5 { format!(" and {} more", count - 5) } else { String::new() };
    (count > 0).then(|| {
        let sentence = format!(
            "{MAX_APP_CHAINS} applications have a chain of their own already, so these are limited \
             but not levelled: {names}{more}. Close some, or use a profile with chains = \"shared\"."
        );
        problem("chains-full", &names, &sentence)
    })
}
