//! News of the service, in order, across its restarts.
//!
//! One subscription carries every signal of one service, so that what happened first is told first.
//! It draws nothing and prints nothing: whoever listens decides what to make of the news.

use std::{convert::Infallible, num::NonZeroUsize, time::Duration};

use headroom_api::{
    Dict, GaugeTable, Meters, SettingsChanged, StreamAdded, StreamChanged, StreamGaugeTable,
    StreamRemoved,
    names::{BUS_NAME, INTERFACE, OBJECT_PATH},
};
use tokio::{select, time::sleep};
use zbus::{
    Connection, MatchRule, Message, MessageStream,
    fdo::{DBusProxy, NameOwnerChangedStream, PropertiesChanged, PropertiesProxy},
    message::Type,
    names::{BusName, InterfaceName},
};

use crate::{
    failure::Failure,
    link::{call, next, proxy},
};

/// Signals that may wait to be read; more are the bus's to keep.
const QUEUED_SIGNALS: usize = 256;
/// How long to leave a service alone that answers with nonsense, or not at all.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// What happened.
#[derive(Debug)]
pub(crate) enum News {
    /// A service is there; every property that it has.
    Up(Dict),
    /// The service left the bus.
    Down,
    /// The service is there and fails; a sentence.
    Trouble(String),
    /// Properties changed: those that did.
    Properties(Dict),
    /// Every setting, as `ListSettings` has it.
    Settings(Dict),
    /// A stream appeared.
    StreamAdded(u64, Dict),
    /// A stream changed.
    StreamChanged(u64, Dict),
    /// A stream went away.
    StreamRemoved(u64),
    /// A reading of the gauges: time in microseconds, the bus, the streams.
    Meters(u64, GaugeTable, Vec<StreamGaugeTable>),
}

/// What a listener wants to be told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// Readings per second; none without it.
    pub(crate) meters_hz: Option<f64>,
    /// Settings too.
    pub(crate) settings: bool,
    /// Go on when the service fails, instead of ending with its failure.
    pub(crate) patient: bool,
}

/// Tells the news of one service after the other; ends only with a failure.
///
/// The first call starts the service if need be; later ones wait until somebody starts it.
///
/// # Errors
/// What the listener returns; `Unreachable` when the bus goes away; without `patient` also what the
/// service fails with.
pub(crate) async fn follow(
    connection: &Connection,
    wanted: Wanted,
    tell: &mut impl FnMut(News) -> Result<(), Failure>,
) -> Result<Infallible, Failure> {
    // With an object server the library answers `org.freedesktop.DBus.Peer.Ping` on any path, which is
    // how a service can tell whether its readings are read.
    connection.object_server();
    let bus = call(DBusProxy::new(connection)).await?;
    let mut owners = call(bus.receive_name_owner_changed_with_args(&[(0, BUS_NAME)])).await?;
    match call(proxy(connection).await?.version()).await.map_err(Failure::from) {
        Ok(_) => {}
        Err(failure) if !wanted.patient => return Err(failure),
        Err(failure) if is_owned(&bus).await? => tell(News::Trouble(failure.to_string()))?,
        Err(_) => tell(News::Down)?,
    }
    loop {
        while !is_owned(&bus).await? {
            next(&mut owners).await.ok_or_else(bus_gone)?;
        }
        match Box::pin(session(connection, &bus, wanted, &mut owners, tell)).await {
            // A call that failed because the service left is no failure of ours.
            Err(failure) if !failure.is_of_bus() => return Err(failure),
            Err(failure) if is_owned(&bus).await? => {
                if !wanted.patient {
                    return Err(failure);
                }
                tell(News::Trouble(failure.to_string()))?;
                sleep(RETRY_AFTER).await;
            }
            Ok(()) | Err(_) => tell(News::Down)?,
        }
    }
}

