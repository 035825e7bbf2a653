//! `headroom device`.

use clap::{Subcommand, builder::PossibleValuesParser};
use headroom_api::DEVICE_SETTINGS;

use super::JsonArgs;

#[derive(Debug, Subcommand)]
pub(crate) enum DeviceAction {
    /// List the devices in use, and what you chose for each
    #[command(after_help = "Examples:\n  headroom device list\n  headroom device list --json")]
    List(JsonArgs),
    /// Choose something for a device: it comes with the device, whenever that is used
    #[command(
        after_help = "  profile       put in force when the device becomes the default one\n  \
                      cap-lufs      how loud a moment may be before the device's volume, -30 to -3 LUFS\n  \
                      offset-db     this much louder or softer than elsewhere, -12 to 12 dB\n  \
                      maximum-lufs  how loud a moment may be behind the device's volume, -90 to 0 LUFS;\n                \
                      `headroom device maximum` stores what you hear\n  \
                      calibration-db, calibrated-by\n                what `headroom exposure calibrate` stores\n  \
                      guard         what meets a jump of the device's volume by more than 6 dB: slow lets it\n                \
                      through at 3 dB a second, hold waits until you move the volume on, off\n  \
                      failure       what becomes of sound that a failure of Headroom's leaves unprotected: open lets it\n                \
                      go on as it is, quiet 20 dB softer\n\n\
                      It acts on all that is processed, at once. What is left alone it does not reach.\n\n\
                      Examples:\n  headroom device set default profile night\n  headroom device set default offset-db -3\n  \
                      headroom device set Headphones guard hold"
    )]
    Set {
        /// Its node.name, a part of what people call it, or "default"
        device: String,
        #[arg(value_parser = PossibleValuesParser::new(DEVICE_SETTINGS.iter().copied()))]
        key: String,
        #[arg(allow_hyphen_values = true)]
        value: String,
    },
    /// Have a device never play louder than it does now
    #[command(
        after_help = "Play what is as loud as it may get, and turn the volume to where you want it at most. What counts is the\n\
                      loudest moment of the last three seconds, behind the device's volume; no volume gets it past that.\n\n\
                      Examples:\n  headroom device maximum\n  headroom device maximum Headphones"
    )]
    Maximum {
        /// As with `set`
        #[arg(default_value = "default")]
        device: String,
    },
    /// Forget what you chose for a device
    #[command(
        after_help = "Examples:\n  headroom device reset default\n  headroom device reset Headphones maximum-lufs"
    )]
    Reset {
        /// As with `set`
        device: String,
        /// All of it without a key
        #[arg(value_parser = PossibleValuesParser::new(DEVICE_SETTINGS.iter().copied()))]
        key: Option<String>,
    },
}
