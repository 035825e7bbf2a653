//! The running service's process, and the PipeWire sockets that it could use.

use std::{
    ffi::OsStr,
    fs,
    os::unix::{ffi::OsStrExt as _, fs::MetadataExt as _},
    path::{Path, PathBuf},
};

use headroom_api::names::{DIRECTORY, SERVICE_BINARY};

/// Longest name that the kernel keeps of a process, in bytes.
const COMM_BYTES: usize = 15;

/// The running service's process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) id: u32,
    /// Its program, without the kernel's remark that the file is gone.
    pub(crate) program: Option<PathBuf>,
    /// The file of its program was replaced or removed after it started.
    pub(crate) is_replaced: bool,
    /// Its PipeWire; `None` when its environment may not be read.
    pub(crate) session: Option<Session>,
}

/// Which PipeWire a process talks to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) folder: Option<PathBuf>,
    pub(crate) remote: Option<String>,
}

impl Process {
    /// Looks at a process; `None` when it cannot be seen from here.
    pub(crate) fn read(id: u32) -> Option<Self> {
        let folder = Path::new("/proc").join(id.to_string());
        if id == 0 || !folder.exists() {
            return None;
        }
        let (program, is_replaced) =
            fs::read_link(folder.join("exe")).map_or((None, false), |link| {
                let (path, is_replaced) = without_remark(&link);
                (Some(path), is_replaced)
            });
        let session = fs::read(folder.join("environ")).ok().map(|bytes| session(&bytes));
        Some(Self { id, program, is_replaced, session })
    }
}

/// Returns the services of this user that remember in the same folder as the one of this session, which is not told:
/// those of other sessions, as far as they can be seen from here.
pub(crate) fn sharing(state: &Path, own: Option<u32>) -> Vec<u32> {
    let uid = rustix::process::getuid().as_raw();
    let is_service = |folder: &Path| {
        let comm = fs::read_to_string(folder.join("comm")).unwrap_or_default();
        comm.trim_end() == &SERVICE_BINARY[..SERVICE_BINARY.len().min(COMM_BYTES)]
            && fs::metadata(folder).is_ok_and(|metadata| metadata.uid() == uid)
    };
    let remembers_there = |folder: &Path| {
        let environment = fs::read(folder.join("environ")).unwrap_or_default();
        state_folder(&environment).is_some_and(|folder| folder == state)
    };
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let mut sharing: Vec<u32> = processes
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|id| Some(*id) != own)
        .filter(|id: &u32| {
            let folder = Path::new("/proc").join(id.to_string());
            is_service(&folder) && remembers_there(&folder)
        })
        .collect();
    sharing.sort_unstable();
    sharing
}

/// Returns where a service with this environment remembers.
fn state_folder(environment: &[u8]) -> Option<PathBuf> {
    let absolute = |name: &[u8]| {
        variable(environment, name).map(PathBuf::from).filter(|path| path.is_absolute())
    };
    let base = absolute(b"XDG_STATE_HOME")
        .or_else(|| absolute(b"HOME").map(|home| home.join(".local/state")))?;
    Some(base.join(DIRECTORY))
}

impl Session {
    /// Returns which PipeWire this process talks to.
    pub(crate) fn of_this_process() -> Self {
        let value = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        Self {
            folder: value("PIPEWIRE_RUNTIME_DIR")
                .or_else(|| value("XDG_RUNTIME_DIR"))
                .map(PathBuf::from),
            remote: value("PIPEWIRE_REMOTE").map(|value| value.to_string_lossy().into_owned()),
        }
    }

    /// Returns the PipeWire sockets in its folder, but for those that are another door to the first.
    pub(crate) fn sockets(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .folder
            .iter()
            .flat_map(fs::read_dir)
            .flatten()
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .filter(|name| is_server(name))
            .collect();
        names.sort();
        names
    }
}

fn is_server(name: &str) -> bool {
    name.strip_prefix("pipewire-")
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Takes off the remark that the kernel appends to a file that is gone.
fn without_remark(link: &Path) -> (PathBuf, bool) {
    match link.as_os_str().as_bytes().strip_suffix(b" (deleted)") {
        Some(path) => (PathBuf::from(OsStr::from_bytes(path)), true),
        None => (link.to_owned(), false),
    }
}

/// Returns a variable of an environment as the kernel shows it.
fn variable(environment: &[u8], name: &[u8]) -> Option<String> {
    environment
        .split(|byte| *byte == 0)
        .filter_map(|entry| entry.strip_prefix(name)?.strip_prefix(b"="))
        .find(|value| !value.is_empty())
        .map(|value| String::from_utf8_lossy(value).into_owned())
}

/// Reads an environment as the kernel shows it.
fn session(environment: &[u8]) -> Session {
    let value = |name: &[u8]| variable(environment, name);
    Session {
        folder: value(b"PIPEWIRE_RUNTIME_DIR")
            .or_else(|| value(b"XDG_RUNTIME_DIR"))
            .map(PathBuf::from),
        remote: value(b"PIPEWIRE_REMOTE"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_can_be_looked_at() {
        let process = Process::read(std::process::id()).unwrap();
        assert_eq!(process.program, std::env::current_exe().ok());
        assert!(process.session.is_some() && !process.is_replaced);
        assert_eq!(Process::read(0), None);
        assert_eq!(Process::read(u32::MAX), None);
    }

    #[test]
    fn a_program_that_is_gone_is_known_by_the_kernels_remark() {
        let gone = without_remark(Path::new("/usr/libexec/x (deleted)"));
        assert_eq!(gone, (PathBuf::from("/usr/libexec/x"), true));
    }

    #[test]
    fn the_folder_of_pipewires_own_comes_first() {
        let both = session(b"A=1\0XDG_RUNTIME_DIR=/a\0PIPEWIRE_RUNTIME_DIR=/b\0PIPEWIRE_REMOTE=\0");
        assert_eq!(both, Session { folder: Some(PathBuf::from("/b")), remote: None });
    }

    #[test]
    fn place_of_what_is_remembered_follows_the_environment() {
        let folder = |environment: &[u8]| state_folder(environment);
        assert_eq!(folder(b"HOME=/h\0"), Some(PathBuf::from("/h/.local/state/headroom")));
        assert_eq!(folder(b"XDG_STATE_HOME=/s\0HOME=/h\0"), Some(PathBuf::from("/s/headroom")));
        assert_eq!(folder(b"XDG_STATE_HOME=s\0"), None);
        // A program of another name is none, whatever it remembers.
        assert!(sharing(Path::new("/s/headroom"), None).is_empty());
    }

    #[test]
    fn only_servers_count_as_sockets() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["pipewire-0", "pipewire-0.lock", "pipewire-0-manager", "pipewire-1", "bus"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let session = Session { folder: Some(folder.path().to_owned()), remote: None };
        assert_eq!(session.sockets(), ["pipewire-0", "pipewire-1"]);
        assert!(Session::default().sockets().is_empty());
    }
}
