//! What chains learn of their applications' loudness: kept when it has stood for a while, and handed
//! to the next chain of the application.
//!
//! Looks once a second, and only while something plays through a chain.

use std::{collections::HashMap, time::Instant};

use super::apps::Apps;
use crate::{
    learned::Learned,
    state::{AppKey, ChainId, StreamStatus},
};

/// Looks, a second apart, over which a programme must have stood.
const LOOKS: u32 = 3;
/// How far it may move in between, in LU.
const STEADY_LU: f32 = 1.5;

/// The programme levels of applications.
#[derive(Debug)]
pub(super) struct Memory {
    learned: Learned,
    /// What stood at the last look, by the chains, and at how many before it.
    standing: HashMap<ChainId, (f32, u32)>,
}

impl Memory {
    /// Begins with what was learned before.
    pub(super) fn new(learned: Learned) -> Self {
        Self { learned, standing: HashMap::new() }
    }

    /// Returns what is remembered of an application, in LUFS.
    pub(super) fn of(&self, app: &AppKey) -> Option<f32> {
        self.learned.of(app)
    }

    /// Looks at every chain that something plays through; returns what is to be written of what has
    /// become known.
    pub(super) fn look(
        &mut self,
        streams: &[StreamStatus],
        apps: &Apps,
        now: Instant,
    ) -> Option<Learned> {
        let before = std::mem::take(&mut self.standing);
        for stream in streams.iter().filter(|stream| stream.playing) {
            let Some(chain) = stream.app_chain() else { continue };
            if self.standing.contains_key(&chain) {
                continue;
            }
            let (Some(lufs), Some(app)) = (apps.stable_programme(chain), stream.identity.key())
            else {
                continue;
            };
            let known = before.get(&chain).filter(|(known, _)| (known - lufs).abs() < STEADY_LU);
            let looks = known.map_or(1, |(_, looks)| looks + 1);
            self.standing.insert(chain, (lufs, looks));
            if looks >= LOOKS {
                self.learned.learn(&app, lufs);
            }
        }
        self.learned.hand_out_when_due(now)
    }

    /// Hands out a copy with all that is new, to be written.
    pub(super) fn hand_out(&mut self) -> Learned {
        self.learned.hand_out()
    }

    /// Takes a copy back.
    pub(super) fn take_back(&mut self, copy: Learned) {
        self.learned.take_back(copy);
    }

    /// Begins to look from the start, as when something was forgotten.
    pub(super) fn start_over(&mut self) {
        self.standing.clear();
    }
}
