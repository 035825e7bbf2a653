//! Names of profiles and problems, and the order of profiles. What is not known here is left to the caller, or shown as the service wrote it.

use headroom_api::{Problem as Code, ProblemRow};

use crate::i18n::tr;

/// The name of a profile for a person: that of a shipped one is translated, another stands as it is.
pub fn profile_name(name: &str) -> String {
    match name {
        "default" => tr("Everyday"),
        "night" => tr("Night"),
        "speech" => tr("Talks and calls"),
        "transparent" => tr("Safety limit only"),
        "spike-protection" => tr("Sudden blasts only"),
        "bypass-all" => tr("Only apps that I choose"),
        other => other.to_owned(),
    }
}

/// Profiles that Headroom ships, in the order in which they are offered.
const SHIPPED: [&str; 6] =
    ["default", "night", "speech", "transparent", "spike-protection", "bypass-all"];

/// What profiles are sorted by where a person chooses one: those that are shipped first, then by name.
pub fn profile_rank(name: &str) -> (usize, String, String) {
    let rank = SHIPPED.iter().position(|known| *known == name).unwrap_or(SHIPPED.len());
    (rank, name.to_lowercase(), name.to_owned())
}

/// A heading for a problem; none for one that is not known.
pub fn problem_title(problem: &ProblemRow) -> Option<String> {
    Some(match problem.known.as_ref()? {
        Code::PipewireAway { .. } => tr("The sound system is away"),
        Code::NoSessionManager => tr("Nothing connects apps to Headroom"),
        Code::SessionManagerTooOld { .. } => tr("WirePlumber is too old"),
        Code::FilterFailed { .. } => tr("Headroom could not be started"),
        Code::SafeMode { .. } => tr("Headroom stepped aside"),
        Code::Starved => tr("The machine was too busy"),
        Code::KeptQuiet { .. } => tr("Kept quiet until it is protected again"),
        Code::RealtimePriority => tr("No real-time priority"),
        Code::DeviceUnprotected { .. } => tr("A device is not protected"),
        Code::DeviceAmplified { .. } => tr("A device amplifies what it plays"),
        Code::SumClips { .. } => tr("Apps that play together clip"),
        Code::OtherEffects { .. } => tr("Another program takes the sound past Headroom"),
        Code::StalePins { .. } => tr("Another program has left a device behind"),
        Code::ChainsFull { .. } => tr("Too many apps play at once"),
        Code::ProfileBroken { .. } => tr("A profile cannot be read"),
        Code::ProfileMissing { .. } => tr("A profile is gone"),
        Code::StateFileDamaged { .. } => tr("Your choices were lost"),
        Code::SessionNotSaved { .. } => tr("Your choices cannot be saved"),
        Code::SandboxSocket { .. } => tr("The sandbox has lost the sound system"),
        Code::NotResponding => tr("Headroom does not hear from the sound system"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_profile_keeps_its_own_name() {
        assert_eq!(profile_name("mine"), "mine");
        assert_eq!(profile_name("default"), "Everyday");
    }

    #[test]
    fn shipped_profiles_are_offered_first_and_each_has_a_name() {
        let mut names = ["mine", "bypass-all", "Abc", "night", "default"];
        names.sort_by_cached_key(|name| profile_rank(name));
        assert_eq!(names, ["default", "night", "bypass-all", "Abc", "mine"]);
        assert!(SHIPPED.iter().all(|name| profile_name(name) != *name));
    }

    #[test]
    fn known_problem_has_a_title_and_another_has_none() {
        let title = problem_title(&Code::Starved.into());
        assert_eq!(title.as_deref(), Some("The machine was too busy"));
        assert_eq!(problem_title(&ProblemRow::default()), None);
    }
}
