//! What the control plane costs and how fast it acts: routes, saved profiles, gauges of many streams.
//!
//! Run with `cargo bench -p headroom-service --bench control`. Figures are of this machine and this
//! moment: compare ratios.

mod common;
#[path = "common/running.rs"]
mod running;

use std::{
    fs,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use common::cpu_seconds;
use futures_util::StreamExt;
use headroom_api::{ControlProxy, StreamRow, dict_f64, dict_str};
use headroom_testkit::{
    session::{Player, Process, Session},
    signals,
};

const PATIENCE: Duration = Duration::from_secs(30);
const MEASURED: Duration = Duration::from_secs(5);
const RATE_HZ: u32 = 48_000;
const TIMES: usize = 20;

fn main() -> Result<()> {
    running::run(measure())
}

async fn measure() -> Result<()> {
    let session = Session::start()?;
    let (service, control) = running::start(&session).await?;
    let mut players = vec![player(&session, 0)?];
    wait_streams(&control, 1).await?;
    routes(&control).await?;
    profiles(&control, &session).await?;
    println!("\ngauges    streams  subscribed   % of a core in all   % data thread   us per cycle");
    for streams in [1, 50] {
        while players.len() < streams {
            players.push(player(&session, players.len())?);
        }
        wait_streams(&control, streams).await?;
        for subscribed in [false, true] {
            gauges(&control, &service, streams, subscribed).await?;
        }
    }
    Ok(())
}

fn player(session: &Session, number: usize) -> Result<Player> {
    let tone = vec![signals::sine(RATE_HZ, RATE_HZ as usize, 440.0, 0.01); 2];
    session.player(tone).app(&format!("App {number}")).looping().start()
}

async fn wait_streams(control: &ControlProxy<'_>, count: usize) -> Result<()> {
    let start = Instant::now();
    let processed = |stream: &headroom_api::Dict| dict_str(stream, "route") == Some("processed");
    while control.streams().await?.iter().filter(|stream| processed(stream)).count() < count {
        ensure!(start.elapsed() < PATIENCE, "{count} streams do not play");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // Their links come after their nodes.
    tokio::time::sleep(Duration::from_secs(2)).await;
    Ok(())
}

/// From `SetRoute` to the link that it leads to, as `StreamChanged` tells it.
async fn routes(control: &ControlProxy<'_>) -> Result<()> {
    let mut changes = control.receive_stream_changed().await?;
    let mut spent = Vec::new();
    for turn in 0..TIMES {
        let route = if turn % 2 == 0 { "bypass" } else { "processed" };
        let start = Instant::now();
        control.set_route("App 0", route).await?;
        loop {
            let change = tokio::time::timeout(PATIENCE, changes.next()).await?.context("no bus")?;
            let args = change.args()?;
            // Told by the links that exist: while they do not agree, the reason says so.
            let row = StreamRow::from_dict(&args.stream);
            let settled = !row.why.is_some_and(|why| why.is_late());
            if row.route.as_str() == route && settled {
                break;
            }
        }
        spent.push(start.elapsed());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    control.unset_route("App 0").await?;
    print_times("SetRoute to re-link", &mut spent);
    Ok(())
}

/// From saving a profile's file to `SettingsChanged`.
async fn profiles(control: &ControlProxy<'_>, session: &Session) -> Result<()> {
    let directory = session.config_home().join("headroom/profiles");
    fs::create_dir_all(&directory)?;
    let save = |ceiling: f64| {
        let text = format!("extends = \"default\"\n[limiter]\nceiling_dbtp = {ceiling:.1}\n");
        fs::write(directory.join("mine.toml"), text)
    };
    save(-1.0)?;
    control.reload_profiles().await?;
    control.set_active_profile("mine").await?;
    let mut changes = control.receive_settings_changed().await?;
    let mut spent = Vec::new();
    for turn in 0..TIMES {
        let start = Instant::now();
        save(-2.0 - turn as f64 / 10.0)?;
        tokio::time::timeout(PATIENCE, changes.next()).await?.context("no bus")?;
        spent.push(start.elapsed());
    }
    control.set_active_profile("default").await?;
    print_times("save to SettingsChanged", &mut spent);
    Ok(())
}

async fn gauges(
    control: &ControlProxy<'_>,
    service: &Process,
    streams: usize,
    subscribed: bool,
) -> Result<()> {
    let mut meters = control.receive_meters().await?;
    if subscribed {
        control.subscribe_meters(30.0).await?;
        // Taps have to be made and linked.
        let start = Instant::now();
        loop {
            ensure!(start.elapsed() < PATIENCE, "not every stream has a gauge");
            let reading = meters.next().await.context("no bus")?;
            let told = reading.args()?.streams.len();
            if told == streams {
                break;
            }
        }
    }
    let before =
        (cpu_seconds(service.pid(), None)?, cpu_seconds(service.pid(), Some("data-loop"))?);
    let health_before = control.health().await?;
    let start = Instant::now();
    let mut readings = 0;
    while start.elapsed() < MEASURED {
        let left = MEASURED.saturating_sub(start.elapsed());
        readings += usize::from(tokio::time::timeout(left, meters.next()).await.is_ok());
    }
    let elapsed = start.elapsed().as_secs_f64();
    let health = control.health().await?;
    let cycles = headroom_api::dict_u64(&health, "cycles")
        .zip(headroom_api::dict_u64(&health_before, "cycles"));
    let cycles = cycles.map_or(1.0, |(after, before)| (after - before).max(1) as f64);
    let busy_us = dict_f64(&health, "busy-us").zip(dict_f64(&health_before, "busy-us"));
    let all = (cpu_seconds(service.pid(), None)? - before.0) / elapsed * 100.0;
    let data = (cpu_seconds(service.pid(), Some("data-loop"))? - before.1) / elapsed * 100.0;
    println!(
        "          {streams:7}  {:10}   {all:18.2}   {data:13.2}   {:12.1}",
        if subscribed { format!("{:.1} Hz", readings as f64 / elapsed) } else { "nobody".into() },
        busy_us.map_or(0.0, |(after, before)| after - before) / cycles,
    );
    control.unsubscribe_meters().await?;
    Ok(())
}

fn print_times(what: &str, spent: &mut [Duration]) {
    spent.sort_unstable();
    println!(
        "{what:24}  median {:6.1} ms, worst of {} {:6.1} ms",
        spent[spent.len() / 2].as_secs_f64() * 1e3,
        spent.len(),
        spent[spent.len() - 1].as_secs_f64() * 1e3
    );
}
