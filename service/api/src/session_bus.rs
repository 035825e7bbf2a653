//! The way to the session bus, from inside a Flatpak as well.
//!
//! There the bus is behind a proxy, xdg-dbus-proxy, which drops a connection that is correct but not as it expects, as
//! those of zbus 6 are. It loses its place when a client says everything of its greeting at once (seen with 0.1.4), and
//! it wants the serial numbers of messages to grow, where zbus numbers an answer when it begins to work on it. So in a
//! Flatpak, and only there, the greeting waits for the answer to its first half, and what nobody answers to is numbered
//! as it is sent.

use std::{
    io,
    num::NonZeroU32,
    os::{
        fd::{BorrowedFd, OwnedFd},
        linux::net::SocketAddrExt as _,
        unix::net::{self, SocketAddr},
    },
    path::Path,
    sync::Arc,
};

use rustix::net::{RecvFlags, Shutdown, recv, shutdown};
use tokio::{io::Interest, net::UnixStream};
use zbus::{
    Address, Message,
    address::transport::{Transport, UnixSocket},
    connection::{
        Builder,
        socket::{BoxedSplit, ReadHalf, Split, WriteHalf},
    },
    export::async_trait::async_trait,
    message::Type,
};

/// Every process in a Flatpak finds this file, and no other process does.
const FLATPAK_MARK: &str = "/.flatpak-info";
/// What ends the greeting; what goes before it is answered.
const BEGIN: &[u8] = b"BEGIN\r\n";
/// Longer than any answer to a greeting.
const ANSWER_BYTES: usize = 512;
/// Messages up to this length together are written at once.
const BATCH_BYTES: usize = 64 << 10;

/// Tells whether this process is in a Flatpak.
pub fn is_in_flatpak() -> bool {
    Path::new(FLATPAK_MARK).exists()
}

/// Begins a connection to the session bus; call it where tokio runs.
///
/// A socket that cannot be reached shows when the connection is built.
pub fn session_bus() -> Builder<'static> {
    if is_in_flatpak()
        && let Some(socket) = session_socket()
    {
        return Builder::socket(socket);
    }
    Builder::session()
}

/// Connects to the session bus, for those who do something of their own between the socket and [`Builder::socket`];
/// call it where tokio runs.
///
/// `None` where the address is none of a socket of this machine, or nothing answers there: [`session_bus`] says why.
pub fn session_socket() -> Option<BoxedSplit> {
    let address = Address::session().ok()?;
    let Transport::Unix(unix) = address.transport() else { return None };
    let address = match unix.path() {
        UnixSocket::File(path) => SocketAddr::from_pathname(path),
        UnixSocket::Abstract(name) => SocketAddr::from_abstract_name(name.as_encoded_bytes()),
        _ => return None,
    };
    split(&address.ok()?, is_in_flatpak()).ok()
}

/// Connects; a patient one waits for the answer to its greeting and numbers its messages as it sends them.
fn split(address: &SocketAddr, is_patient: bool) -> io::Result<BoxedSplit> {
    let stream = net::UnixStream::connect_addr(address)?;
    stream.set_nonblocking(true)?;
    let stream = Arc::new(UnixStream::from_std(stream)?);
    let reading: Box<dyn ReadHalf> = Box::new(Reading(Arc::clone(&stream)));
    let writing = Writing { stream, is_patient, is_greeted: !is_patient };
    let writing: Box<dyn WriteHalf> = Box::new(writing);
    Ok(Split::new(reading, writing))
}

#[derive(Debug)]
struct Reading(Arc<UnixStream>);

#[derive(Debug)]
struct Writing {
    stream: Arc<UnixStream>,
    is_patient: bool,
    is_greeted: bool,
}

#[async_trait]
impl ReadHalf for Reading {
    async fn recvmsg(&mut self, buffer: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
        loop {
            self.0.readable().await?;
            match self.0.try_read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => return Ok((read?, Vec::new())),
            }
        }
    }
}

#[async_trait]
impl WriteHalf for Writing {
    async fn send_message(&mut self, message: &Message) -> zbus::Result<()> {
        if !self.is_patient {
            return self.write_all(message.data()).await;
        }
        let mut bytes = message.data().to_vec();
        // An answer to a call is found by the call's number, which therefore stays.
        if message.message_type() != Type::MethodCall {
            renumber(&mut bytes, newest_serial()?);
        }
        self.write_all(&bytes).await
    }

    /// Writes many small messages at once.
    async fn send_messages(&mut self, messages: &[Message]) -> zbus::Result<()> {
        let length: usize = messages.iter().map(|message| message.data().len()).sum();
        if self.is_patient || length > BATCH_BYTES {
            for message in messages {
                self.send_message(message).await?;
            }
            return Ok(());
        }
        let mut bytes = Vec::with_capacity(length);
        for message in messages {
            bytes.extend_from_slice(message.data());
        }
        self.write_all(&bytes).await
    }

