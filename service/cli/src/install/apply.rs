//! `headroom install apply`.

use std::{
    io::{self, IsTerminal as _, Write as _},
    process::ExitCode,
};

use super::{
    Site,
    binaries::Binaries,
    deployment::{Deployment, Name, Preset, Scope},
    documents::Documents,
    items::{items, path_block},
    manifest::{Manifest, Part},
    plan::{Plan, Wanted, plan},
    running::{end_text, start_now},
    session::Session,
    step::Step,
    words,
};
use crate::{
    args::{ApplyArgs, ChangeArgs},
    failure::Failure,
    output::{FAINT, GOOD, NOTE, Printer},
};

/// Installs, repairs, upgrades or changes over.
pub(crate) async fn run(args: &ApplyArgs) -> Result<ExitCode, Failure> {
    let site = Site::new(args.change.scope, args.change.root.clone())?;
    check_person(&site)?;
    let old = site.manifest(args.change.name.as_ref())?;
    let deployment = deployment(args, &site, old.as_ref())?;
    let binaries = Binaries::find()?;
    let wanted = Wanted {
        items: items(&deployment, &site.places, &binaries, &Documents::new()?),
        edit: edit(args, &site),
        deployment,
    };
    let lock = if args.change.dry_run { None } else { Some(site.lock()?) };
    let plan = plan(&wanted, old.as_ref(), &site.places, &site.disk, args.change.force)?;
    let mut printer = Printer::new();
    if plan.changes_something() {
        introduce(&wanted.deployment, old.as_ref(), &site, &plan, &mut printer);
    } else {
        printer.line("Everything is as it should be: nothing is to be done.");
    }
    if !plan.changed.is_empty() && !args.change.force {
        words::print_left(&plan.changed, &site, &mut printer);
        printer.finish()?;
        return Err(Failure::Refused(
            "Nothing was done: --force replaces what was changed since it was installed."
                .to_owned(),
        ));
    }
    printer.finish()?;
    if args.change.dry_run || plan.changes_something() && !confirm(&args.change)? {
        return Ok(ExitCode::from(u8::from(!args.change.dry_run)));
    }
    carry_out(args, &site, &wanted.deployment, old.as_ref(), &plan).await?;
    drop(lock);
    Ok(ExitCode::SUCCESS)
}

/// Refuses what would end in somebody else's home, or in a refusal half-way.
fn check_person(site: &Site) -> Result<(), Failure> {
    let is_root = rustix::process::geteuid().is_root();
    match site.places.scope {
        Scope::System if !is_root && !site.is_staged => Err(Failure::Refused(
            "The system scope needs the rights of the administrator: run it with sudo.".to_owned(),
        )),
        Scope::User if is_root && std::env::var_os("SUDO_USER").is_some() => {
            Err(Failure::Refused(
                "With sudo this would be root's installation: run it without sudo, or with `--scope system`."
                    .to_owned(),
            ))
        }
        _ => Ok(()),
    }
}

/// Returns what is wanted, when it can be had beside what is there.
fn deployment(
    args: &ApplyArgs,
    site: &Site,
    old: Option<&Manifest>,
) -> Result<Deployment, Failure> {
    let name = args.change.name.clone().or_else(|| old.map(|old| old.name.clone()));
    let name = name.unwrap_or_default();
    let others: Vec<Name> = site.names()?.into_iter().filter(|other| *other != name).collect();
    if let (Some(other), false) = (others.first(), site.is_staged) {
        return Err(Failure::Refused(format!(
            "The deployment '{other}' is installed already, and two would fight over one name on the bus: \
             `headroom install apply --name {other}` changes it, `headroom install remove --name {other}` takes it back."
        )));
    }
    let preset = args.preset.or(old.map(|old| old.preset)).unwrap_or(Preset::Service);
    Ok(Deployment { preset, scope: site.places.scope, name })
}

/// Returns the lines for the login shell, when they are wanted and missing.
fn edit(args: &ApplyArgs, site: &Site) -> Option<(std::path::PathBuf, String)> {
    let profile = site.places.profile.clone().filter(|_| args.path)?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there = std::env::split_paths(&path).any(|folder| folder == site.places.bin);
    (!is_there).then(|| (profile, path_block()))
}

fn introduce(
    deployment: &Deployment,
    old: Option<&Manifest>,
    site: &Site,
    plan: &Plan,
    printer: &mut Printer,
) {
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
    let record = site.short(&site.places.manifest(deployment.name.as_str()));
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

/// Asks whether to go on; `--yes` has answered.
///
/// # Errors
/// When there is nobody to ask.
pub(super) fn confirm(change: &ChangeArgs) -> Result<bool, Failure> {
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

/// Performs the changes, one after the other.
///
/// # Errors
/// At the first that fails, with what to do then.
pub(super) fn perform(steps: &[Step], site: &Site) -> Result<(), Failure> {
    for step in steps {
        step.perform(&site.disk, &site.places).map_err(|error| {
            Failure::Refused(format!(
                "{error}\nWhat was done so far is recorded: `headroom install apply` finishes it, `headroom install remove` \
                 takes it back."
            ))
        })?;
    }
    Ok(())
}

async fn carry_out(
    args: &ApplyArgs,
    site: &Site,
    deployment: &Deployment,
    old: Option<&Manifest>,
    plan: &Plan,
) -> Result<(), Failure> {
    let mut printer = Printer::new();
    // Root has no session, or not the one that matters.
    let session = match site.places.scope {
        Scope::User => Session::open().await.ok(),
        Scope::System => None,
    };
    let was_running = match &session {
        Some(session) => session.owner().await?.is_some(),
        None => false,
    };
    // One that is not ours is ended only to make room for ours.
    let may_stop = old.is_some() || !args.no_start;
    if let (Some(session), true) = (&session, was_running && may_stop)
        && needs_restart(plan, old, deployment)
    {
        printer.line(end_text(session.stop().await?));
    }
    perform(&plan.steps, site)?;
    if plan.changes_something() {
        printer.styled_line("Installed.", GOOD);
    }
    let starts = deployment.preset.runs_by_itself() || was_running;
    match session {
        Some(session) => {
            session.reload().await?;
            if starts && !args.no_start {
                let manifest = site.manifest(Some(&deployment.name))?;
                printer.line(start_now(&session, manifest.as_ref()).await?);
            }
        }
        None if site.is_staged => {}
        None => printer.styled_line(
            "There is no session here to start it in: it starts at the next login, or with `headroom install start`.",
            NOTE,
        ),
    }
    if site.places.profile.is_some() && !is_on_path(site) {
        let bin = site.short(&site.places.bin);
        printer.styled_line(
            format!("{bin} is not on PATH: `--path` adds it in ~/.profile, which counts from the next login on."),
            NOTE,
        );
    }
    printer.finish()?;
    Ok(())
}

/// Returns whether what runs is about to be replaced, or to be run in another way.
fn needs_restart(plan: &Plan, old: Option<&Manifest>, deployment: &Deployment) -> bool {
    let is_other = old.is_none_or(|old| old.preset != deployment.preset);
    let is_replaced = plan.steps.iter().any(|step| match step {
        Step::Record(manifest) => {
            manifest.files.iter().any(|entry| entry.part == Part::Preset && entry.earlier.is_some())
        }
        _ => false,
    });
    is_other || is_replaced
}

fn is_on_path(site: &Site) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder == site.places.bin)
}
