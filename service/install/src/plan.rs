//! From what is wanted, what was done and what stands there, to the changes that are to be made. It only looks.

use std::path::{Path, PathBuf};

use crate::{
    Error,
    deployment::Deployment,
    disk::Disk,
    fence::{self, Fenced},
    items::{Item, Thing},
    manifest::{EditEntry, FileEntry, Manifest, Part, Progress},
    places::Places,
    standing::Standing,
    step::Step,
    undo::{Left, fate, is_ours},
};

/// What is to be there.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) deployment: Deployment,
    pub(crate) items: Vec<Item>,
    /// A file and the lines that are to be in it.
    pub(crate) edit: Option<(PathBuf, String)>,
}

/// The changes that lead to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// In their order.
    pub steps: Vec<Step>,
    /// What the user has changed since the last time; nothing may be done while there is any.
    pub changed: Vec<Left>,
}

impl Plan {
    /// Returns whether something is changed but our own record.
    pub fn changes_something(&self) -> bool {
        self.steps.iter().any(|step| !matches!(step, Step::Record(_)))
    }
}

/// Plans an `apply`; with `force`, what the user has changed is replaced.
///
/// # Errors
/// When something stands in the way that is no file, or cannot be looked at.
pub(crate) fn plan(
    wanted: &Wanted,
    old: Option<&Manifest>,
    places: &Places,
    disk: &Disk,
    force: bool,
) -> Result<Plan, Error> {
    let mut draft = Draft {
        places,
        disk,
        force,
        manifest: Manifest::new(&wanted.deployment),
        made: Vec::new(),
        keeps: Vec::new(),
        undone: Vec::new(),
        changes: Vec::new(),
        changed: Vec::new(),
        next_backup: next_backup(old),
    };
    draft.manifest.folders = old.map(|old| old.folders.clone()).unwrap_or_default();
    let own = draft.folders_above(&places.manifest(wanted.deployment.name.as_str()))?;
    for item in &wanted.items {
        draft.item(item, old.and_then(|old| old.file(&item.path)))?;
    }
    draft.edits(wanted.edit.as_ref(), old)?;
    let obsolete = draft.rest(old)?;
    Ok(draft.finish(own, &obsolete, old))
}

/// Returns the first number that no backup has.
fn next_backup(old: Option<&Manifest>) -> usize {
    let numbers = old
        .into_iter()
        .flat_map(|old| &old.files)
        .filter_map(|entry| entry.backup.as_ref()?.file_name()?.to_str()?.parse::<usize>().ok());
    numbers.max().map_or(0, |highest| highest + 1)
}

struct Draft<'a> {
    places: &'a Places,
    disk: &'a Disk,
    force: bool,
    manifest: Manifest,
    /// Folders that are about to be made.
    made: Vec<PathBuf>,
    keeps: Vec<Step>,
    undone: Vec<Step>,
    changes: Vec<Step>,
    changed: Vec<Left>,
    next_backup: usize,
}

