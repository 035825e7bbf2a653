//! How loud a device is at an ear: from a data sheet, from what is usual, or from what somebody feels.

use headroom_api::{CalibratedBy, ControlProxy, ExposureRow, Felt};
use headroom_client::json::round_db;
use zbus::Variant;

use super::{MINUTE_USEC, now_usec};
use crate::{
    args::{CalibrateArgs, SensitivityUnit},
    device::Known,
    failure::Failure,
    link::call,
};

/// By how much a full-scale sine is below a mean square of 0 dBFS, in dB.
const FULL_SCALE_SINE_DB: f64 = 3.010_3;
/// The level of 0 dBFS with usual headphones, in dB(A): -10 dBFS are 100 dB (IEC 62368-1, table 39).
const USUAL_DBA: f64 = 110.0;
/// What is judged by an ear: the minute of now, and the one before.
const JUDGED_USEC: u64 = 2 * MINUTE_USEC;
/// For how long it must have been counted, in seconds.
const LEAST_S: f64 = 20.0;

/// Stores how loud a device is, or forgets it; returns what there is to say.
pub(super) async fn calibrate(
    control: &ControlProxy<'_>,
    args: &CalibrateArgs,
) -> Result<String, Failure> {
    let devices = Known::read(control).await?;
    let device = devices.find(&args.device)?;
    let shown = devices.shown(device);
    if args.forget {
        let row = devices.chosen(device);
        if row.is_some_and(|row| row.calibration_db.is_some()) {
            call(control.reset_device_setting(device, "calibration-db")).await?;
        }
        if row.is_some_and(|row| row.calibrated_by.is_some()) {
            call(control.reset_device_setting(device, "calibrated-by")).await?;
        }
        return Ok(format!("{shown}: how loud it is at your ear is not known any more"));
    }
    let felt = args.sounds.as_deref().and_then(|word| word.parse::<Felt>().ok());
    let (calibration_db, by) = match (felt, args.trim) {
        (Some(felt), _) => {
            let row = heard(control, device).await?;
            (felt.level_dba() - row.level_dbfs, CalibratedBy::Ear)
        }
        (None, Some(trim_db)) => (USUAL_DBA + trim_db, CalibratedBy::Trim),
        (None, None) => (by_sensitivity_db(args), CalibratedBy::Sensitivity),
    };
    let (number, word) = (Variant::from(calibration_db), Variant::from(by.as_str()));
    call(control.set_device_setting(device, "calibration-db", &number)).await?;
    call(control.set_device_setting(device, "calibrated-by", &word)).await?;
    let sine_dba = round_db(calibration_db - FULL_SCALE_SINE_DB, 1);
    Ok(format!("{shown}: a full-scale sine of 1 kHz at full volume counts as {sine_dba} dB(A)"))
}

/// Returns what a device was heard to play just now.
async fn heard(control: &ControlProxy<'_>, device: &str) -> Result<ExposureRow, Failure> {
    let now_usec = now_usec();
    let from_usec = now_usec.saturating_sub(JUDGED_USEC) / MINUTE_USEC * MINUTE_USEC;
    let to_usec = now_usec + MINUTE_USEC;
    let rows = call(control.exposure(from_usec, to_usec, to_usec - from_usec)).await?;
    let mut rows = rows.iter().map(ExposureRow::from_dict);
    rows.find(|row| row.device == device && row.played_s >= LEAST_S).ok_or_else(|| {
        Failure::Refused(
            "Too little was counted there: `headroom exposure on`, then play something for half a minute."
                .to_owned(),
        )
    })
}

/// Returns the level at the ear of a mean square of 0 dBFS, in dB(A).
fn by_sensitivity_db(args: &CalibrateArgs) -> f64 {
    let power_db = match args.unit {
        Some(SensitivityUnit::DbPerMilliwatt) => {
            10.0 * (1000.0 * args.volts.powi(2) / args.ohms.unwrap_or(32.0)).log10()
        }
        _ => 20.0 * args.volts.log10(),
    };
    args.sensitivity.unwrap_or_default() + power_db + FULL_SCALE_SINE_DB
}

#[cfg(test)]
mod tests {
    use super::*;

    fn db(sensitivity: f64, unit: SensitivityUnit, volts: f64, ohms: Option<f64>) -> f64 {
        by_sensitivity_db(&CalibrateArgs {
            device: "default".to_owned(),
            sensitivity: Some(sensitivity),
            unit: Some(unit),
            volts,
            ohms,
            trim: None,
            sounds: None,
            forget: false,
        })
    }

    #[test]
    fn both_units_of_sensitivity_agree() {
        // 96 dB/mW at 32 ohms are 96 + 10 log10(1000 / 32) = 110.95 dB/V.
        let power = db(96.0, SensitivityUnit::DbPerMilliwatt, 1.0, Some(32.0));
        let voltage = db(110.948_5, SensitivityUnit::DbPerVolt, 1.0, None);
        assert!((power - voltage).abs() < 0.001, "{power} {voltage}");
        let half = db(96.0, SensitivityUnit::DbPerMilliwatt, 0.5, Some(32.0));
        assert!((power - half - 6.0206).abs() < 0.001);
        // A full-scale sine at 1 V is a sensitivity in dB/V, and its mean square is 3 dB lower.
        assert!((voltage - FULL_SCALE_SINE_DB - 110.948_5).abs() < 1e-9);
    }
}
