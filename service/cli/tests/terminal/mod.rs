//! A pseudo-terminal with a program in it, and what a person would see there.
#![allow(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use std::{
    io::{Read as _, Write as _},
    num::NonZero,
    os::fd::AsFd as _,
    process::Child,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use pty_process::{
    Size,
    blocking::{Command, Pty, open},
};
use rustix::{
    process::Signal,
    termios::{Termios, tcgetattr},
};
use vt100::{Parser, Screen};

use crate::{
    common::send,
    mock::{DEADLINE, PrivateBus, running::wait},
};

pub(crate) struct Terminal {
    pty: Arc<Pty>,
    parser: Arc<Mutex<Parser>>,
    bytes: Arc<AtomicUsize>,
    child: Child,
    before: Termios,
}

impl Terminal {
    /// Starts a program in a terminal of 80 by 24.
    pub(crate) fn start(bus: &PrivateBus, program: &str, arguments: &[&str]) -> Self {
        let (pty, pts) = open().unwrap();
        pty.resize(Size::new(24, 80)).unwrap();
        let before = tcgetattr(pty.as_fd()).unwrap();
        let child = Command::new(program)
            .args(arguments)
            .env("DBUS_SESSION_BUS_ADDRESS", &bus.address)
            .env("TERM", "xterm-256color")
            .env_remove("NO_COLOR")
            .spawn(pts)
            .unwrap();
        let pty = Arc::new(pty);
        let parser = Arc::new(Mutex::new(Parser::new(cells(24), cells(80), 0)));
        let bytes = Arc::new(AtomicUsize::new(0));
        let (reader, screen, counter) = (Arc::clone(&pty), Arc::clone(&parser), Arc::clone(&bytes));
        std::thread::spawn(move || {
            let mut chunk = [0; 16384];
            // The end of the last program in it is an error on this side of a terminal.
            while let Ok(count @ 1..) = (&*reader).read(&mut chunk) {
                screen.lock().unwrap().process(&chunk[..count]);
                counter.fetch_add(count, Ordering::SeqCst);
            }
        });
        Self { pty, parser, bytes, child, before }
    }

    /// Starts the monitor.
    pub(crate) fn monitor(bus: &PrivateBus) -> Self {
        Self::start(bus, env!("CARGO_BIN_EXE_headroom"), &["monitor"])
    }

    pub(crate) fn keys(&self, keys: &str) {
        (&*self.pty).write_all(keys.as_bytes()).unwrap();
    }

    pub(crate) fn signal(&self, signal: Signal) {
        send(&self.child, signal);
    }

    pub(crate) fn resize(&self, rows: u16, columns: u16) {
        self.parser.lock().unwrap().screen_mut().set_size(cells(rows), cells(columns));
        self.pty.resize(Size::new(rows, columns)).unwrap();
    }

    /// Returns how much was written so far.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::SeqCst)
    }

    pub(crate) fn text(&self) -> String {
        self.parser.lock().unwrap().screen().contents()
    }

    /// Waits until the screen is as it should be.
    pub(crate) fn wait_until(&self, what: &str, is_so: impl Fn(&Screen) -> bool) {
        let end = Instant::now() + DEADLINE;
        while !is_so(self.parser.lock().unwrap().screen()) {
            assert!(Instant::now() < end, "{what} did not come:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits until a word is on the screen.
    pub(crate) fn expect(&self, word: &str) {
        self.wait_until(word, |screen| screen.contents().contains(word));
    }

    /// Waits until a word is on the screen no more.
    pub(crate) fn expect_no(&self, word: &str) {
        self.wait_until(&format!("the end of {word}"), |screen| !screen.contents().contains(word));
    }

    /// Asserts that the terminal is as it was before.
    pub(crate) fn assert_clean(&self) {
        self.wait_until("the usual screen", |screen| {
            !screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste()
        });
        let after = tcgetattr(self.pty.as_fd()).unwrap();
        assert_eq!(self.before.local_modes, after.local_modes);
        assert_eq!(self.before.input_modes, after.input_modes);
        assert_eq!(self.before.output_modes, after.output_modes);
        assert_eq!(self.before.control_modes, after.control_modes);
    }

    /// Waits for the end of the program, asserts that it left a clean terminal, and returns its code.
    pub(crate) fn end(mut self) -> Option<i32> {
        let code = wait(&mut self.child);
        self.assert_clean();
        code
    }
}

fn cells(count: u16) -> NonZero<u16> {
    NonZero::new(count).unwrap()
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It has ended already, but where the test has failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
