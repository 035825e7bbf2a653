//! The programs that are to be installed.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use headroom_testkit::programs::program;

/// Returns a folder with the command line, the service, something that stands for the panel, and its translations.
///
/// The programs are those of this build without what only a debugger reads: they are copied often.
pub(crate) fn built() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let cli = Path::new(env!("CARGO_BIN_EXE_headroom"));
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("to-install");
        fs::create_dir_all(&folder).unwrap();
        for built in [cli, program("headroom-service")] {
            let copy = folder.join(built.file_name().unwrap());
            // Another test program may be running the copy: it is replaced, not written over.
            let new = tempfile::NamedTempFile::new_in(&folder).unwrap().into_temp_path();
            fs::copy(built, &new).unwrap();
            let stripped = Command::new("strip").arg("--strip-debug").arg(&new).status();
            assert!(stripped.unwrap().success());
            new.persist(copy).unwrap();
        }
        for name in ["headroom-panel", "headroom-tray"] {
            let program = folder.join(name);
            fs::write(&program, "#!/bin/sh\n").unwrap();
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let compiled = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../po/compile"))
            .args(["--catalogues".as_ref(), folder.join("locale").as_os_str()])
            .status();
        assert!(compiled.unwrap().success(), "the translations cannot be compiled");
        folder
    })
}
