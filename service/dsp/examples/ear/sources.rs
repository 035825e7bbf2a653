//! What scenarios are made of: voices, music, blasts, drums, ambience.

use anyhow::{Result, bail};
use headroom_testkit::signals;

use crate::library::Library;
use crate::sound::{MS_FRAMES, RATE_HZ, Sound};

const ALLISON: &str = "usr/share/asterisk/sounds/en_US_f_Allison";
const MOH: &str = "usr/share/asterisk/moh";
const WESNOTH: &str = "usr/share/games/wesnoth/1.16/data/core/music";
const SAMPLES: &str = "usr/share/sonic-pi/samples";
const THEME: &str = "usr/share/sounds/freedesktop/stereo";

/// From this number on, sources are others than below it: the scenarios of `fresh.txt` have them.
pub(crate) const UNHEARD: usize = 1_000;

/// A voice that only fresh scenarios have.
fn unheard_speech(library: &Library, number: usize, ms: usize) -> Result<Sound> {
    let voice = match number % 4 {
        0 => library.read("speech/espeak-c.wav", 0, 60_000)?,
        1 => library.read_all(ALLISON, &["basic-pbx-ivr-main.wav"], 300)?,
        2 => library.read_all(ALLISON, &["conf-adminmenu-18.wav", "vm-newuser.wav"], 350)?,
        _ => library.read_all(ALLISON, &["screen-callee-options.wav", "tt-allbusy.wav"], 300)?,
    };
    Ok(voice.looped(0, ms))
}

/// A voice by number, at its own level.
pub(crate) fn speech(library: &Library, number: usize, ms: usize) -> Result<Sound> {
    if number >= UNHEARD {
        return unheard_speech(library, number - UNHEARD, ms);
    }
    let voice = match number % 6 {
        0 => library.read_all(ALLISON, &["demo-instruct.wav"], 300)?,
        1 => library.read("speech/espeak-a.wav", 0, 60_000)?,
        2 => library.read_all(
            ALLISON,
            &["priv-callee-options.wav", "demo-echotest.wav", "vm-options.wav"],
            350,
        )?,
        3 => library.read("speech/espeak-b.wav", 0, 60_000)?,
        4 => {
            let words = [
                "Front_Left",
                "Front_Center",
                "Front_Right",
                "Side_Right",
                "Rear_Right",
                "Rear_Center",
                "Rear_Left",
                "Side_Left",
            ];
            let files: Vec<String> = words.iter().map(|word| format!("{word}.wav")).collect();
            let files: Vec<&str> = files.iter().map(String::as_str).collect();
            library.read_all("usr/share/sounds/alsa", &files, 250)?
        }
        _ => library.read_all(
            ALLISON,
            &["demo-congrats.wav", "demo-abouttotry.wav", "demo-moreinfo.wav"],
            300,
        )?,
    };
    Ok(voice.looped(0, ms))
}

/// A piece of music that only fresh scenarios have.
fn unheard_music(library: &Library, number: usize, ms: usize) -> Result<Sound> {
    const PIECES: [(&str, usize); 14] = [
        ("battle-epic", 25),
        ("main_menu", 20),
        ("knalgan_theme", 15),
        ("the_city_falls", 40),
        ("elf-land", 20),
        ("northern_mountains", 30),
        ("weight_of_revenge", 25),
        ("into_the_shadows", 30),
        ("legends_of_the_north", 35),
        ("the_deep_path", 30),
        ("journeys_end", 20),
        ("nunc_dimittis", 15),
        ("silvan_sanctuary", 20),
        ("revelation", 15),
    ];
    let (file, from_s) = PIECES[number % PIECES.len()];
    Ok(library.read(&format!("{WESNOTH}/{file}.ogg"), from_s * 1000, ms)?.looped(0, ms))
}

/// Folder, file and second from which on it is played.
const PIECES: [(&str, &str, usize); 24] = [
    (WESNOTH, "battle.ogg", 20),
    (MOH, "macroform-cold_day.wav", 15),
    (WESNOTH, "knolls.ogg", 40),
    (WESNOTH, "the_dangerous_symphony.ogg", 30),
    (MOH, "macroform-robot_dity.wav", 20),
    (WESNOTH, "love_theme.ogg", 10),
    (WESNOTH, "frantic.ogg", 15),
    (WESNOTH, "suspense.ogg", 50),
    (MOH, "reno_project-system.wav", 40),
    (WESNOTH, "traveling_minstrels.ogg", 25),
    (WESNOTH, "siege_of_laurelmor.ogg", 30),
    (MOH, "macroform-the_simplicity.wav", 30),
    (WESNOTH, "vengeful.ogg", 60),
    (WESNOTH, "wanderer.ogg", 30),
    (WESNOTH, "loyalists.ogg", 10),
    (WESNOTH, "northerners.ogg", 40),
    (WESNOTH, "elvish-theme.ogg", 15),
    (MOH, "manolo_camp-morning_coffee.wav", 5),
    (WESNOTH, "breaking_the_chains.ogg", 20),
    (WESNOTH, "the_king_is_dead.ogg", 20),
    (WESNOTH, "casualties_of_war.ogg", 40),
    (WESNOTH, "underground.ogg", 5),
    (WESNOTH, "heroes_rite.ogg", 20),
    (WESNOTH, "return_to_wesnoth.ogg", 40),
];

