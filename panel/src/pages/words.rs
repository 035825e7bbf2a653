//! What the service says in codes and short English phrases, in words of the person's own language.
//!
//! Runs on the user interface's thread. Pure but for the catalogue. What is not known here is shown as the
//! service wrote it, never dropped.

use std::fmt::Display;

use headroom_api::Problem as Code;

use crate::{
    i18n::{quantity, tr, trf},
    model::{App, Deployment, Doing, Done, Failure, Now, Preset, Problem, Scope},
};

/// One line on what a profile is for; `description` is what its file says.
pub(crate) fn profile_description(name: &str, description: &str) -> String {
    match (name, description) {
        (
            "default",
            "Everyday listening: every application at a comfortable loudness, no sudden blasts",
        ) => tr("Every app at a comfortable loudness, no sudden blasts"),
        ("night", "Late listening: whispers stay audible, nothing wakes the house") => {
            tr("Whispers stay audible, nothing wakes the house")
        }
        (
            "speech",
            "Talks and calls: every voice at the same loudness, near or far from its microphone",
        ) => tr("Every voice at the same loudness, near or far from its microphone"),
        (
            "transparent",
            "Only the safety limit: nothing is changed until a peak would exceed the ceiling",
        ) => tr("Nothing is changed until a peak would exceed the ceiling"),
        ("spike-protection", "Only sudden blasts and bangs are tamed: loudness stays as it is") => {
            tr("Sudden blasts and bangs are tamed, loudness stays as it is")
        }
        ("bypass-all", "Nothing is processed but the applications that you choose") => {
            tr("Everything is left alone, except apps that you protect yourself")
        }
        (_, description) => description.to_owned(),
    }
}

/// The name of an application for a person.
pub(crate) fn app_name(app: &App) -> String {
    if app.name.is_empty() { tr("Unknown app") } else { app.name.clone() }
}

/// What happens to an application now, in one sentence.
pub(crate) fn now(now: &Now) -> String {
    match now.done {
        None => tr("Kept below the ceiling on its own device"),
        Some(_) if !now.is_heard() => tr("Silent now"),
        Some(gain) => done(gain),
    }
}

/// What Headroom does to a sound now: one gain in whole decibels, and what does most of it.
pub(crate) fn done(done: Done) -> String {
    if done.to_string() == Done::default().to_string() {
        return tr("Left as it is");
    }
    let gain = quantity(done.gain_db.abs().max(1.0), 0, "dB");
    let gain: [(&str, &dyn Display); 1] = [("gain", &gain)];
    if done.gain_db > 0.0 {
        return trf("Raised by {gain}", &gain);
    }
    match done.doing {
        Doing::Nothing => trf("Turned down by {gain}", &gain),
        Doing::Leveller => trf("Turned down by {gain} to even out loudness", &gain),
        Doing::Surge => trf("Turned down by {gain}: a blast is held", &gain),
        Doing::Compressor => trf("Turned down by {gain} by the compressor", &gain),
        Doing::Cap => trf("Turned down by {gain}: never louder than you allow", &gain),
        Doing::Limiter => trf("Turned down by {gain}: kept below the ceiling", &gain),
        Doing::Guard => {
            trf("Turned down by {gain} for a moment: the volume of the device is new", &gain)
        }
        Doing::AppVolume => trf("Turned down by {gain} by app volume control", &gain),
    }
}

/// Why the service turned itself off, for the bar that says so.
pub(crate) fn step_back(problem: Option<&Problem>) -> String {
    match problem.and_then(|problem| problem.known.as_ref()) {
        Some(Code::Starved) => tr(
            "The machine leaves Headroom no time to process sound, so it stepped aside for a while. Every app plays straight to your device until it is back.",
        ),
        _ => tr(
            "Headroom failed again and again, so it stepped aside. Every app plays straight to your device until you bring protection back.",
        ),
    }
}

