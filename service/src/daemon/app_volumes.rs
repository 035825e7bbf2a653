//! App volume control of every stream that has it: readings in, soft volumes out.
//!
//! Runs on the control thread, and only while a stream that has app volume control plays.

use std::{
    collections::{BTreeSet, HashMap},
    time::Instant,
};

use headroom_profile::AppVolumeParams;

use crate::{
    app_volume::{AppVolume, WRITE_EVERY},
    control::Meters,
    pw::Command,
    state::{Graph, Links, StreamStatus},
};

/// Gain of what is kept quiet until it is protected again.
const QUIET_DB: f32 = -20.0;

/// The app volume control of all streams, by their ids.
#[derive(Debug, Default)]
pub(super) struct AppVolumes {
    controllers: HashMap<u64, AppVolume>,
    /// Left by an earlier run, to be put back.
    inherited: Vec<u64>,
    due: Option<Instant>,
}

impl AppVolumes {
    /// Starts with the streams that an earlier run lowered and could not put back.
    pub(super) fn inherit(levelled: Vec<u64>) -> Self {
        Self { inherited: levelled, ..Self::default() }
    }

    /// Forgets everything: PipeWire is gone, and the streams with it.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Returns the ids of the streams that are lowered, or about to be.
    pub(super) fn journal(&self) -> Vec<u64> {
        let lowered = self.controllers.iter().filter(|(_, level)| level.gain_db() < 0.0);
        let all: BTreeSet<u64> =
            lowered.map(|(id, _)| *id).chain(self.inherited.iter().copied()).collect();
        all.into_iter().collect()
    }

    /// Returns the gain of a stream, in dB.
    pub(super) fn gain_db(&self, stream: u64) -> f32 {
        self.controllers.get(&stream).map_or(0.0, AppVolume::gain_db)
    }

    /// Follows the streams that are there; returns the commands that put back what has no app
    /// volume control any more, as where a leveller has taken over.
    pub(super) fn follow(
        &mut self,
        graph: &Graph,
        streams: &[StreamStatus],
        meters: &mut Meters,
    ) -> Vec<Command> {
        let mut commands = Vec::new();
        if graph.enumerated {
            self.inherited.retain(|id| {
                let Some(stream) = streams.iter().find(|stream| stream.id == *id) else {
                    return false;
                };
                // What the volume is has to be known before it can be put back.
                let known = graph.node(stream.node).is_some_and(|node| node.volume.is_some());
                commands.extend(known.then(|| put_back(stream)));
                !known
            });
        }
        let mut known = std::mem::take(&mut self.controllers);
        let mut plays = false;
        for stream in streams {
            if stream.is_kept_quiet() {
                let mut level = known.remove(&stream.id).unwrap_or_default();
                if level.gain_db() != QUIET_DB {
                    level.hold(QUIET_DB);
                    meters.set_level_db(stream.id, QUIET_DB.into());
                    commands.push(soft_volume(stream, QUIET_DB));
                }
                self.controllers.insert(stream.id, level);
                continue;
            }
            match (stream.has_app_volume(), known.remove(&stream.id)) {
                (true, level) => {
                    plays |= stream.playing;
                    self.controllers.insert(stream.id, level.unwrap_or_default());
                }
                // On its way to a leveller: let go before it is there, it would be heard at its full
                // level; the chain knows what is on it.
                (false, Some(level)) if level.gain_db() < 0.0 && is_under_way(stream) => {
                    self.controllers.insert(stream.id, level);
                }
                (false, Some(level)) if level.gain_db() < 0.0 => {
                    meters.set_level_db(stream.id, 0.0);
                    commands.push(put_back(stream));
                }
                (false, _) => {}
            }
        }
        self.due = match self.due {
            _ if !plays => None,
            None => Some(Instant::now() + WRITE_EVERY),
            due => due,
        };
        commands
    }

    /// Returns when readings are to be looked at next; `None` while nothing plays.
    pub(super) fn due_at(&self) -> Option<Instant> {
        self.due
    }

    /// Looks at the readings when that is due; returns the commands that follow.
    pub(super) fn serve(
        &mut self,
        now: Instant,
        streams: &[StreamStatus],
        params: &AppVolumeParams,
        meters: &mut Meters,
    ) -> Vec<Command> {
        if self.due.take_if(|due| *due <= now).is_none() {
            return Vec::new();
        }
        self.due = Some(now + WRITE_EVERY);
        let params = AppVolumeParams { enabled: true, ..*params };
        let mut commands = Vec::new();
        for (id, reading) in meters.take_readings(now) {
            let stream = streams.iter().find(|stream| stream.id == id && stream.has_app_volume());
            let (Some(stream), Some(level)) = (stream, self.controllers.get_mut(&id)) else {
                continue;
            };
            if let Some(gain_db) = level.update(now, reading, &params) {
                meters.set_level_db(stream.id, f64::from(gain_db));
                commands.push(soft_volume(stream, gain_db));
            }
        }
        commands
    }
}

/// Says whether a stream is being re-linked, to where a leveller is to take over.
fn is_under_way(stream: &StreamStatus) -> bool {
    stream.links == Links::Absent && stream.is_levelled() && stream.decision.level
}

fn put_back(stream: &StreamStatus) -> Command {
    soft_volume(stream, 0.0)
}

fn soft_volume(stream: &StreamStatus, gain_db: f32) -> Command {
    Command::SetSoftVolume { node: stream.node, gain: headroom_dsp::db_to_gain(gain_db) }
}
