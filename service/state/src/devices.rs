//! Which devices besides the default one have a chain before them, and whether the bus is tied to one.
//!
//! A stream that somebody has sent to a device stays sent there: nothing is written about it. The pair
//! before that device is a smart filter for it, which the session manager puts before whatever goes
//! there, bypassed streams included. So a device to which one of those goes has none.
//!
//! Where the device is the default one, that pair is the bus, tied to it for as long: its own streams
//! stay where they are, and one limiter holds the sum. Tied, it does not follow the default device;
//! until it is untied, a spare pair without a device takes what does.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use headroom_api::{Devices, Route};

use super::{
    Graph,
    identity::Identity,
    plan::{Author, Desired, Ownership, is_identified, is_playback, pin},
    smart_filter::{self, BOUND_KEY, DISABLED_KEY, bound_to},
};
use crate::{
    event::{GlobalId, GraphCommand, MetadataName, NodeInfo},
    layout::Channels,
};

/// Most devices that can have a chain at once, besides the default one.
pub const MAX_DEVICE_CHAINS: usize = 16;
/// How long a chain that is to go may wait for its streams to move to another.
pub(super) const LEAVES_WITHIN: Duration = Duration::from_secs(2);
/// How long a chain outlives the last stream to its device.
pub(super) const GRACE: Duration = Duration::from_secs(30);

/// The chain before every device, by its number.
#[derive(Debug, Default)]
pub struct DeviceChains {
    chains: BTreeMap<u32, DeviceChain>,
    /// Those that another one takes the place of, by the number of that one.
    replaced: BTreeMap<u32, u32>,
    /// Devices that have no chain although something is to be processed there.
    barred: BTreeMap<String, Bar>,
    /// Devices before which PipeWire has refused a chain; forgotten when nothing goes there.
    refused: BTreeSet<String>,
    /// What was asked for the bus with this sink half: a device that it is tied to, or none.
    tied: Option<(GlobalId, Option<String>)>,
    /// What takes the place of the bus when the default device moves while it is tied.
    spare: Option<(u32, Channels)>,
    /// Chains that are to go, as soon as nothing plays into them any more.
    leaving: BTreeMap<u32, Leaving>,
    last: u32,
}

/// A chain that is to go. It is taken out of the session manager's way first: its streams move to what
/// takes its place, or to the device, before it is gone. Were it only taken away, what takes its place
/// could be told of it later than that, and sound would pass neither.
#[derive(Debug)]
struct Leaving {
    since: Instant,
    is_disabled: bool,
}

impl Leaving {
    fn since(since: Instant) -> Self {
        Self { since, is_disabled: false }
    }
}

#[derive(Debug)]
struct DeviceChain {
    device: String,
    node: GlobalId,
    channels: Channels,
    /// Since when nothing that is to be processed goes there.
    idle_since: Option<Instant>,
}

/// Why a device has no chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bar {
    /// A stream goes there that is to be left untouched; its application.
    Untouched {
        /// Its name.
        app: String,
    },
    /// The profile protects the default device alone.
    Profile,
    /// It plays on to other devices, or to none.
    Virtual,
    /// PipeWire has refused the chain.
    Refused,
    /// Too many devices have one.
    TooMany,
}

/// What goes to a device because somebody has sent it there.
#[derive(Debug, Default)]
struct Use {
    processed: bool,
    /// True where the session manager will send an application's next stream that is to be processed.
    expected: bool,
    /// The application of a stream that is to be bypassed; before the default device, whoever sent it.
    untouched: Option<String>,
    /// True while a target of our own leads there.
    ours: bool,
}

impl Use {
    /// Says whether there is to be a chain, from before the first sound on.
    fn is_wanted(&self) -> bool {
        self.processed || self.expected
    }
}

