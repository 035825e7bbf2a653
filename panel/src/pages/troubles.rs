//! Problems in words of the person's own language: what is wrong, and what to do about it.
//!
//! Runs on the user interface's thread. Pure but for the catalogue. Matches the service's codes; one that is not known
//! here is shown in the service's own sentence. Files and errors are `headroom doctor`'s to tell.

use std::fmt::Display;

use headroom_api::{Blocked, Problem as Code, names::BUS_NAME, visible};
use headroom_words::profile_name;

use crate::{
    i18n::{tr, trf, trnf},
    model::Problem,
};

/// What is wrong.
pub(crate) fn sentence(problem: &Problem) -> String {
    problem.known.as_ref().and_then(known).unwrap_or_else(|| problem.text.clone())
}

fn known(code: &Code) -> Option<String> {
    Some(match code {
        Code::NotResponding => {
            tr("What plays goes on as it is. New apps, choices and switches have no effect now.")
        }
        Code::NoSessionManager => {
            tr("No session manager runs, so nothing sends apps through Headroom.")
        }
        Code::SessionManagerTooOld { version } => trf(
            "WirePlumber {version} cannot send apps through Headroom, so nothing is protected.",
            &[("version", &visible(version))],
        ),
        Code::SafeMode { cause } => headroom_words::safe_mode(*cause),
        Code::Starved => tr(
            "Headroom could not keep up with the sound, so nothing is protected. It comes back by itself within a minute.",
        ),
        Code::KeptQuiet { apps, .. } => trf(
            "These are not protected now, and play 20 dB softer until they are: {apps}",
            &[("apps", &listed(apps))],
        ),
        Code::RealtimePriority => tr("Headroom processes sound without real-time priority."),
        Code::DeviceUnprotected { device, blocked, .. } => return unprotected(device, blocked),
        Code::DeviceAmplified { device, held, .. } => {
            let device: (&str, &dyn Display) = ("device", &visible(device));
            if *held {
                trf(
                    "“{device}” is turned up beyond its full level and amplifies what Headroom lets through. The ceiling is lowered by as much, so that it holds all the same.",
                    &[device],
                )
            } else {
                trf(
                    "“{device}” is turned up beyond its full level and amplifies what Headroom lets through, so the ceiling does not hold there.",
                    &[device],
                )
            }
        }
        Code::SumClips { device, .. } => trf(
            "What is left alone and what is protected add up to more than “{device}” can play.",
            &[("device", &visible(device))],
        ),
        Code::OtherEffects { program, apps, .. } => trf(
            "“{program}” sends these through its own effects and straight to the device, so they are not protected: {apps}",
            &[("program", &visible(program)), ("apps", &listed(apps))],
        ),
        Code::StalePins { program, apps, .. } => trf(
            "“{program}” is gone, and its device is still chosen for these. They are kept below the ceiling, but not evened out: {apps}",
            &[("program", &visible(program)), ("apps", &listed(apps))],
        ),
        Code::ChainsFull { apps, .. } => {
            let apps = listed(apps);
            trf("These are kept below the ceiling, but not evened out: {apps}", &[("apps", &apps)])
        }
        Code::SandboxSocket { .. } => {
            tr("A sandbox sees only the sound system that was there when it was made.")
        }
        Code::PipewireAway { .. } => tr(
            "PipeWire does not answer. Headroom waits for it, and carries on by itself when it is back.",
        ),
        Code::FilterFailed { .. } => {
            tr("PipeWire did not let Headroom in, so nothing is protected.")
        }
        Code::ProfileBroken { file, .. } => trf(
            "There is a mistake in your profile “{profile}”. The last version without one stays in force.",
            &[("profile", &profile_of(file))],
        ),
        Code::ProfileMissing { profile, in_force } if profile == in_force => trf(
            "Your profile “{profile}” is gone. What it said last stays in force.",
            &[("profile", &visible(profile))],
        ),
        Code::ProfileMissing { profile, in_force } => trf(
            "Your profile “{profile}” is gone. “{other}” is in force instead.",
            &[("profile", &visible(profile)), ("other", &profile_name(in_force))],
        ),
        Code::StateFileDamaged { .. } => {
            tr("What you chose earlier could not be read, so Headroom began anew.")
        }
        Code::SessionNotSaved { .. } => {
            tr("What you choose now is in force, but lost when Headroom ends.")
        }
    })
}

