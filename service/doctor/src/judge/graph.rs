//! Judges Headroom's place in PipeWire's graph.

use headroom_api::names::{OUTPUT_NODE, SINK_NODE};

use super::remedy::RESTART;
use crate::{check::Check, facts::graph::Graph};

/// Judges the graph by the service's state; `None` when the service is not running.
pub(crate) fn judge(graph: &Graph, state: Option<&str>) -> Vec<Check> {
    let mut checks = Vec::new();
    match state {
        None => checks.extend(orphans(graph)),
        Some("waiting") => {}
        Some(state) => checks.push(filter(graph, state)),
    }
    checks.extend(managers(graph));
    checks
}

fn filter(graph: &Graph, state: &str) -> Check {
    let bad = |found: String, advice: &str| {
        Check::bad("filter", found, "Streams do not go through Headroom as they should.", advice)
    };
    let count = |name: &str| graph.ours.iter().filter(|node| node.name == name).count();
    let (sinks, outputs) = (count(SINK_NODE), count(OUTPUT_NODE));
    if sinks == 0 || outputs == 0 {
        return bad(
            format!(
                "The service says '{state}', but its nodes are not in this session's PipeWire."
            ),
            &format!("Let it connect anew: {RESTART}"),
        );
    }
    if sinks > 1 || outputs > 1 {
        let mut processes: Vec<String> = graph
            .ours
            .iter()
            .filter_map(|node| node.process)
            .map(|process| process.to_string())
            .collect();
        processes.sort();
        processes.dedup();
        return bad(
            format!(
                "There are {sinks} nodes '{SINK_NODE}' in PipeWire, of the processes {}.",
                processes.join(", ")
            ),
            "End the one that is not on this session's bus: kill PROCESS",
        );
    }
    if graph.ours.iter().any(|node| node.name == SINK_NODE && !node.is_smart) {
        return bad(
            format!("The node '{SINK_NODE}' is no smart filter."),
            &format!("End whatever made it, and start Headroom anew: {RESTART}"),
        );
    }
    let is_off = graph
        .disabled
        .iter()
        .any(|(id, _)| graph.ours.iter().any(|node| node.id == *id && node.name == SINK_NODE));
    if state == "running" && is_off {
        return bad(
            "The service says 'running', but WirePlumber is told to leave its filter out."
                .to_owned(),
            "headroom bypass off",
        );
    }
    let found = if is_off {
        "The smart filter is in PipeWire, and turned off."
    } else {
        "The smart filter is in PipeWire."
    };
    Check::ok("filter", found, "WirePlumber sends streams through it, or past it, as it is told.")
}

/// Finds nodes of ours while nothing of ours is on the bus.
fn orphans(graph: &Graph) -> Option<Check> {
    if let Some(node) = graph.ours.first() {
        let advice = node.process.map_or_else(
            || format!("pw-cli destroy {}", node.id),
            |process| format!("End it: kill {process}"),
        );
        let owner =
            node.process.map_or_else(String::new, |process| format!(" of the process {process}"));
        return Some(Check::bad(
            "orphans",
            format!(
                "PipeWire has the node '{}'{owner}, but no Headroom is on this session's bus.",
                node.name
            ),
            "Sound may still go through it, and nothing can be told to it.",
            advice,
        ));
    }
    let left: Vec<String> = graph
        .disabled
        .iter()
        .filter(|(_, is_there)| !is_there)
        .map(|(id, _)| id.to_string())
        .collect();
    (!left.is_empty()).then(|| {
        Check::note(
            "orphans",
            format!(
                "The 'filters' metadata still speaks of nodes that are gone: {}.",
                left.join(", ")
            ),
            "It does nothing until a filter gets the same id.",
            format!("pw-metadata -n filters -d {}", left[0]),
        )
    })
}

fn managers(graph: &Graph) -> Option<Check> {
    (graph.managers.len() > 1).then(|| {
        let all: Vec<String> =
            graph.managers.iter().map(|(process, name)| format!("{name} ({process})")).collect();
        Check::bad(
            "session-managers",
            format!("PipeWire has {} session managers: {}.", all.len(), all.join(", ")),
            "They undo each other's links; streams jump between Headroom and the device.",
            "Keep one WirePlumber: systemctl --user restart wireplumber, then end the other one",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{check::Severity, facts::graph::Node};

    fn pair() -> Graph {
        let node = |id, name: &str| Node {
            id,
            name: name.to_owned(),
            is_smart: true,
            process: Some(id * 10),
        };
        Graph { ours: vec![node(1, SINK_NODE), node(2, OUTPUT_NODE)], ..Graph::default() }
    }

    fn severity(graph: &Graph, state: &str) -> Severity {
        judge(graph, Some(state))[0].severity
    }

    #[test]
    fn the_pair_is_well_in_its_place() {
        assert_eq!(severity(&pair(), "running"), Severity::Ok);
        let off = Graph { disabled: vec![(1, true)], ..pair() };
        assert_eq!(severity(&off, "bypassed"), Severity::Ok);
        assert!(judge(&Graph::default(), Some("waiting")).is_empty());
    }

    #[test]
    fn a_pair_that_is_missing_doubled_plain_or_turned_off_is_bad() {
        assert_eq!(severity(&Graph::default(), "running"), Severity::Bad);
        let mut doubled = pair();
        doubled.ours.extend(pair().ours);
        assert_eq!(severity(&doubled, "running"), Severity::Bad);
        let mut plain = pair();
        plain.ours[0].is_smart = false;
        assert_eq!(severity(&plain, "running"), Severity::Bad);
        let off = Graph { disabled: vec![(1, true)], ..pair() };
        assert_eq!(severity(&off, "running"), Severity::Bad);
    }

    #[test]
    fn nodes_without_a_service_are_told_with_their_process() {
        let checks = judge(&pair(), None);
        assert_eq!((checks[0].name, checks[0].severity), ("orphans", Severity::Bad));
        assert!(checks[0].advice.ends_with("kill 10"), "{checks:?}");
        let left = Graph { disabled: vec![(9, false)], ..Graph::default() };
        assert_eq!(judge(&left, None)[0].severity, Severity::Note);
        assert!(judge(&Graph::default(), None).is_empty());
    }

    #[test]
    fn two_session_managers_are_bad() {
        let manager = |process| (process, "wireplumber".to_owned());
        let graph = Graph { managers: vec![manager(1), manager(2)], ..pair() };
        assert_eq!(judge(&graph, Some("running"))[1].severity, Severity::Bad);
    }
}
