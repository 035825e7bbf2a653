//! Which devices besides the default one have a chain before them, and whether the bus is bound to one.
//!
//! A pinned stream stays where it is: nothing is written about it. The chain before that device is a
//! smart filter for it, which the session manager puts before whatever goes there, bypassed streams
//! included. So a device to which one of those goes has none.
//!
//! A device tail, what somebody else's device plays on, is limited like a pinned stream, but never levelled: a chain
//! through which one plays has the limiter alone.
//!
//! Where the device is the default one, that chain is the bus, bound to it for as long: its own streams
//! stay where they are, and one limiter holds the sum. Bound, it does not follow the default device;
//! until it is unbound, a spare chain without a device takes what does.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use headroom_api::{Blocked, Devices, Route};

use super::{
    Graph,
    desired::Desired,
    ledger::Author,
    place::Placement,
    pool::Pool,
    smart_filter::{self, BOUND_KEY, bound_to},
    survey::{Case, Survey, Tail},
};
use crate::event::{
    ChainId, ChainSpec, GlobalId, GraphCommand, MetadataName, NodeInfo, is_fixed, is_playback,
};

/// Most devices that can have a chain at once, besides the default one.
pub const MAX_DEVICE_CHAINS: usize = 16;

/// The chain before every device.
#[derive(Debug, Default)]
pub struct DeviceChains {
    chains: BTreeMap<ChainId, Place>,
    /// Devices that have no chain although something is to be processed there.
    blocked: BTreeMap<String, Blocked>,
    /// Devices before which PipeWire has rejected a chain; forgotten when nothing goes there.
    rejected: BTreeSet<String>,
    /// What was asked for the bus with this sink half: a device that it is bound to, or none.
    bound: Option<(GlobalId, Option<String>)>,
    /// Devices that a device tail plays to.
    tails: BTreeSet<String>,
    /// What takes the place of the bus when the default device moves while it is bound.
    spare: Option<ChainId>,
}

/// Where a chain stands.
#[derive(Debug)]
struct Place {
    device: String,
    node: GlobalId,
}

/// What goes to a device because it is pinned there.
#[derive(Debug, Default)]
struct Use {
    processed: bool,
    /// True where the session manager will send an application's next stream that is to be processed.
    expected: bool,
    /// The application of a stream that is to be bypassed; before the default device, whoever sent it.
    untouched: Option<String>,
    /// True while a target of our own leads there.
    ours: bool,
    /// Whose device tail plays there, if one does.
    tail: Option<Tail>,
}

impl Use {
    /// Says whether there is to be a chain, from before the first sound on.
    fn is_wanted(&self) -> bool {
        self.processed || self.expected
    }

    /// Says whether nothing stands in a chain's way.
    fn is_free(&self) -> bool {
        self.untouched.is_none() && !self.ours
    }
}

/// What goes to each device, by its node name.
type Uses = BTreeMap<String, Use>;

fn is_wanted(uses: &Uses, device: &str) -> bool {
    uses.get(device).is_some_and(Use::is_wanted)
}

impl DeviceChains {
    /// Returns every chain, with the node name of its device.
    pub fn iter(&self) -> impl Iterator<Item = (ChainId, &str)> {
        self.chains.iter().map(|(id, place)| (*id, place.device.as_str()))
    }

    /// Returns the device that the bus is bound to.
    pub fn bound(&self) -> Option<&str> {
        self.bound.as_ref()?.1.as_deref()
    }

    /// Says whether a chain limits and does no more, for the sake of a device tail.
    pub fn limits_only(&self, id: ChainId) -> bool {
        self.chains.get(&id).is_some_and(|place| self.tails.contains(&place.device))
    }

    /// Returns the chain that takes the place of the bus while the default device moves.
    pub fn spare(&self) -> Option<ChainId> {
        self.spare
    }

    /// Returns why a device has no chain although something is to be processed there.
    pub fn blocked(&self, device: &str) -> Option<&Blocked> {
        self.blocked.get(device)
    }

    /// Returns every device that has no chain although something is to be processed there.
    pub fn all_blocked(&self) -> impl Iterator<Item = (&str, &Blocked)> {
        self.blocked.iter().map(|(device, blocked)| (device.as_str(), blocked))
    }

    /// Says whether the chain that follows the default device plays to another one: the default device has moved then, and we
    /// have not heard of it.
    pub fn doubts_default(&self, graph: &Graph) -> bool {
        let follower = match self.bound() {
            Some(_) => self.spare.and_then(|id| graph.chain(id)),
            None => graph.bus(),
        };
        let (Some(follower), Some((default, _))) = (follower, graph.default_device()) else {
            return false;
        };
        let targets = graph.targets(follower.output);
        !targets.contains(&default) && targets.iter().any(|id| graph.device(*id).is_some())
    }

    /// Forgets what was asked of a session manager that is gone.
    pub(super) fn forget_binding(&mut self) {
        self.bound = None;
    }

