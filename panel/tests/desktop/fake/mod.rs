//! What is no more than a mock: the testkit's service, in the worlds that the panel meets, and the desktop's portal.

pub(crate) mod portal;

use headroom_testkit::mock::{Service, World};
pub(crate) use headroom_testkit::scenarios as worlds;

use crate::desktop::Desktop;

/// Starts a service in this world.
pub(crate) fn start_mock(desktop: &Desktop, world: World) -> Service {
    Service::start(&desktop.session.bus_address(), world).unwrap()
}
