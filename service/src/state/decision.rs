//! What is wanted for a stream, and why: the user's choice, a rule, or the profile's default.

use headroom_api::Route;
use headroom_profile::{Evidence, Origin, Profile};

use super::{
    choices::{LevelChoices, Routes},
    identity::Identity,
};

/// What was decided for a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The route it should have.
    pub route: Route,
    /// What decided the route.
    pub by: Authority,
    /// What the stream was recognised by: property, pattern, value.
    pub matched: Vec<(String, String, String)>,
    /// Whether level control should work on it.
    pub level: bool,
    /// What decided that.
    pub level_by: Authority,
}

/// What a decision rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authority {
    /// The user's own choice for an application.
    User {
        /// The application as the user named it.
        app: String,
    },
    /// A rule of the profile.
    Rule {
        /// Where it stands.
        origin: Origin,
    },
    /// The profile, for what no rule names.
    Profile {
        /// Where it says so.
        origin: Origin,
    },
}

/// Decides for an application: the user's choice comes before the first rule that matches, and that
/// before the profile's default.
pub(super) fn decide(
    identity: &Identity,
    routes: &Routes,
    levels: &LevelChoices,
    profile: &Profile,
    level_enabled: bool,
) -> Decision {
    let subject = identity.subject();
    let default = || Authority::Profile { origin: profile.default_route_origin.clone() };
    let rule = profile.rules.iter().find_map(|rule| Some((rule, rule.matches(&subject)?)));
    let evidence = |evidence: Vec<Evidence>| {
        let row = |e: Evidence| (property(e.field).to_owned(), e.pattern, e.value);
        evidence.into_iter().map(row).collect()
    };
    let (level, level_by) = match (levels.find(identity), &rule) {
        (Some(chosen), _) => (chosen.value, Authority::User { app: chosen.app }),
        (None, Some((rule, _))) if rule.level.is_some() => {
            let by = Authority::Rule { origin: rule.origin.clone() };
            (rule.level.unwrap_or(level_enabled), by)
        }
        (None, _) => (level_enabled, default()),
    };
    let (route, by, matched) = match (routes.find(identity), rule) {
        (Some(chosen), _) => {
            let (key, value) = chosen.matched;
            let matched = vec![(key.to_owned(), chosen.app.clone(), value)];
            (chosen.value, Authority::User { app: chosen.app }, matched)
        }
        (None, Some((rule, found))) => {
            (rule.route, Authority::Rule { origin: rule.origin.clone() }, evidence(found))
        }
        (None, None) => (profile.default_route, default(), Vec::new()),
    };
    Decision { route, by, matched, level, level_by }
}

/// Returns the property of PipeWire's that a rule's field looks at.
fn property(field: &str) -> &str {
    match field {
        "process_binary" => "application.process.binary",
        "application_name" => "application.name",
        "application_id" => "application.id",
        "media_role" => "media.role",
        "media_name" => "media.name",
        other => other,
    }
}
