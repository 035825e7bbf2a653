//! `headroom welcome`: what Headroom does to the system, in plain words, and how to take it back.
//!
//! It says what the panel says at its first start, and tells the service that it was said. A service that does not
//! run is not started for it.

use std::{path::PathBuf, process::ExitCode};

use headroom_api::{
    ControlProxy, Health,
    names::{BUS_NAME, DIRECTORY},
};
use headroom_client::text::width;
use zbus::{fdo::DBusProxy, names::BusName};

use crate::{
    failure::Failure,
    link::{call, connect, proxy},
    output::{FAINT, HEADING, Printer},
    paths,
};

/// Columns of a line: what every terminal has.
const COLUMNS: usize = 80;

const LEAD: &str = "It keeps sudden loud sound away from your ears. This is all that it changes for that, and how you take it back.";

/// A statement, and what it means.
type Statement = (&'static str, &'static str);

/// What it does, by headings. `{state}`, `{runtime}` and `{config}` stand for Headroom's own folders.
const PARTS: [(&str, &[Statement]); 3] = [
    (
        "What it does",
        &[
            (
                "It puts one filter before your device",
                "Apps that play to the default device pass through it. It evens out loudness and holds peaks under a limit.",
            ),
            (
                "It keeps to itself",
                "It keeps no recording, listens to no microphone and never uses the network.",
            ),
        ],
    ),
    (
        "What it leaves alone",
        &[
            (
                "Your default device and your volumes",
                "Neither is changed: volume keys and sliders work as before.",
            ),
            (
                "Your files",
                "It writes into folders of its own and nowhere else: {state} for what you choose, how loud each app plays and what was caught, {runtime} until you log out. Profiles of your own are read from {config} and never changed.",
            ),
        ],
    ),
    (
        "When it stops",
        &[
            (
                "Sound goes on",
                "When Headroom ends, crashes or is removed, apps play straight to your device at once, unprotected. Nothing stays changed.",
            ),
            (
                "It steps aside when it fails again and again",
                "It says so, and waits until you bring protection back.",
            ),
        ],
    ),
];

/// How it is turned off, in commands: the panel has a switch for it.
const TURN_OFF: [Statement; 3] = [
    ("Everything at once", "headroom bypass on"),
    ("A single app", "headroom app set mpv leave-alone"),
    ("Back again", "headroom bypass off"),
];

const INSTALLED: &str = "Set up with “headroom install”";
const PACKAGED: Statement = (
    "Installed as a package",
    "Remove the package “headroom” as you remove others. What it put on the machine goes with it.",
);
const FLATPAK: &str = "Installed as a Flatpak";
const LEFTOVERS: Statement = (
    "What stays is yours",
    "Profiles of your own in {config}, and your choices in {state} where they did not go with it. Delete both folders to be rid of them.",
);

