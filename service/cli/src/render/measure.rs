//! What is read off a file: peaks, loudness, and the gains that made the difference.

use headroom_dsp::{FLOOR_DB, Loudness, MeterFrame, Spec, TruePeak, gain_to_db};
use serde_json::{Value, json};

use crate::{
    failure::Failure,
    output::{number, round_db},
};

/// A gain that is told of in words, in dB.
const CAUGHT_DB: f32 = -0.5;
/// Frames between two readings of the loudness, which changes every 20 ms.
const READ_EVERY_FRAMES: usize = 512;
/// Number of stages that have a gain.
const STAGES: usize = 6;

/// The meters of one side, while it passes.
pub(super) struct Measurement {
    sample_peak: f32,
    true_peak: TruePeak,
    loudness: Loudness,
    max_momentary_lufs: f32,
    max_short_term_lufs: f32,
}

/// The readings of one side.
#[derive(Clone, Copy, Debug)]
pub(super) struct Readings {
    pub(super) sample_peak_dbfs: f32,
    pub(super) true_peak_dbtp: f32,
    pub(super) integrated_lufs: f32,
    pub(super) max_momentary_lufs: f32,
    pub(super) max_short_term_lufs: f32,
}

impl Measurement {
    /// Returns meters at rest.
    pub(super) fn new(spec: Spec) -> Result<Self, Failure> {
        Ok(Self {
            sample_peak: 0.0,
            true_peak: TruePeak::new(spec.layout.channels()),
            loudness: Loudness::new(spec).map_err(|error| Failure::Refused(error.to_string()))?,
            max_momentary_lufs: FLOOR_DB,
            max_short_term_lufs: FLOOR_DB,
        })
    }

    /// Measures the next block of planar channels.
    pub(super) fn add(&mut self, block: &[&[f32]]) {
        for channel in block {
            self.sample_peak = channel.iter().fold(self.sample_peak, |peak, x| peak.max(x.abs()));
        }
        self.true_peak.process(block);
        let frames = block.first().map_or(0, |channel| channel.len());
        // A reading must not be missed between two others.
        for start in (0..frames).step_by(READ_EVERY_FRAMES) {
            let end = (start + READ_EVERY_FRAMES).min(frames);
            let piece: Vec<&[f32]> = block.iter().map(|channel| &channel[start..end]).collect();
            self.loudness.process(&piece);
            let (momentary, short_term) =
                (self.loudness.momentary_lufs(), self.loudness.short_term_lufs());
            self.max_momentary_lufs = self.max_momentary_lufs.max(momentary);
            self.max_short_term_lufs = self.max_short_term_lufs.max(short_term);
        }
    }

    /// Ends the measurement.
    pub(super) fn finish(mut self) -> Readings {
        self.true_peak.finish();
        Readings {
            sample_peak_dbfs: gain_to_db(self.sample_peak),
            true_peak_dbtp: self.true_peak.dbtp(),
            integrated_lufs: self.loudness.integrated_lufs(),
            max_momentary_lufs: self.max_momentary_lufs,
            max_short_term_lufs: self.max_short_term_lufs,
        }
    }
}

impl Readings {
    pub(super) fn json(&self) -> Value {
        json!({
            "sample-peak-dbfs": rounded(self.sample_peak_dbfs),
            "true-peak-dbtp": rounded(self.true_peak_dbtp),
            "integrated-lufs": rounded(self.integrated_lufs),
            "max-momentary-lufs": rounded(self.max_momentary_lufs),
            "max-short-term-lufs": rounded(self.max_short_term_lufs),
        })
    }
}

/// Least and greatest gain of each stage, block by block, in dB.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct GainRanges {
    ranges: Option<[(f32, f32); STAGES]>,
    clamp_activations: u64,
}

impl GainRanges {
    /// The stages, for people and for JSON.
    pub(super) const STAGES: [(&str, &str); STAGES] = [
        ("Leveller", "leveller"),
        ("Surge", "surge"),
        ("Compressor", "compressor"),
        ("Cap", "cap"),
        ("Limiter, soft tier", "limiter-soft"),
        ("Limiter, hard tier", "limiter-hard"),
    ];

    /// Adds the meters of one block.
    pub(super) fn add(&mut self, meters: &MeterFrame) {
        let gains_db = [
            meters.leveller_db,
            meters.surge_db,
            meters.compressor_db,
            meters.cap_db,
            meters.limiter_soft_db,
            meters.limiter_hard_db,
        ];
        let ranges = self.ranges.get_or_insert(gains_db.map(|gain_db| (gain_db, gain_db)));
        for ((least, greatest), gain_db) in ranges.iter_mut().zip(gains_db) {
            *least = least.min(gain_db);
            *greatest = greatest.max(gain_db);
        }
        self.clamp_activations = meters.clamp_activations;
    }

    /// Returns least and greatest gain of each stage; 0 dB when nothing passed.
    pub(super) fn ranges(&self) -> [(f32, f32); STAGES] {
        self.ranges.unwrap_or_default()
    }

    /// Says what was held that jumped out of what came before it, or would have been too loud.
    pub(super) fn caught(&self) -> Vec<String> {
        let [_, (surge_db, _), _, (cap_db, _), ..] = self.ranges();
        let held = [("A surge", surge_db), ("What would have been louder than the cap", cap_db)];
        held.into_iter()
            .filter(|(_, least_db)| *least_db <= CAUGHT_DB)
            .map(|(what, least_db)| {
                format!(
                    "{what} was turned down by up to {:.1} dB.",
                    round_db(f64::from(-least_db), 1)
                )
            })
            .collect()
    }

    /// Returns how many samples only the last clamp held.
    pub(super) fn clamp_activations(&self) -> u64 {
        self.clamp_activations
    }

    pub(super) fn json(&self) -> Value {
        let stage = |(name, (least, greatest)): (&str, (f32, f32))| {
            (name.to_owned(), json!({"min": rounded(least), "max": rounded(greatest)}))
        };
        let names = Self::STAGES.map(|(_, name)| name);
        Value::Object(names.into_iter().zip(self.ranges()).map(stage).collect())
    }
}

/// Returns a level in thousandths of a dB: more is noise of the measurement.
pub(super) fn rounded(db: f32) -> Value {
    number(round_db(f64::from(db), 3))
}
