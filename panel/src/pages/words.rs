//! What the service says in codes and short English phrases, in words of the person's own language.
//!
//! Runs on the user interface's thread. Pure but for the catalogue. What is not known here is shown as the
//! service wrote it, never dropped.

use crate::{
    i18n::{tr, trf},
    model::{Deployment, Failure, Preset, Problem, Scope},
};

/// A few words for the reason that a stream has its route.
pub(crate) fn reason(sentence: &str) -> String {
    if let Some(why) = sentence.strip_suffix(", but Headroom's filter is not running") {
        let why = reason(why);
        return trf("{why} But Headroom's filter is not running.", &[("why", &why)]);
    }
    if let Some(why) = sentence.strip_suffix(", but the session manager has not moved it yet") {
        let why = reason(why);
        return trf("{why} But the session manager has not moved it yet.", &[("why", &why)]);
    }
    if let Some((why, device)) = sentence.rsplit_once(", and it plays to '")
        && let Some(device) = device.strip_suffix('\'')
    {
        let why = reason(why);
        return trf("{why} It plays to “{device}”.", &[("why", &why), ("device", &device)]);
    }
    match sentence {
        "it only listens to what is played" => {
            tr("It makes no sound of its own: it only listens to what is played.")
        }
        "it sends encoded sound (passthrough), which cannot be processed" => {
            tr("It sends encoded sound straight to the receiver, which cannot be processed.")
        }
        "no route sets it apart" => tr("Nothing sets this app apart, so it is protected."),
        "the profile bypasses what no rule names" => {
            tr("The profile protects only apps that it names, and this is not one of them.")
        }
        "Headroom is in safe mode" => tr("Headroom stepped aside, so nothing is protected now."),
        "everything is bypassed" => tr("Protection is off for everything."),
        _ => with_a_name(sentence).unwrap_or_else(|| sentence.to_owned()),
    }
}

fn with_a_name(sentence: &str) -> Option<String> {
    if let Some(text) = sent_elsewhere(sentence) {
        return Some(text);
    }
    if within(sentence, "the user has '", "' processed").is_some() {
        return Some(tr("You chose to protect this app."));
    }
    if within(sentence, "the user has '", "' bypassed").is_some() {
        return Some(tr("You chose to leave this app alone."));
    }
    if let Some(rule) = within(sentence, "a rule has it processed (", ")") {
        return Some(trf("The profile protects this kind of app ({rule}).", &[("rule", &rule)]));
    }
    if let Some(rule) = within(sentence, "a rule has it bypassed (", ")") {
        return Some(trf(
            "The profile leaves this kind of app alone ({rule}).",
            &[("rule", &rule)],
        ));
    }
    None
}

/// Why Headroom leaves a stream alone that was sent to a device.
fn sent_elsewhere(sentence: &str) -> Option<String> {
    let rest = sentence.strip_prefix("it was sent to '")?;
    let (device, why) = rest.rsplit_once("' by the user or by itself")?;
    let device: (&str, &dyn std::fmt::Display) = ("device", &device);
    let together = ": what goes there can only be processed together";
    let app = within(why, ", where '", together);
    if let Some(app) = app.and_then(|app| app.strip_suffix("' is bypassed")) {
        return Some(trf(
            "It was sent to “{device}” by you or by itself. “{app}” was sent there as well and is left alone: only both could be protected together.",
            &[device, ("app", &app)],
        ));
    }
    match why {
        "" => Some(trf(
            "It was sent to “{device}” by you or by itself, so Headroom keeps out of its way.",
            &[device],
        )),
        ", and the profile protects the default device only" => Some(trf(
            "It was sent to “{device}” by you or by itself, and the profile protects the default device only.",
            &[device],
        )),
        ": sent nowhere, it would play there as well, and processed" => Some(trf(
            "It was sent to “{device}” by you or by itself. Sent nowhere, it would play there as well, and be protected.",
            &[device],
        )),
        _ => None,
    }
}

fn within<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    text.strip_prefix(before)?.strip_suffix(after)
}

