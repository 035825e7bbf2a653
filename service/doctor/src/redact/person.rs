//! Who uses this machine, and how that shows in texts.

use super::{Kind, folded, stands_at};

/// What is known of the person and the machine.
#[derive(Clone, Debug, Default)]
pub(crate) struct Person {
    /// Login names.
    pub(crate) users: Vec<String>,
    /// Words of the person's own name.
    pub(crate) names: Vec<String>,
    /// Home folders, without a slash at the end.
    pub(crate) homes: Vec<String>,
    /// Names of the machine, with and without its domain.
    pub(crate) hosts: Vec<String>,
    /// Numbers by which the machine is known, such as its machine id.
    pub(crate) ids: Vec<String>,
}

impl Person {
    /// Returns a text without the person's and the machine's names.
    pub(super) fn hidden(&self, text: &str, mark: &mut impl FnMut(Kind, &str) -> char) -> String {
        let users = self.users.iter().map(|name| (Kind::User, name));
        let names = self.names.iter().map(|name| (Kind::User, name));
        let hosts = self.hosts.iter().map(|name| (Kind::Host, name));
        let ids = self.ids.iter().map(|name| (Kind::Id, name));
        let mut all: Vec<(Kind, &String)> = hosts.chain(users).chain(names).chain(ids).collect();
        all.sort_by_key(|(_, name)| std::cmp::Reverse(name.chars().count()));
        let mut text = text.to_owned();
        for (kind, name) in all {
            text = without(&text, name, || mark(kind, name));
        }
        text
    }
}

/// Returns a text without a name, wherever no letter stands before it; an "s" may follow it.
fn without(text: &str, name: &str, mut mark: impl FnMut() -> char) -> String {
    let needle: Vec<char> = name.chars().map(folded).collect();
    if needle.is_empty() {
        return text.to_owned();
    }
    let letters: Vec<char> = text.chars().collect();
    let lower: Vec<char> = letters.iter().copied().map(folded).collect();
    let possessive: Vec<char> = needle.iter().copied().chain(['s']).collect();
    let mut result = String::with_capacity(text.len());
    let mut at = 0;
    while at < letters.len() {
        let length = [&needle, &possessive]
            .into_iter()
            .find(|needle| stands_as_name(&lower, at, needle))
            .map(Vec::len);
        if let Some(length) = length {
            result.push(mark());
            at += length;
        } else {
            result.push(letters[at]);
            at += 1;
        }
    }
    result
}

/// Like [`stands_at`], but digits and underscores end a name as well; a very short one needs a sign
/// that it is a name.
fn stands_as_name(text: &[char], at: usize, needle: &[char]) -> bool {
    if !text[at..].starts_with(needle) {
        return false;
    }
    let before = at.checked_sub(1).and_then(|before| text.get(before));
    let after = text.get(at + needle.len());
    if needle.len() < super::SHORTEST {
        let is_sign =
            |letter: Option<&char>| letter.is_some_and(|letter| "/@=:'\"[]".contains(*letter));
        return stands_at(text, at, needle) && (is_sign(before) || is_sign(after));
    }
    let is_letter = |letter: Option<&char>| letter.is_some_and(|letter| letter.is_alphabetic());
    !is_letter(before) && !is_letter(after)
}
