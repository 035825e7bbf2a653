//! The atomics of what is shared by more than one of them; `tests/interleavings.rs` has others in their place.

pub(super) use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering},
    },
    thread::yield_now,
};

/// Chains that are watched for stalls at once; any more are waited for.
pub(super) const MOST_CHAINS: usize = 128;
