//! Every profile there is: the shipped ones, the user's, and what is wrong with the user's.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    draft::{Draft, Wrong},
    files::{Found, Reading, read_all},
    near::{near, quoted, quoted_in_short, shown},
    profile::{Fault, Profile},
    resolve::{Lookup, MOST_DEPTH, Resolver, Source, Unresolved},
    shipped,
};

/// Faults of one file that are told one by one.
const MOST_FAULTS: usize = 20;

/// Faults of all files that are told one by one, see [`Library::faults_in_short`].
const MOST_FAULTS_IN_ALL: usize = 20;

/// Every profile by name, and every fault in the user's files.
#[derive(Debug)]
pub struct Library {
    directory: Option<PathBuf>,
    shipped: BTreeMap<String, Arc<Draft>>,
    /// What the user's files said when they were last without fault.
    kept: BTreeMap<String, Kept>,
    profiles: BTreeMap<String, Arc<Profile>>,
    faults: Vec<Fault>,
}

/// The last good version of a user's file.
#[derive(Debug)]
struct Kept {
    draft: Arc<Draft>,
    profile: Arc<Profile>,
}

impl Library {
    /// Reads the shipped profiles and those in `user_dir`, which may be missing as yet.
    pub fn load(user_dir: Option<&Path>) -> Self {
        let mut library = Self {
            directory: user_dir.map(Path::to_owned),
            shipped: shipped::drafts().map(|draft| (draft.name.clone(), Arc::new(draft))).collect(),
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
        let Found { files, left_out } = match self.directory.as_deref().map(read_all) {
            None => Found::default(),
            Some(Ok(found)) => found,
            Some(Err(what)) => return self.keep_everything(&what),
        };
        let mut round = Round::new(&self.shipped);
        for (name, Reading { file, draft }) in files {
            let kept = self.kept.get(&name);
            round.users.insert(name, User::new(file, draft, kept));
        }
        round.settle();
        let profiles = round.profiles();
        let left_out = left_out.map(|what| self.fault_of_directory(&what));
        let faults: Vec<Fault> = left_out.into_iter().chain(round.faults()).collect();
        let users = std::mem::take(&mut round.users);
        self.kept = kept(users, &profiles, std::mem::take(&mut self.kept));
        let changed = profiles != self.profiles || faults != self.faults;
        self.profiles = profiles;
        self.faults = faults;
        changed
    }

    fn keep_everything(&mut self, what: &str) -> bool {
        if self.profiles.is_empty() {
            self.profiles = Round::new(&self.shipped).profiles();
        }
        let what = format!("{what}; the profiles that were read before stay in use");
        let faults = vec![self.fault_of_directory(&what)];
        let changed = faults != self.faults;
        self.faults = faults;
        changed
    }

    fn fault_of_directory(&self, what: &str) -> Fault {
        let directory = self.directory.as_deref().unwrap_or(Path::new(""));
        let file = directory.to_string_lossy().into_owned();
        let sentence = format!("{file}: {what}");
        Fault { file, line: None, key: String::new(), sentence }
    }

    /// Returns a profile by its name.
    pub fn get(&self, name: &str) -> Option<&Profile> {
        self.profiles.get(name).map(|profile| &**profile)
    }

    /// Returns every profile, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Profile> + Clone {
        self.profiles.values().map(|profile| &**profile)
    }

    /// Returns what is wrong with the user's files, by file and line.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Returns what is wrong with the user's files as it may be shown: the first 20 faults, and how many more
    /// there are.
    pub fn faults_in_short(&self) -> Vec<Fault> {
        let (told, rest) = self.faults.split_at(self.faults.len().min(MOST_FAULTS_IN_ALL));
        let more = (!rest.is_empty()).then(|| {
            let files: BTreeSet<&str> = rest.iter().map(|fault| &*fault.file).collect();
            self.fault_of_directory(&format!(
                "there are {} more faults, in {} files: `headroom doctor` tells the next when these are mended",
                rest.len(),
                files.len()
            ))
        });
        told.iter().cloned().chain(more).collect()
    }
}

fn kept(
    users: BTreeMap<String, User>,
    profiles: &BTreeMap<String, Arc<Profile>>,
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
    shipped: &'a BTreeMap<String, Arc<Draft>>,
    users: BTreeMap<String, User>,
    /// Drafts that were looked at so far.
    looked_at: usize,
}

