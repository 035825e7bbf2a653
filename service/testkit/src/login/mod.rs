//! A person who has logged in: a real systemd user manager, and the sound that it starts.
//!
//! Owns mount and PID namespaces with an ordinary user in them, whose home is empty. The manager
//! starts the bus, PipeWire and WirePlumber from the units that the distribution ships. Their
//! sockets are in a folder that both sides see, so that players, recorders and readers of the graph
//! work from outside, through [`Login::session`]. The machine's own folders are hidden where a
//! program could write; nothing of it all outlives the [`Login`].
//!
//! Real-time priority comes from RTKit on a system bus of the login's own, as on a desktop; what it
//! gives away is the machine's.
//!
//! It takes root, namespaces and a version 2 control group: [`Login::obstacle`] tells what is
//! missing. Test targets that use it are called `login`, are left out by `cargo test` (`test =
//! false`), and are run by `scripts/test login`, which says so when they cannot be run.

mod groups;
mod home;

use std::{
    env,
    ffi::OsStr,
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt, chown, symlink},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

pub use home::{HomeChange, HomeState};

use crate::session::{Device, Process, Session, run_to_end, wait_for_socket};
use groups::Groups;

const ENTER: &str = include_str!("enter.sh");
const USER: &str = "listener";
/// Unlikely to be anybody's; below 65536, which is as far as a container may go.
const USER_ID: u32 = 21_847;
const MANAGERS: [&str; 2] = ["/usr/lib/systemd/systemd", "/lib/systemd/systemd"];
const UNITS: &str = "/usr/lib/systemd/user";
/// What the distribution's packages enable for everybody: unit, and who wants it.
const ENABLED: [(&str, &str); 3] = [
    ("pipewire.socket", "sockets.target"),
    ("pipewire.service", "default.target"),
    ("wireplumber.service", "pipewire.service"),
];
/// What starts RTKit, and where its rules are.
const RTKIT: [&str; 2] = [
    "/usr/share/dbus-1/system-services/org.freedesktop.RealtimeKit1.service",
    "/etc/polkit-1/rules.d",
];
const PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";
/// There is no journal, so every unit writes a file.
const UNIT_LOGS: &str = "[Service]\nStandardOutput=append:/opt/testkit/logs/%N.log\n\
                         StandardError=inherit\n";

/// A user's login that is over when it is dropped.
#[derive(Debug)]
pub struct Login {
    // Declared in the order in which they must go: processes, their folder, their control groups.
    namespaces: Process,
    session: Session,
    _groups: Groups,
}

impl Login {
    /// Home of the user, as the user sees it; [`Login::home`] is the same folder from outside.
    pub const HOME: &str = "/home/listener";

    /// Tells what keeps this machine from having a login, if anything does.
    pub fn obstacle() -> Option<String> {
        let missing = ["unshare", "nsenter", "setpriv", "systemctl", "dbus-daemon"]
            .into_iter()
            .find(|program| !on_path(program));
        if let Some(program) = missing {
            return Some(format!("there is no program '{program}'"));
        }
        if !rustix::process::geteuid().is_root() {
            return Some("only root can make the namespaces".into());
        }
        if manager().is_none() {
            return Some("systemd is not installed".into());
        }
        for unit in ["dbus.socket", "pipewire.socket", "wireplumber.service"] {
            if !Path::new(UNITS).join(unit).exists() {
                return Some(format!("the user unit {unit} is not installed"));
            }
        }
        if !RTKIT.iter().all(|file| Path::new(file).exists()) {
            return Some("RTKit and polkit are not installed".into());
        }
        groups::probe().err().map(|error| format!("namespaces cannot be had: {error:#}"))
    }

    /// Logs a user in, with one stereo device, `device`; returns when sound could be played.
    ///
    /// # Errors
    /// When there is an [obstacle](Login::obstacle), or something does not get ready in time; the
    /// message holds the logs' ends.
    pub fn start() -> Result<Self> {
        Self::start_with(&[Device::new("device")])
    }

    /// Logs a user in with these devices, which come and go with PipeWire.
    ///
    /// # Errors
    /// Those of [`Login::start`].
    pub fn start_with(devices: &[Device]) -> Result<Self> {
        Self::open(devices, true)
    }

