//! What stands on the bus, as the model knows it.
//!
//! `headroom-api` reads the rows; texts that are shown are made safe here.

use std::collections::HashMap;

use headroom_api::{
    CatchRow, DeviceRow, Dict, ExposureRow, Field, GaugeTable, HistoryRow, OutputRow, ProblemRow,
    ProfileBy, ScheduleRow, SettingRow, StreamRow, TreatmentRow, Word, read_items, read_table,
    visible, visible_lines,
};
use zbus::Variant;

use crate::model::{
    Chains, Device, Health, Input, Meters, Output, Past, Presence, ServiceState, Setting, Stream,
    StreamRoute, Value,
};

/// The properties that are told, in the order in which they are told: the state last, because that is what brings the
/// pages up, and they shall not come up empty.
const PROPERTIES: [&str; 20] = [
    "ExposureWarnings",
    "ExposureEnabled",
    "HistoryEnabled",
    "Introduced",
    "Problems",
    "Profiles",
    "ActiveProfile",
    "ProfileBy",
    "ProfileUntil",
    "Schedules",
    "Chains",
    "Treatments",
    "DeviceSettings",
    "Streams",
    "Output",
    "Outputs",
    "BypassUntil",
    "CompareUntil",
    "Bypass",
    "State",
];

/// Reads properties, whichever of them are there.
pub(super) fn properties<'a>(all: impl Iterator<Item = (&'a str, &'a Variant<'a>)>) -> Vec<Input> {
    let all: HashMap<&str, &Variant<'_>> = all.collect();
    PROPERTIES.iter().filter_map(|name| property(name, all.get(name)?)).collect()
}

fn property(name: &str, value: &Variant<'_>) -> Option<Input> {
    Some(match name {
        "State" => Input::State(ServiceState::read(&String::read(value)?)),
        "Problems" => Input::Problems(read_items(value)?.into_iter().map(problem).collect()),
        "Bypass" => Input::Bypass(bool::read(value)?),
        "BypassUntil" => Input::BypassUntil(u64::read(value)?),
        "CompareUntil" => Input::CompareUntil(u64::read(value)?),
        "HistoryEnabled" => Input::HistoryEnabled(bool::read(value)?),
        "ExposureEnabled" => Input::ExposureEnabled(bool::read(value)?),
        "ExposureWarnings" => Input::ExposureWarnings(bool::read(value)?),
        "Introduced" => Input::Introduced(bool::read(value)?),
        "ActiveProfile" => Input::ActiveProfile(String::read(value)?),
        // One that is not known is not the person.
        "ProfileBy" => {
            Input::ProfileBy(Word::<ProfileBy>::read(value)?.known().unwrap_or(ProfileBy::Device))
        }
        "ProfileUntil" => Input::ProfileUntil(u64::read(value)?),
        "Schedules" => {
            let row = |(profile, row): (String, Dict)| (profile, ScheduleRow::from_dict(&row));
            Input::Schedules(read_table(value)?.into_iter().map(row).collect())
        }
        "Profiles" => {
            let named = |(name, line): (String, String)| (name, visible_lines(&line));
            Input::Profiles(read_table(value)?.into_iter().map(named).collect())
        }
        "Chains" => Input::Chains(Word::<Chains>::read(value)?.known()),
        "Treatments" => {
            let row = |(app, row): (String, Dict)| (app, TreatmentRow::from_dict(&row));
            Input::Treatments(read_table(value)?.into_iter().map(row).collect())
        }
        "DeviceSettings" => {
            let row = |(device, row): (String, Dict)| (device, DeviceRow::from_dict(&row));
            Input::DeviceSettings(read_table(value)?.into_iter().map(row).collect())
        }
        "Streams" => {
            let rows = read_items::<StreamRow>(value)?.into_iter();
            Input::Streams(rows.filter(|row| row.id != 0).map(stream_of).collect())
        }
        "Output" => Input::Output(output(&OutputRow::read(value)?)),
        "Outputs" => {
            let rows = read_items::<OutputRow>(value)?.into_iter().enumerate();
            Input::Devices(rows.map(|(index, row)| device(index == 0, &row)).collect())
        }
        _ => return None,
    })
}

