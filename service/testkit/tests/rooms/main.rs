//! Which crate and which module may import which: the rooms of ARCHITECTURE.md, held by a scan of all sources.

#![allow(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod scan;
mod table;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use scan::paths;
use table::{CRATES, Crate, EXCEPTIONS, LIBRARIES, ROOMS, Room};

/// A broken rule, as a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Fault {
    file: String,
    line: usize,
    /// What is imported: a module of the crate, a crate of ours or a library.
    name: String,
    rule: String,
}

impl Fault {
    fn sentence(&self) -> String {
        format!("{}:{}: imports `{}`, but {}", self.file, self.line, self.name, self.rule)
    }
}

/// A file's place: its crate, and its module in that, if it belongs to the sources and not to tests beside them.
struct Place {
    file: String,
    owner: &'static Crate,
    module: Option<Vec<String>>,
}

impl Place {
    /// Finds a file's place by its path from the tree's root.
    fn of(file: &str) -> Option<Self> {
        let within = |owner: &&Crate| {
            file.strip_prefix(owner.folder).is_some_and(|rest| rest.starts_with('/'))
        };
        let owner = CRATES.iter().filter(within).max_by_key(|owner| owner.folder.len())?;
        let rest = &file[owner.folder.len() + 1..];
        let module = rest.strip_prefix("src/").map(|path| {
            let path = path.trim_end_matches(".rs");
            let mut parts: Vec<_> = path.split('/').map(str::to_owned).collect();
            if parts.last().is_some_and(|last| matches!(last.as_str(), "mod" | "lib" | "main")) {
                parts.pop();
            }
            parts
        });
        Some(Self { file: file.to_owned(), owner, module })
    }

    /// Returns the module that a path of this file begins in, by the crate's root; `None` for one of another crate.
    fn resolve(&self, parts: &[String]) -> Option<Vec<String>> {
        let module = self.module.as_ref()?;
        match parts.first()?.as_str() {
            "crate" => Some(parts[1..].to_vec()),
            "self" => Some([module, &parts[1..]].concat()),
            "super" => {
                let ups = parts.iter().take_while(|part| *part == "super").count();
                // A file that is named by an attribute is deeper than its path says, and stays in its room.
                let kept =
                    module.len().checked_sub(ups).filter(|_| !self.file.ends_with("_tests.rs"));
                Some([&module[..kept?], &parts[ups..]].concat())
            }
            _ => None,
        }
    }
}

/// Returns the row of a module: the longest that fits, else that of `*`.
fn row(folder: &str, module: &[String]) -> Option<(&'static Room, &'static str)> {
    let path = module.join("::");
    let fits = |name: &str| {
        path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    };
    let rows = ROOMS.iter().filter(|room| room.folder == folder);
    let named = rows.clone().flat_map(|room| room.modules.iter().map(move |name| (room, *name)));
    let longest = named.clone().filter(|(_, name)| fits(name)).max_by_key(|(_, name)| name.len());
    longest.or_else(|| named.clone().find(|(_, name)| *name == "*"))
}

/// Returns what is wrong with the imports of a file; `modules` are the top modules of its crate.
fn faults(place: &Place, text: &str, modules: &BTreeSet<String>) -> Vec<Fault> {
    let named = paths(text).unwrap_or_else(|error| panic!("{}: {error}", place.file));
    let mut faults = Vec::new();
    for path in named {
        let mut fault = |name: &str, rule: String| {
            let (file, name) = (place.file.clone(), name.to_owned());
            faults.push(Fault { file, line: path.line, name, rule });
        };
        if let Some(target) = place.resolve(&path.parts) {
            if let Some((name, rule)) = of_rooms(place, &target, modules) {
                fault(&name, rule);
            }
            continue;
        }
        let first = &path.parts[0];
        if let Some(rule) = of_crates(place, first) {
            fault(first, rule);
        }
        for library in LIBRARIES.iter().filter(|library| library.names.contains(&first.as_str())) {
            let (forbidden, free): (Vec<&str>, Vec<&str>) =
                library.places.iter().partition(|place| place.starts_with('!'));
            let begins =
                |beginning: &&str| place.file.starts_with(beginning.trim_start_matches('!'));
            let is_free = free.is_empty() || free.iter().any(begins);
            if !is_free || forbidden.iter().any(begins) {
                fault(first, library.rule.to_owned());
            }
        }
    }
    faults
}

