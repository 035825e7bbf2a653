//! What is true of every stream, by the links that exist.

use headroom_api::{
    ChainKind, Held, Lag, LevelHeld, LevelReason, LevellerPlace, Reason, Route, StreamRoute,
};

use super::{
    Graph,
    decision::Decision,
    desired::Desired,
    devices::tail_goes_to,
    effects::effects_program,
    identity::Identity,
    ledger::{Author, is_app_sink},
    ownership::Ownership,
    place::Placement,
    survey::{Case, Survey},
};
use crate::event::{ChainId, GlobalId, Leveller, NodeInfo, Volume, VolumeChange, is_fixed, serial};

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
    /// Whether a link leads past that chain, straight to a device.
    pub leads_past: bool,
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
    /// Its own volume; `None` where it has none.
    pub volume: Option<OwnVolume>,
}

/// A stream's own volume as the desktop's mixers show it: the person's, which nothing of ours moves unasked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OwnVolume {
    /// Of the loudest channel, in percent.
    pub percent: f64,
    /// Whether it is muted.
    pub muted: bool,
}

impl OwnVolume {
    /// Says whether a change has come about; what is told is a little coarser than what was asked for.
    pub fn shows(&self, change: VolumeChange) -> bool {
        match change {
            VolumeChange::Percent(percent) => (self.percent - percent).abs() < 0.05,
            VolumeChange::Muted(muted) => self.muted == muted,
        }
    }
}

impl From<&Volume> for OwnVolume {
    fn from(volume: &Volume) -> Self {
        Self { percent: volume.percent(), muted: volume.mute }
    }
}

impl StreamStatus {
    /// Says whether app volume control works on it.
    pub fn has_app_volume(&self) -> bool {
        self.controller == Some(Controller::AppVolume)
    }

    /// Says whether it is kept softer until it is protected again.
    pub fn is_kept_quiet(&self) -> bool {
        self.controller == Some(Controller::KeptQuiet)
    }

    /// Says whether a leveller works on it, or is about to.
    pub fn is_levelled(&self) -> bool {
        matches!(self.controller, Some(Controller::Leveller(_)))
    }

