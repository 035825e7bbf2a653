//! What stands on the bus, as the model knows it.
//!
//! Open dictionaries may lack keys and have unknown ones; a value of another type than the contract's counts as
//! missing. Texts that are shown are made safe here.

use std::collections::HashMap;

use headroom_api::{Dict, FLOOR_DB, GaugeTable, StreamRoute};
use zbus::{Variant, wire};

use crate::model::{
    BusGauges, ChainGauges, Chains, Device, Health, Input, Meters, Output, PlaysThrough, Presence,
    Problem, ServiceState, Setting, Stream, StreamGauges, Tuning, Value,
    text::{visible, visible_lines},
};

/// The properties that are told, in the order in which they are told: the state last, because that is what brings the
/// pages up, and they shall not come up empty.
const PROPERTIES: [&str; 12] = [
    "Introduced",
    "Problems",
    "Profiles",
    "ActiveProfile",
    "Routes",
    "LevelControl",
    "AppSettings",
    "Streams",
    "Output",
    "Outputs",
    "Bypass",
    "State",
];

/// Reads properties, whichever of them are there.
pub(super) fn properties<'a>(all: impl Iterator<Item = (&'a str, &'a Variant<'a>)>) -> Vec<Input> {
    let all: HashMap<&str, &Variant<'_>> = all.collect();
    PROPERTIES.iter().filter_map(|name| property(name, plain(all.get(name)?))).collect()
}

fn property(name: &str, value: &Variant<'_>) -> Option<Input> {
    Some(match name {
        "State" => Input::State(ServiceState::read(text(value)?)),
        "Problems" => Input::Problems(items(value)?.iter().filter_map(problem).collect()),
        "Bypass" => Input::Bypass(truth(value)?),
        "Introduced" => Input::Introduced(truth(value)?),
        "ActiveProfile" => Input::ActiveProfile(text(value)?.to_owned()),
        "Profiles" => {
            let named = |(name, line): (&str, &Variant<'_>)| {
                Some((name.to_owned(), visible_lines(text(line)?)))
            };
            Input::Profiles(entries(value)?.filter_map(named).collect())
        }
        "Routes" => {
            let route = |(app, route): (&str, &Variant<'_>)| {
                Some((app.to_owned(), text(route)?.to_owned()))
            };
            Input::Routes(entries(value)?.filter_map(route).collect())
        }
        "LevelControl" => {
            let level = |(app, on): (&str, &Variant<'_>)| Some((app.to_owned(), truth(on)?));
            Input::LevelControl(entries(value)?.filter_map(level).collect())
        }
        "AppSettings" => {
            Input::AppSettings(entries(value)?.map(|(app, _)| app.to_owned()).collect())
        }
        "Streams" => {
            let stream = |entry: &Variant<'_>| {
                let fields = Fields::of(entry)?;
                Some(stream_of(unsigned(fields.get("id")?)?, &fields))
            };
            Input::Streams(items(value)?.iter().filter_map(stream).collect())
        }
        "Output" => Input::Output(output(&Fields::of(value)?)),
        "Outputs" => {
            let devices = items(value)?.iter().enumerate();
            let device = |(index, entry)| Some(device(index == 0, &Fields::of(entry)?));
            Input::Devices(devices.filter_map(device).collect())
        }
        _ => return None,
    })
}

/// Reads from every property who is there.
pub(super) fn running(all: &Dict) -> Presence {
    let version = headroom_api::dict_str(all, "Version").map(visible).unwrap_or_default();
    let api_version = headroom_api::dict_u32(all, "ApiVersion").unwrap_or_default();
    Presence::Running { version, api_version }
}

/// Reads a stream from a signal.
pub(super) fn stream(id: u64, dict: &Dict) -> Stream {
    stream_of(id, &Fields::from(dict))
}

