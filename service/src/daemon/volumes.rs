//! Which streams' volumes each chain was told to follow.
//!
//! Which count is decided in [`state`](crate::state), and the moves themselves never come here: the
//! loop thread hands them on at once.

use crate::{
    pw::Command,
    state::{ChainId, VolumeSources},
};

/// What was told last.
#[derive(Debug, Default)]
pub(super) struct Volumes {
    told: VolumeSources,
}

impl Volumes {
    /// Forgets every chain: PipeWire is gone, and they with it.
    pub(super) fn forget(&mut self) {
        self.told.clear();
    }

    /// Takes in that a chain goes.
    pub(super) fn retire(&mut self, chain: ChainId) {
        self.told.remove(&chain);
    }

    /// Returns the commands that tell each chain which streams count; one that has none keeps what it
    /// knows, for the next stream of its application.
    pub(super) fn follow(&mut self, sources: VolumeSources) -> Vec<Command> {
        let mut commands = Vec::new();
        for (chain, nodes) in sources {
            if self.told.get(&chain) != Some(&nodes) {
                self.told.insert(chain, nodes.clone());
                commands.push(Command::SetVolumeSources { chain, nodes });
            }
        }
        commands
    }

    /// Returns what was told last.
    pub(super) fn sources(&self) -> &VolumeSources {
        &self.told
    }
}
