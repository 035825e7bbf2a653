//! Judges the user's own profiles, as the library that the service uses reads them.

use std::path::Path;

use headroom_profile::{Fault, Library, Profile};

use super::named;
use crate::check::Check;

/// Looks at the user's own profiles; a running service says itself what is wrong with them.
pub(crate) fn own_profiles(directory: &Path, is_running: bool) -> Vec<Check> {
    let shown = named(directory);
    match std::fs::read_dir(directory) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return vec![Check::ok(
                "profile-files",
                format!("No profiles of your own: {shown} is not there."),
                "The shipped ones can be used; `headroom profile list` names them.",
            )];
        }
        Err(error) => {
            return vec![Check::bad(
                "profile-files",
                format!("{shown} cannot be read: {error}."),
                "Your own profiles cannot be used.",
                "Make it a folder that you can read, or move it away.",
            )];
        }
        Ok(_) => {}
    }
    let library = Library::load(Some(directory));
    if !is_running && !library.faults().is_empty() {
        let check = |fault: &Fault| {
            Check::bad(
                "profile-files",
                fault.sentence.clone(),
                "What you wrote cannot be used as it stands.",
                "Mend the file, then run `headroom doctor` again.",
            )
        };
        return library.faults_in_short().iter().map(check).collect();
    }
    let is_own = |profile: &&Profile| {
        profile.files.first().is_some_and(|file| Path::new(file).starts_with(directory))
    };
    let own: Vec<&str> = library.iter().filter(is_own).map(|profile| &*profile.name).collect();
    let found = if own.is_empty() {
        format!("No profiles of your own in {shown}.")
    } else {
        format!("Profiles of your own in {shown}: {}.", own.join(", "))
    };
    vec![Check::ok("profile-files", found, "The folder can be read.")]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Severity;

    #[test]
    fn own_profiles_are_told_by_name_and_faults_by_file_and_line() {
        let folder = tempfile::tempdir().unwrap();
        let missing = own_profiles(&folder.path().join("missing"), false);
        assert_eq!(missing[0].severity, Severity::Ok);
        std::fs::write(folder.path().join("mine.toml"), "extends = \"night\"\n").unwrap();
        let fine = own_profiles(folder.path(), false);
        assert_eq!(fine[0].severity, Severity::Ok);
        assert!(fine[0].found.ends_with(": mine."), "{fine:?}");
        std::fs::write(folder.path().join("bad.toml"), "\n[leveller]\nloud = 1\n").unwrap();
        let bad = own_profiles(folder.path(), false);
        assert_eq!(bad[0].severity, Severity::Bad);
        assert!(bad[0].found.contains("bad.toml, line 3"), "{bad:?}");
        assert_eq!(own_profiles(folder.path(), true)[0].severity, Severity::Ok);
        let file = folder.path().join("mine.toml");
        assert_eq!(own_profiles(&file, true)[0].severity, Severity::Bad, "a file is no folder");
    }
}
