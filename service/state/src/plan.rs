//! From what is and what is wanted to the commands that close the gap.

use std::{collections::BTreeSet, time::Instant};

use headroom_api::Chains;

use super::{
    Graph, SessionManager,
    desired::Desired,
    identity::AppKey,
    ledger::is_app_sink,
    ownership::Ownership,
    place::{Placement, place},
    smart_filter::{self, DISABLED_KEY, LOOK_KEY},
    streams::{StreamStatus, show},
    survey::{Case, Survey},
};
use crate::event::{ChainId, GraphCommand, MetadataName, serial};

/// What a look at everything has come to.
#[derive(Debug)]
pub struct Settled {
    /// What brings the graph to what is desired; nothing when it is there, or while what was asked
    /// before is still on its way.
    pub commands: Vec<GraphCommand>,
    /// What is true of every stream, by its id.
    pub streams: Vec<StreamStatus>,
}

/// Looks at everything once: judges where each stream belongs, and what it takes to bring it there.
pub fn settle(
    graph: &Graph,
    desired: Desired<'_>,
    ownership: &mut Ownership,
    now: Instant,
) -> Settled {
    let is_ready = matches!(graph.session_manager(), SessionManager::Ready { .. });
    let is_ready = is_ready && graph.enumerated;
    let is_quiet = ownership.quiet.follow(graph, now);
    let mut commands = Vec::new();
    if is_quiet {
        // What was asked for stands, and nothing new is.
    } else if is_ready {
        commands.extend(ownership.ledger.follow(graph));
    } else {
        ownership.forget_session_manager();
    }
    let survey = Survey::take(graph, desired, &ownership.ledger);
    let placements: Vec<Placement> = survey.cases.iter().map(|case| place(case, desired)).collect();
    if is_ready && !is_quiet {
        let judged = (&survey, &placements[..]);
        commands.extend(plan_all(graph, desired, ownership, judged, now));
    }
    let streams = show(graph, desired, ownership, (&survey, &placements));
    Settled { commands, streams }
}

