//! One service, from its appearance to its end.

use std::{num::NonZeroUsize, time::Duration};

use headroom_api::{
    ControlProxy, Meters, StreamAdded, StreamChanged, StreamRemoved,
    names::{INTERFACE, OBJECT_PATH},
};
use tokio::time::{MissedTickBehavior, interval};
use tracing::warn;
use zbus::{
    Connection, MatchRule, Message, MessageStream,
    fdo::{NameOwnerChangedStream, PropertiesChanged, PropertiesProxy},
    message::Type,
    names::{MemberName, OwnedUniqueName},
    proxy::CacheProperties,
};

use super::{
    End, Line, Refusal, call, convert, next, no_bus,
    work::{Done, Job, Work, interface},
};
use crate::model::{Ask, Failure, Input};

/// Signals that may wait to be read; more are the bus's to keep.
const QUEUED_SIGNALS: usize = 256;
/// How often the vital signs are read while anybody looks.
const HEALTH_EVERY: Duration = Duration::from_secs(5);

/// Tells what the service says and asks it for what is wanted, until it leaves.
pub(super) async fn follow(
    connection: &Connection,
    owner: &OwnedUniqueName,
    owners: &mut NameOwnerChangedStream,
    line: &mut Line<'_>,
) -> Result<(), End> {
    let rule = MatchRule::builder()
        .msg_type(Type::Signal)
        .sender(owner.as_str())
        .path(OBJECT_PATH)
        .build()
        .map_err(|error| no_bus(error.into()))?;
    // Signals are asked for before anything is read, so that nothing falls in between.
    let signals =
        MessageStream::for_match_rule(rule, connection, NonZeroUsize::new(QUEUED_SIGNALS));
    let mut signals = call(signals).await.map_err(no_bus)?;
    let control = ControlProxy::builder(connection)
        .destination(owner.clone())
        .cache_properties(CacheProperties::No);
    let control = call(control.build()).await.map_err(no_bus)?;
    let properties = PropertiesProxy::builder(connection).destination(owner.clone());
    let properties = properties.path(OBJECT_PATH).cache_properties(CacheProperties::No);
    let properties = call(properties.build()).await.map_err(no_bus)?;

    let all = match call(properties.get_all(interface())).await {
        Ok(all) => all,
        Err(Refusal { why: Failure::NotRunning, .. }) => return Ok(()),
        Err(Refusal { sentence, .. }) => return Err(End::Silent(sentence)),
    };
    line.tell(Input::Service(convert::running(&all)))?;
    for input in convert::properties(all.iter().map(|(name, value)| (name.as_str(), &**value))) {
        line.tell(input)?;
    }
    let mut work = Work::new(control, properties);
    work.add(Job::Settings);
    work.add(Job::Health);
    if line.watch.is_some() {
        work.add(Job::Ask(Ask::Watch(line.watch)));
    }
    let result = attend(owner, owners, &mut signals, line, &mut work).await;
    let why = match &result {
        Ok(()) | Err(End::NoBus(_)) => Failure::NotRunning,
        Err(End::Silent(_)) => Failure::NoAnswer,
        Err(End::Over) => return Err(End::Over),
    };
    for ask in work.abandon() {
        // The rate of readings is known already, and by now a newer one may be.
        if !matches!(ask, Ask::Watch(_)) {
            line.decline(ask, why, String::new())?;
        }
    }
    result
}

async fn attend(
    owner: &OwnedUniqueName,
    owners: &mut NameOwnerChangedStream,
    signals: &mut MessageStream,
    line: &mut Line<'_>,
    work: &mut Work,
) -> Result<(), End> {
    let mut health = interval(HEALTH_EVERY);
    health.set_missed_tick_behavior(MissedTickBehavior::Delay);
    health.reset();
    loop {
        tokio::select! {
            change = next(owners) => {
                let change = change.ok_or_else(|| End::NoBus(String::new()))?;
                let change = change.args().map_err(|error| no_bus(error.into()))?;
                // A late word of this service's own appearance is not its end.
                if change.new_owner().as_ref().is_none_or(|new| new != owner) {
                    return Ok(());
                }
            }
            signal = next(signals) => {
                let signal = signal.ok_or_else(|| End::NoBus(String::new()))?;
                let signal = signal.map_err(|error| no_bus(error.into()))?;
                hear(&signal, line, work)?;
            }
            done = work.done() => settle(done, line, work)?,
            ask = line.next_ask() => {
                let ask = ask?;
                if let Ask::Watch(hz) = ask {
                    line.watch = hz;
                    // Who comes back to look wants to see how things stand now.
                    if hz.is_some() {
                        work.add(Job::Health);
                    }
                }
                work.add(Job::Ask(ask));
            }
            _ = health.tick(), if line.watch.is_some() => {
                work.add(Job::Health);
            }
        }
    }
}

