//! What PipeWire tells, and what is tried again when it tells nothing.

use std::time::Instant;

use anyhow::bail;
use tokio::sync::mpsc::UnboundedReceiver;
use tracing::{error, info, warn};

use super::{Daemon, backoff::Backoff, pace::Weight, settle::desired, sleep_until, sums::Sums};
use crate::{
    pw::{Command, Event},
    state::{self, ChainId, ChainInfo, DEFAULT_DEVICE_KEY, GraphEvent, MetadataName},
};

impl Daemon {
    /// Takes an event, and those that have come behind it; returns how much depends on them.
    ///
    /// # Errors
    /// When no more will come.
    pub(super) fn take_events(
        &mut self,
        first: Event,
        events: &mut UnboundedReceiver<Event>,
    ) -> anyhow::Result<Weight> {
        let mut weight = Weight::Nothing;
        let mut next = Some(first);
        while let Some(event) = next {
            if matches!(event, Event::Ended) {
                bail!("the thread that speaks with PipeWire has broken down");
            }
            weight = weight.max(Weight::of(&event, &self.graph));
            self.take_event(event);
            next = events.try_recv().ok();
        }
        Ok(weight)
    }

    pub(super) fn take_event(&mut self, event: Event) {
        let event = match event {
            Event::BusMeters(reader) => return self.meters.set_reader(reader),
            Event::Tap { node, reader } => {
                let Some(reader) = self.sums.take_reader(node, reader) else { return };
                if let Some((_, stream)) = self.taps.iter().find(|(tap, _)| tap.node == node) {
                    self.meters.set_tap(*stream, reader);
                }
                return;
            }
            Event::Exposure { node, reader } => return self.exposures.add(node, reader),
            Event::Pong(number) => {
                self.signs.take_pong();
                return self.pulse.take_pong(number);
            }
            Event::Gauges { id, gauges } => return self.apps.add(id, gauges),
            Event::Account { id, reader } => return self.history.add(id, reader),
            Event::Graph(event) => event,
            Event::Ended => return,
        };
        if let Some(recording) = &mut self.recording {
            recording.note(&event);
        }
        match &event {
            GraphEvent::Connected { .. } => {
                self.bus_again.rest();
                self.sandbox.rest();
            }
            GraphEvent::Disconnected { reason } => {
                if self.graph.absence.is_none() {
                    warn!(reason, "PipeWire is away: waiting for it");
                }
                self.sandbox.arm(Instant::now());
                // No connection has no data thread, and nothing plays.
                self.guardian.watch(false);
                // Serials start anew with it: nothing of ours is left to take back.
                self.ownership.forget();
                self.app_volumes.forget();
                self.apps.forget();
                self.count_exposure();
                self.exposures.forget_taps();
                self.history.forget_chains();
                self.devices.forget();
                self.device_choices.forget();
                self.shares = None;
                self.volumes.forget();
                self.meters.clear_reader();
                for (_, stream) in self.taps.drain(..) {
                    self.meters.drop_tap(stream);
                }
                self.sums = Sums::default();
                self.nudges.forget();
                for retry in
                    [&mut self.bus_again, &mut self.write_again, &mut self.rebind, &mut self.doubt]
                {
                    retry.rest();
                }
            }
            GraphEvent::MetadataFound { name: MetadataName::Default, .. } => {
                self.rebind.rest();
                self.rebind.arm(Instant::now());
            }
            GraphEvent::Metadata { name: MetadataName::Default, key, .. } => {
                self.rebind.rest();
                if key.as_deref() == Some(DEFAULT_DEVICE_KEY) {
                    // Each keeps to half until it is told what it has.
                    self.shares = None;
                }
            }
            GraphEvent::Chain { id: ChainId::Bus(_), info } => {
                let known = self.graph.bus();
                let ChainInfo { sink, latency_frames, rate_hz, channels, .. } = info;
                if known.is_none_or(|bus| bus.sink != *sink || bus.rate_hz != *rate_hz) {
                    let channels = channels.count();
                    info!(rate_hz, latency_frames, channels, "the filter is in place");
                }
                self.meters.set_rate_hz(*rate_hz);
                self.bus_again.rest();
            }
            GraphEvent::ChainFailed { id: ChainId::Bus(_), reason } => {
                error!(reason, "the filter failed, trying again");
                self.bus_again.arm(Instant::now());
            }
            GraphEvent::ChainFailed { id, reason } => {
                warn!(?id, reason, "a chain failed: what needs it does without");
                self.ownership.reject(*id);
            }
            _ => {}
        }
        self.graph.apply(event);
    }

    /// Waits until something is to be tried again, or what was put off is due; for ever when all has
    /// come about.
    pub(super) async fn retry_due(&self) {
        let all = [&self.bus_again, &self.write_again, &self.rebind, &self.doubt];
        let tries = all.into_iter().filter_map(Backoff::due_at).chain(self.reloads.due_at());
        let tries = tries.chain(self.nudges.due_at()).chain(self.unprotected.due_at());
        let tries = tries.chain(self.moves.due_at());
        let rest = [self.expiry, self.apps.due_at(), self.pace.due_at(), self.keeper.due_at()];
        sleep_until(tries.chain(rest.into_iter().flatten()).min()).await;
    }

    pub(super) fn retry(&mut self) {
        let now = Instant::now();
        self.keeper.answer_late(now);
        if let Some(waiting) = self.reloads.take_due(now) {
            self.reload_profiles();
            for reply in waiting {
                let _ = reply.send(Ok(()));
            }
        }
        if self.bus_again.take_due(now) {
            self.ownership.forget_bus();
        }
        if self.write_again.take_due(now) {
            warn!("a write was lost, writing it again");
            self.pipewire.send(Command::RebindMetadata);
            // What is bound anew can be mute as well.
            self.rebind.rest();
            self.rebind.arm(now);
            self.ownership.give_up_in_flight(&self.graph);
        }
        if self.rebind.take_due(now) {
            // Mute for so long, it may also have nothing to tell: there is no device at all.
            if !self.rebind.is_longest() {
                self.rebind.arm(now);
            }
            self.pipewire.send(Command::RebindMetadata);
        }
        if self.doubt.take_due(now) {
            info!("the bus is not before the default device: asking for that, and for a new look");
            self.pipewire.send(Command::RebindMetadata);
            self.execute(state::look_again(&self.graph).into_iter().collect());
        }
        self.nudge_streams(now);
    }

    /// Has the session manager look again at streams that are not where they were sent.
    fn nudge_streams(&mut self, now: Instant) {
        let shown = self.shown.borrow().clone();
        let astray = self.nudges.take_due(&self.graph, &shown.streams, now);
        if astray.is_empty() {
            return;
        }
        warn!(?astray, "streams are not where they were sent: sending them again");
        let desired = desired(self.off(), &self.remembered, &self.policy, self.pin_file.pins());
        let commands = state::nudge(&self.graph, desired, &mut self.ownership, &astray);
        self.execute(commands);
    }
}
