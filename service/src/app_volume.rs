//! App volume control of one stream: from what is heard of it to the gain it gets.
//!
//! Pure: the owner hands in readings and the time, and writes the gain that comes back as the
//! stream's soft volume. The tap hears the stream behind that very gain, some tens of milliseconds
//! after it was written, so the loop is closed. To keep it steady a reading counts without our gain:
//! it is divided by the gain that was in force while it was taken, `GAIN_DELAY` ago. What that
//! misses by, when the true delay is another, is no more than the gain has moved in the difference,
//! and nothing once it rests.
//!
//! Two parts share the gain. The slow one follows attack and release. The catch meets a blast: what
//! one reading finds far over the target goes down with the very next write, in one step.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use headroom_dsp::db_to_gain;
use headroom_profile::AppVolumeParams;

use crate::rt::TapReading;

/// Largest change of the gain at once, in dB, downwards and upwards. PipeWire steps from one sample to
/// the next: energy beside a tone of -34 dB for 1 dB and -40 dB for 0.5 dB (measured by the bench
/// `taps`). Down it goes while something too loud covers the step; up, nothing does.
pub const MAX_STEP_DOWN_DB: f32 = 1.0;
/// See [`MAX_STEP_DOWN_DB`].
pub const MAX_STEP_UP_DB: f32 = 0.5;
/// Largest step down by which a blast is met: the blast itself covers it.
pub const MAX_CATCH_STEP_DB: f32 = 12.0;
/// Largest step up after a blast: what comes back must not wait for long.
pub const MAX_STEP_BACK_DB: f32 = 1.0;
/// How far the sound of one reading may be over the target: speech at the target is not touched.
const CATCH_OVER_DB: f32 = 7.0;
/// How long a catch is held after the last reading that was too loud: longer than `SLOWEST_GAIN`, for
/// which its own effect is in doubt.
const CATCH_HOLD: Duration = Duration::from_millis(200);
/// How long a blast must last to count for the slow part: a bang leaves no trace there.
const BANG: Duration = Duration::from_millis(300);
/// How long after the hold the gain may come back in larger steps.
const COMING_BACK: Duration = Duration::from_secs(1);
/// Time constant of its release.
const CATCH_RELEASE_S: f32 = 0.15;
/// The longest that a gain takes from its write to what a tap hears, on a busy machine.
const SLOWEST_GAIN: Duration = Duration::from_millis(150);
/// Shortest time between two writes: 20 a second, so that the gain follows 20 dB/s down and 10 up.
pub const WRITE_EVERY: Duration = Duration::from_millis(50);
/// Grid of the gains that are written.
const GRID_DB: f32 = 0.25;
/// How far the wanted gain leaves the written one before anything is written: more than the
/// detector's ripple on steady noise.
const HYSTERESIS_DB: f32 = 0.35;
/// As near to 0 dB as this, a gain counts as 0 dB: no inaudible reduction is left behind.
const NOTHING_DB: f32 = 0.05;
/// How long a gain takes from its write to what a tap hears: to PipeWire and into a cycle or two.
const GAIN_DELAY: Duration = Duration::from_millis(50);
/// Longest time constant of the RMS, in mean square: that of momentary loudness (BS.1771).
const RMS_S: f32 = 0.4;
/// The RMS is faster where the constants of the gain are short, so that they tell the time that it
/// takes in all: these shares of attack and release.
const ATTACK_SHARE: f32 = 0.25;
const RELEASE_SHARE: f32 = 1.0 / 16.0;
/// A peak counts as far as it is more than this above the RMS: five standard deviations of Gaussian
/// noise. Steady sound stays under it and is judged by its RMS; a spike is judged by its peak.
const CREST_DB: f32 = 14.0;
/// What is under this is a pause: it does not tell how loud the stream is, and the gain holds.
const PAUSE_DBFS: f32 = -60.0;
/// After so long without a reading, what was heard before is of the past.
const INTERRUPTED: Duration = Duration::from_millis(500);

/// App volume control of one stream.
#[derive(Debug, Default)]
pub struct AppVolume {
    detector: Detector,
    /// The wanted gain, smoothed.
    smooth_db: f32,
    /// The gain that a blast asks for at most, zero or less.
    catch_db: f32,
    /// Until when the catch is held.
    held_until: Option<Instant>,
    /// How long readings have been far too loud without a break.
    loud_for: Duration,
    written_db: f32,
    written_at: Option<Instant>,
    /// Gains that were replaced, and until when each was written.
    lately: VecDeque<(Instant, f32)>,
    updated_at: Option<Instant>,
}

