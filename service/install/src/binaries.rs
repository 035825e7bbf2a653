//! What is copied: the programs beside the one that runs, and the panel's translations.

use std::path::{Path, PathBuf};

use headroom_api::names::SERVICE_BINARY;

use crate::Error;

/// Of a language, below its folder.
pub(crate) const CATALOGUE: &str = "LC_MESSAGES/headroom.mo";

/// Where the programs are that `apply` copies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Binaries {
    pub(crate) cli: PathBuf,
    pub(crate) service: PathBuf,
    /// A computer without a desktop has none.
    pub(crate) panel: Option<PathBuf>,
    /// Comes with the panel.
    pub(crate) tray: Option<PathBuf>,
    /// The catalogues of panel and tray, each with its language: what `po/compile` has put into the folder `locale`.
    pub(crate) catalogues: Vec<(String, PathBuf)>,
}

impl Binaries {
    /// Finds them beside the running program: in its folder, as cargo builds them and archives have them, or in the
    /// folders of an installation.
    ///
    /// # Errors
    /// When the service is not there.
    pub(crate) fn find() -> Result<Self, Error> {
        let running = std::env::current_exe().and_then(std::fs::canonicalize).map_err(|error| {
            Error::Refused(format!("The running program cannot be found: {error}."))
        })?;
        Self::beside(&running)
    }

    fn beside(cli: &Path) -> Result<Self, Error> {
        let folder = cli.parent().unwrap_or(Path::new("/"));
        let places =
            [folder.to_owned(), folder.join("../libexec/headroom"), folder.join("../libexec")];
        let service = places
            .iter()
            .find_map(|place| std::fs::canonicalize(place.join(SERVICE_BINARY)).ok())
            .ok_or_else(|| {
                Error::Refused(format!(
                    "There is no {SERVICE_BINARY} beside {}: run `install apply` with the headroom of the folder that \
                     has them all.",
                    cli.display()
                ))
            })?;
        let beside = |name| Some(folder.join(name)).filter(|program| program.is_file());
        let panel = beside("headroom-panel");
        Ok(Self {
            cli: cli.to_owned(),
            service,
            tray: panel.as_ref().and_then(|_| beside("headroom-tray")),
            panel,
            catalogues: catalogues(&folder.join("locale")),
        })
    }
}

/// Returns the catalogues below a folder, sorted by language.
fn catalogues(folder: &Path) -> Vec<(String, PathBuf)> {
    let languages = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<_> = languages
        .filter_map(|language| {
            let path = language.path().join(CATALOGUE);
            Some((language.file_name().into_string().ok()?, path))
                .filter(|(_, path)| path.is_file())
        })
        .collect();
    found.sort_unstable();
    found
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn they_are_found_in_one_folder_and_in_an_installation() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for path in [
            "target/locale/de/LC_MESSAGES",
            "target/locale/data",
            "home/bin",
            "home/libexec/headroom",
        ] {
            fs::create_dir_all(root.join(path)).unwrap();
        }
        for path in [
            "target/headroom",
            "target/headroom-service",
            "target/headroom-panel",
            "target/headroom-tray",
            "target/locale/de/LC_MESSAGES/headroom.mo",
            "home/bin/headroom",
            "home/libexec/headroom/headroom-service",
        ] {
            fs::write(root.join(path), "").unwrap();
        }
        let built = Binaries::beside(&root.join("target/headroom")).unwrap();
        assert_eq!(built.service, root.join("target/headroom-service"));
        assert_eq!(built.panel, Some(root.join("target/headroom-panel")));
        assert_eq!(built.tray, Some(root.join("target/headroom-tray")));
        let german = root.join("target/locale/de/LC_MESSAGES/headroom.mo");
        assert_eq!(built.catalogues, [("de".to_owned(), german)]);
        let installed = Binaries::beside(&root.join("home/bin/headroom")).unwrap();
        assert_eq!(installed.service, root.join("home/libexec/headroom/headroom-service"));
        assert_eq!((installed.panel, installed.tray), (None, None));
        fs::remove_file(&installed.service).unwrap();
        assert!(Binaries::beside(&root.join("home/bin/headroom")).is_err());
    }
}
