//! Where a stream belongs: judged here, and nowhere else.

use headroom_api::{Chains, Held, Route};

use super::{desired::Desired, identity::AppKey, ledger::Author, survey::Case};
use crate::event::NodeInfo;

/// Where a stream is to play.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Placement {
    /// Nobody can move it: why.
    Immovable(Held),
    /// Where its user, or its application, has pinned it: nothing is written.
    Pinned,
    /// Wherever it is: the user has chosen a device for its application, which a write of ours would
    /// undo, or that is not known yet.
    Remembered,
    /// Wherever the session manager puts it: we are not there.
    Free,
    /// Straight on the default device.
    Device,
    /// On the bus, by way of its application's chain.
    App(AppKey),
    /// On the bus.
    Bus,
}

impl Placement {
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
        return Placement::Immovable(Held::Listener);
    }
    if case.node.encoded {
        return Placement::Immovable(Held::Encoded);
    }
    match case.decision.route {
        _ if case.author == Author::Other => Placement::Pinned,
        _ if !case.may_write => Placement::Remembered,
        _ if desired.dormant => Placement::Free,
        Route::Bypass => Placement::Device,
        Route::Processed => own_chain(case, desired).map_or(Placement::Bus, Placement::App),
    }
}

/// Returns the application whose chain a processed stream is to play through; `None` without one.
fn own_chain(case: &Case<'_>, desired: Desired<'_>) -> Option<AppKey> {
    let per_app = desired.profile.chains == Chains::PerApp && !desired.bypass;
    let may_have = per_app && case.is_identified;
    case.identity.key().filter(|_| may_have)
}

/// Says whether a stream plays, as opposed to one that listens.
pub(super) fn is_playback(node: &NodeInfo) -> bool {
    node.props.get("media.class").is_some_and(|class| class == "Stream/Output/Audio")
}
