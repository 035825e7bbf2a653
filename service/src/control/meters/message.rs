//! The `Meters` signal, written without a table or a string of its own per gauge.

use std::collections::HashMap;

use headroom_api::names;
use serde::{Serialize, Serializer};
use zbus::{Message, Signature, Type, names::UniqueName};

use super::{bus::GAUGES, streams::CHAIN_GAUGES};

/// Gauges with their names, `a{sd}`.
#[derive(Debug)]
pub(super) struct Table<const N: usize>(pub(super) [(&'static str, f64); N]);

impl<const N: usize> Serialize for Table<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0)
    }
}

impl<const N: usize> Type for Table<N> {
    const SIGNATURE: &'static Signature = <HashMap<&str, f64> as Type>::SIGNATURE;
}

/// The gauges of one stream, `a{sd}`: its own, and those of its application's chain if it has one.
#[derive(Debug)]
pub(super) struct StreamTable {
    pub(super) own: Table<3>,
    pub(super) chain: Option<Table<CHAIN_GAUGES>>,
}

impl StreamTable {
    /// Returns every gauge.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, f64)> {
        self.own.0.into_iter().chain(self.chain.iter().flat_map(|chain| chain.0))
    }
}

impl Serialize for StreamTable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl Type for StreamTable {
    const SIGNATURE: &'static Signature = <HashMap<&str, f64> as Type>::SIGNATURE;
}

/// One reading, as `Meters` carries it.
#[derive(Debug, Serialize, Type)]
pub(super) struct Body {
    pub(super) usec: u64,
    pub(super) bus: Table<GAUGES>,
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
    use headroom_api::{GaugeTable, StreamGauges};

    #[test]
    fn the_signal_is_what_the_interface_says() {
        let body = Body {
            usec: 5,
            bus: Table([("true-peak-dbtp", -0.1); GAUGES]),
            streams: vec![(
                7,
                StreamTable {
                    own: Table([("peak-dbfs", -1.0), ("rms-dbfs", -2.0), ("level-db", 0.0)]),
                    chain: Some(Table([("leveller-db", -3.0); CHAIN_GAUGES])),
                },
            )],
        };
        let client = UniqueName::try_from(":1.7").unwrap();
        let message = meters(None, &client, &body).unwrap();
        assert_eq!(message.body().signature().to_string_no_parens(), "ta{sd}a(ta{sd})");
        assert_eq!(message.header().destination().unwrap().as_str(), ":1.7");
        let (usec, bus, streams): (u64, GaugeTable, Vec<StreamGauges>) =
            message.body().deserialize().unwrap();
        assert_eq!((usec, bus["true-peak-dbtp"]), (5, -0.1));
        assert_eq!((streams[0].0, streams[0].1["rms-dbfs"]), (7, -2.0));
        assert_eq!(streams[0].1["leveller-db"], -3.0);
    }
}
