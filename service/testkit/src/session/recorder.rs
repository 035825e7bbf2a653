//! A recorder of what a device is given, sample for sample.

use std::{
    fmt,
    ops::Range,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use pipewire::{
    spa::utils::Direction,
    stream::{Stream, StreamFlags},
};
use rtrb::{Consumer, Producer, RingBuffer};

use super::{
    Cycle, READY_TIMEOUT, Session,
    client::{Client, SAMPLE_BYTES, StreamSpec},
    passage::missed_frames,
};
use crate::layout::Position;

/// Frames that fit between the data thread and the recording: 10 s at 48 kHz.
const RING_FRAMES: usize = 480_000;
const RING_CYCLES: usize = 1 << 15;
const DRAIN_INTERVAL: Duration = Duration::from_millis(10);

/// What was recorded so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// Sample rate: the graph's, at the start of the recording.
    pub rate_hz: u32,
    /// Position of each channel.
    pub positions: Vec<Position>,
    /// Planar samples.
    pub channels: Vec<Vec<f32>>,
    /// Every cycle that was recorded.
    pub cycles: Vec<Cycle>,
}

impl Recording {
    /// Returns the length in frames.
    pub fn frames(&self) -> usize {
        self.channels.first().map_or(0, Vec::len)
    }

    /// Returns the time of a frame on the monotonic clock; `None` past the end.
    ///
    /// It is the time of the cycle that recorded it, which can be one cycle after the one in which
    /// the device was given it.
    pub fn time_ns(&self, frame: usize) -> Option<i64> {
        time_in(&self.cycles, self.rate_hz, frame as u64)
    }

    /// Returns the first frame at or after a time of the monotonic clock.
    pub fn frame_at(&self, time_ns: i64) -> usize {
        let index = self.cycles.partition_point(|cycle| cycle.clock_ns <= time_ns);
        let Some(cycle) = index.checked_sub(1).map(|index| self.cycles[index]) else { return 0 };
        let passed = (time_ns - cycle.clock_ns) as f64 * f64::from(self.rate_hz) / 1e9;
        cycle.frame as usize + (passed.ceil() as usize).min(cycle.frames as usize)
    }

    /// Returns how long a sample was under way, in frames, from a player's buffer to the recording.
    ///
    /// `heard` is its frame in this recording, `sent` its frame in the stream whose cycles are
    /// given. A graph without anything in between takes one cycle, or none: subtract what the same
    /// graph takes for a player that goes straight to the device.
    pub fn travel_frames(&self, heard: usize, cycles: &[Cycle], sent: u64) -> Option<i64> {
        let heard_ns = self.time_ns(heard)?;
        let sent_ns = time_in(cycles, self.rate_hz, sent)?;
        let frames = (heard_ns - sent_ns) as f64 * f64::from(self.rate_hz) / 1e9;
        Some(frames.round() as i64)
    }

    /// Returns the first frame at or after `from` in which a channel exceeds `threshold`.
    pub fn first_sound(&self, from: usize, threshold: f32) -> Option<usize> {
        (from..self.frames())
            .find(|&frame| self.channels.iter().any(|channel| channel[frame].abs() > threshold))
    }

    /// Returns what was recorded from one frame to another, with the cycles that begin there.
    ///
    /// # Panics
    /// When the range ends after the recording.
    #[must_use]
    pub fn part(&self, range: Range<usize>) -> Self {
        let within = range.start as u64..range.end as u64;
        let begun = self.cycles.iter().filter(|cycle| within.contains(&cycle.frame));
        Self {
            rate_hz: self.rate_hz,
            positions: self.positions.clone(),
            channels: self.channels.iter().map(|channel| channel[range.clone()].to_vec()).collect(),
            cycles: begun.map(|c| Cycle { frame: c.frame - within.start, ..*c }).collect(),
        }
    }

    /// Returns the frames that the graph's clock ran on without this recorder being served.
    ///
    /// More than 0 means that the machine was too busy, or that the device or the recorder was
    /// taken out of the graph for a while.
    pub fn missed_frames(&self) -> u64 {
        missed_frames(&self.cycles)
    }
}

/// Returns the time of a stream's frame on the monotonic clock.
fn time_in(cycles: &[Cycle], rate_hz: u32, frame: u64) -> Option<i64> {
    let index = cycles.partition_point(|cycle| cycle.frame <= frame).checked_sub(1)?;
    let cycle = &cycles[index];
    let offset = u32::try_from(frame - cycle.frame).ok()?;
    (offset < cycle.frames)
        .then(|| cycle.clock_ns + i64::from(offset) * 1_000_000_000 / i64::from(rate_hz))
}

