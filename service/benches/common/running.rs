//! The service in a private session, and a client on its bus, for the benches that measure it from outside.

use std::{path::Path, time::Duration};

use anyhow::Result;
use headroom_api::ControlProxy;
use headroom_testkit::session::{Process, Session};

use crate::common;

/// Runs what measures to its end, unless the bench is only started.
pub(crate) fn run(measure: impl Future<Output = Result<()>>) -> Result<()> {
    if common::is_only_started() {
        return Ok(());
    }
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(measure)
}

/// Starts the service in a session and waits until it runs.
pub(crate) async fn start(session: &Session) -> Result<(Process, ControlProxy<'static>)> {
    let service = session.spawn_service(Path::new(env!("CARGO_BIN_EXE_headroom-service")))?;
    let address = session.bus_address();
    let connection = zbus::connection::Builder::address(address.as_str()).build().await?;
    // Without an object server a client answers no pings, and gets fewer readings.
    let _ = connection.object_server();
    let control = ControlProxy::new(&connection).await?;
    while control.state().await.ok().as_deref() != Some("running") {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok((service, control))
}
