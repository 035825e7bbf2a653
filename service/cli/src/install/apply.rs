//! `headroom install apply`.

use std::process::ExitCode;

use headroom_install::{Applied, Apply, Deployment, Documents, Preset, Request, Scope, Site};

use super::{
    confirm,
    running::{end_text, started_text},
    words,
};
use crate::{
    args::{ApplyArgs, Shell},
    failure::Failure,
    man,
    output::{FAINT, GOOD, NOTE, Printer},
    shell::script,
};

/// Installs, repairs, upgrades or changes over.
pub(crate) async fn run(args: &ApplyArgs) -> Result<ExitCode, Failure> {
    let apply = Apply::prepare(&request(args), &documents()?)?;
    let mut printer = Printer::new();
    if apply.plan.changes_something() {
        introduce(&apply, &mut printer);
    } else {
        printer.line("Everything is as it should be: nothing is to be done.");
    }
    if !apply.plan.changed.is_empty() && !args.change.force {
        words::print_left(&apply.plan.changed, &apply.site, &mut printer);
        printer.finish()?;
        return Err(Failure::Refused(
            "Nothing was done: --force replaces what was changed since it was installed."
                .to_owned(),
        ));
    }
    printer.finish()?;
    if args.change.dry_run || apply.plan.changes_something() && !confirm(&args.change)? {
        return Ok(ExitCode::from(u8::from(!args.change.dry_run)));
    }
    let done = apply.carry_out(!args.no_start).await?;
    conclude(&apply, done)?;
    Ok(ExitCode::SUCCESS)
}

fn request(args: &ApplyArgs) -> Request {
    Request {
        preset: args.preset.map(Into::into),
        scope: args.change.scope.into(),
        name: args.change.name.clone(),
        root: args.change.root.clone(),
        force: args.change.force,
        path: args.path,
        looks_only: args.change.dry_run,
    }
}

/// Writes the manual pages and completions.
fn documents() -> Result<Documents, Failure> {
    Ok(Documents {
        pages: man::all()?,
        bash: script(Shell::Bash),
        zsh: script(Shell::Zsh),
        fish: script(Shell::Fish),
    })
}

fn introduce(apply: &Apply, printer: &mut Printer) {
    let Apply { site, deployment, old, plan, .. } = apply;
    let whom = match deployment.scope {
        Scope::User => "for you",
        Scope::System => "for everybody",
    };
    let change = match old {
        Some(old) if old.preset != deployment.preset => format!(", in place of '{}'", old.preset),
        _ => String::new(),
    };
    printer.line(format!(
        "Headroom {} as '{}' {whom}{change} (deployment '{}'):",
        env!("CARGO_PKG_VERSION"),
        deployment.preset,
        deployment.name
    ));
    words::print(&plan.steps, site, printer);
    if let Some(then) = what_then(deployment, site) {
        printer.line(then);
    }
    let record = site.short(&site.record(&deployment.name));
    printer.styled_line(
        format!("What is done is recorded in {record}, with what stood there before; `headroom install remove` takes it back."),
        FAINT,
    );
}

/// Returns what happens in the session once the files are there, as far as it is known beforehand.
fn what_then(deployment: &Deployment, site: &Site) -> Option<&'static str> {
    match (site.places.scope, deployment.preset) {
        _ if site.is_staged => None,
        (Scope::System, _) => Some("Then it starts at the next login of everybody."),
        (Scope::User, Preset::OnDemand) => Some("Then the session's bus is told to look for it."),
        (Scope::User, Preset::Autostart) => {
            Some("Then the session's bus is told to look for it, and to start it.")
        }
        (Scope::User, Preset::Service | Preset::Watchdog) => {
            Some("Then the session's bus and systemd are told to look for it, and to start it.")
        }
    }
}

fn conclude(apply: &Apply, done: Applied) -> Result<(), Failure> {
    let Apply { site, plan, .. } = apply;
    let mut printer = Printer::new();
    if let Some(end) = done.ended {
        printer.line(end_text(end));
    }
    if plan.changes_something() {
        printer.styled_line("Installed.", GOOD);
    }
    if let Some(started) = done.started {
        printer.line(started_text(started));
    }
    if !done.has_session && !site.is_staged {
        printer.styled_line(
            "There is no session here to start it in: it starts at the next login, or with `headroom install start`.",
            NOTE,
        );
    }
    if site.places.profile.is_some() && !site.is_on_path() {
        let bin = site.short(&site.places.bin);
        printer.styled_line(
            format!("{bin} is not on PATH: `--path` adds it in ~/.profile, which counts from the next login on."),
            NOTE,
        );
    }
    printer.finish()?;
    Ok(())
}
