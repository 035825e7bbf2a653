//! Rewrites the text of a profile of an earlier version; comments, order and formatting stay.

use std::ops::Range as Span;

use toml_edit::{ArrayOfTables, Decor, DocumentMut, Item, Key, Table, TableLike, Value};

use crate::renamed::{self, Successor};

/// A profile's text with the keys of this version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The new text; the old one where nothing had to change.
    pub text: String,
    /// What was changed, one phrase each, such as `agc.target_lufs is now leveller.target_lufs`.
    pub changes: Vec<String>,
}

/// Why a text cannot be rewritten.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MigrateError {
    /// It cannot be read.
    #[error("line {line}: this is not TOML: {message}")]
    NotToml {
        /// The line, counted from 1.
        line: usize,
        /// What the parser says.
        message: String,
    },
}

/// Rewrites a profile's text: keys of earlier versions take their new names, and those without a
/// successor go, with the comment on them.
///
/// Where the new key is there as well, it stands, and the old one goes.
///
/// # Errors
/// When the text is not TOML.
pub fn migrate(text: &str) -> Result<Migrated, MigrateError> {
    let mut document: DocumentMut = text.parse().map_err(|error| not_toml(text, &error))?;
    let mut changes = Vec::new();
    let root = document.as_table_mut();
    let mut loose = String::new();
    if let Some(unmatched) = root.get_mut("default_route").and_then(Item::as_table_like_mut) {
        treat(unmatched);
    }
    for (old, new) in renamed::SECTIONS {
        let Some(section) = root.get_mut(old).and_then(Item::as_table_like_mut) else { continue };
        loose += &rename_keys(section, &mut changes, |key| {
            let old = format!("{old}.{key}");
            let successor = renamed::section_key(&old)?;
            Some((old, successor))
        });
        merge(root, old, new, &mut changes);
    }
    match root.get_mut("rules") {
        Some(Item::ArrayOfTables(rules)) => rename_in_tables(rules, &mut changes),
        Some(Item::Value(Value::Array(rules))) => {
            for rule in rules.iter_mut().filter_map(Value::as_inline_table_mut) {
                treat(rule);
                rename_keys(rule, &mut changes, rule_key);
            }
        }
        _ => {}
    }
    if changes.is_empty() {
        return Ok(Migrated { text: text.to_owned(), changes });
    }
    if !loose.is_empty() {
        let trailing = document.trailing().as_str().unwrap_or_default().to_owned();
        document.set_trailing(loose + &trailing);
    }
    Ok(Migrated { text: document.to_string(), changes })
}

fn not_toml(text: &str, error: &toml_edit::TomlError) -> MigrateError {
    let start = error.span().map_or(0, |Span { start, .. }| start.min(text.len()));
    let line = text.get(..start).map_or(0, |before| before.matches('\n').count()) + 1;
    MigrateError::NotToml { line, message: error.message().trim().replace('\n', " ") }
}

fn rename_in_tables(rules: &mut ArrayOfTables, changes: &mut Vec<String>) {
    for rule in rules.iter_mut() {
        treat(rule);
        rename_keys(rule, changes, rule_key);
    }
}

fn rule_key(key: &str) -> Option<(String, Successor)> {
    let successor = match key {
        "chain" => Successor::None("the treatment says it"),
        _ => Successor::Key(renamed::rule_key(key)?),
    };
    Some((format!("rules.{key}"), successor))
}

/// Gives a route the word of the treatment that takes its place; nonsense stays as it is.
fn treat(table: &mut dyn TableLike) {
    let chain = table.get("chain").and_then(Item::as_bool);
    let Some(route) = table.get_mut("route").and_then(Item::as_value_mut) else { return };
    let treatment = route.as_str().and_then(|word| renamed::treatment_of(word, chain));
    if let Some(treatment) = treatment {
        let decor = route.decor().clone();
        *route = Value::from(treatment.as_str());
        *route.decor_mut() = decor;
    }
}

