//! Where a stream belongs: judged here, and nowhere else.

use headroom_api::{Chains, Held, Route};

use super::{
    desired::Desired,
    identity::AppKey,
    ledger::Author,
    survey::{Case, Tail},
};
use crate::event::{NodeInfo, is_fixed, is_playback};

/// Where a stream is to play.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Placement {
    /// Nobody can move it: why.
    Immovable(Held),
    /// Straight on the default device from its first link on, or where it is: once linked to a chain, it could not
    /// leave it.
    Fixed,
    /// It records what is heard: at the default device.
    Listening,
    /// Where its user, or its application, has pinned it: nothing is written.
    Pinned,
    /// Wherever it is: the user has chosen a device for its application, which a write of ours would
    /// undo, or that is not known yet.
    Remembered,
    /// Wherever the session manager puts it: we are not there.
    Free,
    /// Wherever it is: it is what a device of somebody else's plays on, and is limited there.
    Tail,
    /// Straight on the default device.
    Device,
    /// On the bus, by way of its application's chain.
    App(AppKey),
    /// On the bus.
    Bus,
}

impl Placement {
    /// Says whether a stream of this placement stays at its first link, wherever that led.
    pub(super) fn is_fixed(&self, case: &Case<'_>) -> bool {
        matches!(self, Self::Fixed | Self::Pinned | Self::Listening) && is_fixed(case.node)
    }

    /// Returns the application through whose chain it is to play.
    pub(super) fn app(&self) -> Option<&AppKey> {
        match self {
            Self::App(app) => Some(app),
            _ => None,
        }
    }
}

/// Judges where a stream belongs.
pub(super) fn place(case: &Case<'_>, desired: Desired<'_>) -> Placement {
    if !is_playback(case.node) {
        let is_free = case.author != Author::Other && case.may_write && !desired.dormant;
        return if is_recorder(case.node) && is_free {
            Placement::Listening
        } else {
            Placement::Immovable(Held::Listener)
        };
    }
    if case.node.encoded {
        return Placement::Immovable(Held::Encoded);
    }
    match case.decision.route {
        _ if case.author == Author::Other => Placement::Pinned,
        _ if !case.may_write => Placement::Remembered,
        _ if desired.dormant => Placement::Free,
        _ if is_fixed(case.node) => Placement::Fixed,
        _ if case.tail == Some(Tail::OfDefault) => Placement::Tail,
        Route::Bypass => Placement::Device,
        Route::Processed if case.tail.is_some() => Placement::Tail,
        Route::Processed => own_chain(case, desired).map_or(Placement::Bus, Placement::App),
    }
}

/// Returns the application whose chain a processed stream is to play through; `None` without one.
fn own_chain(case: &Case<'_>, desired: Desired<'_>) -> Option<AppKey> {
    let per_app = desired.profile.chains == Chains::PerApp && !desired.bypass;
    let may_have = per_app && case.is_identified;
    case.identity.key().filter(|_| may_have)
}

/// Says whether a stream records what a device plays, and not what another stream does.
fn is_recorder(node: &NodeInfo) -> bool {
    node.props.get("stream.capture.sink").is_some_and(|value| value == "true")
}
