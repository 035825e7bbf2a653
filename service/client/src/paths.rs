//! Where the user's files are (XDG Base Directory Specification 0.8).

use std::path::PathBuf;

use headroom_api::names::DIRECTORY;

/// Returns the folder of the user's own profiles, if there is a home to have it in.
pub fn profile_directory() -> Option<PathBuf> {
    base_directory("XDG_CONFIG_HOME", ".config").map(|base| base.join(DIRECTORY).join("profiles"))
}

/// Returns the folder of what the service remembers.
pub fn state_directory() -> Option<PathBuf> {
    base_directory("XDG_STATE_HOME", ".local/state").map(|base| base.join(DIRECTORY))
}

/// Returns the folder of what the service keeps until logout.
pub fn runtime_directory() -> Option<PathBuf> {
    absolute("XDG_RUNTIME_DIR").map(|base| base.join(DIRECTORY))
}

/// Returns a base directory: what the variable says, or its place below the home.
pub fn base_directory(variable: &str, below_home: &str) -> Option<PathBuf> {
    absolute(variable).or_else(|| absolute("HOME").map(|home| home.join(below_home)))
}

fn absolute(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute())
}
