//! What may be wanted of one application's chain, on top of the profile; plain data.

use headroom_api::Treatment;
use headroom_dsp::{ChainParams, CompressorParams, LevellerParams, Range};

use crate::{
    keys::{Kind, SettingInfo},
    near::{near, quoted, shown},
    settings::{SettingError, Value, refusal},
};

const OFFSET: Range = Range { min: -12.0, max: 12.0, default: 0.0, unit: "dB" };
const DUCK: Range = Range { min: 0.0, max: 24.0, default: 0.0, unit: "dB" };
const STRENGTH: Range = Range { min: 0.0, max: 1.0, default: 1.0, unit: "" };

/// Everything that can be said of one application's chain, by its key.
pub const APP_SETTINGS: [SettingInfo; 3] = [
    SettingInfo {
        key: "offset_db",
        kind: Kind::Number(OFFSET),
        description: "Louder or softer than the other applications",
    },
    SettingInfo {
        key: "strength",
        kind: Kind::Number(STRENGTH),
        description: "How much of levelling and compression it gets",
    },
    SettingInfo {
        key: "ducks_others_db",
        kind: Kind::Number(DUCK),
        description: "How much softer the other applications are while it plays",
    },
];

/// What is wanted of one application's chain, other than what the profile says for all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AppOverride {
    /// A gain behind levelling and compression, in dB: -3 makes it softer than the others, and than
    /// it would be, whatever these do.
    pub offset_db: f64,
    /// How much of levelling and compression it gets, 0.0 (none) to 1.0 (all).
    pub strength: f64,
    /// How much softer the other applications are while it plays, in dB, 0 to 24.
    pub ducks_others_db: f64,
    /// What its chain does at all.
    pub treatment: Treatment,
}

impl Default for AppOverride {
    fn default() -> Self {
        Self {
            offset_db: 0.0,
            strength: 1.0,
            ducks_others_db: 0.0,
            treatment: Treatment::Automatic,
        }
    }
}

impl AppOverride {
    /// Returns the parameters of its chain, given those of every application's.
    ///
    /// [`Treatment::EvenOut`] switches the leveller on; one that may neither raise nor lower, as a profile
    /// against blasts alone has it, gets the usual range. [`Treatment::LimitOnly`] switches leveller, surge and compressor off.
    /// The strength scales what the leveller may boost and cut, never its surge or the cap, and the share of each decibel above the
    /// threshold that the compressor takes away; the offset holds at any strength. Numbers out of range, and those that are none, are
    /// moved to what is accepted.
    #[must_use]
    pub fn apply(&self, params: ChainParams) -> ChainParams {
        let mut params = params;
        let offset_db = if self.offset_db.is_finite() { self.offset_db as f32 } else { 0.0 };
        let strength =
            if self.strength.is_nan() { 1.0 } else { self.strength.clamp(0.0, 1.0) as f32 };
        match self.treatment {
            Treatment::EvenOut => params.leveller = evening_out(params.leveller),
            Treatment::LimitOnly => params = params.for_bus(),
            Treatment::Automatic | Treatment::LeaveAlone => {}
        }
        params.trim_db = offset_db;
        params.leveller.max_boost_db *= strength;
        params.leveller.max_cut_db *= strength;
        params.compressor = weakened(params.compressor, strength);
        params.clamped()
    }
}

/// What somebody said of one application's chain, key by key; `None` where nothing was said.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AppChoice {
    /// See [`AppOverride::offset_db`].
    pub offset_db: Option<f64>,
    /// See [`AppOverride::strength`].
    pub strength: Option<f64>,
    /// See [`AppOverride::ducks_others_db`].
    pub ducks_others_db: Option<f64>,
}

impl AppChoice {
    /// Says whether nothing was said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns what was said under a key.
    pub fn get(&self, key: &str) -> Option<Value> {
        match key {
            "offset_db" => self.offset_db.map(Value::Number),
            "strength" => self.strength.map(Value::Number),
            "ducks_others_db" => self.ducks_others_db.map(Value::Number),
            _ => None,
        }
    }

