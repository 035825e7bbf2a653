//! What reached the devices during one chapter: gaps by their cause, and samples above the ceiling.

use std::ops::Range;

use headroom_testkit::session::{Recording, missed_frames};

/// Shortest silence that counts as a gap: more than a cycle of 1,024 frames at 48 kHz.
const SHORTEST_GAP_MS: usize = 30;
/// How long after something happened a gap may come of it.
const AFTERMATH_MS: usize = 3_000;
/// Largest magnitude under the ceiling of -0.1 dBTP, and what rounding adds.
const CEILING: f32 = 0.988_6 + 1e-4;
const MS_NS: i64 = 1_000_000;

/// What is no cause, but noted while nobody hears anything.
pub(crate) const SILENCE: &str = "SILENCE";

/// What was done, and until when its outcome is not the service's to answer for.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) at_ns: i64,
    pub(crate) what: &'static str,
    /// Who is there.
    pub(crate) there: String,
}

/// A time on the monotonic clock, in ns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) from_ns: i64,
    pub(crate) to_ns: i64,
}

/// A silence where there should have been sound.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Gap {
    pub(crate) cause: &'static str,
    /// From the chapter's begin on.
    pub(crate) at_ms: usize,
    pub(crate) ms: usize,
    /// Part of it in which the graph did not run at the recorders.
    pub(crate) unserved_ms: usize,
}

/// A stretch above the ceiling while everything was protected.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Excess {
    /// From the chapter's begin on.
    pub(crate) at_ms: usize,
    pub(crate) ms: usize,
    /// The largest magnitude.
    pub(crate) peak: f32,
}

/// What was heard.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hearing {
    /// How long sound was expected and listened for, in ms.
    pub(crate) expected_ms: usize,
    pub(crate) gaps: Vec<Gap>,
    pub(crate) above: Vec<Excess>,
}

impl Hearing {
    fn exceed(&mut self, at_ms: usize, peak: f32) {
        match self.above.last_mut() {
            // One matter, until it is quiet for a second.
            Some(last) if at_ms < last.at_ms + last.ms + 1_000 => {
                last.ms = at_ms + 1 - last.at_ms;
                last.peak = last.peak.max(peak);
            }
            _ => self.above.push(Excess { at_ms, ms: 1, peak }),
        }
    }
}

/// A chapter by its milliseconds.
struct Slots {
    from_ns: i64,
    served: Vec<bool>,
    sounding: Vec<bool>,
    peak: Vec<f32>,
}

impl Slots {
    fn new(chapter: Span) -> Self {
        let count = usize::try_from((chapter.to_ns - chapter.from_ns) / MS_NS).unwrap_or(0);
        let from_ns = chapter.from_ns;
        Self {
            from_ns,
            served: vec![false; count],
            sounding: vec![false; count],
            peak: vec![0.0; count],
        }
    }

    fn index(&self, at_ns: i64) -> Option<usize> {
        let index = usize::try_from((at_ns - self.from_ns).div_euclid(MS_NS)).ok()?;
        (index < self.served.len()).then_some(index)
    }

    fn add(&mut self, recording: &Recording) {
        for cycle in &recording.cycles {
            for n in 0..cycle.frames {
                let offset_ns = i64::from(n) * 1_000_000_000 / i64::from(recording.rate_hz.max(1));
                let Some(slot) = self.index(cycle.clock_ns + offset_ns) else { continue };
                self.served[slot] = true;
                for channel in &recording.channels {
                    let Some(sample) = channel.get(cycle.frame as usize + n as usize) else {
                        continue;
                    };
                    self.sounding[slot] |= *sample != 0.0;
                    self.peak[slot] = self.peak[slot].max(sample.abs());
                }
            }
        }
    }

    /// Returns the stretches without a sound where there should be one.
    fn silences(&self, due: &[bool]) -> Vec<Range<usize>> {
        let mut silences: Vec<Range<usize>> = Vec::new();
        for (slot, (is_due, sounds)) in due.iter().zip(&self.sounding).enumerate() {
            if *is_due && !sounds {
                match silences.last_mut() {
                    Some(last) if last.end == slot => last.end += 1,
                    _ => silences.push(slot..slot + 1),
                }
            }
        }
        silences
    }

    fn cause(&self, silence: Range<usize>, events: &[Event]) -> &'static str {
        let before = silence.start.saturating_sub(AFTERMATH_MS)..silence.end;
        let slot = |at_ns: i64| usize::try_from((at_ns - self.from_ns) / MS_NS).unwrap_or(0);
        let is_cause =
            |event: &&Event| event.what != SILENCE && before.contains(&slot(event.at_ns));
        let ms = silence.len();
        match events.iter().rev().find(is_cause) {
            Some(event) => event.what,
            None if 2 * self.unserved_ms(silence) > ms => "machine too busy",
            None => "none",
        }
    }

    /// For how long no recorder was asked for anything.
    fn unserved_ms(&self, silence: Range<usize>) -> usize {
        self.served[silence].iter().filter(|served| !**served).count()
    }

    fn within(&self, spans: &[Span]) -> Vec<bool> {
        let mut within = vec![false; self.served.len()];
        let slot = |at_ns: i64| ((at_ns - self.from_ns) / MS_NS).max(0) as usize;
        for span in spans {
            let end = slot(span.to_ns).min(within.len());
            within[slot(span.from_ns).min(end)..end].fill(true);
        }
        within
    }
}

