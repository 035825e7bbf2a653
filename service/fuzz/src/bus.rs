//! What a stranger sends on the bus: dictionaries are read leniently, and are the same when they were written and read.

use std::fmt;

use headroom_api::{
    Dict, Explanation, Health, OutputRow, ProblemRow, Reason, SettingRow, StreamRow, visible,
};
use headroom_profile::Settings;
use headroom_service::policy::value_of;
use zbus::wire::{
    Endian,
    serialized::{Context, Data},
};

/// Reads bytes as an open dictionary, and that as every row there is and as settings.
///
/// # Panics
/// When a row is another one after it was written and read, or a sentence would steer a terminal.
pub fn check(bytes: &[u8]) {
    let data = Data::new(bytes, Context::new(Endian::Little, 0));
    let Ok((dict, _)) = data.deserialize::<Dict>() else { return };
    let problem = ProblemRow::from_dict(&dict);
    // A sentence and a code that is not known are kept as they are.
    assert_eq!(ProblemRow::from_dict(&problem.to_dict()), problem);
    if let Some(known) = &problem.known {
        assert_plain(known);
    }
    let stream = StreamRow::from_dict(&dict);
    assert_eq!(debug(&StreamRow::from_dict(&stream.to_dict())), debug(&stream));
    if let Some(why) = &stream.why {
        assert_plain(why);
    }
    let explanation = Explanation::from_dict(&dict);
    assert_eq!(debug(&Explanation::from_dict(&explanation.to_dict())), debug(&explanation));
    let _ = explanation.done_text();
    let _ = Reason::from_dict(&dict);
    let _ = Health::from_dict(&dict);
    let _ = OutputRow::from_dict(&dict);
    let _ = SettingRow::from_dict(&dict);
    let mut settings = Settings::default();
    for (key, value) in &dict {
        match value_of(value).map(|value| settings.set(key, &value)) {
            Ok(Err(refused)) => assert_plain(&refused),
            Err(refused) => assert_plain(&refused.message()),
            Ok(Ok(())) => {
                let kept = settings.get(key).expect("it was set");
                let mut again = Settings::default();
                again.set(key, &kept).expect("what is in force is accepted");
                assert_eq!(again.get(key), Some(kept), "{key}");
            }
        }
    }
}

/// Numbers that are none are the same among themselves.
fn debug(row: &impl fmt::Debug) -> String {
    format!("{row:?}")
}

/// Texts of others stand in our sentences without anything that steers a terminal.
fn assert_plain(sentence: &impl fmt::Display) {
    let text = sentence.to_string();
    assert_eq!(visible(&text), text, "{text:?}");
}
