//! What gauges show at a time, in seconds since a subscription began.

use headroom_api::GaugeTable;

use crate::mock::{Readings, Stream, World, gauge_table};

/// Time from one blast to the next, in seconds.
const BLAST_EVERY_S: f64 = 10.0;
/// Length of a blast, in seconds; it is the end of each turn.
const BLAST_LASTS_S: f64 = 2.0;
/// How far a blast is above the voice, in LU.
const BLAST_LU: f64 = 20.0;

/// What a chain does and hears.
#[derive(Clone, Copy, Debug)]
struct Moment {
    /// Loudness of what comes in.
    in_lufs: f64,
    leveller_db: f64,
    surge_db: f64,
    compressor_db: f64,
    soft_db: f64,
    hard_db: f64,
}

impl Moment {
    fn gain_db(self) -> f64 {
        self.leveller_db + self.surge_db + self.compressor_db
    }

    fn out_lufs(self) -> f64 {
        self.in_lufs + self.gain_db()
    }

    /// Returns the gauges of the bus.
    fn bus(self) -> GaugeTable {
        let peak_dbfs = self.in_lufs + 12.0;
        let true_peak_dbtp = (peak_dbfs + self.gain_db() + self.soft_db + self.hard_db).min(-0.1);
        gauge_table(&[
            ("input-peak-dbfs", peak_dbfs),
            ("true-peak-dbtp", true_peak_dbtp),
            ("true-peak-max-dbtp", -0.1),
            ("gain-db", self.gain_db()),
            ("leveller-db", self.leveller_db),
            ("surge-db", self.surge_db),
            ("compressor-db", self.compressor_db),
            ("cap-db", 0.0),
            ("limiter-soft-db", self.soft_db),
            ("limiter-hard-db", self.hard_db),
            ("momentary-lufs", self.out_lufs()),
            ("short-term-lufs", -19.0 + (self.out_lufs() + 19.0) * 0.3),
            ("integrated-lufs", -18.9),
        ])
    }

    /// Returns the gauges of the only stream that plays.
    fn stream(self) -> GaugeTable {
        gauge_table(&[
            ("peak-dbfs", (self.in_lufs + 12.0).min(0.0)),
            ("rms-dbfs", self.in_lufs - 3.0),
            ("level-db", 0.0),
            ("loudness-in-lufs", self.in_lufs),
            ("gain-db", self.gain_db()),
            ("leveller-db", self.leveller_db),
            ("surge-db", self.surge_db),
            ("compressor-db", self.compressor_db),
            ("loudness-out-lufs", self.out_lufs()),
        ])
    }
}

/// A voice with syllables and pauses, 6 LU too quiet.
fn voice(time_s: f64) -> Moment {
    let syllables = 4.0 * (time_s * 25.0).sin();
    let pause = if (time_s % 5.0) > 4.4 { -24.0 } else { 0.0 };
    Moment {
        in_lufs: -25.0 + syllables + pause,
        leveller_db: 6.0 + 0.3 * (time_s * 0.4).sin(),
        surge_db: 0.0,
        compressor_db: -0.5 + 0.2 * syllables.min(0.0),
        soft_db: 0.0,
        hard_db: 0.0,
    }
}

/// Returns whether a blast lasts, and how long it has.
fn blast_age(time_s: f64) -> Option<f64> {
    let age_s = time_s % BLAST_EVERY_S - (BLAST_EVERY_S - BLAST_LASTS_S);
    (age_s >= 0.0).then_some(age_s)
}

/// A voice.
pub(super) fn speech(world: &World, time_s: f64) -> Readings {
    let moment = voice(time_s);
    (moment.bus(), world.streams.keys().map(|id| (*id, moment.stream())).collect())
}

/// A voice, and in each turn a blast of another application.
pub(super) fn blast(world: &World, time_s: f64) -> Readings {
    let voice = voice(time_s);
    let silent = gauge_table(&[("level-db", 0.0), ("peak-dbfs", -120.0), ("rms-dbfs", -120.0)]);
    let loud = blast_age(time_s).map(|age_s| Moment {
        in_lufs: -19.0 + BLAST_LU,
        leveller_db: 0.0,
        surge_db: -(BLAST_LU - 3.0) * (1.0 - (-age_s / 0.02).exp()),
        compressor_db: -1.5,
        soft_db: -1.0,
        hard_db: -2.0 * (-age_s / 0.05).exp(),
    });
    let bus = loud.unwrap_or(voice).bus();
    let of = |id: &u64| match (*id, loud) {
        (1, _) => voice.stream(),
        (_, Some(loud)) => loud.stream(),
        _ => silent.clone(),
    };
    (bus, world.streams.keys().map(|id| (*id, of(id))).collect())
}

/// Every stream has a pulse of its own.
pub(super) fn pulse(world: &World, time_s: f64) -> Readings {
    let slow = (time_s * 0.7).sin();
    let bus = gauge_table(&[
        ("input-peak-dbfs", -3.0 + 2.5 * slow),
        ("true-peak-dbtp", -1.5 + slow),
        ("true-peak-max-dbtp", -0.1),
        ("gain-db", -3.9 + 5.4 * slow),
        ("leveller-db", 2.0 * slow),
        ("surge-db", 0.0),
        ("compressor-db", -2.5 + 2.0 * slow),
        ("cap-db", 0.0),
        ("limiter-soft-db", -1.0 + slow),
        ("limiter-hard-db", -0.4 + 0.4 * slow),
        ("momentary-lufs", -20.0 + 3.0 * slow),
        ("short-term-lufs", -19.5 + 1.5 * slow),
        ("integrated-lufs", -18.9),
    ]);
    let streams = world.streams.iter();
    (bus, streams.map(|(id, stream)| (*id, gauges_of(world, *id, stream, time_s))).collect())
}

fn gauges_of(world: &World, id: u64, stream: &Stream, time_s: f64) -> GaugeTable {
    let pulse = (time_s * (2.0 + id as f64 * 0.37)).sin();
    let rms = if stream.playing { -24.0 + 8.0 * pulse } else { -120.0 };
    let peak = if stream.playing { (rms + 10.0).min(-0.5) } else { -120.0 };
    let level = if world.is_levelled(stream) { -3.0 + pulse } else { 0.0 };
    let mut gauges = gauge_table(&[("peak-dbfs", peak), ("rms-dbfs", rms), ("level-db", level)]);
    if world.is_in_chain(stream) {
        let offset_db = world.tuning(stream).0;
        gauges.extend(gauge_table(&[
            ("loudness-in-lufs", -9.0),
            ("gain-db", -10.0 + offset_db),
            ("leveller-db", -9.5),
            ("surge-db", 0.0),
            ("compressor-db", -0.5),
            ("loudness-out-lufs", -19.0 + offset_db),
        ]));
    }
    gauges
}
