//! Gauges on the bus: who gets readings, how often, until when.
//!
//! Runs on the control thread and never waits: sends and probes are tasks of their own.
//!
//! - Without a reader there is no timer, no reading and no work on the data thread.
//! - Readings go to subscribers alone, never broadcast. Every source is drained once for all of
//!   them; each has its own [`window`], so none misses a peak, whatever the rates of the others.
//! - The bus daemon queues without end for a client that has stopped reading, so nothing is sent
//!   without proof that the client reads ([`flow`]): it must answer a ping now and then. For about
//!   two seconds at most readings go out unproven; then nothing does until the answer has come, and
//!   what follows it is the newest reading, with the peaks of the whole pause, not a backlog. Clients
//!   whose library answers no pings are looked at from outside ([`probe`]). A subscriber that does
//!   not read does not count as a reader: alone, it keeps neither timer nor tap.
//! - The bus itself may be slow: while one batch is on its way to it, no other is made.

mod bus;
mod flow;
mod hub;
mod message;
mod probe;
mod streams;
mod tap;
mod window;

#[cfg(test)]
mod fake;

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use headroom_api::{ChainKind, Gains, Result};
use tokio::sync::{Notify, mpsc::UnboundedSender, oneshot};
use tracing::debug;
use zbus::{
    Connection, Message,
    fdo::DBusProxy,
    names::{BusName, OwnedUniqueName},
};

pub use hub::Hub;
pub(super) use probe::process_of;
pub use tap::StreamTap;

use self::{
    flow::{Look, Probe},
    hub::Round,
};
use super::{Readings, Reply, Request};
use crate::{
    clock::monotonic_usec,
    rt::{Gauges, MeterReader, TapReading},
};

/// Every subscription, and the reading ends of the meters.
#[derive(Debug)]
pub struct Meters {
    connection: Connection,
    requests: UnboundedSender<Request>,
    reader: Option<MeterReader>,
    hub: Hub,
    /// The watch over each subscriber's departure; it ends when its sender is dropped.
    watches: HashMap<OwnedUniqueName, oneshot::Sender<()>>,
    /// Clients that owe an answer to a ping, subscribed or not: never two pings to one.
    pinged: HashSet<OwnedUniqueName>,
    post: Arc<Post>,
    metering: bool,
}

/// Where tasks leave what has come of them.
///
/// No task is ever aborted: half a message on the bus would be the end of the connection.
#[derive(Debug, Default)]
struct Post {
    reports: Mutex<Vec<Report>>,
    /// A batch is on its way to the bus.
    sending: AtomicBool,
    news: Notify,
}

#[derive(Debug)]
enum Report {
    Pinged(OwnedUniqueName, bool),
    Looked(OwnedUniqueName, Look, Option<u64>),
}

impl Post {
    fn report(&self, report: Report) {
        self.reports.lock().unwrap_or_else(PoisonError::into_inner).push(report);
        self.news.notify_one();
    }

