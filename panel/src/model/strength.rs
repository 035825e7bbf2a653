//! One control over a profile's main effect.
//!
//! The strength `s` goes from 0 to 100 and acts on the profile's own values by `f = s / 50`, so that 50 is the
//! profile as it is written:
//!
//! | setting | 0 | between 0 and 50 | 50 | between 50 and 100 | 100 |
//! |---|---|---|---|---|---|
//! | `leveller.max_boost_db`, `leveller.max_cut_db` | 0 | own x f | own | own x f | twice |
//! | `compressor.ratio` | stage off | 1 + (own - 1) f | own | 1 + (own - 1) f | |
//! | `compressor.makeup_db`, a number | stage off | own x f | own | own | own |
//! | `limiter.soft.max_psr_db` | stage off | max + (own - max) f | own | own (1 - (f - 1) / 2) | half |
//!
//! Everything is held in the setting's range. At 0 compressor and soft tier are switched off and their numbers
//! stay the profile's. The leveller stays on, for blasts are caught at any strength; so what is left are the surge
//! catcher, the cap, and the limiter's hard tier, which nothing can switch off. A stage that the profile itself has
//! switched off takes no part. The mapping is judgement; it is linear so that a person can foresee it.
//!
//! Values are set on top of the profile like any other change, so [`Ask::ResetSetting`] takes them back.

use super::{Ask, Setting, Value, setting::find};

/// The strength of a profile as it is written.
pub const AS_WRITTEN: f64 = 50.0;

/// How near a number must be to count as the one that was set: the service keeps single precision.
const NEAR: f64 = 1e-4;

/// The strength in force.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Strength {
    /// The profile has nothing that could be stronger or weaker, or its settings are not known.
    #[default]
    None,
    /// From 0 to 100; [`AS_WRITTEN`] is the profile as it is written.
    Percent(f64),
    /// Settings were changed one by one, and no strength stands for them.
    Custom,
}

impl Strength {
    /// Returns the strength as a number, where it is one.
    pub fn percent(self) -> Option<f64> {
        match self {
            Self::Percent(percent) => Some(percent),
            Self::None | Self::Custom => None,
        }
    }

    /// Says whether there is something to reset.
    pub fn is_changed(self) -> bool {
        match self {
            Self::None => false,
            Self::Percent(percent) => (percent - AS_WRITTEN).abs() > NEAR,
            Self::Custom => true,
        }
    }
}

/// A stage that takes part.
struct Stage {
    /// Its switch in the profile.
    switch: &'static str,
    /// Whether no strength switches it off; else its numbers go to nothing.
    stays_on: bool,
    /// What is scaled in it.
    parts: &'static [(&'static str, Rule)],
}

const STAGES: [Stage; 3] = [
    Stage {
        switch: "leveller.enabled",
        stays_on: true,
        parts: &[("leveller.max_boost_db", Rule::Scale), ("leveller.max_cut_db", Rule::Scale)],
    },
    Stage {
        switch: "compressor.enabled",
        stays_on: false,
        parts: &[("compressor.ratio", Rule::Ratio), ("compressor.makeup_db", Rule::Makeup)],
    },
    Stage {
        switch: "limiter.soft.enabled",
        stays_on: false,
        parts: &[("limiter.soft.max_psr_db", Rule::Room)],
    },
];

#[derive(Clone, Copy)]
enum Rule {
    /// In proportion.
    Scale,
    /// What is above 1 in proportion.
    Ratio,
    /// In proportion, but never more than the profile has.
    Makeup,
    /// From the greatest value down to half of the profile's.
    Room,
}

impl Rule {
    /// Returns the number at a strength of `factor` times the profile's.
    fn apply(self, own: f64, (min, max): (f64, f64), factor: f64) -> f64 {
        let wanted = match self {
            Self::Scale => own * factor,
            Self::Ratio => 1.0 + (own - 1.0) * factor,
            Self::Makeup => own * factor.min(1.0),
            Self::Room if factor <= 1.0 => max + (own - max) * factor,
            Self::Room => own * (1.0 - (factor - 1.0) / 2.0),
        };
        // A thousandth is finer than any ear, and reads well.
        ((wanted * 1000.0).round() / 1000.0).clamp(min, max)
    }
}

