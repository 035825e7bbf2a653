//! The page that answers what Headroom saved one from: today, this week, this month.

use adw::prelude::*;
use gtk::glib;
use headroom_api::CatchRow;

use super::{
    Asker, FollowSwitch, centre, exposure::ExposureGroup, plain_label, plain_row, set_text,
};
use crate::{
    i18n::{number, quantity, tr, trf, trn, trnf},
    model::{Ask, Panel, Past, PastApp, Period},
    widgets::a11y,
};

/// Height of the highest bar, in pixels.
const BAR_HEIGHT: f64 = 96.0;
/// Names below the bars, at most.
const NAMED_DAYS: usize = 7;

/// The page of what was caught.
#[derive(Debug)]
pub(crate) struct HistoryPage {
    page: adw::PreferencesPage,
    periods: Vec<(Period, gtk::ToggleButton)>,
    headline: gtk::Label,
    detail: gtk::Label,
    chart: adw::PreferencesGroup,
    bars: gtk::Box,
    names: gtk::Box,
    biggest: Rows,
    apps: Rows,
    exposure: ExposureGroup,
    keep: FollowSwitch,
    asker: Asker,
}

impl HistoryPage {
    pub(crate) fn new(asker: &Asker) -> Self {
        let page = adw::PreferencesPage::new();
        let choice = gtk::Box::builder().halign(gtk::Align::Center).css_classes(["linked"]).build();
        let periods = periods(&choice, asker);
        let headline = plain_label(&["title-1"]);
        let detail = plain_label(&["dim-label"]);
        for label in [&headline, &detail] {
            centre(label);
        }
        let head = gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(12).build();
        head.append(&choice);
        head.append(&headline);
        head.append(&detail);
        let top = adw::PreferencesGroup::new();
        top.add(&head);
        page.add(&top);

        let bars = gtk::Box::builder().spacing(3).homogeneous(true).build();
        let names = gtk::Box::builder().homogeneous(true).build();
        let both = gtk::Box::builder()
            .orientation(gtk::Orientation::Vertical)
            .spacing(3)
            .css_classes(["card", "history-bars"])
            .build();
        both.append(&bars);
        both.append(&names);
        let chart = adw::PreferencesGroup::builder().title(tr("Per day")).build();
        chart.add(&both);
        page.add(&chart);
        let biggest = Rows::new(&page, &tr("Biggest catches"));
        let apps = Rows::new(&page, &tr("By app"));
        let exposure = ExposureGroup::new(asker);
        page.add(exposure.widget());

        let keep = FollowSwitch::new({
            let asker = asker.clone();
            move |on| asker.ask(Ask::SetHistory(on))
        });
        let row = plain_row();
        row.set_title(&tr("Keep this history"));
        row.set_subtitle(&tr(
            "Names of apps, times and levels, never titles: for 400 days, on this computer only",
        ));
        row.set_subtitle_lines(0);
        row.add_suffix(keep.widget());
        row.set_activatable_widget(Some(keep.widget()));
        let clear = gtk::Button::builder()
            .halign(gtk::Align::End)
            .margin_top(12)
            .css_classes(["destructive-action"])
            .build();
        super::set_mnemonic(&clear, &tr("C_lear…"));
        clear.connect_clicked({
            let asker = asker.clone();
            move |button| confirm(button, &asker)
        });
        let privacy = adw::PreferencesGroup::new();
        privacy.add(&row);
        privacy.add(&clear);
        page.add(&privacy);
        Self {
            page,
            periods,
            headline,
            detail,
            chart,
            bars,
            names,
            biggest,
            apps,
            exposure,
            keep,
            asker: asker.clone(),
        }
    }

    pub(crate) fn widget(&self) -> &adw::PreferencesPage {
        &self.page
    }

    /// Asks for what is looked at, as of now.
    pub(crate) fn look(&self) {
        self.asker.ask(Ask::LookBack(edges(self.period())));
    }

    fn period(&self) -> Period {
        let chosen = self.periods.iter().find(|(_, button)| button.is_active());
        chosen.map_or(Period::Today, |(period, _)| *period)
    }