/// Reads from every property who is there.
pub(super) fn running(all: &Dict) -> Presence {
    let version = headroom_api::dict_str(all, "Version").map(safe).unwrap_or_default();
    let api_version = headroom_api::dict_u32(all, "ApiVersion").unwrap_or_default();
    Presence::Running { version, api_version }
}

/// Reads a stream from a signal.
pub(super) fn stream(id: u64, dict: &Dict) -> Stream {
    stream_of(StreamRow { id, ..StreamRow::from_dict(dict) })
}

fn stream_of(row: StreamRow) -> Stream {
    Stream {
        id: row.id,
        media: safe(&row.media),
        icon: safe(&row.icon),
        role: safe(&row.role),
        channels: row.channels,
        rate_hz: row.rate_hz,
        route: row.route.known().unwrap_or(StreamRoute::Unmanaged),
        unknown_route: row.route.known().is_none().then(|| safe(row.route.as_str())),
        reason: safe(&row.reason),
        why: row.why,
        through: row.chain.known(),
        device: safe(&row.device),
        playing: row.playing,
        level: row.level,
        offset_db: row.offset_db,
        volume_percent: row.volume_percent,
        muted: row.muted.unwrap_or(false),
        app: row.app,
        binary: row.binary,
    }
}

fn problem(row: ProblemRow) -> ProblemRow {
    ProblemRow {
        code: safe(&row.code),
        subject: safe(&row.subject),
        text: visible_lines(&row.text),
        ..row
    }
}

fn output(row: &OutputRow) -> Output {
    Output {
        name: safe(&row.name),
        description: safe(&row.description),
        rate_hz: row.rate_hz,
        quantum_frames: row.quantum_frames.unwrap_or(0),
        channels: row.channels,
        latency_ms: row.latency_ms,
        latency_frames: row.latency_frames.unwrap_or(0),
        device_rate_hz: row.device_rate_hz.unwrap_or(0),
    }
}

/// Reads a device; the default one is told first.
fn device(is_default: bool, row: &OutputRow) -> Device {
    Device {
        description: safe(row.shown()),
        is_protected: row.is_protected(),
        is_default,
        latency_ms: row.latency_ms,
    }
}

/// Reads what was caught and played on days, and how much sound reached devices before.
pub(super) fn past(
    edges_usec: Vec<u64>,
    catches: &[Dict],
    steps: &[Dict],
    exposure: &[Dict],
) -> Past {
    let caught = |dict: &Dict| {
        let row = CatchRow::from_dict(dict);
        CatchRow { app: safe(&row.app), device: safe(&row.device), ..row }
    };
    let played = |dict: &Dict| {
        let row = HistoryRow::from_dict(dict);
        HistoryRow { app: safe(&row.app), device: safe(&row.device), ..row }
    };
    let reached = |dict: &Dict| {
        let row = ExposureRow::from_dict(dict);
        ExposureRow { device: safe(&row.device), ..row }
    };
    Past {
        exposure: exposure.iter().map(reached).collect(),
        edges_usec,
        catches: catches.iter().map(caught).collect(),
        steps: steps.iter().map(played).collect(),
    }
}

/// Reads the vital signs.
pub(super) fn health(dict: &Dict) -> Health {
    let health = Health::from_dict(dict);
    Health {
        pipewire_version: safe(&health.pipewire_version),
        wireplumber_version: safe(&health.wireplumber_version),
        deployment: safe(&health.deployment),
        supervisor: safe(&health.supervisor),
        ..health
    }
}

