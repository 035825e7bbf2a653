//! `headroom install remove`.

use std::process::ExitCode;

use super::{
    Site,
    apply::{confirm, perform},
    deployment::Scope,
    nothing_installed,
    running::end_text,
    session::Session,
    undo::{Left, own_folders, removal},
    words,
};
use crate::{
    args::RemoveArgs,
    failure::Failure,
    output::{FAINT, GOOD, NOTE, Printer},
};

/// Takes a deployment back.
pub(crate) async fn run(args: &RemoveArgs) -> Result<ExitCode, Failure> {
    let site = Site::new(args.change.scope, args.change.root.clone())?;
    let Some(manifest) = site.manifest(args.change.name.as_ref())? else {
        sweep(&site, args)?;
        return Err(nothing_installed());
    };
    let lock = if args.change.dry_run { None } else { Some(site.lock()?) };
    let removal =
        removal(&manifest, &site.places, &site.disk, args.change.force, args.keep_settings)?;
    let mut printer = Printer::new();
    printer.line(format!(
        "Headroom {}, '{}' (deployment '{}'), is taken back:",
        manifest.headroom, manifest.preset, manifest.name
    ));
    words::print(&removal.steps, &site, &mut printer);
    words::print_left(&removal.left, &site, &mut printer);
    say_what_stays(&site, args, &mut printer);
    printer.finish()?;
    if args.change.dry_run || !confirm(&args.change)? {
        return Ok(ExitCode::from(u8::from(!args.change.dry_run)));
    }
    let mut printer = Printer::new();
    // Root has no session, or not the one that matters.
    let session = match site.places.scope {
        Scope::User => Session::open().await.ok(),
        Scope::System => None,
    };
    if let Some(session) = &session {
        printer.line(end_text(session.stop().await?));
    }
    perform(&removal.steps, &site)?;
    if let Some(session) = &session {
        session.reload().await?;
    } else if !site.is_staged {
        printer.styled_line("What runs in a session goes on until it is logged out of.", NOTE);
    }
    let code = conclude(&removal.left, &site, &mut printer);
    printer.finish()?;
    drop(lock);
    Ok(code)
}

/// Removes what an `apply` has left that died before it wrote its record: nothing but what it had copied aside.
fn sweep(site: &Site, args: &RemoveArgs) -> Result<(), Failure> {
    if args.change.dry_run {
        return Ok(());
    }
    let name = args.change.name.clone().unwrap_or_default();
    let swept = site.disk.remove_tree(&site.places.backups(name.as_str()));
    swept.map_err(|error| Failure::Refused(error.to_string()))?;
    for folder in own_folders(&site.places) {
        // One that is not empty, or not ours to remove, stays.
        let _ = site.disk.remove_empty(&folder);
    }
    Ok(())
}

fn say_what_stays(site: &Site, args: &RemoveArgs, printer: &mut Printer) {
    let text = match (&site.places.settings, args.keep_settings) {
        (Some(settings), keeps) => {
            let remembered = if keeps { ", and what the service remembers" } else { "" };
            format!("Your own profiles in {}/ stay{remembered}.", site.short(settings))
        }
        (None, _) => {
            "What the service remembers for a person stays in that person's ~/.local/state/headroom."
                .to_owned()
        }
    };
    printer.styled_line(text, FAINT);
}

fn conclude(left: &[Left], site: &Site, printer: &mut Printer) -> ExitCode {
    if left.is_empty() {
        printer.styled_line("Removed; nothing of it is left.", GOOD);
        return ExitCode::SUCCESS;
    }
    printer.styled_line("Removed, but for what was left:", NOTE);
    words::print_left(left, site, printer);
    if left.iter().any(|left| left.can_be_forced) {
        printer.line(
            "Your changes are safe. `headroom install remove --force` drops them and puts back what stood there before.",
        );
    }
    ExitCode::FAILURE
}
