//! The picture of an application.

use crate::model::App;

/// The name of a picture that this theme has: what the application claims, else what its names suggest.
///
/// The claim is untrusted: only names are taken, never paths.
pub(super) fn name(app: &App) -> String {
    const FALLBACK: &str = "audio-x-generic-symbolic";
    let Some(display) = gtk::gdk::Display::default() else { return FALLBACK.to_owned() };
    let theme = gtk::IconTheme::for_display(&display);
    let lower = app.name.to_lowercase();
    [app.icon.as_str(), app.key.as_str(), lower.as_str()]
        .into_iter()
        .find(|name| is_icon_name(name) && theme.has_icon(name))
        .unwrap_or(FALLBACK)
        .to_owned()
}

fn is_icon_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 128
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.+".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_no_icon_name() {
        assert!(is_icon_name("org.mozilla.firefox"));
        assert!(!is_icon_name("/etc/passwd"));
        assert!(!is_icon_name("../x"));
        assert!(!is_icon_name(""));
    }
}
