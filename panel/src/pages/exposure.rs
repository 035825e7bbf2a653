//! How much sound reached the device that is played to: one sentence, weekly bars, how loud it is at an ear, and warnings.

use std::{cell::RefCell, rc::Rc};

use adw::prelude::*;
use gtk::glib;
use headroom_api::{ExposureRow, Felt};

use super::{
    Asker, FollowSwitch,
    device::Choice,
    history::{bar_of, formatted},
    plain_label, plain_row,
};
use crate::{
    i18n::{number, quantity, tr, trf},
    model::{Ask, Panel, Trend, WEEK_USEC, Weeks},
};

/// What the list of feelings offers after "not said".
const FELT: [Felt; 3] = [Felt::Quiet, Felt::Normal, Felt::Loud];
/// Weeks that share a date below them: a date below each is wider than a phone.
const WEEKS_A_DATE: usize = 2;

/// The group of exposure; not there where the service does not know of it.
#[derive(Debug)]
pub(super) struct ExposureGroup {
    group: adw::PreferencesGroup,
    chart: gtk::Box,
    bars: gtk::Box,
    dates: gtk::Box,
    counts: FollowSwitch,
    felt: Choice,
    warns: FollowSwitch,
    warns_row: adw::ActionRow,
    device: Rc<RefCell<String>>,
    shown: Option<(Weeks, u64)>,
}

impl ExposureGroup {
    pub(super) fn new(asker: &Asker) -> Self {
        let group = adw::PreferencesGroup::builder()
            .title(tr("Sound that reaches your ears"))
            .visible(false)
            .build();
        let bars = gtk::Box::builder().spacing(3).homogeneous(true).build();
        let dates = gtk::Box::builder().homogeneous(true).build();
        let chart = gtk::Box::builder()
            .orientation(gtk::Orientation::Vertical)
            .spacing(3)
            .margin_top(12)
            .css_classes(["card", "history-bars"])
            .build();
        chart.append(&bars);
        chart.append(&dates);
        let counts = FollowSwitch::new({
            let asker = asker.clone();
            move |on| asker.ask(Ask::SetExposure(on))
        });
        let row = plain_row();
        row.set_title(&tr("Count it week by week"));
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
        let warns = FollowSwitch::new({
            let asker = asker.clone();
            move |on| asker.ask(Ask::SetExposureWarnings(on))
        });
        let warns_row = plain_row();
        warns_row.set_title(&tr("Warn when it is much"));
        warns_row.set_subtitle_lines(0);
        warns_row.add_suffix(warns.widget());
        warns_row.set_activatable_widget(Some(warns.widget()));
        group.add(&row);
        group.add(felt.row());
        group.add(&warns_row);
        // A group has its rows first.
        group.add(&chart);
        Self { group, chart, bars, dates, counts, felt, warns, warns_row, device, shown: None }
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
        self.show_warnings(panel, enabled == Some(true) && !output.name.is_empty(), is_known);
        let Some(past) = panel.past() else { return };
        let weeks = past.weeks(&output.name);
        let name = if output.description.is_empty() { &output.name } else { &output.description };
        let text = sentence(name, &weeks);
        self.group.set_description(Some(&glib::markup_escape_text(&text)));
        self.chart.set_visible(!weeks.is_empty());
        let shown = Some((weeks, past.weeks_begin_usec()));
        if self.shown == shown {
            return;
        }
        self.shown = shown;
        self.show_bars();
    }

    /// Shows whether it warns, and why it does not.
    fn show_warnings(&self, panel: &Panel, is_counted: bool, is_known: bool) {
        let warnings = panel.exposure_warnings();
        self.warns_row.set_visible(is_counted && warnings.is_some());
        self.warns.show(warnings == Some(true));
        self.warns.widget().set_sensitive(is_known || warnings == Some(true));
        let text = if is_known {
            tr(
                "A notification at each full sound dose of a week, and one above 100\u{a0}dB(A); nothing is turned down",
            )
        } else {
            tr("This device never warns while nobody knows how loud it is: say it above")
        };
        if self.warns_row.subtitle().as_deref() != Some(&*text) {
            self.warns_row.set_subtitle(&text);
        }
    }

    fn show_bars(&self) {
        for row in [&self.bars, &self.dates] {
            while let Some(child) = row.first_child() {
                row.remove(&child);
            }
        }
        let Some((weeks, begin_usec)) = &self.shown else { return };
        // The day before the midnight that ends it.
        let last_usec = |number: u64| begin_usec + number * WEEK_USEC - 1;
        for number in (1..=weeks.all().len() as u64).skip(WEEKS_A_DATE - 1).step_by(WEEKS_A_DATE) {
            let date = plain_label(&["caption"]);
            date.set_xalign(1.0);
            // Translators: a short date as g_date_time_format() takes it, such as 29 Nov
            date.set_label(&formatted(last_usec(number), &tr("%-d %b")));
            self.dates.append(&date);
        }
        for ((row, height), number) in weeks.all().iter().zip(weeks.heights()).zip(1..) {
            let last_usec = last_usec(number);
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
