//! Brings the graph to what is wanted, and the bus to what is true.

use std::time::Instant;

use headroom_api::{ChainKind, Problem};
use tracing::{debug, info, warn};

use super::{
    Daemon,
    apps::{self, Scene},
    devices, effects, failure_policy, problems,
    safety::Off,
    sleep_until,
};
use crate::{
    clock::monotonic_usec,
    control::{self, View},
    descriptors::{Affordable, Needs},
    policy::Policy,
    pw::{Command, Tap, TapKind},
    state::{self, Desired, GraphCommand, Pins, StreamStatus},
    store::Remembered,
};

/// Tells the log what has become of each stream that is not as it was: what was decided, where it plays, and why.
fn trace(before: &[StreamStatus], now: &[StreamStatus]) {
    for stream in now.iter().filter(|stream| !before.contains(stream)) {
        debug!(
            stream = stream.id,
            node = stream.node,
            route = stream.route.as_str(),
            decision = ?stream.decision,
            chain = ?stream.chain,
            links = ?stream.links,
            controller = ?stream.controller,
            reason = %stream.reason,
            "a stream settled"
        );
    }
}

fn level_tap(stream: &StreamStatus) -> Tap {
    Tap { kind: TapKind::Level, node: stream.node, channels: stream.channels }
}

impl Daemon {
    /// Brings the graph to what is desired and the bus to what is true.
    pub(super) async fn settle(&mut self) {
        if self.pin_file.follow() {
            self.ownership.forget_fresh_pins();
        }
        let now = Instant::now();
        self.pace.keep(now);
        self.share_ceilings();
        self.follow_guards();
        self.follow_profile();
        if let Some(recording) = &mut self.recording {
            recording.settle();
        }
        if self.apps.is_to_leave(&self.policy) {
            // Before a stream leaves its chain.
            let shown = self.shown.borrow().clone();
            self.follow_apps(&shown.streams, now);
        }
        let chains = self.affordable().app_chains;
        self.ownership.set_affordable_apps(chains);
        let desired = desired(self.off(), &self.remembered, &self.policy, self.pin_file.pins());
        let settled = state::settle(&self.graph, desired, &mut self.ownership, now);
        // What could not be done when it was due is done with whatever happens next.
        self.expiry = self.ownership.next_expiry().filter(|at| *at > now);
        // Before the first write, so that a crash in between leaves nothing unknown.
        self.session.targets = self.ownership.journal();
        self.session.bypass_until_msec = self.bypass_term.end_msec();
        self.session.chosen_meanwhile = self.scheduler.chosen().cloned();
        self.save_session();
        let depends = !settled.commands.is_empty();
        self.execute(settled.commands);
        if depends {
            self.pulse.watch(&self.pipewire);
        }
        if self.ownership.is_in_flight(&self.graph) {
            self.write_again.arm(Instant::now());
        } else {
            self.write_again.rest();
        }
        if self.ownership.devices().doubts_default(&self.graph) {
            self.doubt.arm(Instant::now());
        } else {
            self.doubt.rest();
        }
        let mut streams = settled.streams;
        if self.ownership.is_quiet(now) {
            self.nudges.pause();
        } else {
            self.nudges.follow(&self.graph, &mut streams, now);
        }
        let scene = failure_policy::Scene {
            graph: &self.graph,
            withdrawn: self.withdrawal().is_some(),
            switched_off: self.session.bypass,
            policy: self.policy.settings().failure,
            devices: &self.remembered.devices,
        };
        self.unprotected.follow(&scene, &mut streams, now);
        let view = self.view(streams);
        trace(&self.shown.borrow().streams, &view.streams);
        let sources = state::volume_sources(&view.streams, self.ownership.apps());
        for command in self.volumes.follow(sources) {
            self.pipewire.send(command);
        }
        self.follow_apps(&view.streams, now);
        self.follow_starvation(view.streams.iter().any(StreamStatus::is_on_bus));
        let exposure_changed = self.follow_exposure(&view.streams);
        self.follow_history(&view.streams);
        self.replacement.follow(view.streams.iter().any(|stream| stream.playing), now);
        self.guardian.watch(view.streams.iter().any(StreamStatus::is_in_a_chain));
        self.signs.state(view.state);
        let commands = self.app_volumes.follow(&self.graph, &view.streams, &mut self.meters);
        self.send_app_volumes(commands);
        self.tap(&view.streams, exposure_changed);
        if let Err(error) = control::publish(&self.served, &self.shown, view).await {
            warn!(%error, "failed to announce a change");
        }
        // Who asks once more is told what the answer promised.
        self.answer_moves(now);
    }

