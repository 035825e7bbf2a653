//! What a stream gets, and why: the user's choice, a rule, or the profile's default.

use headroom_api::{Route, Treatment};
use headroom_profile::{APP_SETTINGS, AppOverride, Evidence, Origin, Profile};

use super::{
    choices::{TreatmentChoice, Treatments},
    identity::Identity,
};

/// What was decided for a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The route it should have, which follows from what it gets.
    pub route: Route,
    /// What decided what it gets.
    pub by: Authority,
    /// What the stream was recognised by: property, pattern, value.
    pub matched: Vec<(String, String, String)>,
    /// Whether app volume control should work on it.
    pub level: bool,
    /// What decided that.
    pub level_by: Authority,
    /// What it gets, and what is wanted of its application's own chain.
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

impl Decision {
    /// Says whether its own chain levels it, given whether the profile has chains level at all.
    pub(super) fn levels_in_chain(&self, profile_levels: bool) -> bool {
        match self.app.treatment {
            Treatment::EvenOut => true,
            Treatment::LimitOnly | Treatment::LeaveAlone => false,
            Treatment::Automatic => profile_levels,
        }
    }
}

/// Decides for an application: the user's choice comes before the first rule that matches, and that
/// before the profile's default.
///
/// A choice of no more than an offset leaves the treatment to the profile.
pub(super) fn decide(
    identity: &Identity,
    treatments: &Treatments,
    profile: &Profile,
    level_enabled: bool,
) -> Decision {
    let subject = identity.subject();
    let rule = profile.rules.iter().find_map(|rule| Some((rule, rule.matches(&subject)?)));
    let chosen = treatments.find(identity);
    let user = chosen.as_ref().map(|it| Authority::User { app: it.app.clone() });
    let of_rule = |origin: &Origin| Authority::Rule { origin: origin.clone() };
    let default = || Authority::Profile { origin: profile.default_origin.clone() };

    let choice = chosen.as_ref().map(|it| it.value).unwrap_or_default();
    let ruled = rule.as_ref().map(|(rule, _)| rule.app).unwrap_or_default();
    let (treatment, by, matched) = match (&chosen, &rule) {
        (Some(chosen), _) if choice.treatment != Treatment::Automatic => {
            let (key, value) = chosen.matched.clone();
            let matched = vec![(key.to_owned(), chosen.app.clone(), value)];
            (choice.treatment, Authority::User { app: chosen.app.clone() }, matched)
        }
        (_, Some((rule, found))) => {
            let row =
                |e: &Evidence| (property(e.field).to_owned(), e.pattern.clone(), e.value.clone());
            (rule.treatment, of_rule(&rule.origin), found.iter().map(row).collect())
        }
        (_, None) => (profile.default_treatment, default(), Vec::new()),
    };
    let (level, level_by) = match (&user, &rule) {
        // Neither is to be evened out, by whatever means.
        (Some(user), _) if is_untouched(&choice) => (false, user.clone()),
        (_, Some((rule, _))) if rule.app_volume.is_some() => {
            (rule.app_volume.unwrap_or(level_enabled), of_rule(&rule.origin))
        }
        _ => (level_enabled, default()),
    };
    let mut app = ruled.resolve(treatment);
    let mut app_by = APP_SETTINGS.map(|info| {
        let (rule, _) = rule.as_ref()?;
        rule.app.get(info.key).map(|_| of_rule(&rule.origin))
    });
    if let Some(user) = user {
        // One choice: what the user says of an application is all that counts there.
        app = AppOverride { offset_db: choice.offset_db, ..app };
        app_by[0] = Some(user.clone());
        if choice.treatment != Treatment::Automatic {
            app = AppOverride { strength: AppOverride::default().strength, ..app };
            app_by[1] = Some(user);
        }
    }
    Decision { route: treatment.route(), by, matched, level, level_by, app, app_by }
}

