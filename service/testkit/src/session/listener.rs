//! A client that asks for the session's metadata and leaves before it is told.
//!
//! PipeWire (1.4) tells nobody else of a change until the owner of the metadata has told a newcomer all of it. A newcomer that
//! goes before that leaves everybody deaf, for as long as the owner lives.

use std::{
    cell::Cell,
    rc::Rc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use pipewire::{
    context::ContextRc, loop_::Timeout, main_loop::MainLoopRc, metadata::Metadata,
    properties::PropertiesBox, registry::RegistryRc, types::ObjectType,
};
use rustix::process::Signal;

use super::{READY_TIMEOUT, Session};

impl Session {
    /// Leaves everybody who listens to the default metadata deaf; who binds it anew is told what is there by then.
    ///
    /// # Errors
    /// When there is no session manager, or PipeWire refuses it.
    pub fn deafen(&self) -> Result<()> {
        let signal = |signal| {
            let services = self.services();
            let manager = services.wireplumber.as_ref().context("no session manager runs")?;
            manager.signal(signal)
        };
        signal(Signal::STOP)?;
        pipewire::init();
        let main_loop = MainLoopRc::new(None)?;
        let client_config = self.pipewire_config_dir().join("client.conf");
        let mut context_props = PropertiesBox::new();
        context_props.insert("config.name", client_config.to_string_lossy().as_ref());
        let context = ContextRc::new(&main_loop, Some(context_props))?;
        let mut core_props = PropertiesBox::new();
        core_props.insert("remote.name", self.pipewire_socket().to_string_lossy().as_ref());
        let core = context.connect_rc(Some(core_props)).context("cannot connect to PipeWire")?;
        let registry = core.get_registry_rc()?;
        let metadata: Rc<Cell<Option<Metadata>>> = Rc::default();
        let (found, binder): (_, RegistryRc) = (metadata.clone(), registry.clone());
        let _listener = registry
            .add_listener_local()
            .global(move |global| {
                let name = global.props.and_then(|props| props.get("metadata.name"));
                if global.type_ == ObjectType::Metadata && name == Some("default") {
                    found.set(binder.bind(global).ok());
                }
            })
            .register();
        let deadline = Instant::now() + READY_TIMEOUT;
        let bound = loop {
            main_loop.loop_().iterate(Timeout::Finite(Duration::from_millis(10)));
            if let Some(bound) = metadata.take() {
                break bound;
            }
            ensure!(Instant::now() < deadline, "there is no default metadata");
        };
        // What was asked is sent, and then the connection is closed.
        main_loop.loop_().iterate(Timeout::Finite(Duration::from_millis(10)));
        drop((bound, core));
        signal(Signal::CONT)
    }
}
