//! The files of the state directory: whatever stands in them, the service starts, and says what it could not read.

use std::{cell::RefCell, fs, path::PathBuf};

use headroom_service::{learned::Learned, store::Store};
use tempfile::TempDir;

/// A home with a state directory and a runtime directory.
struct Home {
    state: PathBuf,
    runtime: PathBuf,
    _folder: TempDir,
}

thread_local! {
    static HOME: RefCell<Home> = RefCell::new(Home::new());
}

impl Home {
    fn new() -> Self {
        let folder = crate::folder();
        let [state, runtime] = ["state", "runtime"].map(|name| folder.path().join(name));
        Self { state, runtime, _folder: folder }
    }

    fn store(&self) -> Store {
        Store::new(&self.state, Some(&self.runtime), None)
    }
}

/// Reads bytes as what the user chose, as what an earlier run left, and as what was learned.
///
/// # Panics
/// When damage has no words, or what was salvaged is not read again as it is.
pub fn check(bytes: &[u8]) {
    HOME.with_borrow(|home| {
        let mut store = home.store();
        let state_file = store.state_file().to_owned();
        let directory = state_file.parent().expect("it is a file in a folder");
        let session = store.runtime_directory().expect("there is one").to_owned();
        for folder in [directory, &session] {
            let _ = fs::remove_dir_all(folder);
            fs::create_dir_all(folder).expect("it can be made");
        }
        for file in [&state_file, &session.join("session.toml"), &store.levels_file()] {
            fs::write(file, bytes).expect("it can be written");
        }
        let found = store.load();
        for (_, sentence) in &found.damage {
            assert!(!sentence.is_empty());
        }
        drop(Learned::load(store.levels_file()));
        let again = home.store().load();
        assert_eq!(again.damage, Vec::new(), "what was salvaged is damaged");
        assert_eq!(again.remembered, found.remembered);
    });
}
