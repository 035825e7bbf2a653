//! Problems in words of the person's own language: a heading, what is wrong, and what to do about it.
//!
//! Runs on the user interface's thread. Pure but for the catalogue. The service tells a code, a subject and an
//! English sentence. A sentence that is not known here, or that tells of a file or of an error, is shown as the
//! service wrote it.

use crate::{
    i18n::{tr, trf, trnf},
    model::{NOT_RESPONDING, Problem},
};

/// A heading for a problem, by its code; none for a code that is not known.
pub(crate) fn title(code: &str) -> Option<String> {
    Some(match code {
        "pipewire-away" => tr("The sound system is away"),
        "no-session-manager" => tr("Nothing connects apps to Headroom"),
        "session-manager-too-old" => tr("WirePlumber is too old"),
        "filter-failed" => tr("The filter could not be started"),
        "safe-mode" => tr("Headroom stepped aside"),
        "starved" => tr("The machine was too busy"),
        "realtime-priority" => tr("No real-time priority"),
        "device-unprotected" => tr("A device is not protected"),
        "chains-full" => tr("Too many apps play at once"),
        "profile-broken" => tr("A profile cannot be read"),
        "profile-missing" => tr("The profile's file is gone"),
        "state-file-damaged" => tr("The file of your choices was damaged"),
        "session-not-saved" => tr("Headroom cannot write to its folder"),
        "sandbox-socket" => tr("The sandbox has lost the sound system"),
        NOT_RESPONDING => tr("Headroom does not hear from the sound system"),
        _ => return None,
    })
}

/// What is wrong.
pub(crate) fn sentence(problem: &Problem) -> String {
    known(problem).unwrap_or_else(|| problem.sentence.clone())
}

fn known(problem: &Problem) -> Option<String> {
    let said = problem.sentence.as_str();
    Some(match problem.code.as_str() {
        NOT_RESPONDING => {
            tr("What plays goes on as it is. New apps, choices and switches have no effect now.")
        }
        "no-session-manager" if said.starts_with("No session manager runs, so nothing links") => {
            tr("No session manager runs, so nothing sends apps through Headroom.")
        }
        "session-manager-too-old" => {
            let version = said.strip_prefix("WirePlumber ")?;
            let (version, _) = version.split_once(" has no smart filters, so nothing is")?;
            trf(
                "WirePlumber {version} cannot send apps through Headroom, so nothing is protected.",
                &[("version", &version)],
            )
        }
        "safe-mode" if said.contains(" It ended unexpectedly three times within a minute.") => {
            tr("Headroom ended unexpectedly three times within a minute, so nothing is protected.")
        }
        "safe-mode" if said.contains(" Three times the computer was too busy for it to keep") => {
            tr(
                "Three times the computer was too busy for Headroom to keep up with the sound, so nothing is protected.",
            )
        }
        "starved" if said.starts_with("The computer was too busy for Headroom to keep up") => tr(
            "Headroom could not keep up with the sound, so nothing is protected. It comes back by itself within a minute.",
        ),
        "realtime-priority"
            if said.starts_with("Headroom processes sound without real-time priority") =>
        {
            tr("Headroom processes sound without real-time priority.")
        }
        "device-unprotected" => return unprotected(said),
        "chains-full" if said.contains(" applications have a chain of their own already") => trf(
            "These are kept below the ceiling, but not evened out: {apps}",
            &[("apps", &problem.subject)],
        ),
        "sandbox-socket" if said.starts_with("A sandbox sees only the PipeWire that was there") => {
            tr("A sandbox sees only the sound system that was there when it was made.")
        }
        _ => return None,
    })
}

/// Why something plays unprotected to a device.
fn unprotected(said: &str) -> Option<String> {
    let said = said.strip_prefix("What ")?;
    let said = said.strip_prefix("was sent to '").or_else(|| said.strip_prefix("plays to '"))?;
    let (device, why) = said.split_once("' is not protected: ")?;
    let device: (&str, &dyn std::fmt::Display) = ("device", &device);
    if why.starts_with("PipeWire has refused the filter") {
        return Some(trf(
            "What plays to “{device}” is not protected: PipeWire has refused Headroom's filter there.",
            &[device],
        ));
    }
    if let Some(count) = why.strip_suffix(" devices have a filter already.") {
        return Some(trnf(
            "What plays to “{device}” is not protected: {n} other device is protected already, which is as many as can be.",
            "What plays to “{device}” is not protected: {n} other devices are protected already, which is as many as can be.",
            count.parse().ok()?,
            &[device],
        ));
    }
    let (app, _) = why.strip_prefix('\'')?.split_once("' is bypassed and plays there as well")?;
    Some(trf(
        "What was sent to “{device}” is not protected: “{app}” is left alone and plays there as well.",
        &[device, ("app", &app)],
    ))
}

