//! The scenarios: what a person listens to, and what happens then.

use anyhow::Result;

use crate::library::Library;
use crate::plans::{
    self, Around, FIRST_LUFS, ambience_plan, bang_plan, blast_name, blast_plan, crowd_plan,
    drops_plan, drums_plan, first_plan, laughs_plan, music_plan, pauses_plan, playlist_plan,
    talk_plan, talkers_plan, tone_plan,
};
use crate::sound::Sound;
use crate::sources::Blast;

/// What is asked of a scenario; times are in milliseconds.
#[derive(Clone, Debug)]
pub(crate) enum Judge {
    /// Speech, something louder, and speech again, which is there without it as well.
    Blast { onset: usize, end: usize, without: Sound },
    /// Music, and something louder in its midst.
    Over { onset: usize, end: usize },
    /// The first sound of an application.
    First { onset: usize },
    /// Clips of different loudness, by their begin and end.
    Playlist { clips: Vec<(usize, usize)> },
    /// Speech with pauses in which a noise floor is heard.
    Pauses { pauses: Vec<(usize, usize)> },
    /// One bang over speech, which is there without it as well.
    Bang { end: usize, without: Sound },
    /// Music that is to stay as it is.
    Music { class: &'static str },
    /// Two talkers by turns.
    Talkers { turns: Vec<(usize, usize)> },
    /// A tone so loud that it is held.
    Tone { onset: usize, hz: &'static [f64] },
    /// Something loud for long, and softer speech afterwards.
    Crowd { end: usize },
    /// Quiet ambience: how far it is raised.
    Ambience { from: usize },
}

/// Makes the sound of a scenario.
type Make = Box<dyn Fn(&Library) -> Result<(Sound, Judge)> + Send + Sync>;

/// One scenario, made when it is its turn.
pub(crate) struct Plan {
    pub(crate) name: String,
    make: Make,
}

impl Plan {
    pub(crate) fn new(
        name: impl Into<String>,
        make: impl Fn(&Library) -> Result<(Sound, Judge)> + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.into(), make: Box::new(make) }
    }

    pub(crate) fn make(&self, library: &Library) -> Result<(Sound, Judge)> {
        (self.make)(library)
    }
}

/// All scenarios, in the order of the table.
pub(crate) fn all() -> Vec<Plan> {
    let mut plans = Vec::new();
    blasts(&mut plans);
    middle_blasts(&mut plans);
    over_music(&mut plans);
    first_sounds(&mut plans);
    plans.extend(
        [(0, 0), (1, 400), (2, 0), (3, 1_500), (4, 0), (5, 100)]
            .map(|(seed, pause_ms)| playlist_plan(seed, seed * 8, pause_ms)),
    );
    let floors = [
        ("white", 15, -23),
        ("pink", 20, -26),
        ("hum", 20, -23),
        ("white", 30, -18),
        ("hiss", 20, -28),
        ("room", 25, -23),
    ];
    plans.extend(
        (0..)
            .zip(floors)
            .map(|(number, (floor, below, level))| pauses_plan(floor, number, below, level)),
    );
    let bangs = [
        ("drum_snare_hard", -1.0, -23),
        ("perc_snap", -0.5, -23),
        ("perc_impact1", -0.5, -26),
        ("drum_heavy_kick", -0.5, -23),
        ("click", 0.0, -30),
        ("perc_door", -1.0, -23),
    ];
    plans.extend(
        (1..)
            .zip(bangs)
            .map(|(number, (file, peak_db, level))| bang_plan(file, number, peak_db, level)),
    );
    programmes(&mut plans);
    plans.extend(
        (0..)
            .zip([3_000, 5_000, 8_000])
            .map(|(number, turn_ms)| talkers_plan(turn_ms, [number, number + 2])),
    );
    plans.extend(
        [
            ("50", &[50.0_f64][..]),
            ("100", &[100.0]),
            ("1000", &[1_000.0]),
            ("60+3000", &[60.0, 3_000.0]),
            ("43", &[43.0]),
            ("190", &[190.0]),
        ]
        .map(|(name, hz)| tone_plan(name, 0, hz)),
    );
    plans.extend(
        [(4, -10, 9), (5, -14, 12)].map(|(number, lufs, below)| crowd_plan(number, lufs, below)),
    );
    plans.extend(
        [("wind", -41), ("birds", -40), ("hiss", -42), ("hum", -42), ("rumble", -41)]
            .map(|(kind, lufs)| ambience_plan(kind, 2, lufs)),
    );
    plans
}

fn blasts(plans: &mut Vec<Plan>) {
    // Speech at a level, and how far above it the blast is; none is louder than full scale allows.
    let steps = [
        (-30, 6),
        (-30, 12),
        (-30, 20),
        (-30, 27),
        (-23, 6),
        (-23, 12),
        (-23, 20),
        (-18, 6),
        (-18, 12),
        (-18, 15),
    ];
    let kinds = [Blast::Music, Blast::Noise, Blast::Impacts, Blast::Alarm];
    let mut number = 0;
    for (row, (level, above)) in steps.into_iter().enumerate() {
        for (column, kind) in kinds.into_iter().enumerate() {
            let ms = [20_000, 2_000, 300][(row + column) % 3];
            plans.push(blast_plan(kind, number, level, above, ms, Around::of(ms)));
            number += 1;
        }
    }
    for (kind, ms) in [
        (Blast::Noise, 300),
        (Blast::Noise, 2_000),
        (Blast::Noise, 20_000),
        (Blast::Music, 20_000),
        (Blast::Scream, 2_000),
        (Blast::Scream, 20_000),
        (Blast::Swell, 2_000),
        (Blast::Tone, 20_000),
    ] {
        let name = blast_name(kind, -23, 20, ms);
        if plans.iter().all(|plan| plan.name != name) {
            plans.push(blast_plan(kind, number, -23, 20, ms, Around::of(ms)));
        }
        number += 1;
    }
    for (level, kind) in [(-30, Blast::Scream), (-18, Blast::Scream)] {
        plans.push(blast_plan(kind, number, level, 12, 2_000, Around::of(2_000)));
        number += 1;
    }
}

/// Too long for a bang, too short for a programme.
fn middle_blasts(plans: &mut Vec<Plan>) {
    let kinds = [
        Blast::Music,
        Blast::Noise,
        Blast::Impacts,
        Blast::Alarm,
        Blast::Scream,
        Blast::Swell,
        Blast::Tone,
    ];
    let steps = [(-30, 12), (-23, 20), (-30, 20), (-23, 12)];
    let mut number = 60;
    for (row, kind) in kinds.into_iter().enumerate() {
        for (column, ms) in [1_000, 1_500, 3_000, 4_000, 5_000].into_iter().enumerate() {
            let (level, above) = steps[(row + column) % 4];
            plans.push(blast_plan(kind, number, level, above, ms, Around::of(ms)));
            number += 1;
        }
    }
    // Soon after speech has begun.
    for (kind, level, above, ms) in [
        (Blast::Music, -23, 20, 3_000),
        (Blast::Noise, -23, 20, 3_000),
        (Blast::Impacts, -26, 16, 4_000),
        (Blast::Alarm, -28, 12, 3_500),
        (Blast::Scream, -20, 12, 2_500),
    ] {
        plans.push(blast_plan(kind, number, level, above, ms, Around::soon()));
        number += 1;
    }
}

/// A notification, a call, a video that starts while music plays.
fn over_music(plans: &mut Vec<Plan>) {
    for (number, (kind, level, above, ms)) in [
        (Blast::Noise, -23, 12, 2_000),
        (Blast::Alarm, -20, 14, 2_000),
        (Blast::Scream, -23, 12, 4_000),
        (Blast::Impacts, -28, 20, 300),
        (Blast::Swell, -18, 12, 3_000),
        (Blast::Noise, -28, 20, 300),
        (Blast::Tone, -16, 10, 1_000),
        (Blast::Alarm, -28, 20, 2_000),
    ]
    .into_iter()
    .enumerate()
    {
        plans.push(plans::over_music_plan(kind, number, level, above, ms));
    }
}

fn first_sounds(plans: &mut Vec<Plan>) {
    for (number, (kind, lufs, silent_ms)) in [
        (Blast::Noise, -3, 0),
        (Blast::Noise, -3, 1_000),
        (Blast::Music, -5, 0),
        (Blast::Impacts, -6, 500),
        (Blast::Alarm, -4, 0),
        (Blast::Scream, -8, 200),
        (Blast::Tone, -6, 0),
        (Blast::Music, -9, 700),
    ]
    .into_iter()
    .enumerate()
    {
        plans.push(first_plan(kind, number + 3, lufs, silent_ms));
    }
    plans.push(plans::first_speech_plan(0, FIRST_LUFS));
}

fn programmes(plans: &mut Vec<Plan>) {
    plans.extend(
        (0..12).map(|number| music_plan(number, number * 2, [-16, -20, -23, -13][number % 4])),
    );
    let drums = ["sparse-kick", "sparse-tabla", "sparse-toms", "amen", "loop-mika", "loop-safari"];
    plans.extend(
        (0..).zip(drums).map(|(number, name)| drums_plan(name, [-18, -22, -16][number % 3])),
    );
    plans.extend([(3, 10), (9, 8)].map(|(number, drop_db)| drops_plan(number, drop_db)));
    plans.extend([(1, 4), (4, 7)].map(|(number, above)| laughs_plan(number, above)));
    plans.extend((0..2).map(|number| talk_plan(number, number * 3)));
}
