//! Pictures of every page as different people see it; they are looked at, not compared.

use crate::{
    desktop::Desktop,
    fake::{start_mock, worlds},
    panel::{Look, Panel},
};

/// Takes every page with this look.
fn take(desktop: &Desktop, look: Look, name: &str) {
    let panel = Panel::looking(desktop, look);
    panel.wait_says("Spotify");
    for page in ["protection", "settings", "diagnostics", "apps"] {
        panel.turn_to(page);
        panel.picture(&format!("{page}-{name}"));
    }
    panel.open_all("Discord");
    panel.picture(&format!("apps-open-{name}"));
    if let Some((width, _)) = look.size.and_then(|size| size.split_once('x')) {
        let wanted: u32 = width.parse().unwrap();
        let (width, _) = panel.size();
        // Without a window manager GTK draws a thin frame of its own around the window.
        assert!(width <= wanted + 12, "{name}: the window is {width} px wide, not {wanted}");
    }
}

/// The looks that are hardest to fit.
const HARDEST: [&str; 4] = ["light", "narrow", "narrow-german", "narrow-large-text"];

/// Says whether a look's pictures are taken: those of all are by `scripts/test gallery`.
pub(crate) fn is_taken(look: &str) -> bool {
    HARDEST.contains(&look) || std::env::var_os("HEADROOM_GALLERY").is_some()
}

fn gallery(looks: &[(&str, Look)]) {
    let desktop = Desktop::silent();
    let _fake = start_mock(&desktop, worlds::with_streams(8));
    for (name, look) in looks.iter().filter(|(name, _)| is_taken(name)) {
        take(&desktop, *look, name);
    }
}

#[test]
fn pictures_in_light_and_dark() {
    let dark = Look { dark: true, ..Look::default() };
    let narrow = Look { size: Some("360x640"), ..Look::default() };
    gallery(&[
        ("light", Look::default()),
        ("dark", dark),
        ("whole", Look { size: Some("720x2900"), ..Look::default() }),
        ("contrast", Look { high_contrast: true, ..Look::default() }),
        ("contrast-dark", Look { high_contrast: true, ..dark }),
        ("narrow", narrow),
        ("narrow-dark", Look { dark: true, ..narrow }),
    ]);
}

#[test]
fn pictures_in_other_languages_and_sizes() {
    let german = Look { language: Some("de"), ..Look::default() };
    let large = Look { text_scale: Some("2"), ..Look::default() };
    gallery(&[
        ("german", german),
        ("rtl", Look { right_to_left: true, ..Look::default() }),
        ("large-text", large),
        ("narrow-german", Look { size: Some("360x640"), ..german }),
        ("narrow-large-text", Look { size: Some("360x640"), ..large }),
    ]);
}

/// What scripts/screenshots takes for README.md and the metainfo.
#[test]
fn pictures_of_the_readme() {
    let desktop = Desktop::silent();
    let mut world = worlds::with_streams(7);
    // Two that are protected, of which one is opened, and one that is left alone.
    world.streams.retain(|id, _| [1, 2, 4].contains(id));
    let _mock = start_mock(&desktop, world);
    let look = Look { size: Some("720x760"), ..Look::default() };
    for (page, look) in [("apps", look), ("protection", Look { dark: true, ..look })] {
        let panel = Panel::looking(&desktop, look);
        panel.wait_says("Spotify");
        panel.turn_to(page);
        if page == "apps" {
            panel.open_all("Firefox");
        }
        panel.picture(&format!("readme-{page}"));
    }
}
