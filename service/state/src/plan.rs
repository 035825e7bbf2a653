//! From what is and what is wanted to the commands that close the gap.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Instant,
};

use headroom_api::{ChainKind, Chains, Route, names};
use headroom_profile::Profile;
use serde::{Deserialize, Serialize};

use super::{
    Graph, SessionManager,
    apps::AppChains,
    choices::{AppChoices, LevelChoices, Routes},
    decision::{Decision, decide},
    devices::{DeviceChains, plan_devices},
    graph::PIN_TYPE,
    identity::{AppKey, Identity},
    pins::{Pins, key_of},
    pool::Pool,
    smart_filter::{self, DISABLED_KEY},
};
use crate::event::{ChainId, ChainSpec, GlobalId, GraphCommand, Leveller, MetadataName, NodeInfo};

/// Key of the `default` metadata that binds a stream to a target.
pub(super) const TARGET_KEY: &str = "target.object";
/// Key of the `default` metadata by which the session manager lets a stream follow the default device
/// that asked for that very device itself.
const LET_GO_KEY: &str = "target.node";
/// A target written with this type, by the device's name, is never stored by WirePlumber.
const TARGET_TYPE: &str = "Spa:String";

/// What the user and the profile want.
#[derive(Clone, Copy, Debug)]
pub struct Desired<'a> {
    /// Everything straight to the device.
    pub bypass: bool,
    /// Not even a filter that is bypassed is made, and no target is written.
    pub dormant: bool,
    /// The user's own routes.
    pub routes: &'a Routes,
    /// Where the user has app volume control, and where not.
    pub levels: &'a LevelChoices,
    /// What the user wants of applications' own chains.
    pub apps: &'a AppChoices,
    /// The profile in force: its rules, where levelling runs, and what happens to a stream that none of them names.
    pub profile: &'a Profile,
    /// Whether app volume control works on what neither the user nor a rule names.
    pub level_enabled: bool,
    /// Where levelling runs; `None` while the leveller is off.
    pub leveller: Option<Leveller>,
    /// The devices that the user has chosen for applications, which no write of ours may undo.
    pub pins: &'a Pins,
}

impl Desired<'_> {
    /// Decides for a stream.
    pub(super) fn decide(&self, graph: &Graph, node: &NodeInfo) -> Decision {
        let identity = Identity::read(node, graph.client_of(node));
        decide(&identity, self.routes, self.levels, self.apps, self.profile, self.level_enabled)
    }

    /// Decides where a playback stream is to go, and through whose chain.
    fn want<'g>(&self, graph: &Graph, id: GlobalId, node: &'g NodeInfo) -> Wanted<'g> {
        let Decision { route, app: wanted, .. } = self.decide(graph, node);
        let per_app = self.profile.chains == Chains::PerApp && !self.bypass;
        let may_have = per_app && wanted.chain && route == Route::Processed;
        let app = (may_have && is_identified(graph, node))
            .then(|| Identity::read(node, graph.client_of(node)))
            .and_then(|identity| identity.key());
        Wanted { id, node, route, app }
    }
}

/// Where a playback stream is to go.
struct Wanted<'g> {
    id: GlobalId,
    node: &'g NodeInfo,
    route: Route,
    /// The application whose chain it is to play through; `None` without one.
    app: Option<AppKey>,
}

/// A target that we wrote, as a journal keeps it for the next start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalEntry {
    /// `object.serial` of the stream.
    pub serial: u64,
    /// Node name of the device that was written.
    pub target: String,
}

/// Every [`JournalEntry`] in force.
pub type Journal = Vec<JournalEntry>;

/// What we have asked for so far, and what of it the graph has confirmed.
#[derive(Debug, Default)]
pub struct Ownership {
    targets: BTreeMap<GlobalId, Owned>,
    inherited: Journal,
    /// The bus that was asked for last; `None` when another one is to be made.
    bus: Option<ChainId>,
    asked_disabled: Option<(GlobalId, bool)>,
    pub(super) pool: Pool,
    apps: AppChains,
    /// Chosen in this session, and perhaps not in the session manager's file yet.
    fresh_pins: Pins,
    pub(super) devices: DeviceChains,
    /// Streams whose pin we wrote over unawares and are putting back.
    put_back: BTreeSet<GlobalId>,
}

