//! Names that somebody may have meant.

/// How alike two names must be, from 0 to 1.
const ALIKE: f64 = 0.8;
const MOST: usize = 3;

/// Returns the names in `known` that are most like `name`, best first; of dotted names the last parts count.
pub(crate) fn near<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let name = name.to_lowercase();
    let last = last_part(&name);
    let mut scored: Vec<(f64, &str)> = known
        .into_iter()
        .map(|candidate| {
            // A section that both share must not make all of its keys alike; what stands in the wrong section
            // is found all the same.
            let part = strsim::jaro_winkler(last, last_part(candidate));
            let elsewhere = section(&name) != section(candidate);
            (if elsewhere { 0.97 * part } else { part }, candidate)
        })
        .filter(|(score, _)| *score >= ALIKE)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    let best = scored.first().map_or(0.0, |(score, _)| *score);
    // What is far worse than the best is noise beside it.
    scored
        .into_iter()
        .take_while(|(score, _)| *score > best - 0.06)
        .map(|(_, c)| c)
        .take(MOST)
        .collect()
}

fn last_part(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(_, last)| last)
}

fn section(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(section, _)| section)
}

/// Returns a text of somebody else's as it can be shown: escaped, and not without end.
pub(crate) fn shown(text: &str) -> String {
    const MOST_SHOWN: usize = 80;
    let mut shown: String = text.chars().take(MOST_SHOWN).flat_map(char::escape_debug).collect();
    if text.chars().nth(MOST_SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

/// Joins names as a person lists them, each in quotes.
pub(crate) fn quoted<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_and_a_wrong_section_are_both_understood() {
        let known = ["leveller.target_lufs", "limiter.ceiling_dbtp", "compressor.ratio"];
        assert_eq!(near("leveller.target", known), ["leveller.target_lufs"]);
        assert_eq!(near("leveller.ceiling_dbtp", known)[0], "limiter.ceiling_dbtp");
        assert_eq!(near("Compresor.Ratio", known), ["compressor.ratio"]);
        assert!(near("zzz", known).is_empty());
    }

    #[test]
    fn what_is_shown_has_an_end_and_no_control_characters() {
        assert_eq!(shown("a\nb"), "a\\nb");
        assert_eq!(shown(&"ü".repeat(1000)).chars().count(), 81);
    }
}
