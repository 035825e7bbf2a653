//! The control groups of a login: they are the kernel's, and would stay when the login is over.

use std::process::Command;

use anyhow::Result;

use crate::session::{Sweeper, run_to_end};

/// Sees the version 2 tree, wherever the machine has it, in a namespace of its own.
const SEE_TREE: &str =
    "umount -R /sys/fs/cgroup 2>/dev/null; mount -t cgroup2 cgroup2 /sys/fs/cgroup";

/// Removes a login's groups when this process ends in whichever way; 10 s for its processes to end.
const SWEEP: &str = r#"exec unshare --mount -- sh -c '
    umount -R /sys/fs/cgroup 2>/dev/null; mount -t cgroup2 cgroup2 /sys/fs/cgroup || exit
    tries=0
    while [ -d "/sys/fs/cgroup/$1" ] && [ $tries -lt 200 ]; do
        find "/sys/fs/cgroup/$1" -depth -type d -exec rmdir {} +
        tries=$((tries + 1)); sleep 0.05
    done' sweep "$1""#;

/// The name of a login's control group; dropping it removes the group and those in it.
#[derive(Debug)]
pub(super) struct Groups {
    name: String,
    _sweeper: Sweeper,
}

impl Groups {
    pub(super) fn new(name: &str) -> Result<Self> {
        Ok(Self { name: name.to_owned(), _sweeper: Sweeper::run(SWEEP, name.as_ref())? })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

/// Tries what a login needs of the kernel.
pub(super) fn probe() -> Result<()> {
    let name = format!("headroom-probe-{}", std::process::id());
    let script = format!(
        "mount -t tmpfs tmpfs /run && mount --bind /etc/group /etc/passwd && \
         {SEE_TREE} && mkdir /sys/fs/cgroup/{name} && rmdir /sys/fs/cgroup/{name}"
    );
    let mut command = Command::new("unshare");
    command.args(["--mount", "--pid", "--fork", "--mount-proc", "--", "sh", "-c", &script]);
    run_to_end(command).map(drop)
}
