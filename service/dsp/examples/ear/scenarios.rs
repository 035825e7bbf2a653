//! The scenarios: what a person listens to, and what happens then.

use anyhow::Result;
use headroom_testkit::signals;

use crate::library::Library;
use crate::sound::{MS_FRAMES, RATE_HZ, Sound};
use crate::sources::{Blast, ambience, blast, drums, music, speech};

/// What is asked of a scenario; times are in milliseconds.
#[derive(Clone, Debug)]
pub(crate) enum Judge {
    /// Speech, something louder, and speech again.
    Blast { onset: usize, end: usize },
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
    fn new(
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
    first_sounds(&mut plans);
    playlists(&mut plans);
    pauses(&mut plans);
    bangs(&mut plans);
    programmes(&mut plans);
    talkers(&mut plans);
    tones(&mut plans);
    crowds(&mut plans);
    ambiences(&mut plans);
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
            add_blast(plans, number, level, above, kind, ms);
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
        let name = name_of(kind, -23, 20, ms);
        if plans.iter().all(|plan| plan.name != name) {
            add_blast(plans, number, -23, 20, kind, ms);
        }
        number += 1;
    }
    for (level, kind) in [(-30, Blast::Scream), (-18, Blast::Scream)] {
        add_blast(plans, number, level, 12, kind, 2_000);
        number += 1;
    }
}

fn name_of(kind: Blast, level: i32, above: i32, ms: usize) -> String {
    format!("blast-{}-{}+{above}-{}s", kind.name(), -level, ms as f64 / 1000.0)
}

fn add_blast(plans: &mut Vec<Plan>, number: usize, level: i32, above: i32, kind: Blast, ms: usize) {
    plans.push(Plan::new(name_of(kind, level, above, ms), move |library| {
        let after_ms = if ms > 5_000 { 15_000 } else { 6_000 };
        let talk = speech(library, number, 10_000 + after_ms)?.at_lufs(f64::from(level));
        let loud = blast(library, kind, number, ms)?.at_lufs(f64::from(level + above));
        let sound = Sound::chain(&[&talk.cut(0, 10_000), &loud, &talk.cut(10_000, after_ms)]);
        Ok((sound, Judge::Blast { onset: 10_000, end: 10_000 + ms }))
    }));
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
        plans.push(Plan::new(
            format!("first-{}{lufs}-after-{silent_ms}ms", kind.name()),
            move |library| {
                let loud = blast(library, kind, number + 3, 8_000)?.at_lufs(f64::from(lufs));
                Ok((
                    Sound::chain(&[&Sound::silence(silent_ms), &loud]),
                    Judge::First { onset: silent_ms },
                ))
            },
        ));
    }
    plans.push(Plan::new("first-speech-12", |library| {
        Ok((speech(library, 0, 8_000)?.at_lufs(-12.0), Judge::First { onset: 0 }))
    }));
}

/// Loudness of the clips of a playlist, from a fixed sequence that looks like none.
fn level_of(seed: usize, number: usize) -> f64 {
    -29.0 + ((number * 7 + seed * 5 + number * number * 3) % 23) as f64
}

fn playlists(plans: &mut Vec<Plan>) {
    for (seed, pause_ms) in [(0, 0), (1, 400), (2, 0), (3, 1_500), (4, 0), (5, 100)] {
        plans.push(Plan::new(format!("playlist-{seed}"), move |library| {
            let mut sound = Sound::default();
            let mut clips = Vec::new();
            for number in 0..8 {
                let ms = 7_000 + 1_000 * ((number * 5 + seed * 3) % 7);
                let which = seed * 8 + number;
                let clip = if (number + seed) % 3 == 1 {
                    speech(library, which, ms)?
                } else {
                    music(library, which, ms)?
                };
                let begin = sound.ms();
                sound.push(&clip.at_lufs(level_of(seed, number)));
                clips.push((begin, sound.ms()));
                sound.push(&Sound::silence(pause_ms));
            }
            Ok((sound, Judge::Playlist { clips }))
        }));
    }
}