/// The name of a profile for a person: that of a shipped one is translated, another stands as it is.
pub(crate) fn profile_name(name: &str) -> String {
    match name {
        "default" => tr("Everyday"),
        "night" => tr("Night"),
        "speech" => tr("Talks and calls"),
        "transparent" => tr("Safety limit only"),
        "spike-protection" => tr("Sudden peaks only"),
        "bypass-all" => tr("Only apps that I choose"),
        other => other.to_owned(),
    }
}

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
        ("spike-protection", "Only sudden peaks are tamed: loudness stays as it is") => {
            tr("Sudden bangs are tamed, loudness stays as it is")
        }
        ("bypass-all", "Nothing is processed but what you route through Headroom yourself") => {
            tr("Everything is left alone, except apps that you protect yourself")
        }
        (_, description) => description.to_owned(),
    }
}

/// A heading for a problem, by its code; none for a code that is not known.
pub(crate) fn problem_title(code: &str) -> Option<String> {
    Some(match code {
        "pipewire-away" => tr("The sound system is away"),
        "no-session-manager" => tr("Nothing connects apps to Headroom"),
        "session-manager-too-old" => tr("WirePlumber is too old"),
        "filter-failed" => tr("The filter could not be started"),
        "safe-mode" => tr("Headroom stepped aside"),
        "starved" => tr("The machine was too busy"),
        "realtime-priority" => tr("No real-time priority"),
        "device-unprotected" => tr("A device is not protected"),
        "profile-broken" => tr("A profile cannot be read"),
        "profile-missing" => tr("The profile's file is gone"),
        _ => return None,
    })
}

/// What a person can do about a problem, by its code; none for a code that is not known.
pub(crate) fn problem_advice(code: &str) -> Option<String> {
    Some(match code {
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
        "device-unprotected" => tr(
            "Send the app that is left alone to another device, or protect it as well: what goes to one device can only be protected together.",
        ),
        "profile-broken" => {
            tr("Mend the file: the last version that could be read stays in force until then.")
        }
        "profile-missing" => tr("Choose another profile, or bring the file back."),
        _ => return None,
    })
}

/// Why the service turned itself off, for the bar that says so.
pub(crate) fn step_back(problem: Option<&Problem>) -> String {
    match problem.map(|problem| problem.code.as_str()) {
        Some("starved") => tr(
            "The machine leaves Headroom no time to process sound, so it stepped aside for a while. Every app plays straight to your device until it is back.",
        ),
        _ => tr(
            "Headroom failed again and again, so it stepped aside. Every app plays straight to your device until you bring protection back.",
        ),
    }
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

/// Why a wish was not granted; `sentence` is what the service or the bus said.
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
    fn a_reason_with_a_name_keeps_the_name() {
        let text = reason("it was sent to 'Den <b>TV</b>' by the user or by itself");
        assert!(text.contains("Den <b>TV</b>"), "{text}");
    }

    #[test]
    fn a_device_is_named_and_so_is_what_stands_in_the_way_there() {
        let text = reason("no route sets it apart, and it plays to 'Den TV'");
        assert!(text.ends_with("It plays to “Den TV”."), "{text}");
        let sent = "it was sent to 'Den TV' by the user or by itself";
        let text = reason(&format!(
            "{sent}, where 'Game' is bypassed: what goes there can only be processed together"
        ));
        assert!(text.contains("“Game” was sent there"), "{text}");
        for why in [
            ", and the profile protects the default device only",
            ": sent nowhere, it would play there as well, and processed",
        ] {
            let sentence = format!("{sent}{why}");
            assert_ne!(reason(&sentence), sentence);
        }
    }

    #[test]
    fn an_obstacle_follows_the_reason() {
        let text = reason("the user has 'mpv' processed, but Headroom's filter is not running");
        assert_eq!(text, "You chose to protect this app. But Headroom's filter is not running.");
    }

    #[test]
    fn what_is_not_known_stands_as_it_is() {
        assert_eq!(reason("it is the third Tuesday"), "it is the third Tuesday");
        assert_eq!(profile_name("mine"), "mine");
        assert_eq!(profile_description("night", "My own night"), "My own night");
    }
}
