//! The real-time half of a filter pair: a chain, and the rings that feed it.
//!
//! [`Processor`] runs on PipeWire's data thread and owns the chain. [`Remote`] lives with whoever
//! steers it. Nothing here knows of PipeWire, and nothing on the [`Processor`]'s side allocates,
//! locks, logs, frees or calls the system.

mod account;
mod exposure;
mod gauges;
mod guard;
mod processor;
mod remote;
mod share;
mod stalls;
mod stream_volume;
mod sync;
mod tap;
mod vitals;

pub use account::{Account, AccountReader};
pub use exposure::{ExposureMeter, ExposureReader, ExposureReading, exposure};
pub use gauges::Gauges;
pub use guard::{GuardOrder, GuardSlot, LOWEST_GUARD_DB};
pub use processor::{CycleTime, Processor};
pub use remote::{MeterReader, Remote};
pub use share::Share;
pub use stalls::{Arrivals, Stalls, Watched};
pub use stream_volume::StreamVolume;
pub use tap::{MAX_TAP_CHANNELS, TapMeter, TapReader, TapReading, tap};
pub use vitals::{Progress, Vitals, VitalsSnapshot};

use gauges::StateSlot;
use vitals::Group;

use std::sync::{Arc, atomic::AtomicBool};

use headroom_dsp::{Chain, ChainParams, DynamicsState, LookaheadChange, Role, Spec};

/// What the control side asks of the [`Processor`] besides new parameters.
#[derive(Debug)]
pub(crate) enum Order {
    /// Use this chain, prepared for this format; the old one comes back through the second ring.
    Chain(Box<Chain>, Spec),
    /// Fade over to another look-ahead; what it replaces comes back through the second ring.
    Lookahead(LookaheadChange),
    /// The stream was interrupted: forget what was held back, and after a while what was learned too.
    Reset,
}

/// What a chain is to do: the newest wins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Wish {
    params: ChainParams,
    /// Where it is to go on from, with a number that each has once; 0 for nothing.
    ///
    /// It stays in later wishes, so that one that nobody has seen does not take it away.
    start: (u64, DynamicsState),
    /// Before a cycle that begins then, in ns of `CLOCK_MONOTONIC`, it does not count.
    from_ns: i64,
}

impl Wish {
    fn new(params: ChainParams) -> Self {
        Self { params, start: (0, DynamicsState::default()), from_ns: 0 }
    }
}

/// What is told by atomics, outside of parameters.
#[derive(Clone, Debug, Default)]
pub(crate) struct Slots {
    stream_volume: StreamVolume,
    share: Share,
    guard: GuardSlot,
}

/// What the [`Processor`] must not free.
#[derive(Debug)]
pub(crate) enum Retired {
    /// A chain for another format.
    Chain(Box<Chain>),
    /// A limiter with another look-ahead.
    Lookahead(LookaheadChange),
}

/// Orders that fit in the ring; a format change costs two.
const ORDERS: usize = 32;

/// Makes both halves of the bridge; the chain starts with `params` once a format is known.
///
/// The counters may be shared by bridges that follow each other.
pub fn bridge(params: ChainParams, vitals: Arc<Vitals>) -> (Remote, Processor) {
    build((Role::Bus, Group::Bus), params, vitals, (Slots::default(), None))
}

/// Makes both halves of the bridge to the chain before another device; otherwise as [`bridge`].
pub fn device_bridge(params: ChainParams, vitals: Arc<Vitals>) -> (Remote, Processor, Gauges) {
    build_gauged((Role::Bus, Group::Devices), params, vitals)
}

/// Makes both halves of the bridge to the chain of one application; otherwise as [`bridge`].
pub fn app_bridge(params: ChainParams, vitals: Arc<Vitals>) -> (Remote, Processor, Gauges) {
    build_gauged((Role::App, Group::Apps), params, vitals)
}

fn build_gauged(
    kind: (Role, Group),
    params: ChainParams,
    vitals: Arc<Vitals>,
) -> (Remote, Processor, Gauges) {
    let slots = Slots::default();
    let gauges = Gauges::new(slots.guard.clone());
    let (remote, processor) = build(kind, params, vitals, (slots, Some(gauges.clone())));
    (remote, processor, gauges)
}

fn build(
    (role, group): (Role, Group),
    params: ChainParams,
    vitals: Arc<Vitals>,
    (slots, gauges): (Slots, Option<Gauges>),
) -> (Remote, Processor) {
    let (orders_in, orders_out) = rtrb::RingBuffer::new(ORDERS);
    let (retired_in, retired_out) = rtrb::RingBuffer::new(ORDERS);
    let (wishes_in, wishes_out) = triple_buffer::TripleBuffer::new(&Wish::new(params)).split();
    let (meters_in, meters_out) = triple_buffer::TripleBuffer::default().split();
    let metering = Arc::new(AtomicBool::new(false));
    let (accountant, account) = account::account();
    let state = StateSlot::new();
    let meters = MeterReader::new(meters_out, metering.clone(), slots.guard.clone());
    let processor = Processor::new(
        group,
        (orders_out, wishes_out),
        slots.clone(),
        retired_in,
        (meters_in, metering),
        (gauges, state.clone(), accountant),
        vitals,
    );
    let remote = Remote::new(
        role,
        params,
        (orders_in, wishes_in),
        slots,
        retired_out,
        (meters, account),
        state,
    );
    (remote, processor)
}
