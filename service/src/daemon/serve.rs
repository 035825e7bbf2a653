//! What the bus asks for, one request after another.

use std::{mem, time::Instant};

use headroom_api::{Dict, Error, Result, quotable};
use headroom_profile::Value;
use tracing::{debug, info};

use super::{Daemon, Remembered};
use crate::{
    control::{self, Reply, Request, Standing, StreamLoudness, View},
    state::{self, StreamStatus, Volume, knows_volume},
    writer::Kept,
};

impl Daemon {
    pub(super) fn serve(&mut self, request: Request) {
        // An answer that nobody waits for any more is no failure: `send` results are dropped.
        match request {
            Request::SetBypass(bypass, reply) => {
                let answer = self.refuse_while_away().map(|()| self.set_bypass(bypass));
                let _ = reply.send(answer);
            }
            Request::BypassFor(seconds, reply) => {
                let answer = self.refuse_while_away().map(|()| self.bypass_for(seconds));
                let _ = reply.send(answer);
            }
            Request::Compare(seconds, reply) => drop(reply.send(self.compare(seconds))),
            Request::SetIntroduced(on, reply) => self.switch(reply, on, |it| &mut it.introduced),
            Request::SetHistory(on, reply) => self.switch(reply, on, |it| &mut it.history),
            Request::SetExposure(on, reply) => self.switch(reply, on, |it| &mut it.exposure),
            Request::SetExposureWarnings(on, reply) => {
                self.switch(reply, on, |it| &mut it.exposure_warnings);
            }
            Request::Exposure { range_usec, step_usec, reply } => {
                self.tell_exposure(range_usec, step_usec, reply);
            }
            Request::Catches { since_usec, limit, reply } => {
                self.history.catches(since_usec, limit, reply);
            }
            Request::History { range_usec, step_usec, reply } => {
                self.history.played(range_usec, step_usec, reply);
            }
            Request::ClearHistory(reply) => self.history.clear(reply),
            Request::UseProfile(name, reply) => self.use_profile(&name, reply),
            Request::ShowProfile(name, reply) => drop(reply.send(self.policy.show(&name))),
            // Answered when they have been read, which is soon.
            Request::ReloadProfiles(reply) => self.reloads.ask(reply, Instant::now()),
            Request::ListSettings(reply) => drop(reply.send(Ok(self.policy.list_settings()))),
            Request::GetSetting(key, reply) => drop(reply.send(self.policy.get_setting(&key))),
            Request::SetSetting { key, value, reply } => {
                let changed = self.policy.set(&key, &value);
                self.keep_setting(&key, changed, reply);
            }
            Request::ResetSetting(key, reply) => {
                let changed = self.policy.reset(&key);
                self.keep_setting(&key, changed, reply);
            }
            Request::SetTreatment { app, choice, reply } => {
                let choose = |known: &mut Remembered| Ok(known.treatments.choose(&app, choice)?);
                self.choose_for_app(reply, choose);
            }
            Request::UnsetTreatment { app, reply } => {
                let unset =
                    |known: &mut Remembered| Ok(known.treatments.unset(&app).map(|()| true)?);
                self.choose_for_app(reply, unset);
            }
            Request::SetDeviceSetting { device, key, value, reply } => {
                let known = match (key.as_str(), &value) {
                    ("profile", Value::Word(name)) => self.policy.check_profile(name),
                    _ => Ok(()),
                };
                let set = |remembered: &mut Remembered| {
                    known?;
                    remembered.devices.set(&device, &key, &value)
                };
                self.choose(reply, set);
            }
            Request::ResetDeviceSetting { device, key, reply } => {
                self.choose(reply, |known| known.devices.reset(&device, &key));
            }
            Request::SetDeviceMaximum(device, reply) => self.set_device_maximum(&device, reply),
            Request::SetStreamVolume { stream, change, reply } => {
                self.move_volume(stream, change, reply);
            }
            Request::SetSchedule { profile, schedule, reply } => {
                let known = self.policy.check_profile(&profile);
                self.choose(reply, |remembered| {
                    known?;
                    remembered.schedules.set(&profile, &schedule)
                });
            }
            Request::UnsetSchedule(profile, reply) => {
                self.choose(reply, |known| known.schedules.unset(&profile));
            }
            Request::ForgetLevels { app, reply } => {
                self.memory.start_over();
                self.keeper.forget_level(self.memory.hand_out(), app, reply);
            }
            Request::ForgetEffects(reply) => {
                let streams = self.shown.borrow().streams.clone();
                self.execute(state::forget_effects(&streams));
                let _ = reply.send(Ok(()));
            }
            Request::Explain { stream, reply } => drop(reply.send(self.explain(stream))),
            // Answered when the loop thread has answered, or has not.
            Request::Health(reply) => self.pulse.ask(&self.pipewire, reply),
            Request::Subscribe { client, process, hz, reply } => {
                let _ = reply.send(self.meters.subscribe(client, process, hz));
            }
            Request::Unsubscribe { client, reply } => {
                self.meters.unsubscribe(&client);
                if let Some(reply) = reply {
                    let _ = reply.send(Ok(()));
                }
            }
            Request::GetMeters(reply) => self.meters.read_once(reply),
        }
    }

    fn explain(&self, stream: u64) -> Result<Dict> {
        let shown = self.shown.borrow().clone();
        let found = shown.streams.iter().find(|known| known.id == stream);
        let found = found.ok_or_else(|| no_such_stream(stream, &shown))?;
        let since = self.since.get(&stream).map_or(0, |(_, since)| *since);
        let profile = (&*shown.active_profile, shown.profile_by);
        let (state_file, loudness) = (self.store.state_file(), self.loudness_of(found));
        Ok(control::explain(found, profile, state_file, since, loudness).to_dict())
    }