/// What the data thread owns.
struct Sink {
    channels: usize,
    frames: u64,
    samples: Producer<f32>,
    cycles: Producer<Cycle>,
    lost: Arc<AtomicU64>,
}

/// Takes all buffers there are. Real-time: neither allocates nor locks.
fn take(stream: &Stream, sink: &mut Sink) {
    while let Some(mut buffer) = stream.dequeue_buffer() {
        let datas = buffer.datas_mut();
        if datas.len() < sink.channels {
            return;
        }
        let frames =
            datas.iter().map(|data| data.chunk().size() as usize / SAMPLE_BYTES).min().unwrap_or(0);
        let Ok(mut chunk) = sink.samples.write_chunk(frames * sink.channels) else {
            sink.lost.fetch_add(frames as u64, Ordering::Relaxed);
            continue;
        };
        let (head, tail) = chunk.as_mut_slices();
        let split = head.len();
        for (channel, data) in datas.iter_mut().take(sink.channels).enumerate() {
            let offset = data.chunk().offset() as usize;
            let Some(bytes) = data.data() else { continue };
            let Some(bytes) = bytes.get(offset..offset + frames * SAMPLE_BYTES) else { continue };
            for (n, sample) in bytemuck::cast_slice::<u8, f32>(bytes).iter().enumerate() {
                let slot = n * sink.channels + channel;
                if slot < split { head[slot] = *sample } else { tail[slot - split] = *sample }
            }
        }
        chunk.commit_all();
        let (clock_ns, ticks) = stream.time().map_or((0, 0), |time| (time.now(), time.ticks()));
        let cycle = Cycle { clock_ns, ticks, frame: sink.frames, frames: frames as u32 };
        if sink.cycles.push(cycle).is_err() {
            sink.lost.fetch_add(1, Ordering::Relaxed);
        }
        sink.frames += frames as u64;
    }
}

/// A running recording of a device's monitor.
pub struct Recorder {
    client: Client,
    stopping: Arc<AtomicBool>,
    drainer: Option<JoinHandle<()>>,
    captured: Arc<Mutex<Recording>>,
    lost: Arc<AtomicU64>,
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("frames", &self.frames()).finish_non_exhaustive()
    }
}

impl Recorder {
    pub(super) fn start(session: &Session, device: &str) -> Result<Self> {
        let graph = session.dump()?;
        let node = graph.node(device).with_context(|| format!("there is no node '{device}'"))?;
        let monitors: Vec<_> =
            graph.ports_of(node.id).into_iter().filter(|port| port.is_monitor).collect();
        ensure!(!monitors.is_empty(), "{device} has no monitor");
        let positions = monitors
            .iter()
            .map(|port| port.channel.parse())
            .collect::<Result<Vec<Position>, _>>()?;
        let channels = positions.len();

        let lost = Arc::new(AtomicU64::new(0));
        let (samples, sample_ring) = RingBuffer::new(RING_FRAMES * channels);
        let (cycles, cycle_ring) = RingBuffer::new(RING_CYCLES);
        let sink = Sink { channels, frames: 0, samples, cycles, lost: lost.clone() };
        let name = format!("testkit-recorder-{}", session.next_number());
        let props = [
            ("media.type", "Audio"),
            ("media.category", "Capture"),
            ("node.name", name.as_str()),
            ("application.name", "Testkit Recorder"),
            // Linked by hand: a smart filter would catch it, and record its own output.
            ("node.autoconnect", "false"),
            ("stream.dont-remix", "true"),
        ];
        let spec = StreamSpec {
            direction: Direction::Input,
            flags: StreamFlags::MAP_BUFFERS | StreamFlags::RT_PROCESS,
            positions: positions.clone(),
            rate_hz: None,
            props: props.map(|(key, value)| (key.to_owned(), value.into())).to_vec(),
        };
        let client = Client::start(session, spec, sink, take)?;
        let captured = Arc::new(Mutex::new(Recording {
            rate_hz: 0,
            positions,
            channels: vec![Vec::new(); channels],
            cycles: Vec::new(),
        }));
        let stopping = Arc::new(AtomicBool::new(false));
        let drainer = {
            let (captured, stopping) = (captured.clone(), stopping.clone());
            thread::Builder::new().name("testkit-drainer".into()).spawn(move || {
                drain(sample_ring, cycle_ring, &captured, &stopping);
            })?
        };
        let recorder = Self { client, stopping, drainer: Some(drainer), captured, lost };
        recorder.link(session, &name, channels, &monitors)?;
        let rate_hz = recorder
            .client
            .wait("the recorder's format", READY_TIMEOUT, |status| status.rate_hz)?;
        recorder.captured().rate_hz = rate_hz;
        // What was recorded before all channels were linked does not count as a start.
        recorder.wait_more(1, READY_TIMEOUT)?;
        Ok(recorder)
    }