/// Returns what every setting that takes part is to be at a strength of `percent`: switches first.
fn targets(settings: &[Setting], percent: f64) -> Vec<(&Setting, Value)> {
    let percent = if percent.is_finite() { percent } else { AS_WRITTEN };
    let percent = percent.round().clamp(0.0, 100.0) as u8;
    let is_off = percent == 0;
    // Where the profile's own numbers stand, they stand to the last digit.
    let factor = (!is_off && percent != AS_WRITTEN as u8).then(|| f64::from(percent) / AS_WRITTEN);
    let own_switch = |key| find(settings, key).filter(|switch| switch.default == Value::Bool(true));
    let stages = || STAGES.iter().filter_map(|stage| Some((own_switch(stage.switch)?, stage)));
    let switches = stages()
        .filter(|(_, stage)| !stage.stays_on)
        .map(|(switch, _)| (switch, Value::Bool(!is_off)));
    let parts = stages().flat_map(|(_, stage)| stage.parts.iter().map(move |part| (stage, part)));
    let numbers = parts.filter_map(|(stage, (key, rule))| {
        let setting = find(settings, key)?;
        // A word in a number's place, such as `auto`, follows the others by itself.
        let Value::Number(own) = setting.default else {
            return Some((setting, setting.default.clone()));
        };
        let range = setting.range()?;
        if stage.stays_on && own == 0.0 {
            return None;
        }
        let factor = if is_off && stage.stays_on { Some(0.0) } else { factor };
        let value = factor.map_or(own, |factor| rule.apply(own, range, factor));
        Some((setting, Value::Number(value)))
    });
    switches.chain(numbers).collect()
}

fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => (a - b).abs() < NEAR,
        _ => a == b,
    }
}

/// Returns the wishes that bring the profile to a strength of `percent`; none where all is as it should be.
///
/// `percent` is rounded to a whole number from 0 to 100. Stages are switched off before their numbers are set
/// back, and on after theirs are set, so that nothing is louder or stronger on the way.
pub fn plan(settings: &[Setting], percent: f64) -> Vec<Ask> {
    let (mut off, mut numbers, mut on) = (Vec::new(), Vec::new(), Vec::new());
    for (setting, value) in targets(settings, percent) {
        let ask = if same(&value, &setting.default) {
            if !setting.changed {
                continue;
            }
            Ask::ResetSetting(setting.key.clone())
        } else if same(&value, &setting.value) {
            continue;
        } else {
            Ask::SetSetting { key: setting.key.clone(), value: value.clone() }
        };
        match value {
            Value::Bool(false) => off.push(ask),
            Value::Bool(true) => on.push(ask),
            Value::Number(_) | Value::Text(_) => numbers.push(ask),
        }
    }
    off.into_iter().chain(numbers).chain(on).collect()
}

