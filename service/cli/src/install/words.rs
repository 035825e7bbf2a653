//! What is about to be done, in words.

use super::{Site, standing::Standing, step::Step, undo::Left};
use crate::output::{BAD, Cell, FAINT, HEADING, Printer};

/// Prints the changes, one a line.
pub(crate) fn print(steps: &[Step], site: &Site, printer: &mut Printer) {
    let rows: Vec<_> = steps.iter().filter_map(|step| row(step, site)).collect();
    let cells: Vec<Vec<Cell>> = rows
        .into_iter()
        .map(|(verb, path, note)| {
            vec![
                Cell::new(format!("  {verb}")).styled(HEADING),
                Cell::sentence(path),
                Cell::sentence(note).styled(FAINT),
            ]
        })
        .collect();
    printer.table(&[], &cells);
}

/// Prints what is left alone, and why.
pub(crate) fn print_left(left: &[Left], site: &Site, printer: &mut Printer) {
    for left in left {
        printer.styled_line(format!("Left: {}: {}.", site.short(&left.path), left.why), BAD);
    }
}

fn row(step: &Step, site: &Site) -> Option<(&'static str, String, String)> {
    let folder = |path| format!("{}/", site.short(path));
    Some(match step {
        // It is said once, below the list.
        Step::Keep { .. } | Step::Record(_) => return None,
        Step::MakeFolder { path, .. } => ("make", folder(path), String::new()),
        Step::Write { path, content, purpose, was, .. } => {
            let length = content.length().map(size).unwrap_or_default();
            let note = format!("{purpose}, {length}{}", instead(was));
            ("write", site.short(path), note)
        }
        Step::Link { path, purpose, was, .. } => {
            ("link", site.short(path), format!("{purpose}{}", instead(was)))
        }
        Step::Edit(edit) => {
            let lines = edit.block.lines().count();
            let note = format!("{lines} lines between markers add ~/.local/bin to PATH");
            ("edit", site.short(&edit.path), note)
        }
        Step::Restore(entry) => match &entry.before {
            Standing::Nothing => ("remove", site.short(&entry.path), String::new()),
            _ => ("restore", site.short(&entry.path), "what stood there before".to_owned()),
        },
        Step::Cut(edit) => ("edit", site.short(&edit.path), "our lines go".to_owned()),
        Step::RemoveOwn { path, .. } => {
            ("remove", folder(path), "what the service remembers".to_owned())
        }
        Step::RemoveFolder(path) => ("remove", folder(path), "if it is empty".to_owned()),
        Step::Forget { manifest, .. } => {
            ("remove", site.short(manifest), "the record of all this".to_owned())
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
    use super::size;

    #[test]
    fn lengths_are_told_in_units_that_fit() {
        assert_eq!(size(999), "999 bytes");
        assert_eq!(size(1_500), "1.5 kB");
        assert_eq!(size(12_340_000), "12.3 MB");
    }
}
