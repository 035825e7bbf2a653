//! `headroom install status`: what is installed, whether it is whole, whether it runs.

use std::process::ExitCode;

use headroom_install::{Condition, Look, Progress, Scope, look};
use serde_json::{Value, json};

use crate::{
    args::InstallStatusArgs,
    failure::Failure,
    output::{BAD, Cell, GOOD, HEADING, NOTE, Printer, print_json},
    status::state_text,
};

/// Exit code when nothing is installed.
const NOT_INSTALLED: u8 = 4;

/// Prints it.
pub(crate) async fn run(args: &InstallStatusArgs) -> Result<ExitCode, Failure> {
    let looks = look(&args.target.target(), args.root.as_ref()).await?;
    let code = looks.iter().map(|look| exit_code(look.condition)).find(|code| *code != 0);
    let code = if looks.is_empty() { NOT_INSTALLED } else { code.unwrap_or(0) };
    if args.json {
        let list: Value = looks.iter().map(look_json).collect();
        print_json(&json!({"deployments": list, "exit-code": code}))?;
        return Ok(ExitCode::from(code));
    }
    let mut printer = Printer::new();
    if looks.is_empty() {
        printer.line("Nothing is installed by `headroom install`. What a package brought is not counted here.");
    }
    for (index, look) in looks.iter().enumerate() {
        if index > 0 {
            printer.line("");
        }
        print(look, &mut printer);
    }
    printer.finish()?;
    Ok(ExitCode::from(code))
}

/// Returns the exit code that tells a condition apart.
fn exit_code(condition: Condition) -> u8 {
    match condition {
        Condition::Running | Condition::Ready | Condition::Staged => 0,
        Condition::Broken | Condition::Unfinished | Condition::Hung | Condition::Displaced => 1,
        Condition::Stopped => 3,
        Condition::SafeMode => 5,
    }
}

fn look_json(look: &Look) -> Value {
    let faults = look.faults.iter().map(|(path, what)| json!({"path": path, "fault": what}));
    json!({
        "name": look.manifest.name.as_str(),
        "preset": look.manifest.preset.to_string(),
        "scope": look.manifest.scope.to_string(),
        "version": look.manifest.headroom,
        "condition": look.condition.as_str(),
        "files": look.manifest.files.len(),
        "faults": faults.collect::<Value>(),
        "service": look.running.as_ref().map(|running| json!({
            "pid": running.pid,
            "state": running.state,
            "deployment": running.deployment,
            "supervisor": running.supervisor,
        })),
    })
}

fn print(look: &Look, printer: &mut Printer) {
    let manifest = &look.manifest;
    let whom = match manifest.scope {
        Scope::User => "for you",
        Scope::System => "for everybody",
    };
    let files = match look.faults.len() {
        0 => format!("{}, all as installed", manifest.files.len()),
        count => format!("{}, {count} of them not as installed", manifest.files.len()),
    };
    let style = match exit_code(look.condition) {
        0 => GOOD,
        3 => NOTE,
        _ => BAD,
    };
    let field = |name: &str, value: Cell| vec![Cell::new(name).styled(HEADING), value];
    printer.table(
        &[],
        &[
            field(
                "Deployment",
                Cell::sentence(format!("{}: {}, {whom}", manifest.name, manifest.preset)),
            ),
            field("Version", Cell::new(&manifest.headroom)),
            field("Files", Cell::sentence(files)),
            field("Service", Cell::sentence(sentence(look)).styled(style)),
        ],
    );
    for (path, what) in &look.faults {
        printer.styled_line(format!("Problem: {} is {what}.", look.site.short(path)), BAD);
    }
    if let Some(advice) = advice(look) {
        printer.line(advice);
    }
}

/// Returns what the service does, in a few words.
fn sentence(look: &Look) -> String {
    let Some(running) = &look.running else {
        return match look.condition {
            Condition::Staged => "staged; nothing runs from here".to_owned(),
            _ if !look.manifest.preset.runs_by_itself() => {
                "not running; it starts when something calls it".to_owned()
            }
            _ => "not running".to_owned(),
        };
    };
    let by = match running.supervisor.as_str() {
        "none" => String::new(),
        supervisor => format!(", started by {supervisor}"),
    };
    let process = format!("process {}{by}", running.pid);
    match &running.state {
        None => format!("does not answer ({process})"),
        Some(_) if running.deployment != look.manifest.deployment().to_string() => {
            format!("another Headroom has its place: {} ({process})", running.deployment)
        }
        Some(state) => format!("{} ({process})", state_text(state)),
    }
}

/// Returns what to do about it.
fn advice(look: &Look) -> Option<&'static str> {
    Some(match look.condition {
        Condition::Running | Condition::Ready | Condition::Staged => return None,
        Condition::Broken => {
            "`headroom install apply`, from the folder that it was installed from, repairs it; --force also what was \
             changed."
        }
        Condition::Unfinished if look.manifest.progress == Progress::Removing => {
            "A removal has not ended, or left what was changed: `headroom install remove` goes on, with --force also \
             over changes."
        }
        Condition::Unfinished => {
            "An installation has not ended: `headroom install apply` finishes it, `headroom install remove` takes it back."
        }
        Condition::Hung => "`headroom install recover` kills it and starts it again.",
        Condition::Displaced => "`headroom install restart` ends that one and starts this one.",
        Condition::Stopped => "`headroom install start` starts it.",
        Condition::SafeMode => "`headroom bypass off` brings the protection back.",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_tell_conditions_apart() {
        for (code, conditions) in [
            (0, [Condition::Running, Condition::Ready, Condition::Staged].as_slice()),
            (1, &[Condition::Broken, Condition::Unfinished, Condition::Hung, Condition::Displaced]),
            (3, &[Condition::Stopped]),
            (5, &[Condition::SafeMode]),
        ] {
            assert!(conditions.iter().all(|condition| exit_code(*condition) == code), "{code}");
        }
    }
}
