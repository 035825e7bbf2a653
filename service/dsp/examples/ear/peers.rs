//! Others, as filters of ffmpeg; what does not change is measured once and kept on the disk.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::meter::Curve;
use crate::sound::{RATE_HZ, Sound};
use crate::systems::Measured;

/// Name, filter, and whether it looks ahead, which no live system of ours may. What is not ffmpeg's own runs in its LV2
/// host: compressors as people set them to level, threshold and make-up alike.
pub(crate) const PEERS: [(&str, &str, bool); 7] = [
    ("acompressor", "acompressor=threshold=0.05:ratio=8:attack=5:release=400:makeup=3", false),
    ("speechnorm", "speechnorm=e=12.5:r=0.0001:l=1", false),
    (
        "LSP comp.",
        r"lv2=plugin=http\\\://lsp-plug.in/plugins/lv2/compressor_stereo:controls=al=0.05|cr=8|at=5|rt=400|mk=3",
        false,
    ),
    (
        "Calf comp.",
        r"lv2=plugin=http\\\://calf.sourceforge.net/plugins/Compressor:controls=threshold=0.05|ratio=8|attack=5|release=400|makeup=3",
        false,
    ),
    (
        "x42 darc",
        r"lv2=plugin=http\\\://gareus.org/oss/lv2/darc#stereo:controls=inputgain=10|threshold=-30|Ratio=0.85|release=0.4",
        false,
    ),
    ("dynaudnorm", "dynaudnorm=f=250:g=11", true),
    ("loudnorm", "loudnorm=I=-18:TP=-1:LRA=7", true),
];

/// Whether ffmpeg can be run.
pub(crate) fn is_there() -> bool {
    Command::new("ffmpeg")
        .arg("-version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|s| s.success())
}

/// Whether ffmpeg knows a filter, and its host the plug-in.
pub(crate) fn can_run(name: &str) -> bool {
    filter(name, &Sound::silence(50)).is_ok()
}

/// Where measurements are kept.
#[derive(Debug)]
pub(crate) struct Cache {
    folder: PathBuf,
}

impl Cache {
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)
            .with_context(|| format!("{} cannot be made", folder.display()))?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// What a system makes of a sound: from the disk, or by measuring it.
    pub(crate) fn measured(
        &self,
        system: &str,
        sound: &Sound,
        measure: impl Fn(&Sound) -> Result<Measured>,
    ) -> Result<Measured> {
        let mut hasher = DefaultHasher::new();
        system.hash(&mut hasher);
        for x in sound.planes.iter().flatten() {
            x.to_bits().hash(&mut hasher);
        }
        let file = self.folder.join(format!("{:016x}", hasher.finish()));
        if let Ok(bytes) = fs::read(&file) {
            let values: Vec<f64> = bytes
                .chunks_exact(8)
                .map(|b| f64::from_le_bytes(b.try_into().unwrap_or_default()))
                .collect();
            if let [held, rest, energies @ ..] = &values[..] {
                let residues = held.is_finite().then_some([*held, *rest]);
                return Ok((Curve::of_energies(energies), residues));
            }
        }
        let (curve, residues) = measure(sound)?;
        let values = residues.unwrap_or([f64::NAN; 2]).into_iter().chain(curve.energies());
        fs::write(&file, values.flat_map(f64::to_le_bytes).collect::<Vec<u8>>())?;
        Ok((curve, residues))
    }
}

/// Runs a filter of ffmpeg over a sound.
pub(crate) fn filter(filter: &str, sound: &Sound) -> Result<Sound> {
    let folder = std::env::temp_dir().join(format!(
        "headroom-ear-{}-{:?}",
        std::process::id(),
        std::thread::current().id()
    ));
    fs::create_dir_all(&folder)?;
    let (from, to) = (folder.join("in.f32"), folder.join("out.f32"));
    let interleaved: Vec<u8> = sound.planes[0]
        .iter()
        .zip(&sound.planes[1])
        .flat_map(|(l, r)| [l.to_le_bytes(), r.to_le_bytes()])
        .flatten()
        .collect();
    fs::write(&from, interleaved)?;
    let rate = RATE_HZ.to_string();
    let run = Command::new("ffmpeg")
        .args([
            "-hide_banner",
            "-nostdin",
            "-nostats",
            "-y",
            "-f",
            "f32le",
            "-ar",
            &rate,
            "-ac",
            "2",
            "-i",
        ])
        .arg(&from)
        .args(["-af", filter, "-f", "f32le", "-ar", &rate, "-ac", "2"])
        .arg(&to)
        .output()
        .context("ffmpeg does not start")?;
    let bytes = fs::read(&to).unwrap_or_default();
    // What is left behind is in the folder for temporary files.
    let _ = fs::remove_dir_all(&folder);
    if !run.status.success() || bytes.is_empty() {
        bail!(
            "ffmpeg cannot run {filter}: {}",
            String::from_utf8_lossy(&run.stderr).lines().last().unwrap_or_default()
        );
    }
    let mut output = Sound::default();
    for frame in bytes.chunks_exact(8) {
        for (plane, x) in output.planes.iter_mut().zip(frame.chunks_exact(4)) {
            plane.push(f32::from_le_bytes([x[0], x[1], x[2], x[3]]));
        }
    }
    output.planes.iter_mut().for_each(|plane| plane.resize(sound.frames(), 0.0));
    Ok(output)
}
