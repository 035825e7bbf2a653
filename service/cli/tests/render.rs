//! `headroom render`, by the files it writes and the independent meter.

#![allow(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod common;

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::Output,
    time::{Duration, Instant},
};

use common::{headroom, json, send, stderr, stdout};
use headroom_testkit::{
    meter::{delay_frames, sample_peak_dbfs_planar, true_peak_dbtp_planar},
    signals::{corpus, padded_planar},
};
use hound::{SampleFormat, WavReader, WavSpec, WavWriter};
use rustix::process::Signal;
use tempfile::TempDir;

/// Reading error that the meter is allowed, in dB.
const METER_DB: f64 = 0.01;

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn render(&self, arguments: &[&str]) -> Output {
        let mut words = vec!["render"];
        words.extend(arguments);
        headroom(&words).current_dir(self.0.path()).output().unwrap()
    }

    /// Returns what the folder holds, sorted.
    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

#[derive(Clone, Copy, Debug)]
enum Format {
    Pcm(u16),
    Float,
}

fn write(path: &Path, rate_hz: u32, channels: &[Vec<f32>], format: Format) {
    let (bits_per_sample, sample_format) = match format {
        Format::Pcm(bits) => (bits, SampleFormat::Int),
        Format::Float => (32, SampleFormat::Float),
    };
    let spec = WavSpec {
        channels: channels.len() as u16,
        sample_rate: rate_hz,
        bits_per_sample,
        sample_format,
    };
    let mut writer = WavWriter::create(path, spec).unwrap();
    let scale = 2_f64.powi(i32::from(bits_per_sample) - 1);
    for frame in 0..channels[0].len() {
        for channel in channels {
            match format {
                Format::Pcm(_) => {
                    let value = (f64::from(channel[frame]) * scale).round();
                    writer.write_sample(value.clamp(-scale, scale - 1.0) as i32).unwrap();
                }
                Format::Float => writer.write_sample(channel[frame]).unwrap(),
            }
        }
    }
    writer.finalize().unwrap();
}

fn read(path: &Path) -> (WavSpec, Vec<Vec<f32>>) {
    let mut reader = WavReader::open(path).unwrap();
    let spec = reader.spec();
    let samples: Vec<f32> = match spec.sample_format {
        SampleFormat::Float => reader.samples::<f32>().map(Result::unwrap).collect(),
        SampleFormat::Int => {
            let scale = 2_f64.powi(1 - i32::from(spec.bits_per_sample));
            let level = |sample: Result<i32, _>| (f64::from(sample.unwrap()) * scale) as f32;
            reader.samples::<i32>().map(level).collect()
        }
    };
    let count = usize::from(spec.channels);
    let channel = |index| samples.iter().skip(index).step_by(count).copied().collect();
    (spec, (0..count).map(channel).collect())
}

fn hostile(rate_hz: u32, frames: usize, channels: usize) -> Vec<Vec<f32>> {
    let signal = corpus().iter().find(|signal| signal.name.contains("pink")).unwrap();
    signal.planar(rate_hz, frames, channels, 7)
}

#[test]
fn every_format_keeps_its_length_and_the_ceiling() {
    let folder = Folder::new();
    for (rate_hz, channels) in [(44_100, 1), (48_000, 2), (48_000, 6), (96_000, 8), (192_000, 2)] {
        let signal = hostile(rate_hz, 20_000, channels);
        for format in [Format::Pcm(16), Format::Pcm(24), Format::Pcm(32), Format::Float] {
            write(&folder.path("in.wav"), rate_hz, &signal, format);
            for (bits, stored) in [("16", 16), ("24", 24), ("32f", 32)] {
                let output = folder.render(&[
                    "in.wav",
                    "out.wav",
                    "--force",
                    "--bits",
                    bits,
                    "--ceiling",
                    "-1",
                ]);
                assert!(output.status.success(), "{}", stderr(&output));
                let (spec, rendered) = read(&folder.path("out.wav"));
                let case = format!("{rate_hz} Hz, {channels} channels, {format:?} to {bits}");
                assert_eq!(spec.sample_rate, rate_hz, "{case}");
                assert_eq!(spec.bits_per_sample, stored, "{case}");
                assert_eq!(rendered.len(), channels, "{case}");
                assert_eq!(rendered[0].len(), 20_000, "{case}");
                let peak_dbfs = sample_peak_dbfs_planar(&rendered);
                assert!(peak_dbfs <= -1.0, "{case}: sample peak {peak_dbfs}");
                let true_peak_dbtp = true_peak_dbtp_planar(&rendered);
                assert!(true_peak_dbtp <= -1.0 + METER_DB, "{case}: {true_peak_dbtp} dBTP");
                assert!(true_peak_dbtp > -20.0, "{case}: there is sound, {true_peak_dbtp} dBTP");
            }
        }
    }
}