    /// Has PipeWire's thread bring the graph closer to what is wanted.
    pub(super) fn execute(&mut self, commands: Vec<GraphCommand>) {
        for command in commands {
            if let GraphCommand::Retire { id } = command {
                self.apps.retire(id);
                self.history.retire(id);
                self.volumes.retire(id);
            }
            self.pipewire.send(Command::of(command, self.apps.bus()));
        }
    }

    /// Gives the bus, every application's and every device's chain its parameters, and shows what they
    /// do.
    fn follow_apps(&mut self, streams: &[StreamStatus], now: Instant) {
        let bypass = self.off().bypass;
        let (graph, pool, chains) = (&self.graph, self.ownership.pool(), self.ownership.apps());
        let (policy, memory, comparison) = (&self.policy, &self.memory, &self.comparison);
        let gain_behind_bus_db = devices::gain_behind_bus_db(self.ownership.devices(), graph);
        let settings = &self.remembered.devices;
        let behind_bus = self.ownership.devices().bound().map(str::to_owned);
        let behind_bus = behind_bus.or_else(|| graph.default_device_name()).unwrap_or_default();
        let device = (settings.of(&behind_bus), graph.device_volume_db(&behind_bus));
        let scene = Scene {
            graph,
            pool,
            chains,
            streams,
            bypass,
            gain_behind_bus_db,
            device: &device,
            policy,
            memory,
            comparison,
        };
        for command in self.apps.follow(scene, now) {
            self.pipewire.send(command);
        }
        self.apps.show(streams, &mut self.meters);
        let devices = self.ownership.devices();
        let world = (&self.graph, &self.policy, &self.remembered.devices);
        for command in self.devices.follow(devices, world, self.apps.bus()) {
            self.pipewire.send(command);
        }
    }

    /// Has chains that play to one device hold its ceiling together, before anything that takes longer.
    fn share_ceilings(&mut self) {
        let shares = state::shares(&self.graph);
        if self.shares.as_ref() != Some(&shares) {
            debug!(?shares, "ceilings are shared");
            self.pipewire.send(Command::ShareCeilings(shares.clone()));
            self.shares = Some(shares);
        }
    }

    /// Returns what the limit of open files allows.
    fn affordable(&self) -> Affordable {
        let pool = self.ownership.pool();
        let needs = Needs {
            channels: self.graph.bus().map_or(2, |bus| bus.channels.count()),
            device_chains: pool.count(ChainKind::Device),
            streams: self.graph.streams().count(),
        };
        self.descriptors.affordable(needs, pool.count(ChainKind::App))
    }

    /// Has every stream tapped whose level somebody wants to know, and no other.
    fn tap(&mut self, streams: &[StreamStatus], exposure_changed: bool) {
        let watched = self.meters.has_subscribers();
        let mut wanted: Vec<&StreamStatus> = streams
            .iter()
            .filter(|stream| (watched || stream.has_app_volume()) && stream.audible)
            .collect();
        // What is lowered goes before what is only shown.
        wanted.sort_by_key(|stream| !stream.has_app_volume());
        let taps: Vec<(Tap, u64)> = wanted
            .into_iter()
            .map(|stream| (level_tap(stream), stream.id))
            .take(self.affordable().taps)
            .collect();
        let known = self.sums.tap();
        let sum = self.sums.follow(&self.graph, streams);
        if self.taps == taps && sum == known && !exposure_changed {
            return;
        }
        for (tap, stream) in &self.taps {
            if !taps.contains(&(*tap, *stream)) {
                self.meters.drop_tap(*stream);
            }
        }
        self.meters.expect_taps(taps.iter().map(|(_, stream)| *stream));
        let all = taps.iter().map(|(tap, _)| *tap).chain(sum).chain(self.exposures.taps());
        self.pipewire.send(Command::SetTaps(all.collect()));
        self.taps = taps;
    }