/// Tells what became of a job.
fn settle(done: Done, line: &Line<'_>, work: &mut Work) -> Result<(), End> {
    let refusal = match done {
        Done::Ask(Ask::ClearHistory | Ask::Calibrate { .. } | Ask::SetExposure(_), Ok(())) => {
            work.add(Job::Past);
            return Ok(());
        }
        Done::Ask(_, Ok(())) => return Ok(()),
        Done::Ask(ask, Err(refusal)) => {
            let Refusal { why, sentence } = refusal.clone();
            line.tell(Input::Failed { ask, why, sentence })?;
            refusal
        }
        Done::Properties(Ok(all)) => {
            let all = all.iter().map(|(name, value)| (name.as_str(), &**value));
            return convert::properties(all).into_iter().try_for_each(|input| line.tell(input));
        }
        Done::Settings(Ok(settings)) => {
            return line.tell(Input::Settings(convert::settings(&settings)));
        }
        Done::Past(Ok(past)) => return line.tell(Input::Past(past)),
        Done::Health(Ok(health)) => return line.tell(Input::Health(convert::health(&health))),
        Done::Properties(Err(refusal))
        | Done::Settings(Err(refusal))
        | Done::Health(Err(refusal))
        | Done::Past(Err(refusal)) => {
            warn!("the service refuses a question: {refusal:?}");
            refusal
        }
    };
    // That it left is told by the bus; that it hangs is told by nobody.
    if refusal.why == Failure::NoAnswer { Err(End::Silent(String::new())) } else { Ok(()) }
}

/// Tells what a signal says; one that this version does not know says nothing.
fn hear(signal: &Message, line: &Line<'_>, work: &mut Work) -> Result<(), End> {
    let header = signal.header();
    let member = header.member().map(MemberName::as_str).unwrap_or_default();
    let is_ours = header.interface().is_some_and(|interface| interface.as_str() == INTERFACE);
    let input = match member {
        "PropertiesChanged" => return hear_properties(signal, line, work),
        _ if !is_ours => None,
        // Those that are on their way when the watch ends.
        "Meters" if line.watch.is_none() => None,
        "Meters" => Meters::from_message(signal.clone()).and_then(|signal| {
            let args = signal.args().ok()?;
            Some(Input::Meters(convert::meters(args.usec, &args.bus, &args.streams)))
        }),
        "StreamAdded" => StreamAdded::from_message(signal.clone()).and_then(|signal| {
            let args = signal.args().ok()?;
            Some(Input::StreamChanged(convert::stream(args.id, &args.stream)))
        }),
        "StreamChanged" => StreamChanged::from_message(signal.clone()).and_then(|signal| {
            let args = signal.args().ok()?;
            Some(Input::StreamChanged(convert::stream(args.id, &args.stream)))
        }),
        "StreamRemoved" => StreamRemoved::from_message(signal.clone())
            .and_then(|signal| Some(Input::StreamRemoved(signal.args().ok()?.id))),
        "Caught" => {
            work.add(Job::Past);
            None
        }
        "SettingsChanged" => {
            work.add(Job::Settings);
            None
        }
        _ => None,
    };
    input.map_or(Ok(()), |input| line.tell(input))
}

fn hear_properties(signal: &Message, line: &Line<'_>, work: &mut Work) -> Result<(), End> {
    let Some(signal) = PropertiesChanged::from_message(signal.clone()) else {
        return Ok(());
    };
    let Ok(args) = signal.args() else {
        return Ok(());
    };
    if args.interface_name != INTERFACE {
        return Ok(());
    }
    if !args.invalidated_properties.is_empty() {
        work.add(Job::Properties);
    }
    // Another profile, or another file of it, brings other values of its own, which SettingsChanged does not
    // tell of as long as those in force are the same.
    if ["ActiveProfile", "Profiles"].iter().any(|name| args.changed_properties.contains_key(name)) {
        work.add(Job::Settings);
    }
    let changed = args.changed_properties.iter().map(|(name, value)| (*name, value));
    convert::properties(changed).into_iter().try_for_each(|input| line.tell(input))
}
