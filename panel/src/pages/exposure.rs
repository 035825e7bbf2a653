//! How much sound reached the device that is played to: one sentence, weekly bars, and how loud it is at an ear.

use std::{cell::RefCell, rc::Rc};

use adw::prelude::*;
use gtk::glib;
use headroom_api::{ExposureRow, Felt};

use super::{
    Asker, FollowSwitch,
    device::Choice,
    history::{bar_of, formatted},
    plain_row,
};
use crate::{
    i18n::{number, quantity, tr, trf},
    model::{Ask, Panel, Trend, WEEK_USEC, Weeks},
};

/// What the list of feelings offers after "not said".
const FELT: [Felt; 3] = [Felt::Quiet, Felt::Normal, Felt::Loud];

/// The group of exposure; not there where the service does not know of it.
#[derive(Debug)]
pub(super) struct ExposureGroup {
    group: adw::PreferencesGroup,
    bars: gtk::Box,
    counts: FollowSwitch,
    felt: Choice,
    device: Rc<RefCell<String>>,
    shown: Option<(Weeks, u64)>,
}

impl ExposureGroup {
    pub(super) fn new(asker: &Asker) -> Self {
        let group = adw::PreferencesGroup::builder()
            .title(tr("Sound That Reaches Your Ears"))
            .visible(false)
            .build();
        let bars = gtk::Box::builder()
            .spacing(3)
            .homogeneous(true)
            .margin_bottom(12)
            .css_classes(["card", "history-bars"])
            .build();
        let counts = FollowSwitch::new({
            let asker = asker.clone();
            move |on| asker.ask(Ask::SetExposure(on))
        });
        let row = plain_row();
        row.set_title(&tr("Count It Week by Week"));
        row.set_subtitle(&tr("All that a device plays, behind its volume; on this computer only"));
        row.set_subtitle_lines(0);
        row.add_suffix(counts.widget());
        row.set_activatable_widget(Some(counts.widget()));

        let device = Rc::<RefCell<String>>::default();
        let felt = Choice::new(&tr("How loud is what plays now?"), {
            let (asker, device) = (asker.clone(), Rc::clone(&device));
            move |at| {
                let device = device.borrow().clone();
                let felt = at.checked_sub(1).and_then(|at| FELT.get(at)).copied();
                asker.ask(Ask::Calibrate { device, felt });
            }
        });
        felt.offer(&[tr("Not said"), tr("Quiet"), tr("Like a conversation"), tr("Loud")]);
        group.add(&bars);
        group.add(&row);
        group.add(felt.row());
        Self { group, bars, counts, felt, device, shown: None }
    }

    pub(super) fn widget(&self) -> &adw::PreferencesGroup {
        &self.group
    }

    /// Shows what was counted of the device that is played to.
    pub(super) fn show(&mut self, panel: &Panel) {
        let output = panel.output();
        self.device.replace(output.name.clone());
        let enabled = panel.exposure_enabled();
        self.group.set_visible(enabled.is_some());
        self.counts.show(enabled == Some(true));
        let chosen = panel.device_row().filter(|_| !output.name.is_empty()).unwrap_or_default();
        self.felt.row().set_visible(enabled == Some(true) && !output.name.is_empty());
        // How loud it was felt is not kept, that it was felt is: it stands there until it is taken back.
        let is_known = chosen.calibration_db.is_some();
        self.felt.show((!is_known).then_some(0));
        let hint = if is_known {
            tr(
                "It is known. Choose anew after half a minute of playing, or “Not said” to forget it.",
            )
        } else {
            tr(
                "Choose after half a minute of playing: what is counted becomes a sound dose, within some 10 dB.",
            )
        };
        if self.felt.row().subtitle().as_deref() != Some(&*hint) {
            self.felt.row().set_subtitle(&hint);
        }
        let Some(past) = panel.past() else { return };
        let weeks = past.weeks(&output.name);
        let name = if output.description.is_empty() { &output.name } else { &output.description };
        let text = sentence(name, &weeks);
        self.group.set_description(Some(&glib::markup_escape_text(&text)));
        self.bars.set_visible(!weeks.is_empty());
        let shown = Some((weeks, past.weeks_begin_usec()));
        if self.shown == shown {
            return;
        }
        self.shown = shown;
        self.show_bars();
    }

    fn show_bars(&self) {
        while let Some(bar) = self.bars.first_child() {
            self.bars.remove(&bar);
        }
        let Some((weeks, begin_usec)) = &self.shown else { return };
        for ((row, height), number) in weeks.all().iter().zip(weeks.heights()).zip(1..) {
            // The day before the midnight that ends it.
            let last_usec = begin_usec + number * WEEK_USEC - 1;
            let date = formatted(last_usec, "%x");
            let heard = row.as_ref().map_or_else(|| tr("nothing"), week_text);
            let values: [(&str, &dyn std::fmt::Display); 2] = [("date", &date), ("heard", &heard)];
            self.bars.append(&bar_of(height, &trf("Week until {date}: {heard}", &values)));
        }
    }
}

fn week_text(row: &ExposureRow) -> String {
    match row.dose {
        Some(dose) => percent(dose),
        None => trf("{hours} hours played", &[("hours", &number(row.played_s / 3600.0, 1))]),
    }
}

fn percent(dose: f64) -> String {
    quantity(100.0 * dose, u8::from(dose < 0.1).into(), "%")
}

/// Says it in one sentence, and how sure that is.
fn sentence(device: &str, weeks: &Weeks) -> String {
    let Some(last) = weeks.last() else {
        return tr("Nothing was counted in the last seven days.");
    };
    if let Some(dose) = last.dose {
        let values: [(&str, &dyn std::fmt::Display); 2] =
            [("device", &device), ("percent", &percent(dose))];
        return trf(
            "{device} brought {percent} of the sound dose of an adult's week (ITU-T H.870) in the last seven days, as exactly as it is calibrated.",
            &values,
        );
    }
    let name: (&str, &dyn std::fmt::Display) = ("device", &device);
    let trend = match weeks.trend() {
        None => trf("{device}: there is no week yet to compare the last seven days with.", &[name]),
        Some(Trend::Alike) => trf(
            "{device} brought about as much in the last seven days as in the week before.",
            &[name],
        ),
        Some(Trend::More(db)) => trf(
            "{device} brought about {amount} more in the last seven days than in the week before.",
            &[name, ("amount", &quantity(db, 0, "dB"))],
        ),
        Some(Trend::Less(db)) => trf(
            "{device} brought about {amount} less in the last seven days than in the week before.",
            &[name, ("amount", &quantity(db, 0, "dB"))],
        ),
    };
    let unsure = tr(
        "How loud that is at your ear is not known: headphones differ by some 15 dB either way.",
    );
    format!("{trend}\n{unsure}")
}
