//! The menu on the bus: `com.canonical.dbusmenu` (libdbusmenu's interface, version 3).
//!
//! Owns the rows as hosts have them, and tells what is another: words and marks alone where the rows are the same, so that
//! a menu that is open stays open. Runs on the thread of the bus's connection; decides nothing.
#![allow(
    clippy::unused_self,
    clippy::used_underscore_binding,
    reason = "the shape of a member is the bus's to say"
)]

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use headroom_api::Dict;
use tokio::sync::mpsc::UnboundedSender;
use zbus::{Connection, OwnedVariant, Variant, fdo, interface, object_server::SignalEmitter};

use crate::{
    host::{Host, MENU_PATH},
    model::Act,
    view::{Kind, ROOT, Row},
};

/// How deep the menu is.
const DEPTH: i32 = 2;

/// A row with its properties and those below it, as they stand on the wire.
type Node = (i32, Dict, Vec<OwnedVariant>);

/// The menu.
#[derive(Debug)]
pub(crate) struct Menu {
    shown: Arc<Mutex<Shown>>,
    host: UnboundedSender<Host>,
}

/// The hold on the menu from outside of the bus.
#[derive(Clone, Debug)]
pub(crate) struct Handle(Arc<Mutex<Shown>>);

/// The rows, and how often they were others.
#[derive(Debug, Default)]
struct Shown {
    revision: u32,
    rows: Vec<Row>,
}

/// What hosts are to be told.
#[derive(Debug, PartialEq)]
enum Change {
    Nothing,
    /// Rows are the same, and look otherwise.
    Properties(Vec<(i32, Dict)>),
    /// Other rows.
    Layout(u32),
}

impl Menu {
    /// Makes the menu, and the hold on it.
    pub(crate) fn new(host: UnboundedSender<Host>) -> (Self, Handle) {
        let shown = Arc::<Mutex<Shown>>::default();
        (Self { shown: Arc::clone(&shown), host }, Handle(shown))
    }

    fn shown(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn happened(&self, id: i32, event: &str) -> bool {
        let act = {
            let shown = self.shown();
            if id != ROOT && shown.find(id).is_none() {
                return false;
            }
            match event {
                "clicked" => shown.find(id).and_then(|row| row.act.clone()),
                "opened" if id == ROOT => Some(Act::Look),
                _ => None,
            }
        };
        if let Some(act) = act {
            // Nobody listens any more when the program ends.
            let _ = self.host.send(Host::Act(act));
        }
        true
    }
}

impl Handle {
    /// Shows rows, and tells hosts what is another.
    ///
    /// # Errors
    /// When the bus is gone.
    pub(crate) async fn show(&self, connection: &Connection, rows: Vec<Row>) -> zbus::Result<()> {
        let change = self.0.lock().unwrap_or_else(PoisonError::into_inner).replace(rows);
        let emitter = SignalEmitter::new(connection, MENU_PATH)?;
        match change {
            Change::Nothing => Ok(()),
            Change::Properties(updated) => {
                Menu::items_properties_updated(&emitter, updated, Vec::new()).await
            }
            Change::Layout(revision) => Menu::layout_updated(&emitter, revision, ROOT).await,
        }
    }
}

impl Shown {
    fn replace(&mut self, rows: Vec<Row>) -> Change {
        let before = std::mem::replace(&mut self.rows, rows);
        if before == self.rows {
            return Change::Nothing;
        }
        let (before, now) = (flat(&before), flat(&self.rows));
        let is_same = |(one, other): (&(usize, &Row), &(usize, &Row))| {
            one.0 == other.0 && one.1.id == other.1.id && is_alike(one.1.kind, other.1.kind)
        };
        if before.len() != now.len() || !before.iter().zip(&now).all(is_same) {
            self.revision = self.revision.wrapping_add(1);
            return Change::Layout(self.revision);
        }
        let pairs = before.iter().zip(&now);
        let updated = pairs.filter_map(|(&(_, before), &(_, now))| {
            let (before, mut now_has) = (properties(before, &[]), properties(now, &[]));
            now_has.retain(|name, value| before.get(name) != Some(value));
            (!now_has.is_empty()).then_some((now.id, now_has))
        });
        let updated: Vec<_> = updated.collect();
        // What a click does is nobody's but ours.
        if updated.is_empty() { Change::Nothing } else { Change::Properties(updated) }
    }

