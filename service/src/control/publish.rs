//! Tells the bus what has changed, and nothing else.

use std::{collections::HashMap, sync::Arc};

use tokio::sync::watch;
use zbus::object_server::InterfaceRef;

use super::{Interface, View, view::stream_row};
use crate::{policy::Policy, state::StreamStatus};

/// Puts `next` in force and announces what differs from what was shown before.
///
/// # Errors
/// When the bus is gone.
pub async fn publish(
    served: &InterfaceRef<Interface>,
    shown: &watch::Sender<Arc<View>>,
    next: View,
) -> zbus::Result<()> {
    let before = shown.borrow().clone();
    if *before == next {
        return Ok(());
    }
    let next = Arc::new(next);
    shown.send_replace(next.clone());
    let emitter = served.signal_emitter();
    let interface = served.get().await;
    if before.state != next.state {
        interface.state_changed(emitter).await?;
    }
    if before.problems != next.problems {
        interface.problems_changed(emitter).await?;
    }
    if before.bypass != next.bypass {
        interface.bypass_changed(emitter).await?;
    }
    if before.bypass_until_usec != next.bypass_until_usec {
        interface.bypass_until_changed(emitter).await?;
    }
    if before.compare_until_usec != next.compare_until_usec {
        interface.compare_until_changed(emitter).await?;
    }
    if before.introduced != next.introduced {
        interface.introduced_changed(emitter).await?;
    }
    if before.history_enabled != next.history_enabled {
        interface.history_enabled_changed(emitter).await?;
    }
    if before.exposure_enabled != next.exposure_enabled {
        interface.exposure_enabled_changed(emitter).await?;
    }
    if before.exposure_warnings != next.exposure_warnings {
        interface.exposure_warnings_changed(emitter).await?;
    }
    if before.active_profile != next.active_profile {
        interface.active_profile_changed(emitter).await?;
    }
    if before.profile_by != next.profile_by {
        interface.profile_by_changed(emitter).await?;
    }
    if before.profile_until_usec != next.profile_until_usec {
        interface.profile_until_changed(emitter).await?;
    }
    if before.schedules != next.schedules {
        interface.schedules_changed(emitter).await?;
    }
    if before.chains != next.chains {
        interface.chains_changed(emitter).await?;
    }
    if before.devices != next.devices {
        interface.devices_changed(emitter).await?;
    }
    if before.profiles != next.profiles {
        interface.profiles_changed(emitter).await?;
    }
    if before.settings != next.settings {
        let changes = Policy::changes(&before.settings, &next.settings);
        Interface::settings_changed(emitter, changes).await?;
    }
    if before.treatments != next.treatments {
        interface.treatments_changed(emitter).await?;
    }
    if before.device_settings != next.device_settings {
        interface.device_settings_changed(emitter).await?;
    }
    if before.output != next.output {
        interface.output_changed(emitter).await?;
    }
    if before.outputs != next.outputs {
        interface.outputs_changed(emitter).await?;
    }
    if before.streams != next.streams {
        interface.streams_changed(emitter).await?;
        for change in stream_changes(&before.streams, &next.streams) {
            match change {
                StreamChange::Added(stream) => {
                    Interface::stream_added(emitter, stream.id, stream_row(stream).to_dict())
                        .await?;
                }
                StreamChange::Changed(stream) => {
                    Interface::stream_changed(emitter, stream.id, stream_row(stream).to_dict())
                        .await?;
                }
                StreamChange::Removed(id) => Interface::stream_removed(emitter, id).await?,
            }
        }
    }
    Ok(())
}

#[derive(Debug, PartialEq)]
enum StreamChange<'a> {
    Added(&'a StreamStatus),
    Changed(&'a StreamStatus),
    Removed(u64),
}

fn stream_changes<'a>(
    before: &'a [StreamStatus],
    next: &'a [StreamStatus],
) -> Vec<StreamChange<'a>> {
    let known: HashMap<u64, &StreamStatus> = before.iter().map(|s| (s.id, s)).collect();
    let gone = before
        .iter()
        .filter(|old| !next.iter().any(|new| new.id == old.id))
        .map(|old| StreamChange::Removed(old.id));
    let rest = next.iter().filter_map(|new| match known.get(&new.id) {
        None => Some(StreamChange::Added(new)),
        Some(old) if *old != new => Some(StreamChange::Changed(new)),
        Some(_) => None,
    });
    gone.chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{Authority, ChainId, Decision, Identity, Links};
    use headroom_api::{Held, LevelReason, Reason, Route, StreamRoute};
    use headroom_profile::AppOverride;

    fn stream(id: u64, held: Held) -> StreamStatus {
        StreamStatus {
            id,
            node: 7,
            playing: true,
            audible: true,
            identity: Identity::default(),
            channels: 2,
            rate_hz: 48_000,
            route: StreamRoute::Processed,
            chain: Some(ChainId::Bus(1)),
            leads_past: false,
            device: "speakers".into(),
            links: Links::InPlace,
            reason: Reason::held(held),
            controller: None,
            level_reason: LevelReason::default(),
            decision: Decision {
                route: Route::Processed,
                by: Authority::User { app: "app".into() },
                matched: Vec::new(),
                level: false,
                level_by: Authority::User { app: "app".into() },
                app: AppOverride::default(),
                app_by: [None, None, None],
            },
            volume: None,
        }
    }

    #[test]
    fn each_difference_is_told_once() {
        let before = [1, 2, 3].map(|id| stream(id, Held::BypassAll));
        let next =
            [stream(2, Held::BypassAll), stream(3, Held::SafeMode), stream(4, Held::BypassAll)];
        assert_eq!(
            stream_changes(&before, &next),
            [
                StreamChange::Removed(1),
                StreamChange::Changed(&next[1]),
                StreamChange::Added(&next[2]),
            ]
        );
    }
}
