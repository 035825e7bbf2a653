//! What was chosen for devices, put in force: the profile that comes with one, its maximum, and what meets its jumps.
//!
//! Cap and offset are in the parameters of the chain before the device; see `devices` and `apps`.

use std::collections::HashMap;

use headroom_api::{Error, JumpGuard, ProfileBy, Result};
use headroom_profile::Value;
use tracing::info;

use super::{Daemon, devices::described};
use crate::{
    control::Reply,
    pw::Command,
    state::{ChainId, GlobalId},
};

/// What was put in force last.
#[derive(Debug, Default)]
pub(super) struct DeviceChoices {
    /// The default device, and the profile that came with it.
    profile: Option<(String, Option<String>)>,
    guards: Option<Guards>,
}

/// Which chain plays to which device, and what is wanted of a device's jumps.
type Guards = (Vec<(ChainId, GlobalId)>, HashMap<String, JumpGuard>);

impl DeviceChoices {
    /// Forgets which chain plays where: PipeWire is gone, and they with it.
    pub(super) fn forget(&mut self) {
        self.guards = None;
    }
}

impl Daemon {
    /// Says whether another profile comes with the default device, or none any more: because another device has become
    /// that, or another profile is chosen for it. What a person chooses in between stays.
    pub(super) fn has_another_device_profile(&mut self) -> bool {
        let Some(device) = self.graph.default_device_name() else { return false };
        let own = self.remembered.devices.of(&device).profile;
        let has_own = own.is_some();
        let now = Some((device, own));
        if self.device_choices.profile == now {
            return false;
        }
        let before = std::mem::replace(&mut self.device_choices.profile, now);
        has_own || before.is_some_and(|(_, own)| own.is_some())
    }

    /// Returns the profile of the default device, or that which the person chose.
    pub(super) fn unscheduled_profile(&self) -> (String, ProfileBy) {
        let own = self.device_choices.profile.as_ref().and_then(|(_, own)| own.clone());
        own.map_or_else(
            || (self.remembered.profile.clone(), ProfileBy::User),
            |own| (own, ProfileBy::Device),
        )
    }

    /// Has each chain's guard follow the device that it plays to.
    pub(super) fn follow_guards(&mut self) {
        let modes = self.remembered.devices.iter();
        let modes = modes.filter_map(|(name, it)| Some((name.to_owned(), it.guard?))).collect();
        let wanted = Some((self.graph.guarded(), modes));
        if self.device_choices.guards == wanted {
            return;
        }
        if let Some((chains, modes)) = wanted.clone() {
            self.pipewire.send(Command::Guard { chains, modes });
        }
        self.device_choices.guards = wanted;
    }

    /// Has a device never play louder than it does now.
    pub(super) fn set_device_maximum(&mut self, device: &str, reply: Reply<()>) {
        match self.loudness_at(device) {
            Ok(lufs) => {
                info!(device, maximum_lufs = lufs, "a maximum is set");
                // Tenths are what a person can read.
                let value = Value::Number((lufs * 10.0).round() / 10.0);
                self.choose(reply, |known| known.devices.set(device, "maximum-lufs", &value));
            }
            Err(error) => drop(reply.send(Err(error))),
        }
    }

    /// Returns the highest momentary loudness of the last seconds behind a device's volume, in LUFS.
    fn loudness_at(&self, device: &str) -> Result<f64> {
        let refused = |why: &str| Error::InvalidValue(format!("{why}: play something there first"));
        let (node, info) = self
            .graph
            .device_named(device)
            .ok_or_else(|| refused("there is no device of this name"))?;
        if info.volume.as_ref().is_some_and(|volume| volume.mute) {
            return Err(refused("the device is muted"));
        }
        let chains = self.graph.guarded().into_iter().filter(|(_, device)| *device == node);
        let loudest = chains.filter_map(|(id, _)| self.history.loudest_lufs(id));
        let loudest = loudest.max_by(f32::total_cmp).ok_or_else(|| {
            refused(&format!("nothing plays on {}", described(&self.graph, device)))
        })?;
        Ok(f64::from(loudest + self.graph.device_volume_db(device)).clamp(-90.0, 0.0))
    }
}