/// A target that we wrote, or that we are deleting (`written` is `None`).
#[derive(Clone, Debug)]
struct Owned {
    /// Of the stream's node: PipeWire gives its number to another one as soon as it has gone.
    serial: u64,
    written: Option<String>,
    /// What we wrote before that; told once more, it is old news and nobody else's.
    before: Option<String>,
    /// How often the key must have been told before our last write has been.
    told_after: u64,
}

/// Who wrote the target that a stream has now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Author {
    /// There is none.
    Nobody,
    /// We did, or are about to be told that we did.
    Us,
    /// The user, or the application itself.
    Other,
}

impl Ownership {
    /// Starts with the targets that an earlier run wrote and could not take back.
    pub fn inherit(journal: Journal) -> Self {
        Self { inherited: journal, ..Self::default() }
    }

    /// Forgets everything: PipeWire is gone, and all of it with it.
    pub fn forget(&mut self) {
        let mut pool = std::mem::take(&mut self.pool);
        pool.forget();
        *self = Self { pool, ..Self::default() };
    }

    /// Returns every chain.
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Returns the chains of applications.
    pub fn apps(&self) -> &AppChains {
        &self.apps
    }

    /// Returns the chains before devices that are not the default one.
    pub fn devices(&self) -> &DeviceChains {
        &self.devices
    }

    /// Takes in that PipeWire has rejected a chain. What needs it does without, but for the bus: see
    /// [`forget_bus`](Self::forget_bus).
    pub fn reject(&mut self, id: ChainId) {
        match id {
            ChainId::App(_) => self.apps.reject(id),
            ChainId::Device(_) => self.devices.reject(id),
            ChainId::Bus(_) => return,
        }
        self.pool.set_aside(id);
    }

    /// Has the bus made anew with the next plan.
    pub fn forget_bus(&mut self) {
        self.bus = None;
        self.asked_disabled = None;
    }

    /// Says whether a write has not been told yet.
    pub fn is_in_flight(&self, graph: &Graph) -> bool {
        self.targets.iter().any(|(id, owned)| owned.in_flight(graph, *id))
    }

    /// Takes in how many chains the process can afford.
    pub fn set_affordable_apps(&mut self, chains: usize) {
        self.apps.set_affordable(chains);
    }

    /// Takes what has not been told for what it is: lost, as a session manager that is just
    /// starting loses it. The next plan writes it again.
    pub fn give_up_in_flight(&mut self, graph: &Graph) {
        for (id, owned) in &mut self.targets {
            if owned.in_flight(graph, *id) {
                owned.told_after = 0;
                owned.before = None;
                let written = graph.metadata_entry(MetadataName::Default, *id, TARGET_KEY);
                if let Some((TARGET_TYPE, value)) = written {
                    owned.written = Some(value.to_owned());
                }
            }
        }
    }

    /// Returns what a later run would have to take back.
    pub fn journal(&self) -> Journal {
        // A target of our own chains is known by its name, and leads nowhere without us.
        let own = self.targets.values().filter_map(|owned| {
            let target = owned.written.clone().filter(|target| !is_app_sink(target))?;
            Some(JournalEntry { serial: owned.serial, target })
        });
        own.chain(self.inherited.iter().cloned()).collect()
    }

    /// Returns the commands that take every target of ours back, but those that it would take a device
    /// of the user's to delete: they stay for as long as their streams.
    pub fn release(&mut self, graph: &Graph, pins: &Pins) -> Vec<GraphCommand> {
        self.settle(graph);
        let (kept, released) = std::mem::take(&mut self.targets)
            .into_iter()
            .partition(|(id, _)| self.pinned_to(graph, pins, *id).is_some());
        self.targets = kept;
        let released: BTreeMap<_, _> = released;
        let written = released.into_iter().filter(|(_, owned)| owned.written.is_some());
        written.map(|(subject, _)| set_target(subject, None)).collect()
    }

