//! The theme's colours, by the part they play in a drawing.
#![forbid(unsafe_code)]

use std::cell::Cell;

use gtk::{gdk::RGBA, prelude::*};

/// Colours of the theme in force: light or dark, high contrast or not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Palette {
    pub(super) text: RGBA,
    pub(super) accent: RGBA,
    pub(super) success: RGBA,
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
            accent: named("accent_bg_color"),
            success: named("success_bg_color"),
            warning: named("warning_bg_color"),
            error: named("error_bg_color"),
            high_contrast: adw::StyleManager::default().is_high_contrast(),
        }
    }

    /// Returns the colour of an empty track.
    pub(super) fn track(&self) -> RGBA {
        self.text.with_alpha(if self.high_contrast { 0.2 } else { 0.12 })
    }

    /// Returns the colour of what is not the main thing: marks, units.
    pub(super) fn dim(&self) -> RGBA {
        self.text.with_alpha(if self.high_contrast { 1.0 } else { 0.65 })
    }

    /// Returns the colour of the lines of a grid.
    pub(super) fn grid(&self) -> RGBA {
        self.text.with_alpha(if self.high_contrast { 0.35 } else { 0.15 })
    }
}

/// The palette of one widget, read when it is first needed: looking colours up costs more than to draw with them.
#[derive(Debug, Default)]
pub(super) struct LazyPalette(Cell<Option<Palette>>);

impl LazyPalette {
    /// Returns the colours that the theme gives to the widget.
    pub(super) fn of(&self, widget: &impl IsA<gtk::Widget>) -> Palette {
        let palette = self.0.get().unwrap_or_else(|| Palette::of(widget));
        self.0.set(Some(palette));
        palette
    }

    /// Forgets them, as when the theme changes.
    pub(super) fn forget(&self) {
        self.0.set(None);
    }
}

/// Draws a widget anew when the theme turns light, dark or to high contrast, after `forget`.
pub(super) fn follow_theme<W: IsA<gtk::Widget>>(widget: &W, forget: fn(&W)) {
    let style = adw::StyleManager::default();
    for property in ["dark", "high-contrast"] {
        let weak = widget.downgrade();
        // Ends with the widget: the handler holds no reference and is cheap when it finds none.
        let handler = style.connect_notify_local(Some(property), move |_, _| {
            if let Some(widget) = weak.upgrade() {
                forget(&widget);
                widget.queue_draw();
            }
        });
        let (style, handler) = (style.clone(), Cell::new(Some(handler)));
        widget.as_ref().connect_destroy(move |_| {
            if let Some(handler) = handler.take() {
                style.disconnect(handler);
            }
        });
    }
}
