//! `headroom install status`: what is installed, whether it is whole, whether it runs.

use std::{path::PathBuf, process::ExitCode};

use headroom_api::dict_str;
use serde_json::{Value, json};

use super::{
    Site,
    deployment::Scope,
    disk::Disk,
    fence::{self, Fenced},
    manifest::{Manifest, Progress},
    session::Session,
    standing::Standing,
};
use crate::{
    args::StatusArgs,
    failure::Failure,
    link::CALL_TIMEOUT,
    output::{BAD, Cell, GOOD, HEADING, NOTE, Printer, print_json},
    status::state_text,
};

/// What a deployment's state is, and the exit code for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    /// Whole, and runs.
    Running,
    /// Whole; it starts when something calls it.
    Ready,
    /// Whole; staged, so that there is nothing to run.
    Staged,
    /// Something is missing or changed.
    Broken,
    /// An `apply` or `remove` has not ended.
    Unfinished,
    /// On the bus, and does not answer.
    Hung,
    /// Another Headroom has its place.
    Displaced,
    /// Whole, and does not run.
    Stopped,
    /// Bypassed after repeated failures.
    SafeMode,
}

impl Condition {
    /// Exit code when nothing is installed.
    const NOT_INSTALLED: u8 = 4;

    fn code(self) -> u8 {
        match self {
            Self::Running | Self::Ready | Self::Staged => 0,
            Self::Broken | Self::Unfinished | Self::Hung | Self::Displaced => 1,
            Self::Stopped => 3,
            Self::SafeMode => 5,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Ready => "ready",
            Self::Staged => "staged",
            Self::Broken => "broken",
            Self::Unfinished => "unfinished",
            Self::Hung => "hung",
            Self::Displaced => "displaced",
            Self::Stopped => "stopped",
            Self::SafeMode => "safe-mode",
        }
    }
}

/// What owns the service's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Running {
    pub(crate) pid: u32,
    /// `None` when it does not answer.
    pub(crate) state: Option<String>,
    pub(crate) deployment: String,
    pub(crate) supervisor: String,
}

