//! Why a stream has its route, in words of the person's own language.
//!
//! Runs on the user interface's thread. Pure but for the catalogue. Matches the service's codes; where it tells none, or
//! some that this version does not know, its own sentence stands.

use std::fmt::Display;

use headroom_api::{Blocked, By, Held, Lag, visible};

use crate::{
    i18n::{tr, trf, trnf},
    model::{Reason, Route, Stream},
};

/// A few words for the reason that a stream has its route. Where a rule stands is `headroom explain`'s to tell.
pub(crate) fn reason(stream: &Stream) -> String {
    let known = stream.why.as_ref().map(sentence).filter(|text| !text.is_empty());
    known.unwrap_or_else(|| stream.reason.clone())
}

fn sentence(why: &Reason) -> String {
    let decided = why.by.as_ref().zip(why.route).map(|(by, route)| decision(by, route));
    let held = why.held.as_ref().map(held);
    let mut text = decided.into_iter().chain(held).collect::<Vec<_>>().join(" ");
    text = match why.lag {
        None => text,
        Some(Lag::NoFilter) => {
            trf("{why} But Headroom's filter is not running.", &[("why", &text)])
        }
        Some(Lag::NotMoved | Lag::NotInChain) => {
            trf("{why} But the session manager has not moved it yet.", &[("why", &text)])
        }
        Some(Lag::Refused) => trf(
            "{why} But the session manager does not move it, however often it is asked.",
            &[("why", &text)],
        ),
    };
    match &why.device {
        Some(device) => {
            trf("{why} It plays to “{device}”.", &[("why", &text), ("device", &visible(device))])
        }
        None => text,
    }
}

fn decision(by: &By, route: Route) -> String {
    match (by, route) {
        (By::User { .. }, Route::Processed) => tr("You chose to protect this app."),
        (By::User { .. }, Route::Bypass) => tr("You chose to leave this app alone."),
        (By::Rule { .. }, Route::Processed) => tr("The profile protects this kind of app."),
        (By::Rule { .. }, Route::Bypass) => tr("The profile leaves this kind of app alone."),
        (By::Profile, Route::Processed) => tr("Nothing sets this app apart, so it is protected."),
        (By::Profile, Route::Bypass) => {
            tr("The profile protects only apps that it names, and this is not one of them.")
        }
    }
}

fn held(held: &Held) -> String {
    match held {
        Held::Listener => tr("It makes no sound of its own: it only listens to what is played."),
        Held::Encoded => {
            tr("It sends encoded sound straight to the receiver, which cannot be processed.")
        }
        Held::Pinned { device, blocked } => pinned(device.as_deref(), blocked.as_ref()),
        Held::Remembered { device, absent, .. } => remembered(device.as_deref(), *absent),
        Held::Immovable => {
            tr("This app does not let itself be moved, so Headroom leaves it as it is.")
        }
        Held::DeviceTail { device, blocked } => tail(device.as_deref(), blocked.as_ref()),
        Held::OtherEffects { program } => trf(
            "“{program}” changes the sound of this app, so Headroom keeps out of its way.",
            &[("program", &visible(program))],
        ),
        Held::SafeMode => tr("Headroom stepped aside, so nothing is protected now."),
        Held::BypassAll => tr("Protection is off for everything."),
    }
}

/// Why Headroom leaves a stream as it is whose application a device was chosen for.
fn remembered(device: Option<&str>, is_absent: bool) -> String {
    match (device.map(visible), is_absent) {
        (Some(device), false) => trf(
            "You chose “{device}” for this app, so Headroom leaves it as it is until it plays anew while that device is there.",
            &[("device", &device)],
        ),
        (Some(device), true) => trf(
            "You chose “{device}” for this app, and that device is away. Headroom leaves the app as it is until it plays anew while the device is there.",
            &[("device", &device)],
        ),
        (None, _) => tr(
            "You chose another device for this app, so Headroom leaves it as it is until it plays anew while that device is there.",
        ),
    }
}

