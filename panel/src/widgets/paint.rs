//! Strokes that the gauges share: lanes, ticks and texts, mirrored where text runs from right to left.
#![forbid(unsafe_code)]

use gtk::{gdk::RGBA, graphene, gsk, pango, prelude::*};

use super::palette::Palette;

/// A share of the font size for what is read second: marks and units.
pub(super) const SMALL: f64 = 0.8;

/// Space in pixels between a bar and its number.
pub(super) const GAP: f32 = 8.0;

/// Space in pixels between the edge of a track and what fills it.
pub(super) const INSET: f32 = 2.0;

/// The part of a track that can be filled; it is shorter than the track by twice [`INSET`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Lane {
    top: f32,
    tall: f32,
}

impl Lane {
    /// Returns the lane of a track that [`Paint::lane`] has drawn there.
    pub(super) fn at(top: f32, tall: f32) -> Self {
        Self { top: top + INSET, tall: tall - 2.0 * INSET }
    }

    /// Returns the middle of it, a third as tall.
    pub(super) fn thin(self) -> Self {
        let third = (self.tall / 3.0).round().max(2.0);
        Self { top: self.top + ((self.tall - third) / 2.0).round(), tall: third }
    }
}

/// A drawing of one widget, in which `x` runs along the direction of reading.
#[derive(Debug)]
pub(super) struct Paint<'a> {
    snapshot: &'a gtk::Snapshot,
    width: f32,
    mirrored: bool,
}

impl<'a> Paint<'a> {
    /// Begins to draw a widget; one that is insensitive is drawn faintly until [`Paint::finish`].
    pub(super) fn begin(snapshot: &'a gtk::Snapshot, widget: &impl IsA<gtk::Widget>) -> Self {
        snapshot.push_opacity(if widget.is_sensitive() { 1.0 } else { 0.5 });
        let mirrored = widget.direction() == gtk::TextDirection::Rtl;
        Self { snapshot, width: widget.width() as f32, mirrored }
    }

    /// Draws a part of a widget that is `width` pixels wide, to be kept; it is not to be finished.
    pub(super) fn on(snapshot: &'a gtk::Snapshot, width: i32, mirrored: bool) -> Self {
        Self { snapshot, width: width as f32, mirrored }
    }

    /// Tells whether text runs from right to left.
    pub(super) fn mirrored(&self) -> bool {
        self.mirrored
    }

    /// Ends the drawing.
    pub(super) fn finish(self) {
        self.snapshot.pop();
    }

    /// Returns a rectangle from `from` to `to` along the direction of reading.
    fn rect(&self, from: f32, to: f32, top: f32, tall: f32) -> graphene::Rect {
        let left = if self.mirrored { self.width - to } else { from };
        graphene::Rect::new(left, top, to - from, tall)
    }

    /// Fills a rectangle.
    pub(super) fn fill(&self, from: f32, to: f32, top: f32, tall: f32, color: &RGBA) {
        if to > from {
            self.snapshot.append_color(color, &self.rect(from, to, top, tall));
        }
    }

    /// Draws a track with round corners and returns the lane in it.
    ///
    /// What fills the lane stays clear of the corners and needs no round clip, which is what costs most in a frame.
    pub(super) fn lane(&self, length: f32, top: f32, tall: f32, palette: &Palette) -> Lane {
        let track =
            gsk::RoundedRect::from_rect(self.rect(0.0, length, top, tall), (tall / 2.0).min(4.0));
        self.snapshot.push_rounded_clip(&track);
        self.fill(0.0, length, top, tall, &palette.track());
        self.snapshot.pop();
        if palette.high_contrast {
            self.snapshot.append_border(&track, &[1.0; 4], &[palette.text; 4]);
        }
        Lane::at(top, tall)
    }

    /// Fills a part of a lane, counted from where the lane begins.
    pub(super) fn fill_lane(&self, lane: Lane, from: f32, to: f32, color: &RGBA) {
        self.fill(from + INSET, to + INSET, lane.top, lane.tall, color);
    }

    /// Writes a text whose near edge stands at `from`.
    pub(super) fn text(&self, layout: &pango::Layout, from: f32, top: f32, color: &RGBA) {
        // A layout with a width aligns itself within it.
        let own_width =
            if layout.width() > 0 { layout.width() / pango::SCALE } else { layout.pixel_size().0 };
        let left = if self.mirrored { self.width - from - own_width as f32 } else { from };
        self.snapshot.save();
        self.snapshot.translate(&graphene::Point::new(left.round(), top.round()));
        self.snapshot.append_layout(layout, color);
        self.snapshot.restore();
    }
}

/// Draws a ring around a widget that has the keyboard's focus.
pub(super) fn focus_ring(
    snapshot: &gtk::Snapshot,
    widget: &impl IsA<gtk::Widget>,
    palette: &Palette,
) {
    let bounds =
        graphene::Rect::new(-4.0, -4.0, widget.width() as f32 + 8.0, widget.height() as f32 + 8.0);
    let ring = gsk::RoundedRect::from_rect(bounds, 6.0);
    let color = palette.accent.with_alpha(if palette.high_contrast { 1.0 } else { 0.5 });
    snapshot.append_border(&ring, &[2.0; 4], &[color; 4]);
}

/// Makes a layout in the widget's font times `size`, with digits of one width.
pub(super) fn layout(widget: &impl IsA<gtk::Widget>, text: &str, size: f64) -> pango::Layout {
    let layout = widget.create_pango_layout(Some(text));
    let attributes = pango::AttrList::new();
    attributes.insert(pango::AttrFontFeatures::new("tnum=1"));
    attributes.insert(pango::AttrFloat::new_scale(size));
    layout.set_attributes(Some(&attributes));
    layout
}
