//! A node with audio inputs and nothing else: what a tap listens with.
//!
//! A `pw_filter`, which the crate does not wrap: unlike a stream it has its ports at once, one
//! for each channel, needs no session manager for them and converts nothing. Made and dropped on
//! the loop thread; only its process callback runs on the data thread.

use std::{ffi::c_void, ptr::NonNull};

use pipewire::{
    core::CoreRc,
    properties::PropertiesBox,
    spa::sys::{spa_buffer, spa_hook, spa_io_position},
    sys,
};

use super::GlobalId;
use crate::rt::{ExposureMeter, MAX_TAP_CHANNELS, TapMeter};

static EVENTS: sys::pw_filter_events = sys::pw_filter_events {
    version: sys::PW_VERSION_FILTER_EVENTS,
    destroy: None,
    state_changed: None,
    io_changed: None,
    param_changed: None,
    add_buffer: None,
    remove_buffer: None,
    process: Some(process),
    drained: None,
    command: None,
};

/// A node that meters what it is linked to; dropping it takes it out of the graph.
pub(super) struct MeterFilter {
    filter: NonNull<sys::pw_filter>,
    // Boxes that PipeWire points into, as raw pointers: nothing here may touch them while it does.
    hook: NonNull<spa_hook>,
    own: NonNull<Own>,
}

/// Cycles after a tap's first that are not counted: what they bring was there before its links.
const WARM_UP_CYCLES: u32 = 2;

/// What counts the samples.
#[expect(clippy::large_enum_variant, reason = "there is one of each tap, which is boxed")]
pub(super) enum Meter {
    /// Peak and mean square.
    Level(TapMeter),
    /// A-weighted energy of a device.
    Exposure(ExposureMeter),
}

impl Meter {
    fn add(&mut self, channel: usize, samples: &[f32], rate_hz: u32) {
        match self {
            Self::Level(meter) => meter.add(channel, samples),
            Self::Exposure(meter) => meter.add(channel, samples, rate_hz),
        }
    }
}

/// What the data thread's callback owns.
struct Own {
    meter: Meter,
    ports: [*mut c_void; MAX_TAP_CHANNELS],
    channels: usize,
    cycles_to_skip: u32,
}

impl MeterFilter {
    /// Makes the node, with a port for each of `channels` (at most [`MAX_TAP_CHANNELS`]).
    pub(super) fn new(
        core: &CoreRc,
        props: PropertiesBox,
        channels: usize,
        meter: Meter,
    ) -> Result<Self, pipewire::Error> {
        // The name that matters is in the properties; this one is for PipeWire's own log.
        let name = c"tap";
        // SAFETY: the core lives at least as long as what was made with it (see `Connection`), the
        // name ends in a nul, and the properties become the filter's.
        let filter =
            unsafe { sys::pw_filter_new(core.as_raw_ptr(), name.as_ptr(), props.into_raw()) };
        let filter = NonNull::new(filter).ok_or(pipewire::Error::CreationFailed)?;
        // SAFETY: a hook is plain data that starts as zeroes.
        let hook: Box<spa_hook> = Box::new(unsafe { std::mem::zeroed() });
        let mut own = Own {
            meter,
            ports: [std::ptr::null_mut(); MAX_TAP_CHANNELS],
            channels: 0,
            cycles_to_skip: WARM_UP_CYCLES,
        };
        for port in own.ports.iter_mut().take(channels) {
            *port = add_port(filter, own.channels);
            if port.is_null() {
                break;
            }
            own.channels += 1;
        }
        let complete = own.channels == channels;
        let this = Self {
            filter,
            hook: NonNull::from(Box::leak(hook)),
            own: NonNull::from(Box::leak(Box::new(own))),
        };
        if !complete {
            return Err(pipewire::Error::CreationFailed);
        }
        // SAFETY: filter, hook and data live until `drop`, which destroys the filter first.
        let result = unsafe {
            sys::pw_filter_add_listener(
                this.filter.as_ptr(),
                this.hook.as_ptr(),
                &raw const EVENTS,
                this.own.as_ptr().cast(),
            );
            let flags = sys::pw_filter_flags_PW_FILTER_FLAG_RT_PROCESS;
            sys::pw_filter_connect(this.filter.as_ptr(), flags, std::ptr::null_mut(), 0)
        };
        if result < 0 { Err(pipewire::Error::CreationFailed) } else { Ok(this) }
    }

