//! The filter pair: a sink half that applications are linked to, a playback half that feeds the
//! device, and one chain between them, in one graph cycle.
//!
//! Everything here is made, changed and dropped on the loop thread; only the two process callbacks
//! run on the data thread. No ring stands between the halves: the sink half's process triggers the
//! playback half's, which takes both buffers and runs the chain, so the pair adds no cycle.

use std::{cell::RefCell, ffi::c_void, ptr, rc::Rc, sync::Arc};

use headroom_dsp::{ChainParams, DynamicsState, Spec};
use pipewire::{
    core::CoreRc,
    spa::{self, param::audio::AudioInfoRaw, sys},
    stream::{Stream, StreamFlags, StreamListener, StreamRc, StreamState},
    sys::pw_stream,
};
use tokio::sync::mpsc::UnboundedSender;
use tracing::{debug, error, warn};

use super::{
    ChainId, ChainSpec, Event, GlobalId, GraphEvent,
    chain_props::{format_param, output_props, sink_props},
    cycle::{Capture, Playback, run_chain, trigger},
    latency::{PortLatency, process_latency},
};
use crate::{
    rt::{self, GuardSlot, Remote, Share, Stalls, StreamVolume, Vitals, Watched},
    state::{ChainInfo, Channels},
};

/// `PW_STREAM_FLAG_ASYNC`: buffers are queued and dequeued outside the sink half's own process.
/// Without it every second cycle is silent; it does not add a cycle. The crate has no name for it.
const ASYNC: StreamFlags = StreamFlags::from_bits_retain(1 << 10);

/// A running pair; dropping it takes it out of the graph.
pub(super) struct Chain {
    shared: Rc<RefCell<Shared>>,
    // Listeners go before the streams they listen to, and both after `disconnect`.
    _listeners: [StreamListener<()>; 2],
    _process_listeners: (StreamListener<Capture>, StreamListener<Playback>),
    capture: StreamRc,
    playback: StreamRc,
}

/// What the loop thread's callbacks of both halves share.
struct Shared {
    remote: Remote,
    events: UnboundedSender<Event>,
    id: ChainId,
    channels: Channels,
    disabled: bool,
    rate_hz: u32,
    latency_frames: Option<usize>,
    /// What the neighbours report, by direction.
    latency: [PortLatency; 2],
    /// Of an application's chain, which the others wait for through the bus.
    watched: Option<Watched<pw_stream>>,
}

impl Shared {
    /// Forgets what was held back when the sound stopped. An application's chain holds nothing back,
    /// and what it has learned of its application's loudness outlasts a pause; on the bus, where
    /// another may be the next to play, it outlasts a short one.
    fn pause(&mut self) {
        if self.id.holds_ceiling() {
            self.remote.reset();
        }
        if let Some(watched) = &self.watched {
            watched.rest();
        }
    }

    fn fail(&self, reason: String) {
        send(&self.events, Event::Graph(GraphEvent::ChainFailed { id: self.id, reason }));
    }
}

impl Chain {
    /// Makes the pair and connects both halves.
    pub(super) fn new(
        core: &CoreRc,
        id: ChainId,
        spec: &ChainSpec,
        params: ChainParams,
        (vitals, stalls): (Arc<Vitals>, &Arc<Stalls<pw_stream>>),
        events: UnboundedSender<Event>,
    ) -> Result<Self, pipewire::Error> {
        let gauged = |(remote, processor, gauges)| {
            send(&events, Event::Gauges { id, gauges });
            (remote, processor)
        };
        let (mut remote, processor) = match id {
            ChainId::Bus(_) => {
                let (mut remote, processor) = rt::bridge(params, vitals);
                if let Some(meters) = remote.take_meter_reader() {
                    send(&events, Event::BusMeters(meters));
                }
                (remote, processor)
            }
            ChainId::App(_) => gauged(rt::app_bridge(params, vitals)),
            ChainId::Device(_) => gauged(rt::device_bridge(params, vitals)),
        };
        if let Some(reader) = remote.take_account() {
            send(&events, Event::Account { id, reader });
        }
        let capture = StreamRc::new(core.clone(), &id.sink_name(), sink_props(id, spec))?;
        let playback = StreamRc::new(core.clone(), &id.output_name(), output_props(id, spec))?;
        let watched = match id {
            ChainId::App(_) => Watched::new(stalls, playback.as_raw_ptr()),
            ChainId::Bus(_) | ChainId::Device(_) => None,
        };
        let arrivals = watched.as_ref().map(Watched::arrivals);
        let shared = Rc::new(RefCell::new(Shared {
            remote,
            events,
            id,
            channels: spec.channels.clone(),
            disabled: spec.disabled,
            rate_hz: 0,
            latency_frames: None,
            latency: [PortLatency::none(0), PortLatency::none(1)],
            watched,
        }));

        let listeners = [
            listen(&capture, Half::Sink, &capture, &playback, &shared)?,
            listen(&playback, Half::Output, &capture, &playback, &shared)?,
        ];
        let process_listeners = (
            capture
                .add_local_listener_with_user_data(Capture { playback: playback.clone(), arrivals })
                .process(trigger)
                .register()?,
            playback
                .add_local_listener_with_user_data(Playback { capture: capture.clone(), processor })
                .process(run_chain)
                .register()?,
        );

        let format = format_param(&spec.channels).ok_or(pipewire::Error::CreationFailed)?;
        let flags = StreamFlags::AUTOCONNECT | StreamFlags::MAP_BUFFERS | StreamFlags::RT_PROCESS;
        capture.connect(
            spa::utils::Direction::Input,
            None,
            flags | ASYNC,
            &mut [format.pod().ok_or(pipewire::Error::CreationFailed)?],
        )?;
        playback.connect(
            spa::utils::Direction::Output,
            None,
            flags | StreamFlags::TRIGGER,
            &mut [format.pod().ok_or(pipewire::Error::CreationFailed)?],
        )?;
        Ok(Self {
            shared,
            _listeners: listeners,
            _process_listeners: process_listeners,
            capture,
            playback,
        })
    }

