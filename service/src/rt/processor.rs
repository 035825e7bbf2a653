//! The data thread's half: takes orders, runs the chain, leaves readings.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use headroom_dsp::{Chain, ChainParams, MeterFrame, Spec};
use rtrb::{Consumer, Producer};
use triple_buffer::{Input, Output};

use super::{
    Gauges, Order, Retired, Slots, StreamVolume, Wish,
    account::Accountant,
    gauges::StateSlot,
    guard::Guard,
    share::SharedCeiling,
    vitals::{Group, Vitals},
};

/// A cycle as the graph's clock has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CycleTime {
    /// When the graph began it, in ns of `CLOCK_MONOTONIC`.
    pub start_ns: i64,
    /// When it has ended here, in ns of `CLOCK_MONOTONIC`.
    pub end_ns: i64,
    /// The graph's position at its start, in frames.
    pub position_frames: u64,
    /// Its length, in frames; 0 when it brought nothing.
    pub frames: u32,
}

/// Most cycles that one gap counts for: what lasts longer was no gap, but a pause.
const LONGEST_GAP: u64 = 1000;

/// Longest that a wish waits for its moment.
const LONGEST_WAIT_NS: i64 = 1_000_000_000;

/// Longest interruption after which the same programme is taken to go on: a new link, a track change.
const SAME_PROGRAMME: Duration = Duration::from_secs(2);

/// The chain on PipeWire's data thread.
///
/// # Real-time
/// [`process`](Self::process) is the only entry; it neither allocates, locks, logs, frees nor calls
/// the system, and its time is bounded by the chain's.
#[derive(Debug)]
pub struct Processor {
    group: Group,
    chain: Option<Box<Chain>>,
    channels: usize,
    rate_hz: u32,
    clamps_counted: u64,
    /// The cycle before this one; `None` after an interruption.
    before: Option<CycleTime>,
    orders: Consumer<Order>,
    retired: Producer<Retired>,
    wishes: Output<Wish>,
    /// Whether the newest wish has been taken.
    granted: bool,
    /// What was taken last.
    params: ChainParams,
    stream_volume: StreamVolume,
    ceiling: SharedCeiling,
    guard: Guard,
    /// When the graph began this cycle, in ns of `CLOCK_MONOTONIC`; 0 while unknown.
    cycle_ns: i64,
    /// The number of the start that was taken last.
    started: u64,
    /// When the last block came.
    block_at: Option<Instant>,
    meters: Input<MeterFrame>,
    metering: Arc<AtomicBool>,
    /// Of the chain of an application or of another device.
    gauges: Option<Gauges>,
    state: StateSlot,
    account: Accountant,
    vitals: Arc<Vitals>,
}

impl Processor {
    pub(super) fn new(
        group: Group,
        (orders, wishes): (Consumer<Order>, Output<Wish>),
        slots: Slots,
        retired: Producer<Retired>,
        (meters, metering): (Input<MeterFrame>, Arc<AtomicBool>),
        (gauges, state, account): (Option<Gauges>, StateSlot, Accountant),
        vitals: Arc<Vitals>,
    ) -> Self {
        let params = wishes.output_buffer().params;
        Self {
            group,
            chain: None,
            channels: 0,
            rate_hz: 0,
            clamps_counted: 0,
            before: None,
            orders,
            retired,
            wishes,
            granted: true,
            params,
            stream_volume: slots.stream_volume,
            ceiling: SharedCeiling::new(slots.share),
            guard: Guard::new(slots.guard),
            cycle_ns: 0,
            started: 0,
            block_at: None,
            meters,
            metering,
            gauges,
            state,
            account,
            vitals,
        }
    }

    /// Processes one block in place: planar, channels by frames, all of one length, at the rate of
    /// the format that was set last.
    ///
    /// A block that no prepared chain fits is silenced: what leaves here is processed or nothing.
    ///
    /// # Real-time
    /// Safe to call from a process callback.
    #[cfg_attr(rtsan, sanitize(realtime = "nonblocking"))]
    pub fn process(&mut self, io: &mut [&mut [f32]]) {
        let start = Instant::now();
        self.take_orders(start);
        self.block_at = Some(start);
        let frames = io.first().map_or(0, |channel| channel.len());
        let fits = self.channels == io.len();
        match &mut self.chain {
            Some(chain) if fits => {
                self.granted &= !self.wishes.update();
                let wish = self.wishes.output_buffer();
                let wait_ns = wish.from_ns.saturating_sub(self.cycle_ns);
                // A driver that keeps no such clock is not waited for.
                let is_due = wait_ns <= 0 || wait_ns > LONGEST_WAIT_NS;
                let is_new = !self.granted && is_due;
                // The person's hand waits for nothing.
                let stream_volume_db = self.stream_volume.load();
                let has_moved =
                    self.params.stream_volume_db.to_bits() != stream_volume_db.to_bits();
                if is_new || has_moved {
                    let params = if is_new { wish.params } else { self.params };
                    self.params = ChainParams { stream_volume_db, ..params };
                    chain.set_params(&self.params);
                }
                if is_new {
                    self.granted = true;
                    let (number, state) = &wish.start;
                    if *number != self.started {
                        self.started = *number;
                        chain.take_over(state);
                    }
                }
                chain.process_in_place(io);
                self.ceiling.hold(io, self.rate_hz);
                self.guard.hold(io, self.rate_hz);
                self.account.add(&chain.note_block(), frames, self.rate_hz);
                if self.metering.load(Ordering::Relaxed) {
                    // Maxima pile up in the chain until somebody has read the last ones.
                    if self.meters.consumed() {
                        self.meters.write(chain.take_meters());
                    }
                }
                if let Some(gauges) = &self.gauges {
                    gauges.write(chain.take_chain_meters());
                }
                self.state.write(chain.dynamics_state());
                let clamps = chain.clamp_activations();
                if clamps != self.clamps_counted {
                    self.vitals
                        .of(self.group)
                        .count_clamps(clamps.saturating_sub(self.clamps_counted));
                    self.clamps_counted = clamps;
                }
            }
            _ => {
                for channel in io.iter_mut() {
                    channel.fill(0.0);
                }
                self.vitals.of(self.group).count_unready();
            }
        }
        let spent_ns = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let frames = u32::try_from(frames).unwrap_or(u32::MAX);
        self.vitals.of(self.group).count_cycle(frames, self.rate_hz, spent_ns);
    }