fn plan_all(
    graph: &Graph,
    desired: Desired<'_>,
    ownership: &mut Ownership,
    (survey, placements): (&Survey<'_>, &[Placement]),
    now: Instant,
) -> Vec<GraphCommand> {
    let mut commands = Vec::new();
    ownership.pool.follow(graph);
    if !desired.dormant
        && let Some((device, _)) = graph.default_device()
        && let Some(channels) = graph.chain_channels(device)
    {
        commands.extend(ownership.ask_bus(channels, desired.bypass));
    }
    commands.extend(plan_filter(graph, desired, ownership));
    // Before any target is written: what is bypassed must not meet a chain where it is sent.
    let Ownership { devices, pool, .. } = ownership;
    commands.extend(devices.follow(pool, graph, desired, (survey, placements), now));
    commands.extend(pool.retire(graph, ChainId::holds_ceiling, desired.bypass, now));
    commands.extend(plan_apps(graph, desired, ownership, placements, now));
    for (case, placement) in survey.cases.iter().zip(placements) {
        commands.extend(plan_target(graph, ownership, case, placement));
    }
    commands.extend(ownership.taken_back.follow(graph));
    commands.extend(ownership.freed.follow(graph, (survey, placements), now));
    // After the targets: what is sent elsewhere goes first.
    let is_app = |id: ChainId| !id.holds_ceiling();
    commands.extend(ownership.pool.retire(graph, is_app, desired.bypass, now));
    commands
}

fn plan_filter(
    graph: &Graph,
    desired: Desired<'_>,
    ownership: &mut Ownership,
) -> Option<GraphCommand> {
    let bus = graph.bus()?;
    let written = graph.metadata(MetadataName::Filters, bus.sink, DISABLED_KEY);
    let asked = ownership
        .asked_disabled
        .and_then(|(sink, disabled)| (sink == bus.sink).then_some(disabled))
        .unwrap_or_else(|| written.map_or(bus.disabled, |written| written == "true"));
    if asked == desired.bypass {
        return None;
    }
    ownership.asked_disabled = Some((bus.sink, desired.bypass));
    Some(smart_filter::set(bus.sink, DISABLED_KEY, Some(desired.bypass.to_string())))
}

fn plan_apps(
    graph: &Graph,
    desired: Desired<'_>,
    ownership: &mut Ownership,
    placements: &[Placement],
    now: Instant,
) -> Vec<GraphCommand> {
    let Ownership { apps, pool, .. } = ownership;
    if desired.profile.chains != Chains::PerApp {
        apps.dissolve(pool);
        return Vec::new();
    }
    // What is there is kept over a bypass, for the way back.
    let Some(bus) = graph.bus().filter(|_| !desired.bypass) else {
        return Vec::new();
    };
    let live: BTreeSet<AppKey> = placements.iter().filter_map(Placement::app).cloned().collect();
    apps.follow(pool, graph, &live, &bus.channels, now)
}

/// Returns the commands that send a stream to its place, unless it was sent there.
fn plan_target(
    graph: &Graph,
    ownership: &mut Ownership,
    case: &Case<'_>,
    placement: &Placement,
) -> Vec<GraphCommand> {
    let target = match placement {
        Placement::Immovable(_) | Placement::Pinned | Placement::Remembered => return Vec::new(),
        Placement::Free | Placement::Bus | Placement::Tail => None,
        // It stays where its first link has led.
        Placement::Fixed if case.is_linked => return Vec::new(),
        Placement::Listening if placement.is_fixed(case) && graph.hears_device(case.id) => {
            return Vec::new();
        }
        // It may have asked for a device itself, which is told a little later.
        Placement::Device | Placement::Fixed | Placement::Listening if !case.node.told => {
            return Vec::new();
        }
        Placement::Device | Placement::Fixed | Placement::Listening => {
            match graph.default_device_name() {
                Some(device) => Some(device),
                // Without a device there is nothing to point at: what is there stays.
                None => return Vec::new(),
            }
        }
        Placement::App(app) => app_target(graph, ownership, case, app),
    };
    let ledger = &mut ownership.ledger;
    match serial(case.node) {
        Some(serial) if !ledger.stands(case.id, case.node, target.as_deref()) => {
            ledger.write(graph, case.id, serial, &[target])
        }
        _ => Vec::new(),
    }
}

/// Returns the target of a stream that is to play through its application's chain: that, once it leads
/// to the bus.
fn app_target(
    graph: &Graph,
    ownership: &Ownership,
    case: &Case<'_>,
    app: &AppKey,
) -> Option<String> {
    let id = ownership.apps.of(app)?;
    let written = ownership.ledger.written(case.id, case.node);
    let ours = id.sink_name();
    let is_ready = graph.chain(id).is_some_and(|chain| graph.leads_to_bus(chain));
    if is_ready || written == Some(&ours) {
        return Some(ours);
    }
    // Until then it stays where it is: on the bus, or in the chain that this one replaces.
    written.filter(|target| is_app_sink(target)).map(str::to_owned)
}

/// Returns the commands that have the session manager look again at streams that are not where
/// they were sent: each one's target is taken away, or given, and put right again.
///
/// `astray` holds their serials. WirePlumber forgets a stream now and then while it starts.
pub fn nudge(
    graph: &Graph,
    desired: Desired<'_>,
    ownership: &mut Ownership,
    astray: &[u64],
) -> Vec<GraphCommand> {
    let mut commands = Vec::new();
    let Some(device) = graph.default_device_name() else {
        return commands;
    };
    for case in Survey::take(graph, desired, &ownership.ledger).cases {
        let Some(serial) = serial(case.node).filter(|serial| astray.contains(serial)) else {
            continue;
        };
        // By way of the bus, where it is protected.
        let placement = place(&case, desired);
        if placement.is_fixed(&case) {
            continue;
        }
        let (passing, target) = match placement {
            Placement::Immovable(_)
            | Placement::Fixed
            | Placement::Pinned
            | Placement::Remembered
            | Placement::Tail => continue,
            Placement::Device | Placement::Listening => (None, Some(device.clone())),
            Placement::App(app) => match app_target(graph, ownership, &case, &app) {
                Some(chain) => (None, Some(chain)),
                None => (Some(device.clone()), None),
            },
            Placement::Bus | Placement::Free => (Some(device.clone()), None),
        };
        commands.extend(ownership.ledger.write(graph, case.id, serial, &[passing, target]));
    }
    commands
}

/// Returns the command that has the session manager look at every link again: it overlooks now and then that a filter can
/// be linked where it could not be at its last look.
pub fn look_again(graph: &Graph) -> Option<GraphCommand> {
    let sink = graph.bus()?.sink;
    let is_set = graph.metadata(MetadataName::Filters, sink, LOOK_KEY).is_some();
    Some(smart_filter::set(sink, LOOK_KEY, (!is_set).then(|| "true".to_owned())))
}

#[cfg(test)]
mod tests;
