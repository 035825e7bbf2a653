//! What differs between two versions of what is remembered, key by key; pure.
//!
//! It knows no key of its own: what is remembered is compared and changed as the table that the file holds.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::Remembered;

/// Values by their path; of one path, the newest wins. `None` is a value that was taken away.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes(BTreeMap<Vec<String>, Option<Value>>);

impl Changes {
    /// Returns what makes `after` of `before`.
    pub fn between(before: &Remembered, after: &Remembered) -> Self {
        let (mut old, new) = (leaves(&before.to_table()), leaves(&after.to_table()));
        let mut changes = BTreeMap::new();
        for (path, value) in new {
            if old.remove(&path).as_ref() != Some(&value) {
                changes.insert(path, Some(value));
            }
        }
        changes.extend(old.into_keys().map(|path| (path, None)));
        Self(changes)
    }

    /// Says whether nothing has changed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds changes that were made later.
    pub fn extend(&mut self, newer: Self) {
        self.0.extend(newer.0);
    }

    /// Returns what is remembered with these changes on top.
    pub fn on(&self, remembered: &Remembered) -> Remembered {
        let mut table = remembered.to_table();
        for (path, value) in &self.0 {
            set(&mut table, path, value.as_ref());
        }
        let mut changed = Remembered::default();
        // What makes no sense on top of another's choices, such as one too many, is left out.
        changed.add(&table);
        changed
    }
}

/// Returns every value that is no table, by its path.
fn leaves(table: &Table) -> BTreeMap<Vec<String>, Value> {
    fn collect(table: &Table, path: &mut Vec<String>, found: &mut BTreeMap<Vec<String>, Value>) {
        for (key, value) in table {
            path.push(key.clone());
            match value {
                Value::Table(inner) => collect(inner, path, found),
                leaf => drop(found.insert(path.clone(), leaf.clone())),
            }
            path.pop();
        }
    }
    let mut found = BTreeMap::new();
    collect(table, &mut Vec::new(), &mut found);
    found
}

/// Sets a value, or takes it away with the tables that are empty without it.
fn set(table: &mut Table, path: &[String], value: Option<&Value>) {
    match (path, value) {
        ([], _) => {}
        ([key], Some(value)) => drop(table.insert(key.clone(), value.clone())),
        ([key], None) => drop(table.remove(key)),
        ([key, rest @ ..], _) => {
            let inner = table.entry(key.clone()).or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(inner) = inner {
                set(inner, rest, value);
                if inner.is_empty() {
                    table.remove(key);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use headroom_api::Treatment::{self, EvenOut, LeaveAlone};
    use headroom_profile::Value as Setting;

    use super::*;

    fn with(chosen: &[(&str, Treatment)], ceiling_dbtp: Option<f64>) -> Remembered {
        let mut remembered = Remembered::default();
        for (app, treatment) in chosen {
            remembered.treatments.choose(app, (*treatment).into()).unwrap();
        }
        if let Some(ceiling_dbtp) = ceiling_dbtp {
            let overlay = remembered.overlays.entry("default".into()).or_default();
            overlay.insert("limiter.ceiling_dbtp".into(), Setting::Number(ceiling_dbtp));
        }
        remembered
    }

    #[test]
    fn changes_make_the_one_of_the_other() {
        let all = [
            with(&[], None),
            with(&[("a.b \"c\"", LeaveAlone)], Some(-1.0)),
            with(&[("a.b \"c\"", EvenOut), ("mpv", LeaveAlone)], Some(-2.0)),
            Remembered { introduced: true, profile: "night".into(), ..with(&[], Some(-1.0)) },
        ];
        for before in &all {
            for after in &all {
                let changes = Changes::between(before, after);
                assert_eq!(changes.is_empty(), before == after);
                assert_eq!(changes.on(before), *after);
            }
        }
    }

    #[test]
    fn others_choices_stay_and_the_newest_of_ours_wins() {
        let nothing = with(&[], None);
        let mut changes = Changes::between(&nothing, &with(&[("mpv", LeaveAlone)], Some(-1.0)));
        changes.extend(Changes::between(
            &with(&[("mpv", LeaveAlone)], Some(-1.0)),
            &with(&[], Some(-3.0)),
        ));
        let theirs = with(&[("vlc", LeaveAlone), ("mpv", EvenOut)], None);
        assert_eq!(changes.on(&theirs), with(&[("vlc", LeaveAlone)], Some(-3.0)));
    }
}