fn pauses(plans: &mut Vec<Plan>) {
    for (number, (floor, below, level)) in [
        ("white", 15.0, -23.0),
        ("pink", 20.0, -26.0),
        ("hum", 20.0, -23.0),
        ("white", 30.0, -18.0),
        ("hiss", 20.0, -28.0),
        ("room", 25.0, -23.0),
    ]
    .into_iter()
    .enumerate()
    {
        plans.push(Plan::new(format!("pauses-{floor}-{below}"), move |library| {
            let talk = speech(library, number, 40_000)?.at_lufs(level);
            let (mut sound, mut pauses, mut from) = (talk.cut(0, 9_000), Vec::new(), 9_000);
            for pause_ms in [500, 1_000, 2_000, 3_000, 3_000, 1_500] {
                let begin = sound.ms();
                sound.push(&Sound::silence(pause_ms));
                pauses.push((begin, sound.ms()));
                sound.push(&talk.cut(from, 4_000));
                from += 4_000;
            }
            let noise = ambience(library, floor, sound.ms())?.at_lufs(level - below);
            sound.mix(&noise, 0);
            Ok((sound, Judge::Pauses { pauses }))
        }));
    }
}

fn bangs(plans: &mut Vec<Plan>) {
    for (number, (file, peak_db, level)) in [
        ("drum_snare_hard", -1.0, -23.0),
        ("perc_snap", -0.5, -23.0),
        ("perc_impact1", -0.5, -26.0),
        ("drum_heavy_kick", -0.5, -23.0),
        ("click", 0.0, -30.0),
        ("perc_door", -1.0, -23.0),
    ]
    .into_iter()
    .enumerate()
    {
        plans.push(Plan::new(format!("bang-{file}"), move |library| {
            let without = speech(library, number + 1, 16_000)?.at_lufs(level);
            let bang = if file == "click" {
                Sound::mono(signals::gaussian_noise(10 * MS_FRAMES, 0.5, 3))
            } else {
                library.read(&format!("usr/share/sonic-pi/samples/{file}.flac"), 0, 250)?
            };
            let mut bang = bang.cut(0, bang.ms().min(250));
            bang.soften();
            let peak = bang.planes.iter().flatten().fold(1e-9_f32, |peak, x| peak.max(x.abs()));
            let bang = bang.amplified(peak_db - 20.0 * f64::from(peak).log10());
            let mut sound = without.clone();
            sound.mix(&bang, 11_000);
            Ok((sound, Judge::Bang { end: 11_000 + bang.ms(), without }))
        }));
    }
}

fn programmes(plans: &mut Vec<Plan>) {
    for number in 0..12 {
        let lufs = [-16, -20, -23, -13][number % 4];
        plans.push(Plan::new(format!("music-{number}{lufs}"), move |library| {
            Ok((
                music(library, number * 2, 60_000)?.at_lufs(f64::from(lufs)),
                Judge::Music { class: "music" },
            ))
        }));
    }
    for (number, name) in
        ["sparse-kick", "sparse-tabla", "sparse-toms", "amen", "loop-mika", "loop-safari"]
            .into_iter()
            .enumerate()
    {
        plans.push(Plan::new(format!("drums-{name}"), move |library| {
            let lufs = [-18.0, -22.0, -16.0][number % 3];
            Ok((drums(library, name, 40_000)?.at_lufs(lufs), Judge::Music { class: "drums" }))
        }));
    }
    for (number, drop_db) in [(3, 10.0), (9, 8.0)] {
        plans.push(Plan::new(format!("music-drops-{drop_db}"), move |library| {
            let whole = music(library, number, 60_000)?.at_lufs(-16.0);
            let soft = whole.cut(25_000, 8_000).amplified(-drop_db);
            let sound = Sound::chain(&[&whole.cut(0, 25_000), &soft, &whole.cut(33_000, 27_000)]);
            Ok((sound, Judge::Music { class: "drops" }))
        }));
    }
    for (number, above) in [(1, 4.0), (4, 7.0)] {
        plans.push(Plan::new(format!("laughs-{above}"), move |library| {
            let mut sound = speech(library, number, 48_000)?.at_lufs(-24.0);
            for (n, at) in (6_000..46_000).step_by(5_500).enumerate() {
                let ms = 1_500 + 500 * (n % 4);
                let laugh = ambience(library, "crowd", ms)?.at_lufs(-24.0 + above);
                sound.mix(&laugh, at);
            }
            Ok((sound, Judge::Music { class: "laughs" }))
        }));
    }
    for number in 0..2 {
        plans.push(Plan::new(format!("talk-{number}"), move |library| {
            Ok((
                speech(library, number * 3, 40_000)?.at_lufs(-20.0),
                Judge::Music { class: "speech" },
            ))
        }));
    }
}

