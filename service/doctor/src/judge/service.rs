//! Judges what the service says of itself.

use headroom_api::{
    Dict, ProblemRow, dict_bool, dict_f64, dict_str, dict_u32, dict_u64,
    names::{API_VERSION, NODE_PREFIX, SERVICE_BINARY},
};
use headroom_client::{Snapshot, is_of_profiles, output_text, settings::count_text, state_text};

use super::remedy::RESTART;
use crate::check::Check;

/// Added latency that the design promises not to exceed, in ms.
const LATENCY_LIMIT_MS: f64 = 2.0;
/// Share of late cycles from which sound is likely to suffer.
const LATE_SHARE_LIMIT: f64 = 1e-4;
/// Version of this command.
const OWN_VERSION: &str = env!("CARGO_PKG_VERSION");
/// Oldest session manager with smart filters.
pub(crate) const WIREPLUMBER_FLOOR: (u32, u32) = (0, 5);
/// Oldest PipeWire that is supported.
pub(crate) const PIPEWIRE_FLOOR: (u32, u32) = (1, 0);

/// Judges what the service says of itself.
pub(crate) fn judge(snapshot: &Snapshot, health: &Dict) -> Vec<Check> {
    let mut checks =
        vec![state(&snapshot.state, health), versions(&snapshot.version, snapshot.api_version)];
    let (of_profiles, others): (Vec<&ProblemRow>, Vec<_>) =
        snapshot.problems.iter().partition(|problem| is_of_profiles(problem));
    checks.extend(others.into_iter().filter_map(problem));
    checks.extend(starved(health, &snapshot.problems));
    checks.extend(failures(health));
    checks.extend(responding(health));
    checks.extend(profiles(snapshot, &of_profiles));
    checks.push(settings(&snapshot.active_profile, &snapshot.changed_settings));
    checks.push(version(
        "pipewire",
        "PipeWire",
        dict_str(health, "pipewire-version"),
        PIPEWIRE_FLOOR,
    ));
    checks.push(version(
        "wireplumber",
        "WirePlumber",
        dict_str(health, "wireplumber-version"),
        WIREPLUMBER_FLOOR,
    ));
    checks.push(device(&snapshot.output));
    checks.extend(latency(&snapshot.output));
    checks.extend(rates(&snapshot.output));
    checks.extend(cycles(health));
    checks.extend(clamps(health));
    checks
}

fn state(state: &str, health: &Dict) -> Check {
    let found = format!(
        "The service runs{}. State: {}.",
        started(health),
        state_text(state).trim_end_matches('.')
    );
    match state {
        "running" => Check::ok("service", found, "Processed streams never exceed the ceiling."),
        "bypassed" => Check::note(
            "service",
            found,
            "Nothing is protected, because you said so.",
            "`headroom bypass off` brings the protection back.",
        ),
        "waiting" => Check::bad(
            "service",
            found,
            "Nothing is protected until PipeWire, WirePlumber and a device are there.",
            "Start them: systemctl --user start pipewire wireplumber",
        ),
        "safe-mode" => Check::bad(
            "service",
            found,
            "Nothing is protected: the service failed again and again, and took itself out.",
            "`headroom bypass off` brings the protection back; if it fails again, report it: headroom doctor --report",
        ),
        _ => Check::bad(
            "service",
            found,
            "Nothing is protected.",
            format!("Look at what {SERVICE_BINARY} logged, then start it anew: {RESTART}"),
        ),
    }
}

/// Says since when it runs, and by whom.
fn started(health: &Dict) -> String {
    let known = |key| dict_str(health, key).filter(|value| !matches!(*value, "" | "none"));
    let uptime = dict_f64(health, "uptime-s").map(|s| format!(", up for {s:.0} s"));
    let deployment = known("deployment").map(|deployment| format!(", set up as {deployment}"));
    let supervisor = known("supervisor").map(|supervisor| match supervisor {
        "bus" => ", started by the bus".to_owned(),
        other => format!(", started by {other}"),
    });
    let watched = (dict_bool(health, "watchdog") == Some(true)).then(|| ", watched".to_owned());
    [uptime, deployment, supervisor, watched].into_iter().flatten().collect()
}

