//! `headroom level`: app volume control, stream by stream.

use std::process::ExitCode;

use crate::{
    args::LevelAction,
    failure::Failure,
    link::control,
    listing::Listing,
    output::{Cell, FAINT, GOOD, HEADING, Printer, on_text},
};

/// Lists what app volume control does.
pub(crate) async fn run(LevelAction::List(args): LevelAction) -> Result<ExitCode, Failure> {
    let control = control().await?;
    let mut printer = Printer::new();
    let listing = Listing {
        columns: &[("LEVEL", |stream| {
            Cell::new(on_text(stream.level)).styled(if stream.level { GOOD } else { FAINT })
        })],
        members: &[("level", |stream| stream.level.into())],
        gauges: &[
            ("level-db", "GAIN dB", HEADING, |gauges| Some(gauges.own.level_db)),
            ("peak-dbfs", "PEAK dBFS", FAINT, |gauges| Some(gauges.own.peak_dbfs)),
            ("rms-dbfs", "RMS dBFS", FAINT, |gauges| Some(gauges.own.rms_dbfs)),
        ],
        has_done: false,
        choices: None,
    };
    listing.print(&control, args.json, &mut printer).await?;
    printer.finish()?;
    Ok(ExitCode::SUCCESS)
}
