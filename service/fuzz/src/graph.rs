//! What PipeWire and everybody on it may tell, in any order, against the planner.
//!
//! The bytes are a life of a graph: each step is an event of a small vocabulary, or something that the daemon does. Objects
//! share few numbers, so that they are mistaken for each other as often as can be.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use headroom_api::{Held, Route, Treatment, names::APP_NODE_PREFIX};
use headroom_profile::{DEFAULT, Library, Profile};
use headroom_state::{
    ChainId, ChainInfo, Channels, Desired, GlobalId, Graph, GraphCommand, GraphEvent, MetadataName,
    NodeInfo, Ownership, Pins, Props, Settled, Treatments, nudge, settle, shares,
    smart_filter::BOUND_KEY, volume_sources,
};

/// Steps of a life; what follows is not read.
const MOST_STEPS: usize = 300;
/// Settles after the last event until nothing more may be asked for.
const MOST_ROUNDS: usize = 12;
const IDS: u8 = 24;
const CLASSES: [&str; 5] =
    ["Stream/Output/Audio", "Audio/Sink", "Stream/Input/Audio", "Audio/Sink/Internal", ""];
const NODES: [&str; 6] = ["hw", "other", "Firefox", "mpv", "headroom.app.1", "a \"b\"\\"];
const KEYS: [&str; 6] = [
    "target.object",
    "target.node",
    "default.audio.sink",
    "filter.smart.disabled",
    BOUND_KEY,
    "other.key",
];
const TYPES: [&str; 3] = ["Spa:String", "Spa:Id", "Spa:String:JSON"];
const VALUES: [&str; 10] = [
    "hw",
    "other",
    "-1",
    "7",
    "",
    "{\"name\":\"hw\"}",
    "{\"name\":\"other\"}",
    "{\"node.name\":\"hw\"}",
    "headroom.app.1",
    "headroom.app.x",
];
/// Left alone by the user's choice.
const LEFT_ALONE: &str = "mpv";

/// Reads a life; behind its end everything is 0.
struct Script<'b>(&'b [u8]);

impl Script<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn id(&mut self) -> GlobalId {
        GlobalId::from(self.byte() % IDS)
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::from(self.byte()) % of.len()]
    }

    fn chain(&mut self) -> ChainId {
        let number = u32::from(self.byte() % 4);
        self.pick(&[ChainId::App as fn(u32) -> ChainId, ChainId::Device, ChainId::Bus])(number)
    }
}

/// What the person and the profile want, unchanging but for the switch.
struct Setup {
    library: Library,
    treatments: Treatments,
    pins: Pins,
}

impl Setup {
    fn new() -> Self {
        let mut treatments = Treatments::default();
        treatments.choose(LEFT_ALONE, Treatment::LeaveAlone.into()).expect("a short name");
        Self { library: Library::load(None), treatments, pins: Pins::default() }
    }

    fn profile(&self) -> &Profile {
        self.library.get(DEFAULT).expect("it is shipped")
    }
}

struct Life<'w> {
    setup: &'w Setup,
    graph: Graph,
    ownership: Ownership,
    now: Instant,
    bypass: bool,
    dormant: bool,
    /// Writes that the session manager loses from now on.
    lose: u8,
    asked: Asked,
}

/// How much was asked for.
#[derive(Clone, Copy, Debug, Default)]
struct Asked {
    chains: usize,
    targets: usize,
}

