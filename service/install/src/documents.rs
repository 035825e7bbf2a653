//! What the programs bring for the person in front of them: manual pages and shells' completions, which the
//! command line makes from the definition that it parses with. Pure.

/// Manual pages and completions, each with its file name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Documents {
    /// Manual pages of the first section.
    pub pages: Vec<(String, Vec<u8>)>,
    /// Completions for Bash.
    pub bash: Vec<u8>,
    /// For Zsh.
    pub zsh: Vec<u8>,
    /// For Fish.
    pub fish: Vec<u8>,
}
