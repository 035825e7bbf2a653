//! Prints how much a limiter pumps, how far the gain of a soft tone moves under drum hits that
//! stand 6 dB over the ceiling, and what a steady low tone 3 dB over the ceiling pays for it in
//! distortion: here, and in other limiters that are installed.
//!
//! `pumping [FOLDER]` also writes what each limiter made of the programme to FOLDER, as WAV files.
//! Others run through ffmpeg's LV2 host; what is missing is named.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

use headroom_dsp::{Layout, Limiter, LimiterParams, Lookahead, Spec};
use headroom_testkit::meter::{self, GainCurve};
use headroom_testkit::signals;

const RATE_HZ: u32 = 48_000;
const TONE_HZ: f64 = 3000.0;
const TONE: f64 = 0.05;
const SECONDS: usize = 24;
/// Hits begin after this much of the tone alone.
const LEAD_SECONDS: usize = 1;

/// Other limiters: a name, and ffmpeg's filter; a ceiling of -0.1 dB each.
const OTHERS: [(&str, &str); 5] = [
    (
        "x42-dpl, true peak, release 80 ms",
        r"lv2=plugin=http\\\://gareus.org/oss/lv2/dpl#stereo:controls=threshold=-0.1|truepeak=1|release=0.08",
    ),
    (
        "x42-dpl, true peak, release 10 ms",
        r"lv2=plugin=http\\\://gareus.org/oss/lv2/dpl#stereo:controls=threshold=-0.1|truepeak=1|release=0.01",
    ),
    (
        "LSP limiter, regulation on (default)",
        r"lv2=plugin=http\\\://lsp-plug.in/plugins/lv2/limiter_stereo:controls=th=0.98855|boost=0",
    ),
    (
        "LSP limiter, regulation off",
        r"lv2=plugin=http\\\://lsp-plug.in/plugins/lv2/limiter_stereo:controls=th=0.98855|boost=0|alr=0",
    ),
    ("ffmpeg alimiter, release 80 ms", "alimiter=limit=0.98855:attack=5:release=80:level=0"),
];

/// The tone under hits, `per_minute` of them, the first after the lead.
fn programme(per_minute: f64) -> Vec<f32> {
    let frames = SECONDS * RATE_HZ as usize;
    let lead = LEAD_SECONDS * RATE_HZ as usize;
    let over = meter::db_to_amplitude(5.9);
    let hits = signals::padded(&signals::kicks(RATE_HZ, frames - lead, per_minute, over), lead, 0);
    let tone = signals::sine(RATE_HZ, frames, TONE_HZ, TONE);
    hits.iter().zip(&tone).map(|(a, b)| a + b).collect()
}

fn ours(input: &[f32], lookahead: Lookahead) -> Result<Vec<f32>, Box<dyn Error>> {
    let mut params = LimiterParams { lookahead, ..LimiterParams::default() };
    params.soft.enabled = false;
    let mut limiter = Limiter::new(params);
    limiter.prepare(Spec { rate_hz: RATE_HZ, layout: Layout::stereo() })?;
    let (mut left, mut right) = (input.to_vec(), input.to_vec());
    limiter.process_in_place(&mut [&mut left, &mut right]);
    Ok(left)
}

/// A textbook limiter: look-ahead of 40 frames, one release of 80 ms, smoothed over the look-ahead.
fn plain(input: &[f32]) -> Vec<f32> {
    const LOOK: usize = 40;
    let factor = (-1.0 / (0.08 * f64::from(RATE_HZ))).exp();
    let mut state = 0.0_f64;
    let mut held = vec![0.0; input.len()];
    for (n, out) in held.iter_mut().enumerate() {
        let ahead = &input[n..(n + LOOK).min(input.len())];
        let peak = ahead.iter().fold(0.0_f32, |p, x| p.max(x.abs()));
        let required = (-0.15 - meter::amplitude_to_db(f64::from(peak.max(1e-9)))).min(0.0);
        state = (state * factor).min(required);
        *out = state;
    }
    (0..input.len())
        .map(|n| {
            let window = &held[n.saturating_sub(LOOK - 1)..=n];
            let gain_db = window.iter().sum::<f64>() / window.len() as f64;
            (f64::from(input[n]) * meter::db_to_amplitude(gain_db)) as f32
        })
        .collect()
}

fn write_raw(path: &Path, mono: &[f32]) -> std::io::Result<()> {
    let bytes: Vec<u8> = mono.iter().flat_map(|x| [x.to_le_bytes(); 2]).flatten().collect();
    std::fs::write(path, bytes)
}

fn ffmpeg() -> Command {
    let mut command = Command::new("ffmpeg");
    command.args(["-y", "-nostdin", "-loglevel", "error", "-f", "f32le", "-ar", "48000"]);
    command.args(["-ac", "2", "-i"]);
    command
}

