//! `headroom volume`: the own volume of streams, as the desktop's mixers have it.

use std::process::ExitCode;

use headroom_api::{ControlProxy, STREAM_VOLUME_PERCENT, StreamRow};
use headroom_client::Told;
use serde_json::{Value, json};

use crate::{
    args::{VolumeArgs, VolumeStep},
    failure::Failure,
    link::{call, control},
    output::{Cell, FAINT, Printer, number, print_json, round_db},
    streams,
};

/// Tells or changes the volume of a stream, or of every stream of an application.
pub(crate) async fn run(args: &VolumeArgs) -> Result<ExitCode, Failure> {
    let control = control().await?;
    let ids = match &args.app {
        Some(word) => Some(streams::find(&control, word).await?),
        None => None,
    };
    let is_meant =
        |stream: &Told<StreamRow>| ids.as_ref().is_none_or(|ids| ids.contains(&stream.id));
    let before = streams::read(&control).await?;
    if let (Some(step), Some(ids)) = (args.change, &ids) {
        let found = |id: u64| before.iter().find(|stream| stream.id == id);
        let has_volume = |id: u64| found(id).is_some_and(|it| it.volume_percent.is_some());
        // Where one of an application's streams has a volume, that is what is meant.
        let some_have = ids.iter().any(|id| has_volume(*id));
        for id in ids.iter().copied().filter(|id| !some_have || has_volume(*id)) {
            change(&control, id, found(id), step).await?;
        }
    } else if ids.as_ref().is_some_and(|ids| !before.iter().any(|it| ids.contains(&it.id))) {
        let word = args.app.as_deref().unwrap_or_default();
        return Err(Failure::Refused(format!("There is no stream {word}.")));
    }
    let now = streams::read(&control).await?;
    let mut now: Vec<_> = now.into_iter().filter(is_meant).collect();
    now.sort_unstable_by_key(|stream| stream.id);
    if args.json {
        print_json(&now.iter().map(|stream| entry(stream)).collect())?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut printer = Printer::new();
    if now.is_empty() {
        printer.styled_line("Nothing is playing.", FAINT);
    } else {
        let rows: Vec<_> = now.iter().map(|stream| row(stream)).collect();
        printer.table(&["ID", "APPLICATION", "VOLUME", "MEDIA"], &rows);
    }
    printer.finish()?;
    Ok(ExitCode::SUCCESS)
}

/// Changes one volume; a step ends where mixers end.
async fn change(
    control: &ControlProxy<'_>,
    id: u64,
    now: Option<&Told<StreamRow>>,
    step: VolumeStep,
) -> Result<(), Failure> {
    let percent = now.and_then(|stream| stream.volume_percent);
    let is_muted = now.and_then(|stream| stream.muted).unwrap_or(false);
    let changed = match step {
        VolumeStep::To(percent) => call(control.set_stream_volume(id, percent)).await,
        VolumeStep::By(by) => {
            let percent = stepped(percent.unwrap_or_default(), by);
            call(control.set_stream_volume(id, percent)).await
        }
        VolumeStep::Muted(muted) => call(control.set_stream_muted(id, muted)).await,
        VolumeStep::ToggleMute => call(control.set_stream_muted(id, !is_muted)).await,
    };
    Ok(changed?)
}

/// Returns a volume after a step, in percent; one that is louder than mixers go never gets there by a step up.
fn stepped(percent: f64, by: f64) -> f64 {
    let (least, most) = (*STREAM_VOLUME_PERCENT.start(), *STREAM_VOLUME_PERCENT.end());
    round_db((percent + by).clamp(least, most), 2)
}

fn row(stream: &StreamRow) -> Vec<Cell> {
    vec![
        Cell::new(stream.id.to_string()).right(),
        Cell::new(&stream.app),
        Cell::new(streams::volume_text(stream)),
        Cell::new(&stream.media).styled(FAINT),
    ]
}

fn entry(stream: &StreamRow) -> Value {
    json!({
        "id": stream.id,
        "app": stream.app,
        "volume-percent": stream.volume_percent.map(number),
        "muted": stream.muted,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn step_ends_where_mixers_end() {
        for (percent, by, after) in [
            (50.0, 5.0, 55.0),
            (3.0, -5.0, 0.0),
            (148.0, 5.0, 150.0),
            (200.0, 5.0, 150.0),
            (99.99, 0.01, 100.0),
        ] {
            assert!((stepped(percent, by) - after).abs() < 1e-9, "{percent} {by}");
        }
    }
}
