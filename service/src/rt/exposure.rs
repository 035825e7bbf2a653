//! How much sound reaches a device: A-weighted energy, handed over by atomics.
//!
//! [`ExposureMeter`] belongs to the data thread; [`ExposureReader`] to whoever counts. Whatever the reader takes starts
//! from nothing, so that no second counts twice.

use headroom_dsp::AWeighting;

use super::{
    sync::{Arc, AtomicU32, AtomicU64, Ordering},
    tap::{Energy, MAX_TAP_CHANNELS},
};

/// Adds up the A-weighted energy of a device.
///
/// # Real-time
/// [`add`](Self::add) filters one block in a time that depends on its length alone, and uses relaxed and release atomics.
#[derive(Debug)]
pub struct ExposureMeter {
    shared: Arc<Shared>,
    weighting: AWeighting,
}

/// Takes what an [`ExposureMeter`] has added up.
#[derive(Debug)]
pub struct ExposureReader {
    shared: Arc<Shared>,
}

/// What came since the last take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExposureReading {
    /// A-weighted mean square at an ear, linear: half of the sum of all channels, or all of one alone. A full-scale sine of
    /// 1 kHz on two channels has 0.5.
    pub mean_square: f64,
    /// For how long, in seconds.
    pub played_s: f64,
}

/// Ears that the channels of a device end at.
const EARS: u8 = 2;

#[derive(Debug, Default)]
struct Shared {
    /// Each channel's [`Energy`].
    energy: [AtomicU64; MAX_TAP_CHANNELS],
    rate_hz: AtomicU32,
}

/// Makes both ends.
pub fn exposure() -> (ExposureMeter, ExposureReader) {
    let shared = Arc::new(Shared::default());
    let meter = ExposureMeter { shared: shared.clone(), weighting: AWeighting::default() };
    (meter, ExposureReader { shared })
}

impl ExposureMeter {
    /// Adds one block of one channel; channels from [`MAX_TAP_CHANNELS`] on are left out.
    ///
    /// # Real-time
    /// Safe to call from a process callback.
    #[cfg_attr(rtsan, sanitize(realtime = "nonblocking"))]
    pub fn add(&mut self, channel: usize, samples: &[f32], rate_hz: u32) {
        let Some(energy) = self.shared.energy.get(channel).filter(|_| rate_hz > 0) else {
            return;
        };
        self.shared.rate_hz.store(rate_hz, Ordering::Relaxed);
        let sum = self.weighting.energy(channel, samples, rate_hz) as f32;
        Energy::add(energy, sum, samples.len());
    }
}

impl ExposureReader {
    /// Takes what came since the last take; `None` when nothing came.
    pub fn take(&mut self) -> Option<ExposureReading> {
        let (mut sum, mut channels, mut frames) = (0.0, 0_u8, 0);
        for energy in &self.shared.energy {
            if let Some((mean_square, its_frames)) = Energy::take(energy) {
                sum += f64::from(mean_square);
                channels += 1;
                frames = frames.max(its_frames);
            }
        }
        let rate_hz = self.shared.rate_hz.load(Ordering::Relaxed);
        (frames > 0 && rate_hz > 0).then(|| ExposureReading {
            mean_square: sum / f64::from(channels.clamp(1, EARS)),
            played_s: f64::from(frames) / f64::from(rate_hz),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone() -> Vec<f32> {
        (0..48_000_u16).map(|n| (f32::from(n % 48) / 48.0 * std::f32::consts::TAU).sin()).collect()
    }

    #[test]
    fn reading_covers_what_came_since_the_last_take() {
        let (mut meter, mut reader) = exposure();
        assert_eq!(reader.take(), None);
        for _ in 0..2 {
            reader.take();
            meter.add(0, &tone(), 48_000);
            meter.add(1, &vec![0.0; 48_000], 48_000);
        }
        let reading = reader.take().unwrap();
        assert!((reading.mean_square - 0.25).abs() < 0.002, "{reading:?}");
        assert!((reading.played_s - 1.0).abs() < 1e-9);
        assert_eq!(reader.take(), None);
    }

    #[test]
    fn sound_on_two_of_six_channels_counts_as_on_two() {
        for (channels, sounding, expected) in [(1, 1, 0.5), (2, 2, 0.5), (6, 2, 0.5), (6, 6, 1.5)] {
            let (mut meter, mut reader) = exposure();
            for _ in 0..2 {
                reader.take();
                for channel in 0..channels {
                    let silence = vec![0.0; 48_000];
                    let samples = if channel < sounding { tone() } else { silence };
                    meter.add(channel, &samples, 48_000);
                }
            }
            let found = reader.take().unwrap().mean_square;
            assert!((found - expected).abs() < 0.004, "{sounding} of {channels}: {found}");
        }
    }

    #[test]
    fn hostile_samples_leave_a_finite_reading() {
        let (mut meter, mut reader) = exposure();
        meter.add(0, &[f32::NAN, f32::INFINITY, f32::MAX, -f32::MAX], 48_000);
        meter.add(MAX_TAP_CHANNELS, &[1.0], 48_000);
        meter.add(0, &[1.0], 0);
        let reading = reader.take().unwrap();
        assert!(
            reading.mean_square.is_finite() && reading.played_s * 48_000.0 < 5.0,
            "{reading:?}"
        );
    }
}
