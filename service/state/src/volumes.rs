//! Whose volume each chain has to know.
//!
//! A stream's volume acts in its own node, before our chains, so a leveller that did not know it would
//! take it back. The chain of an application knows it: of several streams that of the loudest that
//! plays. What sums streams of several applications cannot, but for the chain before a device through
//! which a single stream plays.

use std::collections::BTreeMap;

use headroom_api::{ChainKind, Route};

use super::{
    AppChains,
    streams::{Links, StreamStatus},
};
use crate::event::{ChainId, GlobalId};

/// The streams that count for the volume of each chain, by their nodes; none where it cannot be known.
pub type VolumeSources = BTreeMap<ChainId, Vec<GlobalId>>;

/// Returns the streams that count for each chain.
///
/// A stream that is not linked yet counts for the chain that it is about to be sent to, so that its
/// first sound is met by a chain that knows its volume.
pub fn volume_sources(streams: &[StreamStatus], apps: &AppChains) -> VolumeSources {
    let mut sources = VolumeSources::new();
    for stream in streams {
        if let Some(chain) = chain_of(stream, apps) {
            sources.entry(chain).or_default().push(stream.node);
        }
    }
    for (chain, nodes) in &mut sources {
        if matches!(chain, ChainId::Device(_)) && nodes.len() > 1 {
            nodes.clear();
        }
    }
    sources
}

fn chain_of(stream: &StreamStatus, apps: &AppChains) -> Option<ChainId> {
    if let Some(id) = stream.chain {
        return Some(id).filter(|id| id.kind() != ChainKind::Bus);
    }
    let may_have = stream.decision.route == Route::Processed;
    apps.of(&stream.identity.key()?).filter(|_| may_have && stream.links == Links::Absent)
}

/// Says whether the leveller that works on a stream knows the stream's own volume.
pub fn knows_volume(stream: &StreamStatus, sources: &VolumeSources) -> bool {
    let nodes = stream.chain.and_then(|chain| sources.get(&chain));
    nodes.is_some_and(|nodes| nodes.contains(&stream.node))
}
