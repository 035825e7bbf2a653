//! What a desktop's notifications say: a headline, which is plain text, and a body, which desktops may take for markup.

use headroom_api::{SafeModeCause, quotable};

use crate::i18n::{number, quantity, tr, trf, trn};

/// Time in which 80 dB(A) bring the sound dose of an adult's week (ITU-T H.870), in minutes.
const WEEK_AT_80_MINUTES: f64 = 40.0 * 60.0;

/// The words of one notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeWords {
    /// The headline.
    pub summary: String,
    /// The rest; no name of others is in it.
    pub body: String,
}

impl NoticeWords {
    /// Tells of safe mode.
    pub fn of_safe_mode(cause: SafeModeCause) -> Self {
        Self { summary: tr("Headroom stepped aside"), body: safe_mode(cause) }
    }

    /// Warns of the sound dose of the last seven days, which has reached so many whole hundred per cent.
    pub fn of_dose(hundreds: u32) -> Self {
        let percent = quantity(f64::from(hundreds) * 100.0, 0, "%");
        Self {
            summary: if hundreds == 1 {
                tr("A week's sound dose is full")
            } else {
                trn(
                    "A week's sound dose is full {n} time",
                    "A week's sound dose is full {n} times",
                    u64::from(hundreds),
                )
            },
            body: trf(
                "The last seven days brought {percent} of the sound dose of an adult's week (ITU-T H.870), as exactly as your devices are calibrated. Nothing was turned down.",
                &[("percent", &percent)],
            ),
        }
    }

    /// Warns of a level at the ear, in dB(A), of a device, as people call it.
    pub fn of_level(device: &str, level_dba: f64) -> Self {
        let minutes = WEEK_AT_80_MINUTES / 10.0_f64.powf((level_dba - 80.0) / 10.0);
        let body = if minutes < 1.5 {
            tr(
                "So loud, a minute or less brings the sound dose of an adult's week (ITU-T H.870), as exactly as it is calibrated. Nothing was turned down.",
            )
        } else {
            trn(
                "So loud, {n} minute brings the sound dose of an adult's week (ITU-T H.870), as exactly as it is calibrated. Nothing was turned down.",
                "So loud, {n} minutes bring the sound dose of an adult's week (ITU-T H.870), as exactly as it is calibrated. Nothing was turned down.",
                minutes.round() as u64,
            )
        };
        let (device, level) = (quotable(device), number(level_dba, 0));
        let summary =
            trf("{device} plays at {level} dB(A)", &[("device", &device), ("level", &level)]);
        Self { summary, body }
    }
}

/// Why Headroom stepped aside, and what follows.
pub fn safe_mode(cause: SafeModeCause) -> String {
    match cause {
        SafeModeCause::Crashes => {
            tr("Headroom ended unexpectedly three times within a minute, so nothing is protected.")
        }
        SafeModeCause::Starved => tr(
            "Three times the computer was too busy for Headroom to keep up with the sound, so nothing is protected.",
        ),
    }
}

/// The button of a notification of safe mode.
pub fn turn_on() -> String {
    tr("Turn protection on")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warning_says_how_much_and_that_nothing_is_turned_down() {
        let level = |level_dba| NoticeWords::of_level("Red <b>\u{202e}", level_dba);
        for (words, summary, body) in [
            (NoticeWords::of_dose(1), "A week's sound dose is full", " 100% "),
            (NoticeWords::of_dose(3), "A week's sound dose is full 3 times", " 300% "),
            (level(100.2), "Red <b>\\u{202e} plays at 100 dB(A)", " 23 minutes "),
            (level(125.0), "Red <b>\\u{202e} plays at 125 dB(A)", " a minute or less "),
        ] {
            assert_eq!(words.summary, summary);
            let told = words.body;
            assert!(told.contains(body) && told.contains("H.870"), "{told}");
            assert!(told.ends_with("Nothing was turned down."), "{told}");
            assert!(!told.contains('<') && !told.to_lowercase().contains("safe"), "{told}");
        }
    }
}
