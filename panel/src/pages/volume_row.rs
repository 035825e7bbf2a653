//! A stream's own volume and mute, as the desktop's mixers have them.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

use adw::prelude::*;
use gtk::{glib, pango};
use headroom_api::STREAM_VOLUME_PERCENT;

use super::{Asker, icon_button, plain_label, set_text, still_row};
use crate::{
    i18n::{quantity, tr, trf},
    model::{Ask, Stream},
    widgets::{
        a11y,
        delayed::{Delayed, Paced},
        wheel,
    },
};

/// Where the slider ends, in percent; the loudest that mixers offer.
const MOST: f64 = *STREAM_VOLUME_PERCENT.end();
/// What an application plays at by itself, in percent.
const FULL: f64 = 100.0;
/// How long after the hand's last move what the service says counts again: by then it has said what became of that.
const HOLD: Duration = Duration::from_millis(600);

/// The row of one stream.
#[derive(Debug)]
pub(crate) struct VolumeRow {
    id: u64,
    row: gtk::ListBoxRow,
    title: gtk::Label,
    mute: gtk::Button,
    slider: Rc<Slider>,
    muted: Rc<Cell<bool>>,
}

/// The slider, and what the service says that it stands at.
#[derive(Debug)]
struct Slider {
    scale: gtk::Scale,
    value: gtk::Label,
    told: Cell<f64>,
    handler: RefCell<Option<glib::SignalHandlerId>>,
    pace: Paced,
    hold: Delayed,
}

impl VolumeRow {
    /// Makes one for the stream of this id.
    pub(crate) fn new(id: u64, asker: &Asker) -> Self {
        let title = plain_label(&[]);
        title.set_ellipsize(pango::EllipsizeMode::End);
        let muted = Rc::new(Cell::new(false));
        let mute = icon_button("audio-volume-high-symbolic", &tr("Mute"));
        mute.add_css_class("circular");
        mute.connect_clicked({
            let (asker, muted) = (asker.clone(), Rc::clone(&muted));
            move |_| asker.ask(Ask::SetMuted { stream: id, muted: !muted.get() })
        });
        let slider = Slider::new(id, asker);
        let line = gtk::Box::builder().spacing(6).build();
        line.append(&mute);
        line.append(&slider.scale);
        line.append(&slider.value);
        let inner = gtk::Box::builder()
            .orientation(gtk::Orientation::Vertical)
            .margin_top(8)
            .margin_bottom(8)
            .margin_start(12)
            .margin_end(12)
            .build();
        inner.append(&title);
        inner.append(&line);
        let row = still_row("", &inner);
        Self { id, row, title, mute, slider, muted }
    }

    /// The stream's id, which never changes.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    pub(crate) fn widget(&self) -> &gtk::ListBoxRow {
        &self.row
    }

    /// Shows what the service says of the stream; `name` tells it from the others of its application, where there are some.
    pub(crate) fn show(&self, stream: &Stream, name: Option<&str>) {
        let title = name.map_or(tr("Volume"), |name| trf("Volume: {stream}", &[("stream", &name)]));
        set_text(&self.title, &title);
        a11y::set_label(&self.row, &title);
        a11y::set_label(&self.slider.scale, &title);
        let (icon, press) = if stream.muted {
            let press =
                name.map_or(tr("Unmute"), |name| trf("Unmute: {stream}", &[("stream", &name)]));
            ("audio-volume-muted-symbolic", press)
        } else {
            let press = name.map_or(tr("Mute"), |name| trf("Mute: {stream}", &[("stream", &name)]));
            ("audio-volume-high-symbolic", press)
        };
        self.muted.set(stream.muted);
        if self.mute.icon_name().is_none_or(|shown| shown != icon) {
            self.mute.set_icon_name(icon);
        }
        a11y::set_label(&self.mute, &press);
        self.mute.set_tooltip_text(Some(&press));
        self.slider.show(stream.volume_percent.unwrap_or_default());
    }
}

impl Slider {
    fn new(id: u64, asker: &Asker) -> Rc<Self> {
        let scale = gtk::Scale::with_range(gtk::Orientation::Horizontal, 0.0, MOST, 1.0);
        scale.set_hexpand(true);
        scale.set_draw_value(false);
        scale.set_round_digits(0);
        scale.set_increments(5.0, 10.0);
        scale.add_mark(FULL, gtk::PositionType::Bottom, None);
        wheel::after_click(&scale);
        let value =
            gtk::Label::builder().width_chars(5).xalign(1.0).css_classes(["numeric"]).build();
        let slider = Rc::new(Self {
            scale,
            value,
            told: Cell::default(),
            handler: RefCell::default(),
            pace: Paced::default(),
            hold: Delayed::default(),
        });
        let (asker, weak) = (asker.clone(), Rc::downgrade(&slider));
        let handler = slider.scale.connect_value_changed(move |_| {
            if let Some(slider) = weak.upgrade() {
                slider.moved(id, &asker);
            }
        });
        slider.handler.replace(Some(handler));
        slider
    }

    /// Asks for where the hand has put it, while it still moves: a person listens meanwhile.
    fn moved(self: &Rc<Self>, id: u64, asker: &Asker) {
        let (asker, percent) = (asker.clone(), self.scale.value());
        set_text(&self.value, &quantity(percent, 0, "%"));
        self.pace.act(move || asker.ask(Ask::SetVolume { stream: id, percent }));
        let weak = Rc::downgrade(self);
        self.hold.after(HOLD, move || {
            if let Some(slider) = weak.upgrade() {
                slider.settle();
            }
        });
    }

    /// Takes in what the service says; under the hand, it is shown once that rests.
    fn show(&self, percent: f64) {
        self.told.set(percent);
        if !self.hold.is_waiting() {
            self.settle();
        }
    }

    fn settle(&self) {
        let told = self.told.get();
        if let Some(handler) = &*self.handler.borrow()
            && (self.scale.value() - told.min(MOST)).abs() > 0.01
        {
            self.scale.block_signal(handler);
            self.scale.set_value(told);
            self.scale.unblock_signal(handler);
        }
        set_text(&self.value, &quantity(told, 0, "%"));
    }
}