impl Draft<'_> {
    fn item(&mut self, item: &Item, old: Option<&FileEntry>) -> Result<(), Error> {
        let after = match &item.thing {
            Thing::File { content, mode } => content.standing(*mode).map_err(unreadable(item))?,
            Thing::Link { to } => Standing::Link { to: to.clone() },
        };
        let now = look(self.disk, &item.path)?;
        if let Some(old) = old
            && !self.force
            && !(is_ours(old, &now)
                || now == Standing::Nothing
                || now == old.before
                || now.has_content_of(&after))
        {
            self.changed.push(Left::changed(&item.path));
        }
        let (before, backup) = match old {
            Some(old) => (old.before.clone(), old.backup.clone()),
            None => (now.clone(), self.keep(&item.path, &now)),
        };
        self.manifest.files.push(FileEntry {
            path: item.path.clone(),
            part: item.part,
            earlier: old.map(|old| old.after.clone()).filter(|earlier| *earlier != after),
            before,
            backup,
            after: after.clone(),
        });
        if now == after {
            return Ok(());
        }
        self.make_folders_above(&item.path)?;
        let (path, purpose) = (item.path.clone(), item.purpose);
        self.changes.push(match &item.thing {
            Thing::File { content, mode } => {
                Step::Write { path, content: content.clone(), mode: *mode, purpose, was: now }
            }
            Thing::Link { to } => Step::Link { path, to: to.clone(), purpose, was: now },
        });
        Ok(())
    }

    /// Plans a copy of what will be replaced; returns its place.
    ///
    /// A file that is the same already is copied too: the next version of ours will replace it.
    fn keep(&mut self, path: &Path, now: &Standing) -> Option<PathBuf> {
        if !matches!(now, Standing::File { .. }) {
            return None;
        }
        let backups = self.places.backups(self.manifest.name.as_str());
        let backup = backups.join(self.next_backup.to_string());
        self.next_backup += 1;
        self.keeps.push(Step::Keep { path: path.to_owned(), backup: backup.clone() });
        Some(backup)
    }

    fn edits(
        &mut self,
        wanted: Option<&(PathBuf, String)>,
        old: Option<&Manifest>,
    ) -> Result<(), Error> {
        let olds = old.map(|old| old.edits.as_slice()).unwrap_or_default();
        for edit in olds.iter().filter(|old| wanted.is_none_or(|(path, _)| *path != old.path)) {
            let text = readable(self.disk, &edit.path)?.unwrap_or_default();
            // Lines that the user took out are not put back unless somebody asks for them.
            if fence::find(&text, &edit.block) != Fenced::Absent {
                self.manifest.edits.push(edit.clone());
            }
        }
        if let Some((path, block)) = wanted {
            self.edit(path, block, olds.iter().find(|old| old.path == *path))?;
        }
        Ok(())
    }

    fn edit(&mut self, path: &Path, block: &str, old: Option<&EditEntry>) -> Result<(), Error> {
        let text = readable(self.disk, path)?;
        let (made, text) = (text.is_none(), text.unwrap_or_default());
        let earlier = old.map(|old| old.block.clone()).filter(|earlier| earlier != block);
        let stands = fence::find(&text, block);
        let exchanged =
            earlier.as_ref().is_some_and(|earlier| fence::find(&text, earlier) == Fenced::Whole);
        if stands == Fenced::Changed && !exchanged {
            self.changed.push(Left::edit(path));
        }
        let appended = stands != Fenced::Whole && !exchanged;
        let entry = EditEntry {
            path: path.to_owned(),
            block: block.to_owned(),
            earlier,
            glued: if appended {
                fence::needs_newline(&text)
            } else {
                old.is_some_and(|old| old.glued)
            },
            made: old.map_or(made, |old| old.made),
        };
        if stands != Fenced::Whole {
            self.make_folders_above(path)?;
            self.changes.push(Step::Edit(entry.clone()));
        }
        self.manifest.edits.push(entry);
        Ok(())
    }

    /// Keeps the entries of the panel when it is not beside this time; returns the others, which are taken back.
    fn rest(&mut self, old: Option<&Manifest>) -> Result<Vec<FileEntry>, Error> {
        let mut obsolete = Vec::new();
        for entry in old.map(|old| old.files.as_slice()).unwrap_or_default() {
            if self.manifest.file(&entry.path).is_some() {
                continue;
            }
            if entry.part == Part::Panel {
                self.manifest.files.push(entry.clone());
                continue;
            }
            match fate(entry, self.disk, self.force)? {
                Some(left) => self.changed.push(left),
                None => self.undone.push(Step::Restore(entry.clone())),
            }
            obsolete.push(entry.clone());
        }
        Ok(obsolete)
    }

    fn finish(mut self, own: Vec<PathBuf>, obsolete: &[FileEntry], old: Option<&Manifest>) -> Plan {
        let mode = self.places.folder_mode;
        let make = |path: PathBuf| Step::MakeFolder { path, mode };
        let backups = self.places.backups(self.manifest.name.as_str());
        let mut done = self.manifest.clone();
        done.progress = Progress::Applied;
        done.files.iter_mut().for_each(|entry| entry.earlier = None);
        done.edits.iter_mut().for_each(|edit| edit.earlier = None);
        let nothing = self.changes.is_empty() && self.undone.is_empty();
        if nothing && old == Some(&done) {
            return Plan { steps: Vec::new(), changed: self.changed };
        }
        self.manifest.files.extend(obsolete.iter().cloned());
        let mut steps: Vec<Step> = own.into_iter().map(make).collect();
        if !self.keeps.is_empty() && !self.disk.is_folder(&backups) {
            steps.push(make(backups));
        }
        steps.append(&mut self.keeps);
        steps.push(Step::Record(Box::new(self.manifest)));
        steps.append(&mut self.undone);
        steps.extend(self.made.into_iter().map(make));
        steps.append(&mut self.changes);
        let holds_something =
            |folder: &Path| done.files.iter().any(|entry| entry.path.starts_with(folder));
        let emptied = done.folders.iter().rev().filter(|folder| {
            obsolete.iter().any(|entry| entry.path.starts_with(folder)) && !holds_something(folder)
        });
        steps.extend(emptied.cloned().map(Step::RemoveFolder));
        steps.push(Step::Record(Box::new(done)));
        Plan { steps, changed: self.changed }
    }

    /// Notes the folders that have to be made for a path, and returns them.
    fn folders_above(&mut self, path: &Path) -> Result<Vec<PathBuf>, Error> {
        let mut missing = Vec::new();
        for folder in path.ancestors().skip(1) {
            if self.disk.is_folder(folder) || self.manifest_makes(folder) {
                break;
            }
            if self.disk.exists(folder) {
                return Err(Error::Refused(format!(
                    "{} is in the way: it is no folder.",
                    self.disk.at(folder).display()
                )));
            }
            missing.push(folder.to_owned());
        }
        missing.reverse();
        for folder in &missing {
            if !self.manifest.folders.contains(folder) {
                self.manifest.folders.push(folder.clone());
            }
        }
        Ok(missing)
    }

    fn make_folders_above(&mut self, path: &Path) -> Result<(), Error> {
        let missing = self.folders_above(path)?;
        self.made.extend(missing);
        Ok(())
    }

    fn manifest_makes(&self, folder: &Path) -> bool {
        self.made.iter().any(|made| made == folder)
            || self.places.deployments.starts_with(folder)
                && self.manifest.folders.iter().any(|made| made == folder)
    }
}

