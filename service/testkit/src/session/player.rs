//! A player that is an application like any other, and sample-exact.

use std::{
    collections::BTreeSet,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use pipewire::{
    spa::utils::Direction,
    stream::{Stream, StreamFlags},
};
use rtrb::{Consumer, Producer, RingBuffer};

use super::{
    Cycle, READY_TIMEOUT, Session,
    client::{Client, SAMPLE_BYTES, StreamSpec},
    wait::wait_until,
};
use crate::layout::{Position, usual_layout};

/// Cycles that are kept between two looks at the log; minutes, at the usual cycle length.
const CYCLE_LOG: usize = 1 << 16;
/// Silence after the material that counts as drained: more than a limiter and a cycle hold back.
const TAIL_FRAMES: u64 = 8_192;

/// Describes a [`Player`]; without any call: `testkit-player`, the material's usual layout, once.
#[must_use = "a builder does nothing until it is started"]
pub struct PlayerBuilder<'s> {
    session: &'s Session,
    material: Vec<Vec<f32>>,
    positions: Vec<Position>,
    rate_hz: Option<u32>,
    looping: bool,
    held: bool,
    at_once: bool,
    props: Vec<(String, Vec<u8>)>,
}

impl fmt::Debug for PlayerBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlayerBuilder").field("props", &self.props).finish_non_exhaustive()
    }
}

impl<'s> PlayerBuilder<'s> {
    pub(super) fn new(session: &'s Session, material: Vec<Vec<f32>>) -> Self {
        let name = format!("testkit-player-{}", session.next_number());
        let builder = Self {
            session,
            positions: usual_layout(material.len()),
            material,
            rate_hz: None,
            looping: false,
            held: false,
            at_once: false,
            props: Vec::new(),
        };
        builder
            .prop("media.type", "Audio")
            .prop("media.category", "Playback")
            .prop("node.name", name)
            .app("Testkit Player")
            .binary("testkit-player")
            .media("Test material")
    }

    /// Sets `application.name`, and `node.name` to the same, as most applications have it.
    pub fn app(self, name: &str) -> Self {
        self.prop("application.name", name).prop("node.name", name)
    }

    /// Sets `application.process.binary`.
    pub fn binary(self, binary: &str) -> Self {
        self.prop("application.process.binary", binary)
    }

    /// Sets `application.id`.
    pub fn application_id(self, id: &str) -> Self {
        self.prop("application.id", id)
    }

    /// Sets `media.name`.
    pub fn media(self, name: &str) -> Self {
        self.prop("media.name", name)
    }

    /// Sets `media.role`.
    pub fn role(self, role: &str) -> Self {
        self.prop("media.role", role)
    }

    /// Sets `node.name`; call it after [`Self::app`].
    pub fn node_name(self, name: &str) -> Self {
        self.prop("node.name", name)
    }

    /// Sets `target.object`: the node, by name or serial number, that the application asks for.
    pub fn target(self, target: &str) -> Self {
        self.prop("target.object", target)
    }

    /// Sets a property of the stream and of its connection; the value need not be UTF-8.
    pub fn prop(mut self, key: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        let key = key.into();
        self.props.retain(|(known, _)| *known != key);
        self.props.push((key, value.into()));
        self
    }

    /// Sets the channel positions, one per channel of the material.
    pub fn positions(mut self, positions: &[Position]) -> Self {
        self.positions = positions.to_vec();
        self
    }

    /// Sets the rate of the material, in Hz; PipeWire resamples what is not the graph's.
    pub fn rate(mut self, rate_hz: u32) -> Self {
        self.rate_hz = Some(rate_hz);
        self
    }

    /// Starts over at the material's end, for ever.
    pub fn looping(mut self) -> Self {
        self.looping = true;
        self
    }

    /// Plays silence until [`Player::play`].
    pub fn held(mut self) -> Self {
        self.held = true;
        self
    }

    /// Plays from the moment the stream exists, as most applications do, linked or not.
    ///
    /// The first frame of the material is then the first frame of the stream. As the session
    /// manager links channel by channel, the first cycle may reach the device with some channels
    /// only, and does when the machine is busy.
    pub fn at_once(mut self) -> Self {
        self.at_once = true;
        self
    }

