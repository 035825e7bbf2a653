//! Rules: which streams get which treatment, by what their applications say of themselves.

use headroom_api::Treatment;
use wildmatch::WildMatch;

use crate::{app::AppChoice, profile::Origin};

/// The keys that a rule's `match` accepts.
pub const MATCH_FIELDS: [&str; 5] =
    ["process_binary", "application_name", "application_id", "media_role", "media_name"];

/// What is known of a stream; empty where nothing is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Subject<'a> {
    /// `application.process.binary`.
    pub process_binary: &'a str,
    /// `application.name`.
    pub application_name: &'a str,
    /// `application.id`, or the id that a sandbox's portal vouches for.
    pub application_id: &'a str,
    /// `media.role`.
    pub media_role: &'a str,
    /// `media.name`.
    pub media_name: &'a str,
}

impl<'a> Subject<'a> {
    fn field(&self, field: &str) -> &'a str {
        match field {
            "process_binary" => self.process_binary,
            "application_name" => self.application_name,
            "application_id" => self.application_id,
            "media_role" => self.media_role,
            "media_name" => self.media_name,
            _ => "",
        }
    }
}

/// Why a rule matched: one field's pattern and the value that it met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The key in the rule's `match`, such as `process_binary`.
    pub field: &'static str,
    /// The pattern as it is written.
    pub pattern: String,
    /// The stream's value.
    pub value: String,
}

/// A pattern: `*` is any text, `?` any one character, case does not count.
#[derive(Clone, Debug, PartialEq)]
struct Pattern {
    text: String,
    matcher: WildMatch,
}

/// What a profile does with the streams that it matches.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// What they get; automatic is the profile's own settings.
    pub treatment: Treatment,
    /// Whether app volume control works on them; `None` leaves that to `app_volume.enabled`.
    pub app_volume: Option<bool>,
    /// What it says of their applications' own chains.
    pub app: AppChoice,
    /// Where it is written.
    pub origin: Origin,
    fields: Vec<(&'static str, Vec<Pattern>)>,
}

impl Rule {
    pub(crate) fn new(
        fields: Vec<(&'static str, Vec<String>)>,
        treatment: Treatment,
        app_volume: Option<bool>,
        app: AppChoice,
        origin: Origin,
    ) -> Self {
        let pattern =
            |text: String| Pattern { matcher: WildMatch::new(&text.to_lowercase()), text };
        let fields = fields
            .into_iter()
            .map(|(field, texts)| (field, texts.into_iter().map(pattern).collect()))
            .collect();
        Self { treatment, app_volume, app, origin, fields }
    }

    /// Returns the evidence for each field of the rule, if the stream meets all of them.
    ///
    /// A field is met when one of its patterns matches the whole value; an empty value meets none.
    pub fn matches(&self, subject: &Subject<'_>) -> Option<Vec<Evidence>> {
        // A rule without a field would match everything.
        if self.fields.is_empty() {
            return None;
        }
        let evidence = |(field, patterns): &(&'static str, Vec<Pattern>)| {
            let value = subject.field(field);
            if value.is_empty() {
                return None;
            }
            let lower = value.to_lowercase();
            let pattern = patterns.iter().find(|pattern| pattern.matcher.matches(&lower))?;
            Some(Evidence { field, pattern: pattern.text.clone(), value: value.to_owned() })
        };
        self.fields.iter().map(evidence).collect()
    }

    /// Returns the patterns of each field that the rule looks at, as they are written.
    pub fn fields(&self) -> impl Iterator<Item = (&'static str, Vec<&str>)> {
        self.fields.iter().map(|(field, patterns)| {
            (*field, patterns.iter().map(|pattern| pattern.text.as_str()).collect())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(fields: &[(&'static str, &[&str])]) -> Rule {
        let fields = fields
            .iter()
            .map(|(field, texts)| (*field, texts.iter().map(|text| (*text).to_owned()).collect()))
            .collect();
        let origin = Origin { file: "x.toml".into(), line: 1 };
        Rule::new(fields, Treatment::LeaveAlone, None, AppChoice::default(), origin)
    }

    fn binary(process_binary: &str) -> Subject<'_> {
        Subject { process_binary, ..Subject::default() }
    }

    #[test]
    fn any_pattern_of_a_field_and_every_field_must_match() {
        let rule = rule(&[("process_binary", &["mpd", "cmus"]), ("media_role", &["music"])]);
        let subject = Subject { media_role: "Music", ..binary("cmus") };
        let evidence = rule.matches(&subject).unwrap();
        assert_eq!(evidence.len(), 2);
        assert_eq!(evidence[0].field, "process_binary");
        assert_eq!(evidence[0].pattern, "cmus");
        assert_eq!(evidence[1].value, "Music");
        assert_eq!(rule.matches(&binary("cmus")), None);
    }

    #[test]
    fn patterns_match_whole_values_in_any_case_and_script() {
        let matched = |pattern: &str, value| {
            rule(&[("process_binary", &[pattern])]).matches(&binary(value)).is_some()
        };
        assert!(matched("ardour*", "Ardour-8.4.0"));
        assert!(matched("*wine*preloader", "wine64-preloader"));
        assert!(matched("?pv", "MPV") && !matched("?pv", "pv"));
        assert!(!matched("mpd", "mpdx") && !matched("mpd", "ampd"));
        assert!(matched("МУЗЫКА*", "музыка 2") && matched("écouteur", "ÉCOUTEUR"));
        assert!(matched("[a].exe", "[A].EXE") && !matched("[a].exe", "a.exe"));
    }

    #[test]
    fn an_unknown_value_matches_no_pattern() {
        let any = rule(&[("process_binary", &["*"])]);
        assert!(any.matches(&binary("")).is_none());
        assert!(any.matches(&binary("x")).is_some());
        assert!(rule(&[]).matches(&binary("x")).is_none());
    }
}
