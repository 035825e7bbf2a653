//! The list of hostile signals.

use super::{Signal, generators as make};

/// Returns the hostile corpus: finite samples only, none of it padded.
pub fn corpus() -> &'static [Signal] {
    CORPUS
}

/// Returns the signal of the corpus that has this name.
pub fn find(name: &str) -> Option<&'static Signal> {
    CORPUS.iter().find(|signal| signal.name == name)
}

/// Returns noise that contains NaN, infinities, the largest floats and subnormals.
pub fn non_finite() -> Signal {
    Signal::new("non-finite", "a filter must recover from what is no number", make::non_finite)
}

const EDGE: &str = "a hard edge has more crest between samples than any sample shows";
const CREST: &str = "every sample misses the crest by as much as it can";
const BLIND: &str = "short detectors are blind this close to half the rate";

static CORPUS: &[Signal] = &[
    Signal::new("gauss-full-band", "peaks everywhere up to half the rate", make::gauss_full_band),
    Signal::new("gauss-below-20k", "loud noise inside the audible band", make::gauss_below_20k),
    Signal::new("gauss-quiet", "only rare peaks reach the ceiling", make::gauss_quiet),
    Signal::new("noise-60-db", "a gain error of 60 dB upstream", make::noise_60_db),
    Signal::new(
        "random-sign-1",
        "full scale and no sample over it, yet +9 dBTP",
        make::random_sign::<1>,
    ),
    Signal::new("random-sign-2", "the same, 6 dB over", make::random_sign::<2>),
    Signal::new("clipped-pink", "what a crushed programme looks like", make::clipped_pink::<1>),
    Signal::new("clipped-pink-x4", "the same, amplified after the clip", make::clipped_pink::<4>),
    Signal::new("soft-clipped-pink", "flat tops with round shoulders", make::soft_clipped_pink),
    Signal::new("music-like-clip", "beats and sections into a clip", make::music_like_clip),
    Signal::new(
        "sinc-sign-bursts",
        "the largest crest that 48 full-scale samples can make",
        make::sinc_sign_bursts,
    ),
    Signal::new("impulses-1", "single samples ring in every filter", make::impulses::<1>),
    Signal::new("impulses-4", "single samples far over the ceiling", make::impulses::<4>),
    Signal::new("square-20", EDGE, make::square::<20>),
    Signal::new("square-30", EDGE, make::square::<30>),
    Signal::new("square-100", EDGE, make::square::<100>),
    Signal::new("square-997", EDGE, make::square::<997>),
    Signal::new("square-3000", EDGE, make::square::<3_000>),
    Signal::new("square-5333", EDGE, make::square::<5_333>),
    Signal::new("square-7000", EDGE, make::square::<7_000>),
    Signal::new("square-12000", EDGE, make::square::<12_000>),
    Signal::new("square-20000", EDGE, make::square::<20_000>),
    Signal::new("quarter-rate-45", CREST, make::off_grid_tone::<4>),
    Signal::new("sixth-rate-60", CREST, make::off_grid_tone::<6>),
    Signal::new("eighth-rate-67.5", CREST, make::off_grid_tone::<8>),
    Signal::new("sweep-0.49", "every frequency in turn, 6 dB over", make::sweep),
    Signal::new("gated-997", "onsets of +12 dB without a fade", make::gated_997_hz),
    Signal::new("gated-0.3", "onsets of +12 dB high in the band", make::gated_tone::<3_000>),
    Signal::new("gated-0.45", BLIND, make::gated_tone::<4_500>),
    Signal::new(
        "gated-0.4995",
        "what was let through adds up in the meter's far tail",
        make::gated_tone::<4_995>,
    ),
    Signal::new("burst-60", "half a period is longer than any look-ahead", make::burst_60_hz),
    Signal::new("dc-steps", "steps of four times full scale", make::dc_steps),
    Signal::new(
        "linked-different",
        "channels that differ must share one gain",
        make::linked_different,
    ),
    Signal::new("hats", "steep attacks out of near silence", make::hats),
    Signal::new("high-noise", BLIND, make::high_noise),
    Signal::new("high-bursts", "switched noise near half the rate", make::high_bursts),
    Signal::new("ramp-gauss", "crosses the ceiling slowly", make::ramp_gauss),
    Signal::new("ramp-random-sign", "crosses the ceiling slowly", make::ramp_random_sign),
    Signal::new("ramp-tone-0.44", BLIND, make::ramp_tone::<4_400>),
    Signal::new("ramp-tone-0.47", BLIND, make::ramp_tone::<4_700>),
    Signal::new("ramp-tone-0.485", BLIND, make::ramp_tone::<4_850>),
    Signal::new("ramp-tone-0.493", BLIND, make::ramp_tone::<4_930>),
    Signal::new("ramp-tone-0.4985", BLIND, make::ramp_tone::<4_985>),
    Signal::new("two-tone-1k-0.49", "low and almost invisible high", make::two_tone_wide),
    Signal::new("two-tone-0.4-0.475", "beats between two high tones", make::two_tone_high),
    Signal::new("sudden-start", "66 dB of step into a released limiter", make::sudden_start),
    Signal::new("mixture", "kinds and levels change every 50 ms", make::mixture),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{
        meter,
        signals::{amplified, padded, speech_like},
    };

    #[test]
    fn every_signal_has_a_name_a_reason_and_its_length() {
        let names: BTreeSet<_> = corpus().iter().map(|signal| signal.name).collect();
        assert_eq!(names.len(), corpus().len());
        for signal in corpus() {
            assert!(!signal.why.is_empty());
            for frames in [0, 1, 4_799] {
                assert_eq!(signal.channel(48_000, frames, 1).len(), frames, "{}", signal.name);
            }
        }
    }

    #[test]
    fn every_signal_is_finite_repeatable_and_there_at_every_rate() {
        for signal in corpus() {
            for rate_hz in [44_100, 48_000, 96_000, 192_000] {
                let once = signal.channel(rate_hz, rate_hz as usize / 4, 5);
                assert!(once.iter().all(|x| x.is_finite()), "{}", signal.name);
                assert!(meter::sample_peak_dbfs(&once) > -60.0, "{} at {rate_hz}", signal.name);
                assert_eq!(once, signal.channel(rate_hz, rate_hz as usize / 4, 5));
            }
        }
    }

    #[test]
    fn the_corpus_breaks_the_ceiling_unless_something_holds_it() {
        let harmless = ["gauss-quiet"];
        for signal in corpus() {
            let channel = signal.planar(48_000, 48_000, 1, 2).remove(0);
            let peak_dbtp = meter::true_peak_dbtp(&padded(&channel, 500, 500));
            let expected_over = !harmless.contains(&signal.name);
            assert_eq!(peak_dbtp > 0.5, expected_over, "{}: {peak_dbtp:+.2} dBTP", signal.name);
        }
    }

    #[test]
    fn crests_between_the_samples_are_as_high_as_the_theory_says() {
        for (name, divisor) in
            [("quarter-rate-45", 4.0), ("sixth-rate-60", 6.0), ("eighth-rate-67.5", 8.0)]
        {
            let channel = find(name).unwrap().channel(48_000, 2_400, 0);
            let missed_db = -20.0 * (std::f64::consts::PI / divisor).cos().log10();
            let expected_dbfs = 9.0 - missed_db;
            assert!((meter::sample_peak_dbfs(&channel) - expected_dbfs).abs() < 0.01, "{name}");
        }
        let burst = find("sinc-sign-bursts").unwrap().channel(48_000, 48_000, 1);
        assert_eq!(meter::sample_peak_dbfs(&burst), 0.0);
        let peak_dbtp = meter::true_peak_dbtp(&burst);
        assert!((9.5..11.0).contains(&peak_dbtp), "{peak_dbtp}");
    }

    #[test]
    fn speech_like_material_has_the_loudness_asked_for() {
        for lufs in [-30.0, -23.0, -16.0] {
            let speech = speech_like(48_000, 48_000 * 5, lufs, 8);
            let layout = [crate::layout::Position::Mono];
            let reading = meter::loudness(&[&speech], 48_000, &layout).integrated_lufs;
            assert!((reading - lufs).abs() < 0.05, "{reading}");
            let louder = amplified(&[speech], 6.0);
            let reading = meter::loudness(&louder, 48_000, &layout).integrated_lufs;
            assert!((reading - lufs - 6.0).abs() < 0.05, "{reading}");
        }
    }

    #[test]
    fn the_poisoned_signal_holds_every_kind_of_poison() {
        let poison = non_finite().channel(48_000, 48_000, 3);
        assert!(poison.iter().any(|x| x.is_nan()));
        assert!(poison.contains(&f32::INFINITY) && poison.contains(&f32::NEG_INFINITY));
        assert!(poison.iter().any(|x| x.is_subnormal()));
    }
}
