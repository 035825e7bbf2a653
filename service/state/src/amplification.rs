//! By how much devices amplify what they are given.
//!
//! A volume above 100 % acts in the device's node, behind the chain before it, so that the ceiling would not hold at
//! the device. What a sound card's own mixer does comes after the converter, and is no business of the limiter's.

use super::Graph;
use crate::event::{NodeInfo, Volume};

/// What is less is nobody's concern, in dB.
const LEAST_DB: f32 = 0.05;

impl Graph {
    /// Returns the gain above 0 dB that a device's software volume has, by its node name; 0.0 without any.
    pub fn amplification_db(&self, device: &str) -> f32 {
        let node = self.device_named(device).map(|(_, node)| node);
        node.map_or(0.0, amplification_db)
    }
}

fn amplification_db(device: &NodeInfo) -> f32 {
    // The volume of an equaliser's device acts before what it plays on, which has a chain of its own.
    let volume = device.volume.as_ref().filter(|_| !device.props.contains_key("node.link-group"));
    let Some(volume) = volume.filter(|volume| !volume.mute) else { return 0.0 };
    // A card's device says how much of its volume is left to software; for what is no card's, all of it is.
    let is_cards = device.props.contains_key("card.profile.device");
    let software = Volume { foreign_soft: is_cards && !volume.soft.is_empty(), ..volume.clone() };
    let gain_db = software.gain_db();
    if gain_db >= LEAST_DB { gain_db } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(volume: Volume, key: &str) -> NodeInfo {
        let props = [(key.to_owned(), "0".to_owned())].into();
        NodeInfo { props, volume: Some(volume), ..NodeInfo::default() }
    }

    #[test]
    fn hardware_volume_is_told_from_software_volume() {
        let volume = |channels: f32, soft: f32| Volume {
            channels: vec![channels; 2],
            soft: vec![soft; 2],
            ..Volume::default()
        };
        for (key, channels, soft, gain_db) in [
            // A card's mixer does all of it, or leaves a part to software.
            ("card.profile.device", 2.0, 1.0, 0.0),
            ("card.profile.device", 2.0, 1.5, 3.52),
            ("card.profile.device", 0.5, 0.5, 0.0),
            // There is no mixer.
            ("node.name", 2.0, 1.0, 6.02),
            ("node.name", 1.0, 1.0, 0.0),
            // An equaliser's device.
            ("node.link-group", 2.0, 2.0, 0.0),
        ] {
            let found = amplification_db(&device(volume(channels, soft), key));
            assert!((found - gain_db).abs() < 0.01, "{key}, {channels}, {soft}: {found}");
        }
        let muted = Volume { mute: true, ..volume(2.0, 2.0) };
        assert!(amplification_db(&device(muted, "node.name")).abs() < 1e-6);
        assert!(amplification_db(&NodeInfo::default()).abs() < 1e-6);
    }
}
