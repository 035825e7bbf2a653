//! Gauges of every tapped stream: one drain of the taps feeds everybody who reads.

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, Instant},
};

use headroom_api::{ChainGauges, ChainKind, DeviceGauges, FLOOR_DB, StreamGauges, TapGauges};

use super::{
    tap::{StreamTap, merged},
    window::Window,
};
use crate::{
    control::wire::{self, level_db},
    rt::{Gauges, TapReading},
};

/// Time constant of `rms-dbfs`, in mean square: that of the usual VU-like averaging meter.
const RMS_S: f64 = 0.3;
/// After this long without a frame a stream does not play, and its levels are silence; longer than
/// the longest usual cycle.
const SILENT_AFTER: Duration = Duration::from_millis(250);
/// Readings that the app volume controller has not fetched for so long are of no use to it.
const STALE_AFTER: Duration = Duration::from_millis(500);

/// Every tapped stream, by its id.
#[derive(Debug, Default)]
pub(super) struct Streams {
    taps: BTreeMap<u64, StreamMeter>,
    /// App volume control's gain of the streams that have one other than 0 dB.
    level_db: HashMap<u64, f64>,
    /// What the first chain does that a stream plays through, but for the bus.
    chains: HashMap<u64, (ChainKind, Gauges)>,
    /// Rate of the graph, in Hz; 0 while unknown.
    rate_hz: u32,
    fetched_at: Option<Instant>,
}

#[derive(Debug)]
struct StreamMeter {
    tap: Box<dyn StreamTap>,
    /// When anything was read last, or the tap was set.
    read_at: Instant,
    silent: bool,
    peak: f32,
    mean_square: f64,
    unfetched: Option<TapReading>,
}

impl Streams {
    pub(super) fn set_rate_hz(&mut self, rate_hz: u32) {
        self.rate_hz = rate_hz;
    }

    /// Reads a stream from `tap` from now on.
    pub(super) fn set_tap(&mut self, id: u64, tap: Box<dyn StreamTap>, now: Instant) {
        let meter = StreamMeter {
            tap,
            read_at: now,
            silent: true,
            peak: 0.0,
            mean_square: 0.0,
            unfetched: None,
        };
        self.taps.insert(id, meter);
    }

    /// Reads a stream no more; says whether it was read.
    pub(super) fn drop_tap(&mut self, id: u64) -> bool {
        self.taps.remove(&id).is_some()
    }

    pub(super) fn clear(&mut self) {
        self.taps.clear();
        self.level_db.clear();
        self.chains.clear();
    }

    pub(super) fn set_level_db(&mut self, id: u64, level_db: f64) {
        if level_db < 0.0 {
            self.level_db.insert(id, level_db.max(FLOOR_DB));
        } else {
            self.level_db.remove(&id);
        }
    }

    pub(super) fn set_chains(&mut self, chains: impl Iterator<Item = (u64, (ChainKind, Gauges))>) {
        self.chains.clear();
        self.chains.extend(chains);
    }

    /// Drains every tap once and hands each peak to `heard`.
    pub(super) fn drain(&mut self, now: Instant, mut heard: impl FnMut(u64, f32)) {
        for (id, meter) in &mut self.taps {
            if let Some(reading) = meter.tap.take() {
                meter.hear(reading, now, self.rate_hz);
                heard(*id, reading.peak);
            } else if now.duration_since(meter.read_at) > SILENT_AFTER {
                meter.silent = true;
                (meter.peak, meter.mean_square) = (0.0, 0.0);
            }
        }
    }

    /// Returns what every stream sounded like since the last fetch; streams that were silent because
    /// nothing came are left out.
    ///
    /// What piled up while nobody fetched is dropped.
    pub(super) fn fetch(&mut self, now: Instant) -> Vec<(u64, TapReading)> {
        let before = self.fetched_at.replace(now);
        let fresh = before.is_some_and(|before| now.duration_since(before) <= STALE_AFTER);
        let fetched = self.taps.iter_mut().filter_map(|(id, meter)| {
            let reading = meter.unfetched.take()?;
            fresh.then_some((*id, reading))
        });
        fetched.collect()
    }

    /// Calls `row` with the gauges of each stream, by id, as the owner of `window` is to see them.
    pub(super) fn rows(&self, window: &Window, mut row: impl FnMut(u64, StreamGauges)) {
        for (id, meter) in &self.taps {
            let peak = window.peak(*id).unwrap_or(meter.peak);
            let own = TapGauges {
                peak_dbfs: floored(20.0 * f64::from(peak).log10()),
                rms_dbfs: floored(10.0 * meter.mean_square.log10()),
                level_db: self.level_db.get(id).copied().unwrap_or(0.0),
            };
            let (chain, device) = match self.chains.get(id) {
                Some((ChainKind::App, gauges)) => (Some(chain_gauges(gauges, meter.silent)), None),
                Some((ChainKind::Device, gauges)) => {
                    (None, Some(device_gauges(gauges, meter.silent)))
                }
                _ => (None, None),
            };
            row(*id, StreamGauges { own, chain, device });
        }
    }
}

impl StreamMeter {
    fn hear(&mut self, reading: TapReading, now: Instant, rate_hz: u32) {
        let elapsed_s = match rate_hz {
            0 => now.duration_since(self.read_at).as_secs_f64(),
            rate => reading.frames as f64 / f64::from(rate),
        };
        let mean_square = f64::from(reading.mean_square);
        if self.silent {
            // From rest the first reading stands: there is nothing before it to average with.
            self.mean_square = mean_square;
        } else {
            let kept = (-elapsed_s / RMS_S).exp();
            self.mean_square = mean_square + (self.mean_square - mean_square) * kept;
        }
        self.silent = false;
        self.peak = reading.peak;
        self.read_at = now;
        self.unfetched =
            Some(self.unfetched.map_or(reading, |unfetched| merged(unfetched, reading)));
    }
}

