//! The command line of Headroom: a client of the bus, and the chain offline.
//!
//! Owns the process: parses the arguments, runs one command on a current-thread runtime and turns
//! its outcome into an exit code. It must not know more of the service than `headroom_api` says.
#![forbid(unsafe_code)]

mod app;
mod args;
mod bypass;
mod compare;
mod device;
mod doctor;
mod explain;
mod exposure;
mod failure;
mod history;
mod install;
mod level;
mod listing;
mod man;
mod migrate;
mod monitor;
mod output;
mod profile;
mod render;
mod schedule;
mod settings;
mod shell;
mod status;
mod streams;
mod volume;
mod welcome;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _, error::ErrorKind};
use headroom_client::{link, paths};

use crate::{
    args::{Args, Command},
    failure::Failure,
};

/// A command that an earlier version had.
const GONE: &str = "route";

fn main() -> ExitCode {
    let arguments = match Args::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let is_gone = error.kind() == ErrorKind::InvalidSubcommand
                && std::env::args_os().nth(1).is_some_and(|first| first == GONE);
            let error = if is_gone {
                let hint = "'headroom route' is gone: choose by 'headroom app set APP TREATMENT', see \
                            'headroom app set --help'";
                Args::command().error(ErrorKind::InvalidSubcommand, hint)
            } else {
                error
            };
            return failure::report_usage(&error);
        }
    };
    let outcome = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::from)
        .and_then(|runtime| runtime.block_on(run(arguments.command)));
    outcome.unwrap_or_else(|failure| failure.report())
}

async fn run(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Status(args) => status::run(&args).await,
        Command::Bypass(args) => bypass::run(args).await,
        Command::Compare(args) => compare::run(args).await,
        Command::History(args) => history::run(args).await,
        Command::Exposure(args) => exposure::run(args).await,
        Command::Explain(args) => explain::run(&args).await,
        Command::Volume(args) => volume::run(&args).await,
        Command::Get(args) => settings::get(&args).await,
        Command::Set(args) => settings::set(&args).await,
        Command::Reset(args) => settings::reset(&args).await,
        Command::Level { action } => level::run(action).await,
        Command::App { action } => app::run(action).await,
        Command::Device { action } => device::run(action).await,
        Command::Profile { action } => profile::run(action).await,
        Command::Schedule { action } => schedule::run(action).await,
        Command::Monitor(args) => monitor::run(&args).await,
        Command::Render(args) => render::run(args).await,
        Command::Doctor(args) => doctor::run(&args).await,
        Command::Welcome => welcome::run().await,
        Command::Install { action } => install::run(action).await,
        Command::Completions(args) => shell::run(args).await,
        Command::Man(args) => man::run(&args),
    }
}
