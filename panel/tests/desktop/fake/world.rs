//! What the pretended service pretends.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

use headroom_api::{Dict, Error, Result};
use headroom_profile::{Kind, Library, SettingInfo, Settings, Value};
use zbus::{OwnedVariant, Variant};

/// A stream, without its id.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stream {
    pub(crate) app: String,
    pub(crate) media: String,
    pub(crate) icon: String,
    pub(crate) binary: String,
    pub(crate) route: &'static str,
    pub(crate) reason: String,
    pub(crate) playing: bool,
    pub(crate) level: bool,
    /// What is wanted of its application's chain: offset in dB, strength, chain.
    pub(crate) tuning: (f64, f64, bool),
}

impl Stream {
    /// A processed stream that plays.
    pub(crate) fn of(app: &str, media: &str) -> Self {
        Self {
            app: app.to_owned(),
            media: media.to_owned(),
            icon: String::new(),
            binary: app.to_lowercase().replace(' ', "-"),
            route: "processed",
            reason: "no route sets it apart".to_owned(),
            playing: true,
            level: false,
            tuning: (0.0, 1.0, true),
        }
    }

    pub(super) fn is_in_chain(&self) -> bool {
        self.route == "processed" && self.tuning.2
    }

    pub(super) fn to_dict(&self, id: u64) -> Dict {
        dict([
            ("id", Variant::new(id)),
            ("app", Variant::new(self.app.as_str())),
            ("media", Variant::new(self.media.as_str())),
            ("icon", Variant::new(self.icon.as_str())),
            ("binary", Variant::new(self.binary.as_str())),
            ("role", Variant::new("")),
            ("channels", Variant::new(2_u32)),
            ("rate", Variant::new(48_000_u32)),
            ("route", Variant::new(self.route)),
            ("reason", Variant::new(self.reason.as_str())),
            ("playing", Variant::new(self.playing)),
            ("level", Variant::new(self.level)),
            ("chain", Variant::new(if self.is_in_chain() { "app" } else { "none" })),
            ("offset-db", Variant::new(self.tuning.0)),
            ("strength", Variant::new(self.tuning.1)),
            ("own-chain", Variant::new(self.tuning.2)),
        ])
    }
}

/// All that the pretended service knows.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) state: &'static str,
    pub(crate) problems: Vec<(String, String, String)>,
    pub(crate) bypass: bool,
    pub(crate) introduced: bool,
    /// How it was set up, as the service says it.
    pub(crate) deployment: &'static str,
    pub(crate) profile: String,
    pub(crate) routes: HashMap<String, String>,
    pub(crate) level_control: HashMap<String, bool>,
    /// The applications for which something is set.
    pub(crate) app_settings: BTreeSet<String>,
    pub(crate) streams: BTreeMap<u64, Stream>,
    /// What every change is refused with.
    pub(crate) refusal: Option<String>,
    /// Whether nothing is answered any more.
    pub(crate) silent: bool,
    /// How long every change takes.
    pub(crate) delay: Duration,
    /// Who asked for gauges, and how often.
    pub(crate) subscribers: HashMap<String, f64>,
    /// Changes that were asked for, refused ones included, as `Member argument...`.
    pub(crate) asked: Vec<String>,
    pub(crate) overlay: BTreeMap<String, Value>,
}

impl Default for World {
    fn default() -> Self {
        Self {
            state: "running",
            problems: Vec::new(),
            bypass: false,
            introduced: true,
            deployment: "service/user/default",
            profile: "default".to_owned(),
            routes: HashMap::new(),
            level_control: HashMap::new(),
            app_settings: BTreeSet::new(),
            streams: BTreeMap::new(),
            refusal: None,
            silent: false,
            delay: Duration::ZERO,
            subscribers: HashMap::new(),
            asked: Vec::new(),
            overlay: BTreeMap::new(),
        }
    }
}

impl World {
    /// Plays as many streams as an evening has, or more.
    pub(crate) fn with_streams(count: u64) -> Self {
        let streams = (1..=count).map(|id| (id, some_stream(id))).collect();
        Self { streams, ..Self::default() }
    }

    /// Has a problem, in a state.
    pub(crate) fn in_trouble(
        state: &'static str,
        code: &str,
        subject: &str,
        sentence: &str,
    ) -> Self {
        let problems = vec![(code.to_owned(), subject.to_owned(), sentence.to_owned())];
        Self { state, problems, ..Self::with_streams(1) }
    }

