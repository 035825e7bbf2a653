//! What an ear is owed, held on a little real material: the voice of alsa-utils, the sounds of the freedesktop theme and
//! what espeak-ng says. `cargo run --release -p headroom-dsp --example ear` measures all of it.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "the modules are those of the example, which uses all of them"
)]
#![allow(
    clippy::unwrap_used,
    clippy::needless_range_loop,
    reason = "a test that cannot go on must fail"
)]

#[path = "../examples/ear/figures.rs"]
mod figures;
#[path = "../examples/ear/library.rs"]
mod library;
mod material;
#[path = "../examples/ear/meter.rs"]
mod meter;
#[path = "../examples/ear/sound.rs"]
mod sound;

/// The part of the example's scenarios that the figures are told by.
mod scenarios {
    use crate::sound::Sound;

    #[derive(Clone, Debug)]
    pub enum Judge {
        Blast { onset: usize, end: usize, without: Sound },
        Over { onset: usize, end: usize },
        First { onset: usize },
        Playlist { clips: Vec<(usize, usize)> },
        Pauses { pauses: Vec<(usize, usize)> },
        Bang { end: usize, without: Sound },
        Music { class: &'static str },
        Talkers { turns: Vec<(usize, usize)> },
        Tone { onset: usize, hz: &'static [f64] },
        Crowd { end: usize },
        Ambience { from: usize },
    }
}

use figures::{Heard, TARGET_LUFS, figures};
use headroom_dsp::{Chain, ChainParams, Layout, Spec};
use material::{noise, spoken, theme, voice};
use meter::Curve;
use scenarios::Judge;
use sound::{RATE_HZ, Sound};

/// The settings of the profile `default`.
fn params() -> ChainParams {
    let mut params = ChainParams::default();
    params.compressor.enabled = false;
    params
}

fn heard(sound: &Sound) -> Curve {
    let mut chain = Chain::new(params());
    chain.prepare(Spec { rate_hz: RATE_HZ, layout: Layout::stereo() }).unwrap();
    let latency = chain.latency_frames();
    let mut output = sound.clone();
    output.planes.iter_mut().for_each(|plane| plane.resize(plane.len() + latency, 0.0));
    let [left, right] = &mut output.planes;
    for (left, right) in left.chunks_mut(512).zip(right.chunks_mut(512)) {
        chain.process_in_place(&mut [left, right]);
    }
    Curve::of(&output, latency)
}

/// Plays a scenario and returns a figure by its name.
fn measured(sound: &Sound, judge: &Judge) -> impl Fn(&str) -> f64 + use<> {
    let input = Curve::of(sound, 0);
    let without = match judge {
        Judge::Bang { without, .. } | Judge::Blast { without, .. } => Some(heard(without)),
        _ => None,
    };
    let heard = Heard { curve: heard(sound), without, residues: None };
    let figures = figures(judge, &input, &heard, TARGET_LUFS);
    println!("{figures:?}");
    move |name| figures.iter().find(|(figure, _)| *figure == name).unwrap().1
}

#[test]
fn blast_over_real_speech_is_held_and_speech_comes_back() {
    for (number, level, above, ms) in [
        (0, -23.0, 20.0, 20_000),
        (1, -30.0, 12.0, 2_000),
        (2, -18.0, 12.0, 300),
        (3, -30.0, 26.0, 20_000),
        (1, -23.0, 20.0, 3_000),
        (0, -30.0, 12.0, 5_000),
    ] {
        let after_ms = if ms > 5_000 { 10_000 } else { 5_000 };
        let talk =
            if number % 2 == 0 { voice(10_000 + after_ms) } else { spoken(10_000 + after_ms) };
        let talk = talk.at_lufs(level);
        let loud = if number < 2 { noise(ms, number) } else { theme("alarm-clock-elapsed", ms) }
            .at_lufs(level + above);
        let sound = talk.interrupted(&loud, 10_000);
        let judge = Judge::Blast { onset: 10_000, end: 10_000 + ms, without: talk };
        let figure = measured(&sound, &judge);
        assert!(figure("blast 100 ms") <= 7.5, "{}", figure("blast 100 ms"));
        assert!(figure("blast momentary") <= 5.2, "{}", figure("blast momentary"));
        let (back, bound) = match ms {
            0..=2_000 => ("recovery short", 0.5),
            2_001..=5_000 => ("recovery middle", 2.5),
            _ => ("recovery 20 s", 2.0),
        };
        assert!(figure(back) <= bound, "{back}: {}", figure(back));
    }
}

#[test]
fn first_real_sound_is_held() {
    for loud in [
        theme("alarm-clock-elapsed", 4_000).at_lufs(-6.0),
        noise(4_000, 5).at_lufs(-4.0),
        spoken(4_000).at_lufs(-10.0),
    ] {
        let sound = Sound::chain(&[&Sound::silence(300), &loud]);
        let figure = measured(&sound, &Judge::First { onset: 300 });
        assert!(figure("first momentary") < 4.0, "{}", figure("first momentary"));
    }
}

#[test]
fn click_over_a_real_voice_ducks_it_for_less_than_300_ms() {
    for (talk, level) in [(spoken(14_000), -30.0), (voice(14_000), -23.0)] {
        let without = talk.at_lufs(level);
        let mut sound = without.clone();
        let mut click = noise(10, 7);
        click.soften();
        sound.mix(&click.at_peak_db(0.0), 9_000);
        let figure = measured(&sound, &Judge::Bang { end: 9_010, without });
        assert!(figure("bang duck") < 300.0, "{}", figure("bang duck"));
    }
}

#[test]
fn alarm_that_comes_in_pulses_is_held_as_well() {
    let talk = spoken(30_000).at_lufs(-26.0);
    let pulse = Sound::chain(&[&theme("alarm-clock-elapsed", 250), &Sound::silence(250)]);
    let alarm = Sound::chain(&[&pulse; 20]).at_lufs(-18.0);
    let end = 10_000 + alarm.ms();
    let sound = Sound::chain(&[&talk.cut(0, 10_000), &alarm, &talk.cut(10_000, 6_000)]);
    let figure = measured(&sound, &Judge::Blast { onset: 10_000, end, without: talk });
    assert!(figure("blast momentary") <= 5.2, "{}", figure("blast momentary"));
    assert!(figure("exposure 20 s") <= 0.4, "{}", figure("exposure 20 s"));
}

#[test]
fn real_voices_of_any_level_come_out_alike() {
    let (mut sound, mut clips) = (Sound::default(), Vec::new());
    for (number, level) in [-26.0, -14.0, -20.0, -29.0, -11.0].into_iter().enumerate() {
        let talk = if number % 2 == 0 { spoken(9_000) } else { voice(9_000) };
        let begin = sound.ms();
        sound.push(&talk.at_lufs(level));
        clips.push((begin, sound.ms()));
    }
    let figure = measured(&sound, &Judge::Playlist { clips });
    assert!(figure("evenness over perfect") < 1.0, "{}", figure("evenness over perfect"));
}

#[test]
fn noise_floor_of_a_real_voice_stays_down_in_its_pauses() {
    let talk = spoken(20_000).at_lufs(-23.0);
    let rest = Sound::silence(2_500);
    let mut sound = Sound::chain(&[
        &talk.cut(0, 9_000),
        &rest,
        &talk.cut(9_000, 4_000),
        &rest,
        &talk.cut(13_000, 3_000),
    ]);
    sound.mix(&noise(sound.ms(), 6).at_lufs(-43.0), 0);
    let figure =
        measured(&sound, &Judge::Pauses { pauses: vec![(9_000, 11_500), (15_500, 18_000)] });
    assert!(figure("pause rise") < 2.0, "{}", figure("pause rise"));
}