fn listed(apps: &[String]) -> String {
    apps.iter().map(|app| visible(app)).collect::<Vec<_>>().join(", ")
}

/// The profile that a file holds, by its name.
fn profile_of(file: &str) -> String {
    let stem = std::path::Path::new(file).file_stem();
    visible(&stem.unwrap_or_default().to_string_lossy()).into_owned()
}

/// Why something plays unprotected to a device.
fn unprotected(device: &str, blocked: &Blocked) -> Option<String> {
    let device: (&str, &dyn Display) = ("device", &visible(device));
    Some(match blocked {
        Blocked::Rejected => trf(
            "What plays to “{device}” is not protected: PipeWire has refused Headroom's filter there.",
            &[device],
        ),
        Blocked::TooMany { limit } => trnf(
            "What plays to “{device}” is not protected: {n} other device is protected already, which is as many as can be.",
            "What plays to “{device}” is not protected: {n} other devices are protected already, which is as many as can be.",
            (*limit).into(),
            &[device],
        ),
        Blocked::Bypassed { app } => trf(
            "What was sent to “{device}” is not protected: “{app}” is left alone and plays there as well.",
            &[device, ("app", &visible(app))],
        ),
        Blocked::DefaultOnly | Blocked::Virtual => return None,
    })
}

/// What a person can do about a problem; none where it is not known.
pub(crate) fn advice(problem: &Problem) -> Option<String> {
    Some(match problem.known.as_ref()? {
        Code::PipewireAway { .. } => {
            tr("Wait a moment, or log out and in again if it does not come back.")
        }
        Code::NoSessionManager => tr("Start WirePlumber 0.5 or newer, or log out and in again."),
        Code::SessionManagerTooOld { .. } => {
            tr("Install WirePlumber 0.5 or newer, then log in again.")
        }
        Code::FilterFailed { .. } => {
            tr("It is tried again by itself. If it stays, restart the service.")
        }
        Code::SafeMode { .. } => tr(
            "Turn protection on again at the top. If it fails again, run “headroom doctor” in a terminal.",
        ),
        Code::Starved => {
            tr("Close what keeps the processor busy, or let the sound system use a longer cycle.")
        }
        Code::KeptQuiet { .. } => {
            tr("Turn protection on again at the top, or let them play on in the settings.")
        }
        Code::RealtimePriority => tr(
            "Sound works, but may crackle while the machine is busy. Install RealtimeKit (rtkit) or allow your user real-time priority, then log in again.",
        ),
        Code::DeviceUnprotected { blocked: Blocked::Rejected, .. } => {
            tr("It is tried again when something else is sent there.")
        }
        Code::DeviceUnprotected { blocked: Blocked::Bypassed { .. }, .. } => tr(
            "Send the app that is left alone to another device, or protect it as well: what goes to one device can only be protected together.",
        ),
        Code::DeviceUnprotected { .. } => {
            tr("Send it to the default device, or to one that is protected.")
        }
        Code::DeviceAmplified { .. } => {
            tr("Turn the device's volume down to its full level or below.")
        }
        Code::SumClips { .. } => tr(
            "Turn one of them down, or limit what is left alone, too: see the settings of the limiter.",
        ),
        Code::OtherEffects { .. } => tr(
            "Leave these apps out in that program, or end it. Headroom's README says how to have both.",
        ),
        Code::StalePins { .. } => tr("Forget that device, or start the program again."),
        Code::ChainsFull { .. } => {
            tr("Close some apps, or use a profile that evens out all apps together.")
        }
        Code::ProfileBroken { .. } => trf(
            "In a terminal, {command} says what is wrong and where.",
            &[("command", &"headroom doctor")],
        ),
        Code::ProfileMissing { .. } => tr("Choose another profile, or bring it back."),
        Code::StateFileDamaged { .. } => {
            tr("Look through your choices for apps and set what is missing.")
        }
        Code::SessionNotSaved { .. } => tr(
            "Make room on the disk, or allow Headroom to write there. It is tried again with the next change.",
        ),
        Code::SandboxSocket { retry_s: None } => trf(
            "When the sound system is back, run “flatpak kill {id}” and then “flatpak run {id}”.",
            &[("id", &BUS_NAME)],
        ),
        Code::SandboxSocket { retry_s: Some(_) } => {
            tr("Headroom is started anew every few seconds until it finds one.")
        }
        Code::NotResponding => tr("If it stays so, restart Headroom, or log out and in again."),
    })
}

