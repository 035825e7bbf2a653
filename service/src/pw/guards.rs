//! The guards of chains: what meets a jump of the volume of the device that a chain plays to.
//!
//! Runs on the loop thread. The control thread says which chain plays to which device and what is wanted there; from then
//! on an event goes into the chain's slot in one step. Two things do not wait for the control thread: a device that comes
//! is judged with its first volume, and the bus follows the default device as soon as that is named.

use std::{
    collections::{BTreeMap, HashMap},
    time::Instant,
};

use headroom_api::JumpGuard;
use tracing::info;

use super::{ChainId, GlobalId, NodeInfo, Volume};
use crate::{
    rt::{GuardOrder, GuardSlot},
    volume_guard::{VolumeEvent, VolumeGuard},
};

/// The volumes of devices, and the chains that play to them.
#[derive(Debug, Default)]
pub(super) struct Guards {
    devices: HashMap<GlobalId, Device>,
    chains: BTreeMap<ChainId, Follower>,
    modes: HashMap<String, JumpGuard>,
    /// At which gain of its volume each device was heard that is gone, in dB, by name.
    gone: HashMap<String, f32>,
    /// Whether all that existed at the beginning has been told.
    enumerated: bool,
}

#[derive(Debug)]
struct Device {
    name: String,
    guard: VolumeGuard,
    /// What was ordered last; a chain that comes to it later begins with that.
    order: Option<GuardOrder>,
}

#[derive(Debug)]
struct Follower {
    slot: GuardSlot,
    device: Option<GlobalId>,
}

impl Guards {
    /// Takes in that all that existed has been told: what comes from now on is new.
    pub(super) fn end_enumeration(&mut self) {
        self.enumerated = true;
    }

    /// Takes in what a device tells of itself.
    pub(super) fn hear(&mut self, id: GlobalId, known: &NodeInfo) {
        let Some((name, volume)) = name_of(known).zip(known.volume.as_ref()) else { return };
        let guard_db = self.gain_db(id);
        let mode = self.modes.get(name).copied().unwrap_or_default();
        let (gone, enumerated) = (&self.gone, self.enumerated);
        let device = self.devices.entry(id).or_insert_with(|| {
            let guard = match gone.get(name) {
                Some(heard_db) => VolumeGuard::returned(*heard_db),
                None if enumerated => VolumeGuard::of_new_device(),
                None => VolumeGuard::default(),
            };
            Device { name: name.to_owned(), guard, order: None }
        });
        let event = VolumeEvent {
            volume_db: Volume { mute: false, ..volume.clone() }.gain_db(),
            muted: volume.mute,
            plays: known.running,
            guard_db,
            mode,
            at: Instant::now(),
        };
        let Some(order) = device.guard.hear(event) else { return };
        info!(device = device.name, volume_db = event.volume_db, ?order, "a volume jumps");
        device.order = Some(order);
        for chain in self.chains.values().filter(|chain| chain.device == Some(id)) {
            chain.slot.order(order);
        }
    }

    /// Takes in that an object went.
    pub(super) fn remove(&mut self, id: GlobalId) {
        let guard_db = self.gain_db(id);
        if let Some(device) = self.devices.remove(&id)
            && let Some(heard_db) = device.guard.heard_db(guard_db)
        {
            self.gone.insert(device.name, heard_db);
        }
    }

    /// Takes in that a chain was made, whose guard listens here.
    pub(super) fn add_chain(&mut self, chain: ChainId, slot: GuardSlot) {
        self.chains.insert(chain, Follower { slot, device: None });
    }

    /// Forgets a chain.
    pub(super) fn remove_chain(&mut self, chain: ChainId) {
        let left = self.chains.get(&chain).and_then(|chain| chain.device);
        if let Some(left) = left {
            self.note(left);
        }
        self.chains.remove(&chain);
    }

    /// Notes how far a device is, before a chain leaves it.
    fn note(&mut self, device: GlobalId) {
        let guard_db = self.gain_db(device);
        let order = self.devices.get_mut(&device).and_then(|device| device.order.as_mut());
        if let Some(order) = order {
            order.gain_db = Some(guard_db);
        }
    }

    /// Takes in which chain plays to which device, and what is wanted at each device by its name.
    pub(super) fn follow(
        &mut self,
        chains: &[(ChainId, GlobalId)],
        modes: HashMap<String, JumpGuard>,
    ) {
        self.modes = modes;
        for (chain, device) in chains {
            self.lead(*chain, *device);
        }
    }

