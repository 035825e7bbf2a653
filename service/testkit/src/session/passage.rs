//! One piece of material on its way from a player to a device's monitor.

use std::time::Duration;

use anyhow::{Result, bail};

use super::{Cycle, Graph, PlayerBuilder, READY_TIMEOUT, Recording, Session};
use crate::meter;

/// How often a passage is begun anew when the machine was too busy for it.
const ATTEMPTS: usize = 20;
/// Recorded after the player's own tail, so that what the graph holds back is there as well.
const AFTER_FRAMES: usize = 4_096;
/// Time on top of the material's own length.
const MARGIN: Duration = Duration::from_secs(20);

/// A recording of material, and the log of the player that played it.
#[derive(Clone, Debug)]
pub struct Passage {
    /// What the device received, with silence before and after.
    pub recording: Recording,
    /// The player's cycles.
    pub cycles: Vec<Cycle>,
    /// Frame of the player's stream that was the material's first.
    pub began_at_frame: u64,
    /// How often the passage had to be begun anew.
    pub retries: usize,
}

impl Passage {
    /// Finds where `reference`, one channel of the material, stands in the same channel's
    /// recording.
    pub fn delay(&self, reference: &[f32], channel: usize) -> Option<meter::Delay> {
        meter::delay_frames(reference, self.recording.channels.get(channel)?)
    }

    /// Returns how long the material's first sample was under way, given where it stands in the
    /// recording; see [`Recording::travel_frames`].
    pub fn travel_frames(&self, heard: i64) -> Option<i64> {
        let heard = usize::try_from(heard).ok()?;
        self.recording.travel_frames(heard, &self.cycles, self.began_at_frame)
    }
}

impl Session {
    /// Plays material once, to its end, and records what the device is given.
    ///
    /// See [`Self::pass_when`].
    ///
    /// # Errors
    /// Those of [`Self::pass_when`].
    pub fn pass(
        &self,
        device: &str,
        material: &[Vec<f32>],
        describe: impl Fn(PlayerBuilder<'_>) -> PlayerBuilder<'_>,
    ) -> Result<Passage> {
        self.pass_when(device, material, describe, |_, _| true)
    }

    /// Plays material once, to its end, as soon as `ready` says so of the graph and the player's
    /// node, and records what the device is given.
    ///
    /// `describe` gives the player its identity. A passage in which the graph's clock ran on
    /// without the player or the recorder being served says nothing about the graph, only that the
    /// machine was busy: it is begun anew, twenty times at most.
    ///
    /// # Errors
    /// When a stream fails or does not end in time, or the machine is too busy every time.
    pub fn pass_when(
        &self,
        device: &str,
        material: &[Vec<f32>],
        describe: impl Fn(PlayerBuilder<'_>) -> PlayerBuilder<'_>,
        ready: impl Fn(&Graph, u32) -> bool,
    ) -> Result<Passage> {
        let mut missed = 0;
        for retries in 0..ATTEMPTS {
            let recorder = self.record(device)?;
            let player = describe(self.player(material.to_vec())).held().start()?;
            self.wait_for_graph("the player's route", READY_TIMEOUT, |graph| {
                ready(graph, player.node_id()).then_some(())
            })?;
            player.play();
            let frames = material.first().map_or(0, Vec::len);
            // No graph of interest is slower than 8 kHz.
            player.wait_drained(MARGIN + Duration::from_secs_f64(frames as f64 / 8_000.0))?;
            recorder.wait_more(AFTER_FRAMES, MARGIN)?;
            let began_at_frame = player.began_at_frame();
            let cycles = player.stop(self)?;
            let recording = recorder.stop()?;
            missed = recording.missed_frames() + missed_frames(&cycles);
            if missed == 0 {
                return Ok(Passage { recording, cycles, began_at_frame, retries });
            }
        }
        bail!("the machine is too busy: {missed} frames missed in the last of {ATTEMPTS} attempts");
    }
}

/// Returns the frames that the graph's clock ran on between cycles without the stream being served.
pub fn missed_frames(cycles: &[Cycle]) -> u64 {
    let skipped = |pair: &[Cycle]| {
        (pair[1].ticks.saturating_sub(pair[0].ticks)).saturating_sub(u64::from(pair[0].frames))
    };
    cycles.windows(2).map(skipped).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_that_the_clock_skipped_are_counted() {
        let cycle = |ticks| Cycle { clock_ns: 0, ticks, frame: 0, frames: 512 };
        assert_eq!(missed_frames(&[cycle(512), cycle(1_024), cycle(1_536)]), 0);
        assert_eq!(missed_frames(&[cycle(512), cycle(2_048), cycle(2_560)]), 1_024);
        assert_eq!(missed_frames(&[]), 0);
    }
}
