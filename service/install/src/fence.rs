//! Lines of ours in somebody else's file, between two markers. Pure: bytes in, bytes out.

/// First line of a block.
const BEGIN: &[u8] = b"# >>> headroom install >>>\n";
/// Last line of a block.
const END: &[u8] = b"# <<< headroom install <<<\n";

/// How a block stands in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fenced {
    /// There are no markers.
    Absent,
    /// It is there as we wrote it.
    Whole,
    /// The markers are there, one of them at least, and what is between them is not ours.
    Changed,
}

/// Returns lines with their markers around them.
pub(crate) fn block(lines: &str) -> String {
    let (begin, end) = (String::from_utf8_lossy(BEGIN), String::from_utf8_lossy(END));
    format!("{begin}{lines}{end}")
}

/// Returns how a block stands in a text.
pub(crate) fn find(text: &[u8], block: &str) -> Fenced {
    let marker = |marker: &[u8]| position(text, marker.trim_ascii_end()).is_some();
    if position(text, block.as_bytes()).is_some() {
        Fenced::Whole
    } else if marker(BEGIN) || marker(END) {
        Fenced::Changed
    } else {
        Fenced::Absent
    }
}

/// Appends a block; a last line without an end gets one.
pub(crate) fn append(text: &[u8], block: &str) -> Vec<u8> {
    let mut new = text.to_vec();
    if needs_newline(text) {
        new.push(b'\n');
    }
    new.extend_from_slice(block.as_bytes());
    new
}

/// Returns whether [`append`] has to end a line first.
pub(crate) fn needs_newline(text: &[u8]) -> bool {
    !text.is_empty() && !text.ends_with(b"\n")
}

/// Returns the text without the block, or `None` when it is not there whole.
///
/// `glued` says that [`append`] ended a line: that is taken back, unless something follows now.
pub(crate) fn cut(text: &[u8], block: &str, glued: bool) -> Option<Vec<u8>> {
    let start = position(text, block.as_bytes())?;
    let (head, tail) = (&text[..start], &text[start + block.len()..]);
    let head = match head.strip_suffix(b"\n") {
        Some(shorter) if glued && tail.is_empty() => shorter,
        _ => head,
    };
    Some([head, tail].concat())
}

/// Returns the text with another block in the place of this one, or `None` when it is not there whole.
pub(crate) fn exchange(text: &[u8], old: &str, new: &str) -> Option<Vec<u8>> {
    let start = position(text, old.as_bytes())?;
    Some([&text[..start], new.as_bytes(), &text[start + old.len()..]].concat())
}

fn position(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ours() -> String {
        block("PATH=x\n")
    }

    #[test]
    fn a_changed_block_is_not_ours_any_more() {
        let text = append(b"a\n", &ours());
        assert_eq!(find(&text, &ours()), Fenced::Whole);
        assert_eq!(find(b"a\n", &ours()), Fenced::Absent);
        let changed = String::from_utf8(text).unwrap().replace("PATH=x", "PATH=y");
        assert_eq!(find(changed.as_bytes(), &ours()), Fenced::Changed);
        assert_eq!(cut(changed.as_bytes(), &ours(), false), None);
        assert_eq!(find(BEGIN, &ours()), Fenced::Changed, "half of a fence");
    }

    #[test]
    fn what_was_written_behind_the_block_stays() {
        let mut text = append(b"a", &ours());
        text.extend_from_slice(b"b\n");
        assert_eq!(cut(&text, &ours(), true).unwrap(), b"a\nb\n");
    }

    #[test]
    fn a_block_is_exchanged_in_its_place() {
        let mut text = append(b"a\n", &ours());
        text.extend_from_slice(b"b\n");
        let new = block("PATH=z\n");
        let text = exchange(&text, &ours(), &new).unwrap();
        assert_eq!(find(&text, &new), Fenced::Whole);
        assert_eq!(cut(&text, &new, false).unwrap(), b"a\nb\n");
    }

    proptest! {
        #[test]
        fn cutting_takes_back_appending(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            let glued = needs_newline(&text);
            let edited = append(&text, &ours());
            prop_assert_eq!(cut(&edited, &ours(), glued), Some(text));
        }
    }
}
