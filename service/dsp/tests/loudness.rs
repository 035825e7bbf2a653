//! The loudness meter reads what EBU Tech 3341 says, and what the independent meter reads.
#![allow(
    clippy::unwrap_used,
    clippy::float_cmp,
    reason = "a helper that cannot go on must fail the test; rest is exact"
)]

use headroom_dsp::{Layout, Loudness, Position, Spec, TruePeak};
use headroom_testkit::signals::{self, tone_steps as steps};
use headroom_testkit::{layout, meter};

const RATES_HZ: [u32; 6] = [44_100, 48_000, 88_200, 96_000, 176_400, 192_000];

/// The independent meter's usual layout, as this crate's.
fn same_layout(channels: usize) -> Layout {
    let positions: Vec<Position> = layout::usual_layout(channels)
        .iter()
        .map(|position| match position {
            layout::Position::Mono => Position::Mono,
            layout::Position::FrontLeft => Position::FrontLeft,
            layout::Position::FrontRight => Position::FrontRight,
            layout::Position::FrontCenter => Position::FrontCenter,
            layout::Position::Lfe => Position::Lfe,
            layout::Position::SideLeft => Position::SideLeft,
            layout::Position::SideRight => Position::SideRight,
            layout::Position::RearLeft => Position::RearLeft,
            layout::Position::RearRight => Position::RearRight,
            layout::Position::Aux(_) => Position::Other,
        })
        .collect();
    Layout::new(&positions).unwrap()
}

/// Highest momentary and short-term readings, and the integrated one.
struct Readings {
    momentary: Vec<f32>,
    short_term: Vec<f32>,
    integrated: f32,
}

impl Readings {
    fn momentary_max(&self) -> f32 {
        self.momentary.iter().copied().fold(-120.0, f32::max)
    }

    fn short_term_max(&self) -> f32 {
        self.short_term.iter().copied().fold(-120.0, f32::max)
    }
}

/// Reads the meter every 10 ms.
fn read(rate_hz: u32, layout: Layout, audio: &[Vec<f32>]) -> Readings {
    let mut loudness = Loudness::new(Spec { rate_hz, layout }).unwrap();
    let mut readings = Readings { momentary: vec![], short_term: vec![], integrated: 0.0 };
    let block = rate_hz as usize / 100;
    for start in (0..audio[0].len()).step_by(block) {
        let end = (start + block).min(audio[0].len());
        let pieces: Vec<&[f32]> = audio.iter().map(|c| &c[start..end]).collect();
        loudness.process(&pieces);
        readings.momentary.push(loudness.momentary_lufs());
        readings.short_term.push(loudness.short_term_lufs());
    }
    readings.integrated = loudness.integrated_lufs();
    readings
}

fn stereo(rate_hz: u32, parts: &[(f64, f64)]) -> Readings {
    let channel = steps(rate_hz, parts);
    read(rate_hz, Layout::stereo(), &[channel.clone(), channel])
}

fn assert_reads(what: &str, reading: f32, expected: f64) {
    assert!((f64::from(reading) - expected).abs() <= 0.1, "{what}: {reading} LUFS");
}

#[test]
fn ebu_tech_3341_cases_1_to_6_read_as_the_document_says_at_every_rate() {
    for rate_hz in RATES_HZ {
        for level in [-23.0, -33.0] {
            let readings = stereo(rate_hz, &[(level, 20.0)]);
            assert_reads("integrated", readings.integrated, level);
            assert_reads("momentary", readings.momentary_max(), level);
            assert_reads("short-term", readings.short_term_max(), level);
        }
        let case_3 = [(-36.0, 10.0), (-23.0, 60.0), (-36.0, 10.0)];
        assert_reads("case 3", stereo(rate_hz, &case_3).integrated, -23.0);
        let case_4 = [(-72.0, 10.0), (-36.0, 10.0), (-23.0, 60.0), (-36.0, 10.0), (-72.0, 10.0)];
        assert_reads("case 4", stereo(rate_hz, &case_4).integrated, -23.0);
        let case_5 = [(-26.0, 20.0), (-20.0, 20.1), (-26.0, 20.0)];
        assert_reads("case 5", stereo(rate_hz, &case_5).integrated, -23.0);
        let silence = f64::NEG_INFINITY;
        let case_6: Vec<Vec<f32>> = [-28.0, -28.0, -24.0, silence, -30.0, -30.0]
            .iter()
            .map(|&level| steps(rate_hz, &[(level, 20.0)]))
            .collect();
        let readings = read(rate_hz, Layout::surround_5_1(), &case_6);
        assert_reads("case 6", readings.integrated, -23.0);
    }
}

#[test]
fn ebu_tech_3341_cases_9_to_14_read_as_the_document_says_at_every_rate() {
    for rate_hz in RATES_HZ {
        cases_9_to_14(rate_hz);
    }
}

