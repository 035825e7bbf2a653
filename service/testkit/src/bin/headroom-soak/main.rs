//! Lives random desktop lives against the real service, in a private session, and draws what that costs over time.
//!
//! Lives are random but for their seed. Every few minutes everybody leaves, and memory, descriptors and threads are
//! read at rest: these readings are judged, from the fifteenth minute of each life of the service on. The exit code
//! is 1 when one of them rises, or a promise was broken.
#![forbid(unsafe_code)]

mod actions;
mod desktop;
mod figures;
mod hearing;
mod hostile;
mod plot;
mod report;
mod slope;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use clap::Parser;

use desktop::{Desktop, Mood};
use report::Report;

/// The first minutes of a shift: the service is ended and killed in them, and then lives to the shift's end.
const TURMOIL: Duration = Duration::from_mins(5);
/// From one turmoil to the next.
const SHIFT: Duration = Duration::from_hours(6);

/// Lives random desktop lives against the service, and judges what that costs over time.
///
/// Nothing of your own session is used or changed, and nothing can be heard.
#[derive(Debug, Parser)]
#[command(name = "headroom-soak", version)]
struct Args {
    /// How long, in hours
    #[arg(value_name = "HOURS", value_parser = parse_hours)]
    hours: f64,
    /// Which lives; another number, others
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Half of what happens is hostile: random calls, floods, broken files, destroyed nodes, kills
    #[arg(long)]
    hostile: bool,
    /// Where the picture, the table and the readings go
    #[arg(long, value_name = "FOLDER", default_value = "artifacts/soak")]
    folder: PathBuf,
    /// The service to run; by default the one beside this program
    #[arg(long, value_name = "PATH")]
    service: Option<PathBuf>,
}

fn parse_hours(text: &str) -> Result<f64, String> {
    let accepted = 0.02..=200.0;
    text.parse().ok().filter(|hours| accepted.contains(hours)).ok_or_else(|| {
        format!("not a number of hours from {} to {}", accepted.start(), accepted.end())
    })
}

fn main() -> Result<ExitCode> {
    let args = Args::parse();
    let service = match &args.service {
        Some(path) => path.clone(),
        None => env::current_exe()?.with_file_name("headroom-service"),
    };
    ensure!(service.is_file(), "{} is not there: build the workspace first", service.display());
    let length = Duration::from_secs_f64(args.hours * 3600.0);
    let mut report = Report::new(args.seed);
    let mut desktop = Desktop::start(service.canonicalize()?, args.seed)?;
    println!("{}", report::HEADER);
    let began = Instant::now();
    while began.elapsed() < length {
        let in_shift_s = began.elapsed().as_secs() % SHIFT.as_secs();
        let is_turmoil = in_shift_s < TURMOIL.as_secs();
        let mood = match is_turmoil {
            _ if args.hostile => Mood::Hostile,
            true => Mood::Turmoil,
            false => Mood::Usual,
        };
        let chapter = desktop.live(mood, began)?;
        println!("{}", report.add(chapter));
        // What is known so far outlives a run that is broken off.
        save(&args.folder, "soak.svg", &plot::draw(&report)?)?;
        save(&args.folder, "readings.csv", &report.csv())?;
        save(&args.folder, "soak.txt", &report.sum())?;
        save(&args.folder, "story.txt", &report.story())?;
    }
    desktop.end()?;
    print!("{}", report.sum());
    println!("drawn in {}", args.folder.join("soak.svg").display());
    Ok(if report.faults().is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn save(folder: &Path, name: &str, text: &str) -> Result<()> {
    let path = folder.join(name);
    fs::create_dir_all(folder)?;
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}
