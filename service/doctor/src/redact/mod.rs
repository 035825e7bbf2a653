//! Takes out of a text what is a person's own: names, titles, devices, addresses, folders.
//!
//! Pure. What is hidden becomes a placeholder that stays the same throughout a report. Known values are
//! hidden wherever they stand; what only looks personal is hidden by its form. In doubt it is hidden.

mod form;
mod path;
mod person;

use std::collections::BTreeMap;

use headroom_api::visible;

pub(super) use self::{form::is_program_name, person::Person};

/// First of the characters that stand for placeholders while a text is worked on (Plane 15, private use).
const FIRST_MARK: u32 = 0xF_0000;
/// Number of them.
const MARKS: u32 = 0xFFFD;
/// Shortest value that is looked for in texts.
const SHORTEST: usize = 3;
/// Words that say nothing about anybody, though a device or a title may be called so.
const COMMON: [&str; 14] = [
    "active",
    "audio",
    "bypass",
    "default",
    "device",
    "headroom",
    "music",
    "none",
    "output",
    "pipewire",
    "playback",
    "processed",
    "running",
    "wireplumber",
];

/// What is hidden, as its placeholder names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    User,
    Home,
    Host,
    Device,
    Title,
    Application,
    Profile,
    Ip,
    Hardware,
    Mail,
    Address,
    Path,
    Id,
    Text,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Home => "home",
            Self::Host => "host",
            Self::Device => "device",
            Self::Title => "title",
            Self::Application => "app",
            Self::Profile => "profile",
            Self::Ip => "ip",
            Self::Hardware => "mac",
            Self::Mail => "mail",
            Self::Address => "url",
            Self::Path => "path",
            Self::Id => "id",
            Self::Text => "text",
        }
    }

    /// Says what was hidden, in a list.
    pub(super) const fn plural(self) -> &'static str {
        match self {
            Self::User => "user name",
            Self::Home => "home folder",
            Self::Host => "host name",
            Self::Device => "devices",
            Self::Title => "titles of media",
            Self::Application => "unusual application names",
            Self::Profile => "names of your own profiles",
            Self::Ip => "IP addresses",
            Self::Hardware => "hardware addresses",
            Self::Mail => "mail addresses",
            Self::Address => "URLs",
            Self::Path => "paths",
            Self::Id => "serial numbers",
            Self::Text => "quoted texts",
        }
    }

    /// Returns whether there is but one of them, so that it has no number.
    const fn is_single(self) -> bool {
        matches!(self, Self::User | Self::Home | Self::Host)
    }
}

/// Hides what is a person's own, and remembers what it hid.
#[derive(Debug)]
pub(super) struct Redactor {
    person: Person,
    /// Values by placeholder, in the order of their marks.
    hidden: Vec<(Kind, String, usize)>,
    /// Values to look for in texts, with their marks; the longest first.
    known: Vec<(Vec<char>, char)>,
}

impl Redactor {
    pub(super) fn new(person: Person) -> Self {
        Self { person, hidden: Vec::new(), known: Vec::new() }
    }

    /// Hides a value as a whole, here and wherever else it stands; an empty one stays empty.
    pub(super) fn hide(&mut self, kind: Kind, value: &str) -> String {
        if value.trim().is_empty() {
            return String::new();
        }
        let needle: Vec<char> = tidy(value.trim()).chars().map(folded).collect();
        let known = self.known.iter().find(|(known, _)| *known == needle).map(|(_, mark)| *mark);
        let mark = known.unwrap_or_else(|| self.know(kind, value));
        self.reveal(&mark.to_string())
    }

    /// Learns a value that is to be hidden wherever it stands.
    pub(super) fn know(&mut self, kind: Kind, value: &str) -> char {
        let mark = self.mark(kind, &tidy(value.trim()));
        self.alias(mark, value);
        mark
    }

    /// Learns values that name one and the same thing, so that they get one placeholder.
    pub(super) fn know_all(&mut self, kind: Kind, values: &[String]) {
        let known = values.iter().find_map(|value| {
            let needle: Vec<char> = tidy(value.trim()).chars().map(folded).collect();
            let (_, mark) = self.known.iter().find(|(known, _)| *known == needle)?;
            Some(*mark)
        });
        let Some(mark) = known.or_else(|| Some(self.know(kind, values.first()?))) else { return };
        for value in values {
            self.alias(mark, value);
        }
    }

    /// Lets a value stand for a mark.
    fn alias(&mut self, mark: char, value: &str) {
        let value = tidy(value.trim());
        let needle: Vec<char> = value.chars().map(folded).collect();
        let is_common = COMMON.iter().any(|word| value.eq_ignore_ascii_case(word));
        if needle.len() >= SHORTEST
            && !is_common
            && !self.known.iter().any(|(known, _)| *known == needle)
        {
            let place = self.known.partition_point(|(known, _)| known.len() >= needle.len());
            self.known.insert(place, (needle, mark));
        }
    }

