//! The settings of app volume control and their ranges; plain data.

use headroom_dsp::Range;

/// The settings of app volume control, which only ever lowers a stream's volume.
///
/// Levels are RMS of the loudest channel in dBFS, where a full-scale sine reads -3.01.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AppVolumeParams {
    /// Whether it works on streams for which neither a rule nor the user says otherwise.
    pub enabled: bool,
    /// The level above which it lowers, in dBFS RMS.
    pub target_dbfs: f32,
    /// The most it lowers, in dB, as a positive number.
    pub max_cut_db: f32,
    /// Time constant (63 %) of growing reduction, in ms.
    pub attack_ms: f32,
    /// Time constant (63 %) of shrinking reduction, in ms.
    pub release_ms: f32,
}

// In-phase stereo reads 3 dB more in LUFS than one channel in dBFS RMS (BS.1770-5: 0 dBFS at 997 Hz is
// -3.01 LKFS in one channel, 0.0 in two). The loudest track of music that is normalised by AES TD1008 is
// -14 LUFS, so -17 dBFS; 3 dB of room above it leaves the swings of such a track alone.
const TARGET: Range = Range { min: -40.0, max: 0.0, default: -14.0, unit: "dBFS" };
const MAX_CUT: Range = Range { min: 0.0, max: 40.0, default: 12.0, unit: "dB" };
// Volumes are written at most every 50 ms: a shorter attack could not be kept.
const ATTACK: Range = Range { min: 50.0, max: 5000.0, default: 200.0, unit: "ms" };
const RELEASE: Range = Range { min: 100.0, max: 20_000.0, default: 2000.0, unit: "ms" };

/// Every numeric setting of app volume control by its dotted name, in the manner of [`headroom_dsp::RANGES`].
pub const APP_VOLUME_RANGES: [(&str, Range); 4] = [
    ("app_volume.target_dbfs", TARGET),
    ("app_volume.max_cut_db", MAX_CUT),
    ("app_volume.attack_ms", ATTACK),
    ("app_volume.release_ms", RELEASE),
];

impl Default for AppVolumeParams {
    fn default() -> Self {
        Self {
            enabled: false,
            target_dbfs: TARGET.default,
            max_cut_db: MAX_CUT.default,
            attack_ms: ATTACK.default,
            release_ms: RELEASE.default,
        }
    }
}