fn stream_of(id: u64, fields: &Fields<'_>) -> Stream {
    let word = fields.text("route");
    let route = word.parse::<StreamRoute>();
    Stream {
        id,
        app: fields.text("app").to_owned(),
        binary: fields.text("binary").to_owned(),
        media: visible(fields.text("media")),
        icon: visible(fields.text("icon")),
        role: visible(fields.text("role")),
        channels: fields.count("channels"),
        rate_hz: fields.count("rate"),
        unknown_route: route.is_err().then(|| visible(word)),
        route: route.unwrap_or(StreamRoute::Unmanaged),
        reason: visible(fields.text("reason")),
        through: PlaysThrough::read(fields.text("chain")),
        // A service that does not tell shows what there is.
        playing: fields.truth("playing").unwrap_or(true),
        level: fields.truth("level").unwrap_or(false),
        tuning: tuning(fields),
    }
}

fn tuning(fields: &Fields<'_>) -> Tuning {
    let usual = Tuning::default();
    Tuning {
        offset_db: fields.number("offset-db").unwrap_or(usual.offset_db),
        strength: fields.number("strength").unwrap_or(usual.strength),
        chain: fields.truth("own-chain").unwrap_or(usual.chain),
    }
}

fn problem(row: &Variant<'_>) -> Option<Problem> {
    let Variant::Structure(row) = plain(row) else {
        return None;
    };
    let [code, subject, sentence] = row.fields() else {
        return None;
    };
    Some(Problem {
        code: visible(text(code)?),
        subject: visible(text(subject)?),
        sentence: visible_lines(text(sentence)?),
    })
}

fn output(fields: &Fields<'_>) -> Output {
    Output {
        name: visible(fields.text("name")),
        description: visible(fields.text("description")),
        rate_hz: fields.count("rate"),
        quantum_frames: fields.count("quantum"),
        channels: fields.count("channels"),
        latency_ms: fields.number("latency-ms").unwrap_or(0.0),
        latency_frames: fields.count("latency-frames"),
        device_rate_hz: fields.count("device-rate"),
    }
}

/// Reads a device; the default one is told first.
fn device(is_default: bool, fields: &Fields<'_>) -> Device {
    let name = [fields.text("description"), fields.text("name")];
    Device {
        description: visible(name.iter().find(|name| !name.is_empty()).unwrap_or(&"")),
        // A word that is not known is not known to be protected.
        is_protected: matches!(fields.text("chain"), "bus" | "device"),
        is_default,
        latency_ms: fields.number("latency-ms").unwrap_or(0.0),
    }
}

/// Reads from a profile in full what evens out applications.
pub(super) fn chains(profile: &str) -> Option<Chains> {
    let mut keys = profile.lines().take_while(|line| !line.trim_start().starts_with('['));
    let value = keys.find_map(|line| {
        let (key, value) = line.split_once('=')?;
        (key.trim() == "chains").then(|| value.trim().trim_matches('"'))
    })?;
    match value {
        "per-app" => Some(Chains::PerApp),
        "shared" => Some(Chains::Shared),
        _ => None,
    }
}

/// Reads the vital signs.
pub(super) fn health(dict: &Dict) -> Health {
    let fields = Fields::from(dict);
    Health {
        uptime_s: fields.number("uptime-s").unwrap_or(0.0),
        pipewire_version: visible(fields.text("pipewire-version")),
        wireplumber_version: visible(fields.text("wireplumber-version")),
        cycles: fields.whole("cycles"),
        late_cycles: fields.whole("late-cycles"),
        unready_cycles: fields.whole("unready-cycles"),
        worst_cycle_us: fields.number("worst-cycle-us").unwrap_or(0.0),
        busy_us: fields.number("busy-us").unwrap_or(0.0),
        frames: fields.whole("frames"),
        clamp_activations: fields.whole("clamp-activations"),
        realtime: fields.truth("realtime"),
        deployment: visible(fields.text("deployment")),
        supervisor: visible(fields.text("supervisor")),
        watchdog: fields.truth("watchdog"),
        responding: fields.truth("responding"),
        failures: fields.whole("failures"),
        starved_cycles: fields.whole("starved-cycles"),
    }
}

