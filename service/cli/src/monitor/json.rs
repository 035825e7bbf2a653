//! `headroom monitor --json`: one JSON object per line, as things happen.
//!
//! A `service` line says when the service leaves and when it is back. It ends with success when the
//! reader closes the pipe or the user interrupts.

use std::process::ExitCode;

use headroom_api::{
    Dict, GaugeTable, StreamGaugeTable, StreamRow, dict_bool, dict_str, read_items,
};
use headroom_client::Told;
use serde_json::{Map, Value, json};

use super::{
    feed::{self, News, Wanted},
    lines::{emit, until_reader_or_user_ends},
};
use crate::{
    args::{MonitorArgs, MonitorTopic},
    failure::Failure,
    link::connect,
    output::{dict_json, number},
};

/// Follows the service until the reader or the user ends it.
pub(crate) async fn run(args: &MonitorArgs) -> Result<ExitCode, Failure> {
    until_reader_or_user_ends(async {
        let topic = args.topic();
        let meters_hz = topic.has_meters().then_some(args.meters_hz());
        let wanted = Wanted { meters_hz, settings: false, patient: false };
        let mut lines = Lines { topic, state: Map::new() };
        let connection = connect().await?;
        feed::follow(&connection, wanted, &mut |news| {
            lines.of(news).iter().try_for_each(emit).map_err(Failure::from)
        })
        .await
    })
    .await
}

/// Turns news into lines.
struct Lines {
    topic: MonitorTopic,
    /// The state as last told.
    state: Map<String, Value>,
}

impl Lines {
    fn of(&mut self, news: News) -> Vec<Value> {
        match news {
            News::Up(properties) => {
                let version = dict_str(&properties, "Version").unwrap_or_default();
                let mut lines =
                    vec![json!({"type": "service", "running": true, "version": version})];
                if self.topic.has_streams() {
                    lines.push(json!({"type": "streams", "streams": streams_json(&properties)}));
                }
                self.state.clear();
                lines.extend(self.state_line(&properties));
                lines
            }
            News::Down => vec![json!({"type": "service", "running": false})],
            News::Properties(changed) => self.state_line(&changed).into_iter().collect(),
            News::StreamAdded(id, stream) if self.topic.has_streams() => {
                vec![json!({"type": "stream-added", "id": id, "stream": dict_json(&stream)})]
            }
            News::StreamChanged(id, stream) if self.topic.has_streams() => {
                vec![json!({"type": "stream-changed", "id": id, "stream": dict_json(&stream)})]
            }
            News::StreamRemoved(id) if self.topic.has_streams() => {
                vec![json!({"type": "stream-removed", "id": id})]
            }
            News::Meters(usec, bus, streams) if self.topic.has_meters() => {
                vec![meters_json(usec, &bus, &streams)]
            }
            _ => Vec::new(),
        }
    }

    /// Returns the state when it differs from the one last told.
    fn state_line(&mut self, changed: &Dict) -> Option<Value> {
        if self.topic != MonitorTopic::All {
            return None;
        }
        let mut state = self.state.clone();
        state.insert("type".to_owned(), "state".into());
        for (property, key) in [("State", "state"), ("ActiveProfile", "active-profile")] {
            if let Some(text) = dict_str(changed, property) {
                state.insert(key.to_owned(), text.into());
            }
        }
        if let Some(bypass) = dict_bool(changed, "Bypass") {
            state.insert("bypass".to_owned(), bypass.into());
        }
        if let Some(problems) = changed.get("Problems") {
            let problems: Vec<Dict> = read_items(problems).unwrap_or_default();
            state.insert("problems".to_owned(), problems.iter().map(dict_json).collect());
        }
        if state == self.state {
            return None;
        }
        self.state = state;
        Some(Value::Object(self.state.clone()))
    }
}

fn streams_json(properties: &Dict) -> Value {
    let streams = properties.get("Streams").and_then(|streams| read_items::<Dict>(streams));
    let mut streams: Vec<Told<StreamRow>> =
        streams.unwrap_or_default().into_iter().map(Told::<StreamRow>::from).collect();
    streams.sort_by_key(|stream| stream.id);
    streams.iter().map(Told::json).collect()
}

fn meters_json(usec: u64, bus: &GaugeTable, streams: &[StreamGaugeTable]) -> Value {
    let gauges = |table: &GaugeTable| -> Value {
        Value::Object(table.iter().map(|(k, v)| (k.clone(), number(*v))).collect::<Map<_, _>>())
    };
    let streams: Value =
        streams.iter().map(|(id, table)| json!({"id": id, "gauges": gauges(table)})).collect();
    json!({"type": "meters", "usec": usec, "bus": gauges(bus), "streams": streams})
}

#[cfg(test)]
mod tests {
    use zbus::Variant;

    use super::*;

    #[test]
    fn a_meter_line_has_its_type_and_no_line_break() {
        let bus = GaugeTable::from([("true-peak-dbtp".to_owned(), -0.15)]);
        let line = meters_json(7, &bus, &[(3, GaugeTable::from([("a\nb".to_owned(), f64::NAN)]))]);
        assert_eq!(
            line.to_string(),
            r#"{"bus":{"true-peak-dbtp":-0.15},"streams":[{"gauges":{"a\nb":null},"id":3}],"type":"meters","usec":7}"#
        );
    }

    #[test]
    fn a_state_is_told_once() {
        let mut lines = Lines { topic: MonitorTopic::All, state: Map::new() };
        let bypass = |on: bool| {
            Dict::from([("Bypass".to_owned(), Variant::new(on).try_into_owned().unwrap())])
        };
        assert_eq!(lines.of(News::Properties(bypass(true))).len(), 1);
        assert_eq!(lines.of(News::Properties(bypass(true))).len(), 0);
        assert_eq!(lines.of(News::Properties(Dict::new())).len(), 0);
        let told = lines.of(News::Properties(bypass(false)));
        assert_eq!(told, [json!({"type": "state", "bypass": false})]);
        lines.topic = MonitorTopic::Streams;
        assert_eq!(lines.of(News::Properties(bypass(true))).len(), 0);
    }
}
