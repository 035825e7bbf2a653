//! Where the user's files are (XDG Base Directory Specification 0.8).

use std::path::PathBuf;

use headroom_api::names::DIRECTORY;

/// Returns the folder of the user's own profiles, if there is a home to have it in.
pub(crate) fn profile_directory() -> Option<PathBuf> {
    base("XDG_CONFIG_HOME", ".config").map(|base| base.join(DIRECTORY).join("profiles"))
}

/// Returns the folder of what the service remembers.
pub(crate) fn state_directory() -> Option<PathBuf> {
    base("XDG_STATE_HOME", ".local/state").map(|base| base.join(DIRECTORY))
}

fn base(variable: &str, below_home: &str) -> Option<PathBuf> {
    let absolute =
        |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute(variable).or_else(|| absolute("HOME").map(|home| home.join(below_home)))
}
