//! What is compared: Headroom with its settings, its old leveller, and others by ffmpeg.

use anyhow::Result;
use headroom_dsp::{Chain, ChainParams, Layout, Spec};

use crate::figures::{Heard, residue_db};
use crate::meter::Curve;
use crate::scenarios::Judge;
use crate::sound::{RATE_HZ, Sound};
use crate::{old_law, peers};

/// Frames of a block, as a sound server asks for.
const BLOCK: usize = 512;

/// Loudness of an output, and what is left of its tone.
pub(crate) type Measured = (Curve, Option<[f64; 2]>);

/// One column of the table.
#[derive(Clone, Debug)]
pub(crate) struct System {
    pub(crate) name: String,
    pub(crate) target_lufs: f64,
    pub(crate) kind: Kind,
}

/// How a column's sound is made.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Headroom(Box<ChainParams>),
    Old,
    Ffmpeg { filter: &'static str },
}

impl System {
    pub(crate) fn headroom(name: &str, target_lufs: f64, params: ChainParams) -> Self {
        Self { name: name.to_owned(), target_lufs, kind: Kind::Headroom(Box::new(params)) }
    }

    /// Plays a scenario through the system.
    pub(crate) fn hear(&self, sound: &Sound, judge: &Judge, cache: &peers::Cache) -> Result<Heard> {
        let measure = |sound: &Sound| -> Result<Measured> {
            let (output, latency) = self.play(sound)?;
            Ok((Curve::of(&output, latency), residues(&output, judge)))
        };
        // What does not change is measured once.
        let measure = |sound: &Sound| match self.kind {
            Kind::Headroom(_) => measure(sound),
            Kind::Old => cache.measured("old law", sound, measure),
            Kind::Ffmpeg { filter } => cache.measured(filter, sound, measure),
        };
        let (curve, residues) = measure(sound)?;
        let without = match judge {
            Judge::Bang { without, .. } | Judge::Blast { without, .. } => Some(measure(without)?.0),
            _ => None,
        };
        Ok(Heard { curve, without, residues })
    }

    /// The sound that comes out, and its delay in frames.
    fn play(&self, sound: &Sound) -> Result<(Sound, usize)> {
        Ok(match &self.kind {
            Kind::Headroom(params) => run(Chain::new(**params), sound)?,
            Kind::Old => run(old_law::chain(), &old_law::level(sound))?,
            Kind::Ffmpeg { filter } => (peers::filter(filter, sound)?, 0),
        })
    }
}

/// What is left of a tone while it is caught, and 8 s later.
fn residues(output: &Sound, judge: &Judge) -> Option<[f64; 2]> {
    let Judge::Tone { onset, hz } = judge else { return None };
    Some([
        residue_db(output, hz, onset + 900, 1_200),
        residue_db(output, hz, onset + 12_000, 1_500),
    ])
}

fn run(mut chain: Chain, sound: &Sound) -> Result<(Sound, usize)> {
    chain.prepare(Spec { rate_hz: RATE_HZ, layout: Layout::stereo() })?;
    let latency = chain.latency_frames();
    let mut output = sound.clone();
    output.planes.iter_mut().for_each(|plane| plane.resize(plane.len() + latency, 0.0));
    let [left, right] = &mut output.planes;
    for (left, right) in left.chunks_mut(BLOCK).zip(right.chunks_mut(BLOCK)) {
        chain.process_in_place(&mut [left, right]);
    }
    Ok((output, latency))
}
