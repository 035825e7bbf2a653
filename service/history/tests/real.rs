//! What is a catch and what is everyday levelling, held on real material through the chains of an application and the bus.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::needless_range_loop,
    reason = "the modules are those of the benchmark `ear`, which uses all of them"
)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

#[path = "../../dsp/examples/ear/library.rs"]
mod library;
#[path = "../../dsp/tests/material/mod.rs"]
mod material;
#[path = "../../dsp/examples/ear/meter.rs"]
mod meter;
#[path = "../../dsp/examples/ear/sound.rs"]
mod sound;

use std::time::Duration;

use headroom_api::{CatchRow, CaughtBy};
use headroom_dsp::{BlockMeters, Cap, Chain, ChainParams, Layout, Role, Spec};
use headroom_history::{HELD_DB, Judge, Reading};
use material::{noise, spoken, theme, voice};
use sound::{RATE_HZ, Sound};

const BLOCK_FRAMES: usize = 480;
const START_USEC: u64 = 1_800_000_000_000_000;

fn prepared(role: Role, params: ChainParams) -> Chain {
    let mut chain = Chain::with_role(role, params);
    chain.prepare(Spec { rate_hz: RATE_HZ, layout: Layout::stereo() }).unwrap();
    chain
}

/// Adds a block to a reading, as the service does.
fn add(sum: &mut Reading, app: &BlockMeters, bus: &BlockMeters) {
    let block_s = BLOCK_FRAMES as f32 / RATE_HZ as f32;
    sum.played_s += block_s;
    let depths = [app.surge_db, bus.cap_db, bus.limiter_soft_db, bus.limiter_hard_db];
    sum.held_s += if depths.iter().any(|db| *db < HELD_DB) { block_s } else { 0.0 };
    sum.peak_in_dbfs = sum.peak_in_dbfs.max(app.input_peak_dbfs);
    sum.momentary_in_lufs = sum.momentary_in_lufs.max(app.momentary_in_lufs);
    sum.momentary_out_lufs = sum.momentary_out_lufs.max(bus.momentary_out_lufs);
    (sum.short_in_lufs, sum.short_out_lufs) = (app.short_term_in_lufs, bus.short_term_out_lufs);
    sum.surge_db = sum.surge_db.min(depths[0]);
    sum.cap_db = sum.cap_db.min(depths[1]);
    sum.soft_db = sum.soft_db.min(depths[2]);
    sum.hard_db = sum.hard_db.min(depths[3]);
}

fn empty() -> Reading {
    Reading {
        app: "mpv".into(),
        peak_in_dbfs: -120.0,
        momentary_in_lufs: -120.0,
        momentary_out_lufs: -120.0,
        ..Reading::default()
    }
}

/// Plays a sound; returns what was caught, and the deepest each stage went.
fn caught(what: &str, sound: &Sound) -> Vec<CatchRow> {
    let mut params = ChainParams { cap: Cap::Lufs(-12.0), ..ChainParams::default() };
    params.compressor.enabled = false;
    let (mut app, mut bus) = (prepared(Role::App, params), prepared(Role::Bus, params.for_bus()));
    let mut judge = Judge::default();
    let (mut sum, mut rows, mut deepest) = (empty(), Vec::new(), [0.0_f32; 4]);
    let [mut left, mut right] = sound.planes.clone();
    let blocks = left.chunks_mut(BLOCK_FRAMES).zip(right.chunks_mut(BLOCK_FRAMES));
    for (number, (left, right)) in (1_u64..).zip(blocks) {
        let mut io = [left, right];
        app.process_in_place(&mut io);
        let app_meters = app.note_block();
        bus.process_in_place(&mut io);
        add(&mut sum, &app_meters, &bus.note_block());
        if number.is_multiple_of(100) {
            let now = Duration::from_millis(number * 10);
            for (deepest, db) in
                deepest.iter_mut().zip([sum.surge_db, sum.cap_db, sum.soft_db, sum.hard_db])
            {
                *deepest = deepest.min(db);
            }
            let reading = std::mem::replace(&mut sum, empty());
            rows.extend(judge.take(&[reading], now, START_USEC + number * 10_000).catches);
        }
    }
    rows.extend(judge.rest().catches);
    println!("{what}: {} caught; surge, cap, soft, hard at the deepest: {deepest:.1?}", rows.len());
    rows
}

#[test]
fn blast_over_real_speech_is_one_catch() {
    for (what, talk, loud, level, above, ms) in [
        ("noise of 0.3 s", voice(20_000), noise(300, 4), -23.0, 20.0, 300),
        ("noise of 2 s", spoken(20_000), noise(2_000, 4), -30.0, 20.0, 2_000),
        ("noise of 20 s", voice(20_000), noise(20_000, 4), -23.0, 20.0, 20_000),
        ("an alarm clock", spoken(20_000), theme("alarm-clock-elapsed", 5_000), -23.0, 15.0, 5_000),
        ("a bell", voice(20_000), theme("bell", 700), -26.0, 20.0, 700),
        ("noise 12 LU above", voice(20_000), noise(2_000, 4), -23.0, 12.0, 2_000),
    ] {
        let talk = talk.at_lufs(level);
        let loud = loud.at_lufs(level + above);
        let sound = Sound::chain(&[&talk.cut(0, 10_000), &loud, &talk.cut(10_000, 10_000)]);
        let rows = caught(what, &sound);
        assert_eq!(rows.len(), 1, "{what}: {rows:?}");
        let row = &rows[0];
        assert!(matches!(row.by.known(), Some(CaughtBy::Surge | CaughtBy::Cap)), "{row:?}");
        let began_s = (row.begin_usec - START_USEC) as f64 / 1e6;
        assert!((9.0..11.5).contains(&began_s), "{what} began at {began_s}");
        assert!(row.held_s <= f64::from(ms) / 1000.0 + 1.5, "{what}: {row:?}");
        assert!(row.saved_lu() >= 3.0, "{what}: {row:?}");
    }
}

#[test]
fn everyday_programme_is_no_catch() {
    for level in [-30.0, -23.0, -18.0] {
        assert!(caught(&format!("a voice at {level}"), &voice(40_000).at_lufs(level)).is_empty());
        assert!(caught(&format!("speech at {level}"), &spoken(40_000).at_lufs(level)).is_empty());
    }
    let soft =
        Sound::chain(&[&Sound::silence(5_000), &theme("message-new-instant", 600).at_lufs(-32.0)]);
    assert!(caught("a message over silence", &soft).is_empty());
    // Two people, one louder than the other, in turns.
    let (near, far) = (voice(20_000).at_lufs(-20.0), spoken(20_000).at_lufs(-25.0));
    let mut talk = Sound::default();
    for turn in 0..5 {
        talk.push(&near.cut(turn * 4_000, 4_000));
        talk.push(&far.cut(turn * 4_000, 4_000));
    }
    assert!(caught("two people", &talk).is_empty());
}
