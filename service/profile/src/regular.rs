//! Files that a person or the environment names: a file is read, and nothing that would be waited for.

use std::{
    fs::{self, File, FileType, OpenOptions},
    io::{Error, ErrorKind, Read, Result},
    os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _},
    path::Path,
};

use rustix::fs::OFlags;

/// Opens a regular file for reading; links are followed. It never waits for a writer or a device.
///
/// # Errors
/// When it cannot be opened, or is anything but a regular file: the error says what it is.
pub fn open_regular(path: &Path) -> Result<File> {
    // Opening alone can make a device do something.
    check(fs::metadata(path)?.file_type())?;
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    // Another may stand there by now.
    check(file.metadata()?.file_type())?;
    Ok(file)
}

/// Reads a regular file of up to so many bytes; links are followed.
///
/// # Errors
/// As [`open_regular`]; `FileTooLarge` when it is longer, of which nothing is kept.
pub fn read_regular(path: &Path, most_bytes: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_regular(path)?.take(most_bytes.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most_bytes {
        let sentence = format!("it is longer than {most_bytes} bytes, the most that is read");
        return Err(Error::new(ErrorKind::FileTooLarge, sentence));
    }
    Ok(bytes)
}

/// Reads a regular file of up to so many bytes as text.
///
/// # Errors
/// As [`read_regular`]; `InvalidData` when it is not UTF-8.
pub fn read_regular_text(path: &Path, most_bytes: u64) -> Result<String> {
    let text = String::from_utf8(read_regular(path, most_bytes)?);
    text.map_err(|_| Error::new(ErrorKind::InvalidData, "it is not UTF-8 text"))
}

fn check(kind: FileType) -> Result<()> {
    let (error, what) = match kind {
        kind if kind.is_file() => return Ok(()),
        kind if kind.is_dir() => (ErrorKind::IsADirectory, "a directory"),
        kind if kind.is_fifo() => (ErrorKind::InvalidInput, "a named pipe"),
        kind if kind.is_socket() => (ErrorKind::InvalidInput, "a socket"),
        _ => (ErrorKind::InvalidInput, "a device"),
    };
    Err(Error::new(error, format!("it is {what} and not a regular file")))
}

#[cfg(test)]
mod tests {
    use std::{os::unix::net::UnixListener, path::PathBuf};

    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::*;

    fn refusal(path: impl Into<PathBuf>) -> String {
        open_regular(&path.into()).unwrap_err().to_string()
    }

    #[test]
    fn everything_but_a_regular_file_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        let _socket = UnixListener::bind(folder.path().join("socket")).unwrap();
        // Without a writer, whoever opens a pipe to read from it waits for ever.
        assert!(refusal(&pipe).contains("a named pipe"));
        assert!(refusal(folder.path().join("socket")).contains("a socket"));
        assert!(refusal(folder.path()).contains("a directory"));
        assert!(refusal("/dev/zero").contains("a device"));
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&pipe, &link).unwrap();
        assert!(refusal(&link).contains("a named pipe"));
        assert_eq!(open_regular(Path::new("/none")).unwrap_err().kind(), ErrorKind::NotFound);
    }

    #[test]
    fn files_over_the_limit_are_refused_and_those_at_it_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "12345").unwrap();
        assert_eq!(read_regular(&path, 5).unwrap(), b"12345");
        let error = read_regular(&path, 4).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FileTooLarge);
        assert!(error.to_string().contains("4 bytes"), "{error}");
        fs::write(&path, [0xff]).unwrap();
        assert_eq!(read_regular_text(&path, 5).unwrap_err().kind(), ErrorKind::InvalidData);
    }
}
