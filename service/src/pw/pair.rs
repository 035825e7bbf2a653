//! The filter pair: a sink half that applications are linked to, a playback half that feeds the
//! device, and one chain between them, in one graph cycle.
//!
//! Everything here is made, changed and dropped on the loop thread; only the two process callbacks
//! run on the data thread. No ring stands between the halves: the sink half's process triggers the
//! playback half's, which takes both buffers and runs the chain, so the pair adds no cycle.

use std::{cell::RefCell, rc::Rc, sync::Arc};

use headroom_api::names;
use headroom_dsp::{ChainParams, DynamicsState, MAX_CHANNELS, Spec};
use pipewire::{
    core::CoreRc,
    keys,
    properties::PropertiesBox,
    spa::{
        self,
        param::audio::{AudioFormat, AudioInfoRaw},
        pod::Object,
        sys,
    },
    stream::{Stream, StreamFlags, StreamListener, StreamRc, StreamState, Time},
};
use tokio::sync::mpsc::UnboundedSender;
use tracing::{debug, error, warn};

use super::{
    Event, GlobalId, GraphEvent, app_sink_name,
    channel_map::channel_id,
    device_sink_name,
    latency::{Param, PortLatency, process_latency},
};
use crate::{
    clock::monotonic_nsec,
    rt::{self, CycleTime, Processor, Remote, Share, StreamVolume, Vitals},
    state::{Channels, smart_filter},
};

/// `PW_STREAM_FLAG_ASYNC`: buffers are queued and dequeued outside the sink half's own process.
/// Without it every second cycle is silent; it does not add a cycle. The crate has no name for it.
const ASYNC: StreamFlags = StreamFlags::from_bits_retain(1 << 10);

const SAMPLE_BYTES: u32 = 4;

/// What tells one pair from another.
#[derive(Clone, Debug)]
pub(super) struct PairSpec {
    /// Name of the sink half's node.
    sink_name: String,
    /// Name of the playback half's node.
    output_name: String,
    /// Where its sound comes from.
    place: Place,
    /// Node name of the device that it stands before; `None` where that is not fixed.
    target: Option<String>,
    /// Channels of both halves.
    channels: Channels,
}

/// Where a pair stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Before the default device; all that is processed passes it.
    Bus {
        /// True when the session manager is to leave it out for now.
        disabled: bool,
        /// Tells this pair's events from those of one before it.
        generation: u64,
    },
    /// Between the streams of one application and the bus, which find it by its name.
    App {
        /// Its number, which no other pair on the connection has.
        app: u32,
    },
    /// Before another device than the default one; all that was sent to that device passes it.
    Device {
        /// Its number, which no other pair on the connection has.
        number: u32,
    },
}

impl PairSpec {
    /// The pair that every processed stream passes.
    pub(super) fn bus(channels: Channels, disabled: bool, generation: u64) -> Self {
        Self {
            place: Place::Bus { disabled, generation },
            sink_name: names::SINK_NODE.into(),
            output_name: names::OUTPUT_NODE.into(),
            target: None,
            channels,
        }
    }

    /// The pair of one application.
    ///
    /// It is no smart filter: its playback half is to the session manager a stream like any other,
    /// which the bus catches.
    pub(super) fn app(channels: Channels, app: u32) -> Self {
        let sink_name = app_sink_name(app);
        let output_name = format!("{sink_name}.output");
        Self { place: Place::App { app }, sink_name, output_name, target: None, channels }
    }

    /// The pair that every stream passes that was sent to `device`; without one, what the bus would be
    /// passed by.
    ///
    /// Nothing has to be written about those streams: what their users have chosen stays theirs.
    pub(super) fn device(channels: Channels, device: Option<String>, number: u32) -> Self {
        let sink_name = device_sink_name(number);
        let output_name = format!("{sink_name}.output");
        Self { place: Place::Device { number }, sink_name, output_name, target: device, channels }
    }

    fn common_props(&self, node_name: &str) -> PropertiesBox {
        let mut props = PropertiesBox::new();
        props.insert(*keys::NODE_NAME, node_name);
        props.insert(*keys::NODE_DESCRIPTION, "Headroom");
        props.insert(*keys::NODE_VIRTUAL, "true");
        // One driver for both halves, and the session manager does not link them to each other.
        let group = match self.place {
            Place::Bus { generation, .. } => format!("{}-{generation}", self.sink_name),
            Place::App { .. } | Place::Device { .. } => self.sink_name.clone(),
        };
        props.insert(*keys::NODE_GROUP, group.as_str());
        props.insert("node.link-group", group.as_str());
        props.insert("audio.channels", self.channels.count().to_string());
        props.insert("audio.position", self.channels.property());
        props.insert("resample.prefill", "true");
        // The session manager must remember nothing about us.
        props.insert("state.restore-props", "false");
        props.insert("state.restore-target", "false");
        if matches!(self.place, Place::Bus { .. } | Place::Device { .. }) {
            props.insert(smart_filter::SMART_KEY, "true");
            // Pairs of one name stand side by side, never one behind the other: not even while the
            // device of one is away.
            props.insert("filter.smart.name", names::SINK_NODE);
        }
        if let Place::Bus { disabled, .. } = self.place {
            props.insert(smart_filter::DISABLED_KEY, disabled.to_string());
        }
        if let Some(target) = &self.target {
            props.insert(smart_filter::BOUND_KEY, smart_filter::bound_to(target));
        }
        props
    }

