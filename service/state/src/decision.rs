//! What is wanted for a stream, and why: the user's choice, a rule, or the profile's default.

use headroom_api::Route;
use headroom_profile::{APP_SETTINGS, AppChoice, AppOverride, Evidence, Origin, Profile};

use super::{
    choices::{AppChoices, LevelChoices, Routes},
    identity::Identity,
};

/// What was decided for a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The route it should have.
    pub route: Route,
    /// What decided the route.
    pub by: Authority,
    /// What the stream was recognised by: property, pattern, value.
    pub matched: Vec<(String, String, String)>,
    /// Whether app volume control should work on it.
    pub level: bool,
    /// What decided that.
    pub level_by: Authority,
    /// What is wanted of its application's own chain.
    pub app: AppOverride,
    /// What decided each of [`APP_SETTINGS`]; `None` where nobody said anything.
    pub app_by: [Option<Authority>; APP_SETTINGS.len()],
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
    apps: &AppChoices,
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
        (None, Some((rule, _))) if rule.app_volume.is_some() => {
            let by = Authority::Rule { origin: rule.origin.clone() };
            (rule.app_volume.unwrap_or(level_enabled), by)
        }
        (None, _) => (level_enabled, default()),
    };
    let rule_of_app = rule.as_ref().map(|(rule, _)| (rule.app, &rule.origin));
    let (app, app_by) = decide_app(identity, apps, rule_of_app);
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
    Decision { route, by, matched, level, level_by, app, app_by }
}

/// Decides key by key what is wanted of an application's own chain: the user's choices come before the rule.
fn decide_app(
    identity: &Identity,
    apps: &AppChoices,
    rule: Option<(AppChoice, &Origin)>,
) -> (AppOverride, [Option<Authority>; APP_SETTINGS.len()]) {
    let chosen = apps.find_all(identity).map(|it| (it.value, Authority::User { app: it.app }));
    let ruled = rule.map(|(app, origin)| (app, Authority::Rule { origin: origin.clone() }));
    let said: Vec<_> = chosen.chain(ruled).filter(|(choice, _)| !choice.is_empty()).collect();
    let mut wanted = AppChoice::default();
    let by = APP_SETTINGS.map(|info| {
        let (value, by) = said.iter().find_map(|(choice, by)| Some((choice.get(info.key)?, by)))?;
        // Only what is acceptable can have been said.
        wanted.set(info.key, &value).ok().map(|()| by.clone())
    });
    (wanted.resolve(), by)
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

#[cfg(test)]
mod tests {
    use super::*;
    use headroom_profile::{Library, Value};

    fn profile(rules: &str) -> Profile {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("mine.toml"), rules).unwrap();
        Library::load(Some(directory.path())).get("mine").unwrap().clone()
    }

    fn decide_for(binary: &str, apps: &AppChoices, profile: &Profile) -> Decision {
        let identity =
            Identity { binary: binary.into(), app: "An App".into(), ..Identity::default() };
        decide(&identity, &Routes::default(), &LevelChoices::default(), apps, profile, false)
    }

    #[test]
    fn an_applications_chain_is_decided_key_by_key_the_users_choice_first() {
        let profile = profile(
            "[[rules]]\nmatch.process_binary = [\"mpv\"]\nroute = \"processed\"\noffset_db = -6\n\
             strength = 0.25\n[[rules]]\nmatch.process_binary = [\"mpv\"]\nroute = \"bypass\"\n\
             chain = false\n",
        );
        let mut apps = AppChoices::default();
        let decision = decide_for("mpv", &apps, &profile);
        // The first rule that matches is the only one that counts.
        assert_eq!(decision.app, AppOverride { offset_db: -6.0, strength: 0.25, chain: true });
        assert!(matches!(&decision.app_by, [Some(Authority::Rule { .. }), Some(_), None]));
        apps.set_key("MPV", "offset_db", &Value::Number(3.0)).unwrap();
        apps.set_key("an app", "chain", &Value::Switch(false)).unwrap();
        let decision = decide_for("mpv", &apps, &profile);
        assert_eq!(decision.app, AppOverride { offset_db: 3.0, strength: 0.25, chain: false });
        let [offset, strength, chain] = &decision.app_by;
        assert_eq!(offset, &Some(Authority::User { app: "MPV".into() }));
        assert!(matches!(strength, Some(Authority::Rule { origin }) if origin.line == 1));
        assert_eq!(chain, &Some(Authority::User { app: "an app".into() }));
        assert_eq!(decide_for("vlc", &AppChoices::default(), &profile).app, AppOverride::default());
    }
}
