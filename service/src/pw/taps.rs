//! Passive taps: nodes of ours that listen to a stream beside whatever it plays to.
//!
//! A tap is in no class that a client or the session manager knows, so nobody lists it as a
//! recording, routes it or stores anything about it. Its links are made here, port by port; they
//! are passive, so that it runs only while its stream does, and end with us. Runs on the loop
//! thread.

use headroom_api::names;
use pipewire::{
    core::CoreRc,
    link::Link,
    properties::{PropertiesBox, properties},
};
use tokio::sync::mpsc::UnboundedSender;
use tracing::{debug, warn};

use super::{
    Event, GlobalId, Tap, TapKind,
    filter::{Meter, MeterFilter},
    ports::Ports,
};
use crate::rt::{self, MAX_TAP_CHANNELS};

/// The taps that are there; dropping them takes them out of the graph.
pub(super) struct Taps {
    live: Vec<LiveTap>,
    /// A tap had no number yet when they were linked last.
    waiting: bool,
    core: CoreRc,
    events: UnboundedSender<Event>,
}

struct LiveTap {
    wanted: Tap,
    // Declared in the order in which they must go.
    links: Vec<TapLink>,
    filter: MeterFilter,
}

struct TapLink {
    output: GlobalId,
    input: GlobalId,
    _proxy: Link,
}

impl Taps {
    /// Starts with none.
    pub(super) fn new(core: CoreRc, events: UnboundedSender<Event>) -> Self {
        Self { live: Vec::new(), waiting: false, core, events }
    }

    /// Has taps on these streams and devices and on no other.
    pub(super) fn set(&mut self, wanted: &[Tap]) {
        self.live.retain(|tap| wanted.contains(&tap.wanted));
        for wanted in wanted {
            if self.live.iter().any(|tap| tap.wanted == *wanted) {
                continue;
            }
            match self.make(*wanted) {
                Ok(tap) => self.live.push(tap),
                Err(error) => warn!(node = wanted.node, %error, "failed to tap a stream"),
            }
        }
    }

    /// Takes every tap out of the graph.
    pub(super) fn clear(&mut self) {
        self.live.clear();
    }

    /// Returns whether a tap could not be linked because it had no number: the connection that the taps are
    /// made on may say it after the other one has told of their ports.
    pub(super) fn is_waiting(&self) -> bool {
        self.waiting
    }

    /// Links every tap to its stream's ports as they are now; taps of streams that went go.
    pub(super) fn link(&mut self, ports: &mut Ports) {
        for gone in ports.take_gone_nodes() {
            self.live.retain(|tap| tap.wanted.node != gone);
        }
        self.waiting = false;
        for tap in &mut self.live {
            let Some(id) = tap.filter.node_id() else {
                self.waiting = true;
                continue;
            };
            ports.add_listener(id);
            let (outputs, inputs) = (ports.outputs(tap.wanted.node), ports.inputs(id));
            let pairs: Vec<_> = outputs.into_iter().zip(inputs).collect();
            tap.links.retain(|link| pairs.contains(&(link.output, link.input)));
            for (output, input) in pairs {
                if tap.links.iter().any(|link| (link.output, link.input) == (output, input)) {
                    continue;
                }
                match link(&self.core, output, input) {
                    Ok(proxy) => tap.links.push(TapLink { output, input, _proxy: proxy }),
                    Err(error) => debug!(output, input, %error, "failed to link a tap"),
                }
            }
        }
    }

    fn make(&self, wanted: Tap) -> Result<LiveTap, pipewire::Error> {
        let channels = (wanted.channels as usize).clamp(1, MAX_TAP_CHANNELS);
        let node = wanted.node;
        let (meter, event) = match wanted.kind {
            TapKind::Level => {
                let (meter, reader) = rt::tap();
                (Meter::Level(meter), Event::Tap { node, reader })
            }
            TapKind::Exposure => {
                let (meter, reader) = rt::exposure();
                (Meter::Exposure(meter), Event::Exposure { node, reader })
            }
        };
        let filter = MeterFilter::new(&self.core, props(), channels, meter)?;
        let _ = self.events.send(event);
        Ok(LiveTap { wanted, links: Vec::new(), filter })
    }
}

/// Without `media.class`: it is nobody's business but ours.
fn props() -> PropertiesBox {
    properties! {
        "node.name" => names::TAP_NODE,
        "node.description" => "Headroom (gauge)",
        "node.virtual" => "true",
        // Runs with its stream, and does not make anything run.
        "node.passive" => "true",
        "node.want-driver" => "false",
        // Nobody waits for it: should we hang, the device plays on.
        "node.async" => "true",
        "node.autoconnect" => "false",
        "node.dont-reconnect" => "true",
        "state.restore-props" => "false",
        "state.restore-target" => "false",
    }
}

fn link(core: &CoreRc, output: GlobalId, input: GlobalId) -> Result<Link, pipewire::Error> {
    core.create_object(
        "link-factory",
        &properties! {
            "link.output.port" => output.to_string(),
            "link.input.port" => input.to_string(),
            "link.passive" => "true",
            "object.linger" => "false",
        },
    )
}