impl DeviceChains {
    /// Returns every chain's number, with the node name of its device.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &str)> {
        self.chains.iter().map(|(number, chain)| (*number, chain.device.as_str()))
    }

    /// Returns the number of the pair that takes the place of the bus while the default device moves.
    pub fn spare(&self) -> Option<u32> {
        self.spare.as_ref().map(|(number, _)| *number)
    }

    /// Forgets what was asked of a session manager that is gone.
    pub(super) fn untie(&mut self) {
        self.tied = None;
    }

    /// Says whether every chain leads to its device.
    pub(super) fn are_in_place(&self, graph: &Graph) -> bool {
        self.chains.keys().all(|number| is_in_place(graph, *number))
    }

    /// Returns why a device has no chain although something is to be processed there.
    pub fn bar(&self, device: &str) -> Option<&Bar> {
        self.barred.get(device)
    }

    /// Returns every device that has no chain although something is to be processed there.
    pub fn barred(&self) -> impl Iterator<Item = (&str, &Bar)> {
        self.barred.iter().map(|(device, bar)| (device.as_str(), bar))
    }

    /// Returns when a chain is to go that nothing plays through; `None` while there is none.
    pub fn next_expiry(&self) -> Option<Instant> {
        let idle = self.chains.values().filter_map(|chain| chain.idle_since);
        let leaving = self.leaving.values().map(|leaving| leaving.since + LEAVES_WITHIN);
        idle.map(|since| since + GRACE).chain(leaving).min()
    }

    /// Takes in that PipeWire has refused a chain.
    pub(super) fn refuse(&mut self, number: u32) {
        if let Some(chain) = self.chains.remove(&number) {
            self.refused.insert(chain.device);
        }
    }

    fn follow(
        &mut self,
        graph: &Graph,
        desired: Desired<'_>,
        uses: &BTreeMap<String, Use>,
        now: Instant,
    ) -> Vec<GraphCommand> {
        let off = desired.bypass || desired.dormant;
        let default = graph.default_device_name();
        let is_default = |device: &String| default.as_ref() == Some(device);
        self.refused.retain(|device| uses.get(device).is_some_and(Use::is_wanted));
        self.barred.clear();
        for (device, used) in uses.iter().filter(|(_, used)| used.is_wanted()) {
            let bar = if desired.profile.devices == Devices::Default && !is_default(device) {
                Some(Bar::Profile)
            } else if graph.device_named(device).is_some_and(|(_, node)| !is_end(node)) {
                Some(Bar::Virtual)
            } else if self.refused.contains(device) && !is_default(device) {
                Some(Bar::Refused)
            } else {
                used.untouched.clone().map(|app| Bar::Untouched { app })
            };
            self.barred.extend(bar.map(|bar| (device.clone(), bar)));
        }
        let mut commands = self.tie(graph, uses, off, now);
        let is_free = |device: &String| {
            let used = uses.get(device);
            used.is_none_or(|used| used.untouched.is_none() && !used.ours)
        };
        for chain in self.chains.values_mut() {
            let plays = uses.get(&chain.device).is_some_and(Use::is_wanted);
            chain.idle_since = if plays { None } else { chain.idle_since.or(Some(now)) };
        }
        // The bus is still before the device that was the default one until now.
        let (tied, barred) =
            (self.tied.as_ref().and_then(|(_, device)| device.clone()), &self.barred);
        let awaits_tie = |device: &String| {
            uses.get(device).is_some_and(Use::is_wanted)
                && tied.as_ref().is_some_and(|tied| tied != device)
        };
        self.chains.retain(|number, chain| {
            let there = graph.device_named(&chain.device).map(|(id, _)| id);
            let over = off
                || there != Some(chain.node)
                || (is_default(&chain.device) && !awaits_tie(&chain.device))
                || !is_free(&chain.device)
                || barred.contains_key(&chain.device)
                || chain.idle_since.is_some_and(|since| now >= since + GRACE);
            if over {
                self.leaving.insert(*number, Leaving::since(now));
            }
            !over
        });
        for (device, used) in uses {
            if off || is_default(device) || !used.is_wanted() || self.barred.contains_key(device) {
                continue;
            }
            if !is_free(device) {
                continue;
            }
            let Some((node, _)) = graph.device_named(device) else { continue };
            let channels = match graph.channels_of(node) {
                Some(channels) => channels,
                // Too many to link, or without names: left and right are mapped to them.
                None if graph.input_ports(node) > headroom_dsp::MAX_CHANNELS => Channels::stereo(),
                None => continue,
            };
            let known = self.chains.iter().find(|(_, chain)| chain.device == *device);
            let old = match known {
                Some((_, chain)) if chain.channels == channels => continue,
                Some((number, _)) => Some(*number),
                None if self.chains.len() >= MAX_DEVICE_CHAINS => {
                    self.barred.insert(device.clone(), Bar::TooMany);
                    continue;
                }
                None => None,
            };
            self.last += 1;
            if let Some(old) = old {
                self.chains.remove(&old);
                self.replaced.insert(old, self.last);
            }
            let (device, idle_since) = (device.clone(), None);
            commands.push(GraphCommand::BuildDevice {
                number: self.last,
                device: Some(device.clone()),
                channels: channels.clone(),
            });
            self.chains.insert(self.last, DeviceChain { device, node, channels, idle_since });
        }
        // Nothing is missing where nothing plays.
        self.barred.retain(|device, _| uses.get(device).is_some_and(|used| used.processed));
        // The old one goes when the new one is there, not before.
        let (chains, leaving) = (&self.chains, &mut self.leaving);
        self.replaced.retain(|old, by| {
            let waits = chains.contains_key(by) && graph.device_pair(*by).is_none();
            if !waits {
                leaving.insert(*old, Leaving::since(now));
            }
            waits
        });
        commands.extend(self.retire(graph, now));
        commands
    }

    /// Takes chains that are to go out of the way, and away when nothing plays into them.
    fn retire(&mut self, graph: &Graph, now: Instant) -> Vec<GraphCommand> {
        let mut commands = Vec::new();
        self.leaving.retain(|number, leaving| {
            let sink = graph.device_pair(*number).map(|pair| pair.sink);
            let played = sink.filter(|sink| graph.is_played_into(*sink));
            if let Some(sink) = played.filter(|_| now < leaving.since + LEAVES_WITHIN) {
                if !leaving.is_disabled {
                    leaving.is_disabled = true;
                    commands.push(smart_filter::set(sink, DISABLED_KEY, Some("true".into())));
                }
                return true;
            }
            commands.push(GraphCommand::RetireDevice { number: *number });
            if let Some(sink) = sink.filter(|_| leaving.is_disabled) {
                // The number of its node is another's soon.
                commands.push(smart_filter::set(sink, DISABLED_KEY, None));
            }
            false
        });
        commands
    }

    /// Ties the bus to the default device while something was sent to that very device.
    fn tie(
        &mut self,
        graph: &Graph,
        uses: &BTreeMap<String, Use>,
        off: bool,
        now: Instant,
    ) -> Vec<GraphCommand> {
        let mut commands = Vec::new();
        let Some(pair) = &graph.pair else {
            return commands;
        };
        let written = graph.metadata(MetadataName::Filters, pair.sink, BOUND_KEY);
        let known = self.tied.take().filter(|(sink, _)| *sink == pair.sink);
        let (asked, device) = match known {
            Some((_, device)) => (device.as_deref().map(bound_to), device),
            None => (written.map(str::to_owned), None),
        };
        let is_wanted = |device: &String| {
            !off && uses.get(device).is_some_and(Use::is_wanted)
                && !self.barred.contains_key(device)
                && graph.device_named(device).is_some()
        };
        let default = graph.default_device_name();
        // What was sent to the device that was the default one is not let go before its chain is there.
        let is_needed = |device: &String| {
            let chain = self.chains.iter().find(|(_, chain)| chain.device == *device);
            let may_come = self.chains.len() < MAX_DEVICE_CHAINS;
            default.as_ref() != Some(device)
                && is_wanted(device)
                && chain.map_or(may_come, |(number, _)| !is_in_place(graph, *number))
        };
        let device = device.filter(is_needed).or(default.filter(is_wanted));
        let value = device.as_deref().map(bound_to);
        let spare = device.is_some().then(|| pair.channels.clone());
        let retired = self.spare.take_if(|(_, channels)| spare.as_ref() != Some(channels));
        if let (Some(channels), None) = (spare, &self.spare) {
            self.last += 1;
            self.spare = Some((self.last, channels.clone()));
            commands.push(GraphCommand::BuildDevice { number: self.last, device: None, channels });
        }
        self.tied = Some((pair.sink, device));
        if value != asked {
            commands.push(smart_filter::set(pair.sink, BOUND_KEY, value));
        }
        let leaving = |(number, _)| (number, Leaving::since(now));
        self.leaving.extend(retired.map(leaving));
        commands
    }
}

