//! What the machine's own tools say: programs, metadata, files.
//!
//! A tool that is not installed is no finding. Each one gets the time of a call on the bus, and is
//! ended after it.

use std::{path::Path, process::Stdio};

use headroom_profile::{Fault, Library, Profile};
use tokio::process::Command;

use super::{
    judge::{PIPEWIRE_FLOOR, WIREPLUMBER_FLOOR, is_ours, version},
    report::Check,
};
use crate::{
    link::CALL_TIMEOUT,
    paths::{profile_directory, state_directory},
};

/// Checks what can be seen without the service; versions only when the service could not tell.
pub(crate) async fn checks(is_running: bool) -> Vec<Check> {
    let mut checks = Vec::new();
    if !is_running {
        if let Some(text) = run("pipewire", &["--version"]).await {
            checks.push(version("pipewire", "PipeWire", linked_version(&text), PIPEWIRE_FLOOR));
        }
        if let Some(text) = run("wireplumber", &["--version"]).await {
            checks.push(version(
                "wireplumber",
                "WirePlumber",
                linked_version(&text),
                WIREPLUMBER_FLOOR,
            ));
        }
        if is_installed("pw-cli") {
            checks.push(reachable(run("pw-cli", &["info", "0"]).await.as_deref()));
        }
    }
    if let Some(metadata) = run("pw-metadata", &["-n", "default"]).await {
        checks.push(default_sink(&metadata));
        if !is_running {
            checks.push(leftovers(&metadata));
        }
    }
    if let Some(directory) = profile_directory() {
        checks.extend(own_profiles(&directory, is_running));
    }
    if let Some(directory) = state_directory() {
        checks.push(set_aside(&directory));
    }
    checks
}

/// Runs a tool and returns what it printed, or `None` when it is missing, fails or hangs.
async fn run(program: &str, arguments: &[&str]) -> Option<String> {
    let child = Command::new(program)
        .args(arguments)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(CALL_TIMEOUT, child).await.ok()?.ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn is_installed(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
    })
}

/// Returns the version in a line such as "Linked with libpipewire 1.4.2".
fn linked_version(text: &str) -> Option<&str> {
    text.lines()
        .find(|line| line.starts_with("Linked with"))
        .and_then(|line| line.split(' ').next_back())
}

fn reachable(info: Option<&str>) -> Check {
    if info.is_some() {
        Check::ok(
            "session",
            "PipeWire runs in this session.",
            "Sound works, with or without Headroom.",
        )
    } else {
        Check::bad(
            "session",
            "PipeWire does not run in this session, or does not answer.",
            "There is no sound to process.",
            "Start it: systemctl --user start pipewire wireplumber",
        )
    }
}

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

fn default_sink(listing: &str) -> Check {
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

fn leftovers(listing: &str) -> Check {
    let left: Vec<String> = entries(listing)
        .filter(|entry| entry.key.starts_with("target.") && is_ours(&node_name(entry.value)))
        .map(|entry| format!("node {}: {} = {}", entry.subject, entry.key, node_name(entry.value)))
        .collect();
    if left.is_empty() {
        return Check::ok(
            "leftovers",
            "No stream points at a node of Headroom's.",
            "Nothing of it is left behind.",
        );
    }
    Check::note(
        "leftovers",
        format!("Headroom is not running, but left: {}.", left.join("; ")),
        "These streams play to the default device instead; nothing is lost.",
        "Start Headroom once (`headroom status`), or take them away: pw-metadata -n default -d NODE target.object",
    )
}

/// Looks at the user's own profiles; a running service says itself what is wrong with them.
fn own_profiles(directory: &Path, is_running: bool) -> Vec<Check> {
    let shown = directory.display();
    match std::fs::read_dir(directory) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return vec![Check::ok(
                "profile-files",
                format!("No profiles of your own: {shown} is not there."),
                "The shipped ones can be used; `headroom profile list` names them.",
            )];
        }
        Err(error) => {
            return vec![Check::bad(
                "profile-files",
                format!("{shown} cannot be read: {error}."),
                "Your own profiles cannot be used.",
                "Make it a folder that you can read, or move it away.",
            )];
        }
        Ok(_) => {}
    }
    let library = Library::load(Some(directory));
    if !is_running && !library.faults().is_empty() {
        let check = |fault: &Fault| {
            Check::bad(
                "profile-files",
                fault.sentence.clone(),
                "What you wrote cannot be used as it stands.",
                "Mend the file, then run `headroom doctor` again.",
            )
        };
        return library.faults().iter().map(check).collect();
    }
    let is_own = |profile: &&Profile| {
        profile.files.first().is_some_and(|file| Path::new(file).starts_with(directory))
    };
    let own: Vec<&str> = library.iter().filter(is_own).map(|profile| &*profile.name).collect();
    let found = if own.is_empty() {
        format!("No profiles of your own in {shown}.")
    } else {
        format!("Profiles of your own in {shown}: {}.", own.join(", "))
    };
    vec![Check::ok("profile-files", found, "The folder can be read.")]
}

