//! A check's outcome, and how it is printed.

use serde_json::{Value, json};

use crate::output::{BAD, Cell, FAINT, GOOD, HEADING, NOTE, Printer};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// As it should be.
    Ok,
    /// Worth knowing; nothing is broken.
    Note,
    /// Broken.
    Bad,
}

impl Level {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Bad => "bad",
        }
    }
}

/// One check: what was found, what it means, what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Check {
    /// Stable name, for programs.
    pub(crate) name: &'static str,
    pub(crate) level: Level,
    pub(crate) found: String,
    pub(crate) means: String,
    /// Empty when there is nothing to do.
    pub(crate) advice: String,
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
            level: Level::Ok,
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
        Self { name, level: Level::Note, found, means, advice }
    }

    /// Returns a check that is broken.
    pub(crate) fn bad(
        name: &'static str,
        found: impl Into<String>,
        means: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self { level: Level::Bad, ..Self::note(name, found, means, advice) }
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "name": self.name,
            "level": self.level.as_str(),
            "found": self.found,
            "means": self.means,
            "advice": self.advice,
        })
    }
}

/// Prints the checks, and the sum of them.
pub(crate) fn print(printer: &mut Printer, checks: &[Check]) {
    let mut rows = Vec::new();
    for check in checks {
        let style = match check.level {
            Level::Ok => GOOD,
            Level::Note => NOTE,
            Level::Bad => BAD,
        };
        rows.push(vec![
            Cell::new(check.level.as_str()).styled(style),
            Cell::new(check.name).styled(HEADING),
            Cell::sentence(&check.found),
        ]);
        rows.push(vec![Cell::new(""), Cell::new(""), Cell::sentence(&check.means).styled(FAINT)]);
        if !check.advice.is_empty() {
            rows.push(vec![
                Cell::new(""),
                Cell::new(""),
                Cell::sentence(format!("To do: {}", check.advice)).styled(style),
            ]);
        }
    }
    printer.table(&[], &rows);
    let count = |level| checks.iter().filter(|check| check.level == level).count();
    printer.line("");
    match (count(Level::Bad), count(Level::Note)) {
        (0, 0) => printer.styled_line("All is well.", GOOD),
        (0, notes) => {
            printer.styled_line(format!("Nothing is broken; worth a look: {notes}."), NOTE);
        }
        (bad, _) => printer.styled_line(format!("Broken: {bad}."), BAD),
    }
}
