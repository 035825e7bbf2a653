//! What is known of one stream.

use headroom_api::{Dict, StreamRoute, dict_bool, dict_str, dict_u32};

use super::gauges::StreamGauge;

/// One stream, as the service tells it; texts are the application's own and not escaped.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Stream {
    pub(crate) app: String,
    pub(crate) media: String,
    pub(crate) binary: String,
    pub(crate) channels: u32,
    pub(crate) rate_hz: u32,
    pub(crate) route: String,
    pub(crate) reason: String,
    /// What it plays through, as on the wire.
    pub(crate) chain: String,
    /// App volume control works on it.
    pub(crate) level: bool,
    pub(crate) gauge: StreamGauge,
}

impl Stream {
    /// Takes what the service says now; the gauge goes on.
    pub(crate) fn update(&mut self, dict: &Dict) {
        let text = |key| dict_str(dict, key).unwrap_or_default().to_owned();
        *self = Self {
            app: text("app"),
            media: text("media"),
            binary: text("binary"),
            channels: dict_u32(dict, "channels").unwrap_or(0),
            rate_hz: dict_u32(dict, "rate").unwrap_or(0),
            route: text("route"),
            reason: text("reason"),
            chain: text("chain"),
            level: dict_bool(dict, "level").unwrap_or(false),
            gauge: self.gauge,
        };
    }

    /// Returns the route, when it is one that this version knows.
    pub(crate) fn known_route(&self) -> Option<StreamRoute> {
        self.route.parse().ok()
    }

    /// Returns whether a name of the user's choices means this stream's application.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        !name.is_empty() && (self.app.to_lowercase() == name || self.binary.to_lowercase() == name)
    }
}
