//! `headroom device`: what comes with each device, and the loudest that it may play.

use std::{collections::BTreeMap, process::ExitCode};

use headroom_api::{ControlProxy, DeviceRow, OutputRow, quoted};
use headroom_client::json::{dict_json, round_db};
use serde_json::json;
use zbus::Variant;

use crate::{
    args::DeviceAction,
    failure::Failure,
    link::{call, control},
    output::{Cell, Printer, print_json},
    settings::near,
};

/// What the default device is called on the command line.
const DEFAULT: &str = "default";

/// Lists, chooses, stores or forgets what comes with a device.
pub(crate) async fn run(action: DeviceAction) -> Result<ExitCode, Failure> {
    let control = control().await?;
    let devices = Known::read(&control).await?;
    let mut printer = Printer::new();
    match action {
        DeviceAction::List(args) if args.json => return devices.print_json(),
        DeviceAction::List(_) => devices.list(&mut printer),
        DeviceAction::Set { device, key, value } => {
            let device = devices.find(&device)?;
            let number = value.trim().parse::<f64>().ok();
            let typed = number.map_or_else(|| Variant::from(value.trim()), Variant::from);
            call(control.set_device_setting(device, &key, &typed)).await?;
            printer.line(format!("{}: {key} {}", devices.shown(device), value.trim()));
        }
        DeviceAction::Maximum { device } => {
            let device = devices.find(&device)?;
            call(control.set_device_maximum(device)).await?;
            let row = Known::read(&control).await?.chosen.remove(device).unwrap_or_default();
            let lufs = round_db(row.maximum_lufs.unwrap_or_default(), 1);
            printer.line(format!(
                "{}: never louder than now, {lufs} LUFS behind its volume",
                devices.shown(device)
            ));
        }
        DeviceAction::Reset { device, key } => {
            let device = devices.find(&device)?;
            let key = key.unwrap_or_default();
            call(control.reset_device_setting(device, &key)).await?;
            printer.line(format!("{}: as elsewhere again", devices.shown(device)));
        }
    }
    printer.finish()?;
    Ok(ExitCode::SUCCESS)
}

/// What is known of devices.
pub(crate) struct Known {
    outputs: Vec<OutputRow>,
    chosen: BTreeMap<String, DeviceRow>,
}

impl Known {
    pub(crate) async fn read(control: &ControlProxy<'_>) -> Result<Self, Failure> {
        let outputs = call(control.outputs()).await?;
        let chosen = call(control.device_settings()).await?.into_iter();
        Ok(Self {
            outputs: outputs.iter().map(OutputRow::from_dict).collect(),
            chosen: chosen.map(|(device, row)| (device, DeviceRow::from_dict(&row))).collect(),
        })
    }

    /// Returns the name of a device as people know it.
    pub(crate) fn shown<'a>(&'a self, device: &'a str) -> &'a str {
        let known = self.outputs.iter().find(|output| output.name == device);
        known.map_or(device, OutputRow::shown)
    }

    /// Returns what is chosen for a device.
    pub(crate) fn chosen(&self, device: &str) -> Option<&DeviceRow> {
        self.chosen.get(device)
    }

    /// Says whether how loud any device is at an ear is known.
    pub(crate) fn has_calibrated(&self) -> bool {
        self.chosen.values().any(|row| row.calibration_db.is_some())
    }

    /// Returns the device in use of which that is not known, the default one first, as people know it.
    pub(crate) fn uncalibrated_in_use(&self) -> Option<&str> {
        let is_uncalibrated = |output: &&OutputRow| {
            self.chosen(&output.name).is_none_or(|row| row.calibration_db.is_none())
        };
        self.outputs.iter().find(is_uncalibrated).map(OutputRow::shown)
    }

