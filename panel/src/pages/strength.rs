//! One slider over what the profile does: from the ceiling alone to twice the profile.

use std::rc::Rc;

use adw::prelude::*;
use gtk::glib;

use super::{Asker, icon_button, plain_label, set_text, still_row};
use crate::{
    i18n::{quantity, tr},
    model::{AS_WRITTEN, Ask, Strength},
    widgets::{a11y, delayed::Delayed, wheel},
};

/// Percent on the slider for one of the strength: 100 % is the profile as it is written, as it is for an app.
const SHOWN: f64 = 100.0 / AS_WRITTEN;

/// The slider with its reset.
#[derive(Debug)]
pub(crate) struct StrengthGroup {
    group: adw::PreferencesGroup,
    scale: gtk::Scale,
    handler: Rc<glib::SignalHandlerId>,
    reset: gtk::Button,
    value: gtk::Label,
    delayed: Delayed,
}

impl StrengthGroup {
    pub(crate) fn new(asker: &Asker) -> Self {
        let scale = gtk::Scale::with_range(gtk::Orientation::Horizontal, 0.0, 100.0 * SHOWN, SHOWN);
        scale.set_hexpand(true);
        scale.set_draw_value(false);
        scale.set_increments(5.0 * SHOWN, 10.0 * SHOWN);
        scale.add_mark(AS_WRITTEN * SHOWN, gtk::PositionType::Bottom, None);
        a11y::set_label(&scale, &tr("Strength"));
        wheel::after_click(&scale);
        let reset = icon_button("edit-undo-symbolic", &tr("Back to the profile's own strength"));
        reset.connect_clicked({
            let asker = asker.clone();
            move |_| asker.ask(Ask::ResetStrength)
        });
        let delayed = Delayed::default();
        let handler = scale.connect_value_changed({
            let (asker, delayed) = (asker.clone(), delayed.clone());
            move |scale| {
                let (asker, strength) = (asker.clone(), scale.value() / SHOWN);
                delayed.later(move || asker.ask(Ask::SetStrength(strength)));
            }
        });
        let group = adw::PreferencesGroup::builder()
            .title(tr("Strength"))
            .description(tr("How much the profile evens out. Blasts are held and the ceiling stays at any strength."))
            .header_suffix(&reset)
            .build();
        let list = gtk::ListBox::builder()
            .selection_mode(gtk::SelectionMode::None)
            .css_classes(["boxed-list"])
            .build();
        let value =
            gtk::Label::builder().width_chars(5).xalign(1.0).css_classes(["numeric"]).build();
        scale.connect_value_changed({
            let value = value.clone();
            move |scale| value.set_text(&quantity(scale.value(), 0, "%"))
        });
        value.set_text(&quantity(scale.value(), 0, "%"));
        let line = gtk::Box::builder().spacing(6).build();
        line.append(&scale);
        line.append(&value);
        let inner = gtk::Box::builder()
            .orientation(gtk::Orientation::Vertical)
            .margin_top(12)
            .margin_bottom(12)
            .margin_start(12)
            .margin_end(12)
            .build();
        inner.append(&line);
        inner.append(&ends());
        list.append(&still_row(&tr("Strength"), &inner));
        group.add(&list);
        Self { group, scale, handler: Rc::new(handler), reset, value, delayed }
    }

    pub(crate) fn widget(&self) -> &adw::PreferencesGroup {
        &self.group
    }

    /// Shows the strength in force.
    pub(crate) fn show(&self, strength: Strength) {
        self.group.set_sensitive(strength != Strength::None);
        self.reset.set_visible(strength.is_changed());
        if self.delayed.is_waiting() {
            return;
        }
        let value = strength.percent().unwrap_or(AS_WRITTEN) * SHOWN;
        if (self.scale.value() - value).abs() > 0.01 {
            self.scale.block_signal(&self.handler);
            self.scale.set_value(value);
            self.scale.unblock_signal(&self.handler);
        }
        set_text(&self.value, &value_words(strength));
    }
}

fn value_words(strength: Strength) -> String {
    match strength {
        Strength::Percent(percent) => quantity(percent * SHOWN, 0, "%"),
        Strength::Custom => tr("Custom"),
        Strength::None => String::new(),
    }
}

/// What the slider's ends and its middle mean.
fn ends() -> gtk::Box {
    let row = gtk::Box::builder().homogeneous(true).margin_end(48).build();
    let words = [
        (tr("Limit only"), gtk::Align::Start, gtk::Justification::Left),
        (tr("As the profile"), gtk::Align::Center, gtk::Justification::Center),
        (tr("Strong"), gtk::Align::End, gtk::Justification::Right),
    ];
    for (text, align, justify) in words {
        let label = plain_label(&["dim-label", "caption"]);
        label.set_text(&text);
        label.set_halign(align);
        label.set_wrap(true);
        label.set_wrap_mode(gtk::pango::WrapMode::WordChar);
        label.set_justify(justify);
        row.append(&label);
    }
    row
}
