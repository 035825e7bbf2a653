//! What becomes of the world when a client asks for a change of it.

use headroom_api::{Error, Result};
use zbus::{OwnedVariant, Variant};

use super::World;

/// Finds a key of a table of choices, which are compared without regard to case.
fn find<'a, T>(
    mut table: impl Iterator<Item = (&'a String, &'a T)>,
    app: &str,
) -> Option<(String, &'a T)>
where
    T: 'a,
{
    let found = table.find(|(known, _)| known.eq_ignore_ascii_case(app));
    found.map(|(known, choice)| (known.clone(), choice))
}

fn check_name(app: &str) -> Result<()> {
    if app.is_empty() {
        return Err(Error::InvalidValue("the application's name is empty".to_owned()));
    }
    Ok(())
}

impl World {
    pub(super) fn set_bypass(&mut self, bypass: bool) {
        self.bypass = bypass;
        self.state = if bypass { "bypassed" } else { "running" };
        // The way out of safe mode.
        let is_forgotten = |code: &str| !bypass && ["safe-mode", "starved"].contains(&code);
        self.problems.retain(|problem| !is_forgotten(&problem.code));
    }

    pub(super) fn use_profile(&mut self, name: &str) -> Result<()> {
        self.check_profile(name)?;
        name.clone_into(&mut self.active_profile);
        Ok(())
    }

    pub(super) fn check_profile(&self, name: &str) -> Result<()> {
        if self.profiles.contains_key(name) {
            return Ok(());
        }
        // By its first letter: who is corrected is to be shown something.
        let near = self.profiles.keys().find(|known| known.chars().next() == name.chars().next());
        let near = near.map(|near| format!("; near it is: {near}")).unwrap_or_default();
        Err(Error::NoSuchProfile(format!("no profile has the name '{name}'{near}")))
    }

    pub(super) fn reload_profiles(&mut self) {
        self.problems.retain(|problem| problem.code != "profile-broken");
        self.problems.extend(self.profile_faults.iter().cloned());
    }

    pub(super) fn set_route(&mut self, app: &str, route: &str) -> Result<()> {
        check_name(app)?;
        let known = find(self.routes.iter(), app).map_or_else(|| app.to_owned(), |(app, _)| app);
        self.routes.insert(known, route.to_owned());
        Ok(())
    }

    pub(super) fn unset_route(&mut self, app: &str) -> Result<()> {
        let found = find(self.routes.iter(), app);
        let none = || Error::NoSuchRoute(format!("no route is set for '{app}'"));
        let (known, _) = found.ok_or_else(none)?;
        self.routes.remove(&known);
        Ok(())
    }

    pub(super) fn set_level_control(&mut self, app: &str, on: bool) -> Result<()> {
        check_name(app)?;
        let known =
            find(self.level_control.iter(), app).map_or_else(|| app.to_owned(), |(app, _)| app);
        self.level_control.insert(known, on);
        Ok(())
    }

    pub(super) fn unset_level_control(&mut self, app: &str) -> Result<()> {
        let found = find(self.level_control.iter(), app);
        let none = || Error::NoSuchLevelControl(format!("no choice is set for '{app}'"));
        let (known, _) = found.ok_or_else(none)?;
        self.level_control.remove(&known);
        Ok(())
    }

    pub(super) fn reset_level_control(&mut self, id: u64) -> Result<()> {
        let none = || Error::NoSuchStream(format!("no stream has the id {id}"));
        let stream = self.streams.get(&id).ok_or_else(none)?;
        self.level_control.retain(|app, _| !stream.is_of(app));
        Ok(())
    }

    pub(super) fn set_app_setting(
        &mut self,
        app: &str,
        key: &str,
        value: OwnedVariant,
    ) -> Result<()> {
        check_name(app)?;
        let accepted = match key {
            "offset_db" => -12.0..=12.0,
            "strength" => 0.0..=1.0,
            "chain" => 0.0..=0.0,
            _ => return Err(Error::NoSuchSetting(format!("no setting has the key '{key}'"))),
        };
        let is_accepted = match &*value {
            Variant::F64(number) => key != "chain" && accepted.contains(number),
            Variant::Bool(_) => key == "chain",
            _ => false,
        };
        if !is_accepted {
            return Err(Error::InvalidValue(format!("{key} cannot be {}", *value)));
        }
        let known =
            find(self.app_settings.iter(), app).map_or_else(|| app.to_owned(), |(app, _)| app);
        self.app_settings.entry(known).or_default().insert(key.to_owned(), value);
        Ok(())
    }

    pub(super) fn forget_levels(&mut self, app: &str) -> Result<()> {
        let before = self.learned.len();
        self.learned.retain(|known, _| !app.is_empty() && !known.eq_ignore_ascii_case(app));
        if self.learned.len() == before && !app.is_empty() {
            return Err(Error::NoSuchLevel(format!("nothing is remembered of '{app}'")));
        }
        Ok(())
    }

    pub(super) fn reset_app_setting(&mut self, app: &str, key: &str) -> Result<()> {
        let none = || Error::NoSuchAppSetting(format!("nothing is set for '{app}'"));
        let (known, set) = find(self.app_settings.iter(), app).ok_or_else(none)?;
        let mut left = set.clone();
        if key.is_empty() {
            left.clear();
        } else {
            left.remove(key).ok_or_else(none)?;
        }
        self.app_settings.remove(&known);
        if !left.is_empty() {
            self.app_settings.insert(known, left);
        }
        Ok(())
    }
}
