//! What is about to be done, in words.

use std::path::Path;

use headroom_install::{Left, Site, Standing, Step};

use crate::output::{BAD, Cell, FAINT, HEADING, Printer};

/// So many files of a kind in a folder take one line of the list; their names follow it.
const MANY: usize = 5;
/// Width of the lines with such names, in characters.
const COLUMNS: usize = 96;

/// Prints the changes, one a line, and names every path.
pub(crate) fn print(steps: &[Step], site: &Site, printer: &mut Printer) {
    let rows: Vec<_> = steps.iter().filter_map(|step| row(step, site)).collect();
    let (rows, names): (Vec<_>, Vec<_>) = rows.chunk_by(Row::joins).flat_map(gathered).unzip();
    let cells: Vec<_> = rows.iter().map(Row::cells).collect();
    printer.table(&[], &cells);
    for line in names.iter().flatten() {
        printer.styled_line(line, FAINT);
    }
}

/// A line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    verb: &'static str,
    /// With a slash at the end when it is a folder.
    path: String,
    note: String,
    length: Option<u64>,
    instead: &'static str,
}

impl Row {
    fn new(verb: &'static str, path: String, note: impl Into<String>) -> Self {
        Self { verb, path, note: note.into(), length: None, instead: "" }
    }

    /// Returns the folder with its slash, and the name in it.
    fn split(&self) -> (&str, &str) {
        self.path.split_at(self.path.rfind('/').map_or(0, |slash| slash + 1))
    }

    fn is_folder(&self) -> bool {
        self.path.ends_with('/')
    }

    /// Returns whether the next row can be told with this one: a file of the same kind beside it, or a folder that is
    /// right in it or right above it.
    fn joins(&self, next: &Self) -> bool {
        let above = |row: &Self| Path::new(&row.path).parent().map(Path::to_owned);
        (self.verb, &self.note, self.instead) == (next.verb, &next.note, next.instead)
            && match (self.is_folder(), next.is_folder()) {
                (true, true) => {
                    above(next).is_some_and(|above| above == Path::new(&self.path))
                        || above(self).is_some_and(|above| above == Path::new(&next.path))
                }
                (false, false) => self.split().0 == next.split().0,
                _ => false,
            }
    }

    fn cells(&self) -> Vec<Cell> {
        let length = self.length.map(size).unwrap_or_default();
        let parts: Vec<_> =
            [&self.note, &length].into_iter().filter(|part| !part.is_empty()).cloned().collect();
        vec![
            Cell::new(format!("  {}", self.verb)).styled(HEADING),
            Cell::sentence(&self.path),
            Cell::sentence(format!("{}{}", parts.join(", "), self.instead)).styled(FAINT),
        ]
    }
}

/// Returns rows that join as they are, or as one, with the lines that name them all.
fn gathered(rows: &[Row]) -> Vec<(Row, Vec<String>)> {
    if rows.len() > 1 && rows[0].is_folder() {
        let ends = [&rows[0], &rows[rows.len() - 1]];
        let deepest = if ends[0].path.len() > ends[1].path.len() { ends[0] } else { ends[1] };
        let comma = if deepest.note.is_empty() { "" } else { ", " };
        let note = format!("{}{comma}with {} above it", deepest.note, rows.len() - 1);
        return vec![(Row { note, ..deepest.clone() }, Vec::new())];
    }
    if rows.len() < MANY {
        return rows.iter().map(|row| (row.clone(), Vec::new())).collect();
    }
    let first = &rows[0];
    let folder = first.split().0;
    let colon = if first.note.is_empty() { "" } else { ": " };
    let whole = Row {
        path: folder.to_owned(),
        note: format!("{} files{colon}{}", rows.len(), first.note),
        length: rows.iter().map(|row| row.length).sum(),
        ..first.clone()
    };
    let mut lines = vec![format!("  In {folder}:")];
    for row in rows {
        let (name, last) = (row.split().1, lines.len() - 1);
        if lines[last].chars().count() + 1 + name.chars().count() > COLUMNS {
            lines.push(format!("    {name}"));
        } else {
            lines[last].push(' ');
            lines[last].push_str(name);
        }
    }
    vec![(whole, lines)]
}

/// Prints what is left alone, and why.
pub(crate) fn print_left(left: &[Left], site: &Site, printer: &mut Printer) {
    for left in left {
        printer.styled_line(format!("Left: {}: {}.", site.short(&left.path), left.why), BAD);
    }
}

