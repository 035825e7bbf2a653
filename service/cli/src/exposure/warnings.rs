//! Warnings of a full sound dose and of a high level: their switch, and why they are silent where they are.

use headroom_api::ControlProxy;

use crate::{args::WarningsAction, device::Known, failure::Failure, link::call};

/// Has warnings sent or not, or neither; returns what there is to say, and what keeps them silent.
pub(super) async fn run(
    control: &ControlProxy<'_>,
    action: WarningsAction,
) -> Result<(&'static str, Option<String>), Failure> {
    match action {
        WarningsAction::On => call(control.set_exposure_warnings(true)).await?,
        WarningsAction::Off => call(control.set_exposure_warnings(false)).await?,
        WarningsAction::Status => {}
    }
    if !call(control.exposure_warnings()).await? {
        return Ok(("off: nothing warns of a dose or a level", None));
    }
    let devices = Known::read(control).await?;
    let silent = if call(control.exposure_enabled()).await? {
        uncalibrated(&devices)
    } else {
        Some("Nothing is counted now, so nothing warns: `headroom exposure on`.".to_owned())
    };
    let on = "on: a notification at each full sound dose of a week, and one above 100 dB(A); nothing is turned down";
    Ok((on, silent))
}

/// Says which devices do not warn for want of a calibration.
fn uncalibrated(devices: &Known) -> Option<String> {
    const WHY: &str =
        "nobody knows how loud that is at your ear. See `headroom exposure calibrate --help`.";
    if !devices.has_calibrated() {
        return Some(format!("No device is calibrated, so nothing warns: {WHY}"));
    }
    let device = devices.uncalibrated_in_use()?;
    Some(format!("{device} is not calibrated and never warns: {WHY}"))
}