/// A path, and what is wrong with it.
pub(crate) type Fault = (PathBuf, &'static str);

/// Returns what is not as it was installed; lines that the user took out of a file are his decision.
///
/// # Errors
/// When something cannot be looked at.
pub(crate) fn faults(manifest: &Manifest, disk: &Disk) -> Result<Vec<Fault>, Failure> {
    let mut faults = Vec::new();
    let unreadable = |path: &PathBuf, error: std::io::Error| {
        Failure::Refused(format!("{}: cannot be read: {error}", disk.at(path).display()))
    };
    for entry in &manifest.files {
        let now = disk.standing(&entry.path).map_err(|error| unreadable(&entry.path, error))?;
        let what = match now {
            now if now == entry.after => continue,
            Standing::Nothing => "missing",
            now if now.has_content_of(&entry.after) => "with other permissions",
            _ => "changed",
        };
        faults.push((entry.path.clone(), what));
    }
    for edit in &manifest.edits {
        let text = disk.read(&edit.path).map_err(|error| unreadable(&edit.path, error))?;
        if fence::find(&text.unwrap_or_default(), &edit.block) == Fenced::Changed {
            faults.push((edit.path.clone(), "changed between our markers"));
        }
    }
    Ok(faults)
}

/// Returns what is on the bus, without starting it; `None` when nothing is, or there is no bus.
pub(crate) async fn running() -> Option<Running> {
    let session = Session::open().await.ok()?;
    let owner = session.owner().await.ok()??;
    let answer = if session.answers(&owner, CALL_TIMEOUT).await {
        session.ask(&owner).await.ok()
    } else {
        None
    };
    let told = |key: &str| {
        answer.as_ref().and_then(|(_, health)| dict_str(health, key)).unwrap_or("none").to_owned()
    };
    Some(Running {
        pid: owner.pid,
        deployment: told("deployment"),
        supervisor: told("supervisor"),
        state: answer.map(|(state, _)| state),
    })
}

/// Judges a deployment. Pure.
pub(crate) fn judge(
    manifest: &Manifest,
    faults: &[Fault],
    running: Option<&Running>,
    is_staged: bool,
) -> Condition {
    if manifest.progress != Progress::Applied {
        return Condition::Unfinished;
    }
    if !faults.is_empty() {
        return Condition::Broken;
    }
    if is_staged {
        return Condition::Staged;
    }
    let Some(running) = running else {
        let starts = manifest.preset.runs_by_itself();
        return if starts { Condition::Stopped } else { Condition::Ready };
    };
    match running.state.as_deref() {
        None => Condition::Hung,
        Some(_) if running.deployment != manifest.deployment().to_string() => Condition::Displaced,
        Some("safe-mode") => Condition::SafeMode,
        Some(_) => Condition::Running,
    }
}

struct Row {
    site: Site,
    manifest: Manifest,
    faults: Vec<Fault>,
    condition: Condition,
}

/// Prints it.
pub(crate) async fn run(args: &StatusArgs) -> Result<ExitCode, Failure> {
    let rows = rows(args).await?;
    let code = rows.iter().map(|(row, _)| row.condition.code()).find(|code| *code != 0);
    let code = if rows.is_empty() { Condition::NOT_INSTALLED } else { code.unwrap_or(0) };
    if args.json {
        let list: Value = rows.iter().map(|(row, running)| row.json(running.as_ref())).collect();
        print_json(&json!({"deployments": list, "exit-code": code}))?;
        return Ok(ExitCode::from(code));
    }
    let mut printer = Printer::new();
    if rows.is_empty() {
        printer.line("Nothing is installed by `headroom install`. What a package brought is not counted here.");
    }
    for (index, (row, running)) in rows.iter().enumerate() {
        if index > 0 {
            printer.line("");
        }
        row.print(running.as_ref(), &mut printer);
    }
    printer.finish()?;
    Ok(ExitCode::from(code))
}

async fn rows(args: &StatusArgs) -> Result<Vec<(Row, Option<Running>)>, Failure> {
    let scopes = match (args.target.scope, &args.root) {
        (Some(scope), _) => vec![scope],
        (None, Some(_)) => vec![Scope::System],
        (None, None) => vec![Scope::User, Scope::System],
    };
    let mut rows = Vec::new();
    for scope in scopes {
        let site = Site::new(scope, args.root.clone())?;
        let names = match &args.target.name {
            Some(name) => vec![name.clone()],
            None => site.names()?,
        };
        for name in names {
            let Some(manifest) = Manifest::load(&site.places, &name, &site.disk)? else { continue };
            let running = if site.is_staged { None } else { running().await };
            let faults = faults(&manifest, &site.disk)?;
            let condition = judge(&manifest, &faults, running.as_ref(), site.is_staged);
            let site = Site::new(scope, args.root.clone())?;
            rows.push((Row { site, manifest, faults, condition }, running));
        }
    }
    Ok(rows)
}

impl Row {
    fn json(&self, running: Option<&Running>) -> Value {
        let faults = self.faults.iter().map(|(path, what)| json!({"path": path, "fault": what}));
        json!({
            "name": self.manifest.name.as_str(),
            "preset": self.manifest.preset.to_string(),
            "scope": self.manifest.scope.to_string(),
            "version": self.manifest.headroom,
            "condition": self.condition.name(),
            "files": self.manifest.files.len(),
            "faults": faults.collect::<Value>(),
            "service": running.map(|running| json!({
                "pid": running.pid,
                "state": running.state,
                "deployment": running.deployment,
                "supervisor": running.supervisor,
            })),
        })
    }

    fn print(&self, running: Option<&Running>, printer: &mut Printer) {
        let manifest = &self.manifest;
        let whom = match manifest.scope {
            Scope::User => "for you",
            Scope::System => "for everybody",
        };
        let files = match self.faults.len() {
            0 => format!("{}, all as installed", manifest.files.len()),
            count => format!("{}, {count} of them not as installed", manifest.files.len()),
        };
        let style = match self.condition.code() {
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
                field("Service", Cell::sentence(self.sentence(running)).styled(style)),
            ],
        );
        for (path, what) in &self.faults {
            printer.styled_line(format!("Problem: {} is {what}.", self.site.short(path)), BAD);
        }
        if let Some(advice) = self.advice() {
            printer.line(advice);
        }
    }

    fn sentence(&self, running: Option<&Running>) -> String {
        let Some(running) = running else {
            return match self.condition {
                Condition::Staged => "staged; nothing runs from here".to_owned(),
                _ if !self.manifest.preset.runs_by_itself() => {
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
            Some(_) if running.deployment != self.manifest.deployment().to_string() => {
                format!("another Headroom has its place: {} ({process})", running.deployment)
            }
            Some(state) => format!("{} ({process})", state_text(state)),
        }
    }

    fn advice(&self) -> Option<&'static str> {
        Some(match self.condition {
            Condition::Running | Condition::Ready | Condition::Staged => return None,
            Condition::Broken => {
                "`headroom install apply`, from the folder that it was installed from, repairs it; --force also what was \
                 changed."
            }
            Condition::Unfinished if self.manifest.progress == Progress::Removing => {
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
}

#[cfg(test)]
mod tests {
    use super::{
        super::deployment::{Deployment, Name, Preset},
        *,
    };

    fn manifest(preset: Preset) -> Manifest {
        let deployment = Deployment { preset, scope: Scope::User, name: Name::default() };
        Manifest { progress: Progress::Applied, ..Manifest::new(&deployment) }
    }

    fn running(state: Option<&str>, deployment: &str) -> Running {
        Running {
            pid: 7,
            state: state.map(str::to_owned),
            deployment: deployment.to_owned(),
            supervisor: "systemd".to_owned(),
        }
    }

    #[test]
    fn exit_codes_tell_conditions_apart() {
        let service = manifest(Preset::Service);
        let at = |running: Option<Running>| judge(&service, &[], running.as_ref(), false);
        let own = "service/user/default";
        for (condition, code) in [
            (at(Some(running(Some("running"), own))), 0),
            (at(Some(running(Some("bypassed"), own))), 0),
            (at(None), 3),
            (at(Some(running(None, "none"))), 1),
            (at(Some(running(Some("running"), "none"))), 1),
            (at(Some(running(Some("safe-mode"), own))), 5),
            (judge(&manifest(Preset::OnDemand), &[], None, false), 0),
            (judge(&service, &[("/x".into(), "missing")], None, false), 1),
            (
                judge(
                    &Manifest { progress: Progress::Applying, ..service.clone() },
                    &[],
                    None,
                    false,
                ),
                1,
            ),
            (judge(&service, &[], None, true), 0),
        ] {
            assert_eq!(condition.code(), code, "{condition:?}");
        }
    }
}
