//! The two halves of the bus's socket, with admission control between them and zbus.
//!
//! Also here because here alone it can be had before it is stored: a call that is longer than any that makes sense is
//! refused without being read, and other messages of such a length come without their bodies.

use std::{
    io,
    os::fd::{BorrowedFd, OwnedFd},
    sync::{Arc, Mutex as SyncMutex, MutexGuard, PoisonError},
};

use headroom_api::{Error, MAX_CALL_BYTES};
use tokio::sync::Mutex;
use tracing::debug;
use zbus::{
    DBusError, Message,
    connection::{
        AuthMechanism,
        socket::{BoxedSplit, ReadHalf, Split, WriteHalf},
    },
    export::async_trait::async_trait,
    fdo::ConnectionCredentials,
    message::{Flags, Type},
};

use super::Admission;

/// Length of what a message begins with (D-Bus Specification, Message Format).
const START_BYTES: usize = 16;
/// Bytes that are thrown away at a time.
const SCRAP_BYTES: usize = 16 << 10;

/// Most refusals that wait while something else is being written.
const MOST_REFUSALS: usize = 256;

/// Puts admission control before a socket.
pub fn guarded(socket: BoxedSplit, admission: Arc<Admission>) -> BoxedSplit {
    let (inner, writer) = socket.take();
    let outlet = Arc::new(Outlet { writer: Mutex::new(writer), refusals: SyncMutex::default() });
    let reading = Reading { inner, outlet: Arc::clone(&outlet), admission: Arc::clone(&admission) };
    let (reading, writing): (Box<dyn ReadHalf>, Box<dyn WriteHalf>) =
        (Box::new(reading), Box::new(Writing { outlet, admission }));
    Split::new(reading, writing)
}

#[derive(Debug)]
struct Reading {
    inner: Box<dyn ReadHalf>,
    outlet: Arc<Outlet>,
    admission: Arc<Admission>,
}

#[derive(Debug)]
struct Writing {
    outlet: Arc<Outlet>,
    admission: Arc<Admission>,
}

/// What both halves write to.
#[derive(Debug)]
struct Outlet {
    writer: Mutex<Box<dyn WriteHalf>>,
    /// Refusals that came while something else was being written. Reading goes on meanwhile: a sender that asks for
    /// more than it may is refused many times for each long answer that the bus takes its time for.
    refusals: SyncMutex<Vec<Message>>,
}

impl Outlet {
    fn refusals(&self) -> MutexGuard<'_, Vec<Message>> {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn send(&self, messages: &[Message]) -> zbus::Result<()> {
        let sent = self.writer.lock().await.send_messages(messages).await;
        self.send_refusals().await?;
        sent
    }

    async fn refuse(&self, refusal: Message) -> zbus::Result<()> {
        self.refusals().push(refusal);
        if self.refusals().len() >= MOST_REFUSALS {
            drop(self.writer.lock().await);
        }
        self.send_refusals().await
    }

    /// Sends what waits, unless somebody is writing, who then does this next.
    async fn send_refusals(&self) -> zbus::Result<()> {
        while !self.refusals().is_empty() {
            let Ok(mut writer) = self.writer.try_lock() else { return Ok(()) };
            let refusals = std::mem::take(&mut *self.refusals());
            writer.send_messages(&refusals).await?;
        }
        Ok(())
    }
}

/// How long a message is, by what it begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Lengths {
    /// To the start of the body.
    head: u64,
    body: u64,
}

impl Lengths {
    fn read(start: &[u8; START_BYTES]) -> Self {
        let word = |at: usize| {
            let bytes = [start[at], start[at + 1], start[at + 2], start[at + 3]];
            let is_little = start[0] == b'l';
            u64::from(if is_little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
        };
        // The body begins at a multiple of eight.
        Self { head: (START_BYTES as u64 + word(12)).next_multiple_of(8), body: word(4) }
    }

    fn is_accepted(self) -> bool {
        self.head + self.body <= MAX_CALL_BYTES as u64
    }
}

impl Reading {
    /// Reads until so many bytes are there, and never more than those.
    async fn fill(&mut self, bytes: &mut Vec<u8>, length: usize) -> io::Result<()> {
        let mut have = bytes.len();
        if have >= length {
            return Ok(());
        }
        bytes.resize(length, 0);
        while have < length {
            match self.inner.recvmsg(&mut bytes[have..]).await?.0 {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => have += read,
            }
        }
        Ok(())
    }

