//! Gauges of the pretended service, the same at every reading, and a subscriber's turn at them.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use headroom_api::{GaugeTable, StreamGauges, names::OBJECT_PATH};
use tokio::task::AbortHandle;
use zbus::{
    names::{BusName, OwnedUniqueName},
    object_server::SignalEmitter,
};

use super::{control::Fake, service::Seen};

fn table(entries: &[(&str, f64)]) -> GaugeTable {
    entries.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect()
}

/// The bus's gauges and those of both streams.
pub(super) fn reading() -> (GaugeTable, Vec<StreamGauges>) {
    let bus = table(&[
        ("input-peak-dbfs", 2.4),
        ("true-peak-dbtp", -0.53),
        ("true-peak-max-dbtp", -0.51),
        ("agc-gain-db", 3.5),
        ("compressor-db", -1.8),
        ("limiter-soft-db", -0.6),
        ("limiter-hard-db", -4.2),
        ("momentary-lufs", -14.2),
        ("short-term-lufs", -15.3),
        ("integrated-lufs", -16.4),
    ]);
    let firefox = table(&[
        ("level-db", -3.25),
        ("peak-dbfs", -3.1),
        ("rms-dbfs", -12.5),
        ("loudness-in-lufs", -9.04),
        ("agc-gain-db", -11.5),
        ("compressor-db", -0.5),
        ("loudness-out-lufs", -21.04),
    ]);
    let other = table(&[("level-db", 0.0), ("peak-dbfs", -120.0), ("rms-dbfs", -120.0)]);
    (bus, vec![(7, firefox), (9, other)])
}

/// Pings a subscriber once and sends it readings until it is aborted.
pub(super) fn send_readings(
    connection: zbus::Connection,
    client: OwnedUniqueName,
    hz: f64,
    seen: Arc<Seen>,
) -> AbortHandle {
    let task = tokio::spawn(async move {
        let peer = Some("org.freedesktop.DBus.Peer");
        let client = BusName::from(client);
        if connection.call_method(Some(&client), OBJECT_PATH, peer, "Ping", &()).await.is_ok() {
            seen.pings_answered.fetch_add(1, Ordering::SeqCst);
        }
        let emitter = SignalEmitter::new(&connection, OBJECT_PATH).unwrap().set_destination(client);
        for usec in 1.. {
            tokio::time::sleep(Duration::from_secs_f64(1.0 / hz)).await;
            let (bus, streams) = reading();
            if Fake::meters(&emitter, usec, bus, streams).await.is_err() {
                break;
            }
            seen.readings.fetch_add(1, Ordering::SeqCst);
        }
    });
    task.abort_handle()
}
