//! `headroom route`: the user's own routes.

use std::{collections::BTreeMap, process::ExitCode};

use serde_json::json;

use crate::{
    args::RouteAction,
    failure::Failure,
    link::{call, control},
    output::{Cell, FAINT, Printer, print_json},
};

/// Lists, sets or unsets a route.
pub(crate) async fn run(action: RouteAction) -> Result<ExitCode, Failure> {
    let control = control().await?;
    match action {
        RouteAction::List(args) => {
            let routes: BTreeMap<_, _> = call(control.routes()).await?.into_iter().collect();
            if args.json {
                print_json(&json!({ "routes": routes }))?;
                return Ok(ExitCode::SUCCESS);
            }
            let mut printer = Printer::new();
            if routes.is_empty() {
                printer.styled_line("No routes of your own; the profile's rules decide.", FAINT);
            } else {
                let rows: Vec<_> = routes
                    .iter()
                    .map(|(app, route)| vec![Cell::new(app), Cell::new(route)])
                    .collect();
                printer.table(&["APPLICATION", "ROUTE"], &rows);
            }
            printer.finish()?;
        }
        RouteAction::Set { app, route } => {
            call(control.set_route(&app, &route)).await?;
            say(format!("{app}: {route}"))?;
        }
        RouteAction::Unset { app } => {
            call(control.unset_route(&app)).await?;
            say(format!("{app}: no route of your own any more"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn say(text: String) -> std::io::Result<()> {
    let mut printer = Printer::new();
    printer.line(text);
    printer.finish()
}
