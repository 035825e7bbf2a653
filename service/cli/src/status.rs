//! `headroom status`: the whole state, once.

use std::{
    io::{self, IsTerminal as _},
    process::ExitCode,
};

use headroom_api::{Dict, Done, ProblemRow, dict_str, dict_u32, dict_u64};
pub(crate) use headroom_client::state_text;
use headroom_client::{Snapshot, output_text};
use serde_json::{Value, json};

use crate::{
    args::JsonArgs,
    failure::Failure,
    link::{call, control},
    output::{BAD, Cell, FAINT, GOOD, HEADING, NOTE, Printer, dict_json, print_json},
    settings::count_text,
    streams::{self, Gauges},
};

/// What somebody reads who was not told yet what Headroom does to the system.
const HINT: &str =
    "New here? `headroom welcome` says what Headroom does to your system, and how to take it back.";

/// The whole state, with what the gauges read.
struct Shown {
    snapshot: Snapshot,
    gauges: Gauges,
}

impl Shown {
    fn json(&self) -> Value {
        json!({
            "version": self.snapshot.version,
            "api-version": self.snapshot.api_version,
            "state": self.snapshot.state,
            "problems": problems_json(&self.snapshot.problems),
            "bypass": self.snapshot.bypass,
            "active-profile": self.snapshot.active_profile,
            "changed-settings": self.snapshot.changed_settings,
            "routes": self.snapshot.routes,
            "level-control": self.snapshot.level_control,
            "streams": self.snapshot.streams.iter().map(|stream| self.stream_json(stream)).collect::<Value>(),
            "output": dict_json(&self.snapshot.output),
            "outputs": self.snapshot.outputs.iter().map(dict_json).collect::<Value>(),
        })
    }

    fn stream_json(&self, stream: &Dict) -> Value {
        let mut entry = dict_json(stream);
        streams::add_done(&mut entry, self.gauges.done(stream));
        entry
    }

    fn print(&self, printer: &mut Printer) {
        let style = match self.snapshot.state.as_str() {
            "running" => GOOD,
            "bypassed" => NOTE,
            _ => BAD,
        };
        let mut rows = vec![
            vec![
                Cell::new("State").styled(HEADING),
                Cell::sentence(state_text(&self.snapshot.state)).styled(style),
            ],
            vec![Cell::new("Profile").styled(HEADING), Cell::sentence(self.profile_text())],
            vec![
                Cell::new("Output").styled(HEADING),
                Cell::sentence(output_text(&self.snapshot.output)),
            ],
        ];
        let default = dict_str(&self.snapshot.output, "name");
        for other in
            self.snapshot.outputs.iter().filter(|output| dict_str(output, "name") != default)
        {
            rows.push(vec![Cell::new("Also").styled(HEADING), Cell::sentence(other_text(other))]);
        }
        rows.push(vec![Cell::new("Version").styled(HEADING), Cell::new(&self.snapshot.version)]);
        printer.table(&[], &rows);
        for (_, _, sentence) in &self.snapshot.problems {
            printer.styled_line(format!("Problem: {sentence}"), BAD);
        }
        printer.line("");
        if self.snapshot.streams.is_empty() {
            printer.styled_line("Nothing is playing.", FAINT);
            return;
        }
        let rows: Vec<_> = self
            .snapshot
            .streams
            .iter()
            .map(|stream| stream_row(stream, self.gauges.done(stream)))
            .collect();
        printer.table(&["ID", "APPLICATION", "ROUTE", "NOW", "FORMAT", "MEDIA", "WHY"], &rows);
    }

    fn profile_text(&self) -> String {
        match self.snapshot.changed_settings.len() {
            0 => self.snapshot.active_profile.clone(),
            count => format!("{}, {}", self.snapshot.active_profile, count_text(count)),
        }
    }
}

/// Prints the state of the service.
pub(crate) async fn run(args: &JsonArgs) -> Result<ExitCode, Failure> {
    let control = control().await?;
    let snapshot = Snapshot::read(&control).await?;
    let shown = Shown { snapshot, gauges: Gauges::read(&control).await? };
    if args.json {
        print_json(&shown.json())?;
    } else {
        let mut printer = Printer::new();
        shown.print(&mut printer);
        // For a person at a terminal; a program that reads the text is not to find more in it.
        if io::stdout().is_terminal()
            && call(control.introduced()).await.is_ok_and(|introduced| !introduced)
        {
            printer.line("");
            printer.styled_line(HINT, NOTE);
        }
        printer.finish()?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns problems as JSON objects.
pub(crate) fn problems_json(problems: &[ProblemRow]) -> Value {
    problems
        .iter()
        .map(|(code, subject, sentence)| json!({"code": code, "subject": subject, "sentence": sentence}))
        .collect()
}

/// Returns a device that is not the default one in one line.
fn other_text(output: &Dict) -> String {
    let protected = dict_str(output, "chain") == Some("device");
    let word = if protected { "protected" } else { "not protected" };
    format!("{}, {word}", output_text(output))
}

fn stream_row(stream: &Dict, done: Option<Done>) -> Vec<Cell> {
    let text = |key| dict_str(stream, key).unwrap_or_default();
    let route = text("route");
    let style = match route {
        "processed" => GOOD,
        "bypass" => NOTE,
        _ => FAINT,
    };
    let id = dict_u64(stream, "id").map(|id| id.to_string()).unwrap_or_default();
    vec![
        Cell::new(id).right(),
        Cell::new(text("app")),
        Cell::new(route).styled(style),
        Cell::sentence(streams::done_text(done)),
        Cell::new(format_text(stream)),
        Cell::new(text("media")),
        Cell::sentence(text("reason")).styled(FAINT),
    ]
}

fn format_text(stream: &Dict) -> String {
    match (dict_u32(stream, "channels"), dict_u32(stream, "rate")) {
        (Some(channels @ 1..), Some(rate @ 1..)) => format!("{channels} ch, {rate} Hz"),
        (Some(channels @ 1..), _) => format!("{channels} ch"),
        _ => "-".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_without_a_format_has_a_dash() {
        assert_eq!(format_text(&Dict::new()), "-");
    }
}