/// Reads what `ListSettings` says; an entry without a value is left out.
pub(super) fn settings(dict: &Dict) -> Vec<Setting> {
    dict.iter()
        .filter_map(|(key, entry)| {
            let fields = Fields::of(entry)?;
            let value = value(fields.get("value")?)?;
            Some(Setting {
                key: key.clone(),
                default: fields.get("default").and_then(self::value).unwrap_or(value.clone()),
                value,
                changed: fields.truth("changed").unwrap_or(false),
                min: fields.number("min"),
                max: fields.number("max"),
                unit: fields.get("unit").and_then(text).map(visible),
                options: fields
                    .get("options")
                    .and_then(items)
                    .map(|words| words.iter().filter_map(text).map(str::to_owned).collect())
                    .unwrap_or_default(),
                description: visible(fields.text("description")),
            })
        })
        .collect()
}

fn value(value: &Variant<'_>) -> Option<Value> {
    match plain(value) {
        Variant::Bool(on) => Some(Value::Bool(*on)),
        Variant::Str(word) => Some(Value::Text(word.to_string())),
        other => number(other).map(Value::Number),
    }
}

/// Reads a reading of the gauges; a gauge that is missing is at rest.
pub(super) fn meters(usec: u64, bus: &GaugeTable, streams: &[(u64, GaugeTable)]) -> Meters {
    let level = |gauges: &GaugeTable, key| finite(gauges, key).unwrap_or(FLOOR_DB).max(FLOOR_DB);
    let gain = |gauges: &GaugeTable, key| finite(gauges, key).unwrap_or(0.0);
    let bus = BusGauges {
        input_peak_dbfs: level(bus, "input-peak-dbfs"),
        true_peak_dbtp: level(bus, "true-peak-dbtp"),
        true_peak_max_dbtp: level(bus, "true-peak-max-dbtp"),
        gain_db: gain(bus, "gain-db"),
        leveller_db: gain(bus, "leveller-db"),
        surge_db: gain(bus, "surge-db"),
        compressor_db: gain(bus, "compressor-db"),
        cap_db: gain(bus, "cap-db"),
        limiter_soft_db: gain(bus, "limiter-soft-db"),
        limiter_hard_db: gain(bus, "limiter-hard-db"),
        momentary_lufs: level(bus, "momentary-lufs"),
        short_term_lufs: level(bus, "short-term-lufs"),
        integrated_lufs: level(bus, "integrated-lufs"),
    };
    let stream = |(id, gauges): &(u64, GaugeTable)| {
        let gauges = StreamGauges {
            peak_dbfs: level(gauges, "peak-dbfs"),
            rms_dbfs: level(gauges, "rms-dbfs"),
            level_db: gain(gauges, "level-db"),
            chain: gauges.contains_key("loudness-out-lufs").then(|| ChainGauges {
                in_lufs: level(gauges, "loudness-in-lufs"),
                gain_db: gain(gauges, "gain-db"),
                leveller_db: gain(gauges, "leveller-db"),
                surge_db: gain(gauges, "surge-db"),
                compressor_db: gain(gauges, "compressor-db"),
                out_lufs: level(gauges, "loudness-out-lufs"),
            }),
        };
        (*id, gauges)
    };
    Meters { usec, bus, streams: streams.iter().map(stream).collect() }
}

fn finite(gauges: &GaugeTable, key: &str) -> Option<f64> {
    gauges.get(key).copied().filter(|value| value.is_finite())
}

/// An open dictionary.
struct Fields<'a>(HashMap<&'a str, &'a Variant<'a>>);

impl<'a> From<&'a Dict> for Fields<'a> {
    fn from(dict: &'a Dict) -> Self {
        Self(dict.iter().map(|(key, value)| (key.as_str(), &**value)).collect())
    }
}

impl<'a> Fields<'a> {
    fn of(value: &'a Variant<'a>) -> Option<Self> {
        Some(Self(entries(value)?.collect()))
    }

    fn get(&self, key: &str) -> Option<&'a Variant<'a>> {
        self.0.get(key).copied().map(plain)
    }

    fn text(&self, key: &str) -> &'a str {
        self.get(key).and_then(text).unwrap_or_default()
    }

    fn truth(&self, key: &str) -> Option<bool> {
        self.get(key).and_then(truth)
    }

    fn number(&self, key: &str) -> Option<f64> {
        self.get(key).and_then(number).filter(|number| number.is_finite())
    }

    fn whole(&self, key: &str) -> u64 {
        self.get(key).and_then(unsigned).unwrap_or_default()
    }

    fn count(&self, key: &str) -> u32 {
        u32::try_from(self.whole(key)).unwrap_or(u32::MAX)
    }
}

