//! Judges what the service says of itself.

use headroom_api::{
    Health, OutputRow, Problem, ProblemRow,
    names::{API_VERSION, NODE_PREFIX, SERVICE_BINARY},
};
use headroom_client::{Snapshot, output_text, settings::count_text, state_text};

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
pub(crate) fn judge(snapshot: &Snapshot, health: &Health) -> Vec<Check> {
    let mut checks =
        vec![state(&snapshot.state, health), versions(&snapshot.version, snapshot.api_version)];
    let problems: Vec<&ProblemRow> = snapshot.problems.iter().map(|told| &told.row).collect();
    let is_of_profiles =
        |row: &&ProblemRow| row.known.as_ref().is_some_and(Problem::is_of_profiles);
    let (of_profiles, others): (Vec<&ProblemRow>, Vec<_>) =
        problems.iter().copied().partition(is_of_profiles);
    checks.extend(others.into_iter().filter_map(problem));
    checks.extend(starved(health, &problems));
    checks.extend(failures(health));
    checks.extend(responding(health));
    checks.extend(profiles(snapshot, &of_profiles));
    checks.push(settings(&snapshot.active_profile, &snapshot.changed_settings()));
    checks.push(version(
        "pipewire",
        "PipeWire",
        Some(health.pipewire_version.as_str()),
        PIPEWIRE_FLOOR,
    ));
    checks.push(version(
        "wireplumber",
        "WirePlumber",
        Some(health.wireplumber_version.as_str()),
        WIREPLUMBER_FLOOR,
    ));
    checks.push(device(&snapshot.output));
    checks.extend(latency(&snapshot.output));
    checks.extend(rates(&snapshot.output));
    checks.push(cycles(health));
    checks.push(clamps(health));
    checks
}

