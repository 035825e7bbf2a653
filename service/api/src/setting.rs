//! A setting, as `ListSettings` tells it.

use zbus::OwnedVariant;

use crate::wire::row;

row! {
    /// A value of `ListSettings`. Texts are **not** safe to show.
    pub SettingRow {
        /// The value in force: a boolean, a number or a word.
        value: Option<OwnedVariant> = "value",
        /// The value that the active profile itself has.
        default: Option<OwnedVariant> = "default",
        /// Whether `SetSetting` has put another one in its place; `None` where the service does not tell.
        changed: Option<bool> = "changed",
        /// Smallest accepted value; `None` without a range.
        min: Option<f64> = "min",
        /// Greatest accepted value; `None` without a range.
        max: Option<f64> = "max",
        /// Unit of the range; empty for a pure number, `None` without a range.
        unit: Option<String> = "unit",
        /// The words that are accepted.
        options: Vec<String> = "options",
        /// For a person, one line.
        description: String = "description",
    }
}

impl SettingRow {
    /// Says whether the value in force is not the profile's.
    pub fn is_changed(&self) -> bool {
        self.changed.unwrap_or_else(|| self.value != self.default)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::owned;

    #[test]
    fn setting_survives_the_wire() {
        let setting = SettingRow {
            value: owned("auto"),
            default: owned(1.5),
            changed: Some(true),
            min: Some(-12.0),
            max: Some(24.0),
            unit: Some("dB".into()),
            options: vec!["auto".into()],
            description: "Gain".into(),
        };
        assert_eq!(SettingRow::from_dict(&setting.to_dict()), setting);
        let bare = SettingRow { value: owned(true), ..SettingRow::default() };
        assert_eq!(SettingRow::from_dict(&bare.to_dict()), bare);
        assert!(bare.is_changed() && !bare.to_dict().contains_key("options"));
    }
}
