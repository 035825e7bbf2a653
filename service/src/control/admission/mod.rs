//! Admission control: how many calls one sender, and all of them, may have the service hold.
//!
//! zbus makes a task of every call that comes, and a finished answer waits in it until the bus takes it. So calls are
//! counted where they come in, before zbus sees them ([`socket`]), and their answers where they go out:
//!
//! - An *open call* has not been answered. One sender may have so many; the next is refused. While all of them
//!   together are too many, nothing more is read from the bus, which keeps what is to come: nobody could be
//!   answered meanwhile in any case, because all answers go out by one socket.
//! - A *pending request* is a call that waits for the owner of the state. One sender may have fewer of these. It is no
//!   open call as long as it waits, so that those who wait keep nobody from asking.

mod socket;

use std::{
    collections::{HashMap, HashSet},
    num::NonZeroU32,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use headroom_api::{Error, MAX_OPEN_CALLS, MAX_PENDING_REQUESTS, Result, names};
use tokio::sync::Notify;
use tracing::warn;
use zbus::{
    Message,
    message::{Header, Type},
    names::{BusName, OwnedUniqueName},
};

pub use socket::guarded;

/// Most open calls of all senders together.
const MOST_OPEN_IN_ALL: usize = 2 * MAX_OPEN_CALLS;
/// An open call is answered at once. One that is not so long after the last answer has lost its task.
const LOST_AFTER: Duration = Duration::from_secs(10);

/// The calls that are held.
#[derive(Debug)]
pub struct Admission {
    ledger: Mutex<Ledger>,
    changed: Notify,
    lost_after: Duration,
}

impl Default for Admission {
    fn default() -> Self {
        Self { ledger: Mutex::default(), changed: Notify::new(), lost_after: LOST_AFTER }
    }
}

#[derive(Debug, Default)]
struct Ledger {
    senders: HashMap<OwnedUniqueName, Sender>,
    open: usize,
    is_writing: bool,
}

#[derive(Debug, Default)]
struct Sender {
    open: HashSet<NonZeroU32>,
    pending: usize,
}

/// A call, by who sent it and its number.
#[derive(Clone, Debug)]
struct Call {
    sender: OwnedUniqueName,
    serial: NonZeroU32,
}

impl Call {
    fn of(header: &Header<'_>) -> Option<Self> {
        let sender = header.sender()?.to_owned().into();
        Some(Self { sender, serial: header.primary().serial_num() })
    }

    /// Returns the call that a message answers.
    fn answered_by(message: &Message) -> Option<Self> {
        if !matches!(message.message_type(), Type::MethodReturn | Type::Error) {
            return None;
        }
        let header = message.header();
        let Some(BusName::Unique(sender)) = header.destination() else { return None };
        Some(Self { sender: sender.to_owned().into(), serial: header.reply_serial()? })
    }
}

impl Ledger {
    fn open(&mut self, call: &Call) {
        let sender = self.senders.entry(call.sender.clone()).or_default();
        self.open += usize::from(sender.open.insert(call.serial));
    }

    fn close(&mut self, call: &Call) -> bool {
        let Some(sender) = self.senders.get_mut(&call.sender) else { return false };
        let was_open = sender.open.remove(&call.serial);
        self.open -= usize::from(was_open);
        self.forget_idle(&call.sender);
        was_open
    }

    fn forget_idle(&mut self, sender: &OwnedUniqueName) {
        if self.senders.get(sender).is_some_and(|known| known.open.is_empty() && known.pending == 0)
        {
            self.senders.remove(sender);
        }
    }

    fn forget_open(&mut self) {
        self.senders.values_mut().for_each(|sender| sender.open.clear());
        self.senders.retain(|_, sender| sender.pending > 0);
        self.open = 0;
    }
}

impl Admission {
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call in.
    ///
    /// # Errors
    /// `LimitExceeded`, when its sender has too many open calls, or too many pending requests for another one.
    fn admit(&self, header: &Header<'_>) -> Result<()> {
        let Some(call) = Call::of(header) else { return Ok(()) };
        let mut ledger = self.ledger();
        let sender = ledger.senders.get(&call.sender);
        let (open, pending) = sender.map_or((0, 0), |sender| (sender.open.len(), sender.pending));
        let is_request = header.interface().is_some_and(|name| name == names::INTERFACE);
        if is_request && pending >= MAX_PENDING_REQUESTS {
            return Err(too_many_requests());
        }
        if open >= MAX_OPEN_CALLS {
            return Err(Error::LimitExceeded(format!(
                "{MAX_OPEN_CALLS} of your calls have not been answered yet: wait for an answer before you ask again"
            )));
        }
        ledger.open(&call);
        Ok(())
    }

    /// Waits until another call may come in.
    async fn wait_for_room(&self) {
        while self.ledger().open >= MOST_OPEN_IN_ALL {
            let change = tokio::time::timeout(self.lost_after, self.changed.notified()).await;
            let mut ledger = self.ledger();
            if change.is_err() && !ledger.is_writing {
                warn!("{} calls have lost their tasks", ledger.open);
                ledger.forget_open();
            }
        }
    }

    fn begin_writing(&self) {
        self.ledger().is_writing = true;
    }

    /// Counts out what these messages answer; they are on their way.
    fn written(&self, messages: &[Message]) {
        let mut ledger = self.ledger();
        ledger.is_writing = false;
        for call in messages.iter().filter_map(Call::answered_by) {
            ledger.close(&call);
        }
        self.changed.notify_one();
    }

    /// Makes a call a pending request, until what is returned is dropped.
    ///
    /// # Errors
    /// `LimitExceeded`, when its sender has too many; `Failed`, when the call has no sender.
    pub(super) fn request(self: &Arc<Self>, header: &Header<'_>) -> Result<Pending> {
        let call = Call::of(header)
            .ok_or_else(|| Error::Failed("the call has no sender on the bus".into()))?;
        let mut ledger = self.ledger();
        let sender = ledger.senders.entry(call.sender.clone()).or_default();
        if sender.pending >= MAX_PENDING_REQUESTS {
            return Err(too_many_requests());
        }
        sender.pending += 1;
        let was_open = ledger.close(&call);
        self.changed.notify_one();
        drop(ledger);
        Ok(Pending { admission: Arc::clone(self), call, was_open })
    }
}

fn too_many_requests() -> Error {
    Error::LimitExceeded(format!(
        "{MAX_PENDING_REQUESTS} of your requests are waiting already: wait for an answer before you ask again"
    ))
}

/// A request that the owner of the state has yet to answer.
#[derive(Debug)]
pub(super) struct Pending {
    admission: Arc<Admission>,
    call: Call,
    was_open: bool,
}

impl Drop for Pending {
    fn drop(&mut self) {
        let mut ledger = self.admission.ledger();
        if let Some(sender) = ledger.senders.get_mut(&self.call.sender) {
            sender.pending = sender.pending.saturating_sub(1);
        }
        if self.was_open {
            ledger.open(&self.call);
        }
        ledger.forget_idle(&self.call.sender);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    /// Returns a call of this sender's.
    fn call(sender: &'static str) -> Message {
        Message::method_call("/", "Member").sender(sender).build(&()).unwrap()
    }

    fn answer(call: &Message) -> Message {
        Message::method_return(&call.header()).build(&()).unwrap()
    }

    #[test]
    fn sender_is_refused_one_call_too_many_and_others_are_not() {
        let admission = Admission::default();
        let calls: Vec<Message> = (0..MAX_OPEN_CALLS).map(|_| call(":1.1")).collect();
        assert!(calls.iter().all(|call| admission.admit(&call.header()).is_ok()));
        let error = admission.admit(&call(":1.1").header()).unwrap_err();
        assert!(matches!(error, Error::LimitExceeded(_)), "{error:?}");
        assert!(admission.admit(&call(":1.2").header()).is_ok());
        admission.written(&[answer(&calls[0])]);
        assert!(admission.admit(&call(":1.1").header()).is_ok());
    }

    #[test]
    fn pending_requests_are_fewer_and_no_open_calls() {
        let admission = Arc::new(Admission::default());
        let call_of = |sender| {
            let call = call(sender);
            admission.admit(&call.header()).unwrap();
            (admission.request(&call.header()), call)
        };
        let held: Vec<_> = (0..MAX_PENDING_REQUESTS).map(|_| call_of(":1.1")).collect();
        assert!(held.iter().all(|(request, _)| request.is_ok()));
        assert_eq!(admission.ledger().open, 0);
        let (refused, call) = call_of(":1.1");
        assert!(matches!(refused, Err(Error::LimitExceeded(_))), "{refused:?}");
        admission.written(&[answer(&call)]);
        let request =
            Message::method_call("/", "Health").sender(":1.1").interface(names::INTERFACE);
        let request = request.build(&()).unwrap();
        assert!(admission.admit(&request.header()).is_err(), "zbus need not see it");
        assert!(call_of(":1.2").0.is_ok());
        let calls: Vec<Message> = held.into_iter().map(|(_, call)| call).collect();
        assert_eq!(admission.ledger().senders.len(), 2, "the answers are to be written yet");
        admission.written(&calls.iter().map(answer).collect::<Vec<_>>());
        assert!(!admission.ledger().senders.contains_key(":1.1"));
    }

    #[tokio::test]
    async fn full_house_waits_for_an_answer() {
        let admission = Admission::default();
        let calls: Vec<Message> = [":1.1", ":1.2"]
            .into_iter()
            .flat_map(|name| (0..MAX_OPEN_CALLS).map(move |_| call(name)))
            .collect();
        assert!(admission.wait_for_room().now_or_never().is_some());
        for call in &calls {
            admission.admit(&call.header()).unwrap();
        }
        assert!(admission.wait_for_room().now_or_never().is_none());
        admission.written(&[answer(&calls[0])]);
        assert!(admission.wait_for_room().now_or_never().is_some());
    }

    #[tokio::test]
    async fn lost_calls_are_forgotten_unless_the_bus_is_slow() {
        let lost_after = Duration::from_millis(5);
        let admission = Admission { lost_after, ..Admission::default() };
        for number in 0..MOST_OPEN_IN_ALL {
            let sender = OwnedUniqueName::try_from(format!(":1.{number}")).unwrap();
            admission.ledger().open(&Call { sender, serial: NonZeroU32::MIN });
        }
        admission.begin_writing();
        let waited = tokio::time::timeout(lost_after * 40, admission.wait_for_room()).await;
        assert!(waited.is_err());
        admission.written(&[]);
        admission.wait_for_room().await;
        assert!(admission.ledger().senders.is_empty());
    }
}