impl<'w> Life<'w> {
    fn desired(&self) -> Desired<'w> {
        Desired {
            bypass: self.bypass || self.dormant,
            dormant: self.dormant,
            level_enabled: true,
            ..Desired::of(self.setup.profile(), &self.setup.treatments, &self.setup.pins)
        }
    }

    fn step(&mut self, script: &mut Script<'_>) {
        let event = match script.byte() % 16 {
            0..=2 => GraphEvent::Node { id: script.id(), info: node(script) },
            3 => GraphEvent::Client { id: script.id(), props: client(script) },
            4 => GraphEvent::Port { id: script.id(), props: port(script) },
            5 => GraphEvent::Link {
                id: script.id(),
                output_node: script.id(),
                input_node: script.id(),
            },
            6 => GraphEvent::Removed { id: script.id() },
            7 => GraphEvent::MetadataFound { name: metadata(script), id: script.id() },
            8 | 9 => told(script),
            10 => GraphEvent::Chain { id: script.chain(), info: chain(script) },
            11 => {
                let id = script.chain();
                // As the daemon does.
                match id {
                    ChainId::Bus(_) => self.ownership.forget_bus(),
                    ChainId::App(_) | ChainId::Device(_) => self.ownership.reject(id),
                }
                GraphEvent::ChainFailed { id, reason: String::new() }
            }
            12 => match script.byte() % 3 {
                0 => GraphEvent::Connected { version: "1.4.2".into() },
                1 => GraphEvent::Enumerated,
                _ => {
                    self.ownership.forget();
                    GraphEvent::Disconnected { reason: String::new() }
                }
            },
            13 => {
                self.now += Duration::from_secs(u64::from(script.byte() % 64));
                return;
            }
            14 => {
                let switches = script.byte();
                (self.bypass, self.dormant) = (switches & 1 != 0, switches & 6 == 6);
                self.lose = switches >> 6;
                return;
            }
            _ => {
                self.ownership.give_up_in_flight(&self.graph);
                let everybody: Vec<u64> = (0..u64::from(IDS)).collect();
                let asked = nudge(&self.graph, self.desired(), &mut self.ownership, &everybody);
                assert!(
                    asked.len() <= 2 * usize::from(IDS),
                    "{} commands for a nudge",
                    asked.len()
                );
                return self.execute(asked);
            }
        };
        self.graph.apply(event);
    }

    /// Settles, checks what is asked for, and plays the session manager's part of it; returns how much it was.
    fn settle(&mut self) -> usize {
        let desired = self.desired();
        let settled = settle(&self.graph, desired, &mut self.ownership, self.now);
        self.check(&settled);
        drop(volume_sources(&settled.streams, self.ownership.apps()));
        let count = settled.commands.len();
        self.execute(settled.commands);
        count
    }

    fn check(&self, settled: &Settled) {
        let (streams, chains) = (settled.streams.len(), self.graph.chains().count());
        let asked = settled.commands.len();
        let most = 16 + 4 * (streams + chains);
        assert!(asked <= most, "{asked} commands for {streams} streams and {chains} chains");
        let protected: BTreeSet<GlobalId> = settled
            .streams
            .iter()
            .filter(|it| it.decision.route == Route::Processed && !self.bypass && !self.dormant)
            // What listens, and what could not leave a chain, is sent to the device itself.
            .filter(|it| !matches!(it.reason.held, Some(Held::Listener | Held::Immovable)))
            .map(|stream| stream.node)
            .collect();
        for command in &settled.commands {
            // A serial number is the person's own choice, put back.
            if let GraphCommand::SetDefaultMetadata {
                subject,
                value: Some(("Spa:String", target)),
                ..
            } = command
                && protected.contains(subject)
            {
                assert!(target.starts_with(APP_NODE_PREFIX), "{subject} is sent to {target}");
            }
        }
    }

    fn execute(&mut self, commands: Vec<GraphCommand>) {
        for command in commands {
            let (name, subject, key, value) = match command {
                GraphCommand::SetDefaultMetadata { subject, key, value } => {
                    (MetadataName::Default, subject, key, value)
                }
                GraphCommand::SetFiltersMetadata { subject, key, value } => {
                    (MetadataName::Filters, subject, key, value)
                }
                // Made, or not, by a step of the script.
                GraphCommand::Build { .. } => {
                    self.asked.chains += 1;
                    continue;
                }
                GraphCommand::Retire { .. } | GraphCommand::Relink { .. } => continue,
            };
            self.asked.targets += usize::from(name == MetadataName::Default && value.is_some());
            if self.lose > 0 {
                self.lose -= 1;
                continue;
            }
            let value = value.map(|(type_, value)| (type_.to_owned(), value));
            self.graph.apply(GraphEvent::Metadata { name, subject, key: Some(key.into()), value });
        }
    }
}

fn metadata(script: &mut Script<'_>) -> MetadataName {
    script.pick(&[MetadataName::Default, MetadataName::Filters])
}

fn props<const N: usize>(of: [(&str, Option<String>); N]) -> Props {
    of.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
}