    /// Returns the device that the user has chosen for a stream's application, if any.
    pub(super) fn pinned_to<'p>(
        &'p self,
        graph: &Graph,
        pins: &'p Pins,
        id: GlobalId,
    ) -> Option<&'p str> {
        let node = graph.node(id)?;
        self.fresh_pins.of(node).or_else(|| pins.of(node))
    }

    /// Returns the devices that applications are expected to play to, with a stream of each.
    pub(super) fn expected<'p>(
        &'p self,
        pins: &'p Pins,
    ) -> impl Iterator<Item = (NodeInfo, &'p str)> {
        pins.expected().chain(self.fresh_pins.expected())
    }

    /// Says whether a target may be written for a stream, or taken away, without a device of the user's
    /// being lost; not before all is known by which that is told.
    pub(super) fn may_write(
        &self,
        graph: &Graph,
        pins: &Pins,
        id: GlobalId,
        node: &NodeInfo,
    ) -> bool {
        let nothing_chosen = pins.is_empty() && self.fresh_pins.is_empty();
        nothing_chosen || (node.told && self.pinned_to(graph, pins, id).is_none())
    }

    /// Takes in that the session manager's file is another one: what is in it was chosen, no more.
    pub fn forget_fresh_pins(&mut self) {
        self.fresh_pins = Pins::default();
    }

    /// Notes what the user chooses now: the session manager writes it down a second later.
    fn note_pins(&mut self, graph: &Graph) {
        for (id, node) in graph.streams() {
            // Only what is written by serial number is remembered, hence nothing of ours.
            if let Some(serial) = graph.metadata(MetadataName::Default, id, TARGET_KEY)
                && let Some(device) = graph.node_with_serial(serial)
                && let Some(key) = key_of(node)
            {
                let device = device.props.get("node.name").cloned().unwrap_or_default();
                self.fresh_pins.extend([(key, device)]);
            }
        }
    }

    pub(super) fn author(&self, graph: &Graph, id: GlobalId, node: &NodeInfo) -> Author {
        if self.put_back.contains(&id) {
            return Author::Other;
        }
        let written = graph.metadata_entry(MetadataName::Default, id, TARGET_KEY);
        if let Some(owned) = self.owned(id, node)
            && (owned.in_flight(graph, id) || owned.matches(written))
        {
            return if owned.written.is_some() { Author::Us } else { Author::Nobody };
        }
        if pin(graph, id, node).is_some() { Author::Other } else { Author::Nobody }
    }

    /// Returns the application's chain that a stream was sent to, once that has been told and the chain
    /// is there.
    pub(super) fn sent_to_app(&self, graph: &Graph, id: GlobalId) -> Option<ChainId> {
        let owned = self.owned(id, graph.node(id)?).filter(|owned| !owned.in_flight(graph, id))?;
        ChainId::of_target(owned.written.as_deref()?).filter(|id| graph.chain(*id).is_some())
    }

    /// Returns what we wrote for a stream, if it is this one and not another that had its number.
    fn owned(&self, id: GlobalId, node: &NodeInfo) -> Option<&Owned> {
        self.targets.get(&id).filter(|owned| serial(node) == Some(owned.serial))
    }

    /// Returns the device whose name we wrote for a stream, once that has been told.
    pub(super) fn sent_to_device(&self, graph: &Graph, id: GlobalId) -> Option<&str> {
        let owned = self.owned(id, graph.node(id)?).filter(|owned| !owned.in_flight(graph, id))?;
        owned.written.as_deref().filter(|target| !is_app_sink(target))
    }

    /// Returns the commands that write `targets` one after another, the last of which is to stay.
    fn write(
        &mut self,
        graph: &Graph,
        id: GlobalId,
        serial: u64,
        targets: &[Option<String>],
    ) -> Vec<GraphCommand> {
        let known = self.targets.get(&id).filter(|owned| owned.serial == serial);
        let told = graph.times_told(MetadataName::Default, id, TARGET_KEY);
        let told_after = known.map_or(told, |owned| owned.told_after.max(told));
        let owned = Owned {
            serial,
            written: targets.last().cloned().flatten(),
            before: known.and_then(|owned| owned.written.clone()),
            told_after: told_after + targets.len() as u64,
        };
        self.targets.insert(id, owned);
        targets.iter().map(|target| set_target(id, target.clone())).collect()
    }

    /// Returns the commands that put back the pins that we wrote over unawares.
    ///
    /// The session manager pins a new stream to where its application's last one was sent, and we send
    /// it to a chain before its first link. Where ours comes second, the session manager takes it for
    /// the user's wish and forgets what it had stored. We never write over what we know of, so a serial
    /// number that stood there before our name is such a pin.
    fn restore_pins(&mut self, graph: &Graph) -> Vec<GraphCommand> {
        self.put_back.retain(|id| graph.overwritten_pin(*id).is_some());
        let lost = |(id, owned): (&GlobalId, &Owned)| {
            let written = graph.metadata_entry(MetadataName::Default, *id, TARGET_KEY);
            let is_ours = owned.written.is_some() && owned.matches(written);
            Some((*id, graph.overwritten_pin(*id).filter(|_| is_ours)?.to_owned()))
        };
        let lost: Vec<_> = self.targets.iter().filter_map(lost).collect();
        let mut commands = Vec::new();
        for (subject, serial) in lost {
            self.targets.remove(&subject);
            self.put_back.insert(subject);
            let value = Some((PIN_TYPE, serial));
            commands.push(GraphCommand::SetDefaultMetadata { subject, key: TARGET_KEY, value });
        }
        commands
    }

    fn adopt(&mut self, graph: &Graph) {
        for (id, node) in graph.streams().filter(|(id, _)| !self.put_back.contains(id)) {
            if let Some((TARGET_TYPE, value)) =
                graph.metadata_entry(MetadataName::Default, id, TARGET_KEY)
                && is_app_sink(value)
                && self.owned(id, node).is_none()
                && let Some(serial) = serial(node)
            {
                let written = Some(value.to_owned());
                self.targets.insert(id, Owned { serial, written, before: None, told_after: 0 });
            }
        }
        if self.inherited.is_empty() || !graph.enumerated {
            return;
        }
        let journal = std::mem::take(&mut self.inherited);
        let by_serial: HashMap<u64, &str> =
            journal.iter().map(|entry| (entry.serial, entry.target.as_str())).collect();
        for (id, node) in graph.streams() {
            let (Some(serial), Some((TARGET_TYPE, value))) =
                (serial(node), graph.metadata_entry(MetadataName::Default, id, TARGET_KEY))
            else {
                continue;
            };
            if by_serial.get(&serial) == Some(&value) {
                let written = Some(value.to_owned());
                self.targets.insert(id, Owned { serial, written, before: None, told_after: 0 });
            }
        }
    }

    /// Drops what the graph shows to be someone else's, or gone.
    fn settle(&mut self, graph: &Graph) {
        self.targets.retain(|id, owned| {
            if graph.node(*id).is_none_or(|node| serial(node) != Some(owned.serial)) {
                return false;
            }
            let written = graph.metadata_entry(MetadataName::Default, *id, TARGET_KEY);
            owned.in_flight(graph, *id) || (owned.matches(written) && owned.written.is_some())
        });
    }
}

