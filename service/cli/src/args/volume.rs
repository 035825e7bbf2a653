//! `headroom volume`.

use clap::Args as ClapArgs;
use headroom_api::STREAM_VOLUME_PERCENT;

#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct VolumeArgs {
    /// Name or binary of an application, or id of one of its streams; without it all are listed
    #[arg(value_name = "APP|STREAM", allow_hyphen_values = true)]
    pub(crate) app: Option<String>,
    /// How loud, or what of its mute; as it is without this
    #[arg(value_name = "VOLUME", allow_hyphen_values = true, value_parser = read)]
    pub(crate) change: Option<VolumeStep>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// What becomes of a volume, in percent as mixers show it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum VolumeStep {
    /// So loud.
    To(f64),
    /// So much louder or softer.
    By(f64),
    /// Silent, or not any more.
    Muted(bool),
    /// The other of the two.
    ToggleMute,
}

fn read(text: &str) -> Result<VolumeStep, String> {
    let text = text.trim();
    match text {
        "mute" => return Ok(VolumeStep::Muted(true)),
        "unmute" => return Ok(VolumeStep::Muted(false)),
        "toggle" => return Ok(VolumeStep::ToggleMute),
        _ => {}
    }
    let (least, most) = (STREAM_VOLUME_PERCENT.start(), STREAM_VOLUME_PERCENT.end());
    let wanted =
        || format!("write {least} to {most}, +5, -5, mute, unmute or toggle (of the mute)");
    let number = text.strip_suffix('%').unwrap_or(text).trim_end();
    let percent: f64 = number.parse().map_err(|_| wanted())?;
    let step = number.starts_with(['+', '-']);
    match step {
        true if percent.abs() <= *most => Ok(VolumeStep::By(percent)),
        false if STREAM_VOLUME_PERCENT.contains(&percent) => Ok(VolumeStep::To(percent)),
        _ => Err(wanted()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volume_is_read_with_its_sign_and_unit() {
        for (text, step) in [
            ("50", VolumeStep::To(50.0)),
            ("72.5%", VolumeStep::To(72.5)),
            ("0", VolumeStep::To(0.0)),
            ("150 %", VolumeStep::To(150.0)),
            ("+5", VolumeStep::By(5.0)),
            ("-5%", VolumeStep::By(-5.0)),
            ("mute", VolumeStep::Muted(true)),
            ("unmute", VolumeStep::Muted(false)),
            ("toggle", VolumeStep::ToggleMute),
        ] {
            assert_eq!(read(text), Ok(step), "{text}");
        }
        for text in ["", "%", "loud", "151", "+151", "nan", "+nan", "inf", "-inf", "5 dB", "Mute"] {
            assert!(read(text).unwrap_err().contains("0 to 150"), "{text}");
        }
    }
}