/// Reads what `ListSettings` says; an entry without a value is left out.
pub(super) fn settings(dict: &Dict) -> Vec<Setting> {
    dict.iter()
        .filter_map(|(key, entry)| {
            let row = SettingRow::read(entry)?;
            let read = |value: &Option<zbus::OwnedVariant>| value.as_deref().and_then(value_of);
            let value = read(&row.value)?;
            Some(Setting {
                key: key.clone(),
                default: read(&row.default).unwrap_or_else(|| value.clone()),
                value,
                changed: row.changed.unwrap_or(false),
                min: row.min,
                max: row.max,
                unit: row.unit.as_deref().map(safe),
                options: row.options,
                description: safe(&row.description),
            })
        })
        .collect()
}

fn value_of(value: &Variant<'_>) -> Option<Value> {
    let on = bool::read(value).map(Value::Bool);
    let word = || String::read(value).map(Value::Text);
    on.or_else(word).or_else(|| f64::read(value).map(Value::Number))
}

/// Reads a reading of the gauges; a gauge that is missing is at rest.
pub(super) fn meters(usec: u64, bus: &GaugeTable, streams: &[(u64, GaugeTable)]) -> Meters {
    let streams = streams.iter().map(|(id, gauges)| (*id, gauges.into()));
    Meters { usec, bus: bus.into(), streams: streams.collect() }
}

fn safe(text: &str) -> String {
    visible(text).into_owned()
}

#[cfg(test)]
mod tests {
    use headroom_api::Problem;

    use super::*;
    use crate::model::{BusGauges, StreamGauges};

