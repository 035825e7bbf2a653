//! Every profile there is: the shipped ones, the user's, and what is wrong with the user's.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use crate::{
    draft::{Draft, Wrong},
    files::{Reading, read_all},
    near::{near, quoted, shown},
    profile::{Fault, Profile},
    resolve::{Lookup, Source, Unresolved, resolve},
    shipped,
};

/// Faults of one file that are told one by one.
const MOST_FAULTS: usize = 20;

/// Every profile by name, and every fault in the user's files.
#[derive(Debug)]
pub struct Library {
    directory: Option<PathBuf>,
    shipped: BTreeMap<String, Draft>,
    /// What the user's files said when they were last without fault.
    kept: BTreeMap<String, Kept>,
    profiles: BTreeMap<String, Profile>,
    faults: Vec<Fault>,
}

/// The last good version of a user's file.
#[derive(Debug)]
struct Kept {
    draft: Draft,
    profile: Profile,
}

impl Library {
    /// Reads the shipped profiles and those in `user_dir`, which may be missing as yet.
    pub fn load(user_dir: Option<&Path>) -> Self {
        let mut library = Self {
            directory: user_dir.map(Path::to_owned),
            shipped: shipped::drafts().map(|draft| (draft.name.clone(), draft)).collect(),
            kept: BTreeMap::new(),
            profiles: BTreeMap::new(),
            faults: Vec::new(),
        };
        library.reload();
        library
    }

    /// Reads the user's directory again; returns whether any profile or fault changed.
    ///
    /// A file with a fault keeps its last good version. A profile whose file went away is the shipped one
    /// of that name again, or gone. Where the directory itself cannot be read, everything stays.
    pub fn reload(&mut self) -> bool {
        let found = match self.directory.as_deref().map(read_all) {
            None => BTreeMap::new(),
            Some(Ok(found)) => found,
            Some(Err(what)) => return self.keep_everything(&what),
        };
        let mut round = Round { shipped: &self.shipped, users: BTreeMap::new() };
        for (name, Reading { file, draft }) in found {
            let kept = self.kept.get(&name);
            round.users.insert(name, User::new(file, draft, kept));
        }
        round.settle();
        let profiles = round.profiles();
        let faults = round.faults();
        let users = std::mem::take(&mut round.users);
        self.kept = kept(users, &profiles, std::mem::take(&mut self.kept));
        let changed = profiles != self.profiles || faults != self.faults;
        self.profiles = profiles;
        self.faults = faults;
        changed
    }

    fn keep_everything(&mut self, what: &str) -> bool {
        let file =
            self.directory.as_deref().unwrap_or(Path::new("")).to_string_lossy().into_owned();
        if self.profiles.is_empty() {
            let round = Round { shipped: &self.shipped, users: BTreeMap::new() };
            self.profiles = round.profiles();
        }
        let sentence = format!("{file}: {what}; the profiles that were read before stay in use");
        let faults = vec![Fault { file, line: None, key: String::new(), sentence }];
        let changed = faults != self.faults;
        self.faults = faults;
        changed
    }

    /// Returns a profile by its name.
    pub fn get(&self, name: &str) -> Option<&Profile> {
        self.profiles.get(name)
    }

    /// Returns every profile, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Profile> {
        self.profiles.values()
    }

    /// Returns what is wrong with the user's files, by file and line.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }
}

fn kept(
    users: BTreeMap<String, User>,
    profiles: &BTreeMap<String, Profile>,
    mut before: BTreeMap<String, Kept>,
) -> BTreeMap<String, Kept> {
    users
        .into_iter()
        .filter_map(|(name, mut user)| {
            let kept = match (user.versions.pop_front()?, profiles.get(&name)) {
                (Source::Draft(draft), Some(profile)) => Kept { draft, profile: profile.clone() },
                _ => before.remove(&name)?,
            };
            Some((name, kept))
        })
        .collect()
}

/// One reading of the directory, while it is settled what is in use.
struct Round<'a> {
    shipped: &'a BTreeMap<String, Draft>,
    users: BTreeMap<String, User>,
}

/// One file of the user's in a [`Round`].
struct User {
    file: String,
    /// What may be used, best first; the first is in use.
    versions: std::collections::VecDeque<Source>,
    /// What the file says now, if that can be read.
    newest: Option<Draft>,
    wrong: Vec<Wrong>,
}

impl User {
    fn new(file: String, draft: Result<Draft, Vec<Wrong>>, kept: Option<&Kept>) -> Self {
        let (newest, wrong) = match draft {
            Ok(draft) => (Some(draft), Vec::new()),
            Err(wrong) => (None, wrong),
        };
        let older = kept
            .map(|kept| [Source::Draft(kept.draft.clone()), Source::Frozen(kept.profile.clone())]);
        let versions = newest
            .clone()
            .map(Source::Draft)
            .into_iter()
            .chain(older.into_iter().flatten())
            .collect();
        Self { file, versions, newest, wrong }
    }