#[test]
fn no_hostile_file_is_above_the_ceiling_even_where_it_was_cut() {
    let folder = Folder::new();
    for signal in corpus() {
        for (frames, bits) in [(30_000, "32f"), (30_000, "16"), (60, "32f")] {
            write(
                &folder.path("in.wav"),
                48_000,
                &signal.planar(48_000, frames, 2, 3),
                Format::Float,
            );
            let output = folder.render(&["in.wav", "out.wav", "--force", "--bits", bits]);
            assert!(output.status.success(), "{}: {}", signal.name, stderr(&output));
            let (_, rendered) = read(&folder.path("out.wav"));
            let true_peak_dbtp = true_peak_dbtp_planar(&rendered);
            assert!(
                true_peak_dbtp <= -0.1 + METER_DB,
                "{}, {frames} frames, {bits}: {true_peak_dbtp} dBTP",
                signal.name
            );
        }
    }
}

#[test]
fn a_file_that_begins_and_ends_at_full_force_keeps_the_ceiling() {
    // Found by search: cut without a fade, these read up to 0.35 dB above the ceiling.
    let folder = Folder::new();
    let mut faded = 0;
    for cycles_per_frame in [0.44_f64, 0.46, 0.48] {
        for phase in 0..4 {
            for frames in [600, 6000] {
                let sign = |n: usize| {
                    let cycles = cycles_per_frame * n as f64 + f64::from(phase) / 16.0;
                    if (std::f64::consts::TAU * cycles).cos() < 0.0 { -30.0 } else { 30.0 }
                };
                let signal: Vec<f32> = (0..frames).map(sign).collect();
                write(&folder.path("in.wav"), 48_000, &[signal], Format::Float);
                // The limiter alone, so that it has all to do.
                let limiter = ["--profile", "transparent"];
                let words = [&["in.wav", "out.wav", "--force", "--json"][..], &limiter].concat();
                let report = json(&folder.render(&words));
                let (_, rendered) = read(&folder.path("out.wav"));
                let true_peak_dbtp = true_peak_dbtp_planar(&rendered);
                let case = format!("{cycles_per_frame} cycles, phase {phase}, {frames} frames");
                assert!(true_peak_dbtp <= -0.1 + METER_DB, "{case}: {true_peak_dbtp} dBTP");
                faded +=
                    usize::from(report["faded"]["start"] == true || report["faded"]["end"] == true);
            }
        }
    }
    assert!(faded > 0, "the test has something to do");
}

#[test]
fn channels_keep_their_places() {
    let folder = Folder::new();
    let signal = hostile(48_000, 1000, 6);
    write(&folder.path("in.wav"), 48_000, &signal, Format::Pcm(16));
    let mask = |name: &str| std::fs::read(folder.path(name)).unwrap()[40..44].to_vec();
    let mut bytes = std::fs::read(folder.path("in.wav")).unwrap();
    // 5.1 with the surround pair at the sides.
    bytes[40..44].copy_from_slice(&[0x0f, 0x06, 0, 0]);
    std::fs::write(folder.path("in.wav"), bytes).unwrap();
    assert!(folder.render(&["in.wav", "out.wav"]).status.success());
    assert_eq!(mask("out.wav"), mask("in.wav"));
}

