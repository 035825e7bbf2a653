//! The shipped profiles' settings of the signal path.

use headroom_dsp::{Cap, ChainParams, CompressorParams, LevellerParams, Surge};

use crate::systems::System;

/// The settings of `default`.
pub(crate) fn default() -> ChainParams {
    without_compressor(ChainParams::default())
}

fn without_compressor(mut params: ChainParams) -> ChainParams {
    params.compressor.enabled = false;
    params
}

/// A column for each shipped profile that levels or caps.
pub(crate) fn all() -> Vec<System> {
    let with = |target_lufs: f32, max_boost_db: f32, max_cut_db: f32, surge: Surge, cap: f32| {
        ChainParams {
            leveller: LevellerParams {
                target_lufs,
                max_boost_db,
                max_cut_db,
                surge,
                ..LevellerParams::default()
            },
            cap: Cap::Lufs(cap),
            ..ChainParams::default()
        }
    };
    let speech =
        CompressorParams { threshold_db: -24.0, ratio: 3.0, ..CompressorParams::default() };
    let night = CompressorParams { threshold_db: -30.0, ratio: 4.0, ..CompressorParams::default() };
    let spikes = without_compressor(with(-18.0, 0.0, 0.0, Surge::Gentle, -9.0));
    let compressed = ChainParams { compressor: CompressorParams::default(), ..default() };
    vec![
        System::headroom("default", -18.0, default()),
        System::headroom("with compressor", -18.0, compressed),
        System::headroom(
            "speech",
            -18.0,
            ChainParams { compressor: speech, ..with(-18.0, 20.0, 24.0, Surge::Normal, -14.0) },
        ),
        System::headroom(
            "night",
            -23.0,
            ChainParams { compressor: night, ..with(-23.0, 15.0, 30.0, Surge::Strict, -19.0) },
        ),
        System::headroom("spikes", -18.0, spikes),
    ]
}