    /// Puts `params` in force; a change ramps, and a changed latency is published.
    pub(super) fn set_params(&self, params: ChainParams) {
        let latency_frames = self.shared.borrow_mut().remote.set_params(params);
        self.follow_latency(latency_frames);
    }

    /// Puts `params` in force with the first cycle that begins at a time or later, and has the chain go on
    /// from where another stands, if that is given.
    pub(super) fn hand_over(&self, params: ChainParams, from: Option<DynamicsState>, at_ns: i64) {
        let latency_frames = self.shared.borrow_mut().remote.hand_over(params, from, at_ns);
        self.follow_latency(latency_frames);
    }

    /// Has the chain begin with a programme of this loudness.
    pub(super) fn recall(&self, programme_lufs: f32) {
        self.shared.borrow_mut().remote.recall(programme_lufs);
    }

    /// Returns where the volume of the streams that the pair takes its sound from is to be left.
    pub(super) fn stream_volume(&self) -> StreamVolume {
        self.shared.borrow().remote.stream_volume()
    }

    /// Returns the node of the playback half.
    pub(super) fn output(&self) -> GlobalId {
        self.playback.node_id()
    }

    /// Returns where the pair's share of the device's ceiling is to be left.
    pub(super) fn share(&self) -> Share {
        self.shared.borrow().remote.share()
    }

    /// Returns where the gain is to be left that meets a jump of the device's volume.
    pub(super) fn guard(&self) -> GuardSlot {
        self.shared.borrow().remote.guard()
    }

    /// Returns when the graph began the last cycle, in ns of `CLOCK_MONOTONIC`; 0 before the first.
    pub(super) fn cycle_ns(&self) -> i64 {
        self.shared.borrow().remote.cycle_ns()
    }

    /// Returns where AGC and compressor of the chain stand.
    pub(super) fn dynamics_state(&self) -> DynamicsState {
        self.shared.borrow().remote.dynamics_state()
    }

    fn follow_latency(&self, latency_frames: Option<usize>) {
        if latency_frames.is_some() {
            self.shared.borrow_mut().latency_frames = latency_frames;
            publish_latency(&self.shared, &self.capture, &self.playback);
            announce(&self.shared.borrow(), &self.capture, &self.playback);
        }
    }
}