impl Owned {
    fn matches(&self, written: Option<(&str, &str)>) -> bool {
        match (&self.written, written) {
            (Some(ours), Some((TARGET_TYPE, value))) => ours == value,
            (None, None) => true,
            _ => false,
        }
    }

    fn in_flight(&self, graph: &Graph, id: GlobalId) -> bool {
        let told = graph.times_told(MetadataName::Default, id, TARGET_KEY);
        let old_news = self.before.as_deref().is_some_and(|before| {
            let written = graph.metadata_entry(MetadataName::Default, id, TARGET_KEY);
            self.written.as_deref() != Some(before) && written == Some((TARGET_TYPE, before))
        });
        told < self.told_after || old_news
    }
}

/// Returns the commands that bring the graph to what is desired; none when it is there, or while
/// what was asked before is still on its way.
pub fn plan(
    graph: &Graph,
    desired: Desired<'_>,
    ownership: &mut Ownership,
    now: Instant,
) -> Vec<GraphCommand> {
    let mut commands = Vec::new();
    if !graph.enumerated || !matches!(graph.session_manager(), SessionManager::Ready { .. }) {
        // What was asked of a session manager went with it.
        ownership.asked_disabled = None;
        ownership.devices.forget_binding();
        return commands;
    }
    ownership.adopt(graph);
    ownership.settle(graph);
    ownership.note_pins(graph);
    commands.extend(ownership.restore_pins(graph));
    ownership.pool.follow(graph);
    if !desired.dormant {
        commands.extend(plan_bus(graph, desired, ownership));
    }
    plan_filter(graph, desired, ownership, &mut commands);
    // Before any target is written: what is bypassed must not meet a chain where it is sent.
    commands.extend(plan_devices(graph, desired, ownership, now));
    let wanted: Vec<Wanted<'_>> = graph
        .streams()
        .filter(|(_, node)| is_playback(node) && !node.encoded)
        .filter(|(id, node)| ownership.author(graph, *id, node) != Author::Other)
        .filter(|(id, node)| ownership.may_write(graph, desired.pins, *id, node))
        .map(|(id, node)| desired.want(graph, id, node))
        .collect();
    plan_apps(graph, desired, ownership, &wanted, now, &mut commands);
    plan_targets(graph, desired, ownership, &wanted, &mut commands);
    // After the targets: what is sent elsewhere goes first.
    let is_app = |id: ChainId| !id.holds_ceiling();
    commands.extend(ownership.pool.retire(graph, is_app, desired.bypass, now));
    commands
}

