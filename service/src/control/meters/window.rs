//! What one reader of the gauges has not seen yet.
//!
//! Each subscriber and each waiting call has a window of its own, into which every drain is folded:
//! however slowly it reads, no peak in between escapes it, and nobody takes one from another.

use std::collections::HashMap;

use headroom_dsp::MeterFrame;

/// Extremes of the bus and of each stream since the owner's last reading.
#[derive(Debug, Default)]
pub(super) struct Window {
    bus: Option<Extremes>,
    peaks: HashMap<u64, f32>,
}

/// The gauges of a [`MeterFrame`] that are extremes over a time; the others are of one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Extremes {
    pub(super) input_peak_dbfs: f32,
    pub(super) true_peak_dbtp: f32,
    pub(super) surge_db: f32,
    pub(super) compressor_db: f32,
    pub(super) cap_db: f32,
    pub(super) limiter_soft_db: f32,
    pub(super) limiter_hard_db: f32,
}

impl Extremes {
    pub(super) fn of(frame: &MeterFrame) -> Self {
        Self {
            input_peak_dbfs: frame.input_peak_dbfs,
            true_peak_dbtp: frame.true_peak_dbtp,
            surge_db: frame.surge_db,
            compressor_db: frame.compressor_db,
            cap_db: frame.cap_db,
            limiter_soft_db: frame.limiter_soft_db,
            limiter_hard_db: frame.limiter_hard_db,
        }
    }

    fn merged(self, other: Self) -> Self {
        Self {
            input_peak_dbfs: self.input_peak_dbfs.max(other.input_peak_dbfs),
            true_peak_dbtp: self.true_peak_dbtp.max(other.true_peak_dbtp),
            surge_db: self.surge_db.min(other.surge_db),
            compressor_db: self.compressor_db.min(other.compressor_db),
            cap_db: self.cap_db.min(other.cap_db),
            limiter_soft_db: self.limiter_soft_db.min(other.limiter_soft_db),
            limiter_hard_db: self.limiter_hard_db.min(other.limiter_hard_db),
        }
    }
}

impl Window {
    pub(super) fn fold_bus(&mut self, extremes: Extremes) {
        self.bus = Some(self.bus.map_or(extremes, |bus| bus.merged(extremes)));
    }

    pub(super) fn fold_stream(&mut self, id: u64, peak: f32) {
        let highest = self.peaks.entry(id).or_default();
        *highest = highest.max(peak);
    }

    pub(super) fn bus(&self) -> Option<Extremes> {
        self.bus
    }

    /// Returns the highest sample of a stream, if it has brought any.
    pub(super) fn peak(&self, id: u64) -> Option<f32> {
        self.peaks.get(&id).copied()
    }

    /// Begins anew: its owner has been told.
    pub(super) fn clear(&mut self) {
        self.bus = None;
        self.peaks.clear();
    }

    pub(super) fn drop_stream(&mut self, id: u64) {
        self.peaks.remove(&id);
    }
}