#[test]
fn a_damaged_header_is_never_a_crash() {
    let folder = Folder::new();
    write(&folder.path("good.wav"), 48_000, &hostile(48_000, 200, 3), Format::Pcm(24));
    let good = std::fs::read(folder.path("good.wav")).unwrap();
    for position in 0..68 {
        for value in [0x00, 0x01, 0x7f, 0xff] {
            let mut bytes = good.clone();
            bytes[position] = value;
            std::fs::write(folder.path("in.wav"), bytes).unwrap();
            let output = folder.render(&["in.wav", "out.wav", "--force"]);
            let code = output.status.code();
            assert!(
                matches!(code, Some(0 | 1)),
                "byte {position} = {value:#x}: {code:?}, {}",
                stderr(&output)
            );
            assert!(!stderr(&output).contains("panicked"), "byte {position} = {value:#x}");
        }
    }
}

#[test]
fn the_output_stands_where_the_input_stood() {
    let folder = Folder::new();
    for rate_hz in [44_100, 48_000, 96_000] {
        let quiet: Vec<Vec<f32>> = hostile(rate_hz, 30_000, 2)
            .into_iter()
            .map(|channel| channel.into_iter().map(|x| x * 0.003).collect())
            .collect();
        let signal = padded_planar(&quiet, 1000, 0);
        write(&folder.path("in.wav"), rate_hz, &signal, Format::Float);
        // What changes its level in time is not what is tested.
        let words = ["in.wav", "out.wav", "--force", "--profile", "transparent"];
        let output = folder.render(&words);
        assert!(output.status.success(), "{}", stderr(&output));
        let (_, rendered) = read(&folder.path("out.wav"));
        for (input, output) in signal.iter().zip(&rendered) {
            let delay = delay_frames(input, output).unwrap();
            assert_eq!(delay.frames, 0, "{rate_hz} Hz");
            assert!(delay.correlation > 0.98, "{rate_hz} Hz: {}", delay.correlation);
            assert!(output[..1000].iter().all(|x| x.abs() < 1e-4), "silence stays silence");
        }
        let last = rendered[0][30_900..].iter().fold(0.0_f32, |peak, x| peak.max(x.abs()));
        assert!(last > 1e-4, "the end is driven out of the chain, not lost");
    }
}

#[test]
fn silence_stays_silence_in_every_format() {
    let folder = Folder::new();
    write(&folder.path("in.wav"), 48_000, &[vec![0.0; 5000]], Format::Pcm(16));
    for bits in ["16", "24", "32f"] {
        let output = folder.render(&["in.wav", "out.wav", "--force", "--bits", bits]);
        assert!(output.status.success(), "{}", stderr(&output));
        assert!(stdout(&output).contains("silence"));
        assert_eq!(read(&folder.path("out.wav")).1, [vec![0.0; 5000]]);
    }
}

#[test]
fn the_report_agrees_with_the_independent_meter() {
    let folder = Folder::new();
    let signal = hostile(48_000, 96_000, 2);
    write(&folder.path("in.wav"), 48_000, &signal, Format::Float);
    let report = json(&folder.render(&["in.wav", "out.wav", "--json"]));
    let (_, rendered) = read(&folder.path("out.wav"));
    // The meters differ most near half the rate, where the input has sound and the output has none.
    for (side, audio, tolerance_db) in [("before", &signal, 0.25), ("after", &rendered, 0.05)] {
        let told = report[side]["true-peak-dbtp"].as_f64().unwrap();
        let measured = true_peak_dbtp_planar(audio);
        assert!((told - measured).abs() < tolerance_db, "{side}: told {told}, measured {measured}");
        let told = report[side]["sample-peak-dbfs"].as_f64().unwrap();
        assert!((told - sample_peak_dbfs_planar(audio)).abs() < 0.001, "{side}: {told}");
    }
    assert_eq!(report["frames"], 96_000);
    assert_eq!(report["latency-frames"], 69);
    assert!(report["gain-db"]["limiter-hard"]["min"].as_f64().unwrap() < 0.0);
    assert_eq!(report["clamp-activations"], 0);
}