    fn sink_props(&self) -> PropertiesBox {
        let mut props = self.common_props(&self.sink_name);
        // Internal: in no device chooser, never the default device.
        props.insert(*keys::MEDIA_CLASS, "Audio/Sink/Internal");
        props
    }

    fn output_props(&self) -> PropertiesBox {
        let mut props = self.common_props(&self.output_name);
        props.insert(*keys::MEDIA_CLASS, "Stream/Output/Audio");
        // A pair that nobody plays into must not keep the device awake.
        props.insert("node.passive", "true");
        props.insert("node.dont-reconnect", "false");
        props
    }
}

/// A running pair; dropping it takes it out of the graph.
pub(super) struct Pair {
    shared: Rc<RefCell<Shared>>,
    // Listeners go before the streams they listen to, and both after `disconnect`.
    _listeners: [StreamListener<()>; 2],
    _process_listeners: (StreamListener<StreamRc>, StreamListener<Playback>),
    capture: StreamRc,
    playback: StreamRc,
}

/// What the loop thread's callbacks of both halves share.
struct Shared {
    remote: Remote,
    events: UnboundedSender<Event>,
    channels: Channels,
    place: Place,
    rate_hz: u32,
    latency_frames: Option<usize>,
    /// What the neighbours report, by direction.
    latency: [PortLatency; 2],
}

impl Shared {
    /// Forgets what was held back when the sound stopped. An application's chain holds nothing back,
    /// and what it has learned of its application's loudness outlasts a pause; on the bus, where
    /// another may be the next to play, it outlasts a short one.
    fn pause(&mut self) {
        if matches!(self.place, Place::Bus { .. } | Place::Device { .. }) {
            self.remote.reset();
        }
    }

    fn fail(&self, reason: String) {
        let event = match self.place {
            Place::Bus { .. } => Event::Graph(GraphEvent::PairFailed { reason }),
            Place::App { app } => Event::Graph(GraphEvent::AppFailed { app, reason }),
            Place::Device { number } => Event::Graph(GraphEvent::DeviceFailed { number, reason }),
        };
        send(&self.events, event);
    }
}

/// What the data thread's callback of the playback half owns.
struct Playback {
    capture: StreamRc,
    processor: Processor,
}

