//! The service itself: state, problems, output, health.

use super::text::visible;

/// Code of the problem that the thread to PipeWire hangs; the panel's own, for the service publishes it as a sign
/// of its health only.
pub const NOT_RESPONDING: &str = "not-responding";

/// What the service is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceState {
    /// Processed streams are protected.
    Running,
    /// Everything goes straight to the device, because the user said so.
    Bypassed,
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
            Ok(headroom_api::ServiceState::Waiting) => Self::Waiting,
            Ok(headroom_api::ServiceState::SafeMode) => Self::SafeMode,
            Err(_) => Self::Unknown(visible(word)),
        }
    }
}

/// Something that is wrong now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problem {
    /// Stable code, lower case with hyphens.
    pub code: String,
    /// What it is about: a file, a program, a device; may be empty. Safe to show.
    pub subject: String,
    /// The service's own sentence. Safe to show.
    pub sentence: String,
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

/// The service's vital signs. What the service does not tell is empty or 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Health {
    /// Seconds since it started.
    pub uptime_s: f64,
    /// Empty while PipeWire is away.
    pub pipewire_version: String,
    /// Empty while no session manager is there.
    pub wireplumber_version: String,
    /// Cycles of the graph that the chain has run.
    pub cycles: u64,
    /// Of those, how many took longer than the quantum lasts.
    pub late_cycles: u64,
    /// Cycles that were silent because the format had just changed.
    pub unready_cycles: u64,
    /// Longest time that one cycle took, in microseconds.
    pub worst_cycle_us: f64,
    /// Time that all cycles took, in microseconds.
    pub busy_us: f64,
    /// Frames that the chain has run.
    pub frames: u64,
    /// Samples that only the last clamp held under the ceiling; 0 when all is well.
    pub clamp_activations: u64,
    /// Whether the data thread got real-time priority; `None` when the service does not tell.
    pub realtime: Option<bool>,
    /// How the service was set up, as `PRESET/SCOPE/NAME`; `none` when it was not. Safe to show.
    pub deployment: String,
    /// What started it: `systemd`, `bus` or `none`. Safe to show.
    pub supervisor: String,
    /// Whether systemd watches that it does not hang; `None` when the service does not tell.
    pub watchdog: Option<bool>,
    /// Whether its thread that speaks with PipeWire answers; `None` when the service does not tell.
    pub responding: Option<bool>,
    /// Times that it ended uncleanly and that it counts; a few of them within a minute make it step aside.
    pub failures: u64,
    /// Cycles for which the machine left the data thread no time.
    pub starved_cycles: u64,
}

impl Health {
    /// Returns what it tells of that is wrong, and that the service does not list among its problems.
    pub fn problem(&self) -> Option<Problem> {
        (self.responding == Some(false)).then(|| Problem {
            code: NOT_RESPONDING.to_owned(),
            subject: "PipeWire".to_owned(),
            sentence: String::new(),
        })
    }

    /// Returns the mean time that a cycle took, in microseconds; `None` before the first.
    pub fn mean_cycle_us(&self) -> Option<f64> {
        (self.cycles > 0).then(|| self.busy_us / self.cycles as f64)
    }
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

    #[test]
    fn a_thread_that_does_not_answer_is_a_problem_and_one_that_tells_nothing_is_none() {
        let health = |responding| Health { responding, ..Health::default() };
        assert_eq!(health(None).problem(), None);
        assert_eq!(health(Some(true)).problem(), None);
        assert_eq!(health(Some(false)).problem().unwrap().code, NOT_RESPONDING);
    }

    #[test]
    fn the_mean_cycle_needs_a_cycle() {
        assert_eq!(Health::default().mean_cycle_us(), None);
        let health = Health { cycles: 4, busy_us: 100.0, ..Health::default() };
        assert_eq!(health.mean_cycle_us(), Some(25.0));
    }
}
