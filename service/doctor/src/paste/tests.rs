use headroom_api::{Route, Row};
use zbus::Variant;

use super::*;

/// What must not get through, wherever it stood.
const SECRETS: [&str; 22] = [
    "anna",
    "müller",
    "schrebergarten",
    "geheim",
    "headphones",
    "wohnzimmer",
    "diary",
    "tagebuch",
    "192.168.17",
    "fe80",
    "00:1a:7d",
    "00_1a_7d",
    "y8abc",
    "0123456789abcdef",
    "example.org",
    "secret",
    "rendezvous",
    "my night",
    "otto",
    "love song",
    "c0ffee",
    "zweitname",
];

fn told<T: Row, const N: usize>(entries: [(&str, Variant<'_>); N]) -> Told<T> {
    let owned =
        |(key, value): (&str, Variant<'_>)| (key.to_owned(), value.try_into_owned().unwrap());
    Told::from(entries.into_iter().map(owned).collect::<Dict>())
}

fn of(problem: Problem) -> Told<ProblemRow> {
    Told::from(ProblemRow::from(problem).to_dict())
}

/// A stream that is told in codes, each of which names something of a person's own.
fn pinned() -> Told<StreamRow> {
    let why = Reason {
        by: Some(By::User { app: "Otto's diary - Player".to_owned() }),
        route: Some(Route::Processed),
        held: Some(Held::Pinned {
            device: Some("Anna's headphones".to_owned()),
            blocked: Some(Blocked::Bypassed { app: "Otto's diary - Player".to_owned() }),
        }),
        device: Some("Wohnzimmer".to_owned()),
        ..Reason::default()
    };
    Told::from(StreamRow { why: Some(why), ..StreamRow::default() }.to_dict())
}

/// Every place of a report, filled with what a person would not want to show.
fn hostile() -> Material {
    let sentence = "/home/anna/Geheim/My secret.toml of anna on annas-schrebergarten: 'Otto's love song' by \
                    anna@example.org at 192.168.17.4, fe80::1, 00:1A:7D:DA:71:13 and \"secret place\"";
    let line = |message: &str| Line { usec: 1_000_000, message: message.to_owned() };
    Material {
        person: Person {
            users: vec!["anna".to_owned(), "zweitname".to_owned()],
            names: vec!["Anna".to_owned(), "Müller".to_owned()],
            homes: vec!["/home/anna".to_owned()],
            hosts: vec!["annas-schrebergarten".to_owned()],
            ids: vec!["0123456789abcdef0123456789abcdef".to_owned()],
        },
        names: vec![
            Named::Device(vec![
                "bluez_output.00_1A_7D_DA_71_13.1".to_owned(),
                "Anna's headphones".to_owned(),
                "Wohnzimmer".to_owned(),
            ]),
            Named::Application("Otto's diary - Player".to_owned()),
            Named::Media("Rendezvous at 8 | `love song`".to_owned()),
        ],
        versions: vec![("system", "Annas-Schrebergarten Linux, Müller edition".to_owned())],
        checks: vec![
            Check::bad(
                "output",
                "Wohnzimmer, 48000 Hz: Rendezvous at 8 | `love song`.",
                "It means it.",
                "mv '/home/anna/Geheim/x y' /mnt/annas secret/old",
            ),
            Check::ok("unit", sentence, "It is so."),
        ],
        health: told([
            ("deployment", Variant::new("service/user/anna")),
            ("note", Variant::new(sentence)),
            ("cycles", Variant::new(7_u64)),
        ]),
        output: told([
            ("name", Variant::new("bluez_output.00_1A_7D_DA_71_13.1")),
            ("description", Variant::new("Anna's headphones")),
            ("serial", Variant::new("USB Y8ABC12345678")),
            ("rate", Variant::new(48_000_u32)),
        ]),
        streams: vec![told([
            ("app", Variant::new("Otto's diary - Player")),
            ("binary", Variant::new("/home/anna/Geheim/player")),
            ("media", Variant::new("Tagebuch \u{1b}[2J\u{202e} | `love song` <b>")),
            ("reason", Variant::new(sentence)),
            ("role", Variant::new("Music for anna")),
            ("future", Variant::new("Otto's love song")),
            ("route", Variant::new("processed")),
        ])]
        .into_iter()
        .chain([pinned()])
        .collect(),
        active_profile: "My night with Otto".to_owned(),
        profiles: vec![
            ("My night with Otto".to_owned(), false),
            ("anna-at-night".to_owned(), false),
            ("night".to_owned(), true),
        ],
        settings: vec![["limiter.ceiling_dbtp", "-1 dB", "-0.1 dB"].map(str::to_owned)],
        problems: vec![
            of(Problem::ProfileBroken {
                file: "/home/anna/My night.toml".to_owned(),
                error: sentence.to_owned(),
            }),
            of(Problem::DeviceUnprotected {
                node: "bluez_output.00_1A_7D_DA_71_13.1".to_owned(),
                device: "Anna's headphones".to_owned(),
                blocked: Blocked::Bypassed { app: "Otto's diary - Player".to_owned() },
            }),
            of(Problem::ProfileMissing {
                profile: "My night with Otto".to_owned(),
                in_force: "default".to_owned(),
            }),
            told([
                ("code", Variant::new("odd")),
                ("subject", Variant::new("Otto's diary")),
                ("text", Variant::new("It concerns Wohnzimmer.")),
            ]),
        ],
        journal: Some(vec![
            line(sentence),
            line(
                "app=\"Otto's diary - Player\" media=\"Rendezvous at 8 | `love song`\" serial=C0FFEE1234567890",
            ),
            line("```\n# Tagebuch \u{1b}[2J\u{202e} | `love song` <b>\n```"),
            line("the filter is in place rate_hz=48000 channels=2"),
        ]),
    }
}

#[test]
fn nothing_of_a_persons_own_gets_through() {
    let report = compose(&hostile());
    let lower = report.to_lowercase();
    for secret in SECRETS {
        assert!(!lower.contains(secret), "'{secret}' got through:\n{report}");
    }
    assert!(!report.contains('\u{1b}') && !report.contains('\u{202e}'), "{report}");
}

#[test]
fn what_helps_to_find_a_fault_stays() {
    let report = compose(&hostile());
    for wanted in [
        "# Headroom report",
        "bad  output: <device-1>, 48000 Hz",
        "kind: Bluetooth",
        "name: <device-1>",
        "description: <device-1>",
        "cycles: 7",
        "rate: 48000",
        "route: processed",
        "it is pinned to '<device-1>' by the user or by itself, where '<app-1>' is bypassed",
        "device-unprotected: What is pinned to '<device-1>' is not protected",
        "active: <profile-1>",
        "shipped: night",
        "limiter.ceiling_dbtp: -1 dB (the profile has -0.1 dB)",
        "profile-broken",
        "the filter is in place rate_hz=48000 channels=2",
    ] {
        assert!(report.contains(wanted), "'{wanted}' is missing:\n{report}");
    }
}

#[test]
fn the_top_says_what_was_hidden_and_that_nothing_is_sent() {
    let report = compose(&hostile());
    let top = report.split("\n## ").next().unwrap();
    for wanted in
        ["user name (1)", "devices (", "titles of media (", "IP addresses (", "sends nothing"]
    {
        assert!(top.contains(wanted), "'{wanted}' is missing:\n{top}");
    }
    let empty = compose(&Material::default());
    assert!(empty.contains("nothing was found to hide"), "{empty}");
}

#[test]
fn no_value_ends_its_block() {
    let report = compose(&hostile());
    let journal = report.split("## Journal\n\n").nth(1).unwrap();
    let fence: String = journal.chars().take_while(|letter| *letter == '`').collect();
    assert!(fence.len() > 3, "{journal}");
    assert_eq!(journal.matches(&fence).count(), 2, "{journal}");
    assert_eq!(super::fence("a ```` b"), "`````");
    assert_eq!(super::fence("plain"), "```");
}
