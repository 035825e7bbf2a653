//! Hides what looks like a person's own by its form.

use std::net::IpAddr;

use super::{Kind, is_mark, path};

/// Longest word that may stay.
const LONGEST: usize = 48;
/// Fewest hexadecimal digits in a row that are taken for somebody's number.
const HEX_DIGITS: usize = 12;
/// Beginnings of the names that PipeWire gives to devices; what follows is a serial or an address.
const DEVICES: [&str; 7] = [
    "alsa_card.",
    "alsa_input.",
    "alsa_output.",
    "bluez_card.",
    "bluez_input.",
    "bluez_output.",
    "bluez_source.",
];
/// Fields of the log whose text in quotation marks is the service's or the system's own.
const OWN_FIELDS: [&str; 4] = ["reason=", "why=", "error=", "version="];

/// Returns whether a letter may be in a word that a program chose.
pub(super) fn is_word_letter(letter: char) -> bool {
    letter.is_ascii_lowercase() || letter.is_ascii_digit() || "._-+*@".contains(letter)
}

/// Returns whether a text is one word that a program chose: a key, a file, a number.
pub(super) fn is_plain(text: &str) -> bool {
    (1..=LONGEST).contains(&text.len()) && text.chars().all(is_word_letter)
}

/// Returns whether a name is one that a program would bear: two short words of plain letters at most.
pub(crate) fn is_program_name(name: &str) -> bool {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "._+- ".contains(letter);
    name.len() <= 32 && name.chars().all(is_plain) && (1..=2).contains(&name.split(' ').count())
}

/// Returns a text in which what stands in quotation marks is hidden, unless it is plain or a path.
pub(super) fn quoted(
    text: &str,
    homes: &[String],
    mark: &mut impl FnMut(Kind, &str) -> char,
) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((begin, quote)) = opening(rest, &result) {
        let after = &rest[begin + 1..];
        let Some(end) = closing(after, quote) else {
            // Whatever was begun here is not to be told from a text that was cut.
            result.push_str(&rest[..=begin]);
            rest = after;
            continue;
        };
        let inner = &after[..end];
        result.push_str(&rest[..=begin]);
        let is_hidden = inner.chars().count() == 1 && inner.chars().all(is_mark);
        let is_own = quote == '"' && OWN_FIELDS.iter().any(|field| rest[..begin].ends_with(field));
        if is_own {
            result.push_str(&quoted(inner, homes, mark));
        } else if inner.starts_with('/') {
            // In quotation marks it is known where a path ends, whatever blanks are in it.
            result.push_str(&path::shown(inner, homes, mark));
        } else if inner.is_empty() || is_hidden || is_plain(inner) {
            result.push_str(inner);
        } else {
            result.push(mark(Kind::Text, inner));
        }
        result.push(quote);
        rest = &after[end + 1..];
    }
    result.push_str(rest);
    result
}

fn opening(text: &str, before: &str) -> Option<(usize, char)> {
    text.match_indices(['\'', '"']).find_map(|(index, quote)| {
        let previous = text[..index].chars().next_back().or_else(|| before.chars().next_back());
        // Within a word it is an apostrophe.
        let is_open = previous.is_none_or(|letter| !letter.is_alphanumeric() && !is_mark(letter));
        is_open.then_some((index, quote.chars().next()?))
    })
}

fn closing(text: &str, quote: char) -> Option<usize> {
    text.match_indices(quote).map(|(index, _)| index).find(|index| {
        !text[index + 1..]
            .chars()
            .next()
            .is_some_and(|next| next.is_alphanumeric() || is_mark(next))
    })
}

/// Returns a text without addresses, device names and serial numbers.
pub(super) fn tokens(text: &str, mark: &mut impl FnMut(Kind, &str) -> char) -> String {
    let mut result = String::with_capacity(text.len());
    let is_between = |letter: char| letter.is_whitespace() || "'\"`()<>{},;|=".contains(letter);
    for piece in text.split_inclusive(is_between) {
        let token = piece.trim_end_matches(is_between);
        let (core, tail) = token.split_at(token.trim_end_matches(['.', ':', '!', '?']).len());
        match kind(core) {
            Some(kind) => result.push(mark(kind, core)),
            None => result.push_str(&without_numbers(core, mark)),
        }
        result.push_str(tail);
        result.push_str(&piece[token.len()..]);
    }
    result
}

