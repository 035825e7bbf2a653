//! What other programs' effects take past every chain, and what they have left behind.

use std::collections::{BTreeMap, BTreeSet};

use headroom_api::{ChainKind, Held, Problem, Route, ServiceState};

use crate::state::{Graph, StreamStatus, stale_program};

/// Most applications that a problem names.
const MAX_NAMED: usize = 5;

/// Applications, by the program that they are about.
type Apps<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// Returns the applications that play unprotected through another program's effects.
fn unprotected<'a>(graph: &Graph, streams: &'a [StreamStatus]) -> Apps<'a> {
    let mut apps = Apps::new();
    // What comes out of them may be limited by a device of its own.
    if !graph.effects_reach_device() {
        return apps;
    }
    for stream in streams.iter().filter(|stream| is_to_be_protected(stream)) {
        if let Some(Held::OtherEffects { program }) = &stream.reason.held {
            apps.entry(program).or_default().insert(&stream.identity.app);
        }
    }
    apps
}

fn is_to_be_protected(stream: &StreamStatus) -> bool {
    stream.playing && stream.decision.route == Route::Processed
}

/// Returns the state that is true, as protection that no playing stream has is not claimed, and what other programs'
/// effects cost.
pub(super) fn judge(
    state: ServiceState,
    graph: &Graph,
    streams: &[StreamStatus],
) -> (ServiceState, Vec<Problem>) {
    let unprotected = unprotected(graph, streams);
    let is_protected = |stream: &StreamStatus| stream.chain_kind() != ChainKind::None;
    let mut wanted = streams.iter().filter(|stream| is_to_be_protected(stream));
    let is_sidelined =
        state == ServiceState::Running && !unprotected.is_empty() && !wanted.any(is_protected);
    let state = if is_sidelined { ServiceState::Sidelined } else { state };
    (state, problems_of(unprotected, streams))
}

fn problems_of(unprotected: Apps<'_>, streams: &[StreamStatus]) -> Vec<Problem> {
    let mut stale = Apps::new();
    for stream in streams {
        if let Some(program) = stale_program(stream) {
            stale.entry(program).or_default().insert(&stream.identity.app);
        }
    }
    let problems = unprotected.into_iter().map(|(program, apps)| {
        let (program, (apps, count)) = (program.to_owned(), named(&apps));
        Problem::OtherEffects { program, apps, count }
    });
    let stale = stale.into_iter().map(|(program, apps)| {
        let (program, (apps, count)) = (program.to_owned(), named(&apps));
        Problem::StalePins { program, apps, count }
    });
    problems.chain(stale).collect()
}

/// Returns the first applications by name, and how many there are.
pub(super) fn named(apps: &BTreeSet<&str>) -> (Vec<String>, u32) {
    let named = apps.iter().take(MAX_NAMED).map(|app| (*app).to_owned()).collect();
    (named, u32::try_from(apps.len()).unwrap_or(u32::MAX))
}
