//! Readings of the gauges.

use headroom_api::{FLOOR_DB, Gains};

/// One reading: the processed route, and each stream that can be listened to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Meters {
    /// Time of the reading, in microseconds of `CLOCK_MONOTONIC`.
    pub usec: u64,
    /// Gauges of the processed route.
    pub bus: BusGauges,
    /// Gauges of streams by their ids, in no particular order.
    pub streams: Vec<(u64, StreamGauges)>,
}

impl Meters {
    /// Finds the gauges of a stream.
    pub fn stream(&self, id: u64) -> Option<&StreamGauges> {
        self.streams.iter().find(|(known, _)| *known == id).map(|(_, gauges)| gauges)
    }
}

/// Gauges of the processed route. Levels are at the floor in silence, gains 0 at rest; all are finite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BusGauges {
    /// Sample peak before the chain since the last reading, in dBFS.
    pub input_peak_dbfs: f64,
    /// True peak after the chain since the last reading, in dBTP.
    pub true_peak_dbtp: f64,
    /// Greatest true peak after the chain since the chain started, in dBTP.
    pub true_peak_max_dbtp: f64,
    /// Gain of all stages together, without make-up, in dB.
    pub gain_db: f64,
    /// Slow gain of the leveller, in dB; positive raises.
    pub leveller_db: f64,
    /// Gain of the surge catcher, 0 or below; the least since the last reading, in dB.
    pub surge_db: f64,
    /// Gain of the compressor without make-up, 0 or below; the least since the last reading, in dB.
    pub compressor_db: f64,
    /// Gain of the cap, 0 or below; the least since the last reading, in dB.
    pub cap_db: f64,
    /// Gain of the soft tier, 0 or below; the least since the last reading, in dB.
    pub limiter_soft_db: f64,
    /// Gain of the hard tier, 0 or below; the least since the last reading, in dB.
    pub limiter_hard_db: f64,
    /// Loudness of the output over 400 ms, in LUFS.
    pub momentary_lufs: f64,
    /// Loudness of the output over 3 s, in LUFS.
    pub short_term_lufs: f64,
    /// Gated loudness of the output since the chain started, in LUFS.
    pub integrated_lufs: f64,
}

impl Default for BusGauges {
    fn default() -> Self {
        Self {
            input_peak_dbfs: FLOOR_DB,
            true_peak_dbtp: FLOOR_DB,
            true_peak_max_dbtp: FLOOR_DB,
            gain_db: 0.0,
            leveller_db: 0.0,
            surge_db: 0.0,
            compressor_db: 0.0,
            cap_db: 0.0,
            limiter_soft_db: 0.0,
            limiter_hard_db: 0.0,
            momentary_lufs: FLOOR_DB,
            short_term_lufs: FLOOR_DB,
            integrated_lufs: FLOOR_DB,
        }
    }
}

impl BusGauges {
    /// Returns what each stage does.
    pub fn gains(&self) -> Gains {
        Gains {
            total_db: self.gain_db,
            leveller_db: self.leveller_db,
            surge_db: self.surge_db,
            compressor_db: self.compressor_db,
            cap_db: self.cap_db,
            limiter_db: self.limiter_soft_db + self.limiter_hard_db,
            app_volume_db: 0.0,
        }
    }
}

/// Gauges of one stream.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StreamGauges {
    /// Sample peak of its loudest channel since the last reading, behind its own volume, in dBFS.
    pub peak_dbfs: f64,
    /// RMS of its loudest channel over 300 ms, in dBFS.
    pub rms_dbfs: f64,
    /// Gain of its app volume control, 0 or below, in dB.
    pub level_db: f64,
    /// Those of its application's own chain; `None` where it plays through none.
    pub chain: Option<ChainGauges>,
}

/// Gauges of an application's own chain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChainGauges {
    /// Loudness before it over 3 s, in LUFS.
    pub in_lufs: f64,
    /// Gain of all that it does, make-up and offset included, in dB.
    pub gain_db: f64,
    /// Slow gain of its leveller, in dB; positive raises.
    pub leveller_db: f64,
    /// Gain of its surge catcher, 0 or below, in dB.
    pub surge_db: f64,
    /// Gain of its compressor without make-up, 0 or below, in dB.
    pub compressor_db: f64,
    /// Loudness behind it over 3 s, in LUFS.
    pub out_lufs: f64,
}

impl StreamGauges {
    /// Returns what each stage does that works on this stream alone.
    pub fn gains(&self) -> Gains {
        let chain = self.chain.map_or_else(Gains::default, |chain| Gains {
            total_db: chain.gain_db,
            leveller_db: chain.leveller_db,
            surge_db: chain.surge_db,
            compressor_db: chain.compressor_db,
            ..Gains::default()
        });
        Gains { total_db: chain.total_db + self.level_db, app_volume_db: self.level_db, ..chain }
    }
}

impl Default for StreamGauges {
    fn default() -> Self {
        Self { peak_dbfs: FLOOR_DB, rms_dbfs: FLOOR_DB, level_db: 0.0, chain: None }
    }
}

#[cfg(test)]
mod tests {
    use headroom_api::Doing;

    use super::*;

    #[test]
    fn gauges_of_a_stream_are_found_by_its_id() {
        let gauges = StreamGauges { peak_dbfs: -3.0, ..StreamGauges::default() };
        let meters = Meters {
            streams: vec![(4, StreamGauges::default()), (7, gauges)],
            ..Meters::default()
        };
        assert_eq!(meters.stream(7), Some(&gauges));
        assert_eq!(meters.stream(5), None);
    }

    #[test]
    fn one_gain_of_a_stream_has_its_chain_and_its_volume() {
        let chain = ChainGauges {
            in_lufs: -10.0,
            gain_db: -8.0,
            leveller_db: -2.0,
            surge_db: -6.0,
            compressor_db: 0.0,
            out_lufs: -18.0,
        };
        let stream = StreamGauges { level_db: -1.0, chain: Some(chain), ..StreamGauges::default() };
        assert!((stream.gains().total_db + 9.0).abs() < 1e-9);
        let bus = BusGauges { gain_db: -9.0, cap_db: -8.0, ..BusGauges::default() };
        assert_eq!(stream.gains().done().doing, Doing::Surge);
        assert_eq!(stream.gains().then(bus.gains()).done().doing, Doing::Cap);
    }
}
