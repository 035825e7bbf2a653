use proptest::{option, prelude::*};

use super::*;
use crate::{Dict, wire::put};

fn by() -> impl Strategy<Value = By> {
    prop_oneof![
        any::<String>().prop_map(|app| By::User { app }),
        (any::<String>(), any::<u32>(), any::<bool>())
            .prop_map(|(profile, line, shipped)| By::Rule { profile, line, shipped }),
        Just(By::Profile),
    ]
}

pub(crate) fn blocked() -> impl Strategy<Value = Blocked> {
    prop_oneof![
        any::<String>().prop_map(|app| Blocked::Bypassed { app }),
        Just(Blocked::DefaultOnly),
        Just(Blocked::Virtual),
        Just(Blocked::Rejected),
        any::<u32>().prop_map(|limit| Blocked::TooMany { limit }),
    ]
}

fn held() -> impl Strategy<Value = Held> {
    prop_oneof![
        Just(Held::Listener),
        Just(Held::Encoded),
        (option::of(any::<String>()), option::of(blocked()))
            .prop_map(|(device, blocked)| Held::Pinned { device, blocked }),
        (option::of(any::<String>()), any::<bool>(), any::<u32>())
            .prop_map(|(device, absent, node)| Held::Remembered { device, absent, node }),
        Just(Held::Immovable),
        (option::of(any::<String>()), option::of(blocked()))
            .prop_map(|(device, blocked)| Held::DeviceTail { device, blocked }),
        any::<String>().prop_map(|program| Held::OtherEffects { program }),
        Just(Held::SafeMode),
        Just(Held::BypassAll),
    ]
}

fn route() -> impl Strategy<Value = Route> {
    prop_oneof![Just(Route::Processed), Just(Route::Bypass)]
}

fn lag() -> impl Strategy<Value = Lag> {
    prop_oneof![Just(Lag::NoFilter), Just(Lag::NotMoved), Just(Lag::NotInChain), Just(Lag::Refused)]
}

fn level_held() -> impl Strategy<Value = LevelHeld> {
    prop_oneof![
        Just(LevelHeld::Unchangeable),
        Just(LevelHeld::NoVolume),
        Just(LevelHeld::BypassAll),
        Just(LevelHeld::DeviceTail),
        Just(LevelHeld::Levelled { place: LevellerPlace::App }),
        Just(LevelHeld::Levelled { place: LevellerPlace::Bus }),
        Just(LevelHeld::Levelled { place: LevellerPlace::Device }),
    ]
}

proptest! {
    #[test]
    fn reason_survives_the_wire_and_has_words(
        by in option::of(by()),
        route in option::of(route()),
        held in option::of(held()),
        lag in option::of(lag()),
        device in option::of(any::<String>()),
    ) {
        let reason = Reason { by, route, held, lag, device };
        prop_assert_eq!(Reason::from_dict(&reason.to_dict()), Some(reason.clone()));
        let sentence = reason.to_string();
        prop_assert!(!sentence.contains(char::is_control), "{}", sentence);
        if reason.held.is_some() || reason.lag.is_some() {
            prop_assert!(!sentence.is_empty());
        }
    }

    #[test]
    fn level_reason_survives_the_wire_and_has_words(
        by in option::of(by()),
        on in any::<bool>(),
        held in option::of(level_held()),
    ) {
        let reason = LevelReason { by, on, held };
        prop_assert_eq!(LevelReason::from_dict(&reason.to_dict()), Some(reason.clone()));
        if reason.by.is_some() || reason.held.is_some() {
            prop_assert!(!reason.to_string().is_empty());
        }
    }
}

#[test]
fn code_that_is_not_known_is_no_reason_at_all() {
    for (key, code) in [("by", "oracle"), ("held", "tide")] {
        let nested = Dict::from([("code".to_owned(), crate::wire::owned(code).unwrap())]);
        let mut dict = Reason::held(Held::SafeMode).to_dict();
        put(&mut dict, key, &nested);
        assert_eq!(Reason::from_dict(&dict), None, "{key}");
    }
    let mut dict = Reason::default().to_dict();
    put(&mut dict, "lag", &"not-awake".to_owned());
    assert_eq!(Reason::from_dict(&dict), None);
}

#[test]
fn argument_that_is_missing_makes_a_code_unreadable() {
    let mut rule = By::Rule { profile: "night".into(), line: 3, shipped: true }.to_dict();
    rule.remove("line");
    assert_eq!(By::from_dict(&rule), None);
}

#[test]
fn key_that_is_not_known_is_ignored() {
    let mut dict = Reason::held(Held::Encoded).to_dict();
    put(&mut dict, "weather", &"fine".to_owned());
    assert_eq!(Reason::from_dict(&dict), Some(Reason::held(Held::Encoded)));
}

#[test]
fn sentence_joins_decision_and_obstacle() {
    let by = By::Rule { profile: "default".into(), line: 76, shipped: true };
    let reason = Reason { by: Some(by), route: Some(Route::Bypass), ..Reason::default() };
    assert_eq!(reason.to_string(), "a rule of profile 'default' (line 76) has it bypassed");
    let reason = Reason {
        by: Some(By::User { app: "mpv".into() }),
        route: Some(Route::Processed),
        lag: Some(Lag::NoFilter),
        ..Reason::default()
    };
    assert_eq!(
        reason.to_string(),
        "the user has 'mpv' processed, but Headroom's filter is not running"
    );
    let app = "Game".to_owned();
    let pinned =
        Held::Pinned { device: Some("Den's TV".into()), blocked: Some(Blocked::Bypassed { app }) };
    assert_eq!(
        Reason::held(pinned).to_string(),
        "it is pinned to 'Den's TV' by the user or by itself, where 'Game' is bypassed: what goes there can only be \
         processed together"
    );
    let reason = Reason {
        by: Some(By::Profile),
        route: Some(Route::Processed),
        device: Some("TV".into()),
        ..Reason::default()
    };
    assert_eq!(reason.to_string(), "no route sets it apart, and it plays to 'TV'");
}

#[test]
fn remembered_device_can_be_taken_back() {
    let held = Held::Remembered { device: None, absent: false, node: 60 };
    assert_eq!(held.take_back().unwrap(), "pw-metadata -- 60 target.object -1");
    assert!(
        held.to_string().ends_with("`pw-metadata -- 60 target.object -1` takes the choice back")
    );
    assert_eq!(Held::Encoded.take_back(), None);
}

#[test]
fn only_what_time_mends_is_late() {
    let late = |lag| Reason { lag, ..Reason::default() }.is_late();
    assert!(late(Some(Lag::NotMoved)) && late(Some(Lag::NotInChain)));
    assert!(!late(Some(Lag::NoFilter)) && !late(Some(Lag::Refused)) && !late(None));
}
