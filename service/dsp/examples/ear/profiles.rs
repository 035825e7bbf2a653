//! The signal path of the shipped profiles, as `data/profiles/*.toml` have it.

use headroom_dsp::{Cap, ChainParams, CompressorParams, LevellerParams, Makeup, Surge};

use crate::systems::System;

/// The settings of `default`.
pub(crate) fn default() -> ChainParams {
    let mut params = ChainParams::default();
    params.compressor.enabled = false;
    params
}

fn levelled(
    target_lufs: f32,
    max_boost_db: f32,
    max_cut_db: f32,
    surge: Surge,
    cap_lufs: f32,
) -> ChainParams {
    ChainParams {
        leveller: LevellerParams { enabled: true, target_lufs, max_boost_db, max_cut_db, surge },
        cap: Cap::Lufs(cap_lufs),
        ..default()
    }
}

/// `default` with the compressor, which it leaves off.
fn compressed() -> ChainParams {
    ChainParams { compressor: CompressorParams::default(), ..default() }
}

fn speech() -> ChainParams {
    let mut params = levelled(-18.0, 20.0, 24.0, Surge::Normal, -14.0);
    params.compressor = CompressorParams {
        threshold_db: -21.0,
        ratio: 3.0,
        attack_ms: 5.0,
        release_ms: 120.0,
        makeup: Makeup::Db(0.0),
        ..CompressorParams::default()
    };
    params.limiter.soft.max_psr_db = 14.0;
    params.limiter.soft.attack_ms = 2.0;
    params
}

fn night() -> ChainParams {
    let mut params = levelled(-23.0, 15.0, 30.0, Surge::Strict, -19.0);
    params.compressor = CompressorParams {
        threshold_db: -26.0,
        ratio: 3.0,
        attack_ms: 10.0,
        makeup: Makeup::Db(0.0),
        ..CompressorParams::default()
    };
    params.limiter.ceiling_dbtp = -6.0;
    params.limiter.soft.max_psr_db = 12.0;
    params.limiter.soft.attack_ms = 2.0;
    params
}

fn spike_protection() -> ChainParams {
    let mut params = levelled(-18.0, 0.0, 0.0, Surge::Gentle, -9.0);
    params.limiter.release_ms = 60.0;
    params.limiter.soft.max_psr_db = 12.0;
    params.limiter.soft.attack_ms = 1.0;
    params.limiter.soft.release_ms = 150.0;
    params
}

/// A column for each shipped profile that levels or caps.
pub(crate) fn all() -> Vec<System> {
    [
        ("default", -18.0, default()),
        ("and compressor", -18.0, compressed()),
        ("speech", -18.0, speech()),
        ("night", -23.0, night()),
        ("spike-protection", -18.0, spike_protection()),
    ]
    .into_iter()
    .map(|(name, target_lufs, params)| System::headroom(name, target_lufs, params))
    .collect()
}