fn versions(version: &str, api_version: u32) -> Check {
    let found = format!(
        "Service {version} (interface {api_version}), command {OWN_VERSION} (interface {API_VERSION})."
    );
    if version == OWN_VERSION && api_version == API_VERSION {
        return Check::ok("version", found, "They are of one version.");
    }
    Check::note(
        "version",
        found,
        "They are of different versions: one may not know what the other can do.",
        format!("Let the service start anew, as it is installed now: {RESTART}"),
    )
}

/// Returns the check for a problem that the service reports; `None` where another check tells it.
fn problem((code, subject, sentence): &ProblemRow) -> Option<Check> {
    let known = |name, means: &str, advice: &str| Some(Check::bad(name, sentence, means, advice));
    match code.as_str() {
        // Judged with what the system says of it.
        "realtime-priority" => None,
        "safe-mode" => known(
            "safe-mode",
            "Sound plays without protection, so that Headroom cannot disturb it.",
            "headroom bypass off",
        ),
        "starved" => known(
            "starved",
            "Headroom was too slow for this machine and took itself out; sound plays unprotected.",
            "headroom bypass off",
        ),
        _ => {
            let subject =
                if subject.is_empty() { String::new() } else { format!(" (about: {subject})") };
            Some(Check::bad(
                "problem",
                format!("{code}: {sentence}"),
                format!("The service reports this itself{subject}."),
                "Do what the sentence says; the problem goes when its cause is gone.",
            ))
        }
    }
}

/// Tells of cycles that were missed, while they are no problem of their own.
fn starved(health: &Dict, problems: &[ProblemRow]) -> Option<Check> {
    let missed = dict_u64(health, "starved-cycles").filter(|count| *count > 0)?;
    if problems.iter().any(|(code, _, _)| code == "starved") {
        return None;
    }
    Some(Check::note(
        "starved",
        format!("The data thread missed {missed} cycles since the service started."),
        "Each one is a gap in the sound; with many at once Headroom takes itself out.",
        "Use a larger quantum: pw-metadata -n settings 0 clock.min-quantum 1024",
    ))
}

/// Tells of a thread to PipeWire that hangs; one that answers is no finding.
fn responding(health: &Dict) -> Option<Check> {
    (dict_bool(health, "responding") == Some(false)).then(|| {
        Check::bad(
            "responding",
            "The service's thread that speaks with PipeWire does not answer.",
            "New streams, routes and switches have no effect; what plays goes on as it is.",
            RESTART,
        )
    })
}

fn failures(health: &Dict) -> Option<Check> {
    let failures = dict_u32(health, "failures").filter(|count| *count > 0)?;
    Some(Check::note(
        "failures",
        format!("The service ended uncleanly in the last minute: {failures} times."),
        "Sound went on without it; after the third time it stays out of the way (safe-mode).",
        "See why: journalctl --user -u headroom.service -n 50",
    ))
}

fn profiles(snapshot: &Snapshot, problems: &[&ProblemRow]) -> Vec<Check> {
    if problems.is_empty() {
        let count = snapshot.profiles.len();
        return vec![Check::ok(
            "profiles",
            format!("Profiles: {count}, all well-formed; '{}' is active.", snapshot.active_profile),
            "`headroom profile show` prints what it says.",
        )];
    }
    problems
        .iter()
        .map(|(code, _, sentence)| {
            let (means, advice) = if code == "profile-missing" {
                (
                    "Another profile is in force until it is back.",
                    "Bring its file back, or pick one that is there: headroom profile use NAME",
                )
            } else {
                (
                    "What you wrote is not in force; the last good version is, or a shipped one.",
                    "Mend the file; it is read again by itself when it is saved.",
                )
            };
            Check::bad("profiles", format!("{code}: {sentence}"), means, advice)
        })
        .collect()
}

