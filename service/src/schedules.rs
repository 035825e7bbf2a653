//! Which profile is scheduled for when: by the clock, or with the desktop's Night Light; pure.
//!
//! It reads no clock: who asks says what time it is, and in which zone. Times are local. One that the clock leaves out
//! as summer time begins is an hour later; one that comes twice as it ends is the first.

use std::collections::BTreeMap;

use headroom_api::{Error, MAX_NAME_BYTES, Result, ScheduleRow, Weekday, quoted};
use jiff::{
    Timestamp, ToSpan as _, Zoned,
    civil::{Date, Time},
    tz::TimeZone,
};

/// Most profiles that can have a schedule; a limit only against a caller gone wild.
const MAX_SCHEDULES: usize = 64;
/// How far ahead a change is looked for, in days: each weekday comes within a week.
const AHEAD_DAYS: i64 = 8;

/// When profiles are scheduled, by profile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedules(BTreeMap<String, Schedule>);

/// When a profile is scheduled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// By the clock.
    Times(Times),
    /// While the desktop's Night Light is on.
    NightLight,
}

/// Times of the day, and the weekdays on which they begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    from: Time,
    to: Time,
    /// From Monday on; at least one.
    days: [bool; 7],
}

/// A scheduled time that runs; two of one profile differ by their beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// The profile that is to be in force.
    pub profile: String,
    /// The day on which it has begun; `None` with the Night Light.
    pub begun: Option<Date>,
}

impl Running {
    /// Returns what tells it from others, as a text.
    pub fn key(&self) -> String {
        let begun = self.begun.map_or_else(|| "night-light".to_owned(), |date| date.to_string());
        format!("{begun} {}", self.profile)
    }
}

impl Schedules {
    /// Returns every profile that is scheduled, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Schedule)> {
        self.0.iter().map(|(profile, schedule)| (profile.as_str(), *schedule))
    }

    /// Says whether any goes by the clock.
    pub fn has_times(&self) -> bool {
        self.0.values().any(|schedule| matches!(schedule, Schedule::Times(_)))
    }

    /// Says whether any goes with the Night Light.
    pub fn has_night_light(&self) -> bool {
        self.0.values().any(|schedule| *schedule == Schedule::NightLight)
    }

    /// Schedules a profile, in place of what was scheduled for it; returns whether anything changed.
    ///
    /// # Errors
    /// When the name cannot be a profile's, the row is no schedule, or there are too many. Nothing has changed then.
    pub fn set(&mut self, profile: &str, row: &ScheduleRow) -> Result<bool> {
        if profile.is_empty() || profile.len() > MAX_NAME_BYTES {
            let name = quoted(profile);
            return Err(Error::InvalidValue(format!("no profile has the name {name}")));
        }
        let schedule = Schedule::of(row)?;
        if !self.0.contains_key(profile) && self.0.len() >= MAX_SCHEDULES {
            return Err(Error::LimitExceeded(format!(
                "there are {MAX_SCHEDULES} schedules already: unset one before you set another"
            )));
        }
        Ok(self.0.insert(profile.to_owned(), schedule) != Some(schedule))
    }

    /// Forgets when a profile is scheduled.
    ///
    /// # Errors
    /// When it is not.
    pub fn unset(&mut self, profile: &str) -> Result<bool> {
        let nothing =
            || Error::NoSuchSetting(format!("nothing is scheduled for {}", quoted(profile)));
        self.0.remove(profile).map(|_| true).ok_or_else(nothing)
    }

    /// Returns the scheduled time that runs now: of several the one that has begun last, and one with the Night Light where
    /// none goes by the clock.
    pub fn running(&self, now: &Zoned, night_light: bool) -> Option<Running> {
        let mut latest: Option<(Timestamp, Running)> = None;
        for (profile, schedule) in self.iter() {
            let Schedule::Times(times) = schedule else { continue };
            for (date, begin, end) in times.around(now) {
                let runs = begin <= now.timestamp() && now.timestamp() < end;
                if runs && latest.as_ref().is_none_or(|(known, _)| *known < begin) {
                    latest =
                        Some((begin, Running { profile: profile.to_owned(), begun: Some(date) }));
                }
            }
        }
        let with_light = || {
            let mut lit = self.iter().filter(|(_, schedule)| *schedule == Schedule::NightLight);
            let (profile, _) = lit.next().filter(|_| night_light)?;
            Some(Running { profile: profile.to_owned(), begun: None })
        };
        latest.map(|(_, running)| running).or_else(with_light)
    }

    /// Returns when another time runs, or none does, as far as the clock says.
    pub fn next_change(&self, now: &Zoned, night_light: bool) -> Option<Timestamp> {
        let mut edges: Vec<Timestamp> = Vec::new();
        for (_, schedule) in self.iter() {
            let Schedule::Times(times) = schedule else { continue };
            edges.extend(times.around(now).flat_map(|(_, begin, end)| [begin, end]));
        }
        edges.retain(|edge| *edge > now.timestamp());
        edges.sort_unstable();
        let runs_now = self.running(now, night_light);
        let zone = now.time_zone();
        edges
            .into_iter()
            .find(|edge| self.running(&edge.to_zoned(zone.clone()), night_light) != runs_now)
    }
}

