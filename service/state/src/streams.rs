//! What is true of every stream, by the links that exist.

use headroom_api::{
    ChainKind, Held, Lag, LevelHeld, LevelReason, LevellerPlace, Reason, Route, StreamRoute,
};

use super::{
    Graph,
    decision::Decision,
    devices::{device_meant, sent_to},
    graph::is_device,
    identity::{AppKey, Identity},
    plan::{Author, Desired, Ownership, is_playback, serial},
};
use crate::event::{ChainId, GlobalId, Leveller, NodeInfo};

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
    /// The chain that it is linked to; behind that of an application stands the bus.
    pub chain: Option<ChainId>,
    /// Node name of the device that its sound reaches, by the links; empty without one.
    pub device: String,
    /// What its links say of the decision.
    pub links: Links,
    /// Why.
    pub reason: Reason,
    /// What controls its loudness, or is about to: one at a time.
    pub controller: Option<Controller>,
    /// Why app volume control does or does not.
    pub level_reason: LevelReason,
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

    /// Returns what kind of chain it is linked to.
    pub fn chain_kind(&self) -> ChainKind {
        self.chain.map_or(ChainKind::None, ChainId::kind)
    }

    /// Returns its application's own chain, where it is linked to that.
    pub fn app_chain(&self) -> Option<ChainId> {
        self.chain.filter(|id| id.kind() == ChainKind::App)
    }

    /// Says whether its sound passes the bus while it plays.
    pub fn passes_bus(&self) -> bool {
        matches!(self.chain, Some(ChainId::Bus(_) | ChainId::App(_)))
    }

    /// Says whether it plays through the bus chain now.
    pub fn is_on_bus(&self) -> bool {
        self.playing && self.passes_bus()
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

/// What controls the loudness of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Controller {
    /// A leveller, in a chain.
    Leveller(LevellerPlace),
    /// App volume control, by soft volumes.
    AppVolume,
}

