//! Loudness before and after Headroom, over the last minutes, of everything that reaches the default device.
//!
//! *After*: the bus has a gauge for it, over 3 s. Applications that play past the bus are added by the level that their
//! taps read, averaged over the same 3 s, as an estimate: without the weighting by frequency.
//!
//! *Before*: where applications have chains of their own, these have gauges for what comes in, and they add up.
//! Where all share the bus, it is derived from the gains: output over 3 s, minus the mean gain of leveller and
//! compressor over the same 3 s, minus the make-up gain that the settings say, minus the gain of surge catcher, cap and
//! limiter. That is known only as the least since the reading before, which a single peak brings down; so its *median*
//! over the 3 s is taken: what they take away all the time counts, single peaks do not.

use std::collections::VecDeque;

use headroom_api::FLOOR_DB;

use super::{
    App, ChainKind, Meters, Output, Setting, Stream, StreamGauges, Value,
    now::{level, power},
    setting::find,
};

/// Window of the short-term loudness, in microseconds (EBU Tech 3341).
const WINDOW_USEC: u64 = 3_000_000;
/// Time between two points, in microseconds.
const POINT_USEC: u64 = 500_000;
/// Points that are kept: three minutes.
const POINTS: usize = 360;
/// Below this, loudness is silence (absolute gate of ITU-R BS.1770-5), in LUFS.
const SILENCE_LUFS: f64 = -70.0;
/// The level that `makeup_db = "auto"` gives back what the compressor takes of it, in dBFS; the service's own.
const AUTO_LEVEL_DBFS: f64 = -18.0;

/// The absolute term of ITU-R BS.1770-5, in dB.
const LOUDNESS_OFFSET_DB: f64 = -0.691;

/// What of a reading is heard beside the bus, and what comes in before the applications' chains; powers, 1 at 0 LUFS.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Heard {
    /// Of all that comes to the bus; `None` where no application has a chain of its own.
    before: Option<f64>,
    /// Of all that plays to the default device past the bus.
    beside: f64,
}

impl Heard {
    /// Adds up a reading.
    pub(super) fn of(meters: &Meters, apps: &[App], output: &Output) -> Self {
        let mut heard = Self::default();
        let mut is_chained = false;
        let mut before = 0.0;
        for app in apps {
            let streams = app.streams.iter().filter_map(|it| Some((it, meters.stream(it.id)?)));
            // Its streams share one chain, and each has the gauges of it.
            let mut chain = None;
            for (stream, gauges) in streams {
                match (gauges.chain, stream.through) {
                    (Some(own), _) => chain = Some(own.loudness_in_lufs),
                    (None, Some(ChainKind::Bus | ChainKind::App)) => {
                        before += estimate(stream, gauges);
                    }
                    (None, _) if reaches(stream, output) => {
                        heard.beside += estimate(stream, gauges);
                    }
                    (None, _) => {}
                }
            }
            is_chained |= chain.is_some();
            before += chain.map_or(0.0, power);
        }
        heard.before = is_chained.then_some(before);
        heard
    }
}

/// Estimates the power of a stream from its tap, which tells of its loudest channel: of two, both are as loud.
fn estimate(stream: &Stream, gauges: &StreamGauges) -> f64 {
    let channels = if stream.channels == 1 { 1.0 } else { 2.0 };
    power(gauges.own.rms_dbfs + LOUDNESS_OFFSET_DB) * channels
}

/// Says whether a stream plays to the default device; what is not told counts as if it did.
fn reaches(stream: &Stream, output: &Output) -> bool {
    stream.device.is_empty() || stream.device == output.name
}

/// A point of the history.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LoudnessPoint {
    /// Time of the reading, in microseconds of `CLOCK_MONOTONIC`.
    pub usec: u64,
    /// Loudness before Headroom, in LUFS; the floor in silence.
    pub in_lufs: f64,
    /// Short-term loudness after Headroom, in LUFS; the floor in silence.
    pub out_lufs: f64,
    /// Whether applications are in both that play past the bus.
    pub has_others: bool,
}

/// The history of loudness: two points per second, for three minutes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Loudness {
    points: VecDeque<LoudnessPoint>,
    recent: VecDeque<Recent>,
    makeup_db: f64,
}

