//! The codes of what was decided, for others to be told.

use headroom_api::By;

use super::decision::Authority;

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