/// Gives the keys of a table their new names, in their places; returns what stood above those that
/// went and was not about them, if no key follows that it could stand above.
fn rename_keys(
    table: &mut dyn TableLike,
    changes: &mut Vec<String>,
    successor: impl Fn(&str) -> Option<(String, Successor)>,
) -> String {
    let names: Vec<String> = table.iter().map(|(name, _)| name.to_owned()).collect();
    let mut entries = Vec::new();
    for name in &names {
        let key = table.key(name).cloned();
        if let (Some(key), Some(item)) = (key, table.remove(name)) {
            entries.push((key, item));
        }
    }
    let mut loose = String::new();
    // What stands before the brace that closes an inline table; a comment is a key's own.
    let end = entries.last().and_then(|(_, item)| item.as_value());
    let end = end.and_then(|value| value.decor().suffix()?.as_str().map(str::to_owned));
    let end = end.filter(|end| !end.contains('#'));
    for (mut key, mut item) in entries {
        let name = key.get().to_owned();
        if let Some((old, successor)) = successor(&name) {
            match successor {
                Successor::Key(new)
                    if last(new) == name || !names.iter().any(|name| name == last(new)) =>
                {
                    changes.push(format!("{old} is now {}", full(&old, new)));
                    key = renamed_key(&key, last(new));
                }
                Successor::Key(new) => {
                    changes.push(format!("{old} is gone: {} is there", full(&old, new)));
                    loose += &paragraphs_above(key.leaf_decor());
                    continue;
                }
                Successor::None(why) => {
                    changes.push(format!("{old} is gone: {why}"));
                    loose += &paragraphs_above(key.leaf_decor());
                    continue;
                }
            }
        }
        if !loose.is_empty() {
            put_above(&mut key, &mut item, &std::mem::take(&mut loose));
        }
        insert(table, &key, item);
    }
    let last = table.iter_mut().last().and_then(|(_, item)| item.as_value_mut());
    if let (Some(end), Some(value)) = (end, last)
        && value.decor().suffix().is_none_or(|suffix| suffix.as_str() == Some(""))
    {
        value.decor_mut().set_suffix(end);
    }
    loose
}

/// Inserts at the end, with the key as it is written.
fn insert(table: &mut dyn TableLike, key: &Key, item: Item) {
    table.entry_format(key).or_insert(item);
}

/// Returns the new key's full name: of a rule, the section goes without saying.
fn full(old: &str, new: &str) -> String {
    if new.contains('.') {
        new.to_owned()
    } else {
        old.rsplit_once('.')
            .map_or_else(|| new.to_owned(), |(section, _)| format!("{section}.{new}"))
    }
}

fn last(key: &str) -> &str {
    key.rsplit_once('.').map_or(key, |(_, last)| last)
}

fn renamed_key(key: &Key, new: &str) -> Key {
    Key::new(new)
        .with_leaf_decor(key.leaf_decor().clone())
        .with_dotted_decor(key.dotted_decor().clone())
}

/// Returns what stands above a key and is set apart from it by an empty line.
fn paragraphs_above(decor: &Decor) -> String {
    let above = decor.prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default();
    above.rfind("\n\n").map_or_else(String::new, |end| above[..end + 2].to_owned())
}

/// Puts a text above an entry.
fn put_above(key: &mut Key, item: &mut Item, text: &str) {
    let decor = match item {
        Item::Table(table) if !table.is_dotted() => table.decor_mut(),
        _ => key.leaf_decor_mut(),
    };
    let before = decor.prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default();
    let before = format!("{text}{}", before.trim_start_matches('\n'));
    decor.set_prefix(before);
}

