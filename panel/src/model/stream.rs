//! A playback stream.

pub use headroom_api::{ChainKind, Reason, Route, StreamRoute, Treatment};

/// A playback stream of some application.
#[derive(Clone, Debug, PartialEq)]
pub struct Stream {
    /// Never used twice while PipeWire lives.
    pub id: u64,
    /// What the application calls itself, as it stands on the bus: **not** safe to show, see
    /// [`App::name`](super::App::name).
    pub app: String,
    /// Name of its binary, as it stands on the bus: **not** safe to show; often empty.
    pub binary: String,
    /// What it says it is playing; often empty. Safe to show as plain text.
    pub media: String,
    /// Icon name that it claims; often empty.
    pub icon: String,
    /// `media.role`; often empty. Safe to show as plain text.
    pub role: String,
    /// Number of channels; 0 while the format is not negotiated.
    pub channels: u32,
    /// Rate in Hz; 0 while the format is not negotiated.
    pub rate_hz: u32,
    /// Its route; a route that this version does not know counts as unmanaged.
    pub route: StreamRoute,
    /// The word on the bus for a route that this version does not know.
    pub unknown_route: Option<String>,
    /// Why, in codes; `None` where the service does not tell, or in codes that this version does not know. Names in it
    /// are **not** safe to show.
    pub why: Option<Reason>,
    /// Why, in the service's own few words. Safe to show as plain text.
    pub reason: String,
    /// Which chain it passes; `None` where the service does not tell, or with a word that this version does not know.
    pub through: Option<ChainKind>,
    /// `node.name` of the device that its sound reaches; empty while it reaches none, or where that is not told.
    pub device: String,
    /// Whether it plays now.
    pub playing: bool,
    /// Whether app volume control acts on it.
    pub level: bool,
    /// How much louder or softer than the others its application is to be, in dB, wherever that comes from.
    pub offset_db: f64,
    /// Its own volume as the desktop's mixers show it, in percent; `None` where it has none.
    pub volume_percent: Option<f64>,
    /// Whether that is muted.
    pub muted: bool,
}

impl Default for Stream {
    fn default() -> Self {
        Self {
            id: 0,
            app: String::new(),
            binary: String::new(),
            media: String::new(),
            icon: String::new(),
            role: String::new(),
            channels: 0,
            rate_hz: 0,
            route: StreamRoute::Unmanaged,
            unknown_route: None,
            why: None,
            reason: String::new(),
            through: None,
            device: String::new(),
            playing: false,
            level: false,
            offset_db: 0.0,
            volume_percent: None,
            muted: false,
        }
    }
}