    /// Returns everything that was said, by its key.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, Value)> {
        let choice = *self;
        APP_SETTINGS.into_iter().filter_map(move |info| Some((info.key, choice.get(info.key)?)))
    }

    /// Says something under a key.
    ///
    /// # Errors
    /// When there is no such key, or the value is not one that it accepts; nothing is changed then.
    pub fn set(&mut self, key: &str, value: &Value) -> Result<(), SettingError> {
        let info = app_setting(key)?;
        let fits = |number: f64| {
            let range = info.kind.range();
            range.is_some_and(|it| (f64::from(it.min)..=f64::from(it.max)).contains(&number))
        };
        match (key, value) {
            ("offset_db", Value::Number(db)) if fits(*db) => self.offset_db = Some(*db),
            ("strength", Value::Number(part)) if fits(*part) => self.strength = Some(*part),
            ("ducks_others_db", Value::Number(db)) if fits(*db) => self.ducks_others_db = Some(*db),
            _ => return Err(SettingError::InvalidValue(refusal(key, value, &info.kind))),
        }
        Ok(())
    }

    /// Returns what is wanted of an application that gets `treatment`: what was said, and the default for the rest.
    pub fn resolve(&self, treatment: Treatment) -> AppOverride {
        let default = AppOverride::default();
        AppOverride {
            offset_db: self.offset_db.unwrap_or(default.offset_db),
            strength: self.strength.unwrap_or(default.strength),
            ducks_others_db: self.ducks_others_db.unwrap_or(default.ducks_others_db),
            treatment,
        }
    }
}

/// Finds a key of [`APP_SETTINGS`].
///
/// # Errors
/// When there is no such key; the sentence names those there are.
fn app_setting(key: &str) -> Result<SettingInfo, SettingError> {
    APP_SETTINGS.into_iter().find(|info| info.key == key).ok_or_else(|| {
        let known = APP_SETTINGS.map(|info| info.key);
        let near = near(key, known);
        let hint = if near.is_empty() {
            format!("there are {}", quoted(known))
        } else {
            format!("near it is {}", quoted(near))
        };
        let key = shown(key);
        SettingError::NoSuchSetting(format!(
            "there is no setting '{key}' of an application: {hint}"
        ))
    })
}

fn evening_out(leveller: LevellerParams) -> LevellerParams {
    let usual = LevellerParams::default();
    let is_idle = leveller.max_boost_db <= 0.0 && leveller.max_cut_db <= 0.0;
    let range = if is_idle { usual } else { leveller };
    LevellerParams {
        enabled: true,
        max_boost_db: range.max_boost_db,
        max_cut_db: range.max_cut_db,
        ..leveller
    }
}