/// Says whether a pair before a device leads there.
fn is_in_place(graph: &Graph, number: u32) -> bool {
    graph.device_pair(number).is_some_and(|pair| !graph.targets(pair.output).is_empty())
}

/// Brings the chains before devices to what goes there.
pub(super) fn plan_devices(
    graph: &Graph,
    desired: Desired<'_>,
    ownership: &mut Ownership,
    now: Instant,
) -> Vec<GraphCommand> {
    let mut uses: BTreeMap<String, Use> = BTreeMap::new();
    let default = graph.default_device_name();
    for (id, node) in graph.streams().filter(|(_, node)| is_playback(node) && !node.encoded) {
        let author = ownership.author(graph, id, node);
        let route = desired.decide(graph, node).route;
        let app = || Identity::read(node, graph.client_of(node)).app;
        let follows_default = author != Author::Other && !desired.dormant;
        if let Some(default) = &default
            && follows_default
            && route == Route::Bypass
            && ownership.may_write(graph, desired.pins, id, node)
        {
            let used = uses.entry(default.clone()).or_default();
            used.untouched.get_or_insert_with(app);
        }
        let Some(device) = sent_to(graph, id, node) else { continue };
        let Some(name) = device.props.get("node.name") else { continue };
        if author == Author::Nobody || (author == Author::Other && !is_identified(graph, node)) {
            continue;
        }
        let used = uses.entry(name.clone()).or_default();
        match (author, route) {
            // By default is not sent.
            (Author::Other, Route::Processed) => {
                used.processed |=
                    default.as_ref() != Some(name) || device_meant(graph, id, node).is_some();
            }
            (Author::Other, Route::Bypass) => {
                used.untouched.get_or_insert_with(app);
            }
            _ => used.ours = true,
        }
    }
    // Made before the first link, so that no sound comes first.
    for (stream, device) in ownership.expected(desired.pins) {
        let is_processed = desired.decide(graph, &stream).route == Route::Processed;
        uses.entry(device.to_owned()).or_default().expected |= is_processed;
    }
    ownership.devices_mut().follow(graph, desired, &uses, now)
}

/// Returns the device that a stream was sent to: what stands in its target, else where its links lead.
pub(super) fn sent_to<'g>(
    graph: &'g Graph,
    id: GlobalId,
    node: &'g NodeInfo,
) -> Option<&'g NodeInfo> {
    device_meant(graph, id, node).or_else(|| Some(graph.device_behind(id)?.1))
}

/// Returns the device that stands in a stream's target, if that is there.
pub(super) fn device_meant<'g>(
    graph: &'g Graph,
    id: GlobalId,
    node: &'g NodeInfo,
) -> Option<&'g NodeInfo> {
    pin(graph, id, node).and_then(|target| graph.device_meant(target)).map(|(_, device)| device)
}

/// Says whether what is played to a device ends there, at somebody's ear.
fn is_end(device: &NodeInfo) -> bool {
    let is = |key: &str| device.props.get(key).is_some_and(|value| value == "true");
    !device.props.contains_key("node.link-group") && (!is("node.virtual") || is("node.network"))
}
