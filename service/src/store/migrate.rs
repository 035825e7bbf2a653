//! Reads what an earlier version remembered, and refuses what a later one did; pure.

use headroom_profile::{Successor, successor};
use toml::{Table, Value};
use tracing::info;

/// The version of what is written.
///
/// 1 had settings of `agc` and `level`, and the table `level` for app volume control.
pub(super) const VERSION: u32 = 2;

/// Says why a file is not read, if a later version wrote it: its keys may mean anything.
pub(super) fn refusal(file: &Table) -> Option<String> {
    let version = file.get("version").and_then(Value::as_integer)?;
    (version > i64::from(VERSION)).then(|| {
        format!(
            "a later version of Headroom has written it (version {version}; this one reads up to \
             {VERSION})"
        )
    })
}

/// Returns a file, or a piece of one, with the names of this version; what has no successor goes.
///
/// Old names mean nothing in files of this version, so a piece whose version is lost is safe, too.
pub(super) fn migrated(file: &Table) -> Table {
    let mut file = file.clone();
    if let Some(old) = file.remove("level") {
        file.entry("app_volume").or_insert(old);
    }
    if let Some(Value::Table(profiles)) = file.get_mut("settings") {
        for (profile, overlay) in profiles.iter_mut() {
            if let Value::Table(overlay) = overlay {
                rename(profile, overlay);
            }
        }
    }
    file
}

fn rename(profile: &str, overlay: &mut Table) {
    let old: Vec<_> =
        overlay.keys().filter_map(|key| Some((key.clone(), successor(key)?))).collect();
    for (key, successor) in old {
        let Some(value) = overlay.remove(&key) else { continue };
        match successor {
            Successor::Key(new) => drop(overlay.entry(new).or_insert(value)),
            Successor::None(why) => info!(profile, key, why, "forgetting a changed setting"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_names_become_new_and_lost_ones_go() {
        let old: Table = "version = 1\n[level]\nmpv = true\n[settings.default]\n\
                          \"agc.target_lufs\" = -20.0\n\"agc.gate_lufs\" = -50.0\n\"level.enabled\" = true\n\
                          \"limiter.hold_ms\" = 3.0\n"
            .parse()
            .unwrap();
        let new: Table = "version = 1\n[app_volume]\nmpv = true\n[settings.default]\n\
                          \"leveller.target_lufs\" = -20.0\n\"app_volume.enabled\" = true\n\
                          \"limiter.hold_ms\" = 3.0\n"
            .parse()
            .unwrap();
        assert_eq!(migrated(&old), new);
        assert_eq!(migrated(&new), new);
    }

    #[test]
    fn only_a_later_version_is_refused() {
        let of = |text: &str| refusal(&text.parse().unwrap());
        assert_eq!(of("version = 1"), None);
        assert_eq!(of("version = 2"), None);
        assert_eq!(of(""), None);
        assert!(of("version = 3").unwrap().contains("version 3"));
    }
}
