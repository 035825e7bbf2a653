//! `headroom explain`: why a stream is treated as it is.

use std::process::ExitCode;

use headroom_api::{Dict, Doing, Done, dict_bool, dict_f64, dict_str, dict_u32, dict_u64};
use rustix::time::{ClockId, clock_gettime};
use serde_json::Value;

use crate::{
    args::ExplainArgs,
    failure::Failure,
    link::{call, control},
    output::{Cell, HEADING, Printer, dict_json, on_text, print_json, round_db, variant_json},
    streams::{self, Gauges},
};

/// Explains a stream, or every stream of an application.
pub(crate) async fn run(args: &ExplainArgs) -> Result<ExitCode, Failure> {
    let control = control().await?;
    let mut explanations = Vec::new();
    let ids = streams::find(&control, &args.stream).await?;
    // While gauges are read, the service knows what the bus does as well.
    let gauges = Gauges::read(&control).await?;
    for id in ids {
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
        let read = dict_u64(explanation, "stream").and_then(|id| gauges.done_of(id, explanation));
        printer.table(&[], &rows(explanation, read));
    }
    printer.finish()?;
    Ok(ExitCode::SUCCESS)
}

fn rows(explanation: &Dict, read: Option<Done>) -> Vec<Vec<Cell>> {
    let text = |key| dict_str(explanation, key).unwrap_or_default().to_owned();
    let id = dict_u64(explanation, "stream").map(|id| id.to_string()).unwrap_or_default();
    let mut rows = vec![
        vec![Cell::new("Stream").styled(HEADING), Cell::sentence(format!("{id} {}", text("app")))],
        vec![Cell::new("Route").styled(HEADING), Cell::sentence(text("route"))],
        vec![Cell::new("Why").styled(HEADING), Cell::sentence(text("reason"))],
        vec![Cell::new("Rule").styled(HEADING), Cell::sentence(text("rule"))],
    ];
    if !text("device").is_empty() {
        rows.push(vec![Cell::new("Device").styled(HEADING), Cell::sentence(text("device"))]);
    }
    if let Some(place) = place(explanation) {
        rows.push(vec![Cell::new("Where").styled(HEADING), Cell::sentence(place)]);
    }
    for evidence in evidence(explanation) {
        rows.push(vec![Cell::new("Matched").styled(HEADING), Cell::sentence(evidence)]);
    }
    if let Some(is_on) = dict_bool(explanation, "level") {
        let on = on_text(is_on);
        let reason = text("level-reason");
        let now = dict_f64(explanation, "level-db")
            .filter(|_| is_on)
            .map_or(String::new(), |db| format!(", {:.1} dB now", round_db(db, 1)));
        let reason = if reason.is_empty() { reason } else { format!(": {reason}") };
        let level = format!("{on}{now}{reason}");
        rows.push(vec![Cell::new("App volume").styled(HEADING), Cell::sentence(level)]);
    }
    if let Some(text) = volume_text(explanation) {
        rows.push(vec![Cell::new("Volume").styled(HEADING), Cell::sentence(text)]);
    }
    for (name, text) in chain_texts(explanation, read) {
        rows.push(vec![Cell::new(name).styled(HEADING), Cell::sentence(text)]);
    }
    if let Some(since) = dict_u64(explanation, "since-usec").filter(|usec| *usec > 0) {
        // The service counts from the start of the machine, as this clock does.
        let now = clock_gettime(ClockId::Monotonic);
        let seconds = u64::try_from(now.tv_sec).unwrap_or(0).saturating_sub(since / 1_000_000);
        rows.push(vec![Cell::new("For").styled(HEADING), Cell::new(age_text(seconds))]);
    }
    rows
}

/// Returns the stream's own volume, and whether its slider is heard in full where a leveller works.
fn volume_text(explanation: &Dict) -> Option<String> {
    let db = round_db(dict_f64(explanation, "volume-db")?, 1);
    Some(match dict_bool(explanation, "volume-known") {
        None => format!("{db:.1} dB"),
        Some(true) => format!("{db:.1} dB, heard in full"),
        Some(false) => format!(
            "{db:.1} dB, which the leveller cannot know: it levels all that it is sent together"
        ),
    })
}

