//! What was seen of each preset, for a person.

use std::time::Duration;

/// What was seen of a preset.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) preset: String,
    pub(crate) files: u64,
    pub(crate) supervisor: String,
    pub(crate) limited_dbtp: f64,
    pub(crate) back_after: Duration,
    pub(crate) broken: String,
    pub(crate) home_diff: Vec<String>,
    pub(crate) wireplumber_diff: Vec<String>,
}

/// Prints a row, and wants nothing to be left.
pub(crate) fn print(row: &Row) {
    let difference = |diff: &[String]| {
        if diff.is_empty() { "none".to_owned() } else { diff.join("; ") }
    };
    println!(
        "preset {}: {} files; played {:+.2} dBTP; killed, back by {} after {:.2} s; broken: \"{}\", repaired; removed: home diff {}, \
         WirePlumber diff {}",
        row.preset,
        row.files,
        row.limited_dbtp,
        row.supervisor,
        row.back_after.as_secs_f64(),
        row.broken,
        difference(&row.home_diff),
        difference(&row.wireplumber_diff),
    );
    assert!(row.home_diff.is_empty() && row.wireplumber_diff.is_empty(), "{row:#?}");
}
