//! The service itself: state, problems, output, health.

use headroom_api::visible;
pub use headroom_api::{Health, ProblemRow as Problem};

/// What the service is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceState {
    /// Processed streams are protected.
    Running,
    /// Everything goes straight to the device, because the user said so.
    Bypassed,
    /// Another program's effects take what plays past every chain.
    Sidelined,
    /// PipeWire or its session manager is away or too old.
    Waiting,
    /// The service bypassed itself after repeated failures.
    SafeMode,
    /// A state that this version does not know: do not count on protection.
    Unknown(String),
}

impl ServiceState {
    /// Reads a state as it stands on the bus.
    pub fn read(word: &str) -> Self {
        match word.parse() {
            Ok(headroom_api::ServiceState::Running) => Self::Running,
            Ok(headroom_api::ServiceState::Bypassed) => Self::Bypassed,
            Ok(headroom_api::ServiceState::Sidelined) => Self::Sidelined,
            Ok(headroom_api::ServiceState::Waiting) => Self::Waiting,
            Ok(headroom_api::ServiceState::SafeMode) => Self::SafeMode,
            Err(_) => Self::Unknown(visible(word).into_owned()),
        }
    }
}

/// The device that is played to, and what Headroom costs on the way to it; empty without a device.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Output {
    /// `node.name` of the device's sink.
    pub name: String,
    /// Its name for people. Safe to show.
    pub description: String,
    /// Rate of the graph, in Hz; 0 before anything was played.
    pub rate_hz: u32,
    /// Frames per cycle; 0 before anything was played.
    pub quantum_frames: u32,
    /// Number of channels.
    pub channels: u32,
    /// Delay that the chain adds, in ms.
    pub latency_ms: f64,
    /// The same in frames.
    pub latency_frames: u32,
    /// Rate of the device itself, in Hz; 0 while it is not known.
    pub device_rate_hz: u32,
}

impl Output {
    /// Says whether there is a device.
    pub fn is_there(&self) -> bool {
        !self.name.is_empty()
    }
}

/// A device in use.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Device {
    /// Its name for people. Safe to show.
    pub description: String,
    /// Whether what plays there is known to be protected.
    pub is_protected: bool,
    /// Whether it is the default one.
    pub is_default: bool,
    /// Delay that its chain adds, in ms.
    pub latency_ms: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_of_the_contract_is_known() {
        for word in headroom_api::ServiceState::ALL {
            assert!(!matches!(ServiceState::read(word), ServiceState::Unknown(_)), "{word}");
        }
    }

    #[test]
    fn a_state_that_is_not_known_is_kept_as_it_stands() {
        assert_eq!(ServiceState::read("half"), ServiceState::Unknown("half".to_owned()));
        assert_eq!(ServiceState::read("a\u{7}"), ServiceState::Unknown("a\\u{7}".to_owned()));
    }
}
