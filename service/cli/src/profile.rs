//! `headroom profile`: what profiles there are, and what stands in them.

use std::{collections::BTreeMap, process::ExitCode};

use serde_json::json;

use crate::{
    args::ProfileAction,
    failure::Failure,
    link::{call, control},
    output::{Cell, GOOD, Printer, print_json},
};

/// Lists the profiles, or prints one as TOML.
pub(crate) async fn run(action: ProfileAction) -> Result<ExitCode, Failure> {
    let control = control().await?;
    let mut printer = Printer::new();
    match action {
        ProfileAction::List(args) => {
            let profiles: BTreeMap<_, _> = call(control.profiles()).await?.into_iter().collect();
            let active = call(control.active_profile()).await?;
            if args.json {
                print_json(&json!({"active": active, "profiles": profiles}))?;
                return Ok(ExitCode::SUCCESS);
            }
            let row = |(name, description): (&String, &String)| {
                let mark = if *name == active { "*" } else { "" };
                vec![Cell::new(mark).styled(GOOD), Cell::new(name), Cell::sentence(description)]
            };
            printer.table(
                &["", "PROFILE", "DESCRIPTION"],
                &profiles.iter().map(row).collect::<Vec<_>>(),
            );
        }
        ProfileAction::Show { name } => {
            let name = match name {
                Some(name) => name,
                None => call(control.active_profile()).await?,
            };
            printer.line(call(control.show_profile(&name)).await?.trim_end());
        }
    }
    printer.finish()?;
    Ok(ExitCode::SUCCESS)
}
