//! What an ear is owed, measured: blasts, first sounds, playlists, pauses, bangs, music, on real material.
//!
//!     scripts/material
//!     cargo run --release -p headroom-dsp --example ear
//!
//! Loudness is that of the output of the whole chain, limiter included, read by a meter that shares no code with it.
//! "Above" is above the system's own output of the speech before.
#![allow(clippy::needless_range_loop, reason = "matrices are written as they are in books")]

mod cost;
mod figures;
mod fresh;
mod library;
mod meter;
mod old_law;
mod peers;
mod plans;
mod plot;
mod profiles;
mod scenarios;
mod sound;
mod sources;
mod systems;
mod table;

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::{Parser, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use figures::{Figure, TARGET_LUFS, figures};
use library::Library;
use meter::Curve;
use scenarios::Plan;
use systems::{Kind, System};
use table::Table;

/// Names of the scenarios that no setting of the law was tuned by.
const HELD_OUT: &str = include_str!("held-out.txt");
/// Names of the scenarios that nobody looked at before the law was final.
const FRESH: &str = include_str!("fresh.txt");

/// Measures what an ear is owed, on real speech and music, beside others.
#[derive(Debug, Parser)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
#[command(name = "ear")]
struct Args {
    /// Which scenarios: those that the law is tuned by, those set apart before it was, all of these in two
    /// tables, or the fresh ones, which are for a law that is final.
    #[arg(long, value_enum, default_value_t = Set::All)]
    set: Set,
    /// Only scenarios whose name contains this.
    #[arg(long)]
    only: Option<String>,
    /// Leave ffmpeg's filters out.
    #[arg(long)]
    no_peers: bool,
    /// Compare the shipped profiles instead.
    #[arg(long)]
    profiles: bool,
    /// Measure nanoseconds instead: the chain with the old leveller and with the new one, by turns.
    #[arg(long)]
    cost: bool,
    /// Also print each scenario's figures.
    #[arg(long)]
    detail: bool,
    /// Write loudness over time of each scenario as SVG into this folder.
    #[arg(long)]
    plots: Option<PathBuf>,
    /// Where scripts/material has put its files; $XDG_CACHE_HOME/headroom-material unless given.
    #[arg(long)]
    material: Option<PathBuf>,
    /// Only list the scenarios; those set apart have a star.
    #[arg(long)]
    list: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Set {
    Tuning,
    HeldOut,
    Fresh,
    All,
}

fn is_held_out(name: &str) -> bool {
    HELD_OUT.lines().any(|line| line == name)
}

fn material_folder(args: &Args) -> Result<PathBuf> {
    if let Some(folder) = &args.material {
        return Ok(folder.clone());
    }
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache =
        cache.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")));
    Ok(cache
        .context("neither XDG_CACHE_HOME nor HOME is set: name the folder with --material")?
        .join("headroom-material"))
}

fn systems(args: &Args) -> Vec<System> {
    if args.profiles {
        return profiles::all();
    }
    let mut systems = vec![
        System { name: "old".to_owned(), target_lufs: TARGET_LUFS, kind: Kind::Old },
        System::headroom("Headroom", TARGET_LUFS, profiles::default()),
    ];
    if args.no_peers {
        return systems;
    }
    if !peers::is_there() {
        println!("NOT COMPARED: ffmpeg is missing, so the columns of others are");
        return systems;
    }
    for (name, filter, looks_ahead) in peers::PEERS {
        if !peers::can_run(filter) {
            println!("NOT COMPARED: {name} does not run in this ffmpeg, so its column is missing");
            continue;
        }
        systems.push(System {
            name: format!("{name}{}", if looks_ahead { "*" } else { "" }),
            target_lufs: TARGET_LUFS,
            kind: Kind::Ffmpeg { filter },
        });
    }
    systems
}

/// One scenario's figures, by system.
struct Measurement {
    name: String,
    figures: Vec<Vec<Figure>>,
}

fn measure(
    plan: &Plan,
    library: &Library,
    cache: &peers::Cache,
    systems: &[System],
    args: &Args,
) -> Result<Measurement> {
    let (sound, judge) = plan.make(library)?;
    let input = Curve::of(&sound, 0);
    let mut curves = vec![("in".to_owned(), input.clone())];
    let mut all = Vec::new();
    for system in systems {
        let heard = system
            .hear(&sound, &judge, cache)
            .with_context(|| format!("{} through {}", plan.name, system.name))?;
        all.push(figures(&judge, &input, &heard, system.target_lufs));
        curves.push((system.name.clone(), heard.curve));
    }
    if let Some(folder) = &args.plots {
        plot::draw(&folder.join(format!("{}.svg", plan.name)), &plan.name, &curves)?;
    }
    Ok(Measurement { name: plan.name.clone(), figures: all })
}

fn main() -> Result<()> {
    let args = Args::parse();
    if args.cost {
        return cost::print();
    }
    let plans = if args.set == Set::Fresh { fresh::all() } else { scenarios::all() };
    let plans: Vec<Plan> = plans
        .into_iter()
        .filter(|plan| match args.set {
            Set::Tuning => !is_held_out(&plan.name),
            Set::HeldOut => is_held_out(&plan.name),
            Set::Fresh => FRESH.lines().any(|line| line == plan.name),
            Set::All => true,
        })
        .filter(|plan| args.only.as_ref().is_none_or(|only| plan.name.contains(only)))
        .collect();
    if args.list {
        for plan in &plans {
            println!("{}{}", plan.name, if is_held_out(&plan.name) { " *" } else { "" });
        }
        println!("{} scenarios", plans.len());
        return Ok(());
    }
    if plans.is_empty() {
        bail!("there is no such scenario: --list names them");
    }
    let folder = material_folder(&args)?;
    let library = Library::open(&folder.join("root"))?;
    let cache = peers::Cache::open(&folder.join("measured"))?;
    if let Some(plots) = &args.plots {
        std::fs::create_dir_all(plots)?;
    }
    let systems = systems(&args);
    let begun = Instant::now();
    let results = run_all(&plans, &library, &cache, &systems, &args)?;
    report(&results, &systems, &args);
    println!(
        "{} scenarios in {:.0} s; * looks ahead: no live system may",
        results.len(),
        begun.elapsed().as_secs_f64()
    );
    Ok(())
}

fn run_all(
    plans: &[Plan],
    library: &Library,
    cache: &peers::Cache,
    systems: &[System],
    args: &Args,
) -> Result<Vec<Measurement>> {
    let bar = ProgressBar::new(plans.len() as u64);
    bar.set_style(ProgressStyle::with_template("{bar:40} {pos}/{len} {msg}")?);
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(plan) = plans.get(next.fetch_add(1, Ordering::Relaxed)) {
                    bar.set_message(plan.name.clone());
                    let result = measure(plan, library, cache, systems, args);
                    if let Ok(mut results) = results.lock() {
                        results.push(result);
                    }
                    bar.inc(1);
                }
            });
        }
    });
    bar.finish_and_clear();
    let results = results.into_inner().unwrap_or_default();
    let mut results = results.into_iter().collect::<Result<Vec<_>>>()?;
    results.sort_by_key(|result| plans.iter().position(|plan| plan.name == result.name));
    Ok(results)
}

fn report(results: &[Measurement], systems: &[System], args: &Args) {
    if args.detail {
        for result in results {
            println!("{}{}", result.name, if is_held_out(&result.name) { " *" } else { "" });
            for (system, figures) in systems.iter().zip(&result.figures) {
                let cells: Vec<String> =
                    figures.iter().map(|(name, value)| format!("{name} {value:.2}")).collect();
                println!("    {:<14}{}", system.name, cells.join(", "));
            }
        }
    }
    let print = |title: &str, wanted: &dyn Fn(&str) -> bool| {
        let mut table = Table::new(systems.iter().map(|system| system.name.clone()));
        let mut count = 0;
        for result in results.iter().filter(|result| wanted(&result.name)) {
            count += 1;
            for (column, figures) in result.figures.iter().enumerate() {
                table.add(column, figures);
            }
        }
        if count > 0 {
            println!("\n{title}, {count} scenarios\n{}", table.text());
        }
    };
    match args.set {
        Set::All => {
            print("All", &|_| true);
            print("Set apart", &|name| is_held_out(name));
        }
        Set::Tuning => print("Tuning", &|_| true),
        Set::HeldOut => print("Set apart", &|_| true),
        Set::Fresh => print("Fresh", &|_| true),
    }
}