/// Renders through ffmpeg; `None` if it or the plug-in is missing.
fn other(folder: &Path, input: &[f32], filter: &str) -> Result<Option<Vec<f32>>, Box<dyn Error>> {
    let (from, to) = (folder.join("in.f32"), folder.join("out.f32"));
    write_raw(&from, input)?;
    let _ = std::fs::remove_file(&to);
    let output = ffmpeg().arg(&from).args(["-af", filter, "-f", "f32le"]).arg(&to).output();
    let done = output.is_ok_and(|output| output.status.success());
    if !done {
        return Ok(None);
    }
    let bytes = std::fs::read(&to)?;
    let left = bytes.chunks_exact(8).map(|f| f32::from_le_bytes([f[0], f[1], f[2], f[3]]));
    Ok(Some(left.collect()))
}

/// Pumping in the second half, mean gain there, and recovery from a single hit.
fn print_row(name: &str, rendered: &[Vec<f32>]) {
    let curves: Vec<GainCurve> =
        rendered.iter().map(|x| GainCurve::of_tone(x, RATE_HZ, TONE_HZ, TONE)).collect();
    let [one, slow, fast, ..] = &curves[..] else { return };
    let distortion = |k: usize, frequency_hz: f64| {
        let end = SECONDS * RATE_HZ as usize - RATE_HZ as usize;
        let settled = &rendered[k][end - RATE_HZ as usize..end];
        meter::tone(settled, RATE_HZ, frequency_hz).distortion_db
    };
    let (from, to) = (12.0, 23.0);
    let recovery = one.recovery_seconds(LEAD_SECONDS as f64, 0.5);
    let peak = rendered.iter().map(|x| meter::true_peak_dbtp(x)).fold(f64::MIN, f64::max);
    println!(
        "| {name} | {:.2} / {:.2} dB | {:.2} / {:.2} dB | {:.0} ms | {:.0} / {:.0} dB | {peak:+.2} dBTP |",
        slow.depth_db(from, to),
        fast.depth_db(from, to),
        slow.mean_db(from, to),
        fast.mean_db(from, to),
        1000.0 * recovery,
        distortion(3, 60.0),
        distortion(4, 40.0),
    );
}

fn main() -> Result<(), Box<dyn Error>> {
    let kept: Option<PathBuf> = std::env::args_os().nth(1).map(PathBuf::from);
    let scratch = std::env::temp_dir().join(format!("headroom-pumping-{}", std::process::id()));
    std::fs::create_dir_all(&scratch)?;
    if let Some(folder) = &kept {
        std::fs::create_dir_all(folder)?;
    }
    let single = {
        // One hit and then the tone alone.
        let mut single = programme(60.0);
        let tone = signals::sine(RATE_HZ, single.len(), TONE_HZ, TONE);
        let end = (LEAD_SECONDS + 1) * RATE_HZ as usize - 1;
        single[end..].copy_from_slice(&tone[end..]);
        single
    };
    let over = meter::db_to_amplitude(2.9);
    let [low, lowest] =
        [60.0, 40.0].map(|f| signals::sine(RATE_HZ, SECONDS * RATE_HZ as usize, f, over));
    let inputs = [single, programme(100.0), programme(160.0), low, lowest];
    println!(
        "| limiter | gain moves, 100 / 160 hits a minute | mean gain | back within 0.5 dB after one \
         hit | THD+N of 60 / 40 Hz, 3 dB over | highest |"
    );
    println!("|---|---|---|---|---|---|");
    let report = |name: &str, rendered: &[Vec<f32>]| -> Result<(), Box<dyn Error>> {
        print_row(name, rendered);
        if let Some(folder) = &kept {
            let raw = scratch.join("keep.f32");
            write_raw(&raw, &rendered[1])?;
            let file: String =
                name.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
            ffmpeg().arg(&raw).arg(folder.join(file + ".wav")).status()?;
        }
        Ok(())
    };
    report("none", &inputs)?;
    report("plain release of 80 ms", &inputs.each_ref().map(|x| plain(x)))?;
    for (name, lookahead) in
        [("Headroom", Lookahead::Standard), ("Headroom, low look-ahead", Lookahead::Low)]
    {
        let rendered: Result<Vec<_>, _> = inputs.iter().map(|x| ours(x, lookahead)).collect();
        report(name, &rendered?)?;
    }
    for (name, filter) in OTHERS {
        let rendered: Result<Option<Vec<_>>, _> =
            inputs.iter().map(|x| other(&scratch, x, filter)).collect();
        match rendered? {
            Some(rendered) => report(name, &rendered)?,
            None => println!("| {name} | not installed | | | | |"),
        }
    }
    std::fs::remove_dir_all(&scratch)?;
    Ok(())
}
