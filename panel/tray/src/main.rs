//! Headroom in the tray of a desktop: a client of the bus with an icon and a menu.

mod app;
mod bus;
mod desktop;
mod host;
mod item;
mod link;
mod menu;
mod model;
mod shortcut;
mod view;
mod watcher;

use anyhow::{Context as _, Result};
use tracing_subscriber::EnvFilter;

fn main() -> Result<()> {
    // SAFETY: this is the first statement; the runtime and its threads come later.
    unsafe { headroom_words::i18n::set_locale() };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    headroom_words::i18n::init();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("no event loop can be made")?.block_on(app::run())
}
