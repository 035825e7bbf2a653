//! A program that subscribes to the gauges, as small as it can be; the end-to-end tests stop and
//! kill it.
//!
//! `subscriber HZ [silent]` prints its name on the bus, then one line per reading: the reading's
//! time in µs, the bus's input peak in dBFS, the number of streams.

use anyhow::{Context, Result};
use futures_util::StreamExt;
use headroom_api::ControlProxy;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let hz: f64 = arguments.next().context("usage: subscriber HZ [silent]")?.parse()?;
    let connection = zbus::Connection::session().await?;
    if arguments.next().as_deref() != Some("silent") {
        // A zbus connection answers no ping before its object server has been asked for. Headroom
        // judges such clients from outside, which is less exact.
        let _ = connection.object_server();
    }
    println!("{}", connection.unique_name().context("no name on the bus")?);
    let control = ControlProxy::new(&connection).await?;
    let mut meters = control.receive_meters().await?;
    control.subscribe_meters(hz).await?;
    while let Some(signal) = meters.next().await {
        let reading = signal.args()?;
        println!("{} {} {}", reading.usec, reading.bus["input-peak-dbfs"], reading.streams.len());
    }
    Ok(())
}
