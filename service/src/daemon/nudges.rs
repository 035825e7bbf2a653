//! Streams that are not where they were sent: when they are sent again, and when that ends.
//!
//! The session manager overlooks a stream now and then, and moves it when it is asked once more. One that it does not
//! move after [`MAX_TRIES`] it does not want to move: that is said, and it is left alone until something changes.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use headroom_api::{Lag, Route};

use super::backoff::Backoff;
use crate::state::{GlobalId, Graph, Links, SessionManager, StreamStatus};

/// How often the session manager is asked to move a stream, in about half a minute.
const MAX_TRIES: u32 = 5;
/// A stream is moved within some tens of milliseconds; one that is not was overlooked.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);

/// What was asked of the session manager.
#[derive(Debug)]
pub(super) struct Nudges {
    again: Backoff,
    asked: HashMap<u64, Asked>,
}

#[derive(Debug)]
struct Asked {
    scene: Scene,
    tries: u32,
}

/// What another try depends on: with another one, it may be followed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Scene {
    route: Route,
    device: Option<String>,
    bus: Option<GlobalId>,
    session_manager: SessionManager,
}

impl Scene {
    fn of(graph: &Graph, stream: &StreamStatus) -> Self {
        Self {
            route: stream.decision.route,
            device: graph.default_device_name(),
            bus: graph.bus().map(|bus| bus.sink),
            session_manager: graph.session_manager(),
        }
    }
}

impl Default for Nudges {
    fn default() -> Self {
        Self { again: Backoff::new(SHORTEST, LONGEST, 2), asked: HashMap::new() }
    }
}

impl Nudges {
    /// Takes in where the streams are, and says of those that the session manager does not move that it does not.
    pub(super) fn follow(&mut self, graph: &Graph, streams: &mut [StreamStatus], now: Instant) {
        self.asked.retain(|id, asked| {
            let stream = streams.iter().find(|stream| stream.id == *id);
            stream.is_some_and(|stream| Scene::of(graph, stream) == asked.scene)
        });
        for stream in streams.iter_mut().filter(|stream| stream.links == Links::Astray) {
            if self.asked.get(&stream.id).is_some_and(|asked| asked.tries >= MAX_TRIES) {
                stream.reason.lag = Some(Lag::Refused);
                stream.links = Links::InPlace;
            }
        }
        if streams.iter().any(|stream| stream.links == Links::Astray) {
            self.again.arm(now);
        } else {
            self.again.rest();
        }
    }

    /// Returns when streams are sent again; `None` while there are none.
    pub(super) fn due_at(&self) -> Option<Instant> {
        self.again.due_at()
    }

    /// Returns the streams that are to be sent again now, by their ids, and counts that as a try.
    pub(super) fn take_due(
        &mut self,
        graph: &Graph,
        streams: &[StreamStatus],
        now: Instant,
    ) -> Vec<u64> {
        if !self.again.take_due(now) {
            return Vec::new();
        }
        let astray = streams.iter().filter(|stream| stream.links == Links::Astray);
        astray
            .map(|stream| {
                let new = || Asked { scene: Scene::of(graph, stream), tries: 0 };
                self.asked.entry(stream.id).or_insert_with(new).tries += 1;
                stream.id
            })
            .collect()
    }

    /// Asks for nothing until the streams are looked at again.
    pub(super) fn pause(&mut self) {
        self.again.rest();
    }

    /// Asks for nothing any more: PipeWire is gone.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}
