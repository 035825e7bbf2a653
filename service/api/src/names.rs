//! Every name that Headroom is known by, once.

/// Well-known bus name of the service, and the id of the Flatpak that carries it.
pub const BUS_NAME: &str = "com.example.Headroom";
/// Object path of the only object.
pub const OBJECT_PATH: &str = "/org/headroom/Control";
/// The interface.
pub const INTERFACE: &str = "org.headroom.Control";
/// Prefix of the interface's error names.
pub const ERROR_PREFIX: &str = "org.headroom.Error";
/// Application id of the panel. It differs from [`BUS_NAME`]: a GApplication owns its id on the bus.
pub const PANEL_ID: &str = "com.example.Headroom.Panel";
/// Version of the interface's contract; it grows when a member is added.
pub const API_VERSION: u32 = 1;

/// Node that applications are linked to.
pub const SINK_NODE: &str = "headroom";
/// Node that plays into the device.
pub const OUTPUT_NODE: &str = "headroom.output";
/// Nodes that one application's streams are linked to; a number follows.
pub const APP_NODE_PREFIX: &str = "headroom.app.";
/// Nodes that streams are linked to on their way to another device than the default one; a number
/// follows.
pub const DEVICE_NODE_PREFIX: &str = "headroom.device.";
/// Nodes that listen to a stream for its gauge.
pub const TAP_NODE: &str = "headroom.tap";
/// Every node of ours starts with this.
pub const NODE_PREFIX: &str = "headroom";
/// Directory below each of the XDG base directories.
pub const DIRECTORY: &str = "headroom";

/// Name of the file in the state directory that holds what was caught and played.
pub const HISTORY_FILE: &str = "history.sqlite";

/// Name of the service's binary.
pub const SERVICE_BINARY: &str = "headroom-service";