/// A reading of the last 3 s.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Recent {
    usec: u64,
    slow_db: f64,
    fast_db: f64,
    beside: f64,
}

impl Loudness {
    /// Returns every point, oldest first.
    pub fn points(&self) -> impl ExactSizeIterator<Item = LoudnessPoint> + '_ {
        self.points.iter().copied()
    }

    /// Returns the newest point.
    pub fn last(&self) -> Option<LoudnessPoint> {
        self.points.back().copied()
    }

    pub(super) fn set_makeup_db(&mut self, makeup_db: f64) {
        self.makeup_db = makeup_db;
    }

    /// Takes a reading; says whether there is a new point.
    pub(super) fn push(&mut self, meters: &Meters, heard: Heard) -> bool {
        let Meters { usec, bus, .. } = meters;
        // A clock that went back is another machine's or a restarted one: nothing before counts.
        if self.last().is_some_and(|last| last.usec > *usec) {
            self.points.clear();
            self.recent.clear();
        }
        while self.recent.front().is_some_and(|old| usec.saturating_sub(old.usec) > WINDOW_USEC) {
            self.recent.pop_front();
        }
        self.recent.push_back(Recent {
            usec: *usec,
            slow_db: bus.leveller_db + bus.compressor_db,
            fast_db: bus.surge_db + bus.cap_db + bus.limiter_soft_db + bus.limiter_hard_db,
            beside: heard.beside,
        });
        if self.last().is_some_and(|last| usec - last.usec < POINT_USEC) {
            return false;
        }
        if self.points.len() == POINTS {
            self.points.pop_front();
        }
        self.points.push_back(self.point(*usec, bus.short_term_lufs, heard.before));
        true
    }

    fn point(&self, usec: u64, bus_lufs: f64, before: Option<f64>) -> LoudnessPoint {
        let is_silent = bus_lufs < SILENCE_LUFS;
        let bus_in = before.unwrap_or_else(|| power(bus_lufs - self.gain_db()));
        let (bus_in, bus_out) = if is_silent { (0.0, 0.0) } else { (bus_in, power(bus_lufs)) };
        let count = self.recent.len().max(1) as f64;
        let beside = self.recent.iter().map(|recent| recent.beside).sum::<f64>() / count;
        let lufs = |power: f64| Some(level(power)).filter(|it| *it >= SILENCE_LUFS);
        LoudnessPoint {
            usec,
            in_lufs: lufs(bus_in + beside).unwrap_or(FLOOR_DB),
            out_lufs: lufs(bus_out + beside).unwrap_or(FLOOR_DB),
            has_others: lufs(beside).is_some(),
        }
    }

    fn gain_db(&self) -> f64 {
        let count = self.recent.len().max(1) as f64;
        let slow_db = self.recent.iter().map(|recent| recent.slow_db).sum::<f64>() / count;
        let mut fast: Vec<f64> = self.recent.iter().map(|recent| recent.fast_db).collect();
        fast.sort_by(f64::total_cmp);
        let median = fast.get(fast.len() / 2).copied().unwrap_or(0.0);
        slow_db + median + self.makeup_db
    }
}

