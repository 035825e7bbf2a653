//! What is known of one stream.

use headroom_api::{StreamRoute, StreamRow};

use super::gauges::StreamGauge;

/// One stream, as the service tells it; texts are the application's own and not escaped.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Stream {
    pub(crate) row: StreamRow,
    pub(crate) gauge: StreamGauge,
}

impl Stream {
    /// Returns the route, when it is one that this version knows.
    pub(crate) fn known_route(&self) -> Option<StreamRoute> {
        self.row.route.known()
    }

    /// Returns whether a name of the user's choices means this stream's application.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        !name.is_empty()
            && (self.row.app.to_lowercase() == name || self.row.binary.to_lowercase() == name)
    }
}
