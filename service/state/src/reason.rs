//! The codes of what was decided, for others to be told.

use headroom_api::{Blocked, By};

use super::{
    decision::Authority,
    devices::{Bar, MAX_DEVICE_CHAINS},
};

impl From<&Authority> for By {
    fn from(authority: &Authority) -> Self {
        match authority {
            Authority::User { app } => Self::User { app: app.clone() },
            Authority::Rule { origin } => Self::Rule {
                profile: origin.profile().to_owned(),
                line: u32::try_from(origin.line).unwrap_or(0),
                shipped: origin.is_shipped(),
            },
            Authority::Profile { .. } => Self::Profile,
        }
    }
}

impl From<&Bar> for Blocked {
    fn from(bar: &Bar) -> Self {
        match bar {
            Bar::Untouched { app } => Self::Bypassed { app: app.clone() },
            Bar::Profile => Self::DefaultOnly,
            Bar::Virtual => Self::Virtual,
            Bar::Refused => Self::Rejected,
            Bar::TooMany => {
                Self::TooMany { limit: u32::try_from(MAX_DEVICE_CHAINS).unwrap_or(u32::MAX) }
            }
        }
    }
}
