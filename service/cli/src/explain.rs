//! `headroom explain`: why a stream is treated as it is.

use std::process::ExitCode;

use headroom_api::{ChainGauges, Done, Explanation, Treatment};
use headroom_client::json::dict_json;
use rustix::time::{ClockId, clock_gettime};

use crate::{
    args::ExplainArgs,
    failure::Failure,
    link::{call, control},
    output::{Cell, HEADING, Printer, on_text, print_json, round_db},
    schedule::by_text,
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
    for (index, explanation) in explanations.iter().map(Explanation::from_dict).enumerate() {
        if index > 0 {
            printer.line("");
        }
        let read = gauges.done(&explanation.stream);
        let rows: Vec<_> = lines(&explanation, read)
            .into_iter()
            .map(|(name, text)| vec![Cell::new(name).styled(HEADING), Cell::sentence(text)])
            .collect();
        printer.table(&[], &rows);
    }
    printer.finish()?;
    Ok(ExitCode::SUCCESS)
}

/// Returns an explanation as names and texts; `read` is what is done to the stream by the gauges.
pub(crate) fn lines(explanation: &Explanation, read: Option<Done>) -> Vec<(&'static str, String)> {
    let (stream, more) = (&explanation.stream, &explanation.more);
    let mut lines = vec![
        ("Stream", format!("{} {}", stream.id, stream.app)),
        ("Gets", stream.treatment.as_str().to_owned()),
        ("Route", stream.route.as_str().to_owned()),
        ("Why", stream.reason.clone()),
        ("Rule", more.rule.clone()),
    ];
    if !more.profile.is_empty() {
        let by = by_text(&more.profile_by, 0);
        lines.push(("Profile", format!("{}{by}", more.profile)));
    }
    if !stream.device.is_empty() {
        let amplifies =
            |db| format!(", which amplifies by {:.1} dB behind the limiter", round_db(db, 1));
        let amplifies = more.device_gain_db.map_or_else(String::new, amplifies);
        lines.push(("Device", format!("{}{amplifies}", stream.device)));
    }
    lines.extend(place(explanation).map(|place| ("Where", place)));
    lines.extend(evidence(explanation).map(|evidence| ("Matched", evidence)));
    lines.push(("App volume", app_volume_text(explanation)));
    lines.extend(volume_text(explanation).map(|text| ("Volume", text)));
    lines.extend(chain_texts(explanation, read));
    if more.since_usec > 0 {
        // The service counts from the start of the machine, as this clock does.
        let now = clock_gettime(ClockId::Monotonic);
        let since_s = more.since_usec / 1_000_000;
        let seconds = u64::try_from(now.tv_sec).unwrap_or(0).saturating_sub(since_s);
        lines.push(("For", age_text(seconds)));
    }
    lines
}

fn app_volume_text(explanation: &Explanation) -> String {
    let (is_on, more) = (explanation.stream.level, &explanation.more);
    let now = format!(", {:.1} dB now", round_db(more.level_db, 1));
    let now = if is_on { now } else { String::new() };
    let reason = match more.level_reason.as_str() {
        "" => String::new(),
        reason => format!(": {reason}"),
    };
    format!("{}{now}{reason}", on_text(is_on))
}

/// Returns the stream's own volume, and whether its slider is heard in full where a leveller works.
fn volume_text(explanation: &Explanation) -> Option<String> {
    let stream = &explanation.stream;
    if stream.muted == Some(true) {
        return Some(streams::volume_text(stream));
    }
    let db = round_db(explanation.more.volume_db?, 1);
    let slider = stream.volume_percent.map(|_| format!("{}, ", streams::volume_text(stream)));
    let slider = slider.unwrap_or_default();
    Some(match explanation.more.volume_known {
        None => format!("{slider}{db:.1} dB"),
        Some(true) => format!("{slider}{db:.1} dB, heard in full"),
        Some(false) => format!(
            "{slider}{db:.1} dB, which the leveller cannot know: it levels all that it is sent together"
        ),
    })
}