impl Drop for Chain {
    fn drop(&mut self) {
        // Before its output goes, which others' callbacks would have run.
        drop(self.shared.borrow_mut().watched.take());
        // Takes the nodes off the data thread first, so that no callback runs when the listeners go.
        for stream in [&self.capture, &self.playback] {
            if let Err(error) = stream.disconnect() {
                debug!(%error, "failed to disconnect a half of the pair");
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Half {
    Sink,
    Output,
}

fn listen(
    stream: &StreamRc,
    half: Half,
    capture: &StreamRc,
    playback: &StreamRc,
    shared: &Rc<RefCell<Shared>>,
) -> Result<StreamListener<()>, pipewire::Error> {
    // Weak, or a stream would keep itself alive through its own listener.
    let (state_capture, state_playback) = (capture.downgrade(), playback.downgrade());
    let (capture, playback) = (capture.downgrade(), playback.downgrade());
    let (state_shared, param_shared, io_shared) = (shared.clone(), shared.clone(), shared.clone());
    stream
        .add_local_listener::<()>()
        .state_changed(move |_, (), old, new| {
            debug!(?half, ?old, ?new, "pair state");
            match new {
                StreamState::Error(reason) => {
                    let reason = format!("PipeWire refused the filter: {reason}");
                    state_shared.borrow().fail(reason);
                }
                StreamState::Paused => {
                    state_shared.borrow_mut().pause();
                    if let (Some(capture), Some(playback)) =
                        (state_capture.upgrade(), state_playback.upgrade())
                    {
                        announce(&state_shared.borrow(), &capture, &playback);
                    }
                }
                StreamState::Streaming => {
                    state_shared.borrow_mut().remote.flush();
                    // New links have new ports, which know nothing of what was published before.
                    if let (Some(capture), Some(playback)) =
                        (state_capture.upgrade(), state_playback.upgrade())
                    {
                        publish_latency(&state_shared, &capture, &playback);
                    }
                }
                StreamState::Unconnected | StreamState::Connecting => {}
            }
        })
        .io_changed(move |_, (), id, area, size| {
            if half == Half::Sink
                && id == sys::SPA_IO_Position
                && let Some(watched) = &io_shared.borrow().watched
            {
                watched.set_driver(driver(area, size));
            }
        })
        .param_changed(move |_, (), id, pod| {
            let (Some(capture), Some(playback)) = (capture.upgrade(), playback.upgrade()) else {
                return;
            };
            match (id, pod) {
                (sys::SPA_PARAM_Format, Some(pod))
                    if half == Half::Sink && set_format(&param_shared, pod) =>
                {
                    publish_latency(&param_shared, &capture, &playback);
                    announce(&param_shared.borrow(), &capture, &playback);
                }
                (sys::SPA_PARAM_Latency, Some(pod)) => {
                    if let Some(latency) = PortLatency::parse(pod)
                        && let Ok(direction) = usize::try_from(latency.direction)
                        && direction < 2
                        && param_shared.borrow().latency[direction] != latency
                    {
                        param_shared.borrow_mut().latency[direction] = latency;
                        publish_latency(&param_shared, &capture, &playback);
                    }
                }
                _ => {}
            }
        })
        .register()
}

/// Returns the driver whose cycles a half is in, by the area that PipeWire has for its clock; 0 for none.
fn driver(area: *const c_void, size: u32) -> u32 {
    let area = if size as usize >= size_of::<sys::spa_io_position>() { area } else { ptr::null() };
    // SAFETY: PipeWire says how large the area is, and has it in place while it tells of it. The driver's number is
    // written when the driver is made.
    unsafe { area.cast::<sys::spa_io_position>().as_ref() }.map_or(0, |position| position.clock.id)
}

/// Prepares a chain for the negotiated format; returns whether anything changed.
fn set_format(shared: &RefCell<Shared>, pod: &spa::pod::Pod) -> bool {
    let mut info = AudioInfoRaw::new();
    if info.parse(pod).is_err() {
        return false;
    }
    let mut shared = shared.borrow_mut();
    if shared.rate_hz == info.rate() && shared.latency_frames.is_some() {
        return false;
    }
    let spec = Spec { rate_hz: info.rate(), layout: shared.channels.layout() };
    match shared.remote.set_format(spec) {
        Ok(latency_frames) => {
            shared.rate_hz = info.rate();
            shared.latency_frames = Some(latency_frames);
            true
        }
        Err(error) => {
            error!(%error, rate_hz = info.rate(), "failed to prepare the chain");
            shared.fail(format!("the chain cannot run at {} Hz: {error}", info.rate()));
            false
        }
    }
}

/// Tells both neighbours what lies behind the pair, its own delay included.
fn publish_latency(shared: &RefCell<Shared>, capture: &Stream, playback: &Stream) {
    let (latency, frames) = {
        let shared = shared.borrow();
        (shared.latency, shared.latency_frames.unwrap_or(0))
    };
    // Direction 0 (input) is reported by what we play into, and passed on to those who play into us.
    for (stream, towards) in [(capture, latency[0]), (playback, latency[1])] {
        let (Some(port), Some(process)) = (towards.plus(frames).param(), process_latency(frames))
        else {
            continue;
        };
        if let (Some(port), Some(process)) = (port.pod(), process.pod())
            && let Err(error) = stream.update_params(&mut [port, process])
        {
            warn!(%error, "failed to publish the latency");
        }
    }
}

fn announce(shared: &Shared, capture: &Stream, playback: &Stream) {
    let (sink, output) = (capture.node_id(), playback.node_id());
    if sink == sys::SPA_ID_INVALID || output == sys::SPA_ID_INVALID {
        return;
    }
    let info = ChainInfo {
        sink,
        output,
        channels: shared.channels.clone(),
        disabled: shared.disabled,
        latency_frames: shared.latency_frames,
        rate_hz: shared.rate_hz,
    };
    let event = Event::Graph(GraphEvent::Chain { id: shared.id, info });
    send(&shared.events, event);
}

fn send(events: &UnboundedSender<Event>, event: Event) {
    // Nobody listens any more only while the process ends.
    let _ = events.send(event);
}
