//! Judges PipeWire's `default` metadata: the default sink, and what a dead service left there.

use super::service::is_ours;
use crate::{check::Check, facts::files::Left};

/// One entry that `pw-metadata` lists.
#[derive(Debug, PartialEq, Eq)]
struct Entry<'a> {
    subject: &'a str,
    key: &'a str,
    value: &'a str,
}

/// Returns the entries in the listing of `pw-metadata`.
fn entries(listing: &str) -> impl Iterator<Item = Entry<'_>> {
    listing.lines().filter_map(|line| {
        let (_, rest) = line.split_once("id:")?;
        let (subject, rest) = rest.split_once(" key:'")?;
        let (key, rest) = rest.split_once("' value:'")?;
        let (value, _) = rest.rsplit_once("' type:")?;
        Some(Entry { subject, key, value })
    })
}

/// Returns the node's name in a value such as `{"name":"x"}`, or the value itself.
fn node_name(value: &str) -> String {
    serde_json::from_str::<serde_json::Value>(value)
        .ok()
        .and_then(|json| json.get("name")?.as_str().map(str::to_owned))
        .unwrap_or_else(|| value.to_owned())
}

/// Judges the default sink by the listing of `pw-metadata`.
pub(crate) fn default_sink(listing: &str) -> Check {
    let sinks: Vec<(&str, String)> = entries(listing)
        .filter(|entry| matches!(entry.key, "default.audio.sink" | "default.configured.audio.sink"))
        .map(|entry| (entry.key, node_name(entry.value)))
        .collect();
    if let Some((key, name)) = sinks.iter().find(|(_, name)| is_ours(name)) {
        return Check::bad(
            "default-sink",
            format!("{key} is '{name}', a node of Headroom's own."),
            "Volume keys would move the wrong volume, and sound stops when Headroom does.",
            "Pick a real device in your sound settings.",
        );
    }
    match sinks.iter().find(|(key, _)| *key == "default.audio.sink") {
        Some((_, name)) => Check::ok(
            "default-sink",
            format!("The default sink is '{name}'."),
            "It is a real device: Headroom did not take its place.",
        ),
        None => Check::note(
            "default-sink",
            "The session has no default sink.",
            "Nothing can play.",
            "Plug a device in or switch one on; `wpctl status` lists what there is.",
        ),
    }
}

/// Judges what points at nodes of ours while the service is away, and what its journal says of it.
pub(crate) fn leftovers(listing: &str, journal: Left) -> Check {
    let left: Vec<String> = entries(listing)
        .filter(|entry| entry.key.starts_with("target.") && is_ours(&node_name(entry.value)))
        .map(|entry| format!("node {}: {} = {}", entry.subject, entry.key, node_name(entry.value)))
        .collect();
    if !left.is_empty() {
        return Check::note(
            "leftovers",
            format!("Headroom is not running, but left: {}.", left.join("; ")),
            "These streams play to the default device instead; nothing is lost.",
            "Start Headroom once (`headroom status`), or take them away: pw-metadata -n default -d NODE target.object",
        );
    }
    if journal != Left::default() {
        return Check::note(
            "leftovers",
            format!(
                "Headroom ended without tidying up: {} routes and {} lowered levels of streams.",
                journal.targets, journal.levelled
            ),
            "Streams that still play may be where, or as loud as, it left them.",
            "Start Headroom once, it takes them back: headroom status",
        );
    }
    Check::ok(
        "leftovers",
        "No stream points at a node of Headroom's.",
        "Nothing of it is left behind.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Severity;

    const LISTING: &str = "Found \"default\" metadata 40\n\
        update: id:0 key:'default.configured.audio.sink' value:'{\"name\":\"alsa_output.pci\"}' type:'Spa:String:JSON'\n\
        update: id:0 key:'default.audio.sink' value:'{\"name\":\"alsa_output.pci\"}' type:'Spa:String:JSON'\n\
        update: id:87 key:'target.object' value:'it's odd' type:'Spa:String'\n";

    #[test]
    fn the_listing_is_read_entry_by_entry() {
        let all: Vec<_> = entries(LISTING).collect();
        assert_eq!(all.len(), 3);
        assert_eq!(all[2], Entry { subject: "87", key: "target.object", value: "it's odd" });
    }

    #[test]
    fn a_default_sink_of_ours_is_bad() {
        assert_eq!(default_sink(LISTING).severity, Severity::Ok);
        assert_eq!(
            default_sink(&LISTING.replace("alsa_output.pci", "headroom")).severity,
            Severity::Bad
        );
        assert_eq!(default_sink("").severity, Severity::Note);
    }

    #[test]
    fn a_target_of_ours_is_a_leftover_and_one_of_the_users_is_not() {
        assert_eq!(leftovers(LISTING, Left::default()).severity, Severity::Ok);
        let left = leftovers(&LISTING.replace("it's odd", "headroom.app.7"), Left::default());
        assert_eq!(left.severity, Severity::Note);
        assert!(left.found.contains("node 87"), "{left:?}");
    }

    #[test]
    fn what_the_journal_still_holds_is_left_behind() {
        let left = leftovers(LISTING, Left { targets: 1, levelled: 2 });
        assert_eq!(left.severity, Severity::Note);
        assert!(left.found.contains("1 routes and 2 lowered levels"), "{left:?}");
    }
}
