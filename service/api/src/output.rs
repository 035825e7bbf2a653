//! A device in use.

use crate::{
    types::ChainKind,
    wire::{Word, row},
};

row! {
    /// `Output`, and a row of `Outputs`. Names are the devices' own and **not** safe to show.
    pub OutputRow {
        /// `node.name` of the device's sink.
        name: String = "name",
        /// Its name for people.
        description: String = "description",
        /// Rate at which its chain runs, in Hz; 0 without one, or before anything was played.
        rate_hz: u32 = "rate",
        /// Number of channels.
        channels: u32 = "channels",
        /// Delay that its chain adds, in ms; 0 without one.
        latency_ms: f64 = "latency-ms",
        /// The chain before it.
        chain: Word<ChainKind> = "chain",
        /// Frames per cycle of the graph; of the default device only.
        quantum_frames: Option<u32> = "quantum",
        /// Delay that its chain adds, in frames at its rate; of the default device only.
        latency_frames: Option<u32> = "latency-frames",
        /// Rate of the device itself, in Hz, 0 while it is not known; of the default device only.
        device_rate_hz: Option<u32> = "device-rate",
    }
}

impl OutputRow {
    /// Returns its name for people, or `node.name` where it has none; empty without a device.
    pub fn shown(&self) -> &str {
        if self.description.is_empty() { &self.name } else { &self.description }
    }

    /// Says whether what is to be processed there is known to be protected.
    pub fn is_protected(&self) -> bool {
        matches!(self.chain.known(), Some(ChainKind::Bus | ChainKind::Device))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dict;

    #[test]
    fn output_survives_the_wire() {
        let output = OutputRow {
            name: "alsa".into(),
            rate_hz: 48_000,
            latency_ms: 1.4375,
            chain: ChainKind::Bus.into(),
            quantum_frames: Some(1024),
            ..OutputRow::default()
        };
        assert_eq!(OutputRow::from_dict(&output.to_dict()), output);
        assert!(!output.to_dict().contains_key("device-rate"));
        assert_eq!(output.shown(), "alsa");
    }

    #[test]
    fn output_is_protected_only_where_that_is_known() {
        let protected =
            |word| OutputRow { chain: Word::of(word), ..OutputRow::default() }.is_protected();
        assert!(protected("bus") && protected("device"));
        assert!(!protected("none") && !protected("new"));
        assert!(!OutputRow::from_dict(&Dict::new()).is_protected());
    }
}
