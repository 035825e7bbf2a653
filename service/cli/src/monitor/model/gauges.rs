//! Gauges of the processed route and of one stream.

use std::time::Duration;

use headroom_api::{ChainKind, Done, FLOOR_DB, StreamGauges, Word};

use super::ballistics::{Gain, Level, Peak};

/// Gauges of the processed route.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct BusGauges {
    pub(crate) input: Level,
    pub(crate) input_hold: Peak,
    pub(crate) true_peak: Level,
    pub(crate) true_peak_hold: Peak,
    /// Greatest true peak since the chain started, in dBTP.
    pub(crate) true_peak_max_dbtp: f64,
    /// What the limiter does to everything together, both tiers.
    pub(crate) limiter: Gain,
    pub(crate) momentary_lufs: f64,
    pub(crate) short_term_lufs: f64,
    pub(crate) integrated_lufs: f64,
}

impl Default for BusGauges {
    fn default() -> Self {
        Self {
            input: Level::default(),
            input_hold: Peak::default(),
            true_peak: Level::default(),
            true_peak_hold: Peak::default(),
            true_peak_max_dbtp: FLOOR_DB,
            limiter: Gain::default(),
            momentary_lufs: FLOOR_DB,
            short_term_lufs: FLOOR_DB,
            integrated_lufs: FLOOR_DB,
        }
    }
}

impl BusGauges {
    /// Takes a reading.
    pub(crate) fn set(&mut self, read: &headroom_api::BusGauges) {
        self.input.set(read.input_peak_dbfs);
        self.input_hold.set(read.input_peak_dbfs);
        self.true_peak.set(read.true_peak_dbtp);
        self.true_peak_hold.set(read.true_peak_dbtp);
        self.true_peak_max_dbtp = read.true_peak_max_dbtp;
        self.limiter.set(read.gains().limiter_db);
        self.momentary_lufs = read.momentary_lufs;
        self.short_term_lufs = read.short_term_lufs;
        self.integrated_lufs = read.integrated_lufs;
    }

    /// Moves on in time; returns whether anything moved.
    pub(crate) fn advance(&mut self, elapsed: Duration) -> bool {
        let levels = [&mut self.input, &mut self.true_peak];
        let mut moved = levels.into_iter().fold(false, |moved, x| x.advance(elapsed) | moved);
        for peak in [&mut self.input_hold, &mut self.true_peak_hold] {
            moved |= peak.advance(elapsed);
        }
        moved |= self.limiter.advance(elapsed);
        moved
    }

    /// Returns whether time alone will change anything.
    pub(crate) fn is_moving(&self) -> bool {
        self.input.is_moving()
            || self.true_peak.is_moving()
            || self.input_hold.is_moving()
            || self.true_peak_hold.is_moving()
            || self.limiter.is_moving()
    }
}

/// Gauges of one stream.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct StreamGauge {
    pub(crate) peak: Level,
    pub(crate) rms: Level,
    /// What is done to it by all that it passes.
    pub(crate) done: Done,
    /// How loud it is around its application's own chain; `None` without one.
    pub(crate) chain: Option<ChainGauge>,
}

/// How loud a stream is before and behind its application's own chain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ChainGauge {
    pub(crate) in_lufs: f64,
    pub(crate) out_lufs: f64,
}

impl StreamGauge {
    /// Takes a reading of it and of the bus. `chain` is what it plays through.
    pub(crate) fn set(
        &mut self,
        chain: &Word<ChainKind>,
        read: &StreamGauges,
        bus: &headroom_api::BusGauges,
    ) {
        self.peak.set(read.own.peak_dbfs);
        self.rms.set(read.own.rms_dbfs);
        self.done = read.done(chain, bus);
        self.chain = read.chain.map(|chain| ChainGauge {
            in_lufs: chain.loudness_in_lufs,
            out_lufs: chain.loudness_out_lufs,
        });
    }

    /// Moves on in time; returns whether anything moved.
    pub(crate) fn advance(&mut self, elapsed: Duration) -> bool {
        let peak = self.peak.advance(elapsed);
        let rms = self.rms.advance(elapsed);
        peak || rms
    }

    /// Returns whether time alone will change anything.
    pub(crate) fn is_moving(&self) -> bool {
        self.peak.is_moving() || self.rms.is_moving()
    }
}