    fn dict<const N: usize>(entries: [(&str, Variant<'_>); N]) -> Dict {
        let owned =
            |(key, value): (&str, Variant<'_>)| (key.to_owned(), value.try_into_owned().unwrap());
        entries.into_iter().map(owned).collect()
    }

    fn read(all: &Dict) -> Vec<Input> {
        properties(all.iter().map(|(name, value)| (name.as_str(), &**value)))
    }

    #[test]
    fn the_state_is_told_last() {
        let told = ProblemRow::from(Problem::Starved);
        let problems = vec![Variant::from(told.to_dict())];
        let all = dict([
            ("State", Variant::new("waiting")),
            ("Bypass", Variant::new(true)),
            ("Problems", Variant::new(problems)),
            ("Version", Variant::new("0.1.0")),
        ]);
        assert_eq!(
            read(&all),
            [Input::Problems(vec![told]), Input::Bypass(true), Input::State(ServiceState::Waiting)]
        );
    }

    #[test]
    fn a_value_of_another_type_counts_as_missing() {
        let all = dict([
            ("Bypass", Variant::new("yes")),
            ("Streams", Variant::new(7_u32)),
            ("Problems", Variant::new(vec!["only", "words"])),
            ("Output", Variant::new(HashMap::from([("rate", Variant::new("fast"))]))),
        ]);
        assert_eq!(read(&all), [Input::Problems(vec![]), Input::Output(Output::default())]);
    }

    #[test]
    fn streams_are_read_with_safe_texts_and_whole_names() {
        let entry = HashMap::from([
            ("id", Variant::new(9_u64)),
            ("app", Variant::new("Evil\u{202e}")),
            ("media", Variant::new("a\nb")),
            ("channels", Variant::new(2_u32)),
            ("rate", Variant::new(48_000_u32)),
            ("route", Variant::new("bypass")),
            ("playing", Variant::new(false)),
            ("level", Variant::new(true)),
            ("offset-db", Variant::new(-3.0)),
            ("volume-percent", Variant::new(50.0)),
            ("muted", Variant::new(true)),
        ]);
        let nameless = HashMap::from([("app", Variant::new("no id"))]);
        let all = dict([("Streams", Variant::new(vec![entry, nameless]))]);
        let stream = Stream {
            id: 9,
            app: "Evil\u{202e}".to_owned(),
            media: "a\\nb".to_owned(),
            channels: 2,
            rate_hz: 48_000,
            route: StreamRoute::Bypass,
            playing: false,
            level: true,
            offset_db: -3.0,
            volume_percent: Some(50.0),
            muted: true,
            ..Stream::default()
        };
        assert_eq!(read(&all), [Input::Streams(vec![stream])]);
    }

    #[test]
    fn a_route_that_is_not_known_is_not_known_to_be_protected() {
        let stream = stream(1, &dict([("route", Variant::new("half"))]));
        assert_eq!(stream.route, StreamRoute::Unmanaged);
        assert_eq!(stream.unknown_route.as_deref(), Some("half"));
    }

    #[test]
    fn a_gauge_that_is_missing_or_nonsense_is_at_rest() {
        let table = GaugeTable::from([
            ("leveller-db".to_owned(), 3.0),
            ("limiter-hard-db".to_owned(), f64::NAN),
            ("momentary-lufs".to_owned(), f64::NEG_INFINITY),
            ("short-term-lufs".to_owned(), -20.0),
            ("new-gauge".to_owned(), 1.0),
        ]);
        let streams = [(4, GaugeTable::from([("peak-dbfs".to_owned(), -300.0)]))];
        let meters = meters(8, &table, &streams);
        let wanted = BusGauges { leveller_db: 3.0, short_term_lufs: -20.0, ..BusGauges::default() };
        assert_eq!(meters.bus, wanted);
        assert_eq!((meters.usec, meters.streams), (8, vec![(4, StreamGauges::default())]));
    }

    #[test]
    fn settings_are_read_however_often_their_values_are_wrapped() {
        let wrapped = Variant::Variant(Box::new(Variant::Variant(Box::new(Variant::new("auto")))));
        let entry = HashMap::from([
            ("value", wrapped),
            ("default", Variant::new(1.5)),
            ("changed", Variant::new(true)),
            ("min", Variant::new(-12.0)),
            ("max", Variant::new(24.0)),
            ("unit", Variant::new("dB")),
            ("options", Variant::new(vec!["auto"])),
            ("description", Variant::new("Gain")),
        ]);
        let all = dict([
            ("compressor.makeup_db", Variant::new(entry)),
            ("odd.thing", Variant::new("no dictionary")),
        ]);
        let setting = Setting {
            key: "compressor.makeup_db".to_owned(),
            value: Value::Text("auto".to_owned()),
            default: Value::Number(1.5),
            changed: true,
            min: Some(-12.0),
            max: Some(24.0),
            unit: Some("dB".to_owned()),
            options: vec!["auto".to_owned()],
            description: "Gain".to_owned(),
        };
        assert_eq!(settings(&all), [setting]);
    }

    #[test]
    fn a_way_of_chaining_that_is_not_known_is_none() {
        let read = |word| read(&dict([("Chains", Variant::new(word))]));
        assert_eq!(read("shared"), [Input::Chains(Some(Chains::Shared))]);
        assert_eq!(read("new"), [Input::Chains(None)]);
    }

    #[test]
    fn a_device_is_protected_only_where_that_is_known() {
        let entry = |chain: &'static str| {
            HashMap::from([("name", Variant::new("tv")), ("chain", Variant::new(chain))])
        };
        let entries = ["none", "device", "new"].map(entry).to_vec();
        let all = dict([("Outputs", Variant::new(entries))]);
        let device = |is_default, is_protected| Device {
            description: "tv".to_owned(),
            is_protected,
            is_default,
            latency_ms: 0.0,
        };
        let devices = vec![device(true, false), device(false, true), device(false, false)];
        assert_eq!(read(&all), [Input::Devices(devices)]);
    }

    #[test]
    fn health_does_without_what_is_not_told() {
        let read =
            health(&dict([("cycles", Variant::new(7_u64)), ("responding", Variant::new(false))]));
        assert_eq!(read, Health { cycles: 7, responding: Some(false), ..Health::default() });
    }
}
