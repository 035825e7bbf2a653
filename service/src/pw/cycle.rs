//! One cycle of a pair on the data thread: from the sink half's buffer, through the chain, into the
//! playback half's.
//!
//! # Real-time
//! Nothing here allocates, locks, logs or frees; the one call of the system is the word to the data loop by which a stream
//! is triggered.

use headroom_dsp::MAX_CHANNELS;
use pipewire::{
    buffer::Buffer,
    stream::{Stream, StreamRc, Time},
    sys::{self, pw_stream},
};

use crate::{
    clock::monotonic_nsec,
    rt::{Arrivals, CycleTime, Processor},
};

const SAMPLE_BYTES: u32 = 4;

/// What the data thread's callback of the sink half owns.
pub(super) struct Capture {
    pub(super) playback: StreamRc,
    /// Of a chain that others wait for.
    pub(super) arrivals: Option<Arrivals<pw_stream>>,
}

/// What the data thread's callback of the playback half owns.
pub(super) struct Playback {
    pub(super) capture: StreamRc,
    pub(super) processor: Processor,
}

/// Runs on the data thread when the applications' sound has arrived.
pub(super) fn trigger(capture: &Stream, own: &mut Capture) {
    let in_time = own.arrivals.as_mut().is_none_or(|arrivals| {
        let in_time = arrivals.come(capture.time().map_or(0, |clock| clock.now()));
        arrivals.pass_over(go_on_without_sound);
        in_time
    });
    if !in_time || own.playback.trigger_process().is_err() {
        // The cycle has gone on, or the playback half is not linked yet: take the sound and drop it.
        while capture.dequeue_buffer().is_some() {}
    }
}

/// Has the playback half of a chain run in this cycle, which has no buffer for it.
fn go_on_without_sound(playback: *mut pw_stream) {
    // SAFETY: `Stalls` hands out what `Chain` has it watch, which stays until it is watched no more. To trigger a
    // stream is an atomic and a word to the data loop, on any thread; one that is in no cycle now is left alone.
    unsafe { sys::pw_stream_trigger_process(playback) };
}

/// Runs on the data thread, in the cycle of [`trigger`] or in one that goes on without sound: from the sink half's
/// buffer, through the chain, into the playback half's.
pub(super) fn run_chain(playback: &Stream, own: &mut Playback) {
    // What the graph's clock said as this cycle began.
    let clock = playback.time().ok();
    let start_ns = clock.as_ref().map_or(0, Time::now);
    own.processor.begin_cycle(start_ns);
    let frames = pass(playback, own);
    own.processor.end_cycle(CycleTime {
        start_ns,
        end_ns: monotonic_nsec(),
        position_frames: clock.as_ref().map_or(0, Time::ticks),
        frames,
    });
}

/// Returns how many frames there were.
fn pass(playback: &Stream, own: &mut Playback) -> u32 {
    let mut input = None;
    // The newest buffer is this cycle's; an older one was left by a cycle that could not play.
    while let Some(buffer) = own.capture.dequeue_buffer() {
        input = Some(buffer);
    }
    let Some(mut output) = playback.dequeue_buffer() else { return 0 };
    // Without any, silence: the next in line would take the block before for this cycle's.
    let wanted = usize::try_from(output.requested()).unwrap_or(usize::MAX);
    let mut sources = input.as_mut().map(Buffer::datas_mut);
    let targets = output.datas_mut();
    let given = sources.as_ref().map_or(targets.len(), |sources| sources.len());
    let channels = given.min(targets.len()).min(MAX_CHANNELS);
    if channels == 0 {
        return 0;
    }
    let mut frames = usize::MAX;
    for (channel, target) in targets[..channels].iter().enumerate() {
        let filled = sources
            .as_ref()
            .map_or(wanted, |sources| sources[channel].chunk().size() as usize / size_of::<f32>());
        let room = target.as_raw().maxsize as usize / size_of::<f32>();
        frames = frames.min(filled).min(room);
    }
    let mut io: [&mut [f32]; MAX_CHANNELS] = Default::default();
    for (channel, (target, slot)) in targets[..channels].iter_mut().zip(&mut io).enumerate() {
        {
            let chunk = target.chunk_mut();
            *chunk.offset_mut() = 0;
            *chunk.stride_mut() = SAMPLE_BYTES.cast_signed();
            *chunk.size_mut() = frames as u32 * SAMPLE_BYTES;
        }
        let source = sources.as_mut().and_then(|sources| {
            let source = &mut sources[channel];
            let offset = source.chunk().offset() as usize;
            samples(source.data()?, offset, frames)
        });
        if let Some(target) = target.data().and_then(|bytes| samples(bytes, 0, frames)) {
            match source {
                Some(source) => target.copy_from_slice(source),
                None => target.fill(0.0),
            }
            *slot = target;
        }
    }
    own.processor.process(&mut io[..channels]);
    u32::try_from(frames).unwrap_or(0)
}

fn samples(bytes: &mut [u8], offset: usize, frames: usize) -> Option<&mut [f32]> {
    let bytes = bytes.get_mut(offset..offset + frames * size_of::<f32>())?;
    bytemuck::try_cast_slice_mut(bytes).ok()
}
