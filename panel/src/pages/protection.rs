//! The page of protection, which is about the ear: the profile, how loud it may get at most, and what happens now.

use adw::prelude::*;

use super::{
    Asker, device::DeviceGroup, meters::NowView, pauses::Pauses, profiles::ProfileList,
    schedule::ScheduleGroup, setting_row::SettingRow, strength::StrengthGroup,
};
use crate::{
    i18n::tr,
    model::{Loudness, Meters, Panel},
};

/// The setting that has its place here and not among the others.
pub(super) const CAP: &str = "leveller.cap_lufs";

/// The page of protection.
#[derive(Debug)]
pub(crate) struct ProtectionPage {
    page: adw::PreferencesPage,
    profiles: ProfileList,
    schedule: ScheduleGroup,
    cap_group: adw::PreferencesGroup,
    cap: Option<SettingRow>,
    device: DeviceGroup,
    pauses: Pauses,
    strength: StrengthGroup,
    now: NowView,
    asker: Asker,
}

impl ProtectionPage {
    pub(crate) fn new(asker: &Asker) -> Self {
        let page = adw::PreferencesPage::new();
        let profiles = ProfileList::new(asker);
        let schedule = ScheduleGroup::new(asker);
        let cap_group = adw::PreferencesGroup::builder()
            .title(tr("Loudest moment"))
            .description(tr("Whatever plays, it is not heard louder than this. The volume of your device comes on top."))
            .visible(false)
            .build();
        let device = DeviceGroup::new(asker);
        let pauses = Pauses::new(asker);
        let strength = StrengthGroup::new(asker);
        let now = NowView::new();
        page.add(now.gauges());
        page.add(profiles.widget());
        page.add(schedule.widget());
        page.add(&cap_group);
        page.add(device.widget());
        page.add(pauses.widget());
        page.add(strength.widget());
        page.add(now.chart());
        Self {
            page,
            profiles,
            schedule,
            cap_group,
            cap: None,
            device,
            pauses,
            strength,
            now,
            asker: asker.clone(),
        }
    }

    pub(crate) fn widget(&self) -> &adw::PreferencesPage {
        &self.page
    }

    /// Shows the profiles, which is in force, and what is scheduled.
    pub(crate) fn show_profiles(&mut self, panel: &Panel) {
        self.profiles.show(panel.profiles(), panel.active_profile());
        self.schedule.show(panel);
    }

    /// Shows the device that is played to, and what comes with it.
    pub(crate) fn show_device(&self, panel: &Panel) {
        self.device.show(panel);
    }

    /// Offers what fits while protection is on or off.
    pub(crate) fn show_protection(&self, panel: &Panel) {
        self.pauses.show(panel);
    }

    /// Shows what follows from the settings: the cap, the strength, and where ceiling and target are.
    pub(crate) fn show_settings(&mut self, panel: &Panel) {
        self.strength.show(panel.strength());
        self.now
            .set_marks(panel.number("limiter.ceiling_dbtp"), panel.number("leveller.target_lufs"));
        let setting = panel.setting(CAP);
        self.cap_group.set_visible(setting.is_some());
        let Some(setting) = setting else { return };
        if let Some(row) = &self.cap {
            row.show(setting);
        } else {
            let row = SettingRow::new(setting, &self.asker);
            for widget in row.widgets() {
                self.cap_group.add(widget);
            }
            self.cap = Some(row);
        }
    }

    /// Moves the gauges.
    pub(crate) fn meter(&self, panel: &Panel, meters: &Meters) {
        self.now.meter(panel, meters);
    }

    /// Adds the newest point to the chart.
    pub(crate) fn add_point(&self, loudness: &Loudness) {
        self.now.add_point(loudness);
    }

    /// Lets the gauges fall to rest.
    pub(crate) fn rest(&self) {
        self.now.rest();
    }
}
