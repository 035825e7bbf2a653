//! Text made to fit: escaped, measured in columns, cut or wrapped.

use unicode_width::UnicodeWidthStr as _;

use headroom_api::visible;

/// Returns the columns that a text takes on a terminal.
pub(crate) fn columns(text: &str) -> usize {
    text.width()
}

/// Returns the text, escaped, within a number of columns; an ellipsis stands where something was cut.
pub(crate) fn cut(text: &str, limit: usize) -> String {
    let text = visible(text);
    if columns(&text) <= limit {
        return text.into_owned();
    }
    let mut kept = String::new();
    for character in text.chars() {
        kept.push(character);
        if columns(&kept) + 1 > limit {
            kept.pop();
            break;
        }
    }
    // Some pairs are wider together than alone.
    while columns(&kept) + 1 > limit && kept.pop().is_some() {}
    if limit > 0 {
        kept.push('…');
    }
    kept
}

/// Returns the text, escaped, as lines within a number of columns, broken between words where it can be.
pub(crate) fn wrap(text: &str, limit: usize) -> Vec<String> {
    let limit = limit.max(1);
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        for word in visible(paragraph).split(' ') {
            let gap = usize::from(!line.is_empty());
            if columns(&line) + gap + columns(word) <= limit {
                line.extend((gap == 1).then_some(' '));
                line.push_str(word);
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            for character in word.chars() {
                let end = line.len();
                line.push(character);
                // Measured together: some pairs are wider than their parts.
                if columns(&line) > limit && end > 0 {
                    line.truncate(end);
                    lines.push(std::mem::replace(&mut line, character.into()));
                }
            }
        }
        lines.push(line);
    }
    lines
}

/// Returns a level or gain as text, without its unit; silence is a dash.
pub(crate) fn db(value_db: f64) -> String {
    if value_db <= headroom_api::FLOOR_DB {
        "-".to_owned()
    } else {
        format!("{:.1}", crate::output::round_db(value_db, 1))
    }
}

/// Returns a gain as text, with its sign; no gain is 0.0.
pub(crate) fn gain_db(value_db: f64) -> String {
    let value_db = crate::output::round_db(value_db, 1);
    if value_db > 0.0 { format!("+{value_db:.1}") } else { format!("{value_db:.1}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(cut("東京都", 6), "東京都");
        assert_eq!(cut("東京都", 5), "東京…");
        assert_eq!(cut("東京都", 4), "東…");
        assert_eq!(cut("ab", 1), "…");
        assert_eq!(cut("ab", 0), "");
    }

    #[test]
    fn nothing_cut_is_ever_too_wide() {
        for text in [
            "a\u{1b}[2Jb",
            "❤\u{fe0f}❤\u{fe0f}❤\u{fe0f}",
            "e\u{301}e\u{301}",
            "👨\u{200d}👩",
            "größe",
        ] {
            for limit in 0..12 {
                assert!(columns(&cut(text, limit)) <= limit, "{text:?} in {limit}");
                assert!(wrap(text, limit).iter().all(|line| columns(line) <= limit.max(2)));
            }
        }
    }

    #[test]
    fn lines_break_between_words_and_long_words_anywhere() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh ij", 3), ["abc", "def", "gh", "ij"]);
        assert_eq!(wrap("a\nb", 9), ["a", "b"]);
        assert_eq!(wrap("", 9), [""]);
    }

    #[test]
    fn numbers_have_one_decimal_and_no_negative_zero() {
        assert_eq!(db(-0.04), "0.0");
        assert_eq!(db(-120.0), "-");
        assert_eq!(gain_db(3.21), "+3.2");
        assert_eq!(gain_db(-0.01), "0.0");
    }
}
