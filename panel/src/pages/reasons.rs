//! Why a stream has its route, in words of the person's own language.
//!
//! Runs on the user interface's thread. Pure but for the catalogue. The service tells reasons as short English
//! phrases; one that is not known here is shown as the service wrote it, never dropped.

use crate::i18n::{tr, trf, trnf};

/// What a phrase begins with that names a rule, and what follows the rule.
const RULE: (&str, &str) = ("a rule has it ", ")");

/// A few words for the reason that a stream has its route; with the rule's place in a line of its own.
pub(crate) fn reason(phrase: &str) -> String {
    let text = sentence(phrase);
    rule(phrase).map_or_else(|| text.clone(), |rule| format!("{text}\n{}", place(rule)))
}

fn sentence(phrase: &str) -> String {
    if let Some(why) = phrase.strip_suffix(", but Headroom's filter is not running") {
        let why = sentence(why);
        return trf("{why} But Headroom's filter is not running.", &[("why", &why)]);
    }
    if let Some(why) = phrase.strip_suffix(", but the session manager has not moved it yet") {
        let why = sentence(why);
        return trf("{why} But the session manager has not moved it yet.", &[("why", &why)]);
    }
    if let Some((why, choice)) = phrase.split_once(", but you have chosen ")
        && let Some(choice) = left_alone(choice)
    {
        return format!("{} {choice}", sentence(why));
    }
    if let Some((why, device)) = phrase.rsplit_once(", and it plays to '")
        && let Some(device) = device.strip_suffix('\'')
    {
        let why = sentence(why);
        return trf("{why} It plays to “{device}”.", &[("why", &why), ("device", &device)]);
    }
    match phrase {
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
        _ => with_a_name(phrase).unwrap_or_else(|| phrase.to_owned()),
    }
}

fn with_a_name(phrase: &str) -> Option<String> {
    if let Some(text) = sent_elsewhere(phrase) {
        return Some(text);
    }
    if within(phrase, "the user has '", "' processed").is_some() {
        return Some(tr("You chose to protect this app."));
    }
    if within(phrase, "the user has '", "' bypassed").is_some() {
        return Some(tr("You chose to leave this app alone."));
    }
    let (route, _) = within(phrase, RULE.0, RULE.1)?.split_once(" (")?;
    match route {
        "processed" => Some(tr("The profile protects this kind of app.")),
        "bypassed" => Some(tr("The profile leaves this kind of app alone.")),
        _ => None,
    }
}

/// The rule that a phrase names, as the file and the line where it stands.
fn rule(phrase: &str) -> Option<&str> {
    let (_, rest) = phrase.strip_prefix(RULE.0)?.split_once(" (")?;
    // What may follow begins with a comma; a file's name may have one as well, but hardly with all of this.
    let ends = ["), but ", "), and it plays to '"];
    let end = ends.iter().find_map(|end| rest.find(end)).or_else(|| rest.rfind(RULE.1))?;
    Some(&rest[..end])
}

/// Where a rule stands, for those who want to read it.
fn place(rule: &str) -> String {
    let (file, line) = match rule.rsplit_once(':') {
        Some((file, line)) if line.parse::<u32>().is_ok() => (file, line),
        _ => return trf("Rule: {place}", &[("place", &rule)]),
    };
    match file.strip_prefix("built-in ") {
        Some(file) => trf(
            "Rule: line {line} of {file}, which comes with Headroom",
            &[("line", &line), ("file", &file)],
        ),
        None => trf("Rule: line {line} of {file}", &[("line", &line), ("file", &file)]),
    }
}

/// Why Headroom leaves a stream as it is whose application a device was chosen for, and the way back.
fn left_alone(choice: &str) -> Option<String> {
    let (chosen, rest) = choice.rsplit_once(" for this application")?;
    let command = rest.split('`').nth(1)?;
    let is_away = rest.starts_with(", and that device is away");
    let text = match (within(chosen, "'", "'"), is_away) {
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
    };
    let back = trf("To take that choice back, run: {command}", &[("command", &command)]);
    Some(format!("{text} {back}"))
}

