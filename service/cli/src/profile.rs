//! `headroom profile`: what profiles there are, what stands in them, and which one is in force.

use std::{
    collections::{BTreeMap, HashMap},
    process::ExitCode,
};

use headroom_api::{ControlProxy, Problem, ProblemRow};
use headroom_client::Told;
use serde_json::json;

use crate::{
    args::{JsonArgs, ProfileAction, UseArgs},
    failure::Failure,
    link::{call, control},
    migrate,
    output::{BAD, Cell, FAINT, GOOD, NOTE, Printer},
    settings::{Settings, count_text},
    status::problems_json,
};

/// Lists, prints, switches or reads profiles.
pub(crate) async fn run(action: ProfileAction) -> Result<ExitCode, Failure> {
    if let ProfileAction::Migrate(args) = &action {
        return migrate::run(args);
    }
    let control = control().await?;
    let mut printer = Printer::new();
    let code = match action {
        ProfileAction::Migrate(_) => ExitCode::SUCCESS,
        ProfileAction::List(args) => list(&control, &args, &mut printer).await?,
        ProfileAction::Show { name } => {
            let name = match name {
                Some(name) => name,
                None => call(control.active_profile()).await?,
            };
            printer.line(call(control.show_profile(&name)).await?.trim_end());
            ExitCode::SUCCESS
        }
        ProfileAction::Use(args) => switch(&control, &args, &mut printer).await?,
        ProfileAction::Reload(args) => reload(&control, &args, &mut printer).await?,
    };
    printer.finish()?;
    Ok(code)
}

async fn problems(control: &ControlProxy<'_>) -> Result<Vec<Told<ProblemRow>>, Failure> {
    let problems = call(control.problems()).await?.into_iter().map(Told::<ProblemRow>::from);
    let is_of_profiles =
        |told: &Told<ProblemRow>| told.known.as_ref().is_some_and(Problem::is_of_profiles);
    Ok(problems.filter(is_of_profiles).collect())
}

async fn list(
    control: &ControlProxy<'_>,
    args: &JsonArgs,
    printer: &mut Printer,
) -> Result<ExitCode, Failure> {
    let profiles: BTreeMap<_, _> = call(control.profiles()).await?.into_iter().collect();
    let active = call(control.active_profile()).await?;
    let changed = Settings::read(control).await?.changed().count();
    if args.json {
        printer.json(&json!({"active": active, "profiles": profiles, "changed": changed}));
        return Ok(ExitCode::SUCCESS);
    }
    let row = |(name, description): (&String, &String)| {
        let mark = if *name == active { "*" } else { "" };
        vec![Cell::new(mark).styled(GOOD), Cell::new(name), Cell::sentence(description)]
    };
    printer.table(&["", "PROFILE", "DESCRIPTION"], &profiles.iter().map(row).collect::<Vec<_>>());
    if changed > 0 {
        printer.line("");
        printer.styled_line(
            format!("{} on top of '{active}'; `headroom get` shows them.", count_text(changed)),
            NOTE,
        );
    }
    for problem in problems(control).await? {
        printer.styled_line(format!("Problem: {}", problem.text), BAD);
    }
    Ok(ExitCode::SUCCESS)
}

async fn switch(
    control: &ControlProxy<'_>,
    args: &UseArgs,
    printer: &mut Printer,
) -> Result<ExitCode, Failure> {
    let old = call(control.active_profile()).await?;
    let left = Settings::read(control).await?.changed().count();
    call(control.set_active_profile(&args.name)).await?;
    let new = call(control.active_profile()).await?;
    let found = Settings::read(control).await?.changed().count();
    if args.json {
        printer.json(&json!({
            "active": new,
            "previous": old,
            "changed": found,
            "put-aside": if old == new { 0 } else { left },
        }));
        return Ok(ExitCode::SUCCESS);
    }
    if old == new {
        printer.line(format!("'{new}' is the active profile already."));
        return Ok(ExitCode::SUCCESS);
    }
    let description = call(control.profiles()).await?.remove(&new).unwrap_or_default();
    printer.line(if description.is_empty() {
        new.clone()
    } else {
        format!("{new}: {description}")
    });
    if left > 0 {
        let (verb, back) = if left == 1 { ("stays", "comes") } else { ("stay", "come") };
        let text = format!("{} {verb} with '{old}' and {back} back with it.", count_text(left));
        printer.styled_line(text, NOTE);
    }
    if found > 0 {
        let verb = if found == 1 { "is" } else { "are" };
        let text = format!("{} of '{new}' {verb} in force again.", count_text(found));
        printer.styled_line(text, NOTE);
    }
    Ok(ExitCode::SUCCESS)
}

async fn reload(
    control: &ControlProxy<'_>,
    args: &JsonArgs,
    printer: &mut Printer,
) -> Result<ExitCode, Failure> {
    let before = call(control.profiles()).await?;
    call(control.reload_profiles()).await?;
    let after = call(control.profiles()).await?;
    let active = call(control.active_profile()).await?;
    let problems = problems(control).await?;
    let (added, gone) = (missing(&after, &before), missing(&before, &after));
    if args.json {
        printer.json(&json!({
            "active": active,
            "profiles": after.len(),
            "added": added,
            "removed": gone,
            "problems": problems_json(&problems),
        }));
    } else {
        printer.line(format!("{} profiles; '{active}' is active.", after.len()));
        for (what, names) in [("New", added), ("Gone", gone)] {
            if !names.is_empty() {
                printer.styled_line(format!("{what}: {}.", names.join(", ")), FAINT);
            }
        }
        for problem in &problems {
            printer.styled_line(format!("Problem: {}", problem.text), BAD);
        }
    }
    Ok(ExitCode::from(u8::from(!problems.is_empty())))
}

/// Returns the names in `all` that are not in `known`, sorted.
fn missing<'a>(all: &'a HashMap<String, String>, known: &HashMap<String, String>) -> Vec<&'a str> {
    let mut names: Vec<&str> =
        all.keys().filter(|name| !known.contains_key(*name)).map(String::as_str).collect();
    names.sort_unstable();
    names
}
