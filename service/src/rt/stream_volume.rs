//! The volume of the streams that a chain takes its sound from, told by an atomic.
//!
//! It does not go with the other parameters: those may wait for their moment, and the person's hand
//! does not.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

/// The gain that streams' own volumes have put on the sound of a chain already, in dB: the newest
/// wins.
///
/// Any thread may write and read at any time; nothing waits.
#[derive(Clone, Debug, Default)]
pub struct StreamVolume {
    /// Bits of an `f32`; zero is 0 dB.
    gain_db: Arc<AtomicU32>,
}

impl StreamVolume {
    /// Leaves a gain, in dB; it counts from the chain's next block on.
    pub fn store(&self, gain_db: f32) {
        self.gain_db.store(gain_db.to_bits(), Ordering::Relaxed);
    }

    /// Returns the newest gain, in dB.
    ///
    /// # Real-time
    /// A relaxed atomic only.
    pub fn load(&self) -> f32 {
        f32::from_bits(self.gain_db.load(Ordering::Relaxed))
    }
}
