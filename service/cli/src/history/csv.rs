//! Catches as comma-separated values (RFC 4180), for a spreadsheet.

use headroom_api::{CatchRow, visible};
use jiff::Zoned;

use super::time::zoned;

/// Returns a heading and a line for each catch, the oldest first; times are local, with their offset.
pub(super) fn catches(rows: &[CatchRow], now: &Zoned) -> String {
    let mut text = "begin,end,held_s,app,device,loudness_in_lufs,loudness_out_lufs,peak_in_dbfs,gain_db,by\r\n".to_owned();
    for row in rows.iter().rev() {
        let time = |usec| zoned(usec, now).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
        let level = |db: f64| format!("{db:.2}");
        let fields = [
            time(row.begin_usec),
            time(row.end_usec),
            level(row.held_s),
            field(&row.app),
            field(&row.device),
            level(row.loudness_in_lufs),
            level(row.loudness_out_lufs),
            level(row.peak_in_dbfs),
            level(row.gain_db),
            field(row.by.as_str()),
        ];
        text.push_str(&fields.join(","));
        text.push_str("\r\n");
    }
    text
}

/// Text from outside: without control characters, quoted, and never a formula for a spreadsheet.
fn field(text: &str) -> String {
    let text = visible(text).replace('"', "\"\"");
    let guard = if text.starts_with(['=', '+', '-', '@']) { "'" } else { "" };
    format!("\"{guard}{text}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_is_neither_a_column_nor_a_formula() {
        let now: Zoned = "2026-11-28T17:30:00+01:00[Europe/Berlin]".parse().unwrap();
        let row = CatchRow {
            begin_usec: 1_800_000_000_000_000,
            app: "=HYPERLINK(\"x\"), \n".into(),
            loudness_in_lufs: -3.25,
            ..CatchRow::default()
        };
        let text = catches(&[row], &now);
        let line = text.lines().nth(1).unwrap();
        assert!(line.starts_with("2027-01-15T09:00:00+01:00,"), "{line}");
        assert!(line.contains("\"'=HYPERLINK(\"\"x\"\"), "), "{line}");
        assert_eq!(text.lines().count(), 2, "{text}");
    }
}
