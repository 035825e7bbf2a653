//! Entry of the service: arguments, log, exit code.

use std::{io::IsTerminal, path::PathBuf, process::ExitCode};

use clap::Parser;
use headroom_service::supervision::{Deployment, Supervision};
use tracing_subscriber::EnvFilter;

/// The session service of Headroom: levels and limits what noisy applications play.
///
/// It is started by the session bus when somebody asks for it, or by the session itself. It stays in
/// the foreground and ends on SIGTERM, leaving nothing behind.
#[derive(Parser)]
#[command(
    name = "headroom-service",
    version,
    after_help = "\
Examples:
  headroom-service                              run in this session
  HEADROOM_LOG=debug headroom-service           the same, telling everything
  headroom-service --record graph.jsonl         the same, for a report of what went wrong
  busctl --user introspect com.example.Headroom /org/headroom/Control"
)]
struct Args {
    /// How the service was set up, for reports
    #[arg(long, value_name = "PRESET/SCOPE/NAME", default_value = "none")]
    deployment: Deployment,
    /// Write down what happens in the graph, one JSON value a line, for a report: names of applications
    /// and devices, no titles. The file must not be there yet
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Start no guardian, the process that gives the sound back when this one hangs or dies; for work on
    /// Headroom itself
    #[arg(long)]
    no_guardian: bool,
    /// Be the guardian of this process, which has started this one
    #[arg(long, value_name = "PROCESS", hide = true)]
    guard: Option<u32>,
}

fn main() -> ExitCode {
    // SAFETY: this is the first statement; the runtime and its threads come later.
    unsafe { headroom_words::i18n::set_locale_of_texts() };
    let args = Args::parse();
    let filter = EnvFilter::try_from_env("HEADROOM_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    headroom_words::i18n::init();
    if let Some(process) = args.guard {
        return headroom_service::guardian::run(process);
    }
    match serve(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Also on a plain terminal, where the log may be filtered away.
            eprintln!("headroom-service: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn serve(args: Args) -> anyhow::Result<()> {
    let supervision = Supervision::from_environment(args.deployment);
    headroom_service::daemon::run(supervision, args.record.as_deref(), !args.no_guardian).await
}
