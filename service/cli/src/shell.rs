//! `headroom completions`: what a shell needs to complete our commands, and the names that the service knows.

use std::{collections::BTreeSet, process::ExitCode};

use clap::CommandFactory as _;
use clap_complete::{Shell as Generator, generate};
use headroom_client::{streams, treatments};

use crate::{
    args::{Args, CompletionsArgs, Names, Shell},
    failure::Failure,
    link::{call, control},
    output::Printer,
};

const BASH: &str = include_str!("completions/names.bash");
const FISH: &str = include_str!("completions/names.fish");
const ZSH: &str = include_str!("completions/names.zsh");

/// How zsh's script begins an argument that has names, and their kind.
const ZSH_ARGUMENTS: [(&str, &str); 8] = [
    ("':app -- ", "apps"),
    ("'::app -- ", "apps"),
    ("':stream -- ", "apps"),
    ("':name -- ", "profiles"),
    ("':profile -- ", "profiles"),
    ("':key -- ", "settings"),
    ("'::key -- ", "settings"),
    ("'*::keys -- ", "settings"),
];

/// Prints the completions, or names one to a line.
pub(crate) async fn run(args: CompletionsArgs) -> Result<ExitCode, Failure> {
    match (args.names, args.shell) {
        (Some(kind), _) => {
            let mut printer = Printer::new();
            for name in names(kind).await? {
                printer.line(name);
            }
            printer.finish()?;
        }
        (None, Some(shell)) => Printer::verbatim(script(shell))?,
        // The arguments want one of the two.
        (None, None) => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns the completions.
pub(crate) fn script(shell: Shell) -> Vec<u8> {
    let generated = |generator| {
        let mut script = Vec::new();
        generate(generator, &mut Args::command(), "headroom", &mut script);
        String::from_utf8_lossy(&script).into_owned()
    };
    let script = match shell {
        Shell::Bash => generated(Generator::Bash) + BASH,
        Shell::Fish => generated(Generator::Fish) + FISH,
        Shell::Zsh => zsh(&generated(Generator::Zsh)),
    };
    script.into_bytes()
}

/// Has zsh's script ask for names where it would offer files.
fn zsh(generated: &str) -> String {
    let line = |line: &str| {
        let kind = ZSH_ARGUMENTS.iter().find(|(start, _)| line.starts_with(start));
        let line = match kind {
            Some((_, kind)) => line.replace(":_default'", &format!(": _headroom_names {kind}'")),
            None => line.to_owned(),
        };
        // What has to come first is the line that says whose completions these are.
        if line.starts_with("autoload ") { format!("{line}\n{ZSH}") } else { line + "\n" }
    };
    generated.lines().map(line).collect()
}

async fn names(kind: Names) -> Result<BTreeSet<String>, Failure> {
    let control = control().await?;
    Ok(match kind {
        Names::Apps => {
            let playing = streams(&control).await?.into_iter().map(|stream| stream.app.clone());
            let chosen = treatments(&control).await?.into_keys();
            playing.chain(chosen).filter(|name| !name.is_empty()).collect()
        }
        Names::Profiles => call(control.profiles()).await?.into_keys().collect(),
        Names::Settings => call(control.list_settings()).await?.into_keys().collect(),
    })
}