/// Returns what a variant holds, however often it is wrapped.
fn plain<'a>(value: &'a Variant<'a>) -> &'a Variant<'a> {
    match value {
        Variant::Variant(inner) => plain(inner),
        value => value,
    }
}

fn text<'a>(value: &'a Variant<'a>) -> Option<&'a str> {
    match plain(value) {
        Variant::Str(text) => Some(text.as_str()),
        _ => None,
    }
}

fn truth(value: &Variant<'_>) -> Option<bool> {
    match plain(value) {
        Variant::Bool(value) => Some(*value),
        _ => None,
    }
}

fn unsigned(value: &Variant<'_>) -> Option<u64> {
    match plain(value) {
        Variant::U8(value) => Some((*value).into()),
        Variant::U16(value) => Some((*value).into()),
        Variant::U32(value) => Some((*value).into()),
        Variant::U64(value) => Some(*value),
        _ => None,
    }
}

fn number(value: &Variant<'_>) -> Option<f64> {
    match plain(value) {
        Variant::F64(value) => Some(*value),
        Variant::I32(value) => Some((*value).into()),
        Variant::I64(value) => Some(*value as f64),
        value => unsigned(value).map(|value| value as f64),
    }
}

fn items<'a>(value: &'a Variant<'a>) -> Option<&'a [Variant<'a>]> {
    match plain(value) {
        Variant::Array(items) => Some(items.inner()),
        _ => None,
    }
}

fn entries<'a>(value: &'a Variant<'a>) -> Option<impl Iterator<Item = (&'a str, &'a Variant<'a>)>> {
    match plain(value) {
        Variant::Dict(dict) => {
            let dict: &'a wire::Dict<'a, 'a> = dict;
            Some(dict.iter().filter_map(|(key, value)| Some((text(key)?, plain(value)))))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let problems = vec![("a", "b", "c")];
        let all = dict([
            ("State", Variant::new("waiting")),
            ("Bypass", Variant::new(true)),
            ("Problems", Variant::new(problems)),
            ("Version", Variant::new("0.1.0")),
        ]);
        let problem =
            Problem { code: "a".to_owned(), subject: "b".to_owned(), sentence: "c".to_owned() };
        assert_eq!(
            read(&all),
            [
                Input::Problems(vec![problem]),
                Input::Bypass(true),
                Input::State(ServiceState::Waiting)
            ]
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
            ("strength", Variant::new(f64::NAN)),
            ("own-chain", Variant::new(false)),
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
            tuning: Tuning { offset_db: -3.0, strength: 1.0, chain: false },
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
    fn gauges_of_a_chain_are_there_where_there_is_one() {
        let chain = [
            ("loudness-in-lufs", -9.0),
            ("gain-db", -11.5),
            ("leveller-db", -7.0),
            ("surge-db", -4.0),
            ("compressor-db", -0.5),
            ("loudness-out-lufs", -500.0),
        ];
        let chain = chain.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let streams = meters(8, &GaugeTable::new(), &[(4, chain)]).streams;
        let wanted = ChainGauges {
            in_lufs: -9.0,
            gain_db: -11.5,
            leveller_db: -7.0,
            surge_db: -4.0,
            compressor_db: -0.5,
            out_lufs: FLOOR_DB,
        };
        assert_eq!(streams[0].1.chain, Some(wanted));
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
    fn a_profile_in_full_tells_what_evens_out_applications() {
        let text = |word: &str| {
            format!("name = \"a = b\"\nchains = \"{word}\"\n\n[leveller]\nchains = \"shared\"\n")
        };
        assert_eq!(chains(&text("per-app")), Some(Chains::PerApp));
        assert_eq!(chains(&text("shared")), Some(Chains::Shared));
        assert_eq!(chains(&text("new")), None);
        assert_eq!(chains("name = \"x\"\n[leveller]\nchains = \"shared\"\n"), None);
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
