//! The leveller that Headroom had until 2026-11-28, kept to be compared with; nothing else runs it.
//!
//! One gain, moved at 1 dB/s up and 4 dB/s down towards the target less a gated 3 s reading, after 400 ms of sound.

use headroom_dsp::{Cap, Chain, ChainParams, CompressorParams};

use crate::meter::{Curve, lufs};
use crate::sound::{MS_FRAMES, RATE_HZ, Sound};

const TARGET_LUFS: f64 = -18.0;
const MAX_BOOST_DB: f64 = 8.0;
const MAX_CUT_DB: f64 = 15.0;
const UP_DB_PER_S: f64 = 1.0;
const DOWN_DB_PER_S: f64 = 4.0;
const GATE_LUFS: f64 = -50.0;
/// Within this distance the gain slows down in proportion, in dB.
const NEAR_DB: f64 = 3.0;
/// Steps of 20 ms after which quiet counts as silence, and sound is trusted.
const TRUST_STEPS: usize = 20;
/// Gating blocks in the reading.
const BLOCKS: usize = 30;
const STEP_MS: usize = 20;
pub(crate) const STEP_FRAMES: usize = STEP_MS * MS_FRAMES;

/// The settings that came after the leveller: the compressor was on, and there was no cap.
pub(crate) fn rest_of_chain() -> ChainParams {
    let mut params = ChainParams { cap: Cap::Off, ..ChainParams::default() }.for_bus();
    params.compressor = CompressorParams {
        enabled: true,
        threshold_db: -16.0,
        ratio: 2.0,
        knee_db: 10.0,
        attack_ms: 20.0,
        release_ms: 250.0,
        ..CompressorParams::default()
    };
    params
}

/// Levels a sound; the chain behind it is to follow.
pub(crate) fn level(sound: &Sound) -> Sound {
    let curve = Curve::of(sound, 0);
    let mut law = Law::default();
    let (mut gain_db, mut levelled) = (0.0_f64, sound.clone());
    let mut slope_db = 0.0;
    for step in 0..sound.frames().div_ceil(STEP_MS * MS_FRAMES) {
        let first = step * STEP_MS * MS_FRAMES;
        for n in first..(first + STEP_MS * MS_FRAMES).min(sound.frames()) {
            gain_db += slope_db;
            let gain = 10.0_f64.powf(gain_db / 20.0) as f32;
            levelled.planes.iter_mut().for_each(|plane| plane[n] *= gain);
        }
        slope_db = law.step(&curve, (step + 1) * STEP_MS, gain_db);
    }
    levelled
}

/// The law, without the meter.
#[derive(Default)]
pub(crate) struct Law {
    quiet_steps: usize,
    sound_steps: usize,
    blocks: Vec<f64>,
    reading: Option<f64>,
    steps: usize,
}

impl Law {
    /// Takes the 20 ms that end at `now_ms`; returns the change of the gain per frame.
    fn step(&mut self, curve: &Curve, now_ms: usize, gain_db: f64) -> f64 {
        let recent = |ms: usize| curve.lufs(now_ms.saturating_sub(ms), now_ms);
        self.follow(recent(400), recent(100), recent(STEP_MS), gain_db)
    }

    /// The same from loudness over 400, 100 and 20 ms.
    pub(crate) fn follow(&mut self, long: f64, short: f64, latest: f64, gain_db: f64) -> f64 {
        self.steps += 1;
        let is_sounding = short >= GATE_LUFS;
        if is_sounding {
            self.quiet_steps = 0;
            self.sound_steps = (self.sound_steps + 1).min(TRUST_STEPS);
        } else {
            self.quiet_steps = (self.quiet_steps + 1).min(TRUST_STEPS);
            if self.quiet_steps == TRUST_STEPS {
                self.sound_steps = 0;
                self.blocks.clear();
            }
        }
        let is_trusted = is_sounding && self.sound_steps >= TRUST_STEPS;
        if is_trusted && self.steps.is_multiple_of(5) {
            self.blocks.push(10.0_f64.powf((long + 0.691) / 10.0));
            if self.blocks.len() > BLOCKS {
                self.blocks.remove(0);
            }
            self.read();
        }
        let Some(reading) = self.reading.filter(|_| is_trusted) else { return 0.0 };
        let distance = (TARGET_LUFS - reading).clamp(-MAX_CUT_DB, MAX_BOOST_DB) - gain_db;
        if distance > 0.0 && latest < GATE_LUFS {
            return 0.0;
        }
        let rate = if distance > 0.0 { UP_DB_PER_S } else { DOWN_DB_PER_S };
        let longest = distance.abs() / (STEP_MS * MS_FRAMES) as f64;
        (rate * (distance / NEAR_DB).clamp(-1.0, 1.0) / f64::from(RATE_HZ)).clamp(-longest, longest)
    }

    fn read(&mut self) {
        let above = |gate: f64| {
            let loud: Vec<f64> = self.blocks.iter().copied().filter(|e| lufs(*e) >= gate).collect();
            (!loud.is_empty()).then(|| lufs(loud.iter().sum::<f64>() / loud.len() as f64))
        };
        if let Some(reading) = above(GATE_LUFS) {
            self.reading = above((reading - 10.0).max(GATE_LUFS));
        }
    }
}

/// The chain behind the old leveller.
pub(crate) fn chain() -> Chain {
    Chain::new(rest_of_chain())
}
