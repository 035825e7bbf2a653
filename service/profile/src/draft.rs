//! Reads the text of one profile, strictly: what the file itself says, and everything wrong with it.

use std::{ops::Range as Span, sync::Arc};

use headroom_api::{Chains, Devices, Treatment};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::{
    app::{APP_SETTINGS, AppChoice},
    keys,
    near::{near, quoted, shown},
    profile::Origin,
    renamed,
    rules::{MATCH_FIELDS, Rule},
    settings::{SettingError, Settings, Value},
};

/// Keys that stand above all tables, and the tables.
const TOP: [&str; 12] = [
    "name",
    "description",
    "extends",
    "chains",
    "devices",
    "leveller",
    "compressor",
    "limiter",
    "app_volume",
    "failure",
    "rules",
    "unmatched",
];
const RULE: [&str; 6] =
    ["match", "treatment", "app_volume", "offset_db", "strength", "ducks_others_db"];
/// Sections that hold settings.
const SECTIONS: [&str; 6] =
    ["leveller", "compressor", "limiter", "limiter.soft", "app_volume", "failure"];
/// Longest name and description, in characters.
const MOST_NAME: usize = 64;
const MOST_DESCRIPTION: usize = 200;
/// Most rules of one file.
const MOST_RULES: usize = 256;

/// What one file says, before anything is inherited.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Draft {
    pub(crate) name: String,
    pub(crate) file: String,
    pub(crate) description: Option<String>,
    /// The parent's name, and the line that says it.
    pub(crate) extends: Option<(String, usize)>,
    pub(crate) chains: Option<Chains>,
    pub(crate) devices: Option<Devices>,
    /// Only values that [`Settings::set`] accepts.
    pub(crate) settings: Vec<(&'static str, Value)>,
    pub(crate) rules: Vec<Arc<Rule>>,
    pub(crate) default_treatment: Option<(Treatment, Origin)>,
}

/// Something wrong in a file: the line, the dotted key, and what is wrong and accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) line: Option<usize>,
    pub(crate) key: String,
    pub(crate) what: String,
}

/// Whether `name` can be a profile's.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    let fits = !name.is_empty()
        && name.trim() == name
        && name.chars().count() <= MOST_NAME
        && !name.chars().any(char::is_control);
    if fits {
        return Ok(());
    }
    Err(format!(
        "'{}' cannot be a profile's name: it takes 1 to {MOST_NAME} characters, without control characters \
         or spaces at its ends",
        shown(name)
    ))
}

/// Reads the text of the profile `name` (the file's stem), which comes from `file`.
///
/// # Errors
/// Everything that is wrong with it, by line. Text that is not TOML is told as such, alone: what it says
/// cannot be told then.
pub(crate) fn parse(name: &str, file: &str, text: &str) -> Result<Draft, Vec<Wrong>> {
    let mut reader = Reader::new(name, file, text);
    let (table, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        reader.document(table.get_ref());
    } else {
        for error in errors {
            let line = error.span().map(|span| reader.line(&span));
            reader.wrong.push(Wrong {
                line,
                key: String::new(),
                what: format!("this is not TOML: {}", shown_message(error.message())),
            });
        }
    }
    reader.wrong.sort_by_key(|wrong| wrong.line);
    if reader.wrong.is_empty() { Ok(reader.draft) } else { Err(reader.wrong) }
}

