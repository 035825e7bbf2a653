//! What passive taps cost, what steps of a soft volume sound like, and how long after a volume has moved
//! its chain knows of it.
//!
//! Run with `cargo bench -p headroom-service --bench taps`. Costs are of this machine and this
//! moment: compare ratios.

mod common;

use std::{
    collections::BTreeMap,
    f64::consts::TAU,
    io::{BufRead, Write},
    process::Stdio,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use common::cpu_seconds;
use headroom_service::{
    pw::{Command, Event, PipeWire, Tap, TapKind},
    rt::TapReader,
    state::GraphEvent,
};
use headroom_testkit::{
    meter,
    session::{Player, Session, wait_for},
    signals,
};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

const PATIENCE: Duration = Duration::from_secs(30);
const RATE_HZ: usize = 48_000;
const TONE_HZ: f64 = 997.0;
const QUANTUM: u32 = 1_024;
const MEASURED: Duration = Duration::from_secs(4);
const ROUNDS: usize = 5;
const STEPS: usize = 12;
/// Steps above this would leave nothing of the tone if each began where the one before ended.
const LARGE_DB: f64 = 3.0;
const MOVES: usize = 20;
const DATA_THREAD: Option<&str> = Some("data-loop");

fn main() -> Result<()> {
    if std::env::args().nth(1).as_deref() == Some("--driver") {
        return drive();
    }
    if common::is_only_started() {
        return Ok(());
    }
    clicks()?;
    lags()?;
    costs()
}

/// The service's side in a process of its own: reads a wanted set of taps a line.
fn drive() -> Result<()> {
    let (told, mut events) = unbounded_channel();
    let pipewire = PipeWire::spawn(Arc::default(), told)?;
    let (lines_in, lines) = std::sync::mpsc::channel();
    thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            let _ = lines_in.send(line);
        }
    });
    let mut readers: BTreeMap<u32, TapReader> = BTreeMap::new();
    loop {
        // As a subscriber at 30 Hz has it.
        match lines.recv_timeout(Duration::from_millis(33)) {
            Ok(line) => {
                let nodes =
                    line.split_whitespace().map(str::parse).collect::<Result<Vec<_>, _>>()?;
                readers.retain(|node, _| nodes.contains(node));
                let taps = nodes
                    .into_iter()
                    .map(|node| Tap { kind: TapKind::Level, node, channels: 2 })
                    .collect();
                pipewire.send(Command::SetTaps(taps));
            }
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {}
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
        }
        while let Ok(event) = events.try_recv() {
            if let Event::Tap { node, reader } = event {
                readers.insert(node, reader);
            }
        }
        for reader in readers.values_mut() {
            std::hint::black_box(reader.take());
        }
    }
    pipewire.quit();
    Ok(())
}

