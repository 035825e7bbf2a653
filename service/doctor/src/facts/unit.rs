//! What the user's systemd says of the units, where there is one.

use std::collections::BTreeMap;

use crate::tools::{Outcome, attempt};

/// Unit of the service.
pub(crate) const SERVICE_UNIT: &str = "headroom.service";
/// Timer that looks after the service, where the watchdog preset installed it.
pub(crate) const WATCHDOG_TIMER: &str = "headroom-watchdog.timer";

/// One unit, in systemd's own words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Unit {
    pub(crate) load: String,
    pub(crate) active: String,
    pub(crate) sub: String,
    /// "enabled", "disabled", "masked" and so on; empty without a file.
    pub(crate) file_state: String,
    /// How it ended last: "success", "exit-code", "watchdog", "start-limit-hit" and so on.
    pub(crate) result: String,
    pub(crate) restarts: u32,
    /// Its file changed after systemd read it.
    pub(crate) is_stale: bool,
}

impl Unit {
    /// Returns whether systemd knows no such unit.
    pub(crate) fn is_missing(&self) -> bool {
        self.load == "not-found"
    }

    /// Returns whether it is masked.
    pub(crate) fn is_masked(&self) -> bool {
        self.load == "masked" || self.file_state.starts_with("masked")
    }

    /// Returns whether it is started at login.
    pub(crate) fn is_enabled(&self) -> bool {
        self.file_state.starts_with("enabled")
    }
}

/// The user's systemd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Manager {
    /// This session has none, or none that can be asked.
    Absent,
    /// It was asked, and did not answer in time.
    Silent,
    /// Units by name.
    Present(BTreeMap<String, Unit>),
}

impl Manager {
    /// Asks for the units named.
    pub(crate) async fn ask(names: &[&str]) -> Self {
        let mut arguments = vec![
            "--user",
            "show",
            "--property=Id,LoadState,ActiveState,SubState,UnitFileState,Result,NRestarts,NeedDaemonReload",
            "--",
        ];
        arguments.extend(names);
        match attempt("systemctl", &arguments).await {
            Outcome::Printed(text) => Self::Present(parse(&text)),
            Outcome::Failed => Self::Absent,
            Outcome::Hung => Self::Silent,
        }
    }

    /// Returns what it says of a unit.
    pub(crate) fn unit(&self, name: &str) -> Option<&Unit> {
        match self {
            Self::Present(units) => units.get(name),
            Self::Absent | Self::Silent => None,
        }
    }
}

/// Reads blocks of `key=value`, one for each unit.
fn parse(text: &str) -> BTreeMap<String, Unit> {
    text.split("\n\n")
        .filter_map(|block| {
            let mut id = None;
            let mut unit = Unit::default();
            for (key, value) in block.lines().filter_map(|line| line.split_once('=')) {
                let value = value.trim();
                match key {
                    "Id" => id = Some(value.to_owned()),
                    "LoadState" => value.clone_into(&mut unit.load),
                    "ActiveState" => value.clone_into(&mut unit.active),
                    "SubState" => value.clone_into(&mut unit.sub),
                    "UnitFileState" => value.clone_into(&mut unit.file_state),
                    "Result" => value.clone_into(&mut unit.result),
                    "NRestarts" => unit.restarts = value.parse().unwrap_or_default(),
                    "NeedDaemonReload" => unit.is_stale = value == "yes",
                    _ => {}
                }
            }
            Some((id?, unit))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_read_block_by_block() {
        let text = "Result=watchdog\nNRestarts=3\nId=headroom.service\nLoadState=loaded\nActiveState=failed\n\
                    SubState=failed\nUnitFileState=enabled\nNeedDaemonReload=yes\n\n\
                    Id=headroom-watchdog.timer\nLoadState=not-found\nActiveState=inactive\n\nnonsense\n";
        let units = parse(text);
        assert_eq!(units.len(), 2);
        let service = &units[SERVICE_UNIT];
        assert_eq!((service.result.as_str(), service.restarts), ("watchdog", 3));
        assert!(service.is_enabled() && service.is_stale && !service.is_missing());
        assert!(units[WATCHDOG_TIMER].is_missing());
    }
}
