//! Every stream as it stands, looked at once: by this it is judged, shown, and sent where it belongs.

use headroom_api::Route;

use super::{
    Graph,
    decision::Decision,
    desired::Desired,
    identity::Identity,
    ledger::{Author, Ledger},
};
use crate::event::{ChainId, GlobalId, LET_GO_KEY, MetadataName, NodeInfo, TARGET_KEY, is_tail};

/// All streams, in the order of their nodes.
pub(super) struct Survey<'g> {
    pub(super) cases: Vec<Case<'g>>,
    /// The devices that applications are remembered to play to, and what is decided for each of them.
    pub(super) expected: Vec<(String, Route)>,
}

/// Whose device tail a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tail {
    /// Some device's, or a loopback's.
    OfOther,
    /// The default device's: what it plays to is the default device's end.
    OfDefault,
}

/// A stream as it stands.
pub(super) struct Case<'g> {
    pub(super) id: GlobalId,
    pub(super) node: &'g NodeInfo,
    pub(super) identity: Identity,
    pub(super) decision: Decision,
    /// False while it may belong to another application than it seems: the registry names it before
    /// stream and client have told of themselves.
    pub(super) is_identified: bool,
    /// Who wrote its target.
    pub(super) author: Author,
    /// The device that stands in its target, if that is there.
    pub(super) pinned_to: Option<&'g NodeInfo>,
    /// The device that the user has chosen for its application, by its node name.
    pub(super) remembered: Option<String>,
    /// Whether a target may be written, or taken away, without a device of the user's being lost; not
    /// before all is known by which that is told.
    pub(super) may_write: bool,
    /// Whose device tail it is, if it is one.
    pub(super) tail: Option<Tail>,
    /// Whether it is linked to anything.
    pub(super) is_linked: bool,
    /// The chain that it is linked to; of several the first on the way. A link may lead past it: [`Self::leads_past`].
    pub(super) chain: Option<ChainId>,
    /// The device that it is linked to without a chain between.
    pub(super) direct: Option<&'g NodeInfo>,
    /// The device that its sound reaches, through whatever of ours lies between.
    pub(super) device: Option<&'g NodeInfo>,
}

impl<'g> Survey<'g> {
    /// Looks at every stream.
    pub(super) fn take(graph: &'g Graph, desired: Desired<'_>, ledger: &Ledger) -> Self {
        let cases = graph.streams().map(|(id, node)| Case::take(graph, desired, ledger, id, node));
        let expected = ledger.expected(desired.pins).map(|(stream, device)| {
            let route = desired.decide(&Identity::read(&stream, None)).route;
            (device.to_owned(), route)
        });
        Self { cases: cases.collect(), expected: expected.collect() }
    }
}

impl<'g> Case<'g> {
    fn take(
        graph: &'g Graph,
        desired: Desired<'_>,
        ledger: &Ledger,
        id: GlobalId,
        node: &'g NodeInfo,
    ) -> Self {
        let client = graph.client_of(node);
        let identity = Identity::read(node, client);
        let target = target_of(graph, id, node);
        let by_itself = if target.is_some() { Author::Other } else { Author::Nobody };
        let remembered = ledger.remembered(desired.pins, node).map(str::to_owned);
        let targets = graph.targets(id);
        Self {
            decision: desired.decide(&identity),
            identity,
            is_identified: node.told && (client.is_some() || !node.props.contains_key("client.id")),
            author: ledger.author(graph, id, node).unwrap_or(by_itself),
            pinned_to: target.and_then(|target| graph.device_meant(target)),
            may_write: ledger.remembers_nothing(desired.pins)
                || (node.told && remembered.is_none()),
            remembered,
            tail: is_tail(node)
                .then(|| if graph.is_of_default(node) { Tail::OfDefault } else { Tail::OfOther }),
            is_linked: !targets.is_empty(),
            chain: targets.iter().filter_map(|target| graph.chain_of_sink(*target)).min(),
            direct: targets.iter().find_map(|target| graph.device(*target)),
            device: graph.device_behind(id),
            id,
            node,
        }
    }

    /// Says whether it is linked to a chain, and past it to a device as well.
    pub(super) fn leads_past(&self) -> bool {
        self.chain.is_some() && self.direct.is_some()
    }

    /// Returns the chain that all of its sound passes.
    pub(super) fn whole_chain(&self) -> Option<ChainId> {
        self.chain.filter(|_| self.direct.is_none())
    }

    /// Returns the device that it goes to: the one in its target, else the one that its sound reaches.
    pub(super) fn goes_to(&self) -> Option<&'g NodeInfo> {
        self.pinned_to.or(self.device)
    }
}

/// Returns the target that a stream has: what was written for it, else what it asks for itself.
fn target_of<'g>(graph: &'g Graph, id: GlobalId, node: &'g NodeInfo) -> Option<&'g str> {
    let pins = |value: &&str| !value.is_empty() && *value != "-1";
    if let Some(written) = graph.metadata(MetadataName::Default, id, TARGET_KEY) {
        // With a value that pins nothing, the user has taken back the application's own wish.
        return Some(written).filter(pins);
    }
    if graph.metadata(MetadataName::Default, id, LET_GO_KEY) == Some("-1") {
        return None;
    }
    let own = ["target.object", "node.target"].into_iter();
    own.filter_map(|key| node.props.get(key)).map(String::as_str).find(pins)
}
