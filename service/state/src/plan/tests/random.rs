//! Random lives of a graph, with writes that are lost and chains that die: the plan comes to rest, touches no pinned
//! stream and leaves no chain behind.

use std::time::Duration;

use proptest::prelude::*;

use super::*;

/// What happens next.
#[derive(Clone, Debug)]
enum Turn {
    /// A stream of an application appears, pinned to a device by itself or not.
    Stream {
        id: GlobalId,
        app: u8,
        pin: Option<u8>,
    },
    /// A node goes, a device's or a stream's.
    Gone {
        id: GlobalId,
    },
    Plug {
        device: u8,
        surround: bool,
    },
    Default {
        device: u8,
    },
    /// Somebody links a stream to a node of ours, or to a device, or cuts it.
    Link {
        id: GlobalId,
        to: u8,
    },
    /// A person pins a stream, as the desktop's mixer does, or lets it go.
    Pin {
        id: GlobalId,
        device: Option<u8>,
    },
    Bypass(bool),
    /// Somebody takes a chain of ours out of the graph.
    TakeOut {
        which: u8,
    },
    /// PipeWire rejects a chain of ours.
    Reject {
        which: u8,
    },
    /// Writes that the session manager loses from now on.
    Lose(u8),
    /// Time passes.
    Wait {
        seconds: u8,
    },
}

const DEVICES: u8 = 3;

fn device_id(device: u8) -> GlobalId {
    40 + GlobalId::from(device)
}

fn device_name(device: u8) -> String {
    if device == 0 { "hw".into() } else { format!("device {device}") }
}

fn turn() -> impl Strategy<Value = Turn> {
    let id = STREAM..STREAM + 6;
    let some = 0..DEVICES;
    prop_oneof![
        4 => (id.clone(), 0..4_u8, proptest::option::weighted(0.2, some.clone()))
            .prop_map(|(id, app, pin)| Turn::Stream { id, app, pin }),
        2 => prop_oneof![id.clone(), 40..40 + GlobalId::from(DEVICES)].prop_map(|id| Turn::Gone { id }),
        1 => (some.clone(), any::<bool>()).prop_map(|(device, surround)| Turn::Plug { device, surround }),
        2 => some.clone().prop_map(|device| Turn::Default { device }),
        3 => (id.clone(), 0..6_u8).prop_map(|(id, to)| Turn::Link { id, to }),
        2 => (id, proptest::option::of(some)).prop_map(|(id, device)| Turn::Pin { id, device }),
        1 => any::<bool>().prop_map(Turn::Bypass),
        1 => any::<u8>().prop_map(|which| Turn::TakeOut { which }),
        1 => any::<u8>().prop_map(|which| Turn::Reject { which }),
        1 => (0..4_u8).prop_map(Turn::Lose),
        1 => (0..40_u8).prop_map(|seconds| Turn::Wait { seconds }),
    ]
}

/// Picks a chain of ours.
fn chain(graph: &Graph, which: u8) -> Option<ChainId> {
    let count = graph.chains().count().max(1);
    graph.chains().nth(usize::from(which) % count).map(|(id, _)| id)
}

/// A graph that is lived in.
struct Life {
    graph: Graph,
    ownership: Ownership,
    now: Instant,
    bypass: bool,
    lose: u8,
    serial: u64,
}

