//! What is scheduled, on the page of protection.

use headroom_api::{ProfileBy, ScheduleRow};

use crate::{
    bus::eventually,
    desktop::Desktop,
    fake::{start_mock, worlds},
    panel::{Look, Panel},
    tree::Role,
};

#[test]
fn night_is_scheduled_by_one_choice_and_says_until_when() {
    let desktop = Desktop::silent();
    let fake = start_mock(&desktop, worlds::with_streams(1));
    // So high that the list is on the screen, where the mouse reaches it.
    let panel = Panel::looking(&desktop, Look { size: Some("500x1900"), ..Look::default() });
    panel.turn_to("protection");
    panel.wait_says("The profile Night can come and go by itself.");
    let choose = |steps: usize| {
        panel.click(&panel.find(Role::COMBO_BOX, "Schedule"));
        panel.key("Home");
        for _ in 0..steps {
            panel.key("Down");
        }
        panel.key("Return");
    };
    let asked = |wanted: &'static str| {
        let fake = &fake;
        move || fake.seen().asked.iter().any(|request| request == wanted)
    };
    choose(1);
    eventually("the times", asked("SetSchedule night 22:00 07:00"));
    panel.wait_says("Night: 22:00 to 07:00");
    choose(2);
    eventually("the Night Light", asked("SetSchedule night night-light"));
    panel.wait_says("Night: With the Night Light");
    fake.change(|world| {
        let row = ScheduleRow {
            from: Some("21:30".into()),
            to: Some("06:00".into()),
            ..ScheduleRow::default()
        };
        world.schedules.insert("night".into(), row);
        world.profile_by = ProfileBy::Schedule;
        // Ten o'clock of some day, in UTC.
        world.profile_until_usec = 1_700_042_400_000_000;
    });
    panel.wait_seen("What you choose meanwhile stands until then.");
    choose(0);
    eventually("no schedule", asked("UnsetSchedule night"));
}

#[test]
fn pictures_of_the_schedule() {
    let desktop = Desktop::silent();
    let fake = start_mock(&desktop, worlds::with_streams(1));
    fake.change(|world| {
        let row = ScheduleRow {
            from: Some("22:00".into()),
            to: Some("07:00".into()),
            ..ScheduleRow::default()
        };
        world.schedules.insert("night".into(), row);
        "night".clone_into(&mut world.active_profile);
        world.profile_by = ProfileBy::Schedule;
        world.profile_until_usec = 1_700_042_400_000_000;
    });
    for (name, look) in [
        ("narrow", Look { size: Some("360x1900"), ..Look::default() }),
        ("german", Look { size: Some("360x1900"), language: Some("de"), ..Look::default() }),
    ] {
        let panel = Panel::looking(&desktop, look);
        panel.turn_to("protection");
        panel.picture(&format!("schedule-{name}"));
    }
}