/// Returns what is wanted of the application's own chain, where it is not the usual, and what the chain does.
fn chain_texts(explanation: &Explanation, read: Option<Done>) -> Vec<(&'static str, String)> {
    let stream = &explanation.stream;
    let from = |key: &str| {
        let by = explanation.more.app_settings_by.get(key);
        by.map_or_else(|| "the default".to_owned(), ToString::to_string)
    };
    let mut texts = Vec::new();
    if stream.offset_db != 0.0 {
        let way = if stream.offset_db < 0.0 { "softer" } else { "louder" };
        let db = round_db(stream.offset_db.abs(), 2);
        texts.push(("Offset", format!("{db} dB {way} than the others: {}", from("offset_db"))));
    }
    if stream.strength < 1.0 && stream.treatment.known() == Some(Treatment::Automatic) {
        let strength = round_db(stream.strength, 2);
        texts.push(("Strength", format!("{strength}: {}", from("strength"))));
    }
    let done = read.map_or_else(|| explanation.done_text(), |done| done.to_string());
    let loudness = explanation.gauges.as_ref().map(|gauges| {
        let (before, after) = (gauges.loudness_in_lufs, gauges.loudness_out_lufs);
        format!("{:.1} LUFS in, {:.1} LUFS out", round_db(before, 1), round_db(after, 1))
    });
    let parts: Vec<String> =
        [done].into_iter().filter(|done| !done.is_empty()).chain(loudness).collect();
    if !parts.is_empty() {
        texts.push(("Now", parts.join("; ")));
    }
    texts.extend(explanation.gauges.as_ref().map(|gauges| ("Stages", stages_text(gauges))));
    texts
}

fn stages_text(gauges: &ChainGauges) -> String {
    let stages = [
        ("leveller", gauges.leveller_db),
        ("surge", gauges.surge_db),
        ("compressor", gauges.compressor_db),
    ];
    stages.map(|(name, db)| format!("{name} {:+.1} dB", round_db(db, 1))).join(", ")
}

/// Returns each property that the rule matched on, and the pattern that it matched.
fn evidence(explanation: &Explanation) -> impl Iterator<Item = String> {
    let (matched, patterns) = (&explanation.more.matched, &explanation.more.patterns);
    matched.iter().map(|(key, value)| match patterns.get(key).filter(|pattern| *pattern != value) {
        Some(pattern) => format!("{key} = {value} (by '{pattern}')"),
        None => format!("{key} = {value}"),
    })
}

/// Returns the file and, where it is known, the line of the rule.
fn place(explanation: &Explanation) -> Option<String> {
    let file = Some(&explanation.more.file).filter(|file| !file.is_empty())?;
    Some(match explanation.more.line {
        0 => file.clone(),
        line => format!("{file}:{line}"),
    })
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
    use headroom_api::ExplanationRow;

    use super::*;

    fn explained(more: ExplanationRow) -> Explanation {
        Explanation { more, ..Explanation::default() }
    }

    #[test]
    fn a_rule_is_found_by_file_and_line() {
        let placed = |file: &str, line| {
            let more = ExplanationRow { file: file.to_owned(), line, ..ExplanationRow::default() };
            place(&explained(more))
        };
        assert_eq!(placed("night.toml", 0).as_deref(), Some("night.toml"));
        assert_eq!(placed("night.toml", 12).as_deref(), Some("night.toml:12"));
        assert_eq!(placed("", 12), None);
    }

    #[test]
    fn volume_says_whether_the_leveller_knows_it() {
        let text = |volume_known| {
            let volume_db = Some(-9.34);
            let more = ExplanationRow { volume_db, volume_known, ..ExplanationRow::default() };
            volume_text(&explained(more)).unwrap()
        };
        assert_eq!(text(None), "-9.3 dB");
        assert_eq!(text(Some(true)), "-9.3 dB, heard in full");
        assert!(text(Some(false)).contains("cannot know"));
        assert_eq!(volume_text(&Explanation::default()), None);
        let more = ExplanationRow { volume_db: Some(-18.06), ..ExplanationRow::default() };
        let mut told = explained(more);
        told.stream.volume_percent = Some(50.0);
        assert_eq!(volume_text(&told).unwrap(), "50 %, -18.1 dB");
        told.stream.muted = Some(true);
        assert_eq!(volume_text(&told).unwrap(), "50 %, muted");
    }

    #[test]
    fn ages_are_told_in_two_units() {
        assert_eq!(age_text(59), "59 s");
        assert_eq!(age_text(61), "1 min 1 s");
        assert_eq!(age_text(7260), "2 h 1 min");
        assert_eq!(age_text(90_000), "1 d 1 h");
    }
}
