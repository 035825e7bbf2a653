//! The chains of applications and the bus: what each is told, where levelling runs, and what each chain
//! of an application does.
//!
//! Which there are is decided in [`state`](crate::state); here they get their parameters.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::{Duration, Instant},
};

use headroom_api::{ChainKind, Chains, Gains, Problem, Route};
use headroom_dsp::{ChainMeters, ChainParams};
use headroom_profile::AppOverride;

use super::{comparison::Comparison, devices, memory::Memory};
use crate::{
    control::{Meters, device_gauges},
    policy::Policy,
    pw::Command,
    rt::Gauges,
    state::{
        AppChains, AppKey, ChainId, DeviceSetting, Graph, Leveller, MAX_APP_CHAINS, Pool,
        StreamStatus,
    },
};

/// How long levelling stays on the bus for streams that are to move to chains of their own.
const MOVING: Duration = Duration::from_secs(2);
/// How long after all have moved: their chains run, but their sound may take some cycles.
const ARRIVING: Duration = Duration::from_millis(200);

/// How long others stay ducked when what ducks them stops: a stream that is re-linked stops for a moment, and so does a call.
const DUCKED_FOR: Duration = Duration::from_secs(1);

/// Below this, a loudness says nothing about gain.
const AUDIBLE_LUFS: f32 = -70.0;

/// What the daemon keeps of applications' chains, and of where levelling runs.
///
/// What is heard is levelled once, and without a step: before streams leave their chains, the bus
/// takes levelling over from these, and their chains take it over from the bus only when all are in
/// them.
#[derive(Debug)]
pub(super) struct Apps {
    told: BTreeMap<ChainId, (AppOverride, ChainParams)>,
    /// What the bus was told last.
    bus: ChainParams,
    /// Where levelling runs; `None` before anything was followed.
    leveller: Option<Leveller>,
    /// Since when levelling is to leave the bus, while it has not.
    leaving: Option<Instant>,
    /// Since when all streams that were to move have, while levelling is to leave the bus.
    arrived: Option<Instant>,
    /// Until when it stays there for streams that move.
    stays_until: Option<Instant>,
    /// The ids of streams that have played since levelling was to leave the bus: on their way to their
    /// chains they do not.
    moving: BTreeSet<u64>,
    gauges: HashMap<ChainId, Gauges>,
    ducking: Ducking,
}

/// The applications that duck others, by how much, in dB, and since when they do not play any more.
type Ducking = HashMap<AppKey, (f64, Option<Instant>)>;

/// What is followed.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) graph: &'a Graph,
    pub(super) pool: &'a Pool,
    pub(super) chains: &'a AppChains,
    pub(super) streams: &'a [StreamStatus],
    pub(super) bypass: bool,
    /// Gain of what the bus plays to, above 0 dB.
    pub(super) gain_behind_bus_db: f32,
    /// What was chosen for the device that the bus plays to, and the gain of its volume, in dB.
    pub(super) device: &'a (DeviceSetting, f32),
    pub(super) policy: &'a Policy,
    pub(super) memory: &'a Memory,
    pub(super) comparison: &'a Comparison,
}

impl Apps {
    /// Begins with what the bus was told at first.
    pub(super) fn new(bus: ChainParams) -> Self {
        Self {
            told: BTreeMap::new(),
            bus,
            leveller: None,
            leaving: None,
            arrived: None,
            stays_until: None,
            moving: BTreeSet::new(),
            gauges: HashMap::new(),
            ducking: Ducking::new(),
        }
    }

    /// Returns what the bus was told last.
    pub(super) fn bus(&self) -> ChainParams {
        self.bus
    }

    /// Forgets every chain: PipeWire is gone, and they with it.
    pub(super) fn forget(&mut self) {
        *self = Self::new(self.bus);
    }

    /// Takes in that a chain was made.
    pub(super) fn add(&mut self, id: ChainId, gauges: Gauges) {
        self.gauges.insert(id, gauges);
    }

    /// Takes in that a chain goes.
    pub(super) fn retire(&mut self, id: ChainId) {
        self.gauges.remove(&id);
    }