/// Prints the introduction, and has a running service remember that it was read.
pub(crate) async fn run() -> Result<ExitCode, Failure> {
    let service = running().await;
    let deployment = match &service {
        Some(control) => {
            let health = call(control.health()).await.ok();
            health.map(|health| Health::from_dict(&health).deployment)
        }
        None => None,
    };
    let mut printer = Printer::new();
    print(&mut printer, &Folders::of_the_environment(), deployment.as_deref().unwrap_or_default());
    printer.finish()?;
    if let Some(control) = service
        && call(control.introduced()).await.is_ok_and(|introduced| !introduced)
    {
        call(control.set_introduced(true)).await?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns the service if it runs already.
async fn running() -> Option<ControlProxy<'static>> {
    let connection = connect().await.ok()?;
    let bus = call(DBusProxy::new(&connection)).await.ok()?;
    let name = BusName::from_static_str(BUS_NAME).ok()?;
    if call(bus.name_has_owner(name)).await.ok()? { proxy(&connection).await.ok() } else { None }
}

/// Headroom's own folders, as a person writes them.
struct Folders {
    config: String,
    state: String,
    runtime: String,
}

impl Folders {
    fn of_the_environment() -> Self {
        let own = |folder: Option<PathBuf>, else_named: &str| {
            folder.map_or_else(|| else_named.to_owned(), |path| tilde(&path.display().to_string()))
        };
        let config = paths::profile_directory().and_then(|path| path.parent().map(PathBuf::from));
        let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        let runtime = runtime.filter(|path| path.is_absolute()).map(|path| path.join(DIRECTORY));
        Self {
            config: own(config, "~/.config/headroom"),
            state: own(paths::state_directory(), "~/.local/state/headroom"),
            runtime: own(runtime, "$XDG_RUNTIME_DIR/headroom"),
        }
    }

    fn fill(&self, text: &str) -> String {
        text.replace("{state}", &self.state)
            .replace("{runtime}", &self.runtime)
            .replace("{config}", &self.config)
    }
}

/// Writes a path below the home as people do.
fn tilde(path: &str) -> String {
    let home = std::env::var("HOME").unwrap_or_default();
    match path.strip_prefix(&home) {
        Some(rest) if !home.is_empty() && rest.starts_with('/') => format!("~{rest}"),
        _ => path.to_owned(),
    }
}

fn print(printer: &mut Printer, folders: &Folders, deployment: &str) {
    printer.styled_line("What Headroom does to your system", HEADING);
    paragraph(printer, LEAD, 0);
    for (title, statements) in PARTS {
        heading(printer, title);
        for (statement, text) in statements {
            entry(printer, statement, &folders.fill(text));
        }
    }
    heading(printer, "How to turn it off");
    for (what, command) in TURN_OFF {
        entry(printer, what, command);
    }
    heading(printer, "How to remove it for good");
    for (how, text) in removal(deployment) {
        entry(printer, how, &text);
    }
    entry(printer, LEFTOVERS.0, &folders.fill(LEFTOVERS.1));
    printer.line("");
    printer.styled_line(
        "`headroom status` says what it does now, `headroom doctor` what is wrong.",
        FAINT,
    );
}

/// Returns the ways to remove it that fit `PRESET/SCOPE/NAME`; all of them where that is not known.
fn removal(deployment: &str) -> Vec<(&'static str, String)> {
    let package = || (PACKAGED.0, PACKAGED.1.to_owned());
    let flatpak = || (FLATPAK, format!("flatpak uninstall --delete-data {BUS_NAME}"));
    let install = |scope: &str, name: &str| {
        let mut command = "headroom install remove".to_owned();
        if scope == "system" {
            command = format!("sudo {command} --scope system");
        }
        let is_plain =
            name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
        if name != "default" && is_plain {
            command = format!("{command} --name {name}");
        }
        (INSTALLED, command)
    };
    let parts: Vec<&str> = deployment.splitn(3, '/').collect();
    match parts[..] {
        ["package", ..] => vec![package()],
        ["flatpak", ..] => vec![flatpak()],
        ["service" | "watchdog" | "on-demand" | "autostart", scope, name] => {
            vec![install(scope, name)]
        }
        _ => vec![install("user", "default"), package(), flatpak()],
    }
}

fn heading(printer: &mut Printer, title: &str) {
    printer.line("");
    printer.styled_line(title, HEADING);
}

fn entry(printer: &mut Printer, statement: &str, text: &str) {
    printer.line(format!("  {statement}"));
    paragraph(printer, text, 4);
}

fn paragraph(printer: &mut Printer, text: &str, indent: usize) {
    for line in wrap(text, COLUMNS - indent) {
        printer.line(format!("{:indent$}{line}", ""));
    }
}

/// Breaks a text between words; a word that is wider than a line has one of its own.
fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let fits = lines
            .last()
            .is_some_and(|line| line.is_empty() || width(line) + 1 + width(word) <= columns);
        if !fits {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the panel says, in the words that its translators have.
    const PANEL: &str = include_str!("../../../po/headroom.pot");

    #[test]
    fn the_terminal_says_what_the_panel_says() {
        let ours = PARTS
            .iter()
            .flat_map(|(title, statements)| {
                let all = statements.iter().flat_map(|(statement, text)| [*statement, *text]);
                [*title].into_iter().chain(all)
            })
            .chain(["What Headroom does to your system", LEAD, "How to turn it off"])
            .chain(["How to remove it for good", INSTALLED, FLATPAK, PACKAGED.0, PACKAGED.1])
            .chain([LEFTOVERS.0, LEFTOVERS.1, TURN_OFF[0].0, TURN_OFF[1].0]);
        for text in ours {
            assert!(
                PANEL.contains(&format!("msgid \"{text}\"\n")),
                "the panel does not say {text:?}"
            );
        }
    }

    #[test]
    fn the_way_out_is_that_of_the_way_in() {
        let commands = |deployment| -> Vec<String> {
            removal(deployment).into_iter().map(|(_, text)| text).collect()
        };
        assert_eq!(commands("service/user/default"), ["headroom install remove"]);
        assert_eq!(
            commands("on-demand/system/spare"),
            ["sudo headroom install remove --scope system --name spare"]
        );
        assert_eq!(commands("service/user/a;b"), ["headroom install remove"]);
        assert_eq!(commands("package/system/debian"), [PACKAGED.1]);
        let flatpak = "flatpak uninstall --delete-data com.example.Headroom";
        assert_eq!(commands("flatpak/user/default"), [flatpak]);
        for unknown in ["", "none", "service", "snap/user/x"] {
            assert_eq!(commands(unknown).len(), 3, "{unknown}");
        }
    }

    #[test]
    fn what_is_to_be_typed_is_understood() {
        use clap::Parser as _;
        let ways = ["", "on-demand/system/spare"].into_iter().flat_map(removal);
        let commands = ways.map(|(_, text)| text).chain(TURN_OFF.map(|(_, text)| text.to_owned()));
        let ours = |text: &String| text.trim_start_matches("sudo ").starts_with("headroom ");
        let mut count = 0;
        for command in commands.filter(ours) {
            let words = command.trim_start_matches("sudo ").split(' ');
            if let Err(error) = crate::args::Args::try_parse_from(words) {
                panic!("{command}: {error}");
            }
            count += 1;
        }
        assert_eq!(count, 5);
    }

    #[test]
    fn lines_break_between_words_only() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("/a/very/long/path x", 5), ["/a/very/long/path", "x"]);
    }
}