impl AppVolume {
    /// Starts at 0 dB.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the gain that is in force as far as the controller knows, in dB, zero or less.
    pub fn gain_db(&self) -> f32 {
        self.written_db
    }

    /// Goes to a gain at once, in dB, zero or less, and forgets what was heard; the owner writes it.
    pub fn hold(&mut self, gain_db: f32) {
        *self = Self { smooth_db: gain_db, written_db: gain_db, ..Self::default() };
    }

    /// Goes back to 0 dB and forgets what was heard; the owner takes the soft volume back itself.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// Takes what was heard since the last reading; returns the gain to write, in dB, if it changes.
    ///
    /// `enabled` of `params` is what has been decided for this stream; when it is off the gain goes
    /// back to 0 dB. It changes by at most [`MAX_STEP_DOWN_DB`] or [`MAX_STEP_UP_DB`] at once and once
    /// per [`WRITE_EVERY`], so attack and release are slower where they would need more; a blast goes down
    /// by [`MAX_CATCH_STEP_DB`], and comes back by [`MAX_STEP_BACK_DB`]. It holds while the stream pauses.
    pub fn update(
        &mut self,
        now: Instant,
        reading: TapReading,
        params: &AppVolumeParams,
    ) -> Option<f32> {
        let elapsed = self.updated_at.map_or(Duration::ZERO, |at| now.duration_since(at));
        self.updated_at = Some(now);
        if elapsed > INTERRUPTED {
            self.detector = Detector::default();
        }
        if params.enabled {
            let elapsed_s = elapsed.min(INTERRUPTED).as_secs_f32();
            let gain = self.gain_heard(now, elapsed.min(INTERRUPTED));
            let reading = self.catch(now, reading, gain, elapsed, params);
            if let Some(level_dbfs) = self.detector.hear(reading, gain, elapsed_s, params) {
                self.follow(level_dbfs, elapsed_s, params);
            }
            self.smooth_db = self.smooth_db.clamp(-max_cut_db(params), 0.0);
        } else {
            (self.smooth_db, self.catch_db) = (0.0, 0.0);
        }
        self.write(now, params)
    }

    fn follow(&mut self, level_dbfs: f32, elapsed_s: f32, params: &AppVolumeParams) {
        let wanted_db = (params.target_dbfs - level_dbfs).clamp(-max_cut_db(params), 0.0);
        let ms = if wanted_db < self.smooth_db { params.attack_ms } else { params.release_ms };
        self.smooth_db = wanted_db + (self.smooth_db - wanted_db) * kept(elapsed_s, ms / 1000.0);
    }

    /// Meets what one reading finds too loud behind `gain`; returns what of it counts for the slow part.
    fn catch(
        &mut self,
        now: Instant,
        reading: TapReading,
        gain: f32,
        elapsed: Duration,
        params: &AppVolumeParams,
    ) -> TapReading {
        let most_dbfs = params.target_dbfs + CATCH_OVER_DB;
        let over_db = power_db(reading.mean_square / (gain * gain)) - most_dbfs;
        if over_db.is_nan() || over_db <= 0.0 || over_db.is_infinite() {
            self.loud_for = Duration::ZERO;
            if self.held_until.is_none_or(|until| until <= now) {
                self.catch_db *= kept(elapsed.min(INTERRUPTED).as_secs_f32(), CATCH_RELEASE_S);
            }
            return reading;
        }
        self.catch_db = self.catch_db.min(-over_db).max(-max_cut_db(params));
        self.held_until = Some(now + CATCH_HOLD);
        self.loud_for += elapsed.min(INTERRUPTED);
        if self.loud_for > BANG {
            return reading;
        }
        let most = gain * db_to_gain(most_dbfs);
        TapReading {
            mean_square: reading.mean_square.min(most * most),
            peak: reading.peak.min(most * db_to_gain(CREST_DB)),
            ..reading
        }
    }

