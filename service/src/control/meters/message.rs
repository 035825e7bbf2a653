//! The `Meters` signal, written without a table or a string of its own per gauge.

use std::collections::HashMap;

use headroom_api::{BusGauges, StreamGauges, names};
use serde::{Serialize, Serializer};
use zbus::{Message, Signature, Type, names::UniqueName};

/// Gauges of the bus, `a{sd}`.
#[derive(Debug)]
pub(super) struct BusTable(pub(super) BusGauges);

/// Gauges of one stream, `a{sd}`: its own, and those of its application's chain if it has one.
#[derive(Debug)]
pub(super) struct StreamTable(pub(super) StreamGauges);

impl Serialize for BusTable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.entries())
    }
}

impl Serialize for StreamTable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.entries())
    }
}

impl Type for BusTable {
    const SIGNATURE: &'static Signature = <HashMap<&str, f64> as Type>::SIGNATURE;
}

impl Type for StreamTable {
    const SIGNATURE: &'static Signature = <HashMap<&str, f64> as Type>::SIGNATURE;
}

/// One reading, as `Meters` carries it.
#[derive(Debug, Serialize, Type)]
pub(super) struct Body {
    pub(super) usec: u64,
    pub(super) bus: BusTable,
    pub(super) streams: Vec<(u64, StreamTable)>,
}

/// Returns the signal that carries `body` to one client alone.
pub(super) fn meters(
    sender: Option<&UniqueName<'_>>,
    client: &UniqueName<'_>,
    body: &Body,
) -> zbus::Result<Message> {
    let mut builder = Message::signal(names::OBJECT_PATH, names::INTERFACE, "Meters");
    if let Some(sender) = sender {
        builder = builder.sender(sender);
    }
    builder.destination(client).build(body)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "these values are handed on, not computed")]

    use super::*;
    use headroom_api::{ChainGauges, GaugeTable, StreamGaugeTable, TapGauges};

    #[test]
    fn the_signal_is_what_the_interface_says() {
        let bus = BusGauges { true_peak_dbtp: -0.1, ..BusGauges::default() };
        let own = TapGauges { peak_dbfs: -1.0, rms_dbfs: -2.0, level_db: 0.0 };
        let chain = Some(ChainGauges { leveller_db: -3.0, ..ChainGauges::default() });
        let streams = vec![(7, StreamTable(StreamGauges { own, chain, device: None }))];
        let body = Body { usec: 5, bus: BusTable(bus), streams };
        let client = UniqueName::try_from(":1.7").unwrap();
        let message = meters(None, &client, &body).unwrap();
        assert_eq!(message.body().signature().to_string_no_parens(), "ta{sd}a(ta{sd})");
        assert_eq!(message.header().destination().unwrap().as_str(), ":1.7");
        let (usec, bus, streams): (u64, GaugeTable, Vec<StreamGaugeTable>) =
            message.body().deserialize().unwrap();
        assert_eq!((usec, bus["true-peak-dbtp"]), (5, -0.1));
        assert_eq!((streams[0].0, streams[0].1["rms-dbfs"]), (7, -2.0));
        assert_eq!(streams[0].1["leveller-db"], -3.0);
    }
}
