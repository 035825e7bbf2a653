//! What becomes of the world when a client asks for a change of it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use headroom_api::{DEVICE_SETTINGS, Error, ProfileBy, Result, Route, Treatment, TreatmentRow};
use zbus::OwnedVariant;

use super::{Stream, World};

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

fn usec_in(seconds: u32) -> u64 {
    let end = SystemTime::now() + Duration::from_secs(seconds.into());
    let since = end.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

impl World {
    pub(super) fn set_device_setting(
        &mut self,
        device: &str,
        key: &str,
        value: OwnedVariant,
    ) -> Result<()> {
        if !DEVICE_SETTINGS.contains(&key) {
            return Err(Error::NoSuchSetting(format!("a device has no setting '{key}'")));
        }
        let chosen = self.device_settings.entry(device.to_owned()).or_default();
        chosen.insert(key.to_owned(), value);
        Ok(())
    }

    pub(super) fn reset_device_setting(&mut self, device: &str, key: &str) -> Result<()> {
        let nothing = || Error::NoSuchSetting(format!("nothing is chosen for '{device}'"));
        let chosen = self.device_settings.get_mut(device).ok_or_else(nothing)?;
        chosen.retain(|known, _| !key.is_empty() && known != key);
        self.device_settings.retain(|_, chosen| !chosen.is_empty());
        Ok(())
    }

    pub(super) fn set_bypass(&mut self, bypass: bool) {
        self.bypass = bypass;
        self.compare_until_usec = 0;
        self.bypass_until_usec = 0;
        self.state = if bypass { "bypassed" } else { "running" };
        // The way out of safe mode.
        let is_forgotten = |code: &str| !bypass && ["safe-mode", "starved"].contains(&code);
        self.problems.retain(|problem| !is_forgotten(&problem.code));
    }

    /// Bypasses everything; the end is told, and brought about by the test.
    pub fn bypass_for(&mut self, seconds: u32) {
        self.set_bypass(true);
        self.bypass_until_usec = usec_in(seconds);
    }

    /// Tells the end of a comparison; nobody brings it about but another call.
    pub(super) fn compare(&mut self, seconds: u32) {
        self.compare_until_usec = if seconds == 0 { 0 } else { usec_in(seconds) };
    }

    pub(super) fn move_volume(&mut self, id: u64, change: impl FnOnce(&mut Stream)) -> Result<()> {
        let none = || Error::NoSuchStream(format!("no stream has the id {id}"));
        let stream = self.streams.get_mut(&id).ok_or_else(none)?;
        if stream.volume_percent.is_none() {
            return Err(Error::InvalidValue(format!("the stream {id} has no volume of its own")));
        }
        change(stream);
        Ok(())
    }

    pub(super) fn unset_schedule(&mut self, profile: &str) -> Result<()> {
        let nothing = || Error::NoSuchSetting(format!("nothing is scheduled for '{profile}'"));
        self.schedules.remove(profile).map(drop).ok_or_else(nothing)
    }

    /// Uses another profile; the test brings about what a schedule does.
    pub(super) fn use_profile(&mut self, name: &str) -> Result<()> {
        self.check_profile(name)?;
        self.profile_by = ProfileBy::User;
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

    pub(super) fn set_treatment(
        &mut self,
        app: &str,
        treatment: Treatment,
        offset_db: f64,
    ) -> Result<()> {
        check_name(app)?;
        if !(-12.0..=12.0).contains(&offset_db) {
            return Err(Error::InvalidValue(format!("offset_db cannot be {offset_db}")));
        }
        let known =
            find(self.treatments.iter(), app).map_or_else(|| app.to_owned(), |(app, _)| app);
        if treatment == Treatment::Automatic && offset_db == 0.0 {
            self.treatments.remove(&known);
        } else {
            let row = TreatmentRow { treatment: treatment.into(), offset_db };
            self.treatments.insert(known, row);
        }
        Ok(())
    }

    pub(super) fn unset_treatment(&mut self, app: &str) -> Result<()> {
        let found = find(self.treatments.iter(), app);
        let none = || Error::NoSuchTreatment(format!("nothing is chosen for '{app}'"));
        let (known, _) = found.ok_or_else(none)?;
        self.treatments.remove(&known);
        Ok(())
    }

    pub(super) fn set_route(&mut self, app: &str, route: Route) -> Result<()> {
        self.set_treatment(app, Treatment::from(route), 0.0)
    }

    pub(super) fn forget_levels(&mut self, app: &str) -> Result<()> {
        let before = self.learned.len();
        self.learned.retain(|known, _| !app.is_empty() && !known.eq_ignore_ascii_case(app));
        if self.learned.len() == before && !app.is_empty() {
            return Err(Error::NoSuchLevel(format!("nothing is remembered of '{app}'")));
        }
        Ok(())
    }
}
