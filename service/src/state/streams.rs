//! What is true of every stream, by the links that exist.

use headroom_api::{Route, StreamRoute};

use super::{
    Graph,
    decision::{Authority, Decision},
    devices::{Bar, MAX_DEVICE_CHAINS, device_meant, sent_to},
    graph::is_device,
    identity::{AppKey, Identity},
    plan::{Author, Desired, Ownership, TARGET_KEY, is_playback, serial},
};
use crate::pw::{GlobalId, Leveller, NodeInfo};

/// One stream as others are told of it.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamStatus {
    /// `object.serial`: never used twice.
    pub id: u64,
    /// PipeWire's number for its node.
    pub node: GlobalId,
    /// Whether it plays now.
    pub playing: bool,
    /// Whether its sound can be listened to: it plays samples, through ports that are known.
    pub audible: bool,
    /// Whose it is, and what it plays.
    pub identity: Identity,
    /// Number of channels; 0 while unknown.
    pub channels: u32,
    /// Rate that the application asked for, in Hz; 0 when it takes the graph's.
    pub rate_hz: u32,
    /// The route that it has.
    pub route: StreamRoute,
    /// The chains that it passes, by the links.
    pub chain: ChainInUse,
    /// Node name of the device that its sound reaches, by the links; empty without one.
    pub device: String,
    /// What its links say of the decision.
    pub links: Links,
    /// Why, in words.
    pub reason: String,
    /// What controls its loudness, or is about to: one at a time.
    pub controller: Option<Controller>,
    /// Why, in words.
    pub level_reason: String,
    /// What was decided for it, whether or not it could be done.
    pub decision: Decision,
}

impl StreamStatus {
    /// Says whether app volume control works on it.
    pub fn has_app_volume(&self) -> bool {
        self.controller == Some(Controller::AppVolume)
    }

    /// Says whether a leveller works on it, or is about to.
    pub fn is_levelled(&self) -> bool {
        matches!(self.controller, Some(Controller::Leveller(_)))
    }

    /// Says whether it plays through the bus chain now.
    pub fn is_on_bus(&self) -> bool {
        self.playing && matches!(self.chain, ChainInUse::Bus | ChainInUse::App(_))
    }
}

/// How a stream's links stand to what was decided for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Links {
    /// There are none, as during a re-link.
    Absent,
    /// They are as decided, or something that is known stands in the way.
    InPlace,
    /// They contradict the decision, although nothing stands in the way.
    Astray,
}

/// The chains that a stream passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChainInUse {
    /// None of ours.
    None,
    /// The bus alone.
    Bus,
    /// Its application's own, by its number, and then the bus.
    App(u32),
    /// The one before a device that is not the default one, by its number.
    Device(u32),
}

/// What controls the loudness of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Controller {
    /// A leveller, in a chain.
    Leveller(LevellerInUse),
    /// App volume control, by soft volumes.
    AppVolume,
}

/// A leveller that works on a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LevellerInUse {
    /// That of its application's own chain.
    App,
    /// That of the bus, which levels the sum of all that passes it.
    Bus,
    /// That before a device, which levels the sum of all that was sent there.
    Device,
}

impl LevellerInUse {
    /// Returns what it is called in a sentence.
    const fn described(self) -> &'static str {
        match self {
            Self::App => "the leveller of its own chain",
            Self::Bus => "the leveller that all share",
            Self::Device => "the leveller before its device",
        }
    }
}

impl ChainInUse {
    /// Returns the word for it on the bus.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Bus => "bus",
            Self::App(_) => "app",
            Self::Device(_) => "device",
        }
    }
}

/// Why a stream is where it should not be, when nothing else explains it.
const NOT_MOVED: &str = "the session manager has not moved it yet";

/// Returns every stream, by its id.
pub fn streams(graph: &Graph, desired: Desired<'_>, ownership: &Ownership) -> Vec<StreamStatus> {
    let mut streams: Vec<_> = graph
        .streams()
        .filter_map(|(id, node)| {
            let decision = desired.decide(graph, node);
            let chain = chain_in_use(graph, id);
            let Verdict { route, reason, not_moved } =
                judge(graph, desired, ownership, id, node, &decision, chain);
            let missed = ownership
                .sent_to_app(graph, id)
                .filter(|sent| chain != ChainInUse::App(*sent) && !graph.targets(id).is_empty())
                .filter(|_| ownership.pinned_to(graph, desired.pins, id).is_none());
            let device = graph.device_behind(id);
            let identity = Identity::read(node, graph.client_of(node));
            let has_own = |app: AppKey| ownership.apps().of(&app).is_some();
            let own = decision.app.chain && identity.key().is_some_and(has_own);
            let linked = !graph.targets(id).is_empty();
            let leveller = desired.leveller_of(&decision, chain, linked, own);
            let (level, level_reason) = judge_level(desired, node, &decision, leveller);
            let controller = match leveller {
                Some(leveller) => Some(Controller::Leveller(leveller)),
                None => level.then_some(Controller::AppVolume),
            };
            Some(StreamStatus {
                id: serial(node)?,
                node: id,
                playing: node.running,
                audible: is_playback(node) && !node.encoded && graph.output_channels(id) > 0,
                identity,
                channels: graph.output_channels(id),
                rate_hz: rate_hz(node),
                route,
                chain,
                device: device
                    .and_then(|(_, device)| device.props.get("node.name").cloned())
                    .unwrap_or_default(),
                links: match linked {
                    false => Links::Absent,
                    true if not_moved || missed.is_some() => Links::Astray,
                    true => Links::InPlace,
                },
                reason,
                controller,
                level_reason,
                decision,
            })
        })
        .collect();
    streams.sort_by_key(|stream| stream.id);
    streams
}

