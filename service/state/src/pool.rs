//! The chains of ours, of whatever kind: asked for, in place, replaced, leaving, gone.
//!
//! Who needs a chain is decided in `apps`, `devices` and `plan`; how long one lives, and how it goes, is
//! the same for all and is decided here.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use headroom_api::ChainKind;

use super::{
    Graph,
    smart_filter::{self, DISABLED_KEY},
};
use crate::event::{ChainId, ChainSpec, GlobalId, GraphCommand};

/// How long a chain outlives the last stream that needs it: a track change, a reload.
pub(super) const GRACE: Duration = Duration::from_secs(30);
/// How long a chain before a device that is to go may wait for its streams to move to another.
pub(super) const LEAVES_WITHIN: Duration = Duration::from_secs(2);

/// Every chain that was asked for and has not gone.
#[derive(Debug, Default)]
pub struct Pool {
    members: BTreeMap<ChainId, Member>,
    /// The last number of each kind, by the one before the first.
    last: BTreeMap<ChainId, u32>,
}

#[derive(Debug)]
struct Member {
    spec: ChainSpec,
    /// True once it has had nodes.
    is_seen: bool,
    stage: Stage,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    /// Needed, or perhaps soon.
    Serving {
        /// Since when nothing needs it.
        idle_since: Option<Instant>,
        /// True while what needed it is expected back, however long that takes.
        may_return: bool,
    },
    /// To go when this one stands in its place.
    Replaced { by: ChainId },
    /// To go when nothing plays into it.
    ///
    /// One before a device is taken out of the session manager's way first: its streams move to what
    /// takes its place, or to the device, before it is gone. Were it only taken away, what takes its
    /// place could be told of it later than that, and sound would pass neither.
    Leaving { since: Option<Instant>, is_disabled: bool },
}

const LEAVING: Stage = Stage::Leaving { since: None, is_disabled: false };

impl Pool {
    /// Returns how many chains of a kind there are, those included that are about to go.
    pub fn count(&self, kind: ChainKind) -> usize {
        self.of_kind(kind).count()
    }

    /// Returns every chain of a kind, those included that are about to go.
    pub fn of_kind(&self, kind: ChainKind) -> impl Iterator<Item = ChainId> {
        self.members.keys().copied().filter(move |id| id.kind() == kind)
    }

    /// Returns when a chain is to be looked at that nothing plays through; `None` while there is none.
    pub fn next_expiry(&self) -> Option<Instant> {
        let due = self.members.values().filter_map(|member| match member.stage {
            Stage::Serving { idle_since, may_return: false } => Some(idle_since? + GRACE),
            Stage::Leaving { since, is_disabled: true } => Some(since? + LEAVES_WITHIN),
            Stage::Serving { .. } | Stage::Replaced { .. } | Stage::Leaving { .. } => None,
        });
        due.min()
    }

    /// Asks for a chain of the kind that `of` numbers.
    pub(super) fn build(
        &mut self,
        of: fn(u32) -> ChainId,
        spec: ChainSpec,
    ) -> (ChainId, GraphCommand) {
        let last = self.last.entry(of(0)).or_default();
        *last += 1;
        let id = of(*last);
        let stage = Stage::Serving { idle_since: None, may_return: false };
        self.members.insert(id, Member { spec: spec.clone(), is_seen: false, stage });
        (id, GraphCommand::Build { id, spec })
    }

    /// Returns how a chain was made; `None` for one that is to go.
    pub(super) fn spec(&self, id: ChainId) -> Option<&ChainSpec> {
        let member = self.members.get(&id)?;
        matches!(member.stage, Stage::Serving { .. }).then_some(&member.spec)
    }

    /// Takes in whether anything needs a chain now, and whether it may do so again.
    pub(super) fn note_use(&mut self, id: ChainId, plays: bool, returns: bool, now: Instant) {
        if let Some(member) = self.members.get_mut(&id)
            && let Stage::Serving { idle_since, may_return } = &mut member.stage
        {
            *idle_since = if plays { None } else { idle_since.or(Some(now)) };
            *may_return = plays || returns;
        }
    }

    /// Returns since when nothing needs a chain; `None` while something does.
    pub(super) fn idle_since(&self, id: ChainId) -> Option<Instant> {
        match self.members.get(&id)?.stage {
            Stage::Serving { idle_since, .. } => idle_since,
            Stage::Replaced { .. } | Stage::Leaving { .. } => None,
        }
    }

