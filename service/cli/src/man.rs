//! `headroom man`: manual pages, made from the same definition as the help.

use std::{fs, io, path::Path, process::ExitCode};

use clap::{Command, CommandFactory as _};
use clap_mangen::{
    Man,
    roff::{Inline, Roff, bold, roman},
};
use headroom_api::names::{BUS_NAME, OBJECT_PATH, SERVICE_BINARY};

use crate::{
    args::{Args, ManArgs},
    failure::Failure,
    output::Printer,
};

const EXIT_STATUS: [(&str, &str); 4] = [
    ("0", "Done."),
    ("1", "Refused, failed, or something that was checked is broken."),
    ("2", "Wrong usage."),
    ("3", "The service cannot be reached."),
];

const FILES: [(&str, &str); 2] = [
    (
        "$XDG_CONFIG_HOME/headroom/profiles/*.toml",
        "Your own profiles, which Headroom reads and never writes. One that has the name of a shipped profile \
         takes its place. Without XDG_CONFIG_HOME the folder is ~/.config/headroom/profiles.",
    ),
    (
        "$XDG_STATE_HOME/headroom/",
        "What the service remembers: your choices for single applications, changed settings and the active \
         profile. Without XDG_STATE_HOME the folder is ~/.local/state/headroom.",
    ),
];

const ENVIRONMENT: [(&str, &str); 3] = [
    ("DBUS_SESSION_BUS_ADDRESS", "The session bus on which the service is looked for."),
    ("NO_COLOR", "When it is set and not empty, nothing is coloured. TERM=dumb does the same."),
    ("XDG_CONFIG_HOME, XDG_STATE_HOME", "Where the files above are, when they are absolute paths."),
];

/// Prints the main page, or writes every page into a folder.
pub(crate) fn run(args: &ManArgs) -> Result<ExitCode, Failure> {
    let Some(folder) = &args.dir else {
        Printer::verbatim(page(&definition(), None)?)?;
        return Ok(ExitCode::SUCCESS);
    };
    let refuse = |path: &Path, error: &io::Error| {
        Failure::Refused(format!("{}: cannot be written: {error}", path.display()))
    };
    fs::create_dir_all(folder).map_err(|error| refuse(folder, &error))?;
    for (name, text) in all()? {
        let path = folder.join(name);
        fs::write(&path, text).map_err(|error| refuse(&path, &error))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns every page, with its file name.
pub(crate) fn all() -> io::Result<Vec<(String, Vec<u8>)>> {
    pages(&definition(), None)
}

fn definition() -> Command {
    let mut command = Args::command().disable_help_subcommand(true);
    command.build();
    command
}

/// Returns the page of a command and of each command below it, with their file names.
fn pages(command: &Command, parent: Option<&Command>) -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut all = vec![(format!("{}.1", page_name(command)), page(command, parent)?)];
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        all.extend(pages(sub, Some(command))?);
    }
    Ok(all)
}

fn page_name(command: &Command) -> &str {
    command.get_display_name().unwrap_or_else(|| command.get_name())
}

fn page(command: &Command, parent: Option<&Command>) -> io::Result<Vec<u8>> {
    let man = Man::new(command.clone())
        .title(page_name(command).to_uppercase())
        .source(concat!("Headroom ", env!("CARGO_PKG_VERSION")))
        .manual("Headroom");
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let help = Help::parse(&help);
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    let mut roff = Roff::new();
    let about = command.get_long_about().or_else(|| command.get_about());
    let about = about.map(ToString::to_string).unwrap_or_default();
    // Help lines go without a full stop, a page does not.
    roff.control("SH", ["DESCRIPTION"]).text([roman(format!("{}.", about.trim_end_matches('.')))]);
    for paragraph in &help.paragraphs {
        roff.control("PP", []).text([roman(paragraph)]);
    }
    if parent.is_none() {
        about_the_service(&mut roff);
    }
    roff.to_writer(&mut text)?;
    man.render_options_section(&mut text)?;
    if command.get_subcommands().next().is_some() {
        man.render_subcommands_section(&mut text)?;
    }
    let mut roff = Roff::new();
    for (title, lines) in &help.sections {
        section_of_lines(&mut roff, title, lines);
    }
    definitions(&mut roff, "EXIT STATUS", &EXIT_STATUS);
    definitions(&mut roff, "FILES", &FILES);
    definitions(&mut roff, "ENVIRONMENT", &ENVIRONMENT);
    see_also(&mut roff, command, parent);
    roff.to_writer(&mut text)?;
    Ok(text)
}

fn about_the_service(roff: &mut Roff) {
    let sentence = format!(
        "It talks to {SERVICE_BINARY} on the session bus ({BUS_NAME}, {OBJECT_PATH}), which starts by itself when \
         it is installed. Output is meant for a person; where a command takes --json, what it prints then is \
         stable and meant for programs."
    );
    roff.control("PP", []).text([roman(sentence)]);
}

fn section_of_lines(roff: &mut Roff, title: &str, lines: &[String]) {
    roff.control("SH", [title]);
    roff.control("nf", []);
    for line in lines {
        roff.text([roman(line.trim_start())]);
    }
    roff.control("fi", []);
}

fn definitions(roff: &mut Roff, title: &str, entries: &[(&str, &str)]) {
    roff.control("SH", [title]);
    for (term, text) in entries {
        roff.control("TP", []).text([bold(*term)]).text([roman(*text)]);
    }
}

fn see_also(roff: &mut Roff, command: &Command, parent: Option<&Command>) {
    let mut names = vec!["headroom"];
    names.extend(parent.map(page_name));
    names.extend(command.get_subcommands().map(page_name));
    names.retain(|name| *name != page_name(command));
    names.dedup();
    names.extend(["pipewire", "wpctl"]);
    let mut line: Vec<Inline> = Vec::new();
    for name in names {
        if !line.is_empty() {
            line.push(roman(", "));
        }
        line.extend([bold(name), roman("(1)")]);
    }
    roff.control("SH", ["SEE ALSO"]).text(line);
}

/// The text below a command's help, cut into what a manual page has places for.
#[derive(Debug, Default, PartialEq)]
struct Help {
    paragraphs: Vec<String>,
    /// Title and lines, such as the examples.
    sections: Vec<(String, Vec<String>)>,
}

impl Help {
    /// Cuts at empty lines; a part whose first line ends with a colon and whose others are indented is a section.
    fn parse(text: &str) -> Self {
        let mut help = Self::default();
        for part in text.split("\n\n").filter(|part| !part.trim().is_empty()) {
            let (first, rest) = part.split_once('\n').unwrap_or((part, ""));
            let is_list = !rest.is_empty() && rest.lines().all(|line| line.starts_with(' '));
            match first.strip_suffix(':') {
                // Every page has that one in full.
                Some("Exit codes") => {}
                Some(title) if is_list => {
                    let lines = rest.lines().map(str::to_owned).collect();
                    help.sections.push((title.to_uppercase(), lines));
                }
                _ => help.paragraphs.push(part.split_whitespace().collect::<Vec<_>>().join(" ")),
            }
        }
        help
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_is_cut_into_paragraphs_and_sections() {
        let help = Help::parse(
            "Exit codes:\n  0  done\n\nOne\ntwo.\n\nNote: three.\n\nExamples:\n  headroom a\n  headroom b",
        );
        assert_eq!(help.paragraphs, ["One two.", "Note: three."]);
        let lines = vec!["  headroom a".to_owned(), "  headroom b".to_owned()];
        assert_eq!(help.sections, [("EXAMPLES".to_owned(), lines)]);
        assert_eq!(Help::parse(""), Help::default());
    }
}
