//! The control side's half: sends orders, collects what the data thread gave back, reads meters.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use headroom_dsp::{
    Chain, ChainParams, DynamicsState, LookaheadChange, MeterFrame, PrepareError, Role, Spec,
};
use rtrb::{Consumer, Producer, PushError};
use triple_buffer::{Input, Output};

use super::{
    AccountReader, GuardSlot, Order, Retired, Share, Slots, StreamVolume, Wish, gauges::StateSlot,
};

/// Steers a [`Processor`](super::Processor) from any one thread that may allocate.
#[derive(Debug)]
pub struct Remote {
    role: Role,
    current: Wish,
    /// The format of the last chain sent.
    spec: Option<Spec>,
    orders: Producer<Order>,
    /// Orders that found the ring full, because nobody is playing and the data thread sleeps.
    backlog: VecDeque<Order>,
    retired: Consumer<Retired>,
    wishes: Input<Wish>,
    slots: Slots,
    meters: Option<MeterReader>,
    account: Option<AccountReader>,
    state: StateSlot,
}

impl Remote {
    pub(super) fn new(
        role: Role,
        params: ChainParams,
        (orders, wishes): (Producer<Order>, Input<Wish>),
        slots: Slots,
        retired: Consumer<Retired>,
        (meters, account): (MeterReader, AccountReader),
        state: StateSlot,
    ) -> Self {
        let (spec, backlog) = (None, VecDeque::new());
        let (meters, account) = (Some(meters), Some(account));
        let current = Wish::new(params);
        Self {
            role,
            current,
            spec,
            orders,
            backlog,
            retired,
            wishes,
            slots,
            meters,
            account,
            state,
        }
    }

    /// Returns where the volume of the streams that the chain takes its sound from is to be left; it
    /// counts in place of what the parameters say of it.
    pub fn stream_volume(&self) -> StreamVolume {
        self.slots.stream_volume.clone()
    }

    /// Returns where the chain's share of the device's ceiling is to be left.
    pub fn share(&self) -> Share {
        self.slots.share.clone()
    }

    /// Returns where the gain is to be left that meets a jump of the device's volume.
    pub fn guard(&self) -> GuardSlot {
        self.slots.guard.clone()
    }

    /// Hands out the reading end of the meters; there is one.
    pub fn take_meter_reader(&mut self) -> Option<MeterReader> {
        self.meters.take()
    }

    /// Hands out the account of what the chain does; there is one.
    pub fn take_account(&mut self) -> Option<AccountReader> {
        self.account.take()
    }

    /// Prepares a chain for `spec` and puts it in force with the next cycle.
    ///
    /// Returns the new latency, in frames.
    ///
    /// # Errors
    /// When the chain cannot serve `spec`; the old one then stays, and blocks of another format
    /// are silenced.
    pub fn set_format(&mut self, spec: Spec) -> Result<usize, PrepareError> {
        let params = ChainParams {
            stream_volume_db: self.slots.stream_volume.load(),
            ..self.current.params
        };
        let mut chain = Box::new(Chain::with_role(self.role, params));
        chain.prepare(spec)?;
        let latency_frames = chain.latency_frames();
        self.spec = Some(spec);
        // Neither an older chain nor a change to one matters any more.
        self.backlog.retain(|order| matches!(order, Order::Reset));
        self.send(Order::Chain(chain, spec));
        Ok(latency_frames)
    }

    /// Puts `params` in force; a change ramps, and another look-ahead is faded over to.
    ///
    /// Returns the new latency, in frames, if it has changed. Prepares what another look-ahead
    /// needs, so it may allocate.
    pub fn set_params(&mut self, params: ChainParams) -> Option<usize> {
        let latency_frames = self.set_lookahead(&params);
        if params != self.current.params {
            self.current = Wish { params, from_ns: 0, ..self.current };
            self.wishes.write(self.current);
        }
        self.flush();
        latency_frames
    }

