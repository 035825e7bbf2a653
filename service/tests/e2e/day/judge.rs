//! What the device got in a day, by figures and as a picture.

use std::fmt;

use headroom_testkit::{
    meter,
    plot::{self, Block, Chart, Line},
    session::Recording,
};

use super::{Lived, RATE_HZ};

/// What a window that begins in a blast may read above the cap.
const CAP_TOLERANCE_LU: f64 = 0.5;
/// The left channel belongs to what is protected. Ducked it is louder than this, cut it is not.
const SILENCE: f32 = 1e-5;
/// A shorter silence is a cycle or a few that a busy machine has dropped.
const GAP_MS: usize = 150;
/// The same beside other tests: up to 534 ms were seen on a machine with ten times the work that it can do.
const BUSY_GAP_MS: usize = 700;
/// Windows of the momentary loudness, and from one to the next.
const WINDOW_MS: usize = 400;
const READING_FRAMES: usize = RATE_HZ / 100;
/// What a profile asks for is so in force after this.
const PROFILE_FRAMES: usize = 2 * RATE_HZ;

/// A cycle of the graph.
const CYCLE_MS: usize = 1_024 * 1000 / RATE_HZ;

/// A silence of what is protected.
struct Silence {
    at: usize,
    ms: usize,
    step: &'static super::Step,
    /// Why; empty where nothing explains it.
    cause: String,
}

/// What a step got.
struct Part {
    step: &'static super::Step,
    from: usize,
    true_peak_dbtp: f64,
    /// The loudest 400 ms that begin in it once it has settled; minus infinity where it is shorter than that takes.
    loudest_lufs: f64,
}

/// The figures of a day.
pub(super) struct Figures {
    seconds: f64,
    true_peak_dbtp: f64,
    loudest_lufs: f64,
    parts: Vec<Part>,
    gaps: Vec<Silence>,
    /// The lengths of shorter silences, in ms.
    dropped: Vec<usize>,
    gap_ms: usize,
}

impl Figures {
    /// Measures a day; one that was lived beside other tests may be silent a little longer.
    pub(super) fn of(recording: &Recording, lived: &[Lived], alone: bool) -> Self {
        let gap_ms = if alone { GAP_MS } else { BUSY_GAP_MS };
        let frames = recording.frames();
        let curve = meter::loudness_curve(
            &recording.channels,
            recording.rate_hz,
            &recording.positions,
            WINDOW_MS,
        );
        let ends = lived.iter().skip(1).map(|next| next.from).chain([frames]);
        let part = |(lived, end): (&Lived, usize)| {
            let channels: Vec<&[f32]> =
                recording.channels.iter().map(|channel| &channel[lived.from..end]).collect();
            let first = (lived.settled + PROFILE_FRAMES) / READING_FRAMES;
            let last = end.saturating_sub(WINDOW_MS * RATE_HZ / 1000) / READING_FRAMES;
            let readings = curve.get(first..last.min(curve.len())).unwrap_or_default();
            Part {
                step: lived.step,
                from: lived.from,
                true_peak_dbtp: meter::true_peak_dbtp_planar(&channels),
                loudest_lufs: readings.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            }
        };
        let silences = silences(recording, lived);
        let (gaps, short): (Vec<_>, Vec<_>) = silences.into_iter().partition(|it| it.ms > gap_ms);
        Self {
            seconds: frames as f64 / RATE_HZ as f64,
            true_peak_dbtp: meter::true_peak_dbtp_planar(&recording.channels),
            loudest_lufs: curve.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            parts: lived.iter().zip(ends).map(part).collect(),
            gaps,
            dropped: short.iter().map(|it| it.ms).collect(),
            gap_ms,
        }
    }

