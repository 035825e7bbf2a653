//! Which applications have a chain of their own, and which one.
//!
//! A chain without an application is kept in reserve, so that the first stream of a new one has a
//! chain to go to before its first link. Chains without streams cost no time: their nodes sleep.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use super::{Graph, identity::AppKey};
use crate::{event::GraphCommand, layout::Channels};

/// Most applications that can have a chain of their own at once; more share the bus.
pub const MAX_APP_CHAINS: usize = 64;
/// How long a chain outlives its application's last stream at least: a track change, a reload.
pub(super) const GRACE: Duration = Duration::from_secs(30);

/// Every application's chain, by its number.
#[derive(Debug)]
pub struct AppChains {
    chains: BTreeMap<u32, AppChain>,
    /// Most that the process can afford, those included that are about to go.
    affordable: usize,
    /// Asked for and not needed any more, but perhaps still played through.
    retiring: BTreeSet<u32>,
    /// Applications that play and found no place.
    turned_away: BTreeSet<AppKey>,
    /// Applications whose chain PipeWire has refused.
    refused: BTreeSet<AppKey>,
    last: u32,
}

impl Default for AppChains {
    fn default() -> Self {
        Self {
            chains: BTreeMap::new(),
            affordable: usize::MAX,
            retiring: BTreeSet::new(),
            turned_away: BTreeSet::new(),
            refused: BTreeSet::new(),
            last: 0,
        }
    }
}

#[derive(Debug)]
struct AppChain {
    /// None while it is in reserve.
    owner: Option<AppKey>,
    channels: Channels,
    /// Since when no stream of its application is there.
    idle_since: Option<Instant>,
    /// True while a program of its application runs, which may play again.
    is_connected: bool,
}

impl AppChains {
    /// Returns the number of an application's chain.
    pub fn of(&self, app: &AppKey) -> Option<u32> {
        let mut owned = self.chains.iter().filter(|(_, chain)| chain.owner.as_ref() == Some(app));
        owned.next().map(|(number, _)| *number)
    }

