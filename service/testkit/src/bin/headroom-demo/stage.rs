//! The private session with the service in it, and the two applications.

use std::{path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
use headroom_api::{ControlProxy, OutputRow, Treatment};
use headroom_testkit::session::{Device, Graph, Passage, Process, Session, wait_for};
use tokio::{runtime, time::timeout};
use zbus::{connection, proxy::CacheProperties};

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
    control: ControlProxy<'static>,
    runtime: runtime::Runtime,
    // The service ends before its session.
    service: Process,
    session: Session,
}

impl Stage {
    /// Starts everything and waits until streams are protected.
    pub(crate) fn set(service: &Path) -> Result<Self> {
        let device = Device::new(DEVICE).description("Demo device").channels(CHANNELS);
        let session = Session::builder().clock_rate(RATE_HZ).device(device).start()?;
        let service = session.spawn_service(service)?;
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let address = session.bus_address();
        let control = runtime.block_on(async {
            let connection = connection::Builder::address(address.as_str()).build().await?;
            let control = ControlProxy::builder(&connection).cache_properties(CacheProperties::No);
            control.build().await
        })?;
        let stage = Self { control, runtime, service, session };
        let running = wait_for("the service to run", TIMEOUT, || {
            let state = stage.ask(stage.control.state()).ok()?;
            (state == "running").then_some(())
        });
        running.with_context(|| stage.service.log())?;
        let alone = Treatment::LeaveAlone.as_str();
        stage.ask(stage.control.set_treatment(BYPASSED_APP, alone, 0.0))?;
        Ok(stage)
    }

    /// Has another profile in force from now on.
    pub(crate) fn use_profile(&self, name: &str) -> Result<()> {
        self.ask(self.control.set_active_profile(name))
    }

    /// Waits for an answer of the service.
    fn ask<T, E>(&self, answer: impl Future<Output = Result<T, E>>) -> Result<T>
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        let answer = self.runtime.block_on(async { timeout(TIMEOUT, answer).await });
        Ok(answer.context("the service does not answer")??)
    }

    /// Reads latency and ceiling from the service.
    pub(crate) fn published(&self) -> Result<Published> {
        let output = OutputRow::from_dict(&self.ask(self.control.output())?);
        let ceiling = self.ask(self.control.get_setting("limiter.ceiling_dbtp"))?;
        let latency_frames = output.latency_frames.context("the service publishes no latency")?;
        Ok(Published {
            latency_frames: latency_frames.into(),
            ceiling_dbtp: ceiling.try_into().context("the ceiling is no number")?,
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
