//! What the user and the profile want.

use headroom_api::Treatment;
use headroom_profile::Profile;

use super::{
    choices::Treatments,
    decision::{Authority, Decision, decide},
    identity::Identity,
    pins::Pins,
};
use crate::event::Leveller;

/// What the user and the profile want.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
pub struct Desired<'a> {
    /// Everything straight to the device.
    pub bypass: bool,
    /// Not even a filter that is bypassed is made, and no target is written.
    pub dormant: bool,
    /// What the user chose for applications.
    pub treatments: &'a Treatments,
    /// The profile in force: its rules, where levelling runs, and what happens to a stream that none of them names.
    pub profile: &'a Profile,
    /// Whether app volume control works on what neither the user nor a rule names.
    pub level_enabled: bool,
    /// Whether what a rule or the profile leaves alone is limited all the same.
    pub limits_left_alone: bool,
    /// Where levelling runs; `None` while the leveller is off.
    pub leveller: Option<Leveller>,
    /// The devices that the user has chosen for applications, which no write of ours may undo.
    pub pins: &'a Pins,
}

impl<'a> Desired<'a> {
    /// Returns what is wanted while nothing is switched off and a profile levels each application by itself.
    pub fn of(profile: &'a Profile, treatments: &'a Treatments, pins: &'a Pins) -> Self {
        Self {
            bypass: false,
            dormant: false,
            treatments,
            profile,
            level_enabled: false,
            limits_left_alone: false,
            leveller: Some(Leveller::Apps),
            pins,
        }
    }

    /// Decides for an application.
    pub(super) fn decide(&self, identity: &Identity) -> Decision {
        let mut decision = decide(identity, self.treatments, self.profile, self.level_enabled);
        let is_users = matches!(decision.by, Authority::User { .. });
        if self.limits_left_alone && !is_users && decision.app.treatment == Treatment::LeaveAlone {
            decision.app.treatment = Treatment::LimitOnly;
            decision.route = Treatment::LimitOnly.route();
        }
        decision
    }
}
