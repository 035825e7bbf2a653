//! Hides what of a path is a person's own.

use super::{Kind, form, is_mark};

/// Folders of the system, in which a plain path says nothing about a person.
const SYSTEM: [&str; 13] = [
    "/usr",
    "/etc",
    "/bin",
    "/sbin",
    "/lib",
    "/lib64",
    "/opt",
    "/proc",
    "/app",
    "/var/lib/flatpak",
    "/dev/snd",
    "/org/freedesktop",
    "/org/headroom",
];
/// What stays of a path below the home.
const BELOW_HOME: [&str; 16] = [
    ".config/headroom",
    ".config/systemd/user",
    ".config/autostart",
    ".config/pipewire",
    ".config/wireplumber",
    ".local/bin",
    ".local/libexec/headroom",
    ".local/share/applications",
    ".local/share/dbus-1",
    ".local/share/flatpak/exports",
    ".local/share/headroom",
    ".local/share/systemd/user",
    ".local/state/headroom",
    ".local/state/wireplumber",
    ".profile",
    ".var/app/com.example.Headroom",
];

/// Returns a text in which each absolute path has only what may be known of it.
pub(super) fn paths(
    text: &str,
    homes: &[String],
    mark: &mut impl FnMut(Kind, &str) -> char,
) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(begin) = start(rest, &result) {
        result.push_str(&rest[..begin]);
        let clause = clause(&rest[begin..]);
        let path = &clause[..length(clause)];
        // Where a path is somebody's own, so is what could be its end.
        let path = if is_known(path, homes) { path } else { &clause[..longest(clause)] };
        rest = &rest[begin + path.len()..];
        result.push_str(&shown(path, homes, mark));
    }
    result.push_str(rest);
    result
}

/// Returns where the next path begins: at a slash, or a tilde before it, that no word ends with.
fn start(text: &str, before: &str) -> Option<usize> {
    text.match_indices('/').find_map(|(index, _)| {
        let begin = if text[..index].ends_with('~') { index - 1 } else { index };
        let previous = text[..begin].chars().next_back().or_else(|| before.chars().next_back());
        let is_open = previous.is_none_or(|letter| {
            !letter.is_alphanumeric() && !is_mark(letter) && !"/._-~".contains(letter)
        });
        let next = text[index + 1..].chars().next();
        let is_path = next.is_some_and(|next| !next.is_whitespace() && next != '/');
        (is_open && is_path).then_some(begin)
    })
}

/// Returns the text up to where a path in it must have ended.
fn clause(text: &str) -> &str {
    text.char_indices()
        .find(|(index, letter)| {
            let is_last =
                || text[index + letter.len_utf8()..].chars().next().is_none_or(char::is_whitespace);
            matches!(letter, '\'' | '"' | '`' | '\n' | ';' | '|' | '(' | ')')
                || (matches!(letter, ',' | ':') && is_last())
        })
        .map_or(text, |(end, _)| &text[..end])
}

/// Returns the length of the path at the start of a clause; blanks within it are guessed.
fn length(clause: &str) -> usize {
    let mut end = clause.find(char::is_whitespace).unwrap_or(clause.len());
    if has_extension(&clause[..end]) {
        return without_stop(&clause[..end]);
    }
    // A later word with a slash or an extension belongs to the path: "/mnt/My disk/a file.txt".
    let mut at = end;
    for word in clause[end..longest(clause).max(end)].split_inclusive(char::is_whitespace) {
        at += word.len();
        if word.contains('/') || has_extension(word.trim_end()) {
            end = clause[..at].trim_end().len();
        }
    }
    without_stop(&clause[..end])
}

/// Returns the length of everything at the start of a clause that could be of its path: in what others wrote, all up to
/// the next path or option. Where a path of our own sentences ends, its quotation marks say.
fn longest(clause: &str) -> usize {
    let mut end = 0;
    for word in clause.split_inclusive(char::is_whitespace) {
        let bare = word.trim_end();
        if end > 0 && bare.starts_with(['/', '-', '~']) {
            break;
        }
        end += word.len();
    }
    without_stop(clause[..end].trim_end())
}

fn without_stop(text: &str) -> usize {
    text.trim_end_matches(['.', ',', ':']).len()
}

/// Returns whether all of a path may be known, but for who the home belongs to.
fn is_known(path: &str, homes: &[String]) -> bool {
    let mut is_hidden = false;
    shown(path, homes, &mut |kind, _| {
        is_hidden |= kind == Kind::Path;
        ' '
    });
    !is_hidden
}

/// Returns what may be known of one path.
pub(super) fn shown(
    path: &str,
    homes: &[String],
    mark: &mut impl FnMut(Kind, &str) -> char,
) -> String {
    let below = |folder: &str| {
        path.strip_prefix(folder).filter(|tail| tail.is_empty() || tail.starts_with('/'))
    };
    let homes = homes.iter().map(String::as_str).chain(["~"]);
    if let Some(tail) = homes.into_iter().find_map(below) {
        let home = mark(Kind::Home, "home").to_string();
        let tail = tail.trim_start_matches('/');
        let is_known = BELOW_HOME.iter().any(|folder| is_below(tail, folder));
        return match tail {
            "" => home,
            tail if is_known && is_plain(tail) => format!("{home}/{tail}"),
            tail => format!("{home}/{}", mark(Kind::Path, tail)),
        };
    }
    if let Some(tail) = below("/run/user") {
        let tail = tail.trim_start_matches('/');
        let (_, tail) = tail.split_once('/').unwrap_or((tail, ""));
        let user = format!("/run/user/{}", mark(Kind::User, "user"));
        return match tail {
            "" => user,
            tail if is_plain(tail) => format!("{user}/{tail}"),
            tail => format!("{user}/{}", mark(Kind::Path, tail)),
        };
    }
    if SYSTEM.iter().any(|folder| is_below(path.trim_start_matches('/'), &folder[1..]))
        && is_plain(path)
    {
        return path.to_owned();
    }
    mark(Kind::Path, path).to_string()
}

/// Returns whether a word ends as files do.
fn has_extension(word: &str) -> bool {
    word.trim_end_matches(['.', ',', ':']).rsplit_once('.').is_some_and(|(name, extension)| {
        !name.is_empty()
            && (2..=7).contains(&extension.len())
            && extension
                .chars()
                .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit())
    })
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|tail| tail.is_empty() || tail.starts_with('/'))
}

/// Returns whether every part of a path is a name that a program would choose.
fn is_plain(path: &str) -> bool {
    path.split('/').all(|part| {
        part.is_empty()
            || part.chars().all(|letter| {
                is_mark(letter) || form::is_word_letter(letter) || letter.is_ascii_uppercase()
            })
    })
}