    fn write(&mut self, now: Instant, params: &AppVolumeParams) -> Option<f32> {
        if self.written_at.is_some_and(|at| now.duration_since(at) < WRITE_EVERY) {
            return None;
        }
        let both_db = self.smooth_db.min(self.catch_db);
        // Both ends are met exactly, everything between them on the grid and with hysteresis.
        let wanted_db = if both_db > -NOTHING_DB {
            0.0
        } else if both_db <= NOTHING_DB - max_cut_db(params) {
            -max_cut_db(params)
        } else if (both_db - self.written_db).abs() < HYSTERESIS_DB {
            return None;
        } else {
            (both_db / GRID_DB).round() * GRID_DB
        };
        let is_blast = self.catch_db < self.written_db - MAX_STEP_DOWN_DB;
        let is_back = self.held_until.is_some_and(|until| now < until + COMING_BACK);
        let down_db = if is_blast { MAX_CATCH_STEP_DB } else { MAX_STEP_DOWN_DB };
        let up_db = if is_back { MAX_STEP_BACK_DB } else { MAX_STEP_UP_DB };
        let step_db = (wanted_db - self.written_db).clamp(-down_db, up_db);
        if step_db == 0.0 {
            return None;
        }
        self.lately.push_back((now, self.written_db));
        self.written_db = (self.written_db + step_db).min(0.0);
        self.written_at = Some(now);
        Some(self.written_db)
    }

    /// Returns the gain, linear, that was in force on average while the last `span` was heard; so soon
    /// after a step of a catch that it may not be in force yet, the largest that can have been.
    fn gain_heard(&mut self, now: Instant, span: Duration) -> f32 {
        while self.lately.front().is_some_and(|(until, _)| *until + SLOWEST_GAIN + span < now) {
            self.lately.pop_front();
        }
        let gains = || self.lately.iter().map(|(_, gain_db)| *gain_db).chain([self.written_db]);
        let is_step = |(before, after): (f32, f32)| before - after > MAX_STEP_DOWN_DB + GRID_DB;
        if gains().zip(gains().skip(1)).any(is_step) {
            return db_to_gain(gains().fold(-f32::INFINITY, f32::max));
        }
        // Backwards from now: the part of the span in which each gain was in force, in power.
        let span_s = span.as_secs_f32().max(1e-3);
        let mut share_left = 1.0;
        let mut sum = 0.0;
        let mut gain_db = self.written_db;
        for (until, before_db) in self.lately.iter().rev() {
            let since_s = now.saturating_duration_since(*until + GAIN_DELAY).as_secs_f32();
            let share_after = (since_s / span_s).min(1.0) - (1.0 - share_left);
            sum += share_after.max(0.0) * db_to_gain(gain_db).powi(2);
            share_left -= share_after.max(0.0);
            gain_db = *before_db;
        }
        (sum + share_left * db_to_gain(gain_db).powi(2)).sqrt()
    }
}

/// How loud the stream is without our gain, in power.
#[derive(Debug, Default)]
struct Detector {
    mean_square: Option<f32>,
    peak_square: f32,
}

impl Detector {
    /// Returns the level that a reading behind `gain` leads to; `None` in a pause.
    fn hear(
        &mut self,
        reading: TapReading,
        gain: f32,
        elapsed_s: f32,
        params: &AppVolumeParams,
    ) -> Option<f32> {
        let square = reading.mean_square / (gain * gain);
        let peak = reading.peak / gain;
        if !square.is_finite() || !(peak * peak).is_finite() || power_db(square) < PAUSE_DBFS {
            return None;
        }
        let rise_s = (params.attack_ms / 1000.0 * ATTACK_SHARE).min(RMS_S);
        let fall_s = (params.release_ms / 1000.0 * RELEASE_SHARE).min(RMS_S);
        // From rest the first reading stands: there is nothing before it to average with.
        let before = self.mean_square.unwrap_or(square);
        let time_s = if square > before { rise_s } else { fall_s };
        let mean_square = square + (before - square) * kept(elapsed_s, time_s);
        self.mean_square = Some(mean_square);
        self.peak_square = (peak * peak).max(self.peak_square * kept(elapsed_s, fall_s));
        Some(power_db(mean_square).max(power_db(self.peak_square) - CREST_DB))
    }
}

fn max_cut_db(params: &AppVolumeParams) -> f32 {
    params.max_cut_db.max(0.0)
}

/// What an exponential of this time constant has kept.
fn kept(elapsed_s: f32, time_s: f32) -> f32 {
    (-elapsed_s / time_s.max(1e-3)).exp()
}

