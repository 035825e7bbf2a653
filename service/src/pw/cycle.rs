//! One cycle of a pair on the data thread: from the sink half's buffer, through the chain, into the
//! playback half's.
//!
//! # Real-time
//! Nothing here allocates, locks, logs, frees or calls the system.

use headroom_dsp::MAX_CHANNELS;
use pipewire::stream::{Stream, StreamRc, Time};

use crate::{
    clock::monotonic_nsec,
    rt::{CycleTime, Processor},
};

const SAMPLE_BYTES: u32 = 4;

/// What the data thread's callback of the playback half owns.
pub(super) struct Playback {
    pub(super) capture: StreamRc,
    pub(super) processor: Processor,
}

/// Runs on the data thread when the applications' sound has arrived.
pub(super) fn trigger(capture: &Stream, playback: &StreamRc) {
    if playback.trigger_process().is_err() {
        // The playback half is not linked yet: take the sound and drop it.
        while capture.dequeue_buffer().is_some() {}
    }
}

/// Runs on the data thread, in the cycle of [`trigger`]: from the sink half's buffer, through the
/// chain, into the playback half's.
pub(super) fn run_chain(playback: &Stream, own: &mut Playback) {
    // What the graph's clock said as this cycle began.
    let clock = own.capture.time().ok();
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
    let (Some(mut input), Some(mut output)) = (input, playback.dequeue_buffer()) else {
        return 0;
    };
    let (sources, targets) = (input.datas_mut(), output.datas_mut());
    let channels = sources.len().min(targets.len()).min(MAX_CHANNELS);
    let mut frames = usize::MAX;
    for (source, target) in sources.iter().zip(targets.iter()).take(channels) {
        let filled = source.chunk().size() as usize / size_of::<f32>();
        let room = target.as_raw().maxsize as usize / size_of::<f32>();
        frames = frames.min(filled).min(room);
    }
    if channels == 0 {
        return 0;
    }
    let mut io: [&mut [f32]; MAX_CHANNELS] = Default::default();
    for ((source, target), slot) in sources.iter_mut().zip(targets.iter_mut()).zip(&mut io) {
        let offset = source.chunk().offset() as usize;
        {
            let chunk = target.chunk_mut();
            *chunk.offset_mut() = 0;
            *chunk.stride_mut() = SAMPLE_BYTES.cast_signed();
            *chunk.size_mut() = frames as u32 * SAMPLE_BYTES;
        }
        let source = source.data().and_then(|bytes| samples(bytes, offset, frames));
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
