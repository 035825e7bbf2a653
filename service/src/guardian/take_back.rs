//! Undoes what a service has left that cannot do so itself: targets by its journal and by the names of its own nodes, and
//! soft volumes. What a person has chosen stays, as at a clean end.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use headroom_dsp::ChainParams;
use tokio::sync::mpsc::{self, UnboundedReceiver, error::TryRecvError};
use tracing::{info, warn};

use crate::{
    pins::PinFile,
    pw::{Command, Event, PipeWire},
    state::{Graph, GraphEvent, Ownership},
    store::{Session, Store},
};

/// How long PipeWire and the session manager may take to tell all that there is.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a lowered stream may take to tell its volume.
const VOLUME_PATIENCE: Duration = Duration::from_millis(300);
/// Between two looks at what was told: the process is about to end, and does nothing else.
const POLL: Duration = Duration::from_millis(1);

/// Takes back what was left, by the journal of this store; gives up where PipeWire does not answer.
pub(super) fn take_back(store: Option<&Store>) {
    let begin = Instant::now();
    let session = store.map(Store::load_session).unwrap_or_default();
    let (told, events) = mpsc::unbounded_channel();
    let pipewire = match PipeWire::spawn(Arc::default(), told) {
        Ok(pipewire) => pipewire,
        Err(error) => return warn!(%error, "what the service left stays until the next one starts"),
    };
    let mut world = World { graph: Graph::default(), events };
    if world.wait(PATIENCE, |graph| graph.enumerated) {
        let count = undo(&mut world, session, &pipewire);
        info!(count, after_ms = begin.elapsed().as_millis(), "took back what the service left");
    } else {
        warn!("PipeWire does not answer: there is nothing to take back, or no way to do so");
    }
    // Returns when PipeWire has seen all of it.
    pipewire.quit();
}

/// Sends what undoes it; returns how many commands that were.
fn undo(world: &mut World, session: Session, pipewire: &PipeWire) -> usize {
    let pins = PinFile::read_once();
    let mut ownership = Ownership::inherit(session.targets);
    let targets = ownership.take_back(&world.graph, pins.pins());
    let mut count = targets.len();
    for command in targets {
        // Nothing is built.
        pipewire.send(Command::of(command, ChainParams::default()));
    }
    let lowered = |graph: &Graph, serial: u64| {
        let mut streams = graph.streams();
        let stream = streams.find(|(_, node)| {
            node.props.get("object.serial").is_some_and(|own| *own == serial.to_string())
        });
        stream.map(|(id, node)| (id, node.volume.is_some()))
    };
    for serial in session.levelled {
        world.wait(VOLUME_PATIENCE, |graph| lowered(graph, serial).is_none_or(|(_, known)| known));
        if let Some((node, true)) = lowered(&world.graph, serial) {
            pipewire.send(Command::SetSoftVolume { node, gain: 1.0 });
            count += 1;
        }
    }
    count
}

/// The graph, and what is told of it.
struct World {
    graph: Graph,
    events: UnboundedReceiver<Event>,
}

impl World {
    /// Takes in what is told until it is enough; returns whether it was, in time.
    fn wait(&mut self, patience: Duration, is_enough: impl Fn(&Graph) -> bool) -> bool {
        let deadline = Instant::now() + patience;
        loop {
            match self.events.try_recv() {
                Ok(Event::Graph(event)) => {
                    let away = matches!(event, GraphEvent::Disconnected { .. });
                    self.graph.apply(event);
                    if away {
                        return false;
                    }
                }
                Ok(_) => {}
                Err(TryRecvError::Disconnected) => return false,
                Err(TryRecvError::Empty) if is_enough(&self.graph) => return true,
                Err(TryRecvError::Empty) if Instant::now() >= deadline => return false,
                Err(TryRecvError::Empty) => thread::sleep(POLL),
            }
        }
    }
}
