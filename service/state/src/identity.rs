//! Who a stream belongs to.

use headroom_api::{MAX_NAME_BYTES, is_host_binary, is_host_id};
use headroom_profile::Subject;

use crate::event::{NodeInfo, Props};

/// What is known of a stream's application; empty where nothing is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// `application.name`, or the node's own name.
    pub app: String,
    /// `application.process.binary`.
    pub binary: String,
    /// `application.id`, or the id that a sandbox's portal vouches for.
    pub app_id: String,
    /// `media.name`: what is played.
    pub media: String,
    /// `media.role`.
    pub role: String,
    /// `application.icon-name`.
    pub icon: String,
}

/// Longest text of an [`AppKey`]; letters in lower case may be longer than those that were sent.
const MAX_KEY_BYTES: usize = 8 + 3 * MAX_NAME_BYTES;

/// Tells one application from another: the streams of one have one chain.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AppKey(String);

impl AppKey {
    /// Returns it as [`parse`](Self::parse) reads it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads a key that was written down; `None` when it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, name) = text.split_once(':')?;
        let is_key = matches!(kind, "id" | "binary" | "name") && !name.is_empty();
        (is_key && text.len() <= MAX_KEY_BYTES).then(|| Self(text.to_owned()))
    }
}

impl std::fmt::Display for AppKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.split_once(':').map_or(&self.0, |(_, name)| name))
    }
}

impl Identity {
    /// Reads the stream's own properties, then those of its client.
    pub fn read(node: &NodeInfo, client: Option<&Props>) -> Self {
        let find = |keys: &[&str]| {
            keys.iter()
                .find_map(|key| {
                    let own = node.props.get(*key);
                    own.or_else(|| client?.get(*key)).filter(|value| !value.is_empty())
                })
                .map_or_else(String::new, |value| shorten(value))
        };
        Self {
            app: find(&["application.name", "node.description", "node.name"]),
            binary: find(&["application.process.binary"]),
            app_id: find(&["pipewire.access.portal.app_id", "application.id"]),
            media: find(&["media.name", "media.title"]),
            role: find(&["media.role"]),
            icon: find(&["application.icon-name", "media.icon-name"]),
        }
    }

    /// Returns what stays the same over all streams of an application: its id, else its binary, else
    /// its name; `None` when it has none of them.
    ///
    /// The id and the binary of what runs other programs come last: two games behind one loader are two applications.
    pub fn key(&self) -> Option<AppKey> {
        let [id, binary, name] =
            [("id", &self.app_id), ("binary", &self.binary), ("name", &self.app)];
        let own_id = Some(id).filter(|(_, id)| !is_host_id(id));
        let own_binary = Some(binary).filter(|(_, binary)| !is_host_binary(binary));
        let in_order = [own_id, own_binary, Some(name), Some(binary), Some(id)];
        let mut told = in_order.into_iter().flatten().filter(|(_, value)| !value.is_empty());
        told.next().map(|(kind, value)| AppKey(format!("{kind}:{}", value.to_lowercase())))
    }

    /// Returns what the rules of a profile look at.
    pub fn subject(&self) -> Subject<'_> {
        Subject {
            process_binary: &self.binary,
            application_name: &self.app,
            application_id: &self.app_id,
            media_role: &self.role,
            media_name: &self.media,
        }
    }

    /// Returns what a person may name this application by: each property that it has, with its value.
    pub(super) fn names(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("application.process.binary", &self.binary),
            ("application.name", &self.app),
            ("application.id", &self.app_id),
        ]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| (key, value.as_str()))
    }
}

/// Returns a name as names are compared: case does not count.
pub(super) fn fold(name: &str) -> String {
    name.to_lowercase()
}

/// Applications choose these texts: what is passed on has an end.
fn shorten(value: &str) -> String {
    let end = value
        .char_indices()
        .map(|(start, letter)| start + letter.len_utf8())
        .take_while(|end| *end <= MAX_NAME_BYTES)
        .last()
        .unwrap_or(0);
    value[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(props: &[(&str, &str)]) -> NodeInfo {
        NodeInfo {
            props: props.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            ..NodeInfo::default()
        }
    }

    #[test]
    fn the_stream_speaks_before_its_client() {
        let client = Props::from([
            ("application.name".into(), "Client".into()),
            ("application.process.binary".into(), "client-bin".into()),
        ]);
        let identity = Identity::read(&node(&[("application.name", "Tab")]), Some(&client));
        assert_eq!(identity.app, "Tab");
        assert_eq!(identity.binary, "client-bin");
    }

    #[test]
    fn application_is_named_by_binary_name_or_id() {
        let properties =
            [("application.name", "Firefox"), ("application.id", "org.mozilla.firefox")];
        let identity = Identity::read(&node(&properties), None);
        assert_eq!(identity.names().collect::<Vec<_>>(), properties);
        assert_eq!(Identity::default().names().count(), 0);
    }

    #[test]
    fn an_application_is_known_by_its_id_else_its_binary_else_its_name() {
        let mut identity = Identity { app: "Tab 1".into(), ..Identity::default() };
        let by_name = identity.key().unwrap();
        identity.binary = "Firefox-bin".into();
        let by_binary = identity.key().unwrap();
        identity.app = "Tab 2".into();
        assert_eq!(identity.key(), Some(by_binary.clone()));
        identity.app_id = "org.mozilla.firefox".into();
        let by_id = identity.key().unwrap();
        assert!(by_name != by_binary && by_binary != by_id);
        assert_eq!(by_binary.to_string(), "firefox-bin");
        assert_eq!(Identity::default().key(), None);
    }

    #[test]
    fn an_endless_name_is_cut_between_letters() {
        let identity = Identity::read(&node(&[("application.name", &"ü".repeat(1000))]), None);
        assert_eq!(identity.app.len(), MAX_NAME_BYTES);
    }
}