    /// Says whether nothing has needed a chain for so long that it is to go.
    pub(super) fn is_over(&self, id: ChainId, now: Instant) -> bool {
        self.members.get(&id).is_some_and(|member| match member.stage {
            Stage::Serving { idle_since, may_return } => {
                !may_return && idle_since.is_some_and(|since| now >= since + GRACE)
            }
            Stage::Replaced { .. } | Stage::Leaving { .. } => true,
        })
    }

    /// Has a chain go as soon as nothing plays into it.
    pub(super) fn set_aside(&mut self, id: ChainId) {
        if let Some(member) = self.members.get_mut(&id)
            && !matches!(member.stage, Stage::Leaving { .. })
        {
            member.stage = LEAVING;
        }
    }

    /// Has a chain go as soon as another one stands in its place.
    pub(super) fn replace(&mut self, id: ChainId, by: ChainId) {
        if let Some(member) = self.members.get_mut(&id)
            && !matches!(member.stage, Stage::Leaving { .. })
        {
            member.stage = Stage::Replaced { by };
        }
    }

    /// Sets everything aside: PipeWire is gone, and all of it with it. What was asked for last may
    /// still be made on the next connection, so it is taken out of that.
    pub(super) fn forget(&mut self) {
        self.members.values_mut().for_each(|member| member.stage = LEAVING);
    }

    /// Takes in which chains have nodes; one that somebody took out of the graph has no place any more.
    pub(super) fn follow(&mut self, graph: &Graph) {
        for (id, member) in &mut self.members {
            let is_there = graph.chain(*id).is_some();
            if member.is_seen && !is_there {
                member.stage = LEAVING;
            }
            member.is_seen |= is_there;
        }
    }

    /// Returns the commands that take out what is to go of those that `which` names; while everything is
    /// bypassed, nothing waits for a bus.
    pub(super) fn retire(
        &mut self,
        graph: &Graph,
        which: impl Fn(ChainId) -> bool,
        bypass: bool,
        now: Instant,
    ) -> Vec<GraphCommand> {
        let replaced = self.members.iter().filter_map(|(id, member)| match member.stage {
            Stage::Replaced { by } if self.has_place(graph, by, bypass) => Some(*id),
            _ => None,
        });
        for id in replaced.collect::<Vec<_>>() {
            self.set_aside(id);
        }
        let mut commands = Vec::new();
        self.members.retain(|id, member| {
            let Stage::Leaving { since, is_disabled } = &mut member.stage else { return true };
            if !which(*id) {
                return true;
            }
            let sink = graph.chain(*id).map(|chain| chain.sink);
            let waits_until = *since.get_or_insert(now) + LEAVES_WITHIN;
            if let Some(sink) = sink.filter(|sink| is_awaited(graph, *id, *sink, now, waits_until))
            {
                if id.kind() == ChainKind::Device && !*is_disabled {
                    *is_disabled = true;
                    commands.push(smart_filter::set(sink, DISABLED_KEY, Some("true".into())));
                }
                return true;
            }
            commands.push(GraphCommand::Retire { id: *id });
            if let Some(sink) = sink.filter(|_| *is_disabled) {
                // The number of its node is another's soon.
                commands.push(smart_filter::set(sink, DISABLED_KEY, None));
            }
            false
        });
        commands
    }

    /// Says whether a chain stands in the place of the one that it replaces: the bus when it, and every
    /// chain before a device, leads there.
    fn has_place(&self, graph: &Graph, by: ChainId, bypass: bool) -> bool {
        if self.spec(by).is_none() {
            return true;
        }
        let devices = self.of_kind(ChainKind::Device);
        let mut devices = devices.filter(|id| self.spec(*id).is_some_and(|it| it.device.is_some()));
        match by {
            ChainId::Bus(_) if !bypass => {
                graph.leads_on(by) && devices.all(|id| graph.leads_on(id))
            }
            _ => graph.chain(by).is_some(),
        }
    }
}

/// Says whether a chain that is to go stays until its streams have moved. The bus goes at once: another
/// one leads to the device.
fn is_awaited(graph: &Graph, id: ChainId, sink: GlobalId, now: Instant, until: Instant) -> bool {
    match id {
        ChainId::Bus(_) => false,
        ChainId::App(_) => graph.is_played_into(sink),
        ChainId::Device(_) => graph.is_played_into(sink) && now < until,
    }
}
