//! Reads what an earlier version remembered, and refuses what a later one did; pure.

use std::collections::BTreeMap;

use headroom_api::{Route, Treatment};
use headroom_profile::{Successor, successor};
use toml::{Table, Value};
use tracing::info;

/// The version of what is written.
///
/// 1 had settings of `agc` and `level`, and the table `level` for app volume control. 2 had three tables of choices for
/// applications: `routes`, `app_volume` and `apps`.
pub(super) const VERSION: u32 = 3;

/// Below this, an application was levelled by less than half: the nearest treatment is limiting alone.
const LEAST_STRENGTH: f64 = 0.5;

/// Says why a file is not read, if a later version wrote it: its keys may mean anything.
pub(super) fn refusal(file: &Table) -> Option<String> {
    let version = file.get("version").and_then(Value::as_integer)?;
    (version > i64::from(VERSION)).then(|| {
        format!(
            "a later version of Headroom has written it (version {version}; this one reads up to \
             {VERSION})"
        )
    })
}

/// Returns a file, or a piece of one, with the names of this version; what has no successor goes.
///
/// Old names mean nothing in files of this version, so a piece whose version is lost is safe, too.
pub(super) fn migrated(file: &Table) -> Table {
    let mut file = file.clone();
    if let Some(old) = file.remove("level") {
        file.entry("app_volume").or_insert(old);
    }
    if let Some(Value::Table(profiles)) = file.get_mut("settings") {
        for (profile, overlay) in profiles.iter_mut() {
            if let Value::Table(overlay) = overlay {
                rename(profile, overlay);
            }
        }
    }
    treat(&mut file);
    file
}

/// What earlier versions had chosen for an application, in one place.
#[derive(Debug, Default)]
struct Old {
    /// As it was named first.
    app: String,
    route: Option<Route>,
    level: Option<bool>,
    strength: Option<f64>,
    chain: Option<bool>,
    /// What goes on as it is: an offset, and what makes no sense, which is counted where it is read.
    rest: Table,
}

/// Puts one choice for each application in place of routes, app volume control and settings of its chain.
fn treat(file: &mut Table) {
    let mut old: BTreeMap<String, Old> = BTreeMap::new();
    for (app, route) in take(file, "routes") {
        let known = of(&mut old, &app);
        match route.as_str().and_then(|word| word.parse().ok()) {
            Some(route) => known.route = known.route.or(Some(route)),
            None => drop(known.rest.insert("route".into(), route)),
        }
    }
    for (app, level) in take(file, "app_volume") {
        match level {
            Value::Boolean(on) => of(&mut old, &app).level = Some(on),
            other => drop(of(&mut old, &app).rest.insert("app_volume".into(), other)),
        }
    }
    for (app, settings) in take(file, "apps") {
        let known = of(&mut old, &app);
        let Value::Table(settings) = settings else {
            known.rest.insert("app".into(), settings);
            continue;
        };
        for (key, value) in settings {
            match (key.as_str(), number(&value), value.as_bool()) {
                ("strength", Some(part), _) if (0.0..=1.0).contains(&part) => {
                    known.strength = Some(part);
                }
                ("chain", _, Some(on)) => known.chain = Some(on),
                _ => drop(known.rest.insert(key, value)),
            }
        }
    }
    if old.is_empty() {
        return;
    }
    let new = file.entry("treatments").or_insert_with(|| Table::new().into());
    let Value::Table(new) = new else { return };
    for known in old.into_values() {
        let treatment = known.treatment();
        let mut entry = known.rest;
        if treatment != Treatment::Automatic {
            entry.insert("treatment".into(), treatment.as_str().into());
        }
        new.entry(known.app).or_insert(entry.into());
    }
}

impl Old {
    /// Returns the nearest treatment; what the user had bypassed stays bypassed, whatever else was said.
    fn treatment(&self) -> Treatment {
        let is_limited =
            self.chain == Some(false) || self.strength.is_some_and(|part| part < LEAST_STRENGTH);
        let treatment = match (self.route, self.level) {
            (Some(Route::Bypass), _) => Treatment::LeaveAlone,
            _ if is_limited => Treatment::LimitOnly,
            (Some(Route::Processed), _) | (None, Some(true)) => Treatment::EvenOut,
            (None, Some(false) | None) => Treatment::Automatic,
        };
        info!(app = self.app, %treatment, "taking over what was chosen with an earlier version");
        treatment
    }
}

