//! What lies over the streams: help, problems, profiles, the explanation of a stream.

use headroom_api::Treatment;

use super::{
    painter::{Look, Painter},
    text::{gain_db, wrap},
};
use crate::{
    explain,
    monitor::model::{Model, Pane, TREATMENTS},
};

const HELP: &[(&str, &str)] = &[
    ("Up, k / Down, j", "select a stream; PgUp, PgDn, Home, End"),
    ("r, Enter, Space", "choose what the selected application gets; Enter stores it"),
    ("u", "forget your choice for it: the profile decides again"),
    ("b", "bypass: everything straight to the device, and back"),
    ("p", "choose a profile"),
    ("e", "explain why the stream has its route"),
    ("x", "read all problems"),
    ("Ctrl-L, Ctrl-Z", "draw anew, suspend"),
    ("Esc", "close what lies over the streams"),
    ("q, Ctrl-C", "quit"),
    ("", ""),
    ("LEVEL", "mean (dark) and peak (light), -60 to +6 dBFS"),
    ("Changed most", "of the applications that are heard, the one that is changed the most"),
    ("Last catch", "the last blast or peak that was held, at its deepest"),
    ("NOW", "how much it is raised or turned down, in dB, and what does most of it"),
    ("True peak", "held for 1.5 s; max since the chain started, of the ceiling"),
];

/// Returns what a treatment does, in a few words.
fn what_it_does(treatment: Treatment) -> &'static str {
    match treatment {
        Treatment::Automatic => "the profile decides",
        Treatment::EvenOut => "brought to the same loudness as the others",
        Treatment::LimitOnly => "its loudness stays; cap and limiter hold it",
        Treatment::LeaveAlone => "straight to the device",
    }
}

/// Returns the title and the lines of the open pane; a line may carry the cursor.
fn content(model: &Model, width: u16) -> Option<(String, Vec<(String, bool)>)> {
    let pairs = |pairs: Vec<(String, String)>| {
        let name_width = if width >= 50 { 17 } else { 0 };
        let mut lines = Vec::new();
        for (name, text) in pairs {
            let wrapped = if name_width > 0 {
                wrap(&text, usize::from(width).saturating_sub(name_width))
            } else {
                wrap(&format!("{name}  {text}"), usize::from(width))
            };
            for (index, line) in wrapped.into_iter().enumerate() {
                let name = if index == 0 && name_width > 0 { name.as_str() } else { "" };
                lines.push((format!("{name:<name_width$}{line}"), false));
            }
        }
        lines
    };
    Some(match &model.pane {
        Pane::None => return None,
        Pane::Help => {
            let help = HELP.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned()));
            ("Help".to_owned(), pairs(help.collect()))
        }
        Pane::Problems => {
            let mut lines = Vec::new();
            for problem in &model.problems {
                let (subject, text) = (&problem.subject, &problem.text);
                let text = if subject.is_empty() || text.contains(subject) {
                    text.clone()
                } else {
                    format!("{subject}: {text}")
                };
                lines.extend(wrap(&text, usize::from(width)).into_iter().map(|line| (line, false)));
                lines.push((String::new(), false));
            }
            if lines.is_empty() {
                lines.push(("There are no problems.".to_owned(), false));
            }
            ("Problems".to_owned(), lines)
        }
        Pane::Profiles(cursor) => {
            let lines = model.profiles.iter().map(|(name, description)| {
                let mark = if *name == model.profile { '*' } else { ' ' };
                (format!("{mark} {name:<18} {description}"), name == cursor)
            });
            ("Profiles: Enter switches, Esc leaves it as it is".to_owned(), lines.collect())
        }
        Pane::Treatments { app, treatment: cursor, offset_db } => {
            let lines = TREATMENTS.map(|treatment| {
                (
                    format!("{:<12} {}", treatment.as_str(), what_it_does(treatment)),
                    treatment == *cursor,
                )
            });
            let offset = match offset_db {
                db if db.abs() < 0.05 => String::new(),
                db => format!(", {} dB", gain_db(*db)),
            };
            let title = format!("{app}{offset}: Enter stores it, Esc leaves it as it is");
            (title, lines.to_vec())
        }
        Pane::Explain(_, None) => ("Why".to_owned(), vec![("Asking ...".to_owned(), false)]),
        Pane::Explain(_, Some(told)) => {
            let lines = explain::lines(told, None).into_iter();
            ("Why".to_owned(), pairs(lines.map(|(name, text)| (name.to_owned(), text)).collect()))
        }
    })
}

/// Returns how far the open pane can be scrolled on a screen of some width, in lines.
pub(crate) fn last_first(model: &Model, width: u16, rows: u16) -> usize {
    let lines = content(model, width).map_or(0, |(_, lines)| lines.len());
    lines.saturating_sub(usize::from(rows.saturating_sub(1)))
}

/// Draws the open pane over some rows.
pub(crate) fn draw(painter: &mut Painter<'_>, y: u16, rows: u16, model: &Model) {
    let width = painter.area.width;
    let Some((title, lines)) = content(model, width) else { return };
    let page = usize::from(rows.saturating_sub(1));
    let cursor = lines.iter().position(|(_, has_cursor)| *has_cursor);
    let first = match cursor {
        Some(cursor) => (cursor + 1).saturating_sub(page),
        None => model.pane_first.min(lines.len().saturating_sub(page)),
    };
    let below = lines.len().saturating_sub(first + page);
    let hint = match (cursor, below) {
        (None, 0) => "Esc closes".to_owned(),
        (None, below) => format!("{below} more below; Esc closes"),
        (Some(_), _) => String::new(),
    };
    let taken = painter.text(0, y, width, &title, Look::Strong);
    painter.text(taken + 2, y, width, &hint, Look::Faint);
    for (row, (line, has_cursor)) in lines.iter().skip(first).take(page).enumerate() {
        let y = y + 1 + row as u16;
        let text = if cursor.is_some() {
            format!("{} {line}", if *has_cursor { '>' } else { ' ' })
        } else {
            line.clone()
        };
        painter.text(0, y, width, &text, Look::Plain);
        if *has_cursor {
            painter.row(y, Look::Selected);
        }
    }
}
