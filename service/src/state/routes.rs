//! The user's own routes, and the decision for a stream.

use std::collections::BTreeMap;

use headroom_api::{MAX_NAME_BYTES, Route};
use thiserror::Error;

use super::identity::{Identity, same_name};

/// Most routes that a user can set; a limit only against a caller gone wild.
const MAX_ROUTES: usize = 1000;

/// Why a route was refused.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum RouteError {
    /// The application's name cannot be one.
    #[error("{0}")]
    BadName(String),
    /// There are too many.
    #[error("there are {MAX_ROUTES} routes already: remove one before you set another")]
    TooMany,
    /// There is none to remove.
    #[error("no route is set for '{0}': see the property Routes for those that are")]
    Unknown(String),
}

/// The user's routes by application.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Routes(BTreeMap<String, Route>);

/// What was decided for a stream, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The route it should have.
    pub route: Route,
    /// The user's route that decided, by its application; `None` for the profile's default.
    pub user_route: Option<String>,
    /// The property and its value by which the application was recognised.
    pub matched: Option<(&'static str, String)>,
}

impl Routes {
    /// Sets a route; returns whether anything changed.
    ///
    /// # Errors
    /// When the name is empty, longer than [`MAX_NAME_BYTES`], holds control characters, or there
    /// are too many routes. Nothing has changed then.
    pub fn set(&mut self, app: &str, route: Route) -> Result<bool, RouteError> {
        check_name(app)?;
        if let Some((_, known)) = self.0.iter_mut().find(|(known, _)| same_name(known, app)) {
            return Ok(std::mem::replace(known, route) != route);
        }
        if self.0.len() >= MAX_ROUTES {
            return Err(RouteError::TooMany);
        }
        self.0.insert(app.to_owned(), route);
        Ok(true)
    }

    /// Removes a route.
    ///
    /// # Errors
    /// When there is none for this application.
    pub fn unset(&mut self, app: &str) -> Result<(), RouteError> {
        let known = self.0.keys().find(|known| same_name(known, app)).cloned();
        match known.and_then(|known| self.0.remove(&known)) {
            Some(_) => Ok(()),
            None => Err(RouteError::Unknown(quotable(app))),
        }
    }

    /// Returns every route, by application.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Route)> {
        self.0.iter().map(|(app, route)| (app.as_str(), *route))
    }

    /// Decides for an application: the user's route for its binary, name or id, else `default`.
    pub fn decide(&self, identity: &Identity, default: Route) -> Decision {
        let found =
            self.0.iter().find_map(|(app, route)| Some((app, *route, identity.matched_by(app)?)));
        match found {
            Some((app, route, (key, value))) => Decision {
                route,
                user_route: Some(app.clone()),
                matched: Some((key, value.to_owned())),
            },
            None => Decision { route: default, user_route: None, matched: None },
        }
    }
}

fn check_name(app: &str) -> Result<(), RouteError> {
    if app.trim().is_empty() {
        return Err(RouteError::BadName(
            "the application's name is empty: give its binary, name or application id".into(),
        ));
    }
    if app.len() > MAX_NAME_BYTES {
        return Err(RouteError::BadName(format!(
            "the application's name is {} bytes long: at most {MAX_NAME_BYTES} are accepted",
            app.len()
        )));
    }
    if app.chars().any(char::is_control) {
        return Err(RouteError::BadName(format!(
            "the application's name '{}' holds control characters: give plain text",
            quotable(app)
        )));
    }
    Ok(())
}

/// Makes a caller's text fit for an error message.
fn quotable(text: &str) -> String {
    let mut short: String = text.chars().take(80).flat_map(char::escape_debug).collect();
    if text.chars().nth(80).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn firefox() -> Identity {
        Identity { app: "Firefox".into(), binary: "firefox-bin".into(), ..Identity::default() }
    }

    #[test]
    fn the_users_route_comes_before_the_default() {
        let mut routes = Routes::default();
        assert_eq!(routes.decide(&firefox(), Route::Processed).route, Route::Processed);
        assert_eq!(routes.set("firefox", Route::Bypass), Ok(true));
        let decision = routes.decide(&firefox(), Route::Processed);
        assert_eq!(decision.route, Route::Bypass);
        assert_eq!(decision.user_route.as_deref(), Some("firefox"));
        assert_eq!(decision.matched, Some(("application.name", "Firefox".into())));
    }

    #[test]
    fn an_equal_route_changes_nothing() {
        let mut routes = Routes::default();
        assert_eq!(routes.set("mpv", Route::Bypass), Ok(true));
        assert_eq!(routes.set("MPV", Route::Bypass), Ok(false));
        assert_eq!(routes.iter().count(), 1);
    }

    #[test]
    fn bad_names_are_refused_and_leave_everything_as_it_was() {
        let mut routes = Routes::default();
        for bad in ["", "  ", "a\nb", &"x".repeat(MAX_NAME_BYTES + 1)] {
            assert!(routes.set(bad, Route::Bypass).is_err(), "{bad:?} was accepted");
        }
        assert_eq!(routes, Routes::default());
        assert_eq!(routes.unset("mpv"), Err(RouteError::Unknown("mpv".into())));
    }

    #[test]
    fn the_number_of_routes_has_an_end() {
        let mut routes = Routes::default();
        for number in 0..MAX_ROUTES {
            assert_eq!(routes.set(&format!("app{number}"), Route::Bypass), Ok(true));
        }
        assert_eq!(routes.set("one more", Route::Bypass), Err(RouteError::TooMany));
        assert_eq!(routes.set("app0", Route::Processed), Ok(true));
    }
}
