//! The way to the service: what it says becomes [`Input`], and what a person wants is asked of it.
//!
//! Runs as one future on a worker of the runtime, never on the user interface's thread. It follows the service
//! across its restarts, and the bus across its own. Whatever it calls has a deadline, and nothing that it waits for
//! keeps it from reading what the service says: asks are carried out one after another beside the reading.
//!
//! The service is started by the bus when the panel starts and when a person asks for it, and at no other time:
//! calls go to the connection that owns the name, not to the name, so that a service which was stopped on purpose
//! is not brought back by a late question.

mod absent;
pub mod background;
mod convert;
mod refusal;
mod session;
#[cfg(test)]
mod tests;
mod work;

use std::{convert::Infallible, future::Future, time::Duration};

use headroom_api::names::BUS_NAME;
use tokio::{
    sync::mpsc::UnboundedReceiver,
    time::{Instant, sleep_until, timeout},
};
use zbus::{
    Connection,
    connection::Builder,
    export::futures_core::Stream,
    fdo::{self, DBusProxy},
    names::{BusName, OwnedUniqueName},
};

use self::refusal::Refusal;
use crate::model::{Ask, Failure, Input, Presence};

/// Longest wait for any answer, but for that of a service that is being started.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);
/// How long to leave a bus or a service alone that does not answer.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// Follows the service on the session bus until nobody listens any more.
///
/// `tell` takes everything that is known, and says whether anybody still listens. Closing `asks` ends it as well.
pub async fn run(tell: impl Fn(Input) -> bool + Send + Sync, asks: UnboundedReceiver<Ask>) {
    run_at(None, tell, asks).await;
}

/// Follows the service like [`run`], on the bus at `address` if there is one.
pub async fn run_at(
    address: Option<&str>,
    tell: impl Fn(Input) -> bool + Send + Sync,
    asks: UnboundedReceiver<Ask>,
) {
    let mut line = Line { tell: &tell, asks, watch: None };
    // The panel's start is a request to have the service; the return of a bus is none.
    let mut wake = true;
    loop {
        let Err(end) = follow_bus(address, &mut line, &mut wake).await;
        let told = match end {
            End::Over => return,
            End::NoBus(sentence) | End::Silent(sentence) => {
                line.tell(Input::Service(Presence::NoBus(sentence)))
            }
        };
        if told.is_err() || line.rest(Failure::NotRunning).await.is_err() {
            return;
        }
    }
}

/// Why a part of the work cannot go on.
#[derive(Debug)]
enum End {
    /// Nobody listens any more.
    Over,
    /// The bus is away; what the library says of it.
    NoBus(String),
    /// The service is there and does not answer sensibly; what it says.
    Silent(String),
}

/// The user interface's end of the link.
struct Line<'t> {
    tell: &'t (dyn Fn(Input) -> bool + Send + Sync),
    asks: UnboundedReceiver<Ask>,
    /// The rate of readings that is wanted, whoever runs.
    watch: Option<f64>,
}

impl Line<'_> {
    fn tell(&self, input: Input) -> Result<(), End> {
        if (self.tell)(input) { Ok(()) } else { Err(End::Over) }
    }

    async fn next_ask(&mut self) -> Result<Ask, End> {
        self.asks.recv().await.ok_or(End::Over)
    }

    /// Says that a request is refused; the rate of readings is kept for whoever comes.
    fn decline(&mut self, ask: Ask, why: Failure, sentence: String) -> Result<(), End> {
        if let Ask::Watch(hz) = ask {
            self.watch = hz;
            return Ok(());
        }
        self.tell(Input::Failed { ask, why, sentence })
    }

    /// Leaves the other side alone for a moment, and declines what is asked meanwhile.
    async fn rest(&mut self, why: Failure) -> Result<(), End> {
        let end = Instant::now() + RETRY_AFTER;
        loop {
            tokio::select! {
                () = sleep_until(end) => return Ok(()),
                ask = self.next_ask() => self.decline(ask?, why, String::new())?,
            }
        }
    }
}

/// Follows one service after the other, until the bus is gone or nobody listens.
async fn follow_bus(
    address: Option<&str>,
    line: &mut Line<'_>,
    wake: &mut bool,
) -> Result<Infallible, End> {
    line.tell(Input::Service(Presence::Connecting))?;
    let connection = connect(address).await?;
    // With an object server the library answers `org.freedesktop.DBus.Peer.Ping` on any path, which is how the
    // service can tell whether its readings are read.
    connection.object_server();
    let bus = call(DBusProxy::new(&connection)).await.map_err(no_bus)?;
    let owners = bus.receive_name_owner_changed_with_args(&[(0, BUS_NAME)]);
    let mut owners = call(owners).await.map_err(no_bus)?;
    let mut seen = false;
    loop {
        let owner = match owner(&bus).await? {
            Some(owner) => owner,
            None => absent::wait(&bus, &mut owners, line, *wake, seen).await?,
        };
        (*wake, seen) = (false, true);
        match session::follow(&connection, &owner, &mut owners, line).await {
            Ok(()) => {}
            Err(End::Silent(sentence)) => {
                line.tell(Input::Service(Presence::Silent { sentence }))?;
                line.rest(Failure::NoAnswer).await?;
            }
            Err(end) => return Err(end),
        }
    }
}

async fn connect(address: Option<&str>) -> Result<Connection, End> {
    let builder = match address {
        Some(address) => Builder::address(address),
        None => headroom_api::session_bus(),
    };
    call(builder.build()).await.map_err(no_bus)
}

/// Returns who has the service's name.
async fn owner(bus: &DBusProxy<'_>) -> Result<Option<OwnedUniqueName>, End> {
    match timeout(CALL_TIMEOUT, bus.get_name_owner(service_name())).await {
        Ok(Ok(owner)) => Ok(Some(owner)),
        Ok(Err(fdo::Error::NameHasNoOwner(_))) => Ok(None),
        Ok(Err(error)) => Err(no_bus(error.into())),
        Err(_) => Err(End::NoBus(String::new())),
    }
}

/// Awaits an answer for at most [`CALL_TIMEOUT`].
async fn call<T, E>(answer: impl Future<Output = Result<T, E>> + Send) -> Result<T, Refusal>
where
    Refusal: From<E>,
{
    match timeout(CALL_TIMEOUT, answer).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(Refusal::no_answer()),
    }
}

/// Returns the next item of a stream, or `None` after its end.
async fn next<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    std::future::poll_fn(|context| std::pin::Pin::new(&mut *stream).poll_next(context)).await
}

fn no_bus(refusal: Refusal) -> End {
    End::NoBus(refusal.sentence)
}

fn service_name() -> BusName<'static> {
    BusName::from_static_str(BUS_NAME).expect("the name is valid")
}
