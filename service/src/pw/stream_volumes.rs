//! What chains know of the volumes of the streams that they take their sound from.
//!
//! Runs on the loop thread. The control thread says which streams count for a chain; from then on a
//! move goes from PipeWire's event into the chain's slot in one step, so that no file, no bus call
//! and no settling of the graph stands between the person's hand and the data thread. It decides
//! nothing and writes nothing to PipeWire.

use std::collections::HashMap;

use super::{ChainId, GlobalId};
use crate::rt::StreamVolume;

/// The volumes of playback streams, and the chains that follow them.
#[derive(Debug, Default)]
pub(super) struct StreamVolumes {
    streams: HashMap<GlobalId, Stream>,
    chains: HashMap<ChainId, Follower>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Stream {
    gain_db: f32,
    plays: bool,
}

#[derive(Debug)]
struct Follower {
    slot: StreamVolume,
    sources: Vec<GlobalId>,
}

impl StreamVolumes {
    /// Takes in the gain that the volume of a stream has, in dB, and whether it plays.
    pub(super) fn set_stream(&mut self, node: GlobalId, gain_db: f32, plays: bool) {
        let stream = Stream { gain_db, plays };
        if self.streams.insert(node, stream) == Some(stream) {
            return;
        }
        for chain in self.chains.values().filter(|chain| chain.sources.contains(&node)) {
            chain.follow(&self.streams);
        }
    }

    /// Takes in that a stream went; what a chain knew of it stays until another one plays.
    pub(super) fn remove_stream(&mut self, node: GlobalId) {
        if self.streams.remove(&node).is_some() {
            for chain in self.chains.values().filter(|chain| chain.sources.contains(&node)) {
                chain.follow(&self.streams);
            }
        }
    }

    /// Has a chain follow streams that are named later.
    pub(super) fn add_chain(&mut self, chain: ChainId, slot: StreamVolume) {
        self.chains.insert(chain, Follower { slot, sources: Vec::new() });
    }

    /// Forgets a chain.
    pub(super) fn remove_chain(&mut self, chain: ChainId) {
        self.chains.remove(&chain);
    }

    /// Names the streams that count for a chain; without any, its volume counts as 0 dB.
    pub(super) fn set_sources(&mut self, chain: ChainId, nodes: Vec<GlobalId>) {
        if let Some(chain) = self.chains.get_mut(&chain) {
            chain.sources = nodes;
            chain.follow(&self.streams);
        }
    }
}

impl Follower {
    /// Leaves the gain of the loudest source that plays, or of the loudest while none does.
    fn follow(&self, streams: &HashMap<GlobalId, Stream>) {
        if self.sources.is_empty() {
            return self.slot.store(0.0);
        }
        let known = || self.sources.iter().filter_map(|node| streams.get(node));
        let loudest = |all: &mut dyn Iterator<Item = &Stream>| {
            all.map(|stream| stream.gain_db).max_by(f32::total_cmp)
        };
        let playing = loudest(&mut known().filter(|stream| stream.plays));
        if let Some(gain_db) = playing.or_else(|| loudest(&mut known())) {
            self.slot.store(gain_db);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP: ChainId = ChainId::App(1);

    fn followed() -> (StreamVolumes, StreamVolume) {
        let mut volumes = StreamVolumes::default();
        let slot = StreamVolume::default();
        volumes.add_chain(APP, slot.clone());
        (volumes, slot)
    }

    fn assert_db(slot: &StreamVolume, gain_db: f32) {
        assert!((slot.load() - gain_db).abs() < 1e-6, "{} for {gain_db}", slot.load());
    }

    #[test]
    fn loudest_stream_that_plays_counts() {
        let (mut volumes, slot) = followed();
        volumes.set_stream(5, -9.0, true);
        volumes.set_stream(6, -3.0, false);
        volumes.set_stream(7, 6.0, true);
        assert_db(&slot, 0.0);
        volumes.set_sources(APP, vec![5, 6]);
        assert_db(&slot, -9.0);
        volumes.set_stream(6, -3.0, true);
        assert_db(&slot, -3.0);
        volumes.remove_stream(6);
        assert_db(&slot, -9.0);
        volumes.set_stream(5, -20.0, true);
        assert_db(&slot, -20.0);
    }

    #[test]
    fn loudest_stream_counts_while_none_plays() {
        let (mut volumes, slot) = followed();
        volumes.set_sources(APP, vec![5, 6]);
        volumes.set_stream(5, -9.0, false);
        volumes.set_stream(6, -12.0, false);
        assert_db(&slot, -9.0);
        volumes.set_stream(6, -12.0, true);
        assert_db(&slot, -12.0);
    }

    #[test]
    fn volume_stays_known_when_the_last_stream_goes() {
        let (mut volumes, slot) = followed();
        volumes.set_sources(APP, vec![5]);
        volumes.set_stream(5, -9.0, true);
        volumes.remove_stream(5);
        assert_db(&slot, -9.0);
        volumes.set_sources(APP, Vec::new());
        assert_db(&slot, 0.0);
    }

    #[test]
    fn chain_that_went_follows_nothing() {
        let (mut volumes, slot) = followed();
        volumes.set_sources(APP, vec![5]);
        volumes.remove_chain(APP);
        volumes.set_stream(5, -9.0, true);
        assert_db(&slot, 0.0);
    }
}