    /// Returns a text without what is a person's own.
    pub(super) fn text(&mut self, text: &str) -> String {
        let mut text = self.without_known(&tidy(text));
        let person = self.person.clone();
        text = form::quoted(&text, &person.homes, &mut |kind, value| self.mark(kind, value));
        text = path::paths(&text, &person.homes, &mut |kind, value| self.mark(kind, value));
        text = person.hidden(&text, &mut |kind, value| self.mark(kind, value));
        text = form::tokens(&text, &mut |kind, value| self.mark(kind, value));
        self.reveal(&text)
    }

    /// Returns a word that may stay if nothing in it is a person's own: lower case, digits and points.
    pub(super) fn word(&mut self, kind: Kind, value: &str) -> String {
        let is_free = form::is_plain(value) && self.text(value) == value;
        if is_free { value.to_owned() } else { self.hide(kind, value) }
    }

    /// Returns how many different values of each kind were hidden.
    pub(super) fn counts(&self) -> BTreeMap<Kind, usize> {
        let mut counts = BTreeMap::new();
        for (kind, _, uses) in &self.hidden {
            if *uses > 0 {
                *counts.entry(*kind).or_default() += 1;
            }
        }
        counts
    }

    fn without_known(&mut self, text: &str) -> String {
        let letters: Vec<char> = text.chars().collect();
        let lower: Vec<char> = letters.iter().copied().map(folded).collect();
        let mut result = String::with_capacity(text.len());
        let mut at = 0;
        while at < letters.len() {
            let found = self.known.iter().find(|(needle, _)| stands_at(&lower, at, needle));
            if let Some((needle, mark)) = found {
                result.push(*mark);
                at += needle.len();
            } else {
                result.push(letters[at]);
                at += 1;
            }
        }
        result
    }

    /// Returns the mark of a value; the same one for the same value.
    fn mark(&mut self, kind: Kind, value: &str) -> char {
        let is_same = |(known, old, _): &(Kind, String, usize)| {
            *known == kind && (kind.is_single() || old.eq_ignore_ascii_case(value))
        };
        let index = self.hidden.iter().position(is_same).unwrap_or_else(|| {
            self.hidden.push((kind, value.to_owned(), 0));
            self.hidden.len() - 1
        });
        // With more values than marks, the last one stands for all the rest.
        let offset = u32::try_from(index).unwrap_or(MARKS).min(MARKS - 1);
        char::from_u32(FIRST_MARK + offset).expect("the range is one of characters")
    }

    /// Replaces marks by placeholders.
    fn reveal(&mut self, text: &str) -> String {
        let mut result = String::with_capacity(text.len());
        for letter in text.chars() {
            if is_mark(letter) {
                let index = (u32::from(letter) - FIRST_MARK) as usize;
                result.push_str(&self.placeholder(index));
                if let Some((_, _, uses)) = self.hidden.get_mut(index) {
                    *uses += 1;
                }
            } else {
                result.push(letter);
            }
        }
        result
    }

    fn placeholder(&self, index: usize) -> String {
        let Some((kind, _, _)) = self.hidden.get(index) else { return "<hidden>".to_owned() };
        if kind.is_single() {
            return format!("<{}>", kind.word());
        }
        let number = self.hidden[..=index].iter().filter(|(other, _, _)| other == kind).count();
        format!("<{}-{number}>", kind.word())
    }
}

/// Escapes what drives a terminal, and takes out the characters that are marks.
fn tidy(text: &str) -> String {
    visible(text).replace(is_mark, "\u{fffd}")
}

fn is_mark(letter: char) -> bool {
    (FIRST_MARK..FIRST_MARK + MARKS).contains(&u32::from(letter))
}

/// Folds the case, as far as one character stays one.
fn folded(letter: char) -> char {
    let mut lower = letter.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(lower), None) => lower,
        _ => letter,
    }
}

/// Returns whether a value stands at a place, and not within a longer word.
fn stands_at(text: &[char], at: usize, needle: &[char]) -> bool {
    if !text[at..].starts_with(needle) {
        return false;
    }
    let joins = |a: Option<&char>, b: Option<&char>| {
        a.zip(b).is_some_and(|(a, b)| a.is_alphanumeric() && b.is_alphanumeric())
    };
    let before = at.checked_sub(1).and_then(|before| text.get(before));
    let after = text.get(at + needle.len());
    !joins(before, needle.first()) && !joins(needle.last(), after)
}

#[cfg(test)]
mod tests;
