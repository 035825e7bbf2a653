//! Settings of the profile in force, with what was changed on top of it.

/// The value of a setting.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// On or off.
    Bool(bool),
    /// A number in the setting's unit.
    Number(f64),
    /// One of the setting's words.
    Text(String),
}

/// One setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// The dotted key, such as `limiter.ceiling_dbtp`.
    pub key: String,
    /// The value in force.
    pub value: Value,
    /// The value that the profile itself has.
    pub default: Value,
    /// Whether another one was put in its place.
    pub changed: bool,
    /// Smallest accepted number; `None` where there is no range.
    pub min: Option<f64>,
    /// Greatest accepted number; `None` where there is no range.
    pub max: Option<f64>,
    /// Unit such as `dB`; empty for a pure number; `None` where there is no range.
    pub unit: Option<String>,
    /// Words that are accepted; empty where there are none.
    pub options: Vec<String>,
    /// The service's own line on what it does. Safe to show as plain text.
    pub description: String,
}

impl Setting {
    /// Returns the accepted numbers, least and greatest.
    pub fn range(&self) -> Option<(f64, f64)> {
        Some((self.min?, self.max?))
    }

    /// Returns the key without its last part: `limiter.soft` of `limiter.soft.attack_ms`.
    pub fn section(&self) -> &str {
        self.key.rsplit_once('.').map_or("", |(section, _)| section)
    }
}

/// A section of the profile with its settings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Section<'a> {
    /// The part that its keys begin with, such as `limiter.soft`.
    pub id: &'a str,
    /// Its settings, in the order of [`Panel::settings`](super::Panel::settings).
    pub settings: &'a [Setting],
}

/// Cuts settings that are in order into their sections.
pub fn sections(settings: &[Setting]) -> Vec<Section<'_>> {
    settings
        .chunk_by(|a, b| a.section() == b.section())
        .map(|settings| Section { id: settings[0].section(), settings })
        .collect()
}

/// The order in which a profile is written; what is not in it follows, by its key.
const ORDER: [&str; 30] = [
    "leveller.enabled",
    "leveller.target_lufs",
    "leveller.max_boost_db",
    "leveller.max_cut_db",
    "leveller.surge",
    "leveller.cap_lufs",
    "compressor.enabled",
    "compressor.detector",
    "compressor.threshold_db",
    "compressor.ratio",
    "compressor.knee_db",
    "compressor.attack_ms",
    "compressor.release_ms",
    "compressor.makeup_db",
    "limiter.ceiling_dbtp",
    "limiter.lookahead",
    "limiter.hold_ms",
    "limiter.release_ms",
    "limiter.hold_at_device",
    "limiter.left_alone",
    "limiter.soft.enabled",
    "limiter.soft.max_psr_db",
    "limiter.soft.attack_ms",
    "limiter.soft.release_ms",
    "app_volume.enabled",
    "app_volume.target_dbfs",
    "app_volume.max_cut_db",
    "app_volume.attack_ms",
    "app_volume.release_ms",
    "failure.policy",
];

/// Puts settings in the order in which a profile is written, each section in one piece.
pub(super) fn arrange(settings: &mut [Setting]) {
    let section_rank = |setting: &Setting| {
        let prefix = setting.section();
        ORDER.iter().position(|key| key.rsplit_once('.').is_some_and(|(known, _)| known == prefix))
    };
    let rank = |setting: &Setting| ORDER.iter().position(|key| *key == setting.key);
    settings.sort_by_cached_key(|setting| {
        (
            section_rank(setting).unwrap_or(ORDER.len()),
            setting.section().to_owned(),
            rank(setting).unwrap_or(ORDER.len()),
            setting.key.clone(),
        )
    });
}

/// Finds a setting by its key.
pub(super) fn find<'a>(settings: &'a [Setting], key: &str) -> Option<&'a Setting> {
    settings.iter().find(|setting| setting.key == key)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::model) fn number(key: &str, value: f64, min: f64, max: f64) -> Setting {
        Setting {
            key: key.to_owned(),
            value: Value::Number(value),
            default: Value::Number(value),
            changed: false,
            min: Some(min),
            max: Some(max),
            unit: Some("dB".to_owned()),
            options: Vec::new(),
            description: String::new(),
        }
    }

    pub(in crate::model) fn switch(key: &str, on: bool) -> Setting {
        Setting {
            key: key.to_owned(),
            value: Value::Bool(on),
            default: Value::Bool(on),
            changed: false,
            min: None,
            max: None,
            unit: None,
            options: Vec::new(),
            description: String::new(),
        }
    }

    #[test]
    fn settings_stand_as_a_profile_is_written_and_unknown_ones_keep_to_their_section() {
        let mut settings: Vec<_> = [
            "new.thing",
            "limiter.soft.enabled",
            "leveller.zeal",
            "limiter.ceiling_dbtp",
            "leveller.enabled",
        ]
        .iter()
        .map(|key| switch(key, true))
        .collect();
        arrange(&mut settings);
        let keys: Vec<_> = settings.iter().map(|setting| setting.key.as_str()).collect();
        assert_eq!(
            keys,
            [
                "leveller.enabled",
                "leveller.zeal",
                "limiter.ceiling_dbtp",
                "limiter.soft.enabled",
                "new.thing"
            ]
        );
        let sections = sections(&settings);
        let ids: Vec<_> = sections.iter().map(|section| section.id).collect();
        assert_eq!(ids, ["leveller", "limiter", "limiter.soft", "new"]);
        assert_eq!(sections[0].settings.len(), 2);
    }

    #[test]
    fn a_range_needs_both_ends() {
        assert_eq!(number("a.b", 1.0, 0.0, 2.0).range(), Some((0.0, 2.0)));
        assert_eq!(switch("a.b", true).range(), None);
        assert_eq!(switch("odd", true).section(), "");
    }
}
