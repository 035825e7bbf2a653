//! Channel layouts by their PipeWire names, and what they are to the chain.

use headroom_dsp::{Layout, MAX_CHANNELS, Position};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

/// Channels in order, by PipeWire's names: `FL`, `FR`, `FC`, `LFE`, `AUX0` and so on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Channels(Vec<String>);

impl<'de> Deserialize<'de> for Channels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = Vec::deserialize(deserializer)?;
        Self::new(names)
            .ok_or_else(|| D::Error::custom("no channels, or more than a chain can link"))
    }
}

impl Channels {
    /// Two channels, left and right: what is used until a device is known.
    pub fn stereo() -> Self {
        Self(vec!["FL".into(), "FR".into()])
    }

    /// Takes channel names in a device's order; `None` when there is none, or more than a chain
    /// can link.
    pub fn new(names: Vec<String>) -> Option<Self> {
        (!names.is_empty() && names.len() <= MAX_CHANNELS).then_some(Self(names))
    }

    /// Returns the names in order.
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// Returns the number of channels.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Returns the layout as the chain wants it; a channel it has no name for counts as `Other`.
    pub fn layout(&self) -> Layout {
        let positions: Vec<Position> = self.0.iter().map(|name| position(name)).collect();
        // `new` and `stereo` admit one to eight channels only.
        Layout::new(&positions).unwrap_or_else(Layout::stereo)
    }

    /// Returns the value of PipeWire's `audio.position` property.
    pub fn property(&self) -> String {
        format!("[ {} ]", self.0.join(" "))
    }
}

fn position(name: &str) -> Position {
    match name {
        "MONO" => Position::Mono,
        "FL" => Position::FrontLeft,
        "FR" => Position::FrontRight,
        "FC" => Position::FrontCenter,
        "LFE" => Position::Lfe,
        "SL" => Position::SideLeft,
        "SR" => Position::SideRight,
        "RL" => Position::RearLeft,
        "RR" => Position::RearRight,
        "RC" => Position::RearCenter,
        _ => Position::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layout_keeps_the_devices_order() {
        let names = ["FL", "FR", "FC", "LFE", "SL", "SR"].map(String::from).to_vec();
        let channels = Channels::new(names).unwrap();
        assert_eq!(channels.property(), "[ FL FR FC LFE SL SR ]");
        assert_eq!(channels.layout().positions()[3], Position::Lfe);
    }

    #[test]
    fn more_channels_than_a_chain_links_are_refused() {
        assert!(Channels::new(vec!["AUX0".into(); MAX_CHANNELS + 1]).is_none());
        assert!(Channels::new(Vec::new()).is_none());
    }
}