fn node(script: &mut Script<'_>) -> NodeInfo {
    let (class, name) = (script.pick(&CLASSES), script.pick(&NODES));
    let (serial, flags, more) = (script.byte(), script.byte(), script.byte());
    let when = |bits: u8, bit: u8, value: &str| (bits & bit != 0).then(|| value.to_owned());
    let target = (flags & 1 != 0).then(|| script.pick(&VALUES).to_owned());
    let client = (flags & 2 != 0).then(|| script.id().to_string());
    NodeInfo {
        props: props([
            ("media.class", Some(class.to_owned())),
            ("node.name", Some(name.to_owned())),
            ("object.serial", (serial < 250).then(|| (serial % IDS).to_string())),
            ("target.object", target),
            ("client.id", client),
            ("node.dont-reconnect", when(flags, 4, "true")),
            ("node.link-group", when(flags, 8, "group")),
            ("node.virtual", when(flags, 16, "true")),
            ("application.process.binary", when(flags, 32, name)),
            ("application.name", when(flags, 64, name)),
            ("stream.monitor", when(more, 8, "true")),
            ("stream.capture.sink", when(more, 16, "true")),
        ]),
        told: flags & 128 != 0,
        encoded: more & 7 == 1,
        input_ports: u32::from(more >> 5),
        running: more & 4 != 0,
        volume: None,
    }
}

fn client(script: &mut Script<'_>) -> Props {
    let name = script.pick(&["WirePlumber", "Firefox", "mpv"]);
    let version = script.pick(&[Some("0.5.8"), Some("0.4.13"), Some("x"), None]);
    props([
        ("application.name", Some(name.to_owned())),
        ("application.version", version.map(str::to_owned)),
    ])
}

fn port(script: &mut Script<'_>) -> Props {
    let node = script.id().to_string();
    let (number, direction) = (script.byte() % 9, script.pick(&["in", "out"]));
    let channel = script.pick(&["FL", "FR", "FC", "MONO", "AUX0", "SL"]);
    props([
        ("node.id", Some(node)),
        ("port.id", Some(number.to_string())),
        ("port.direction", Some(direction.to_owned())),
        ("audio.channel", Some(channel.to_owned())),
    ])
}

fn told(script: &mut Script<'_>) -> GraphEvent {
    let (name, subject) = (metadata(script), script.id());
    let key = script.byte();
    let key = (key < 250).then(|| KEYS[usize::from(key) % KEYS.len()].to_owned());
    let (type_, value) = (script.pick(&TYPES).to_owned(), script.byte());
    let value = (value < 200).then(|| VALUES[usize::from(value) % VALUES.len()].to_owned());
    GraphEvent::Metadata { name, subject, key, value: value.map(|value| (type_, value)) }
}

fn chain(script: &mut Script<'_>) -> ChainInfo {
    ChainInfo {
        sink: script.id(),
        output: script.id(),
        channels: Channels::stereo(),
        disabled: script.byte() & 1 != 0,
        latency_frames: Some(69),
        rate_hz: script.pick(&[48_000, 44_100, 0]),
    }
}

/// Lives through a graph.
///
/// # Panics
/// When a look at it asks for more than there is to do, sends what is to be protected past the chains, or never comes to
/// rest although nothing happens any more.
pub fn check(bytes: &[u8]) {
    thread_local!(static SETUP: Setup = Setup::new());
    SETUP.with(|setup| live(setup, bytes));
}

/// Returns what was asked for in all.
fn live(setup: &Setup, bytes: &[u8]) -> Asked {
    let mut life = Life {
        setup,
        graph: Graph::default(),
        ownership: Ownership::default(),
        now: Instant::now(),
        bypass: false,
        dormant: false,
        lose: 0,
        asked: Asked::default(),
    };
    let mut script = Script(bytes);
    for _ in 0..MOST_STEPS {
        if script.0.is_empty() {
            break;
        }
        life.step(&mut script);
        drop(shares(&life.graph));
        life.settle();
    }
    life.lose = 0;
    life.ownership.give_up_in_flight(&life.graph);
    let mut rounds = 0;
    while life.settle() != 0 {
        rounds += 1;
        assert!(rounds < MOST_ROUNDS, "commands without end");
    }
    life.asked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seed_of_a_usual_life_reaches_chains_and_targets() {
        let seeds = crate::seeds("graph").unwrap();
        let life = seeds.iter().find(|(file, _)| file.ends_with("life")).unwrap();
        let asked = live(&Setup::new(), life.1);
        // A bus and an application's chain; one stream goes there, the other one to the device.
        assert!(asked.chains >= 2 && asked.targets >= 2, "{asked:?}");
    }
}
