//! What happens to an application now: what comes in, what goes out, and what was done between the two.

use headroom_api::{Doing, Done, FLOOR_DB, Gains};

use super::StreamGauges;

/// What surge catcher, cap and limiter have to take away together to be called a catch, in dB.
const CATCH_DB: f64 = -1.0;
/// What the limiter takes of loud music all the time, in dB: no more than its work.
const USUAL_LIMIT_DB: f64 = 3.0;
/// Time that a catch stays said after it ended, in microseconds: a blast is shorter than a glance.
const CATCH_STAYS_USEC: u64 = 2_500_000;
/// Time between two other things that are said, in microseconds.
const PACE_USEC: u64 = 500_000;
/// The least change that is said, in dB: what is said in whole decibels must not flicker between two of them.
const STEP_DB: f64 = 0.6;

/// What happens to an application now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Now {
    /// Sample peak of its loudest stream, in dBFS; the floor in silence.
    pub peak_dbfs: f64,
    /// Level of all its streams together before Headroom, in dBFS; the floor in silence.
    pub in_dbfs: f64,
    /// The same after Headroom; `None` where no gauge tells.
    pub out_dbfs: Option<f64>,
    /// What was done to its loudest stream; `None` where no gauge tells.
    pub done: Option<Done>,
    /// Whether a blast or peak is held at this moment.
    pub is_catch: bool,
}

impl Default for Now {
    fn default() -> Self {
        Self {
            peak_dbfs: FLOOR_DB,
            in_dbfs: FLOOR_DB,
            out_dbfs: Some(FLOOR_DB),
            done: Some(Done::default()),
            is_catch: false,
        }
    }
}

impl Now {
    /// Says whether anything can be heard of it.
    pub fn is_heard(&self) -> bool {
        self.peak_dbfs > FLOOR_DB
    }

    /// Adds up the streams of one application: gauges, and what is done to each where that is known.
    pub(super) fn of(streams: impl Iterator<Item = (StreamGauges, Option<Gains>)>) -> Self {
        let mut now = Self::default();
        let (mut power_in, mut power_out, mut is_known) = (0.0, 0.0, true);
        let mut loudest: Option<(f64, Option<Gains>)> = None;
        for (gauges, gains) in streams {
            let level_dbfs = gauges.own.rms_dbfs;
            now.peak_dbfs = now.peak_dbfs.max(gauges.own.peak_dbfs);
            power_in += power(level_dbfs);
            if gauges.own.peak_dbfs > FLOOR_DB {
                is_known &= gains.is_some();
                power_out += power(level_dbfs + gains.map_or(0.0, |gains| gains.total_db));
            }
            if loudest.is_none_or(|(most_dbfs, _)| gauges.own.peak_dbfs > most_dbfs) {
                loudest = Some((gauges.own.peak_dbfs, gains));
            }
        }
        now.in_dbfs = level(power_in);
        now.out_dbfs = is_known.then(|| level(power_out));
        if let Some((_, gains)) = loudest {
            now.done = gains.map(done);
            now.is_catch = now.is_heard() && gains.is_some_and(|gains| caught_db(gains) < CATCH_DB);
        }
        now
    }

    /// The gain between what comes in and what goes out, in dB; `None` where no gauge tells.
    pub fn gain_db(&self) -> Option<f64> {
        self.done.map(|done| done.gain_db)
    }

    fn differs(&self, other: &Self) -> bool {
        let doing = |now: &Self| now.done.map(|done| done.doing);
        let gain_db = |now: &Self| now.gain_db().unwrap_or(0.0);
        self.is_heard() != other.is_heard()
            || self.is_catch != other.is_catch
            || doing(self) != doing(other)
            || (gain_db(self) - gain_db(other)).abs() > STEP_DB
    }
}

/// What catches blasts and peaks takes away, in dB.
fn caught_db(gains: Gains) -> f64 {
    gains.surge_db + gains.cap_db + (gains.limiter_db + USUAL_LIMIT_DB).min(0.0)
}

/// One gain and one word; while something is caught, the word is of what catches it.
fn done(gains: Gains) -> Done {
    let done = gains.done();
    if done.gain_db >= 0.0 || caught_db(gains) >= CATCH_DB {
        return done;
    }
    let stages = [
        (Doing::Surge, gains.surge_db),
        (Doing::Cap, gains.cap_db),
        (Doing::Limiter, gains.limiter_db),
    ];
    let most = stages.into_iter().min_by(|(_, one), (_, other)| one.total_cmp(other));
    most.map_or(done, |(doing, _)| Done { doing, ..done })
}

/// Power of a level, 1 at 0 dB; none at the floor.
pub(super) fn power(level_db: f64) -> f64 {
    if level_db > FLOOR_DB { 10_f64.powf(level_db / 10.0) } else { 0.0 }
}

/// Level of a power in dB; the floor where there is none.
pub(super) fn level(power: f64) -> f64 {
    if power > 0.0 { (10.0 * power.log10()).max(FLOOR_DB) } else { FLOOR_DB }
}

/// Keeps what is said of an application at a pace that can be read.
///
/// A catch is said in the moment and stays for a while, at its deepest; anything else is said twice a second at most.
#[derive(Clone, Copy, Debug, Default)]
pub struct Saying {
    said: Option<(u64, Now)>,
}