    /// Returns the node's number once PipeWire has given it one.
    pub(super) fn node_id(&self) -> Option<GlobalId> {
        // SAFETY: the filter lives as long as this does.
        let id = unsafe { sys::pw_filter_get_node_id(self.filter.as_ptr()) };
        (id != pipewire::spa::sys::SPA_ID_INVALID).then_some(id)
    }
}

impl Drop for MeterFilter {
    fn drop(&mut self) {
        // SAFETY: destroying takes the node off the data thread before it returns; nothing points
        // at the two boxes afterwards, and they were boxes once.
        unsafe {
            sys::pw_filter_destroy(self.filter.as_ptr());
            drop(Box::from_raw(self.hook.as_ptr()));
            drop(Box::from_raw(self.own.as_ptr()));
        }
    }
}

fn add_port(filter: NonNull<sys::pw_filter>, number: usize) -> *mut c_void {
    let mut props = PropertiesBox::new();
    props.insert("format.dsp", "32 bit float mono audio");
    props.insert("port.name", format!("input_{}", number + 1));
    // The stream is not to take what lies behind a tap, which is nothing, for its way to the ear.
    props.insert("port.ignore-latency", "true");
    // SAFETY: the filter is valid and the properties become the port's. No data of ours is in it.
    unsafe {
        sys::pw_filter_add_port(
            filter.as_ptr(),
            pipewire::spa::sys::SPA_DIRECTION_INPUT,
            sys::pw_filter_port_flags_PW_FILTER_PORT_FLAG_MAP_BUFFERS,
            1,
            props.into_raw(),
            std::ptr::null_mut(),
            0,
        )
    }
}

/// Runs on the data thread in every cycle in which the stream plays.
#[cfg_attr(rtsan, sanitize(realtime = "nonblocking"))]
unsafe extern "C" fn process(own: *mut c_void, position: *mut spa_io_position) {
    // SAFETY: `own` is what was given to `add_listener`; no other thread touches it, and it is
    // freed after the filter has left the data thread.
    let own = unsafe { &mut *own.cast::<Own>() };
    // SAFETY: PipeWire hands out its clock for the cycle, or null.
    let rate_hz = unsafe { position.as_ref() }.map_or(0, |position| position.clock.rate.denom);
    let mut skipped = false;
    for (channel, port) in own.ports[..own.channels].iter().enumerate() {
        // SAFETY: the port belongs to the filter, which lives while this runs.
        while let Some(buffer) = NonNull::new(unsafe { sys::pw_filter_dequeue_buffer(*port) }) {
            // SAFETY: a dequeued buffer is valid, and ours until it is queued again.
            unsafe {
                match samples(buffer.as_ref().buffer) {
                    Some(_) if own.cycles_to_skip > 0 => skipped = true,
                    Some(samples) => own.meter.add(channel, samples, rate_hz),
                    None => {}
                }
                sys::pw_filter_queue_buffer(*port, buffer.as_ptr());
            }
        }
    }
    own.cycles_to_skip -= u32::from(skipped);
}

/// Returns a buffer's samples.
///
/// # Safety
/// The buffer is valid and stays so as long as what is returned is used.
unsafe fn samples<'a>(buffer: *const spa_buffer) -> Option<&'a [f32]> {
    // SAFETY: as the caller promises; what PipeWire says of sizes is held against each other.
    unsafe {
        let buffer = buffer.as_ref().filter(|buffer| buffer.n_datas > 0)?;
        let data = buffer.datas.as_ref().filter(|data| !data.data.is_null())?;
        let chunk = data.chunk.as_ref()?;
        let offset = chunk.offset.min(data.maxsize);
        let size = chunk.size.min(data.maxsize - offset);
        let bytes = data.data.cast::<u8>().add(offset as usize);
        bytemuck::try_cast_slice(std::slice::from_raw_parts(
            bytes,
            size as usize / size_of::<f32>() * size_of::<f32>(),
        ))
        .ok()
    }
}
