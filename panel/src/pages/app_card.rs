//! One application: its streams, what happens to it now, and the choices a person has for it.

use std::{
    cell::{Cell, RefCell},
    iter,
    rc::Rc,
};

use adw::prelude::*;
use gtk::pango;

use super::{
    Asker, app_icon, app_treatment::TreatmentRows, now_line::NowLine, place_after, plain_label,
    plain_row, reasons, set_mnemonic, set_text, still_row, stream_strip::StreamStrip,
    volume_row::VolumeRow, words,
};
use crate::{
    i18n::{tr, trf},
    model::{App, Ask, Meters, Panel, Stream, Treatment},
    widgets::a11y,
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
    now: Rc<NowLine>,
    toggle: gtk::ToggleButton,
    volumes: Vec<VolumeRow>,
    whys: Vec<(u64, adw::ActionRow)>,
    protect: gtk::Button,
    protected: Rc<RefCell<(String, f64)>>,
    treatment: TreatmentRows,
    asker: Asker,
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
        let strips = gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(6).build();
        let now = Rc::new(NowLine::new());
        let middle = gtk::Box::builder()
            .orientation(gtk::Orientation::Vertical)
            .spacing(6)
            .hexpand(true)
            .build();
        middle.append(&name);
        middle.append(&strips);
        middle.append(now.widget());
        let protect =
            gtk::Button::builder().halign(gtk::Align::Start).margin_top(6).visible(false).build();
        protect.add_css_class("flat");
        set_mnemonic(&protect, &tr("_Protect"));
        let protected = Rc::new(RefCell::new((String::new(), 0.0)));
        protect.connect_clicked({
            let (asker, protected) = (asker.clone(), Rc::clone(&protected));
            move |_| {
                let (app, offset_db) = protected.borrow().clone();
                asker.ask(Ask::Treat { app, treatment: Treatment::EvenOut, offset_db });
            }
        });
        middle.append(&protect);
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
            .css_classes(["boxed-list", "app"])
            .build();
        let row = still_row("", &head);
        // The whole of it opens; the button is what the keyboard and assistive technology meet.
        row.set_activatable(true);
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
            now,
            toggle,
            volumes: Vec::new(),
            whys: Vec::new(),
            protect,
            protected,
            treatment,
            asker: asker.clone(),
            readings: Cell::new(0),
        };
        card.connect_toggle();
        card
    }

    fn connect_toggle(&self) {
        let (list, now) = (self.list.downgrade(), Rc::downgrade(&self.now));
        self.toggle.connect_toggled(move |toggle| {
            let open = toggle.is_active();
            toggle.set_icon_name(if open { "pan-up-symbolic" } else { "pan-down-symbolic" });
            // All but the head.
            let head = list.upgrade().and_then(|list| list.first_child());
            for row in siblings(head.and_then(|head| head.next_sibling())) {
                row.set_visible(open);
            }
            if let Some(now) = now.upgrade() {
                now.set_scale_visible(open);
            }
        });
        let (toggle, head) = (self.toggle.downgrade(), self.head.downgrade());
        self.list.connect_row_activated(move |_, row| {
            if let (Some(toggle), Some(head)) = (toggle.upgrade(), head.upgrade())
                && *row == head
            {
                toggle.set_active(!toggle.is_active());
            }
        });
    }

    pub(crate) fn widget(&self) -> &gtk::ListBox {
        &self.list
    }

    /// Shows an application; rows that are there stay, so that focus and what is open stay as well.
    pub(crate) fn show(&mut self, app: &App) {
        let name = words::app_name(app);
        set_text(&self.name, &name);
        a11y::set_label(&self.head, &name);
        self.icon.set_icon_name(Some(&app_icon::name(app)));
        a11y::set_label(&self.toggle, &trf("Options for {app}", &[("app", &name)]));
        self.toggle.set_tooltip_text(Some(&tr("Reason and options")));
        self.now.set_app(&name);
        self.protected.replace((app.choice_key.clone(), app.chosen_offset_db));
        self.protect.set_visible(app.is_protectable());
        a11y::set_label(&self.protect, &trf("Protect {app}", &[("app", &name)]));
        self.show_streams(app);
        self.show_volumes(app);
        self.show_whys(app);
        self.treatment.show(app);
    }

    /// Moves the gauge, and says what happens to the application now.
    pub(crate) fn meter(&self, panel: &Panel, app: &App, meters: &Meters) {
        self.now.meter(meters.usec, &panel.now(app));
        let count = self.readings.get();
        self.readings.set(count.wrapping_add(1));
        if count.is_multiple_of(NUMBERS_EVERY) && self.toggle.is_active() {
            // All of its streams are in the one chain that it has.
            let mut streams = app.streams.iter();
            self.treatment
                .meter(streams.find_map(|stream| meters.stream(stream.id)?.chain.as_ref()));
        }
    }

    /// Lets the gauge fall to rest.
    pub(crate) fn rest(&self) {
        self.now.rest();
        self.treatment.meter(None);
    }

    fn show_streams(&mut self, app: &App) {
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
                self.strips.append(strip.widget());
                self.streams.push(strip);
                self.streams.len() - 1
            });
            let strip = &self.streams[at];
            strip.show(stream);
            place_after(&self.strips, strip.widget().upcast_ref(), before.as_ref());
            before = Some(strip.widget().clone().upcast());
        }
    }

    /// Each stream has its own, as it has in a mixer; one that has none has no row.
    fn show_volumes(&mut self, app: &App) {
        let with_volume = || app.streams.iter().filter(|stream| stream.volume_percent.is_some());
        self.volumes.retain(|row| {
            let stays = with_volume().any(|stream| stream.id == row.id());
            if !stays {
                self.list.remove(row.widget());
            }
            stays
        });
        let many = with_volume().nth(1).is_some();
        for (index, stream) in with_volume().enumerate() {
            let at = self.volumes.iter().position(|row| row.id() == stream.id);
            let at = at.unwrap_or_else(|| {
                let row = VolumeRow::new(stream.id, &self.asker);
                row.widget().set_visible(self.toggle.is_active());
                self.volumes.push(row);
                let at = self.volumes.len() - 1;
                self.list.insert(self.volumes[at].widget(), i32::try_from(at + 1).unwrap_or(-1));
                at
            });
            let name = match stream.media.as_str() {
                "" => (index + 1).to_string(),
                media => media.to_owned(),
            };
            self.volumes[at].show(stream, many.then_some(&name));
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
                let at = self.volumes.len() + index + 1;
                self.list.insert(&row, i32::try_from(at).unwrap_or(-1));
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

fn show_why(row: &adw::ActionRow, stream: &Stream, many: bool) {
    let title = if many && !stream.media.is_empty() {
        trf("Why: {media}", &[("media", &stream.media)])
    } else {
        tr("Why")
    };
    row.set_title(&title);
    row.set_subtitle(&reasons::reason(stream));
}