    /// Returns what kind of chain all of its sound passes.
    pub fn chain_kind(&self) -> ChainKind {
        self.chain.filter(|_| !self.leads_past).map_or(ChainKind::None, ChainId::kind)
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

    /// Says whether it plays through a chain of ours, whichever: it falls silent if that hangs.
    pub fn is_in_a_chain(&self) -> bool {
        self.playing && self.chain.is_some()
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
    /// A soft volume that stays until the stream is protected again.
    KeptQuiet,
}

/// Returns every stream, by its id.
pub(super) fn show(
    graph: &Graph,
    desired: Desired<'_>,
    ownership: &Ownership,
    (survey, placements): (&Survey<'_>, &[Placement]),
) -> Vec<StreamStatus> {
    let cases = survey.cases.iter().zip(placements);
    let mut streams: Vec<_> = cases
        .filter_map(|(case, placement)| {
            let Case { id, node, identity, decision, chain, is_linked, .. } = case;
            let reason_and_route = judge(graph, desired, ownership, case, placement);
            let (route, mut reason) = reason_and_route;
            let sent = ownership.ledger.received(graph, *id, node).and_then(ChainId::of_target);
            let is_missed = sent
                .is_some_and(|sent| graph.chain(sent).is_some() && *chain != Some(sent))
                && *is_linked
                && case.remembered.is_none();
            if is_missed && !reason.is_late() {
                reason.lag = Some(Lag::NotInChain);
            }
            let own = identity.key().and_then(|app| ownership.apps.of(&app)).is_some();
            let limits_only =
                case.tail.is_some() || chain.is_some_and(|id| ownership.devices.limits_only(id));
            let leveller = desired.leveller_of(decision, *chain, *is_linked, own);
            // The sum that a shared leveller works on is levelled, whatever is in it.
            let leveller = leveller.filter(|place| !limits_only || *place == LevellerPlace::Bus);
            let (level, level_reason) = judge_level(desired, case, placement, leveller);
            let controller = match leveller {
                Some(leveller) => Some(Controller::Leveller(leveller)),
                None => level.then_some(Controller::AppVolume),
            };
            let is_audible = !matches!(placement, Placement::Immovable(_) | Placement::Listening);
            Some(StreamStatus {
                id: serial(node)?,
                node: *id,
                playing: node.running,
                audible: is_audible && graph.output_channels(*id) > 0,
                identity: identity.clone(),
                channels: graph.output_channels(*id),
                rate_hz: rate_hz(node),
                route,
                chain: *chain,
                leads_past: case.leads_past(),
                device: case.device.and_then(node_name).unwrap_or_default().to_owned(),
                links: match is_linked {
                    false => Links::Absent,
                    true if reason.is_late() => Links::Astray,
                    true => Links::InPlace,
                },
                reason,
                controller,
                level_reason,
                decision: decision.clone(),
                volume: node.volume.as_ref().map(OwnVolume::from),
            })
        })
        .collect();
    streams.sort_by_key(|stream| stream.id);
    streams
}

/// Returns the route of a stream, by its links, and why it has it.
fn judge(
    graph: &Graph,
    desired: Desired<'_>,
    ownership: &Ownership,
    case: &Case<'_>,
    placement: &Placement,
) -> (StreamRoute, Reason) {
    if let Placement::Immovable(held) = placement {
        return (StreamRoute::Unmanaged, Reason::held(held.clone()));
    }
    if *placement == Placement::Listening {
        return (StreamRoute::Unmanaged, Reason::held(Held::Listener));
    }
    let Case { decision, direct, .. } = case;
    let chain = case.whole_chain();
    let unless_in_a_chain =
        if chain.is_some() { StreamRoute::Processed } else { StreamRoute::Unmanaged };
    let pinned_to = case.pinned_to.and_then(node_name).filter(|_| case.author == Author::Other);
    if let (Some(program), None) = (pinned_to.and_then(effects_program), chain) {
        let held = Held::OtherEffects { program: program.to_owned() };
        return (StreamRoute::Unmanaged, Reason::held(held));
    }
    if is_fixed(case.node) && !desired.bypass {
        return (unless_in_a_chain, Reason::held(Held::Immovable));
    }
    if case.tail.is_some() && decision.route == Route::Processed && !desired.bypass {
        let device = tail_goes_to(graph, case);
        let name = device.and_then(node_name).filter(|_| chain.is_none());
        let blocked = name.and_then(|device| ownership.devices.blocked(device)).cloned();
        let device = device.and_then(device_name).map(str::to_owned);
        return (unless_in_a_chain, Reason::held(Held::DeviceTail { device, blocked }));
    }
    let is_pinned = *placement == Placement::Pinned;
    if is_pinned && chain.is_none() {
        let meant = case.goes_to();
        let is_processed = decision.route == Route::Processed && !desired.bypass;
        let name = meant.and_then(node_name).filter(|_| is_processed);
        let blocked = name.and_then(|device| ownership.devices.blocked(device)).cloned();
        let device = meant.and_then(device_name).map(str::to_owned);
        return (StreamRoute::Unmanaged, Reason::held(Held::Pinned { device, blocked }));
    }
    let actual = if chain.is_some() { StreamRoute::Processed } else { StreamRoute::Bypass };
    if desired.bypass {
        let held = if desired.dormant { Held::SafeMode } else { Held::BypassAll };
        return (actual, Reason::held(held));
    }
    let wanted = StreamRoute::from(decision.route);
    let decided = Reason {
        by: Some((&decision.by).into()),
        route: Some(decision.route),
        ..Reason::default()
    };
    if chain.is_none() && direct.is_none() {
        return (wanted, decided);
    }
    let sent_there = case.device.filter(|device| match chain {
        Some(ChainId::Device(_)) => true,
        _ => is_pinned && case.pinned_to.is_some_and(|meant| meant.props == device.props),
    });
    if let Some(device) = case.remembered.as_deref().filter(|_| sent_there.is_none()) {
        return (actual, Reason { held: Some(remembered(graph, device, case.id)), ..decided });
    }
    let sent = ownership.ledger.received(graph, case.id, case.node).filter(|to| !is_app_sink(to));
    let is_elsewhere =
        sent.is_some_and(|sent| direct.and_then(node_name).is_some_and(|it| it != sent));
    if actual == wanted && !is_elsewhere && !case.leads_past() {
        let device = sent_there.and_then(device_name).map(str::to_owned);
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
        let place = self.leveller.filter(|_| !self.bypass);
        let in_chain = decision.levels_in_chain(place.is_some()) && !self.bypass;
        match chain {
            Some(ChainId::App(_)) => in_chain.then_some(LevellerPlace::App),
            Some(ChainId::Device(_)) => place.map(|_| LevellerPlace::Device),
            None if is_linked || decision.route == Route::Bypass => None,
            // There, or on its way to its own chain.
            Some(ChainId::Bus(_)) | None => match place {
                Some(Leveller::Bus) => Some(LevellerPlace::Bus),
                Some(Leveller::Apps) | None => (own && in_chain).then_some(LevellerPlace::App),
            },
        }
    }
}

/// Says whether app volume control works on a stream, and why.
///
/// One controller at a time: where a leveller works, it keeps out.
fn judge_level(
    desired: Desired<'_>,
    case: &Case<'_>,
    placement: &Placement,
    leveller: Option<LevellerPlace>,
) -> (bool, LevelReason) {
    let Case { node, decision, .. } = case;
    let held = if matches!(placement, Placement::Immovable(_) | Placement::Listening) {
        LevelHeld::Unchangeable
    } else if case.tail.is_some() {
        LevelHeld::DeviceTail
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

fn node_name(node: &NodeInfo) -> Option<&str> {
    node.props.get("node.name").map(String::as_str)
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
