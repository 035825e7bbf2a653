//! The end of the unit's journal, where there is one.

use serde_json::Value;

use super::unit::SERVICE_UNIT;
use crate::tools::run;

/// Number of entries that are asked for.
const LINES: &str = "80";

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Microseconds since 1970.
    pub(crate) usec: u64,
    pub(crate) message: String,
}

/// Reads the end of the journal; `None` without one.
pub(crate) async fn tail() -> Option<Vec<Line>> {
    let arguments = ["--user", "--no-pager", "--output=json", "-u", SERVICE_UNIT, "-n", LINES];
    Some(parse(&run("journalctl", &arguments).await?))
}

fn parse(text: &str) -> Vec<Line> {
    text.lines()
        .filter_map(|line| {
            let entry: Value = serde_json::from_str(line).ok()?;
            let usec = entry["__REALTIME_TIMESTAMP"].as_str()?.parse().ok()?;
            Some(Line { usec, message: message(&entry["MESSAGE"])? })
        })
        .collect()
}

/// Returns a message: text, or bytes where it is none.
fn message(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(bytes) => {
            let bytes: Vec<u8> =
                bytes.iter().filter_map(Value::as_u64).map(|byte| byte as u8).collect();
            Some(String::from_utf8_lossy(&bytes).into_owned())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_line_by_line_whatever_is_in_them() {
        let text = "{\"__REALTIME_TIMESTAMP\":\"7\",\"MESSAGE\":\"ready\"}\nnonsense\n\
                    {\"__REALTIME_TIMESTAMP\":\"8\",\"MESSAGE\":[104,105,255]}\n\
                    {\"__REALTIME_TIMESTAMP\":\"9\",\"MESSAGE\":null}\n";
        let lines = parse(text);
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0], Line { usec: 7, message: "ready".to_owned() });
        assert_eq!(lines[1].message, "hi\u{fffd}");
    }
}