fn state(state: &str, health: &Health) -> Check {
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
        "sidelined" => Check::bad(
            "service",
            found,
            "Nothing that plays is protected: another program's effects take it past Headroom.",
            "See the problem 'other-effects' below.",
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
fn started(health: &Health) -> String {
    let known = |word: &'_ str| (!matches!(word, "" | "none")).then(|| word.to_owned());
    let uptime = (health.uptime_s > 0.0).then(|| format!(", up for {:.0} s", health.uptime_s));
    let deployment = known(&health.deployment).map(|it| format!(", set up as {it}"));
    let supervisor = known(&health.supervisor).map(|supervisor| match supervisor.as_str() {
        "bus" => ", started by the bus".to_owned(),
        other => format!(", started by {other}"),
    });
    let watched = (health.watchdog == Some(true)).then(|| ", watched".to_owned());
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
fn problem(row: &ProblemRow) -> Option<Check> {
    let ProblemRow { code, subject, text, known, .. } = row;
    let known_as = |name, means: &str, advice: &str| Some(Check::bad(name, text, means, advice));
    match known {
        // Judged with what the system says of it.
        Some(Problem::RealtimePriority) => None,
        Some(Problem::SafeMode { .. }) => known_as(
            "safe-mode",
            "Sound plays without protection, so that Headroom cannot disturb it.",
            "headroom bypass off",
        ),
        Some(Problem::Starved) => known_as(
            "starved",
            "Headroom was too slow for this machine and took itself out; sound plays unprotected.",
            "headroom bypass off",
        ),
        Some(Problem::OtherEffects { .. }) => known_as(
            "other-effects",
            "That program links what comes out of its effects to the device itself, where no limiter can stand.",
            "Exclude these applications in that program, or end it. To have both, give its output a device of its own: \
             README, 'Beside Easy Effects'.",
        ),
        Some(Problem::StalePins { .. }) => Some(Check::note(
            "stale-pins",
            text,
            "WirePlumber remembers that program's device for them, and any target of Headroom's would undo that.",
            "headroom app forget-effects",
        )),
        _ => {
            let subject =
                if subject.is_empty() { String::new() } else { format!(" (about: {subject})") };
            Some(Check::bad(
                "problem",
                format!("{code}: {text}"),
                format!("The service reports this itself{subject}."),
                "Do what the sentence says; the problem goes when its cause is gone.",
            ))
        }
    }
}

/// Tells of cycles that were missed, while they are no problem of their own.
fn starved(health: &Health, problems: &[&ProblemRow]) -> Option<Check> {
    let missed = Some(health.starved_cycles).filter(|count| *count > 0)?;
    if problems.iter().any(|row| row.known == Some(Problem::Starved)) {
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
fn responding(health: &Health) -> Option<Check> {
    (health.responding == Some(false)).then(|| {
        Check::bad(
            "responding",
            "The service's thread that speaks with PipeWire does not answer.",
            "New streams, routes and switches have no effect; what plays goes on as it is.",
            RESTART,
        )
    })
}

fn failures(health: &Health) -> Option<Check> {
    let failures = Some(health.failures).filter(|count| *count > 0)?;
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
        .map(|row| {
            let is_missing = matches!(row.known, Some(Problem::ProfileMissing { .. }));
            let (means, advice) = if is_missing {
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
            Check::bad("profiles", format!("{}: {}", row.code, row.text), means, advice)
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

fn device(output: &OutputRow) -> Check {
    let name = output.name.as_str();
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

fn latency(output: &OutputRow) -> Option<Check> {
    // Zero before anything was played: the graph's rate is not known yet.
    let latency_ms = Some(output.latency_ms).filter(|ms| *ms > 0.0)?;
    let frames = output.latency_frames.map_or(String::new(), |n| format!(" ({n} frames)"));
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

fn rates(output: &OutputRow) -> Option<Check> {
    let graph_hz = Some(output.rate_hz).filter(|rate| *rate > 0)?;
    let device_hz = output.device_rate_hz.filter(|rate| *rate > 0)?;
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

fn cycles(health: &Health) -> Check {
    let Health { cycles, late_cycles: late, worst_cycle_us: worst, .. } = *health;
    let found = format!("{late} of {cycles} cycles were late; the longest took {worst:.0} us.");
    let share = late as f64 / cycles.max(1) as f64;
    if late == 0 {
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
    }
}

fn clamps(health: &Health) -> Check {
    let clamps = health.clamp_activations;
    if clamps == 0 {
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
    }
}

#[cfg(test)]
mod tests {
    use headroom_api::SafeModeCause;

    use super::*;
    use crate::check::Severity;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(parse_version("0.5.8"), Some((0, 5)));
        assert_eq!(parse_version("1.10.2-3"), Some((1, 10)));
        assert_eq!(parse_version("1.4rc1\n"), Some((1, 4)));
        assert_eq!(parse_version("git"), None);
        let severity = |text| version("wireplumber", "WirePlumber", Some(text), (0, 5)).severity;
        assert_eq!(severity("0.5.0"), Severity::Ok);
        assert_eq!(severity("0.10"), Severity::Ok);
        assert_eq!(severity("0.4.17"), Severity::Bad);
        assert_eq!(severity("git"), Severity::Note);
        assert_eq!(severity(""), Severity::Bad);
    }

    #[test]
    fn a_node_is_ours_by_its_whole_prefix() {
        assert!(is_ours("headroom") && is_ours("headroom.output") && is_ours("headroom.app.7"));
        assert!(!is_ours("headroom2") && !is_ours("alsa_output.headroom") && !is_ours(""));
    }

    #[test]
    fn an_output_of_ours_or_none_is_bad() {
        assert_eq!(device(&OutputRow::default()).severity, Severity::Bad);
        let named = |name: &str| OutputRow { name: name.to_owned(), ..OutputRow::default() };
        assert_eq!(device(&named("headroom")).severity, Severity::Bad);
        assert_eq!(device(&named("alsa")).severity, Severity::Ok);
    }

    #[test]
    fn late_cycles_are_judged_by_their_share() {
        let severity = |cycles: u64, late_cycles: u64| {
            super::cycles(&Health { cycles, late_cycles, ..Health::default() }).severity
        };
        assert_eq!(severity(0, 0), Severity::Ok);
        assert_eq!(severity(1_000_000, 3), Severity::Note);
        assert_eq!(severity(1000, 3), Severity::Bad);
        assert_eq!(severity(0, 1), Severity::Bad);
    }

    #[test]
    fn changed_settings_are_told_and_are_nothing_bad() {
        assert_eq!(settings("night", &[]).severity, Severity::Ok);
        let check = settings("night", &["leveller.enabled".to_owned()]);
        assert_eq!(check.severity, Severity::Ok);
        assert!(
            check.found.contains("1 changed setting on top of 'night': leveller.enabled"),
            "{check:?}"
        );
    }

    #[test]
    fn what_the_service_does_not_say_is_not_judged() {
        let (output, health) = (OutputRow::default(), Health::default());
        assert!(latency(&output).is_none() && rates(&output).is_none());
        assert!(failures(&health).is_none() && responding(&health).is_none());
        assert!(starved(&health, &[]).is_none());
        let unknown =
            OutputRow { rate_hz: 48_000, device_rate_hz: Some(0), ..OutputRow::default() };
        assert!(rates(&unknown).is_none());
    }

    #[test]
    fn every_finding_that_is_not_ok_says_what_to_do() {
        let output = OutputRow {
            name: "alsa".to_owned(),
            rate_hz: 48_000,
            device_rate_hz: Some(44_100),
            latency_ms: 21.3,
            ..OutputRow::default()
        };
        let health = Health {
            starved_cycles: 3,
            failures: 1,
            responding: Some(false),
            cycles: 10,
            late_cycles: 5,
            clamp_activations: 1,
            ..Health::default()
        };
        let all = [
            latency(&output).unwrap(),
            rates(&output).unwrap(),
            starved(&health, &[]).unwrap(),
            failures(&health).unwrap(),
            responding(&health).unwrap(),
            versions("0.0.1", 1),
            versions(OWN_VERSION, API_VERSION + 1),
            cycles(&health),
            clamps(&health),
            state("waiting", &health),
            state("bypassed", &health),
            state("safe-mode", &health),
        ];
        for check in all {
            assert!(check.severity != Severity::Ok && !check.advice.is_empty(), "{check:?}");
        }
    }

    #[test]
    fn one_version_on_both_sides_is_well() {
        assert_eq!(versions(OWN_VERSION, API_VERSION).severity, Severity::Ok);
    }

    #[test]
    fn safe_mode_and_starvation_are_told_once_with_the_way_back() {
        let safe = Problem::SafeMode { cause: SafeModeCause::Crashes };
        for known in [safe, Problem::Starved] {
            let code = known.code();
            let check = problem(&known.into()).unwrap();
            assert_eq!((check.name, check.advice.as_str()), (code, "headroom bypass off"));
        }
        let health = Health { starved_cycles: 9, ..Health::default() };
        assert!(starved(&health, &[&Problem::Starved.into()]).is_none());
        let priority = problem(&Problem::RealtimePriority.into());
        assert!(priority.is_none(), "the priority has a check of its own");
        let unknown = ProblemRow { code: "dancing".to_owned(), ..ProblemRow::default() };
        assert_eq!(problem(&unknown).unwrap().name, "problem");
    }

    #[test]
    fn who_started_the_service_is_told_where_it_is_known() {
        let health = Health {
            deployment: "service/user/default".to_owned(),
            supervisor: "systemd".to_owned(),
            watchdog: Some(true),
            ..Health::default()
        };
        assert_eq!(
            started(&health),
            ", set up as service/user/default, started by systemd, watched"
        );
        let none = Health {
            deployment: "none".to_owned(),
            supervisor: "none".to_owned(),
            ..Health::default()
        };
        assert_eq!(started(&none), "");
    }
}
