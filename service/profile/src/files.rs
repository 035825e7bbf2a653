//! Reads the user's directory: which files are profiles, and what cannot be read of them.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs::{self, File},
    io::{self, ErrorKind, Read},
    path::Path,
};

use crate::{
    draft::{Draft, Wrong, check_name, parse},
    near::shown,
};

/// Largest file that is read, in bytes.
const MOST_BYTES: u64 = 1 << 20;

/// What a file says, or what is wrong with it.
pub(crate) struct Reading {
    pub(crate) file: String,
    pub(crate) draft: Result<Draft, Vec<Wrong>>,
}

/// Reads every profile of a directory, by name; one that is not there has none.
///
/// # Errors
/// When the directory cannot be read.
pub(crate) fn read_all(directory: &Path) -> Result<BTreeMap<String, Reading>, String> {
    let why = |error: &io::Error| format!("the directory cannot be read: {error}");
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(why(&error)),
    };
    let mut found = BTreeMap::new();
    for entry in entries {
        let path = entry.map_err(|error| why(&error))?.path();
        if !is_profile(&path) {
            continue;
        }
        let file = path.to_string_lossy().into_owned();
        let stem = path.file_stem().unwrap_or_default();
        // Two names that differ only in bytes which are no text would be one: neither has a name then.
        let name = stem.to_string_lossy().into_owned();
        let Some(text) = read(&path).transpose() else { continue };
        let draft = text.and_then(|text| {
            let name = stem.to_str().ok_or("the file's name is not UTF-8 text")?;
            check_name(name)?;
            Ok((name, text))
        });
        let draft = match draft {
            Ok((name, text)) => parse(name, &file, &text),
            Err(what) => Err(vec![Wrong { line: None, key: String::new(), what }]),
        };
        found.insert(name, Reading { file, draft });
    }
    Ok(found)
}

/// Whether a file is meant as a profile: what editors leave lying about is not.
fn is_profile(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    path.extension() == Some(OsStr::new("toml")) && !name.starts_with(b".")
}

/// Reads a file; `None` when it went away meanwhile.
fn read(path: &Path) -> Result<Option<String>, String> {
    let unreadable = |error: io::Error| format!("it cannot be read: {error}");
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return match fs::read_link(path) {
                Ok(target) => {
                    let target = target.to_string_lossy();
                    Err(format!("it is a link to '{}', which is not there", shown(&target)))
                }
                Err(_) => Ok(None),
            };
        }
        Err(error) => return Err(unreadable(error)),
    };
    if metadata.is_dir() {
        return Err("it is a directory: a profile is a file".to_owned());
    }
    // A pipe would be waited for.
    if !metadata.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    let mut bytes = Vec::new();
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err("it is larger than 1 MiB, the most that a profile may be".to_owned());
    }
    String::from_utf8(bytes).map(Some).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = valid.split(|byte| *byte == b'\n').count();
        format!("it is not UTF-8 text, from line {line} on")
    })
}
