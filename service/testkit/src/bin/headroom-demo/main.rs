//! Shows Headroom's main job in a private session: what goes in, and what reaches the device.
//!
//! Speech with a blast in it is played as a browser, through Headroom, and, in a second session at the same time, as a
//! player that the user has set to bypass; then, with the limiter alone, hostile and benign material. The exit code is 1 when a promise was
//! broken.
#![forbid(unsafe_code)]

mod plot;
mod programme;
mod real;
mod report;
mod stage;

use std::{
    env, fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
    thread,
};

use anyhow::{Context, Result, anyhow, ensure};
use clap::Parser;
use headroom_testkit::session::Passage;
use indicatif::{ProgressBar, ProgressStyle};

use programme::{Piece, programme, story};
use report::Row;
use stage::Stage;

/// The profile that leaves everything to the limiter.
const LIMITER_ALONE: &str = "transparent";

/// Plays hostile material through Headroom in a private session and measures what the device gets.
///
/// Nothing of your own session is used or changed, and nothing can be heard.
#[derive(Debug, Parser)]
#[command(name = "headroom-demo", version)]
struct Args {
    /// The service to run; by default the one beside this program
    #[arg(long, value_name = "PATH")]
    service: Option<PathBuf>,
    /// Where to draw loudness and levels before and after
    #[arg(long, value_name = "FILE.svg", default_value = "artifacts/demo.svg")]
    plot: PathBuf,
    /// Length of each piece after the first, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 1.5, value_parser = parse_seconds)]
    seconds: f64,
}

fn parse_seconds(text: &str) -> Result<f64, String> {
    let accepted = 0.5..=60.0;
    text.parse()
        .ok()
        .filter(|seconds| accepted.contains(seconds))
        .ok_or_else(|| format!("not a length from {} to {} s", accepted.start(), accepted.end()))
}

fn main() -> Result<ExitCode> {
    let args = Args::parse();
    let service = beside(args.service, "headroom-service")?;
    let (story, note) = story();
    let pieces: Vec<_> = [story].into_iter().chain(programme(args.seconds)).collect();
    let progress = ProgressBar::new(2 * pieces.len() as u64);
    progress.set_style(ProgressStyle::with_template("{bar:32} {pos}/{len}  {msg}")?);
    progress.set_message("starting two private sessions and the service in each");
    let stage = || Stage::set(&service);
    // Each in a session of its own: what the one waits for, the other does not.
    let (bypassed, processed) = thread::scope(|scope| {
        let bypassed =
            scope.spawn(|| play_all(&stage()?, &pieces, Stage::play_bypassed, &progress));
        let processed = stage().and_then(|stage| {
            let passages = play_all(&stage, &pieces, Stage::play_processed, &progress)?;
            // The latency is known once something has played.
            Ok((passages, stage.published()?))
        });
        (bypassed.join(), processed)
    });
    let bypassed = bypassed.map_err(|_| anyhow!("the bypassed player's thread has panicked"))??;
    let (processed, published) = processed?;
    let passages = processed.iter().zip(&bypassed);
    let rows: Vec<_> = pieces
        .iter()
        .zip(passages)
        .flat_map(|(piece, (processed, bypassed))| Row::of(piece, processed, bypassed))
        .collect();
    progress.finish_and_clear();

    let mut out = io::stdout().lock();
    write!(out, "{}", report::table(&rows, &published))?;
    let (told, others) = rows.split_at(pieces[0].parts.len());
    writeln!(
        out,
        "From the fourth row on the profile is '{LIMITER_ALONE}': the limiter has all to do."
    )?;
    write!(out, "{}", report::story(told))?;
    if let Some(note) = note {
        writeln!(out, "{note}")?;
    }
    let broken = report::broken_promises(&rows, &published);
    for sentence in &broken {
        writeln!(out, "BROKEN: {sentence}")?;
    }
    save(&args.plot, &plot::draw(told, others, published.ceiling_dbtp)?)?;
    writeln!(out, "Loudness and levels before and after: {}", args.plot.display())?;
    Ok(if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Plays every piece in one way, and returns what the device got of each.
fn play_all(
    stage: &Stage,
    pieces: &[Piece],
    play: fn(&Stage, &Piece) -> Result<Passage>,
    progress: &ProgressBar,
) -> Result<Vec<Passage>> {
    let mut passages = Vec::with_capacity(pieces.len());
    for (index, piece) in pieces.iter().enumerate() {
        if index == 1 {
            // What the leveller and the cap turn down does not reach the ceiling.
            stage.use_profile(LIMITER_ALONE)?;
        }
        progress.set_message(piece.name.clone());
        passages.push(play(stage, piece)?);
        progress.inc(1);
    }
    Ok(passages)
}

/// Returns the path that was given, or that of the program of this name beside this one.
fn beside(given: Option<PathBuf>, name: &str) -> Result<PathBuf> {
    let path = match given {
        Some(path) => path,
        None => env::current_exe()?.with_file_name(name),
    };
    ensure!(path.is_file(), "{} is not there: build the workspace first", path.display());
    // A command does not search its program where the caller stands.
    Ok(path.canonicalize()?)
}

fn save(path: &Path, svg: &str) -> Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    fs::write(path, svg).with_context(|| format!("cannot write {}", path.display()))
}
