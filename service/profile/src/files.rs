//! Reads the user's directory: which files are profiles, and what cannot be read of them.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use crate::{
    draft::{Draft, Wrong, check_name, parse},
    near::shown,
    regular::read_regular,
};

/// Most files that are read.
pub(crate) const MOST_FILES: usize = 256;
/// Largest file that is read, and most that is read of all together, in bytes.
pub(crate) const MOST_BYTES: u64 = 64 << 10;
pub(crate) const MOST_BYTES_IN_ALL: u64 = 1 << 20;

/// What a file says, or what is wrong with it.
pub(crate) struct Reading {
    pub(crate) file: String,
    pub(crate) draft: Result<Draft, Vec<Wrong>>,
}

/// What a directory holds.
#[derive(Default)]
pub(crate) struct Found {
    /// Every profile that was read, by name.
    pub(crate) files: BTreeMap<String, Reading>,
    /// What of the directory is left out, and why.
    pub(crate) left_out: Option<String>,
}

/// Reads every profile of a directory; one that is not there has none.
///
/// # Errors
/// When the directory cannot be read.
pub(crate) fn read_all(directory: &Path) -> Result<Found, String> {
    let why = |error: io::Error| format!("the directory cannot be read: {error}");
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::default()),
        Err(error) => return Err(why(error)),
    };
    // By their names, so that it is always the same ones that are left out.
    let mut paths: Vec<PathBuf> = Vec::new();
    let mut left_out = 0;
    for entry in entries {
        let path = entry.map_err(why)?.path();
        if is_profile(&path) {
            paths.push(path);
        }
        if paths.len() >= 2 * MOST_FILES {
            left_out += keep_first(&mut paths);
        }
    }
    left_out += keep_first(&mut paths);
    let mut found = Found {
        files: BTreeMap::new(),
        left_out: (left_out > 0).then(|| {
            format!(
                "it holds {} profiles, of which the first {MOST_FILES} by name are read and \
                 {left_out} are not: move some away",
                paths.len() + left_out
            )
        }),
    };
    let mut room = MOST_BYTES_IN_ALL;
    for path in paths {
        if let Some((name, reading)) = read_one(&path, &mut room) {
            found.files.insert(name, reading);
        }
    }
    Ok(found)
}

/// Sorts paths and keeps the first ones; returns how many are gone.
fn keep_first(paths: &mut Vec<PathBuf>) -> usize {
    paths.sort_unstable();
    paths.drain(MOST_FILES.min(paths.len())..).count()
}

/// Reads one file; `None` when it went away meanwhile.
fn read_one(path: &Path, room: &mut u64) -> Option<(String, Reading)> {
    let file = path.to_string_lossy().into_owned();
    let stem = path.file_stem().unwrap_or_default();
    // Two names that differ only in bytes which are no text would be one: neither has a name then.
    let name = stem.to_string_lossy().into_owned();
    let text = read(path, room).transpose()?;
    let draft = text.and_then(|text| {
        let name = stem.to_str().ok_or("the file's name is not UTF-8 text")?;
        check_name(name)?;
        Ok((name, text))
    });
    let draft = match draft {
        Ok((name, text)) => parse(name, &file, &text),
        Err(what) => Err(vec![Wrong { line: None, key: String::new(), what }]),
    };
    Some((name, Reading { file, draft }))
}

/// Whether a file is meant as a profile: what editors leave lying about is not.
fn is_profile(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    path.extension() == Some(OsStr::new("toml")) && !name.starts_with(b".")
}

/// Reads a file; `None` when it went away meanwhile.
fn read(path: &Path, room: &mut u64) -> Result<Option<String>, String> {
    let most = MOST_BYTES.min(*room);
    let bytes = match read_regular(path, most) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return match fs::read_link(path) {
                Ok(target) => {
                    let target = target.to_string_lossy();
                    Err(format!("it is a link to '{}', which is not there", shown(&target)))
                }
                Err(_) => Ok(None),
            };
        }
        Err(error) if error.kind() == ErrorKind::FileTooLarge => {
            return Err(if most == MOST_BYTES {
                format!("it is larger than {MOST_BYTES} bytes, the most that a profile may be")
            } else {
                format!(
                    "the profiles before it are {} bytes long, and all together may have \
                     {MOST_BYTES_IN_ALL}",
                    MOST_BYTES_IN_ALL - most
                )
            });
        }
        // What it is instead stands in the error.
        Err(error) if matches!(error.kind(), ErrorKind::IsADirectory | ErrorKind::InvalidInput) => {
            return Err(error.to_string());
        }
        Err(error) => return Err(format!("it cannot be read: {error}")),
    };
    *room -= bytes.len() as u64;
    String::from_utf8(bytes).map(Some).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = valid.split(|byte| *byte == b'\n').count();
        format!("it is not UTF-8 text, from line {line} on")
    })
}
