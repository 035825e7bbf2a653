//! `headroom install remove`.

use std::process::ExitCode;

use headroom_install::{Left, Remove, Site, nothing_installed};

use super::{confirm, running::end_text, words};
use crate::{
    args::RemoveArgs,
    failure::Failure,
    output::{FAINT, GOOD, NOTE, Printer},
};

/// Takes a deployment back.
pub(crate) async fn run(args: &RemoveArgs) -> Result<ExitCode, Failure> {
    let change = &args.change;
    let prepared = Remove::prepare(
        change.scope.into(),
        change.root.clone(),
        change.name.as_ref(),
        change.force,
        args.keep_settings,
        change.dry_run,
    )?;
    let Some(remove) = prepared else { return Err(nothing_installed().into()) };
    let Remove { site, manifest, removal, .. } = &remove;
    let mut printer = Printer::new();
    printer.line(format!(
        "Headroom {}, '{}' (deployment '{}'), is taken back:",
        manifest.headroom, manifest.preset, manifest.name
    ));
    words::print(&removal.steps, site, &mut printer);
    words::print_left(&removal.left, site, &mut printer);
    say_what_stays(site, args, &mut printer);
    printer.finish()?;
    if change.dry_run || !confirm(change)? {
        return Ok(ExitCode::from(u8::from(!change.dry_run)));
    }
    let end = remove.carry_out().await?;
    let mut printer = Printer::new();
    if let Some(end) = end {
        printer.line(end_text(end));
    } else if !site.is_staged {
        printer.styled_line("What runs in a session goes on until it is logged out of.", NOTE);
    }
    let code = conclude(&removal.left, site, &mut printer);
    printer.finish()?;
    Ok(code)
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