/// One file of the user's in a [`Round`].
struct User {
    file: String,
    /// What may be used, best first; the first is in use.
    versions: VecDeque<Source>,
    /// What the file says now, if that can be read.
    newest: Option<Arc<Draft>>,
    wrong: Vec<Wrong>,
}

impl User {
    fn new(file: String, draft: Result<Draft, Vec<Wrong>>, kept: Option<&Kept>) -> Self {
        let (newest, wrong) = match draft {
            Ok(draft) => (Some(Arc::new(draft)), Vec::new()),
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

    fn shipped(&self, name: &str) -> Option<Arc<Draft>> {
        self.shipped.get(name).cloned()
    }
}

impl<'a> Round<'a> {
    fn new(shipped: &'a BTreeMap<String, Arc<Draft>>) -> Self {
        Self { shipped, users: BTreeMap::new(), looked_at: 0 }
    }

    /// Goes back to older versions where the newer cannot be put together, until all can.
    fn settle(&mut self) {
        loop {
            let mut resolver = Resolver::new(self);
            let unresolved: Vec<(String, Wrong)> = self
                .users
                .iter()
                .filter_map(|(name, user)| {
                    user.versions.front()?;
                    let reason = resolver.resolve(name)?.err()?;
                    Some((name.clone(), self.explain(name, &reason)?))
                })
                .collect();
            self.looked_at += resolver.looked_at;
            // Each round drops a version of somebody's, so there is a last one. A fault goes down a line of
            // descent one step a round, and those have an end.
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
            Unresolved::TooDeep { line } => (
                *line,
                format!(
                    "extends goes back over more than {MOST_DEPTH} profiles: extend one nearer to the first"
                ),
            ),
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
                    format!("there are {}", quoted_in_short(known))
                } else {
                    format!("near it is {}; there are {}", quoted(near), quoted_in_short(known))
                };
                (*line, format!("extends names '{}', which is no profile: {hint}", shown(parent)))
            }
        };
        Some(Wrong { line: Some(line), key: "extends".to_owned(), what })
    }

    fn profiles(&self) -> BTreeMap<String, Arc<Profile>> {
        let names: BTreeSet<&String> = self.shipped.keys().chain(self.users.keys()).collect();
        let mut resolver = Resolver::new(self);
        names
            .into_iter()
            .filter_map(|name| Some((name.clone(), resolver.resolve(name)?.ok()?)))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draft::parse;

    /// Settles a round of drafts, which say these texts by these names.
    fn settled(
        shipped: &BTreeMap<String, Arc<Draft>>,
        texts: impl Iterator<Item = (String, String)>,
    ) -> Round<'_> {
        let mut round = Round::new(shipped);
        for (name, text) in texts {
            let file = format!("{name}.toml");
            let draft = parse(&name, &file, &text);
            round.users.insert(name, User::new(file, draft, None));
        }
        round.settle();
        round
    }

    /// A chain in which each extends the one before it, and the first this one.
    fn chain(length: usize, first: &str) -> impl Iterator<Item = (String, String)> {
        (0..length).map(move |number| {
            let parent =
                number.checked_sub(1).map_or(first.to_owned(), |before| format!("p{before:05}"));
            (format!("p{number:05}"), format!("extends = \"{parent}\"\n"))
        })
    }

    #[test]
    fn work_grows_with_the_number_of_profiles_alone() {
        let shipped = BTreeMap::new();
        let alone = |number| (format!("p{number:05}"), "leveller.target_lufs = -20\n".to_owned());
        for count in [100, 1000] {
            assert_eq!(settled(&shipped, (0..count).map(alone)).looked_at, count);
            // A fault goes down the line for as long as a line may be.
            for parent in ["missing", "p00007"] {
                let round = settled(&shipped, chain(count, parent));
                assert!(round.looked_at <= (MOST_DEPTH + 2) * count, "{}", round.looked_at);
            }
        }
    }

    #[test]
    fn chain_of_extends_has_an_end() {
        let shipped =
            shipped::drafts().map(|draft| (draft.name.clone(), Arc::new(draft))).collect();
        let round = settled(&shipped, chain(100, "default"));
        let own = round.profiles().keys().filter(|name| name.starts_with('p')).count();
        assert_eq!(own, MOST_DEPTH - 1, "with the shipped one at its start");
        let faults = round.faults();
        assert_eq!(faults.len(), 100 - own);
        assert!(faults[0].sentence.contains("more than 16 profiles"), "{}", faults[0].sentence);
    }
}
