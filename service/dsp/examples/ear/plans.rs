//! How each kind of scenario is put together.

use headroom_testkit::signals;

use crate::scenarios::{Judge, Plan};
use crate::sound::{MS_FRAMES, RATE_HZ, Sound};
use crate::sources::{Blast, ambience, blast, drums, music, speech};

/// Speech that is the first sound, in LUFS.
pub(crate) const FIRST_LUFS: i32 = -12;

/// How much speech there is before and after a blast, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Around {
    before_ms: usize,
    after_ms: usize,
}

impl Around {
    /// As is usual for a blast of a length.
    pub(crate) fn of(ms: usize) -> Self {
        let after_ms = match ms {
            0..=2_000 => 6_000,
            2_001..=5_000 => 10_000,
            _ => 15_000,
        };
        Self { before_ms: 10_000, after_ms }
    }

    /// Speech has begun only just before.
    pub(crate) fn soon() -> Self {
        Self { before_ms: 6_000, after_ms: 10_000 }
    }
}

pub(crate) fn blast_name(kind: Blast, level: i32, above: i32, ms: usize) -> String {
    format!("blast-{}-{}+{above}-{}s", kind.name(), -level, ms as f64 / 1000.0)
}

pub(crate) fn blast_plan(
    kind: Blast,
    number: usize,
    level: i32,
    above: i32,
    ms: usize,
    around: Around,
) -> Plan {
    let Around { before_ms, after_ms } = around;
    let soon = if before_ms < 10_000 { "-soon" } else { "" };
    Plan::new(format!("{}{soon}", blast_name(kind, level, above, ms)), move |library| {
        let talk = speech(library, number, before_ms + after_ms)?.at_lufs(f64::from(level));
        let loud = blast(library, kind, number, ms)?.at_lufs(f64::from(level + above));
        let sound = talk.interrupted(&loud, before_ms);
        Ok((sound, Judge::Blast { onset: before_ms, end: before_ms + ms, without: talk }))
    })
}

/// Something louder within music, which it takes the place of.
pub(crate) fn over_music_plan(
    kind: Blast,
    number: usize,
    level: i32,
    above: i32,
    ms: usize,
) -> Plan {
    Plan::new(format!("over-music-{}", blast_name(kind, level, above, ms)), move |library| {
        let before_ms = 20_000;
        let music = music(library, 2 * number + 1, before_ms + 6_000)?.at_lufs(f64::from(level));
        let loud = blast(library, kind, number, ms)?.at_lufs(f64::from(level + above));
        let sound = music.interrupted(&loud, before_ms);
        Ok((sound, Judge::Over { onset: before_ms, end: before_ms + ms }))
    })
}

pub(crate) fn first_plan(kind: Blast, number: usize, lufs: i32, silent_ms: usize) -> Plan {
    Plan::new(format!("first-{}{lufs}-after-{silent_ms}ms", kind.name()), move |library| {
        let loud = blast(library, kind, number, 8_000)?.at_lufs(f64::from(lufs));
        Ok((Sound::chain(&[&Sound::silence(silent_ms), &loud]), Judge::First { onset: silent_ms }))
    })
}

pub(crate) fn first_speech_plan(number: usize, lufs: i32) -> Plan {
    Plan::new(format!("first-speech{lufs}"), move |library| {
        Ok((speech(library, number, 8_000)?.at_lufs(f64::from(lufs)), Judge::First { onset: 0 }))
    })
}

/// Loudness of the clips of a playlist, from a fixed sequence that looks like none.
fn level_of(seed: usize, number: usize) -> f64 {
    -29.0 + ((number * 7 + seed * 5 + number * number * 3) % 23) as f64
}

/// Eight clips, the first of which has a number.
pub(crate) fn playlist_plan(seed: usize, first: usize, pause_ms: usize) -> Plan {
    Plan::new(format!("playlist-{seed}"), move |library| {
        let mut sound = Sound::default();
        let mut clips = Vec::new();
        for number in 0..8 {
            let ms = 7_000 + 1_000 * ((number * 5 + seed * 3) % 7);
            let clip = if (number + seed) % 3 == 1 {
                speech(library, first + number, ms)?
            } else {
                music(library, first + number, ms)?
            };
            let begin = sound.ms();
            sound.push(&clip.at_lufs(level_of(seed, number)));
            clips.push((begin, sound.ms()));
            sound.push(&Sound::silence(pause_ms));
        }
        Ok((sound, Judge::Playlist { clips }))
    })
}

pub(crate) fn pauses_plan(floor: &'static str, number: usize, below: i32, level: i32) -> Plan {
    Plan::new(format!("pauses-{floor}-{below}"), move |library| {
        let talk = speech(library, number, 40_000)?.at_lufs(f64::from(level));
        let (mut sound, mut pauses, mut from) = (talk.cut(0, 9_000), Vec::new(), 9_000);
        for pause_ms in [500, 1_000, 2_000, 3_000, 3_000, 1_500] {
            let begin = sound.ms();
            sound.push(&Sound::silence(pause_ms));
            pauses.push((begin, sound.ms()));
            sound.push(&talk.cut(from, 4_000));
            from += 4_000;
        }
        let noise = ambience(library, floor, sound.ms())?.at_lufs(f64::from(level - below));
        sound.mix(&noise, 0);
        Ok((sound, Judge::Pauses { pauses }))
    })
}