impl Pair {
    /// Makes the pair and connects both halves.
    pub(super) fn new(
        core: &CoreRc,
        spec: &PairSpec,
        params: ChainParams,
        vitals: Arc<Vitals>,
        events: UnboundedSender<Event>,
    ) -> Result<Self, pipewire::Error> {
        let (remote, processor) = match spec.place {
            Place::Bus { .. } => {
                let (mut remote, processor) = rt::bridge(params, vitals);
                if let Some(meters) = remote.take_meter_reader() {
                    send(&events, Event::PairMeters(meters));
                }
                (remote, processor)
            }
            Place::App { app } => {
                let (remote, processor, gauges) = rt::app_bridge(params, vitals);
                send(&events, Event::AppGauges { app, gauges });
                (remote, processor)
            }
            Place::Device { .. } => rt::device_bridge(params, vitals),
        };
        let capture = StreamRc::new(core.clone(), &spec.sink_name, spec.sink_props())?;
        let playback = StreamRc::new(core.clone(), &spec.output_name, spec.output_props())?;
        let shared = Rc::new(RefCell::new(Shared {
            remote,
            events,
            channels: spec.channels.clone(),
            place: spec.place,
            rate_hz: 0,
            latency_frames: None,
            latency: [PortLatency::none(0), PortLatency::none(1)],
        }));

        let listeners = [
            listen(&capture, Half::Sink, &capture, &playback, &shared)?,
            listen(&playback, Half::Output, &capture, &playback, &shared)?,
        ];
        let process_listeners = (
            capture
                .add_local_listener_with_user_data(playback.clone())
                .process(|capture, playback| trigger(capture, playback))
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

    /// Returns the number of an application's pair; `None` for any other.
    pub(super) fn app(&self) -> Option<u32> {
        match self.shared.borrow().place {
            Place::App { app } => Some(app),
            Place::Bus { .. } | Place::Device { .. } => None,
        }
    }

    /// Returns the number of the pair before a device that is not the default one; `None` for any
    /// other.
    pub(super) fn device(&self) -> Option<u32> {
        match self.shared.borrow().place {
            Place::Device { number } => Some(number),
            Place::Bus { .. } | Place::App { .. } => None,
        }
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

impl Drop for Pair {
    fn drop(&mut self) {
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
    let (state_shared, param_shared) = (shared.clone(), shared.clone());
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
    let channels = shared.channels.clone();
    let event = match shared.place {
        Place::Bus { disabled, generation } => Event::Graph(GraphEvent::Pair {
            generation,
            sink,
            output,
            channels,
            disabled,
            latency_frames: shared.latency_frames,
            rate_hz: shared.rate_hz,
        }),
        Place::App { app } => Event::Graph(GraphEvent::App { app, sink, output, channels }),
        Place::Device { number } => Event::Graph(GraphEvent::Device {
            number,
            sink,
            output,
            channels,
            latency_frames: shared.latency_frames,
            rate_hz: shared.rate_hz,
        }),
    };
    send(&shared.events, event);
}

/// Runs on the data thread when the applications' sound has arrived.
fn trigger(capture: &Stream, playback: &StreamRc) {
    if playback.trigger_process().is_err() {
        // The playback half is not linked yet: take the sound and drop it.
        while capture.dequeue_buffer().is_some() {}
    }
}

/// Runs on the data thread, in the cycle of [`trigger`]: from the sink half's buffer, through the
/// chain, into the playback half's.
fn run_chain(playback: &Stream, own: &mut Playback) {
    // What the graph's clock said as this cycle began.
    let clock = own.capture.time().ok();
    let start_ns = clock.as_ref().map_or(0, Time::now);
    own.processor.begin_cycle(start_ns);
    let frames = pass(playback, own);
    own.processor.end_cycle(CycleTime {
        start_ns,
        end_ns: monotonic_nsec(),
        position_frames: clock.as_ref().map_or(0, Time::ticks),
        frames,
    });
}

/// Returns how many frames there were.
fn pass(playback: &Stream, own: &mut Playback) -> u32 {
    let mut input = None;
    // The newest buffer is this cycle's; an older one was left by a cycle that could not play.
    while let Some(buffer) = own.capture.dequeue_buffer() {
        input = Some(buffer);
    }
    let (Some(mut input), Some(mut output)) = (input, playback.dequeue_buffer()) else {
        return 0;
    };
    let (sources, targets) = (input.datas_mut(), output.datas_mut());
    let channels = sources.len().min(targets.len()).min(MAX_CHANNELS);
    let mut frames = usize::MAX;
    for (source, target) in sources.iter().zip(targets.iter()).take(channels) {
        let filled = source.chunk().size() as usize / size_of::<f32>();
        let room = target.as_raw().maxsize as usize / size_of::<f32>();
        frames = frames.min(filled).min(room);
    }
    if channels == 0 {
        return 0;
    }
    let mut io: [&mut [f32]; MAX_CHANNELS] = Default::default();
    for ((source, target), slot) in sources.iter_mut().zip(targets.iter_mut()).zip(&mut io) {
        let offset = source.chunk().offset() as usize;
        {
            let chunk = target.chunk_mut();
            *chunk.offset_mut() = 0;
            *chunk.stride_mut() = SAMPLE_BYTES.cast_signed();
            *chunk.size_mut() = frames as u32 * SAMPLE_BYTES;
        }
        let source = source.data().and_then(|bytes| samples(bytes, offset, frames));
        if let Some(target) = target.data().and_then(|bytes| samples(bytes, 0, frames)) {
            match source {
                Some(source) => target.copy_from_slice(source),
                None => target.fill(0.0),
            }
            *slot = target;
        }
    }
    own.processor.process(&mut io[..channels]);
    u32::try_from(frames).unwrap_or(0)
}

fn samples(bytes: &mut [u8], offset: usize, frames: usize) -> Option<&mut [f32]> {
    let bytes = bytes.get_mut(offset..offset + frames * size_of::<f32>())?;
    bytemuck::try_cast_slice_mut(bytes).ok()
}

/// Planar 32-bit float at the graph's rate, whatever that is.
fn format_param(channels: &Channels) -> Option<Param> {
    let mut info = AudioInfoRaw::new();
    info.set_format(AudioFormat::F32P);
    info.set_channels(u32::try_from(channels.count()).ok()?);
    let mut position = [0; spa::param::audio::MAX_CHANNELS];
    for (slot, name) in position.iter_mut().zip(channels.names()) {
        *slot = channel_id(name);
    }
    info.set_position(position);
    Param::new(Object {
        type_: sys::SPA_TYPE_OBJECT_Format,
        id: sys::SPA_PARAM_EnumFormat,
        properties: info.into(),
    })
}

fn send(events: &UnboundedSender<Event>, event: Event) {
    // Nobody listens any more only while the process ends.
    let _ = events.send(event);
}
