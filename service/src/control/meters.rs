//! Meter subscriptions: who gets readings, how often, until when.
//!
//! Without a subscriber there is no timer, no reading and no work on the data thread. Readings are
//! sent to subscribers alone, never broadcast; a reading that is late is dropped, not queued.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use headroom_api::{Error, GaugeTable, Result, names};
use headroom_dsp::MeterFrame;
use tokio::{
    sync::mpsc::UnboundedSender,
    task::{AbortHandle, JoinHandle},
};
use tracing::debug;
use zbus::{
    Connection,
    fdo::DBusProxy,
    names::{BusName, OwnedUniqueName},
    object_server::SignalEmitter,
};

use super::{Interface, Readings, Reply, Request, wire::level_db};
use crate::{clock::monotonic_usec, rt::MeterReader};

/// Most clients that may subscribe at once; a limit only against a caller gone wild.
const MAX_SUBSCRIBERS: usize = 64;
/// After this long without a reading nobody plays, and the levels are silence.
const SILENT_AFTER: Duration = Duration::from_millis(250);
/// How long a single reading may take: longer than the longest usual cycle.
const ONE_READING: Duration = Duration::from_millis(60);

/// Every subscription, and the reading end of the chain's meters.
#[derive(Debug)]
pub struct Meters {
    connection: Connection,
    requests: UnboundedSender<Request>,
    reader: Option<MeterReader>,
    subscribers: HashMap<OwnedUniqueName, Subscriber>,
    waiting: Vec<(Instant, Reply<Readings>)>,
    latest: Option<MeterFrame>,
    latest_at: Instant,
    true_peak_max_dbtp: f64,
}

#[derive(Debug)]
struct Subscriber {
    interval: Duration,
    due: Instant,
    watch: AbortHandle,
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        self.watch.abort();
    }
}

impl Meters {
    /// Starts with no subscriber.
    pub fn new(connection: Connection, requests: UnboundedSender<Request>) -> Self {
        Self {
            connection,
            requests,
            reader: None,
            subscribers: HashMap::new(),
            waiting: Vec::new(),
            latest: None,
            latest_at: Instant::now(),
            true_peak_max_dbtp: headroom_api::FLOOR_DB,
        }
    }

    /// Reads from a new pair from now on.
    pub fn set_reader(&mut self, reader: MeterReader) {
        self.reader = Some(reader);
        self.update_metering();
    }

    /// Reads from nothing: the pair is gone.
    pub fn clear_reader(&mut self) {
        self.reader = None;
        self.latest = None;
    }

    /// Sends meters to a client, `hz` times a second, until it leaves the bus.
    ///
    /// # Errors
    /// When there are too many subscribers.
    pub fn subscribe(&mut self, client: OwnedUniqueName, hz: f64) -> Result<()> {
        let interval = Duration::from_secs_f64(1.0 / hz);
        if let Some(subscriber) = self.subscribers.get_mut(&client) {
            subscriber.interval = interval;
            return Ok(());
        }
        if self.subscribers.len() >= MAX_SUBSCRIBERS {
            return Err(Error::LimitExceeded(format!(
                "{MAX_SUBSCRIBERS} clients have subscribed to the meters already: use GetMeters, \
                 or end another subscription first"
            )));
        }
        let watch = watch_departure(self.connection.clone(), client.clone(), self.requests.clone());
        // The data thread needs a cycle before there is anything to tell.
        let due = Instant::now() + interval.max(ONE_READING);
        let subscriber = Subscriber { interval, due, watch: watch.abort_handle() };
        self.subscribers.insert(client, subscriber);
        self.update_metering();
        Ok(())
    }

    /// Sends a client no meters any more.
    pub fn unsubscribe(&mut self, client: &OwnedUniqueName) {
        self.subscribers.remove(client);
        self.update_metering();
    }

    /// Answers once, as soon as there is a reading.
    pub fn read_once(&mut self, reply: Reply<Readings>) {
        self.waiting.push((Instant::now() + ONE_READING, reply));
        self.update_metering();
    }

