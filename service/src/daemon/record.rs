//! Writes down what happens in the graph, when somebody asks for it at the start.
//!
//! For reports of what went wrong: the file is replayed as a test. It is written on the control thread,
//! which is not meant for daily use.

use std::{
    fs::File,
    io::{BufWriter, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use anyhow::Context as _;
use tracing::warn;

use crate::state::{GraphEvent, Step};

/// Longest recording, in bytes: some hours of an eventful desktop.
const MAX_BYTES: usize = 64 << 20;

/// A recording that goes on.
#[derive(Debug)]
pub(super) struct Recording {
    /// `None` once it is full, or could not be written.
    file: Option<BufWriter<File>>,
    bytes: usize,
}

impl Recording {
    /// Begins one in a new file.
    ///
    /// # Errors
    /// When the file is there already, or cannot be made.
    pub(super) fn create(path: &Path) -> anyhow::Result<Self> {
        let file = File::options().write(true).create_new(true).mode(0o600).open(path);
        let file = file.with_context(|| format!("cannot record to {}", path.display()))?;
        Ok(Self { file: Some(BufWriter::new(file)), bytes: 0 })
    }

    /// Notes an event.
    pub(super) fn note(&mut self, event: &GraphEvent) {
        self.write(&Step::of(event));
    }

    /// Notes that all that has happened is looked at.
    pub(super) fn settle(&mut self) {
        self.write(&Step::Settle);
    }

    fn write(&mut self, step: &Step) {
        let Some(file) = &mut self.file else { return };
        let line = step.to_line();
        self.bytes += line.len() + 1;
        let mut outcome = writeln!(file, "{line}");
        if *step == Step::Settle {
            // Whoever reads along, or a crash, finds whole looks.
            outcome = outcome.and_then(|()| file.flush());
        }
        if let Err(error) = outcome {
            warn!(%error, "the recording ends here");
            self.file = None;
        } else if self.bytes > MAX_BYTES {
            warn!(bytes = self.bytes, "the recording ends here: it is as long as it may be");
            self.file = None;
        }
    }
}