    fn take_reports(&self) -> Vec<Report> {
        std::mem::take(&mut *self.reports.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Meters {
    /// Starts with no subscriber.
    pub fn new(connection: Connection, requests: UnboundedSender<Request>) -> Self {
        Self {
            connection,
            requests,
            reader: None,
            hub: Hub::new(Instant::now()),
            watches: HashMap::new(),
            pinged: HashSet::new(),
            post: Arc::default(),
            metering: false,
        }
    }

    /// Reads the bus gauges from a new pair from now on.
    pub fn set_reader(&mut self, mut reader: MeterReader) {
        reader.set_metering(self.metering);
        self.hub.set_bus(Some(reader.guard()));
        self.reader = Some(reader);
    }

    /// Reads from nothing: the pair and every tap are gone.
    pub fn clear_reader(&mut self) {
        self.reader = None;
        self.hub.set_bus(None);
        self.hub.drop_all_taps();
    }

    /// Tells at which rate the graph runs, in Hz; taps count their frames at it.
    pub fn set_rate_hz(&mut self, rate_hz: u32) {
        self.hub.set_rate_hz(rate_hz);
    }

    /// Reads a stream's gauges from `tap` from now on; the stream has a row until the tap is
    /// dropped.
    pub fn set_tap(&mut self, stream: u64, tap: impl StreamTap + 'static) {
        self.hub.set_tap(stream, Box::new(tap), Instant::now());
    }

    /// Reads a stream no more.
    pub fn drop_tap(&mut self, stream: u64) {
        self.hub.drop_tap(stream);
    }

    /// Tells which streams are playing and have, or will soon have, a tap: a single reading waits a
    /// little for them.
    pub fn expect_taps(&mut self, streams: impl IntoIterator<Item = u64>) {
        self.hub.expect_taps(streams);
    }

    /// Tells which streams play through an application's chain or another device's, and what each of those does.
    pub fn set_chains(&mut self, chains: impl Iterator<Item = (u64, (ChainKind, Gauges))>) {
        self.hub.set_chains(chains);
    }

    /// Tells app volume control's gain of a stream, in dB, zero or less; 0 when it has none, or has gone.
    pub fn set_level_db(&mut self, stream: u64, level_db: f64) {
        self.hub.set_level_db(stream, level_db);
    }

    /// Returns what the bus does now: its guard alone while nobody reads the gauges, or nobody plays.
    pub fn bus_gains(&self) -> Gains {
        self.hub.bus_gains()
    }

    /// Says whether anybody wants readings now, so that taps are needed; see [`Self::serve`].
    pub fn has_subscribers(&self) -> bool {
        self.hub.has_readers()
    }

    /// Returns what each tapped stream sounded like since the last call, without taking anything
    /// from the subscribers.
    ///
    /// For the app volume controller. What piled up over a pause of the calls is left out.
    pub fn take_readings(&mut self, now: Instant) -> Vec<(u64, TapReading)> {
        self.hub.fetch(now)
    }

    /// Sends meters to a client, `hz` times a second, until it leaves the bus.
    ///
    /// # Errors
    /// When there are too many subscribers, in all or of its process.
    pub fn subscribe(
        &mut self,
        client: OwnedUniqueName,
        process: Option<u32>,
        hz: f64,
    ) -> Result<()> {
        if self.hub.subscribe(client.clone(), process, hz, Instant::now())? {
            let (ended, end) = oneshot::channel();
            watch_departure(self.connection.clone(), client.clone(), self.requests.clone(), end);
            self.watches.insert(client, ended);
        }
        self.update_metering();
        Ok(())
    }

    /// Sends a client no meters any more.
    pub fn unsubscribe(&mut self, client: &OwnedUniqueName) {
        self.watches.remove(client);
        self.hub.unsubscribe(client);
        self.update_metering();
    }

    /// Answers once, as soon as there is a reading.
    pub fn read_once(&mut self, reply: Reply<Readings>) {
        self.hub.read_once(reply, Instant::now());
        self.update_metering();
    }

    /// Waits until there is something to [`serve`](Self::serve); for ever without anybody.
    pub async fn due(&self) {
        let sending = self.post.sending.load(Ordering::Acquire);
        let wake_at = if sending { None } else { self.hub.wake_at() };
        match wake_at {
            Some(at) => tokio::select! {
                () = tokio::time::sleep_until(at.into()) => {}
                () = self.post.news.notified() => {}
            },
            None => self.post.news.notified().await,
        }
    }

    /// Takes a reading and sends it to everybody for whom one is due.
    ///
    /// Returns whether [`has_subscribers`](Self::has_subscribers) has changed by it: taps may have
    /// to be made or to go.
    pub fn serve(&mut self) -> bool {
        let before = self.metering;
        let now = Instant::now();
        for report in self.post.take_reports() {
            match report {
                Report::Pinged(client, answered) => {
                    self.pinged.remove(&client);
                    if answered {
                        self.hub.answered(&client, now);
                    }
                }
                Report::Looked(client, look, work) => self.hub.looked(&client, (look, work), now),
            }
        }
        if !self.post.sending.load(Ordering::Acquire) {
            if self.hub.has_readers() {
                let frame = self.reader.as_mut().and_then(MeterReader::read);
                self.hub.drain(frame, now);
            }
            let round = self.hub.round(monotonic_usec(), now);
            self.carry_out(round);
        }
        self.update_metering();
        self.metering != before
    }

    fn carry_out(&mut self, round: Round) {
        let mut batch: Vec<Message> = Vec::with_capacity(round.mail.len());
        for (client, body) in &round.mail {
            match message::meters(self.connection.unique_name().map(|name| &**name), client, body) {
                Ok(message) => batch.push(message),
                Err(error) => debug!(%client, %error, "failed to write meters"),
            }
        }
        if !batch.is_empty() {
            self.post.sending.store(true, Ordering::Release);
            let (connection, post) = (self.connection.clone(), self.post.clone());
            tokio::spawn(async move {
                if let Err(error) = connection.send_all(&batch).await {
                    debug!(%error, "failed to send meters");
                }
                post.sending.store(false, Ordering::Release);
                post.news.notify_one();
            });
        }
        for (client, probe) in round.probes {
            self.probe(client, probe);
        }
    }

    fn probe(&mut self, client: OwnedUniqueName, probe: Probe) {
        let (connection, post) = (self.connection.clone(), self.post.clone());
        match probe {
            Probe::Ping if !self.pinged.insert(client.clone()) => {}
            Probe::Ping => drop(tokio::spawn(async move {
                let answered = probe::ping(&connection, &client).await;
                post.report(Report::Pinged(client, answered));
            })),
            Probe::Look(before) => drop(tokio::spawn(async move {
                let (look, work) = probe::look(&connection, &client, before).await;
                post.report(Report::Looked(client, look, work));
            })),
        }
    }

    fn update_metering(&mut self) {
        let wanted = self.hub.has_readers();
        if self.metering && !wanted {
            self.hub.look_away();
        }
        self.metering = wanted;
        if let Some(reader) = &mut self.reader {
            reader.set_metering(wanted);
        }
    }
}

/// Ends a client's subscription when its name leaves the bus, unless it `end`s before.
fn watch_departure(
    connection: Connection,
    client: OwnedUniqueName,
    requests: UnboundedSender<Request>,
    end: oneshot::Receiver<()>,
) {
    tokio::spawn(async move {
        match departure(&connection, &client, end).await {
            Ok(false) => return,
            Ok(true) => {}
            Err(error) => {
                debug!(%client, %error, "cannot watch a subscriber, ending its subscription");
            }
        }
        let _ = requests.send(Request::Unsubscribe { client, reply: None });
    });
}

/// Says whether the client has left the bus before the `end` came.
async fn departure(
    connection: &Connection,
    client: &OwnedUniqueName,
    mut end: oneshot::Receiver<()>,
) -> zbus::Result<bool> {
    use futures_util::StreamExt;
    let bus = DBusProxy::new(connection).await?;
    let mut changes = bus.receive_name_owner_changed_with_args(&[(0, client.as_str())]).await?;
    // It may have left between its call and the watch.
    if !bus.name_has_owner(BusName::from(client.clone())).await? {
        return Ok(true);
    }
    loop {
        tokio::select! {
            _ = &mut end => return Ok(false),
            change = changes.next() => match change {
                Some(change) if change.args()?.new_owner.is_some() => {}
                _ => return Ok(true),
            },
        }
    }
}
