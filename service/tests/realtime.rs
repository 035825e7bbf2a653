//! The data thread's part neither allocates, frees, locks nor calls the system.
//!
//! Allocation is watched from inside, by an allocator that aborts; the system's calls from outside,
//! by strace, on the real service while it plays.

use assert_no_alloc::{AllocDisabler, assert_no_alloc};
use headroom_dsp::{Chain, ChainParams, DynamicsState, Layout, Lookahead, Spec};
use headroom_service::rt::{CycleTime, Vitals, bridge, exposure, tap};
use headroom_testkit::{meter, signals};

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

fn process(processor: &mut headroom_service::rt::Processor, left: &mut [f32], right: &mut [f32]) {
    assert_no_alloc(|| processor.process(&mut [left, right]));
}

#[test]
fn processing_and_every_order_are_free_of_allocation() {
    let vitals = std::sync::Arc::new(Vitals::default());
    let (mut remote, mut processor) = bridge(ChainParams::default(), vitals.clone());
    let mut reader = remote.take_meter_reader().expect("the first to ask gets it");
    let (mut left, mut right) = (vec![0.9; 8192], vec![-0.9; 8192]);
    // Before any format: silence.
    process(&mut processor, &mut left[..64], &mut right[..64]);
    assert_eq!(vitals.snapshot().unready_cycles, 1);
    assert!(left[..64].iter().all(|sample| *sample == 0.0));
    for rate_hz in [48_000, 96_000, 44_100, 192_000, 48_000] {
        remote.set_format(Spec { rate_hz, layout: Layout::stereo() }).expect("a usual rate");
        for frames in [1, 64, 1024, 8192, 333] {
            left.fill(1.7);
            right.fill(-1.7);
            process(&mut processor, &mut left[..frames], &mut right[..frames]);
        }
        reader.set_metering(true);
        process(&mut processor, &mut left[..256], &mut right[..256]);
        assert!(reader.read().is_some(), "metering was on");
        reader.set_metering(false);
        remote.stream_volume().store(-9.3);
        process(&mut processor, &mut left[..256], &mut right[..256]);
        remote.stream_volume().store(0.0);
        remote.share().store(2);
        process(&mut processor, &mut left[..256], &mut right[..256]);
        remote.share().store(1);
        remote.set_params(ChainParams { dynamics_bypassed: true, ..ChainParams::default() });
        remote.reset();
        process(&mut processor, &mut left[..256], &mut right[..256]);
        remote.set_params(ChainParams::default());
        // What came back is freed here, on the control side.
        remote.flush();
    }
    assert_eq!(vitals.snapshot().clamp_activations, 0);
    assert!(vitals.snapshot().cycles > 30);
}

#[test]
fn levelling_is_taken_over_after_a_short_pause_alone() {
    let (mut remote, mut processor) = bridge(ChainParams::default(), std::sync::Arc::default());
    remote.set_format(Spec { rate_hz: 48_000, layout: Layout::stereo() }).expect("a usual rate");
    let mut cycle = || {
        let (mut left, mut right) = (vec![0.1; 64], vec![0.1; 64]);
        process(&mut processor, &mut left, &mut right);
    };
    cycle();
    let state = DynamicsState { gain_db: -9.0, compressor_db: -3.0, ..DynamicsState::default() };
    remote.hand_over(ChainParams::default(), Some(state), 0);
    // What is wished for later, before anything was played, does not take it away.
    remote.set_params(ChainParams { trim_db: 1e-3, ..ChainParams::default() });
    cycle();
    let gain_db = |remote: &headroom_service::rt::Remote| remote.dynamics_state().gain_db;
    assert!((gain_db(&remote) - -9.0).abs() < 0.1, "{:?}", remote.dynamics_state());
    remote.set_format(Spec { rate_hz: 96_000, layout: Layout::stereo() }).expect("a usual rate");
    cycle();
    assert!((gain_db(&remote) - -9.0).abs() < 0.1, "{:?}", remote.dynamics_state());
    // It is taken over once.
    remote.set_params(ChainParams::default().for_bus());
    for _ in 0..200 {
        cycle();
    }
    remote.set_params(ChainParams::default());
    cycle();
    assert!(gain_db(&remote).abs() < 0.1, "{:?}", remote.dynamics_state());
    remote.hand_over(ChainParams::default(), Some(state), 0);
    for _ in 0..200 {
        cycle();
    }
    remote.reset();
    cycle();
    assert!((gain_db(&remote) - -9.0).abs() < 0.1, "{:?}", remote.dynamics_state());
    std::thread::sleep(std::time::Duration::from_millis(2_010));
    remote.reset();
    cycle();
    assert!(gain_db(&remote).abs() < 0.1, "{:?}", remote.dynamics_state());
}