/// Returns the module that is imported against the table, and the rule.
fn of_rooms(
    place: &Place,
    target: &[String],
    modules: &BTreeSet<String>,
) -> Option<(String, String)> {
    let own = place.module.as_ref().filter(|module| !module.is_empty())?;
    // What is no module is an item of the root: a type that all may know.
    if !target.first().is_some_and(|first| modules.contains(first)) {
        return None;
    }
    let folder = place.owner.folder;
    let named = |name: &'static str, module: &[String]| match name {
        "*" => module[0].clone(),
        name => name.to_owned(),
    };
    let (room, name) = row(folder, own).map(|(room, name)| (room, named(name, own)))?;
    let to = row(folder, target).map(|(_, name)| named(name, target))?;
    let below = to.strip_prefix(&name);
    let may = below.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
        || room.may.iter().any(|one| *one == "*" || *one == to);
    (!may).then(|| {
        let allowed = if room.may.is_empty() { "nothing".to_owned() } else { room.may.join(", ") };
        (to, format!("`{name}` may import {allowed}"))
    })
}

/// Returns the rule that forbids a crate of ours.
fn of_crates(place: &Place, first: &str) -> Option<String> {
    let known = CRATES.iter().find(|known| known.name == first)?;
    let owner = place.owner;
    let is_test = place.module.is_none();
    let in_tests = is_test || known.name == "headroom_testkit";
    let may = known.name == owner.name
        || owner.may.contains(&first)
        || in_tests && owner.tests_may.contains(&first);
    (!may).then(|| {
        let allowed =
            if owner.may.is_empty() { "nothing of ours".to_owned() } else { owner.may.join(", ") };
        format!("{} may name {allowed}", owner.folder)
    })
}