    /// Logs a user in as [`Login::start`] does, on a machine that gives nobody real-time priority.
    ///
    /// # Errors
    /// Those of [`Login::start`].
    pub fn start_without_realtime() -> Result<Self> {
        Self::open(&[Device::new("device")], false)
    }

    fn open(devices: &[Device], realtime: bool) -> Result<Self> {
        let manager = manager().context("systemd is not installed")?;
        let session = Session::for_login(devices)?;
        lay_out(session.root())?;
        let name = session.root().file_name().context("the session's folder has no name")?;
        let groups = Groups::new(&name.to_string_lossy())?;
        let mut command = Command::new("unshare");
        command
            .args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--"])
            .args(["sh", "-c", ENTER, "enter"])
            .arg(session.root())
            .args([USER, &USER_ID.to_string(), groups.name()])
            .args([if realtime { "yes" } else { "no" }, manager])
            .args(environment().iter().map(|(key, value)| format!("{key}={value}")));
        let namespaces = session.spawn(&command, "manager")?;
        let login = Self { namespaces, session, _groups: groups };
        match login.wait_ready() {
            Ok(()) => Ok(login),
            Err(error) => Err(error.context(login.session.log_tails())),
        }
    }

    fn wait_ready(&self) -> Result<()> {
        for socket in ["bus", "pipewire-0"] {
            wait_for_socket(&self.session.runtime_dir().join(socket))?;
        }
        self.session.wait_managed()
    }

    /// Returns what plays, records and reads the graph in this login, from outside.
    ///
    /// Programs that are to be the user's own are started by [`Login::command`].
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Returns the user's home as it is seen from outside; [`Login::HOME`] is its name inside.
    pub fn home(&self) -> PathBuf {
        self.session.home()
    }

    /// Returns `/usr/local` of the login, as it is seen from outside; it is root's, and empty at first.
    pub fn usr_local(&self) -> PathBuf {
        self.session.root().join("local")
    }

    /// Returns a command that runs inside, as the user, in the user's home and environment.
    ///
    /// `program` is a path of the inside, where `/tmp`, `/home`, `/opt`, `/run` and `/usr/local` are
    /// others: see [`Login::add_program`].
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = self.enter();
        let ids = [format!("--reuid={USER_ID}"), format!("--regid={USER_ID}")];
        command.arg("setpriv").args(ids).args(["--clear-groups", "--inh-caps=-all", "--"]);
        command.args(["env", "-C", Self::HOME, "--"]).arg(program);
        command
    }

    /// Returns a command that runs inside as root, which can write `/usr/local` and
    /// `/etc/systemd/user`; everything else that is not hidden is the machine's own.
    pub fn root_command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = self.enter();
        command.arg(program);
        command
    }

    fn enter(&self) -> Command {
        let namespace = |name| format!("/proc/{}/ns/{name}", self.namespaces.pid());
        let mut command = Command::new("nsenter");
        command
            .arg(format!("--mount={}", namespace("mnt")))
            .arg(format!("--pid={}", namespace("pid_for_children")))
            .arg("--");
        for (key, _) in env::vars_os() {
            command.env_remove(key);
        }
        command.envs(environment());
        command.env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}/bus", runtime_dir()));
        command
    }

    /// Runs a program of [`Self::command`] to its end and returns what it printed.
    ///
    /// # Errors
    /// When it cannot be started, or fails; the message holds its standard error.
    pub fn run(&self, program: impl AsRef<OsStr>, arguments: &[&str]) -> Result<String> {
        let mut command = self.command(program);
        command.args(arguments);
        run_to_end(command)
    }

    /// Runs `systemctl --user` and returns what it printed.
    ///
    /// # Errors
    /// When it fails, or takes longer than 30 s.
    pub fn systemctl(&self, arguments: &[&str]) -> Result<String> {
        let mut command = self.command("timeout");
        command.args(["30", "systemctl", "--user", "--no-pager"]).args(arguments);
        run_to_end(command)
    }

    /// Returns a property of a unit, such as `ActiveState`, `MainPID`, `NRestarts` or `Result`.
    ///
    /// # Errors
    /// When the manager does not answer.
    pub fn unit_property(&self, unit: &str, property: &str) -> Result<String> {
        let told = self.systemctl(&["show", "--value", "--property", property, unit])?;
        Ok(told.trim().to_owned())
    }

    /// Returns what the processes of a unit have written, over all its starts.
    pub fn unit_log(&self, unit: &str) -> String {
        self.session.log(unit.strip_suffix(".service").unwrap_or(unit))
    }

    /// Copies a program from outside to where the user can run it; returns its path inside.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn add_program(&self, program: &Path) -> Result<PathBuf> {
        let name = program.file_name().context("the path names no file")?;
        let copy = self.session.root().join("kit/bin").join(name);
        fs::copy(program, &copy).with_context(|| program.display().to_string())?;
        fs::set_permissions(&copy, Permissions::from_mode(0o755))?;
        Ok(Path::new("/opt/testkit/bin").join(name))
    }

    /// Writes a file of the user's into the home, and the folders that lead to it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_home(&self, path: impl AsRef<Path>, text: &str) -> Result<()> {
        let mut folder = self.home();
        for part in path.as_ref().parent().into_iter().flatten() {
            folder.push(part);
            if !folder.is_dir() {
                fs::create_dir(&folder)?;
                give(&folder)?;
            }
        }
        let file = self.home().join(path);
        fs::write(&file, text)?;
        give(&file)
    }

    /// Returns the user's number, by which processes are known from outside.
    pub fn user_id(&self) -> u32 {
        USER_ID
    }
}