/// Looks for state files that the service could not read and put aside.
fn set_aside(directory: &Path) -> Check {
    let mut aside: Vec<String> = std::fs::read_dir(directory)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| is_set_aside(name))
        .collect();
    aside.sort();
    if aside.is_empty() {
        return Check::ok(
            "state-files",
            "No state file was set aside.",
            "What you set is remembered.",
        );
    }
    Check::note(
        "state-files",
        format!("Set aside in {}: {}.", directory.display(), aside.join(", ")),
        "The service could not read them and went on with what it could; some routes may be forgotten.",
        "Copy what you miss out of them with `headroom route set`, then delete them.",
    )
}

fn is_set_aside(name: &str) -> bool {
    name.contains(".broken")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::report::Level;

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
        assert_eq!(default_sink(LISTING).level, Level::Ok);
        assert_eq!(default_sink(&LISTING.replace("alsa_output.pci", "headroom")).level, Level::Bad);
        assert_eq!(default_sink("").level, Level::Note);
    }

    #[test]
    fn a_target_of_ours_is_a_leftover_and_one_of_the_users_is_not() {
        assert_eq!(leftovers(LISTING).level, Level::Ok);
        let left = leftovers(&LISTING.replace("it's odd", "headroom.app.7"));
        assert_eq!(left.level, Level::Note);
        assert!(left.found.contains("node 87"), "{left:?}");
    }

    #[test]
    fn versions_are_read_from_the_tools_own_words() {
        let text = "pipewire\nCompiled with libpipewire 1.4.1\nLinked with libpipewire 1.4.2\n";
        assert_eq!(linked_version(text), Some("1.4.2"));
        assert_eq!(linked_version("nonsense"), None);
    }

    #[test]
    fn own_profiles_are_told_by_name_and_faults_by_file_and_line() {
        let folder = tempfile::tempdir().unwrap();
        let missing = own_profiles(&folder.path().join("missing"), false);
        assert_eq!(missing[0].level, Level::Ok);
        std::fs::write(folder.path().join("mine.toml"), "extends = \"night\"\n").unwrap();
        let fine = own_profiles(folder.path(), false);
        assert_eq!(fine[0].level, Level::Ok);
        assert!(fine[0].found.ends_with(": mine."), "{fine:?}");
        std::fs::write(folder.path().join("bad.toml"), "\n[agc]\nloud = 1\n").unwrap();
        let bad = own_profiles(folder.path(), false);
        assert_eq!(bad[0].level, Level::Bad);
        assert!(bad[0].found.contains("bad.toml, line 3"), "{bad:?}");
        assert_eq!(own_profiles(folder.path(), true)[0].level, Level::Ok);
        let file = folder.path().join("mine.toml");
        assert_eq!(own_profiles(&file, true)[0].level, Level::Bad, "a file is no folder");
    }

    #[test]
    fn a_state_directory_that_is_missing_is_fine() {
        assert_eq!(set_aside(Path::new("/nonexistent/headroom")).level, Level::Ok);
    }

    #[test]
    fn a_file_set_aside_is_found() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("routes.toml"), "").unwrap();
        assert_eq!(set_aside(folder.path()).level, Level::Ok);
        std::fs::write(folder.path().join("routes.toml.broken-1"), "").unwrap();
        assert_eq!(set_aside(folder.path()).level, Level::Note);
    }
}
