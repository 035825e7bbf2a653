//! The loop thread: takes commands, keeps a connection, tries again when it breaks.

use std::{
    cell::{Cell, RefCell},
    path::PathBuf,
    rc::Rc,
    sync::Arc,
    thread::JoinHandle,
    time::{Duration, Instant},
};

use pipewire::{
    channel::{Receiver, Sender},
    loop_::Timeout,
    main_loop::MainLoopRc,
};
use tokio::sync::mpsc::UnboundedSender;
use tracing::{debug, error};

use super::{Command, Event, GraphEvent, connection::Connection};
use crate::rt::Vitals;

/// First wait after a connection was lost or refused; doubled up to the longest.
const SHORTEST_WAIT: Duration = Duration::from_millis(50);
/// Longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// A connection that has lasted so long was a good one: what breaks it is tried again at once.
const GOOD_AFTER: Duration = Duration::from_secs(5);
/// `-EINTR`: a signal came while the loop waited.
const INTERRUPTED: i32 = -4;
/// How long to wait at the end for PipeWire to confirm that our traces are gone.
const FAREWELL: Duration = Duration::from_secs(1);

/// Handle of the loop thread.
pub struct PipeWire {
    commands: Sender<Command>,
    thread: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for PipeWire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PipeWire").field("thread", &self.thread).finish_non_exhaustive()
    }
}

impl PipeWire {
    /// Starts the thread; events arrive from now on, `Connected` first.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn spawn(
        vitals: Arc<Vitals>,
        events: UnboundedSender<Event>,
    ) -> Result<Self, std::io::Error> {
        Self::spawn_at(None, vitals, events)
    }

    /// Starts the thread on a PipeWire whose socket is given, instead of the session's own.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn spawn_at(
        socket: Option<PathBuf>,
        vitals: Arc<Vitals>,
        events: UnboundedSender<Event>,
    ) -> Result<Self, std::io::Error> {
        let (commands, receiver) = pipewire::channel::channel();
        let thread = std::thread::Builder::new()
            .name("headroom-pw".into())
            .spawn(move || run(socket, vitals, receiver, events))?;
        Ok(Self { commands, thread: Some(thread) })
    }

    /// Sends a command; what comes of it shows in the events.
    pub fn send(&self, command: Command) {
        if self.commands.send(command).is_err() {
            error!("the PipeWire thread is gone");
        }
    }

    /// Leaves the graph, and returns when that is done.
    pub fn quit(mut self) {
        self.send(Command::Quit);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            error!("the PipeWire thread panicked");
        }
    }
}

/// Tells the end of the thread, a panic's too.
struct SayEnded(UnboundedSender<Event>);

impl Drop for SayEnded {
    fn drop(&mut self) {
        let _ = self.0.send(Event::Ended);
    }
}

struct Runner {
    socket: Option<PathBuf>,
    main_loop: MainLoopRc,
    events: UnboundedSender<Event>,
    connection: Option<Connection>,
    vitals: Arc<Vitals>,
    /// Set by the core's error listener, which must not drop the connection it is called from.
    broken: Rc<RefCell<Option<String>>>,
    synced: Rc<Cell<i32>>,
    quit: bool,
}

fn run(
    socket: Option<PathBuf>,
    vitals: Arc<Vitals>,
    receiver: Receiver<Command>,
    events: UnboundedSender<Event>,
) {
    let _ended = SayEnded(events.clone());
    pipewire::init();
    let main_loop = match MainLoopRc::new(None) {
        Ok(main_loop) => main_loop,
        Err(error) => {
            error!(%error, "failed to make PipeWire's loop");
            let reason = format!("PipeWire's library does not start: {error}");
            let _ = events.send(Event::Graph(GraphEvent::Disconnected { reason }));
            return;
        }
    };
    let inbox = Rc::new(RefCell::new(Vec::new()));
    let attached_to = main_loop.clone();
    let _receiver = receiver.attach(attached_to.loop_(), {
        let inbox = inbox.clone();
        move |command| inbox.borrow_mut().push(command)
    });
    let mut runner = Runner {
        socket,
        main_loop,
        events,
        connection: None,
        vitals,
        broken: Rc::default(),
        synced: Rc::default(),
        quit: false,
    };
    runner.run(&inbox);
}

