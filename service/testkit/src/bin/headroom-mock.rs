//! Stands in for the service on a bus, for work on the panel, applets and scripts: no sound, no files, no PipeWire.
//!
//! Owns the command's arguments and its end; what is shown is made by `headroom_testkit::scenarios`.
#![forbid(unsafe_code)]

use std::{
    env,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result};
use clap::{Parser, builder::PossibleValuesParser};
use headroom_testkit::{mock::Service, scenarios::Scenario};

/// Stands in for headroom-service: every member of the bus answers, choices are kept, gauges move.
///
/// A private bus for it and the panel: dbus-run-session -- sh -c 'headroom-mock blast & headroom-panel'
#[derive(Debug, Parser)]
#[command(name = "headroom-mock", version)]
struct Args {
    /// What it is found doing
    #[arg(default_value = "speech", value_parser = PossibleValuesParser::new(Scenario::ALL.map(Scenario::name)))]
    scenario: String,
    /// Address of the bus; by default the session's
    #[arg(long, value_name = "ADDRESS")]
    bus: Option<String>,
}

/// Returns the address of the session's bus.
fn session_bus() -> Result<String> {
    if let Ok(address) = env::var("DBUS_SESSION_BUS_ADDRESS") {
        return Ok(address);
    }
    let runtime =
        env::var("XDG_RUNTIME_DIR").context("there is no session bus: name one by --bus")?;
    Ok(format!("unix:path={runtime}/bus"))
}

fn main() -> Result<()> {
    let args = Args::parse();
    let scenario = Scenario::ALL.into_iter().find(|known| known.name() == args.scenario);
    let scenario = scenario.context("no scenario has this name")?;
    let bus = args.bus.map_or_else(session_bus, Ok)?;
    let service = Service::start(&bus, scenario.world())?;
    eprintln!("headroom-mock: '{}' on {}; Ctrl-C ends it", scenario.name(), bus);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut term = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        let every = scenario.catches_every().unwrap_or(Duration::MAX);
        loop {
            tokio::select! {
                interrupted = tokio::signal::ctrl_c() => return interrupted,
                _ = term.recv() => return Ok(()),
                () = tokio::time::sleep(every) => {
                    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                    service.change(|world| scenario.catch(world, now.as_micros() as u64));
                }
            }
        }
    })?;
    drop(service);
    Ok(())
}
