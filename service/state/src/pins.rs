//! The devices that a person has chosen for applications, as WirePlumber remembers them.
//!
//! WirePlumber keeps one device for each of its keys, which several streams can share, and forgets it
//! as soon as anybody writes another target for one of them: by name, or by deleting it. A stream
//! whose key has a device is therefore left alone, even while that device is away and the stream
//! looks like any other.

use std::collections::BTreeMap;

use crate::event::NodeInfo;

/// What a key begins with: the first of these properties that a stream has.
const TOLD_BY: [&str; 5] =
    ["media.role", "application.id", "application.name", "media.name", "node.name"];

/// The node name of the device that is remembered for each key; empty where it cannot be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pins(BTreeMap<String, String>);

impl Pins {
    /// Reads WirePlumber's file `stream-properties`: a key file, whose values are JSON objects.
    ///
    /// What is no such line is passed over, as WirePlumber does.
    pub fn parse(text: &str) -> Self {
        let lines = text.lines().map(str::trim_start);
        let lines = lines.filter(|line| !line.starts_with(['#', '[']));
        Self(lines.filter_map(read_line).collect())
    }

    /// Adds what was remembered since the file was written.
    pub(super) fn extend(&mut self, pins: impl IntoIterator<Item = (String, String)>) {
        self.0.extend(pins);
    }

    /// Returns the device that is remembered for a stream.
    pub fn of(&self, stream: &NodeInfo) -> Option<&str> {
        if self.0.is_empty() {
            return None;
        }
        self.0.get(&key_of(stream)?).map(String::as_str)
    }

    /// Returns every device that is remembered for playback, with a stream that has its key and says
    /// nothing else.
    pub(super) fn expected(&self) -> impl Iterator<Item = (NodeInfo, &str)> {
        self.0.iter().filter_map(|(key, device)| {
            let (name, value) = key.strip_prefix("Output/Audio:")?.split_once(':')?;
            let props = [("media.class", "Stream/Output/Audio"), (name, value)];
            let props = props.map(|(key, value)| (key.to_owned(), value.to_owned()));
            Some((NodeInfo { props: props.into(), ..NodeInfo::default() }, device.as_str()))
        })
    }

    /// Says whether nobody has chosen a device for anything.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Returns the key under which WirePlumber remembers a stream; `None` for one that it does not.
///
/// Its own configuration may change the properties that it is made of (`stream.rules`); that is not
/// known here.
pub(super) fn key_of(stream: &NodeInfo) -> Option<String> {
    if stream.props.get("state.restore-target").is_some_and(|value| value == "false") {
        return None;
    }
    let class = stream.props.get("media.class")?;
    let class = class.strip_prefix("Stream/").unwrap_or(class);
    let told_by = TOLD_BY.into_iter().find_map(|name| Some((name, stream.props.get(name)?)));
    told_by.map(|(name, value)| format!("{class}:{name}:{value}"))
}

/// Returns key and device of a line that has both.
fn read_line(line: &str) -> Option<(String, String)> {
    let (key, value) = line.split_once('=')?;
    let key = unescape(key.trim_end(), |letter| match letter {
        's' => Some(' '),
        'e' => Some('='),
        'o' => Some('['),
        'c' => Some(']'),
        '\\' => Some('\\'),
        _ => None,
    });
    let value = unescape(value.trim_start(), |letter| match letter {
        's' => Some(' '),
        'n' => Some('\n'),
        't' => Some('\t'),
        'r' => Some('\r'),
        '\\' => Some('\\'),
        _ => None,
    });
    let device = match serde_json::from_str::<serde_json::Value>(&value) {
        Ok(value) => value.get("target")?.as_str()?.to_owned(),
        // What may be a choice is not to be lost for the way in which it is written.
        Err(_) if value.contains("target") => String::new(),
        Err(_) => return None,
    };
    Some((key, device))
}

/// Replaces each backslash and the letter behind it.
fn unescape(text: &str, meaning: impl Fn(char) -> Option<char>) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (letter, letters.as_str().chars().next().and_then(&meaning)) {
            ('\\', Some(meant)) => {
                letters.next();
                plain.push(meant);
            }
            _ => plain.push(letter),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(props: &[(&str, &str)]) -> NodeInfo {
        let class = [("media.class", "Stream/Output/Audio")];
        let props = class.iter().chain(props).map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        NodeInfo { props: props.collect(), ..NodeInfo::default() }
    }

    /// As WirePlumber 0.5.8 writes it.
    const FILE: &str = include_str!("stream-properties.txt");

    #[test]
    fn a_remembered_device_is_found_by_the_first_property_that_wireplumber_goes_by() {
        let pins = Pins::parse(FILE);
        assert_eq!(pins.of(&stream(&[("application.name", "Pinned Player")])), Some("second"));
        let with_role = [("application.name", "Pinned Player"), ("media.role", "Movie")];
        assert_eq!(pins.of(&stream(&with_role)), None);
        assert_eq!(pins.of(&stream(&[("application.name", "Player")])), None);
        assert_eq!(pins.of(&stream(&[])), None);
    }

    #[test]
    fn keys_are_read_as_they_were_before_they_were_written() {
        let pins = Pins::parse(FILE);
        let odd = r"a=b [c] \s ünï";
        assert_eq!(pins.of(&stream(&[("application.name", odd)])), Some("other"));
    }

    #[test]
    fn what_is_expected_has_its_own_device() {
        let pins = Pins::parse(FILE);
        let expected: Vec<_> = pins.expected().collect();
        assert!(!expected.is_empty());
        for (stream, device) in expected {
            assert_eq!(pins.of(&stream), Some(device));
        }
    }

    #[test]
    fn a_stream_that_wireplumber_does_not_remember_has_no_device() {
        let pins = Pins::parse(FILE);
        let forgetful = [("application.name", "Pinned Player"), ("state.restore-target", "false")];
        assert_eq!(pins.of(&stream(&forgetful)), None);
    }

    #[test]
    fn volumes_comments_and_noise_are_no_devices() {
        for text in
            ["", "[stream-properties]\n", "# target=1\n", "\0=\0\n=\n\\", "a={\"mute\":true}"]
        {
            assert!(Pins::parse(text).is_empty(), "{text:?}");
        }
        for value in ["{}", "[]", "1", "{\"target\":null}", "{\"target\":3}", "{\"volume\":1.0"] {
            assert!(Pins::parse(&format!("k={value}")).is_empty(), "{value}");
        }
    }

    #[test]
    fn a_device_that_cannot_be_read_is_one_all_the_same() {
        let pins = Pins::parse("Output/Audio:application.name:A={ target = second }");
        assert_eq!(pins.of(&stream(&[("application.name", "A")])), Some(""));
    }

    #[test]
    fn a_file_that_breaks_off_is_read_as_far_as_it_goes() {
        let ends = FILE.char_indices().map(|(end, _)| end).chain([FILE.len()]);
        for end in ends {
            let pins = Pins::parse(&FILE[..end]);
            let whole = Pins::parse(FILE);
            for (key, device) in &pins.0 {
                assert!(device.is_empty() || whole.0.get(key) == Some(device), "{key}: {device}");
            }
        }
    }
}