/// Returns what stands at a path, which must be a file, a link or nothing.
fn look(disk: &Disk, path: &Path) -> Result<Standing, Error> {
    let refuse = |why: String| Error::Refused(format!("{}: {why}", disk.at(path).display()));
    match disk.standing(path) {
        Ok(Standing::Folder) => Err(refuse("a folder is in the way.".to_owned())),
        Ok(Standing::Other) => Err(refuse("something is in the way that is no file.".to_owned())),
        Ok(standing) => Ok(standing),
        Err(error) => Err(refuse(format!("cannot be read: {error}"))),
    }
}

/// Returns the bytes of a file that is to be edited, through links; `None` when there is none.
fn readable(disk: &Disk, path: &Path) -> Result<Option<Vec<u8>>, Error> {
    let refuse = |why: &str| Error::Refused(format!("{}: {why}", disk.at(path).display()));
    let place = disk.at(path);
    if !disk.exists(path) {
        return Ok(None);
    }
    if !place.exists() {
        return Err(refuse("a link that leads nowhere cannot be edited."));
    }
    if !place.is_file() {
        return Err(refuse("something is in the way that is no file."));
    }
    disk.read(path).map_err(|error| refuse(&format!("cannot be read: {error}")))
}

fn unreadable(item: &Item) -> impl Fn(std::io::Error) -> Error {
    let source = match &item.thing {
        Thing::File { content: super::disk::Content::CopyOf(source), .. } => source.clone(),
        _ => item.path.clone(),
    };
    move |error| Error::Refused(format!("{}: cannot be read: {error}", source.display()))
}
