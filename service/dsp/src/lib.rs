//! Headroom's signal chain: loudness levelling, compression and true-peak limiting.
//!
//! `in -> leveller -> compressor -> cap -> limiter (soft tier -> hard tier) -> out`, for one to eight linked
//! channels of planar `f32` at 44.1 to 192 kHz. Pure computation: no input or output, no threads,
//! no logging.
//!
//! # Life cycle
//! 1. [`Chain::new`] takes the settings. It is cheap and allocates nothing.
//! 2. [`Chain::prepare`] fits the chain to a rate and a channel layout. It is the only call that
//!    allocates; call it away from the audio thread.
//! 3. [`Chain::reset`] forgets all audio, as after a seek or a pause.
//! 4. [`Chain::process`] works on blocks of any length. [`Chain::set_params`] and
//!    [`Chain::take_meters`] may be called between blocks.
//!
//! [`Dynamics`] (leveller and compressor, no delay) and [`Limiter`] (both tiers) have the same life
//! cycle and can be used alone; [`Loudness`] and [`TruePeak`] measure.
//!
//! # Example
//! A tone 6 dB above full scale stays under the ceiling from its first sample on:
//! ```
//! use headroom_dsp::{Chain, ChainParams, Layout, Spec};
//!
//! let mut chain = Chain::new(ChainParams::default());
//! chain.prepare(Spec { rate_hz: 48_000, layout: Layout::stereo() })?;
//! let tone: Vec<f32> = (0..4_800).map(|n| 2.0 * (n as f32 * 0.13).sin()).collect();
//! let (mut left, mut right) = (vec![0.0; tone.len()], vec![0.0; tone.len()]);
//! chain.process(&[&tone, &tone], &mut [&mut left, &mut right]);
//! let ceiling = 10_f32.powf(chain.params().limiter.ceiling_dbtp / 20.0);
//! assert!(left.iter().all(|sample| sample.abs() <= ceiling));
//! assert!(chain.take_meters().limiter_hard_db < 0.0, "it was held down");
//! # Ok::<(), headroom_dsp::PrepareError>(())
//! ```
//!
//! # Real-time rules
//! Calls marked *Real-time: safe* do not allocate, free, lock, log, wait, panic or call the
//! system, and take a time that grows only with the number of frames. Dropping frees memory: do it
//! away from the audio thread.
//!
//! # Units
//! Names carry them: `_db` (gain), `_dbfs` (sample level), `_dbtp` (true peak, ITU-R BS.1770-5
//! annex 2), `_lufs` (loudness, annex 1), `_ms`, `_frames`, `_hz`. Levels that are read are finite
//! and at least [`FLOOR_DB`].
//!
//! # Guarantees
//! - The output's true peak stays at or below the ceiling for any input; samples are never above
//!   it. What is not finite counts as zero, what is beyond ±120 dBFS is held there, what is below
//!   -300 dBFS counts as zero.
//! - While no stage acts, the output is the input, delayed, bit for bit.
//! - Any division of a stream into blocks gives the same bits, on any processor.
//! - The delay is constant for a rate and look-ahead: [`Chain::latency_frames`]. Another look-ahead
//!   is faded over to, without a click and under the ceiling: [`Chain::change_lookahead`].
#![cfg_attr(rtsan, feature(sanitize))]
#![deny(unsafe_code)]
#![allow(
    clippy::inline_always,
    reason = "a kernel must be inlined whole into the build for each instruction set"
)]
#![allow(
    clippy::needless_range_loop,
    clippy::needless_bitwise_bool,
    clippy::manual_memcpy,
    reason = "one index over several arrays, without branches, becomes vector code"
)]
#![allow(clippy::float_cmp, reason = "rest is exact: values are set to it, not computed")]

mod aweight;
mod block;
mod cap;
mod chain;
mod compressor;
mod dynamics;
mod kweight;
mod leveller;
mod limiter;
mod line;
mod loudness;
mod math;
mod meters;
mod params;
mod ramp;
mod simd;
mod spec;
mod state;
mod true_peak;
mod units;

pub use aweight::AWeighting;
use block::{Block, CHUNK, clean, each_chunk, each_chunk_in_place, parts};
pub use chain::{Chain, Role};
pub use dynamics::Dynamics;
pub use limiter::{Limiter, LookaheadChange};
pub use loudness::Loudness;
pub use meters::{BlockMeters, ChainMeters, DynamicsMeters, LimiterMeters, MeterFrame};
pub use params::{
    Cap, ChainParams, CompressorParams, Detector, LevellerParams, LimiterParams, Lookahead, Makeup,
    RANGES, Range, SoftParams, Surge, range,
};
pub use spec::{Layout, MAX_RATE_HZ, MIN_RATE_HZ, Position, PrepareError, Spec};
pub use state::{DynamicsState, ProgrammeState, SurgeState};
pub use true_peak::TruePeak;
pub use units::{FLOOR_DB, db_to_gain, gain_to_db};

/// The most channels that one chain serves.
pub const MAX_CHANNELS: usize = 8;