/// Returns the chains that a stream passes, by the links.
fn chain_in_use(graph: &Graph, stream: GlobalId) -> ChainInUse {
    let targets = graph.targets(stream);
    let bus = graph.pair.as_ref().map(|pair| pair.sink);
    let app = targets.iter().find_map(|target| graph.app_of_sink(*target));
    match app {
        Some(number) => ChainInUse::App(number),
        None if bus.is_some_and(|bus| targets.contains(&bus)) => ChainInUse::Bus,
        None => {
            let device = targets.iter().find_map(|target| graph.device_pair_of_sink(*target));
            device.map_or(ChainInUse::None, ChainInUse::Device)
        }
    }
}

/// The route of a stream, by its links.
struct Verdict {
    route: StreamRoute,
    /// Why, in words.
    reason: String,
    /// Whether it is elsewhere than decided, and nothing explains it.
    not_moved: bool,
}

impl Verdict {
    fn new(route: StreamRoute, reason: impl Into<String>) -> Self {
        Self { route, reason: reason.into(), not_moved: false }
    }
}

fn judge(
    graph: &Graph,
    desired: Desired<'_>,
    ownership: &Ownership,
    id: GlobalId,
    node: &NodeInfo,
    decision: &Decision,
    chain: ChainInUse,
) -> Verdict {
    if !is_playback(node) {
        return Verdict::new(StreamRoute::Unmanaged, "it only listens to what is played");
    }
    if node.encoded {
        let reason = "it sends encoded sound (passthrough), which cannot be processed";
        return Verdict::new(StreamRoute::Unmanaged, reason);
    }
    let targets = graph.targets(id);
    let sink = graph.pair.as_ref().map(|pair| pair.sink);
    let passes_us = chain != ChainInUse::None;
    let device = targets.iter().find_map(|target| graph.node(*target).filter(|n| is_device(n)));
    let pinned = ownership.author(graph, id, node) == Author::Other;
    if pinned && !passes_us {
        let meant = sent_to(graph, id, node);
        let name = meant.map_or("another device", device_name);
        let processed = decision.route == Route::Processed && !desired.bypass;
        let bar = meant.and_then(|device| device.props.get("node.name"));
        let bar = bar.and_then(|device| ownership.devices().bar(device)).filter(|_| processed);
        let why = bar.map_or_else(String::new, why_barred);
        let reason = format!("it was sent to '{name}' by the user or by itself{why}");
        return Verdict::new(StreamRoute::Unmanaged, reason);
    }
    let why = match (&decision.by, decision.route) {
        (Authority::User { app }, Route::Processed) => format!("the user has '{app}' processed"),
        (Authority::User { app }, Route::Bypass) => format!("the user has '{app}' bypassed"),
        (Authority::Rule { origin }, Route::Processed) => {
            format!("a rule has it processed ({origin})")
        }
        (Authority::Rule { origin }, Route::Bypass) => format!("a rule has it bypassed ({origin})"),
        (Authority::Profile { .. }, Route::Processed) => "no route sets it apart".to_owned(),
        (Authority::Profile { .. }, Route::Bypass) => {
            "the profile bypasses what no rule names".to_owned()
        }
    };
    if desired.bypass {
        let route = if passes_us { StreamRoute::Processed } else { StreamRoute::Bypass };
        let reason =
            if desired.dormant { "Headroom is in safe mode" } else { "everything is bypassed" };
        return Verdict::new(route, reason);
    }
    let wanted = StreamRoute::from(decision.route);
    if !passes_us && device.is_none() {
        return Verdict::new(wanted, why);
    }
    let actual = if passes_us { StreamRoute::Processed } else { StreamRoute::Bypass };
    let sent_there = match chain {
        ChainInUse::Device(_) => graph.device_behind(id),
        _ => graph.device_behind(id).filter(|(_, device)| {
            pinned && device_meant(graph, id, node).is_some_and(|meant| meant.props == device.props)
        }),
    };
    if let Some(device) =
        ownership.pinned_to(graph, desired.pins, id).filter(|_| sent_there.is_none())
    {
        return Verdict::new(actual, format!("{why}, but {}", why_left_alone(graph, device, id)));
    }
    let elsewhere = ownership.sent_to_device(graph, id).is_some_and(|sent| {
        device.is_some_and(|device| device.props.get("node.name").is_some_and(|it| it != sent))
    });
    if actual == wanted && !elsewhere {
        let there = sent_there.map_or_else(String::new, |(_, device)| {
            format!(", and it plays to '{}'", device_name(device))
        });
        return Verdict::new(actual, why + &there);
    }
    let not_moved = sink.is_some();
    let obstacle = if not_moved { NOT_MOVED } else { "Headroom's filter is not running" };
    Verdict { route: actual, reason: format!("{why}, but {obstacle}"), not_moved }
}