/// Why Headroom leaves a stream alone that is pinned to a device.
fn pinned(device: Option<&str>, blocked: Option<&Blocked>) -> String {
    let device = device.map_or_else(|| tr("another device"), |device| visible(device).into_owned());
    let device: (&str, &dyn Display) = ("device", &device);
    match blocked {
        None => trf(
            "It was sent to “{device}” by you or by itself, so Headroom keeps out of its way.",
            &[device],
        ),
        Some(Blocked::Bypassed { app }) => trf(
            "It was sent to “{device}” by you or by itself. “{app}” plays there as well and is left alone: only both could be protected together.",
            &[device, ("app", &visible(app))],
        ),
        Some(Blocked::DefaultOnly) => trf(
            "It was sent to “{device}” by you or by itself, and the profile protects the default device only.",
            &[device],
        ),
        Some(Blocked::Virtual) => trf(
            "It was sent to “{device}” by you or by itself. That is no real device: it hands sound on, or plays it nowhere.",
            &[device],
        ),
        Some(Blocked::Rejected) => trf(
            "It was sent to “{device}” by you or by itself, where PipeWire has refused Headroom's filter.",
            &[device],
        ),
        Some(Blocked::TooMany { limit }) => trnf(
            "It was sent to “{device}” by you or by itself. {n} other device is protected already, which is as many as can be.",
            "It was sent to “{device}” by you or by itself. {n} other devices are protected already, which is as many as can be.",
            (*limit).into(),
            &[device],
        ),
    }
}

/// What becomes of the output of another program's device.
fn tail(device: Option<&str>, blocked: Option<&Blocked>) -> String {
    let device = device.map(visible).filter(|_| blocked.is_some());
    match device {
        None => tr(
            "Another program's device, such as an equaliser, plays through this. Headroom limits it and never levels it: it levels the apps instead.",
        ),
        Some(device) => trf(
            "Another program's device, such as an equaliser, plays through this to “{device}”, which cannot be protected now.",
            &[("device", &device)],
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(why: Reason) -> String {
        reason(&Stream { why: Some(why), ..Stream::default() })
    }

    fn decided(by: By, route: Route) -> Reason {
        Reason { by: Some(by), route: Some(route), ..Reason::default() }
    }

    fn pinned(blocked: Option<Blocked>) -> Reason {
        Reason::held(Held::Pinned { device: Some("Den <b>TV</b>".to_owned()), blocked })
    }

    #[test]
    fn a_reason_with_a_name_keeps_the_name() {
        let text = words(pinned(None));
        assert!(text.contains("Den <b>TV</b>"), "{text}");
        let device = Some("a\u{202e}b".to_owned());
        let text = words(Reason::held(Held::Pinned { device, blocked: None }));
        assert!(text.contains("a\\u{202e}b"), "{text}");
    }

    #[test]
    fn a_device_is_named_and_so_is_what_stands_in_the_way_there() {
        let device = Some("Den TV".to_owned());
        let text = words(Reason { device, ..decided(By::Profile, Route::Processed) });
        assert!(text.ends_with("It plays to “Den TV”."), "{text}");
        let text = words(pinned(Some(Blocked::Bypassed { app: "Game".to_owned() })));
        assert!(text.contains("“Game” plays there"), "{text}");
        let text = words(pinned(Some(Blocked::TooMany { limit: 16 })));
        assert!(text.contains("16 other devices"), "{text}");
        let plain = words(pinned(None));
        for blocked in [Blocked::DefaultOnly, Blocked::Virtual, Blocked::Rejected] {
            assert_ne!(words(pinned(Some(blocked))), plain);
        }
    }

    #[test]
    fn an_obstacle_follows_the_reason() {
        let by = By::User { app: "mpv".to_owned() };
        let lag = Some(Lag::NoFilter);
        let text = words(Reason { lag, ..decided(by, Route::Processed) });
        assert_eq!(text, "You chose to protect this app. But Headroom's filter is not running.");
    }

    #[test]
    fn rule_is_told_without_its_file_and_line() {
        let by = By::Rule { profile: "default".to_owned(), line: 76, shipped: true };
        let text = words(decided(by, Route::Bypass));
        assert_eq!(text, "The profile leaves this kind of app alone.");
    }

    #[test]
    fn chosen_device_is_named_and_no_command_is() {
        for (device, absent, named) in [
            (Some("Den's TV"), false, "“Den's TV” for this app, so"),
            (Some("Den's TV"), true, "“Den's TV” for this app, and that device is away"),
            (None, false, "another device for this app"),
        ] {
            let device = device.map(str::to_owned);
            let held = Some(Held::Remembered { device, absent, node: 60 });
            let by = By::Rule { profile: "a".to_owned(), line: 2, shipped: false };
            let text = words(Reason { held, ..decided(by, Route::Processed) });
            assert!(text.starts_with("The profile protects this kind of app. You chose"), "{text}");
            assert!(text.contains(named), "{text}");
            assert!(!text.contains("pw-metadata") && !text.contains("line 2"), "{text}");
        }
    }

    #[test]
    fn what_is_not_known_stands_as_the_service_says_it() {
        let told = "it is the third Tuesday".to_owned();
        for why in [None, Some(Reason::default())] {
            let stream = Stream { reason: told.clone(), why, ..Stream::default() };
            assert_eq!(reason(&stream), told);
        }
    }
}