    fn uses_newest(&self) -> bool {
        matches!((self.versions.front(), &self.newest), (Some(Source::Draft(used)), Some(newest)) if used == newest)
    }
}

impl Lookup for Round<'_> {
    fn find(&self, name: &str) -> Option<Source> {
        let user = self.users.get(name).and_then(|user| user.versions.front().cloned());
        user.or_else(|| self.shipped(name).map(Source::Draft))
    }

    fn shipped(&self, name: &str) -> Option<Draft> {
        self.shipped.get(name).cloned()
    }
}

impl Round<'_> {
    /// Goes back to older versions where the newer cannot be put together, until all can.
    fn settle(&mut self) {
        loop {
            let unresolved: Vec<(String, Wrong)> = self
                .users
                .iter()
                .filter_map(|(name, user)| {
                    let reason = resolve(user.versions.front()?.clone(), self).err()?;
                    Some((name.clone(), self.explain(name, &reason)?))
                })
                .collect();
            // Each round drops a version of somebody's, so there is a last one.
            if unresolved.is_empty() {
                return;
            }
            for (name, wrong) in unresolved {
                if let Some(user) = self.users.get_mut(&name) {
                    if user.uses_newest() {
                        user.wrong = vec![wrong];
                    }
                    user.versions.pop_front();
                }
            }
        }
    }

    /// Says why a profile's own file is to blame, if it is.
    fn explain(&self, name: &str, reason: &Unresolved) -> Option<Wrong> {
        let (line, what) = match reason {
            Unresolved::Ancestor => return None,
            Unresolved::Circle { names, line } => {
                (*line, format!("extends goes in a circle: {}", names.join(" -> ")))
            }
            Unresolved::NoParent { parent, line } if parent == name => (
                *line,
                format!(
                    "extends names the profile itself, and '{}' is not a shipped profile",
                    shown(parent)
                ),
            ),
            Unresolved::NoParent { parent, line } if self.users.contains_key(parent) => {
                (*line, format!("extends names '{}', whose file has a fault", shown(parent)))
            }
            Unresolved::NoParent { parent, line } => {
                let known: BTreeSet<&str> = self
                    .shipped
                    .keys()
                    .chain(self.users.keys())
                    .map(String::as_str)
                    .filter(|known| *known != name)
                    .collect();
                let near = near(parent, known.iter().copied());
                let hint = if near.is_empty() {
                    format!("there are {}", quoted(known))
                } else {
                    format!("near it is {}; there are {}", quoted(near), quoted(known))
                };
                (*line, format!("extends names '{}', which is no profile: {hint}", shown(parent)))
            }
        };
        Some(Wrong { line: Some(line), key: "extends".to_owned(), what })
    }

    fn profiles(&self) -> BTreeMap<String, Profile> {
        let names: BTreeSet<&String> = self.shipped.keys().chain(self.users.keys()).collect();
        names
            .into_iter()
            .filter_map(|name| Some((name.clone(), resolve(self.find(name)?, self).ok()?)))
            .collect()
    }

    fn faults(&self) -> Vec<Fault> {
        self.users
            .iter()
            .filter(|(_, user)| !user.uses_newest())
            .flat_map(|(name, user)| {
                let instead = if !user.versions.is_empty() {
                    "its last good version stays in use".to_owned()
                } else if self.shipped.contains_key(name) {
                    "the shipped profile of this name is used instead".to_owned()
                } else {
                    format!("there is no profile '{}' until this is put right", shown(name))
                };
                faults_of(user, &instead)
            })
            .collect()
    }
}

fn faults_of(user: &User, instead: &str) -> Vec<Fault> {
    let file = &user.file;
    let sentence = |line: Option<usize>, what: &str| match line {
        Some(line) => format!("{file}, line {line}: {what}; {instead}"),
        None => format!("{file}: {what}; {instead}"),
    };
    let fault = |wrong: &Wrong| Fault {
        file: file.clone(),
        line: wrong.line,
        key: wrong.key.clone(),
        sentence: sentence(wrong.line, &wrong.what),
    };
    let mut faults: Vec<Fault> = user.wrong.iter().take(MOST_FAULTS).map(fault).collect();
    if let Some(more) = user.wrong.len().checked_sub(MOST_FAULTS).filter(|more| *more > 0) {
        let sentence = sentence(None, &format!("there are {more} more faults in it"));
        faults.push(Fault { file: file.clone(), line: None, key: String::new(), sentence });
    }
    faults
}
