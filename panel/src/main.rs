//! The panel of Headroom: a client of the bus with a window.
#![forbid(unsafe_code)]

use tracing_subscriber::EnvFilter;

fn main() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    headroom_panel::run();
}