#[test]
fn samples_that_are_no_numbers_are_told_and_harmless() {
    let folder = Folder::new();
    let mut signal = vec![0.1_f32; 10_000];
    signal[5000] = f32::NAN;
    signal[5001] = f32::INFINITY;
    write(&folder.path("in.wav"), 48_000, &[signal], Format::Float);
    let output = folder.render(&["in.wav", "out.wav"]);
    assert!(
        stdout(&output).contains("2 samples of the input were no numbers"),
        "{}",
        stdout(&output)
    );
    assert!(read(&folder.path("out.wav")).1[0].iter().all(|x| x.is_finite()));
}

#[test]
fn the_plot_is_an_svg_with_both_sides() {
    let folder = Folder::new();
    write(&folder.path("in.wav"), 48_000, &hostile(48_000, 20_000, 2), Format::Pcm(16));
    let output = folder.render(&["in.wav", "out.wav", "--plot", "out.svg"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let svg = std::fs::read_to_string(folder.path("out.svg")).unwrap();
    assert!(svg.starts_with("<svg") && svg.contains("before") && svg.contains("ceiling"));
    let output = folder.render(&["in.wav", "other.wav", "--plot", "out.svg"]);
    assert_eq!(output.status.code(), Some(1), "an existing plot is not overwritten");
    assert_eq!(folder.names(), ["in.wav", "out.svg", "out.wav"]);
}

#[test]
fn an_empty_sound_is_rendered_to_an_empty_sound() {
    let folder = Folder::new();
    write(&folder.path("in.wav"), 48_000, &[vec![]], Format::Float);
    let output = folder.render(&["in.wav", "out.wav", "--plot", "out.svg"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(read(&folder.path("out.wav")).1[0].is_empty());
}

#[test]
fn what_cannot_be_read_is_refused_and_leaves_nothing_behind() {
    let folder = Folder::new();
    let good = hostile(48_000, 5000, 2);
    write(&folder.path("good.wav"), 48_000, &good, Format::Pcm(16));
    let whole = std::fs::read(folder.path("good.wav")).unwrap();
    std::fs::write(folder.path("empty.wav"), []).unwrap();
    std::fs::write(folder.path("garbage.wav"), [0x5a; 4096]).unwrap();
    std::fs::write(folder.path("header.wav"), &whole[..20]).unwrap();
    std::fs::write(folder.path("cut.wav"), &whole[..whole.len() / 2]).unwrap();
    write(&folder.path("slow.wav"), 8000, &good, Format::Pcm(16));
    write(&folder.path("many.wav"), 48_000, &vec![vec![0.0; 10]; 9], Format::Pcm(16));
    write(&folder.path("narrow.wav"), 48_000, &good, Format::Pcm(8));
    std::fs::create_dir(folder.path("folder.wav")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(folder.path("pipe.wav")).status().unwrap();
    assert!(made.success());
    let before = folder.names();
    for (name, words) in [
        ("missing.wav", "cannot be read"),
        ("empty.wav", "is not a WAV file"),
        ("garbage.wav", "is not a WAV file"),
        ("header.wav", "is not a WAV file"),
        ("cut.wav", "is cut off after"),
        ("slow.wav", "rate of 8000 Hz; 44100 to 192000 Hz"),
        ("many.wav", "9 channels; 1 to 8"),
        ("narrow.wav", "8-bit PCM"),
        ("pipe.wav", "is a named pipe and not a regular file"),
        ("folder.wav", "is a directory and not a regular file"),
    ] {
        let output = folder.render(&[name, "out.wav"]);
        assert_eq!(output.status.code(), Some(1), "{name}: {}", stderr(&output));
        assert!(stderr(&output).contains(words), "{name}: {}", stderr(&output));
        assert!(stderr(&output).contains(name), "{name}: {}", stderr(&output));
        assert_eq!(folder.names(), before, "{name}");
    }
}

#[test]
fn the_input_is_never_overwritten_by_whatever_name() {
    let folder = Folder::new();
    write(&folder.path("in.wav"), 48_000, &hostile(48_000, 5000, 1), Format::Pcm(16));
    let original = std::fs::read(folder.path("in.wav")).unwrap();
    std::os::unix::fs::symlink("in.wav", folder.path("link.wav")).unwrap();
    std::fs::hard_link(folder.path("in.wav"), folder.path("hard.wav")).unwrap();
    for output in ["in.wav", "./in.wav", "link.wav", "hard.wav"] {
        let output = folder.render(&["in.wav", output, "--force"]);
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    }
    let output = folder.render(&["in.wav", "out.wav", "--plot", "in.wav", "--force"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    let output = folder.render(&["in.wav", "out.wav", "--plot", "./out.wav", "--force"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert_eq!(std::fs::read(folder.path("in.wav")).unwrap(), original);
}

#[test]
fn an_interrupt_leaves_nothing_behind() {
    let folder = Folder::new();
    // Some seconds of work: long enough to be caught at it.
    let channel = vec![0.1; 192_000 * 10];
    write(&folder.path("in.wav"), 192_000, &vec![channel; 8], Format::Pcm(16));
    for signal in [Signal::INT, Signal::TERM] {
        let mut child = headroom(&["render", "in.wav", "out.wav"])
            .current_dir(folder.0.path())
            .spawn()
            .unwrap();
        let end = Instant::now() + Duration::from_secs(20);
        while folder.names().len() < 2 {
            assert!(Instant::now() < end, "it does not begin");
            std::thread::sleep(Duration::from_millis(5));
        }
        send(&child, signal);
        assert_eq!(child.wait().unwrap().code(), Some(1), "{signal:?}");
        assert_eq!(folder.names(), ["in.wav"], "{signal:?}");
    }
}

#[test]
fn an_existing_output_is_overwritten_only_by_force() {
    let folder = Folder::new();
    write(&folder.path("in.wav"), 48_000, &hostile(48_000, 5000, 1), Format::Pcm(16));
    std::fs::File::create(folder.path("out.wav")).unwrap().write_all(b"precious").unwrap();
    let output = folder.render(&["in.wav", "out.wav"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("--force"), "{}", stderr(&output));
    assert_eq!(std::fs::read(folder.path("out.wav")).unwrap(), b"precious");
    assert!(folder.render(&["in.wav", "out.wav", "--force"]).status.success());
    assert_eq!(read(&folder.path("out.wav")).1[0].len(), 5000);
    let output = folder.render(&["in.wav", "nowhere/out.wav"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("cannot be written"), "{}", stderr(&output));
}

#[test]
fn options_out_of_range_are_refused_with_what_is_accepted() {
    let folder = Folder::new();
    write(&folder.path("in.wav"), 48_000, &hostile(48_000, 100, 1), Format::Float);
    let output = folder.render(&["in.wav", "out.wav", "--ceiling", "0"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("-12 to -0.1"), "{}", stderr(&output));
    assert_eq!(folder.render(&["in.wav", "out.wav", "--bits", "12"]).status.code(), Some(2));
    let output = folder.render(&["in.wav", "out.wav", "--profile", "loud"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("what exists is: bypass-all, default, night"),
        "{}",
        stderr(&output)
    );
    let output = folder.render(&["in.wav", "out.wav", "--profile", "nigth"]);
    assert!(stderr(&output).contains("Did you mean 'night'?"), "{}", stderr(&output));
    assert_eq!(folder.names(), ["in.wav"]);
}

#[test]
fn shipped_and_own_profiles_can_be_rendered_with() {
    let folder = Folder::new();
    write(&folder.path("in.wav"), 48_000, &hostile(48_000, 48_000, 2), Format::Float);
    let profiles = folder.path("headroom/profiles");
    std::fs::create_dir_all(&profiles).unwrap();
    let mine = "extends = \"transparent\"\n[limiter]\nceiling_dbtp = -6\n";
    std::fs::write(profiles.join("mine.toml"), mine).unwrap();
    let render = |arguments: &[&str]| {
        let mut words = vec!["render", "in.wav", "out.wav", "--force", "--json"];
        words.extend(arguments);
        let mut command = headroom(&words);
        command.current_dir(folder.0.path()).env("XDG_CONFIG_HOME", folder.0.path());
        command.output().unwrap()
    };
    for name in ["bypass-all", "default", "night", "speech", "spike-protection", "transparent"] {
        let report = json(&render(&["--profile", name]));
        assert_eq!(report["profile"], name);
        let peak = true_peak_dbtp_planar(&read(&folder.path("out.wav")).1);
        assert!(peak <= report["ceiling-dbtp"].as_f64().unwrap() + METER_DB, "{name}: {peak}");
    }
    assert_eq!(json(&render(&["--profile", "mine"]))["ceiling-dbtp"], -6.0);
    let peak = true_peak_dbtp_planar(&read(&folder.path("out.wav")).1);
    assert!((-7.0..=-6.0 + METER_DB).contains(&peak), "{peak}");

    std::fs::write(profiles.join("loud.toml"), "\n[leveller]\nloudness = 1\n").unwrap();
    let output = render(&["--profile", "loud"]);
    assert_eq!(output.status.code(), Some(1));
    let told = stderr(&output);
    assert!(told.contains("loud.toml, line 3") && told.contains("nothing was rendered"), "{told}");
    assert!(render(&["--profile", "mine"]).status.success(), "another's fault is none of its");
    // What stands in the file is wanted, and not the shipped profile of that name.
    std::fs::write(profiles.join("night.toml"), "leveller = 1\n").unwrap();
    assert_eq!(render(&["--profile", "night"]).status.code(), Some(1));
}

#[test]
fn a_surge_and_the_cap_are_told_with_what_they_held() {
    let folder = Folder::new();
    let noise = |seconds: usize, gain: f32, seed: u64| -> Vec<f32> {
        let noise = headroom_testkit::signals::pink_noise(48_000, seconds * 48_000, seed);
        noise.iter().map(|x| x * gain).collect()
    };
    // Quiet for as long as the leveller needs to know it, then 30 dB louder at once.
    let signal = [noise(5, 0.03, 1), noise(2, 1.0, 2)].concat();
    write(&folder.path("in.wav"), 48_000, &[signal.clone(), signal], Format::Float);
    let report = json(&folder.render(&["in.wav", "out.wav", "--json"]));
    assert!(report["gain-db"]["surge"]["min"].as_f64().unwrap() < -6.0, "{report:#}");
    let loudest = |side: &str| report[side]["max-momentary-lufs"].as_f64().unwrap();
    assert!(loudest("after") < loudest("before") - 6.0, "{report:#}");
    let told = stdout(&folder.render(&["in.wav", "out.wav", "--force"]));
    assert!(told.contains("A surge was turned down by up to "), "{told}");
    assert!(told.contains("Highest momentary loudness"), "{told}");
}

#[test]
fn settings_are_changed_for_one_file_by_set() {
    let folder = Folder::new();
    write(&folder.path("in.wav"), 48_000, &hostile(48_000, 48_000, 2), Format::Float);
    let off = ["leveller.enabled=off", "compressor.enabled=no", "limiter.soft.enabled=false"];
    let mut words = vec!["in.wav", "out.wav", "--json", "--set", "limiter.ceiling_dbtp=-6 dB"];
    words.extend(off.iter().flat_map(|pair| ["--set", pair]));
    let report = json(&folder.render(&words));
    assert_eq!(report["ceiling-dbtp"], -6.0);
    for stage in ["leveller", "surge", "compressor", "limiter-soft"] {
        assert_eq!(
            report["gain-db"][stage],
            serde_json::json!({"min": 0.0, "max": 0.0}),
            "{report:#}"
        );
    }
    for (pair, why) in [
        ("limiter.ceiling_dbtp=0", "-12 to -0.1 dBTP"),
        ("limiter.ceiling_dbtp=loud", "-12 to -0.1 dBTP"),
        ("limiter.cieling_dbtp=-1", "did you mean 'limiter.ceiling_dbtp'"),
        ("compressor.detector=peek", "Did you mean 'peak'?"),
        ("app_volume.enabled=on", "a file is none"),
        ("agc.target_lufs=-20", "agc.target_lufs is now leveller.target_lufs"),
    ] {
        let output = folder.render(&["in.wav", "out.wav", "--force", "--set", pair]);
        assert_eq!(output.status.code(), Some(2), "{pair}: {}", stderr(&output));
        assert!(stderr(&output).contains(why), "{pair}: {}", stderr(&output));
    }
}
