//! `headroom explain`: why a stream is treated as it is.

use std::process::ExitCode;

use headroom_api::{ControlProxy, Dict, dict_str, dict_u64};
use rustix::time::{ClockId, clock_gettime};
use serde_json::Value;

use crate::{
    args::ExplainArgs,
    escape::escape,
    failure::Failure,
    link::{call, control},
    output::{Cell, HEADING, Printer, dict_json, print_json, variant_json},
};

/// Explains a stream, or every stream of an application.
pub(crate) async fn run(args: &ExplainArgs) -> Result<ExitCode, Failure> {
    let control = control().await?;
    let mut explanations = Vec::new();
    for id in find(&control, &args.stream).await? {
        explanations.push(call(control.explain(id)).await?);
    }
    if args.json {
        print_json(&explanations.iter().map(dict_json).collect())?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut printer = Printer::new();
    for (index, explanation) in explanations.iter().enumerate() {
        if index > 0 {
            printer.line("");
        }
        printer.table(&[], &rows(explanation));
    }
    printer.finish()?;
    Ok(ExitCode::SUCCESS)
}

/// Returns the ids that a word stands for: one by number, or all of an application.
async fn find(control: &ControlProxy<'_>, word: &str) -> Result<Vec<u64>, Failure> {
    let streams = call(control.streams()).await?;
    let ids = matching(&streams, word);
    if !ids.is_empty() {
        return Ok(ids);
    }
    if let Ok(id) = word.parse() {
        // The service refuses it, and says so better than a guess from here could.
        return Ok(vec![id]);
    }
    let mut playing: Vec<_> =
        streams.iter().filter_map(|stream| dict_str(stream, "app")).map(escape).collect();
    playing.sort_unstable();
    playing.dedup();
    Err(Failure::Refused(if playing.is_empty() {
        format!("Nothing called '{word}' is playing: nothing is playing at all.")
    } else {
        format!("Nothing called '{word}' is playing; what plays is: {}.", playing.join(", "))
    }))
}

fn matching(streams: &[Dict], word: &str) -> Vec<u64> {
    let number = word.parse::<u64>().ok();
    let named = |stream: &Dict, key| {
        dict_str(stream, key).is_some_and(|name| name.to_lowercase() == word.to_lowercase())
    };
    let mut ids: Vec<u64> = streams
        .iter()
        .filter_map(|stream| Some((stream, dict_u64(stream, "id")?)))
        .filter(|(stream, id)| {
            Some(*id) == number || named(stream, "app") || named(stream, "binary")
        })
        .map(|(_, id)| id)
        .collect();
    ids.sort_unstable();
    ids
}

fn rows(explanation: &Dict) -> Vec<Vec<Cell>> {
    let text = |key| dict_str(explanation, key).unwrap_or_default().to_owned();
    let id = dict_u64(explanation, "stream").map(|id| id.to_string()).unwrap_or_default();
    let mut rows = vec![
        vec![Cell::new("Stream").styled(HEADING), Cell::sentence(format!("{id} {}", text("app")))],
        vec![Cell::new("Route").styled(HEADING), Cell::sentence(text("route"))],
        vec![Cell::new("Why").styled(HEADING), Cell::sentence(text("reason"))],
        vec![Cell::new("Rule").styled(HEADING), Cell::sentence(text("rule"))],
    ];
    let file = text("file");
    if !file.is_empty() {
        rows.push(vec![Cell::new("Where").styled(HEADING), Cell::sentence(file)]);
    }
    if let Some(Value::Object(matched)) =
        explanation.get("matched").map(|value| variant_json(value))
    {
        for (key, value) in matched {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            rows.push(vec![
                Cell::new("Matched").styled(HEADING),
                Cell::sentence(format!("{key} = {value}")),
            ]);
        }
    }
    if let Some(since) = dict_u64(explanation, "since-usec").filter(|usec| *usec > 0) {
        // The service counts from the start of the machine, as this clock does.
        let now = clock_gettime(ClockId::Monotonic);
        let seconds = u64::try_from(now.tv_sec).unwrap_or(0).saturating_sub(since / 1_000_000);
        rows.push(vec![Cell::new("For").styled(HEADING), Cell::new(age_text(seconds))]);
    }
    rows
}

/// Returns a duration in the two largest units that fit.
fn age_text(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

#[cfg(test)]
mod tests {
    use zbus::Variant;

    use super::*;

    fn stream(id: u64, app: &str, binary: &str) -> Dict {
        Dict::from([
            ("id".to_owned(), Variant::new(id).try_into_owned().unwrap()),
            ("app".to_owned(), Variant::new(app).try_into_owned().unwrap()),
            ("binary".to_owned(), Variant::new(binary).try_into_owned().unwrap()),
        ])
    }

    #[test]
    fn a_word_matches_by_id_name_or_binary_without_case() {
        let streams =
            [stream(9, "Firefox", "firefox-bin"), stream(7, "firefox", "x"), stream(8, "7", "y")];
        assert_eq!(matching(&streams, "FIREFOX"), [7, 9]);
        assert_eq!(matching(&streams, "Firefox-Bin"), [9]);
        assert_eq!(matching(&streams, "7"), [7, 8]);
        assert!(matching(&streams, "fire").is_empty());
        assert!(matching(&streams, "").is_empty());
    }

    #[test]
    fn ages_are_told_in_two_units() {
        assert_eq!(age_text(59), "59 s");
        assert_eq!(age_text(61), "1 min 1 s");
        assert_eq!(age_text(7260), "2 h 1 min");
        assert_eq!(age_text(90_000), "1 d 1 h");
    }
}
