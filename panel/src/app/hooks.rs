//! Ways for tests to see the window as it is for others.

/// Text size against the usual one, such as `2` or `1.5`.
const TEXT_SCALE: &str = "HEADROOM_PANEL_TEXT_SCALE";
/// `1` turns the window around, as for languages written from the right.
const RIGHT_TO_LEFT: &str = "HEADROOM_PANEL_RTL";
/// Width and height of the window, such as `360x640`.
const SIZE: &str = "HEADROOM_PANEL_SIZE";
/// `1` shows what is otherwise shown inside a Flatpak only.
const FLATPAK: &str = "HEADROOM_PANEL_FLATPAK";

/// Applies what the environment asks for; after GTK started, before a window is made.
pub(super) fn apply() {
    if std::env::var(RIGHT_TO_LEFT).is_ok_and(|value| value == "1") {
        gtk::Widget::set_default_direction(gtk::TextDirection::Rtl);
    }
    let scale = std::env::var(TEXT_SCALE).ok().and_then(|value| value.parse::<f64>().ok());
    if let (Some(scale), Some(settings)) = (scale, gtk::Settings::default()) {
        // In 1024ths of a dot per inch; 96 is the usual.
        settings.set_gtk_xft_dpi((96.0 * 1024.0 * scale.clamp(0.5, 3.0)) as i32);
    }
}

/// Returns whether the window is that of a Flatpak.
pub(super) fn is_in_flatpak() -> bool {
    headroom_api::is_in_flatpak() || std::env::var(FLATPAK).is_ok_and(|value| value == "1")
}

/// Returns the size that the window shall have at first, if one is asked for.
pub(super) fn window_size() -> Option<(i32, i32)> {
    let size = std::env::var(SIZE).ok()?;
    let (width, height) = size.split_once('x')?;
    Some((width.parse().ok()?, height.parse().ok()?))
}
