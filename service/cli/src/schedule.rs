//! `headroom schedule`: which profile is in force when, by itself.

use std::{collections::BTreeMap, process::ExitCode};

use headroom_api::{ControlProxy, ProfileBy, ScheduleRow, Word};
use headroom_client::json::dict_json;
use jiff::{Timestamp, Zoned};
use serde_json::{Value, json};

use crate::{
    args::{JsonArgs, ScheduleAction},
    failure::Failure,
    link::{call, control},
    output::{Cell, GOOD, Printer},
};

/// Lists, sets or forgets schedules.
pub(crate) async fn run(action: ScheduleAction) -> Result<ExitCode, Failure> {
    let control = control().await?;
    let mut printer = Printer::new();
    match action {
        ScheduleAction::List(args) => list(&control, &args, &mut printer).await?,
        ScheduleAction::Set(args) => {
            call(control.set_schedule(&args.profile, args.row().to_dict())).await?;
            let row = schedules(&control).await?.remove(&args.profile).unwrap_or_default();
            printer.line(format!("{}: {}", args.profile, when_text(&row)));
            let now = Now::read(&control).await?;
            if now.is_scheduled(&args.profile) {
                printer.line(format!("It is in force now{}.", now.until_text(", until ")));
            }
        }
        ScheduleAction::Unset { profile } => {
            call(control.unset_schedule(&profile)).await?;
            let now = Now::read(&control).await?;
            printer.line(format!("{profile}: not scheduled any more; in force is {}", now.profile));
        }
    }
    printer.finish()?;
    Ok(ExitCode::SUCCESS)
}

async fn list(
    control: &ControlProxy<'_>,
    args: &JsonArgs,
    printer: &mut Printer,
) -> Result<(), Failure> {
    let (schedules, now) = (schedules(control).await?, Now::read(control).await?);
    if args.json {
        let rows = schedules.iter().map(|(name, row)| (name.clone(), dict_json(&row.to_dict())));
        printer.json(&json!({
            "active": now.profile,
            "by": now.by.as_str(),
            "until-usec": now.until_usec,
            "schedules": rows.collect::<Value>(),
        }));
    } else if schedules.is_empty() {
        printer.line("Nothing is scheduled: `headroom schedule set night 22:00-07:00` does that.");
    } else {
        let row = |(name, row): (&String, &ScheduleRow)| {
            let mark = if now.is_scheduled(name) { "*" } else { "" };
            vec![Cell::new(mark).styled(GOOD), Cell::new(name), Cell::sentence(when_text(row))]
        };
        printer.table(&["", "PROFILE", "WHEN"], &schedules.iter().map(row).collect::<Vec<_>>());
        printer.line(format!("In force: {}{}", now.profile, by_text(&now.by, now.until_usec)));
    }
    Ok(())
}

/// Which profile is in force, and why.
struct Now {
    profile: String,
    by: Word<ProfileBy>,
    until_usec: u64,
}

impl Now {
    async fn read(control: &ControlProxy<'_>) -> Result<Self, Failure> {
        Ok(Self {
            profile: call(control.active_profile()).await?,
            by: Word::of(&call(control.profile_by()).await?),
            until_usec: call(control.profile_until()).await?,
        })
    }

    fn is_scheduled(&self, profile: &str) -> bool {
        let by_schedule = [ProfileBy::Schedule, ProfileBy::NightLight].map(Some);
        self.profile == profile && by_schedule.contains(&self.by.known())
    }

    fn until_text(&self, before: &str) -> String {
        clock_text(self.until_usec).map(|time| format!("{before}{time}")).unwrap_or_default()
    }
}

async fn schedules(control: &ControlProxy<'_>) -> Result<BTreeMap<String, ScheduleRow>, Failure> {
    let rows = call(control.schedules()).await?.into_iter();
    Ok(rows.map(|(profile, row)| (profile, ScheduleRow::from_dict(&row))).collect())
}

/// Returns when a profile is scheduled, for a person.
fn when_text(row: &ScheduleRow) -> String {
    match (&row.from, &row.to) {
        (Some(from), Some(to)) => {
            let days =
                if row.days.is_empty() { "every day".to_owned() } else { row.days.join(", ") };
            format!("{from} to {to}, {days}")
        }
        _ if row.night_light == Some(true) => "with the Night Light".to_owned(),
        _ => "in a way that this version does not know".to_owned(),
    }
}

/// Returns who has decided which profile is in force, and until when that stands, to be put behind its name.
pub(crate) fn by_text(by: &Word<ProfileBy>, until_usec: u64) -> String {
    let by = match by {
        Word::Known(ProfileBy::User) => String::new(),
        Word::Known(ProfileBy::Device) => ", which comes with the device".to_owned(),
        Word::Known(ProfileBy::Schedule) => ", by its schedule".to_owned(),
        Word::Known(ProfileBy::NightLight) => ", with the Night Light".to_owned(),
        // A service before this property.
        Word::Unknown(word) if word.is_empty() => String::new(),
        Word::Unknown(word) => format!(", by {}", headroom_api::quotable(word)),
    };
    let until = clock_text(until_usec).map(|time| format!(", until {time}")).unwrap_or_default();
    by + &until
}

/// Returns a time of the bus by the local clock, with its day where that is not within 24 hours; `None` for 0.
fn clock_text(usec: u64) -> Option<String> {
    let moment = i64::try_from(usec).ok().filter(|usec| *usec > 0)?;
    let now = Zoned::now();
    let moment = Timestamp::from_microsecond(moment).ok()?.to_zoned(now.time_zone().clone());
    let is_far = now.duration_until(&moment).as_hours() >= 24;
    Some(moment.strftime(if is_far { "%a %H:%M" } else { "%H:%M" }).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedule_is_told_in_a_persons_words() {
        let row = |days: &[&str]| ScheduleRow {
            from: Some("22:00".into()),
            to: Some("07:00".into()),
            days: days.iter().map(|day| (*day).to_owned()).collect(),
            night_light: None,
        };
        assert_eq!(when_text(&row(&[])), "22:00 to 07:00, every day");
        assert_eq!(when_text(&row(&["sat", "sun"])), "22:00 to 07:00, sat, sun");
        let light = ScheduleRow { night_light: Some(true), ..ScheduleRow::default() };
        assert_eq!(when_text(&light), "with the Night Light");
        assert!(when_text(&ScheduleRow::default()).contains("does not know"));
    }

    #[test]
    fn who_has_decided_is_told_where_it_is_not_the_person() {
        assert_eq!(by_text(&ProfileBy::User.into(), 0), "");
        assert_eq!(by_text(&ProfileBy::NightLight.into(), 0), ", with the Night Light");
        assert_eq!(by_text(&Word::default(), 0), "");
        let soon = Zoned::now().timestamp().as_microsecond() + 60_000_000;
        let text = by_text(&ProfileBy::Schedule.into(), u64::try_from(soon).unwrap());
        assert!(text.starts_with(", by its schedule, until ") && text.len() == 30, "{text}");
        let far = u64::try_from(soon).unwrap() + 3 * 86_400_000_000;
        assert_eq!(clock_text(far).unwrap().len(), 9, "with its day");
    }
}