    /// Reads so many bytes and keeps none.
    async fn skip(&mut self, bytes: &mut Vec<u8>, length: u64) -> io::Result<()> {
        let there = length.min(bytes.len() as u64);
        bytes.drain(..there as usize);
        let mut left = length - there;
        let mut scrap = vec![0; SCRAP_BYTES];
        while left > 0 {
            let most = left.min(SCRAP_BYTES as u64) as usize;
            match self.inner.recvmsg(&mut scrap[..most]).await?.0 {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => left -= read as u64,
            }
        }
        Ok(())
    }

    /// Returns the next message, and its whole length when its body was left out.
    async fn next(
        &mut self,
        seq: u64,
        received: &mut Vec<u8>,
        fds: &mut Vec<OwnedFd>,
    ) -> zbus::Result<(Message, Option<u64>)> {
        loop {
            self.fill(received, START_BYTES).await?;
            let mut start = [0; START_BYTES];
            start.copy_from_slice(&received[..START_BYTES]);
            let lengths = Lengths::read(&start);
            if lengths.is_accepted() {
                return Ok((self.inner.receive_message(seq, received, fds).await?, None));
            }
            let length = lengths.head + lengths.body;
            if lengths.head > MAX_CALL_BYTES as u64 {
                debug!(length, "a message without end is left unread");
                self.skip(received, length).await?;
                continue;
            }
            self.fill(received, lengths.head as usize).await?;
            let rest = received.split_off(lengths.head as usize);
            let mut head = std::mem::replace(received, rest);
            self.skip(received, lengths.body).await?;
            head[4..8].fill(0);
            return Ok((self.inner.receive_message(seq, &mut head, fds).await?, Some(length)));
        }
    }

    async fn refuse(&self, call: &Message, error: &Error) -> zbus::Result<()> {
        if call.primary_header().flags().contains(Flags::NO_REPLY_EXPECTED) {
            return Ok(());
        }
        let answer = error.create_reply(&call.header())?;
        self.outlet.refuse(answer).await
    }
}

#[async_trait]
impl ReadHalf for Reading {
    async fn receive_message(
        &mut self,
        seq: u64,
        received: &mut Vec<u8>,
        fds: &mut Vec<OwnedFd>,
    ) -> zbus::Result<Message> {
        loop {
            self.admission.wait_for_room().await;
            let (message, overlong) = self.next(seq, received, fds).await?;
            if message.message_type() != Type::MethodCall {
                return Ok(message);
            }
            let admitted = match overlong {
                Some(bytes) => Err(Error::LimitExceeded(format!(
                    "the call is {bytes} bytes long: at most {MAX_CALL_BYTES} are read"
                ))),
                None => self.admission.admit(&message.header()),
            };
            match admitted {
                Ok(()) => return Ok(message),
                Err(error) => self.refuse(&message, &error).await?,
            }
        }
    }

    async fn recvmsg(&mut self, buffer: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
        self.inner.recvmsg(buffer).await
    }

    async fn peer_credentials(&mut self) -> io::Result<ConnectionCredentials> {
        self.inner.peer_credentials().await
    }

    fn auth_mechanism(&self) -> AuthMechanism {
        self.inner.auth_mechanism()
    }
}

#[async_trait]
impl WriteHalf for Writing {
    async fn send_message(&mut self, message: &Message) -> zbus::Result<()> {
        self.send_messages(std::slice::from_ref(message)).await
    }

    async fn send_messages(&mut self, messages: &[Message]) -> zbus::Result<()> {
        self.admission.begin_writing();
        let sent = self.outlet.send(messages).await;
        self.admission.written(messages);
        sent
    }

    async fn sendmsg(&mut self, buffer: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<usize> {
        self.outlet.writer.lock().await.sendmsg(buffer, fds).await
    }

    async fn flush(&mut self) -> io::Result<()> {
        self.outlet.writer.lock().await.flush().await
    }

    async fn close(&mut self) -> io::Result<()> {
        self.outlet.writer.lock().await.close().await
    }
}

#[cfg(test)]
mod tests {
    use headroom_api::MAX_OPEN_CALLS;