/// Returns all sources of a folder, by path from the root.
fn sources(root: &Path, folder: &Path, found: &mut Vec<(String, PathBuf)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "target" && !name.starts_with('.') {
                sources(root, &path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let file = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
            found.push((file, path));
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Returns the top modules of each crate.
fn modules(files: &[(String, PathBuf)], owner: &Crate) -> BTreeSet<String> {
    let places = files.iter().filter_map(|(file, _)| Place::of(file));
    let own = places.filter(|place| place.owner.folder == owner.folder);
    own.filter_map(|place| place.module?.first().cloned()).filter(|name| name != "bin").collect()
}

#[test]
fn modules_import_what_the_table_allows() {
    let root = root();
    let mut files = Vec::new();
    for folder in ["service", "panel"] {
        sources(&root, &root.join(folder), &mut files);
    }
    assert!(files.len() > 300, "the tree is not read: {}", files.len());
    let mut found: Vec<Fault> = Vec::new();
    for owner in CRATES {
        let modules = modules(&files, owner);
        for (file, path) in &files {
            let Some(place) = Place::of(file).filter(|place| place.owner.folder == owner.folder)
            else {
                continue;
            };
            found.extend(faults(&place, &fs::read_to_string(path).unwrap(), &modules));
        }
    }
    let excused = |fault: &Fault| {
        EXCEPTIONS.iter().position(|one| one.file == fault.file && one.name == fault.name)
    };
    let used: BTreeSet<_> = found.iter().filter_map(excused).collect();
    let mut sentences: Vec<_> =
        found.iter().filter(|fault| excused(fault).is_none()).map(Fault::sentence).collect();
    for (index, one) in EXCEPTIONS.iter().enumerate() {
        assert!(!one.reason.is_empty());
        if !used.contains(&index) {
            sentences.push(format!(
                "{} does not import `{}` any more: take its exception out of the table",
                one.file, one.name
            ));
        }
    }
    sentences.sort_unstable();
    sentences.dedup();
    assert!(sentences.is_empty(), "\n{}\n", sentences.join("\n"));
}

#[test]
fn every_module_has_a_row() {
    let root = root();
    let mut files = Vec::new();
    for folder in ["service", "panel"] {
        sources(&root, &root.join(folder), &mut files);
    }
    for owner in CRATES {
        if !ROOMS.iter().any(|room| room.folder == owner.folder) {
            continue;
        }
        for module in modules(&files, owner) {
            let found = row(owner.folder, std::slice::from_ref(&module));
            assert!(
                found.is_some(),
                "{}: the module `{module}` has no row in the table",
                owner.folder
            );
        }
        for room in ROOMS.iter().filter(|room| room.folder == owner.folder) {
            for name in room.modules.iter().chain(room.may).filter(|name| **name != "*") {
                let top = name.split("::").next().unwrap();
                assert!(
                    modules(&files, owner).contains(top),
                    "{}: the table names `{name}`, and there is no such module",
                    owner.folder
                );
            }
        }
    }
}

/// Returns the sentences about a made-up file.
fn told(file: &str, text: &str) -> Vec<String> {
    let names = ["app", "daemon", "link", "model", "pages", "policy", "pw", "widgets"];
    let modules = names.map(str::to_owned).into();
    let place = Place::of(file).unwrap();
    faults(&place, text, &modules).iter().map(Fault::sentence).collect()
}

#[test]
fn import_against_the_table_is_told_with_file_line_and_rule() {
    assert_eq!(
        told("service/src/store.rs", "\nuse crate::{policy, pw::Thread};\n"),
        ["service/src/store.rs:2: imports `pw`, but `store` may import policy, schedules"]
    );
    assert_eq!(
        told("service/src/pw/thread.rs", "fn f() { super::super::daemon::run(); }"),
        [
            "service/src/pw/thread.rs:1: imports `daemon`, but `pw` may import clock, rt, volume_guard"
        ]
    );
    assert_eq!(
        told("panel/src/pages/mod.rs", "use super::app::Msg;"),
        ["panel/src/pages/mod.rs:1: imports `app`, but `pages` may import model, widgets"]
    );
    assert_eq!(
        told("service/dsp/src/limiter/mod.rs", "use headroom_api::FLOOR_DB;"),
        [
            "service/dsp/src/limiter/mod.rs:1: imports `headroom_api`, but service/dsp may name nothing of ours"
        ]
    );
    assert_eq!(
        told("service/src/control/view.rs", "\n\nuse pipewire as pw;"),
        [
            "service/src/control/view.rs:3: imports `pipewire`, but PipeWire's library is named by service/src/pw alone, and by tests"
        ]
    );
    assert_eq!(told("panel/src/model/page.rs", "struct Page { label: gtk::Label }").len(), 1);
}

#[test]
fn import_within_the_table_is_not_told() {
    for (file, text) in [
        (
            "service/src/policy.rs",
            "use crate::state::Graph; use headroom_state::plan; use headroom_api::Route;",
        ),
        ("service/src/daemon/mod.rs", "use crate::{pw, policy};"),
        ("service/src/lib.rs", "pub use daemon::run; use crate::pw;"),
        (
            "service/src/pw/thread.rs",
            "use pipewire::main_loop; mod tests { use super::*; use headroom_testkit::X; }",
        ),
        (
            "service/tests/e2e/rig.rs",
            "use headroom_testkit::session::Session; use headroom_service::state;",
        ),
        ("panel/src/app/mod.rs", "use gtk::prelude::*; use crate::pages::Asker;"),
    ] {
        assert_eq!(told(file, text), Vec::<String>::new(), "{file}");
    }
}
