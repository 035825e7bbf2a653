//! The theme's colours, by the part they play in a gauge.
#![forbid(unsafe_code)]

use gtk::gdk::RGBA;
use gtk::prelude::*;

/// Colours of the theme in force, light or dark, high contrast or not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Palette {
    pub(super) text: RGBA,
    pub(super) accent: RGBA,
    pub(super) warning: RGBA,
    pub(super) error: RGBA,
    pub(super) high_contrast: bool,
}

impl Palette {
    /// Reads the colours that the theme gives to a widget.
    pub(super) fn of(widget: &impl IsA<gtk::Widget>) -> Self {
        let style = widget.style_context();
        let text = style.color();
        let named = |name| style.lookup_color(name).unwrap_or(text);
        Self {
            text,
            accent: named("accent_color"),
            warning: named("warning_color"),
            error: named("error_color"),
            high_contrast: adw::StyleManager::default().is_high_contrast(),
        }
    }

    /// Returns the colour of an empty track.
    pub(super) fn track(&self) -> RGBA {
        self.text.with_alpha(if self.high_contrast { 0.25 } else { 0.15 })
    }

    /// Returns the colour of what is not the main thing: marks, units, a grid.
    pub(super) fn dim(&self) -> RGBA {
        self.text.with_alpha(if self.high_contrast { 0.9 } else { 0.6 })
    }
}
