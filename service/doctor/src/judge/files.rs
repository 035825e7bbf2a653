//! Judges the folders and files in which the service remembers.

use std::path::Path;

use super::named;
use crate::{
    check::Check,
    facts::files::{Disk, Entry, Kept, KeptFile, Owned},
};

/// Least room for replacing the state files, in bytes.
const ROOM_BYTES: u64 = 1 << 20;

/// Judges the folder of what is remembered for good.
pub(crate) fn judge_state(kept: &Kept) -> Vec<Check> {
    let means = "What you set cannot be remembered, or is not read.";
    let mut checks: Vec<Check> = faults(kept)
        .into_iter()
        .map(|(found, advice)| Check::bad("state-directory", found, means, advice))
        .collect();
    if checks.is_empty() {
        checks.push(Check::ok(
            "state-directory",
            format!("{} can be written.", named(&kept.folder)),
            "What you set is remembered there, and what was caught, in history.sqlite.",
        ));
    }
    checks.extend(open_to_others(kept));
    checks.push(state_files(kept));
    checks
}

/// Judges the folder of what lasts until logout: only what is wrong.
pub(crate) fn judge_session(kept: &Kept) -> Vec<Check> {
    let means = "After a crash, the service cannot take back what it had changed for the session.";
    let damaged = damaged(kept).map(|(found, path)| (found, format!("rm {}", quoted(path))));
    faults(kept)
        .into_iter()
        .chain(damaged)
        .map(|(found, advice)| Check::bad("session-files", found, means, advice))
        .collect()
}

/// Returns what is wrong with the places themselves: what was found, what to do.
fn faults(kept: &Kept) -> Vec<(String, String)> {
    let mut faults = Vec::new();
    match &kept.entry {
        Entry::Folder(owned) => faults.extend(unusable(kept, &kept.folder, *owned, 0o700)),
        Entry::Missing => {
            if let Some((path, Entry::Folder(owned))) = &kept.above {
                faults.extend(unusable(kept, path, *owned, 0o300));
            }
        }
        entry => faults.push(odd(&kept.folder, entry, "folder")),
    }
    for file in &kept.files {
        match &file.entry {
            Entry::Missing => {}
            Entry::File(owned) => faults.extend(unusable(kept, &file.path, *owned, 0o600)),
            entry => faults.push(odd(&file.path, entry, "file")),
        }
    }
    faults.extend(kept.disk.and_then(|disk| full(&kept.folder, disk)));
    faults
}

fn odd(path: &Path, entry: &Entry, wanted: &str) -> (String, String) {
    let found = match entry {
        Entry::Unknown(why) => format!("{} cannot be looked at: {why}.", named(path)),
        _ => format!("{} is no {wanted}.", named(path)),
    };
    (found, format!("Move it away: mv {0} {0}.old", quoted(path)))
}

/// Says why the owner of a path, or its mode, keeps the service from using it.
fn unusable(kept: &Kept, path: &Path, owned: Owned, needed: u32) -> Option<(String, String)> {
    let shown = named(path);
    if owned.uid != kept.uid {
        // Root may write everywhere; its files in a user's folder are what hurts the user.
        if kept.uid == 0 {
            return None;
        }
        let found = format!("{shown} belongs to another user (uid {}).", owned.uid);
        return Some((found, format!("sudo chown -R \"$(id -u):$(id -g)\" {}", quoted(path))));
    }
    (owned.mode & needed != needed).then(|| {
        let letters = if needed & 0o100 == 0 { "rw" } else { "rwx" };
        let found = format!("{shown} has the mode {:04o}: its owner may not use it.", owned.mode);
        (found, format!("chmod u+{letters} {}", quoted(path)))
    })
}

fn full(folder: &Path, disk: Disk) -> Option<(String, String)> {
    let shown = named(folder);
    if disk.is_read_only {
        return Some((
            format!("The file system of {shown} is mounted read-only."),
            "See why, often a damaged disk: journalctl -k -p err".to_owned(),
        ));
    }
    if disk.free_bytes < ROOM_BYTES {
        return Some((
            format!("The disk of {shown} is full: {} kB are left to you.", disk.free_bytes / 1024),
            format!("Make room; what is there: df -h {}", quoted(folder)),
        ));
    }
    (disk.free_files == Some(0)).then(|| {
        (
            format!("The disk of {shown} can hold no more files."),
            format!("Delete some; what is there: df -i {}", quoted(folder)),
        )
    })
}

/// Says which files others may write.
fn open_to_others(kept: &Kept) -> Option<Check> {
    let folder = match kept.entry {
        Entry::Folder(owned) => Some((&*kept.folder, owned)),
        _ => None,
    };
    let files = kept.files.iter().filter_map(|file| match file.entry {
        Entry::File(owned) => Some((&*file.path, owned)),
        _ => None,
    });
    let (path, owned) =
        folder.into_iter().chain(files).find(|(_, owned)| owned.mode & 0o022 != 0)?;
    Some(Check::note(
        "state-mode",
        format!("Others may write {} (mode {:04o}).", named(path), owned.mode),
        "Another user of this machine could change what Headroom does.",
        format!("chmod go-w {}", quoted(path)),
    ))
}

fn damaged(kept: &Kept) -> impl Iterator<Item = (String, &Path)> {
    kept.files.iter().filter_map(|KeptFile { path, damage, .. }| {
        let damage = damage.as_ref()?;
        Some((format!("{} is damaged: {damage}.", named(path)), &**path))
    })
}