fn talkers(plans: &mut Vec<Plan>) {
    for (number, turn_ms) in [3_000, 5_000, 8_000].into_iter().enumerate() {
        plans.push(Plan::new(format!("talkers-{turn_ms}"), move |library| {
            let near = speech(library, number, 40_000)?.at_lufs(-17.0);
            let far = speech(library, number + 2, 40_000)?.at_lufs(-31.0);
            let (mut sound, mut turns) = (Sound::default(), Vec::new());
            for turn in 0..60_000 / turn_ms {
                let talk = if turn % 2 == 0 { &near } else { &far };
                let begin = sound.ms();
                sound.push(&talk.cut(turn / 2 * turn_ms % 32_000, turn_ms));
                turns.push((begin, sound.ms()));
            }
            Ok((sound, Judge::Talkers { turns }))
        }));
    }
}

fn tones(plans: &mut Vec<Plan>) {
    for (name, hz) in [
        ("50", &[50.0_f64][..]),
        ("100", &[100.0]),
        ("1000", &[1_000.0]),
        ("60+3000", &[60.0, 3_000.0]),
        ("43", &[43.0]),
        ("190", &[190.0]),
    ] {
        plans.push(Plan::new(format!("tone-{name}"), move |library| {
            let talk = speech(library, 0, 6_000)?.at_lufs(-30.0);
            // So strong that it is far over what is heard, and low enough to leave the limiter alone.
            let amplitude = 0.5 / hz.len() as f64;
            let mut tone = Sound::silence(14_000);
            for hz in hz {
                tone.mix(
                    &Sound::mono(signals::sine(RATE_HZ, 14_000 * MS_FRAMES, *hz, amplitude)),
                    0,
                );
            }
            Ok((Sound::chain(&[&talk, &tone]), Judge::Tone { onset: 6_000, hz }))
        }));
    }
}

fn crowds(plans: &mut Vec<Plan>) {
    for (number, (lufs, below)) in [(-10.0, 9.0), (-14.0, 12.0)].into_iter().enumerate() {
        plans.push(Plan::new(format!("crowd-then-speech-{below}"), move |library| {
            let crowd = ambience(library, "crowd", 20_000)?.at_lufs(lufs);
            let talk = speech(library, number + 4, 15_000)?.at_lufs(lufs - below);
            Ok((Sound::chain(&[&crowd, &talk]), Judge::Crowd { end: 20_000 }))
        }));
    }
}

fn ambiences(plans: &mut Vec<Plan>) {
    for (kind, lufs) in
        [("wind", -41.0), ("birds", -40.0), ("hiss", -42.0), ("hum", -42.0), ("rumble", -41.0)]
    {
        plans.push(Plan::new(format!("ambience-{kind}"), move |library| {
            let talk = speech(library, 2, 10_000)?.at_lufs(-24.0);
            let quiet = ambience(library, kind, 30_000)?.at_lufs(lufs);
            Ok((Sound::chain(&[&talk, &quiet]), Judge::Ambience { from: 10_000 }))
        }));
    }
}