    /// Returns when chains are to be looked at because a stream has not moved, or nothing ducks them any more.
    pub(super) fn due_at(&self) -> Option<Instant> {
        let over = self.ducking.values().filter_map(|(_, since)| Some((*since)? + DUCKED_FOR));
        self.stays_until.into_iter().chain(over).min()
    }

    /// Says whether the bus is to take levelling over from applications' chains.
    pub(super) fn is_to_leave(&self, policy: &Policy) -> bool {
        self.leveller == Some(Leveller::Apps) && leveller_of(policy) == Leveller::Bus
    }

    /// Follows the chains that there are; returns the commands that give each, and the bus, its
    /// parameters.
    pub(super) fn follow(&mut self, scene: Scene<'_>, now: Instant) -> Vec<Command> {
        let Scene { pool, chains, streams, bypass, policy, memory, comparison, .. } = scene;
        let before = self.leveller;
        let leveller = self.place(scene, now);
        self.leveller = Some(leveller);
        let bus = params_for(policy, leveller, bypass);
        let (device, volume_db) = scene.device;
        let bus = device.in_force(bus, *volume_db, bypass);
        let bus = devices::lowered(bus, policy, scene.gain_behind_bus_db);
        let overrides = overrides(streams);
        self.ducking = ducking(std::mem::take(&mut self.ducking), streams, now);
        let known = std::mem::take(&mut self.told);
        let (mut changed, mut recalls) = (BTreeMap::new(), Vec::new());
        for (id, app) in chains.iter() {
            let known = known.get(&id);
            let known_before = known.is_some();
            // While nothing of an application plays, its chain waits as it is.
            let wanted = overrides.get(app).or(known.map(|(wanted, _)| wanted));
            let wanted = wanted.copied().unwrap_or_default();
            let params = params_for_app(policy, leveller, bypass, &wanted);
            let params = ChainParams {
                without_db: comparison.without_db(id),
                trim_db: params.trim_db - ducked_db(&self.ducking, app),
                ..params
            };
            if known.is_none_or(|(_, told)| *told != params) {
                changed.insert(id, params);
            }
            if !known_before && let Some(programme_lufs) = memory.of(app) {
                recalls.push(Command::Recall { id, programme_lufs });
            }
            self.told.insert(id, (wanted, params));
        }
        // Chains that are to go, and may be played through until then.
        for (id, (wanted, params)) in known {
            if self.told.contains_key(&id) || !self.gauges.contains_key(&id) {
                continue;
            }
            let passive = params_for_app(policy, Leveller::Bus, bypass, &wanted);
            let wants = if leveller == Leveller::Bus { passive } else { params };
            if wants != params {
                changed.insert(id, wants);
            }
            self.told.insert(id, (wanted, wants));
        }
        // Before levelling is handed over: what stands then says more.
        let mut commands = recalls;
        if before.is_some_and(|before| before != leveller) && !bypass {
            let playing = self.playing_in(streams);
            let apps = changed.extract_if(.., |id, _| playing.contains(id)).collect();
            commands.push(Command::HandOver { to: leveller, bus, apps });
        } else if bus != self.bus {
            let buses = pool.of_kind(ChainKind::Bus);
            commands.extend(buses.map(|id| Command::SetParams { id, params: bus }));
        }
        self.bus = bus;
        commands.extend(changed.into_iter().map(|(id, params)| Command::SetParams { id, params }));
        commands
    }

    /// Decides where levelling is to run.
    fn place(&mut self, scene: Scene<'_>, now: Instant) -> Leveller {
        let wanted = leveller_of(scene.policy);
        let leaves_bus = self.leveller == Some(Leveller::Bus) && wanted == Leveller::Apps;
        self.stays_until = None;
        if !leaves_bus || scene.bypass {
            (self.leaving, self.arrived) = (None, None);
            return wanted;
        }
        if self.leaving.is_none() {
            self.moving.clear();
        }
        let leaving = *self.leaving.get_or_insert(now);
        self.moving.extend(scene.streams.iter().filter(|s| s.playing).map(|s| s.id));
        let mut moving = scene.streams.iter().filter(|s| self.moving.contains(&s.id));
        let until = if moving.any(|stream| is_to_come(scene, stream)) {
            self.arrived = None;
            leaving + MOVING
        } else if self.playing_in(scene.streams).is_empty() {
            now
        } else {
            *self.arrived.get_or_insert(now) + ARRIVING
        };
        if now < until {
            self.stays_until = Some(until);
            return Leveller::Bus;
        }
        (self.leaving, self.arrived) = (None, None);
        wanted
    }

