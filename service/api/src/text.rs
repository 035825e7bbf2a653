//! Strings that other programs chose, made safe to show.
//!
//! Applications name themselves and what they play as they like. Control characters would drive a terminal, line
//! breaks would break rows apart, and bidirectional overrides would rearrange the line that they stand in. Whoever
//! shows these strings in markup must still show them as plain text.

use std::borrow::Cow;

/// Replaces control characters, line and paragraph separators, and bidirectional or invisible format characters by
/// escapes such as `\u{202e}` that show what was there.
///
/// The joiners U+200C and U+200D pass: they are part of words in Persian, and of emoji. The escapes are for reading,
/// not for parsing: a backslash stays as it is.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_active) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if is_active(character) {
            safe.extend(character.escape_default());
        } else {
            safe.push(character);
        }
    }
    Cow::Owned(safe)
}

/// Like [`visible`], but lets line breaks and tabs pass: for text of several lines.
pub fn visible_lines(text: &str) -> String {
    text.split('\n')
        .map(|line| line.split('\t').map(visible).collect::<Vec<_>>().join("\t"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Most characters of a foreign text in a sentence.
const MAX_QUOTED_CHARS: usize = 80;

/// Returns a foreign text as a sentence may quote it: safe to show, and of 80 characters at most.
pub fn quotable(text: &str) -> String {
    let short: String = text.chars().take(MAX_QUOTED_CHARS).collect();
    let more = if text.chars().nth(MAX_QUOTED_CHARS).is_some() { "…" } else { "" };
    format!("{}{more}", visible(&short))
}

/// Returns a foreign text as [`quotable`] does, in quotes.
pub fn quoted(text: &str) -> String {
    format!("'{}'", quotable(text))
}

fn is_active(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{00ad}'
                | '\u{061c}'
                | '\u{200b}'
                | '\u{200e}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_left_alone() {
        for text in ["Firefox", "Größe – 東京 🎵", "C:\\music", "", "<b>&amp;</b>"] {
            assert_eq!(visible(text), text);
        }
    }

    #[test]
    fn joiners_of_persian_and_emoji_pass() {
        for text in ["می\u{200c}خواهم", "👩\u{200d}🚀", "👨\u{200d}👩\u{200d}👧"] {
            assert_eq!(visible(text), text);
            assert_eq!(visible_lines(text), text);
        }
    }

    #[test]
    fn what_drives_a_terminal_or_rearranges_a_line_is_escaped() {
        let hostile =
            "a\u{1b}[2Jb\u{7}c\rd\ne\u{9b}31mf\u{202e}g\u{7f}h\u{0}\t\u{200b}\u{2066}\u{2028}";
        let safe = visible(hostile);
        assert!(!safe.chars().any(is_active), "{safe}");
        assert!(safe.starts_with("a\\u{1b}[2Jb\\u{7}c\\rd\\ne\\u{9b}31mf\\u{202e}g"));
    }

    #[test]
    fn quoted_text_is_short_and_safe() {
        assert_eq!(quoted("a\u{1b}b"), "'a\\u{1b}b'");
        assert_eq!(quotable(&"x".repeat(81)), format!("{}…", "x".repeat(80)));
    }

    #[test]
    fn lines_and_tabs_stay() {
        assert_eq!(visible_lines("a\tb\n\u{1b}c\n"), "a\tb\n\\u{1b}c\n");
    }
}