#[test]
fn handover_happens_in_the_cycle_that_was_named() {
    let (mut remote, mut processor) = bridge(ChainParams::default(), std::sync::Arc::default());
    remote.set_format(Spec { rate_hz: 48_000, layout: Layout::stereo() }).expect("a usual rate");
    let mut cycle = |start_ns: i64| {
        assert_no_alloc(|| processor.begin_cycle(start_ns));
        let (mut left, mut right) = (vec![0.1; 64], vec![0.1; 64]);
        process(&mut processor, &mut left, &mut right);
    };
    cycle(10_000);
    assert_eq!(remote.cycle_ns(), 10_000);
    let state = DynamicsState { gain_db: -9.0, ..DynamicsState::default() };
    remote.hand_over(ChainParams::default(), Some(state), 10_100);
    for (start_ns, expected) in [(10_064, 0.0), (10_128, -9.0)] {
        cycle(start_ns);
        let gain_db = remote.dynamics_state().gain_db;
        assert!((gain_db - expected).abs() < 0.1, "{gain_db} dB at {start_ns}");
    }
    // By another clock, that moment may never come.
    let state = DynamicsState { gain_db: -5.0, ..DynamicsState::default() };
    remote.hand_over(ChainParams::default(), Some(state), 10_000_000_000);
    cycle(64);
    assert!((remote.dynamics_state().gain_db - -5.0).abs() < 0.1);
}

#[test]
fn a_cycle_is_held_against_the_graphs_clock() {
    const QUANTUM_NS: i64 = 1024 * 1_000_000_000 / 48_000;
    let vitals = std::sync::Arc::new(Vitals::default());
    let (mut remote, mut processor) = bridge(ChainParams::default(), vitals.clone());
    remote.set_format(Spec { rate_hz: 48_000, layout: Layout::stereo() }).expect("a usual rate");
    let (mut left, mut right) = (vec![0.1; 1024], vec![0.1; 1024]);
    // Each runs a cycle at this position that ends so long after its start.
    let mut cycle = |position: u64, frames: u32, took_ns: i64| {
        let length = frames as usize;
        process(&mut processor, &mut left[..length], &mut right[..length]);
        let start_ns = 1_000_000 + i64::try_from(position).expect("a small number") * 1000;
        let time =
            CycleTime { start_ns, end_ns: start_ns + took_ns, position_frames: position, frames };
        assert_no_alloc(|| {
            processor.begin_cycle(start_ns);
            processor.end_cycle(time);
        });
        let vitals = vitals.snapshot();
        assert!(!vitals.in_cycle);
        (vitals.overdue_cycles, vitals.missed_cycles)
    };
    assert_eq!(cycle(5000, 1024, 100_000), (0, 0));
    assert_eq!(cycle(6024, 1024, QUANTUM_NS + 1), (1, 0));
    assert_eq!(cycle(7048, 1024, QUANTUM_NS), (1, 0));
    assert_eq!(cycle(7048 + 4 * 1024, 1024, 0), (1, 3));
    // Another length, a clock that begins anew and a long pause are no gaps.
    assert_eq!(cycle(7048 + 40 * 1024, 256, 0), (1, 3));
    assert_eq!(cycle(0, 256, 0), (1, 3));
    assert_eq!(cycle(256 * 5000, 256, 0), (1, 3));
    remote.reset();
    assert_eq!(cycle(256 * 5010, 256, 0), (1, 3));
    assert_eq!(cycle(256 * 5012, 256, 0), (1, 4));
}

#[test]
fn a_tap_counts_without_allocation() {
    let (mut meter, mut reader) = tap();
    let block = vec![0.5; 8192];
    for frames in [1, 64, 1023, 8192] {
        // More channels than it listens to as well.
        for channel in 0..10 {
            assert_no_alloc(|| meter.add(channel, &block[..frames]));
        }
        let reading = assert_no_alloc(|| reader.take()).expect("it was counted");
        assert_eq!((reading.peak, reading.frames), (0.5, frames as u64));
    }
}

#[test]
fn exposure_is_counted_without_allocation_at_any_rate() {
    let (mut meter, mut reader) = exposure();
    let block = vec![0.5; 8192];
    for (frames, rate_hz) in [(1, 48_000), (64, 44_100), (1023, 192_000), (8192, 48_000)] {
        for channel in 0..10 {
            assert_no_alloc(|| meter.add(channel, &block[..frames], rate_hz));
        }
        let reading = assert_no_alloc(|| reader.take()).expect("it was counted");
        let played_s = frames as f64 / f64::from(rate_hz);
        assert!((reading.played_s - played_s).abs() < 1e-9, "{reading:?}");
    }
}

#[test]
fn unread_meter_costs_nothing_and_loses_no_peak() {
    let (mut remote, mut processor) = bridge(ChainParams::default(), std::sync::Arc::default());
    let mut reader = remote.take_meter_reader().expect("the first to ask gets it");
    remote.set_format(Spec { rate_hz: 48_000, layout: Layout::stereo() }).expect("a usual rate");
    reader.set_metering(true);
    let mut block = [vec![0.0; 256], vec![0.0; 256]];
    for cycle in 0..100 {
        let level = if cycle == 50 { 0.5 } else { 0.001 };
        for channel in &mut block {
            channel.fill(level);
        }
        let [left, right] = &mut block;
        process(&mut processor, left, right);
        if cycle == 0 {
            assert!(reader.read().is_some());
        }
    }
    // The slot holds the cycle after the last read; the peak piles up for the next.
    assert!(reader.read().is_some());
    let [left, right] = &mut block;
    process(&mut processor, left, right);
    let peak = reader.read().expect("there is a new reading").input_peak_dbfs;
    assert!((peak - -6.02).abs() < 0.1, "{peak} dBFS");
}