/// A piece of music by number.
pub(crate) fn music(library: &Library, number: usize, ms: usize) -> Result<Sound> {
    if number >= UNHEARD {
        return unheard_music(library, number - UNHEARD, ms);
    }
    let (folder, file, from_s) = PIECES[number % PIECES.len()];
    Ok(library.read(&format!("{folder}/{file}"), from_s * 1000, ms)?.looped(0, ms))
}

/// What a blast consists of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Blast {
    Music,
    Noise,
    Impacts,
    Alarm,
    Scream,
    Swell,
    Tone,
}

impl Blast {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Music => "music",
            Self::Noise => "noise",
            Self::Impacts => "impacts",
            Self::Alarm => "alarm",
            Self::Scream => "scream",
            Self::Swell => "swell",
            Self::Tone => "tone",
        }
    }
}

/// Something loud by kind and number, at its own level.
pub(crate) fn blast(library: &Library, kind: Blast, number: usize, ms: usize) -> Result<Sound> {
    let frames = ms * MS_FRAMES;
    let seed = number as u64 + 1;
    let is_unheard = number >= UNHEARD;
    Ok(match kind {
        Blast::Music if is_unheard => music(library, number, ms)?,
        Blast::Music => music(library, [0, 4, 8, 6, 12, 18, 1][number % 7], ms)?,
        Blast::Noise if number.is_multiple_of(2) => {
            Sound::mono(signals::gaussian_noise(frames, 0.2, seed))
        }
        Blast::Noise => Sound::mono(signals::pink_noise(RATE_HZ, frames, seed)),
        Blast::Impacts => {
            let files = if is_unheard {
                [
                    "bd_haus",
                    "elec_snare",
                    "drum_splash_hard",
                    "bass_drop_c",
                    "glitch_perc2",
                    "sn_dub",
                    "bd_boom",
                ]
            } else {
                [
                    "drum_heavy_kick",
                    "misc_cineboom",
                    "drum_snare_hard",
                    "perc_impact1",
                    "drum_tom_lo_hard",
                    "drum_cymbal_hard",
                    "perc_impact2",
                ]
            };
            let mut hits = Sound::silence(ms);
            let mut at = 0;
            for hit in 0.. {
                let file = files[(hit * 3 + number) % files.len()];
                hits.mix(&library.read(&format!("{SAMPLES}/{file}.flac"), 0, 1_500)?, at);
                at += 180 + (hit * 137 + number * 53) % 420;
                if at >= ms {
                    break;
                }
            }
            hits
        }
        Blast::Alarm if is_unheard => {
            let file = ["phone-outgoing-busy", "dialog-warning", "bell"][number % 3];
            library.read(&format!("{THEME}/{file}.oga"), 0, 10_000)?.looped(0, ms)
        }
        Blast::Alarm => match number % 3 {
            0 => {
                library.read(&format!("{THEME}/alarm-clock-elapsed.oga"), 0, 10_000)?.looped(0, ms)
            }
            1 => {
                library.read(&format!("{THEME}/phone-incoming-call.oga"), 0, 10_000)?.looped(0, ms)
            }
            _ => {
                // A smoke alarm: 3.1 kHz, half a second on, half a second off.
                let tone = signals::sine(RATE_HZ, 500 * MS_FRAMES, 3_100.0, 0.5);
                Sound::chain(&[&Sound::mono(tone), &Sound::silence(500)]).looped(0, ms)
            }
        },
        Blast::Scream => {
            library.read(&format!("{ALLISON}/tt-monkeys.wav"), 0, 20_000)?.looped(500, ms)
        }
        Blast::Swell => {
            let mut noise = Sound::mono(signals::pink_noise(RATE_HZ, frames, seed));
            for plane in &mut noise.planes {
                for (i, x) in plane.iter_mut().take(150 * MS_FRAMES).enumerate() {
                    *x *= i as f32 / (150 * MS_FRAMES) as f32;
                }
            }
            noise
        }
        Blast::Tone => Sound::mono(signals::sine(RATE_HZ, frames, 1_000.0, 0.5)),
    })
}