/// Returns what a token is, when all of it is to be hidden.
fn kind(token: &str) -> Option<Kind> {
    let lower = token.to_ascii_lowercase();
    if token.contains("://") || lower.starts_with("www.") {
        return Some(Kind::Address);
    }
    if let Some((name, host)) = token.split_once('@')
        && !name.is_empty()
        && host.contains('.')
    {
        return Some(Kind::Mail);
    }
    if DEVICES.iter().any(|device| lower.starts_with(device)) {
        return Some(Kind::Device);
    }
    is_ip(token).then_some(Kind::Ip)
}

fn is_ip(token: &str) -> bool {
    let bare = token.trim_start_matches('[');
    let bare = bare.split(['/', '%', ']']).next().unwrap_or(bare);
    let without_port = bare.rsplit_once(':').map_or(bare, |(address, _)| address);
    [bare, without_port].iter().any(|text| {
        // A lone "::" is Rust's, and not an address.
        text.len() > 2 && text.parse::<IpAddr>().is_ok()
    })
}

/// Returns a token without hardware addresses and long numbers.
fn without_numbers(token: &str, mark: &mut impl FnMut(Kind, &str) -> char) -> String {
    let letters: Vec<char> = token.chars().collect();
    let mut result = String::with_capacity(token.len());
    let mut at = 0;
    while at < letters.len() {
        let is_begin = at == 0 || !letters[at - 1].is_ascii_alphanumeric();
        let (length, kind) = match is_begin {
            true if is_hardware_address(&letters[at..]) => (17, Kind::Hardware),
            true => (number(&letters[at..]), Kind::Id),
            false => (0, Kind::Id),
        };
        if length == 0 {
            result.push(letters[at]);
            at += 1;
        } else {
            let value: String = letters[at..at + length].iter().collect();
            result.push(mark(kind, &value));
            at += length;
        }
    }
    result
}

/// Returns whether six pairs of hexadecimal digits begin here, with one separator between them.
fn is_hardware_address(letters: &[char]) -> bool {
    let Some(address) = letters.get(..17) else { return false };
    let is_end = letters.get(17).is_none_or(|next| !next.is_ascii_alphanumeric());
    let is_right = |(index, letter): (usize, &char)| {
        if index % 3 == 2 { *letter == address[2] } else { letter.is_ascii_hexdigit() }
    };
    is_end && ":-_".contains(address[2]) && address.iter().enumerate().all(is_right)
}

/// Returns the length of the serial number that begins here; 0 when there is none.
///
/// It is a run of many hexadecimal digits, hyphens among them, or one of letters and digits mixed.
fn number(letters: &[char]) -> usize {
    let hex =
        letters.iter().take_while(|letter| letter.is_ascii_hexdigit() || **letter == '-').count();
    let digits = letters[..hex].iter().filter(|letter| letter.is_ascii_hexdigit()).count();
    let is_end = letters.get(hex).is_none_or(|next| !next.is_ascii_alphanumeric());
    let has_number = letters[..hex].iter().any(char::is_ascii_digit);
    if digits >= HEX_DIGITS && is_end && has_number && !is_time(&letters[..hex]) {
        return hex;
    }
    let mixed = letters.iter().take_while(|letter| letter.is_ascii_alphanumeric()).count();
    let run = &letters[..mixed];
    let is_serial = mixed >= HEX_DIGITS
        && run.iter().filter(|letter| letter.is_ascii_digit()).count() >= 4
        && run.iter().any(char::is_ascii_alphabetic);
    if is_serial { mixed } else { 0 }
}

/// Returns whether a number is a date, as in the log and in names of files that were set aside.
fn is_time(letters: &[char]) -> bool {
    letters.len() < 14
        && letters.iter().all(|letter| letter.is_ascii_digit() || *letter == '-')
        && letters.get(4) == Some(&'-')
}
