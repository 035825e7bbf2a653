//! What holds for any text and any settings.
#![allow(
    clippy::unwrap_used,
    clippy::format_push_string,
    reason = "a helper that fails is a test that fails; texts are short"
)]

use std::fs;

use headroom_api::Treatment;
use headroom_profile::{
    AppChoice, Kind, Library, Profile, Settings, Value, decimal, settings, to_toml,
};
use proptest::prelude::*;

fn read(text: &str) -> Library {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("mine.toml"), text).unwrap();
    Library::load(Some(directory.path()))
}

fn value(kind: &Kind) -> BoxedStrategy<Value> {
    let number = |min: f32, max: f32| (min..=max).prop_map(|number| Value::Number(decimal(number)));
    let word = |words: &'static [&'static str]| {
        proptest::sample::select(words).prop_map(|word| Value::Word(word.to_owned()))
    };
    match *kind {
        Kind::Switch => any::<bool>().prop_map(Value::Switch).boxed(),
        Kind::Number(range) => number(range.min, range.max).boxed(),
        Kind::Words(words) => word(words).boxed(),
        Kind::NumberOrWords(range, words) => {
            prop_oneof![number(range.min, range.max), word(words)].boxed()
        }
    }
}

fn any_settings() -> impl Strategy<Value = Settings> {
    let values: Vec<_> = settings().iter().map(|info| value(&info.kind)).collect();
    values.prop_map(|values| {
        let mut result = Settings::default();
        for (info, value) in settings().iter().zip(values) {
            result.set(info.key, &value).unwrap();
        }
        result
    })
}

type AnyRule = (String, String, usize, Option<bool>, Option<f64>);

fn rules() -> impl Strategy<Value = Vec<AnyRule>> {
    let pattern = "\\PC*[a-z*?\"'\\\\]\\PC*";
    let part = proptest::option::of(0.0..=1.0);
    let treatment = 0..Treatment::ALL.len();
    let rule = (pattern, pattern, treatment, any::<Option<bool>>(), part);
    proptest::collection::vec(rule, 0..4)
}

/// Treatment, app volume, and the patterns of each field.
type RuleText<'a> = (Treatment, Option<bool>, AppChoice, Vec<(&'static str, Vec<&'a str>)>);

fn patterns(profile: &Profile) -> Vec<RuleText<'_>> {
    let rules = profile.rules.iter();
    rules.map(|rule| (rule.treatment, rule.app_volume, rule.app, rule.fields().collect())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_text_is_too_much(text in "\\PC{0,200}|[\\[\\]{}=\".,a-z0-9\n#'-]{0,200}") {
        let library = read(&text);
        prop_assert!(library.get("mine").is_some() == library.faults().is_empty());
    }

    #[test]
    fn a_shipped_profile_with_a_piece_cut_out_is_read_or_told(from in 0usize..9000, length in 1usize..300) {
        let text = include_str!("../../../data/profiles/default.toml").as_bytes();
        let from = from.min(text.len());
        let until = (from + length).min(text.len());
        let cut = String::from_utf8_lossy(&[&text[..from], &text[until..]].concat()).replace("name = \"default\"", "");
        let library = read(&cut);
        prop_assert!(library.get("mine").is_some() == library.faults().is_empty());
    }

    #[test]
    fn a_written_profile_parses_back_to_the_same(settings in any_settings(), rules in rules(), bypass: bool, note in "\\PC{0,100}") {
        let mut text = format!("description = {}\n", toml::Value::from(note));
        for (name, role, treatment, level, strength) in rules {
            let (name, role) = (toml::Value::from(name), toml::Value::from(role));
            let treatment = Treatment::ALL[treatment];
            text += &format!("[[rules]]\nmatch.application_name = [{name}, \"x\"]\nmatch.media_role = [{role}]\ntreatment = \"{treatment}\"\n");
            if let Some(level) = level {
                text += &format!("app_volume = {level}\n");
            }
            if let Some(strength) = strength {
                text += &format!("strength = {strength:?}\noffset_db = {:?}\n", strength * 24.0 - 12.0);
            }
        }
        if bypass {
            text += "[unmatched]\ntreatment = \"leave-alone\"\n";
        }
        let library = read(&text);
        let profile = library.get("mine").unwrap();
        let written = to_toml(profile, &settings);
        let again = read(&written);
        prop_assert_eq!(again.faults(), &[]);
        let again = again.get("mine").unwrap();
        prop_assert_eq!(&again.settings, &settings);
        prop_assert_eq!(patterns(again), patterns(profile));
        prop_assert_eq!(again.default_treatment, profile.default_treatment);
        prop_assert_eq!((&again.description, again.chains), (&profile.description, profile.chains));
        prop_assert_eq!(to_toml(again, &again.settings), written);
    }
}

#[test]
fn every_shipped_profile_survives_being_written() {
    for profile in Library::load(None).iter() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(format!("{}.toml", profile.name));
        fs::write(&path, to_toml(profile, &profile.settings)).unwrap();
        let library = Library::load(Some(directory.path()));
        assert_eq!(library.faults(), []);
        let again = library.get(&profile.name).unwrap();
        assert_eq!(again.files.len(), 1);
        assert_eq!(again.settings, profile.settings);
        assert_eq!(patterns(again), patterns(profile));
        assert_eq!(again.default_treatment, profile.default_treatment);
    }
}