    use super::*;

    /// Bytes to be read, a few at a time, and what was written.
    #[derive(Debug)]
    struct Incoming(Vec<u8>);

    #[derive(Clone, Debug, Default)]
    struct Outgoing(Arc<SyncMutex<Vec<Message>>>);

    #[async_trait]
    impl ReadHalf for Incoming {
        async fn recvmsg(&mut self, buffer: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
            let read = buffer.len().min(self.0.len()).min(1000);
            buffer[..read].copy_from_slice(&self.0[..read]);
            self.0.drain(..read);
            Ok((read, Vec::new()))
        }
    }

    #[async_trait]
    impl WriteHalf for Outgoing {
        async fn send_message(&mut self, message: &Message) -> zbus::Result<()> {
            self.0.lock().unwrap().push(message.clone());
            Ok(())
        }

        async fn close(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn call(member: &'static str, bytes: usize) -> Message {
        Message::method_call("/", member).sender(":1.7").build(&"x".repeat(bytes)).unwrap()
    }

    fn reader(incoming: Vec<u8>) -> (Box<dyn ReadHalf>, Outgoing) {
        let outgoing = Outgoing::default();
        let inner: BoxedSplit =
            Split::new(Box::new(Incoming(incoming)), Box::new(outgoing.clone()));
        (guarded(inner, Arc::default()).take().0, outgoing)
    }

    fn bytes(messages: &[Message]) -> Vec<u8> {
        messages.iter().flat_map(|message| message.data().to_vec()).collect()
    }

    async fn next(reader: &mut Box<dyn ReadHalf>, already: &mut Vec<u8>) -> zbus::Result<Message> {
        reader.receive_message(1, already, &mut Vec::new()).await
    }

    fn member(message: &Message) -> String {
        message.header().member().unwrap().to_string()
    }

    #[tokio::test]
    async fn overlong_call_is_refused_and_what_follows_is_read() {
        let signal = Message::signal("/", "a.b", "Long").build(&"x".repeat(1 << 20));
        let all = [call("First", 10), call("Long", 2 << 20), signal.unwrap(), call("Last", 0)];
        let (mut reader, outgoing) = reader(bytes(&all));
        let mut already = Vec::new();
        assert_eq!(member(&next(&mut reader, &mut already).await.unwrap()), "First");
        let signal = next(&mut reader, &mut already).await.unwrap();
        assert_eq!((member(&signal), signal.body().len()), ("Long".into(), 0));
        assert_eq!(member(&next(&mut reader, &mut already).await.unwrap()), "Last");
        assert!(next(&mut reader, &mut already).await.is_err(), "there is no more");
        let refused = outgoing.0.lock().unwrap();
        assert_eq!(refused.len(), 1);
        let header = refused[0].header();
        assert_eq!(header.error_name().unwrap().as_str(), "org.headroom.Error.LimitExceeded");
        assert_eq!(header.reply_serial(), Some(all[1].primary_header().serial_num()));
    }

    #[tokio::test]
    async fn bytes_that_came_with_the_greeting_are_read_first() {
        let bytes = bytes(&[call("Long", MAX_CALL_BYTES), call("Last", 0)]);
        for length in [0, 5, 16, 100, 100_000, bytes.len()] {
            let (mut reader, _) = reader(bytes[length..].to_vec());
            let mut already = bytes[..length].to_vec();
            let last = next(&mut reader, &mut already).await.unwrap();
            assert_eq!(member(&last), "Last", "{length} bytes came before");
        }
    }

    #[tokio::test]
    async fn sender_of_too_many_calls_is_refused() {
        let calls: Vec<Message> = (0..=MAX_OPEN_CALLS).map(|_| call("Member", 0)).collect();
        let (mut reader, outgoing) = reader(bytes(&calls));
        let mut already = Vec::new();
        for _ in 0..MAX_OPEN_CALLS {
            next(&mut reader, &mut already).await.unwrap();
        }
        assert!(next(&mut reader, &mut already).await.is_err(), "there is no more");
        assert_eq!(outgoing.0.lock().unwrap().len(), 1);
    }
}
