//! No word of the panel's is left in English for a person who reads another language.

use std::{path::PathBuf, process::Command, sync::OnceLock};

use headroom_api::{Problem, SafeModeCause};
use headroom_testkit::mock::Service;

use crate::{
    bus::eventually,
    desktop::Desktop,
    fake::{start_mock, worlds},
    panel::{Look, Panel},
    tree::Node,
};

/// What stands around every text of the invented language.
const TRANSLATED: char = '⟦';
/// Units are the same in every language here.
const UNITS: [&str; 14] =
    ["dB", "dBFS", "dBTP", "LUFS", "LU", "ms", "s", "h", "min", "Hz", "kHz", "MB", "dB/s", "µs"];
/// Written by GTK, in its own catalogue, or never written at all.
const NOT_OURS: [&str; 11] = [
    "(None)",
    "Alt",
    "Close",
    "Close the window",
    "Ctrl",
    "No Results Found",
    "Search Results",
    "Shortcuts",
    "Try a different search",
    "headroom-panel",
    "menu",
];

/// What the service says of its troubles.
const SENTENCE: &str = "words of the service";

/// The translations, compiled, and with them the language `xx` that no one speaks.
pub(crate) fn catalogues() -> &'static PathBuf {
    static COMPILED: OnceLock<PathBuf> = OnceLock::new();
    COMPILED.get_or_init(|| {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("locale");
        let compiler = concat!(env!("CARGO_MANIFEST_DIR"), "/../po/compile");
        let compiled = Command::new(compiler).arg("--pseudo").arg(&folder).output().unwrap();
        let errors = String::from_utf8_lossy(&compiled.stderr);
        assert!(compiled.status.success(), "po/compile: {errors}");
        folder
    })
}

/// A German locale, made for the tests: a machine need not have one.
pub(crate) fn german_locales() -> &'static PathBuf {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    MADE.get_or_init(|| {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("panel-locales");
        std::fs::create_dir_all(&folder).unwrap();
        let made = Command::new("localedef")
            .args(["--no-archive", "-i", "de_DE", "-f", "UTF-8"])
            .arg(folder.join("de_DE.UTF-8"))
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "localedef: {errors}");
        folder
    })
}

fn is_unit_or_number(text: &str) -> bool {
    let mut words = text.split(|c: char| !(c.is_alphabetic() || c == '/'));
    words.all(|word| word.chars().all(|c| !c.is_alphabetic()) || UNITS.contains(&word))
}

/// A key of the keyboard, as the window of shortcuts draws it.
fn is_key(text: &str) -> bool {
    text.len() == 1 || text.strip_prefix('F').is_some_and(|number| number.parse::<u8>().is_ok())
}

/// What the panel says in English, of a tree in the invented language; `foreign` is what others say.
fn untranslated(node: &Node, foreign: &[String], found: &mut Vec<String>) {
    for text in [&node.name, &node.description] {
        let is_kind = ["Gtk", "Adw", "Headroom"].iter().any(|prefix| {
            text.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(char::is_uppercase))
        });
        let is_fine = text.contains(TRANSLATED)
            || is_kind
            || is_unit_or_number(text)
            || is_key(text)
            || NOT_OURS.contains(&text.as_str())
            || foreign.iter().any(|foreign| foreign.contains(text.as_str()));
        if !is_fine {
            found.push(format!("{:?} {text:?}", node.role));
        }
    }
    for child in &node.children {
        untranslated(child, foreign, found);
    }
}

/// What applications, devices and the service say for themselves.
fn foreign(fake: &Service) -> Vec<String> {
    let world = fake.world();
    let streams = world.streams.values();
    let mut words: Vec<String> =
        streams.flat_map(|stream| [stream.app.clone(), stream.media.clone()]).collect();
    words.extend(world.problems.iter().map(|problem| problem.subject.clone()));
    words.extend(world.problems.iter().map(|problem| problem.text.clone()));
    words.extend(
        [
            "Built-in Audio Analogue Stereo",
            "1.4.2",
            "0.5.8",
            "headroom install remove",
            "headroom install apply",
            "flatpak uninstall --delete-data com.example.Headroom",
            SENTENCE,
        ]
        .map(str::to_owned),
    );
    words
}

#[test]
fn every_word_is_translated() {
    let desktop = Desktop::silent();
    let mut world = worlds::with_streams(5);
    world.bypass = true;
    world.state = "bypassed";
    let fake = start_mock(&desktop, world);
    let look = Look { language: Some("xx"), ..Look::default() };
    let panel = Panel::looking(&desktop, look);
    panel.wait_says("Voice call");
    panel.open_all("Optíóñs");
    let mut found = Vec::new();
    let foreign = foreign(&fake);
    for page in ["protection", "settings", "diagnostics", "apps"] {
        panel.turn_to(page);
        untranslated(&panel.tree(), &foreign, &mut found);
        panel.picture(&format!("{page}-pseudo-locale"));
    }
    panel.activate("introduction", "[]");
    panel.wait("the introduction", |tree| tree.says("headroom install remove").then_some(()));
    untranslated(&panel.tree(), &foreign, &mut found);
    panel.picture("introduction-pseudo-locale");
    panel.key("Escape");
    panel.key("F1");
    eventually("the window of shortcuts", || panel.tree().children.len() > 1);
    untranslated(&panel.tree(), &foreign, &mut found);
    panel.picture("shortcuts-pseudo-locale");
    drop(panel);

    let crashed = Problem::SafeMode { cause: SafeModeCause::Crashes };
    let mut status = |panel: &Panel<'_>| untranslated(&panel.tree(), &foreign, &mut found);
    fake.change(|world| {
        *world = worlds::in_trouble("safe-mode", crashed);
        world.bypass = true;
    });
    let panel = Panel::looking(&desktop, look);
    panel.wait("a page", |tree| tree.says("⟦").then_some(()));
    status(&panel);
    drop(panel);
    for problem in [
        Problem::PipewireAway { error: Some(SENTENCE.to_owned()) },
        Problem::SessionManagerTooOld { version: "0.4.17".to_owned() },
        Problem::NoSessionManager,
    ] {
        fake.change(|world| {
            *world = worlds::in_trouble("waiting", problem);
        });
        let panel = Panel::looking(&desktop, look);
        panel.wait("a page", |tree| tree.says("⟦").then_some(()));
        status(&panel);
    }
    drop(fake);
    let panel = Panel::looking(&desktop, look);
    panel.wait("a page", |tree| tree.says("⟦").then_some(()));
    status(&panel);
    found.sort();
    found.dedup();
    assert!(found.is_empty(), "not translated:\n{}", found.join("\n"));
}

#[test]
fn german_is_spoken() {
    let desktop = Desktop::silent();
    let _fake = start_mock(&desktop, worlds::idle());
    let panel = Panel::looking(&desktop, Look { language: Some("de"), ..Look::default() });
    panel.turn_to("diagnostics");
    // The rate and the latency of the output, as Germans write them.
    for number in ["48,0", "1,44"] {
        panel.wait_says(number);
    }
    let tree = panel.tree();
    for text in ["Nothing is playing", "Protection", "Strength"] {
        assert!(!tree.says(text), "'{text}' is left in\n{tree}");
    }
}