fn settings(profile: &str, changed: &[String]) -> Check {
    if changed.is_empty() {
        return Check::ok(
            "settings",
            format!("Every setting is as the profile '{profile}' has it."),
            "Nothing was changed on top of it.",
        );
    }
    Check::ok(
        "settings",
        format!("{} on top of '{profile}': {}.", count_text(changed.len()), changed.join(", ")),
        "You made them; `headroom reset --all` gives them back to the profile.",
    )
}

/// Judges a version against the oldest one that will do.
pub(crate) fn version(
    name: &'static str,
    product: &str,
    version: Option<&str>,
    floor: (u32, u32),
) -> Check {
    let (major, minor) = floor;
    let Some(version) = version.filter(|version| !version.is_empty()) else {
        return Check::bad(
            name,
            format!("{product} is away, or its version is not known."),
            "Headroom works inside PipeWire, and WirePlumber makes the links.",
            format!("Start it: systemctl --user start {name}"),
        );
    };
    match parse_version(version) {
        Some(parsed) if parsed >= floor => Check::ok(
            name,
            format!("{product} {version}."),
            format!("{major}.{minor} or later will do."),
        ),
        Some(_) => Check::bad(
            name,
            format!("{product} {version}."),
            format!("Headroom needs {major}.{minor} or later."),
            format!("Update {product}, for instance from your distribution's backports."),
        ),
        None => Check::note(
            name,
            format!("{product} says its version is '{version}'."),
            format!("It cannot be compared with {major}.{minor}, the oldest that will do."),
            "If Headroom works, nothing.",
        ),
    }
}

/// Returns major and minor of a dotted version.
pub(crate) fn parse_version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.trim().split('.');
    let major = parts.next()?.parse().ok()?;
    let minor: String = parts.next()?.chars().take_while(char::is_ascii_digit).collect();
    Some((major, minor.parse().ok()?))
}

fn device(output: &Dict) -> Check {
    let name = dict_str(output, "name").unwrap_or_default();
    if name.is_empty() {
        return Check::bad(
            "output",
            "There is no output device.",
            "Nothing can play, with or without Headroom.",
            "Plug one in or switch it on; `wpctl status` lists what there is.",
        );
    }
    if is_ours(name) {
        return Check::bad(
            "output",
            format!("The default output is '{name}', a node of Headroom's own."),
            "Sound would go in a circle.",
            "Pick a real device in your sound settings.",
        );
    }
    Check::ok("output", format!("{}.", output_text(output)), "Sound is played there.")
}

/// Returns whether a node belongs to Headroom.
pub(crate) fn is_ours(node: &str) -> bool {
    node.strip_prefix(NODE_PREFIX)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
}

fn latency(output: &Dict) -> Option<Check> {
    // Zero before anything was played: the graph's rate is not known yet.
    let latency_ms = dict_f64(output, "latency-ms").filter(|ms| *ms > 0.0)?;
    let frames =
        dict_u32(output, "latency-frames").map_or(String::new(), |n| format!(" ({n} frames)"));
    let found = format!("Headroom adds {latency_ms:.2} ms{frames}.");
    Some(if latency_ms <= LATENCY_LIMIT_MS {
        Check::ok("latency", found, "That is the limiter's look-ahead and nothing else.")
    } else {
        Check::note(
            "latency",
            found,
            format!("More than {LATENCY_LIMIT_MS} ms is more than the look-ahead needs."),
            "Report it, with the rate and the quantum of your device.",
        )
    })
}

