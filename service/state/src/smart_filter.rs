//! What the session manager's smart filters are told: keys and values of their properties and of the `filters`
//! metadata (WirePlumber 0.5).

use crate::event::{GlobalId, GraphCommand};

/// Makes a filter a smart one.
pub const SMART_KEY: &str = "filter.smart";
/// Takes a smart filter out.
pub const DISABLED_KEY: &str = "filter.smart.disabled";
/// Binds a smart filter to a device.
pub const BOUND_KEY: &str = "filter.smart.target";

/// Means nothing to anybody; any change of the `filters` metadata has the session manager look at every link again.
pub(crate) const LOOK_KEY: &str = "headroom.look";

/// Returns the value of [`BOUND_KEY`] for a device, by its node name.
pub fn bound_to(device: &str) -> String {
    serde_json::json!({ "node.name": device }).to_string()
}

/// Returns the node name of the device in a value of [`BOUND_KEY`].
pub(crate) fn bound_device(value: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(value).ok()?;
    value.get("node.name")?.as_str().map(str::to_owned)
}

/// Returns the command that writes, or with `None` deletes, a key of a filter in the `filters` metadata.
pub(crate) fn set(subject: GlobalId, key: &'static str, value: Option<String>) -> GraphCommand {
    let value = value.map(|value| ("Spa:String:JSON", value));
    GraphCommand::SetFiltersMetadata { subject, key, value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn device_is_read_as_it_was_written() {
        for device in ["hw", "a \"b\" \\c", "ünï"] {
            assert_eq!(bound_device(&bound_to(device)).as_deref(), Some(device));
        }
        assert_eq!(bound_device("{}"), None);
    }
}
