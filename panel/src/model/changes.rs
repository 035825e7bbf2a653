//! Which parts of the model are others than before.

use std::ops::{BitOr, BitOrAssign};

/// A set of parts of the [`Panel`](super::Panel) that an input has changed.
///
/// Readings of the gauges change [`METERS`](Self::METERS) and [`LOUDNESS`](Self::LOUDNESS) and nothing else, so
/// that lists are never redrawn for them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes(u16);

impl Changes {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Which page stands in the window, and what it is about.
    pub const PAGE: Self = Self(1);
    /// Whether streams are protected: state and bypass.
    pub const PROTECTION: Self = Self(1 << 1);
    /// The profiles, or which is in force.
    pub const PROFILES: Self = Self(1 << 2);
    /// Applications, their streams, routes and choices.
    pub const APPS: Self = Self(1 << 3);
    /// Settings, and the strength that follows from them.
    pub const SETTINGS: Self = Self(1 << 4);
    /// The device that is played to.
    pub const OUTPUT: Self = Self(1 << 5);
    /// The service's vital signs and version.
    pub const HEALTH: Self = Self(1 << 6);
    /// What is wrong.
    pub const PROBLEMS: Self = Self(1 << 7);
    /// The gauges.
    pub const METERS: Self = Self(1 << 8);
    /// The history of loudness has a new point, or begins anew.
    pub const LOUDNESS: Self = Self(1 << 9);
    /// Whether the person has been told what Headroom does to the system.
    pub const INTRODUCTION: Self = Self(1 << 10);
    /// What was caught and played, and whether that is kept.
    pub const HISTORY: Self = Self(1 << 11);
    /// What was chosen for devices.
    pub const DEVICE_SETTINGS: Self = Self(1 << 12);
    /// Everything.
    pub const ALL: Self = Self((1 << 13) - 1);

    /// Says whether any part of `other` is among them.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Says whether nothing changed.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Returns these parts when `so`, else none.
    #[must_use]
    pub const fn when(self, so: bool) -> Self {
        if so { self } else { Self::NONE }
    }
}

impl BitOr for Changes {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Changes {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARTS: [Changes; 13] = [
        Changes::PAGE,
        Changes::PROTECTION,
        Changes::PROFILES,
        Changes::APPS,
        Changes::SETTINGS,
        Changes::OUTPUT,
        Changes::HEALTH,
        Changes::PROBLEMS,
        Changes::METERS,
        Changes::LOUDNESS,
        Changes::INTRODUCTION,
        Changes::HISTORY,
        Changes::DEVICE_SETTINGS,
    ];

    #[test]
    fn parts_are_apart_and_all_of_them_are_everything() {
        let mut all = Changes::NONE;
        for part in PARTS {
            assert!(!all.contains(part));
            all |= part;
        }
        assert_eq!(all, Changes::ALL);
    }

    #[test]
    fn an_empty_set_contains_nothing() {
        assert!(Changes::NONE.is_empty() && !Changes::NONE.contains(Changes::ALL));
        assert_eq!(Changes::APPS.when(false), Changes::NONE);
        assert!((Changes::APPS | Changes::PAGE).contains(Changes::PAGE));
    }
}