pub(crate) fn bang_plan(file: &'static str, number: usize, peak_db: f64, level: i32) -> Plan {
    Plan::new(format!("bang-{file}"), move |library| {
        let without = speech(library, number, 16_000)?.at_lufs(f64::from(level));
        let bang = if file == "click" {
            Sound::mono(signals::gaussian_noise(10 * MS_FRAMES, 0.5, 3))
        } else {
            library.read(&format!("usr/share/sonic-pi/samples/{file}.flac"), 0, 250)?
        };
        let mut bang = bang.cut(0, bang.ms().min(250));
        bang.soften();
        let bang = bang.at_peak_db(peak_db);
        let mut sound = without.clone();
        sound.mix(&bang, 11_000);
        Ok((sound, Judge::Bang { end: 11_000 + bang.ms(), without }))
    })
}

/// A piece of music by its number; `name` is the number of the scenario.
pub(crate) fn music_plan(name: usize, number: usize, lufs: i32) -> Plan {
    Plan::new(format!("music-{name}{lufs}"), move |library| {
        let sound = music(library, number, 60_000)?.at_lufs(f64::from(lufs));
        Ok((sound, Judge::Music { class: "music" }))
    })
}

pub(crate) fn drums_plan(name: &'static str, lufs: i32) -> Plan {
    Plan::new(format!("drums-{name}"), move |library| {
        let sound = drums(library, name, 40_000)?.at_lufs(f64::from(lufs));
        Ok((sound, Judge::Music { class: "drums" }))
    })
}

pub(crate) fn drops_plan(number: usize, drop_db: i32) -> Plan {
    Plan::new(format!("music-drops-{drop_db}"), move |library| {
        let whole = music(library, number, 60_000)?.at_lufs(-16.0);
        let soft = whole.cut(25_000, 8_000).amplified(-f64::from(drop_db));
        let sound = Sound::chain(&[&whole.cut(0, 25_000), &soft, &whole.cut(33_000, 27_000)]);
        Ok((sound, Judge::Music { class: "drops" }))
    })
}

pub(crate) fn laughs_plan(number: usize, above: i32) -> Plan {
    Plan::new(format!("laughs-{above}"), move |library| {
        let mut sound = speech(library, number, 48_000)?.at_lufs(-24.0);
        for (n, at) in (6_000..46_000).step_by(5_500).enumerate() {
            let ms = 1_500 + 500 * (n % 4);
            let laugh = ambience(library, "crowd", ms)?.at_lufs(-24.0 + f64::from(above));
            sound.mix(&laugh, at);
        }
        Ok((sound, Judge::Music { class: "laughs" }))
    })
}

pub(crate) fn talk_plan(name: usize, number: usize) -> Plan {
    Plan::new(format!("talk-{name}"), move |library| {
        let sound = speech(library, number, 40_000)?.at_lufs(-20.0);
        Ok((sound, Judge::Music { class: "speech" }))
    })
}

pub(crate) fn talkers_plan(turn_ms: usize, voices: [usize; 2]) -> Plan {
    Plan::new(format!("talkers-{turn_ms}"), move |library| {
        let near = speech(library, voices[0], 40_000)?.at_lufs(-17.0);
        let far = speech(library, voices[1], 40_000)?.at_lufs(-31.0);
        let (mut sound, mut turns) = (Sound::default(), Vec::new());
        for turn in 0..60_000 / turn_ms {
            let talk = if turn % 2 == 0 { &near } else { &far };
            let begin = sound.ms();
            sound.push(&talk.cut(turn / 2 * turn_ms % 32_000, turn_ms));
            turns.push((begin, sound.ms()));
        }
        Ok((sound, Judge::Talkers { turns }))
    })
}

pub(crate) fn tone_plan(name: &str, number: usize, hz: &'static [f64]) -> Plan {
    Plan::new(format!("tone-{name}"), move |library| {
        let talk = speech(library, number, 6_000)?.at_lufs(-30.0);
        // So strong that it is far over what is heard, and low enough to leave the limiter alone.
        let amplitude = 0.5 / hz.len() as f64;
        let mut tone = Sound::silence(14_000);
        for hz in hz {
            tone.mix(&Sound::mono(signals::sine(RATE_HZ, 14_000 * MS_FRAMES, *hz, amplitude)), 0);
        }
        Ok((Sound::chain(&[&talk, &tone]), Judge::Tone { onset: 6_000, hz }))
    })
}

pub(crate) fn crowd_plan(number: usize, lufs: i32, below: i32) -> Plan {
    Plan::new(format!("crowd-then-speech-{below}"), move |library| {
        let crowd = ambience(library, "crowd", 20_000)?.at_lufs(f64::from(lufs));
        let talk = speech(library, number, 15_000)?.at_lufs(f64::from(lufs - below));
        Ok((Sound::chain(&[&crowd, &talk]), Judge::Crowd { end: 20_000 }))
    })
}

pub(crate) fn ambience_plan(kind: &'static str, number: usize, lufs: i32) -> Plan {
    Plan::new(format!("ambience-{kind}"), move |library| {
        let talk = speech(library, number, 10_000)?.at_lufs(-24.0);
        let quiet = ambience(library, kind, 30_000)?.at_lufs(f64::from(lufs));
        Ok((Sound::chain(&[&talk, &quiet]), Judge::Ambience { from: 10_000 }))
    })
}
