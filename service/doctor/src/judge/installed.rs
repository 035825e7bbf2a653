//! Judges PipeWire and WirePlumber by their own programs, while the service cannot tell.

use super::service::{PIPEWIRE_FLOOR, WIREPLUMBER_FLOOR, version};
use crate::check::Check;

/// Judges what `pipewire --version` printed.
pub(crate) fn pipewire(text: &str) -> Check {
    version("pipewire", "PipeWire", linked_version(text), PIPEWIRE_FLOOR)
}

/// Judges what `wireplumber --version` printed.
pub(crate) fn wireplumber(text: &str) -> Check {
    version("wireplumber", "WirePlumber", linked_version(text), WIREPLUMBER_FLOOR)
}

/// Returns the version in a line such as "Linked with libpipewire 1.4.2".
pub(crate) fn linked_version(text: &str) -> Option<&str> {
    text.lines()
        .find(|line| line.starts_with("Linked with"))
        .and_then(|line| line.split(' ').next_back())
}

/// Judges what `pw-cli info 0` printed, if anything.
pub(crate) fn reachable(info: Option<&str>) -> Check {
    if info.is_some() {
        Check::ok(
            "session",
            "PipeWire runs in this session.",
            "Sound works, with or without Headroom.",
        )
    } else {
        Check::bad(
            "session",
            "PipeWire does not run in this session, or does not answer.",
            "There is no sound to process.",
            "Start it: systemctl --user start pipewire wireplumber",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_the_tools_own_words() {
        let text = "pipewire\nCompiled with libpipewire 1.4.1\nLinked with libpipewire 1.4.2\n";
        assert_eq!(linked_version(text), Some("1.4.2"));
        assert_eq!(linked_version("nonsense"), None);
    }
}
