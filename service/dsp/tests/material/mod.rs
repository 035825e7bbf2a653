//! A little real material for tests: the voice of alsa-utils, the sounds of the freedesktop theme and what espeak-ng says.

use std::{path::Path, process::Command};

use headroom_testkit::signals;

use crate::{
    library::Library,
    sound::{MS_FRAMES, RATE_HZ, Sound},
};

/// Whether this is Debian or of its family, where scripts/deps installs the material.
fn is_debian() -> bool {
    Path::new("/etc/debian_version").exists()
}

/// Real sound, or what stands in for it where there is no such package.
fn real(what: &str, sound: Option<Sound>, stand_in: impl FnOnce() -> Sound) -> Sound {
    sound.unwrap_or_else(|| {
        assert!(!is_debian(), "{what} is missing: scripts/deps installs it");
        println!("NOT REAL: {what} is missing here; synthetic sound stands in for it");
        stand_in()
    })
}

fn synthetic(seed: u64) -> Sound {
    Sound::mono(signals::speech_like(RATE_HZ, 20 * RATE_HZ as usize, -23.0, seed))
}

/// The voice of alsa-utils, again and again.
pub fn voice(ms: usize) -> Sound {
    let words = [
        "Front_Left.wav",
        "Front_Center.wav",
        "Front_Right.wav",
        "Side_Right.wav",
        "Rear_Center.wav",
    ];
    let library = Library::open(Path::new("/")).unwrap();
    let read = library.read_all("usr/share/sounds/alsa", &words, 250).ok();
    real("the voice of alsa-utils", read, || synthetic(1)).looped(0, ms)
}

/// What espeak-ng says.
pub fn spoken(ms: usize) -> Sound {
    let text = "The evening train leaves at twenty to nine from the second platform. Nobody had told them that the \
                bridge was closed, so they walked along the river until the lights of the village came in sight.";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("said.wav");
    let said = Command::new("espeak-ng")
        .args(["-v", "en-us", "-s", "160", "-w"])
        .arg(&file)
        .arg(text)
        .status();
    let read = said.is_ok_and(|status| status.success()).then(|| {
        let name = file.to_string_lossy().into_owned();
        Library::open(Path::new("/"))
            .unwrap()
            .read(name.trim_start_matches('/'), 0, 30_000)
            .unwrap()
    });
    real("what espeak-ng says", read, || synthetic(2)).looped(0, ms)
}

/// A sound of the freedesktop theme.
pub fn theme(name: &str, ms: usize) -> Sound {
    let library = Library::open(Path::new("/")).unwrap();
    let read = library.read(&format!("usr/share/sounds/freedesktop/stereo/{name}.oga"), 0, 5_000);
    let beeps = || {
        let beep = Sound::mono(signals::sine(RATE_HZ, 300 * MS_FRAMES, 2_000.0, 0.5));
        Sound::chain(&[&beep, &Sound::silence(200)])
    };
    real("sound-theme-freedesktop", read.ok(), beeps).looped(0, ms)
}

/// Pink noise.
pub fn noise(ms: usize, seed: u64) -> Sound {
    Sound::mono(signals::pink_noise(RATE_HZ, ms * MS_FRAMES, seed))
}
