//! Loudness after ITU-R BS.1770-4: K weighting, channel weights, two gates.

use std::f64::consts::PI;

use crate::layout::Position;

/// What a loudness meter reads over a whole recording, in LUFS; minus infinity where nothing is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Loudness {
    /// Gated loudness of the whole (BS.1770-4, annex 1).
    pub integrated_lufs: f64,
    /// Loudest 400 ms, read every 10 ms (EBU Tech 3341, "momentary").
    pub momentary_max_lufs: f64,
    /// Loudest 3 s, read every 10 ms (EBU Tech 3341, "short-term").
    pub short_term_max_lufs: f64,
    /// Loudness range in LU, read every 100 ms (EBU Tech 3342); zero below three seconds.
    pub range_lu: f64,
}

const ABSOLUTE_GATE_LUFS: f64 = -70.0;
const RELATIVE_GATE_LU: f64 = -10.0;
/// Energies are summed in pieces of 10 ms; the windows are whole numbers of pieces.
const PIECES_PER_SECOND: usize = 100;
const MOMENTARY_PIECES: usize = 40;
const SHORT_TERM_PIECES: usize = 300;
const GATING_HOP_PIECES: usize = 10;

/// Measures planar audio at `rate_hz`, one position per channel.
///
/// Filters are derived for the rate from the analogue prototype behind the standard's 48 kHz
/// coefficients. The low-frequency channel does not count; side channels count 1.41, and so do
/// rear ones where the layout has no side pair (BS.1770-4, annex 1 and table 4).
///
/// # Panics
/// When `channels` and `positions` differ in number, or channels in length.
pub fn loudness<C: AsRef<[f32]>>(channels: &[C], rate_hz: u32, positions: &[Position]) -> Loudness {
    let energies = piece_energies(channels, rate_hz, positions);
    let momentary = window_powers(&energies, MOMENTARY_PIECES);
    let short_term = window_powers(&energies, SHORT_TERM_PIECES);
    let gating: Vec<f64> = momentary.iter().copied().step_by(GATING_HOP_PIECES).collect();
    Loudness {
        integrated_lufs: integrate(&gating),
        momentary_max_lufs: lufs(momentary.iter().copied().fold(0.0, f64::max)),
        short_term_max_lufs: lufs(short_term.iter().copied().fold(0.0, f64::max)),
        range_lu: range_lu(short_term.iter().copied().step_by(GATING_HOP_PIECES).collect()),
    }
}

/// Measures the ungated loudness of every window of `window_ms`, a multiple of 10 ms, read every 10 ms:
/// in LUFS, the first of the window that begins with the audio; otherwise as [`loudness`].
///
/// # Panics
/// As [`loudness`], and for a window of less than 10 ms.
pub fn loudness_curve<C: AsRef<[f32]>>(
    channels: &[C],
    rate_hz: u32,
    positions: &[Position],
    window_ms: usize,
) -> Vec<f64> {
    let pieces = window_ms * PIECES_PER_SECOND / 1000;
    let powers = window_powers(&piece_energies(channels, rate_hz, positions), pieces);
    powers.into_iter().map(lufs).collect()
}

/// Returns the weighted energy of all channels in every whole piece of 10 ms.
fn piece_energies<C: AsRef<[f32]>>(
    channels: &[C],
    rate_hz: u32,
    positions: &[Position],
) -> Vec<f64> {
    assert_eq!(channels.len(), positions.len(), "one position per channel");
    let frames = channels.first().map_or(0, |channel| channel.as_ref().len());
    let rate = rate_hz as usize;
    // Whole pieces only; a rate that is no multiple of 100 Hz has pieces that differ by a frame.
    let piece_start = |piece: usize| piece * rate / PIECES_PER_SECOND;
    let most = frames * PIECES_PER_SECOND / rate + 1;
    let pieces = (0..most).take_while(|piece| piece_start(piece + 1) <= frames).count();
    let mut energies = vec![0.0; pieces];
    for (channel, &position) in channels.iter().zip(positions) {
        let channel = channel.as_ref();
        assert_eq!(channel.len(), frames, "all channels have the same length");
        let weight = channel_weight(position, positions);
        if weight == 0.0 {
            continue;
        }
        let mut filter = KWeighting::new(f64::from(rate_hz));
        for (piece, energy) in energies.iter_mut().enumerate() {
            let range = piece_start(piece)..piece_start(piece + 1);
            let sum: f64 = channel[range].iter().map(|&x| filter.step(f64::from(x)).powi(2)).sum();
            *energy += weight * sum / f64::from(rate_hz);
        }
    }
    energies
}