    /// Sends what goes before the first message, as far as it may go now.
    async fn sendmsg(&mut self, bytes: &[u8], _fds: &[BorrowedFd<'_>]) -> io::Result<usize> {
        if self.is_greeted {
            return self.write(bytes).await;
        }
        match bytes.windows(BEGIN.len()).position(|word| word == BEGIN) {
            Some(0) => {
                self.wait_for_answer().await?;
                self.is_greeted = true;
                self.write(bytes).await
            }
            begin => self.write(&bytes[..begin.unwrap_or(bytes.len())]).await,
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        Ok(shutdown(&*self.stream, Shutdown::Both)?)
    }
}

/// Returns a number that is higher than that of every message so far.
fn newest_serial() -> zbus::Result<NonZeroU32> {
    let blank = Message::method_call("/", "Number").build(&())?;
    Ok(blank.primary_header().serial_num())
}

/// Writes another serial number into a message's header, where the byte order is the first byte and the number the
/// third word (D-Bus Specification, Message Format).
fn renumber(message: &mut [u8], serial: NonZeroU32) {
    let is_little = message.first() == Some(&b'l');
    if let Some(place) = message.get_mut(8..12) {
        let serial = serial.get();
        place.copy_from_slice(&if is_little { serial.to_le_bytes() } else { serial.to_be_bytes() });
    }
}

impl Writing {
    async fn write_all(&self, bytes: &[u8]) -> zbus::Result<()> {
        let mut sent = 0;
        while sent < bytes.len() {
            sent += self.write(&bytes[sent..]).await?;
        }
        Ok(())
    }

    async fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            self.stream.writable().await?;
            match self.stream.try_write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => return written,
            }
        }
    }

    /// Waits until a whole line can be read, and leaves it to the reader.
    async fn wait_for_answer(&self) -> io::Result<()> {
        loop {
            self.stream.readable().await?;
            let look = || {
                let mut answer = [0; ANSWER_BYTES];
                let (seen, _) = recv(&*self.stream, &mut answer, RecvFlags::PEEK)?;
                match seen {
                    0 => Err(io::ErrorKind::UnexpectedEof.into()),
                    seen if answer[..seen].ends_with(b"\r\n") => Ok(()),
                    // The next bytes wake this up again.
                    _ => Err(io::ErrorKind::WouldBlock.into()),
                }
            };
            match self.stream.try_io(Interest::READABLE, look) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                seen => return seen,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read as _, Write as _},
        os::unix::net::UnixListener,
        time::Duration,
    };

    use super::*;

    #[test]
    fn a_message_takes_another_number_and_stays_what_it_is() {
        let signal = Message::signal("/", "org.headroom.Control", "Meters");
        let signal = signal.build(&("text", 7_u32)).unwrap();
        let serial = newest_serial().unwrap();
        assert!(serial > signal.primary_header().serial_num());
        let mut bytes = signal.data().to_vec();
        renumber(&mut bytes, serial);
        let number = bytes[8..12].try_into().unwrap();
        let read = if bytes[0] == b'l' { u32::from_le_bytes } else { u32::from_be_bytes };
        assert_eq!(read(number), serial.get());
        let same = |bytes: &[u8]| [&bytes[..8], &bytes[12..]].concat();
        assert_eq!(same(&bytes), same(signal.data()));
    }

    #[tokio::test]
    async fn nothing_is_said_after_the_first_half_before_it_is_answered() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bus");
        let listener = UnixListener::bind(&path).unwrap();
        let bus = std::thread::spawn(move || {
            let (mut client, _) = listener.accept().unwrap();
            let mut heard = vec![0; 256];
            let first = client.read(&mut heard).unwrap();
            assert!(heard[..first].starts_with(b"\0AUTH EXTERNAL "));
            assert!(heard[..first].ends_with(b"\r\n"));
            client.write_all(b"OK 0123456789").unwrap();
            // Half a line is no answer.
            client.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
            let early = client.read(&mut heard);
            assert!(early.is_err(), "{early:?}: {:?}", String::from_utf8_lossy(&heard));
            client.write_all(b"abcdef0123456789abcdef\r\n").unwrap();
            client.set_read_timeout(None).unwrap();
            let second = client.read(&mut heard).unwrap();
            assert!(heard[..second].starts_with(BEGIN));
        });
        // This bus goes without an answer to the first call.
        let socket = split(&SocketAddr::from_pathname(&path).unwrap(), true).unwrap();
        Builder::socket(socket).build().await.unwrap_err();
        bus.join().unwrap();
    }
}
