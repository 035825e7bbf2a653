//! The atomics of what a tap shares: those of the standard library; `tests/interleavings.rs` has others in their place.

pub(super) use std::sync::{
    Arc,
    atomic::{AtomicU32, AtomicU64, Ordering},
};