/// From the 10th to the 95th percentile of what is above both gates.
fn range_lu(mut powers: Vec<f64>) -> f64 {
    powers.retain(|&power| lufs(power) >= ABSOLUTE_GATE_LUFS);
    let mean = powers.iter().sum::<f64>() / powers.len().max(1) as f64;
    powers.retain(|&power| lufs(power) >= lufs(mean) - 20.0);
    powers.sort_by(f64::total_cmp);
    let at = |share: f64| powers[((powers.len() - 1) as f64 * share).round() as usize];
    if powers.is_empty() { 0.0 } else { lufs(at(0.95)) - lufs(at(0.10)) }
}

/// Mean power over every run of `pieces` pieces.
fn window_powers(energies: &[f64], pieces: usize) -> Vec<f64> {
    let seconds = pieces as f64 / PIECES_PER_SECOND as f64;
    energies.windows(pieces).map(|window| window.iter().sum::<f64>() / seconds).collect()
}

fn integrate(blocks: &[f64]) -> f64 {
    let above = |gate_lufs: f64| {
        let kept: Vec<f64> = blocks.iter().copied().filter(|&z| lufs(z) > gate_lufs).collect();
        if kept.is_empty() { 0.0 } else { kept.iter().sum::<f64>() / kept.len() as f64 }
    };
    let relative_gate_lufs = lufs(above(ABSOLUTE_GATE_LUFS)) + RELATIVE_GATE_LU;
    lufs(above(relative_gate_lufs.max(ABSOLUTE_GATE_LUFS)))
}

fn lufs(power: f64) -> f64 {
    10.0 * power.log10() - 0.691
}

fn channel_weight(position: Position, layout: &[Position]) -> f64 {
    match position {
        Position::Lfe => 0.0,
        Position::SideLeft | Position::SideRight => 1.41,
        Position::RearLeft | Position::RearRight if !layout.contains(&Position::SideLeft) => 1.41,
        _ => 1.0,
    }
}

/// High shelf, then high pass, each of second order.
struct KWeighting {
    shelf: Biquad,
    high_pass: Biquad,
}

impl KWeighting {
    fn new(rate_hz: f64) -> Self {
        Self { shelf: Biquad::shelf(rate_hz), high_pass: Biquad::high_pass(rate_hz) }
    }

    fn step(&mut self, x: f64) -> f64 {
        self.high_pass.step(self.shelf.step(x))
    }
}

/// A second-order section in transposed direct form II.
struct Biquad {
    b: [f64; 3],
    a: [f64; 2],
    state: [f64; 2],
}

impl Biquad {
    /// Bilinear transform of the shelf (1682 Hz, +4 dB) with its frequency kept.
    fn shelf(rate_hz: f64) -> Self {
        let k = (PI * 1_681.974_450_955_533 / rate_hz).tan();
        let q = 0.707_175_236_955_419_6;
        let high = 10f64.powf(3.999_843_853_973_347 / 20.0);
        let band = high.powf(0.499_666_774_154_541_6);
        let a0 = 1.0 + k / q + k * k;
        Self {
            b: [
                (high + band * k / q + k * k) / a0,
                2.0 * (k * k - high) / a0,
                (high - band * k / q + k * k) / a0,
            ],
            a: [2.0 * (k * k - 1.0) / a0, (1.0 - k / q + k * k) / a0],
            state: [0.0; 2],
        }
    }

