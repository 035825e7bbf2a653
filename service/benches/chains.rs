//! What an application's own chain costs in a real graph: time per frame, time of the graph, memory.
//!
//! Run with `cargo bench -p headroom-service --bench chains`. Figures are of this machine and this
//! moment: compare rows.

mod common;
#[path = "common/running.rs"]
mod running;

use std::{fs, time::Duration};

use anyhow::{Context, Result, bail};
use common::cpu_seconds;
use headroom_api::{ControlProxy, Dict, dict_f64, dict_str, dict_u64};
use headroom_testkit::{
    session::{Player, Process, Session},
    signals,
};

const PATIENCE: Duration = Duration::from_secs(30);
const MEASURED: Duration = Duration::from_secs(4);
const RATE_HZ: usize = 48_000;
const APPS: [usize; 4] = [1, 2, 8, 16];

fn main() -> Result<()> {
    running::run(measure())
}

async fn measure() -> Result<()> {
    println!("stereo, 48 kHz, noise; graph: from the cycle's start to the end of the bus chain");
    println!("chains    quantum  apps   app ns/frame   bus ns/frame   graph us   % of one core");
    for chains in ["per-app", "shared"] {
        for quantum in [64, 256, 1024] {
            measure_at(chains, quantum).await?;
        }
    }
    Ok(())
}

async fn measure_at(chains: &str, quantum: u32) -> Result<()> {
    let session = Session::start()?;
    let profiles = session.config_home().join("headroom/profiles");
    fs::create_dir_all(&profiles)?;
    let profile = format!("extends = \"default\"\nchains = \"{chains}\"\n");
    fs::write(profiles.join("measured.toml"), profile)?;
    let (service, control) = running::start(&session).await?;
    control.set_active_profile("measured").await?;
    session.force_quantum(quantum)?;
    let mut players: Vec<Player> = Vec::new();
    let mut before_kb = 0;
    for apps in APPS {
        while players.len() < apps {
            let material = vec![signals::gaussian_noise(RATE_HZ, 0.3, players.len() as u64); 2];
            let player = session.player(material).binary(&format!("app{:02}", players.len()));
            players.push(player.looping().start()?);
        }
        wait_for_chains(&control, if chains == "per-app" { "app" } else { "bus" }, apps).await?;
        let before = control.health().await?;
        let (cpu_before, start) = (cpu_seconds(service.pid(), None)?, std::time::Instant::now());
        tokio::time::sleep(MEASURED).await;
        let after = control.health().await?;
        let share =
            (cpu_seconds(service.pid(), None)? - cpu_before) / start.elapsed().as_secs_f64();
        let grown = |key: &str| value(&after, key) - value(&before, key);
        let per = |sum: f64, count: f64| if count > 0.0 { sum / count } else { 0.0 };
        println!(
            "{chains:8}  {quantum:7}  {apps:4}   {:12.1}   {:12.1}   {:8.1}   {:13.2}",
            per(grown("app-busy-us") * 1000.0, grown("app-frames")),
            per(grown("busy-us") * 1000.0, grown("frames")),
            per(grown("graph-us"), grown("cycles")),
            share * 100.0
        );
        if apps == 1 {
            before_kb = resident_kb(&service)?;
        }
    }
    let grown_kb = resident_kb(&service)?.saturating_sub(before_kb);
    let more = APPS[APPS.len() - 1] - APPS[0];
    println!(
        "{chains:8}  {quantum:7}  {:.0} kB resident for each app more",
        grown_kb as f64 / more as f64
    );
    Ok(())
}

async fn wait_for_chains(control: &ControlProxy<'_>, chain: &str, apps: usize) -> Result<()> {
    let start = std::time::Instant::now();
    while start.elapsed() < PATIENCE {
        let streams = control.streams().await?;
        let ready = streams.iter().filter(|stream| dict_str(stream, "chain") == Some(chain));
        if ready.count() == apps {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    bail!("not every application has its chain")
}

fn value(health: &Dict, key: &str) -> f64 {
    dict_f64(health, key).or_else(|| dict_u64(health, key).map(|n| n as f64)).unwrap_or(0.0)
}

fn resident_kb(process: &Process) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", process.pid()))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("VmRSS")?;
    Ok(line.split_whitespace().nth(1).context("no value")?.parse()?)
}
