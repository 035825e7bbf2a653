//! What the service costs in a real graph: time per cycle and per frame, memory, wake-ups.
//!
//! Run with `cargo bench -p headroom-service --bench graph`. Figures are of this machine and this
//! moment: compare ratios.

mod common;
#[path = "common/running.rs"]
mod running;

use std::{fs, thread, time::Duration};

use anyhow::{Context, Result};
use common::cpu_seconds;
use headroom_api::{ControlProxy, Dict, dict_f64, dict_str, dict_u32, dict_u64};
use headroom_testkit::{
    session::{Process, Session, wait_for},
    signals,
};

const PATIENCE: Duration = Duration::from_secs(20);
const MEASURED: Duration = Duration::from_secs(4);
const RATE_HZ: usize = 48_000;

fn main() -> Result<()> {
    running::run(measure())
}

async fn measure() -> Result<()> {
    let session = Session::start()?;
    let (service, control) = running::start(&session).await?;
    let material: Vec<Vec<f32>> =
        (0..2).map(|seed| signals::gaussian_noise(RATE_HZ, 1.0, seed)).collect();
    println!("stereo, 48 kHz, noise at +12 dB over full scale, default profile");
    println!("quantum   us/cycle   worst us   ns/frame   % of one core");
    for quantum in [64, 256, 1024, 2048] {
        session.force_quantum(quantum)?;
        let player = session.player(material.clone()).app("Firefox").looping().start()?;
        settle(&control, quantum).await?;
        let before = control.health().await?;
        let (cpu_before, start) = (cpu_seconds(service.pid(), None)?, std::time::Instant::now());
        tokio::time::sleep(MEASURED).await;
        let after = control.health().await?;
        let share =
            (cpu_seconds(service.pid(), None)? - cpu_before) / start.elapsed().as_secs_f64();
        let cycles = count(&after, "cycles") - count(&before, "cycles");
        let frames = count(&after, "frames") - count(&before, "frames");
        let busy_us = dict_f64(&after, "busy-us").context("busy-us")?
            - dict_f64(&before, "busy-us").context("busy-us")?;
        println!(
            "{quantum:7}   {:8.1}   {:8.1}   {:8.1}   {:13.2}",
            busy_us / cycles,
            dict_f64(&after, "worst-cycle-us").context("worst-cycle-us")?,
            busy_us * 1000.0 / frames,
            share * 100.0
        );
        player.stop(&session)?;
    }
    session.force_quantum(0)?;
    println!("\nmemory    resident {} kB while playing", resident_kb(&service)?);
    let output = control.output().await?;
    println!(
        "latency   {} frames, {:.2} ms",
        dict_u32(&output, "latency-frames").context("latency-frames")?,
        dict_f64(&output, "latency-ms").context("latency-ms")?
    );
    let health = control.health().await?;
    println!(
        "health    PipeWire {}, WirePlumber {}, {} late cycles, {} clamps",
        dict_str(&health, "pipewire-version").context("pipewire-version")?,
        dict_str(&health, "wireplumber-version").context("wireplumber-version")?,
        count(&health, "late-cycles"),
        count(&health, "clamp-activations"),
    );
    drop(control);
    // At rest: PipeWire suspends what nobody plays to some seconds after the last sound.
    wait_for("rest", PATIENCE, || {
        let before = wake_ups(&service).ok()?;
        thread::sleep(Duration::from_millis(1500));
        (wake_ups(&service).ok()? == before).then_some(())
    })?;
    let before = wake_ups(&service)?;
    thread::sleep(MEASURED);
    println!(
        "idle      {} wake-ups in {} s, resident {} kB",
        wake_ups(&service)? - before,
        MEASURED.as_secs(),
        resident_kb(&service)?
    );
    Ok(())
}

async fn settle(control: &ControlProxy<'_>, quantum: u32) -> Result<()> {
    let start = std::time::Instant::now();
    let mut seen = 0.0;
    while start.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let health = control.health().await?;
        let frames = count(&health, "frames");
        let cycles = count(&health, "cycles");
        if seen > 0.0 && frames > seen {
            return Ok(());
        }
        seen = if cycles > 0.0 { frames } else { 0.0 };
    }
    anyhow::bail!("nothing plays at a quantum of {quantum}")
}

fn count(health: &Dict, key: &str) -> f64 {
    dict_u64(health, key).unwrap_or(0) as f64
}

fn status_field(process: &Process, task: Option<&str>, name: &str) -> Result<u64> {
    let path = match task {
        Some(task) => format!("/proc/{}/task/{task}/status", process.pid()),
        None => format!("/proc/{}/status", process.pid()),
    };
    let status = fs::read_to_string(path)?;
    let line = status.lines().find(|line| line.starts_with(name)).context("no such field")?;
    Ok(line.split_whitespace().nth(1).context("no value")?.parse()?)
}

fn resident_kb(process: &Process) -> Result<u64> {
    status_field(process, None, "VmRSS:")
}

fn wake_ups(process: &Process) -> Result<u64> {
    let tasks = wait_for("the threads", PATIENCE, || {
        fs::read_dir(format!("/proc/{}/task", process.pid())).ok()
    })?;
    let mut sum = 0;
    for task in tasks.flatten() {
        let task = task.file_name().to_string_lossy().into_owned();
        sum += status_field(process, Some(&task), "voluntary_ctxt_switches:")?;
    }
    Ok(sum)
}
