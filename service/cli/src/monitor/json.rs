//! `headroom monitor --json`: one JSON object per line, as things happen.
//!
//! Follows the service across restarts: a `service` line says when it leaves and when it is back. It
//! ends with success when the reader closes the pipe or the user interrupts.

use std::{
    io::{self, Write as _},
    pin::pin,
    process::ExitCode,
};

use headroom_api::{ControlProxy, GaugeTable, StreamGauges, names::BUS_NAME};
use rustix::event::{PollFd, PollFlags, poll};
use serde_json::{Map, Value, json};
use tokio::{
    select,
    signal::unix::{SignalKind, signal},
    sync::oneshot,
};
use zbus::{
    Connection,
    fdo::{DBusProxy, NameOwnerChangedStream},
    names::BusName,
};

use super::args::{MonitorArgs, MonitorTopic};
use crate::{
    failure::Failure,
    link::{call, connect, next, proxy},
    output::{dict_json, number},
    status::problems_json,
};

/// Follows the service until the reader or the user ends it.
pub(crate) async fn run(args: &MonitorArgs) -> Result<ExitCode, Failure> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let reader_gone = watch_reader();
    let outcome = select! {
        outcome = follow(args) => outcome,
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
        () = reader_gone => Ok(()),
    };
    outcome.map(|()| ExitCode::SUCCESS)
}

/// Follows one service after the other; ends only with an error.
async fn follow(args: &MonitorArgs) -> Result<(), Failure> {
    let connection = connect().await?;
    let bus = call(DBusProxy::new(&connection)).await?;
    let mut owners = call(bus.receive_name_owner_changed_with_args(&[(0, BUS_NAME)])).await?;
    // The first call starts the service if need be; later ones find it running.
    let mut version = call(proxy(&connection).await?.version()).await?;
    loop {
        emit(&json!({"type": "service", "running": true, "version": version}))?;
        match Session::follow(&connection, &bus, args, &mut owners).await {
            // A call that failed because the service left is no failure of ours.
            Err(error) if !error.is_of_bus() || is_owned(&bus).await? => return Err(error),
            Ok(()) | Err(_) => {}
        }
        emit(&json!({"type": "service", "running": false}))?;
        while !is_owned(&bus).await? {
            next(&mut owners).await.ok_or_else(bus_gone)?;
        }
        version = call(proxy(&connection).await?.version()).await?;
    }
}

async fn is_owned(bus: &DBusProxy<'_>) -> Result<bool, Failure> {
    call(bus.name_has_owner(service_name())).await
}

fn service_name() -> BusName<'static> {
    BusName::from_static_str(BUS_NAME).expect("the name is valid")
}

fn bus_gone() -> Failure {
    Failure::Unreachable("The session bus went away.".to_owned())
}

/// One service, from its appearance to its end.
struct Session {
    control: ControlProxy<'static>,
}

