//! Gauges of the bus and of one stream, each name once.

use crate::{
    doing::{Done, Gains},
    stream,
    types::{ChainKind, FLOOR_DB, GaugeTable},
    wire::Word,
};

/// Declares gauges: levels, which are never below the floor and are there in silence, and gains, which rest at 0 dB.
macro_rules! gauges {
    (@rest level) => { FLOOR_DB };
    (@rest gain) => { 0.0 };
    ($(#[$meta:meta])* $name:ident [$count:literal] {
        $($(#[$fmeta:meta])* $field:ident: $kind:ident = $key:literal),+ $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct $name { $($(#[$fmeta])* pub $field: f64),+ }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: gauges!(@rest $kind)),+ }
            }
        }

        impl $name {
            /// How many there are.
            pub const COUNT: usize = $count;

            /// Returns every gauge with its name.
            pub fn entries(&self) -> [(&'static str, f64); $count] {
                [$(($key, self.$field)),+]
            }

            /// Reads gauges that are found by name; one that is missing or no number is at rest.
            pub fn read(gauge: impl Fn(&str) -> Option<f64>) -> Self {
                Self { $($field: settled(gauge($key), gauges!(@rest $kind))),+ }
            }
        }

        impl From<&GaugeTable> for $name {
            fn from(table: &GaugeTable) -> Self {
                Self::read(|name| table.get(name).copied())
            }
        }
    };
}

/// Returns a gauge as it may be shown: finite, and never below the floor.
fn settled(gauge: Option<f64>, at_rest: f64) -> f64 {
    gauge.filter(|value| value.is_finite()).map_or(at_rest, |value| value.max(FLOOR_DB))
}

gauges! {
    /// Gauges of the bus. Levels are at the floor in silence, gains 0 at rest; all are finite.
    BusGauges [14] {
        /// Sample peak before the chain since the last reading, in dBFS.
        input_peak_dbfs: level = "input-peak-dbfs",
        /// True peak after the chain since the last reading, in dBTP.
        true_peak_dbtp: level = "true-peak-dbtp",
        /// Greatest true peak after the chain since the chain started, in dBTP.
        true_peak_max_dbtp: level = "true-peak-max-dbtp",
        /// Gain of all stages together and of the guard, without make-up, in dB.
        gain_db: gain = "gain-db",
        /// Slow gain of the leveller, in dB; positive raises.
        leveller_db: gain = "leveller-db",
        /// Gain of the surge catcher, 0 or below; the least since the last reading, in dB.
        surge_db: gain = "surge-db",
        /// Gain of the compressor without make-up, 0 or below; the least since the last reading, in dB.
        compressor_db: gain = "compressor-db",
        /// Gain of the cap, 0 or below; the least since the last reading, in dB.
        cap_db: gain = "cap-db",
        /// Gain of the soft tier, 0 or below; the least since the last reading, in dB.
        limiter_soft_db: gain = "limiter-soft-db",
        /// Gain of the hard tier, 0 or below; the least since the last reading, in dB.
        limiter_hard_db: gain = "limiter-hard-db",
        /// Gain of the guard that meets the device's volume where that has jumped or is new, 0 or below, in dB; behind
        /// the chain, so that no level here has it.
        guard_db: gain = "guard-db",
        /// Loudness of the output over 400 ms, in LUFS.
        momentary_lufs: level = "momentary-lufs",
        /// Loudness of the output over 3 s, in LUFS.
        short_term_lufs: level = "short-term-lufs",
        /// Gated loudness of the output since the chain started, in LUFS.
        integrated_lufs: level = "integrated-lufs",
    }
}

gauges! {
    /// Gauges of a stream's own: those that a tap reads, and app volume control.
    TapGauges [3] {
        /// Sample peak of its loudest channel since the last reading, behind its own volume, in dBFS.
        peak_dbfs: level = "peak-dbfs",
        /// RMS of its loudest channel over 300 ms, in dBFS.
        rms_dbfs: level = "rms-dbfs",
        /// Gain of its app volume control, 0 or below, in dB.
        level_db: gain = "level-db",
    }
}

gauges! {
    /// Gauges of an application's own chain.
    ChainGauges [6] {
        /// Loudness before it over 3 s, in LUFS.
        loudness_in_lufs: level = "loudness-in-lufs",
        /// Gain of all that it does, make-up and offset included, in dB.
        gain_db: gain = "gain-db",
        /// Slow gain of its leveller, in dB; positive raises.
        leveller_db: gain = "leveller-db",
        /// Gain of its surge catcher, 0 or below, in dB.
        surge_db: gain = "surge-db",
        /// Gain of its compressor without make-up, 0 or below, in dB.
        compressor_db: gain = "compressor-db",
        /// Loudness behind it over 3 s, in LUFS.
        loudness_out_lufs: level = "loudness-out-lufs",
    }
}

gauges! {
    /// Gauges of the chain before another device, which all share that play to it.
    DeviceGauges [7] {
        /// Gain of all that it does, make-up, offset and guard included, in dB.
        gain_db: gain = "gain-db",
        /// Slow gain of its leveller, in dB; positive raises.
        leveller_db: gain = "leveller-db",
        /// Gain of its surge catcher, 0 or below, in dB.
        surge_db: gain = "surge-db",
        /// Gain of its compressor without make-up, 0 or below, in dB.
        compressor_db: gain = "compressor-db",
        /// Gain of its cap, 0 or below, in dB.
        cap_db: gain = "cap-db",
        /// Gain of both tiers of its limiter, 0 or below, in dB.
        limiter_db: gain = "limiter-db",
        /// Gain of the guard that meets the device's volume, 0 or below, in dB.
        guard_db: gain = "guard-db",
    }
}

/// The gauge that tells whether a stream plays through its application's own chain: every reading of one has it.
const TELLING: &str = "loudness-out-lufs";
/// The gauge that tells whether it plays through the chain before another device.
const TELLING_OF_DEVICE: &str = "limiter-db";

impl ChainGauges {
    /// Reads gauges that are found by name, if there is a chain.
    pub fn find(gauge: impl Fn(&str) -> Option<f64>) -> Option<Self> {
        gauge(TELLING).is_some().then(|| Self::read(gauge))
    }

    fn gains(&self) -> Gains {
        Gains {
            total_db: self.gain_db,
            leveller_db: self.leveller_db,
            surge_db: self.surge_db,
            compressor_db: self.compressor_db,
            ..Gains::default()
        }
    }
}

impl DeviceGauges {
    /// Reads gauges that are found by name, if there is such a chain.
    pub fn find(gauge: impl Fn(&str) -> Option<f64>) -> Option<Self> {
        gauge(TELLING_OF_DEVICE).is_some().then(|| Self::read(gauge))
    }

    /// Returns what each stage does.
    pub fn gains(&self) -> Gains {
        Gains {
            total_db: self.gain_db,
            leveller_db: self.leveller_db,
            surge_db: self.surge_db,
            compressor_db: self.compressor_db,
            cap_db: self.cap_db,
            limiter_db: self.limiter_db,
            guard_db: self.guard_db,
            app_volume_db: 0.0,
        }
    }
}

/// Gauges of one stream.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StreamGauges {
    /// Its own.
    pub own: TapGauges,
    /// Those of its application's own chain; `None` where it plays through none.
    pub chain: Option<ChainGauges>,
    /// Those of the chain before another device; `None` where it plays through none.
    pub device: Option<DeviceGauges>,
}

impl StreamGauges {
    /// Returns every gauge with its name.
    pub fn entries(&self) -> impl Iterator<Item = (&'static str, f64)> + use<> {
        self.own
            .entries()
            .into_iter()
            .chain(self.chain.into_iter().flat_map(|chain| chain.entries()))
            .chain(self.device.into_iter().flat_map(|chain| chain.entries()))
    }

    /// Returns the gauges as they stand on the wire.
    pub fn to_table(&self) -> GaugeTable {
        self.entries().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Returns what each stage does before the bus, or in its place.
    pub fn gains(&self) -> Gains {
        let chain = self.chain.as_ref().map(ChainGauges::gains);
        let chain = chain.or_else(|| self.device.map(|it| it.gains())).unwrap_or_default();
        let app_volume_db = self.own.level_db;
        Gains { total_db: chain.total_db + app_volume_db, app_volume_db, ..chain }
    }

    /// Returns what is done to the stream in all: the bus works on what is heard through it, alone or behind an
    /// application's chain.
    pub fn done(&self, chain: &Word<ChainKind>, bus: &BusGauges) -> Done {
        let is_heard = self.own.peak_dbfs > FLOOR_DB;
        stream::gains(chain, self.gains(), is_heard, bus.gains()).done()
    }
}

impl From<&GaugeTable> for StreamGauges {
    fn from(table: &GaugeTable) -> Self {
        let gauge = |name: &str| table.get(name).copied();
        let chain = ChainGauges::find(gauge);
        Self { own: TapGauges::read(gauge), chain, device: DeviceGauges::find(gauge) }
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
            guard_db: self.guard_db,
            app_volume_db: 0.0,
        }
    }

    /// Returns the gauges as they stand on the wire.
    pub fn to_table(&self) -> GaugeTable {
        self.entries().into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Doing;

    const CHAIN: ChainGauges = ChainGauges {
        loudness_in_lufs: -10.0,
        gain_db: -8.0,
        leveller_db: -2.0,
        surge_db: -6.0,
        compressor_db: 0.0,
        loudness_out_lufs: -18.0,
    };

    #[test]
    fn gauges_survive_the_wire() {
        let bus = BusGauges { true_peak_dbtp: -0.3, cap_db: -2.0, ..BusGauges::default() };
        assert_eq!(BusGauges::from(&bus.to_table()), bus);
        assert_eq!(bus.to_table().len(), BusGauges::COUNT);
        let own = TapGauges { peak_dbfs: -3.0, rms_dbfs: -9.0, level_db: -1.0 };
        let device = DeviceGauges { cap_db: -4.0, guard_db: -12.0, ..DeviceGauges::default() };
        for (chain, device) in [(None, None), (Some(CHAIN), None), (None, Some(device))] {
            let stream = StreamGauges { own, chain, device };
            assert_eq!(StreamGauges::from(&stream.to_table()), stream);
        }
    }

    #[test]
    fn gauge_that_is_missing_or_nonsense_is_at_rest() {
        let table = GaugeTable::from([
            ("leveller-db".to_owned(), 3.0),
            ("limiter-hard-db".to_owned(), f64::NAN),
            ("momentary-lufs".to_owned(), f64::NEG_INFINITY),
            ("short-term-lufs".to_owned(), -20.0),
            ("true-peak-dbtp".to_owned(), -500.0),
            ("new-gauge".to_owned(), 1.0),
        ]);
        let wanted = BusGauges { leveller_db: 3.0, short_term_lufs: -20.0, ..BusGauges::default() };
        assert_eq!(BusGauges::from(&table), wanted);
    }

    #[test]
    fn one_gain_of_a_stream_has_its_chain_and_its_volume() {
        let own = TapGauges { level_db: -1.0, peak_dbfs: -3.0, ..TapGauges::default() };
        let stream = StreamGauges { own, chain: Some(CHAIN), device: None };
        assert!((stream.gains().total_db + 9.0).abs() < 1e-9);
        assert_eq!(stream.gains().done().doing, Doing::Surge);
        let bus = BusGauges { gain_db: -9.0, cap_db: -8.0, ..BusGauges::default() };
        assert_eq!(stream.done(&ChainKind::App.into(), &bus).doing, Doing::Cap);
    }

    #[test]
    fn other_devices_chain_counts_in_place_of_the_bus() {
        let own = TapGauges { peak_dbfs: -3.0, ..TapGauges::default() };
        let device = DeviceGauges { gain_db: -14.0, cap_db: -12.0, ..DeviceGauges::default() };
        let stream = StreamGauges { own, chain: None, device: Some(device) };
        let bus = BusGauges { gain_db: -9.0, limiter_hard_db: -9.0, ..BusGauges::default() };
        let done = stream.done(&ChainKind::Device.into(), &bus).to_string();
        assert_eq!(done, "turned down 14 dB by cap");
    }

    #[test]
    fn bus_counts_for_streams_heard_through_it_only() {
        let chain = ChainGauges { gain_db: 6.0, leveller_db: 6.0, ..ChainGauges::default() };
        let silent = StreamGauges { chain: Some(chain), ..StreamGauges::default() };
        let own = TapGauges { peak_dbfs: -9.0, ..TapGauges::default() };
        let stream = StreamGauges { own, ..silent };
        let bus = BusGauges {
            gain_db: -10.0,
            cap_db: -9.0,
            limiter_hard_db: -1.0,
            ..BusGauges::default()
        };
        let done =
            |stream: StreamGauges, chain: ChainKind| stream.done(&chain.into(), &bus).to_string();
        assert_eq!(done(stream, ChainKind::App), "turned down 4 dB by cap");
        assert_eq!(done(stream, ChainKind::Device), "raised 6 dB");
        assert_eq!(done(silent, ChainKind::App), "raised 6 dB");
        let own = TapGauges { level_db: -7.0, peak_dbfs: -3.0, ..TapGauges::default() };
        let lowered = StreamGauges { own, chain: None, device: None };
        assert_eq!(done(lowered, ChainKind::None), "turned down 7 dB by app volume control");
    }
}
