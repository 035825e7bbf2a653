//! The manual of the profiles says what the code does.
#![allow(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use std::fmt::Write;

use headroom_api::Chains;
use headroom_api::Treatment;
use headroom_profile::{APP_SETTINGS, Library, MATCH_FIELDS, Settings, Value, settings};

const README: &str = include_str!("../../../data/profiles/README.md");

#[test]
fn the_table_of_settings_is_that_of_the_code() {
    let mut table = "| key | takes | default | |\n|---|---|---|---|\n".to_owned();
    for info in settings() {
        let default = match Settings::default().get(info.key).unwrap() {
            Value::Switch(on) => on.to_string(),
            Value::Number(number) => number.to_string(),
            Value::Word(word) => format!("\"{word}\""),
        };
        let accepted = info.kind.accepted();
        writeln!(table, "| `{}` | {accepted} | {default} | {} |", info.key, info.description)
            .unwrap();
    }
    assert!(README.contains(&table), "data/profiles/README.md should have\n\n{table}");
}

#[test]
fn every_profile_field_and_word_is_in_it() {
    for profile in Library::load(None).iter() {
        assert!(README.contains(&format!("| `{}` |", profile.name)), "{}", profile.name);
    }
    for field in MATCH_FIELDS {
        assert!(README.contains(&format!("| `match.{field}` |")), "{field}");
    }
    for info in APP_SETTINGS {
        let takes = info.kind.accepted();
        let takes = if takes == "true or false" { "`true` or `false`" } else { &takes };
        assert!(README.contains(&format!("| `{}` | {takes}: ", info.key)), "{}", info.key);
    }
    for word in Chains::ALL.iter().chain(Treatment::ALL) {
        assert!(README.contains(&format!("`\"{word}\"`")), "{word}");
    }
}

#[test]
fn its_example_is_a_profile_without_fault() {
    let (_, rest) = README.split_once("```toml\n").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("default.toml"), example).unwrap();
    let library = Library::load(Some(directory.path()));
    assert_eq!(library.faults(), []);
    assert_eq!(library.get("default").unwrap().files.len(), 2);
}
