//! Keys of earlier versions, and what they are called now.

use headroom_api::{Route, Treatment};

/// What became of a key of an earlier version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Successor {
    /// It is called otherwise, and means the same.
    Key(&'static str),
    /// Nothing takes its place; why, as the end of a sentence.
    None(&'static str),
}

const OWN_SPEED: Successor = Successor::None("the leveller finds its own speed");

/// Keys of settings; old and new.
const KEYS: [(&str, Successor); 12] = [
    ("agc.enabled", Successor::Key("leveller.enabled")),
    ("agc.target_lufs", Successor::Key("leveller.target_lufs")),
    ("agc.max_boost_db", Successor::Key("leveller.max_boost_db")),
    ("agc.max_cut_db", Successor::Key("leveller.max_cut_db")),
    ("agc.up_db_per_s", OWN_SPEED),
    ("agc.down_db_per_s", OWN_SPEED),
    ("agc.gate_lufs", OWN_SPEED),
    ("level.enabled", Successor::Key("app_volume.enabled")),
    ("level.target_dbfs", Successor::Key("app_volume.target_dbfs")),
    ("level.max_cut_db", Successor::Key("app_volume.max_cut_db")),
    ("level.attack_ms", Successor::Key("app_volume.attack_ms")),
    ("level.release_ms", Successor::Key("app_volume.release_ms")),
];

/// Tables of settings; old and new.
pub(crate) const SECTIONS: [(&str, &str); 3] =
    [("agc", "leveller"), ("level", "app_volume"), ("default_route", "unmatched")];

/// Keys of rules; old and new. What `chain` said is in the treatment.
const RULE_KEYS: [(&str, &str); 3] =
    [("level", "app_volume"), ("route", "treatment"), ("chain", "treatment")];

/// The key of the treatment that no rule decides; old and new.
const UNMATCHED_KEY: (&str, &str) = ("default_route.route", "unmatched.treatment");

/// Returns what a rule's key is called now, if an earlier version had it and this one has not.
pub(crate) fn rule_key(key: &str) -> Option<&'static str> {
    RULE_KEYS.iter().find(|(old, _)| *old == key).map(|(_, new)| *new)
}

/// Returns what became of a key in one of [`SECTIONS`].
pub(crate) fn section_key(key: &str) -> Option<Successor> {
    let (old, new) = UNMATCHED_KEY;
    successor(key).or_else(|| (key == old).then_some(Successor::Key(new)))
}

/// Returns the treatment that takes the place of a rule's route, and of its `chain`.
pub(crate) fn treatment_of(route: &str, chain: Option<bool>) -> Option<Treatment> {
    match (route.parse().ok()?, chain) {
        (Route::Bypass, _) => Some(Treatment::LeaveAlone),
        (Route::Processed, Some(false)) => Some(Treatment::LimitOnly),
        (Route::Processed, _) => Some(Treatment::Automatic),
    }
}

/// Returns what became of a setting's key, if an earlier version had it and this one has not.
pub fn successor(key: &str) -> Option<Successor> {
    KEYS.iter().find(|(old, _)| *old == key).map(|(_, successor)| *successor)
}

/// Says what became of a setting's key, as in "agc.enabled is now leveller.enabled".
pub(crate) fn told(key: &str) -> Option<String> {
    Some(match section_key(key)? {
        Successor::Key(new) => format!("{key} is now {new}"),
        Successor::None(why) => format!("{key} has no successor: {why}"),
    })
}

/// Returns what a table of settings is called now, if it was called otherwise.
pub(crate) fn section(old: &str) -> Option<&'static str> {
    SECTIONS.iter().find(|(known, _)| *known == old).map(|(_, new)| *new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys;

    #[test]
    fn every_successor_is_a_key_and_no_old_key_is() {
        for (old, successor) in KEYS {
            assert!(keys::find(old).is_none(), "{old}");
            assert!(section(old.split('.').next().unwrap_or_default()).is_some(), "{old}");
            if let Successor::Key(new) = successor {
                assert!(keys::find(new).is_some(), "{new}");
            }
        }
    }
}