fn weakened(compressor: CompressorParams, strength: f32) -> CompressorParams {
    let slope = (1.0 - 1.0 / compressor.ratio.max(1.0)) * strength;
    let makeup = match compressor.makeup {
        headroom_dsp::Makeup::Db(db) => headroom_dsp::Makeup::Db(db * strength),
        automatic @ headroom_dsp::Makeup::Auto => automatic,
    };
    CompressorParams { ratio: 1.0 / (1.0 - slope), makeup, ..compressor }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "these values are moved to their limits, not computed")]

    use super::*;

    #[test]
    fn the_default_changes_nothing() {
        let params = ChainParams::default();
        assert_eq!(AppOverride::default().apply(params), params);
    }

    #[test]
    fn an_offset_is_a_gain_of_its_own_at_any_strength() {
        let params = ChainParams::default();
        for strength in [0.0, 0.5, 1.0] {
            let plain = AppOverride { strength, ..AppOverride::default() };
            let softer = AppOverride { offset_db: -3.0, ..plain }.apply(params);
            assert_eq!(softer, ChainParams { trim_db: -3.0, ..plain.apply(params) });
        }
    }

    #[test]
    fn half_strength_is_half_the_range_and_half_the_slope() {
        let mut params = ChainParams::default();
        params.compressor.ratio = 4.0;
        let half = AppOverride { strength: 0.5, ..AppOverride::default() }.apply(params);
        assert_eq!(half.leveller.max_cut_db, params.leveller.max_cut_db / 2.0);
        assert!((half.compressor.ratio - 1.6).abs() < 1e-6, "{}", half.compressor.ratio);
        let none = AppOverride { strength: 0.0, ..AppOverride::default() }.apply(params);
        assert_eq!((none.leveller.max_boost_db, none.leveller.max_cut_db), (0.0, 0.0));
        assert_eq!(none.compressor.ratio, 1.0);
    }

    #[test]
    fn absurd_numbers_are_moved_into_range() {
        let absurd = AppOverride { offset_db: 1e9, strength: f64::NAN, ..AppOverride::default() };
        let params = absurd.apply(ChainParams::default());
        assert_eq!(params, params.clamped());
        assert_eq!(params.trim_db, 12.0);
        let absurd = AppOverride { offset_db: f64::NAN, strength: -4.0, ..AppOverride::default() };
        assert_eq!(absurd.apply(ChainParams::default()).leveller.max_cut_db, 0.0);
    }

    #[test]
    fn every_key_takes_its_values_and_refuses_others_in_words() {
        let mut choice = AppChoice::default();
        for (key, value) in [
            ("offset_db", Value::Number(-12.0)),
            ("offset_db", Value::Number(12.0)),
            ("strength", Value::Number(0.0)),
            ("strength", Value::Number(1.0)),
        ] {
            choice.set(key, &value).unwrap();
            assert_eq!(choice.get(key), Some(value), "{key}");
        }
        let before = choice;
        for (key, value, hint) in [
            ("offset_db", Value::Number(12.001), "-12 to 12 dB"),
            ("offset_db", Value::Number(f64::NAN), "-12 to 12 dB"),
            ("offset_db", Value::Switch(true), "-12 to 12 dB"),
            ("strength", Value::Number(-0.01), "0 to 1"),
            ("strength", Value::Number(f64::INFINITY), "0 to 1"),
            ("strength", Value::Word("full".into()), "\"full\""),
            ("chain", Value::Switch(true), "strength"),
            ("offset", Value::Number(0.0), "offset_db"),
            ("", Value::Number(0.0), "strength"),
        ] {
            let error = choice.set(key, &value).unwrap_err().to_string();
            assert!(error.contains(hint), "{key}: {error}");
        }
        assert_eq!(choice, before);
    }

    #[test]
    fn what_is_not_said_has_its_default() {
        let mut choice = AppChoice { strength: Some(0.5), ..AppChoice::default() };
        choice.set("offset_db", &Value::Number(-3.0)).unwrap();
        let wanted = choice.resolve(Treatment::LimitOnly);
        let treatment = Treatment::LimitOnly;
        assert_eq!(
            wanted,
            AppOverride { offset_db: -3.0, strength: 0.5, treatment, ..AppOverride::default() }
        );
        assert_eq!(choice.iter().count(), 2);
        assert_eq!(AppChoice::default().resolve(Treatment::Automatic), AppOverride::default());
    }

    #[test]
    fn each_treatment_switches_the_stages_it_names() {
        let mut params = ChainParams::default();
        params.compressor.enabled = true;
        let of = |treatment, params| {
            let applied =
                AppOverride { treatment, offset_db: -3.0, ..AppOverride::default() }.apply(params);
            assert_eq!((applied.trim_db, applied.cap), (-3.0, params.cap));
            assert_eq!(applied.limiter, params.limiter);
            (applied.leveller, applied.compressor)
        };
        for on in [true, false] {
            params.leveller.enabled = on;
            let own = (params.leveller, params.compressor);
            assert_eq!(of(Treatment::Automatic, params), own);
            let (leveller, compressor) = of(Treatment::LimitOnly, params);
            assert!(!leveller.enabled && !compressor.enabled);
            let (leveller, compressor) = of(Treatment::EvenOut, params);
            let expected = LevellerParams { enabled: true, ..params.leveller };
            assert_eq!((leveller, compressor), (expected, params.compressor));
        }
        (params.leveller.max_boost_db, params.leveller.max_cut_db) = (0.0, 0.0);
        let (leveller, _) = of(Treatment::EvenOut, params);
        let usual = LevellerParams::default();
        assert_eq!(leveller.max_boost_db, usual.max_boost_db);
        assert_eq!(leveller.max_cut_db, usual.max_cut_db);
    }
}
