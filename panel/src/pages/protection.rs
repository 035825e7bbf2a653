//! The page of protection: what is in force, how strong, and what it does now.

use adw::prelude::*;

use super::{Asker, meters::BusView, profiles::ProfileList, strength::StrengthGroup};
use crate::model::{Loudness, Meters, Panel};

/// The page of protection.
#[derive(Debug)]
pub(crate) struct ProtectionPage {
    page: adw::PreferencesPage,
    profiles: ProfileList,
    strength: StrengthGroup,
    bus: BusView,
}

impl ProtectionPage {
    pub(crate) fn new(asker: &Asker) -> Self {
        let page = adw::PreferencesPage::new();
        let profiles = ProfileList::new(asker);
        let strength = StrengthGroup::new(asker);
        let bus = BusView::new();
        page.add(profiles.widget());
        page.add(strength.widget());
        page.add(bus.gauges());
        page.add(bus.chart());
        Self { page, profiles, strength, bus }
    }

    pub(crate) fn widget(&self) -> &adw::PreferencesPage {
        &self.page
    }

    /// Shows the profiles, which is in force, and what it evens out.
    pub(crate) fn show_profiles(&mut self, panel: &Panel) {
        self.profiles.show(panel.profiles(), panel.active_profile());
        self.bus.set_chains(panel.chains());
    }

    /// Shows what follows from the settings: the strength, and where ceiling and target are.
    pub(crate) fn show_settings(&self, panel: &Panel) {
        self.strength.show(panel.strength());
        self.bus
            .set_marks(panel.number("limiter.ceiling_dbtp"), panel.number("leveller.target_lufs"));
    }

    /// Moves the gauges.
    pub(crate) fn meter(&self, meters: &Meters) {
        self.bus.meter(&meters.bus);
    }

    /// Adds the newest point to the chart.
    pub(crate) fn add_point(&self, loudness: &Loudness) {
        self.bus.add_point(loudness);
    }

    /// Lets the gauges fall to rest.
    pub(crate) fn rest(&self) {
        self.bus.rest();
    }
}