fn rates(output: &Dict) -> Option<Check> {
    let graph_hz = dict_u32(output, "rate").filter(|rate| *rate > 0)?;
    let device_hz = dict_u32(output, "device-rate").filter(|rate| *rate > 0)?;
    Some(if graph_hz == device_hz {
        Check::ok(
            "rate",
            format!("Graph and device run at {graph_hz} Hz."),
            "Nothing is resampled after the limiter.",
        )
    } else {
        Check::note(
            "rate",
            format!("The graph runs at {graph_hz} Hz, the device at {device_hz} Hz."),
            "PipeWire resamples after the limiter, which can raise true peaks a little above the ceiling.",
            format!(
                "Let the graph run at the device's rate: pw-metadata -n settings 0 clock.force-rate {device_hz}"
            ),
        )
    })
}

fn cycles(health: &Dict) -> Option<Check> {
    let cycles = dict_u64(health, "cycles")?;
    let late = dict_u64(health, "late-cycles")?;
    let worst = dict_f64(health, "worst-cycle-us").unwrap_or_default();
    let found = format!("{late} of {cycles} cycles were late; the longest took {worst:.0} us.");
    let share = late as f64 / cycles.max(1) as f64;
    Some(if late == 0 {
        Check::ok("cycles", found, "The chain is done in time.")
    } else if share <= LATE_SHARE_LIMIT {
        Check::note(
            "cycles",
            found,
            "A few are normal when devices come and go.",
            "Nothing, unless sound drops out.",
        )
    } else {
        Check::bad(
            "cycles",
            found,
            "Sound is likely to drop out.",
            "Use a larger quantum: pw-metadata -n settings 0 clock.min-quantum 1024",
        )
    })
}

fn clamps(health: &Dict) -> Option<Check> {
    let clamps = dict_u64(health, "clamp-activations")?;
    Some(if clamps == 0 {
        Check::ok(
            "limiter",
            "The last clamp was never needed.",
            "The limiter alone holds the ceiling.",
        )
    } else {
        Check::note(
            "limiter",
            format!("The last clamp held {clamps} samples under the ceiling."),
            "Your ears were safe, but the limiter should have done it alone.",
            "Report it, with what was playing.",
        )
    })
}

#[cfg(test)]
mod tests {
    use zbus::Variant;

    use super::*;
    use crate::check::Level;

    fn dict<const N: usize>(entries: [(&str, Variant<'_>); N]) -> Dict {
        entries
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value.try_into_owned().unwrap()))
            .collect()
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(parse_version("0.5.8"), Some((0, 5)));
        assert_eq!(parse_version("1.10.2-3"), Some((1, 10)));
        assert_eq!(parse_version("1.4rc1\n"), Some((1, 4)));
        assert_eq!(parse_version("git"), None);
        let level = |text| version("wireplumber", "WirePlumber", Some(text), (0, 5)).level;
        assert_eq!(level("0.5.0"), Level::Ok);
        assert_eq!(level("0.10"), Level::Ok);
        assert_eq!(level("0.4.17"), Level::Bad);
        assert_eq!(level("git"), Level::Note);
        assert_eq!(level(""), Level::Bad);
    }

    #[test]
    fn a_node_is_ours_by_its_whole_prefix() {
        assert!(is_ours("headroom") && is_ours("headroom.output") && is_ours("headroom.app.7"));
        assert!(!is_ours("headroom2") && !is_ours("alsa_output.headroom") && !is_ours(""));
    }

    #[test]
    fn an_output_of_ours_or_none_is_bad() {
        assert_eq!(device(&Dict::new()).level, Level::Bad);
        assert_eq!(device(&dict([("name", Variant::new("headroom"))])).level, Level::Bad);
        assert_eq!(device(&dict([("name", Variant::new("alsa"))])).level, Level::Ok);
    }

    #[test]
    fn late_cycles_are_judged_by_their_share() {
        let level = |cycles: u64, late: u64| {
            let health =
                dict([("cycles", Variant::new(cycles)), ("late-cycles", Variant::new(late))]);
            super::cycles(&health).unwrap().level
        };
        assert_eq!(level(0, 0), Level::Ok);
        assert_eq!(level(1_000_000, 3), Level::Note);
        assert_eq!(level(1000, 3), Level::Bad);
        assert_eq!(level(0, 1), Level::Bad);
    }

