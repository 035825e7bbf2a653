//! What a passive tap hands over: peak and mean square, by atomics.
//!
//! [`TapMeter`] belongs to the data thread; [`TapReader`] to whoever wants to know. Whatever the
//! reader takes starts anew, so a reading is as fresh as the last cycle and no peak is ever lost.

use super::sync::{Arc, AtomicU32, AtomicU64, Ordering};

/// Channels that a tap listens to; those beyond are left alone.
pub const MAX_TAP_CHANNELS: usize = 8;

/// Largest magnitude that is counted (+60 dBFS): beyond it nothing is told apart, and a mean
/// square stays finite.
const LARGEST: f32 = 1000.0;

const LANES: usize = 16;

/// Counts one tap's samples.
///
/// # Real-time
/// [`add`](Self::add) uses relaxed and release atomics only, and no loop over them.
#[derive(Debug)]
pub struct TapMeter {
    shared: Arc<Shared>,
}

/// Takes what a [`TapMeter`] has counted.
#[derive(Debug)]
pub struct TapReader {
    shared: Arc<Shared>,
}

/// What came since the last take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TapReading {
    /// Largest magnitude of any channel, linear, full scale is 1.0; at most 1000.
    pub peak: f32,
    /// Mean square of the loudest channel, linear.
    pub mean_square: f32,
    /// Frames that it covers.
    pub frames: u64,
}

#[derive(Debug, Default)]
struct Shared {
    /// Bits of an `f32`; magnitudes order like their bits.
    peak: AtomicU32,
    /// Each channel's [`Energy`].
    energy: [AtomicU64; MAX_TAP_CHANNELS],
}

/// Sum of squares and the frames that it is of, in one word, so that they are taken together.
#[derive(Clone, Copy)]
pub(super) struct Energy {
    sum: f32,
    frames: u32,
}

impl Energy {
    fn from_bits(bits: u64) -> Self {
        Self { sum: f32::from_bits((bits >> 32) as u32), frames: bits as u32 }
    }

    fn to_bits(self) -> u64 {
        u64::from(self.sum.to_bits()) << 32 | u64::from(self.frames)
    }

    fn plus(self, other: Self) -> Self {
        Self { sum: self.sum + other.sum, frames: self.frames.saturating_add(other.frames) }
    }

    /// Adds a block; one thread only adds, and one only takes.
    ///
    /// # Real-time
    /// Atomics, and no loop over them.
    pub(super) fn add(energy: &AtomicU64, sum: f32, frames: usize) {
        let block = Self { sum, frames: u32::try_from(frames).unwrap_or(u32::MAX) };
        let known = energy.load(Ordering::Relaxed);
        let total = Self::from_bits(known).plus(block).to_bits();
        if energy.compare_exchange(known, total, Ordering::Release, Ordering::Relaxed).is_err() {
            // Only the reader changes it besides, and only to nothing: there is nothing to add to. An exchange, and no
            // store: it follows the reader's in every order of their changes.
            energy.swap(block.to_bits(), Ordering::Release);
        }
    }

    /// Takes the mean square, and the frames that it is of; `None` when nothing came.
    pub(super) fn take(energy: &AtomicU64) -> Option<(f32, u32)> {
        let energy = Self::from_bits(energy.swap(0, Ordering::Acquire));
        (energy.frames > 0).then(|| (energy.sum / energy.frames as f32, energy.frames))
    }
}

/// Makes both ends of a tap.
pub fn tap() -> (TapMeter, TapReader) {
    let shared = Arc::new(Shared::default());
    (TapMeter { shared: shared.clone() }, TapReader { shared })
}

impl TapMeter {
    /// Counts one block of one channel; channels from [`MAX_TAP_CHANNELS`] on are left out.
    ///
    /// A sample that is no number counts as 0, an infinite one as +60 dBFS.
    ///
    /// # Real-time
    /// Safe to call from a process callback.
    #[cfg_attr(rtsan, sanitize(realtime = "nonblocking"))]
    pub fn add(&mut self, channel: usize, samples: &[f32]) {
        let Some(energy) = self.shared.energy.get(channel) else {
            return;
        };
        let (peak, sum) = measure(samples);
        self.shared.peak.fetch_max(peak.to_bits(), Ordering::Relaxed);
        Energy::add(energy, sum, samples.len());
    }
}

