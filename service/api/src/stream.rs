//! A playback stream, and what `Explain` says of it.

use std::collections::BTreeMap;

use crate::{
    doing::{Doing, Done, Gains},
    gauges::ChainGauges,
    reason::{By, LevelReason, Reason},
    types::{ChainKind, Dict, ProfileBy, StreamRoute, Treatment},
    wire::{Field, Word, owned, row},
};

row! {
    /// A row of `Streams`, which the stream signals carry as well. Texts are the applications' own and **not** safe to
    /// show.
    pub StreamRow {
        /// `object.serial` of its node: never used twice while PipeWire lives.
        id: u64 = "id",
        /// Name of its application.
        app: String = "app",
        /// What it says it is playing; often empty.
        media: String = "media",
        /// Icon name; often empty.
        icon: String = "icon",
        /// Name of the process's binary; often empty for sandboxed applications.
        binary: String = "binary",
        /// `media.role`; often empty.
        role: String = "role",
        /// Number of channels; 0 while the format is not negotiated.
        channels: u32 = "channels",
        /// Rate in Hz; 0 while the format is not negotiated.
        rate_hz: u32 = "rate",
        /// The route that it has.
        route: Word<StreamRoute> = "route",
        /// Why, in codes; `None` where the service does not tell, or in codes that this version does not know.
        why: Option<Reason> = "why",
        /// Why, in a short English phrase.
        reason: String = "reason",
        /// The chain that it passes.
        chain: Word<ChainKind> = "chain",
        /// `node.name` of the device that its sound reaches; empty while it reaches none.
        device: String = "device",
        /// Whether it plays now.
        playing: bool = "playing" or true,
        /// Whether app volume control acts on it.
        level: bool = "level",
        /// How much louder or softer than the others its application is wanted to be, in dB.
        offset_db: f64 = "offset-db",
        /// How much of levelling and compression its application is wanted to get, 0.0 to 1.0.
        strength: f64 = "strength" or 1.0,
        /// What its application gets: the user's choice, or what a rule says.
        treatment: Word<Treatment> = "treatment",
        /// Its own volume as mixers show it, in percent, by its loudest channel; missing where it has none.
        volume_percent: Option<f64> = "volume-percent",
        /// Whether it is muted, by the person or by its application; missing where it has no volume.
        muted: Option<bool> = "muted",
    }
}

/// For `offset_db` and `strength` of an application, what decided the value in force.
pub type Sources = BTreeMap<String, By>;

impl Field for Sources {
    fn write(&self) -> Option<zbus::OwnedVariant> {
        owned(self.iter().map(|(key, by)| (key.clone(), by.to_dict())).collect::<BTreeMap<_, _>>())
    }

    fn read(value: &zbus::Variant<'_>) -> Option<Self> {
        Some(crate::wire::read_table::<By>(value)?.into_iter().collect())
    }
}

row! {
    /// What `Explain` says of a stream beyond what `Streams` says.
    pub ExplanationRow {
        /// The profile in force.
        profile: String = "profile",
        /// Who has decided that it is.
        profile_by: Word<ProfileBy> = "profile-by",
        /// What decided its route, in English.
        rule: String = "rule",
        /// The file where that is written; `built-in NAME.toml` for a shipped profile.
        file: String = "file",
        /// The line in it; 0 for the user's own choice.
        line: u32 = "line",
        /// The properties that it was recognised by, with their values.
        matched: BTreeMap<String, String> = "matched",
        /// The same properties, with what the rule or choice asked for.
        patterns: BTreeMap<String, String> = "patterns",
        /// Why app volume control acts on it or does not, in codes.
        level_why: Option<LevelReason> = "level-why",
        /// The same in a short English phrase.
        level_reason: String = "level-reason",
        /// Gain of app volume control, 0 or below, in dB.
        level_db: f64 = "level-db",
        /// Since when it has its route, in microseconds of `CLOCK_MONOTONIC`.
        since_usec: u64 = "since-usec",
        /// For `offset_db`, `strength` and `ducks_others_db`, what decided the value in force; one that nobody decided is missing.
        app_settings_by: Sources = "app-settings-by",
        /// Gain of the stream's own volume, in dB; missing while it is not known.
        volume_db: Option<f64> = "volume-db",
        /// Whether the leveller that works on it knows that volume; missing where none works on it.
        volume_known: Option<bool> = "volume-known",
        /// Gain of its device's volume above 100 %, in dB; missing where there is none.
        device_gain_db: Option<f64> = "device-gain-db",
        /// What is remembered of how loud its application plays, in LUFS.
        remembered_lufs: Option<f64> = "remembered-lufs",
        /// The stage that has most part in what is done to it now.
        doing: Word<Doing> = "doing",
        /// Gain of all that is done to it now, in dB.
        doing_db: f64 = "doing-db",
    }
}

/// What `Explain` says of a stream.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Explanation {
    /// What `Streams` says of it.
    pub stream: StreamRow,
    /// What is said beyond that.
    pub more: ExplanationRow,
    /// What its application's own chain does; `None` where it plays through none.
    pub gauges: Option<ChainGauges>,
}

