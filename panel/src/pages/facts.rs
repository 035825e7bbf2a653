//! The state of the service, of the sound system and of the devices; numbers beyond that are `headroom doctor`'s.

use std::cell::RefCell;

use adw::prelude::*;

use super::{plain_row, set_text, words};
use crate::{
    i18n::{quantity, tr, trf},
    model::{Deployment, Device, Health, Output, Panel, ServiceState},
};

/// Groups of facts.
#[derive(Debug)]
pub(crate) struct Facts {
    service: adw::PreferencesGroup,
    graph: adw::PreferencesGroup,
    others: adw::PreferencesGroup,
    other_rows: RefCell<Vec<(Device, adw::ActionRow)>>,
    state: gtk::Label,
    version: gtk::Label,
    deployment: gtk::Label,
    scope: gtk::Label,
    supervisor: gtk::Label,
    realtime: gtk::Label,
    device: adw::ActionRow,
    rate: gtk::Label,
    latency: gtk::Label,
    pipewire: gtk::Label,
    wireplumber: gtk::Label,
}

impl Facts {
    pub(crate) fn new() -> Self {
        let service = adw::PreferencesGroup::builder().title(tr("Service")).build();
        let graph = adw::PreferencesGroup::builder().title(tr("Sound system")).build();
        // Names of devices are long: they have a line of their own.
        let device = plain_row();
        device.set_title(&tr("Device"));
        device.set_subtitle_lines(0);
        graph.add(&device);
        Self {
            state: fact(&service, &tr("State")),
            version: fact(&service, &tr("Version")),
            deployment: fact(&service, &tr("Set up as")),
            scope: fact(&service, &tr("Set up for")),
            supervisor: fact(&service, &tr("Started by")),
            device,
            rate: fact(&graph, &tr("Sample rate")),
            latency: fact(&graph, &tr("Added delay")),
            pipewire: fact(&graph, &tr("PipeWire")),
            wireplumber: fact(&graph, &tr("WirePlumber")),
            realtime: fact(&graph, &tr("Real-time priority")),
            service,
            graph,
            others: adw::PreferencesGroup::builder()
                .title(tr("Other devices in use"))
                .visible(false)
                .build(),
            other_rows: RefCell::default(),
        }
    }

    pub(crate) fn widgets(&self) -> [&adw::PreferencesGroup; 3] {
        [&self.service, &self.graph, &self.others]
    }

    /// Shows what is known; a dash stands for what is not.
    pub(crate) fn show(&self, panel: &Panel) {
        self.show_service(panel);
        self.show_output(panel.output());
        self.show_others(panel.devices());
        self.show_health(&panel.health().cloned().unwrap_or_default());
    }

    fn show_service(&self, panel: &Panel) {
        let state = panel.state().map_or_else(String::new, state_words);
        set_fact(&self.state, &state);
        set_fact(&self.version, panel.version());
    }

    fn show_output(&self, output: &Output) {
        let device = if output.is_there() { output.description.as_str() } else { "–" };
        self.device.set_subtitle(device);
        let rate = quantity(f64::from(output.rate_hz) / 1000.0, 1, "kHz");
        set_fact(&self.rate, &if output.rate_hz > 0 { rate } else { String::new() });
        let latency = quantity(output.latency_ms, 2, "ms");
        set_fact(&self.latency, &if output.is_there() { latency } else { String::new() });
    }

    /// Shows the devices that something was sent to.
    fn show_others(&self, devices: &[Device]) {
        let others: Vec<_> = devices.iter().filter(|device| !device.is_default).collect();
        let mut rows = self.other_rows.borrow_mut();
        if rows.iter().map(|(device, _)| device).eq(others.iter().copied()) {
            return;
        }
        for (_, row) in rows.drain(..) {
            self.others.remove(&row);
        }
        for device in others {
            let row = plain_row();
            row.set_title(&device.description);
            row.set_title_lines(0);
            row.set_subtitle_lines(0);
            row.set_subtitle(&if device.is_protected {
                let ms = quantity(device.latency_ms, 2, "ms");
                trf("What is sent there is protected. Added delay: {ms}", &[("ms", &ms)])
            } else {
                tr("What is sent there is not protected")
            });
            self.others.add(&row);
            rows.push((device.clone(), row));
        }
        self.others.set_visible(!rows.is_empty());
    }

    fn show_health(&self, health: &Health) {
        let deployment = Deployment::read(&health.deployment);
        set_fact(&self.deployment, &words::preset(&deployment));
        set_fact(&self.scope, &words::scope(&deployment));
        set_fact(&self.supervisor, &words::supervisor(&health.supervisor));
        set_fact(&self.pipewire, &health.pipewire_version);
        set_fact(&self.wireplumber, &health.wireplumber_version);
        set_fact(
            &self.realtime,
            &match health.realtime {
                Some(true) => tr("yes"),
                Some(false) => tr("no"),
                None => String::new(),
            },
        );
    }
}

fn set_fact(label: &gtk::Label, text: &str) {
    set_text(label, if text.is_empty() { "–" } else { text });
}

fn state_words(state: &ServiceState) -> String {
    match state {
        ServiceState::Running => tr("Protecting"),
        ServiceState::Bypassed => tr("Turned off"),
        ServiceState::Waiting => tr("Waiting for the sound system"),
        ServiceState::Sidelined => tr("Passed by"),
        ServiceState::SafeMode => tr("Stepped aside after repeated failures"),
        ServiceState::Unknown(word) => word.clone(),
    }
}

/// A row with a name, and a value that can be selected.
fn fact(group: &adw::PreferencesGroup, title: &str) -> gtk::Label {
    let value = gtk::Label::builder()
        .use_markup(false)
        .selectable(true)
        .wrap(true)
        .wrap_mode(gtk::pango::WrapMode::WordChar)
        .xalign(1.0)
        .justify(gtk::Justification::Right)
        .natural_wrap_mode(gtk::NaturalWrapMode::None)
        .css_classes(["dim-label", "numeric"])
        .build();
    let row = plain_row();
    row.set_title(title);
    row.set_title_lines(0);
    row.add_suffix(&value);
    group.add(&row);
    value
}