/// Drums by name; the sparse ones are single hits with rests between them.
pub(crate) fn drums(library: &Library, name: &str, ms: usize) -> Result<Sound> {
    let hits = |files: &[&str], every_ms: usize| -> Result<Sound> {
        let mut sound = Sound::silence(ms);
        for (number, at) in (0..ms).step_by(every_ms).enumerate() {
            let file = files[number % files.len()];
            sound.mix(&library.read(&format!("{SAMPLES}/{file}.flac"), 0, 1_200)?, at);
        }
        Ok(sound)
    };
    let whole = |file: &str| -> Result<Sound> {
        Ok(library.read(&format!("{SAMPLES}/{file}.flac"), 0, 30_000)?.looped(0, ms))
    };
    match name {
        "sparse-kick" => hits(&["drum_heavy_kick", "drum_heavy_kick", "drum_snare_hard"], 900),
        "sparse-tabla" => hits(&["tabla_ghe3", "tabla_na", "tabla_tun1", "tabla_ke2"], 700),
        "sparse-toms" => hits(&["drum_tom_lo_hard", "drum_tom_mid_soft", "drum_bass_hard"], 1_100),
        "amen" => whole("loop_amen_full"),
        "sparse-bd" => hits(&["bd_haus", "bd_808", "sn_dub"], 1_000),
        "loop-tabla" => whole("loop_tabla"),
        "loop-mika" => whole("loop_mika"),
        "loop-safari" => whole("loop_safari"),
        _ => bail!("there are no drums called {name}"),
    }
}

/// Slow random movement of a level, in dB, around zero.
fn flutter(ms: usize, depth_db: f64, seed: u64) -> Vec<f32> {
    let steps = ms / 400 + 3;
    let points = signals::gaussian_noise(steps, depth_db, seed);
    (0..ms * MS_FRAMES)
        .map(|i| {
            let at = i as f32 / (400 * MS_FRAMES) as f32;
            let (k, share) = (at as usize, at.fract());
            let eased = share * share * (3.0 - 2.0 * share);
            let db = points[k] + eased * (points[k + 1] - points[k]);
            10.0_f32.powf(db.clamp(-15.0, 12.0) / 20.0)
        })
        .collect()
}

/// Background by name, at its own level.
pub(crate) fn ambience(library: &Library, kind: &str, ms: usize) -> Result<Sound> {
    let frames = ms * MS_FRAMES;
    let moved = |mut samples: Vec<f32>, depth_db: f64, seed: u64| {
        for (x, gain) in samples.iter_mut().zip(flutter(ms, depth_db, seed)) {
            *x *= gain;
        }
        Sound::mono(samples)
    };
    Ok(match kind {
        "white" => Sound::mono(signals::gaussian_noise(frames, 0.1, 11)),
        "pink" => Sound::mono(signals::pink_noise(RATE_HZ, frames, 12)),
        "hum" => {
            let mut hum = Sound::silence(ms);
            for (harmonic, amplitude) in [(1.0, 0.2), (2.0, 0.1), (3.0, 0.05), (5.0, 0.02)] {
                hum.mix(
                    &Sound::mono(signals::sine(RATE_HZ, frames, 50.0 * harmonic, amplitude)),
                    0,
                );
            }
            hum
        }
        "hiss" => library.read(&format!("{SAMPLES}/vinyl_hiss.flac"), 0, 8_000)?.looped(0, ms),
        "room" => {
            library.read(&format!("{SAMPLES}/ambi_haunted_hum.flac"), 1_000, 5_000)?.looped(0, ms)
        }
        "wind" => moved(signals::pink_noise(RATE_HZ, frames, 13), 3.0, 14),
        "sauna" => library.read(&format!("{SAMPLES}/ambi_sauna.flac"), 0, 10_000)?.looped(0, ms),
        "rumble" => {
            library.read(&format!("{SAMPLES}/ambi_lunar_land.flac"), 0, 8_000)?.looped(0, ms)
        }
        "crowd" => moved(signals::pink_noise(RATE_HZ, frames, 17), 1.5, 18),
        "birds" => {
            let (mut sound, mut at, mut seed) = (
                moved(signals::pink_noise(RATE_HZ, frames, 15), 1.0, 16).amplified(-24.0),
                0,
                1_usize,
            );
            while at + 150 < ms {
                let hz = 2_500.0 + (seed * 977 % 2_500) as f64;
                let mut chirp = Sound::mono(signals::sine(RATE_HZ, 110 * MS_FRAMES, hz, 0.05));
                chirp.soften();
                sound.mix(&chirp, at);
                at += 160 + seed * 389 % 900;
                seed += 1;
            }
            sound
        }
        _ => bail!("there is no ambience called {kind}"),
    })
}