impl Schedule {
    /// Reads a row, strictly.
    ///
    /// # Errors
    /// When it says neither or both, or what is no time or day.
    fn of(row: &ScheduleRow) -> Result<Self> {
        let refused = |why: &str| Err(Error::InvalidValue(format!("this is no schedule: {why}")));
        let by_clock = row.from.is_some() || row.to.is_some() || !row.days.is_empty();
        match (row.night_light.unwrap_or(false), &row.from, &row.to) {
            (true, ..) if by_clock => {
                refused("it goes by the clock or with the Night Light, not both")
            }
            (true, ..) => Ok(Self::NightLight),
            (false, Some(from), Some(to)) => {
                let (from, to) = (time_of(from)?, time_of(to)?);
                if from == to {
                    return refused("it ends when it begins");
                }
                Ok(Self::Times(Times { from, to, days: days_of(&row.days)? }))
            }
            _ => refused("it takes from and to, such as 22:00 and 07:00, or night-light true"),
        }
    }

    /// Returns it as `Schedules` shows it, and as the file of choices has it.
    pub fn to_row(self) -> ScheduleRow {
        match self {
            Self::NightLight => ScheduleRow { night_light: Some(true), ..ScheduleRow::default() },
            Self::Times(times) => {
                let every_day = times.days.iter().all(|on| *on);
                let named = Weekday::ALL.iter().zip(times.days).filter(|(_, on)| *on && !every_day);
                ScheduleRow {
                    from: Some(text_of(times.from)),
                    to: Some(text_of(times.to)),
                    days: named.map(|(day, _)| (*day).to_owned()).collect(),
                    night_light: None,
                }
            }
        }
    }
}

impl Times {
    /// Returns when it begins and ends, and the day on which it begins, from yesterday on.
    fn around(self, now: &Zoned) -> impl Iterator<Item = (Date, Timestamp, Timestamp)> {
        let (today, zone) = (now.date(), now.time_zone().clone());
        (-1..=AHEAD_DAYS).filter_map(move |days| {
            let date = today.checked_add(days.days()).ok()?;
            let (begin, end) = self.on(date, &zone)?;
            Some((date, begin, end))
        })
    }

    /// Returns when it begins and ends where it begins on this day; `None` where it does not.
    fn on(self, date: Date, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
        let weekday = usize::try_from(date.weekday().to_monday_zero_offset()).ok()?;
        if !self.days[weekday] {
            return None;
        }
        let last = if self.to > self.from { date } else { date.tomorrow().ok()? };
        let at =
            |date: Date, time: Time| Some(zone.to_zoned(date.to_datetime(time)).ok()?.timestamp());
        Some((at(date, self.from)?, at(last, self.to)?))
    }
}

/// Reads a time of the day, such as `07:00`; midnight at the end of a day is `00:00`, too.
fn time_of(text: &str) -> Result<Time> {
    let refused = || {
        Error::InvalidValue(format!(
            "{} is no time of the day: 00:00 to 23:59 are accepted",
            quoted(text)
        ))
    };
    let digits = |part: &str| {
        let is_number = (1..=2).contains(&part.len()) && part.bytes().all(|it| it.is_ascii_digit());
        is_number.then(|| part.parse::<i8>().ok()).flatten()
    };
    let (hour, minute) = text.split_once(':').ok_or_else(refused)?;
    let minute = Some(minute).filter(|minute| minute.len() == 2).and_then(digits);
    let (hour, minute) = digits(hour).zip(minute).ok_or_else(refused)?;
    Time::new(hour, minute, 0, 0).map_err(|_| refused())
}

fn text_of(time: Time) -> String {
    format!("{:02}:{:02}", time.hour(), time.minute())
}

