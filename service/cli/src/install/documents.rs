//! What the programs bring for the person in front of them: manual pages and shells' completions, from the definition
//! that the command line parses with. Pure.

use crate::{failure::Failure, man, shell};

/// Manual pages and completions, each with its file name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Documents {
    pub(crate) pages: Vec<(String, Vec<u8>)>,
    pub(crate) bash: Vec<u8>,
    pub(crate) zsh: Vec<u8>,
    pub(crate) fish: Vec<u8>,
}

impl Documents {
    /// Writes them all.
    pub(crate) fn new() -> Result<Self, Failure> {
        Ok(Self {
            pages: man::all()?,
            bash: shell::script(shell::Shell::Bash),
            zsh: shell::script(shell::Shell::Zsh),
            fish: shell::script(shell::Shell::Fish),
        })
    }
}