fn cases_9_to_14(rate_hz: u32) {
    let case_9: Vec<_> = [(-20.0, 1.34), (-30.0, 1.66)].repeat(5);
    for &reading in &stereo(rate_hz, &case_9).short_term[300..] {
        assert_reads("case 9", reading, -23.0);
    }
    let case_12: Vec<_> = [(-20.0, 0.18), (-30.0, 0.22)].repeat(25);
    for &reading in &stereo(rate_hz, &case_12).momentary[100..] {
        assert_reads("case 12", reading, -23.0);
    }
    let silence = f64::NEG_INFINITY;
    for segment in 0..20 {
        let late = f64::from(segment);
        let case_10 = [(silence, late * 0.15), (-23.0, 3.0), (silence, 1.0)];
        assert_reads("case 10", stereo(rate_hz, &case_10).short_term_max(), -23.0);
        let case_13 = [(silence, late * 0.02), (-23.0, 0.4), (silence, 1.0)];
        assert_reads("case 13", stereo(rate_hz, &case_13).momentary_max(), -23.0);
        let level = -38.0 + late;
        let case_11 = [(silence, late * 0.15), (level, 3.0), (silence, 3.0 - late * 0.15)];
        assert_reads("case 11", stereo(rate_hz, &case_11).short_term_max(), level);
        let case_14 = [(silence, late * 0.02), (level, 0.4), (silence, 0.4 - late * 0.02)];
        assert_reads("case 14", stereo(rate_hz, &case_14).momentary_max(), level);
    }
}

#[test]
fn ebu_tech_3341_cases_15_to_23_read_as_the_document_says_at_every_rate() {
    for rate_hz in RATES_HZ {
        for case in 15..=23 {
            let (audio, expected) = signals::true_peak_case(rate_hz, case);
            let mut true_peak = TruePeak::new(1);
            true_peak.process(&[&audio]);
            true_peak.finish();
            let error = f64::from(true_peak.dbtp()) - expected;
            println!("case {case} at {rate_hz}: {:+.2} dBTP", true_peak.dbtp());
            assert!((-0.4..=0.2).contains(&error), "case {case} at {rate_hz}: {error:+.3}");
        }
    }
}

#[test]
fn ebu_tech_3342_cases_1_to_4_read_as_the_document_says_at_every_rate() {
    for rate_hz in RATES_HZ {
        let cases: [(&[f64], f64); 4] = [
            (&[-20.0, -30.0], 10.0),
            (&[-20.0, -15.0], 5.0),
            (&[-40.0, -20.0], 20.0),
            (&[-50.0, -35.0, -20.0, -35.0, -50.0], 15.0),
        ];
        for (case, (levels, expected)) in cases.into_iter().enumerate() {
            let parts: Vec<_> = levels.iter().map(|&level| (level, 20.0)).collect();
            let channel = steps(rate_hz, &parts);
            let spec = Spec { rate_hz, layout: Layout::stereo() };
            let mut loudness = Loudness::with_range(spec).unwrap();
            loudness.process(&[&channel, &channel]);
            let range = f64::from(loudness.loudness_range_lu());
            println!("case {} at {rate_hz}: {range:.2} LU", case + 1);
            // The document allows 1 LU.
            assert!((range - expected).abs() <= 0.1, "case {} at {rate_hz}: {range}", case + 1);
            loudness.reset();
            assert_eq!(loudness.loudness_range_lu(), 0.0);
        }
    }
}

#[test]
fn readings_agree_with_the_ebur128_crate_and_the_range_with_the_independent_meter() {
    use ebur128::{Channel, EbuR128, Mode};
    let mut worst = [0.0_f64; 4];
    for rate_hz in RATES_HZ {
        for channels in [1_usize, 2, 6] {
            let frames = rate_hz as usize * 12;
            for kind in 0..2 {
                let audio: Vec<Vec<f32>> = (0..channels as u64)
                    .map(|c| {
                        if kind == 0 {
                            return signals::speech_like(rate_hz, frames, -20.0 - c as f64, c);
                        }
                        let noise = signals::gaussian_noise(frames, 0.2, c);
                        // Levels from section to section, so that there is a range.
                        let gains = [1.0, 0.3, 0.05, 0.6];
                        let section = rate_hz as usize * 3;
                        let scaled = noise.iter().enumerate();
                        scaled.map(|(n, x)| x * gains[n / section % 4]).collect()
                    })
                    .collect();
                let mode = Mode::I | Mode::M | Mode::S;
                let mut oracle = EbuR128::new(channels as u32, rate_hz, mode).unwrap();
                if channels == 6 {
                    use Channel::{Center, Left, LeftSurround, Right, RightSurround, Unused};
                    let map = [Left, Right, Center, Unused, LeftSurround, RightSurround];
                    oracle.set_channel_map(&map).unwrap();
                }
                let layout = if channels == 6 {
                    Layout::surround_5_1()
                } else {
                    Layout::from_count(channels).unwrap()
                };
                let mut loudness = Loudness::with_range(Spec { rate_hz, layout }).unwrap();
                let block = rate_hz as usize / 10;
                for (count, start) in (0..frames).step_by(block).enumerate() {
                    let planes: Vec<&[f32]> =
                        audio.iter().map(|c| &c[start..start + block]).collect();
                    oracle.add_frames_planar_f32(&planes).unwrap();
                    loudness.process(&planes);
                    let mut compare = |k: usize, ours: f32, theirs: f64| {
                        // What lies below the gate of the standard is a matter of taste.
                        if theirs > -70.0 {
                            worst[k] = worst[k].max((f64::from(ours) - theirs).abs());
                        }
                    };
                    if count >= 4 {
                        compare(0, loudness.momentary_lufs(), oracle.loudness_momentary().unwrap());
                    }
                    if count >= 30 && count % 10 == 0 {
                        compare(
                            1,
                            loudness.short_term_lufs(),
                            oracle.loudness_shortterm().unwrap(),
                        );
                    }
                    if count >= 10 && count % 10 == 0 {
                        compare(2, loudness.integrated_lufs(), oracle.loudness_global().unwrap());
                    }
                }
                let range = f64::from(loudness.loudness_range_lu());
                // The crate reads the range once a second; every 100 ms is more exact.
                let positions = layout::usual_layout(channels);
                let expected = meter::loudness(&audio, rate_hz, &positions).range_lu;
                worst[3] = worst[3].max((range - expected).abs());
            }
        }
    }
    println!("momentary, short-term, integrated, range: {worst:.4?}");
    assert!(worst.iter().all(|&error| error <= 0.02), "{worst:?}");
}

