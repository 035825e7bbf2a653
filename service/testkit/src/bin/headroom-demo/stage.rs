//! The private session with the service in it, and the two applications.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use headroom_testkit::session::{Device, Graph, Passage, Process, Session, wait_for};
use serde_json::Value;

use crate::programme::{CHANNELS, Piece, RATE_HZ};

const DEVICE: &str = "demo-device";
/// Name of the service's node that applications are linked to.
const HEADROOM_NODE: &str = "headroom";
/// Nodes that lead there, each for one application.
const APP_NODES: &str = "headroom.app.";
/// Name of the application that is set to bypass.
const BYPASSED_APP: &str = "DemoPlayer";
const TIMEOUT: Duration = Duration::from_secs(20);

/// What the service says of itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Published {
    pub(crate) latency_frames: i64,
    pub(crate) ceiling_dbtp: f64,
}

/// A session in which the service runs.
pub(crate) struct Stage {
    // The service ends before its session.
    service: Process,
    session: Session,
    cli: PathBuf,
}

impl Stage {
    /// Starts everything and waits until streams are protected.
    pub(crate) fn set(service: &Path, cli: PathBuf) -> Result<Self> {
        let device = Device::new(DEVICE).description("Demo device").channels(CHANNELS);
        let session = Session::builder().clock_rate(RATE_HZ).device(device).start()?;
        let service = session.spawn_service(service)?;
        let stage = Self { service, session, cli };
        let running = wait_for("the service to run", TIMEOUT, || {
            let status = stage.ask(&["status", "--json"]).ok()?;
            (status["state"] == "running").then_some(())
        });
        running.with_context(|| stage.service.log())?;
        stage.session.run(&stage.cli, &["app", "set", BYPASSED_APP, "leave-alone"])?;
        Ok(stage)
    }

    /// Has another profile in force from now on.
    pub(crate) fn use_profile(&self, name: &str) -> Result<()> {
        self.session.run(&self.cli, &["profile", "use", name])?;
        Ok(())
    }

    fn ask(&self, arguments: &[&str]) -> Result<Value> {
        Ok(serde_json::from_str(&self.session.run(&self.cli, arguments)?)?)
    }

    /// Reads latency and ceiling from the service.
    pub(crate) fn published(&self) -> Result<Published> {
        let status = self.ask(&["status", "--json"])?;
        let ceiling = self.ask(&["get", "limiter.ceiling_dbtp", "--json"])?;
        let latency_ms =
            status["output"]["latency-ms"].as_f64().context("the service publishes no latency")?;
        Ok(Published {
            latency_frames: (latency_ms * f64::from(RATE_HZ) / 1_000.0).round() as i64,
            ceiling_dbtp: ceiling["value"].as_f64().context("the service has no ceiling")?,
        })
    }

    /// Plays as a browser, through Headroom.
    pub(crate) fn play_processed(&self, piece: &Piece) -> Result<Passage> {
        let passage = self.session.pass_when(
            DEVICE,
            &piece.material,
            |player| player.app("Firefox").binary("firefox").role("Movie").media("Something loud"),
            |graph, node| goes_to(graph, node, HEADROOM_NODE),
        );
        self.explain(passage)
    }

    /// Plays as an application that the user has set to bypass.
    pub(crate) fn play_bypassed(&self, piece: &Piece) -> Result<Passage> {
        let passage = self.session.pass_when(
            DEVICE,
            &piece.material,
            |player| player.app(BYPASSED_APP).binary("demo-player").media("The same"),
            |graph, node| goes_to(graph, node, DEVICE),
        );
        self.explain(passage)
    }

    fn explain(&self, passage: Result<Passage>) -> Result<Passage> {
        ensure!(self.service.is_running(), "the service has ended:\n{}", self.service.log());
        passage.with_context(|| self.service.log())
    }
}

fn goes_to(graph: &Graph, node: u32, target: &str) -> bool {
    graph.target_names_behind(node, APP_NODES) == [target]
        && graph.targets(node).iter().all(|next| graph.is_linked(node, next.id))
}