fn row(step: &Step, site: &Site) -> Option<Row> {
    let folder = |path| format!("{}/", site.short(path));
    Some(match step {
        // It is said once, below the list.
        Step::Keep { .. } | Step::Record(_) => return None,
        Step::MakeFolder { path, .. } => Row::new("make", folder(path), ""),
        Step::Write { path, content, purpose, was, .. } => Row {
            length: content.length().ok(),
            instead: instead(was),
            ..Row::new("write", site.short(path), *purpose)
        },
        Step::Link { path, purpose, was, .. } => {
            Row { instead: instead(was), ..Row::new("link", site.short(path), *purpose) }
        }
        Step::Edit(edit) => {
            let lines = edit.block.lines().count();
            let note = format!("{lines} lines between markers add ~/.local/bin to PATH");
            Row::new("edit", site.short(&edit.path), note)
        }
        Step::Restore(entry) => match &entry.before {
            Standing::Nothing => Row::new("remove", site.short(&entry.path), ""),
            _ => Row::new("restore", site.short(&entry.path), "what stood there before"),
        },
        Step::Cut(edit) => Row::new("edit", site.short(&edit.path), "our lines go"),
        Step::RemoveOwn { path, .. } => {
            Row::new("remove", folder(path), "what the service remembers")
        }
        Step::RemoveFolder(path) => Row::new("remove", folder(path), "if it is empty"),
        Step::Forget { manifest, .. } => {
            Row::new("remove", site.short(manifest), "the record of all this")
        }
    })
}

fn instead(was: &Standing) -> &'static str {
    match was {
        Standing::Nothing => "",
        _ => ", instead of what is there",
    }
}

/// Returns a length for people.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(path: &str) -> Row {
        Row { length: Some(1_000), ..Row::new("write", path.to_owned(), "manual pages") }
    }

    #[test]
    fn many_files_of_a_kind_are_one_row_that_names_each() {
        let paths: Vec<_> = (0..30).map(|page| format!("~/man/headroom-{page}.1")).collect();
        let mut rows: Vec<_> = paths.iter().map(|path| row(path)).collect();
        rows.push(row("~/other/x.1"));
        rows.push(Row { verb: "link", ..row("~/other/y.1") });
        let told: Vec<_> = rows.chunk_by(Row::joins).flat_map(gathered).collect();
        assert_eq!(told.len(), 3, "{told:?}");
        let (whole, lines) = &told[0];
        assert_eq!((whole.path.as_str(), whole.length), ("~/man/", Some(30_000)));
        assert_eq!(whole.note, "30 files: manual pages");
        let words: Vec<_> = lines.iter().flat_map(|line| line.split_whitespace()).collect();
        assert_eq!(words[..2], ["In", "~/man/:"]);
        assert!(words[2..].iter().zip(&paths).all(|(word, path)| path.ends_with(word)));
        assert_eq!(words.len(), 32);
        assert!(lines.iter().all(|line| line.len() <= COLUMNS), "{lines:?}");
        assert_eq!(told[1], (rows[30].clone(), Vec::new()));
        // A few stay as they are.
        assert_eq!(gathered(&rows[..MANY - 1]).len(), MANY - 1);
    }

    #[test]
    fn a_folder_is_told_with_those_above_it() {
        let folder = |verb, path: &str, note| Row::new(verb, path.to_owned(), note);
        let told = |rows: &[Row]| -> Vec<_> {
            let told = rows.chunk_by(Row::joins).flat_map(gathered);
            told.map(|(row, _)| (row.path, row.note)).collect()
        };
        let pair = |path: &str, note: &str| (path.to_owned(), note.to_owned());
        let made = ["~/a/", "~/a/b/", "~/a/b/c/", "~/a/d/", "~/ad/"];
        assert_eq!(
            told(&made.map(|path| folder("make", path, ""))),
            [pair("~/a/b/c/", "with 2 above it"), pair("~/a/d/", ""), pair("~/ad/", "")]
        );
        let removed = ["~/a/d/", "~/a/b/c/", "~/a/b/", "~/a/"];
        assert_eq!(
            told(&removed.map(|path| folder("remove", path, "if it is empty"))),
            [pair("~/a/d/", "if it is empty"), pair("~/a/b/c/", "if it is empty, with 2 above it")]
        );
    }

    #[test]
    fn lengths_are_told_in_units_that_fit() {
        assert_eq!(size(999), "999 bytes");
        assert_eq!(size(1_500), "1.5 kB");
        assert_eq!(size(12_340_000), "12.3 MB");
    }
}