/// Judges a chapter: its recordings, when sound was due, when not all of it was protected, and what was done.
pub(crate) fn judge(
    chapter: Span,
    recordings: &[Recording],
    due: &[Span],
    unprotected: &[Span],
    events: &[Event],
) -> Hearing {
    let mut slots = Slots::new(chapter);
    for recording in recordings {
        slots.add(recording);
    }
    let (due, unprotected) = (slots.within(due), slots.within(unprotected));
    let mut hearing = Hearing::default();
    for silence in slots.silences(&due) {
        if silence.len() >= SHORTEST_GAP_MS {
            let (at_ms, ms) = (silence.start, silence.len());
            let unserved_ms = slots.unserved_ms(silence.clone());
            let cause = slots.cause(silence, events);
            hearing.gaps.push(Gap { cause, at_ms, ms, unserved_ms });
        }
    }
    hearing.expected_ms = due.iter().filter(|is_due| **is_due).count();
    for (slot, (peak, is_unprotected)) in slots.peak.iter().zip(&unprotected).enumerate() {
        if !is_unprotected && *peak > CEILING {
            hearing.exceed(slot, *peak);
        }
    }
    hearing
}

/// Tells a chapter by its seconds.
pub(crate) fn story(
    chapter: Span,
    hearing: &Hearing,
    events: &[Event],
    unprotected: &[Span],
) -> Vec<String> {
    let ms = |at_ns: i64| usize::try_from((at_ns - chapter.from_ns) / MS_NS).unwrap_or(0);
    let mut lines: Vec<(usize, String)> = Vec::new();
    for Event { at_ns, what, there } in events {
        lines.push((ms(*at_ns), format!("{what} [{there}]")));
    }
    for span in unprotected {
        let length_s = (span.to_ns.min(chapter.to_ns) - span.from_ns) as f64 / 1e9;
        lines.push((ms(span.from_ns), format!("not everything is protected for {length_s:.1} s")));
    }
    for Gap { at_ms, ms, unserved_ms, .. } in &hearing.gaps {
        let line = format!("GAP of {ms} ms, {unserved_ms} ms of it without a cycle");
        lines.push((*at_ms, line));
    }
    for Excess { at_ms, ms, peak } in &hearing.above {
        let db = 20.0 * peak.log10();
        lines.push((*at_ms, format!("ABOVE THE CEILING: {db:+.2} dBFS, {ms} ms")));
    }
    lines.sort_by_key(|line| line.0);
    lines.into_iter().map(|(at_ms, line)| format!("{:8.2} s  {line}", at_ms as f64 / 1e3)).collect()
}

/// Frames that a recorder was not asked for, over all of them.
pub(crate) fn missed(recordings: &[Recording]) -> u64 {
    recordings.iter().map(|recording| missed_frames(&recording.cycles)).sum()
}

#[cfg(test)]
mod tests {
    use headroom_testkit::{layout::Position, session::Cycle};

    use super::*;

    fn recording(channel: Vec<f32>) -> Recording {
        let cycle = |n: u32| Cycle {
            clock_ns: i64::from(n) * 10 * MS_NS,
            ticks: 480 * u64::from(n),
            frame: 480 * u64::from(n),
            frames: 480,
        };
        let cycles = (0..channel.len() as u32 / 480).map(cycle).collect();
        Recording {
            rate_hz: 48_000,
            positions: vec![Position::Mono],
            channels: vec![channel],
            cycles,
        }
    }

    #[test]
    fn gap_has_the_cause_that_came_before_it() {
        let mut channel = vec![0.5; 480_000];
        channel[48_000..48_000 + 4_800].fill(0.0);
        channel[96_000..96_000 + 960].fill(0.0);
        channel[384_000..384_000 + 9_600].fill(0.0);
        let all = Span { from_ns: 0, to_ns: 10_000 * MS_NS };
        let events = [Event { at_ns: 900 * MS_NS, what: "device", there: String::new() }];
        let hearing = judge(all, &[recording(channel.clone())], &[all], &[], &events);
        let gap = |cause, at_ms, ms| Gap { cause, at_ms, ms, unserved_ms: 0 };
        assert_eq!(hearing.gaps, [gap("device", 1_000, 100), gap("none", 8_000, 200)]);
        assert_eq!((hearing.expected_ms, hearing.above.len()), (10_000, 0));
        // Silence that another device breaks is none, nor is one in which nothing was due.
        let other = recording(vec![0.1; 480_000]);
        assert_eq!(judge(all, &[recording(channel.clone()), other], &[all], &[], &[]).gaps, []);
        assert_eq!(judge(all, &[recording(channel)], &[], &[], &[]).gaps, []);
    }

    #[test]
    fn sample_above_the_ceiling_counts_while_protected() {
        let mut channel = vec![0.5; 48_000];
        channel[24_000] = -1.5;
        let all = Span { from_ns: 0, to_ns: 1_000 * MS_NS };
        let recordings = [recording(channel)];
        let above = judge(all, &recordings, &[all], &[], &[]).above;
        assert_eq!(above, [Excess { at_ms: 500, ms: 1, peak: 1.5 }]);
        let around = Span { from_ns: 400 * MS_NS, to_ns: 600 * MS_NS };
        assert_eq!(judge(all, &recordings, &[all], &[around], &[]).above, []);
    }
}
