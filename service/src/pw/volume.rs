//! A stream's volumes as PipeWire's parameters tell and take them (SPA_PARAM_Props).

use pipewire::spa::{
    pod::{self, Object, Pod, Property, ValueArray},
    sys,
};

use super::{
    Volume, VolumeChange,
    latency::Param,
    params::{Properties, Value},
    soft::Heard,
};

/// Reads what a node tells of its volumes; `None` when it has none.
pub(super) fn read(pod: &Pod) -> Option<Volume> {
    let props = Properties::of(pod)?;
    let floats = |key| props.get(key).and_then(Value::floats);
    let flag = |key| props.get(key).and_then(Value::bool).unwrap_or(false);
    let overall = props.get(sys::SPA_PROP_volume).and_then(Value::float);
    let channels = floats(sys::SPA_PROP_channelVolumes).filter(|values| !values.is_empty())?;
    Some(Volume {
        channels,
        overall: overall.unwrap_or(1.0),
        mute: flag(sys::SPA_PROP_mute),
        soft: floats(sys::SPA_PROP_softVolumes).unwrap_or_default(),
        soft_mute: flag(sys::SPA_PROP_softMute),
        foreign_soft: false,
    })
}

/// Builds what changes a stream's own volume, as mixers write it: the volume or the mute, and not the other.
pub(super) fn own(volume: &Volume, change: VolumeChange) -> Option<Param> {
    let property = match change {
        VolumeChange::Percent(percent) => {
            let channels = ValueArray::Float(volume.channels_at(percent));
            Property::new(sys::SPA_PROP_channelVolumes, pod::Value::ValueArray(channels))
        }
        VolumeChange::Muted(muted) => Property::new(sys::SPA_PROP_mute, pod::Value::Bool(muted)),
    };
    Param::new(Object {
        type_: sys::SPA_TYPE_OBJECT_Props,
        id: sys::SPA_PARAM_Props,
        properties: vec![property],
    })
}

/// Builds what has a stream play something instead of its user's volume, which is in it nowhere.
pub(super) fn soft((volumes, mute): Heard) -> Option<Param> {
    let volumes = pod::Value::ValueArray(ValueArray::Float(volumes));
    Param::new(Object {
        type_: sys::SPA_TYPE_OBJECT_Props,
        id: sys::SPA_PARAM_Props,
        properties: vec![
            Property::new(sys::SPA_PROP_softVolumes, volumes),
            Property::new(sys::SPA_PROP_softMute, pod::Value::Bool(mute)),
        ],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use pipewire::spa::{pod::deserialize::PodDeserializer, utils::Id};

    /// The crate's own reader, as a second opinion.
    fn copy(pod: &Pod) -> Option<pod::Value> {
        // It wants the padding that its own view of a pod leaves out.
        let mut bytes = pod.as_bytes().to_vec();
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        Some(PodDeserializer::deserialize_from::<pod::Value>(&bytes).ok()?.1)
    }

    fn floats(values: &[f32]) -> pod::Value {
        pod::Value::ValueArray(ValueArray::Float(values.to_vec()))
    }

    fn props(properties: Vec<Property>) -> Param {
        let (type_, id) = (sys::SPA_TYPE_OBJECT_Props, sys::SPA_PARAM_Props);
        Param::new(Object { type_, id, properties }).unwrap()
    }

    #[test]
    fn what_a_node_tells_is_read_among_what_does_not_matter() {
        // Odd numbers of channels as well: they end in the middle of a word.
        for channels in [vec![0.5], vec![0.5, 0.25], vec![1.0; 7]] {
            let count = channels.len();
            let map = ValueArray::Id(vec![Id(3); count]);
            let told = props(vec![
                Property::new(sys::SPA_PROP_volume, pod::Value::Float(0.75)),
                Property::new(sys::SPA_PROP_mute, pod::Value::Bool(true)),
                Property::new(sys::SPA_PROP_channelVolumes, floats(&channels)),
                Property::new(sys::SPA_PROP_channelMap, pod::Value::ValueArray(map)),
                Property::new(sys::SPA_PROP_softMute, pod::Value::Bool(false)),
                Property::new(sys::SPA_PROP_softVolumes, floats(&vec![0.125; count])),
            ]);
            let soft = vec![0.125; count];
            let expected =
                Volume { channels, overall: 0.75, mute: true, soft, ..Volume::default() };
            assert_eq!(read(told.pod().unwrap()), Some(expected));
        }
    }

    #[test]
    fn gain_is_that_of_the_loudest_channel() {
        let volume = |channels: &[f32]| Volume { channels: channels.to_vec(), ..Volume::default() };
        let is = |volume: Volume, gain_db: f32| (volume.gain_db() - gain_db).abs() < 0.01;
        assert!(is(volume(&[0.5, 0.25]), -6.02));
        assert!(is(Volume { overall: 0.5, ..volume(&[0.5]) }, -12.04));
        assert!(is(volume(&[2.0]), 6.02));
        assert!(is(volume(&[1e9]), 20.0) && is(volume(&[0.0]), -120.0));
        assert!(is(Volume { mute: true, ..volume(&[0.5]) }, -120.0));
        assert!(is(Volume { foreign_soft: true, soft: vec![0.1], ..volume(&[0.5]) }, -20.0));
        let wild = Volume { overall: f32::INFINITY, ..volume(&[f32::NAN, -1.0]) };
        assert!(wild.gain_db().is_finite());
    }

    #[test]
    fn a_node_without_channel_volumes_has_none() {
        let told = props(vec![Property::new(sys::SPA_PROP_mute, pod::Value::Bool(true))]);
        assert_eq!(read(told.pod().unwrap()), None);
    }

    /// Everything that a parameter says.
    fn all(param: &Param) -> Vec<Property> {
        let object = param.pod().unwrap().as_object().unwrap();
        let copied = object.props();
        copied.map(|prop| Property::new(prop.key().0, copy(prop.value()).unwrap())).collect()
    }

    #[test]
    fn own_volume_is_written_without_the_mute_and_the_other_way() {
        let now = Volume { channels: vec![1.0, 0.5], soft: vec![0.1, 0.1], ..Volume::default() };
        let param = own(&now, VolumeChange::Percent(50.0)).unwrap();
        let volumes = floats(&[0.125, 0.0625]);
        assert_eq!(all(&param), [Property::new(sys::SPA_PROP_channelVolumes, volumes)]);
        let param = own(&now, VolumeChange::Muted(true)).unwrap();
        assert_eq!(all(&param), [Property::new(sys::SPA_PROP_mute, pod::Value::Bool(true))]);
    }

    #[test]
    fn a_soft_volume_touches_nothing_of_the_users() {
        let told = all(&soft((vec![0.25, 0.5, 0.0], true)).unwrap());
        let expected = [
            Property::new(sys::SPA_PROP_softVolumes, floats(&[0.25, 0.5, 0.0])),
            Property::new(sys::SPA_PROP_softMute, pod::Value::Bool(true)),
        ];
        assert_eq!(told, expected);
    }
}
