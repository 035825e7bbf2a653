//! Where this session's folders are, and whether they can be seen.

use std::path::{Path, PathBuf};

use super::facts::activation::data_directories;
use headroom_client::paths::{
    base_directory, profile_directory, runtime_directory, state_directory,
};

/// This session's folders.
#[derive(Debug)]
pub(super) struct Place {
    /// Where the bus looks for activation files, in its order.
    pub(super) data: Vec<PathBuf>,
    pub(super) profiles: Option<PathBuf>,
    pub(super) state: Option<PathBuf>,
    /// The service's own folder below the runtime directory.
    pub(super) runtime: Option<PathBuf>,
    /// This command runs within Flatpak, where the host's installation cannot be seen.
    pub(super) is_sandboxed: bool,
}

impl Place {
    /// Finds the folders by the XDG base directories of this process.
    pub(super) fn from_environment() -> Self {
        let data_dirs = std::env::var("XDG_DATA_DIRS")
            .ok()
            .filter(|dirs| !dirs.is_empty())
            .unwrap_or_else(|| "/usr/local/share:/usr/share".to_owned());
        let data_home = base_directory("XDG_DATA_HOME", ".local/share");
        let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        Self {
            data: data_directories(runtime.as_deref(), data_home.as_deref(), &data_dirs),
            profiles: profile_directory(),
            state: state_directory(),
            runtime: runtime_directory(),
            is_sandboxed: Path::new("/.flatpak-info").exists(),
        }
    }
}
