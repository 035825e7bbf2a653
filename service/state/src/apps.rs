//! Which applications have a chain of their own, and which one.
//!
//! A chain without an application is kept in reserve, so that the first stream of a new one has a
//! chain to go to before its first link. Chains without streams cost no time: their nodes sleep.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use headroom_api::ChainKind;

use super::{Graph, identity::AppKey, pool::Pool};
use crate::{
    event::{ChainId, ChainSpec, GraphCommand},
    layout::Channels,
};

/// Most applications that can have a chain of their own at once; more share the bus.
pub const MAX_APP_CHAINS: usize = 64;

/// Every application's chain.
#[derive(Debug)]
pub struct AppChains {
    /// Whose each is; nobody's while it is in reserve.
    owners: BTreeMap<ChainId, Option<AppKey>>,
    /// Most that the process can afford, those included that are about to go.
    affordable: usize,
    /// Applications that play and found no place.
    turned_away: BTreeSet<AppKey>,
    /// Applications whose chain PipeWire has rejected.
    rejected: BTreeSet<AppKey>,
}

impl Default for AppChains {
    fn default() -> Self {
        Self {
            owners: BTreeMap::new(),
            affordable: usize::MAX,
            turned_away: BTreeSet::new(),
            rejected: BTreeSet::new(),
        }
    }
}

impl AppChains {
    /// Returns an application's chain.
    pub fn of(&self, app: &AppKey) -> Option<ChainId> {
        self.iter().find(|(_, owner)| *owner == app).map(|(id, _)| id)
    }

    /// Returns every chain with the application that it belongs to.
    pub fn iter(&self) -> impl Iterator<Item = (ChainId, &AppKey)> {
        self.owners.iter().filter_map(|(id, owner)| Some((*id, owner.as_ref()?)))
    }

    /// Returns the applications that play without a chain of their own, because there are too many.
    pub fn turned_away(&self) -> impl ExactSizeIterator<Item = &AppKey> {
        self.turned_away.iter()
    }

    /// Says whether there would be room for more chains if the process could afford them.
    pub fn is_short_of_means(&self) -> bool {
        self.owners.len() < MAX_APP_CHAINS
    }

    /// Takes in how many chains the process can afford.
    pub(super) fn set_affordable(&mut self, chains: usize) {
        self.affordable = chains;
    }

    /// Takes in that PipeWire has rejected a chain: its application shares the bus from now on.
    pub(super) fn reject(&mut self, id: ChainId) {
        self.rejected.extend(self.owners.remove(&id).flatten());
    }

    /// Gives every application in `live` a chain, and keeps those of the others while they may come
    /// back; `channels` is what the bus has.
    pub(super) fn follow(
        &mut self,
        pool: &mut Pool,
        graph: &Graph,
        live: &BTreeSet<AppKey>,
        channels: &Channels,
        now: Instant,
    ) -> Vec<GraphCommand> {
        let mut commands = Vec::new();
        self.keep(pool, |pool, id| pool.spec(id).is_some_and(|spec| spec.channels == *channels));
        let idle = |app: &&AppKey| !live.contains(app);
        let any_idle = self.iter().map(|(_, app)| app).chain(&self.rejected).any(|app| idle(&app));
        let connected = if any_idle { graph.connected_apps() } else { BTreeSet::new() };
        self.rejected.retain(|app| live.contains(app) || connected.contains(app));
        for (id, owner) in self.iter() {
            pool.note_use(id, live.contains(owner), connected.contains(owner), now);
        }
        self.keep(pool, |pool, id| !pool.is_over(id, now));
        self.shrink(pool);
        self.turned_away.clear();
        for app in live {
            if self.rejected.contains(app) || self.of(app).is_some() {
                continue;
            }
            if let Some(reserve) = self.owners.values_mut().find(|owner| owner.is_none()) {
                *reserve = Some(app.clone());
            } else if self.make_room(pool) {
                commands.push(self.build(pool, Some(app.clone()), channels));
            } else {
                self.turned_away.insert(app.clone());
            }
        }
        let in_reserve = self.owners.values().any(Option::is_none);
        if !in_reserve && self.owners.len() < MAX_APP_CHAINS && self.can_afford_more(pool) {
            commands.push(self.build(pool, None, channels));
        }
        commands
    }

    /// Needs no chain any more.
    pub(super) fn dissolve(&mut self, pool: &mut Pool) {
        self.keep(pool, |_, _| false);
        self.turned_away.clear();
        self.rejected.clear();
    }

    /// Says whether there is room for one more, and makes some where a chain is idle.
    fn make_room(&mut self, pool: &mut Pool) -> bool {
        if self.owners.len() < MAX_APP_CHAINS {
            return self.can_afford_more(pool);
        }
        let longest = self.longest_idle(pool);
        longest.inspect(|id| self.remove(pool, *id)).is_some()
    }

    /// Leaves one free: what can be afforded changes with every stream that comes and goes.
    fn can_afford_more(&self, pool: &Pool) -> bool {
        pool.count(ChainKind::App).saturating_add(1) < self.affordable
    }

    /// Sets aside what the process cannot afford any more: the reserve, what is idle, the newest.
    fn shrink(&mut self, pool: &mut Pool) {
        while self.owners.len() > self.affordable {
            let reserve = self.owners.iter().find(|(_, owner)| owner.is_none());
            let reserve = reserve.map(|(id, _)| *id);
            let newest = || self.owners.keys().next_back().copied();
            let Some(id) = reserve.or_else(|| self.longest_idle(pool)).or_else(newest) else {
                return;
            };
            self.remove(pool, id);
        }
    }

    fn longest_idle(&self, pool: &Pool) -> Option<ChainId> {
        let idle = self.owners.keys().filter_map(|id| Some((pool.idle_since(*id)?, *id)));
        idle.min().map(|(_, id)| id)
    }

    fn build(
        &mut self,
        pool: &mut Pool,
        owner: Option<AppKey>,
        channels: &Channels,
    ) -> GraphCommand {
        let spec = ChainSpec { channels: channels.clone(), device: None, disabled: false };
        let (id, command) = pool.build(ChainId::App, spec);
        self.owners.insert(id, owner);
        command
    }

    fn remove(&mut self, pool: &mut Pool, id: ChainId) {
        self.owners.remove(&id);
        pool.set_aside(id);
    }

    fn keep(&mut self, pool: &mut Pool, which: impl Fn(&Pool, ChainId) -> bool) {
        self.owners.retain(|id, _| {
            let stays = which(pool, *id);
            if !stays {
                pool.set_aside(*id);
            }
            stays
        });
    }
}