/// Why Headroom leaves a stream alone that was sent to a device.
fn sent_elsewhere(phrase: &str) -> Option<String> {
    let rest = phrase.strip_prefix("it was sent to '")?;
    let (device, why) = rest.rsplit_once("' by the user or by itself")?;
    // The service's word for a device that it knows nothing of.
    let device = if device == "another device" { tr("another device") } else { device.to_owned() };
    let device: (&str, &dyn std::fmt::Display) = ("device", &device);
    let together = ": what goes there can only be processed together";
    let app = within(why, ", where '", together);
    if let Some(app) = app.and_then(|app| app.strip_suffix("' is bypassed")) {
        return Some(trf(
            "It was sent to “{device}” by you or by itself. “{app}” plays there as well and is left alone: only both could be protected together.",
            &[device, ("app", &app)],
        ));
    }
    let count = within(why, ", and ", " devices have a filter already");
    if let Some(count) = count.and_then(|count| count.parse().ok()) {
        return Some(trnf(
            "It was sent to “{device}” by you or by itself. {n} other device is protected already, which is as many as can be.",
            "It was sent to “{device}” by you or by itself. {n} other devices are protected already, which is as many as can be.",
            count,
            &[device],
        ));
    }
    Some(match why {
        "" => trf(
            "It was sent to “{device}” by you or by itself, so Headroom keeps out of its way.",
            &[device],
        ),
        ", and the profile protects the default device only" => trf(
            "It was sent to “{device}” by you or by itself, and the profile protects the default device only.",
            &[device],
        ),
        ", which plays on to other devices, or to none" => trf(
            "It was sent to “{device}” by you or by itself. That is no real device: it hands sound on, or plays it nowhere.",
            &[device],
        ),
        ", where PipeWire has refused the filter" => trf(
            "It was sent to “{device}” by you or by itself, where PipeWire has refused Headroom's filter.",
            &[device],
        ),
        _ => return None,
    })
}

fn within<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    text.strip_prefix(before)?.strip_suffix(after)
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
        assert!(text.contains("“Game” plays there"), "{text}");
        let text = reason(&format!("{sent}, and 16 devices have a filter already"));
        assert!(text.contains("16 other devices"), "{text}");
        for why in [
            ", and the profile protects the default device only",
            ", which plays on to other devices, or to none",
            ", where PipeWire has refused the filter",
        ] {
            let phrase = format!("{sent}{why}");
            assert_ne!(reason(&phrase), phrase);
        }
    }

    #[test]
    fn an_obstacle_follows_the_reason() {
        let text = reason("the user has 'mpv' processed, but Headroom's filter is not running");
        assert_eq!(text, "You chose to protect this app. But Headroom's filter is not running.");
    }

    #[test]
    fn the_place_of_a_rule_has_a_line_of_its_own() {
        assert_eq!(
            reason("a rule has it bypassed (built-in default.toml:76)"),
            "The profile leaves this kind of app alone.\nRule: line 76 of default.toml, which comes with Headroom"
        );
        assert_eq!(
            reason("a rule has it processed (/home/me/my (own), too.toml:7), and it plays to 'TV'"),
            "The profile protects this kind of app. It plays to “TV”.\nRule: line 7 of /home/me/my (own), too.toml"
        );
    }

    #[test]
    fn a_chosen_device_and_the_way_back_are_named() {
        let back = "so it is left alone until it plays anew with that device there; \
                    `pw-metadata -- 60 target.object -1` takes the choice back";
        for (chosen, named) in [
            ("'Den's TV' for this application", "“Den's TV” for this app, so"),
            (
                "'Den's TV' for this application, and that device is away",
                "“Den's TV” for this app, and that device is away",
            ),
            ("another device for this application", "another device for this app"),
        ] {
            let text = reason(&format!(
                "a rule has it processed (a.toml:2), but you have chosen {chosen}, {back}"
            ));
            assert!(text.starts_with("The profile protects this kind of app. You chose"), "{text}");
            assert!(text.contains(named), "{text}");
            assert!(text.contains(": pw-metadata -- 60 target.object -1\nRule: line 2"), "{text}");
        }
    }

    #[test]
    fn what_is_not_known_stands_as_it_is() {
        assert_eq!(reason("it is the third Tuesday"), "it is the third Tuesday");
        let half = "no route sets it apart, but you have chosen badly";
        assert_eq!(reason(half), half);
    }
}