#[cfg(test)]
mod tests {
    use headroom_words::problem_title;

    use super::*;

    fn unprotected(blocked: Blocked) -> Code {
        Code::DeviceUnprotected { node: "tv".to_owned(), device: "Den's TV".to_owned(), blocked }
    }

    #[test]
    fn what_the_service_says_is_said_in_the_panels_own_words() {
        let apps = vec!["mpv".to_owned(), "vlc\u{202e}".to_owned()];
        for (code, kept) in [
            (Code::Starved, "could not keep up"),
            (Code::SessionManagerTooOld { version: "0.4.17".to_owned() }, "0.4.17"),
            (
                Code::OtherEffects { program: "Fx".to_owned(), apps: apps.clone(), count: 2 },
                "“Fx” sends these",
            ),
            (
                Code::StalePins { program: "Fx".to_owned(), apps: apps.clone(), count: 2 },
                "“Fx” is gone",
            ),
            (
                unprotected(Blocked::Bypassed { app: "Game".to_owned() }),
                "“Den's TV” is not protected: “Game”",
            ),
            (unprotected(Blocked::TooMany { limit: 16 }), "16 other devices"),
            (
                Code::ChainsFull { apps, count: 2, chain_limit: 64, file_limit: None },
                "not evened out: mpv, vlc\\u{202e}",
            ),
        ] {
            let problem = Problem::from(code);
            let text = sentence(&problem);
            assert!(text != problem.text && text.contains(kept), "{text}");
            assert!(problem_title(&problem).is_some() && advice(&problem).is_some());
        }
    }

    #[test]
    fn what_is_not_known_stands_as_the_service_says_it() {
        let problem = Problem { text: "something else".to_owned(), ..Problem::default() };
        assert_eq!(sentence(&problem), "something else");
        assert_eq!((problem_title(&problem), advice(&problem)), (None, None));
    }

    #[test]
    fn file_and_raw_error_are_not_told() {
        let (file, error) = ("/home/me/evening.toml".to_owned(), "line 3: E12 'loud'".to_owned());
        for code in [
            Code::ProfileBroken { file: file.clone(), error: error.clone() },
            Code::StateFileDamaged { file: file.clone(), error: error.clone() },
            Code::SessionNotSaved { file, error: error.clone() },
            Code::FilterFailed { error },
        ] {
            let text = sentence(&code.into());
            assert!(!text.contains("/home") && !text.contains("E12"), "{text}");
            assert!(!text.contains(".toml") && !text.is_empty(), "{text}");
        }
    }

    #[test]
    fn advice_fits_what_stands_in_the_way() {
        let of = |blocked| advice(&unprotected(blocked).into()).unwrap();
        let (refused, full) = (of(Blocked::Rejected), of(Blocked::TooMany { limit: 16 }));
        assert!(refused != full && refused.contains("tried again"), "{refused}");
    }
}