fn days_of(words: &[String]) -> Result<[bool; 7]> {
    let mut days = [words.is_empty(); 7];
    for word in words {
        let day: Weekday =
            word.parse().map_err(|error| Error::InvalidValue(format!("the day {error}")))?;
        if let Some(at) = Weekday::ALL.iter().position(|known| *known == day.as_str()) {
            days[at] = true;
        }
    }
    Ok(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(from: &str, to: &str, days: &[&str]) -> ScheduleRow {
        ScheduleRow {
            from: Some(from.into()),
            to: Some(to.into()),
            days: days.iter().map(|day| (*day).to_owned()).collect(),
            night_light: None,
        }
    }

    fn night_light() -> ScheduleRow {
        ScheduleRow { night_light: Some(true), ..ScheduleRow::default() }
    }

    fn schedules(all: &[(&str, ScheduleRow)]) -> Schedules {
        let mut schedules = Schedules::default();
        for (profile, row) in all {
            assert!(schedules.set(profile, row).unwrap());
            assert!(!schedules.set(profile, row).unwrap());
        }
        schedules
    }

    fn at(text: &str) -> Zoned {
        text.parse().unwrap()
    }

    fn berlin(text: &str) -> Zoned {
        let time: jiff::civil::DateTime = text.parse().unwrap();
        time.in_tz("Europe/Berlin").unwrap()
    }

    /// Lives through time from change to change; returns each with what runs from then on.
    fn changes(schedules: &Schedules, from: &Zoned, to: &Zoned) -> Vec<(String, Option<String>)> {
        let (mut now, mut found) = (from.clone(), Vec::new());
        while let Some(next) = schedules.next_change(&now, false) {
            now = next.to_zoned(now.time_zone().clone());
            if now >= *to {
                break;
            }
            let running = schedules.running(&now, false).map(|it| it.profile);
            found.push((now.strftime("%m-%d %H:%M %:z").to_string(), running));
        }
        found
    }

    #[test]
    fn time_runs_from_its_beginning_to_before_its_end() {
        let night = schedules(&[("night", times("22:00", "07:00", &[]))]);
        for (now, begun) in [
            ("2026-11-28 21:59:59", None),
            ("2026-11-28 22:00", Some("2026-11-28")),
            ("2026-11-29 00:00", Some("2026-11-28")),
            ("2026-11-29 06:59:59", Some("2026-11-28")),
            ("2026-11-29 07:00", None),
        ] {
            let begun = begun.map(|date| date.parse().unwrap());
            let running = night.running(&berlin(now), false);
            assert_eq!(running.and_then(|it| it.begun), begun, "{now}");
        }
        let day = schedules(&[("speech", times("9:00", "17:30", &[]))]);
        assert!(day.running(&berlin("2026-11-28 17:29"), false).is_some());
        assert!(day.running(&berlin("2026-11-28 08:59"), false).is_none());
    }

    #[test]
    fn days_are_those_on_which_the_time_begins() {
        let weekend = schedules(&[("night", times("23:00", "09:00", &["fri", "sat"]))]);
        let (from, to) = (berlin("2026-11-23 00:00"), berlin("2026-12-03 00:00"));
        let night = || Some("night".to_owned());
        let expected = [
            ("11-27 23:00 +01:00", night()),
            ("11-28 09:00 +01:00", None),
            ("11-28 23:00 +01:00", night()),
            ("11-29 09:00 +01:00", None),
        ];
        let found = changes(&weekend, &from, &to);
        assert_eq!(found, expected.map(|(time, runs)| (time.to_owned(), runs)));
    }

    #[test]
    fn of_two_times_the_one_that_began_last_runs() {
        let both = schedules(&[
            ("night", times("22:00", "07:00", &[])),
            ("speech", times("23:00", "23:30", &[])),
        ]);
        let (from, to) = (berlin("2026-11-28 12:00"), berlin("2026-11-29 12:00"));
        let found = changes(&both, &from, &to);
        let expected = [
            ("11-28 22:00 +01:00", Some("night")),
            ("11-28 23:00 +01:00", Some("speech")),
            ("11-28 23:30 +01:00", Some("night")),
            ("11-29 07:00 +01:00", None),
        ];
        let expected = expected.map(|(time, runs)| (time.to_owned(), runs.map(str::to_owned)));
        assert_eq!(found, expected);
    }

    #[test]
    fn times_hold_by_the_local_clock_when_summer_time_changes() {
        let night = schedules(&[("night", times("02:30", "07:00", &[]))]);
        let of = |from: &str, to: &str| {
            let found = changes(&night, &berlin(from), &berlin(to));
            found.into_iter().map(|(time, _)| time).collect::<Vec<_>>()
        };
        // There is no 02:30 on that day.
        let spring = of("2026-03-29 00:00", "2026-03-29 12:00");
        assert_eq!(spring, ["03-29 03:30 +02:00", "03-29 07:00 +02:00"]);
        // There are two, and it begins once.
        let autumn = of("2026-10-25 00:00", "2026-10-25 12:00");
        assert_eq!(autumn, ["10-25 02:30 +02:00", "10-25 07:00 +01:00"]);
    }

    #[test]
    fn time_that_the_clock_leaves_out_does_not_run_backwards() {
        let short = schedules(&[("night", times("02:30", "03:10", &[]))]);
        let (from, to) = (berlin("2026-03-28 12:00"), berlin("2026-03-30 12:00"));
        let found = changes(&short, &from, &to);
        let expected =
            [("03-30 02:30 +02:00", Some("night".to_owned())), ("03-30 03:10 +02:00", None)];
        assert_eq!(found, expected.map(|(time, runs)| (time.to_owned(), runs)));
    }

    #[test]
    fn another_zone_moves_the_time_with_the_local_clock() {
        let night = schedules(&[("night", times("22:00", "07:00", &[]))]);
        let berlin = at("2026-11-28T20:00+01:00[Europe/Berlin]");
        let tokyo = berlin.with_time_zone(TimeZone::get("Asia/Tokyo").unwrap());
        assert_eq!(night.running(&berlin, false), None);
        // It is 4 o'clock there, in the night that began the day before.
        let running = night.running(&tokyo, false).unwrap();
        assert_eq!(running.begun, Some(tokyo.date().yesterday().unwrap()));
        let ends = night.next_change(&tokyo, false).unwrap();
        assert_eq!(ends, at("2026-11-29T07:00+09:00[Asia/Tokyo]").timestamp());
    }

    #[test]
    fn sleep_over_several_changes_ends_where_the_clock_is() {
        let night = schedules(&[("night", times("22:00", "07:00", &[]))]);
        let before = night.running(&berlin("2026-11-27 23:00"), false).unwrap();
        let after = night.running(&berlin("2026-11-28 23:00"), false).unwrap();
        assert_ne!(before, after, "it is another night");
        assert_ne!(before.key(), after.key());
    }

    #[test]
    fn night_light_runs_where_no_time_does() {
        let both = schedules(&[("night", night_light()), ("speech", times("20:00", "21:00", &[]))]);
        let runs = |now: &str, light| both.running(&berlin(now), light).map(|it| it.profile);
        assert_eq!(runs("2026-11-28 19:00", false), None);
        assert_eq!(runs("2026-11-28 19:00", true).as_deref(), Some("night"));
        assert_eq!(runs("2026-11-28 20:30", true).as_deref(), Some("speech"));
        let light_alone = schedules(&[("night", night_light())]);
        assert_eq!(light_alone.next_change(&berlin("2026-11-28 19:00"), true), None);
        assert!(light_alone.has_night_light() && !light_alone.has_times());
    }

    #[test]
    fn row_is_read_strictly_and_written_as_it_was_meant() {
        for (row, written) in [
            (times("7:00", "9:05", &[]), times("07:00", "09:05", &[])),
            (times("22:00", "00:00", &["sun", "mon"]), times("22:00", "00:00", &["mon", "sun"])),
            (times("22:00", "07:00", Weekday::ALL), times("22:00", "07:00", &[])),
            (night_light(), night_light()),
        ] {
            assert_eq!(Schedule::of(&row).unwrap().to_row(), written);
        }
        let both = ScheduleRow { night_light: Some(true), ..times("22:00", "07:00", &[]) };
        let half = ScheduleRow { to: None, ..times("22:00", "07:00", &[]) };
        let off = ScheduleRow { night_light: Some(false), ..ScheduleRow::default() };
        for (row, why) in [
            (times("22:00", "22:00", &[]), "ends when it begins"),
            (times("24:00", "07:00", &[]), "23:59"),
            (times("22:60", "07:00", &[]), "23:59"),
            (times("22", "07:00", &[]), "23:59"),
            (times("-1:00", "07:00", &[]), "23:59"),
            (times("2:5", "07:00", &[]), "23:59"),
            (times("22:00", "07:00", &["someday"]), "mon, tue"),
            (both, "not both"),
            (half, "from and to"),
            (off, "from and to"),
        ] {
            let error = Schedule::of(&row).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
        let mut schedules = Schedules::default();
        assert!(schedules.set("", &night_light()).is_err());
        assert!(schedules.unset("night").is_err());
        for number in 0..MAX_SCHEDULES {
            schedules.set(&number.to_string(), &night_light()).unwrap();
        }
        assert!(matches!(schedules.set("more", &night_light()), Err(Error::LimitExceeded(_))));
    }
}