impl Life {
    fn take(&mut self, turn: &Turn) {
        let graph = &mut self.graph;
        match turn {
            Turn::Stream { id, app, pin } => {
                graph.apply(GraphEvent::Removed { id: *id });
                let pin = pin.map(device_name);
                // No two streams have one, whatever their number.
                self.serial += 1;
                let serial = self.serial.to_string();
                let mut props = vec![("object.serial", serial.as_str())];
                props.extend(pin.iter().map(|pin| ("target.object", pin.as_str())));
                stream(graph, *id, &format!("app {app}"), &props);
            }
            Turn::Gone { id } => graph.apply(GraphEvent::Removed { id: *id }),
            Turn::Plug { device: number, surround } => {
                let all = ["FL", "FR", "FC", "LFE", "SL", "SR"];
                let channels = if *surround { &all[..] } else { &all[..2] };
                device(graph, device_id(*number), &device_name(*number), channels);
            }
            Turn::Default { device } => default_device(graph, &device_name(*device)),
            Turn::Link { id, to } => {
                let bus = graph.bus().map(|bus| bus.sink);
                let into = match to {
                    0..DEVICES => Some(device_id(*to)),
                    3 => bus,
                    4 => graph.chain(ChainId::App(1)).map(|app| app.sink),
                    _ => None,
                };
                graph.apply(GraphEvent::Removed { id: 100_000 + id });
                if let Some(into) = into {
                    link(graph, *id, into);
                }
            }
            Turn::Pin { id, device } => {
                let name = device.map(device_name);
                let value = name.as_deref().map(|name| ("Spa:String", name));
                write(graph, MetadataName::Default, *id, TARGET_KEY, value);
            }
            Turn::Bypass(bypass) => self.bypass = *bypass,
            Turn::TakeOut { which } => {
                if let Some(id) = chain(graph, *which) {
                    graph.apply(GraphEvent::Removed { id: sink_of(id) });
                }
            }
            Turn::Reject { which } => {
                if let Some(id) = chain(graph, *which) {
                    // As the daemon does.
                    match id {
                        ChainId::Bus(_) => self.ownership.forget_bus(),
                        ChainId::App(_) | ChainId::Device(_) => self.ownership.reject(id),
                    }
                    graph.apply(GraphEvent::ChainFailed { id, reason: "no".into() });
                }
            }
            Turn::Lose(writes) => self.lose = *writes,
            Turn::Wait { seconds } => self.now += Duration::from_secs(u64::from(*seconds)),
        }
    }

    /// Plans once, and plays PipeWire's part; returns how many commands there were.
    fn plan(&mut self) -> Result<usize, TestCaseError> {
        let routes = bypass_of("app 0");
        let desired = Desired { bypass: self.bypass, ..desired(&routes) };
        let commands = plan(&self.graph, desired, &mut self.ownership, self.now);
        let count = commands.len();
        for command in commands {
            self.execute(command)?;
        }
        Ok(count)
    }

    fn execute(&mut self, command: GraphCommand) -> Result<(), TestCaseError> {
        if let GraphCommand::SetDefaultMetadata { subject, value, .. } = &command {
            let node = self.graph.node(*subject);
            let pinned = node.is_some_and(|node| node.props.contains_key("target.object"));
            prop_assert!(!pinned || value.is_none(), "{subject} is pinned by itself: {value:?}");
        }
        let is_write = matches!(
            command,
            GraphCommand::SetDefaultMetadata { .. } | GraphCommand::SetFiltersMetadata { .. }
        );
        if is_write && self.lose > 0 {
            self.lose -= 1;
        } else {
            execute(&mut self.graph, command);
        }
        Ok(())
    }

    /// Lets everything come to rest, as the daemon does: what was lost is written again.
    fn rest(&mut self) -> Result<(), TestCaseError> {
        self.lose = 0;
        for _ in 0..3 {
            self.ownership.give_up_in_flight(&self.graph);
            let mut rounds = 0;
            while self.plan()? != 0 {
                rounds += 1;
                prop_assert!(rounds < 12, "the plan never comes to rest");
            }
            // What waits for its time gets it.
            self.now += Duration::from_mins(1);
        }
        let kinds = [ChainKind::Bus, ChainKind::App, ChainKind::Device];
        let known: Vec<ChainId> =
            kinds.iter().flat_map(|kind| self.ownership.pool().of_kind(*kind)).collect();
        for (id, _) in self.graph.chains() {
            prop_assert!(known.contains(&id), "{id:?} is left behind");
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn plan_comes_to_rest_whatever_happens(turns in proptest::collection::vec(turn(), 1..60)) {
        let mut life = Life {
            graph: ready_graph(),
            ownership: Ownership::default(),
            now: Instant::now(),
            bypass: false,
            lose: 0,
            serial: 1_000,
        };
        for turn in &turns {
            life.take(turn);
            life.plan()?;
        }
        life.rest()?;
    }
}