/// Returns the gauges of an application's chain; of a silent stream, the loudness is silence.
fn chain_gauges(gauges: &Gauges, silent: bool) -> ChainGauges {
    let meters = gauges.read();
    let heard = |value: f32, at_rest: f64| if silent { at_rest } else { level_db(value) };
    ChainGauges {
        loudness_in_lufs: heard(meters.loudness_in_lufs, FLOOR_DB),
        gain_db: level_db(meters.gain_db),
        leveller_db: level_db(meters.leveller_db),
        surge_db: heard(meters.surge_db, 0.0),
        compressor_db: heard(meters.compressor_db, 0.0),
        loudness_out_lufs: heard(meters.loudness_out_lufs, FLOOR_DB),
    }
}

/// Returns the gauges of another device's chain; it does nothing to a stream that is silent.
fn device_gauges(gauges: &Gauges, silent: bool) -> DeviceGauges {
    if silent { DeviceGauges::default() } else { wire::device_gauges(gauges) }
}

fn floored(level_db: f64) -> f64 {
    // Also for the logarithm of zero.
    if level_db.is_finite() { level_db.max(FLOOR_DB) } else { FLOOR_DB }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "these values are handed on, not computed")]

    use super::*;
    use crate::control::meters::fake::{FakeTap, reading};

    const STREAM: u64 = 7;
    const RATE_HZ: u32 = 48_000;

    fn tapped(now: Instant) -> (Streams, FakeTap) {
        let tap = FakeTap::default();
        let mut streams = Streams::default();
        streams.set_rate_hz(RATE_HZ);
        streams.set_tap(STREAM, Box::new(tap.clone()), now);
        (streams, tap)
    }

    fn row(streams: &Streams) -> TapGauges {
        let mut rows = Vec::new();
        streams.rows(&Window::default(), |_, gauges| rows.push(gauges.own));
        rows[0]
    }

    #[test]
    fn rms_of_a_steady_tone_is_its_level_and_follows_with_the_time_constant() {
        let mut now = Instant::now();
        let (mut streams, tap) = tapped(now);
        let mut play = |streams: &mut Streams, amplitude: f32, blocks: u32| {
            for _ in 0..blocks {
                now += Duration::from_millis(20);
                tap.hear(reading(amplitude, 960));
                streams.drain(now, |_, _| {});
            }
        };
        play(&mut streams, 0.5, 50);
        // A sine's mean square is half its squared amplitude: 3.01 dB under its peak.
        assert!((row(&streams).rms_dbfs - -9.03).abs() < 0.01, "{:?}", row(&streams));
        assert!((row(&streams).peak_dbfs - -6.02).abs() < 0.01);
        // After one time constant of silence 1/e of the mean square is left: -4.34 dB.
        play(&mut streams, 0.0, 15);
        assert!((row(&streams).rms_dbfs - (-9.03 - 4.34)).abs() < 0.01, "{:?}", row(&streams));
    }

    #[test]
    fn a_stream_that_brings_nothing_falls_to_the_floor() {
        let now = Instant::now();
        let (mut streams, tap) = tapped(now);
        assert_eq!(row(&streams).peak_dbfs, FLOOR_DB);
        tap.hear(reading(0.5, 960));
        streams.drain(now, |_, _| {});
        // A long cycle is no pause.
        streams.drain(now + Duration::from_millis(200), |_, _| {});
        assert!(row(&streams).peak_dbfs > -7.0 && row(&streams).rms_dbfs > -10.0);
        streams.drain(now + Duration::from_millis(300), |_, _| {});
        assert_eq!((row(&streams).peak_dbfs, row(&streams).rms_dbfs), (FLOOR_DB, FLOOR_DB));
    }

    #[test]
    fn app_volume_control_gets_all_that_was_heard_between_fetches() {
        let now = Instant::now();
        let (mut streams, tap) = tapped(now);
        streams.fetch(now);
        for (ms, amplitude) in [(10, 0.2), (20, 0.8), (30, 0.2)] {
            tap.hear(reading(amplitude, 480));
            streams.drain(now + Duration::from_millis(ms), |_, _| {});
        }
        let fetched = streams.fetch(now + Duration::from_millis(50));
        assert_eq!(fetched.len(), 1);
        assert_eq!((fetched[0].0, fetched[0].1.peak, fetched[0].1.frames), (STREAM, 0.8, 1440));
        assert_eq!(streams.fetch(now + Duration::from_millis(100)), []);
        // Unfetched for long, it is of the past.
        tap.hear(reading(1.0, 480));
        streams.drain(now + Duration::from_millis(110), |_, _| {});
        assert_eq!(streams.fetch(now + Duration::from_secs(9)), []);
    }

    #[test]
    fn a_reduction_is_shown_until_it_is_taken_back() {
        let (mut streams, _tap) = tapped(Instant::now());
        for (set, shown) in [(-4.5, -4.5), (0.0, 0.0), (-1e9, FLOOR_DB), (f64::NAN, 0.0)] {
            streams.set_level_db(STREAM, set);
            assert_eq!(row(&streams).level_db, shown);
        }
        assert!(streams.drop_tap(STREAM) && !streams.drop_tap(STREAM));
        streams.rows(&Window::default(), |_, _| panic!("no row without a tap"));
    }
}
