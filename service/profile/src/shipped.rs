//! The profiles that Headroom brings along; compiled in, so that they are always there.

use crate::draft::{Draft, parse};

/// Name and text of each.
pub(crate) const SHIPPED: [(&str, &str); 6] = [
    ("default", include_str!("../../../data/profiles/default.toml")),
    ("night", include_str!("../../../data/profiles/night.toml")),
    ("speech", include_str!("../../../data/profiles/speech.toml")),
    ("transparent", include_str!("../../../data/profiles/transparent.toml")),
    ("spike-protection", include_str!("../../../data/profiles/spike-protection.toml")),
    ("bypass-all", include_str!("../../../data/profiles/bypass-all.toml")),
];

/// Returns what the shipped profiles say; one with a fault would be missing, which a test forbids.
pub(crate) fn drafts() -> impl Iterator<Item = Draft> {
    SHIPPED.into_iter().filter_map(|(name, text)| parse(name, &file_name(name), text).ok())
}

fn file_name(name: &str) -> String {
    format!("built-in {name}.toml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_profile_is_without_fault() {
        for (name, text) in SHIPPED {
            let draft = parse(name, &file_name(name), text);
            assert!(draft.is_ok(), "{name}: {draft:#?}");
        }
        assert_eq!(drafts().count(), SHIPPED.len());
    }

    #[test]
    fn every_file_of_the_directory_is_shipped() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/profiles");
        let mut files: Vec<_> = std::fs::read_dir(directory)
            .unwrap()
            .filter_map(|entry| {
                Some(entry.unwrap().file_name().to_str()?.strip_suffix(".toml")?.to_owned())
            })
            .collect();
        files.sort();
        let mut shipped: Vec<_> = SHIPPED.iter().map(|(name, _)| (*name).to_owned()).collect();
        shipped.sort();
        assert_eq!(files, shipped);
    }
}
