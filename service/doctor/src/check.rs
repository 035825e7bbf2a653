//! A check's outcome.

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// As it should be.
    Ok,
    /// Worth knowing; nothing is broken.
    Note,
    /// Broken.
    Bad,
}

impl Severity {
    /// Returns its name, for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Bad => "bad",
        }
    }
}

/// One check: what was found, what it means, what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Stable name, for programs.
    pub name: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What was found.
    pub found: String,
    /// What it means.
    pub means: String,
    /// What to do; empty when there is nothing to do.
    pub advice: String,
}

impl Check {
    /// Returns a check that is as it should be.
    pub(crate) fn ok(
        name: &'static str,
        found: impl Into<String>,
        means: impl Into<String>,
    ) -> Self {
        Self {
            name,
            severity: Severity::Ok,
            found: found.into(),
            means: means.into(),
            advice: String::new(),
        }
    }

    /// Returns a check that is worth knowing.
    pub(crate) fn note(
        name: &'static str,
        found: impl Into<String>,
        means: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        let (found, means, advice) = (found.into(), means.into(), advice.into());
        Self { name, severity: Severity::Note, found, means, advice }
    }

    /// Returns a check that is broken.
    pub(crate) fn bad(
        name: &'static str,
        found: impl Into<String>,
        means: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self { severity: Severity::Bad, ..Self::note(name, found, means, advice) }
    }
}
