//! A tap whose owner says what it hears.

use std::sync::{Arc, Mutex};

use super::tap::{StreamTap, merged};
use crate::rt::TapReading;

#[derive(Clone, Debug, Default)]
pub(super) struct FakeTap(Arc<Mutex<Option<TapReading>>>);

impl FakeTap {
    pub(super) fn hear(&self, reading: TapReading) {
        let mut held = self.0.lock().unwrap();
        *held = Some(held.map_or(reading, |held| merged(held, reading)));
    }
}

impl StreamTap for FakeTap {
    fn take(&mut self) -> Option<TapReading> {
        self.0.lock().unwrap().take()
    }
}

/// The reading of a sine of this amplitude.
pub(super) fn reading(amplitude: f32, frames: u64) -> TapReading {
    TapReading { peak: amplitude, mean_square: amplitude * amplitude / 2.0, frames }
}
