//! Looks at everything once, and has it judged.

use super::{
    check::{Check, Severity},
    facts::{
        activation::activations,
        files::{Kept, Left},
        graph::Graph,
        priority::Priority,
        process::{Session, sharing},
        service::Service,
        unit::{Manager, SERVICE_UNIT, WATCHDOG_TIMER},
    },
    judge, material, paste,
    place::Place,
    tools::{is_installed, run},
};
use headroom_install::installed;

/// What was found and what it means.
#[derive(Debug)]
pub struct Examination {
    /// Each check, in the order in which they are told.
    pub checks: Vec<Check>,
    pub(super) service: Service,
    pub(super) graph: Option<Graph>,
}

impl Examination {
    /// Looks at everything; what hangs is left after its deadline.
    pub async fn make() -> Self {
        let place = Place::from_environment();
        // Each of these can take until its deadline: they wait side by side.
        let (service, graph, metadata, priority, manager) = tokio::join!(
            Service::ask(),
            Graph::read(),
            run("pw-metadata", &["-n", "default"]),
            Priority::read(),
            Manager::ask(&[SERVICE_UNIT, WATCHDOG_TIMER]),
        );
        let mut checks = judge::presence::judge(&service);
        if !service.is_running() {
            checks.extend(servers().await);
        }
        checks.extend(installation(&place, &service, &manager));
        let got = service.said().map(|(_, health)| health.realtime);
        match (got, place.is_sandboxed) {
            // A service that does not say it is not judged by what the system would allow.
            (Some(None), _) | (None, true) => {}
            (got, _) => checks.push(judge::priority::judge(got.flatten(), &priority)),
        }
        if let Some(graph) = &graph {
            let state = service.said().map(|(snapshot, _)| snapshot.state.as_str());
            if state.is_some() || !service.is_running() {
                checks.extend(judge::graph::judge(graph, state));
            }
        }
        let session = Session::of_this_process();
        checks.extend(judge::process::judge(service.process(), &session, &session.sockets()));
        if let Some(state) = &place.state {
            let own = service.process().map(|process| process.id);
            let others = sharing(state, own);
            checks.extend(judge::process::judge_sharing(state, &others));
        }
        if let Some(listing) = &metadata {
            checks.push(judge::metadata::default_sink(listing));
            if !service.is_running() {
                let journal = place.runtime.as_ref().map(|folder| folder.join("session.toml"));
                let left = journal.map_or_else(Left::default, |journal| Left::read(&journal));
                checks.push(judge::metadata::leftovers(listing, left));
            }
        }
        checks.extend(files(&place, &service));
        let deployments = if place.is_sandboxed { Vec::new() } else { installed() };
        let running = service.said().map(|(_, health)| health.deployment.as_str());
        let running = running.filter(|deployment| !deployment.is_empty());
        checks.extend(judge::deployment::judge(&deployments, running, env!("CARGO_PKG_VERSION")));
        let process = service.process().map(|process| process.id);
        let restart = judge::remedy::restart(&manager, !deployments.is_empty(), process);
        judge::remedy::fill(&mut checks, &restart);
        Self { checks, service, graph }
    }

    /// Returns whether something is broken.
    pub fn is_bad(&self) -> bool {
        self.checks.iter().any(|check| check.severity == Severity::Bad)
    }

    /// Composes the report that can be pasted into a bug: Markdown, without a person's own names, devices and titles.
    pub async fn report(self) -> String {
        paste::compose(&material::gather(self).await)
    }
}

/// Judges PipeWire and WirePlumber by their own tools, where they are installed.
async fn servers() -> Vec<Check> {
    let (pipewire, wireplumber, info) = tokio::join!(
        run("pipewire", &["--version"]),
        run("wireplumber", &["--version"]),
        run("pw-cli", &["info", "0"]),
    );
    let mut checks = Vec::new();
    checks.extend(pipewire.map(|text| judge::installed::pipewire(&text)));
    checks.extend(wireplumber.map(|text| judge::installed::wireplumber(&text)));
    if is_installed("pw-cli") {
        checks.push(judge::installed::reachable(info.as_deref()));
    }
    checks
}

/// Judges how the service is installed.
fn installation(place: &Place, service: &Service, manager: &Manager) -> Vec<Check> {
    if place.is_sandboxed {
        return vec![Check::ok(
            "sandbox",
            "This command runs within Flatpak and does not see the host's installation.",
            "The Flatpak is its own installation.",
        )];
    }
    let files = activations(&place.data);
    let unit = files.first().and_then(|file| manager.unit(file.unit.as_deref()?));
    let mut checks = judge::activation::judge(&files, service.on_bus(), unit);
    checks.extend(judge::unit::judge(
        manager,
        service.is_running(),
        service.process().map(|process| process.id),
    ));
    checks
}

/// Judges the user's and the service's files.
fn files(place: &Place, service: &Service) -> Vec<Check> {
    let mut checks = Vec::new();
    if let Some(folder) = &place.profiles {
        checks.extend(judge::profiles::own_profiles(folder, service.is_running()));
    }
    if let Some(folder) = &place.state {
        checks.extend(judge::files::judge_state(&Kept::read(folder, &["state.toml"])));
    }
    if let Some(folder) = &place.runtime {
        checks.extend(judge::files::judge_session(&Kept::read(folder, &["session.toml"])));
    }
    checks
}
