//! Strings that applications chose, made safe to print.
//!
//! An application names itself as it likes. Control characters would let it drive the terminal, and
//! bidirectional overrides would let it rearrange the line it stands in.

use std::borrow::Cow;

/// Replaces what a terminal would act on by escapes that show what was there.
///
/// Control characters (C0, DEL, C1), line and paragraph separators, and bidirectional or invisible
/// format characters become `\u{..}`; a backslash stays, so the text is for reading and not
/// for parsing (that is what JSON is for).
pub fn escape(text: &str) -> Cow<'_, str> {
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

/// Like [`escape`], but lets line breaks and tabs pass: for text of several lines.
pub fn escape_lines(text: &str) -> String {
    text.split('\n')
        .map(|line| line.split('\t').map(escape).collect::<Vec<_>>().join("\t"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Returns the number of columns that the text is assumed to take: one for each character.
pub fn width(text: &str) -> usize {
    text.chars().count()
}

/// Shortens to `columns`, with an ellipsis where something was cut.
pub fn shorten(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let mut cut: String = text.chars().take(columns.saturating_sub(1)).collect();
    cut.push('…');
    Cow::Owned(cut)
}

fn is_active(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{00ad}'
                | '\u{061c}'
                | '\u{200b}'..='\u{200f}'
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
        for text in ["Firefox", "Größe – 東京 🎵", "C:\\music", ""] {
            assert_eq!(escape(text), text);
        }
    }

    #[test]
    fn nothing_that_drives_a_terminal_gets_through() {
        let hostile = "a\u{1b}[2Jb\u{7}c\rd\ne\u{9b}31mf\u{202e}g\u{7f}h\u{0}\t\u{200b}";
        let safe = escape(hostile);
        assert!(!safe.chars().any(is_active), "{safe}");
        assert!(safe.starts_with("a\\u{1b}[2Jb\\u{7}c\\rd\\ne\\u{9b}31mf\\u{202e}g"));
    }

    #[test]
    fn lines_stay_lines() {
        assert_eq!(escape_lines("a\tb\n\u{1b}c\n"), "a\tb\n\\u{1b}c\n");
    }

    #[test]
    fn shortening_counts_characters() {
        assert_eq!(shorten("größer", 6), "größer");
        assert_eq!(shorten("größeres", 6), "größe…");
    }
}
