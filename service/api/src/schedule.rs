//! When a profile is to be in force, as a row of `Schedules`.

use crate::wire::row;

row! {
    /// An entry of `Schedules`, by profile: times of the day, or the desktop's Night Light.
    pub ScheduleRow {
        /// When it begins, such as `22:00`; local time.
        from: Option<String> = "from",
        /// When it ends, as above; on the next day where that is not later than its beginning.
        to: Option<String> = "to",
        /// The days on which it begins, of [`Weekday`](crate::Weekday); every day without any.
        days: Vec<String> = "days",
        /// Whether it goes with the desktop's Night Light, and not by the clock.
        night_light: Option<bool> = "night-light",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedule_survives_the_wire_with_what_is_said_alone() {
        let times = ScheduleRow {
            from: Some("22:00".into()),
            to: Some("07:00".into()),
            days: vec!["fri".into(), "sat".into()],
            night_light: None,
        };
        let night_light = ScheduleRow { night_light: Some(true), ..ScheduleRow::default() };
        for (row, keys) in [(times, 3), (night_light, 1)] {
            let dict = row.to_dict();
            assert_eq!((ScheduleRow::from_dict(&dict), dict.len()), (row, keys));
        }
    }
}