    /// Connects the stream; returns when it plays, or with [`Self::at_once`] when its node exists.
    ///
    /// The stream is silent until all of its channels are linked, so that the whole material
    /// reaches the device; see [`Player::began_at_frame`].
    ///
    /// # Errors
    /// When the material is not one channel per position, PipeWire does not run, or nothing links
    /// the stream.
    pub fn start(self) -> Result<Player> {
        let frames = self.material.first().map_or(0, Vec::len);
        ensure!(frames > 0, "there is nothing to play");
        ensure!(
            self.material.iter().all(|channel| channel.len() == frames),
            "the channels differ in length"
        );
        ensure!(self.material.len() == self.positions.len(), "one position per channel");
        let shared = Arc::new(Shared::default());
        shared.playing.store(self.at_once && !self.held, Ordering::Release);
        let (cycles, log) = RingBuffer::new(CYCLE_LOG);
        let source = Source {
            material: self.material,
            looping: self.looping,
            at: 0,
            frames_sent: 0,
            shared: shared.clone(),
            cycles,
        };
        let spec = StreamSpec {
            direction: Direction::Output,
            flags: StreamFlags::AUTOCONNECT | StreamFlags::MAP_BUFFERS | StreamFlags::RT_PROCESS,
            positions: self.positions,
            rate_hz: self.rate_hz,
            props: self.props,
        };
        let client = Client::start(self.session, spec, source, fill)?;
        let status = client.status();
        let node_id = status.node_id.context("the stream has no node")?;
        let serial = status.serial.context("the stream has no serial number")?;
        let log = Mutex::new((log, Vec::new()));
        let player = Player { client, node_id, serial, frames, shared, log };
        if !self.at_once {
            self.session.wait_for_graph("the player's links", READY_TIMEOUT, |graph| {
                let links = graph.links.iter().filter(|link| link.output_node == node_id);
                let active = links.filter(|link| link.state == "active");
                let ports: BTreeSet<u32> = active.map(|link| link.output_port).collect();
                // The session manager gives it the ports that suit the device's layout.
                let own = graph.ports_of(node_id).iter().filter(|port| !port.is_input).count();
                (own > 0 && ports.len() == own).then_some(())
            })?;
            if !self.held {
                player.play();
            }
        }
        Ok(player)
    }
}

/// What the player's handle and its data thread share.
#[derive(Default)]
struct Shared {
    playing: AtomicBool,
    /// Frames of material sent.
    delivered: AtomicU64,
    /// Frames of the stream at which the material began.
    began: AtomicU64,
    /// Frames of silence sent after the material.
    tail: AtomicU64,
}

/// What the data thread owns.
struct Source {
    material: Vec<Vec<f32>>,
    looping: bool,
    at: usize,
    frames_sent: u64,
    shared: Arc<Shared>,
    cycles: Producer<Cycle>,
}

/// Bytes from one sample to the next in planar buffers.
const STRIDE: i32 = 4;

/// Fills one buffer. Real-time: neither allocates nor locks.
fn fill(stream: &Stream, source: &mut Source) {
    let Some(mut buffer) = stream.dequeue_buffer() else { return };
    let requested = usize::try_from(buffer.requested()).unwrap_or(0);
    let datas = buffer.datas_mut();
    let room = datas
        .iter_mut()
        .map(|data| data.data().map_or(0, |bytes| bytes.len() / SAMPLE_BYTES))
        .min()
        .unwrap_or(0);
    let frames = if requested == 0 { room } else { room.min(requested) };
    let playing = source.shared.playing.load(Ordering::Acquire);
    let length = source.material[0].len();
    let (start, looping) = (source.at, source.looping);
    for (channel, data) in datas.iter_mut().enumerate() {
        if let Some(bytes) = data.data() {
            let out: &mut [f32] = bytemuck::cast_slice_mut(&mut bytes[..frames * SAMPLE_BYTES]);
            let material = source.material.get(channel).map_or(&[][..], Vec::as_slice);
            for (n, slot) in out.iter_mut().enumerate() {
                let at = if looping { (start + n) % length } else { start + n };
                *slot = if playing { material.get(at).copied().unwrap_or(0.0) } else { 0.0 };
            }
        }
        let chunk = data.chunk_mut();
        *chunk.offset_mut() = 0;
        *chunk.stride_mut() = STRIDE;
        *chunk.size_mut() = (frames * SAMPLE_BYTES) as u32;
    }
    let shared = &source.shared;
    if playing {
        if start == 0 && shared.delivered.load(Ordering::Relaxed) == 0 {
            shared.began.store(source.frames_sent, Ordering::Relaxed);
        }
        let sent = if looping { frames } else { frames.min(length - start) };
        source.at = if looping { (start + sent) % length } else { start + sent };
        shared.tail.fetch_add((frames - sent) as u64, Ordering::Release);
        shared.delivered.fetch_add(sent as u64, Ordering::Release);
    }
    if let Ok(time) = stream.time() {
        let cycle = Cycle {
            clock_ns: time.now(),
            ticks: time.ticks(),
            frame: source.frames_sent,
            frames: frames as u32,
        };
        // A log that nobody reads for so long keeps its beginning.
        let _ = source.cycles.push(cycle);
    }
    source.frames_sent += frames as u64;
}

