//! What only pretends: the testkit's service, in the worlds that the panel meets, and the desktop's portal.

pub(crate) mod portal;
pub(crate) mod worlds;

use headroom_testkit::pretended::{Service, World};

use crate::desktop::Desktop;

/// Starts a service in this world.
pub(crate) fn pretend(desktop: &Desktop, world: World) -> Service {
    Service::start(&desktop.session.bus_address(), world).unwrap()
}