/// Returns what is known of an application, whose name is compared without regard to case.
fn of<'a>(old: &'a mut BTreeMap<String, Old>, app: &str) -> &'a mut Old {
    let known = old.entry(app.to_lowercase()).or_default();
    if known.app.is_empty() {
        app.clone_into(&mut known.app);
    }
    known
}

/// Takes a table out of a file; of one that is none, a single entry without sense.
fn take(file: &mut Table, name: &str) -> Table {
    match file.remove(name) {
        None => Table::new(),
        Some(Value::Table(entries)) => entries,
        Some(other) => Table::from_iter([(name.to_owned(), Value::Array(vec![other]))]),
    }
}

fn number(value: &Value) -> Option<f64> {
    value.as_float().or_else(|| value.as_integer().map(|number| number as f64))
}

fn rename(profile: &str, overlay: &mut Table) {
    let old: Vec<_> =
        overlay.keys().filter_map(|key| Some((key.clone(), successor(key)?))).collect();
    for (key, successor) in old {
        let Some(value) = overlay.remove(&key) else { continue };
        match successor {
            Successor::Key(new) => drop(overlay.entry(new).or_insert(value)),
            Successor::None(why) => info!(profile, key, why, "forgetting a changed setting"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_names_become_new_and_lost_ones_go() {
        let old: Table = "version = 1\n[level]\nmpv = true\n[settings.default]\n\
                          \"agc.target_lufs\" = -20.0\n\"agc.gate_lufs\" = -50.0\n\"level.enabled\" = true\n\
                          \"limiter.hold_ms\" = 3.0\n"
            .parse()
            .unwrap();
        let new: Table =
            "version = 1\n[treatments.mpv]\ntreatment = \"even-out\"\n[settings.default]\n\
                          \"leveller.target_lufs\" = -20.0\n\"app_volume.enabled\" = true\n\
                          \"limiter.hold_ms\" = 3.0\n"
                .parse()
                .unwrap();
        assert_eq!(migrated(&old), new);
        assert_eq!(migrated(&new), new);
    }

    #[test]
    fn only_a_later_version_is_refused() {
        let of = |text: &str| refusal(&text.parse().unwrap());
        assert_eq!(of("version = 1"), None);
        assert_eq!(of("version = 3"), None);
        assert_eq!(of(""), None);
        assert!(of("version = 4").unwrap().contains("version 4"));
    }

    #[test]
    fn old_choices_become_the_nearest_treatment() {
        for (route, level, app, treatment) in [
            ("bypass", "", "", "leave-alone"),
            ("processed", "", "", "even-out"),
            ("bypass", "true", "chain = true\nstrength = 1.0", "leave-alone"),
            ("bypass", "", "chain = false", "leave-alone"),
            ("processed", "false", "", "even-out"),
            ("processed", "", "chain = false", "limit-only"),
            ("processed", "", "strength = 0.25", "limit-only"),
            ("processed", "", "strength = 0.5", "even-out"),
            ("", "true", "", "even-out"),
            ("", "false", "", ""),
            ("", "", "strength = 0", "limit-only"),
            ("", "", "chain = true", ""),
        ] {
            let chain = format!("[apps.mpv]\noffset_db = -3\n{app}\n");
            let route = format!("[routes]\nMPV = \"{route}\"\n");
            let level = format!("[app_volume]\nMpv = {level}\n");
            let is_said = |text: &&String| !text.contains("= \n") && !text.contains("\"\"");
            let old: String =
                [&chain, &route, &level].into_iter().filter(is_said).cloned().collect();
            let new = migrated(&old.parse().unwrap());
            let treatments = new["treatments"].as_table().unwrap();
            assert_eq!(treatments.len(), 1, "one application has several names: {new}");
            let (_, chosen) = treatments.iter().next().unwrap();
            let word = chosen.get("treatment").and_then(Value::as_str).unwrap_or_default();
            assert_eq!(word, treatment, "{old}");
            assert_eq!(chosen["offset_db"].as_integer(), Some(-3), "{old}");
            assert_eq!(migrated(&new), new);
        }
    }
}
