//! Runs a filter of ffmpeg over a recording, and finds what the filter alone costs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{RATE_HZ, Stereo};

/// Runs `filter`; returns its output and its cost in ns per frame, less what ffmpeg costs with a
/// filter that does nothing.
///
/// # Errors
/// Why it cannot run, in one line.
pub(crate) fn run(filter: &str, input: &Stereo) -> Result<(Stereo, f64), String> {
    let files = Files::new().map_err(|error| error.to_string())?;
    let interleaved: Vec<u8> = input[0]
        .iter()
        .zip(&input[1])
        .flat_map(|(left, right)| [left.to_le_bytes(), right.to_le_bytes()])
        .flatten()
        .collect();
    fs::write(files.input(), interleaved).map_err(|error| error.to_string())?;
    let idle_s = files.filter("anull")?;
    let busy_s = files.filter(filter)?;
    let bytes = fs::read(files.output()).map_err(|error| error.to_string())?;
    let mut output = [Vec::new(), Vec::new()];
    for frame in bytes.chunks_exact(8) {
        for (channel, sample) in output.iter_mut().zip(frame.chunks_exact(4)) {
            channel.push(f32::from_le_bytes([sample[0], sample[1], sample[2], sample[3]]));
        }
    }
    if output[0].is_empty() {
        return Err("it gave nothing back".to_owned());
    }
    Ok((output, (busy_s - idle_s).max(0.0) * 1e9 / input[0].len() as f64))
}

/// A folder that goes when this does.
struct Files(PathBuf);

impl Files {
    fn new() -> std::io::Result<Self> {
        let path = std::env::temp_dir().join(format!("headroom-compare-{}", std::process::id()));
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    fn input(&self) -> PathBuf {
        self.0.join("input.f32")
    }

    fn output(&self) -> PathBuf {
        self.0.join("output.f32")
    }

    /// Runs a filter from the one file to the other; returns the processor time in seconds.
    fn filter(&self, filter: &str) -> Result<f64, String> {
        let raw = |path: &Path| -> [String; 7] {
            let rate = RATE_HZ.to_string();
            ["-f", "f32le", "-ar", &rate, "-ac", "2", &path.to_string_lossy()].map(str::to_owned)
        };
        let [format, f32le, rate, hz, channels, two, input] = raw(&self.input());
        let run = Command::new("ffmpeg")
            .args(["-hide_banner", "-nostdin", "-nostats", "-benchmark", "-y"])
            .args([&format, &f32le, &rate, &hz, &channels, &two, "-i", &input])
            .args(["-af", filter])
            .args(raw(&self.output()))
            .output()
            .map_err(|error| format!("ffmpeg does not start: {error}"))?;
        let said = String::from_utf8_lossy(&run.stderr);
        if !run.status.success() {
            let why = said.lines().find(|line| {
                ["Could not", "Failed", "No such", "not found", "Cannot"]
                    .iter()
                    .any(|w| line.contains(w))
            });
            return Err(why.unwrap_or("ffmpeg has no such filter or plug-in").trim().to_owned());
        }
        let time = |key: &str| -> Option<f64> {
            let rest = said.split_once("bench: ")?.1.split_once(key)?.1;
            rest.split('s').next()?.parse().ok()
        };
        match (time("utime="), time("stime=")) {
            (Some(user_s), Some(system_s)) => Ok(user_s + system_s),
            _ => Err("ffmpeg did not say what it cost".to_owned()),
        }
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        // What is left behind is in the folder for temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}