impl Explanation {
    /// Returns the explanation as it stands on the wire: the keys of all its parts, side by side.
    pub fn to_dict(&self) -> Dict {
        let mut dict = self.stream.to_dict();
        dict.extend(self.more.to_dict());
        let gauges = self.gauges.iter().flat_map(ChainGauges::entries);
        dict.extend(gauges.filter_map(|(key, value)| Some((key.to_owned(), owned(value)?))));
        dict
    }

    /// Reads an explanation.
    pub fn from_dict(dict: &Dict) -> Self {
        Self {
            stream: StreamRow::from_dict(dict),
            more: ExplanationRow::from_dict(dict),
            gauges: ChainGauges::find(|key| dict.get(key).and_then(|value| f64::read(value))),
        }
    }

    /// Returns what is done to the stream in words, as in `turned down 12 dB by surge`; empty where nothing is told.
    pub fn done_text(&self) -> String {
        let gain_db = self.more.doing_db;
        match &self.more.doing {
            Word::Known(doing) => Done { doing: *doing, gain_db }.to_string(),
            Word::Unknown(word) if word.is_empty() => String::new(),
            Word::Unknown(word) => format!("{gain_db:+.0} dB by {word}"),
        }
    }
}

impl StreamRow {
    /// Says whether the bus works on it: it passes it alone, or behind its application's chain.
    pub fn passes_bus(&self) -> bool {
        passes_bus(&self.chain)
    }
}

/// Says whether a stream that passes this chain passes the bus.
pub(crate) fn passes_bus(chain: &Word<ChainKind>) -> bool {
    matches!(chain, Word::Known(ChainKind::Bus | ChainKind::App))
}

/// What is done to a stream, by its gauges and those of the bus.
pub(crate) fn gains(chain: &Word<ChainKind>, own: Gains, is_heard: bool, bus: Gains) -> Gains {
    if passes_bus(chain) && is_heard { own.then(bus) } else { own }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Held, reason::LevelHeld};

    fn stream() -> StreamRow {
        StreamRow {
            id: 9,
            app: "mpv".into(),
            media: "film\n".into(),
            channels: 2,
            rate_hz: 48_000,
            route: StreamRoute::Unmanaged.into(),
            why: Some(Reason::held(Held::Encoded)),
            reason: Reason::held(Held::Encoded).to_string(),
            chain: ChainKind::None.into(),
            playing: false,
            level: true,
            offset_db: -3.0,
            strength: 0.5,
            treatment: Treatment::LimitOnly.into(),
            volume_percent: Some(50.0),
            muted: Some(false),
            ..StreamRow::default()
        }
    }

    #[test]
    fn stream_survives_the_wire() {
        let dict = stream().to_dict();
        assert_eq!(StreamRow::from_dict(&dict), stream());
        let keys: Vec<&str> = dict.keys().map(String::as_str).collect();
        assert!(keys.iter().all(|key| StreamRow::KEYS.contains(key)), "{keys:?}");
        assert_eq!(keys.len(), StreamRow::KEYS.len());
    }

    #[test]
    fn stream_without_a_volume_says_nothing_of_one() {
        let row = StreamRow { volume_percent: None, muted: None, ..stream() };
        let dict = row.to_dict();
        assert!(!dict.contains_key("volume-percent") && !dict.contains_key("muted"));
        assert_eq!(StreamRow::from_dict(&dict), row);
    }

    #[test]
    fn stream_of_a_terse_service_plays_as_usual() {
        let row = StreamRow::from_dict(&Dict::new());
        assert!(row.playing && row.why.is_none());
        assert!((row.strength - 1.0).abs() < 1e-9);
        assert_eq!(row.route.known(), None);
        assert_eq!(row.treatment.known(), None);
    }

    #[test]
    fn explanation_survives_the_wire() {
        let by = By::Rule { profile: "night".into(), line: 3, shipped: true };
        let texts = BTreeMap::from([("media.role".to_owned(), "Game".to_owned())]);
        let explanation = Explanation {
            stream: stream(),
            more: ExplanationRow {
                rule: "a rule".into(),
                line: 7,
                matched: texts.clone(),
                patterns: texts,
                level_why: Some(LevelReason::held(LevelHeld::NoVolume)),
                level_db: -1.5,
                app_settings_by: BTreeMap::from([("offset_db".to_owned(), by)]),
                volume_db: Some(-9.0),
                volume_known: Some(false),
                device_gain_db: Some(6.0),
                doing: Doing::Surge.into(),
                doing_db: -12.0,
                ..ExplanationRow::default()
            },
            gauges: Some(ChainGauges { leveller_db: -4.0, ..ChainGauges::default() }),
        };
        assert_eq!(Explanation::from_dict(&explanation.to_dict()), explanation);
        assert_eq!(explanation.done_text(), "turned down 12 dB by surge");
        let bare = Explanation { gauges: None, ..explanation };
        assert_eq!(Explanation::from_dict(&bare.to_dict()).gauges, None);
    }

    #[test]
    fn stage_that_is_not_known_keeps_its_word() {
        let more = ExplanationRow {
            doing: Word::of("gravity"),
            doing_db: -6.0,
            ..ExplanationRow::default()
        };
        let explanation = Explanation { more, ..Explanation::default() };
        assert_eq!(explanation.done_text(), "-6 dB by gravity");
        assert_eq!(Explanation::default().done_text(), "");
    }
}
