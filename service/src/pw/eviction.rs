//! Throws the clients of a process out of PipeWire: its nodes go, and sound finds another way.
//!
//! Runs in the guardian process, whose only thread it blocks. It binds nothing, so that no session manager that waits for
//! the stopped process keeps it waiting as well.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::{Duration, Instant},
};

use pipewire::{
    context::ContextRc, core::CoreRc, loop_::Timeout, main_loop::MainLoopRc,
    properties::properties, spa::utils::result::AsyncSeq,
};
use thiserror::Error;

use super::{
    GlobalId, Props,
    foreign::{self, CoreEvent, ObjectKind, RegistryEvent},
};

/// What the guardian calls itself, so as not to throw itself out.
const OWN_NAME: &str = "Headroom guardian";
/// What the service calls itself.
const SERVICE_NAME: &str = "Headroom";

/// Failed to throw a process out.
#[derive(Debug, Error)]
pub enum EvictionError {
    /// PipeWire refuses the connection, or a request.
    #[error("PipeWire refuses: {0}")]
    Refused(#[from] pipewire::Error),
    /// It takes too long.
    #[error("PipeWire has not answered in {0:?}")]
    Late(Duration),
    /// There is nothing to throw out.
    #[error("PipeWire knows no client of the service")]
    Unknown,
}

/// Throws all clients of a process out, or, without a process, those that have the service's name;
/// returns how many they were, once PipeWire has done it.
///
/// # Errors
/// When PipeWire refuses, takes longer than `patience`, or knows none.
pub fn evict(process: Option<i32>, patience: Duration) -> Result<usize, EvictionError> {
    let deadline = Instant::now() + patience;
    pipewire::init();
    let main_loop = MainLoopRc::new(None)?;
    // Manager: inside a Flatpak, nothing else may do so.
    let props = properties! {
        "application.name" => OWN_NAME,
        "application.id" => headroom_api::names::BUS_NAME,
        "media.category" => "Manager",
    };
    let context = ContextRc::new(&main_loop, Some(props))?;
    let core = context.connect_rc(None)?;
    let registry = core.get_registry_rc()?;
    let clients = Rc::new(RefCell::new(Vec::<GlobalId>::new()));
    let found = clients.clone();
    let _listener = foreign::listen_to_registry(&registry, move |event| {
        if let RegistryEvent::Added { id, kind: ObjectKind::Client, props } = event
            && is_of(&props, process)
        {
            found.borrow_mut().push(id);
        }
    });
    let done = Rc::new(Cell::new(None));
    let answered = done.clone();
    let _core_listener = foreign::listen_to_core(&core, move |event| {
        if let CoreEvent::Done(number) = event {
            answered.set(Some(number));
        }
    });
    let round_trip = || -> Result<(), EvictionError> {
        let asked = ask(&core)?;
        while done.get() != Some(asked) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(EvictionError::Late(patience));
            }
            main_loop.loop_().iterate(Timeout::Finite(left));
        }
        Ok(())
    };
    round_trip()?;
    let clients = clients.take();
    if clients.is_empty() {
        return Err(EvictionError::Unknown);
    }
    for id in &clients {
        registry.destroy_global(*id).into_result().map_err(pipewire::Error::from)?;
    }
    round_trip()?;
    Ok(clients.len())
}

fn ask(core: &CoreRc) -> Result<i32, pipewire::Error> {
    core.sync(0).map(|number: AsyncSeq| number.raw())
}

/// Says whether a client is the service's, by what PipeWire says of it.
fn is_of(props: &Props, process: Option<i32>) -> bool {
    let has = |key: &str, value: &str| props.get(key).is_some_and(|own| own == value);
    match process {
        Some(process) => has("pipewire.sec.pid", &process.to_string()),
        None => has("application.name", SERVICE_NAME),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(name: &str, process: &str) -> Props {
        let entry = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        [entry("application.name", name), entry("pipewire.sec.pid", process)].into_iter().collect()
    }

    #[test]
    fn clients_of_the_process_alone_are_thrown_out() {
        assert!(is_of(&client("Headroom", "42"), Some(42)));
        assert!(!is_of(&client("Headroom", "421"), Some(42)));
        assert!(!is_of(&client(OWN_NAME, "43"), Some(42)));
        assert!(is_of(&client("Headroom", "7"), None));
        assert!(!is_of(&client(OWN_NAME, "7"), None) && !is_of(&Props::new(), None));
    }
}
