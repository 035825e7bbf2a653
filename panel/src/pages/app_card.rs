//! One application: its streams with their gauges, and the choices a person has for it.

use std::{cell::Cell, iter};

use adw::prelude::*;
use gtk::pango;

use super::{
    Asker, app_icon, app_treatment::TreatmentRows, place_after, plain_label, plain_row, reasons,
    set_text, still_row, stream_strip::StreamStrip,
};
use crate::{
    i18n::{tr, trf},
    model::{App, Meters, Panel, Stream, StreamGauges},
    widgets::{Gauge, a11y},
};

/// Readings between two changes of a number: fast ones are not read but flicker.
const NUMBERS_EVERY: u32 = 10;

/// The widgets of one application.
#[derive(Debug)]
pub(crate) struct AppCard {
    list: gtk::ListBox,
    head: gtk::ListBoxRow,
    icon: gtk::Image,
    name: gtk::Label,
    strips: gtk::Box,
    streams: Vec<StreamStrip>,
    toggle: gtk::ToggleButton,
    whys: Vec<(u64, adw::ActionRow)>,
    treatment: TreatmentRows,
    readings: Cell<u32>,
}

impl AppCard {
    pub(crate) fn new(asker: &Asker) -> Self {
        let icon = gtk::Image::builder()
            .pixel_size(32)
            .valign(gtk::Align::Start)
            .margin_top(4)
            .accessible_role(gtk::AccessibleRole::Presentation)
            .build();
        let name = plain_label(&["heading"]);
        name.set_ellipsize(pango::EllipsizeMode::End);
        let strips =
            gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(12).build();
        let middle = gtk::Box::builder()
            .orientation(gtk::Orientation::Vertical)
            .spacing(2)
            .hexpand(true)
            .build();
        middle.append(&name);
        middle.append(&strips);
        let toggle = gtk::ToggleButton::builder()
            .icon_name("pan-down-symbolic")
            .valign(gtk::Align::Start)
            .css_classes(["flat", "circular"])
            .build();
        let head = gtk::Box::builder()
            .spacing(12)
            .margin_top(12)
            .margin_bottom(12)
            .margin_start(12)
            .margin_end(12)
            .build();
        head.append(&icon);
        head.append(&middle);
        head.append(&toggle);
        let list = gtk::ListBox::builder()
            .selection_mode(gtk::SelectionMode::None)
            .css_classes(["boxed-list"])
            .build();
        let row = still_row("", &head);
        list.append(&row);

        let treatment = TreatmentRows::new(asker);
        for row in treatment.widgets() {
            row.set_visible(false);
            list.append(row);
        }
        let card = Self {
            list,
            head: row,
            icon,
            name,
            strips,
            streams: Vec::new(),
            toggle,
            whys: Vec::new(),
            treatment,
            readings: Cell::new(0),
        };
        card.connect_toggle();
        card
    }

    fn connect_toggle(&self) {
        let (list, strips) = (self.list.downgrade(), self.strips.downgrade());
        self.toggle.connect_toggled(move |toggle| {
            let open = toggle.is_active();
            toggle.set_icon_name(if open { "pan-up-symbolic" } else { "pan-down-symbolic" });
            // All but the head.
            let head = list.upgrade().and_then(|list| list.first_child());
            for row in siblings(head.and_then(|head| head.next_sibling())) {
                row.set_visible(open);
            }
            for strip in siblings(strips.upgrade().and_then(|strips| strips.first_child())) {
                show_scale(&strip, open);
            }
        });
    }

    pub(crate) fn widget(&self) -> &gtk::ListBox {
        &self.list
    }

    /// Shows an application; rows that are there stay, so that focus and what is open stay as well.
    pub(crate) fn show(&mut self, app: &App) {
        let name = if app.name.is_empty() { tr("Unknown app") } else { app.name.clone() };
        set_text(&self.name, &name);
        a11y::set_label(&self.head, &name);
        self.icon.set_icon_name(Some(&app_icon::name(app)));
        a11y::set_label(&self.toggle, &trf("Options for {app}", &[("app", &name)]));
        self.toggle.set_tooltip_text(Some(&tr("Reason and options")));
        self.show_streams(app, &name);
        self.show_whys(app);
        self.treatment.show(app);
    }