fn state_files(kept: &Kept) -> Check {
    if let Some((found, path)) = damaged(kept).next() {
        return Check::bad(
            "state-files",
            found,
            "At its next start the service sets it aside and keeps what it can read of it.",
            format!("Look at it: ${{EDITOR:-vi}} {}", quoted(path)),
        );
    }
    if kept.aside.is_empty() {
        return Check::ok(
            "state-files",
            "No state file was set aside.",
            "What you set is remembered.",
        );
    }
    Check::note(
        "state-files",
        format!("Set aside in {}: {}.", named(&kept.folder), kept.aside.join(", ")),
        "The service could not read them and went on with what it could; some choices may be forgotten.",
        "Copy what you miss out of them with `headroom app set`, then delete them.",
    )
}

/// Returns a path as a shell reads it back.
pub(super) fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+".contains(letter);
    if text.chars().all(is_plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::check::Severity;

    const MINE: Owned = Owned { uid: 1000, mode: 0o700 };
    const ROOMY: Disk = Disk { free_bytes: 1 << 30, free_files: Some(1), is_read_only: false };

    fn file(owned: Owned) -> KeptFile {
        KeptFile {
            path: PathBuf::from("/s/headroom/state.toml"),
            entry: Entry::File(owned),
            damage: None,
        }
    }

    fn well() -> Kept {
        Kept {
            uid: 1000,
            folder: PathBuf::from("/s/headroom"),
            entry: Entry::Folder(MINE),
            above: None,
            files: vec![file(Owned { mode: 0o600, ..MINE })],
            aside: Vec::new(),
            disk: Some(ROOMY),
        }
    }

    fn worst(kept: &Kept) -> Check {
        let checks = judge_state(kept);
        let find = |severity| checks.iter().find(|check| check.severity == severity);
        find(Severity::Bad).or_else(|| find(Severity::Note)).unwrap_or(&checks[0]).clone()
    }

    #[test]
    fn folders_and_files_of_ones_own_are_well_and_so_is_none_at_all() {
        assert_eq!(worst(&well()).severity, Severity::Ok);
        let missing = Kept {
            entry: Entry::Missing,
            above: Some((PathBuf::from("/s"), Entry::Folder(MINE))),
            files: Vec::new(),
            disk: None,
            ..well()
        };
        assert_eq!(worst(&missing).severity, Severity::Ok);
        assert!(judge_session(&well()).is_empty());
    }

    #[test]
    fn what_belongs_to_another_or_cannot_be_used_is_bad() {
        let other = Owned { uid: 0, mode: 0o755 };
        let closed = Owned { mode: 0o500, ..MINE };
        for (kept, advice) in [
            (Kept { entry: Entry::Folder(other), ..well() }, "sudo chown"),
            (Kept { files: vec![file(other)], ..well() }, "sudo chown"),
            (Kept { entry: Entry::Folder(closed), ..well() }, "chmod u+rwx"),
            (Kept { files: vec![file(Owned { mode: 0o400, ..MINE })], ..well() }, "chmod u+rw"),
            (Kept { entry: Entry::File(MINE), ..well() }, "mv"),
            (Kept { entry: Entry::Unknown("no".to_owned()), ..well() }, "mv"),
            (
                Kept {
                    entry: Entry::Missing,
                    above: Some((PathBuf::from("/s"), Entry::Folder(closed))),
                    ..well()
                },
                "chmod",
            ),
        ] {
            let check = worst(&kept);
            assert_eq!(
                (check.name, check.severity),
                ("state-directory", Severity::Bad),
                "{check:?}"
            );
            assert!(check.advice.contains(advice), "{check:?}");
        }
    }

    #[test]
    fn a_disk_without_room_is_bad() {
        for disk in [
            Disk { is_read_only: true, ..ROOMY },
            Disk { free_bytes: 1000, ..ROOMY },
            Disk { free_files: Some(0), ..ROOMY },
        ] {
            let check = worst(&Kept { disk: Some(disk), ..well() });
            assert_eq!(check.severity, Severity::Bad, "{disk:?}");
        }
        let uncounted = Disk { free_files: None, ..ROOMY };
        assert_eq!(worst(&Kept { disk: Some(uncounted), ..well() }).severity, Severity::Ok);
    }

    #[test]
    fn what_others_may_write_is_a_note() {
        let open = Owned { mode: 0o666, ..MINE };
        let check = worst(&Kept { files: vec![file(open)], ..well() });
        assert_eq!((check.name, check.severity), ("state-mode", Severity::Note));
    }

    #[test]
    fn damage_is_bad_and_what_was_set_aside_a_note() {
        let damaged =
            KeptFile { damage: Some("expected a key".to_owned()), ..well().files.remove(0) };
        let kept = Kept { files: vec![damaged], ..well() };
        assert_eq!(worst(&kept).name, "state-files");
        assert_eq!(judge_session(&kept)[0].severity, Severity::Bad);
        let aside = Kept { aside: vec!["state.toml.broken-1".to_owned()], ..well() };
        assert_eq!(worst(&aside).severity, Severity::Note);
    }

    #[test]
    fn a_path_can_be_pasted_into_a_shell() {
        assert_eq!(quoted(Path::new("/a/b.toml")), "/a/b.toml");
        assert_eq!(quoted(Path::new("/a b/it's")), "'/a b/it'\\''s'");
    }
}