    /// Bilinear transform of the high pass (38 Hz); its numerator is not normalised, as published.
    fn high_pass(rate_hz: f64) -> Self {
        let k = (PI * 38.135_470_876_024_44 / rate_hz).tan();
        let q = 0.500_327_037_323_877_3;
        let a0 = 1.0 + k / q + k * k;
        Self {
            b: [1.0, -2.0, 1.0],
            a: [2.0 * (k * k - 1.0) / a0, (1.0 - k / q + k * k) / a0],
            state: [0.0; 2],
        }
    }

    fn step(&mut self, x: f64) -> f64 {
        let y = self.b[0] * x + self.state[0];
        self.state[0] = self.b[1] * x - self.a[0] * y + self.state[1];
        self.state[1] = self.b[2] * x - self.a[1] * y;
        y
    }
}

#[cfg(test)]
mod tests {
    use ebur128::{Channel, EbuR128, Mode};

    use super::*;
    use crate::{
        layout::usual_layout,
        signals::{self, tone_steps as steps},
    };

    const RATES_HZ: [u32; 6] = [44_100, 48_000, 88_200, 96_000, 176_400, 192_000];

    fn stereo(rate_hz: u32, parts: &[(f64, f64)]) -> Loudness {
        let channel = steps(rate_hz, parts);
        loudness(&[&channel, &channel], rate_hz, &usual_layout(2))
    }

    fn assert_reads(what: &str, reading_lufs: f64, expected_lufs: f64) {
        assert!((reading_lufs - expected_lufs).abs() <= 0.1, "{what}: {reading_lufs:.3} LUFS");
    }

    #[test]
    fn the_filters_at_48_khz_are_those_of_the_standard() {
        let shelf = Biquad::shelf(48_000.0);
        let high_pass = Biquad::high_pass(48_000.0);
        let pairs = [
            (shelf.b[0], 1.535_124_859_586_97),
            (shelf.b[1], -2.691_696_189_406_38),
            (shelf.b[2], 1.198_392_810_852_85),
            (shelf.a[0], -1.690_659_293_182_41),
            (shelf.a[1], 0.732_480_774_215_85),
            (high_pass.a[0], -1.990_047_454_833_98),
            (high_pass.a[1], 0.990_072_250_366_21),
        ];
        for (got, expected) in pairs {
            assert!((got - expected).abs() < 1e-9, "{got} is not {expected}");
        }
    }

    #[test]
    fn ebu_tech_3341_cases_1_to_6_read_right_at_every_rate() {
        for rate_hz in RATES_HZ {
            for level in [-23.0, -33.0] {
                let reading = stereo(rate_hz, &[(level, 20.0)]);
                assert_reads("integrated", reading.integrated_lufs, level);
                assert_reads("momentary", reading.momentary_max_lufs, level);
                assert_reads("short-term", reading.short_term_max_lufs, level);
            }
            let case_3 = [(-36.0, 10.0), (-23.0, 60.0), (-36.0, 10.0)];
            assert_reads("case 3", stereo(rate_hz, &case_3).integrated_lufs, -23.0);
            let case_4 =
                [(-72.0, 10.0), (-36.0, 10.0), (-23.0, 60.0), (-36.0, 10.0), (-72.0, 10.0)];
            assert_reads("case 4", stereo(rate_hz, &case_4).integrated_lufs, -23.0);
            let case_5 = [(-26.0, 20.0), (-20.0, 20.1), (-26.0, 20.0)];
            assert_reads("case 5", stereo(rate_hz, &case_5).integrated_lufs, -23.0);
            let case_6: Vec<Vec<f32>> = [-28.0, -28.0, -24.0, f64::NEG_INFINITY, -30.0, -30.0]
                .iter()
                .map(|&level| steps(rate_hz, &[(level, 20.0)]))
                .collect();
            let reading = loudness(&case_6, rate_hz, &usual_layout(6));
            assert_reads("case 6", reading.integrated_lufs, -23.0);
        }
    }

