//! What decides whether a thread of this user gets real-time priority.

use rustix::process::{Resource, getrlimit};
use zbus::{connection::Builder, fdo::DBusProxy, names::BusName};

use headroom_client::link::{CALL_TIMEOUT, call};

/// Groups to which distributions give real-time priority.
const GROUPS: [&str; 3] = ["audio", "pipewire", "realtime"];

/// The service that hands out priority to those who have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RtKit {
    Running,
    Startable,
    Missing,
    /// The system bus cannot be asked.
    Unknown,
}

/// What decides about real-time priority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Priority {
    pub(crate) rtkit: RtKit,
    /// Highest priority that this login may take by itself; 0: none.
    pub(crate) limit: u64,
    /// The user's groups among those that distributions give priority to.
    pub(crate) groups: Vec<String>,
}

impl Priority {
    /// Looks at the limits, the groups and the system bus.
    pub(crate) async fn read() -> Self {
        Self {
            rtkit: rtkit().await,
            limit: getrlimit(Resource::Rtprio).current.unwrap_or(u64::MAX),
            groups: groups(),
        }
    }
}

async fn rtkit() -> RtKit {
    let connecting = tokio::time::timeout(CALL_TIMEOUT, async { Builder::system().build().await });
    let Ok(Ok(connection)) = connecting.await else { return RtKit::Unknown };
    let Ok(bus) = call(DBusProxy::new(&connection)).await else { return RtKit::Unknown };
    let name = "org.freedesktop.RealtimeKit1";
    match call(bus.name_has_owner(BusName::from_static_str(name).expect("the name is valid"))).await
    {
        Ok(true) => RtKit::Running,
        Ok(false) => match call(bus.list_activatable_names()).await {
            Ok(names) if names.iter().any(|known| known.as_str() == name) => RtKit::Startable,
            Ok(_) => RtKit::Missing,
            Err(_) => RtKit::Unknown,
        },
        Err(_) => RtKit::Unknown,
    }
}

/// Returns the user's groups that matter here, by name.
fn groups() -> Vec<String> {
    let ids: Vec<u32> = rustix::process::getgroups()
        .unwrap_or_default()
        .into_iter()
        .map(rustix::process::Gid::as_raw)
        .collect();
    named(&std::fs::read_to_string("/etc/group").unwrap_or_default(), &ids)
}

/// Returns which of the groups that matter are among the ids, by the text of a group file.
fn named(file: &str, ids: &[u32]) -> Vec<String> {
    file.lines()
        .filter_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next().filter(|name| GROUPS.contains(name))?;
            let id: u32 = fields.nth(1)?.parse().ok()?;
            ids.contains(&id).then(|| name.to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_named_by_the_group_file() {
        let file = "root:x:0:\naudio:x:29:anna\npipewire:x:998:\nnonsense\nrealtime:x:no:\n";
        assert_eq!(named(file, &[0, 29]), ["audio"]);
        assert!(named(file, &[]).is_empty());
    }
}
