//! Runs a command as a user who has just logged in, with a systemd user manager, and removes it all afterwards.
//!
//! `headroom-login COMMAND [ARGUMENTS]`; its exit code is the command's. `headroom-login --check` says whether this
//! machine can do that: exit code 77 if it cannot.
#![forbid(unsafe_code)]

use std::{
    env,
    process::{ExitCode, Stdio},
};

use anyhow::{Context, Result};
use headroom_testkit::login::Login;

const USAGE_EXIT_CODE: u8 = 2;
/// What test runners take for "not checked".
const SKIPPED_EXIT_CODE: u8 = 77;

fn main() -> Result<ExitCode> {
    let mut arguments = env::args_os().skip(1);
    let Some(program) = arguments.next() else {
        eprintln!("usage: headroom-login --check | COMMAND [ARGUMENTS]");
        return Ok(ExitCode::from(USAGE_EXIT_CODE));
    };
    if program == "--check" {
        return Ok(match Login::obstacle() {
            Some(obstacle) => {
                println!("{obstacle}");
                ExitCode::from(SKIPPED_EXIT_CODE)
            }
            None => ExitCode::SUCCESS,
        });
    }
    let login = Login::start()?;
    let status = login
        .command(&program)
        .args(arguments)
        .stdin(Stdio::inherit())
        .status()
        .with_context(|| format!("cannot run {}", program.display()))?;
    drop(login);
    // A command that a signal ended has no code.
    Ok(ExitCode::from(status.code().map_or(1, |code| code.clamp(0, 255) as u8)))
}