/// The variables that a login has, and those that keep the sound server off the machine's devices.
fn environment() -> Vec<(&'static str, String)> {
    let wireplumber = "/opt/testkit/wireplumber:/usr/share/wireplumber";
    [
        ("HOME", Login::HOME),
        ("USER", USER),
        ("LOGNAME", USER),
        ("SHELL", "/bin/sh"),
        ("PATH", PATH),
        ("LC_ALL", "C.UTF-8"),
        ("XDG_RUNTIME_DIR", &runtime_dir()),
        ("PIPEWIRE_CONFIG_DIR", "/opt/testkit/pipewire"),
        ("WIREPLUMBER_CONFIG_DIR", wireplumber),
    ]
    .map(|(key, value)| (key, value.to_owned()))
    .to_vec()
}

fn runtime_dir() -> String {
    format!("/run/user/{USER_ID}")
}

fn manager() -> Option<&'static str> {
    MANAGERS.into_iter().find(|manager| Path::new(manager).exists())
}

fn on_path(program: &str) -> bool {
    env::split_paths(PATH).any(|folder| folder.join(program).exists())
}

/// Fills the folder that the namespaces lay over the machine's own.
fn lay_out(root: &Path) -> Result<()> {
    for folder in ["kit/bin", "local", "units/service.d"] {
        fs::create_dir_all(root.join(folder))?;
    }
    for folder in ["run", "home", "kit/logs"] {
        give(&root.join(folder))?;
    }
    for folder in ["run", "home"] {
        fs::set_permissions(root.join(folder), Permissions::from_mode(0o700))?;
    }
    for (unit, wanted_by) in ENABLED {
        let wants = root.join(format!("units/{wanted_by}.wants"));
        fs::create_dir_all(&wants)?;
        symlink(Path::new(UNITS).join(unit), wants.join(unit))?;
    }
    fs::write(root.join("units/service.d/log.conf"), UNIT_LOGS)?;
    let user = format!("{USER}:x:{USER_ID}:{USER_ID}::{}:/bin/sh\n", Login::HOME);
    let group = format!("{USER}:x:{USER_ID}:\n");
    for (file, line) in [("passwd", user), ("group", group)] {
        let machine = fs::read_to_string(Path::new("/etc").join(file))?;
        fs::write(root.join(file), machine + &line)?;
    }
    Ok(())
}

/// Makes the user the owner.
fn give(path: &Path) -> Result<()> {
    chown(path, Some(USER_ID), Some(USER_ID)).with_context(|| path.display().to_string())
}