impl Runner {
    fn run(&mut self, inbox: &RefCell<Vec<Command>>) {
        let mut wait = SHORTEST_WAIT;
        let mut next_try = Instant::now();
        let mut connected = next_try;
        while !self.quit {
            if self.connection.is_none() && Instant::now() >= next_try {
                match self.connect() {
                    Ok(connection) => {
                        self.connection = Some(connection);
                        connected = Instant::now();
                    }
                    Err(error) => {
                        debug!(%error, "failed to connect");
                        let reason = "nothing answers at its socket".to_owned();
                        let _ = self.events.send(Event::Graph(GraphEvent::Disconnected { reason }));
                    }
                }
                next_try = Instant::now() + wait;
                wait = (wait * 2).min(LONGEST_WAIT);
            }
            let due = match &self.connection {
                Some(connection) => connection.lost_at(),
                None => Some(next_try),
            };
            let result = self.main_loop.loop_().iterate(due.map_or(Timeout::Infinite, |due| {
                Timeout::Finite(due.saturating_duration_since(Instant::now()))
            }));
            if result < 0 && result != INTERRUPTED {
                self.lose(format!("PipeWire's loop failed ({result})"));
            }
            if self.is_mute() {
                self.lose("it does not answer any more".into());
            }
            if let Some(reason) = self.broken.take() {
                debug!(reason, "connection lost");
                self.connection = None;
                // One that breaks as soon as it is made is tried less and less often.
                if connected.elapsed() >= GOOD_AFTER {
                    (wait, next_try) = (SHORTEST_WAIT, Instant::now());
                }
                let _ = self.events.send(Event::Graph(GraphEvent::Disconnected { reason }));
            }
            if let Some(connection) = &mut self.connection {
                connection.settle();
            }
            for command in inbox.take() {
                self.obey(command);
            }
        }
        self.connection = None;
    }

    /// Says whether a sign of life is overdue; what had come was taken in just before.
    fn is_mute(&self) -> bool {
        let lost_at = self.connection.as_ref().and_then(Connection::lost_at);
        lost_at.is_some_and(|at| Instant::now() >= at)
    }

    fn lose(&self, reason: String) {
        self.broken.borrow_mut().get_or_insert(reason);
    }

    fn connect(&self) -> Result<Connection, pipewire::Error> {
        let broken = self.broken.clone();
        let (events, synced) = (self.events.clone(), self.synced.clone());
        Connection::open(&self.main_loop, self.socket.as_deref(), events, synced, move |reason| {
            broken.borrow_mut().get_or_insert(reason);
        })
    }

    fn obey(&mut self, command: Command) {
        if matches!(command, Command::Quit) {
            self.say_farewell();
            self.quit = true;
        }
        if let Command::Ping(number) = command {
            let _ = self.events.send(Event::Pong(number));
        }
        let Some(connection) = &mut self.connection else {
            return;
        };
        match command {
            Command::Build { id, spec, params } => {
                connection.build(id, &spec, params, self.vitals.clone());
            }
            Command::Retire { id } => connection.retire(id),
            Command::Relink { unlink, links } => connection.relink(&unlink, &links),
            Command::SetParams { id, params } => connection.chains().set_params(id, params),
            Command::Recall { id, programme_lufs } => {
                connection.chains().recall(id, programme_lufs);
            }
            Command::HandOver { to, bus, apps } => connection.chains().hand_over(to, bus, &apps),
            Command::SetMetadata { name, subject, key, value } => {
                connection.set_metadata(name, subject, key, value.as_ref());
            }
            Command::SetTaps(taps) => connection.set_taps(&taps),
            Command::SetSoftVolume { node, gain } => connection.set_soft_volume(node, gain),
            Command::SetOwnVolume { node, stream, change } => {
                connection.set_own_volume(node, stream, change);
            }
            Command::CheckConnection => connection.check(),
            Command::SetVolumeSources { chain, nodes } => {
                connection.set_volume_sources(chain, nodes);
            }
            Command::ShareCeilings(shares) => connection.chains().share_ceilings(&shares),
            Command::Guard { chains, modes } => connection.set_guards(&chains, modes),
            Command::RebindMetadata => connection.rebind_metadata(),
            Command::Ping(_) | Command::Quit => {}
        }
    }

    /// Waits until PipeWire has seen everything that was sent: metadata must not be left behind
    /// in a socket that closes.
    fn say_farewell(&mut self) {
        let Some(Ok(expected)) = self.connection.as_mut().map(Connection::leave) else {
            return;
        };
        let deadline = Instant::now() + FAREWELL;
        while self.synced.get() != expected && self.broken.borrow().is_none() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                debug!("PipeWire did not confirm the farewell");
                return;
            }
            self.main_loop.loop_().iterate(Timeout::Finite(left));
        }
    }
}
