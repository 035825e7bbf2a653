//! What the tray knows of the service, and what a person can want in it.
//!
//! Pure: no bus, no clock, no words. [`Model`] is told of everything by [`News`]; what a person does is an [`Act`], and
//! what is asked of the service for it an [`Ask`].

use headroom_api::{CatchRow, ProblemRow, ServiceState, Severity, Word};
use headroom_words::profile_rank;

/// How long "off for 30 minutes" lasts, in seconds.
pub(crate) const OFF_FOR_S: u32 = 30 * 60;

/// Whether there is a service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Presence {
    /// It is not known yet.
    #[default]
    Connecting,
    /// Nobody has its name.
    Absent,
    /// It is there and does not answer.
    Silent,
    /// It is there and has told its properties.
    Present,
}

/// A property of the service.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fact {
    State(Word<ServiceState>),
    Problems(Vec<ProblemRow>),
    /// When the bypass ends by itself, in microseconds of `CLOCK_REALTIME`; 0 without such an end.
    BypassUntil(u64),
    Profile(String),
    Profiles(Vec<String>),
}

/// What is told of the service.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum News {
    Presence(Presence),
    Facts(Vec<Fact>),
    /// The newest catch that is kept, if one is.
    LastCatch(Option<CatchRow>),
    /// Something was caught just now.
    Caught(CatchRow),
    Shortcut(Shortcut),
    /// Something that was asked for is not done; what was said, safe to show.
    Refused(String),
}

/// A shortcut of the keyboard for the whole desktop.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Shortcut {
    /// The desktop has none for apps, or was not asked yet.
    #[default]
    Absent,
    /// It can be chosen.
    Unset,
    /// It is chosen.
    Set {
        /// The keys in the desktop's own words; may be empty. Safe to show.
        keys: String,
        /// Whether the desktop lets a person choose others from here.
        can_change: bool,
    },
}

/// What is asked of the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// Have the bus start it.
    Start,
    SetBypass(bool),
    /// Off for so many seconds.
    BypassFor(u32),
    UseProfile(String),
    /// Tell the last catch; an answer also shows that the service still answers.
    Look,
}

/// What a person does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// Protection off or on; starts a service that is absent.
    Switch,
    TurnOffForAWhile,
    UseProfile(String),
    OpenPanel,
    ChooseShortcut,
    /// Opens the menu.
    Look,
}

/// What is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Model {
    pub(crate) presence: Presence,
    pub(crate) state: Word<ServiceState>,
    pub(crate) problems: Vec<ProblemRow>,
    /// `None` where the service has no end of a bypass.
    pub(crate) bypass_until_usec: Option<u64>,
    pub(crate) profile: String,
    /// Sorted.
    pub(crate) profiles: Vec<String>,
    pub(crate) last_catch: Option<CatchRow>,
    pub(crate) shortcut: Shortcut,
    /// Whether a catch is shown in the icon.
    pub(crate) is_catching: bool,
}

impl Model {
    /// Takes what is told; a service that leaves takes what it said with it.
    pub(crate) fn hear(&mut self, news: News) {
        match news {
            News::Presence(Presence::Absent) => {
                // The shortcut is the desktop's.
                let shortcut = std::mem::take(&mut self.shortcut);
                *self = Self { presence: Presence::Absent, shortcut, ..Self::default() };
            }
            News::Presence(presence) => self.presence = presence,
            News::Facts(facts) => facts.into_iter().for_each(|fact| self.learn(fact)),
            News::LastCatch(last) => self.last_catch = last,
            News::Caught(row) => self.last_catch = Some(row),
            News::Shortcut(shortcut) => self.shortcut = shortcut,
            News::Refused(_) => {}
        }
    }

    fn learn(&mut self, fact: Fact) {
        match fact {
            Fact::State(state) => self.state = state,
            Fact::Problems(problems) => self.problems = problems,
            Fact::BypassUntil(usec) => self.bypass_until_usec = Some(usec),
            Fact::Profile(name) => self.profile = name,
            Fact::Profiles(mut names) => {
                names.sort_by_cached_key(|name| profile_rank(name));
                self.profiles = names;
            }
        }
    }

    /// Says whether there is a service that answers.
    pub(crate) fn is_there(&self) -> bool {
        self.presence == Presence::Present
    }

    /// Says where the switch stands: at on also where the service waits for others.
    pub(crate) fn is_on(&self) -> bool {
        use ServiceState as S;
        let is_on = matches!(self.state.known(), Some(S::Running | S::Waiting | S::Sidelined));
        self.is_there() && is_on
    }

    /// Says whether something that costs protection is wrong.
    pub(crate) fn has_error(&self) -> bool {
        self.problems.iter().any(|problem| problem.severity.known() != Some(Severity::Warning))
    }

    /// Returns what is asked of the service for an act, if anything is.
    pub(crate) fn ask(&self, act: &Act) -> Option<Ask> {
        match act {
            Act::Switch => match self.presence {
                Presence::Absent => Some(Ask::Start),
                Presence::Connecting => None,
                Presence::Silent | Presence::Present => Some(Ask::SetBypass(self.is_on())),
            },
            Act::TurnOffForAWhile => Some(Ask::BypassFor(OFF_FOR_S)),
            Act::UseProfile(name) => Some(Ask::UseProfile(name.clone())),
            Act::Look => Some(Ask::Look),
            Act::OpenPanel | Act::ChooseShortcut => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn present(state: ServiceState) -> Model {
        let mut model = Model::default();
        model.hear(News::Presence(Presence::Present));
        model.hear(News::Facts(vec![Fact::State(state.into())]));
        model
    }

    #[test]
    fn switch_asks_for_the_opposite_of_what_the_service_says() {
        assert_eq!(present(ServiceState::Running).ask(&Act::Switch), Some(Ask::SetBypass(true)));
        for state in [ServiceState::Bypassed, ServiceState::SafeMode] {
            assert_eq!(present(state).ask(&Act::Switch), Some(Ask::SetBypass(false)));
        }
    }

    #[test]
    fn switch_starts_a_service_that_is_absent() {
        let mut model = present(ServiceState::Running);
        model.hear(News::Presence(Presence::Absent));
        assert_eq!(model.ask(&Act::Switch), Some(Ask::Start));
        assert_eq!(model, Model { presence: Presence::Absent, ..Model::default() });
        assert_eq!(Model::default().ask(&Act::Switch), None);
    }

    #[test]
    fn unknown_state_is_not_on() {
        let mut model = present(ServiceState::Running);
        model.hear(News::Facts(vec![Fact::State(Word::of("dancing"))]));
        assert!(model.is_there() && !model.is_on());
    }
}