    /// Returns the chains that something plays through, or is about to.
    fn playing_in(&self, streams: &[StreamStatus]) -> BTreeSet<ChainId> {
        let playing = streams.iter().filter(|s| s.playing || self.moving.contains(&s.id));
        playing.filter_map(StreamStatus::app_chain).collect()
    }

    /// Shows each stream's gauges of the chain that it plays through.
    pub(super) fn show(&self, streams: &[StreamStatus], meters: &mut Meters) {
        meters.set_chains(streams.iter().filter_map(|stream| {
            let chain = stream.chain?;
            Some((stream.id, (chain.kind(), self.gauges.get(&chain)?.clone())))
        }));
    }

    /// Returns what the chain does that a stream plays through in place of the bus; `None` without such a chain.
    pub(super) fn instead_of_bus(&self, stream: &StreamStatus) -> Option<Gains> {
        let chain = stream.chain.filter(|id| id.kind() == ChainKind::Device)?;
        Some(device_gauges(self.gauges.get(&chain)?).gains())
    }

    /// Returns the programme level that a chain has found, in LUFS, once it stands.
    pub(super) fn stable_programme(&self, id: ChainId) -> Option<f32> {
        let meters = self.gauges.get(&id)?.read();
        meters.programme_lufs.filter(|_| meters.programme_is_stable)
    }

    /// Returns by how much each chain makes its sound louder now, in dB, below 0 where it makes it softer.
    pub(super) fn raised_db(&self) -> BTreeMap<ChainId, f32> {
        let raised_db = |meters: ChainMeters| {
            let is_heard =
                meters.loudness_in_lufs > AUDIBLE_LUFS && meters.loudness_out_lufs > AUDIBLE_LUFS;
            if is_heard {
                meters.loudness_out_lufs - meters.loudness_in_lufs
            } else {
                meters.gain_db
            }
        };
        self.told
            .keys()
            .filter_map(|id| Some((*id, raised_db(self.gauges.get(id)?.read()))))
            .collect()
    }

    /// Returns what the chain does that a stream plays through; `None` without one of its own.
    pub(super) fn read(&self, stream: &StreamStatus) -> Option<ChainMeters> {
        let meters = self.gauges.get(&stream.app_chain()?)?.read();
        // What was loud when it stopped is not now.
        let silence = ChainMeters {
            gain_db: meters.gain_db,
            leveller_db: meters.leveller_db,
            programme_lufs: meters.programme_lufs,
            programme_is_stable: meters.programme_is_stable,
            ..ChainMeters::default()
        };
        Some(if stream.playing { meters } else { silence })
    }
}

/// Returns what is wanted of each application's chain: where its streams differ, by the newest of those that
/// are to be in it.
fn overrides(streams: &[StreamStatus]) -> HashMap<AppKey, AppOverride> {
    let of_chains = streams
        .iter()
        .map(|stream| (stream, &stream.decision))
        .filter(|(_, decision)| decision.route == Route::Processed);
    of_chains.filter_map(|(s, decision)| Some((s.identity.key()?, decision.app))).collect()
}

/// Returns the applications that duck others: those that play, and for a while those that did.
fn ducking(before: Ducking, streams: &[StreamStatus], now: Instant) -> Ducking {
    let ducks =
        |stream: &&StreamStatus| stream.playing && stream.decision.app.ducks_others_db > 0.0;
    let playing = streams.iter().filter(ducks);
    let mut ducking: Ducking = playing
        .filter_map(|s| Some((s.identity.key()?, (s.decision.app.ducks_others_db, None))))
        .collect();
    for (app, (db, since)) in before {
        let since = since.unwrap_or(now);
        if now < since + DUCKED_FOR {
            ducking.entry(app).or_insert((db, Some(since)));
        }
    }
    ducking
}

