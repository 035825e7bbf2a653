//! What the two nodes of a pair say of themselves: properties and format.

use headroom_api::names;
use pipewire::{
    keys,
    properties::PropertiesBox,
    spa::{
        self,
        param::audio::{AudioFormat, AudioInfoRaw},
        pod::Object,
        sys,
    },
};

use super::{ChainId, ChainSpec, channel_map::channel_id, latency::Param};
use crate::state::{Channels, smart_filter};

/// Returns the properties of the sink half.
pub(super) fn sink_props(id: ChainId, spec: &ChainSpec) -> PropertiesBox {
    let mut props = common_props(id, spec, &id.sink_name());
    // Internal: in no device chooser, never the default device.
    props.insert(*keys::MEDIA_CLASS, "Audio/Sink/Internal");
    // Below every device: what finds no other target must not fall back on a chain.
    props.insert("priority.session", "-1");
    props
}

/// Returns the properties of the playback half.
pub(super) fn output_props(id: ChainId, spec: &ChainSpec) -> PropertiesBox {
    let mut props = common_props(id, spec, &id.output_name());
    props.insert(*keys::MEDIA_CLASS, "Stream/Output/Audio");
    // A pair that nobody plays into must not keep the device awake.
    props.insert("node.passive", "true");
    props.insert("node.dont-reconnect", "false");
    props
}

fn common_props(id: ChainId, spec: &ChainSpec, node_name: &str) -> PropertiesBox {
    let mut props = PropertiesBox::new();
    props.insert(*keys::NODE_NAME, node_name);
    props.insert(*keys::NODE_DESCRIPTION, "Headroom");
    props.insert(*keys::NODE_VIRTUAL, "true");
    // One driver for both halves, and the session manager does not link them to each other.
    let group = match id {
        ChainId::Bus(generation) => format!("{}-{generation}", id.sink_name()),
        ChainId::App(_) | ChainId::Device(_) => id.sink_name(),
    };
    props.insert(*keys::NODE_GROUP, group.as_str());
    props.insert("node.link-group", group.as_str());
    props.insert("audio.channels", spec.channels.count().to_string());
    props.insert("audio.position", spec.channels.property());
    props.insert("resample.prefill", "true");
    // Each half runs at the graph's rate: its converter has nothing to resample. The library makes and fills the filter
    // for it all the same: 17 kB at this quality in place of 66 kB.
    props.insert("resample.quality", "0");
    // Buffers have room for 8,192 frames, and locking makes all of it resident. What a cycle uses of them it touches in
    // every cycle, as it does the rest of the chain, which nobody locks.
    props.insert("mem.allow-mlock", "false");
    // The session manager must remember nothing about us.
    props.insert("state.restore-props", "false");
    props.insert("state.restore-target", "false");
    // The chain of an application is no smart filter: its playback half is to the session manager a
    // stream like any other, which the bus catches.
    if id.holds_ceiling() {
        props.insert(smart_filter::SMART_KEY, "true");
        // Chains of one name stand side by side, never one behind the other: not even while the
        // device of one is away.
        props.insert("filter.smart.name", names::SINK_NODE);
    }
    if matches!(id, ChainId::Bus(_)) {
        props.insert(smart_filter::DISABLED_KEY, spec.disabled.to_string());
    }
    if let Some(device) = &spec.device {
        props.insert(smart_filter::BOUND_KEY, smart_filter::bound_to(device));
    }
    props
}

/// Planar 32-bit float at the graph's rate, whatever that is.
pub(super) fn format_param(channels: &Channels) -> Option<Param> {
    let mut info = AudioInfoRaw::new();
    info.set_format(AudioFormat::F32P);
    info.set_channels(u32::try_from(channels.count()).ok()?);
    let mut position = [0; spa::param::audio::MAX_CHANNELS];
    for (slot, name) in position.iter_mut().zip(channels.names()) {
        *slot = channel_id(name);
    }
    info.set_position(position);
    Param::new(Object {
        type_: sys::SPA_TYPE_OBJECT_Format,
        id: sys::SPA_PARAM_EnumFormat,
        properties: info.into(),
    })
}
