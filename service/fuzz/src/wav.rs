//! WAV files that `headroom render` is given: read to their end or refused, with at most as many frames as there are bytes.

use std::{cell::RefCell, fs};

use tempfile::TempDir;

#[allow(
    dead_code,
    unreachable_pub,
    reason = "the command line's own modules, of which a part is used"
)]
#[path = "../../cli/src/render"]
mod render {
    pub(super) mod channels;
    pub(super) mod source;
}
use render::source::Source;

/// Frames that are read at a time.
const BLOCK_FRAMES: usize = 4_096;

thread_local! {
    static FOLDER: RefCell<TempDir> = RefCell::new(crate::folder());
}

/// Reads bytes as a WAV file.
///
/// # Panics
/// When a refusal has no words, a sample is not finite, or there are more frames than bytes.
pub fn check(bytes: &[u8]) {
    FOLDER.with_borrow(|folder| {
        let file = folder.path().join("file.wav");
        fs::write(&file, bytes).expect("it can be written");
        let mut source = match Source::open(&file) {
            Ok(source) => source,
            Err(refusal) => return assert!(!refusal.to_string().is_empty()),
        };
        let channels = source.spec().layout.channels();
        assert!((1..=headroom_dsp::MAX_CHANNELS).contains(&channels));
        let mut block = vec![vec![0.0; BLOCK_FRAMES]; channels];
        let mut frames = 0;
        while let Ok(count @ 1..) = source.read(&mut block) {
            frames += count;
            assert!(frames <= bytes.len(), "{frames} frames in {} bytes", bytes.len());
            for channel in &block {
                assert!(channel[..count].iter().all(|sample| sample.is_finite()));
            }
        }
    });
}
