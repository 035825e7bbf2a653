//! Readings of the gauges.

pub use headroom_api::{BusGauges, ChainGauges, StreamGauges, TapGauges};

/// One reading: the processed route, and each stream that can be listened to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Meters {
    /// Time of the reading, in microseconds of `CLOCK_MONOTONIC`.
    pub usec: u64,
    /// Gauges of the processed route.
    pub bus: BusGauges,
    /// Gauges of streams by their ids, in no particular order.
    pub streams: Vec<(u64, StreamGauges)>,
}

impl Meters {
    /// Finds the gauges of a stream.
    pub fn stream(&self, id: u64) -> Option<&StreamGauges> {
        self.streams.iter().find(|(known, _)| *known == id).map(|(_, gauges)| gauges)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gauges_of_a_stream_are_found_by_its_id() {
        let gauges = StreamGauges {
            own: TapGauges { peak_dbfs: -3.0, ..TapGauges::default() },
            ..StreamGauges::default()
        };
        let meters = Meters {
            streams: vec![(4, StreamGauges::default()), (7, gauges)],
            ..Meters::default()
        };
        assert_eq!(meters.stream(7), Some(&gauges));
        assert_eq!(meters.stream(5), None);
    }
}
