//! Owns the limiter's designs per rate: taps, look-ahead and margins; constants and set-up code.

use super::taps;
use crate::params::Lookahead;

/// Coefficients of the first mid-point interpolator, from the centre outwards (8 taps at 2x).
pub(super) const MIDPOINT_4X: [f32; 4] = [0.609_794_7, -0.142_596_3, 0.039_460_7, -0.006_825_7];
/// Coefficients of the second mid-point interpolator, from the centre outwards (6 taps at 4x).
pub(super) const MIDPOINT_8X: [f32; 3] = [0.590_061_4, -0.104_064_3, 0.014_018];

/// One tuned set of filter and gain lengths; lengths in frames.
#[derive(Clone, Copy, Debug)]
pub(super) struct Design {
    even: &'static [f32],
    odd: &'static [f32],
    /// Delay of the band-limiting filter, D.
    pub(super) delay: usize,
    /// Whether the detector interpolates to 8x (else 4x).
    pub(super) eightfold: bool,
    /// Look-ahead of the gain, L.
    pub(super) lookahead: usize,
    /// Half-width of the high-frequency bound, K.
    pub(super) reach: usize,
    /// Safety factor of the high-frequency bound.
    pub(super) bound_factor: f64,
    /// Share of emitted high frequencies that can add to a later peak through the far tail of an
    /// interpolator.
    pub(super) tail: f32,
    /// Share of the high frequencies that counts as peak even while they are taken away: what
    /// leaks through the filter's stop band when they are far over full scale.
    pub(super) leak: f32,
    /// Distance between the ceiling and the level that is aimed at, in dB.
    pub(super) margin_db: f32,
}

const RATE_44100: Design = Design {
    even: &taps::EVEN_44100,
    odd: &taps::ODD_44100,
    delay: 26,
    eightfold: true,
    lookahead: 36,
    reach: 19,
    bound_factor: 1.1,
    tail: 0.5,
    leak: 0.01,
    margin_db: 0.10,
};
const RATE_48000: Design = Design {
    even: &taps::EVEN_48000,
    odd: &taps::ODD_48000,
    delay: 26,
    eightfold: true,
    lookahead: 40,
    reach: 19,
    bound_factor: 1.1,
    tail: 0.5,
    leak: 0.01,
    margin_db: 0.05,
};
const RATE_96000: Design = Design {
    even: &taps::EVEN_96000,
    odd: &taps::ODD_96000,
    delay: 16,
    eightfold: false,
    lookahead: 80,
    reach: 19,
    bound_factor: 1.1,
    tail: 0.5,
    leak: 0.01,
    margin_db: 0.05,
};
const RATE_192000: Design = Design {
    even: &taps::EVEN_192000,
    odd: &taps::ODD_192000,
    delay: 12,
    eightfold: false,
    lookahead: 160,
    reach: 19,
    bound_factor: 1.1,
    tail: 0.5,
    leak: 0.01,
    margin_db: 0.05,
};
const LOW_44100: Design = Design {
    even: &taps::EVEN_44100_LOW,
    odd: &taps::ODD_44100_LOW,
    delay: 24,
    lookahead: 26,
    bound_factor: 1.3,
    tail: 0.8,
    leak: 0.02,
    ..RATE_44100
};
const LOW_48000: Design = Design {
    even: &taps::EVEN_48000_LOW,
    odd: &taps::ODD_48000_LOW,
    delay: 24,
    lookahead: 26,
    bound_factor: 1.3,
    tail: 0.8,
    leak: 0.02,
    ..RATE_48000
};
const LOW_96000: Design = Design { lookahead: 48, leak: 0.02, ..RATE_96000 };
const LOW_192000: Design = Design { lookahead: 96, leak: 0.02, ..RATE_192000 };

impl Design {
    /// Chooses the design for a rate: the nearest at or below it, normalised to that rate.
    pub(super) fn for_rate(rate_hz: u32, lookahead: Lookahead) -> Self {
        let (standard, low) = match rate_hz {
            ..48_000 => (RATE_44100, LOW_44100),
            48_000..88_200 => (RATE_48000, LOW_48000),
            88_200..176_400 => (RATE_96000, LOW_96000),
            _ => (RATE_192000, LOW_192000),
        };
        match lookahead {
            Lookahead::Standard => standard,
            Lookahead::Low => low,
        }
    }

    /// Delay of the interpolators after the filter.
    pub(super) fn lag(&self) -> usize {
        if self.eightfold { 3 } else { 2 }
    }

    /// Delay of the whole limiter.
    pub(super) fn latency(&self) -> usize {
        self.delay + self.lag() + self.lookahead
    }

    /// Span of the high-frequency gain's smoothing.
    pub(super) fn reach_span(&self) -> usize {
        self.lookahead + self.lag() - self.reach
    }

    /// All taps of the even phase, 2D + 1 of them.
    pub(super) fn even_taps(&self) -> Box<[f32]> {
        let mirrored = self.even.iter().rev().skip(1);
        self.even.iter().chain(mirrored).copied().collect()
    }

    /// All taps of the odd phase, 2D of them.
    pub(super) fn odd_taps(&self) -> Box<[f32]> {
        self.odd.iter().chain(self.odd.iter().rev()).copied().collect()
    }

    /// The bound's weights: how much a high-frequency sample can add between two samples at a
    /// distance of k, `max(|sinc(k + 1/2)|, |sinc(k - 1/2)|)` times the safety factor, for k from
    /// -K to K.
    pub(super) fn bound_taps(&self) -> Box<[f32]> {
        let sinc = |x: f64| {
            let x = x * std::f64::consts::PI;
            (x.sin() / x).abs()
        };
        (0..=2 * self.reach)
            .map(|n| {
                let k = n as f64 - self.reach as f64;
                (self.bound_factor * sinc(k + 0.5).max(sinc(k - 0.5))) as f32
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_are_those_of_the_designs() {
        for (rate_hz, standard, low) in [
            (44_100, 65, 53),
            (48_000, 69, 53),
            (88_200, 98, 66),
            (96_000, 98, 66),
            (176_400, 174, 110),
            (192_000, 174, 110),
        ] {
            assert_eq!(Design::for_rate(rate_hz, Lookahead::Standard).latency(), standard);
            assert_eq!(Design::for_rate(rate_hz, Lookahead::Low).latency(), low);
        }
    }

    #[test]
    fn taps_fit_their_delay_and_pass_low_frequencies() {
        for rate_hz in [44_100, 48_000, 96_000, 192_000] {
            for lookahead in [Lookahead::Standard, Lookahead::Low] {
                let design = Design::for_rate(rate_hz, lookahead);
                let (even, odd) = (design.even_taps(), design.odd_taps());
                assert_eq!(even.len(), 2 * design.delay + 1);
                assert_eq!(odd.len(), 2 * design.delay);
                assert!((even.iter().sum::<f32>() - 1.0).abs() < 0.006);
                assert!((odd.iter().sum::<f32>() - 1.0).abs() < 0.006);
                assert!(design.reach_span() >= 3 && design.reach >= design.lag());
            }
        }
    }
}
