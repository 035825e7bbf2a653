//! The lines above the gauges: state, profile, device, problems.

use super::painter::{Look, Painter};
use crate::{
    monitor::model::{Link, Model, Output},
    status::state_text,
};

/// Returns what is the case, in a line, and how it is to be shown.
pub(crate) fn banner(model: &Model) -> (String, Look) {
    match &model.link {
        Link::Unknown => ("Looking for the service ...".to_owned(), Look::Plain),
        Link::Away => {
            let text =
                "OFFLINE: the service is not running, sound is not processed; waiting for it";
            (text.to_owned(), Look::Alarm)
        }
        Link::Trouble(sentence) => {
            (format!("TROUBLE: {}", sentence.lines().next().unwrap_or_default()), Look::Alarm)
        }
        Link::Up => match model.state.as_str() {
            "running" if !model.bypass => (state_text("running"), Look::Good),
            "running" | "bypassed" => {
                ("BYPASSED: everything goes straight to the device".to_owned(), Look::Alarm)
            }
            "safe-mode" => (
                "SAFE MODE: stepped aside after failures; b: protect again".to_owned(),
                Look::Alarm,
            ),
            other => (state_text(other), Look::Alarm),
        },
    }
}

/// Draws state and profile.
pub(crate) fn draw_state(painter: &mut Painter<'_>, y: u16, model: &Model) {
    let width = painter.area.width;
    let (text, look) = banner(model);
    let profile = match (model.profile.as_str(), model.changed_settings) {
        ("", _) => String::new(),
        (name, 0) => format!("profile {name}"),
        (name, 1) => format!("profile {name}, 1 setting changed"),
        (name, changed) => format!("profile {name}, {changed} settings changed"),
    };
    let alarm = look == Look::Alarm;
    let padded = if alarm { format!(" {text} ") } else { text };
    let taken = painter.text(0, y, width, &padded, look);
    let left = width.saturating_sub(taken + 2);
    // Better no profile than a word of it.
    if left >= 16 && !profile.is_empty() {
        painter.right(taken + 2, y, left, &profile, Look::Strong);
    }
}

/// Draws the device and what Headroom costs.
pub(crate) fn draw_device(painter: &mut Painter<'_>, y: u16, output: &Output) {
    let width = painter.area.width;
    let text = match output.name.as_str() {
        "" => "No device".to_owned(),
        name => name.to_owned(),
    };
    let mut facts = Vec::new();
    if output.rate_hz > 0 {
        facts.push(format!("{} Hz", output.rate_hz));
    }
    if output.quantum > 0 {
        facts.push(format!("quantum {}", output.quantum));
    }
    if output.latency_ms > 0.0 {
        facts.push(format!("adds {:.2} ms", output.latency_ms));
    }
    let facts = facts.join(", ");
    let name_limit = width.saturating_sub(facts.chars().count() as u16 + 2).max(width / 3);
    let taken = painter.text(0, y, name_limit, &text, Look::Plain);
    painter.text(taken + 2, y, width, &facts, Look::Faint);
}

/// Draws how many problems there are, and the first.
pub(crate) fn draw_problems(painter: &mut Painter<'_>, y: u16, model: &Model) {
    let Some(first) = model.problems.first() else { return };
    let width = painter.area.width;
    let count = match model.problems.len() {
        1 => "Problem".to_owned(),
        count => format!("{count} problems"),
    };
    let hint = "  (x: read)";
    let room = width.saturating_sub(hint.len() as u16);
    let taken =
        painter.text(0, y, room, &format!("{count}: {}", first_sentence(&first.text)), Look::Bad);
    painter.text(taken, y, width, hint, Look::Faint);
}

/// Returns a text up to its first full stop.
fn first_sentence(text: &str) -> &str {
    text.find(". ").map_or(text, |end| &text[..=end])
}
