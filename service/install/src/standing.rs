//! What stands at a path: nothing, a file of this content, a link to there. Two of them can be compared.

use std::{
    fmt::Write as _,
    io::{self, Read},
    path::{Path, PathBuf},
};

use headroom_profile::open_regular;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// What stands at a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Standing {
    /// Nothing.
    Nothing,
    /// A regular file.
    File {
        /// Of its content, in hexadecimal digits.
        sha256: String,
        /// Permission bits.
        mode: Mode,
    },
    /// A symbolic link.
    Link {
        /// As it is written, whether it leads anywhere or not.
        to: PathBuf,
    },
    /// A folder.
    Folder,
    /// A socket, a pipe or a device.
    Other,
}

impl Standing {
    /// Returns the standing of a file of these bytes.
    pub(crate) fn file(bytes: &[u8], mode: u32) -> Self {
        Self::File { sha256: hexadecimal(&Sha256::digest(bytes)), mode: Mode(mode) }
    }

    /// Returns whether both are the same but for permissions.
    pub(crate) fn has_content_of(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::File { sha256: a, .. }, Self::File { sha256: b, .. }) => a == b,
            (a, b) => a == b,
        }
    }
}

/// Permission bits; written as octal digits in a string, as people do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Mode(pub u32);

impl From<Mode> for String {
    fn from(mode: Mode) -> Self {
        format!("{:04o}", mode.0)
    }
}

impl TryFrom<String> for Mode {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match u32::from_str_radix(&text, 8) {
            Ok(mode) if mode <= 0o7777 => Ok(Self(mode)),
            _ => Err(format!("'{text}' is no file mode of four octal digits")),
        }
    }
}

/// Returns the SHA-256 of a file, in hexadecimal digits, and its length in bytes.
pub(crate) fn hash_file(path: &Path) -> io::Result<(String, u64)> {
    let mut file = open_regular(path)?;
    let mut hasher = Sha256::new();
    let mut piece = vec![0; 1 << 16];
    let mut length = 0;
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok((hexadecimal(&hasher.finalize()), length)),
            Ok(count) => {
                hasher.update(&piece[..count]);
                length += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-4's own example.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn a_file_is_known_by_its_hash() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("abc");
        std::fs::write(&path, "abc").unwrap();
        assert_eq!(hash_file(&path).unwrap(), (ABC.to_owned(), 3));
        assert_eq!(
            Standing::file(b"abc", 0o644),
            Standing::File { sha256: ABC.to_owned(), mode: Mode(0o644) }
        );
    }

    #[test]
    fn permissions_are_no_content() {
        let (a, b) = (Standing::file(b"x", 0o644), Standing::file(b"x", 0o600));
        assert!(a != b && a.has_content_of(&b));
        assert!(!a.has_content_of(&Standing::file(b"y", 0o644)));
        assert!(!a.has_content_of(&Standing::Nothing));
    }

    #[test]
    fn modes_are_read_back_and_checked() {
        assert_eq!(String::from(Mode(0o755)), "0755");
        assert_eq!(Mode::try_from("0755".to_owned()), Ok(Mode(0o755)));
        for bad in ["", "0999", "rwx", "77777"] {
            assert!(Mode::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