/// Says whether the user has chosen that nothing evens an application out.
fn is_untouched(choice: &TreatmentChoice) -> bool {
    matches!(choice.treatment, Treatment::LimitOnly | Treatment::LeaveAlone)
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
    use headroom_profile::Library;

    const RULES: &str = "[[rules]]\nmatch.process_binary = [\"mpv\"]\ntreatment = \"automatic\"\noffset_db = -6\n\
                         strength = 0.25\napp_volume = true\n\
                         [[rules]]\nmatch.process_binary = [\"mpd\"]\ntreatment = \"leave-alone\"\n\
                         [[rules]]\nmatch.process_binary = [\"mpv\"]\ntreatment = \"leave-alone\"\n";

    fn profile(rules: &str) -> Profile {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("mine.toml"), rules).unwrap();
        Library::load(Some(directory.path())).get("mine").unwrap().clone()
    }

    fn decide_for(binary: &str, treatments: &Treatments, profile: &Profile) -> Decision {
        let identity =
            Identity { binary: binary.into(), app: "An App".into(), ..Identity::default() };
        decide(&identity, treatments, profile, true)
    }

    fn chosen(app: &str, treatment: Treatment, offset_db: f64) -> Treatments {
        let mut treatments = Treatments::default();
        treatments.choose(app, TreatmentChoice { treatment, offset_db }).unwrap();
        treatments
    }

    #[test]
    fn users_choice_comes_before_rule_and_default() {
        use Treatment::{Automatic, EvenOut, LeaveAlone, LimitOnly};
        let profile = profile(RULES);
        // Binary, choice and offset; treatment, offset, strength and app volume in force.
        for (binary, choice, offset_db, treatment, offset, strength, level) in [
            ("mpv", Automatic, 0.0, Automatic, -6.0, 0.25, true),
            ("mpv", Automatic, 3.0, Automatic, 3.0, 0.25, true),
            ("mpv", EvenOut, 0.0, EvenOut, 0.0, 1.0, true),
            ("mpv", LimitOnly, -3.0, LimitOnly, -3.0, 1.0, false),
            ("mpv", LeaveAlone, 0.0, LeaveAlone, 0.0, 1.0, false),
            ("mpd", Automatic, 0.0, LeaveAlone, 0.0, 1.0, true),
            ("mpd", Automatic, -3.0, LeaveAlone, -3.0, 1.0, true),
            ("mpd", EvenOut, 0.0, EvenOut, 0.0, 1.0, true),
            ("mpd", LeaveAlone, 0.0, LeaveAlone, 0.0, 1.0, false),
            ("vlc", Automatic, 0.0, Automatic, 0.0, 1.0, true),
            ("vlc", LimitOnly, 0.0, LimitOnly, 0.0, 1.0, false),
        ] {
            let decision = decide_for(binary, &chosen("AN APP", choice, offset_db), &profile);
            let what = format!("{binary}, {choice}");
            let usual = AppOverride::default();
            let app = AppOverride { treatment, offset_db: offset, strength, ..usual };
            assert_eq!((decision.app, decision.level), (app, level), "{what}");
            assert_eq!(decision.route, treatment.route(), "{what}");
            let user = Authority::User { app: "AN APP".into() };
            assert_eq!(decision.by == user, choice != Automatic, "{what}");
            let is_set = choice != Automatic || offset_db != 0.0;
            assert_eq!(decision.app_by[0].as_ref() == Some(&user), is_set, "{what}");
        }
    }

    #[test]
    fn decision_names_what_it_rests_on() {
        let profile = profile(RULES);
        // The first rule that matches is the only one that counts.
        let ruled = decide_for("mpv", &Treatments::default(), &profile);
        assert!(matches!(&ruled.by, Authority::Rule { origin } if origin.line == 1));
        assert!(matches!(&ruled.app_by, [Some(Authority::Rule { .. }), Some(_), None]));
        let (key, pattern, value) = &ruled.matched[0];
        assert_eq!([key, pattern, value], ["application.process.binary", "mpv", "mpv"]);
        let own = decide_for("mpv", &chosen("MPV", Treatment::EvenOut, 0.0), &profile);
        let (key, pattern, value) = &own.matched[0];
        assert_eq!([key, pattern, value], ["application.process.binary", "MPV", "mpv"]);
        let other = decide_for("vlc", &Treatments::default(), &profile);
        assert!(matches!(&other.by, Authority::Profile { .. }) && other.matched.is_empty());
        assert_eq!((other.app, other.app_by), (AppOverride::default(), [None, None, None]));
    }

    #[test]
    fn real_streams_belong_to_the_application_that_a_person_sees() {
        #[derive(serde::Deserialize)]
        struct Row {
            about: String,
            key: String,
            treatment: String,
            stream: crate::Props,
            #[serde(default)]
            client: crate::Props,
        }
        let rows: Vec<Row> = serde_json::from_str(include_str!("applications.json")).unwrap();
        assert!(rows.len() >= 20);
        let library = Library::load(None);
        let profile = library.get(headroom_profile::DEFAULT).unwrap();
        for Row { about, key, treatment, stream, client } in rows {
            let node = crate::NodeInfo { props: stream, ..crate::NodeInfo::default() };
            let identity = Identity::read(&node, Some(&client));
            assert_eq!(identity.key().unwrap().as_str(), key, "{about}");
            let decision = decide(&identity, &Treatments::default(), profile, true);
            assert_eq!(decision.app.treatment.as_str(), treatment, "{about}");
        }
    }

    #[test]
    fn own_chain_levels_as_the_treatment_says() {
        let profile = profile("description = \"mine\"\n");
        for (treatment, by_profile) in [
            (Treatment::Automatic, [false, true]),
            (Treatment::EvenOut, [true, true]),
            (Treatment::LimitOnly, [false, false]),
            (Treatment::LeaveAlone, [false, false]),
        ] {
            let decision = decide_for("mpv", &chosen("mpv", treatment, 0.0), &profile);
            assert_eq!([false, true].map(|on| decision.levels_in_chain(on)), by_profile);
        }
    }
}
