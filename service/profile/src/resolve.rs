//! Puts together what a profile says and what it inherits.

use crate::{
    draft::Draft,
    profile::{Chains, Devices, Origin, Profile},
    settings::Settings,
};
use headroom_api::Route;

/// What a profile is made from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// A file that was read without fault.
    Draft(Draft),
    /// A profile from earlier, of which not all files are there any more.
    Frozen(Profile),
}

/// Why a profile cannot be put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unresolved {
    /// What it extends is not there.
    NoParent { parent: String, line: usize },
    /// It is part of a circle, which is named from itself on.
    Circle { names: Vec<String>, line: usize },
    /// A profile that it inherits from cannot be put together.
    Ancestor,
}

/// Finds what a name stands for: the user's, or the shipped one.
pub(crate) trait Lookup {
    /// Returns what a name stands for.
    fn find(&self, name: &str) -> Option<Source>;
    /// Returns the shipped profile of a name.
    fn shipped(&self, name: &str) -> Option<Draft>;
}

/// Puts a profile together.
pub(crate) fn resolve(source: Source, lookup: &impl Lookup) -> Result<Profile, Unresolved> {
    let mut line_of_descent: Vec<Draft> = Vec::new();
    let mut next = source;
    let mut base = loop {
        let draft = match next {
            Source::Frozen(profile) => break profile,
            Source::Draft(draft) => draft,
        };
        let Some((parent, line)) = draft.extends.clone() else {
            let start = blank(&draft);
            line_of_descent.push(draft);
            break start;
        };
        let own = parent == draft.name;
        let is_own_shipped =
            line_of_descent.last().is_some_and(|child: &Draft| child.name == draft.name);
        line_of_descent.push(draft);
        if own && !is_own_shipped {
            // The shipped profile of one's own name; there may be none.
            next = lookup
                .shipped(&parent)
                .map(Source::Draft)
                .ok_or_else(|| no_parent(&line_of_descent, parent, line))?;
            continue;
        }
        if let Some(at) = line_of_descent.iter().position(|known| known.name == parent) {
            if at > 0 {
                return Err(Unresolved::Ancestor);
            }
            let mut names: Vec<String> =
                line_of_descent.iter().map(|draft| draft.name.clone()).collect();
            names.push(parent);
            names.dedup();
            let line = line_of_descent[0].extends.as_ref().map_or(line, |(_, line)| *line);
            return Err(Unresolved::Circle { names, line });
        }
        next = lookup.find(&parent).ok_or_else(|| no_parent(&line_of_descent, parent, line))?;
    };
    for draft in line_of_descent.into_iter().rev() {
        base = inherit(base, draft);
    }
    Ok(base)
}

fn no_parent(line_of_descent: &[Draft], parent: String, line: usize) -> Unresolved {
    if line_of_descent.len() > 1 {
        Unresolved::Ancestor
    } else {
        Unresolved::NoParent { parent, line }
    }
}

/// Returns what a file starts from that extends nothing.
fn blank(draft: &Draft) -> Profile {
    Profile {
        name: draft.name.clone(),
        description: String::new(),
        chains: Chains::default(),
        devices: Devices::default(),
        settings: Settings::default(),
        rules: Vec::new(),
        default_route: Route::Processed,
        default_route_origin: Origin { file: "built-in".to_owned(), line: 0 },
        files: Vec::new(),
    }
}

fn inherit(parent: Profile, draft: Draft) -> Profile {
    let description = draft.description.unwrap_or_else(|| match &draft.extends {
        // One's own version of a profile is still that profile.
        Some((name, _)) if *name == draft.name => parent.description,
        Some((name, _)) => format!("Based on {name}"),
        None => String::new(),
    });
    let mut settings = parent.settings;
    for (key, value) in &draft.settings {
        // The draft holds only what was accepted when it was read.
        let _ = settings.set(key, value);
    }
    let (default_route, default_route_origin) =
        draft.default_route.unwrap_or((parent.default_route, parent.default_route_origin));
    Profile {
        name: draft.name,
        description,
        chains: draft.chains.unwrap_or(parent.chains),
        devices: draft.devices.unwrap_or(parent.devices),
        settings,
        rules: draft.rules.into_iter().chain(parent.rules).collect(),
        default_route,
        default_route_origin,
        files: std::iter::once(draft.file).chain(parent.files).collect(),
    }
}