/// Returns how much softer an application is while others duck it, in dB: the most that any of them says. One that ducks
/// others is not ducked itself: both are to be heard.
fn ducked_db(ducking: &Ducking, app: &AppKey) -> f32 {
    if ducking.contains_key(app) {
        return 0.0;
    }
    ducking.values().fold(0.0, |most: f64, (db, _)| db.max(most)) as f32
}

/// Says whether a stream has a chain to go to, and is not heard through it yet.
fn is_to_come(scene: Scene<'_>, stream: &StreamStatus) -> bool {
    let Scene { graph, chains, .. } = scene;
    let decision = &stream.decision;
    let has_own = decision.route == Route::Processed;
    let plays_elsewhere = match stream.chain {
        // While it is re-linked it reaches no device.
        None => !stream.device.is_empty(),
        Some(id) => id.kind() == ChainKind::Device,
    };
    let own = stream.identity.key().and_then(|app| chains.of(&app));
    let Some(own) = own.filter(|_| has_own && !plays_elsewhere) else {
        return false;
    };
    let output = graph.chain(own).and_then(|chain| graph.node(chain.output));
    let is_heard = stream.playing && output.is_some_and(|output| output.running);
    stream.chain != Some(own) || !is_heard
}

/// Returns where the profile has levelling run.
pub(super) fn leveller_of(policy: &Policy) -> Leveller {
    match policy.profile().chains {
        Chains::Shared => Leveller::Bus,
        Chains::PerApp => Leveller::Apps,
    }
}

/// Returns the parameters of the bus.
///
/// Bypassed, it only keeps its promise: sound that still passes is limited, not levelled.
pub(super) fn params_for(policy: &Policy, leveller: Leveller, bypass: bool) -> ChainParams {
    let chain = match leveller {
        Leveller::Bus => policy.settings().chain,
        Leveller::Apps => policy.settings().chain.for_bus(),
    };
    ChainParams { dynamics_bypassed: bypass || chain.dynamics_bypassed, ..chain }
}

/// Returns the parameters of an application's chain; those of the limiter do not matter there.
///
/// Bypassed, or while the bus levels, it passes sound as it is, and goes on measuring.
fn params_for_app(
    policy: &Policy,
    leveller: Leveller,
    bypass: bool,
    wanted: &AppOverride,
) -> ChainParams {
    let chain = wanted.apply(policy.settings().chain);
    let passive = bypass || leveller == Leveller::Bus;
    ChainParams { dynamics_bypassed: passive || chain.dynamics_bypassed, ..chain }
}

/// Says that applications share the bus because there are too many; `limit` is how many files may be
/// open.
pub(super) fn problem_of(chains: &AppChains, limit: usize) -> Option<Problem> {
    let turned_away = chains.turned_away();
    let of = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let count = of(turned_away.len());
    (count > 0).then(|| Problem::ChainsFull {
        apps: turned_away.take(5).map(ToString::to_string).collect(),
        count,
        chain_limit: of(MAX_APP_CHAINS),
        file_limit: chains.is_short_of_means().then(|| of(limit)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Identity;

    fn key(app: &str) -> AppKey {
        Identity { app: app.to_owned(), ..Identity::default() }.key().unwrap()
    }

    #[test]
    fn most_that_plays_ducks_and_is_not_ducked_itself() {
        assert!(ducked_db(&Ducking::new(), &key("music")).abs() < 1e-6);
        let ducking = Ducking::from([(key("call"), (12.0, None)), (key("speech"), (6.0, None))]);
        assert!((ducked_db(&ducking, &key("music")) - 12.0).abs() < 1e-6);
        assert!(ducked_db(&ducking, &key("speech")).abs() < 1e-6);
    }

    #[test]
    fn others_stay_ducked_for_a_moment_when_a_call_stops() {
        let mut now = Instant::now();
        let mut ducked = Ducking::from([(key("call"), (12.0, None))]);
        ducked = ducking(ducked, &[], now);
        now += DUCKED_FOR / 2;
        ducked = ducking(ducked, &[], now);
        assert!(ducked.contains_key(&key("call")));
        now += DUCKED_FOR / 2;
        assert!(ducking(ducked, &[], now).is_empty());
    }
}
