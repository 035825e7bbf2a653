//! Gauges of the processed route and of one stream.

use std::time::Duration;

use headroom_api::{Done, FLOOR_DB, Gains, GaugeTable};

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
    pub(crate) leveller: Gain,
    pub(crate) surge: Gain,
    pub(crate) compressor: Gain,
    pub(crate) cap: Gain,
    pub(crate) soft: Gain,
    pub(crate) hard: Gain,
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
            leveller: Gain::default(),
            surge: Gain::default(),
            compressor: Gain::default(),
            cap: Gain::default(),
            soft: Gain::default(),
            hard: Gain::default(),
            momentary_lufs: FLOOR_DB,
            short_term_lufs: FLOOR_DB,
            integrated_lufs: FLOOR_DB,
        }
    }
}

impl BusGauges {
    /// Takes a reading; a gauge that is missing is silent or at rest.
    pub(crate) fn set(&mut self, table: &GaugeTable) {
        let level = |key| table.get(key).copied().unwrap_or(FLOOR_DB);
        let gain = |key| table.get(key).copied().unwrap_or(0.0);
        self.input.set(level("input-peak-dbfs"));
        self.input_hold.set(level("input-peak-dbfs"));
        self.true_peak.set(level("true-peak-dbtp"));
        self.true_peak_hold.set(level("true-peak-dbtp"));
        self.true_peak_max_dbtp = level("true-peak-max-dbtp");
        self.leveller.set(gain("leveller-db"));
        self.surge.set(gain("surge-db"));
        self.compressor.set(gain("compressor-db"));
        self.cap.set(gain("cap-db"));
        self.soft.set(gain("limiter-soft-db"));
        self.hard.set(gain("limiter-hard-db"));
        self.momentary_lufs = level("momentary-lufs");
        self.short_term_lufs = level("short-term-lufs");
        self.integrated_lufs = level("integrated-lufs");
    }

    /// Moves on in time; returns whether anything moved.
    pub(crate) fn advance(&mut self, elapsed: Duration) -> bool {
        let levels = [&mut self.input, &mut self.true_peak];
        let mut moved = levels.into_iter().fold(false, |moved, x| x.advance(elapsed) | moved);
        for peak in [&mut self.input_hold, &mut self.true_peak_hold] {
            moved |= peak.advance(elapsed);
        }
        for gain in [
            &mut self.leveller,
            &mut self.surge,
            &mut self.compressor,
            &mut self.cap,
            &mut self.soft,
            &mut self.hard,
        ] {
            moved |= gain.advance(elapsed);
        }
        moved
    }

    /// Returns whether time alone will change anything.
    pub(crate) fn is_moving(&self) -> bool {
        self.input.is_moving()
            || self.true_peak.is_moving()
            || self.input_hold.is_moving()
            || self.true_peak_hold.is_moving()
            || [self.leveller, self.surge, self.compressor, self.cap, self.soft, self.hard]
                .iter()
                .any(Gain::is_moving)
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

impl ChainGauge {
    fn read(table: &GaugeTable) -> Option<Self> {
        let of = |key| table.get(key).copied();
        Some(Self { in_lufs: of("loudness-in-lufs")?, out_lufs: of("loudness-out-lufs")? })
    }
}

impl StreamGauge {
    /// Takes a reading of it and of the bus; a gauge that is missing is silent or at rest. `chain` is
    /// what it plays through.
    pub(crate) fn set(&mut self, chain: &str, table: &GaugeTable, bus: &GaugeTable) {
        self.peak.set(table.get("peak-dbfs").copied().unwrap_or(FLOOR_DB));
        self.rms.set(table.get("rms-dbfs").copied().unwrap_or(FLOOR_DB));
        self.done = Gains::of_stream(chain, table, bus).done();
        self.chain = ChainGauge::read(table);
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