    /// Puts `params` in force as [`set_params`](Self::set_params) does, with the first cycle that the
    /// graph begins at a time, in ns of `CLOCK_MONOTONIC`, or later, and has the chain go on, with them, from
    /// where another stands, if that is given.
    ///
    /// What is wished for in between counts at once, and this with it.
    pub fn hand_over(
        &mut self,
        params: ChainParams,
        from: Option<DynamicsState>,
        at_ns: i64,
    ) -> Option<usize> {
        let latency_frames = self.set_lookahead(&params);
        let (number, state) = self.current.start;
        let start = from.map_or((number, state), |state| (number + 1, state));
        self.current = Wish { params, start, from_ns: at_ns };
        self.wishes.write(self.current);
        self.flush();
        latency_frames
    }

    /// Has the chain begin with a programme of this loudness, in LUFS, before anything is heard of it.
    pub fn recall(&mut self, programme_lufs: f32) {
        let state = DynamicsState::remembered(programme_lufs);
        self.current.start = (self.current.start.0 + 1, state);
        self.wishes.write(self.current);
    }

    /// Returns when the graph began the last cycle, in ns of `CLOCK_MONOTONIC`; 0 before the first.
    pub fn cycle_ns(&self) -> i64 {
        self.state.cycle_ns()
    }

    /// Returns where the chain's AGC and compressor stood after its last cycle.
    pub fn dynamics_state(&self) -> DynamicsState {
        self.state.read()
    }

    fn set_lookahead(&mut self, params: &ChainParams) -> Option<usize> {
        if self.role == Role::App
            || params.limiter.lookahead == self.current.params.limiter.lookahead
        {
            return None;
        }
        // Cannot fail: a chain was prepared for this format.
        let change = LookaheadChange::prepare(self.spec?, &params.limiter).ok()?;
        let latency_frames = change.latency_frames();
        self.backlog.retain(|order| !matches!(order, Order::Lookahead(_)));
        self.backlog.push_back(Order::Lookahead(change));
        Some(latency_frames)
    }

    /// Has the chain forget before the next cycle what it holds back, and what it has learned too if
    /// that comes more than 2 s after the last.
    pub fn reset(&mut self) {
        if !matches!(self.backlog.back(), Some(Order::Reset)) {
            self.send(Order::Reset);
        }
    }

    /// Frees what the data thread gave back and sends what had to wait.
    pub fn flush(&mut self) {
        while let Ok(retired) = self.retired.pop() {
            match retired {
                Retired::Chain(chain) => drop(chain),
                Retired::Lookahead(change) => drop(change),
            }
        }
        while let Some(order) = self.backlog.pop_front() {
            if let Err(PushError::Full(order)) = self.orders.push(order) {
                self.backlog.push_front(order);
                break;
            }
        }
    }

    fn send(&mut self, order: Order) {
        self.backlog.push_back(order);
        self.flush();
    }
}

/// The reading end of a [`Processor`](super::Processor)'s meters.
#[derive(Debug)]
pub struct MeterReader {
    slot: Output<MeterFrame>,
    metering: Arc<AtomicBool>,
    guard: GuardSlot,
}

impl MeterReader {
    pub(super) fn new(
        slot: Output<MeterFrame>,
        metering: Arc<AtomicBool>,
        guard: GuardSlot,
    ) -> Self {
        Self { slot, metering, guard }
    }

    /// Returns where the guard behind the chain says how far it is.
    pub fn guard(&self) -> GuardSlot {
        self.guard.clone()
    }

    /// Turns metering on or off; while it is off, the data thread does no meter work.
    pub fn set_metering(&mut self, on: bool) {
        if self.metering.swap(on, Ordering::Relaxed) != on && on {
            // What was left from the last time is stale: free the slot for a fresh reading.
            self.slot.update();
        }
    }

    /// Returns a reading that was not returned before, if there is one.
    pub fn read(&mut self) -> Option<MeterFrame> {
        self.slot.update().then(|| *self.slot.output_buffer())
    }
}