    fn find(&self, id: i32) -> Option<&Row> {
        flat(&self.rows).into_iter().map(|(_, row)| row).find(|row| row.id == id)
    }
}

/// Every row with how deep it stands, in order.
fn flat(rows: &[Row]) -> Vec<(usize, &Row)> {
    let below = |row| flat(std::slice::from_ref(row));
    let mut all = Vec::new();
    for row in rows {
        all.push((0, row));
        all.extend(row.rows.iter().flat_map(below).map(|(depth, row)| (depth + 1, row)));
    }
    all
}

/// Says whether two rows are of a kind, marked or not.
fn is_alike(one: Kind, other: Kind) -> bool {
    std::mem::discriminant(&one) == std::mem::discriminant(&other)
}

/// Returns a row's properties: those that are named, or all of them where none is.
fn properties(row: &Row, names: &[String]) -> Dict {
    let mut all: HashMap<&str, Variant<'_>> = HashMap::new();
    all.insert("visible", row.is_visible.into());
    if row.kind == Kind::Separator {
        all.insert("type", "separator".into());
    } else {
        // A lone underscore stands before an access key.
        all.insert("label", row.label.replace('_', "__").into());
        all.insert("enabled", (row.act.is_some() || row.kind == Kind::Submenu).into());
    }
    match row.kind {
        Kind::Text | Kind::Separator => {}
        Kind::Submenu => {
            all.insert("children-display", "submenu".into());
        }
        Kind::Check(is_on) | Kind::Radio(is_on) => {
            let toggle = if matches!(row.kind, Kind::Radio(_)) { "radio" } else { "checkmark" };
            all.insert("toggle-type", toggle.into());
            all.insert("toggle-state", i32::from(is_on).into());
        }
    }
    owned(all, names)
}

/// Returns the properties of the root.
fn root(names: &[String]) -> Dict {
    owned(HashMap::from([("children-display", Variant::from("submenu"))]), names)
}

fn owned(all: HashMap<&str, Variant<'_>>, names: &[String]) -> Dict {
    let wanted = |name: &str| names.is_empty() || names.iter().any(|one| one == name);
    let entry = |(name, value): (&str, Variant<'_>)| {
        // Only a file descriptor could not be owned.
        Some((name.to_owned(), value.try_into_owned().ok()?))
    };
    all.into_iter().filter(|(name, _)| wanted(name)).filter_map(entry).collect()
}

/// Returns rows with what is below them, so many levels deep.
fn children(rows: &[Row], depth: i32, names: &[String]) -> Vec<OwnedVariant> {
    if depth == 0 {
        return Vec::new();
    }
    let node = |row: &Row| {
        let below: Vec<Variant<'_>> =
            children(&row.rows, depth - 1, names).into_iter().map(Variant::from).collect();
        Variant::from((row.id, properties(row, names), below)).try_into_owned().ok()
    };
    rows.iter().filter_map(node).collect()
}

#[allow(clippy::needless_pass_by_value, reason = "the shape of a member is zbus's to say")]
#[interface(name = "com.canonical.dbusmenu", introspection_docs = false)]
impl Menu {
    fn get_layout(&self, parent: i32, depth: i32, names: Vec<String>) -> fdo::Result<(u32, Node)> {
        let shown = self.shown();
        let depth = if depth < 0 { DEPTH } else { depth.min(DEPTH) };
        let node = if parent == ROOT {
            (ROOT, root(&names), children(&shown.rows, depth, &names))
        } else {
            let row = shown.find(parent).ok_or_else(|| no_row(parent))?;
            (parent, properties(row, &names), children(&row.rows, depth, &names))
        };
        Ok((shown.revision, node))
    }

    fn get_group_properties(&self, ids: Vec<i32>, names: Vec<String>) -> Vec<(i32, Dict)> {
        let shown = self.shown();
        if ids.is_empty() {
            let rows = flat(&shown.rows).into_iter();
            return rows.map(|(_, row)| (row.id, properties(row, &names))).collect();
        }
        let one = |id| match id {
            ROOT => Some((ROOT, root(&names))),
            id => shown.find(id).map(|row| (id, properties(row, &names))),
        };
        ids.into_iter().filter_map(one).collect()
    }