    /// Moves the gauges.
    pub(crate) fn meter(&self, panel: &Panel, meters: &Meters) {
        for strip in &self.streams {
            match meters.stream(strip.id()) {
                Some(gauges) => {
                    strip.meter(gauges, panel.done(strip.id()).map(|done| done.gain_db));
                }
                None => strip.meter(&StreamGauges::default(), Some(0.0)),
            }
        }
        let count = self.readings.get();
        self.readings.set(count.wrapping_add(1));
        if count.is_multiple_of(NUMBERS_EVERY) && self.toggle.is_active() {
            // All of its streams are in the one chain that it has.
            let in_chain = self.streams.iter().find_map(|strip| {
                let chain = meters.stream(strip.id())?.chain.as_ref()?;
                Some((panel.done(strip.id())?, chain))
            });
            self.treatment.meter(in_chain);
        }
    }

    /// Lets the gauges fall to rest.
    pub(crate) fn rest(&self) {
        for strip in &self.streams {
            strip.rest();
        }
        self.treatment.meter(None);
    }

    fn show_streams(&mut self, app: &App, name: &str) {
        self.streams.retain(|strip| {
            let stays = app.streams.iter().any(|stream| stream.id == strip.id());
            if !stays {
                self.strips.remove(strip.widget());
            }
            stays
        });
        let mut before: Option<gtk::Widget> = None;
        for stream in &app.streams {
            let at = self.streams.iter().position(|strip| strip.id() == stream.id);
            let at = at.unwrap_or_else(|| {
                let strip = StreamStrip::new(stream.id);
                show_scale(strip.widget().upcast_ref(), self.toggle.is_active());
                self.strips.append(strip.widget());
                self.streams.push(strip);
                self.streams.len() - 1
            });
            let strip = &self.streams[at];
            strip.show(name, stream);
            place_after(&self.strips, strip.widget().upcast_ref(), before.as_ref());
            before = Some(strip.widget().clone().upcast());
        }
    }

    fn show_whys(&mut self, app: &App) {
        // One row does where all have the same reason.
        let same = app.streams.iter().all(|stream| stream.reason == app.streams[0].reason);
        let told = if same { &app.streams[..1] } else { &app.streams[..] };
        self.whys.retain(|(id, row)| {
            let stays = told.iter().any(|stream| stream.id == *id);
            if !stays {
                self.list.remove(row);
            }
            stays
        });
        let many = told.len() > 1;
        for (index, stream) in told.iter().enumerate() {
            let known = self.whys.iter().any(|(id, _)| *id == stream.id);
            if !known {
                let row = plain_row();
                row.set_subtitle_lines(0);
                row.set_visible(self.toggle.is_active());
                let picture = gtk::Image::from_icon_name("dialog-information-symbolic");
                row.add_prefix(&picture);
                self.list.insert(&row, i32::try_from(index + 1).unwrap_or(-1));
                self.whys.push((stream.id, row));
            }
            if let Some((_, row)) = self.whys.iter().find(|(id, _)| *id == stream.id) {
                show_why(row, stream, many);
            }
        }
    }
}

/// A widget and all behind it.
fn siblings(first: Option<gtk::Widget>) -> impl Iterator<Item = gtk::Widget> {
    iter::successors(first, gtk::Widget::next_sibling)
}

/// Shows the figures below a strip's gauge, or hides them.
fn show_scale(strip: &gtk::Widget, visible: bool) {
    for widget in siblings(strip.first_child()) {
        if let Some(gauge) = widget.downcast_ref::<Gauge>() {
            gauge.set_scale_visible(visible);
        }
    }
}

fn show_why(row: &adw::ActionRow, stream: &Stream, many: bool) {
    let title = if many && !stream.media.is_empty() {
        trf("Why: {media}", &[("media", &stream.media)])
    } else {
        tr("Why")
    };
    row.set_title(&title);
    row.set_subtitle(&reasons::reason(stream));
}