    fn link(
        &self,
        session: &Session,
        name: &str,
        channels: usize,
        monitors: &[&super::Port],
    ) -> Result<()> {
        let inputs = session.wait_for_graph("the recorder's ports", READY_TIMEOUT, |graph| {
            let node = self.client.status().node_id?;
            let ports: Vec<_> =
                graph.ports_of(node).into_iter().filter(|port| port.is_input).cloned().collect();
            (ports.len() == channels).then_some(ports)
        })?;
        for monitor in monitors {
            let input = inputs
                .iter()
                .find(|port| port.channel == monitor.channel)
                .with_context(|| format!("{name} has no port for {}", monitor.channel))?;
            session.run("pw-link", &[&monitor.id.to_string(), &input.id.to_string()])?;
        }
        session.wait_for_graph("the recorder's links", READY_TIMEOUT, |graph| {
            let node = self.client.status().node_id?;
            let links = graph.links.iter().filter(|link| link.input_node == node);
            (links.filter(|link| link.state == "active").count() == channels).then_some(())
        })
    }

    /// Returns the number of frames recorded so far.
    pub fn frames(&self) -> usize {
        self.captured().frames()
    }

    /// Waits until so many frames are recorded.
    ///
    /// # Errors
    /// When the stream fails, or that takes longer than `timeout`.
    pub fn wait_frames(&self, frames: usize, timeout: Duration) -> Result<()> {
        self.client
            .wait("the recorder to go on", timeout, |_| (self.frames() >= frames).then_some(()))
    }

    /// Waits until so many more frames are recorded.
    ///
    /// # Errors
    /// Those of [`Self::wait_frames`].
    pub fn wait_more(&self, frames: usize, timeout: Duration) -> Result<()> {
        self.wait_frames(self.frames() + frames, timeout)
    }

    /// Waits until a frame at or after `from` exceeds `threshold`; returns the first such frame.
    ///
    /// # Errors
    /// When there is none within `timeout`.
    pub fn wait_sound(&self, from: usize, threshold: f32, timeout: Duration) -> Result<usize> {
        let mut seen = from;
        super::wait_for("sound on the device", timeout, || {
            let captured = self.captured();
            let found = captured.first_sound(seen, threshold);
            seen = seen.max(captured.frames());
            found
        })
    }

    /// Returns a copy of what is recorded so far.
    pub fn snapshot(&self) -> Recording {
        self.captured().clone()
    }

    /// Ends the recording.
    ///
    /// # Errors
    /// When the stream failed, or this process was too slow to take what it was given.
    pub fn stop(mut self) -> Result<Recording> {
        if let Some(error) = self.client.status().error {
            bail!("the recorder failed: {error}");
        }
        self.end_drainer();
        let lost = self.lost.load(Ordering::Relaxed);
        ensure!(lost == 0, "the recorder lost {lost} frames: this process got too little time");
        let recording = self.captured().clone();
        Ok(recording)
    }

    fn captured(&self) -> MutexGuard<'_, Recording> {
        self.captured.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end_drainer(&mut self) {
        self.stopping.store(true, Ordering::Release);
        if let Some(drainer) = self.drainer.take() {
            let _ = drainer.join();
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.end_drainer();
    }
}

/// Moves what the data thread has written into the recording, until told to stop.
fn drain(
    mut samples: Consumer<f32>,
    mut cycles: Consumer<Cycle>,
    captured: &Mutex<Recording>,
    stopping: &AtomicBool,
) {
    loop {
        let last = stopping.load(Ordering::Acquire);
        {
            let mut recording = captured.lock().unwrap_or_else(PoisonError::into_inner);
            // Samples come before their cycle, so every cycle taken here has its samples.
            while let Ok(cycle) = cycles.pop() {
                let count = recording.channels.len();
                let Ok(chunk) = samples.read_chunk(cycle.frames as usize * count) else { return };
                for (n, sample) in chunk.into_iter().enumerate() {
                    recording.channels[n % count].push(sample);
                }
                recording.cycles.push(cycle);
            }
        }
        if last {
            return;
        }
        thread::sleep(DRAIN_INTERVAL);
    }
}
