//! Links of our making between other programs' nodes: they end with these, and not with us.
//!
//! Runs on the loop thread. Which are made is decided elsewhere.

use pipewire::{core::CoreRc, link::Link, properties::properties};
use tracing::warn;

use super::GlobalId;

/// Links each output port to its input port.
pub(super) fn link(core: &CoreRc, links: &[(GlobalId, GlobalId)]) {
    for (output, input) in links {
        let made = core.create_object::<Link>(
            "link-factory",
            &properties! {
                "link.output.port" => output.to_string(),
                "link.input.port" => input.to_string(),
                "object.linger" => "true",
            },
        );
        // What is let go here is our handle on it alone.
        if let Err(error) = made {
            warn!(output, input, %error, "failed to link a stream to its device");
        }
    }
}