    /// Takes in that the default device is another one: the session manager is about to link the bus to it.
    pub(super) fn default_moves_to(&mut self, name: &str) {
        let device = self.devices.iter().find(|(_, device)| device.name == name);
        let Some(device) = device.map(|(id, _)| *id) else { return };
        let buses: Vec<ChainId> = self.chains.range(ChainId::Bus(0)..).map(|(id, _)| *id).collect();
        for bus in buses {
            self.lead(bus, device);
        }
    }

    /// Has a chain be held by what its device is held by.
    fn lead(&mut self, chain: ChainId, device: GlobalId) {
        let guard_db = self.gain_db(device);
        let is_known = self.chains.values().any(|chain| chain.device == Some(device));
        let order = self.devices.get(&device).and_then(|device| device.order);
        let Some(left) = self.chains.get(&chain).map(|chain| chain.device) else { return };
        if left == Some(device) {
            return;
        }
        if let Some(left) = left {
            self.note(left);
        }
        let Some(chain) = self.chains.get_mut(&chain) else { return };
        chain.device = Some(device);
        let gain_db = match order {
            // As far as the others are by now.
            Some(_) if is_known => guard_db,
            Some(order) => order.gain_db.unwrap_or(0.0),
            None => 0.0,
        };
        if gain_db < 0.0 || chain.slot.gain_db() < 0.0 {
            let up_db_per_s = order.map_or(0.0, |order| order.up_db_per_s);
            chain.slot.order(GuardOrder { gain_db: Some(gain_db), up_db_per_s });
        }
    }

    /// Returns the lowest gain of the guards before a device, in dB; what was ordered where there are none.
    fn gain_db(&self, device: GlobalId) -> f32 {
        let chains = self.chains.values().filter(|chain| chain.device == Some(device));
        let lowest = chains.map(|chain| chain.slot.gain_db()).min_by(f32::total_cmp);
        let ordered = || self.devices.get(&device).and_then(|device| device.order?.gain_db);
        lowest.or_else(ordered).unwrap_or(0.0)
    }
}

/// Returns the name of a device whose volume acts behind the chain before it: an equaliser's acts before what it plays on.
fn name_of(device: &NodeInfo) -> Option<&str> {
    let has_tail = device.props.contains_key("node.link-group");
    device.props.get("node.name").map(String::as_str).filter(|_| !has_tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUS: ChainId = ChainId::Bus(1);

    fn device(name: &str, gain: f32) -> NodeInfo {
        NodeInfo {
            props: [("node.name".to_owned(), name.to_owned())].into(),
            running: true,
            volume: Some(Volume { channels: vec![gain; 2], ..Volume::default() }),
            ..NodeInfo::default()
        }
    }

    fn guarded() -> (Guards, GuardSlot) {
        let (mut guards, slot) = (Guards::default(), GuardSlot::default());
        guards.add_chain(BUS, slot.clone());
        guards.hear(7, &device("here", 0.01));
        guards.follow(&[(BUS, 7)], HashMap::new());
        guards.end_enumeration();
        (guards, slot)
    }

    fn assert_db(slot: &GuardSlot, gain_db: f32) {
        assert!((slot.gain_db() - gain_db).abs() < 0.01, "{} for {gain_db}", slot.gain_db());
    }

    #[test]
    fn jump_of_its_own_device_reaches_a_chain() {
        let (mut guards, slot) = guarded();
        guards.hear(8, &device("there", 0.01));
        guards.hear(8, &device("there", 1.0));
        assert_db(&slot, 0.0);
        guards.hear(7, &device("here", 1.0));
        assert_db(&slot, -40.0);
        guards.default_moves_to("there");
        assert_db(&slot, -40.0);
        guards.hear(8, &device("there", 0.01));
        guards.default_moves_to("here");
        guards.default_moves_to("there");
        assert_db(&slot, 0.0);
    }

    #[test]
    fn device_that_comes_back_louder_is_held_before_its_first_sound() {
        let (mut guards, slot) = guarded();
        guards.remove(7);
        guards.hear(9, &device("here", 1.0));
        guards.default_moves_to("here");
        assert_db(&slot, -40.0);
    }

    #[test]
    fn device_that_is_not_to_be_guarded_is_not() {
        let (mut guards, slot) = guarded();
        guards.follow(&[(BUS, 7)], [("here".to_owned(), JumpGuard::Off)].into());
        guards.hear(7, &device("here", 1.0));
        assert_db(&slot, 0.0);
    }
}
