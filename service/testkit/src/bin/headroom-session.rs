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

fn main() -> Result<ExitCode> {
    let mut arguments = env::args_os().skip(1);
    let Some(program) = arguments.next() else {
        eprintln!("usage: headroom-session COMMAND [ARGUMENTS]");
        return Ok(ExitCode::from(USAGE_EXIT_CODE));
    };
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