impl Session {
    /// Emits what happens until the service leaves the bus.
    async fn follow(
        connection: &Connection,
        bus: &DBusProxy<'_>,
        args: &MonitorArgs,
        owners: &mut NameOwnerChangedStream,
    ) -> Result<(), Failure> {
        let owner = call(bus.get_name_owner(service_name())).await?;
        // Property changes need the cache.
        let this = Self { control: call(ControlProxy::new(connection)).await? };
        let control = &this.control;
        let topic = args.topic;
        // Signals are asked for before the first list is read, so that nothing falls in between.
        let mut meters = call(control.receive_meters()).await?;
        let mut added = call(control.receive_stream_added()).await?;
        let mut changed = call(control.receive_stream_changed()).await?;
        let mut removed = call(control.receive_stream_removed()).await?;
        let mut states = control.receive_state_changed().await;
        let mut bypasses = control.receive_bypass_changed().await;
        let mut problems = control.receive_problems_changed().await;
        if topic.has_streams() {
            let mut streams = call(control.streams()).await?;
            streams.sort_by_key(|stream| headroom_api::dict_u64(stream, "id"));
            emit(
                &json!({"type": "streams", "streams": streams.iter().map(dict_json).collect::<Value>()}),
            )?;
        }
        let mut last_state = None;
        if topic == MonitorTopic::All {
            this.emit_state(&mut last_state).await?;
        }
        if topic.has_meters() {
            call(control.subscribe_meters(args.hz)).await?;
        }
        loop {
            select! {
                change = next(owners) => {
                    // A late word of this service's own appearance is not its end.
                    let change = change.ok_or_else(bus_gone)?;
                    if change.args()?.new_owner().as_ref().is_none_or(|new| *new != owner) {
                        return Ok(());
                    }
                }
                Some(signal) = next(&mut meters), if topic.has_meters() => {
                    let meters = signal.args()?;
                    emit(&meters_json(*meters.usec(), meters.bus(), meters.streams()))?;
                }
                Some(signal) = next(&mut added), if topic.has_streams() => {
                    let args = signal.args()?;
                    emit(&json!({"type": "stream-added", "id": args.id(), "stream": dict_json(args.stream())}))?;
                }
                Some(signal) = next(&mut changed), if topic.has_streams() => {
                    let args = signal.args()?;
                    emit(&json!({"type": "stream-changed", "id": args.id(), "stream": dict_json(args.stream())}))?;
                }
                Some(signal) = next(&mut removed), if topic.has_streams() => {
                    emit(&json!({"type": "stream-removed", "id": signal.args()?.id()}))?;
                }
                Some(_) = next(&mut states), if topic == MonitorTopic::All => {
                    this.emit_state(&mut last_state).await?;
                }
                Some(_) = next(&mut bypasses), if topic == MonitorTopic::All => {
                    this.emit_state(&mut last_state).await?;
                }
                Some(_) = next(&mut problems), if topic == MonitorTopic::All => {
                    this.emit_state(&mut last_state).await?;
                }
            }
        }
    }

    /// Emits the state when it differs from the last one emitted.
    async fn emit_state(&self, last: &mut Option<Value>) -> Result<(), Failure> {
        let state = json!({
            "type": "state",
            "state": call(self.control.state()).await?,
            "bypass": call(self.control.bypass()).await?,
            "active-profile": call(self.control.active_profile()).await?,
            "problems": problems_json(&call(self.control.problems()).await?),
        });
        if last.as_ref() != Some(&state) {
            emit(&state)?;
            *last = Some(state);
        }
        Ok(())
    }
}

fn meters_json(usec: u64, bus: &GaugeTable, streams: &[StreamGauges]) -> Value {
    let gauges = |table: &GaugeTable| -> Value {
        Value::Object(table.iter().map(|(k, v)| (k.clone(), number(*v))).collect::<Map<_, _>>())
    };
    let streams: Value =
        streams.iter().map(|(id, table)| json!({"id": id, "gauges": gauges(table)})).collect();
    json!({"type": "meters", "usec": usec, "bus": gauges(bus), "streams": streams})
}

/// Writes one line and flushes it.
fn emit(value: &Value) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{value}")?;
    stdout.flush()
}

/// Waits until whoever reads standard output is gone, also while there is nothing to write.
///
/// Asking for no events still reports an error or a hang-up. Files never hang up: then this waits for
/// good. The thread ends with the process.
async fn watch_reader() {
    let (gone, reader) = oneshot::channel::<()>();
    let watcher = std::thread::Builder::new().name("reader".to_owned()).spawn(move || {
        let stdout = io::stdout();
        loop {
            match poll(&mut [PollFd::new(&stdout, PollFlags::empty())], None) {
                Ok(_) => break,
                Err(error) if error == rustix::io::Errno::INTR => {}
                Err(_) => return std::thread::park(),
            }
        }
        // The receiver is gone when the command ended first.
        let _ = gone.send(());
    });
    let reader = pin!(reader);
    if watcher.is_err() || reader.await.is_err() {
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meter_line_has_its_type_and_no_line_break() {
        let bus = GaugeTable::from([("true-peak-dbtp".to_owned(), -0.15)]);
        let line = meters_json(7, &bus, &[(3, GaugeTable::from([("a\nb".to_owned(), f64::NAN)]))]);
        assert_eq!(
            line.to_string(),
            r#"{"bus":{"true-peak-dbtp":-0.15},"streams":[{"gauges":{"a\nb":null},"id":3}],"type":"meters","usec":7}"#
        );
    }
}
