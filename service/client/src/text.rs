//! Text on a terminal: how wide it is, and cut to a width. What makes it safe is the api's
//! [`visible`](headroom_api::visible).

use std::borrow::Cow;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortening_counts_characters() {
        assert_eq!(shorten("größer", 6), "größer");
        assert_eq!(shorten("größeres", 6), "größe…");
    }
}