    /// Shows what was kept.
    pub(crate) fn show(&mut self, panel: &Panel) {
        let enabled = panel.history_enabled();
        self.keep.show(enabled.unwrap_or(false));
        self.exposure.show(panel);
        let Some(past) = panel.past() else { return };
        let (headline, detail) = summary(past, enabled != Some(false));
        set_text(&self.headline, &headline);
        set_text(&self.detail, &detail);
        self.chart.set_visible(!past.catches.is_empty() && past.edges_usec.len() > 2);
        self.show_bars(past);
        let biggest = past.biggest();
        self.biggest.show(biggest.iter().map(|row| catch_row(row)));
        self.apps.show(past.apps().iter().map(app_row));
    }

    /// Shows what depends on the device that is played to, and on what is chosen for it.
    pub(crate) fn show_device(&mut self, panel: &Panel) {
        self.exposure.show(panel);
    }

    fn show_bars(&self, past: &Past) {
        for row in [&self.bars, &self.names] {
            while let Some(child) = row.first_child() {
                row.remove(&child);
            }
        }
        let days = past.days();
        let most = days.iter().copied().max().unwrap_or(0).max(1);
        for (count, begin_usec) in days.iter().zip(&past.edges_usec) {
            self.bars.append(&bar(*count, most, *begin_usec));
        }
        // A name for so many bars, below the last of them: what is below each would make the page wider than a phone.
        let every = days.len().div_ceil(NAMED_DAYS).max(1);
        let form = if every == 1 { "%a" } else { "%-d" };
        for bars in past.edges_usec[..days.len()].chunks(every) {
            let name = plain_label(&["caption"]);
            name.set_xalign(if every == 1 { 0.5 } else { 1.0 });
            name.set_label(&bars.last().map_or_else(String::new, |usec| formatted(*usec, form)));
            self.names.append(&name);
        }
    }
}

/// Rows that are made anew when they are others.
#[derive(Debug)]
struct Rows {
    group: adw::PreferencesGroup,
    widgets: Vec<adw::ActionRow>,
    shown: Vec<[String; 3]>,
}

impl Rows {
    fn new(page: &adw::PreferencesPage, title: &str) -> Self {
        let group = adw::PreferencesGroup::builder().title(title).visible(false).build();
        page.add(&group);
        Self { group, widgets: Vec::new(), shown: Vec::new() }
    }

    /// Shows rows of a title, a line below it and what stands at the end.
    fn show(&mut self, rows: impl Iterator<Item = [String; 3]>) {
        let rows: Vec<_> = rows.collect();
        self.group.set_visible(!rows.is_empty());
        if self.shown == rows {
            return;
        }
        for row in self.widgets.drain(..) {
            self.group.remove(&row);
        }
        for [title, subtitle, end] in &rows {
            let row = plain_row();
            row.set_title(title);
            row.set_subtitle(subtitle);
            row.set_title_lines(1);
            let label = plain_label(&["numeric"]);
            label.set_label(end);
            row.add_suffix(&label);
            // It can be reached by the keyboard, to be read out.
            row.set_focusable(true);
            a11y::set_label(&row, title);
            a11y::set_description(&row, &format!("{subtitle}. {end}"));
            self.group.add(&row);
            self.widgets.push(row);
        }
        self.shown = rows;
    }
}

fn periods(parent: &gtk::Box, asker: &Asker) -> Vec<(Period, gtk::ToggleButton)> {
    let mut buttons: Vec<(Period, gtk::ToggleButton)> = Vec::new();
    for period in Period::ALL {
        let label = match period {
            Period::Today => tr("Today"),
            Period::Week => tr("7 Days"),
            Period::Month => tr("30 Days"),
        };
        // Three of them fit a phone with text of twice the size.
        let name = plain_label(&[]);
        name.set_label(&label);
        name.set_ellipsize(gtk::pango::EllipsizeMode::End);
        name.set_xalign(0.5);
        let button = gtk::ToggleButton::builder().child(&name).build();
        a11y::set_label(&button, &label);
        match buttons.first() {
            Some((_, first)) => button.set_group(Some(first)),
            None => button.set_active(true),
        }
        button.connect_toggled({
            let asker = asker.clone();
            move |button| {
                if button.is_active() {
                    asker.ask(Ask::LookBack(edges(period)));
                }
            }
        });
        parent.append(&button);
        buttons.push((period, button));
    }
    buttons
}

/// When each day of a period begins here, and when the last one ends.
fn edges(period: Period) -> Vec<u64> {
    let days = i32::try_from(period.days()).unwrap_or(1);
    let midnight = glib::DateTime::now_local().and_then(|now| {
        let (year, month, day) = now.ymd();
        glib::DateTime::from_local(year, month, day, 0, 0, 0.0)
    });
    let Ok(midnight) = midnight else { return Vec::new() };
    let edge =
        |days: i32| midnight.add_days(days).ok().and_then(|day| u64::try_from(day.to_unix()).ok());
    (1 - days..=1).filter_map(edge).map(|seconds| seconds * 1_000_000).collect()
}

