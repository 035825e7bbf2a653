//! `headroom profile migrate`: a profile of an earlier version, rewritten; no service is needed.

use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use headroom_profile::{Migrated, migrate, read_regular_text};
use serde_json::json;

use crate::{
    args::MigrateArgs,
    failure::Failure,
    output::{BAD, FAINT, GOOD, Printer},
};

/// The most lines of a file of which it is shown what becomes of each.
const MOST_COMPARED: usize = 2000;
/// The largest file that can be a profile, in bytes.
const MOST_BYTES: u64 = 1 << 20;

/// Rewrites one file, or says how it would be rewritten.
pub(crate) fn run(args: &MigrateArgs) -> Result<ExitCode, Failure> {
    let name = args.file.display().to_string();
    let refuse = |why: String| Failure::Refused(format!("{name}: {why}"));
    // What a link points to is written, not the link.
    let path =
        fs::canonicalize(&args.file).map_err(|error| refuse(format!("cannot be read: {error}")))?;
    let old = read_regular_text(&path, MOST_BYTES)
        .map_err(|error| refuse(format!("cannot be read: {error}")))?;
    let Migrated { text: new, changes } =
        migrate(&old).map_err(|error| refuse(format!("{error}. Nothing was changed.")))?;
    let writes = !args.dry_run && !changes.is_empty();
    if writes {
        replace(&path, &new).map_err(|error| refuse(format!("cannot be written: {error}")))?;
    }
    let mut printer = Printer::new();
    if args.json {
        printer.json(&json!({"file": name, "changes": changes, "written": writes}));
    } else {
        print(&mut printer, &name, (&old, &new), &changes, writes);
    }
    printer.finish()?;
    Ok(ExitCode::SUCCESS)
}

fn print(
    printer: &mut Printer,
    name: &str,
    (old, new): (&str, &str),
    changes: &[String],
    was_written: bool,
) {
    if changes.is_empty() {
        return printer.line(format!("{name} is up to date; nothing was changed."));
    }
    for line in difference(old, new) {
        match line {
            Line::Gone(text) => printer.styled_line(format!("- {text}"), BAD),
            Line::Came(text) => printer.styled_line(format!("+ {text}"), GOOD),
        }
    }
    printer.line("");
    for change in changes {
        printer.line(format!("{change}."));
    }
    if was_written {
        printer.line(format!("{name} is rewritten."));
    } else {
        printer.styled_line(format!("{name} stays as it is: this is a dry run."), FAINT);
    }
}

/// Replaces a file whole, with the permissions that it has.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().map_or_else(|| PathBuf::from("/"), Path::to_owned);
    let mut draft = tempfile::Builder::new().prefix(".migrate-").tempfile_in(folder)?;
    draft.write_all(text.as_bytes())?;
    draft.as_file().set_permissions(fs::metadata(path)?.permissions())?;
    draft.as_file().sync_all()?;
    draft.persist(path)?;
    Ok(())
}

#[derive(Debug, PartialEq, Eq)]
enum Line<'a> {
    Gone(&'a str),
    Came(&'a str),
}

/// Returns the lines that differ, in order, by the longest common subsequence; none of texts that are
/// too long to compare.
fn difference<'a>(old: &'a str, new: &'a str) -> Vec<Line<'a>> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    if old.len() > MOST_COMPARED || new.len() > MOST_COMPARED {
        return Vec::new();
    }
    let width = new.len() + 1;
    // How many lines the rests after each pair of places have in common.
    let mut common = vec![0_u16; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i * width + j] = if old[i] == new[j] {
                common[(i + 1) * width + j + 1] + 1
            } else {
                common[(i + 1) * width + j].max(common[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j, mut lines) = (0, 0, Vec::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            (i, j) = (i + 1, j + 1);
        } else if i < old.len()
            && (j == new.len() || common[(i + 1) * width + j] >= common[i * width + j + 1])
        {
            lines.push(Line::Gone(old[i]));
            i += 1;
        } else {
            lines.push(Line::Came(new[j]));
            j += 1;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_that_differ_are_shown_in_order() {
        let (old, new) = ("a\n[agc]\nb\nc\n", "a\n[leveller]\nb\nd\n");
        let lines = difference(old, new);
        let expected =
            [Line::Gone("[agc]"), Line::Came("[leveller]"), Line::Gone("c"), Line::Came("d")];
        assert_eq!(lines, expected);
        assert_eq!(difference("x\n", "x\n"), []);
    }
}
