//! One stream: what it plays, and its route in words.

use gtk::{pango, prelude::*};

use super::{plain_label, reasons, set_text};
use crate::{
    i18n::{tr, trc, trf},
    model::{Stream, StreamRoute},
    widgets::FitLine,
};

/// The widgets of one stream.
#[derive(Debug)]
pub(crate) struct StreamStrip {
    id: u64,
    root: gtk::Box,
    media: gtk::Label,
    badge: gtk::Box,
    badge_icon: gtk::Image,
    badge_text: gtk::Label,
    /// The reason, where nothing that the person may do here would change the route.
    why: gtk::Label,
}

impl StreamStrip {
    pub(crate) fn new(id: u64) -> Self {
        let media = plain_label(&["dim-label", "caption"]);
        media.set_hexpand(true);
        media.set_ellipsize(pango::EllipsizeMode::End);
        let badge_icon =
            gtk::Image::builder().accessible_role(gtk::AccessibleRole::Presentation).build();
        let badge_text = plain_label(&["caption-heading"]);
        badge_text.set_ellipsize(pango::EllipsizeMode::End);
        let badge = gtk::Box::builder().spacing(4).css_classes(["badge"]).build();
        badge.append(&badge_icon);
        badge.append(&badge_text);
        let line = gtk::Box::builder().layout_manager(&FitLine::default()).build();
        line.append(&media);
        line.append(&badge);
        let why = plain_label(&["dim-label", "caption"]);
        why.set_wrap(true);
        why.set_visible(false);
        let root = gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(4).build();
        root.append(&line);
        root.append(&why);
        Self { id, root, media, badge, badge_icon, badge_text, why }
    }

    /// The stream's id, which never changes.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    pub(crate) fn widget(&self) -> &gtk::Box {
        &self.root
    }

    /// Shows what is known of the stream.
    pub(crate) fn show(&self, stream: &Stream) {
        let media = match (stream.media.as_str(), stream.playing) {
            ("", true) if stream.muted => tr("Muted"),
            (media, true) if stream.muted => trf("{media} (muted)", &[("media", &media)]),
            ("", true) => tr("Playing"),
            ("", false) => tr("Paused"),
            (media, true) => media.to_owned(),
            (media, false) => trf("{media} (paused)", &[("media", &media)]),
        };
        set_text(&self.media, &media);
        self.media.set_tooltip_text(Some(&media));
        let out_of_reach = stream.route == StreamRoute::Unmanaged;
        self.why.set_visible(out_of_reach);
        if out_of_reach {
            set_text(&self.why, &reasons::reason(stream));
        }
        let (text, icon, class) = route_words(stream.route);
        // A route that is not known here stands as the service wrote it.
        set_text(&self.badge_text, stream.unknown_route.as_deref().unwrap_or(&text));
        self.badge_icon.set_icon_name(Some(icon));
        for other in ["protected", "untouched", "unmanaged"] {
            if other == class {
                self.badge.add_css_class(other);
            } else {
                self.badge.remove_css_class(other);
            }
        }
    }
}

/// A route in a word, with a picture and a style of its own, so that colour is never all there is.
fn route_words(route: StreamRoute) -> (String, &'static str, &'static str) {
    match route {
        StreamRoute::Processed => {
            (trc("route of a stream", "Protected"), "security-high-symbolic", "protected")
        }
        StreamRoute::Bypass => {
            (trc("route of a stream", "Left alone"), "audio-speakers-symbolic", "untouched")
        }
        StreamRoute::Unmanaged => {
            (trc("route of a stream", "Not protected"), "action-unavailable-symbolic", "unmanaged")
        }
    }
}