/// Says why no target is written for a stream, and what a person can do.
fn why_left_alone(graph: &Graph, device: &str, stream: GlobalId) -> String {
    let (chosen, is_away) = match graph.device_named(device) {
        _ if device.is_empty() => ("another device".to_owned(), false),
        Some((_, node)) => (format!("'{}'", device_name(node)), false),
        None => (format!("'{device}'"), true),
    };
    let away = if is_away { ", and that device is away" } else { "" };
    format!(
        "you have chosen {chosen} for this application{away}, so it is left alone until it plays anew \
         with that device there; `pw-metadata -- {stream} {TARGET_KEY} -1` takes the choice back"
    )
}

/// Says why a device has no chain; continues a sentence.
fn why_barred(bar: &Bar) -> String {
    match bar {
        Bar::Untouched { app } => {
            format!(", where '{app}' is bypassed: what goes there can only be processed together")
        }
        Bar::Profile => ", and the profile protects the default device only".to_owned(),
        Bar::Virtual => ", which plays on to other devices, or to none".to_owned(),
        Bar::Refused => ", where PipeWire has refused the filter".to_owned(),
        Bar::TooMany => format!(", and {MAX_DEVICE_CHAINS} devices have a filter already"),
    }
}

impl Desired<'_> {
    /// Returns where the leveller is that works on a stream with a chain of its own or without, by the
    /// links; while it is not linked, where it is about to be.
    fn leveller_of(
        &self,
        decision: &Decision,
        chain: ChainInUse,
        is_linked: bool,
        own: bool,
    ) -> Option<LevellerInUse> {
        let place = self.leveller.filter(|_| !self.bypass)?;
        match chain {
            ChainInUse::App(_) => Some(LevellerInUse::App),
            ChainInUse::Device(_) => Some(LevellerInUse::Device),
            ChainInUse::None if is_linked || decision.route == Route::Bypass => None,
            // There, or on its way to its own chain.
            ChainInUse::Bus | ChainInUse::None => match place {
                Leveller::Bus => Some(LevellerInUse::Bus),
                Leveller::Apps => own.then_some(LevellerInUse::App),
            },
        }
    }
}

/// Says whether app volume control works on a stream, and why.
///
/// One controller at a time: where a leveller works, it keeps out.
fn judge_level(
    desired: Desired<'_>,
    node: &NodeInfo,
    decision: &Decision,
    leveller: Option<LevellerInUse>,
) -> (bool, String) {
    if !is_playback(node) || node.encoded {
        return (false, "its sound cannot be changed".into());
    }
    if node.volume.is_none() {
        return (false, "it has no volume that could be lowered".into());
    }
    if desired.bypass {
        return (false, "everything is bypassed".into());
    }
    let word = if decision.level { "on" } else { "off" };
    let why = match &decision.level_by {
        Authority::User { app } => format!("the user has it {word} for '{app}'"),
        Authority::Rule { origin } => format!("a rule has it {word} ({origin})"),
        Authority::Profile { .. } => format!("it is {word} in the profile"),
    };
    match leveller.filter(|_| decision.level) {
        Some(leveller) => (false, format!("{why}, but {} does its work", leveller.described())),
        None => (decision.level, why),
    }
}

fn device_name(node: &NodeInfo) -> &str {
    ["node.description", "node.nick", "node.name"]
        .into_iter()
        .find_map(|key| node.props.get(key))
        .map_or("another device", String::as_str)
}

fn rate_hz(node: &NodeInfo) -> u32 {
    let rate = node.props.get("audio.rate").and_then(|rate| rate.parse().ok());
    let fraction =
        || node.props.get("node.rate").and_then(|rate| rate.split_once('/')?.1.trim().parse().ok());
    rate.or_else(fraction).unwrap_or(0)
}