#[test]
fn readings_agree_with_the_independent_meter() {
    for rate_hz in [44_100, 48_000, 96_000] {
        for channels in [1_usize, 2, 5, 6, 8] {
            let audio: Vec<Vec<f32>> = (0..channels)
                .map(|c| {
                    let level = -20.0 - c as f64;
                    signals::speech_like(rate_hz, rate_hz as usize * 6, level, c as u64)
                })
                .collect();
            let expected = meter::loudness(&audio, rate_hz, &layout::usual_layout(channels));
            let readings = read(rate_hz, same_layout(channels), &audio);
            let error = f64::from(readings.integrated) - expected.integrated_lufs;
            assert!(error.abs() < 0.05, "{channels} at {rate_hz}: {error}");
            let error = f64::from(readings.short_term_max()) - expected.short_term_max_lufs;
            assert!(error.abs() < 0.05, "{channels} at {rate_hz}: {error}");
        }
    }
}

#[test]
fn the_low_frequency_channel_does_not_count() {
    let mut audio = vec![steps(48_000, &[(-23.0, 5.0)]); 2];
    audio.extend(vec![vec![0.0; 240_000]; 4]);
    let without = read(48_000, Layout::surround_5_1(), &audio).integrated;
    audio[3] = steps(48_000, &[(0.0, 5.0)]);
    let with = read(48_000, Layout::surround_5_1(), &audio).integrated;
    assert_eq!(without.to_bits(), with.to_bits());
}

#[test]
fn a_sample_that_is_no_number_does_not_spoil_the_measurement() {
    let mut audio = vec![steps(48_000, &[(-23.0, 5.0)]); 2];
    audio[0][1000] = f32::NAN;
    audio[1][2000] = f32::INFINITY;
    let readings = read(48_000, Layout::stereo(), &audio);
    assert!((readings.integrated + 23.0).abs() < 0.1, "{}", readings.integrated);
}

#[test]
fn silence_reads_the_floor() {
    let readings = read(48_000, Layout::stereo(), &[vec![0.0; 200_000], vec![0.0; 200_000]]);
    assert!(readings.momentary.iter().chain(&readings.short_term).all(|&l| l == -120.0));
    assert!(readings.integrated == -120.0);
}

#[test]
fn what_is_below_the_absolute_gate_has_no_integrated_loudness_and_no_range() {
    let channel = steps(48_000, &[(-75.0, 6.0)]);
    let spec = Spec { rate_hz: 48_000, layout: Layout::stereo() };
    let mut loudness = Loudness::with_range(spec).unwrap();
    loudness.process(&[&channel, &channel]);
    assert!((loudness.momentary_lufs() + 75.0).abs() < 0.1);
    assert!(loudness.integrated_lufs() == -120.0 && loudness.loudness_range_lu() == 0.0);
}

#[test]
fn true_peak_agrees_with_the_independent_meter() {
    for name in ["gauss-below-20k", "square-997", "quarter-rate-45", "impulses-1", "clipped-pink"] {
        let audio = signals::find(name).unwrap().planar(48_000, 24_000, 2, 1);
        let padded = signals::padded_planar(&audio, 512, 512);
        let planes: Vec<&[f32]> = padded.iter().map(Vec::as_slice).collect();
        let mut true_peak = TruePeak::new(2);
        true_peak.process(&planes);
        true_peak.finish();
        let expected = meter::true_peak_dbtp_planar(&padded);
        let error = f64::from(true_peak.dbtp()) - expected;
        println!("{name}: {error:+.4} dB");
        // What is above 0.46 of the rate reads a little low.
        let most = if name == "gauss-below-20k" { 0.005 } else { 0.12 };
        assert!(error.abs() < most, "{name}: {error}");
    }
}
