//! What is done to a sound now, as one gain and one word; derived from the gauges here and nowhere else.

use std::fmt;

use crate::types::string_enum;

/// The least gain that is called one, in dB.
const AUDIBLE_DB: f64 = 0.5;

string_enum! {
    /// The stage that does most to a sound now.
    Doing {
        /// No stage does anything that could be heard.
        Nothing = "nothing",
        /// The slow loudness control.
        Leveller = "leveller",
        /// The catcher of blasts.
        Surge = "surge",
        /// The compressor.
        Compressor = "compressor",
        /// "Never louder than", the highest momentary loudness.
        Cap = "cap",
        /// The limiter, either tier.
        Limiter = "limiter",
        /// What meets a device's volume that has jumped or is new.
        Guard = "guard",
        /// App volume control, which turns a stream down past every chain.
        AppVolume = "app volume control",
    }
}

/// What each stage does to a sound now, in dB.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Gains {
    /// All stages, and what the user has set for the application.
    pub total_db: f64,
    /// The leveller.
    pub leveller_db: f64,
    /// The surge catcher, zero or negative.
    pub surge_db: f64,
    /// The compressor, zero or negative, without make-up.
    pub compressor_db: f64,
    /// The cap, zero or negative.
    pub cap_db: f64,
    /// Both tiers of the limiter, zero or negative.
    pub limiter_db: f64,
    /// What meets a device's volume that has jumped or is new, zero or negative.
    pub guard_db: f64,
    /// App volume control, zero or negative.
    pub app_volume_db: f64,
}

impl Gains {
    /// Adds what a chain does that comes behind this one.
    #[must_use]
    pub fn then(self, behind: Self) -> Self {
        Self {
            total_db: self.total_db + behind.total_db,
            leveller_db: self.leveller_db + behind.leveller_db,
            surge_db: self.surge_db + behind.surge_db,
            compressor_db: self.compressor_db + behind.compressor_db,
            cap_db: self.cap_db + behind.cap_db,
            limiter_db: self.limiter_db + behind.limiter_db,
            guard_db: self.guard_db + behind.guard_db,
            app_volume_db: self.app_volume_db + behind.app_volume_db,
        }
    }

    /// Returns the one gain, and the stage that has most part in it.
    pub fn done(&self) -> Done {
        let gain_db = self.total_db;
        if gain_db.abs() < AUDIBLE_DB {
            return Done { doing: Doing::Nothing, gain_db };
        }
        // Of stages that do as much, the one that is named first.
        let stages = [
            (Doing::Surge, self.surge_db),
            (Doing::Cap, self.cap_db),
            (Doing::Limiter, self.limiter_db),
            (Doing::Guard, self.guard_db),
            (Doing::Leveller, self.leveller_db),
            (Doing::Compressor, self.compressor_db),
            (Doing::AppVolume, self.app_volume_db),
        ];
        let (mut doing, mut most_db) = (Doing::Nothing, AUDIBLE_DB);
        for (stage, stage_db) in stages {
            let part_db = stage_db * gain_db.signum();
            if part_db > most_db || (doing == Doing::Nothing && part_db >= most_db) {
                (doing, most_db) = (stage, part_db);
            }
        }
        Done { doing, gain_db }
    }
}

/// What is done to a sound: one gain, and one word.
///
/// `Display` says both, as in `turned down 12 dB by surge`, `raised 4 dB` and `unchanged`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Done {
    /// The stage that has most part in the gain; nothing where the gain is what the user has set.
    pub doing: Doing,
    /// The gain of all together, in dB.
    pub gain_db: f64,
}

impl Default for Done {
    fn default() -> Self {
        Self { doing: Doing::Nothing, gain_db: 0.0 }
    }
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { doing, gain_db } = *self;
        let text = if gain_db.abs() < AUDIBLE_DB {
            "unchanged".to_owned()
        } else if gain_db > 0.0 {
            format!("raised {gain_db:.0} dB")
        } else if doing == Doing::Nothing {
            format!("turned down {:.0} dB", -gain_db)
        } else {
            format!("turned down {:.0} dB by {doing}", -gain_db)
        };
        f.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(gains: Gains) -> String {
        gains.done().to_string()
    }

    #[test]
    fn stage_with_most_part_in_gain_gives_word() {
        let gains =
            Gains { total_db: -12.0, leveller_db: 4.0, surge_db: -16.0, ..Gains::default() };
        assert_eq!(text(gains), "turned down 12 dB by surge");
        let gains = Gains { total_db: -9.0, leveller_db: -6.0, cap_db: -3.0, ..Gains::default() };
        assert_eq!(text(gains), "turned down 9 dB by leveller");
        let gains = Gains { total_db: 4.2, leveller_db: 5.0, limiter_db: -0.8, ..Gains::default() };
        assert_eq!((text(gains), gains.done().doing), ("raised 4 dB".into(), Doing::Leveller));
    }

    #[test]
    fn gain_that_nobody_hears_is_unchanged() {
        let gains = Gains { total_db: 0.3, leveller_db: 8.0, surge_db: -7.7, ..Gains::default() };
        assert_eq!((text(gains), gains.done().doing), ("unchanged".into(), Doing::Nothing));
        assert_eq!(text(Gains::default()), "unchanged");
    }

    #[test]
    fn gain_of_an_offset_alone_has_no_word() {
        let gains = Gains { total_db: -3.0, ..Gains::default() };
        assert_eq!((text(gains), gains.done().doing), ("turned down 3 dB".into(), Doing::Nothing));
    }
}
