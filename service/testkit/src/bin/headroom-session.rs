//! Runs a command in a private session with one null device, and removes it all afterwards.
//!
//! `headroom-session COMMAND [ARGUMENTS]`; its exit code is the command's.
#![forbid(unsafe_code)]

use std::{
    env,
    process::{ExitCode, Stdio},
};

use anyhow::{Context, Result};
use headroom_testkit::session::Session;

const USAGE_EXIT_CODE: u8 = 2;
const USAGE: &str = "usage: headroom-session [--] COMMAND [ARGUMENTS]

Runs a command in a private session: a bus, PipeWire and WirePlumber of its own, with one null device. Everything is
removed when the command ends; its exit code is the command's. Nothing of your own session is read or changed.

Example: headroom-session bash";

fn main() -> Result<ExitCode> {
    let mut arguments = env::args_os().skip(1).peekable();
    let is_separated = arguments.next_if(|first| first == "--").is_some();
    let Some(program) = arguments.next() else {
        eprintln!("{USAGE}");
        return Ok(ExitCode::from(USAGE_EXIT_CODE));
    };
    if !is_separated && (program == "--help" || program == "-h") {
        println!("{USAGE}");
        return Ok(ExitCode::SUCCESS);
    }
    if !is_separated && program.as_encoded_bytes().starts_with(b"-") {
        eprintln!("headroom-session: unknown option '{}'\n{USAGE}", program.display());
        return Ok(ExitCode::from(USAGE_EXIT_CODE));
    }
    let session = Session::start()?;
    let status = session
        .command(&program)
        .args(arguments)
        .stdin(Stdio::inherit())
        .status()
        .with_context(|| format!("cannot run {}", program.display()))?;
    drop(session);
    // A command that a signal ended has no code.
    Ok(ExitCode::from(status.code().map_or(1, |code| code.clamp(0, 255) as u8)))
}