fn plan_bus(
    graph: &Graph,
    desired: Desired<'_>,
    ownership: &mut Ownership,
) -> Option<GraphCommand> {
    let (device, _) = graph.default_device()?;
    let channels = graph.chain_channels(device)?;
    let asked = ownership.bus.and_then(|id| ownership.pool.spec(id));
    if asked.is_some_and(|spec| spec.channels == channels) {
        return None;
    }
    ownership.forget_bus();
    let spec = ChainSpec { channels, device: None, disabled: desired.bypass };
    let (id, command) = ownership.pool.build(ChainId::Bus, spec);
    // The old one goes when the new one leads to the device, not before.
    let older: Vec<ChainId> =
        ownership.pool.of_kind(ChainKind::Bus).filter(|it| *it != id).collect();
    for old in older {
        ownership.pool.replace(old, id);
    }
    ownership.bus = Some(id);
    Some(command)
}

fn plan_filter(
    graph: &Graph,
    desired: Desired<'_>,
    ownership: &mut Ownership,
    commands: &mut Vec<GraphCommand>,
) {
    let Some(bus) = graph.bus() else {
        return;
    };
    let written = graph.metadata(MetadataName::Filters, bus.sink, DISABLED_KEY);
    let asked = ownership
        .asked_disabled
        .and_then(|(sink, disabled)| (sink == bus.sink).then_some(disabled))
        .unwrap_or_else(|| written.map_or(bus.disabled, |written| written == "true"));
    if asked != desired.bypass {
        ownership.asked_disabled = Some((bus.sink, desired.bypass));
        let value = Some(desired.bypass.to_string());
        commands.push(smart_filter::set(bus.sink, DISABLED_KEY, value));
    }
}

