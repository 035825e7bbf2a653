//! Puts together what profiles say and what they inherit, each profile once.

use std::{collections::HashMap, sync::Arc};

use headroom_api::{Chains, Devices, Treatment};

use crate::{
    draft::Draft,
    profile::{Origin, Profile},
    settings::Settings,
};

/// Most profiles that may be chained by `extends`, the last one included.
pub(crate) const MOST_DEPTH: usize = 16;

/// What a profile is made from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// A file that was read without fault.
    Draft(Arc<Draft>),
    /// A profile from earlier, of which not all files are there any more.
    Frozen(Arc<Profile>),
}

/// Why a profile cannot be put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unresolved {
    /// What it extends is not there.
    NoParent { parent: String, line: usize },
    /// It is part of a circle, which is named from itself on.
    Circle { names: Vec<String>, line: usize },
    /// It is further from the start of its line than [`MOST_DEPTH`].
    TooDeep { line: usize },
    /// A profile that it inherits from cannot be put together.
    Ancestor,
}

/// Finds what a name stands for: the user's, or the shipped one.
pub(crate) trait Lookup {
    /// Returns what a name stands for.
    fn find(&self, name: &str) -> Option<Source>;
    /// Returns the shipped profile of a name.
    fn shipped(&self, name: &str) -> Option<Arc<Draft>>;
}

/// Whose version of a name: the one that it stands for, or the shipped one below a user's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Layer {
    Used,
    Shipped,
}

type Key = (String, Layer);

/// What has become of a profile.
#[derive(Clone)]
struct Resolved {
    outcome: Result<Arc<Profile>, Unresolved>,
    /// How many stand in its line, itself included, as far as the line is there.
    depth: usize,
}

impl Resolved {
    fn failed(unresolved: Unresolved) -> Self {
        Self { outcome: Err(unresolved), depth: 1 }
    }
}

/// Puts profiles together, and remembers those that it has.
pub(crate) struct Resolver<'a, L> {
    lookup: &'a L,
    known: HashMap<Key, Resolved>,
    /// Drafts that were looked at: the measure of its work.
    pub(crate) looked_at: usize,
}

impl<'a, L: Lookup> Resolver<'a, L> {
    pub(crate) fn new(lookup: &'a L) -> Self {
        Self { lookup, known: HashMap::new(), looked_at: 0 }
    }

    /// Puts the profile of a name together; `None` where the name stands for nothing.
    pub(crate) fn resolve(&mut self, name: &str) -> Option<Result<Arc<Profile>, Unresolved>> {
        let source = self.lookup.find(name)?;
        let key = (name.to_owned(), Layer::Used);
        let resolved = self.descend(key.clone(), source);
        // What is part of a circle was told so on the way.
        Some(self.known.get(&key).unwrap_or(&resolved).outcome.clone())
    }

    /// Goes up to what is known or extends nothing, then down again.
    fn descend(&mut self, mut key: Key, mut source: Source) -> Resolved {
        let mut line: Vec<(Key, Arc<Draft>)> = Vec::new();
        let mut above = loop {
            if let Some(known) = self.known.get(&key) {
                break known.clone();
            }
            self.looked_at += 1;
            let draft = match source {
                Source::Frozen(profile) => break Resolved { outcome: Ok(profile), depth: 1 },
                Source::Draft(draft) => draft,
            };
            match self.above(&key, &draft) {
                Ok(Some((parent, parents))) => {
                    line.push((key, draft));
                    if let Some(start) = line.iter().position(|(known, _)| *known == parent) {
                        self.close_circle(line.drain(start..).collect());
                        break Resolved::failed(Unresolved::Ancestor);
                    }
                    (key, source) = (parent, parents);
                }
                Ok(None) => {
                    let profile = Arc::new(inherit(&blank(&draft), &draft));
                    break self.remember(key, Resolved { outcome: Ok(profile), depth: 1 });
                }
                Err(unresolved) => break self.remember(key, Resolved::failed(unresolved)),
            }
        };
        for (key, draft) in line.into_iter().rev() {
            above = self.remember(key, child(&above, &draft));
        }
        above
    }

