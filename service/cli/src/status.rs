//! `headroom status`: the whole state, once.

use std::{
    io::{self, IsTerminal as _},
    process::ExitCode,
    time::Duration,
};

use headroom_api::{ChainKind, ControlProxy, Done, OutputRow, ProblemRow, StreamRoute, StreamRow};
pub(crate) use headroom_client::state_text;
use headroom_client::{Snapshot, Told, json::dict_json, output_text};
use serde_json::{Value, json};

use crate::{
    args::StatusArgs,
    bypass::time_left,
    failure::Failure,
    link::{call, control},
    output::{BAD, Cell, FAINT, GOOD, HEADING, NOTE, Printer, print_json},
    schedule::by_text,
    settings::count_text,
    streams::{self, Gauges},
};

/// How often a state that is watched is shown.
const WATCH_EVERY: Duration = Duration::from_secs(1);
/// What somebody reads who was not told yet what Headroom does to the system.
const HINT: &str =
    "New here? `headroom welcome` says what Headroom does to your system, and how to take it back.";

/// The whole state, with what the gauges read.
struct Shown {
    snapshot: Snapshot,
    gauges: Gauges,
}

impl Shown {
    async fn read(control: &ControlProxy<'_>) -> Result<Self, Failure> {
        let snapshot = Snapshot::read(control).await?;
        Ok(Self { snapshot, gauges: Gauges::read(control).await? })
    }

    fn json(&self) -> Value {
        json!({
            "version": self.snapshot.version,
            "api-version": self.snapshot.api_version,
            "state": self.snapshot.state,
            "problems": problems_json(&self.snapshot.problems),
            "bypass": self.snapshot.bypass,
            "bypass-until-usec": self.snapshot.bypass_until_usec,
            "active-profile": self.snapshot.active_profile,
            "profile-by": self.snapshot.profile_by.as_str(),
            "profile-until-usec": self.snapshot.profile_until_usec,
            "changed-settings": self.snapshot.changed_settings(),
            "treatments": self.treatments_json(),
            "streams": self.snapshot.streams.iter().map(|stream| self.stream_json(stream)).collect::<Value>(),
            "output": self.snapshot.output.json(),
            "outputs": self.snapshot.outputs.iter().map(Told::json).collect::<Value>(),
        })
    }

    fn treatments_json(&self) -> Value {
        let rows = self.snapshot.treatments.iter();
        rows.map(|(app, row)| (app.clone(), dict_json(&row.to_dict()))).collect()
    }

    fn stream_json(&self, stream: &Told<StreamRow>) -> Value {
        let mut entry = stream.json();
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
                Cell::sentence(self.state_text()).styled(style),
            ],
            vec![Cell::new("Profile").styled(HEADING), Cell::sentence(self.profile_text())],
            vec![
                Cell::new("Output").styled(HEADING),
                Cell::sentence(output_text(&self.snapshot.output)),
            ],
        ];
        let default = &self.snapshot.output.name;
        for other in self.snapshot.outputs.iter().filter(|output| output.name != *default) {
            rows.push(vec![Cell::new("Also").styled(HEADING), Cell::sentence(other_text(other))]);
        }
        rows.push(vec![Cell::new("Version").styled(HEADING), Cell::new(&self.snapshot.version)]);
        printer.table(&[], &rows);
        for problem in &self.snapshot.problems {
            printer.styled_line(format!("Problem: {}", problem.text), BAD);
        }
        printer.line("");
        if self.snapshot.streams.is_empty() {
            printer.styled_line("Nothing is playing.", FAINT);
            return;
        }
        let streams = self.snapshot.streams.iter();
        let row = |stream: &Told<StreamRow>| stream_row(stream, self.gauges.done(stream));
        let rows: Vec<_> = streams.clone().map(row).collect();
        printer.table(&["ID", "APPLICATION", "ROUTE", "NOW", "MEDIA"], &rows);
        // What is not as its treatment says wants a reason.
        for stream in streams.filter(|it| it.route.known() == Some(StreamRoute::Unmanaged)) {
            printer.styled_line(format!("{}: {}", stream.id, stream.reason), NOTE);
        }
    }

    fn state_text(&self) -> String {
        let text = state_text(&self.snapshot.state);
        match time_left(self.snapshot.bypass_until_usec) {
            Some(left) => format!("{text}, for {left} more"),
            None => text,
        }
    }

    fn profile_text(&self) -> String {
        let by = by_text(&self.snapshot.profile_by, self.snapshot.profile_until_usec);
        match self.snapshot.changed_settings().len() {
            0 => format!("{}{by}", self.snapshot.active_profile),
            count => format!("{}{by}, {}", self.snapshot.active_profile, count_text(count)),
        }
    }
}

/// Prints the state of the service, once or again and again.
pub(crate) async fn run(args: &StatusArgs) -> Result<ExitCode, Failure> {
    let control = control().await?;
    if args.watch {
        return watch(&control).await;
    }
    let shown = Shown::read(&control).await?;
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

/// Prints the state every second; a service that goes is waited for.
async fn watch(control: &ControlProxy<'_>) -> Result<ExitCode, Failure> {
    let mut interrupted = std::pin::pin!(tokio::signal::ctrl_c());
    let mut ticks = tokio::time::interval(WATCH_EVERY);
    loop {
        tokio::select! {
            done = &mut interrupted => {
                done?;
                return Ok(ExitCode::SUCCESS);
            }
            _ = ticks.tick() => {}
        }
        let mut printer = Printer::anew();
        match Shown::read(control).await {
            Ok(shown) => shown.print(&mut printer),
            Err(failure) if failure.is_of_bus() => {
                printer.styled_line(failure.to_string(), BAD);
            }
            Err(failure) => return Err(failure),
        }
        match printer.finish() {
            // Whoever read has what he wanted.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                return Ok(ExitCode::SUCCESS);
            }
            finished => finished?,
        }
    }
}

/// Returns problems as JSON objects.
pub(crate) fn problems_json(problems: &[Told<ProblemRow>]) -> Value {
    problems.iter().map(Told::json).collect()
}

/// Returns a device that is not the default one in one line.
fn other_text(output: &OutputRow) -> String {
    let protected = output.chain.known() == Some(ChainKind::Device);
    let word = if protected { "protected" } else { "not protected" };
    format!("{}, {word}", output_text(output))
}

fn stream_row(stream: &StreamRow, done: Option<Done>) -> Vec<Cell> {
    let style = match stream.route.known() {
        Some(StreamRoute::Processed) => GOOD,
        Some(StreamRoute::Bypass) => NOTE,
        Some(StreamRoute::Unmanaged) | None => FAINT,
    };
    vec![
        Cell::new(stream.id.to_string()).right(),
        Cell::new(&stream.app),
        Cell::new(stream.route.as_str()).styled(style),
        Cell::sentence(now_text(stream, done)),
        Cell::new(&stream.media).styled(FAINT),
    ]
}

/// Returns what is done to a stream in words; of one that nobody hears there is nothing else to say.
fn now_text(stream: &StreamRow, done: Option<Done>) -> String {
    if stream.muted == Some(true) { "muted".to_owned() } else { streams::done_text(done) }
}
