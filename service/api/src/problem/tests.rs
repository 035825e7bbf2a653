use proptest::{collection::vec, option, prelude::*};

use super::*;
use crate::reason::tests::blocked;

fn problem() -> impl Strategy<Value = Problem> {
    let text = any::<String>;
    let plain = prop_oneof![
        Just(Problem::NoSessionManager),
        Just(Problem::SafeMode { cause: SafeModeCause::Crashes }),
        Just(Problem::SafeMode { cause: SafeModeCause::Starved }),
        Just(Problem::Starved),
        Just(Problem::RealtimePriority),
        Just(Problem::NotResponding),
    ];
    prop_oneof![
        plain,
        option::of(text()).prop_map(|error| Problem::PipewireAway { error }),
        text().prop_map(|version| Problem::SessionManagerTooOld { version }),
        text().prop_map(|error| Problem::FilterFailed { error }),
        (text(), text(), blocked()).prop_map(|(node, device, blocked)| {
            Problem::DeviceUnprotected { node, device, blocked }
        }),
        (text(), text(), any::<u32>(), any::<bool>()).prop_map(|(node, device, percent, held)| {
            Problem::DeviceAmplified { node, device, percent, held }
        }),
        (vec(text(), 0..6), any::<u32>(), any::<u32>(), option::of(any::<u32>())).prop_map(
            |(apps, count, chain_limit, file_limit)| Problem::ChainsFull {
                apps,
                count,
                chain_limit,
                file_limit
            }
        ),
        (text(), vec(text(), 0..6), any::<u32>())
            .prop_map(|(program, apps, count)| { Problem::OtherEffects { program, apps, count } }),
        (text(), vec(text(), 0..6), any::<u32>())
            .prop_map(|(program, apps, count)| { Problem::StalePins { program, apps, count } }),
        (vec(text(), 0..6), any::<u32>())
            .prop_map(|(apps, count)| Problem::KeptQuiet { apps, count }),
        (text(), text()).prop_map(|(node, device)| Problem::SumClips { node, device }),
        (text(), text()).prop_map(|(file, error)| Problem::ProfileBroken { file, error }),
        (text(), text())
            .prop_map(|(profile, in_force)| Problem::ProfileMissing { profile, in_force }),
        (text(), text()).prop_map(|(file, error)| Problem::StateFileDamaged { file, error }),
        (text(), text()).prop_map(|(file, error)| Problem::SessionNotSaved { file, error }),
        option::of(any::<u32>()).prop_map(|retry_s| Problem::SandboxSocket { retry_s }),
    ]
}

proptest! {
    #[test]
    fn problem_survives_the_wire(problem in problem()) {
        let row = ProblemRow::from(problem.clone());
        prop_assert_eq!(&ProblemRow::from_dict(&row.to_dict()), &row);
        prop_assert_eq!(row.known, Some(problem));
        prop_assert!(Problem::CODES.contains(&row.code.as_str()));
    }
}

#[test]
fn code_that_is_not_known_leaves_its_text() {
    let mut dict = ProblemRow::from(Problem::Starved).to_dict();
    put(&mut dict, CODE, &"moon-phase".to_owned());
    let row = ProblemRow::from_dict(&dict);
    assert_eq!((row.code.as_str(), row.known), ("moon-phase", None));
    assert!(row.text.contains("too busy"), "{}", row.text);
}

#[test]
fn argument_that_is_not_understood_leaves_code_and_text() {
    let (node, device) = ("tv".to_owned(), "TV".to_owned());
    let problem = Problem::DeviceUnprotected { node, device, blocked: Blocked::Rejected };
    let mut dict = ProblemRow::from(problem).to_dict();
    put(&mut dict, "blocked", &"tide".to_owned());
    let row = ProblemRow::from_dict(&dict);
    assert_eq!((row.code.as_str(), row.known), ("device-unprotected", None));
    assert!(row.text.contains("TV"), "{}", row.text);
}

#[test]
fn sentence_names_what_is_wrong() {
    let problem = |count, file_limit| Problem::ChainsFull {
        apps: vec!["mpv".into(), "vlc".into()],
        count,
        chain_limit: 64,
        file_limit,
    };
    let said = problem(2, None).to_string();
    assert!(
        said.starts_with("64 applications") && said.contains("levelled: mpv, vlc. Close"),
        "{said}"
    );
    let said = problem(9, Some(256)).to_string();
    assert!(said.contains("only 256 files") && said.contains("mpv, vlc and 7 more"), "{said}");
    let gone = |in_force: &str| {
        Problem::ProfileMissing { profile: "mine".into(), in_force: in_force.into() }.to_string()
    };
    assert!(
        gone("mine").contains("stays in force")
            && gone("default").contains("'default' is in force")
    );
}