    /// Finds a device by what somebody has typed; a name in full is one that need not be here now.
    pub(crate) fn find<'a>(&'a self, typed: &'a str) -> Result<&'a str, Failure> {
        if typed == DEFAULT {
            let first = self.outputs.first().map(|output| output.name.as_str());
            return first.ok_or_else(|| Failure::Refused("There is no device.".to_owned()));
        }
        let names = || {
            let outputs = self.outputs.iter().map(|output| output.name.as_str());
            outputs.chain(self.chosen.keys().map(String::as_str))
        };
        if let Some(name) = names().find(|name| *name == typed) {
            return Ok(name);
        }
        let is_meant =
            |output: &&OutputRow| output.description.to_lowercase().contains(&typed.to_lowercase());
        let mut meant = self.outputs.iter().filter(is_meant);
        match (meant.next(), meant.next()) {
            (Some(output), None) => Ok(&output.name),
            (Some(first), Some(second)) => Err(Failure::Refused(format!(
                "{} may be {} or {}: give more of its name.",
                quoted(typed),
                quoted(&first.description),
                quoted(&second.description)
            ))),
            (None, _) if typed.contains(['.', '_']) => Ok(typed),
            (None, _) => {
                let hint = near(typed, names()).map(|near| format!(" Did you mean {near}?"));
                Err(Failure::Refused(format!(
                    "No device in use is called {}.{}",
                    quoted(typed),
                    hint.unwrap_or_default()
                )))
            }
        }
    }

    fn rows(&self) -> impl Iterator<Item = (&str, DeviceRow)> {
        let used = self.outputs.iter().map(|output| output.name.as_str());
        let is_away = |name: &&str| !self.outputs.iter().any(|output| output.name == **name);
        let away = self.chosen.keys().map(String::as_str).filter(is_away);
        used.chain(away).map(|name| (name, self.chosen.get(name).cloned().unwrap_or_default()))
    }

    fn list(&self, printer: &mut Printer) {
        let db = |number: Option<f64>| {
            let text = number.map(|number| round_db(number, 1).to_string());
            Cell::new(text.unwrap_or_else(|| "-".to_owned())).right()
        };
        let word = |word: Option<&str>| Cell::new(word.unwrap_or("-"));
        let cells = |(name, row): (&str, DeviceRow)| {
            vec![
                Cell::new(self.shown(name)),
                word(row.profile.as_deref()),
                db(row.cap_lufs),
                db(row.offset_db),
                db(row.maximum_lufs),
                word(row.guard.as_ref().map(headroom_api::Word::as_str)),
                word(row.failure.as_ref().map(headroom_api::Word::as_str)),
            ]
        };
        let rows: Vec<_> = self.rows().map(cells).collect();
        if rows.is_empty() {
            return printer.line("There is no device, and nothing is chosen for any.");
        }
        printer
            .table(&["DEVICE", "PROFILE", "CAP", "OFFSET", "MAXIMUM", "GUARD", "FAILURE"], &rows);
    }

    fn print_json(&self) -> Result<ExitCode, Failure> {
        let row = |(name, row): (&str, DeviceRow)| {
            let is_used = self.outputs.iter().any(|output| output.name == name);
            json!({
                "name": name,
                "description": self.shown(name),
                "in-use": is_used,
                "chosen": dict_json(&row.to_dict()),
            })
        };
        print_json(&self.rows().map(row).collect::<Vec<_>>().into())?;
        Ok(ExitCode::SUCCESS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known {
        let output = |name: &str, description: &str| OutputRow {
            name: name.into(),
            description: description.into(),
            ..OutputRow::default()
        };
        Known {
            outputs: vec![
                output("alsa.speakers", "Built-in Speakers"),
                output("bluez.a", "Headphones Red"),
                output("bluez.b", "Headphones Blue"),
            ],
            chosen: BTreeMap::from([("usb.away".to_owned(), DeviceRow::default())]),
        }
    }

    #[test]
    fn device_is_found_by_what_people_call_it() {
        let known = known();
        for (typed, name) in [
            ("default", "alsa.speakers"),
            ("speakers", "alsa.speakers"),
            ("headphones blue", "bluez.b"),
            ("bluez.a", "bluez.a"),
            ("usb.away", "usb.away"),
            ("alsa_output.of_tomorrow", "alsa_output.of_tomorrow"),
        ] {
            assert_eq!(known.find(typed).unwrap(), name);
        }
        assert!(known.find("Headphones").unwrap_err().to_string().contains("Blue"));
        assert!(known.find("trumpet").is_err());
        assert_eq!(known.rows().count(), 4);
    }
}
