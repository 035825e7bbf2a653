//! `headroom bypass`: the one big switch.

use std::{
    process::ExitCode,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use headroom_api::BYPASS_FOR_S;
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

/// Reads a length of time: a number of seconds, or one with `s`, `m` or `h`.
pub(crate) fn seconds(text: &str) -> Result<u32, String> {
    let text = text.trim();
    let (number, unit) = match text.char_indices().next_back() {
        Some((at, 's')) => (&text[..at], 1),
        Some((at, 'm')) => (&text[..at], 60),
        Some((at, 'h')) => (&text[..at], 3600),
        _ => (text, 1),
    };
    let number: u32 = number.trim().parse().map_err(|_| "write 90s, 30m or 2h".to_owned())?;
    let seconds = number.checked_mul(unit).filter(|seconds| BYPASS_FOR_S.contains(seconds));
    seconds.ok_or_else(|| "from 1s to 24h are accepted".to_owned())
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
    fn length_of_time_is_read_with_its_unit() {
        for (text, read) in
            [("90", 90), ("90s", 90), ("30m", 1800), (" 2h ", 7200), ("24h", 86_400)]
        {
            assert_eq!(seconds(text), Ok(read), "{text}");
        }
        for text in ["", "m", "0", "0h", "25h", "-5m", "1.5h", "30 minutes", "99999999h", "5ü"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }

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
