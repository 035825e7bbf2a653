//! What is left alone and what is protected, together at the device: nothing of ours stands behind the two, so their
//! sum can pass full scale. While both play there, the device is listened to, once a second.

use std::time::{Duration, Instant};

use headroom_api::{ChainKind, Problem};

use super::devices;
use crate::{
    pw::{Tap, TapKind},
    rt::TapReader,
    state::{GlobalId, Graph, StreamStatus},
};

/// A clip is told for so long after the last one.
const TOLD_FOR: Duration = Duration::from_secs(15);

/// The watch on the default device.
#[derive(Debug, Default)]
pub(super) struct Sums {
    tap: Option<Tap>,
    reader: Option<TapReader>,
    clipped: Option<Instant>,
}

impl Sums {
    /// Returns the tap that is needed, after the streams were looked at: none while nothing can add up.
    pub(super) fn follow(&mut self, graph: &Graph, streams: &[StreamStatus]) -> Option<Tap> {
        let default = graph.default_device_name();
        let plays_there =
            |stream: &&StreamStatus| stream.playing && default.as_ref() == Some(&stream.device);
        let is_direct = |stream: &StreamStatus| stream.chain_kind() == ChainKind::None;
        let there = || streams.iter().filter(plays_there);
        let adds_up = there().any(is_direct) && there().any(|stream| !is_direct(stream));
        let device = graph.default_device().filter(|_| adds_up);
        let tap = device.map(|(node, _)| Tap {
            kind: TapKind::Level,
            node,
            channels: count(graph, node),
        });
        if self.tap != tap {
            self.reader = None;
            self.tap = tap;
        }
        tap
    }

    /// Returns the tap that was needed last.
    pub(super) fn tap(&self) -> Option<Tap> {
        self.tap
    }

    /// Takes the reading end of its tap; gives back what is another one's.
    pub(super) fn take_reader(&mut self, node: GlobalId, reader: TapReader) -> Option<TapReader> {
        if self.tap.is_some_and(|tap| tap.node == node) {
            self.reader = Some(reader);
            return None;
        }
        Some(reader)
    }

    /// Looks at what was heard since the last look.
    pub(super) fn look(&mut self, now: Instant) {
        let heard = self.reader.as_mut().and_then(TapReader::take);
        if heard.is_some_and(|heard| heard.peak > 1.0) {
            self.clipped = Some(now);
        }
        self.clipped = self.clipped.filter(|at| now < *at + TOLD_FOR);
    }

    /// Says that the sum has clipped, while that is news.
    pub(super) fn problem(&self, graph: &Graph) -> Option<Problem> {
        let (Some(_), Some(_)) = (self.clipped, self.tap) else { return None };
        let node = graph.default_device_name()?;
        let device = devices::described(graph, &node);
        Some(Problem::SumClips { node, device })
    }
}

fn count(graph: &Graph, device: GlobalId) -> u32 {
    u32::try_from(graph.input_ports(device)).unwrap_or(2)
}