impl Saying {
    /// Takes a reading of a time in microseconds; returns what is to be said where that is something else than before.
    pub fn take(&mut self, usec: u64, now: Now) -> Option<Now> {
        let Some((since_usec, said)) = self.said else { return Some(self.keep(usec, now)) };
        // A clock that went back is another one.
        let age_usec = usec.checked_sub(since_usec).unwrap_or(u64::MAX);
        let depth_db = |now: &Now| now.gain_db().unwrap_or(0.0);
        let is_due = if now.is_catch {
            !said.is_catch || depth_db(&now) < depth_db(&said) || age_usec >= CATCH_STAYS_USEC
        } else {
            age_usec >= if said.is_catch { CATCH_STAYS_USEC } else { PACE_USEC }
        };
        if now.is_catch && !is_due && depth_db(&now) <= depth_db(&said) + STEP_DB {
            // It goes on as deep as ever: it has just been said.
            self.said = Some((usec, said));
        }
        (is_due && now.differs(&said)).then(|| self.keep(usec, now))
    }

    fn keep(&mut self, usec: u64, now: Now) -> Now {
        self.said = Some((usec, now));
        now
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TapGauges;

    fn gauges(peak_dbfs: f64, rms_dbfs: f64) -> StreamGauges {
        let own = TapGauges { peak_dbfs, rms_dbfs, level_db: 0.0 };
        StreamGauges { own, chain: None, device: None }
    }

    fn cut(total_db: f64, leveller_db: f64, surge_db: f64) -> Gains {
        Gains { total_db, leveller_db, surge_db, ..Gains::default() }
    }

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-6
    }

    #[test]
    fn streams_of_an_app_add_up_by_their_powers() {
        let streams = [
            (gauges(-6.0, -20.0), Some(cut(-10.0, -10.0, 0.0))),
            (gauges(-3.0, -20.0), Some(cut(-10.0, -10.0, 0.0))),
        ];
        let now = Now::of(streams.into_iter());
        let twice_db = 10.0 * 2_f64.log10();
        assert!(near(now.in_dbfs, -20.0 + twice_db) && near(now.peak_dbfs, -3.0));
        assert!(near(now.out_dbfs.unwrap(), -30.0 + twice_db));
        assert!(!now.is_catch && now.is_heard());
    }

    #[test]
    fn catch_gives_the_word_where_the_leveller_takes_more() {
        let streams = [(gauges(-1.0, -9.0), Some(cut(-19.0, -13.0, -6.0)))];
        let now = Now::of(streams.into_iter());
        assert!(now.is_catch);
        assert_eq!(now.done.unwrap().doing, Doing::Surge);
        let calm = Now::of([(gauges(-1.0, -9.0), Some(cut(-13.5, -13.0, -0.5)))].into_iter());
        assert_eq!((calm.is_catch, calm.done.unwrap().doing), (false, Doing::Leveller));
    }

    #[test]
    fn limiter_at_its_usual_work_is_no_catch() {
        let at = |limiter_db: f64| {
            let gains = Gains {
                total_db: -9.5 + limiter_db,
                leveller_db: -9.5,
                limiter_db,
                ..Gains::default()
            };
            Now::of([(gauges(-1.0, -9.0), Some(gains))].into_iter())
        };
        assert_eq!((at(-2.8).is_catch, at(-2.8).done.unwrap().doing), (false, Doing::Leveller));
        assert_eq!((at(-6.0).is_catch, at(-6.0).done.unwrap().doing), (true, Doing::Limiter));
    }

    #[test]
    fn gain_that_no_gauge_tells_is_not_known() {
        let now = Now::of([(gauges(-1.0, -9.0), None)].into_iter());
        assert_eq!((now.out_dbfs, now.done, now.gain_db()), (None, None, None));
        assert_eq!(Now::of([].into_iter()), Now::default());
    }

    fn at(gain_db: f64, is_catch: bool) -> Now {
        let doing = if is_catch { Doing::Surge } else { Doing::Leveller };
        Now { peak_dbfs: -3.0, done: Some(Done { doing, gain_db }), is_catch, ..Now::default() }
    }

    #[test]
    fn catch_is_said_at_once_and_stays_at_its_deepest() {
        let mut saying = Saying::default();
        assert!(saying.take(0, at(-2.0, false)).is_some());
        assert!(saying.take(50_000, at(-12.0, true)).is_some(), "in the moment");
        assert!(saying.take(100_000, at(-18.0, true)).is_some(), "deeper");
        assert!(saying.take(150_000, at(-9.0, true)).is_none(), "it lets go");
        assert!(saying.take(1_000_000, at(-2.0, false)).is_none(), "it is still to be read");
        assert_eq!(saying.take(2_700_000, at(-2.0, false)), Some(at(-2.0, false)));
    }

    #[test]
    fn what_is_no_catch_is_said_twice_a_second_at_most() {
        let mut saying = Saying::default();
        let said =
            (0..100).filter(|n| saying.take(n * 50_000, at(-(*n as f64), false)).is_some()).count();
        assert_eq!(said, 10);
        assert!(saying.take(9_000_000, at(-90.1, false)).is_none(), "the same to a person");
    }
}