#[test]
fn orders_that_nobody_takes_do_not_pile_up_without_end() {
    let (mut remote, mut processor) = bridge(ChainParams::default(), std::sync::Arc::default());
    for round in 0..200 {
        let rate_hz = if round % 2 == 0 { 48_000 } else { 96_000 };
        remote.set_format(Spec { rate_hz, layout: Layout::stereo() }).expect("a usual rate");
        remote.reset();
    }
    let (mut left, mut right) = (vec![0.5; 64], vec![0.5; 64]);
    for _ in 0..50 {
        process(&mut processor, &mut left, &mut right);
        remote.flush();
    }
    assert_eq!(processor.rate_hz(), 96_000, "the last format is in force");
}

fn with_lookahead(lookahead: Lookahead) -> ChainParams {
    let mut params = ChainParams::default();
    params.limiter.lookahead = lookahead;
    params
}

#[test]
fn look_ahead_change_fades_under_the_ceiling_unallocated() {
    let (rate_hz, block) = (48_000, 480);
    let spec = Spec { rate_hz, layout: Layout::stereo() };
    let signal = signals::find("clipped-pink-x4").expect("it is in the corpus");
    let mut audio = signals::padded_planar(&signal.planar(rate_hz, 72_000, 2, 3), 480, 480);
    let steady = audio.clone();
    let vitals = std::sync::Arc::new(Vitals::default());
    let (mut remote, mut processor) = bridge(ChainParams::default(), vitals.clone());
    assert_eq!(remote.set_params(with_lookahead(Lookahead::Low)), None, "no format, no latency");
    assert_eq!(remote.set_params(ChainParams::default()), None);
    let standard = remote.set_format(spec).expect("a usual rate");
    let mut reader = remote.take_meter_reader().expect("the first to ask gets it");
    reader.set_metering(true);
    let mut alone = Chain::new(ChainParams::default());
    alone.prepare(spec).expect("a usual rate");
    let mut expected = steady;

    let mut lookahead = Lookahead::Standard;
    for (cycle, start) in (0..audio[0].len()).step_by(block).enumerate() {
        if cycle % 10 == 5 {
            lookahead = match lookahead {
                Lookahead::Standard => Lookahead::Low,
                Lookahead::Low => Lookahead::Standard,
            };
            let latency = remote.set_params(with_lookahead(lookahead));
            assert_eq!(latency, Chain::latency_frames_for(rate_hz, lookahead));
            assert_eq!(remote.set_params(with_lookahead(lookahead)), None, "nothing new");
        }
        let [left, right] = &mut audio[..] else { unreachable!() };
        process(&mut processor, &mut left[start..start + block], &mut right[start..start + block]);
        let [left, right] = &mut expected[..] else { unreachable!() };
        alone.process_in_place(&mut [
            &mut left[start..start + block],
            &mut right[start..start + block],
        ]);
        let (ours, alone) = (reader.read().expect("metering is on"), alone.take_meters());
        assert_eq!(
            ours.leveller_db.to_bits(),
            alone.leveller_db.to_bits(),
            "levelling does not start anew"
        );
    }
    assert_eq!(Some(standard), Chain::latency_frames_for(rate_hz, Lookahead::Standard));
    let peak_dbtp = meter::true_peak_dbtp_planar(&audio);
    assert!(peak_dbtp <= -0.1 + 0.01, "{peak_dbtp} dBTP");
    assert_eq!(vitals.snapshot().clamp_activations, 0);
}

#[test]
fn last_of_untaken_changes_wins_in_the_right_format() {
    let (mut remote, mut processor) = bridge(ChainParams::default(), std::sync::Arc::default());
    let mut latency = None;
    for round in 0..300 {
        let rate_hz = if round % 3 == 0 { 48_000 } else { 96_000 };
        if round % 7 == 0 {
            let spec = Spec { rate_hz, layout: Layout::stereo() };
            latency = Some(remote.set_format(spec).expect("a usual rate"));
        }
        let lookahead = if round % 2 == 0 { Lookahead::Low } else { Lookahead::Standard };
        latency = remote.set_params(with_lookahead(lookahead)).or(latency);
    }
    let (mut left, mut right) = (vec![0.0; 512], vec![0.0; 512]);
    for _ in 0..100 {
        process(&mut processor, &mut left, &mut right);
        remote.flush();
    }
    // An impulse low enough to stay untouched by the limiter tells the delay.
    left[0] = 0.001;
    process(&mut processor, &mut left, &mut right);
    let peak = left.iter().copied().fold(0.0, f32::max);
    assert!(peak > 0.0, "the impulse arrived");
    assert_eq!(left.iter().position(|x| *x >= peak), latency);
}