    /// Waits until a reading is due for somebody; for ever without anybody.
    pub async fn due(&self) {
        let subscribers = self.subscribers.values().map(|subscriber| subscriber.due);
        let waiting = self.waiting.iter().map(|(due, _)| *due);
        match subscribers.chain(waiting).min() {
            Some(due) => tokio::time::sleep_until(due.into()).await,
            None => std::future::pending().await,
        }
    }

    /// Takes a reading and sends it to everybody for whom one is due.
    pub async fn serve(&mut self) {
        let now = Instant::now();
        let gauges = self.read(now);
        let usec = monotonic_usec();
        for (client, subscriber) in &mut self.subscribers {
            if subscriber.due > now {
                continue;
            }
            subscriber.due = (subscriber.due + subscriber.interval).max(now);
            let Ok(emitter) = SignalEmitter::new(&self.connection, names::OBJECT_PATH) else {
                continue;
            };
            let emitter = emitter.set_destination(BusName::from(client.clone()));
            if let Err(error) = Interface::meters(&emitter, usec, &gauges, &[]).await {
                debug!(%client, %error, "failed to send meters");
            }
        }
        let (due, waiting): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.waiting).into_iter().partition(|(due, _)| *due <= now);
        self.waiting = waiting;
        for (_, reply) in due {
            // The caller may have gone meanwhile.
            let _ = reply.send(Ok((gauges.clone(), Vec::new())));
        }
        self.update_metering();
    }

    fn read(&mut self, now: Instant) -> GaugeTable {
        if let Some(frame) = self.reader.as_mut().and_then(MeterReader::read) {
            self.latest = Some(frame);
            self.latest_at = now;
        } else if now.duration_since(self.latest_at) > SILENT_AFTER {
            self.latest = None;
        }
        let frame = self.latest.unwrap_or_default();
        let true_peak = level_db(frame.true_peak_dbtp);
        self.true_peak_max_dbtp = self.true_peak_max_dbtp.max(true_peak);
        [
            ("input-peak-dbfs", level_db(frame.input_peak_dbfs)),
            ("true-peak-dbtp", true_peak),
            ("true-peak-max-dbtp", self.true_peak_max_dbtp),
            ("agc-gain-db", level_db(frame.agc_gain_db)),
            ("compressor-db", level_db(frame.compressor_db)),
            ("limiter-soft-db", level_db(frame.limiter_soft_db)),
            ("limiter-hard-db", level_db(frame.limiter_hard_db)),
            ("momentary-lufs", level_db(frame.momentary_lufs)),
            ("short-term-lufs", level_db(frame.short_term_lufs)),
            ("integrated-lufs", level_db(frame.integrated_lufs)),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
    }

    fn update_metering(&mut self) {
        let wanted = !self.subscribers.is_empty() || !self.waiting.is_empty();
        if !wanted {
            self.latest = None;
            self.true_peak_max_dbtp = headroom_api::FLOOR_DB;
        }
        if let Some(reader) = &mut self.reader {
            reader.set_metering(wanted);
        }
    }
}

/// Ends a client's subscription when its name leaves the bus.
fn watch_departure(
    connection: Connection,
    client: OwnedUniqueName,
    requests: UnboundedSender<Request>,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        if let Err(error) = departure(&connection, &client).await {
            debug!(%client, %error, "cannot watch a subscriber, ending its subscription");
        }
        let _ = requests.send(Request::Unsubscribe { client });
    })
}

async fn departure(connection: &Connection, client: &OwnedUniqueName) -> zbus::Result<()> {
    use futures_util::StreamExt;
    let bus = DBusProxy::new(connection).await?;
    let mut changes = bus.receive_name_owner_changed_with_args(&[(0, client.as_str())]).await?;
    // It may have left between its call and the watch.
    if !bus.name_has_owner(BusName::from(client.clone())).await? {
        return Ok(());
    }
    while let Some(change) = changes.next().await {
        if change.args()?.new_owner.is_none() {
            break;
        }
    }
    Ok(())
}