/// When protection comes back by itself, on the person's own clock; `until_usec` counts from 1970.
pub(crate) fn back_at(until_usec: u64) -> String {
    let time = clock(until_usec);
    time.map_or_else(String::new, |time| trf("It comes back at {time}", &[("time", &time)]))
}

/// A time of the day on the person's own clock; `usec` counts from 1970.
pub(crate) fn clock(usec: u64) -> Option<String> {
    let seconds = i64::try_from(usec / 1_000_000).ok()?;
    let local = gtk::glib::DateTime::from_unix_local(seconds).ok()?;
    // Translators: the time of the day as it is written, in the form of strftime.
    local.format(&tr("%H:%M")).ok().map(Into::into)
}

/// What starts Headroom, in a word or two; empty where that is not known.
pub(crate) fn preset(deployment: &Deployment) -> String {
    let Deployment::Known { preset, name, .. } = deployment else { return String::new() };
    let words = match preset {
        Preset::Package => tr("Package"),
        Preset::Flatpak => tr("Flatpak"),
        Preset::Service => tr("Service of systemd"),
        Preset::Watchdog => tr("Service of systemd with a watchdog"),
        Preset::OnDemand => tr("Started on demand"),
        Preset::Autostart => tr("Started with the desktop"),
        Preset::Other(word) => word.clone(),
    };
    if name == "default" {
        words
    } else {
        trf("{preset} ({name})", &[("preset", &words), ("name", name)])
    }
}

/// For whom Headroom was set up; empty where that is not known.
pub(crate) fn scope(deployment: &Deployment) -> String {
    match deployment {
        Deployment::Unknown => String::new(),
        Deployment::Known { scope: Scope::User, .. } => tr("You alone"),
        Deployment::Known { scope: Scope::System, .. } => tr("Everyone on this machine"),
        Deployment::Known { scope: Scope::Other(word), .. } => word.clone(),
    }
}

/// What started the service; one that is not known stands as the service wrote it.
pub(crate) fn supervisor(word: &str) -> String {
    match word {
        "systemd" => tr("systemd"),
        "bus" => tr("The session bus"),
        "none" => tr("By hand"),
        other => other.to_owned(),
    }
}

/// Why a request was refused; `sentence` is what the service or the bus said.
pub(crate) fn failure(why: Failure, sentence: &str) -> String {
    let about = match why {
        // The service's own sentence says it all.
        Failure::Refused if !sentence.is_empty() => return sentence.to_owned(),
        Failure::Refused => return tr("Headroom refused this."),
        Failure::NotRunning => return tr("Headroom is not running: nothing was changed."),
        Failure::NoAnswer => return tr("Headroom did not answer in time."),
        Failure::NotStarted => tr("Headroom could not be started."),
    };
    if sentence.is_empty() { about } else { format!("{about}\n{sentence}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn change_is_said_in_whole_decibels_with_its_reason() {
        let said = |doing, gain_db| done(Done { doing, gain_db });
        assert_eq!(said(Doing::Surge, -11.6), "Turned down by 12\u{a0}dB: a blast is held");
        assert_eq!(said(Doing::Leveller, 4.2), "Raised by 4\u{a0}dB");
        assert_eq!(said(Doing::Leveller, 0.6), "Raised by 1\u{a0}dB");
        assert_eq!(said(Doing::Nothing, -0.2), "Left as it is");
    }

    #[test]
    fn app_that_is_silent_is_neither_raised_nor_left() {
        let done = Some(Done { doing: Doing::Leveller, gain_db: 6.0 });
        assert_eq!(now(&Now { done, ..Now::default() }), "Silent now");
        assert_eq!(now(&Now { done, peak_dbfs: -9.0, ..Now::default() }), "Raised by 6\u{a0}dB");
        let untold = Now { done: None, out_dbfs: None, ..Now::default() };
        assert_eq!(now(&untold), "Kept below the ceiling on its own device");
    }

    #[test]
    fn what_is_not_known_stands_as_it_is() {
        assert_eq!(profile_description("night", "My own night"), "My own night");
    }
}