    /// Takes in that PipeWire has rejected a chain.
    pub(super) fn reject(&mut self, id: ChainId) {
        self.rejected.extend(self.chains.remove(&id).map(|place| place.device));
    }

    /// Brings the chains before devices to what goes there.
    pub(super) fn follow(
        &mut self,
        pool: &mut Pool,
        graph: &Graph,
        desired: Desired<'_>,
        (survey, placements): (&Survey<'_>, &[Placement]),
        now: Instant,
    ) -> Vec<GraphCommand> {
        let off = desired.bypass || desired.dormant;
        let default = graph.default_device_name();
        let uses = &uses_of(graph, survey, placements, default.as_ref());
        let tails = uses.iter().filter(|(_, used)| used.tail.is_some());
        self.tails = tails.map(|(device, _)| device.clone()).collect();
        self.judge(graph, desired, uses, default.as_ref());
        let mut commands = self.bind(pool, graph, uses, off, default.as_ref());
        for (id, place) in &self.chains {
            pool.note_use(*id, is_wanted(uses, &place.device), false, now);
        }
        self.set_aside(pool, graph, uses, off, default.as_ref(), now);
        if !off {
            self.build(pool, graph, uses, default.as_ref(), &mut commands);
        }
        // Nothing is missing where nothing plays.
        self.blocked.retain(|device, _| uses.get(device).is_some_and(|used| used.processed));
        commands
    }

    /// Judges which devices cannot have a chain, and why.
    fn judge(
        &mut self,
        graph: &Graph,
        desired: Desired<'_>,
        uses: &Uses,
        default: Option<&String>,
    ) {
        self.rejected.retain(|device| is_wanted(uses, device));
        self.blocked.clear();
        for (device, used) in uses.iter().filter(|(_, used)| used.is_wanted()) {
            let is_default = default == Some(device);
            let is_covered = is_default || used.tail == Some(Tail::OfDefault);
            let blocked = if desired.profile.devices == Devices::Default && !is_covered {
                Some(Blocked::DefaultOnly)
            } else if graph.device_named(device).is_some_and(|(_, node)| !is_end(node)) {
                Some(Blocked::Virtual)
            } else if self.rejected.contains(device) && !is_default {
                Some(Blocked::Rejected)
            } else {
                used.untouched.clone().map(|app| Blocked::Bypassed { app })
            };
            self.blocked.extend(blocked.map(|blocked| (device.clone(), blocked)));
        }
    }

    /// Sets aside the chains that have no place any more.
    fn set_aside(
        &mut self,
        pool: &mut Pool,
        graph: &Graph,
        uses: &Uses,
        off: bool,
        default: Option<&String>,
        now: Instant,
    ) {
        let (blocked, bound) = (&self.blocked, &self.bound);
        // The bus is still before the device that was the default one until now.
        let awaits_bus = |device: &String| {
            let bound = bound.as_ref().and_then(|(_, device)| device.as_ref());
            is_wanted(uses, device) && bound.is_some_and(|bound| bound != device)
        };
        self.chains.retain(|id, Place { device, node }| {
            let there = graph.device_named(device).map(|(id, _)| id);
            let over = off
                || there != Some(*node)
                || (default == Some(device) && !awaits_bus(device))
                || uses.get(device).is_some_and(|used| !used.is_free())
                || blocked.contains_key(device)
                || pool.is_over(*id, now);
            if over {
                pool.set_aside(*id);
            }
            !over
        });
    }

    /// Asks for the chains that are missing, or have other channels than their device.
    fn build(
        &mut self,
        pool: &mut Pool,
        graph: &Graph,
        uses: &Uses,
        default: Option<&String>,
        commands: &mut Vec<GraphCommand>,
    ) {
        let wanted = uses.iter().filter(|(_, used)| used.is_wanted() && used.is_free());
        for (device, _) in wanted {
            if default == Some(device) || self.blocked.contains_key(device) {
                continue;
            }
            let Some((node, _)) = graph.device_named(device) else { continue };
            let Some(channels) = graph.chain_channels(node) else { continue };
            let old = self.iter().find(|(_, known)| known == device).map(|(id, _)| id);
            if old.and_then(|id| pool.spec(id)).is_some_and(|spec| spec.channels == channels) {
                continue;
            }
            if old.is_none() && self.chains.len() >= MAX_DEVICE_CHAINS {
                let limit = u32::try_from(MAX_DEVICE_CHAINS).unwrap_or(u32::MAX);
                self.blocked.insert(device.clone(), Blocked::TooMany { limit });
                continue;
            }
            let spec = ChainSpec { channels, device: Some(device.clone()), disabled: false };
            let (id, command) = pool.build(ChainId::Device, spec);
            commands.push(command);
            // The old one goes when the new one is there, not before.
            if let Some(old) = old {
                self.chains.remove(&old);
                pool.replace(old, id);
            }
            self.chains.insert(id, Place { device: device.clone(), node });
        }
    }

    /// Binds the bus to the default device while something was sent to that very device.
    fn bind(
        &mut self,
        pool: &mut Pool,
        graph: &Graph,
        uses: &Uses,
        off: bool,
        default: Option<&String>,
    ) -> Vec<GraphCommand> {
        let mut commands = Vec::new();
        let Some(bus) = graph.bus() else {
            return commands;
        };
        let written = graph.metadata(MetadataName::Filters, bus.sink, BOUND_KEY);
        let known = self.bound.take().filter(|(sink, _)| *sink == bus.sink);
        let (asked, device) = match known {
            Some((_, device)) => (device.as_deref().map(bound_to), device),
            None => (written.map(str::to_owned), None),
        };
        let may_bind = |device: &String| {
            !off && is_wanted(uses, device)
                && !self.blocked.contains_key(device)
                && graph.device_named(device).is_some()
        };
        // What was sent to the device that was the default one is not let go before its chain is there.
        let is_needed = |device: &String| {
            let chain = self.iter().find(|(_, known)| known == device);
            let may_come = self.chains.len() < MAX_DEVICE_CHAINS;
            default != Some(device)
                && may_bind(device)
                && chain.map_or(may_come, |(id, _)| !graph.leads_on(id))
        };
        let device =
            device.filter(is_needed).or_else(|| default.filter(|it| may_bind(it)).cloned());
        let value = device.as_deref().map(bound_to);
        let channels = device.is_some().then_some(&bus.channels);
        let fits = |id: &mut ChainId| pool.spec(*id).map(|spec| &spec.channels) == channels;
        if let Some(spare) = self.spare.take_if(|id| !fits(id)) {
            pool.set_aside(spare);
        }
        if let (Some(channels), None) = (channels, self.spare) {
            let spec = ChainSpec { channels: channels.clone(), device: None, disabled: false };
            let (id, command) = pool.build(ChainId::Device, spec);
            self.spare = Some(id);
            commands.push(command);
        }
        self.bound = Some((bus.sink, device));
        if value != asked {
            commands.push(smart_filter::set(bus.sink, BOUND_KEY, value));
        }
        commands
    }
}

/// Returns what goes to each device.
fn uses_of(
    graph: &Graph,
    survey: &Survey<'_>,
    placements: &[Placement],
    default: Option<&String>,
) -> Uses {
    let mut uses = Uses::new();
    for (case, placement) in survey.cases.iter().zip(placements) {
        let app = || case.identity.app.clone();
        if let (Placement::Device | Placement::Fixed, Some(default)) = (placement, default) {
            uses.entry(default.clone()).or_default().untouched.get_or_insert_with(app);
        }
        if !is_playback(case.node) {
            continue;
        }
        if case.tail.is_some() && !is_fixed(case.node) && case.decision.route == Route::Processed {
            let device = tail_goes_to(graph, case);
            let device = device.filter(|device| is_end(device));
            let Some(device) = device.and_then(|device| device.props.get("node.name")) else {
                continue;
            };
            let used = uses.entry(device.clone()).or_default();
            used.tail = used.tail.max(case.tail);
            // What follows the default device is on the bus.
            used.processed |= default != Some(device) || case.pinned_to.is_some();
            continue;
        }
        let device = case.goes_to().and_then(|device| device.props.get("node.name"));
        let Some(device) = device.filter(|_| !matches!(placement, Placement::Immovable(_))) else {
            continue;
        };
        let route = if is_fixed(case.node) { Route::Bypass } else { case.decision.route };
        match (case.author, route) {
            (Author::Us, _) => {
                uses.entry(device.clone()).or_default().ours |= case.pinned_to.is_some();
            }
            (Author::Other, Route::Processed) if case.is_identified => {
                // By default is not sent.
                let is_sent = default != Some(device) || case.pinned_to.is_some();
                uses.entry(device.clone()).or_default().processed |= is_sent;
            }
            (Author::Other, Route::Bypass) if case.is_identified => {
                let used = uses.entry(device.clone()).or_default();
                used.untouched.get_or_insert_with(app);
            }
            _ => {}
        }
    }
    // Made before the first link, so that no sound comes first.
    for (device, route) in &survey.expected {
        let used = uses.entry(device.clone()).or_default();
        used.expected |= *route == Route::Processed;
    }
    uses
}

/// Returns the device that a device tail plays to: never the one whose tail it is, whatever the session manager
/// has linked for a moment.
pub(super) fn tail_goes_to<'g>(graph: &'g Graph, case: &Case<'g>) -> Option<&'g NodeInfo> {
    let device = case.goes_to();
    if case.tail == Some(Tail::OfDefault) {
        return device
            .filter(|device| !graph.is_of_default(device))
            .or_else(|| graph.best_device());
    }
    device
}

/// Says whether what is played to a device ends there, at somebody's ear.
fn is_end(device: &NodeInfo) -> bool {
    let is = |key: &str| device.props.get(key).is_some_and(|value| value == "true");
    !device.props.contains_key("node.link-group") && (!is("node.virtual") || is("node.network"))
}
