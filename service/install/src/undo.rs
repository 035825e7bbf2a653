//! Taking back: what may be restored, what is left because the user changed it, and the changes that do it.

use std::path::{Path, PathBuf};

use crate::{
    Error,
    disk::Disk,
    fence::{self, Fenced},
    manifest::{EditEntry, FileEntry, Manifest, Progress},
    places::Places,
    standing::Standing,
    step::Step,
};

/// Something that is left as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Where.
    pub path: PathBuf,
    /// Why, as the rest of a sentence about it.
    pub why: String,
    /// `--force` would not leave it.
    pub can_be_forced: bool,
}

impl Left {
    /// A file that is not as we wrote it.
    pub(crate) fn changed(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            why: "it was changed since it was installed".to_owned(),
            can_be_forced: true,
        }
    }

    /// Lines of ours that are not as we wrote them.
    pub(crate) fn edit(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            why: "the lines between the markers \"headroom install\" were changed; take them out by hand".to_owned(),
            can_be_forced: false,
        }
    }

    fn without_backup(path: &Path, backup: &Path) -> Self {
        Self {
            path: path.to_owned(),
            why: format!("what stood there before should be in {}, and is not", backup.display()),
            can_be_forced: false,
        }
    }
}

/// Returns whether this is what we put there, now or last time.
pub(crate) fn is_ours(entry: &FileEntry, now: &Standing) -> bool {
    now.has_content_of(&entry.after)
        || entry.earlier.as_ref().is_some_and(|earlier| now.has_content_of(earlier))
}

/// Returns why a file has to be left, or `None` when what stood there may be put back.
///
/// # Errors
/// When it cannot be looked at.
pub(crate) fn fate(entry: &FileEntry, disk: &Disk, force: bool) -> Result<Option<Left>, Error> {
    let look = |path: &Path| {
        disk.standing(path).map_err(|error| {
            Error::Refused(format!("{}: cannot be read: {error}", disk.at(path).display()))
        })
    };
    let now = look(&entry.path)?;
    if now == entry.before {
        return Ok(None);
    }
    let may_go = match now {
        Standing::Nothing => true,
        Standing::Folder | Standing::Other => false,
        _ => is_ours(entry, &now) || force,
    };
    if !may_go {
        let can_be_forced = !matches!(now, Standing::Folder | Standing::Other);
        return Ok(Some(Left { can_be_forced, ..Left::changed(&entry.path) }));
    }
    if let Standing::File { .. } = entry.before {
        let backup = entry.backup.as_deref().unwrap_or(&entry.path);
        if !look(backup)?.has_content_of(&entry.before) {
            return Ok(Some(Left::without_backup(&entry.path, &disk.at(backup))));
        }
    }
    Ok(None)
}

/// How a deployment is taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// In their order.
    pub steps: Vec<Step>,
    /// What is left as it is.
    pub left: Vec<Left>,
}

/// Plans a `remove`, in the reverse order of what was done.
///
/// # Errors
/// When something cannot be looked at.
pub(crate) fn removal(
    manifest: &Manifest,
    places: &Places,
    disk: &Disk,
    force: bool,
    keep_settings: bool,
) -> Result<Removal, Error> {
    let mut rest = Manifest { progress: Progress::Removing, ..manifest.clone() };
    let mut steps = vec![Step::Record(Box::new(rest.clone()))];
    let mut left = Vec::new();
    rest.edits.clear();
    for edit in manifest.edits.iter().rev() {
        if may_cut(edit, disk)? {
            steps.push(Step::Cut(edit.clone()));
        } else {
            left.push(Left::edit(&edit.path));
            rest.edits.push(edit.clone());
        }
    }
    rest.files.clear();
    for entry in manifest.files.iter().rev() {
        if let Some(why) = fate(entry, disk, force)? {
            left.push(why);
            rest.files.push(entry.clone());
        } else {
            steps.push(Step::Restore(entry.clone()));
        }
    }
    rest.files.reverse();
    rest.edits.reverse();
    if !keep_settings {
        let own = |path: &PathBuf| Step::RemoveOwn {
            path: path.clone(),
            except: places.deployments.clone(),
        };
        steps.extend(places.own.iter().map(own));
    }
    // Those above the record have to wait until it is gone.
    let (above, others): (Vec<_>, Vec<_>) =
        manifest.folders.iter().rev().partition(|folder| places.deployments.starts_with(folder));
    steps.extend(others.into_iter().cloned().map(Step::RemoveFolder));
    if left.is_empty() {
        let name = manifest.name.as_str();
        steps.push(Step::Forget { manifest: places.manifest(name), backups: places.backups(name) });
        steps.extend(own_folders(places).into_iter().map(Step::RemoveFolder));
        let others = above.into_iter().filter(|folder| !own_folders(places).contains(folder));
        steps.extend(others.cloned().map(Step::RemoveFolder));
    } else {
        steps.push(Step::Record(Box::new(rest)));
    }
    Ok(Removal { steps, left })
}

/// Returns the folders that are ours by name, whoever made them, innermost first.
pub(crate) fn own_folders(places: &Places) -> Vec<PathBuf> {
    let above = places.deployments.parent().map(Path::to_path_buf);
    [Some(places.deployments.clone()), above].into_iter().flatten().collect()
}

/// Returns whether our lines are there as we wrote them, or not at all.
fn may_cut(edit: &EditEntry, disk: &Disk) -> Result<bool, Error> {
    let place = disk.at(&edit.path);
    if !place.is_file() {
        return Ok(true);
    }
    let text = disk
        .read(&edit.path)
        .map_err(|error| Error::Refused(format!("{}: cannot be read: {error}", place.display())))?;
    let text = text.unwrap_or_default();
    let stands = |block: &str| fence::find(&text, block);
    let earlier = edit.earlier.as_deref().is_some_and(|block| stands(block) == Fenced::Whole);
    Ok(stands(&edit.block) != Fenced::Changed || earlier)
}