fn costs() -> Result<()> {
    let session = Session::start()?;
    session.force_quantum(QUANTUM)?;
    let mut command = session.command(std::env::current_exe()?);
    let mut driver = command.arg("--driver").stdin(Stdio::piped()).spawn()?;
    let pid = driver.id();
    println!(
        "\npassive taps, stereo streams, 48 kHz, quantum {QUANTUM}, read at 30 Hz, median of {ROUNDS}"
    );
    println!(
        "streams  taps   data thread us/cycle   us/cycle and tap   % of one core, all threads"
    );
    let mut players: Vec<Player> = Vec::new();
    for (streams, taps) in [(1, 0), (1, 1), (50, 0), (50, 1), (50, 10), (50, 50)] {
        while players.len() < streams {
            let noise = vec![signals::gaussian_noise(RATE_HZ, 0.01, players.len() as u64); 2];
            players.push(session.player(noise).app("Player").looping().start()?);
        }
        let nodes: Vec<_> =
            players.iter().take(taps).map(|player| player.node_id().to_string()).collect();
        writeln!(driver.stdin.as_mut().context("stdin")?, "{}", nodes.join(" "))?;
        session.wait_for_graph("the taps, linked", PATIENCE, |graph| {
            let linked = |node| {
                graph.targets(node).iter().any(|to| to.name == headroom_api::names::TAP_NODE)
            };
            let count = players.iter().filter(|player| linked(player.node_id())).count();
            (count == taps).then_some(())
        })?;
        thread::sleep(Duration::from_secs(1));
        let mut rows = Vec::new();
        for _ in 0..ROUNDS {
            let (cpu, busy, start) =
                (cpu_seconds(pid, None)?, cpu_seconds(pid, DATA_THREAD)?, Instant::now());
            thread::sleep(MEASURED / ROUNDS as u32 * 2);
            let seconds = start.elapsed().as_secs_f64();
            let cycles = seconds * RATE_HZ as f64 / f64::from(QUANTUM);
            rows.push((
                (cpu_seconds(pid, DATA_THREAD)? - busy) * 1e6 / cycles,
                (cpu_seconds(pid, None)? - cpu) / seconds * 100.0,
            ));
        }
        let cycle_us = median(rows.iter().map(|row| row.0).collect());
        let share = median(rows.iter().map(|row| row.1).collect());
        let each = if taps == 0 { 0.0 } else { cycle_us / taps as f64 };
        println!("{streams:7}  {taps:4}   {cycle_us:20.1}   {each:16.1}   {share:26.2}");
    }
    drop(driver.stdin.take());
    driver.wait()?;
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Plays a tone and moves its soft volume; prints the energy outside the tone around each step.
fn clicks() -> Result<()> {
    let session = Session::start()?;
    let (told, mut events) = unbounded_channel();
    let socket = Some(session.pipewire_socket());
    let pipewire = PipeWire::spawn_at(socket, Arc::default(), told)?;
    // A whole number of periods, so that it loops without a seam.
    let tone: Vec<f32> = (0..RATE_HZ)
        .map(|n| (0.5 * (TAU * TONE_HZ * n as f64 / RATE_HZ as f64).sin()) as f32)
        .collect();
    let player = session.player(vec![tone; 2]).looping().start()?;
    let node = player.node_id();
    wait_for("the stream's volume", PATIENCE, || told_volume(&mut events, node).then_some(()))?;
    println!(
        "steps of a soft volume on a 997 Hz tone, {STEPS} steps each: energy outside the tone in a"
    );
    println!("window of 8192 frames around the step, relative to the tone's");
    println!("step dB   median dB   worst dB   largest jump dBFS");
    for step_db in [0.0_f64, 0.1, 0.25, 0.5, 1.0, 1.5, 3.0, 6.0, 12.0, 24.0] {
        let recorder = session.record("device")?;
        recorder.wait_sound(0, 0.1, PATIENCE)?;
        let mut gain_db = 0.0;
        for _ in 0..STEPS {
            // Large ones go down from full level and back, and only those down count.
            gain_db = if step_db > LARGE_DB && gain_db < 0.0 { 0.0 } else { gain_db - step_db };
            recorder.wait_more(12_000, PATIENCE)?;
            let gain = 10.0_f64.powf(gain_db / 20.0) as f32;
            pipewire.send(Command::SetSoftVolume { node, gain });
        }
        recorder.wait_more(24_000, PATIENCE)?;
        let recording = recorder.stop()?;
        pipewire.send(Command::SetSoftVolume { node, gain: 1.0 });
        let heard: Vec<f64> = recording.channels[0].iter().map(|x| f64::from(*x)).collect();
        let from = heard.iter().position(|x| x.abs() > 0.1).context("no sound")? + 8_192;
        let places: Vec<(usize, f64)> = if step_db == 0.0 {
            (0..STEPS).map(|n| from + 12_000 * n).map(|place| (place, 0.0)).collect()
        } else {
            let every = if step_db > LARGE_DB { 2 } else { 1 };
            jumps(&heard, from).into_iter().step_by(every).collect()
        };
        let mut energies: Vec<f64> = places
            .iter()
            .filter(|(place, _)| *place + 4_096 < heard.len())
            .map(|(place, _)| {
                let around = &recording.channels[0][place - 4_096..place + 4_096];
                meter::outside_tone_db(around, RATE_HZ as u32, TONE_HZ, 8_192)
            })
            .collect();
        energies.sort_by(f64::total_cmp);
        let jump = places.iter().map(|(_, jump)| *jump).fold(1e-9, f64::max);
        println!(
            "{step_db:7.2}   {:9.1}   {:8.1}   {:17.1}   ({} found)",
            energies[energies.len() / 2],
            energies[energies.len() - 1],
            20.0 * jump.log10(),
            energies.len()
        );
    }
    pipewire.quit();
    Ok(())
}

/// Moves a stream's volume as a desktop does; prints how long after the step in the sound the loop thread
/// has told of it: before it, where that is less than nothing. The recording may stamp the step a cycle
/// late. The data thread knows with its next cycle.
fn lags() -> Result<()> {
    println!("\nvolume moved by pw-cli: from the step in the sound to its event, {MOVES} moves");
    println!("quantum   median ms   earliest ms   latest ms");
    for quantum in [256, QUANTUM] {
        let session = Session::start()?;
        session.force_quantum(quantum)?;
        let (told, mut events) = unbounded_channel();
        let socket = Some(session.pipewire_socket());
        let pipewire = PipeWire::spawn_at(socket, Arc::default(), told)?;
        let tone: Vec<f32> = (0..RATE_HZ)
            .map(|n| (0.5 * (TAU * TONE_HZ * n as f64 / RATE_HZ as f64).sin()) as f32)
            .collect();
        let player = session.player(vec![tone; 2]).looping().start()?;
        let node = player.node_id();
        wait_for("the stream's volume", PATIENCE, || told_volume(&mut events, node).then_some(()))?;
        let listener = thread::spawn(move || {
            let mut known: Vec<(i64, f32)> = Vec::new();
            while let Some(event) = events.blocking_recv() {
                let at = monotonic_ns();
                let Event::Graph(GraphEvent::Node { id, info }) = event else { continue };
                let gain = info.volume.map(|volume| volume.gain());
                if let Some(gain) = gain.filter(|_| id == node)
                    && known.last().is_none_or(|(_, before)| before.to_bits() != gain.to_bits())
                {
                    known.push((at, gain));
                }
            }
            known
        });
        let recorder = session.record("device")?;
        recorder.wait_sound(0, 0.1, PATIENCE)?;
        for number in 0..MOVES {
            recorder.wait_more(9_600, PATIENCE)?;
            let volume = if number % 2 == 0 { 0.5 } else { 1.0 };
            let props = format!("{{ channelVolumes: [{volume}, {volume}] }}");
            session.run("pw-cli", &["s", &node.to_string(), "Props", &props])?;
        }
        recorder.wait_more(24_000, PATIENCE)?;
        let recording = recorder.stop()?;
        pipewire.quit();
        let events = listener.join().map_err(|_| anyhow::anyhow!("the listener broke down"))?;
        let heard: Vec<f64> = recording.channels[0].iter().map(|x| f64::from(*x)).collect();
        let from = heard.iter().position(|x| x.abs() > 0.1).context("no sound")? + 8_192;
        let steps: Vec<i64> = jumps(&heard, from)
            .into_iter()
            .filter(|(_, jump)| *jump > 1e-3)
            .filter_map(|(frame, _)| recording.time_ns(frame))
            .collect();
        // The first is what was known before.
        let mut lags: Vec<f64> = events
            .iter()
            .skip(1)
            .filter_map(|(told, _)| {
                let lags = steps.iter().map(|at| (*told - *at) as f64 / 1e6);
                lags.min_by(|a, b| a.abs().total_cmp(&b.abs()))
            })
            .collect();
        lags.sort_by(f64::total_cmp);
        let (first, last) = (lags.first().context("no step")?, lags.last().context("no step")?);
        println!(
            "{quantum:7}   {:9.1}   {first:11.1}   {last:9.1}   ({} found)",
            lags[lags.len() / 2],
            lags.len()
        );
    }
    Ok(())
}

fn monotonic_ns() -> i64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec * 1_000_000_000 + now.tv_nsec
}

fn told_volume(events: &mut UnboundedReceiver<Event>, node: u32) -> bool {
    std::iter::from_fn(|| events.try_recv().ok()).any(
        |event| matches!(event, Event::Graph(GraphEvent::Node { id, info }) if id == node && info.volume.is_some()),
    )
}

/// Finds where a tone does not go on as a tone does, and by how much.
fn jumps(heard: &[f64], from: usize) -> Vec<(usize, f64)> {
    let turn = 2.0 * (TAU * TONE_HZ / RATE_HZ as f64).cos();
    let mut found: Vec<(usize, f64)> = Vec::new();
    for n in from..heard.len() {
        let jump = (heard[n] - (turn * heard[n - 1] - heard[n - 2])).abs();
        if jump > 1e-5 {
            match found.last_mut() {
                Some((place, most)) if n - *place < 256 => *most = most.max(jump),
                _ => found.push((n, jump)),
            }
        }
    }
    found
}
