//! Devices that programs with effects have left chosen for applications: told from a person's choices by their names.

use headroom_api::Held;

use super::{StreamStatus, effects::effects_program};
use crate::event::{GraphCommand, PIN_TYPE, TARGET_KEY};

/// As a target, it has the session manager forget the device that it remembers.
const FORGET: &str = "-1";

/// Returns the program that is gone and whose device is still remembered for a stream's application.
pub fn stale_program(stream: &StreamStatus) -> Option<&'static str> {
    match &stream.reason.held {
        Some(Held::Remembered { device: Some(device), absent: true, .. }) => {
            effects_program(device)
        }
        _ => None,
    }
}

/// Returns the commands that have the session manager forget the devices of programs that are gone, as far as their
/// applications have streams.
pub fn forget_effects(streams: &[StreamStatus]) -> Vec<GraphCommand> {
    let stale = streams.iter().filter(|stream| stale_program(stream).is_some());
    let forget = |stream: &StreamStatus| GraphCommand::SetDefaultMetadata {
        subject: stream.node,
        key: TARGET_KEY,
        value: Some((PIN_TYPE, FORGET.to_owned())),
    };
    stale.map(forget).collect()
}