/// Returns what is wanted of the application's own chain, where it is not the usual, and what the chain does.
fn chain_texts(explanation: &Dict, read: Option<Done>) -> Vec<(&'static str, String)> {
    let number = |key| dict_f64(explanation, key);
    let sources =
        explanation.get("app-settings-from").map_or(Value::Null, |from| variant_json(from));
    let from = |key: &str| sources[key].as_str().unwrap_or("the default").to_owned();
    let mut texts = Vec::new();
    if let Some(offset_db) = number("offset-db").filter(|db| *db != 0.0) {
        let way = if offset_db < 0.0 { "softer" } else { "louder" };
        let db = round_db(offset_db.abs(), 2);
        texts.push(("Offset", format!("{db} dB {way} than the others: {}", from("offset_db"))));
    }
    if let Some(strength) = number("strength").filter(|strength| *strength < 1.0) {
        texts.push(("Strength", format!("{}: {}", round_db(strength, 2), from("strength"))));
    }
    if dict_bool(explanation, "own-chain") == Some(false) {
        texts.push(("Chain", format!("only the limiter: {}", from("chain"))));
    }
    let loudness = number("loudness-in-lufs").zip(number("loudness-out-lufs"));
    let mut parts: Vec<String> = done_text(explanation, read).into_iter().collect();
    if let Some((before, after)) = loudness {
        let (before, after) = (round_db(before, 1), round_db(after, 1));
        parts.push(format!("{before:.1} LUFS in, {after:.1} LUFS out"));
    }
    if !parts.is_empty() {
        texts.push(("Now", parts.join("; ")));
    }
    let stages =
        [("leveller", "leveller-db"), ("surge", "surge-db"), ("compressor", "compressor-db")];
    let stages: Vec<String> = stages
        .iter()
        .filter_map(|(name, key)| Some(format!("{name} {:+.1} dB", round_db(number(key)?, 1))))
        .collect();
    if !stages.is_empty() {
        texts.push(("Stages", stages.join(", ")));
    }
    texts
}

/// Returns what is done to the stream in words: by the gauges, or as the service tells it.
fn done_text(explanation: &Dict, read: Option<Done>) -> Option<String> {
    if let Some(done) = read {
        return Some(done.to_string());
    }
    let word = dict_str(explanation, "doing")?;
    let gain_db = dict_f64(explanation, "doing-db")?;
    let text = match word.parse::<Doing>() {
        Ok(doing) => Done { doing, gain_db }.to_string(),
        // A newer service has other words.
        Err(_) => format!("{:+.0} dB by {word}", round_db(gain_db, 0)),
    };
    Some(text)
}

/// Returns each property that the rule matched on, and the pattern that it matched.
fn evidence(explanation: &Dict) -> Vec<String> {
    let json = |key: &str| explanation.get(key).map_or(Value::Null, |value| variant_json(value));
    let (matched, patterns) = (json("matched"), json("patterns"));
    let Value::Object(matched) = matched else { return Vec::new() };
    matched
        .iter()
        .map(|(key, value)| {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            match patterns[key].as_str().filter(|pattern| *pattern != value) {
                Some(pattern) => format!("{key} = {value} (by '{pattern}')"),
                None => format!("{key} = {value}"),
            }
        })
        .collect()
}

/// Returns the file and, where it is known, the line of the rule.
fn place(explanation: &Dict) -> Option<String> {
    let file = dict_str(explanation, "file").filter(|file| !file.is_empty())?;
    let line = dict_u64(explanation, "line")
        .or_else(|| dict_u32(explanation, "line").map(u64::from))
        .filter(|line| *line > 0);
    Some(line.map_or_else(|| file.to_owned(), |line| format!("{file}:{line}")))
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

    fn dict<const N: usize>(entries: [(&str, Variant<'_>); N]) -> Dict {
        entries
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value.try_into_owned().unwrap()))
            .collect()
    }

    #[test]
    fn a_rule_is_found_by_file_and_line() {
        let file = ("file", Variant::new("night.toml"));
        assert_eq!(place(&dict([file.clone()])).as_deref(), Some("night.toml"));
        let line = ("line", Variant::new(12_u32));
        assert_eq!(place(&dict([file.clone(), line])).as_deref(), Some("night.toml:12"));
        let line = ("line", Variant::new(12_u64));
        assert_eq!(place(&dict([file, line])).as_deref(), Some("night.toml:12"));
        assert_eq!(place(&Dict::new()), None);
    }

    #[test]
    fn volume_says_whether_the_leveller_knows_it() {
        let text = |known: Option<bool>| {
            let mut told = dict([("volume-db", Variant::new(-9.34))]);
            told.extend(
                known
                    .map(|known| dict([("volume-known", Variant::new(known))]))
                    .into_iter()
                    .flatten(),
            );
            volume_text(&told).unwrap()
        };
        assert_eq!(text(None), "-9.3 dB");
        assert_eq!(text(Some(true)), "-9.3 dB, heard in full");
        assert!(text(Some(false)).contains("cannot know"));
        assert_eq!(volume_text(&Dict::new()), None);
    }

    #[test]
    fn ages_are_told_in_two_units() {
        assert_eq!(age_text(59), "59 s");
        assert_eq!(age_text(61), "1 min 1 s");
        assert_eq!(age_text(7260), "2 h 1 min");
        assert_eq!(age_text(90_000), "1 d 1 h");
    }
}
