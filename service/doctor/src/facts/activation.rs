//! The files by which the bus knows how to start the service.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use headroom_api::names::BUS_NAME;
use headroom_profile::read_regular_text;

/// Folder of the session bus's activation files, below each data directory.
const FOLDER: &str = "dbus-1/services";

/// Longest file that is read, in bytes; they have some hundred.
const MOST_BYTES: u64 = 64 << 10;

/// One activation file for the service's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Activation {
    pub(crate) path: PathBuf,
    /// Command that the bus runs.
    pub(crate) exec: String,
    pub(crate) program: Program,
    /// systemd unit that is to be started instead of the command.
    pub(crate) unit: Option<String>,
}

/// Whether the program of a command can be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    Runs(PathBuf),
    Missing(PathBuf),
    NotExecutable(PathBuf),
    /// The file names no program by an absolute path.
    Unnamed,
}

impl Activation {
    /// Returns whether it starts the Flatpak.
    pub(crate) fn is_flatpak(&self) -> bool {
        let exports = self.path.components().any(|part| part.as_os_str() == "exports");
        exports
            || matches!(&self.program, Program::Runs(path) | Program::Missing(path) if path.ends_with("flatpak"))
    }
}

/// Returns the activation files for the service, in the order in which the bus looks for them.
pub(crate) fn activations(data_directories: &[PathBuf]) -> Vec<Activation> {
    let mut found = Vec::new();
    for directory in data_directories {
        let mut files: Vec<PathBuf> = fs::read_dir(directory.join(FOLDER))
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "service"))
            .collect();
        files.sort();
        found.extend(files.into_iter().filter_map(|path| {
            let text = read_regular_text(&path, MOST_BYTES).ok()?;
            parse(path, &text)
        }));
    }
    found
}

/// Reads an activation file; `None` when it is for another name.
fn parse(path: PathBuf, text: &str) -> Option<Activation> {
    let value = |wanted: &str| {
        text.lines()
            .filter_map(|line| line.split_once('='))
            .find(|(key, _)| key.trim() == wanted)
            .map(|(_, value)| value.trim().to_owned())
    };
    if value("Name")? != BUS_NAME {
        return None;
    }
    let exec = value("Exec").unwrap_or_default();
    let program = program(&exec);
    Some(Activation { path, exec, program, unit: value("SystemdService") })
}

/// Looks for the program of a command.
fn program(command: &str) -> Program {
    let path = PathBuf::from(first_word(command));
    if !path.is_absolute() {
        return Program::Unnamed;
    }
    look_at(path)
}

fn look_at(path: PathBuf) -> Program {
    match fs::metadata(&path) {
        Ok(metadata) if !metadata.is_file() || metadata.permissions().mode() & 0o111 == 0 => {
            Program::NotExecutable(path)
        }
        Ok(_) => Program::Runs(path),
        Err(_) => Program::Missing(path),
    }
}

/// Returns the first word of a command as a shell would read it.
fn first_word(command: &str) -> String {
    let mut word = String::new();
    let mut quote = None;
    let mut letters = command.trim_start().chars();
    while let Some(letter) = letters.next() {
        match (letter, quote) {
            ('\\', None | Some('"')) => word.extend(letters.next()),
            ('"' | '\'', None) => quote = Some(letter),
            (letter, Some(open)) if letter == open => quote = None,
            (letter, None) if letter.is_whitespace() => break,
            (letter, _) => word.push(letter),
        }
    }
    word
}

/// Returns where the session bus looks for activation files, in its order; Flatpak's own last.
pub(crate) fn data_directories(
    runtime: Option<&Path>,
    data_home: Option<&Path>,
    data_dirs: &str,
) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = Vec::new();
    let listed = data_dirs.split(':').map(PathBuf::from).filter(|path| path.is_absolute());
    let flatpak_home = data_home.map(|home| home.join("flatpak/exports/share"));
    for path in runtime
        .map(Path::to_owned)
        .into_iter()
        .chain(data_home.map(Path::to_owned))
        .chain(listed)
        .chain(flatpak_home)
    {
        if !all.contains(&path) {
            all.push(path);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn activation_file_is_found_by_the_name_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let services = folder.path().join(FOLDER);
        fs::create_dir_all(&services).unwrap();
        fs::write(services.join("other.service"), "[D-BUS Service]\nName=org.x\nExec=/bin/x\n")
            .unwrap();
        let program = folder.path().join("a program");
        let file = services.join("x.service");
        let text = format!(
            "[D-BUS Service]\nName = {BUS_NAME}\nExec=\"{}\" --flag\nSystemdService=h.service\n",
            program.display()
        );
        fs::write(&file, text).unwrap();
        let look = || activations(&[folder.path().to_owned(), folder.path().join("none")]);
        let found = look();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].program, Program::Missing(program.clone()));
        assert_eq!(found[0].unit.as_deref(), Some("h.service"));
        fs::write(&program, "").unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(look()[0].program, Program::NotExecutable(program.clone()));
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(look()[0].program, Program::Runs(program));
        assert!(!look()[0].is_flatpak());
    }

    #[test]
    fn a_command_without_a_path_names_no_program() {
        assert_eq!(program("headroom-service"), Program::Unnamed);
        assert_eq!(program(""), Program::Unnamed);
    }

    #[test]
    fn words_are_split_as_a_shell_does() {
        assert_eq!(first_word(" /a\\ b c"), "/a b");
        assert_eq!(first_word("'/a b' c"), "/a b");
        assert_eq!(first_word("\"/a \\\" b\" c"), "/a \" b");
    }

    #[test]
    fn the_users_own_folder_comes_before_the_systems() {
        let all = data_directories(
            Some(Path::new("/run/user/7")),
            Some(Path::new("/h/share")),
            "/usr/local/share:/usr/share:relative:/usr/share",
        );
        let shown: Vec<_> = all.iter().map(|path| path.display().to_string()).collect();
        assert_eq!(
            shown,
            [
                "/run/user/7",
                "/h/share",
                "/usr/local/share",
                "/usr/share",
                "/h/share/flatpak/exports/share"
            ]
        );
    }
}