fn local(usec: u64) -> Option<glib::DateTime> {
    glib::DateTime::from_unix_local(i64::try_from(usec / 1_000_000).ok()?).ok()
}

pub(super) fn formatted(usec: u64, form: &str) -> String {
    local(usec).and_then(|at| at.format(form).ok()).map_or_else(String::new, Into::into)
}

/// Says it in one look: a headline, and a line below it.
fn summary(past: &Past, enabled: bool) -> (String, String) {
    let Some(loudest) = past.biggest().first().copied() else {
        if !enabled {
            return (
                tr("The history is off"),
                tr("Nothing is kept of what Headroom catches. Turn it on below."),
            );
        }
        let detail = if past.is_empty() {
            tr("Nothing has played yet. What Headroom catches is shown here.")
        } else {
            tr("Nothing jumped out of what you listened to.")
        };
        return (tr("Nothing was caught"), detail);
    };
    let count = past.catches.len() as u64;
    let headline = trn("{n} blast was caught", "{n} blasts were caught", count);
    let values: [(&str, &dyn std::fmt::Display); 2] =
        [("app", &app_name(&loudest.app)), ("saved", &quantity(loudest.saved_lu(), 0, "dB"))];
    (headline, trf("The greatest came from {app}: {saved} softer than it was sent", &values))
}

fn app_name(app: &str) -> String {
    if app.is_empty() { tr("Several apps") } else { app.to_owned() }
}

fn catch_row(row: &CatchRow) -> [String; 3] {
    let time = formatted(row.begin_usec, "%x %H:%M");
    let held = quantity(row.held_s, 1, "s");
    let below = trf("{time}, held for {held}", &[("time", &time), ("held", &held)]);
    let lufs = |lufs: f64| number(lufs, 0);
    let end = trf(
        "{in} → {out} LUFS",
        &[("in", &lufs(row.loudness_in_lufs)), ("out", &lufs(row.loudness_out_lufs))],
    );
    [app_name(&row.app), below, end]
}

fn app_row(app: &PastApp) -> [String; 3] {
    let minutes = (app.played_s / 60.0).round();
    let played = if minutes < 100.0 {
        trnf("{n} minute played", "{n} minutes played", minutes as u64, &[])
    } else {
        trf("{hours} hours played", &[("hours", &number(minutes / 60.0, 1))])
    };
    let caught = trn("{n} catch", "{n} catches", app.catches as u64);
    [app_name(&app.name), played, caught]
}

/// One day.
fn bar(count: usize, most: usize, begin_usec: u64) -> gtk::Box {
    let caught = trn("{n} catch", "{n} catches", count as u64);
    let date = formatted(begin_usec, "%A, %x");
    let text = trf("{date}: {caught}", &[("date", &date), ("caught", &caught)]);
    bar_of(count as f64 / most as f64, &text)
}

/// A bar of a height from 0.0 to 1.0, and what it says.
pub(super) fn bar_of(height: f64, text: &str) -> gtk::Box {
    let bar = gtk::Box::builder()
        .valign(gtk::Align::End)
        .height_request(((height * BAR_HEIGHT).ceil() as i32).max(2))
        .css_classes([if height > 0.0 { "history-bar" } else { "history-bar-empty" }])
        .accessible_role(gtk::AccessibleRole::Img)
        .build();
    a11y::set_label(&bar, text);
    bar.set_tooltip_text(Some(text));
    bar
}

fn confirm(button: &gtk::Button, asker: &Asker) {
    let window = button.root().and_downcast::<gtk::Window>();
    let dialog = adw::MessageDialog::new(
        window.as_ref(),
        Some(&tr("Clear the History?")),
        Some(&tr("What was caught and played is forgotten for good.")),
    );
    dialog.add_response("cancel", &tr("_Cancel"));
    dialog.add_response("clear", &tr("C_lear"));
    dialog.set_response_appearance("clear", adw::ResponseAppearance::Destructive);
    dialog.set_default_response(Some("cancel"));
    dialog.set_close_response("cancel");
    let asker = asker.clone();
    dialog.connect_response(Some("clear"), move |_, _| asker.ask(Ask::ClearHistory));
    dialog.present();
}