    pub(super) fn list_settings(&self) -> Dict {
        let (own, now) = (self.own_settings(), self.settings());
        headroom_profile::settings()
            .iter()
            .map(|info| (info.key.to_owned(), describe(info, &own, &now)))
            .collect()
    }

    pub(super) fn get_setting(&self, key: &str) -> Result<OwnedVariant> {
        let value = self.settings().get(key);
        let value =
            value.ok_or_else(|| Error::NoSuchSetting(format!("no setting is called '{key}'")))?;
        Ok(owned(variant(value)))
    }

    pub(crate) fn set_setting(&mut self, key: &str, value: Value) -> Result<()> {
        let refused = |error| Error::InvalidValue(format!("{key}: {error}"));
        self.settings().set(key, &value).map_err(refused)?;
        self.overlay.insert(key.to_owned(), value);
        Ok(())
    }

    pub(super) fn reset_setting(&mut self, key: &str) {
        self.overlay.remove(key);
    }

    fn own_settings(&self) -> Settings {
        let library = Library::load(None);
        library.get(&self.profile).expect("the profile is shipped").settings
    }

    fn settings(&self) -> Settings {
        let mut settings = self.own_settings();
        for (key, value) in &self.overlay {
            settings.set(key, value).expect("it was accepted before");
        }
        settings
    }
}

/// Streams of an evening: several of one browser, music that is left alone, one that cannot be protected.
fn some_stream(id: u64) -> Stream {
    let mut stream = match id {
        1 => Stream::of("Firefox", "Cats at sunrise, 4K"),
        2 => Stream::of("Discord", "Voice call"),
        3 => Stream::of(
            "Firefox",
            "A very long title of a video that does not fit into any row of any window",
        ),
        4 => Stream::of("Spotify", "Clair de lune"),
        5 => Stream::of("mpv", "film.mkv"),
        6 => Stream::of("<b>Evil</b>\u{1b}[2J", "100 % & \"quoted\" <i>markup</i>"),
        _ => Stream::of(&format!("Game {}", id - 6), "Explosions"),
    };
    match id {
        1 | 3 => stream.icon = String::from("firefox-esr"),
        2 => stream.level = true,
        4 => {
            stream.route = "bypass";
            stream.reason = String::from("a rule has it bypassed (music players)");
        }
        5 => {
            stream.route = "unmanaged";
            stream.reason =
                String::from("it sends encoded sound (passthrough), which cannot be processed");
        }
        8 => stream.playing = false,
        _ => {}
    }
    stream
}

fn describe(info: &SettingInfo, own: &Settings, now: &Settings) -> OwnedVariant {
    let boxed = |settings: &Settings| {
        let value = settings.get(info.key).expect("every known setting has a value");
        Variant::Variant(Box::new(variant(value)))
    };
    let mut entry: HashMap<String, Variant<'_>> = HashMap::from([
        ("value".to_owned(), boxed(now)),
        ("default".to_owned(), boxed(own)),
        ("changed".to_owned(), Variant::new(own.get(info.key) != now.get(info.key))),
        ("description".to_owned(), Variant::new(info.description)),
    ]);
    let (range, words): (_, &[&str]) = match info.kind {
        Kind::Switch => (None, &[]),
        Kind::Number(range) => (Some(range), &[]),
        Kind::Words(words) => (None, words),
        Kind::NumberOrWords(range, words) => (Some(range), words),
    };
    if let Some(range) = range {
        entry.insert("min".to_owned(), Variant::new(headroom_profile::decimal(range.min)));
        entry.insert("max".to_owned(), Variant::new(headroom_profile::decimal(range.max)));
        entry.insert("unit".to_owned(), Variant::new(range.unit));
    }
    if !words.is_empty() {
        entry.insert("options".to_owned(), Variant::new(words.to_vec()));
    }
    owned(Variant::new(entry))
}

fn variant(value: Value) -> Variant<'static> {
    match value {
        Value::Switch(on) => Variant::new(on),
        Value::Number(number) => Variant::new(number),
        Value::Word(word) => Variant::new(word),
    }
}

pub(super) fn owned(value: Variant<'_>) -> OwnedVariant {
    value.try_into_owned().unwrap()
}

pub(super) fn dict<const N: usize>(entries: [(&str, Variant<'_>); N]) -> Dict {
    entries.into_iter().map(|(key, value)| (key.to_owned(), owned(value))).collect()
}
