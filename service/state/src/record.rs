//! A graph that is written down as it happens, to be lived through again in a test.
//!
//! One JSON value on each line: what happened, and where the service looked at all of it. What identifies
//! a stream's application stays; titles, commands and whatever decides nothing are left out.

use serde::{Deserialize, Serialize};

use crate::event::{GraphEvent, Props};

/// Properties by which something is decided.
const MATTERS: [&str; 28] = [
    "application.icon-name",
    "application.id",
    "application.name",
    "application.process.binary",
    "application.version",
    "audio.channel",
    "client.id",
    "filter.smart",
    "filter.smart.target",
    "media.class",
    "media.role",
    "metadata.name",
    "node.description",
    "node.dont-reconnect",
    "node.id",
    "node.link-group",
    "node.name",
    "node.network",
    "node.target",
    "node.virtual",
    "object.serial",
    "pipewire.access.portal.app_id",
    "port.direction",
    "port.id",
    "state.restore-target",
    "stream.capture.sink",
    "stream.monitor",
    "target.object",
];

/// One line of a recording.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Something happened in the graph.
    Event(GraphEvent),
    /// The service looked at all that had happened, and gave its commands.
    Settle,
}

impl Step {
    /// Returns the step of an event, without what decides nothing.
    pub fn of(event: &GraphEvent) -> Self {
        let mut event = event.clone();
        match &mut event {
            GraphEvent::Client { props, .. } | GraphEvent::Port { props, .. } => reduce(props),
            GraphEvent::Node { info, .. } => reduce(&mut info.props),
            _ => {}
        }
        Self::Event(event)
    }

    /// Returns it as a line of a recording, without the end of the line.
    pub fn to_line(&self) -> String {
        // Cannot fail: all of it is plain data with strings for keys.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads a line of a recording.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(line: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(line)
    }
}

fn reduce(props: &mut Props) {
    props.retain(|key, _| MATTERS.contains(&key.as_str()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::NodeInfo;

    #[test]
    fn step_is_read_as_it_was_written_without_titles() {
        let props = [("node.name", "mpv"), ("media.name", "a secret"), ("window.title", "b")];
        let props = props.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        let info = NodeInfo { props, told: true, ..NodeInfo::default() };
        let step = Step::of(&GraphEvent::Node { id: 7, info });
        let line = step.to_line();
        assert!(line.contains("mpv") && !line.contains("secret") && !line.contains('\n'), "{line}");
        assert_eq!(Step::parse(&line).unwrap(), step);
        assert_eq!(Step::parse(&Step::Settle.to_line()).unwrap(), Step::Settle);
        assert!(Step::parse("{\"event\":3}").is_err());
    }
}