/// Tells the news of one service until it leaves the bus.
async fn session(
    connection: &Connection,
    bus: &DBusProxy<'_>,
    wanted: Wanted,
    owners: &mut NameOwnerChangedStream,
    tell: &mut impl FnMut(News) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let owner = call(bus.get_name_owner(service_name())).await?;
    let rule = MatchRule::builder()
        .msg_type(Type::Signal)
        .sender(owner.as_str())
        .path(OBJECT_PATH)
        .build()?;
    // Signals are asked for before anything is read, so that nothing falls in between.
    let queue = NonZeroUsize::new(QUEUED_SIGNALS);
    let mut signals = call(MessageStream::for_match_rule(rule, connection, queue)).await?;
    let control = proxy(connection).await?;
    let properties =
        PropertiesProxy::builder(connection).destination(BUS_NAME).path(OBJECT_PATH).build();
    let properties = call(properties).await?;
    tell(News::Up(call(properties.get_all(interface())).await?))?;
    if wanted.settings {
        tell(News::Settings(call(control.list_settings()).await?))?;
    }
    if let Some(hz) = wanted.meters_hz {
        call(control.subscribe_meters(hz)).await?;
    }
    loop {
        let signal = select! {
            change = next(owners) => {
                // A late word of this service's own appearance is not its end.
                let change = change.ok_or_else(bus_gone)?;
                if change.args()?.new_owner().as_ref().is_none_or(|new| *new != owner) {
                    return Ok(());
                }
                continue;
            }
            signal = next(&mut signals) => signal.ok_or_else(bus_gone)??,
        };
        match read(&signal)? {
            Some(Word::News(news)) => {
                // Another profile brings its own changed settings along.
                let is_switch = matches!(&news, News::Properties(changed) if changed.contains_key("ActiveProfile"));
                tell(news)?;
                if is_switch && wanted.settings {
                    tell(News::Settings(call(control.list_settings()).await?))?;
                }
            }
            Some(Word::Reread) => {
                tell(News::Properties(call(properties.get_all(interface())).await?))?;
            }
            Some(Word::Settings) if wanted.settings => {
                tell(News::Settings(call(control.list_settings()).await?))?;
            }
            Some(Word::Settings) | None => {}
        }
    }
}

/// What a signal says.
enum Word {
    News(News),
    /// Properties changed, and not all of their values were sent along.
    Reread,
    /// Settings changed.
    Settings,
}

/// Reads a signal; `None` for one that this version does not know.
fn read(signal: &Message) -> Result<Option<Word>, zbus::Error> {
    let header = signal.header();
    let member = header.member().map(ToString::to_string).unwrap_or_default();
    let signal = signal.clone();
    let news = match member.as_str() {
        "Meters" => match Meters::from_message(signal) {
            Some(signal) => {
                let args = signal.args()?;
                News::Meters(args.usec, args.bus.clone(), args.streams.clone())
            }
            None => return Ok(None),
        },
        "StreamAdded" => match StreamAdded::from_message(signal) {
            Some(signal) => {
                let args = signal.args()?;
                News::StreamAdded(args.id, args.stream.clone())
            }
            None => return Ok(None),
        },
        "StreamChanged" => match StreamChanged::from_message(signal) {
            Some(signal) => {
                let args = signal.args()?;
                News::StreamChanged(args.id, args.stream.clone())
            }
            None => return Ok(None),
        },
        "StreamRemoved" => match StreamRemoved::from_message(signal) {
            Some(signal) => News::StreamRemoved(signal.args()?.id),
            None => return Ok(None),
        },
        "PropertiesChanged" => match PropertiesChanged::from_message(signal) {
            Some(signal) => return properties_word(&signal),
            None => return Ok(None),
        },
        "SettingsChanged" => {
            return Ok(SettingsChanged::from_message(signal).map(|_| Word::Settings));
        }
        _ => return Ok(None),
    };
    Ok(Some(Word::News(news)))
}

fn properties_word(signal: &PropertiesChanged) -> Result<Option<Word>, zbus::Error> {
    let args = signal.args()?;
    if args.interface_name != INTERFACE {
        return Ok(None);
    }
    if !args.invalidated_properties.is_empty() {
        return Ok(Some(Word::Reread));
    }
    let mut changed = Dict::new();
    for (name, value) in &args.changed_properties {
        changed.insert((*name).to_owned(), value.try_to_owned()?);
    }
    Ok(Some(Word::News(News::Properties(changed))))
}

async fn is_owned(bus: &DBusProxy<'_>) -> Result<bool, Failure> {
    Ok(call(bus.name_has_owner(service_name())).await?)
}

fn service_name() -> BusName<'static> {
    BusName::from_static_str(BUS_NAME).expect("the name is valid")
}

fn interface() -> InterfaceName<'static> {
    InterfaceName::from_static_str(INTERFACE).expect("the name is valid")
}

fn bus_gone() -> Failure {
    Failure::Unreachable("The session bus went away.".to_owned())
}
