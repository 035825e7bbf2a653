//! `headroom render`: a WAV file through the chain, offline, with a report.
//!
//! Works in blocks, so that a file of any length takes the same memory. It runs on a thread of its
//! own; the main one waits for an interrupt, after which nothing is left behind.

mod channels;
mod edges;
mod measure;
mod plot;
mod profile;
mod report;
pub(crate) mod sink;
mod source;

use std::{
    ffi::OsStr,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use headroom_dsp::Chain;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::signal::unix::{SignalKind, signal};

use self::{
    edges::Edges,
    measure::{GainRanges, Measurement},
    plot::{Envelope, Side},
    report::Report,
    sink::Sink,
    source::{Source, SourceError},
};
use crate::{args::RenderArgs, failure::Failure};

/// Frames per block.
const BLOCK_FRAMES: usize = 1024;

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Self {
        Self::Refused(error.to_string())
    }
}

/// Renders on another thread, until done or interrupted.
pub(crate) async fn run(args: RenderArgs) -> Result<ExitCode, Failure> {
    check(&args)?;
    let is_cancelled = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&is_cancelled);
    let is_json = args.json;
    // Before there is anything to leave behind.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut job = tokio::task::spawn_blocking(move || render(&args, &flag));
    let outcome = tokio::select! {
        outcome = &mut job => Some(outcome),
        _ = interrupt.recv() => None,
        _ = terminate.recv() => None,
    };
    let outcome = if let Some(outcome) = outcome {
        outcome
    } else {
        is_cancelled.store(true, Ordering::Relaxed);
        job.await
    };
    outcome
        .map_err(|error| Failure::Refused(format!("Rendering failed: {error}")))??
        .print(is_json)?;
    Ok(ExitCode::SUCCESS)
}

/// Checks the paths, before anything is read.
fn check(args: &RenderArgs) -> Result<(), Failure> {
    if is_same_file(&args.input, &args.output) {
        return Err(Failure::Usage(format!(
            "{}: is the input; the output needs a name of its own.",
            args.output.display()
        )));
    }
    check_free(&args.output, args.force)?;
    if let Some(plot) = &args.plot {
        if is_same_file(&args.input, plot) || is_same_file(&args.output, plot) {
            return Err(Failure::Usage(format!(
                "{}: the plot needs a name of its own.",
                plot.display()
            )));
        }
        check_free(plot, args.force)?;
    }
    Ok(())
}

/// Returns whether both names lead to one file, by whatever way, or would once they exist.
fn is_same_file(a: &Path, b: &Path) -> bool {
    match (std::fs::metadata(a), std::fs::metadata(b)) {
        (Ok(a), Ok(b)) => (a.dev(), a.ino()) == (b.dev(), b.ino()),
        _ => place(a).is_some_and(|first| Some(first) == place(b)),
    }
}

/// Returns the folder and the name that a file has or would have.
fn place(path: &Path) -> Option<(PathBuf, &OsStr)> {
    let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    Some((folder.canonicalize().ok()?, path.file_name()?))
}

fn check_free(path: &Path, force: bool) -> Result<(), Failure> {
    match std::fs::metadata(path) {
        Ok(found) if !found.is_file() => {
            Err(Failure::Refused(format!("{}: is there and is not a file.", path.display())))
        }
        Ok(_) if !force => Err(Failure::Refused(format!(
            "{}: is there already; --force overwrites it.",
            path.display()
        ))),
        _ => Ok(()),
    }
}

fn render(args: &RenderArgs, is_cancelled: &AtomicBool) -> Result<Report, Failure> {
    let params = profile::params(args)?;
    let mut source = Source::open(&args.input)?;
    let spec = source.spec();
    let ceiling_dbtp = f64::from(params.limiter.ceiling_dbtp);
    let mut chain = Chain::new(params);
    chain.prepare(spec).map_err(|error| Failure::Refused(error.to_string()))?;

    let frames = source.frames();
    let mut sink = Sink::create(&args.output, spec, frames, args.bits, ceiling_dbtp)?;
    let mut edges = Edges::new(spec, chain.latency_frames(), ceiling_dbtp);
    let mut before = Measurement::new(spec)?;
    let mut after = Measurement::new(spec)?;
    let mut gains = GainRanges::default();
    let mut envelope = Envelope::new(frames);
    let progress = progress_bar(frames);

    let channels = spec.layout.channels();
    let mut input = vec![vec![0.0_f32; BLOCK_FRAMES]; channels];
    let mut output = vec![vec![0.0_f32; BLOCK_FRAMES]; channels];
    // What is still within the chain after the last frame is driven out by silence.
    let mut drain = chain.latency_frames();
    loop {
        if is_cancelled.load(Ordering::Relaxed) {
            return Err(Failure::Refused("Interrupted; nothing was written.".to_owned()));
        }
        let count = source.read(&mut input)?;
        let count = if count > 0 {
            let block: Vec<&[f32]> = input.iter().map(|channel| &channel[..count]).collect();
            before.add(&block);
            envelope.add(Side::Before, &block);
            count
        } else {
            let count = drain.min(BLOCK_FRAMES);
            drain -= count;
            for channel in &mut input {
                channel[..count].fill(0.0);
            }
            count
        };
        let block: Vec<&[f32]> = input.iter().map(|channel| &channel[..count]).collect();
        let mut processed: Vec<&mut [f32]> =
            output.iter_mut().map(|channel| &mut channel[..count]).collect();
        chain.process(&block, &mut processed);
        if count > 0 {
            gains.add(&chain.take_meters());
        }
        edges.push(&processed);
        let is_end = count == 0;
        let mut ready = edges.take(is_end);
        let mut ready: Vec<&mut [f32]> = ready.iter_mut().map(Vec::as_mut_slice).collect();
        sink.write(&mut ready)?;
        let written: Vec<&[f32]> = ready.iter().map(|channel| &**channel).collect();
        after.add(&written);
        envelope.add(Side::After, &written);
        progress.inc(written[0].len() as u64);
        if is_end {
            break;
        }
    }
    progress.finish_and_clear();
    sink.finish(source.channel_mask(), args.force)?;
    if let Some(plot) = &args.plot {
        envelope.draw(plot, spec.rate_hz, ceiling_dbtp, args.force)?;
    }
    Ok(Report {
        profile: args.profile.clone(),
        spec,
        frames,
        latency_frames: chain.latency_frames(),
        ceiling_dbtp,
        not_finite: source.not_finite(),
        faded: edges.faded(),
        before: before.finish(),
        after: after.finish(),
        gains,
    })
}

/// Returns a bar on standard error, which stays hidden when that is not a terminal.
fn progress_bar(frames: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {percent:>3} %  {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(frames).with_style(style)
}