/// The parser's messages may quote a piece of the file.
fn shown_message(message: &str) -> String {
    message.chars().take(200).map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

struct Reader {
    /// Where each line begins.
    starts: Vec<usize>,
    draft: Draft,
    wrong: Vec<Wrong>,
    /// Takes each setting, to see whether it can.
    scratch: Settings,
}

type Node<'i> = Spanned<DeValue<'i>>;

impl Reader {
    fn new(name: &str, file: &str, text: &str) -> Self {
        let starts =
            std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let draft = Draft {
            name: name.to_owned(),
            file: file.to_owned(),
            description: None,
            extends: None,
            chains: None,
            devices: None,
            settings: Vec::new(),
            rules: Vec::new(),
            default_treatment: None,
        };
        Self { starts, draft, wrong: Vec::new(), scratch: Settings::default() }
    }

    fn line(&self, span: &Span<usize>) -> usize {
        self.starts.partition_point(|start| *start <= span.start).max(1)
    }

    fn origin(&self, span: &Span<usize>) -> Origin {
        Origin { file: self.draft.file.clone(), line: self.line(span) }
    }

    fn fault(&mut self, span: &Span<usize>, key: &str, what: String) {
        let line = Some(self.line(span));
        self.wrong.push(Wrong { line, key: key.to_owned(), what });
    }

    fn document(&mut self, table: &DeTable<'_>) {
        if table.is_empty() {
            // An editor that empties a file before it writes it must not be taken at its word.
            let what = "it says nothing: a profile has at least one key".to_owned();
            return self.wrong.push(Wrong { line: None, key: String::new(), what });
        }
        for (key, node) in table {
            let (name, span) = (key.get_ref().as_ref(), key.span());
            match name {
                "name" => self.name(node),
                "description" => self.description(node),
                "extends" => {
                    if let Some(parent) = self.string(node, name, "the name of a profile") {
                        self.draft.extends = Some((parent, self.line(&node.span())));
                    }
                }
                "chains" => self.chains(node),
                "devices" => self.devices(node),
                "rules" => self.rules(node),
                "unmatched" => self.unmatched(node),
                section if SECTIONS.contains(&section) => self.section(section, node),
                old if renamed::section(old).is_some() => self.old_section(old, &span, node),
                _ => self.unknown(&span, name, &TOP),
            }
        }
    }

    fn name(&mut self, node: &Node<'_>) {
        let Some(name) = self.string(node, "name", "the file's name without .toml") else { return };
        if name != self.draft.name {
            let what = format!(
                "name is \"{}\", but the file's name says '{}': make them the same, or leave the key out",
                shown(&name),
                shown(&self.draft.name)
            );
            self.fault(&node.span(), "name", what);
        }
    }

    fn description(&mut self, node: &Node<'_>) {
        let accepted = format!("one line of up to {MOST_DESCRIPTION} characters");
        let Some(text) = self.string(node, "description", &accepted) else { return };
        if text.chars().count() > MOST_DESCRIPTION || text.chars().any(char::is_control) {
            return self.fault(
                &node.span(),
                "description",
                format!("description takes {accepted}"),
            );
        }
        self.draft.description = Some(text);
    }

    fn chains(&mut self, node: &Node<'_>) {
        let word = self.word(node, "chains", Chains::ALL);
        self.draft.chains = word.and_then(|word| word.parse().ok());
    }

    fn devices(&mut self, node: &Node<'_>) {
        let word = self.word(node, "devices", Devices::ALL);
        self.draft.devices = word.and_then(|word| word.parse().ok());
    }

    fn unmatched(&mut self, node: &Node<'_>) {
        let Some(table) = self.table(node, "unmatched") else { return };
        for (key, node) in table {
            let name = key.get_ref().as_ref();
            if name == "treatment" {
                let found = self.treatment(node, "unmatched.treatment");
                self.draft.default_treatment = found.map(|it| (it, self.origin(&node.span())));
            } else {
                self.unknown(&key.span(), &format!("unmatched.{name}"), &["unmatched.treatment"]);
            }
        }
        if table.is_empty() {
            let what = format!(
                "unmatched.treatment is missing: it takes {}",
                alternatives(Treatment::ALL)
            );
            self.fault(&node.span(), "unmatched", what);
        }
    }

    fn section(&mut self, section: &str, node: &Node<'_>) {
        let Some(table) = self.table(node, section) else { return };
        for (name, node) in table {
            let key = format!("{section}.{}", name.get_ref());
            if SECTIONS.contains(&key.as_str()) {
                self.section(&key, node);
                continue;
            }
            let Some(info) = keys::find(&key) else {
                let known: Vec<_> = keys::settings().iter().map(|info| info.key).collect();
                self.unknown(&name.span(), &key, &known);
                continue;
            };
            let Some(value) = scalar(node.get_ref()) else {
                let (found, accepted) = (found(node.get_ref()), info.kind.accepted());
                self.fault(
                    &node.span(),
                    &key,
                    format!("{key} cannot be {found}: it takes {accepted}"),
                );
                continue;
            };
            match self.scratch.set(info.key, &value) {
                Ok(()) => self.draft.settings.push((info.key, value)),
                Err(SettingError::NoSuchSetting(what) | SettingError::InvalidValue(what)) => {
                    self.fault(&node.span(), &key, what);
                }
            }
        }
    }

    /// Tells what became of each key of a table that is called otherwise now.
    fn old_section(&mut self, old: &str, span: &Span<usize>, node: &Node<'_>) {
        let renamed = || {
            let new = renamed::section(old).unwrap_or_default();
            format!("{old} is now {new}")
        };
        let keys = node.get_ref().as_table().filter(|table| !table.is_empty());
        let Some(keys) = keys else { return self.fault(span, old, migrate_hint(&renamed())) };
        for name in keys.keys() {
            let key = format!("{old}.{}", name.get_ref());
            let what = renamed::told(&key).unwrap_or_else(renamed);
            self.fault(&name.span(), &key, migrate_hint(&what));
        }
    }

    fn rules(&mut self, node: &Node<'_>) {
        let Some(rules) = node.get_ref().as_array() else {
            let what = format!(
                "rules cannot be {}: each rule is a [[rules]] table",
                found(node.get_ref())
            );
            return self.fault(&node.span(), "rules", what);
        };
        if rules.len() > MOST_RULES {
            let what =
                format!("there are {} rules: at most {MOST_RULES} are accepted", rules.len());
            return self.fault(&node.span(), "rules", what);
        }
        for rule in rules {
            self.rule(rule);
        }
    }

    fn rule(&mut self, node: &Node<'_>) {
        let Some(table) = self.table(node, "rules") else { return };
        let faults_before = self.wrong.len();
        let (mut fields, mut treatment, mut app_volume) = (None, None, None);
        let mut app = AppChoice::default();
        for (key, node) in table {
            match key.get_ref().as_ref() {
                "match" => fields = self.fields(node),
                "treatment" => treatment = self.treatment(node, "rules.treatment"),
                "app_volume" => match node.get_ref() {
                    DeValue::Boolean(on) => app_volume = Some(*on),
                    other => {
                        let what = format!(
                            "rules.app_volume cannot be {}: it takes true or false",
                            found(other)
                        );
                        self.fault(&node.span(), "rules.app_volume", what);
                    }
                },
                old if renamed::rule_key(old).is_some() => {
                    let new = renamed::rule_key(old).unwrap_or_default();
                    let what = format!("rules.{old} is now rules.{new}");
                    self.fault(&key.span(), &format!("rules.{old}"), migrate_hint(&what));
                }
                key @ ("offset_db" | "strength" | "ducks_others_db") => {
                    self.app(node, key, &mut app);
                }
                name => {
                    let known = RULE.map(|key| format!("rules.{key}"));
                    let known: Vec<_> = known.iter().map(String::as_str).collect();
                    self.unknown(&key.span(), &format!("rules.{name}"), &known);
                }
            }
        }
        let missing = |key: &str| !table.keys().any(|known| known.get_ref() == key);
        if missing("match") {
            let what = "this rule has no match, so it matches nothing: name at least one of "
                .to_owned()
                + &quoted(MATCH_FIELDS)
                + ", or use unmatched.treatment for every other stream";
            self.fault(&node.span(), "rules.match", what);
        }
        // One of an earlier version has been told already.
        if missing("treatment") && missing("route") {
            let what =
                format!("this rule has no treatment: it takes {}", alternatives(Treatment::ALL));
            self.fault(&node.span(), "rules.treatment", what);
        }
        if self.wrong.len() == faults_before
            && let (Some(fields), Some(treatment)) = (fields, treatment)
        {
            let origin = self.origin(&node.span());
            let rule = Rule::new(fields, treatment, app_volume, app, origin);
            self.draft.rules.push(Arc::new(rule));
        }
    }

    /// Reads what a rule says of an application's own chain.
    fn app(&mut self, node: &Node<'_>, key: &str, app: &mut AppChoice) {
        let refused = if let Some(value) = scalar(node.get_ref()) {
            app.set(key, &value).err().map(|error| error.to_string())
        } else {
            let info = APP_SETTINGS.iter().find(|info| info.key == key);
            let accepted = info.map_or_else(String::new, |info| info.kind.accepted());
            Some(format!("{key} cannot be {}: it takes {accepted}", found(node.get_ref())))
        };
        if let Some(what) = refused {
            self.fault(&node.span(), &format!("rules.{key}"), format!("rules.{what}"));
        }
    }

    fn fields(&mut self, node: &Node<'_>) -> Option<Vec<(&'static str, Vec<String>)>> {
        let table = self.table(node, "rules.match")?;
        if table.is_empty() {
            let what = format!(
                "this rule's match is empty, so it matches nothing: name at least one of {}, or use \
                 unmatched.treatment for every other stream",
                quoted(MATCH_FIELDS)
            );
            self.fault(&node.span(), "rules.match", what);
        }
        for key in table.keys() {
            let name = key.get_ref().as_ref();
            if !MATCH_FIELDS.contains(&name) {
                let known = MATCH_FIELDS.map(|field| format!("rules.match.{field}"));
                let known: Vec<_> = known.iter().map(String::as_str).collect();
                self.unknown(&key.span(), &format!("rules.match.{name}"), &known);
            }
        }
        // In the schema's order, so that evidence comes in it.
        let mut fields = Vec::new();
        for field in MATCH_FIELDS {
            let Some((_, node)) = table.iter().find(|(key, _)| key.get_ref() == field) else {
                continue;
            };
            fields.push((field, self.patterns(node, field)?));
        }
        Some(fields)
    }

    fn patterns(&mut self, node: &Node<'_>, field: &str) -> Option<Vec<String>> {
        let key = format!("rules.match.{field}");
        let accepted = "a list of patterns, such as [\"mpd\", \"*.exe\"]";
        let Some(list) = node.get_ref().as_array() else {
            let what = format!("{key} cannot be {}: it takes {accepted}", found(node.get_ref()));
            self.fault(&node.span(), &key, what);
            return None;
        };
        if list.is_empty() {
            let what = format!(
                "{key} is empty, so this rule matches nothing: name a pattern, or leave the key out"
            );
            self.fault(&node.span(), &key, what);
        }
        let mut patterns = Vec::new();
        for item in list {
            match item.get_ref() {
                DeValue::String(text) if text.trim().is_empty() => {
                    let what = format!(
                        "{key} has an empty pattern, which matches nothing: \"*\" matches any value"
                    );
                    self.fault(&item.span(), &key, what);
                }
                DeValue::String(text) => patterns.push(text.clone().into_owned()),
                other => {
                    let what =
                        format!("{key} cannot have {} in it: it takes {accepted}", found(other));
                    self.fault(&item.span(), &key, what);
                }
            }
        }
        Some(patterns)
    }

    fn treatment(&mut self, node: &Node<'_>, key: &str) -> Option<Treatment> {
        self.word(node, key, Treatment::ALL)?.parse().ok()
    }

    /// Returns one of some words.
    fn word(&mut self, node: &Node<'_>, key: &str, words: &[&str]) -> Option<String> {
        let text = node.get_ref().as_str().filter(|text| words.contains(text));
        if text.is_none() {
            let accepted = alternatives(words);
            let what = format!("{key} cannot be {}: it takes {accepted}", found(node.get_ref()));
            self.fault(&node.span(), key, what);
        }
        text.map(str::to_owned)
    }

    fn string(&mut self, node: &Node<'_>, key: &str, accepted: &str) -> Option<String> {
        let text = node.get_ref().as_str().map(str::to_owned);
        if text.is_none() {
            let what = format!(
                "{key} cannot be {}: it takes {accepted}, in quotes",
                found(node.get_ref())
            );
            self.fault(&node.span(), key, what);
        }
        text
    }

    fn table<'t, 'i>(&mut self, node: &'t Node<'i>, key: &str) -> Option<&'t DeTable<'i>> {
        let table = node.get_ref().as_table();
        if table.is_none() {
            let what = format!("{key} cannot be {}: it is a table", found(node.get_ref()));
            self.fault(&node.span(), key, what);
        }
        table
    }

    fn unknown(&mut self, span: &Span<usize>, key: &str, known: &[&str]) {
        // Those of the same section are what somebody most likely looked for.
        let section = key.rsplit_once('.').map(|(section, _)| format!("{section}."));
        let near = near(key, known.iter().copied());
        let what = if near.is_empty() {
            let here =
                |known: &&str| section.as_ref().is_none_or(|section| known.starts_with(section));
            let there = quoted(known.iter().copied().filter(|known| here(known)));
            format!("there is no key '{}': there are {there}", shown(key))
        } else {
            format!("there is no key '{}': near it is {}", shown(key), quoted(near))
        };
        self.fault(span, &shown(key), what);
    }
}

/// Returns a value that a setting might take.
fn scalar(value: &DeValue<'_>) -> Option<Value> {
    match value {
        DeValue::Boolean(on) => Some(Value::Switch(*on)),
        DeValue::String(word) => Some(Value::Word(word.clone().into_owned())),
        DeValue::Float(number) => number.as_str().parse().ok().map(Value::Number),
        DeValue::Integer(number) => {
            let number = i128::from_str_radix(number.as_str(), number.radix()).ok()?;
            Some(Value::Number(number as f64))
        }
        DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

/// Says of a key of an earlier version what to do.
/// Returns words as they stand in a file, to choose from.
fn alternatives(words: &[&str]) -> String {
    words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(" or ")
}

fn migrate_hint(what: &str) -> String {
    format!("{what}; `headroom profile migrate FILE` rewrites the file")
}

/// Names a value as it was found.
fn found(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("\"{}\"", shown(text)),
        DeValue::Integer(number) => shown(&number.to_string()),
        DeValue::Float(number) => shown(number.as_str()),
        DeValue::Boolean(on) => on.to_string(),
        DeValue::Datetime(_) => "a date or time".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}