/// Reads the strength from the settings in force.
///
/// Where several strengths mean the same, because a range ends, it is the one nearest to the profile as it is
/// written.
pub fn strength(settings: &[Setting]) -> Strength {
    if targets(settings, AS_WRITTEN).is_empty() {
        return Strength::None;
    }
    let mut whole: Vec<f64> = (0..=100_u8).map(f64::from).collect();
    whole.sort_by(|a, b| (a - AS_WRITTEN).abs().total_cmp(&(b - AS_WRITTEN).abs()));
    let fits = |percent: &f64| {
        targets(settings, *percent).iter().all(|(setting, value)| same(value, &setting.value))
    };
    whole.into_iter().find(fits).map_or(Strength::Custom, Strength::Percent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::setting::tests::{number, switch};

    /// Settings of a profile with every stage, and those that take part.
    fn everyday() -> Vec<Setting> {
        let mut makeup = number("compressor.makeup_db", 0.0, -12.0, 24.0);
        makeup.options = vec!["auto".to_owned()];
        makeup.value = Value::Text("auto".to_owned());
        makeup.default = makeup.value.clone();
        vec![
            switch("leveller.enabled", true),
            number("leveller.max_boost_db", 12.0, 0.0, 24.0),
            number("leveller.max_cut_db", 20.0, 0.0, 40.0),
            switch("compressor.enabled", true),
            number("compressor.ratio", 2.0, 1.0, 20.0),
            makeup,
            number("limiter.ceiling_dbtp", -0.1, -12.0, -0.1),
            switch("limiter.soft.enabled", true),
            number("limiter.soft.max_psr_db", 18.0, 6.0, 30.0),
        ]
    }

    /// Does what the service does with the wishes of a plan.
    fn carry_out(settings: &mut [Setting], asks: &[Ask]) {
        for ask in asks {
            match ask {
                Ask::SetSetting { key, value } => {
                    let setting = settings.iter_mut().find(|setting| setting.key == *key).unwrap();
                    setting.value = match value {
                        Value::Number(number) => {
                            let (min, max) = setting.range().unwrap();
                            assert!((min..=max).contains(number), "{key}: {number}");
                            // The service keeps single precision.
                            Value::Number(f64::from(*number as f32))
                        }
                        other => other.clone(),
                    };
                    setting.changed = setting.value != setting.default;
                }
                Ask::ResetSetting(key) => {
                    let setting = settings.iter_mut().find(|setting| setting.key == *key).unwrap();
                    setting.value = setting.default.clone();
                    setting.changed = false;
                }
                other => panic!("not a change of settings: {other:?}"),
            }
        }
    }

    fn value(settings: &[Setting], key: &str) -> f64 {
        match find(settings, key).unwrap().value {
            Value::Number(number) => number,
            ref other => panic!("{key}: {other:?}"),
        }
    }

    #[test]
    fn a_profile_as_it_is_written_has_strength_50_and_needs_nothing() {
        assert_eq!(strength(&everyday()), Strength::Percent(AS_WRITTEN));
        assert_eq!(plan(&everyday(), AS_WRITTEN), []);
        assert!(!strength(&everyday()).is_changed());
    }

    #[test]
    fn every_strength_is_read_back_as_it_was_set() {
        let mut settings = everyday();
        for percent in (0..=100).chain([37, 100, 0, 50]).map(f64::from) {
            let asks = plan(&settings, percent);
            carry_out(&mut settings, &asks);
            assert_eq!(strength(&settings), Strength::Percent(percent));
            assert_eq!(plan(&settings, percent), [], "{percent} is reached in one go");
        }
        assert_eq!(settings, everyday());
    }

    #[test]
    fn no_strength_leaves_surge_cap_and_ceiling() {
        let mut settings = everyday();
        let asks = plan(&settings, 0.0);
        carry_out(&mut settings, &asks);
        for key in ["compressor.enabled", "limiter.soft.enabled"] {
            assert_eq!(find(&settings, key).unwrap().value, Value::Bool(false), "{key}");
        }
        for key in ["leveller.max_boost_db", "leveller.max_cut_db"] {
            assert_eq!(find(&settings, key).unwrap().value, Value::Number(0.0), "{key}");
        }
        assert!(!find(&settings, "leveller.enabled").unwrap().changed, "blasts are caught");
        assert_eq!(asks.len(), 4);
        assert!(!find(&settings, "limiter.ceiling_dbtp").unwrap().changed);
    }

    #[test]
    fn full_strength_doubles_the_profile() {
        let mut settings = everyday();
        let asks = plan(&settings, 100.0);
        carry_out(&mut settings, &asks);
        let near = |key, wanted: f64| {
            assert!(
                (value(&settings, key) - wanted).abs() < NEAR,
                "{key}: {}",
                value(&settings, key)
            );
        };
        near("leveller.max_boost_db", 24.0);
        near("leveller.max_cut_db", 40.0);
        near("compressor.ratio", 3.0);
        near("limiter.soft.max_psr_db", 9.0);
    }

    #[test]
    fn more_strength_never_does_less() {
        let mut settings = everyday();
        let mut before = None;
        for percent in 1..=100 {
            let asks = plan(&settings, f64::from(percent));
            carry_out(&mut settings, &asks);
            let now = [
                value(&settings, "leveller.max_boost_db"),
                value(&settings, "leveller.max_cut_db"),
                value(&settings, "compressor.ratio"),
                -value(&settings, "limiter.soft.max_psr_db"),
            ];
            if let Some(before) = before {
                assert!(now.iter().zip(before).all(|(now, before): (&f64, f64)| *now > before));
            }
            before = Some(now);
        }
    }

    #[test]
    fn stages_go_off_first_and_come_back_last() {
        let mut settings = everyday();
        let asks = plan(&settings, 80.0);
        carry_out(&mut settings, &asks);
        let down = plan(&settings, 0.0);
        assert!(matches!(&down[0], Ask::SetSetting { value: Value::Bool(false), .. }));
        assert!(matches!(down.last(), Some(Ask::ResetSetting(key)) if key.ends_with("_db")));
        carry_out(&mut settings, &down);
        let up = plan(&settings, 80.0);
        assert!(matches!(up.last(), Some(Ask::ResetSetting(key)) if key.ends_with(".enabled")));
        assert!(matches!(&up[0], Ask::SetSetting { value: Value::Number(_), .. }));
    }

    #[test]
    fn a_stage_that_the_profile_has_off_takes_no_part() {
        let mut settings = everyday();
        for setting in &mut settings {
            if ["leveller.enabled", "compressor.enabled"].contains(&setting.key.as_str()) {
                setting.default = Value::Bool(false);
                setting.value = Value::Bool(false);
            }
        }
        let asks = plan(&settings, 100.0);
        assert_eq!(asks.len(), 1, "{asks:?}");
        assert!(
            matches!(&asks[0], Ask::SetSetting { key, .. } if key == "limiter.soft.max_psr_db")
        );
    }

    #[test]
    fn a_profile_with_the_limiter_only_has_no_strength() {
        let settings =
            [switch("leveller.enabled", false), number("leveller.max_boost_db", 8.0, 0.0, 24.0)];
        assert_eq!(strength(&settings), Strength::None);
        assert_eq!(plan(&settings, 100.0), []);
        assert_eq!(strength(&[]), Strength::None);
    }

    #[test]
    fn settings_changed_one_by_one_have_no_strength_but_a_way_back() {
        let mut settings = everyday();
        settings[1].value = Value::Number(3.0);
        settings[1].changed = true;
        assert_eq!(strength(&settings), Strength::Custom);
        assert!(strength(&settings).is_changed());
        assert_eq!(
            plan(&settings, AS_WRITTEN),
            [Ask::ResetSetting("leveller.max_boost_db".to_owned())]
        );
    }

    #[test]
    fn what_takes_no_part_does_not_change_the_strength() {
        let mut settings = everyday();
        settings[6].value = Value::Number(-3.0);
        settings[6].changed = true;
        assert_eq!(strength(&settings), Strength::Percent(AS_WRITTEN));
    }

    #[test]
    fn a_number_for_make_up_shrinks_and_never_grows() {
        let mut settings = everyday();
        settings[5].value = Value::Number(6.0);
        settings[5].default = Value::Number(6.0);
        let asks = plan(&settings, 25.0);
        carry_out(&mut settings, &asks);
        assert!((value(&settings, "compressor.makeup_db") - 3.0).abs() < NEAR);
        let asks = plan(&settings, 100.0);
        carry_out(&mut settings, &asks);
        assert!((value(&settings, "compressor.makeup_db") - 6.0).abs() < NEAR);
    }

    #[test]
    fn ranges_hold_and_a_nonsense_strength_is_the_profile() {
        let mut settings = everyday();
        settings[1].value = Value::Number(20.0);
        settings[1].default = Value::Number(20.0);
        let asks = plan(&settings, 100.0);
        carry_out(&mut settings, &asks);
        assert!((value(&settings, "leveller.max_boost_db") - 24.0).abs() < NEAR);
        assert_eq!(plan(&everyday(), f64::NAN), []);
        assert_eq!(plan(&everyday(), 1e9), plan(&everyday(), 100.0));
    }
}