    fn view(&mut self, streams: Vec<StreamStatus>) -> View {
        let now = monotonic_usec();
        self.since = streams
            .iter()
            .map(|stream| {
                let known = self.since.get(&stream.id).filter(|(route, _)| *route == stream.route);
                (stream.id, (stream.route, known.map_or(now, |(_, since)| *since)))
            })
            .collect();
        let (state, found) = problems::judge(&self.graph, self.session.bypass, self.withdrawal());
        let (state, effects) = effects::judge(state, &self.graph, &streams);
        let mut problems = self.damage.clone();
        problems.extend(self.save_failure.clone());
        problems.extend(self.sandbox.problem());
        problems.extend(self.policy.problems());
        problems.extend(self.scheduler.problem(&self.policy.profile().name));
        problems.extend(self.safety_problems());
        problems.extend(found);
        problems.extend(apps::problem_of(self.ownership.apps(), self.descriptors.limit()));
        problems.extend(effects);
        problems.extend(failure_policy::problem_of(&streams));
        problems.extend(self.sums.problem(&self.graph));
        problems.extend(devices::problems_of(self.ownership.devices(), &self.graph));
        let amplified = devices::amplified(self.ownership.devices(), &self.graph, &self.policy);
        problems.extend(amplified.into_iter().filter(|_| !self.off().bypass));
        let treatments = &self.remembered.treatments;
        View {
            state,
            problems,
            bypass: self.off().bypass,
            bypass_until_usec: self.bypass_term.end_usec(),
            compare_until_usec: self.comparison.term.end_usec(),
            introduced: self.remembered.introduced,
            history_enabled: self.remembered.history,
            exposure_enabled: self.remembered.exposure,
            exposure_warnings: self.remembered.exposure_warnings,
            active_profile: self.policy.profile().name.clone(),
            profile_by: self.scheduler.by(),
            profile_until_usec: self.scheduler.until_usec(),
            schedules: self.remembered.schedules.clone(),
            chains: self.policy.profile().chains,
            devices: self.policy.profile().devices,
            profiles: self.policy.descriptions(),
            settings: self.policy.settings(),
            device_settings: self.remembered.devices.clone(),
            treatments: treatments.iter().map(|(app, it)| (app.to_owned(), it)).collect(),
            outputs: control::outputs(
                &self.graph,
                self.ownership.devices(),
                &streams,
                self.off().bypass,
            ),
            streams,
            output: control::output(&self.graph, self.vitals.snapshot(), self.off().bypass),
        }
    }

    /// Waits until app volume control is to look at its readings; for ever while nothing plays.
    pub(super) async fn app_volumes_due(&self) {
        sleep_until(self.app_volumes.due_at()).await;
    }

    pub(super) fn serve_app_volumes(&mut self) {
        let shown = self.shown.borrow().clone();
        let params = self.policy.settings().app_volume;
        let now = Instant::now();
        let commands = self.app_volumes.serve(now, &shown.streams, &params, &mut self.meters);
        self.send_app_volumes(commands);
    }

    /// Sends soft volumes, after the journal has those that are to be put back one day.
    pub(super) fn send_app_volumes(&mut self, commands: Vec<Command>) {
        self.session.levelled = self.app_volumes.journal();
        self.save_session();
        for command in commands {
            self.pipewire.send(command);
        }
    }

    pub(super) fn reload_profiles(&mut self) {
        if let Some(watch) = &mut self.watch {
            watch.follow();
        }
        let known = self.policy.problems();
        if self.policy.reload() {
            info!(profile = self.policy.profile().name, "the profiles were read again");
            self.warn_of_profiles(&known);
        }
    }

    /// Tells the journal what is wrong with the profiles and was not wrong before.
    pub(super) fn warn_of_profiles(&mut self, known: &[Problem]) {
        for problem in self.policy.problems().iter().filter(|it| !known.contains(it)) {
            warn!("{problem}");
        }
    }

    pub(super) fn save_session(&mut self) {
        if self.saved == self.session {
            return;
        }
        match self.store.save_session(&self.session) {
            Ok(()) => {
                self.saved.clone_from(&self.session);
                self.save_failure = None;
            }
            Err(error) => {
                let (file, error) = ("session.toml".to_owned(), error.to_string());
                self.save_failure = Some(Problem::SessionNotSaved { file, error });
            }
        }
    }
}

/// Returns what is wanted of the graph.
pub(super) fn desired<'a>(
    off: Off,
    remembered: &'a Remembered,
    policy: &'a Policy,
    pins: &'a Pins,
) -> Desired<'a> {
    let chain = policy.settings().chain;
    let levels = chain.leveller.enabled && !chain.dynamics_bypassed;
    Desired {
        bypass: off.bypass,
        dormant: off.dormant,
        treatments: &remembered.treatments,
        profile: policy.profile(),
        level_enabled: policy.settings().app_volume.enabled,
        limits_left_alone: policy.settings().limits_left_alone,
        leveller: levels.then(|| apps::leveller_of(policy)),
        pins,
    }
}
