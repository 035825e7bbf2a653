//! Owns what is known of the stream's own volume; runs on the audio thread.
//!
//! The programme is levelled as if the volume were 0 dB. A change is told some milliseconds before or after the samples
//! that it belongs to, so for 50 ms around it the lower of the two readings counts, and no surge starts from it.

use super::surge::{GRACE_HOPS, power_ratio};

/// At or below this a stream counts as muted, in dB.
const MUTED_DB: f32 = -40.0;

/// The volume of a stream, now and in the last 50 ms.
#[derive(Clone, Debug)]
pub(crate) struct Volume {
    now_db: f32,
    /// By which each hop was read.
    recent_db: [f32; GRACE_HOPS],
    position: usize,
    grace: usize,
    /// What the power of a hop is multiplied by.
    ratio: f64,
}

impl Volume {
    pub(crate) fn new(db: f32) -> Self {
        Self {
            now_db: db,
            recent_db: [db; GRACE_HOPS],
            position: 0,
            grace: 0,
            ratio: power_ratio(-db),
        }
    }

    pub(crate) fn db(&self) -> f32 {
        self.now_db
    }

    pub(crate) fn is_muted(&self) -> bool {
        self.now_db <= MUTED_DB
    }

    /// The power of a hop as it would be at 0 dB.
    pub(crate) fn at_unity(&mut self, power: f64) -> f64 {
        if self.grace > 0 {
            self.grace -= 1;
            let loudest = if self.grace == 0 {
                self.now_db
            } else {
                self.recent_db.iter().copied().fold(self.now_db, f32::max)
            };
            self.ratio = power_ratio(-loudest);
        }
        self.recent_db[self.position] = self.now_db;
        self.position = (self.position + 1) % GRACE_HOPS;
        power * self.ratio
    }

    /// Takes a new volume; returns by which power ratio each of the last hops was read too loud, the latest first.
    pub(crate) fn set(&mut self, db: f32) -> Option<[f64; GRACE_HOPS]> {
        if db == self.now_db {
            return None;
        }
        let mut ratios = [1.0; GRACE_HOPS];
        for (back, ratio) in ratios.iter_mut().enumerate() {
            let read = &mut self.recent_db[(self.position + GRACE_HOPS - 1 - back) % GRACE_HOPS];
            if db > *read {
                *ratio = power_ratio((*read - db).max(-120.0));
            }
        }
        self.now_db = db;
        self.grace = GRACE_HOPS;
        Some(ratios)
    }
}