/// Returns every stream, by its id.
pub fn streams(graph: &Graph, desired: Desired<'_>, ownership: &Ownership) -> Vec<StreamStatus> {
    let mut streams: Vec<_> = graph
        .streams()
        .filter_map(|(id, node)| {
            let decision = desired.decide(graph, node);
            let chain = chain_in_use(graph, id);
            let (route, mut reason) = judge(graph, desired, ownership, id, node, &decision, chain);
            let missed = ownership
                .sent_to_app(graph, id)
                .filter(|sent| chain != Some(*sent) && !graph.targets(id).is_empty())
                .filter(|_| ownership.pinned_to(graph, desired.pins, id).is_none());
            if missed.is_some() && !reason.is_late() {
                reason.lag = Some(Lag::NotInChain);
            }
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
                    true if reason.is_late() => Links::Astray,
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

/// Returns the chain that a stream is linked to; of several the first on the way.
fn chain_in_use(graph: &Graph, stream: GlobalId) -> Option<ChainId> {
    graph.targets(stream).into_iter().filter_map(|target| graph.chain_of_sink(target)).min()
}

/// Returns the route of a stream, by its links, and why it has it.
fn judge(
    graph: &Graph,
    desired: Desired<'_>,
    ownership: &Ownership,
    id: GlobalId,
    node: &NodeInfo,
    decision: &Decision,
    chain: Option<ChainId>,
) -> (StreamRoute, Reason) {
    if !is_playback(node) {
        return (StreamRoute::Unmanaged, Reason::held(Held::Listener));
    }
    if node.encoded {
        return (StreamRoute::Unmanaged, Reason::held(Held::Encoded));
    }
    let targets = graph.targets(id);
    let passes_us = chain.is_some();
    let device = targets.iter().find_map(|target| graph.node(*target).filter(|n| is_device(n)));
    let pinned = ownership.author(graph, id, node) == Author::Other;
    if pinned && !passes_us {
        let meant = sent_to(graph, id, node);
        let processed = decision.route == Route::Processed && !desired.bypass;
        let name = meant.and_then(|device| device.props.get("node.name")).filter(|_| processed);
        let blocked = name.and_then(|device| ownership.devices().blocked(device)).cloned();
        let device = meant.and_then(device_name).map(str::to_owned);
        let held = Held::Pinned { device, blocked };
        return (StreamRoute::Unmanaged, Reason::held(held));
    }
    if desired.bypass {
        let route = if passes_us { StreamRoute::Processed } else { StreamRoute::Bypass };
        let held = if desired.dormant { Held::SafeMode } else { Held::BypassAll };
        return (route, Reason::held(held));
    }
    let wanted = StreamRoute::from(decision.route);
    let decided = Reason {
        by: Some((&decision.by).into()),
        route: Some(decision.route),
        ..Reason::default()
    };
    if !passes_us && device.is_none() {
        return (wanted, decided);
    }
    let actual = if passes_us { StreamRoute::Processed } else { StreamRoute::Bypass };
    let sent_there = match chain {
        Some(ChainId::Device(_)) => graph.device_behind(id),
        _ => graph.device_behind(id).filter(|(_, device)| {
            pinned && device_meant(graph, id, node).is_some_and(|meant| meant.props == device.props)
        }),
    };
    if let Some(device) =
        ownership.pinned_to(graph, desired.pins, id).filter(|_| sent_there.is_none())
    {
        return (actual, Reason { held: Some(remembered(graph, device, id)), ..decided });
    }
    let elsewhere = ownership.sent_to_device(graph, id).is_some_and(|sent| {
        device.is_some_and(|device| device.props.get("node.name").is_some_and(|it| it != sent))
    });
    if actual == wanted && !elsewhere {
        let device = sent_there.and_then(|(_, device)| device_name(device)).map(str::to_owned);
        return (actual, Reason { device, ..decided });
    }
    let lag = if graph.bus().is_some() { Lag::NotMoved } else { Lag::NoFilter };
    (actual, Reason { lag: Some(lag), ..decided })
}

/// Returns why no target is written for a stream whose application a device was chosen for.
fn remembered(graph: &Graph, device: &str, stream: GlobalId) -> Held {
    let (device, absent) = match graph.device_named(device) {
        _ if device.is_empty() => (None, false),
        Some((_, node)) => (device_name(node).map(str::to_owned), false),
        None => (Some(device.to_owned()), true),
    };
    Held::Remembered { device, absent, node: stream }
}

impl Desired<'_> {
    /// Returns where the leveller is that works on a stream with a chain of its own or without, by the
    /// links; while it is not linked, where it is about to be.
    fn leveller_of(
        &self,
        decision: &Decision,
        chain: Option<ChainId>,
        is_linked: bool,
        own: bool,
    ) -> Option<LevellerPlace> {
        let place = self.leveller.filter(|_| !self.bypass)?;
        match chain {
            Some(ChainId::App(_)) => Some(LevellerPlace::App),
            Some(ChainId::Device(_)) => Some(LevellerPlace::Device),
            None if is_linked || decision.route == Route::Bypass => None,
            // There, or on its way to its own chain.
            Some(ChainId::Bus(_)) | None => match place {
                Leveller::Bus => Some(LevellerPlace::Bus),
                Leveller::Apps => own.then_some(LevellerPlace::App),
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
    leveller: Option<LevellerPlace>,
) -> (bool, LevelReason) {
    let held = if !is_playback(node) || node.encoded {
        LevelHeld::Unchangeable
    } else if node.volume.is_none() {
        LevelHeld::NoVolume
    } else if desired.bypass {
        LevelHeld::BypassAll
    } else {
        let held = leveller.filter(|_| decision.level).map(|place| LevelHeld::Levelled { place });
        let works = decision.level && held.is_none();
        let by = Some((&decision.level_by).into());
        return (works, LevelReason { by, on: decision.level, held });
    };
    (false, LevelReason::held(held))
}

fn device_name(node: &NodeInfo) -> Option<&str> {
    ["node.description", "node.nick", "node.name"]
        .into_iter()
        .find_map(|key| node.props.get(key))
        .map(String::as_str)
}

fn rate_hz(node: &NodeInfo) -> u32 {
    let rate = node.props.get("audio.rate").and_then(|rate| rate.parse().ok());
    let fraction =
        || node.props.get("node.rate").and_then(|rate| rate.split_once('/')?.1.trim().parse().ok());
    rate.or_else(fraction).unwrap_or(0)
}