    /// Answers those who asked for the vital signs, as far as it is known by now.
    pub(super) fn answer_health(&mut self) {
        for (reply, responding) in self.pulse.take_answerable(Instant::now()) {
            let standing = Standing {
                uptime: self.started.elapsed(),
                supervision: &self.supervision,
                failures: self.failures.count(),
                starved_cycles: self.starvation.starved_cycles(),
                responding,
            };
            let health = control::health(&self.graph, &self.vitals, &standing);
            let _ = reply.send(Ok(health.to_dict()));
        }
    }

    fn loudness_of(&self, stream: &StreamStatus) -> StreamLoudness {
        let volume = self.graph.node(stream.node).and_then(|node| node.volume.as_ref());
        StreamLoudness {
            level_db: self.app_volumes.gain_db(stream.id),
            volume_db: volume.map(Volume::gain_db),
            volume_known: stream
                .is_levelled()
                .then(|| knows_volume(stream, self.volumes.sources())),
            device_gain_db: Some(self.graph.amplification_db(&stream.device))
                .filter(|db| *db > 0.0),
            remembered_lufs: stream.identity.key().and_then(|app| self.memory.of(&app)),
            app: self.apps.read(stream),
            last: self.apps.instead_of_bus(stream).unwrap_or_else(|| self.meters.bus_gains()),
        }
    }

    fn use_profile(&mut self, name: &str, reply: Reply<()>) {
        let before = self.policy.wanted().to_owned();
        if let Err(error) = self.policy.use_profile(name) {
            let _ = reply.send(Err(error));
            return;
        }
        self.take_chosen_profile();
        if before != name {
            info!(profile = name, "another profile is in force");
        }
        if self.scheduler.choose(name) {
            // Until the scheduled time is over: the one that was chosen for good comes back after it.
            let _ = reply.send(Ok(()));
            return;
        }
        self.choose(reply, |known| {
            // Chosen again, it says that it is this one that counts, whatever another session has chosen.
            let changed = before != name;
            if changed {
                name.clone_into(&mut known.profile);
            }
            Ok(changed)
        });
    }

    /// Keeps one setting of the active profile as it is in force.
    fn keep_setting(&mut self, key: &str, changed: Result<bool>, reply: Reply<()>) {
        if !matches!(changed, Ok(true)) {
            let _ = reply.send(changed.map(drop));
            return;
        }
        let profile = self.policy.profile().name.clone();
        let own = self.policy.overlays().get(&profile);
        let value = own.and_then(|overlay| overlay.get(key)).cloned();
        let mut remembered = self.remembered.clone();
        let overlay = remembered.overlays.entry(profile).or_default();
        match value {
            Some(value) => drop(overlay.insert(key.to_owned(), value)),
            None => drop(overlay.remove(key)),
        }
        remembered.overlays.retain(|_, overlay| !overlay.is_empty());
        self.keeper.set(&self.remembered, &remembered, reply);
        self.remembered = remembered;
    }

    /// Makes a choice, puts it in force, and acknowledges it when it is kept.
    pub(super) fn choose(
        &mut self,
        reply: Reply<()>,
        change: impl FnOnce(&mut Remembered) -> Result<bool>,
    ) {
        let mut remembered = self.remembered.clone();
        match change(&mut remembered) {
            Ok(_) => {
                self.keeper.choose(&self.remembered, &remembered, reply);
                self.remembered = remembered;
            }
            Err(error) => drop(reply.send(Err(error))),
        }
    }

    /// Makes the choice of a switch.
    fn switch(&mut self, reply: Reply<()>, on: bool, which: fn(&mut Remembered) -> &mut bool) {
        self.choose(reply, |known| Ok(mem::replace(which(known), on) != on));
    }

    /// Makes a choice for an application, which is put in force on PipeWire's streams.
    fn choose_for_app(
        &mut self,
        reply: Reply<()>,
        change: impl FnOnce(&mut Remembered) -> Result<bool>,
    ) {
        match self.refuse_while_away() {
            Ok(()) => self.choose(reply, change),
            Err(error) => drop(reply.send(Err(error))),
        }
    }

    /// Takes in what the writer thread tells: what was written, and what another session's service has kept.
    ///
    /// The profile is each session's own until it ends: another one is no change of this one's.
    pub(super) async fn take_kept(&mut self, kept: Kept) {
        let kept = match kept {
            Kept::Levels(learned) => return self.memory.take_back(learned),
            Kept::Choices(kept) => kept,
        };
        let Some(remembered) = self.keeper.take(kept, &self.remembered) else { return };
        debug!("another service has kept a choice");
        self.remembered = remembered;
        self.policy.adopt(&self.remembered.overlays);
        self.settle().await;
    }

    /// Has what another session's service may have kept looked for.
    pub(super) fn follow_choices(&mut self) {
        if let Some(watch) = &mut self.choice_watch {
            watch.follow();
        }
        self.keeper.follow();
    }

    /// What cannot be put in force is not promised.
    pub(super) fn refuse_while_away(&self) -> Result<()> {
        match &self.graph.pipewire_version {
            Some(_) => Ok(()),
            None => Err(Error::NotReady(
                "PipeWire is away, so nothing was changed: try again when it is back".into(),
            )),
        }
    }
}

pub(super) fn no_such_stream(stream: u64, shown: &View) -> Error {
    let known: Vec<String> = shown
        .streams
        .iter()
        .take(20)
        .map(|stream| format!("{} ({})", stream.id, quotable(&stream.identity.app)))
        .collect();
    let known = if known.is_empty() { "nobody plays".to_owned() } else { known.join(", ") };
    Error::NoSuchStream(format!("there is no stream {stream}: {known}"))
}