    /// Notes that the graph has begun a cycle, and when, in ns of `CLOCK_MONOTONIC`: the same for every
    /// chain in it. [`end_cycle`](Self::end_cycle) is to follow.
    ///
    /// # Real-time
    /// Safe to call from a process callback.
    #[cfg_attr(rtsan, sanitize(realtime = "nonblocking"))]
    pub fn begin_cycle(&mut self, start_ns: i64) {
        self.cycle_ns = start_ns;
        self.state.write_cycle(start_ns);
        self.vitals.of(self.group).begin_cycle();
    }

    /// Counts a cycle that was late, and those that were left out before it.
    ///
    /// # Real-time
    /// Safe to call from a process callback.
    #[cfg_attr(rtsan, sanitize(realtime = "nonblocking"))]
    pub fn end_cycle(&mut self, time: CycleTime) {
        let (mut graph_ns, mut overdue, mut missed) = (0, false, 0);
        if time.frames > 0 && self.rate_hz > 0 && time.start_ns > 0 {
            let quantum_ns = i64::from(time.frames) * 1_000_000_000 / i64::from(self.rate_hz);
            graph_ns = u64::try_from(time.end_ns - time.start_ns).unwrap_or(0);
            overdue = time.end_ns - time.start_ns > quantum_ns;
            if let Some(before) = self.before.filter(|before| before.frames == time.frames) {
                let passed = time.position_frames.saturating_sub(before.position_frames);
                missed = (passed / u64::from(time.frames)).saturating_sub(1);
                missed = if missed > LONGEST_GAP { 0 } else { missed };
            }
            self.before = Some(time);
        }
        self.vitals.of(self.group).end_cycle(graph_ns, overdue, missed);
    }

    /// Returns the rate that the chain was prepared for, in Hz; 0 before the first format.
    pub fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    fn take_orders(&mut self, now: Instant) {
        // An order can be taken only when what it replaces can go: it must not be freed here.
        while !self.retired.is_full() {
            if let Some(replaced) = self.chain.as_mut().and_then(|chain| chain.take_retired()) {
                self.retire(Retired::Lookahead(replaced));
                continue;
            }
            match self.orders.pop() {
                Ok(Order::Chain(chain, spec)) => self.replace_chain(chain, spec),
                Ok(Order::Lookahead(change)) => {
                    let unneeded = match &mut self.chain {
                        Some(chain) => chain.change_lookahead(change),
                        None => Some(change),
                    };
                    if let Some(unneeded) = unneeded {
                        self.retire(Retired::Lookahead(unneeded));
                    }
                }
                Ok(Order::Reset) => {
                    self.before = None;
                    let silence = self.block_at.map(|at| now.saturating_duration_since(at));
                    match &mut self.chain {
                        Some(chain) if silence.is_some_and(|it| it <= SAME_PROGRAMME) => {
                            chain.flush();
                        }
                        Some(chain) => chain.reset(),
                        None => {}
                    }
                }
                Err(_) => break,
            }
        }
    }

    fn replace_chain(&mut self, mut chain: Box<Chain>, spec: Spec) {
        if let Some(old) = &self.chain {
            // At another rate the same programme goes on.
            chain.take_over(&old.dynamics_state());
        }
        self.channels = spec.layout.channels();
        self.rate_hz = spec.rate_hz;
        self.before = None;
        self.clamps_counted = chain.clamp_activations();
        if let Some(old) = self.chain.replace(chain) {
            self.retire(Retired::Chain(old));
        }
    }

    fn retire(&mut self, retired: Retired) {
        // Cannot fail: `take_orders` has seen a free place, and only this thread fills them.
        if let Err(rtrb::PushError::Full(retired)) = self.retired.push(retired) {
            std::mem::forget(retired);
        }
    }
}
