//! The state of the service, of the graph and of the devices, number by number.

use std::cell::RefCell;

use adw::prelude::*;

use super::{plain_row, set_text, words};
use crate::{
    i18n::{number, quantity, tr, trf, trn, trnf},
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
    uptime: gtk::Label,
    deployment: gtk::Label,
    scope: gtk::Label,
    supervisor: gtk::Label,
    watchdog: gtk::Label,
    responding: gtk::Label,
    failures: gtk::Label,
    realtime: gtk::Label,
    device: adw::ActionRow,
    channels: gtk::Label,
    rate: gtk::Label,
    quantum: gtk::Label,
    latency: gtk::Label,
    pipewire: gtk::Label,
    wireplumber: gtk::Label,
    cycles: gtk::Label,
    late: gtk::Label,
    starved: gtk::Label,
    unready: gtk::Label,
    mean: gtk::Label,
    worst: gtk::Label,
    clamp: gtk::Label,
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
            uptime: fact(&service, &tr("Running for")),
            deployment: fact(&service, &tr("Set up as")),
            scope: fact(&service, &tr("Set up for")),
            supervisor: fact(&service, &tr("Started by")),
            watchdog: fact(&service, &tr("Watched for hanging")),
            responding: fact(&service, &tr("Hears from the sound system")),
            failures: fact(&service, &tr("Failures lately")),
            device,
            channels: fact(&graph, &tr("Channels")),
            rate: fact(&graph, &tr("Sample rate")),
            quantum: fact(&graph, &tr("Length of a cycle")),
            latency: fact(&graph, &tr("Added delay")),
            pipewire: fact(&graph, &tr("PipeWire")),
            wireplumber: fact(&graph, &tr("WirePlumber")),
            realtime: fact(&graph, &tr("Real-time priority")),
            cycles: fact(&graph, &tr("Cycles run")),
            late: fact(&graph, &tr("Cycles that were late")),
            starved: fact(&graph, &tr("Cycles without time to process")),
            unready: fact(&graph, &tr("Silent cycles at a change of format")),
            mean: fact(&graph, &tr("Mean time of a cycle")),
            worst: fact(&graph, &tr("Longest time of a cycle")),
            clamp: fact(&graph, &tr("Samples held by the last clamp")),
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
        let known = |number: u32, words: String| if number > 0 { words } else { String::new() };
        set_fact(&self.channels, &known(output.channels, number(f64::from(output.channels), 0)));
        let rate = quantity(f64::from(output.rate_hz) / 1000.0, 1, "kHz");
        set_fact(&self.rate, &known(output.rate_hz, rate));
        let frames = trn("{n} frame", "{n} frames", u64::from(output.quantum_frames));
        set_fact(&self.quantum, &known(output.quantum_frames, frames));
        let latency = if output.is_there() {
            let ms = quantity(output.latency_ms, 2, "ms");
            let frames = u64::from(output.latency_frames);
            trnf("{ms} ({n} frame)", "{ms} ({n} frames)", frames, &[("ms", &ms)])
        } else {
            String::new()
        };
        set_fact(&self.latency, &latency);
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
        set_fact(&self.uptime, &duration(health.uptime_s));
        let deployment = Deployment::read(&health.deployment);
        set_fact(&self.deployment, &words::preset(&deployment));
        set_fact(&self.scope, &words::scope(&deployment));
        set_fact(&self.supervisor, &words::supervisor(&health.supervisor));
        let yes_or_no = |so: Option<bool>| match so {
            Some(true) => tr("yes"),
            Some(false) => tr("no"),
            None => String::new(),
        };
        set_fact(&self.watchdog, &yes_or_no(health.watchdog));
        set_fact(&self.responding, &yes_or_no(health.responding));
        set_fact(&self.pipewire, &health.pipewire_version);
        set_fact(&self.wireplumber, &health.wireplumber_version);
        set_fact(&self.realtime, &yes_or_no(health.realtime));
        let count = |count: u64| number(count as f64, 0);
        set_fact(&self.cycles, &count(health.cycles));
        set_fact(&self.late, &count(health.late_cycles));
        set_fact(&self.starved, &count(health.starved_cycles));
        set_fact(&self.failures, &count(health.failures.into()));
        set_fact(&self.unready, &count(health.unready_cycles));
        let mean = health.mean_cycle_us();
        let micros = |micros: f64| quantity(micros, 0, "µs");
        set_fact(&self.mean, &mean.map(micros).unwrap_or_default());
        set_fact(&self.worst, &mean.map(|_| micros(health.worst_cycle_us)).unwrap_or_default());
        set_fact(&self.clamp, &count(health.clamp_activations));
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
        ServiceState::SafeMode => tr("Stepped aside after repeated failures"),
        ServiceState::Unknown(word) => word.clone(),
    }
}

/// Hours, minutes and seconds, as clocks show them.
fn duration(seconds: f64) -> String {
    let seconds = seconds.max(0.0) as u64;
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_written_as_on_a_clock() {
        assert_eq!(duration(3.9), "0:00:03");
        assert_eq!(duration(90_061.0), "25:01:01");
    }
}
