//! Names of settings and sections for people, by the dotted keys of the bus.
//!
//! Runs on the user interface's thread. A key that is not known here is shown with the service's own words.

use crate::i18n::{tr, trc};

/// Where a section stands on the page, by the key's first parts, with its heading and a line on it.
pub(crate) fn section(id: &str) -> (String, String) {
    match id {
        "leveller" => {
            (tr("Loudness"), tr("Brings everything to the same loudness, and holds sudden blasts"))
        }
        "compressor" => (tr("Compressor"), tr("Brings loud and quiet moments closer together")),
        "limiter" => (tr("Ceiling"), tr("The promise: nothing leaves Headroom above the ceiling")),
        "limiter.soft" => (tr("Bangs"), tr("Tames sudden bangs before they reach the ceiling")),
        "app_volume" => (
            tr("App volume control"),
            tr("Lowers an app that is too loud by its own volume, even an untouched one"),
        ),
        "failure" => (
            tr("When Headroom fails"),
            tr("Sound always goes on. What cannot be protected may play softer until it is."),
        ),
        other => (other.to_owned(), String::new()),
    }
}

/// The name of a setting; none for a key that is not known.
pub(crate) fn title(key: &str) -> Option<String> {
    Some(match key {
        "leveller.enabled" => tr("Even out loudness"),
        "leveller.target_lufs" => tr("Loudness to reach"),
        "leveller.max_boost_db" => tr("Raise quiet sound by at most"),
        "leveller.max_cut_db" => tr("Lower loud sound by at most"),
        "leveller.surge" => tr("Hold sudden blasts"),
        "leveller.cap_lufs" => tr("Never louder than"),
        "compressor.enabled" => tr("Compress"),
        "compressor.detector" => tr("Listens to"),
        "compressor.threshold_db" => tr("Threshold"),
        "compressor.ratio" => tr("Ratio"),
        "compressor.knee_db" => tr("Knee"),
        "compressor.attack_ms" | "limiter.soft.attack_ms" | "app_volume.attack_ms" => tr("Attack"),
        "compressor.release_ms"
        | "limiter.release_ms"
        | "limiter.soft.release_ms"
        | "app_volume.release_ms" => tr("Release"),
        "compressor.makeup_db" => tr("Make-up gain"),
        "limiter.ceiling_dbtp" => tr("Ceiling"),
        "limiter.lookahead" => tr("Look-ahead"),
        "limiter.hold_ms" => tr("Hold"),
        "limiter.hold_at_device" => tr("Hold it at loud devices, too"),
        "limiter.left_alone" => tr("Limit what is left alone, too"),
        "limiter.soft.enabled" => tr("Tame bangs"),
        "limiter.soft.max_psr_db" => tr("A bang may stand out by"),
        "app_volume.enabled" => tr("Control every app's volume"),
        "app_volume.target_dbfs" => tr("Average level above which an app is lowered"),
        "app_volume.max_cut_db" => tr("Lower an app by at most"),
        "failure.policy" => tr("What is not protected then"),
        _ => return None,
    })
}

/// One line on what a setting does; none for a key that is not known.
pub(crate) fn description(key: &str) -> Option<String> {
    Some(match key {
        "leveller.enabled" => tr("Evens out loudness over time"),
        "leveller.target_lufs" => tr("Loudness that everything is brought to"),
        "leveller.max_boost_db" => tr("The most that quiet sound is raised"),
        "leveller.max_cut_db" => tr("The most that loud sound is lowered over time"),
        "leveller.surge" => tr("How closely a sudden blast is held to the sound before it"),
        "leveller.cap_lufs" => tr("Never louder than this, whatever plays"),
        "compressor.enabled" => tr("Brings loud and quiet moments closer together"),
        "compressor.detector" => tr("Whether it hears single peaks or average level"),
        "compressor.threshold_db" => tr("Level above which it lowers"),
        "compressor.ratio" => tr("How many decibels above the threshold become one"),
        "compressor.knee_db" => tr("How gradually it sets in around the threshold"),
        "compressor.attack_ms" => tr("How fast it lowers"),
        "compressor.release_ms" => tr("How fast it lets go"),
        "compressor.makeup_db" => tr("Gain afterwards, to make up for what it takes"),
        "limiter.ceiling_dbtp" => tr("Peak level that is never exceeded"),
        "limiter.lookahead" => tr("How far the limiter looks ahead, and so how much it delays"),
        "limiter.hold_ms" => tr("How long the limiter waits before it lets go"),
        "limiter.release_ms" => tr("How fast the limiter lets go"),
        "limiter.hold_at_device" => tr("Lowers the ceiling by what a device amplifies"),
        "limiter.left_alone" => {
            tr("Limits what is left alone, too, which delays it by the look-ahead")
        }
        "limiter.soft.enabled" => tr("Tames sudden bangs before they reach the ceiling"),
        "limiter.soft.max_psr_db" => tr("How far a bang may stand out from the loudness around it"),
        "limiter.soft.attack_ms" => tr("How fast bangs are lowered"),
        "limiter.soft.release_ms" => tr("How fast it lets go after a bang"),
        "app_volume.enabled" => tr("Lowers single apps that are too loud, untouched ones too"),
        "app_volume.target_dbfs" => tr("Average level above which an app is lowered"),
        "app_volume.max_cut_db" => tr("The most that an app is lowered"),
        "app_volume.attack_ms" => tr("How fast an app is lowered"),
        "app_volume.release_ms" => tr("How fast an app comes back up"),
        "failure.policy" => {
            tr("While Headroom has stepped aside, or cannot reach the sound system")
        }
        _ => return None,
    })
}

/// A word that a setting accepts, for people.
pub(crate) fn option(key: &str, word: &str) -> String {
    match (key, word) {
        ("compressor.detector", "peak") => tr("Single peaks"),
        ("compressor.detector", "rms") => tr("Average level"),
        ("limiter.lookahead", "standard") => tr("Standard"),
        ("limiter.lookahead", "low") => tr("Low delay"),
        ("leveller.surge", "off") => trc("holding of blasts", "Off"),
        ("leveller.surge", "gentle") => trc("holding of blasts", "Gentle"),
        ("leveller.surge", "normal") => trc("holding of blasts", "Normal"),
        ("leveller.surge", "strict") => trc("holding of blasts", "Strict"),
        ("failure.policy", "open") => tr("Plays on as it is"),
        ("failure.policy", "quiet") => tr("Plays 20 dB softer"),
        ("leveller.cap_lufs", "off") => trc("never louder than", "Off"),
        (_, "auto") => tr("Automatic"),
        (_, other) => other.to_owned(),
    }
}
