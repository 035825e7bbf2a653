//! From one sample to the next no gain moves by more than its times allow.
#![allow(
    clippy::unwrap_used,
    clippy::float_cmp,
    reason = "a helper that cannot go on must fail the test; rest is exact"
)]

mod common;

use common::{hard_tier_only, prepared, process};
use headroom_dsp::{ChainParams, Lookahead, Makeup};
use headroom_testkit::signals::{corpus, padded};

/// What the second channel carries: it gets the gain of the first and shows it.
const SHOWN: f32 = 0.001;

/// Largest step of the gain in dB per frame, and its largest reduction in dB.
fn steps_db(params: ChainParams, rate_hz: u32, audio: &[f32]) -> (f64, f64) {
    let mut chain = prepared(params, rate_hz, 2);
    let latency = chain.latency_frames();
    let output = process(&mut chain, &[audio.to_vec(), vec![SHOWN; audio.len()]], 512);
    // The first frames fill the band-limiting filter.
    let gains: Vec<f64> =
        output[1][latency + 200..].iter().map(|&x| 20.0 * f64::from(x / SHOWN).log10()).collect();
    let step = gains.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f64::max);
    let deepest = gains.iter().copied().fold(0.0, f64::min);
    (step, -deepest)
}

#[test]
fn the_limiters_gain_moves_by_a_share_of_its_depth() {
    for (rate_hz, lookahead, look_frames) in [
        (44_100, Lookahead::Standard, 36.0),
        (48_000, Lookahead::Standard, 40.0),
        (48_000, Lookahead::Low, 26.0),
        (96_000, Lookahead::Standard, 80.0),
        (192_000, Lookahead::Standard, 160.0),
    ] {
        for signal in corpus() {
            let audio = padded(&signal.channel(rate_hz, rate_hz as usize / 4, 1), 600, 600);
            let mut params = hard_tier_only();
            params.limiter.lookahead = lookahead;
            let (step, depth) = steps_db(params, rate_hz, &audio);
            // Three boxes of a third of the look-ahead in a row: at most 3/4 of one box's share.
            // While the high frequencies are taken away, the band-limited audio is a little
            // higher or lower (0.05 dB) than the rest.
            let most = depth * 0.75 * 3.0 / look_frames + 0.01;
            assert!(step <= most, "{} at {rate_hz} {lookahead:?}: {step} {depth}", signal.name);
        }
    }
}

#[test]
fn levelling_compression_and_the_soft_tier_move_slower_still() {
    for rate_hz in [44_100, 48_000, 96_000, 192_000] {
        for signal in corpus() {
            // 30 dB lower, so that the hard tier rests.
            let audio: Vec<f32> = signal
                .channel(rate_hz, 2 * rate_hz as usize, 2)
                .iter()
                .map(|x| (0.03 * x).clamp(-0.2, 0.2))
                .collect();
            let mut params = ChainParams::default();
            params.compressor.threshold_db = -40.0;
            params.compressor.ratio = 4.0;
            params.compressor.makeup = Makeup::Db(0.0);
            params.leveller.max_boost_db = 0.0;
            params.limiter.soft.max_psr_db = 6.0;
            let (step, _) = steps_db(params, rate_hz, &audio);
            // Attack times of 20 ms over at most 30 dB and of 5 ms over at most 12 dB.
            let most = (30.0 / 0.020 + 12.0 / 0.005) / f64::from(rate_hz);
            assert!(step <= most, "{} at {rate_hz}: {step} > {most}", signal.name);
        }
    }
}
