//! Profiles as people write them: a text is a profile or has faults with words, and never anything else.

use std::{cell::RefCell, fs, path::PathBuf};

use headroom_profile::{Library, Settings, migrate, read_regular_text, to_toml};
use tempfile::TempDir;

/// Name of the profile under test; two others inherit from it and are inherited.
const NAME: &str = "mine";

/// A user's folder of profiles.
struct Folder {
    directory: PathBuf,
    _home: TempDir,
}

thread_local! {
    static FOLDER: RefCell<Folder> = RefCell::new(Folder::new());
}

impl Folder {
    fn new() -> Self {
        let home = crate::folder();
        let directory = home.path().join("profiles");
        fs::create_dir(&directory).expect("the folder is new");
        let heir = format!("extends = \"{NAME}\"\n");
        fs::write(directory.join("heir.toml"), heir).expect("it can be written");
        Self { directory, _home: home }
    }

    fn load(&self, text: &[u8]) -> Library {
        fs::write(self.directory.join(format!("{NAME}.toml")), text).expect("it can be written");
        Library::load(Some(&self.directory))
    }
}

/// Reads bytes as a profile, writes it out and reads it again.
///
/// # Panics
/// When a fault has no words, a good profile is not the same after it was written out, or a text of an earlier version
/// does not stay as it is once it was migrated.
pub fn check(bytes: &[u8]) {
    FOLDER.with_borrow(|folder| {
        let library = folder.load(bytes);
        assert!(library.get(headroom_profile::DEFAULT).is_some(), "the shipped profiles are there");
        for fault in library.faults() {
            assert!(!fault.sentence.is_empty());
            assert!(fault.sentence.len() < 4_096, "{} bytes of words", fault.sentence.len());
        }
        let is_faulty = !library.faults().is_empty();
        assert!(is_faulty || library.get(NAME).is_some(), "no profile and no fault");
        if let Some(profile) = library.get(NAME).filter(|_| !is_faulty) {
            assert_same(folder, &profile.settings, &to_toml(profile, &profile.settings));
        }
        let file = folder.directory.join(format!("{NAME}.toml"));
        if let Ok(text) = read_regular_text(&file, 1 << 20)
            && let Ok(migrated) = migrate(&text)
        {
            let again = migrate(&migrated.text).expect("what was migrated can be");
            assert_eq!(again.text, migrated.text, "migrated twice");
        }
    });
}

fn assert_same(folder: &Folder, settings: &Settings, text: &str) {
    let again = folder.load(text.as_bytes());
    let profile = again.get(NAME).unwrap_or_else(|| panic!("{:?} in:\n{text}", again.faults()));
    assert_eq!(&profile.settings, settings, "{text}");
}