    fn remember(&mut self, key: Key, resolved: Resolved) -> Resolved {
        self.known.insert(key, resolved.clone());
        resolved
    }

    /// Returns what a draft extends, if it extends anything.
    fn above(&self, key: &Key, draft: &Draft) -> Result<Option<(Key, Source)>, Unresolved> {
        let Some((parent, line)) = &draft.extends else { return Ok(None) };
        // A user's profile of a shipped one's name may extend that one.
        let found = if *parent == draft.name && key.1 == Layer::Used {
            let shipped = self.lookup.shipped(parent);
            shipped.map(|draft| ((parent.clone(), Layer::Shipped), Source::Draft(draft)))
        } else {
            self.lookup.find(parent).map(|source| ((parent.clone(), Layer::Used), source))
        };
        let missing = || Unresolved::NoParent { parent: parent.clone(), line: *line };
        found.ok_or_else(missing).map(Some)
    }

    /// Remembers of each profile of a circle that it is one.
    fn close_circle(&mut self, circle: Vec<(Key, Arc<Draft>)>) {
        let names: Vec<&str> = circle.iter().map(|(_, draft)| &*draft.name).collect();
        let told = |start: usize| {
            let turned = names[start..].iter().chain(&names[..=start]);
            let mut turned: Vec<String> = turned.map(|name| (*name).to_owned()).collect();
            turned.dedup();
            turned
        };
        let circles: Vec<_> = (0..names.len()).map(told).collect();
        for ((key, draft), names) in circle.into_iter().zip(circles) {
            let line = draft.extends.as_ref().map_or(0, |(_, line)| *line);
            self.known.insert(key, Resolved::failed(Unresolved::Circle { names, line }));
        }
    }
}

/// Returns what a draft is, below what it extends.
fn child(above: &Resolved, draft: &Draft) -> Resolved {
    let line = draft.extends.as_ref().map_or(0, |(_, line)| *line);
    let depth = above.depth + 1;
    let outcome = match &above.outcome {
        _ if depth > MOST_DEPTH => Err(Unresolved::TooDeep { line }),
        Ok(parent) => Ok(Arc::new(inherit(parent, draft))),
        Err(_) => Err(Unresolved::Ancestor),
    };
    Resolved { outcome, depth }
}

/// Returns what a file starts from that extends nothing.
fn blank(draft: &Draft) -> Profile {
    Profile {
        name: draft.name.clone(),
        description: String::new(),
        chains: Chains::PerApp,
        devices: Devices::All,
        settings: Settings::default(),
        rules: Vec::new(),
        default_treatment: Treatment::Automatic,
        default_origin: Origin { file: "built-in".to_owned(), line: 0 },
        files: Vec::new(),
    }
}

fn inherit(parent: &Profile, draft: &Draft) -> Profile {
    let described = draft.description.clone();
    let description = described.unwrap_or_else(|| match &draft.extends {
        // One's own version of a profile is still that profile.
        Some((name, _)) if *name == draft.name => parent.description.clone(),
        Some((name, _)) => format!("Based on {name}"),
        None => String::new(),
    });
    let mut settings = parent.settings;
    for (key, value) in &draft.settings {
        // The draft holds only what was accepted when it was read.
        let _ = settings.set(key, value);
    }
    let inherited = || (parent.default_treatment, parent.default_origin.clone());
    let (default_treatment, default_origin) =
        draft.default_treatment.clone().unwrap_or_else(inherited);
    Profile {
        name: draft.name.clone(),
        description,
        chains: draft.chains.unwrap_or(parent.chains),
        devices: draft.devices.unwrap_or(parent.devices),
        settings,
        rules: draft.rules.iter().chain(&parent.rules).cloned().collect(),
        default_treatment,
        default_origin,
        files: std::iter::once(&draft.file).chain(&parent.files).cloned().collect(),
    }
}
