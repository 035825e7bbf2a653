//! How many files the process may have open, and what it can afford with them.
//!
//! PipeWire pays for each node with descriptors, and breaks the connection when one cannot be had. So
//! the limit is raised as far as it goes, and what is not needed to protect is not made before there
//! are too few. What things cost was counted in `/proc/PID/fd` (PipeWire 1.4.2). Of the 16 of a stereo
//! chain, each of its two nodes has two eventfds, an activation and an I/O area; three more eventfds
//! wake up the driver and the bus, and the links hold the rest.

use rustix::process::{Resource, getrlimit, setrlimit};
use tracing::{debug, warn};

/// The loops, both connections, bus, log and files, and some to spare.
const BASE: usize = 56;
/// What a chain costs apart from its channels.
const CHAIN: usize = 12;
/// What a chain costs for each channel: a buffer of the link into it, and of that out of it.
const CHAIN_CHANNEL: usize = 2;
/// What a stream costs that is linked to a chain: its activation, and buffers.
const STREAM: usize = 1;
/// What a tap costs apart from its channels.
const TAP: usize = 6;

/// The limit that is in force.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    limit: usize,
}

/// What has to be paid before anything else.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Needs {
    /// Channels of the bus.
    pub(crate) channels: usize,
    /// Number of chains before devices.
    pub(crate) device_chains: usize,
    /// Number of streams.
    pub(crate) streams: usize,
}

/// What can be had beyond that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Affordable {
    /// Most chains of applications.
    pub(crate) app_chains: usize,
    /// Most taps while there are so many chains.
    pub(crate) taps: usize,
}

impl Budget {
    /// Raises the limit as far as this process may.
    pub(crate) fn claim() -> Self {
        let mut limit = getrlimit(Resource::Nofile);
        if limit.current != limit.maximum {
            let before = limit.current;
            limit.current = limit.maximum;
            match setrlimit(Resource::Nofile, limit) {
                Ok(()) => debug!(?before, now = ?limit.current, "raised the limit of open files"),
                Err(error) => {
                    warn!(%error, "failed to raise the limit of open files");
                    limit.current = before;
                }
            }
        }
        let limit =
            limit.current.map_or(usize::MAX, |it| usize::try_from(it).unwrap_or(usize::MAX));
        Self { limit }
    }

    /// Returns how many files may be open.
    pub(crate) fn limit(self) -> usize {
        self.limit
    }

    /// Says what can be had beyond what is needed, while there are `app_chains` chains.
    pub(crate) fn affordable(self, needs: Needs, app_chains: usize) -> Affordable {
        let Needs { channels, device_chains, streams } = needs;
        let chain = CHAIN + CHAIN_CHANNEL * channels;
        // Twice the bus: one that is made anew stands beside the old one. One more before a device.
        let chains = (3 + device_chains) * chain;
        let needed = BASE + chains + streams * (STREAM + channels);
        let left = self.limit.saturating_sub(needed);
        // Gauges have a quarter at least, so that a look at them takes no chain from anybody.
        Affordable {
            app_chains: left / 4 * 3 / chain,
            taps: left.saturating_sub(app_chains * chain) / (TAP + channels),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(streams: usize) -> Needs {
        Needs { channels: 2, device_chains: 0, streams }
    }

    #[test]
    fn everything_affordable_stays_under_the_limit() {
        for limit in [0, 64, 100, 256, 1_024, 4_096] {
            for channels in 1..=8 {
                for streams in [0, 1, 25, 64, 300] {
                    let needs = Needs { channels, device_chains: 2, streams };
                    let budget = Budget { limit };
                    let chains = budget.affordable(needs, 0).app_chains;
                    let taps = budget.affordable(needs, chains).taps;
                    let chain = CHAIN + CHAIN_CHANNEL * channels;
                    let spent = chains * chain + taps * (TAP + channels);
                    let needed = BASE + 5 * chain + streams * (STREAM + channels);
                    assert!(spent == 0 || spent + needed <= limit, "{limit} {needs:?}");
                }
            }
        }
    }

    #[test]
    fn usual_limits_afford_the_usual_chains() {
        assert!(Budget { limit: 256 }.affordable(needs(5), 0).app_chains >= 4);
        assert!(Budget { limit: 4_096 }.affordable(needs(64), 0).app_chains >= 64);
        let plenty = Budget { limit: 524_288 }.affordable(needs(1_000), 64);
        assert!(plenty.app_chains >= 64 && plenty.taps >= 1_000, "{plenty:?}");
        let unlimited = Budget { limit: usize::MAX }.affordable(needs(64), 64);
        assert!(unlimited.app_chains >= 64, "{unlimited:?}");
    }
}