    /// Asserts that no silence is without a cause, and nothing louder than the cap of its step.
    pub(super) fn assert_kept(&self) {
        let unlisted: Vec<_> = self.gaps.iter().filter(|gap| gap.cause.is_empty()).collect();
        let unlisted: Vec<_> = unlisted.iter().map(|gap| (gap.step.name, gap.ms)).collect();
        assert!(unlisted.is_empty(), "silent without a cause: {unlisted:?}");
        let highest = self.parts.iter().map(|part| part.step.cap_lufs).fold(f64::MIN, f64::max);
        assert!(self.loudest_lufs <= highest + CAP_TOLERANCE_LU, "{} LUFS", self.loudest_lufs);
        for part in &self.parts {
            let bound = part.step.cap_lufs + CAP_TOLERANCE_LU;
            assert!(part.loudest_lufs <= bound, "{}: {} LUFS", part.step.name, part.loudest_lufs);
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:.0} s at the device: {:+.3} dBTP, {:.2} LUFS in the loudest 400 ms",
            self.seconds, self.true_peak_dbtp, self.loudest_lufs
        )?;
        writeln!(f, "   from   dBTP   LUFS  cap   step")?;
        for part in &self.parts {
            writeln!(
                f,
                "{:5.0} s {:6.2} {:6.1} {:4.0}   {}",
                part.from as f64 / RATE_HZ as f64,
                part.true_peak_dbtp,
                part.loudest_lufs,
                part.step.cap_lufs,
                part.step.name
            )?;
        }
        for gap in &self.gaps {
            let cause = if gap.cause.is_empty() { "NO CAUSE" } else { &gap.cause };
            let at_s = gap.at as f64 / RATE_HZ as f64;
            writeln!(f, "silent for {} ms at {at_s:.1} s, '{}': {cause}", gap.ms, gap.step.name)?;
        }
        let (count, ms) = (self.dropped.len(), self.dropped.iter().sum::<usize>());
        let longest = self.dropped.iter().max().unwrap_or(&0);
        let allowed = self.gap_ms;
        writeln!(
            f,
            "{count} silences of at most {allowed} ms: the longest {longest} ms, {ms} ms together"
        )
    }
}

/// Returns each silence of what is protected, from a cycle's length on, with the step in which it begins.
fn silences(recording: &Recording, lived: &[Lived]) -> Vec<Silence> {
    const SHORTEST_MS: usize = 5;
    let frames = recording.frames();
    let first = recording.first_sound(0, SILENCE).expect("the day is heard");
    let is_silent = |frame: &usize| recording.channels[0][*frame].abs() < SILENCE;
    let (mut found, mut at) = (Vec::new(), first);
    while at < frames {
        let silent = (at..frames).take_while(is_silent).count();
        let ms = silent * 1000 / RATE_HZ;
        if ms >= SHORTEST_MS {
            let lived = lived.iter().rfind(|lived| lived.from <= at).unwrap_or(&lived[0]);
            let others = &recording.channels[1][at..at + silent];
            let cause = cause(lived, others, ms);
            found.push(Silence { at, ms, step: lived.step, cause });
        }
        at += silent.max(1);
    }
    found
}

/// Returns why it is silent: by the script, or because a busy machine kept the processor from everybody or from us.
fn cause(lived: &Lived, others: &[f32], ms: usize) -> String {
    let heard = others.iter().filter(|sample| sample.abs() >= SILENCE).count();
    if !lived.step.cause.is_empty() {
        lived.step.cause.to_owned()
    } else if lived.left_alone && 2 * heard < others.len() {
        "the graph stood still: what is left alone was silent as well".to_owned()
    } else if 2 * lived.starved as usize * CYCLE_MS >= ms {
        format!("the data thread did not get the processor for {} cycles", lived.starved)
    } else {
        String::new()
    }
}

/// Draws loudness and peak over time, with the steps.
pub(super) fn draw(recording: &Recording, lived: &[Lived]) -> String {
    const LOUDNESS_LUFS: std::ops::Range<f64> = -60.0..0.0;
    const PEAK_DB: std::ops::Range<f64> = -40.0..5.0;
    let seconds = |frames: usize| frames as f64 / RATE_HZ as f64;
    let loudness = plot::momentary(
        &recording.channels,
        recording.rate_hz,
        &recording.positions,
        &LOUDNESS_LUFS,
    );
    let peaks = plot::peaks(&recording.channels, recording.rate_hz, RATE_HZ / 10, &PEAK_DB);
    let mut caps: Vec<f64> = lived.iter().map(|lived| lived.step.cap_lufs).collect();
    caps.sort_by(f64::total_cmp);
    caps.dedup();
    let names = lived.iter().map(|lived| (seconds(lived.from), lived.step.name.to_owned()));
    let chart = |caption: &str, y, points, bounds, marks| Chart {
        caption: caption.to_owned(),
        x: 0.0..seconds(recording.frames()),
        y,
        unit: "s",
        lines: vec![Line { points, colour: plot::AFTER, width: 1 }],
        dots: Vec::new(),
        bounds,
        marks,
    };
    // A reading every tenth of a second is as fine as the picture.
    let loudness = loudness.into_iter().step_by(10).collect();
    let charts = vec![
        chart(
            "Loudness of 400 ms, LUFS; caps (dashed)",
            LOUDNESS_LUFS,
            loudness,
            caps,
            names.collect(),
        ),
        chart(
            "Peak level, dBFS; ceiling (dashed)",
            PEAK_DB,
            peaks,
            vec![crate::rig::CEILING_DBTP],
            Vec::new(),
        ),
    ];
    let title = "A desktop's day, as the device got it".to_owned();
    plot::draw(&[Block { title, charts, across: 1, size: (1_800, 340) }]).unwrap()
}
