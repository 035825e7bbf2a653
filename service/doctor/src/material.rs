//! Gathers what goes into a report beside the checks.

use headroom_client::{Snapshot, paths::profile_directory, settings::Setting};
use headroom_profile::Library;

use super::{
    examine::Examination,
    facts::{journal::tail, machine::machine},
    paste::Material,
    redact::Person,
};

/// Gathers everything for a report, as it is.
pub(super) async fn gather(examination: Examination) -> Material {
    let (machine, journal) = tokio::join!(machine(), tail());
    let Examination { checks, service, graph } = examination;
    let mut material = Material {
        person: Person::read(),
        names: graph.map(|graph| graph.names).unwrap_or_default(),
        versions: vec![("command", env!("CARGO_PKG_VERSION").to_owned())],
        checks,
        journal,
        ..Material::default()
    };
    let own = Library::load(profile_directory().as_deref());
    let mut names: Vec<String> = own.iter().map(|profile| profile.name.clone()).collect();
    if let Some((snapshot, health)) = service.into_said() {
        let version = format!("{} (interface {})", snapshot.version, snapshot.api_version);
        material.versions.push(("service", version));
        material.settings = settings(&snapshot);
        names.extend(snapshot.profiles.into_keys());
        material.health = health;
        material.output = snapshot.output;
        material.streams = snapshot.streams;
        material.active_profile = snapshot.active_profile;
        material.problems = snapshot.problems;
    }
    names.sort();
    names.dedup();
    let shipped = Library::load(None);
    material.profiles =
        names.into_iter().map(|name| (name.clone(), shipped.get(&name).is_some())).collect();
    material.versions.extend(machine);
    material
}

/// Returns the changed settings: key, value, the profile's value.
fn settings(snapshot: &Snapshot) -> Vec<[String; 3]> {
    let row = |setting: &Setting| {
        let shown = |value| setting.with_unit(value);
        [setting.key.clone(), shown(&setting.value), shown(&setting.default)]
    };
    snapshot.settings.changed().map(row).collect()
}