    #[test]
    fn ebu_tech_3341_cases_9_to_14_read_as_the_document_says() {
        let rate_hz = 48_000;
        let case_9: Vec<_> = [(-20.0, 1.34), (-30.0, 1.66)].repeat(5);
        assert_reads("case 9", stereo(rate_hz, &case_9).short_term_max_lufs, -23.0);
        let case_12: Vec<_> = [(-20.0, 0.18), (-30.0, 0.22)].repeat(25);
        assert_reads("case 12", stereo(rate_hz, &case_12).momentary_max_lufs, -23.0);
        for segment in 0..20 {
            let late = f64::from(segment);
            let silence = f64::NEG_INFINITY;
            let case_10 = [(silence, late * 0.15), (-23.0, 3.0), (silence, 1.0)];
            assert_reads("case 10", stereo(rate_hz, &case_10).short_term_max_lufs, -23.0);
            let case_13 = [(silence, late * 0.02), (-23.0, 0.4), (silence, 1.0)];
            assert_reads("case 13", stereo(rate_hz, &case_13).momentary_max_lufs, -23.0);
            let level = -38.0 + late;
            let case_11 = [(silence, late * 0.15), (level, 3.0), (silence, 3.0 - late * 0.15)];
            assert_reads("case 11", stereo(rate_hz, &case_11).short_term_max_lufs, level);
            let case_14 = [(silence, late * 0.02), (level, 0.4), (silence, 0.4 - late * 0.02)];
            assert_reads("case 14", stereo(rate_hz, &case_14).momentary_max_lufs, level);
        }
    }

    #[test]
    fn ebu_tech_3342_cases_1_to_4_read_as_the_document_says() {
        let cases: [(&[f64], f64); 4] = [
            (&[-20.0, -30.0], 10.0),
            (&[-20.0, -15.0], 5.0),
            (&[-40.0, -20.0], 20.0),
            (&[-50.0, -35.0, -20.0, -35.0, -50.0], 15.0),
        ];
        for (levels, expected) in cases {
            let parts: Vec<_> = levels.iter().map(|&level| (level, 20.0)).collect();
            let range_lu = stereo(48_000, &parts).range_lu;
            assert!((range_lu - expected).abs() < 0.1, "{levels:?}: {range_lu}");
        }
        assert_eq!(stereo(48_000, &[(-20.0, 2.0)]).range_lu, 0.0);
    }

    #[test]
    fn speech_noise_and_surround_agree_with_the_ebur128_crate() {
        for rate_hz in RATES_HZ {
            for channels in [1_usize, 2, 6] {
                let frames = rate_hz as usize * 6;
                let audio: Vec<Vec<f32>> = (0..channels)
                    .map(|c| signals::speech_like(rate_hz, frames, -20.0 - c as f64, c as u64))
                    .collect();
                let mode = Mode::I | Mode::M | Mode::S;
                let mut oracle = EbuR128::new(channels as u32, rate_hz, mode).unwrap();
                if channels == 6 {
                    use Channel::{Center, Left, LeftSurround, Right, RightSurround, Unused};
                    let map = [Left, Right, Center, Unused, LeftSurround, RightSurround];
                    oracle.set_channel_map(&map).unwrap();
                }
                let planes: Vec<&[f32]> = audio.iter().map(Vec::as_slice).collect();
                oracle.add_frames_planar_f32(&planes).unwrap();
                let expected = oracle.loudness_global().unwrap();
                let layout = usual_layout(channels);
                let reading = loudness(&audio, rate_hz, &layout).integrated_lufs;
                assert!(
                    (reading - expected).abs() <= 0.01,
                    "{channels} channels at {rate_hz} Hz: {reading:.3}, ebur128 {expected:.3}"
                );
            }
        }
    }

    #[test]
    fn silence_and_short_recordings_have_no_loudness() {
        let reading = loudness(&[vec![0.0; 48_000]], 48_000, &usual_layout(1));
        assert_eq!(reading.integrated_lufs, f64::NEG_INFINITY);
        let reading = loudness(&[vec![0.5; 480]], 48_000, &usual_layout(1));
        assert_eq!(reading.momentary_max_lufs, f64::NEG_INFINITY);
    }
}
