//! What was chosen for devices, put in force: the profile that comes with one, its maximum, and what meets its jumps.
//!
//! Cap and offset are in the parameters of the chain before the device; see `devices` and `apps`.

use std::collections::HashMap;

use headroom_api::{Error, JumpGuard, Result};
use headroom_profile::Value;
use tracing::{info, warn};

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
    /// Puts the profile of the default device in force when another device becomes that, or another profile is chosen for
    /// it; what a person chooses in between stays.
    pub(super) fn follow_device_profile(&mut self) {
        let Some(device) = self.graph.default_device_name() else { return };
        let own = self.remembered.devices.of(&device).profile;
        let now = (device, own);
        if self.device_choices.profile.as_ref() == Some(&now) {
            return;
        }
        let before = self.device_choices.profile.replace(now.clone());
        let had_own = before.is_some_and(|(_, own)| own.is_some());
        let (device, own) = now;
        if own.is_none() && !had_own {
            return;
        }
        let name = own.unwrap_or_else(|| self.remembered.profile.clone());
        match self.policy.use_profile(&name) {
            Ok(true) => info!(profile = name, device, "a profile comes with the default device"),
            Ok(false) => {}
            Err(error) => warn!(%error, device, "the profile of a device is not there"),
        }
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
