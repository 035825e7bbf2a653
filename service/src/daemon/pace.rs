//! How soon what has changed is followed.
//!
//! What decides where a stream goes is followed at once. What a program that is known says anew of
//! itself (the title of what it plays, say) is followed at once as well when that is seldom, and every
//! [`SHORTEST`] when it never stops saying it.

use std::time::{Duration, Instant};

use super::Daemon;
use crate::{
    control::Request,
    pw::Event,
    state::{Graph, GraphEvent},
};

/// Shortest time between two looks at what programs say of themselves.
const SHORTEST: Duration = Duration::from_millis(50);

/// How much depends on what was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// Nothing.
    Nothing,
    /// What is shown, mostly.
    Words,
    /// Where streams go.
    Deeds,
}

impl Weight {
    /// Weighs an event before the graph has taken it in.
    pub(super) fn of(event: &Event, graph: &Graph) -> Self {
        match event {
            Event::Pong(_) | Event::Account { .. } | Event::Exposure { .. } => Self::Nothing,
            Event::Graph(GraphEvent::Node { id, info }) => match graph.node(*id) {
                Some(known) if known == info => Self::Nothing,
                Some(known) if known.told && known.is_like(info) => Self::Words,
                _ => Self::Deeds,
            },
            Event::Graph(GraphEvent::Client { id, props }) => match graph.client(*id) {
                Some(known) if known == props => Self::Nothing,
                Some(_) => Self::Words,
                None => Self::Deeds,
            },
            _ => Self::Deeds,
        }
    }

    /// Weighs a request: one that only asks changes nothing.
    pub(super) fn of_request(request: &Request) -> Self {
        match request {
            Request::ShowProfile(..)
            | Request::ListSettings(_)
            | Request::GetSetting(..)
            | Request::Explain { .. }
            | Request::Catches { .. }
            | Request::History { .. }
            | Request::Exposure { .. }
            | Request::ClearHistory(_)
            // The stream tells it.
            | Request::SetStreamVolume { .. }
            | Request::Health(_) => Self::Nothing,
            _ => Self::Deeds,
        }
    }
}

/// When words are followed.
#[derive(Debug, Default)]
pub(super) struct Pace {
    last: Option<Instant>,
    due: Option<Instant>,
}

impl Pace {
    /// Says whether what was told is to be followed now; if not, it will be when it is due.
    fn is_now(&mut self, weight: Weight, now: Instant) -> bool {
        let earliest = self.last.map_or(now, |last| last + SHORTEST);
        match weight {
            Weight::Nothing => false,
            Weight::Words if now < earliest => {
                self.due = Some(earliest);
                false
            }
            Weight::Words | Weight::Deeds => true,
        }
    }

    /// Takes in that everything is followed now.
    pub(super) fn keep(&mut self, now: Instant) {
        (self.last, self.due) = (Some(now), None);
    }

    /// Returns when what was put off is due.
    pub(super) fn due_at(&self) -> Option<Instant> {
        self.due
    }
}

impl Daemon {
    /// Serves a request, and settles if it may have changed anything.
    pub(super) async fn take_request(&mut self, request: Request) {
        let weight = Weight::of_request(&request);
        self.serve(request);
        self.follow(weight).await;
    }

    /// Settles, unless nothing depends on what was told, or it can wait a little.
    pub(super) async fn follow(&mut self, weight: Weight) {
        if self.pace.is_now(weight, Instant::now()) {
            self.settle().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{NodeInfo, Volume};

    fn node(id: u32, name: &str, running: bool) -> GraphEvent {
        let props = [("media.name".to_owned(), name.to_owned())].into();
        GraphEvent::Node {
            id,
            info: NodeInfo { props, told: true, running, ..NodeInfo::default() },
        }
    }

    fn weigh(event: GraphEvent, graph: &Graph) -> Weight {
        Weight::of(&event.into(), graph)
    }

    #[test]
    fn known_stream_that_renames_itself_weighs_less_than_a_new_one() {
        let mut graph = Graph::default();
        assert_eq!(weigh(node(7, "a", true), &graph), Weight::Deeds);
        graph.apply(node(7, "a", true));
        assert_eq!(weigh(node(7, "a", true), &graph), Weight::Nothing);
        assert_eq!(weigh(node(7, "b", true), &graph), Weight::Words);
        assert_eq!(weigh(node(7, "b", false), &graph), Weight::Deeds);
        assert_eq!(Weight::of(&Event::Pong(1), &graph), Weight::Nothing);
        assert_eq!(weigh(GraphEvent::Removed { id: 7 }, &graph), Weight::Deeds);
    }

    #[test]
    fn slider_that_moves_weighs_no_more_than_a_title() {
        let moved = |level: f32| {
            let class = ("media.class".to_owned(), "Stream/Output/Audio".to_owned());
            let volume = Some(Volume { channels: vec![level], ..Volume::default() });
            let info =
                NodeInfo { props: [class].into(), told: true, volume, ..NodeInfo::default() };
            GraphEvent::Node { id: 7, info }
        };
        let mut graph = Graph::default();
        graph.apply(moved(1.0));
        assert_eq!(weigh(moved(0.5), &graph), Weight::Words);
        assert_eq!(weigh(moved(1.0), &graph), Weight::Nothing);
    }

    #[test]
    fn node_that_has_not_told_of_itself_is_followed_at_once() {
        let mut graph = Graph::default();
        graph.apply(GraphEvent::Node { id: 7, info: NodeInfo::default() });
        assert_eq!(weigh(node(7, "a", false), &graph), Weight::Deeds);
    }

    #[test]
    fn words_are_followed_on_the_leading_edge_and_then_at_a_pace() {
        let start = Instant::now();
        let mut pace = Pace::default();
        assert!(pace.is_now(Weight::Words, start), "the first is followed at once");
        pace.keep(start);
        let soon = start + Duration::from_millis(1);
        for _ in 0..1_000 {
            assert!(!pace.is_now(Weight::Words, soon));
        }
        assert_eq!(pace.due_at(), Some(start + SHORTEST));
        assert!(pace.is_now(Weight::Deeds, soon), "what matters does not wait");
        pace.keep(soon);
        assert_eq!(pace.due_at(), None, "all was followed");
        assert!(!pace.is_now(Weight::Nothing, start + SHORTEST * 9));
        assert!(pace.is_now(Weight::Words, soon + SHORTEST));
    }
}
