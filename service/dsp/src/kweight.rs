//! Owns the K-weighting filter of ITU-R BS.1770-5, annex 1, for any rate; runs on the audio thread.

use crate::MAX_CHANNELS;

/// One second-order section, normalised to `a0 = 1`.
#[derive(Clone, Copy, Debug)]
struct Section {
    b: [f64; 3],
    a: [f64; 2],
}

/// The two sections at one rate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KWeighting {
    shelf: Section,
    high_pass: Section,
}

impl KWeighting {
    /// Derives the sections at a rate from the analogue prototypes of the standard's 48 kHz ones.
    ///
    /// A shelf of 4 dB at 1,682 Hz and a second-order high-pass at 38 Hz, both by the bilinear
    /// transform; at 48 kHz the result is the standard's tables 1 and 2 to eight digits.
    pub(crate) fn new(rate_hz: u32) -> Self {
        let rate = f64::from(rate_hz);
        let shelf = {
            let gain = 10.0_f64.powf(3.999_843_853_973_347 / 20.0);
            let band = gain.powf(0.499_666_774_154_541_6);
            let k = (std::f64::consts::PI * 1_681.974_450_955_533 / rate).tan();
            let q = 0.707_175_236_955_419_6;
            let a0 = 1.0 + k / q + k * k;
            Section {
                b: [
                    (gain + band * k / q + k * k) / a0,
                    2.0 * (k * k - gain) / a0,
                    (gain - band * k / q + k * k) / a0,
                ],
                a: [2.0 * (k * k - 1.0) / a0, (1.0 - k / q + k * k) / a0],
            }
        };
        let high_pass = {
            let k = (std::f64::consts::PI * 38.135_470_876_024_44 / rate).tan();
            let q = 0.500_327_037_323_877_3;
            let a0 = 1.0 + k / q + k * k;
            Section {
                b: [1.0, -2.0, 1.0],
                a: [2.0 * (k * k - 1.0) / a0, (1.0 - k / q + k * k) / a0],
            }
        };
        Self { shelf, high_pass }
    }
}

/// Filter memory and running energy of every channel.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct KState {
    shelf: [[f64; MAX_CHANNELS]; 2],
    high_pass: [[f64; MAX_CHANNELS]; 2],
    /// Sum of squares since it was last set to zero.
    pub(crate) energy: [f64; MAX_CHANNELS],
}

impl KState {
    /// Filters `N` channels from `first` on and adds up their squares, frame after frame.
    #[inline(always)]
    pub(crate) fn run<const N: usize>(
        &mut self,
        filter: &KWeighting,
        first: usize,
        channels: [&[f32]; N],
    ) {
        let load =
            |from: &[f64; MAX_CHANNELS]| -> [f64; N] { std::array::from_fn(|k| from[first + k]) };
        let [mut s1, mut s2] = [load(&self.shelf[0]), load(&self.shelf[1])];
        let [mut h1, mut h2] = [load(&self.high_pass[0]), load(&self.high_pass[1])];
        let mut energy = load(&self.energy);
        let (s, h) = (filter.shelf, filter.high_pass);
        let frames = channels[0].len();
        let channels = channels.map(|c| &c[..frames]);
        for i in 0..frames {
            for k in 0..N {
                let x = channels[k][i];
                // One sample that is not finite would stay in the filter for ever.
                let x = if x.abs() <= f32::MAX { f64::from(x) } else { 0.0 };
                let y = s.b[0] * x + s1[k];
                s1[k] = (s.b[1] * x + s2[k]) - s.a[0] * y;
                s2[k] = s.b[2] * x - s.a[1] * y;
                // Transposed form with the numerator 1, -2, 1.
                let z = y + h1[k];
                h1[k] = (h2[k] - 2.0 * y) - h.a[0] * z;
                h2[k] = y - h.a[1] * z;
                energy[k] += z * z;
            }
        }
        for k in 0..N {
            self.shelf[0][first + k] = s1[k];
            self.shelf[1][first + k] = s2[k];
            self.high_pass[0][first + k] = h1[k];
            self.high_pass[1][first + k] = h2[k];
            self.energy[first + k] = energy[k];
        }
    }

    /// Sets memory that has decayed to nothing to zero, before it becomes subnormal.
    pub(crate) fn flush(&mut self) {
        for memory in self.shelf.iter_mut().chain(&mut self.high_pass).flatten() {
            if memory.abs() < 1e-30 {
                *memory = 0.0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_at_48_khz_are_the_standards() {
        let k = KWeighting::new(48_000);
        let expected = [
            (k.shelf.b[0], 1.535_124_859_586_97),
            (k.shelf.b[1], -2.691_696_189_406_38),
            (k.shelf.b[2], 1.198_392_810_852_85),
            (k.shelf.a[0], -1.690_659_293_182_41),
            (k.shelf.a[1], 0.732_480_774_215_85),
            (k.high_pass.a[0], -1.990_047_454_833_98),
            (k.high_pass.a[1], 0.990_072_250_366_21),
        ];
        for (value, standard) in expected {
            assert!((value - standard).abs() < 1e-8, "{value} {standard}");
        }
    }
}
