//! `headroom completions`: what a shell needs to complete our commands.

use std::process::ExitCode;

use clap::CommandFactory as _;
use clap_complete::{Shell as Generator, generate};

use crate::{
    args::{Args, Shell},
    failure::Failure,
    output::Printer,
};

/// Prints the completions.
pub(crate) fn run(shell: Shell) -> Result<ExitCode, Failure> {
    Printer::verbatim(script(shell))?;
    Ok(ExitCode::SUCCESS)
}

/// Returns the completions.
pub(crate) fn script(shell: Shell) -> Vec<u8> {
    let generator = match shell {
        Shell::Bash => Generator::Bash,
        Shell::Zsh => Generator::Zsh,
        Shell::Fish => Generator::Fish,
    };
    let mut script = Vec::new();
    generate(generator, &mut Args::command(), "headroom", &mut script);
    script
}