impl TapReader {
    /// Takes what came since the last take; `None` when nothing came.
    pub fn take(&mut self) -> Option<TapReading> {
        let (mut mean_square, mut frames) = (0.0_f32, 0);
        for energy in &self.shared.energy {
            if let Some((channel, its_frames)) = Energy::take(energy) {
                mean_square = mean_square.max(channel);
                frames = frames.max(its_frames);
            }
        }
        (frames > 0).then(|| TapReading {
            // A peak is counted before its energy: what belongs to these frames is there.
            peak: f32::from_bits(self.shared.peak.swap(0, Ordering::Relaxed)),
            mean_square,
            frames: u64::from(frames),
        })
    }
}

/// Returns largest magnitude and sum of squares.
fn measure(samples: &[f32]) -> (f32, f32) {
    let (mut peaks, mut sums) = ([0.0_f32; LANES], [0.0_f32; LANES]);
    let (whole, rest) = samples.as_chunks::<LANES>();
    for lanes in whole {
        for ((peak, sum), sample) in peaks.iter_mut().zip(&mut sums).zip(lanes) {
            count(peak, sum, *sample);
        }
    }
    for sample in rest {
        count(&mut peaks[0], &mut sums[0], *sample);
    }
    (peaks.iter().fold(0.0, |most, peak| most.max(*peak)), sums.iter().sum())
}

fn count(peak: &mut f32, sum: &mut f32, sample: f32) {
    let magnitude = sample.abs();
    // Comparisons with what is no number are false: it stays out.
    let magnitude = if magnitude > LARGEST { LARGEST } else { magnitude };
    let magnitude = if magnitude >= 0.0 { magnitude } else { 0.0 };
    *peak = if magnitude > *peak { magnitude } else { *peak };
    *sum += magnitude * magnitude;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_covers_what_came_since_the_last_take() {
        let (mut meter, mut reader) = tap();
        assert_eq!(reader.take(), None);
        meter.add(0, &[0.5; 100]);
        meter.add(1, &[-0.25; 100]);
        let reading = reader.take().unwrap();
        assert_eq!(reading, TapReading { peak: 0.5, mean_square: 0.25, frames: 100 });
        assert_eq!(reader.take(), None);
        meter.add(0, &[0.0; 64]);
        assert_eq!(reader.take(), Some(TapReading { peak: 0.0, mean_square: 0.0, frames: 64 }));
    }

    #[test]
    fn blocks_pile_up_and_the_loudest_channel_counts() {
        let (mut meter, mut reader) = tap();
        meter.add(0, &[1.0; 50]);
        meter.add(7, &[0.5; 50]);
        meter.add(0, &[0.0; 150]);
        meter.add(7, &[0.5; 150]);
        meter.add(8, &[9.0; 150]);
        let reading = reader.take().unwrap();
        assert_eq!(reading, TapReading { peak: 1.0, mean_square: 0.25, frames: 200 });
    }

    #[test]
    fn what_is_no_number_is_silence_and_what_has_no_end_is_loud() {
        let (mut meter, mut reader) = tap();
        meter.add(0, &[f32::NAN, -f32::NAN, 0.0, 0.0]);
        assert_eq!(reader.take(), Some(TapReading { peak: 0.0, mean_square: 0.0, frames: 4 }));
        meter.add(0, &[f32::NEG_INFINITY; 20]);
        let reading = reader.take().unwrap();
        assert_eq!((reading.peak, reading.mean_square), (1000.0, 1.0e6));
    }

    #[test]
    fn no_frame_and_no_peak_is_lost_between_two_threads() {
        const BLOCKS: u64 = 20_000;
        let (mut meter, mut reader) = tap();
        let writer = std::thread::spawn(move || {
            for block in 0..BLOCKS {
                let level = if block == BLOCKS / 2 { 1.0 } else { 0.5 };
                meter.add(0, &[level; 16]);
            }
        });
        let (mut frames, mut peak) = (0, 0.0_f32);
        let mut take = || {
            if let Some(reading) = reader.take() {
                frames += reading.frames;
                peak = peak.max(reading.peak);
                assert!((0.25..=1.0).contains(&reading.mean_square), "{reading:?}");
            }
        };
        while !writer.is_finished() {
            take();
        }
        writer.join().unwrap();
        take();
        assert_eq!((frames, peak), (BLOCKS * 16, 1.0));
    }
}