/// A playing stream; dropping it takes it out of the graph.
pub struct Player {
    client: Client,
    node_id: u32,
    serial: u64,
    frames: usize,
    shared: Arc<Shared>,
    log: Mutex<(Consumer<Cycle>, Vec<Cycle>)>,
}

impl fmt::Debug for Player {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Player").field("node_id", &self.node_id).finish_non_exhaustive()
    }
}

impl Player {
    /// Returns the id of the stream's node.
    pub fn node_id(&self) -> u32 {
        self.node_id
    }

    /// Returns the serial number of the stream's node.
    pub fn serial(&self) -> u64 {
        self.serial
    }

    /// Plays the material from the next cycle on, if it was held.
    pub fn play(&self) {
        self.shared.playing.store(true, Ordering::Release);
    }

    /// Stops the sound but not the stream, which goes on with silence.
    pub fn hold(&self) {
        self.shared.playing.store(false, Ordering::Release);
    }

    /// Tells whether the stream is linked and runs.
    pub fn is_streaming(&self) -> bool {
        self.client.status().is_streaming
    }

    /// Returns why the stream has ended, if it has.
    pub fn error(&self) -> Option<String> {
        self.client.status().error
    }

    /// Returns the number of frames of the material that were sent, repetitions included.
    pub fn delivered_frames(&self) -> u64 {
        self.shared.delivered.load(Ordering::Acquire)
    }

    /// Returns the frame of the stream that was the material's first; see [`Cycle::frame`].
    pub fn began_at_frame(&self) -> u64 {
        self.shared.began.load(Ordering::Acquire)
    }

    /// Tells whether all of the material was sent.
    pub fn is_finished(&self) -> bool {
        self.delivered_frames() >= self.frames as u64
    }

    /// Waits until the stream is linked and runs.
    ///
    /// # Errors
    /// When it fails, or does not run in time.
    pub fn wait_streaming(&self, timeout: Duration) -> Result<()> {
        self.client.wait("the player to run", timeout, |status| status.is_streaming.then_some(()))
    }

    /// Waits until so many frames of the material were sent.
    ///
    /// # Errors
    /// When it fails, or that takes longer than `timeout`.
    pub fn wait_delivered(&self, frames: u64, timeout: Duration) -> Result<()> {
        self.client.wait("the player to go on", timeout, |_| {
            (self.delivered_frames() >= frames).then_some(())
        })
    }

    /// Waits until the material and enough silence to drain any filter were sent (8192 frames).
    ///
    /// # Errors
    /// When it fails, or that takes longer than `timeout`.
    pub fn wait_drained(&self, timeout: Duration) -> Result<()> {
        self.client.wait("the player's end", timeout, |_| {
            (self.shared.tail.load(Ordering::Acquire) >= TAIL_FRAMES).then_some(())
        })
    }

    /// Returns the log of all cycles so far.
    pub fn cycles(&self) -> Vec<Cycle> {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let (ring, cycles) = &mut *log;
        while let Ok(cycle) = ring.pop() {
            cycles.push(cycle);
        }
        cycles.clone()
    }

    /// Ends the stream and returns the log of its cycles.
    ///
    /// # Errors
    /// When its node does not go away.
    pub fn stop(self, session: &Session) -> Result<Vec<Cycle>> {
        let cycles = self.cycles();
        let serial = self.serial;
        drop(self);
        wait_until("the end of the player's node", READY_TIMEOUT, || {
            session.dump().is_ok_and(|graph| graph.node_by_serial(serial).is_none())
        })?;
        Ok(cycles)
    }
}
