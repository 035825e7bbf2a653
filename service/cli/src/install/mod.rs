//! `headroom install`: what `headroom_install` is about to do and has done, in words.

mod apply;
mod recover;
mod remove;
mod running;
mod status;
mod words;

use std::{
    io::{self, IsTerminal as _, Write as _},
    process::ExitCode,
};

use crate::{
    args::{ChangeArgs, InstallAction},
    failure::Failure,
    output::Printer,
};

/// Installs, looks, starts, stops or removes.
pub(crate) async fn run(action: InstallAction) -> Result<ExitCode, Failure> {
    match action {
        InstallAction::Apply(args) => apply::run(&args).await,
        InstallAction::Status(args) => status::run(&args).await,
        InstallAction::Start(args) => running::start(&args).await,
        InstallAction::Stop(args) => running::stop(&args).await,
        InstallAction::Restart(args) => running::restart(&args).await,
        InstallAction::Remove(args) => remove::run(&args).await,
        InstallAction::Recover(args) => recover::run(&args).await,
    }
}

/// Asks whether to go on; `--yes` has answered.
///
/// # Errors
/// When there is nobody to ask.
fn confirm(change: &ChangeArgs) -> Result<bool, Failure> {
    if change.yes {
        return Ok(true);
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::Refused(
            "Nothing was done: there is nobody to ask. --yes goes on without asking, --dry-run only shows.".to_owned(),
        ));
    }
    write!(io::stdout(), "Go on? [y/N] ")?;
    io::stdout().flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    let yes = matches!(answer.trim().to_lowercase().as_str(), "y" | "yes");
    if !yes {
        writeln!(io::stdout(), "Nothing was done.")?;
    }
    Ok(yes)
}

/// Prints a line and is done.
fn say(text: &str) -> Result<ExitCode, Failure> {
    let mut printer = Printer::new();
    printer.line(text);
    printer.finish()?;
    Ok(ExitCode::SUCCESS)
}