fn power_db(power: f32) -> f32 {
    10.0 * power.log10()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARAMS: AppVolumeParams = AppVolumeParams {
        enabled: true,
        target_dbfs: -20.0,
        max_cut_db: 24.0,
        attack_ms: 200.0,
        release_ms: 2000.0,
    };
    const TICK: Duration = Duration::from_millis(50);

    /// A stream under control, with a delay between a write and what is heard.
    struct Loop {
        level: AppVolume,
        params: AppVolumeParams,
        delay: Duration,
        now: Instant,
        writes: Vec<(Instant, f32)>,
        seed: u32,
    }

    #[derive(Clone, Copy)]
    enum Sound {
        Tone(f32),
        Noise(f32),
    }

    impl Loop {
        fn new(delay_ms: u64) -> Self {
            Self {
                level: AppVolume::new(),
                params: PARAMS,
                delay: Duration::from_millis(delay_ms),
                now: Instant::now(),
                writes: Vec::new(),
                seed: 1,
            }
        }

        fn random(&mut self) -> f32 {
            self.seed = self.seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (self.seed >> 8) as f32 / (1 << 24) as f32
        }

        /// Mean over the last tick of what was in force, in ms.
        fn heard_gain_square(&self) -> f32 {
            let sum: f32 = (0..50)
                .map(|ms| {
                    let at = self.now.checked_sub(Duration::from_millis(ms)).unwrap();
                    let in_force = |(written, _): &&(Instant, f32)| *written + self.delay <= at;
                    let gain_db = self.writes.iter().rev().find(in_force).map_or(0.0, |(_, g)| *g);
                    db_to_gain(gain_db).powi(2)
                })
                .sum();
            sum / 50.0
        }

        fn reading(&mut self, sound: Sound) -> TapReading {
            let gain = self.heard_gain_square();
            let (square, crest_db) = match sound {
                Sound::Tone(rms_dbfs) => (db_to_gain(rms_dbfs).powi(2), 3.0),
                // 2,400 samples of noise: their power strays by 3 %, their crest from 10 to 14 dB.
                Sound::Noise(rms_dbfs) => {
                    let stray = (0..12).map(|_| self.random()).sum::<f32>() - 6.0;
                    let crest_db = 10.0 + 4.0 * self.random();
                    (db_to_gain(rms_dbfs).powi(2) * (1.0 + 0.03 * stray), crest_db)
                }
            };
            let mean_square = square * gain;
            TapReading {
                peak: mean_square.sqrt() * db_to_gain(crest_db),
                mean_square,
                frames: 2400,
            }
        }

        fn play(&mut self, sound: Sound, seconds: f32) {
            for _ in 0..(seconds * 20.0).round() as u32 {
                self.now += TICK;
                let reading = self.reading(sound);
                if let Some(gain_db) = self.level.update(self.now, reading, &self.params) {
                    self.writes.push((self.now, gain_db));
                }
            }
        }

        /// Plays until the gain is past `gain_db`; returns how long that took.
        fn time_to(&mut self, sound: Sound, gain_db: f32) -> f32 {
            let begin = self.now;
            let from = self.level.gain_db();
            while (self.level.gain_db() - gain_db) * (from - gain_db) > 0.0 {
                self.play(sound, 0.05);
                assert!(self.now - begin < Duration::from_mins(1), "never past {gain_db} dB");
            }
            (self.now - begin).as_secs_f32()
        }
    }

    #[test]
    fn steady_sound_settles_at_the_target_and_writes_end() {
        for delay_ms in [0, 20, 50, 100, 150] {
            for over_db in [-10.0, 0.0, 0.5, 1.0, 3.0, 6.0, 10.0, 20.0] {
                let level = PARAMS.target_dbfs + over_db;
                for sound in [Sound::Tone(level), Sound::Noise(level)] {
                    let mut stream = Loop::new(delay_ms);
                    stream.play(sound, 10.0);
                    let wanted = -over_db.max(0.0);
                    let got = stream.level.gain_db();
                    assert!((got - wanted).abs() <= 0.5, "{over_db} dB, {delay_ms} ms: {got}");
                    let settled = stream.writes.len();
                    stream.play(sound, 20.0);
                    let more = stream.writes.len() - settled;
                    let allowed = if matches!(sound, Sound::Tone(_)) { 0 } else { 4 };
                    assert!(more <= allowed, "{over_db} dB, {delay_ms} ms: {more} writes at rest");
                }
            }
        }
    }

    #[test]
    fn overshoot_is_small_and_never_swings_at_any_delay() {
        for delay_ms in [0, 50, 100, 150] {
            let mut stream = Loop::new(delay_ms);
            stream.play(Sound::Tone(-5.0), 10.0);
            let lowest = stream.writes.iter().map(|(_, gain)| *gain).fold(0.0, f32::min);
            assert!(lowest >= -17.0, "{delay_ms} ms: {lowest}");
            let down = stream.writes.len();
            stream.play(Sound::Tone(-15.0), 20.0);
            let highest = stream.writes[down..].iter().map(|(_, gain)| *gain).fold(-99.0, f32::max);
            assert!(highest <= -4.0, "{delay_ms} ms: {highest}");
            // Down once and up once, and at most one correction of each: no to and fro.
            let turns =
                stream.writes.windows(3).filter(|w| (w[1].1 - w[0].1) * (w[2].1 - w[1].1) < 0.0);
            let turns = turns.count();
            assert!(turns <= 3, "{delay_ms} ms: {turns} turns in {:?}", stream.writes);
        }
    }

    #[test]
    fn attack_and_release_take_the_time_they_say() {
        for (attack_ms, over_db) in [(200.0, 4.0), (500.0, 5.0), (1000.0, 6.0)] {
            let mut stream = Loop::new(50);
            stream.params.attack_ms = attack_ms;
            stream.play(Sound::Tone(-20.0), 2.0);
            let took_s = stream.time_to(Sound::Tone(-20.0 + over_db), -0.632 * over_db);
            // A write waits for its tick and its grid: up to 50 ms that are not the constant's.
            let error = (took_s * 1000.0 - attack_ms).abs() - 50.0;
            assert!(error <= 0.2 * attack_ms, "attack {attack_ms} ms took {took_s} s");
        }
        for release_ms in [1000.0, 2000.0, 5000.0] {
            let mut stream = Loop::new(50);
            stream.params.release_ms = release_ms;
            stream.play(Sound::Tone(-10.0), 5.0);
            let took_s = stream.time_to(Sound::Tone(-20.0), -3.68);
            let error = (took_s * 1000.0 - release_ms).abs() - 50.0;
            assert!(error <= 0.2 * release_ms, "release {release_ms} ms took {took_s} s");
        }
    }

    #[test]
    fn steps_are_small_and_no_more_than_twenty_a_second() {
        let mut stream = Loop::new(80);
        stream.play(Sound::Noise(0.0), 5.0);
        stream.play(Sound::Noise(-40.0), 20.0);
        let mut before = (None, 0.0);
        for (at, gain_db) in &stream.writes {
            let step_db = gain_db - before.1;
            assert!(step_db >= -MAX_CATCH_STEP_DB - 1e-4, "{:?}", stream.writes);
            assert!(step_db <= MAX_STEP_BACK_DB + 1e-4, "{:?}", stream.writes);
            assert!(*gain_db <= 0.0 && *gain_db >= -PARAMS.max_cut_db);
            if let Some(earlier) = before.0 {
                assert!(at.duration_since(earlier) >= WRITE_EVERY);
            }
            before = (Some(*at), *gain_db);
        }
        assert!(stream.level.gain_db() > -0.01, "{}", stream.level.gain_db());
    }

    #[test]
    fn what_is_no_blast_goes_down_in_small_steps() {
        let mut stream = Loop::new(80);
        stream.play(Sound::Noise(-20.0), 2.0);
        stream.play(Sound::Noise(-14.0), 5.0);
        stream.play(Sound::Noise(-40.0), 10.0);
        let gains = [0.0].into_iter().chain(stream.writes.iter().map(|(_, gain)| *gain));
        for (before, after) in gains.clone().zip(gains.skip(1)) {
            assert!(before - after <= MAX_STEP_DOWN_DB + 1e-4, "{:?}", stream.writes);
            assert!(after - before <= MAX_STEP_UP_DB + 1e-4, "{:?}", stream.writes);
        }
    }

    #[test]
    fn blast_is_down_within_three_writes_whatever_the_delay() {
        for delay_ms in [0, 20, 50, 100, 150] {
            let mut stream = Loop::new(delay_ms);
            stream.play(Sound::Noise(-24.0), 5.0);
            assert!(stream.writes.is_empty(), "{:?}", stream.writes);
            stream.play(Sound::Noise(0.0), 0.15);
            let caught = stream.level.gain_db();
            assert!(caught <= -11.0, "{delay_ms} ms: {:?}", stream.writes);
            stream.play(Sound::Noise(0.0), 3.0);
            let lowest = stream.writes.iter().map(|(_, gain)| *gain).fold(0.0, f32::min);
            assert!(lowest >= -21.0, "{delay_ms} ms: {:?}", stream.writes);
            assert!((stream.level.gain_db() + 20.0).abs() <= 1.0, "{:?}", stream.writes);
        }
    }

    #[test]
    fn bang_is_forgotten_within_a_second() {
        let mut stream = Loop::new(50);
        stream.play(Sound::Noise(-24.0), 5.0);
        stream.play(Sound::Noise(0.0), 0.05);
        assert!(stream.level.gain_db() <= -11.0, "{:?}", stream.writes);
        stream.play(Sound::Noise(-24.0), 1.0);
        assert!(stream.level.gain_db() >= -3.0, "{:?}", stream.writes);
        stream.play(Sound::Noise(-24.0), 2.0);
        assert!(stream.level.gain_db() >= -1.0, "{:?}", stream.writes);
    }

    #[test]
    fn a_pause_holds_the_gain_and_a_quieter_passage_does_not() {
        let mut stream = Loop::new(50);
        stream.play(Sound::Tone(-10.0), 5.0);
        let held = stream.level.gain_db();
        stream.play(Sound::Tone(-90.0), 60.0);
        assert!((stream.level.gain_db() - held).abs() < 0.01);
        stream.play(Sound::Tone(-40.0), 30.0);
        assert!(stream.level.gain_db() > -0.01);
    }

    #[test]
    fn the_cut_is_bounded_and_follows_a_new_bound() {
        let mut stream = Loop::new(50);
        stream.params.target_dbfs = -40.0;
        stream.params.max_cut_db = 12.0;
        stream.play(Sound::Tone(-3.0), 10.0);
        assert!((stream.level.gain_db() - -12.0).abs() < 1e-4, "{}", stream.level.gain_db());
        stream.params.max_cut_db = 5.9;
        stream.play(Sound::Tone(-3.0), 2.0);
        assert!((stream.level.gain_db() - -5.9).abs() < 1e-4, "{}", stream.level.gain_db());
        stream.params.enabled = false;
        stream.play(Sound::Tone(-3.0), 1.0);
        assert!(stream.level.gain_db().abs() < 1e-4);
        stream.params.enabled = true;
        stream.play(Sound::Tone(-3.0), 2.0);
        stream.level.reset();
        assert!(stream.level.gain_db().abs() < 1e-9);
    }

    #[test]
    fn a_spike_counts_though_its_power_is_small() {
        let mut stream = Loop::new(0);
        stream.play(Sound::Tone(-50.0), 1.0);
        let mut cut = false;
        for _ in 0..4 {
            stream.now += TICK;
            let spike = TapReading { peak: 1.0, mean_square: 1e-4, frames: 2400 };
            cut |= stream.level.update(stream.now, spike, &stream.params).is_some();
        }
        assert!(cut && stream.level.gain_db() < -0.5, "{}", stream.level.gain_db());
    }

    #[test]
    fn readings_that_are_no_numbers_change_nothing() {
        let wild = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, -1.0, 0.0, 1e-42];
        let mut stream = Loop::new(50);
        stream.play(Sound::Tone(-14.0), 5.0);
        let held = stream.level.gain_db();
        for peak in wild {
            for mean_square in wild {
                stream.now += TICK;
                let reading = TapReading { peak, mean_square, frames: 0 };
                let _ = stream.level.update(stream.now, reading, &stream.params);
                assert!(stream.level.gain_db().is_finite());
            }
        }
        assert!((-PARAMS.max_cut_db..=0.0).contains(&stream.level.gain_db()));
        stream.play(Sound::Tone(-14.0), 30.0);
        assert!((stream.level.gain_db() - held).abs() <= 0.5, "{}", stream.level.gain_db());
    }
}