    /// Returns every chain's number, with the application that it belongs to.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &AppKey)> {
        self.chains.iter().filter_map(|(number, chain)| Some((*number, chain.owner.as_ref()?)))
    }

    /// Returns the applications that play without a chain of their own, because there are too many.
    pub fn turned_away(&self) -> impl ExactSizeIterator<Item = &AppKey> {
        self.turned_away.iter()
    }

    /// Returns how many chains there are, those included that are about to go.
    pub fn count(&self) -> usize {
        self.chains.len() + self.retiring.len()
    }

    /// Says whether there would be room for more chains if the process could afford them.
    pub fn is_short_of_means(&self) -> bool {
        self.chains.len() < MAX_APP_CHAINS
    }

    /// Takes in how many chains the process can afford.
    pub(super) fn set_affordable(&mut self, chains: usize) {
        self.affordable = chains;
    }

    /// Returns when a chain is to go whose application has ended; `None` while there is none.
    pub fn next_expiry(&self) -> Option<Instant> {
        let over = self.chains.values().filter(|chain| !chain.is_connected);
        over.filter_map(|chain| chain.idle_since).min().map(|since| since + GRACE)
    }

    /// Takes in that PipeWire has refused a chain: its application shares the bus from now on.
    pub fn refuse(&mut self, number: u32) {
        if let Some(chain) = self.chains.remove(&number) {
            self.retiring.insert(number);
            self.refused.extend(chain.owner);
        }
    }

    /// Gives every application in `live` a chain, and keeps those of the others while they may come
    /// back; `channels` is what the bus has.
    pub(super) fn follow(
        &mut self,
        graph: &Graph,
        live: &BTreeSet<AppKey>,
        channels: &Channels,
        now: Instant,
    ) -> Vec<GraphCommand> {
        let mut commands = Vec::new();
        self.set_aside(|chain| chain.channels != *channels);
        let idle = |app: &&AppKey| !live.contains(app);
        let any_idle = self.iter().map(|(_, app)| app).chain(&self.refused).any(|app| idle(&app));
        let connected = if any_idle { graph.connected_apps() } else { BTreeSet::new() };
        self.refused.retain(|app| live.contains(app) || connected.contains(app));
        for chain in self.chains.values_mut() {
            let Some(owner) = &chain.owner else { continue };
            let plays = live.contains(owner);
            chain.idle_since = if plays { None } else { chain.idle_since.or(Some(now)) };
            chain.is_connected = plays || connected.contains(owner);
        }
        self.set_aside(|chain| {
            !chain.is_connected && chain.idle_since.is_some_and(|since| now >= since + GRACE)
        });
        self.shrink();
        self.turned_away.clear();
        for app in live {
            if self.refused.contains(app) || self.of(app).is_some() {
                continue;
            }
            let reserve = self.chains.values_mut().find(|chain| chain.owner.is_none());
            if let Some(chain) = reserve {
                chain.owner = Some(app.clone());
            } else if self.has_room() {
                commands.push(self.build(Some(app.clone()), channels));
            } else {
                self.turned_away.insert(app.clone());
            }
        }
        let in_reserve = self.chains.values().any(|chain| chain.owner.is_none());
        if !in_reserve && self.chains.len() < MAX_APP_CHAINS && self.can_afford_more() {
            commands.push(self.build(None, channels));
        }
        commands
    }

    /// Needs no chain any more.
    pub(super) fn dissolve(&mut self) {
        self.set_aside(|_| true);
        self.turned_away.clear();
        self.refused.clear();
    }

    /// Returns the commands that take out what is not needed and that nobody plays through any more.
    pub(super) fn retire(&mut self, graph: &Graph) -> Vec<GraphCommand> {
        let (kept, done) = std::mem::take(&mut self.retiring).into_iter().partition(|number| {
            graph.app(*number).is_some_and(|app| graph.is_played_into(app.sink))
        });
        self.retiring = kept;
        done.into_iter().map(|app| GraphCommand::RetireApp { app }).collect()
    }

    /// Says whether there is room for one more, and makes some where a chain is idle.
    fn has_room(&mut self) -> bool {
        if self.chains.len() < MAX_APP_CHAINS {
            return self.can_afford_more();
        }
        let longest = self.longest_idle();
        if let Some(number) = longest {
            self.chains.remove(&number);
            self.retiring.insert(number);
        }
        longest.is_some()
    }

    /// Leaves one free: what can be afforded changes with every stream that comes and goes.
    fn can_afford_more(&self) -> bool {
        self.count().saturating_add(1) < self.affordable
    }

    /// Sets aside what the process cannot afford any more: the reserve, what is idle, the newest.
    fn shrink(&mut self) {
        while self.chains.len() > self.affordable {
            let reserve = self.chains.iter().find(|(_, chain)| chain.owner.is_none());
            let reserve = reserve.map(|(number, _)| *number);
            let newest = || self.chains.keys().next_back().copied();
            let Some(number) = reserve.or_else(|| self.longest_idle()).or_else(newest) else {
                return;
            };
            self.chains.remove(&number);
            self.retiring.insert(number);
        }
    }

    fn longest_idle(&self) -> Option<u32> {
        let idle =
            self.chains.iter().filter_map(|(number, chain)| Some((chain.idle_since?, *number)));
        idle.min().map(|(_, number)| number)
    }

    fn build(&mut self, owner: Option<AppKey>, channels: &Channels) -> GraphCommand {
        self.last += 1;
        let chain =
            AppChain { owner, channels: channels.clone(), idle_since: None, is_connected: true };
        self.chains.insert(self.last, chain);
        GraphCommand::BuildApp { app: self.last, channels: channels.clone() }
    }

    fn set_aside(&mut self, is_over: impl Fn(&AppChain) -> bool) {
        self.chains.retain(|number, chain| {
            let over = is_over(chain);
            if over {
                self.retiring.insert(*number);
            }
            !over
        });
    }
}
