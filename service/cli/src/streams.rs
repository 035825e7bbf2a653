//! Streams that are playing: how a person names them, and their gauges.

use std::collections::HashMap;

use headroom_api::{ControlProxy, Dict, Done, FLOOR_DB, Gains, GaugeTable, dict_str, dict_u64};
use serde_json::{Value, json};

use crate::{
    escape::escape,
    failure::Failure,
    link::call,
    output::{number, round_db},
};

/// Returns every stream, by id.
pub(crate) async fn read(control: &ControlProxy<'_>) -> Result<Vec<Dict>, Failure> {
    let mut streams = call(control.streams()).await?;
    streams.sort_by_key(|stream| dict_u64(stream, "id"));
    Ok(streams)
}

/// What the gauges read, once.
#[derive(Debug, Default)]
pub(crate) struct Gauges {
    bus: GaugeTable,
    streams: HashMap<u64, GaugeTable>,
}

impl Gauges {
    /// Reads all gauges.
    pub(crate) async fn read(control: &ControlProxy<'_>) -> Result<Self, Failure> {
        let (bus, streams) = call(control.get_meters()).await?;
        Ok(Self { bus, streams: streams.into_iter().collect() })
    }

    /// Returns a stream's gauges, if it has some.
    pub(crate) fn get(&self, id: u64) -> Option<&GaugeTable> {
        self.streams.get(&id)
    }

    /// Returns what is done to a stream, as `Streams` tells it; `None` where nothing is known of it.
    pub(crate) fn done(&self, stream: &Dict) -> Option<Done> {
        self.done_of(dict_u64(stream, "id")?, stream)
    }

    /// Returns what is done to the stream of this id, given what has its `chain`.
    pub(crate) fn done_of(&self, id: u64, stream: &Dict) -> Option<Done> {
        let gauges = self.get(id)?;
        let chain = dict_str(stream, "chain").unwrap_or("none");
        Some(Gains::of_stream(chain, gauges, &self.bus).done())
    }
}

/// Returns what is done to a stream in words, "-" where nothing is known of it.
pub(crate) fn done_text(done: Option<Done>) -> String {
    done.map_or_else(|| "-".to_owned(), |done| done.to_string())
}

/// Adds what is done to a stream to its object.
pub(crate) fn add_done(entry: &mut Value, done: Option<Done>) {
    entry["doing"] = json!(done.map(|done| done.doing.as_str()));
    entry["doing-db"] = done.map_or(Value::Null, |done| number(round_db(done.gain_db, 2)));
}

/// Returns the ids that a word stands for: one by number, or all of an application.
///
/// # Errors
/// `Refused`, with what is playing, when nothing goes by that word.
pub(crate) async fn find(control: &ControlProxy<'_>, word: &str) -> Result<Vec<u64>, Failure> {
    let streams = read(control).await?;
    let ids = matching(&streams, word);
    if !ids.is_empty() {
        return Ok(ids);
    }
    if let Ok(id) = word.parse() {
        // The service refuses it, and says so better than a guess from here could.
        return Ok(vec![id]);
    }
    let mut playing: Vec<_> =
        streams.iter().filter_map(|stream| dict_str(stream, "app")).map(escape).collect();
    playing.sort_unstable();
    playing.dedup();
    Err(Failure::Refused(if playing.is_empty() {
        format!("Nothing called '{word}' is playing: nothing is playing at all.")
    } else {
        format!("Nothing called '{word}' is playing; what plays is: {}.", playing.join(", "))
    }))
}

/// Returns the ids of the streams that a word stands for, in order; case does not count.
pub(crate) fn matching(streams: &[Dict], word: &str) -> Vec<u64> {
    let number = word.parse::<u64>().ok();
    let named = |stream: &Dict, key| {
        dict_str(stream, key).is_some_and(|name| name.to_lowercase() == word.to_lowercase())
    };
    let mut ids: Vec<u64> = streams
        .iter()
        .filter_map(|stream| Some((stream, dict_u64(stream, "id")?)))
        .filter(|(stream, id)| {
            Some(*id) == number || named(stream, "app") || named(stream, "binary")
        })
        .map(|(_, id)| id)
        .collect();
    ids.sort_unstable();
    ids
}

/// Returns whether a stream of this id is among them.
pub(crate) fn has(streams: &[Dict], id: u64) -> bool {
    streams.iter().any(|stream| dict_u64(stream, "id") == Some(id))
}

/// Returns a gauge as text, "-" where there is none.
pub(crate) fn gauge_text(gauges: Option<&GaugeTable>, name: &str) -> String {
    match gauges.and_then(|gauges| gauges.get(name)) {
        None => "-".to_owned(),
        Some(db) if *db <= FLOOR_DB => "silent".to_owned(),
        Some(db) => format!("{:.1}", round_db(*db, 1)),
    }
}

#[cfg(test)]
mod tests {
    use zbus::Variant;

    use super::*;

    fn stream(id: u64, app: &str, binary: &str) -> Dict {
        Dict::from([
            ("id".to_owned(), Variant::new(id).try_into_owned().unwrap()),
            ("app".to_owned(), Variant::new(app).try_into_owned().unwrap()),
            ("binary".to_owned(), Variant::new(binary).try_into_owned().unwrap()),
        ])
    }

    #[test]
    fn a_word_matches_by_id_name_or_binary_without_case() {
        let streams =
            [stream(9, "Firefox", "firefox-bin"), stream(7, "firefox", "x"), stream(8, "7", "y")];
        assert_eq!(matching(&streams, "FIREFOX"), [7, 9]);
        assert_eq!(matching(&streams, "Firefox-Bin"), [9]);
        assert_eq!(matching(&streams, "7"), [7, 8]);
        assert!(matching(&streams, "fire").is_empty());
        assert!(matching(&streams, "").is_empty());
    }

    #[test]
    fn a_gauge_that_is_missing_is_not_silence() {
        let gauges = GaugeTable::from([("a".to_owned(), -120.0), ("b".to_owned(), -0.04)]);
        assert_eq!(gauge_text(Some(&gauges), "a"), "silent");
        assert_eq!(gauge_text(Some(&gauges), "b"), "0.0");
        assert_eq!(gauge_text(Some(&gauges), "c"), "-");
        assert_eq!(gauge_text(None, "a"), "-");
    }
}
