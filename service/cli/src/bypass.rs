//! `headroom bypass`: the one big switch.

use std::{
    process::ExitCode,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::json;

use crate::{
    args::{BypassAction, BypassArgs},
    failure::Failure,
    link::{call, control},
    output::{Printer, on_text, print_json},
};

/// Switches the bypass, and prints what it is then.
pub(crate) async fn run(args: BypassArgs) -> Result<ExitCode, Failure> {
    if args.seconds.is_some() && args.action != BypassAction::On {
        return Err(Failure::Usage(
            "--for goes with `on`: headroom bypass on --for 30m".to_owned(),
        ));
    }
    let control = control().await?;
    let wanted = match args.action {
        BypassAction::On => Some(true),
        BypassAction::Off => Some(false),
        BypassAction::Toggle => Some(!call(control.bypass()).await?),
        BypassAction::Status => None,
    };
    match (wanted, args.seconds) {
        (Some(_), Some(seconds)) => call(control.bypass_for(seconds)).await?,
        (Some(wanted), None) => call(control.set_bypass(wanted)).await?,
        (None, _) => {}
    }
    let is_on = call(control.bypass()).await?;
    let until_usec = if is_on { call(control.bypass_until()).await? } else { 0 };
    if args.json {
        print_json(&json!({ "bypass": is_on, "bypass-until-usec": until_usec }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut printer = Printer::new();
    printer.line(match time_left(until_usec) {
        Some(left) => format!("{}, for {left} more", on_text(is_on)),
        None => on_text(is_on).to_owned(),
    });
    printer.finish()?;
    Ok(ExitCode::SUCCESS)
}

/// Returns how long it is until then, in microseconds of the wall clock; `None` for 0.
pub(crate) fn time_left(until_usec: u64) -> Option<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let left = Duration::from_micros(until_usec).saturating_sub(now);
    (until_usec > 0).then(|| length_text(left.as_secs_f64().ceil() as u64))
}

fn length_text(seconds: u64) -> String {
    match seconds {
        0..100 => format!("{seconds} s"),
        // Never less than is left.
        100..6000 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_left_is_told_in_the_largest_unit_that_fits() {
        assert_eq!(time_left(0), None);
        assert_eq!(time_left(1).as_deref(), Some("0 s"));
        for (seconds, text) in
            [(99, "99 s"), (1799, "30 min"), (1800, "30 min"), (7260, "2 h 1 min")]
        {
            assert_eq!(length_text(seconds), text);
        }
    }
}
