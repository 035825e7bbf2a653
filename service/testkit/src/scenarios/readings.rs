//! What gauges show at a time, in seconds since a subscription began.

use headroom_api::{BusGauges, ChainGauges, FLOOR_DB, StreamGauges, TapGauges};

use crate::mock::{Readings, Stream, World};

/// Time from one blast to the next, in seconds.
pub(super) const BLAST_EVERY_S: f64 = 10.0;
/// Length of a blast, in seconds; it is the end of each turn.
pub(super) const BLAST_LASTS_S: f64 = 2.0;
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

    /// Returns the gauges of the bus, where the limiter alone works: applications have chains of their own.
    fn bus(self) -> BusGauges {
        let peak_dbfs = self.in_lufs + 12.0 + self.gain_db();
        let limiter_db = self.soft_db + self.hard_db;
        BusGauges {
            input_peak_dbfs: peak_dbfs,
            true_peak_dbtp: (peak_dbfs + limiter_db).min(-0.1),
            true_peak_max_dbtp: -0.1,
            gain_db: limiter_db,
            limiter_soft_db: self.soft_db,
            limiter_hard_db: self.hard_db,
            momentary_lufs: self.out_lufs(),
            short_term_lufs: -19.0 + (self.out_lufs() + 19.0) * 0.3,
            integrated_lufs: -18.9,
            ..BusGauges::default()
        }
    }

    /// Returns the gauges of a stream with a chain of its application's own.
    fn stream(self) -> StreamGauges {
        let own = TapGauges {
            peak_dbfs: (self.in_lufs + 12.0).min(0.0),
            rms_dbfs: self.in_lufs - 3.0,
            level_db: 0.0,
        };
        let chain = ChainGauges {
            loudness_in_lufs: self.in_lufs,
            gain_db: self.gain_db(),
            leveller_db: self.leveller_db,
            surge_db: self.surge_db,
            compressor_db: self.compressor_db,
            loudness_out_lufs: self.out_lufs(),
        };
        StreamGauges { own, chain: Some(chain), device: None }
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
    let own = TapGauges { peak_dbfs: FLOOR_DB, rms_dbfs: FLOOR_DB, level_db: 0.0 };
    let silent = StreamGauges { own, chain: None, device: None };
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
        _ => silent,
    };
    (bus, world.streams.keys().map(|id| (*id, of(id))).collect())
}

/// Every stream has a pulse of its own.
pub(super) fn pulse(world: &World, time_s: f64) -> Readings {
    let slow = (time_s * 0.7).sin();
    let bus = BusGauges {
        input_peak_dbfs: -3.0 + 2.5 * slow,
        true_peak_dbtp: -1.5 + slow,
        true_peak_max_dbtp: -0.1,
        gain_db: -1.4 + 1.4 * slow,
        limiter_soft_db: -1.0 + slow,
        limiter_hard_db: -0.4 + 0.4 * slow,
        momentary_lufs: -20.0 + 3.0 * slow,
        short_term_lufs: -19.5 + 1.5 * slow,
        integrated_lufs: -18.9,
        ..BusGauges::default()
    };
    let streams = world.streams.iter();
    (bus, streams.map(|(id, stream)| (*id, gauges_of(world, *id, stream, time_s))).collect())
}

fn gauges_of(world: &World, id: u64, stream: &Stream, time_s: f64) -> StreamGauges {
    let pulse = (time_s * (2.0 + id as f64 * 0.37)).sin();
    let rms_dbfs = if stream.playing { -24.0 + 8.0 * pulse } else { -120.0 };
    let peak_dbfs = if stream.playing { (rms_dbfs + 10.0).min(-0.5) } else { -120.0 };
    let level_db = if world.is_levelled(stream) { -3.0 + pulse } else { 0.0 };
    let offset_db = world.treatment(stream).1;
    let chain = ChainGauges {
        loudness_in_lufs: -9.0,
        gain_db: -10.0 + offset_db,
        leveller_db: -9.5,
        surge_db: 0.0,
        compressor_db: -0.5,
        loudness_out_lufs: -19.0 + offset_db,
    };
    let chain = world.is_in_chain(stream).then_some(chain);
    StreamGauges { own: TapGauges { peak_dbfs, rms_dbfs, level_db }, chain, device: None }
}
