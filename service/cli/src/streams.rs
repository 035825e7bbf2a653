//! Streams that are playing: how a person names them, and their gauges.

use std::collections::HashMap;

use headroom_api::{
    BusGauges, ChainKind, ControlProxy, Done, FLOOR_DB, StreamGauges, StreamRow, Word, visible,
};
use headroom_client::Told;
use serde_json::{Value, json};

use crate::{
    failure::Failure,
    link::call,
    output::{number, round_db},
    settings::near,
};

/// Returns every stream, by id.
pub(crate) async fn read(control: &ControlProxy<'_>) -> Result<Vec<Told<StreamRow>>, Failure> {
    Ok(headroom_client::streams(control).await?)
}

/// What the gauges read, once.
#[derive(Debug, Default)]
pub(crate) struct Gauges {
    bus: BusGauges,
    streams: HashMap<u64, StreamGauges>,
}

impl Gauges {
    /// Reads all gauges.
    pub(crate) async fn read(control: &ControlProxy<'_>) -> Result<Self, Failure> {
        let (bus, streams) = call(control.get_meters()).await?;
        let streams = streams.iter().map(|(id, table)| (*id, table.into()));
        Ok(Self { bus: (&bus).into(), streams: streams.collect() })
    }

    /// Returns a stream's gauges, if it has some.
    pub(crate) fn get(&self, id: u64) -> Option<&StreamGauges> {
        self.streams.get(&id)
    }

    /// Returns what is done to a stream; `None` where nothing is known of it.
    pub(crate) fn done(&self, stream: &StreamRow) -> Option<Done> {
        self.done_of(stream.id, &stream.chain)
    }

    /// Returns what is done to the stream of this id, which passes this chain.
    pub(crate) fn done_of(&self, id: u64, chain: &Word<ChainKind>) -> Option<Done> {
        Some(self.get(id)?.done(chain, &self.bus))
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
    let mut playing: Vec<_> = streams.iter().map(|stream| visible(&stream.app)).collect();
    playing.sort_unstable();
    playing.dedup();
    if let Some(near) = near(word, playing.iter().map(AsRef::as_ref)) {
        return Err(Failure::Refused(format!(
            "Nothing called '{word}' is playing. Did you mean {near}?"
        )));
    }
    Err(Failure::Refused(if playing.is_empty() {
        format!("Nothing called '{word}' is playing: nothing is playing at all.")
    } else {
        format!("Nothing called '{word}' is playing; what plays is: {}.", playing.join(", "))
    }))
}

/// Returns the ids of the streams that a word stands for, in order; case does not count.
pub(crate) fn matching(streams: &[Told<StreamRow>], word: &str) -> Vec<u64> {
    let (number, word) = (word.parse::<u64>().ok(), word.to_lowercase());
    let named = |name: &str| !word.is_empty() && name.to_lowercase() == word;
    let is_meant = |stream: &&Told<StreamRow>| {
        Some(stream.id) == number || named(&stream.app) || named(&stream.binary)
    };
    let mut ids: Vec<u64> = streams.iter().filter(is_meant).map(|stream| stream.id).collect();
    ids.sort_unstable();
    ids
}

/// Returns a gauge as text, "-" where there is none.
pub(crate) fn gauge_text(gauge: Option<f64>) -> String {
    match gauge {
        None => "-".to_owned(),
        Some(db) if db <= FLOOR_DB => "silent".to_owned(),
        Some(db) => format!("{:.1}", round_db(db, 1)),
    }
}

/// Returns a volume in words, as in `50 %, muted`; "-" where there is none.
pub(crate) fn volume_text(stream: &StreamRow) -> String {
    let Some(percent) = stream.volume_percent else { return "-".to_owned() };
    let percent = round_db(percent, 0);
    if stream.muted == Some(true) {
        format!("{percent:.0} %, muted")
    } else {
        format!("{percent:.0} %")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(id: u64, app: &str, binary: &str) -> Told<StreamRow> {
        let (app, binary) = (app.to_owned(), binary.to_owned());
        Told::from(StreamRow { id, app, binary, ..StreamRow::default() }.to_dict())
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
        assert_eq!(gauge_text(Some(-120.0)), "silent");
        assert_eq!(gauge_text(Some(-0.04)), "0.0");
        assert_eq!(gauge_text(None), "-");
    }

    #[test]
    fn volume_and_mute_are_told_together() {
        let text = |volume_percent, muted| {
            volume_text(&StreamRow { volume_percent, muted, ..StreamRow::default() })
        };
        assert_eq!(text(Some(49.6), Some(false)), "50 %");
        assert_eq!(text(Some(100.0), Some(true)), "100 %, muted");
        assert_eq!(text(None, None), "-");
    }
}