fn plan_apps(
    graph: &Graph,
    desired: Desired<'_>,
    ownership: &mut Ownership,
    wanted: &[Wanted<'_>],
    now: Instant,
    commands: &mut Vec<GraphCommand>,
) {
    if desired.profile.chains != Chains::PerApp {
        return ownership.apps.dissolve(&mut ownership.pool);
    }
    // What is there is kept over a bypass, for the way back.
    let Some(bus) = graph.bus().filter(|_| !desired.bypass) else {
        return;
    };
    let live: BTreeSet<AppKey> = wanted.iter().filter_map(|wanted| wanted.app.clone()).collect();
    let Ownership { apps, pool, .. } = ownership;
    commands.extend(apps.follow(pool, graph, &live, &bus.channels, now));
}

/// Returns the target of a processed stream: its application's chain, once that leads to the bus.
fn processed_target(graph: &Graph, ownership: &Ownership, wanted: &Wanted<'_>) -> Option<String> {
    let id = ownership.apps.of(wanted.app.as_ref()?)?;
    let written = ownership.owned(wanted.id, wanted.node).and_then(|owned| owned.written.clone());
    let ours = id.sink_name();
    let is_ready = graph.chain(id).is_some_and(|chain| graph.leads_to_bus(chain));
    if is_ready || written.as_ref() == Some(&ours) {
        return Some(ours);
    }
    // Until then it stays where it is: on the bus, or in the chain that this one replaces.
    written.filter(|target| is_app_sink(target))
}

fn plan_targets(
    graph: &Graph,
    desired: Desired<'_>,
    ownership: &mut Ownership,
    wanted: &[Wanted<'_>],
    commands: &mut Vec<GraphCommand>,
) {
    let device = graph.default_device_name();
    for wanted in wanted {
        let target = match wanted.route {
            _ if desired.dormant => None,
            // Without a device there is nothing to point at: what is there stays.
            Route::Bypass if device.is_none() => continue,
            // It may have asked for a device itself, which is told a little later.
            Route::Bypass if !wanted.node.told => continue,
            Route::Bypass => device.clone(),
            Route::Processed => processed_target(graph, ownership, wanted),
        };
        let owned = ownership.owned(wanted.id, wanted.node);
        if owned.map(|owned| &owned.written) == Some(&target)
            || (owned.is_none() && target.is_none())
        {
            continue;
        }
        let Some(serial) = serial(wanted.node) else { continue };
        commands.extend(ownership.write(graph, wanted.id, serial, &[target]));
    }
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
    for (id, node) in graph.streams() {
        let Some(serial) = serial(node).filter(|serial| astray.contains(serial)) else {
            continue;
        };
        if ownership.author(graph, id, node) == Author::Other
            || !ownership.may_write(graph, desired.pins, id, node)
        {
            continue;
        }
        let wanted = desired.want(graph, id, node);
        let (passing, wanted) = match wanted.route {
            Route::Bypass => (None, Some(device.clone())),
            Route::Processed => match processed_target(graph, ownership, &wanted) {
                // By way of the bus, where it is protected.
                Some(chain) => (None, Some(chain)),
                None => (Some(device.clone()), None),
            },
        };
        commands.extend(ownership.write(graph, id, serial, &[passing, wanted]));
    }
    commands
}

fn set_target(subject: GlobalId, target: Option<String>) -> GraphCommand {
    GraphCommand::SetDefaultMetadata {
        subject,
        key: TARGET_KEY,
        value: target.map(|target| (TARGET_TYPE, target)),
    }
}

/// Returns the target that a stream has: what was written for it, else what it asks for itself.
pub(super) fn pin<'g>(graph: &'g Graph, id: GlobalId, node: &'g NodeInfo) -> Option<&'g str> {
    let pins = |value: &&str| !value.is_empty() && *value != "-1";
    if let Some(written) = graph.metadata(MetadataName::Default, id, TARGET_KEY) {
        // With a value that pins nothing, the user has taken back the application's own wish.
        return Some(written).filter(pins);
    }
    if graph.metadata(MetadataName::Default, id, LET_GO_KEY) == Some("-1") {
        return None;
    }
    let own = ["target.object", "node.target"].into_iter();
    own.filter_map(|key| node.props.get(key)).map(String::as_str).find(pins)
}

/// Says whether a target is a chain of ours, of this run or an earlier one.
fn is_app_sink(target: &str) -> bool {
    target.starts_with(names::APP_NODE_PREFIX)
}

/// Says whether all is known by which a stream's application is told: the registry names it before
/// stream and client have told of themselves.
pub(super) fn is_identified(graph: &Graph, node: &NodeInfo) -> bool {
    node.told && (!node.props.contains_key("client.id") || graph.client_of(node).is_some())
}

pub(super) fn is_playback(node: &NodeInfo) -> bool {
    node.props.get("media.class").is_some_and(|class| class == "Stream/Output/Audio")
}

pub(super) fn serial(node: &NodeInfo) -> Option<u64> {
    node.props.get("object.serial")?.parse().ok()
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
