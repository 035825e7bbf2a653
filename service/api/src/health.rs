//! The service's own vital signs.

use crate::{problem::Problem, wire::row};

row! {
    /// What `Health` says. What a service does not tell is empty, 0 or `None`.
    pub Health {
        /// Seconds since the service started.
        uptime_s: f64 = "uptime-s",
        /// Empty while PipeWire is absent.
        pipewire_version: String = "pipewire-version",
        /// Empty while no session manager is there.
        wireplumber_version: String = "wireplumber-version",
        /// Cycles of the graph that the bus chain has run.
        cycles: u64 = "cycles",
        /// Of those, how many took longer than the quantum lasts.
        late_cycles: u64 = "late-cycles",
        /// Cycles that were silent because the format had just changed.
        unready_cycles: u64 = "unready-cycles",
        /// Longest time that one cycle took, in microseconds.
        worst_cycle_us: f64 = "worst-cycle-us",
        /// Time that all cycles took, in microseconds.
        busy_us: f64 = "busy-us",
        /// Frames that the bus chain has run.
        frames: u64 = "frames",
        /// Time from the start of the graph's cycles to the end of the chain's part in them, in microseconds.
        graph_us: f64 = "graph-us",
        /// Cycles of all applications' own chains.
        app_cycles: u64 = "app-cycles",
        /// Frames that those have run.
        app_frames: u64 = "app-frames",
        /// Time that their cycles took, in microseconds.
        app_busy_us: f64 = "app-busy-us",
        /// Cycles of theirs that took longer than the graph's cycle lasts.
        app_late_cycles: u64 = "app-late-cycles",
        /// Cycles of theirs that were silent because the format had just changed.
        app_unready_cycles: u64 = "app-unready-cycles",
        /// Samples that only the last clamp held under the ceiling; 0 when all is well.
        clamp_activations: u64 = "clamp-activations",
        /// Whether the data thread got real-time priority.
        realtime: Option<bool> = "realtime",
        /// Cycles that were late or left out for want of processor time.
        starved_cycles: u64 = "starved-cycles",
        /// Unclean ends that count now.
        failures: u32 = "failures",
        /// Whether the thread that speaks with PipeWire answers.
        responding: Option<bool> = "responding",
        /// How the service was set up, as `PRESET/SCOPE/NAME`; `none` when nobody said.
        deployment: String = "deployment",
        /// Who started it: `systemd`, `bus` or `none`.
        supervisor: String = "supervisor",
        /// Whether the supervisor ends it when it hangs.
        watchdog: Option<bool> = "watchdog",
    }
}

impl Health {
    /// Returns what it tells of that is wrong, and that the service does not list among its problems.
    pub fn problem(&self) -> Option<Problem> {
        (self.responding == Some(false)).then_some(Problem::NotResponding)
    }

    /// Returns the mean time that a cycle took, in microseconds; `None` before the first.
    pub fn mean_cycle_us(&self) -> Option<f64> {
        (self.cycles > 0).then(|| self.busy_us / self.cycles as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dict;

    #[test]
    fn health_survives_the_wire() {
        let health =
            Health { cycles: 4, busy_us: 100.0, realtime: Some(true), ..Health::default() };
        assert_eq!(Health::from_dict(&health.to_dict()), health);
        assert_eq!(health.mean_cycle_us(), Some(25.0));
        assert_eq!(Health::from_dict(&Dict::new()).mean_cycle_us(), None);
    }

    #[test]
    fn thread_that_does_not_answer_is_a_problem() {
        let problem = |responding| Health { responding, ..Health::default() }.problem();
        assert_eq!(problem(Some(false)), Some(Problem::NotResponding));
        assert_eq!((problem(None), problem(Some(true))), (None, None));
    }
}
