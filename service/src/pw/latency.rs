//! Latency parameters: what the pair tells its neighbours.

use std::io::Cursor;

use pipewire::spa::{
    pod::{Object, Pod, Property, Value, serialize::PodSerializer},
    sys, utils,
};

/// A parameter, serialised; PipeWire copies it when it is set.
pub(super) struct Param(Vec<u8>);

impl Param {
    /// Serialises an object.
    pub(super) fn new(object: Object) -> Option<Self> {
        let (cursor, _) =
            PodSerializer::serialize(Cursor::new(Vec::new()), &Value::Object(object)).ok()?;
        Some(Self(cursor.into_inner()))
    }

    /// Returns the parameter as PipeWire wants it.
    pub(super) fn pod(&self) -> Option<&Pod> {
        Pod::from_bytes(&self.0)
    }
}

/// Latency that a port reports for one direction (SPA_PARAM_Latency).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct PortLatency {
    pub(super) direction: u32,
    min_quantum: f32,
    max_quantum: f32,
    min_rate_frames: i32,
    max_rate_frames: i32,
    min_ns: i64,
    max_ns: i64,
}

impl PortLatency {
    /// No latency in `direction`.
    pub(super) const fn none(direction: u32) -> Self {
        Self {
            direction,
            min_quantum: 0.0,
            max_quantum: 0.0,
            min_rate_frames: 0,
            max_rate_frames: 0,
            min_ns: 0,
            max_ns: 0,
        }
    }

    /// Reads what a neighbour reported.
    pub(super) fn parse(pod: &Pod) -> Option<Self> {
        let mut info = sys::spa_latency_info {
            direction: 0,
            min_quantum: 0.0,
            max_quantum: 0.0,
            min_rate: 0,
            max_rate: 0,
            min_ns: 0,
            max_ns: 0,
        };
        // SAFETY: `pod` is a valid pod for the length of this call, and `info` is written only.
        let result = unsafe { sys::spa_latency_parse(pod.as_raw_ptr(), &raw mut info) };
        (result >= 0).then_some(Self {
            direction: info.direction,
            min_quantum: info.min_quantum,
            max_quantum: info.max_quantum,
            min_rate_frames: info.min_rate,
            max_rate_frames: info.max_rate,
            min_ns: info.min_ns,
            max_ns: info.max_ns,
        })
    }

    /// Adds a delay at the graph's rate.
    pub(super) fn plus(self, frames: usize) -> Self {
        let frames = i32::try_from(frames).unwrap_or(i32::MAX);
        Self {
            min_rate_frames: self.min_rate_frames.saturating_add(frames),
            max_rate_frames: self.max_rate_frames.saturating_add(frames),
            ..self
        }
    }

    /// Builds the parameter.
    pub(super) fn param(self) -> Option<Param> {
        Param::new(Object {
            type_: sys::SPA_TYPE_OBJECT_ParamLatency,
            id: sys::SPA_PARAM_Latency,
            properties: vec![
                Property::new(
                    sys::SPA_PARAM_LATENCY_direction,
                    Value::Id(utils::Id(self.direction)),
                ),
                Property::new(sys::SPA_PARAM_LATENCY_minQuantum, Value::Float(self.min_quantum)),
                Property::new(sys::SPA_PARAM_LATENCY_maxQuantum, Value::Float(self.max_quantum)),
                Property::new(sys::SPA_PARAM_LATENCY_minRate, Value::Int(self.min_rate_frames)),
                Property::new(sys::SPA_PARAM_LATENCY_maxRate, Value::Int(self.max_rate_frames)),
                Property::new(sys::SPA_PARAM_LATENCY_minNs, Value::Long(self.min_ns)),
                Property::new(sys::SPA_PARAM_LATENCY_maxNs, Value::Long(self.max_ns)),
            ],
        })
    }
}

/// Builds SPA_PARAM_ProcessLatency: what the node itself adds, in frames at the graph's rate.
pub(super) fn process_latency(frames: usize) -> Option<Param> {
    Param::new(Object {
        type_: sys::SPA_TYPE_OBJECT_ParamProcessLatency,
        id: sys::SPA_PARAM_ProcessLatency,
        properties: vec![
            Property::new(sys::SPA_PARAM_PROCESS_LATENCY_quantum, Value::Float(0.0)),
            Property::new(
                sys::SPA_PARAM_PROCESS_LATENCY_rate,
                Value::Int(i32::try_from(frames).unwrap_or(i32::MAX)),
            ),
            Property::new(sys::SPA_PARAM_PROCESS_LATENCY_ns, Value::Long(0)),
        ],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_latency_survives_pipewires_own_parser() {
        let sent = PortLatency { min_quantum: 1.0, ..PortLatency::none(1) }.plus(69);
        let param = sent.param().unwrap();
        assert_eq!(PortLatency::parse(param.pod().unwrap()), Some(sent));
    }
}
