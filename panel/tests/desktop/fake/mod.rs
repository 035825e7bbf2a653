//! A service that only pretends: every member of the interface, and every trouble at will.

mod control;
pub(crate) mod portal;
mod world;

use std::sync::{Arc, Mutex, MutexGuard};

use headroom_api::names::{BUS_NAME, OBJECT_PATH};
use zbus::Connection;

use self::control::Control;
pub(crate) use self::world::{Stream, World};
use crate::bus::block;

/// The pretended service on its bus; dropping it takes it from the bus like a crash.
pub(crate) struct Fake {
    connection: Connection,
    world: Arc<Mutex<World>>,
}

impl Fake {
    /// Takes the service's name on this bus, in this state.
    pub(crate) fn start(address: &str, world: World) -> Self {
        let world = Arc::new(Mutex::new(world));
        let control = Control::new(Arc::clone(&world));
        let connection = block(async {
            let builder = zbus::connection::Builder::address(address);
            let builder = builder.serve_at(OBJECT_PATH, control).name(BUS_NAME);
            builder.build().await
        });
        Self { connection: connection.unwrap(), world }
    }

    /// Looks at the state.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    /// Changes the state, and tells what a service tells then.
    pub(crate) fn change(&self, change: impl FnOnce(&mut World)) {
        let (before, now) = {
            let mut world = self.world();
            let before = world.clone();
            change(&mut world);
            (before, world.clone())
        };
        block(async {
            let server = self.connection.object_server();
            let interface = server.interface::<_, Control>(OBJECT_PATH).await?;
            let emitter = interface.signal_emitter();
            let control = interface.get().await;
            if before.state != now.state {
                control.state_changed(emitter).await?;
            }
            if before.problems != now.problems {
                control.problems_changed(emitter).await?;
            }
            if before.bypass != now.bypass {
                control.bypass_changed(emitter).await?;
            }
            if before.introduced != now.introduced {
                control.introduced_changed(emitter).await?;
            }
            if before.profile != now.profile {
                control.active_profile_changed(emitter).await?;
            }
            if before.routes != now.routes {
                control.routes_changed(emitter).await?;
            }
            if before.level_control != now.level_control {
                control.level_control_changed(emitter).await?;
            }
            if before.app_settings != now.app_settings {
                control.app_settings_changed(emitter).await?;
            }
            for (id, stream) in &now.streams {
                match before.streams.get(id) {
                    None => Control::stream_added(emitter, *id, stream.to_dict(*id)).await?,
                    Some(old) if old != stream => {
                        Control::stream_changed(emitter, *id, stream.to_dict(*id)).await?;
                    }
                    Some(_) => {}
                }
            }
            for id in before.streams.keys().filter(|id| !now.streams.contains_key(id)) {
                Control::stream_removed(emitter, *id).await?;
            }
            if before.streams != now.streams {
                control.streams_changed(emitter).await?;
            }
            zbus::Result::Ok(())
        })
        .unwrap();
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        // Its tasks hold the connection as well: it is closed, not only let go.
        let connection = self.connection.clone();
        block(async move { connection.close().await }).ok();
    }
}