/// Gives a section its new name, in its place, or adds it to the one that has that name.
fn merge(root: &mut Table, old: &str, new: &str, changes: &mut Vec<String>) {
    let is_empty = root.get(old).and_then(Item::as_table_like).is_some_and(TableLike::is_empty);
    let mut entries = Vec::new();
    let names: Vec<String> = root.iter().map(|(name, _)| name.to_owned()).collect();
    for name in names {
        if let Some((key, item)) = root.remove_entry(&name) {
            entries.push((key, item));
        }
    }
    let has_new = entries.iter().any(|(key, _)| key.get() == new);
    let mut moved = None;
    for (key, item) in entries {
        if key.get() != old {
            root.entry_format(&key).or_insert(item);
        } else if is_empty && has_new {
            // Its keys have gone.
        } else if has_new {
            moved = Some(item);
        } else {
            if is_empty {
                changes.push(format!("{old} is now {new}"));
            }
            root.entry_format(&renamed_key(&key, new)).or_insert(item);
        }
    }
    let into = root.get_mut(new).and_then(Item::as_table_like_mut);
    let moved = moved.and_then(|item| item.into_table().ok());
    if let (Some(into), Some(moved)) = (into, moved) {
        for (name, item) in moved {
            if into.contains_key(&name) {
                changes.push(format!("{old}.{name} is gone: {new}.{name} is there"));
            } else {
                into.insert(&name, item);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn migrated(text: &str) -> String {
        migrate(text).unwrap().text
    }

    #[test]
    fn tables_keep_comments_order_and_formatting() {
        let old = "# Mine.\nextends = \"default\"\n\n# Quieter.\n[agc] # the leveller\n  target_lufs=-20 # LUFS\n\
                   max_cut_db = 0x10\n\n[limiter]\nceiling_dbtp = -1\n\n[level]\nenabled = true\n";
        let new = "# Mine.\nextends = \"default\"\n\n# Quieter.\n[leveller] # the leveller\n  target_lufs=-20 # LUFS\n\
                   max_cut_db = 0x10\n\n[limiter]\nceiling_dbtp = -1\n\n[app_volume]\nenabled = true\n";
        assert_eq!(migrated(old), new);
    }

    #[test]
    fn dotted_keys_and_inline_tables_are_renamed_in_place() {
        let old =
            "# First.\nagc.target_lufs = -20\nlevel.enabled = true # on\ncompressor.ratio = 3\n";
        let new = "# First.\nleveller.target_lufs = -20\napp_volume.enabled = true # on\ncompressor.ratio = 3\n";
        assert_eq!(migrated(old), new);
        assert_eq!(
            migrated("agc = { enabled = true, gate_lufs = -50 }\nchains = \"shared\"\n"),
            "leveller = { enabled = true }\nchains = \"shared\"\n"
        );
    }

    #[test]
    fn keys_without_successor_go_with_their_comment() {
        let old = "[agc]\n# How the day began.\n\n# Slow.\nup_db_per_s = 1\n# Aim.\ntarget_lufs = -20\n\
                   gate_lufs = -50\n\n[limiter]\nhold_ms = 3\n";
        let Migrated { text, changes } = migrate(old).unwrap();
        let new = "[leveller]\n# How the day began.\n\n# Aim.\ntarget_lufs = -20\n\n[limiter]\nhold_ms = 3\n";
        assert_eq!(text, new);
        assert_eq!(changes[0], "agc.up_db_per_s is gone: the leveller finds its own speed");
        assert_eq!(changes[1], "agc.target_lufs is now leveller.target_lufs");
    }

    #[test]
    fn rules_take_the_new_key_in_both_forms() {
        let rule = |treatment: &str, key: &str| {
            format!(
                "[[rules]]\nmatch.media_role = [\"a\"] # x\n{treatment} # y\n{key} = false # off\n"
            )
        };
        assert_eq!(
            migrated(&rule("route = \"bypass\"", "level")),
            rule("treatment = \"leave-alone\"", "app_volume")
        );
        let inline =
            "rules = [ { match = { media_role = [\"a\"] }, route = \"bypass\", level = true } ]\n";
        let new = "rules = [ { match = { media_role = [\"a\"] }, treatment = \"leave-alone\", app_volume = true } ]\n";
        assert_eq!(migrated(inline), new);
    }

    #[test]
    fn routes_and_chains_become_treatments() {
        for (route, chain, treatment) in [
            ("processed", "", "automatic"),
            ("processed", "chain = true\n", "automatic"),
            ("processed", "chain = false\n", "limit-only"),
            ("bypass", "chain = false\n", "leave-alone"),
            ("loud", "", "loud"),
        ] {
            let head = "# Mine.\n[[rules]]\nmatch.media_role = [\"a\"]\n# Why.\n";
            let tail = "offset_db = -3\n\n# The rest.\n";
            let old = format!(
                "{head}route = \"{route}\"\n{chain}{tail}[default_route]\nroute = \"{route}\" # all\n"
            );
            let other = if treatment == "limit-only" { "automatic" } else { treatment };
            let new = format!(
                "{head}treatment = \"{treatment}\"\n{tail}[unmatched]\ntreatment = \"{other}\" # all\n"
            );
            let Migrated { text, changes } = migrate(&old).unwrap();
            assert_eq!(text, new);
            assert!(changes.contains(&"rules.route is now rules.treatment".to_owned()));
            assert!(
                changes.contains(&"default_route.route is now unmatched.treatment".to_owned()),
                "{changes:?}"
            );
        }
    }

    #[test]
    fn new_keys_stand_where_both_are_there() {
        let both = "[agc]\ntarget_lufs = -20\nmax_cut_db = 3\n\n[leveller]\ntarget_lufs = -25\n";
        let Migrated { text, changes } = migrate(both).unwrap();
        let table: toml::Table = text.parse().unwrap();
        let leveller = table["leveller"].as_table().unwrap();
        assert_eq!(leveller["target_lufs"].as_integer(), Some(-25));
        assert_eq!(leveller["max_cut_db"].as_integer(), Some(3));
        assert!(!table.contains_key("agc"), "{text}");
        assert!(changes.iter().any(|change| change.starts_with("agc.target_lufs is gone")));
    }

    #[test]
    fn nothing_to_change_leaves_every_byte() {
        let text = "leveller . enabled=true\r\n\r\n# end";
        assert_eq!(migrate(text), Ok(Migrated { text: text.to_owned(), changes: Vec::new() }));
        let error = migrate("a = 1\n[b\n").unwrap_err().to_string();
        assert!(error.starts_with("line 2: this is not TOML: "), "{error}");
    }

    #[test]
    fn what_is_rewritten_needs_no_second_time_and_parses() {
        let old = "agc.enabled = true\nagc.down_db_per_s = 3\n[level]\nattack_ms = 60\n[agc.odd]\nx = 1\n";
        let once = migrate(old).unwrap();
        assert_eq!(migrate(&once.text).unwrap().changes, Vec::<String>::new(), "{}", once.text);
        assert!(once.text.parse::<toml::Table>().is_ok(), "{}", once.text);
    }
}