/// Returns the make-up gain that settings ask for, in dB; 0 where the compressor is off or not known.
///
/// `auto` gives back what the static curve takes of a level of -18 dBFS: the quadratic soft knee of
/// Giannoulis, Massberg and Reiss (JAES 60/6, 2012, equation 4).
pub fn makeup_db(settings: &[Setting]) -> f64 {
    let number = |key| match find(settings, key)?.value {
        Value::Number(number) => Some(number),
        Value::Bool(_) | Value::Text(_) => None,
    };
    let is_on =
        find(settings, "compressor.enabled").is_some_and(|on| on.value == Value::Bool(true));
    let Some(makeup) = find(settings, "compressor.makeup_db").filter(|_| is_on) else {
        return 0.0;
    };
    match makeup.value {
        Value::Number(db) => db,
        Value::Bool(_) => 0.0,
        Value::Text(_) => {
            let curve = [
                number("compressor.threshold_db"),
                number("compressor.ratio"),
                number("compressor.knee_db"),
            ];
            let [Some(threshold_db), Some(ratio), Some(knee_db)] = curve else {
                return 0.0;
            };
            let slope = 1.0 - 1.0 / ratio.max(1.0);
            let over_db = AUTO_LEVEL_DBFS - threshold_db;
            if over_db <= -knee_db / 2.0 {
                0.0
            } else if over_db < knee_db / 2.0 {
                slope * (over_db + knee_db / 2.0).powi(2) / (2.0 * knee_db)
            } else {
                slope * over_db
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        BusGauges, ChainGauges, TapGauges,
        setting::tests::{number, switch},
    };

    fn reading(usec: u64, short_term_lufs: f64, leveller_db: f64, limiter_hard_db: f64) -> Meters {
        let bus =
            BusGauges { leveller_db, limiter_hard_db, short_term_lufs, ..BusGauges::default() };
        Meters { usec, bus, streams: Vec::new() }
    }

    fn play(
        loudness: &mut Loudness,
        from: u64,
        seconds: u64,
        at: impl Fn(u64) -> (f64, f64, f64),
    ) -> usize {
        (0..seconds * 20)
            .filter(|n| {
                let (lufs, leveller, hard) = at(*n);
                loudness.push(&reading(from + n * 50_000, lufs, leveller, hard), Heard::default())
            })
            .count()
    }

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-6
    }

    #[test]
    fn what_came_in_is_what_goes_out_without_the_gains() {
        let mut loudness = Loudness::default();
        loudness.set_makeup_db(2.0);
        play(&mut loudness, 0, 10, |_| (-18.0, 5.0, 0.0));
        let last = loudness.last().unwrap();
        assert!(near(last.in_lufs, -25.0) && near(last.out_lufs, -18.0), "{last:?}");
    }

    fn app(streams: &[(u64, ChainKind, &str)]) -> App {
        let stream = |(id, through, device): &(u64, ChainKind, &str)| Stream {
            id: *id,
            app: "app".to_owned(),
            through: Some(*through),
            device: (*device).to_owned(),
            channels: 2,
            playing: true,
            ..Stream::default()
        };
        let streams: Vec<Stream> = streams.iter().map(stream).collect();
        crate::model::apps::group(&streams, &[]).remove(0)
    }

    fn gauges(rms_dbfs: f64, in_lufs: Option<f64>) -> StreamGauges {
        let own = TapGauges { peak_dbfs: rms_dbfs + 10.0, rms_dbfs, level_db: 0.0 };
        let chain = in_lufs
            .map(|in_lufs| ChainGauges { loudness_in_lufs: in_lufs, ..ChainGauges::default() });
        StreamGauges { own, chain, device: None }
    }

    #[test]
    fn what_comes_in_is_what_comes_to_the_chains() {
        let apps = [app(&[(1, ChainKind::App, ""), (2, ChainKind::App, "")])];
        let mut meters = reading(0, -19.0, 0.0, 0.0);
        meters.streams = vec![(1, gauges(-9.0, Some(-5.0))), (2, gauges(-9.0, Some(-5.0)))];
        let mut loudness = Loudness::default();
        loudness.push(&meters, Heard::of(&meters, &apps, &Output::default()));
        let last = loudness.last().unwrap();
        assert!(near(last.in_lufs, -5.0) && near(last.out_lufs, -19.0), "{last:?}");
        assert!(!last.has_others);
    }

    #[test]
    fn app_past_the_bus_is_heard_while_the_bus_is_silent() {
        let output = Output { name: "speakers".to_owned(), ..Output::default() };
        let play = |device| {
            let apps = [app(&[(1, ChainKind::None, device)])];
            let mut meters = reading(0, -120.0, 0.0, 0.0);
            meters.streams = vec![(1, gauges(-20.0, None))];
            let mut loudness = Loudness::default();
            loudness.push(&meters, Heard::of(&meters, &apps, &output));
            loudness.last().unwrap()
        };
        let expected = -20.0 - 0.691 + 10.0 * 2_f64.log10();
        for device in ["speakers", ""] {
            let point = play(device);
            assert!(near(point.out_lufs, expected) && near(point.in_lufs, expected), "{point:?}");
            assert!(point.has_others);
        }
        let elsewhere = play("headphones");
        assert!(near(elsewhere.out_lufs, FLOOR_DB) && !elsewhere.has_others, "{elsewhere:?}");
    }

    #[test]
    fn two_points_a_second_for_three_minutes() {
        let mut loudness = Loudness::default();
        assert_eq!(play(&mut loudness, 0, 10, |_| (-18.0, 0.0, 0.0)), 20);
        play(&mut loudness, 10_000_000, 300, |_| (-18.0, 0.0, 0.0));
        assert_eq!(loudness.points().len(), POINTS);
        let times: Vec<_> = loudness.points().map(|point| point.usec).collect();
        assert!(times.is_sorted());
        assert_eq!(times[POINTS - 1] - times[0], 500_000 * (POINTS as u64 - 1));
    }

    #[test]
    fn single_peaks_of_the_limiter_do_not_count_and_steady_reduction_does() {
        let mut loudness = Loudness::default();
        play(&mut loudness, 0, 10, |n| (-20.0, 0.0, if n % 5 == 0 { -9.0 } else { 0.0 }));
        assert!(near(loudness.last().unwrap().in_lufs, -20.0));
        play(&mut loudness, 10_000_000, 10, |_| (-10.0, 0.0, -9.0));
        assert!(near(loudness.last().unwrap().in_lufs, -1.0));
    }

    #[test]
    fn a_gain_counts_for_as_long_as_the_loudness_hears_it() {
        let mut loudness = Loudness::default();
        play(&mut loudness, 0, 10, |_| (-18.0, 10.0, 0.0));
        play(&mut loudness, 10_000_000, 2, |_| (-18.0, 0.0, 0.0));
        let half_way = loudness.last().unwrap().in_lufs;
        assert!(half_way > -28.0 && half_way < -18.0, "{half_way}");
        play(&mut loudness, 12_000_000, 4, |_| (-18.0, 0.0, 0.0));
        assert!(near(loudness.last().unwrap().in_lufs, -18.0));
    }

    #[test]
    fn silence_is_silence_on_both_sides_whatever_the_gain() {
        let mut loudness = Loudness::default();
        loudness.push(&reading(1, -75.0, 8.0, 0.0), Heard::default());
        let last = loudness.last().unwrap();
        assert!(near(last.in_lufs, FLOOR_DB) && near(last.out_lufs, FLOOR_DB));
    }

    #[test]
    fn a_clock_that_goes_back_begins_anew() {
        let mut loudness = Loudness::default();
        play(&mut loudness, 50_000_000, 5, |_| (-18.0, 9.0, 0.0));
        assert!(loudness.push(&reading(1000, -18.0, 0.0, 0.0), Heard::default()));
        assert_eq!(loudness.points().len(), 1);
        assert!(near(loudness.last().unwrap().in_lufs, -18.0));
    }

    fn compressor(makeup: Value, threshold_db: f64, ratio: f64, knee_db: f64) -> Vec<Setting> {
        let mut setting = number("compressor.makeup_db", 0.0, -12.0, 24.0);
        setting.value = makeup;
        vec![
            switch("compressor.enabled", true),
            setting,
            number("compressor.threshold_db", threshold_db, -60.0, 0.0),
            number("compressor.ratio", ratio, 1.0, 20.0),
            number("compressor.knee_db", knee_db, 0.0, 24.0),
        ]
    }

    #[test]
    fn make_up_is_the_number_or_what_the_curve_takes_of_minus_18() {
        let auto = || Value::Text("auto".to_owned());
        assert!(near(makeup_db(&compressor(Value::Number(3.0), -16.0, 2.0, 10.0)), 3.0));
        // In the knee, above it, and below it.
        assert!(near(makeup_db(&compressor(auto(), -16.0, 2.0, 10.0)), 0.5 * 9.0 / 20.0));
        assert!(near(makeup_db(&compressor(auto(), -38.0, 4.0, 10.0)), 15.0));
        assert!(near(makeup_db(&compressor(auto(), -6.0, 4.0, 10.0)), 0.0));
        assert!(near(makeup_db(&compressor(auto(), -6.0, 4.0, 0.0)), 0.0));
    }

    #[test]
    fn a_compressor_that_is_off_has_no_make_up() {
        let mut settings = compressor(Value::Number(3.0), -16.0, 2.0, 10.0);
        settings[0].value = Value::Bool(false);
        assert!(near(makeup_db(&settings), 0.0));
        assert!(near(makeup_db(&[]), 0.0));
    }
}
