//! What the user and the profile want.

use headroom_profile::Profile;

use super::{
    choices::{AppChoices, LevelChoices, Routes},
    decision::{Decision, decide},
    identity::Identity,
    pins::Pins,
};
use crate::event::Leveller;

/// What the user and the profile want.
#[derive(Clone, Copy, Debug)]
pub struct Desired<'a> {
    /// Everything straight to the device.
    pub bypass: bool,
    /// Not even a filter that is bypassed is made, and no target is written.
    pub dormant: bool,
    /// The user's own routes.
    pub routes: &'a Routes,
    /// Where the user has app volume control, and where not.
    pub levels: &'a LevelChoices,
    /// What the user wants of applications' own chains.
    pub apps: &'a AppChoices,
    /// The profile in force: its rules, where levelling runs, and what happens to a stream that none of them names.
    pub profile: &'a Profile,
    /// Whether app volume control works on what neither the user nor a rule names.
    pub level_enabled: bool,
    /// Where levelling runs; `None` while the leveller is off.
    pub leveller: Option<Leveller>,
    /// The devices that the user has chosen for applications, which no write of ours may undo.
    pub pins: &'a Pins,
}

impl Desired<'_> {
    /// Decides for an application.
    pub(super) fn decide(&self, identity: &Identity) -> Decision {
        decide(identity, self.routes, self.levels, self.apps, self.profile, self.level_enabled)
    }
}
