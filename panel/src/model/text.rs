//! Strings that applications chose, made safe to show.
//!
//! Applications name themselves and what they play as they like. Line breaks would break rows apart, and
//! bidirectional overrides would rearrange the line that they stand in. Whoever shows these strings must still
//! show them as plain text: markup in them is not taken away.

/// Replaces control characters, line and paragraph separators, and bidirectional or invisible format
/// characters by escapes such as `\u{202e}` that show what was there.
///
/// The escapes are for reading, not for parsing: a backslash stays as it is.
pub fn visible(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        if is_active(character) {
            safe.extend(character.escape_default());
        } else {
            safe.push(character);
        }
    }
    safe
}

/// Like [`visible`], but lets line breaks pass: for sentences, which may be several lines.
pub fn visible_lines(text: &str) -> String {
    text.split('\n').map(visible).collect::<Vec<_>>().join("\n")
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
        // The joiners are part of words in Persian, and of emoji.
        for text in
            ["Firefox", "Größe – 東京 🎵", "C:\\music", "", "می\u{200c}خواهم", "👩\u{200d}🚀"]
        {
            assert_eq!(visible(text), text);
        }
    }

    #[test]
    fn what_would_rearrange_a_line_is_shown_instead() {
        assert_eq!(visible("a\u{202e}b\nc\u{0}\t"), "a\\u{202e}b\\nc\\u{0}\\t");
        assert_eq!(visible("\u{1b}[2J\u{2066}x\u{2028}"), "\\u{1b}[2J\\u{2066}x\\u{2028}");
    }

    #[test]
    fn lines_stay_lines() {
        assert_eq!(visible_lines("a\n\u{1b}c\n"), "a\n\\u{1b}c\n");
    }

    #[test]
    fn markup_is_text_like_any_other() {
        assert_eq!(visible("<b>&amp;</b>"), "<b>&amp;</b>");
    }
}