/// What a person can do about a problem; none where the code is not known.
pub(crate) fn advice(problem: &Problem) -> Option<String> {
    let said = problem.sentence.as_str();
    Some(match problem.code.as_str() {
        "pipewire-away" => tr("Wait a moment, or log out and in again if it does not come back."),
        "no-session-manager" => tr("Start WirePlumber 0.5 or newer, or log out and in again."),
        "session-manager-too-old" => tr("Install WirePlumber 0.5 or newer, then log in again."),
        "filter-failed" => tr("It is tried again by itself. If it stays, restart the service."),
        "safe-mode" => tr(
            "Turn protection on again at the top. If it fails again, run “headroom doctor” in a terminal.",
        ),
        "starved" => {
            tr("Close what keeps the processor busy, or let the sound system use a longer cycle.")
        }
        "realtime-priority" => tr(
            "Sound works, but may crackle while the machine is busy. Install RealtimeKit (rtkit) or allow your user real-time priority, then log in again.",
        ),
        "device-unprotected" if said.contains("PipeWire has refused the filter") => {
            tr("It is tried again when something else is sent there.")
        }
        "device-unprotected" if said.contains("devices have a filter already") => {
            tr("Send it to the default device, or to one that is protected.")
        }
        "device-unprotected" => tr(
            "Send the app that is left alone to another device, or protect it as well: what goes to one device can only be protected together.",
        ),
        "chains-full" => tr("Close some apps, or use a profile that evens out all apps together."),
        "profile-broken" => {
            tr("Mend the file: the last version that could be read stays in force until then.")
        }
        "profile-missing" => tr("Choose another profile, or bring the file back."),
        "state-file-damaged" => tr("Look through your choices for apps and set what is missing."),
        "session-not-saved" => tr(
            "Make room on the disk, or allow Headroom to write there. It is tried again with the next change.",
        ),
        "sandbox-socket" if said.contains("'flatpak kill ") => {
            let id = headroom_api::names::BUS_NAME;
            trf(
                "When the sound system is back, run “flatpak kill {id}” and then “flatpak run {id}”.",
                &[("id", &id)],
            )
        }
        NOT_RESPONDING => tr("If it stays so, restart Headroom, or log out and in again."),
        "sandbox-socket" => tr("Headroom is started anew every few seconds until it finds one."),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(code: &str, subject: &str, sentence: &str) -> Problem {
        Problem {
            code: code.to_owned(),
            subject: subject.to_owned(),
            sentence: sentence.to_owned(),
        }
    }

    #[test]
    fn what_the_service_says_is_said_in_the_panels_own_words() {
        let busy = "The computer was too busy for Headroom to keep up with the sound, so it has \
                    stepped aside and nothing is protected.";
        for (code, subject, sentence, kept) in [
            ("starved", "Headroom", busy, "could not keep up"),
            (
                "session-manager-too-old",
                "WirePlumber",
                "WirePlumber 0.4.17 has no smart filters, so nothing is protected: install",
                "0.4.17",
            ),
            (
                "device-unprotected",
                "tv",
                "What was sent to 'Den's TV' is not protected: 'Game' is bypassed and plays there as well, and",
                "“Den's TV” is not protected: “Game”",
            ),
            (
                "device-unprotected",
                "tv",
                "What plays to 'TV' is not protected: 16 devices have a filter already.",
                "16 other devices",
            ),
            (
                "chains-full",
                "mpv, vlc",
                "64 applications have a chain of their own already, so these are limited but not \
                 levelled: mpv, vlc. Close some, or",
                "not evened out: mpv, vlc",
            ),
        ] {
            let problem = problem(code, subject, sentence);
            let text = super::sentence(&problem);
            assert!(text != sentence && text.contains(kept), "{text}");
            assert!(title(code).is_some() && advice(&problem).is_some());
        }
    }

    #[test]
    fn what_is_not_known_stands_as_it_is() {
        for code in ["starved", "safe-mode", "device-unprotected", "profile-broken", "new-one"] {
            let problem = problem(code, "", "something else");
            assert_eq!(sentence(&problem), "something else");
        }
        assert_eq!(advice(&problem("new-one", "", "")), None);
    }

    #[test]
    fn advice_fits_what_stands_in_the_way() {
        let of = |sentence| advice(&problem("device-unprotected", "tv", sentence)).unwrap();
        let refused =
            of("What plays to 'TV' is not protected: PipeWire has refused the filter there.");
        let full = of("What plays to 'TV' is not protected: 16 devices have a filter already.");
        assert!(refused != full && refused.contains("tried again"), "{refused}");
    }
}