    fn get_property(&self, id: i32, name: String) -> fdo::Result<OwnedVariant> {
        let names = [name];
        let mut found = match id {
            ROOT => root(&names),
            id => properties(self.shown().find(id).ok_or_else(|| no_row(id))?, &names),
        };
        let [name] = &names;
        found
            .remove(name)
            .ok_or_else(|| fdo::Error::InvalidArgs(format!("row {id} has no '{name}'")))
    }

    fn event(&self, id: i32, event: &str, _data: Variant<'_>, _timestamp: u32) -> fdo::Result<()> {
        if self.happened(id, event) { Ok(()) } else { Err(no_row(id)) }
    }

    fn event_group(&self, events: Vec<(i32, String, OwnedVariant, u32)>) -> Vec<i32> {
        let unknown = |(id, event, ..): (i32, String, OwnedVariant, u32)| {
            (!self.happened(id, &event)).then_some(id)
        };
        events.into_iter().filter_map(unknown).collect()
    }

    /// What is another is told by signals, so nothing has to be read again.
    fn about_to_show(&self, id: i32) -> bool {
        self.happened(id, "opened");
        false
    }

    fn about_to_show_group(&self, ids: Vec<i32>) -> (Vec<i32>, Vec<i32>) {
        let unknown = ids.into_iter().filter(|id| !self.happened(*id, "opened"));
        (Vec::new(), unknown.collect())
    }

    #[zbus(signal)]
    async fn items_properties_updated(
        emitter: &SignalEmitter<'_>,
        updated: Vec<(i32, Dict)>,
        removed: Vec<(i32, Vec<String>)>,
    ) -> zbus::Result<()>;
    #[zbus(signal)]
    async fn layout_updated(
        emitter: &SignalEmitter<'_>,
        revision: u32,
        parent: i32,
    ) -> zbus::Result<()>;
    #[zbus(signal)]
    async fn item_activation_requested(
        emitter: &SignalEmitter<'_>,
        id: i32,
        timestamp: u32,
    ) -> zbus::Result<()>;

    #[zbus(property(emits_changed_signal = "const"))]
    fn version(&self) -> u32 {
        3
    }
    #[zbus(property(emits_changed_signal = "const"))]
    fn text_direction(&self) -> &'static str {
        "ltr"
    }
    #[zbus(property(emits_changed_signal = "const"))]
    fn status(&self) -> &'static str {
        "normal"
    }
    #[zbus(property(emits_changed_signal = "const"))]
    fn icon_theme_path(&self) -> Vec<String> {
        Vec::new()
    }
}

fn no_row(id: i32) -> fdo::Error {
    fdo::Error::InvalidArgs(format!("the menu has no row {id}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: i32, kind: Kind) -> Row {
        let label = "a_b".to_owned();
        Row { id, kind, label, is_visible: true, act: Some(Act::Switch), rows: Vec::new() }
    }

    #[test]
    fn change_of_words_and_marks_leaves_the_layout_alone() {
        let mut shown = Shown::default();
        assert_eq!(shown.replace(vec![row(1, Kind::Check(false))]), Change::Layout(1));
        let Change::Properties(updated) = shown.replace(vec![row(1, Kind::Check(true))]) else {
            panic!("the row is the same");
        };
        assert_eq!(updated.len(), 1);
        assert_eq!(updated[0].1.keys().collect::<Vec<_>>(), ["toggle-state"]);
        assert_eq!(shown.replace(vec![row(1, Kind::Check(true))]), Change::Nothing);
        assert_eq!(shown.replace(vec![row(1, Kind::Text)]), Change::Layout(2));
    }

    #[test]
    fn row_that_moves_into_a_submenu_is_another_layout() {
        let mut shown = Shown::default();
        shown.replace(vec![row(1, Kind::Submenu), row(2, Kind::Text)]);
        let below = Row { rows: vec![row(2, Kind::Text)], ..row(1, Kind::Submenu) };
        assert_eq!(shown.replace(vec![below]), Change::Layout(2));
    }

    #[test]
    fn underscore_of_a_name_is_no_access_key() {
        let label = &properties(&row(1, Kind::Text), &[])["label"];
        assert_eq!(label.downcast_ref::<&str>().unwrap(), "a__b");
    }
}