    #[test]
    fn changed_settings_are_told_and_are_nothing_bad() {
        assert_eq!(settings("night", &[]).level, Level::Ok);
        let check = settings("night", &["leveller.enabled".to_owned()]);
        assert_eq!(check.level, Level::Ok);
        assert!(
            check.found.contains("1 changed setting on top of 'night': leveller.enabled"),
            "{check:?}"
        );
    }

    #[test]
    fn what_the_service_does_not_say_is_not_judged() {
        let empty = Dict::new();
        assert!(latency(&empty).is_none() && rates(&empty).is_none() && failures(&empty).is_none());
        assert!(cycles(&empty).is_none() && clamps(&empty).is_none());
        assert!(starved(&empty, &[]).is_none() && responding(&empty).is_none());
        let unknown =
            dict([("rate", Variant::new(48_000_u32)), ("device-rate", Variant::new(0_u32))]);
        assert!(rates(&unknown).is_none());
    }

    #[test]
    fn every_finding_that_is_not_ok_says_what_to_do() {
        let output = dict([
            ("name", Variant::new("alsa")),
            ("rate", Variant::new(48_000_u32)),
            ("device-rate", Variant::new(44_100_u32)),
            ("latency-ms", Variant::new(21.3)),
        ]);
        let health = dict([
            ("starved-cycles", Variant::new(3_u64)),
            ("failures", Variant::new(1_u32)),
            ("responding", Variant::new(false)),
            ("cycles", Variant::new(10_u64)),
            ("late-cycles", Variant::new(5_u64)),
            ("clamp-activations", Variant::new(1_u64)),
        ]);
        let all = [
            latency(&output).unwrap(),
            rates(&output).unwrap(),
            starved(&health, &[]).unwrap(),
            failures(&health).unwrap(),
            responding(&health).unwrap(),
            versions("0.0.1", 1),
            versions(OWN_VERSION, API_VERSION + 1),
            cycles(&health).unwrap(),
            clamps(&health).unwrap(),
            state("waiting", &health),
            state("bypassed", &health),
            state("safe-mode", &health),
        ];
        for check in all {
            assert!(check.level != Level::Ok && !check.advice.is_empty(), "{check:?}");
        }
    }
    fn row(code: &str) -> ProblemRow {
        (code.to_owned(), String::new(), "It is so.".to_owned())
    }

    #[test]
    fn one_version_on_both_sides_is_well() {
        assert_eq!(versions(OWN_VERSION, API_VERSION).level, Level::Ok);
    }

    #[test]
    fn safe_mode_and_starvation_are_told_once_with_the_way_back() {
        for code in ["safe-mode", "starved"] {
            let check = problem(&row(code)).unwrap();
            assert_eq!((check.name, check.advice.as_str()), (code, "headroom bypass off"));
        }
        let health = dict([("starved-cycles", Variant::new(9_u64))]);
        assert!(starved(&health, &[row("starved")]).is_none());
        assert!(
            problem(&row("realtime-priority")).is_none(),
            "the priority has a check of its own"
        );
        assert_eq!(problem(&row("dancing")).unwrap().name, "problem");
    }

    #[test]
    fn who_started_the_service_is_told_where_it_is_known() {
        let health = dict([
            ("deployment", Variant::new("service/user/default")),
            ("supervisor", Variant::new("systemd")),
            ("watchdog", Variant::new(true)),
        ]);
        assert_eq!(
            started(&health),
            ", set up as service/user/default, started by systemd, watched"
        );
        let none =
            dict([("deployment", Variant::new("none")), ("supervisor", Variant::new("none"))]);
        assert_eq!(started(&none), "");
    }
}
