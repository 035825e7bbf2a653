//! The terminal: taken over as a whole, and given back as it was on every way out.
//!
//! [`Screen`] gives it back when it is dropped, and a panic gives it back before its message is printed.
//! Only `SIGKILL` cannot be helped.

use std::{
    io::{self, BufWriter, IsTerminal as _, Stdout, Write as _},
    sync::{
        Once,
        atomic::{AtomicBool, Ordering},
    },
};

use crossterm::{
    cursor::Show,
    event::{DisableBracketedPaste, EnableBracketedPaste},
    execute,
    terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode},
};
use ratatui::{
    Terminal,
    backend::CrosstermBackend,
    layout::{Rect, Size},
};
use rustix::process::{Signal, kill_current_process_group};

use super::{
    model::Model,
    view::{self, Room},
};
use crate::failure::Failure;

/// Bytes that a whole screen may take, so that it is written in one go.
const SCREEN_BYTES: usize = 64 * 1024;

/// Whether the terminal is ours now: whoever gives it back must do so once.
static IS_TAKEN: AtomicBool = AtomicBool::new(false);

/// The whole terminal.
pub(crate) struct Screen {
    terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
    colour: bool,
}

impl Screen {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// `Usage` when there is no terminal that could be drawn on.
    pub(crate) fn take() -> Result<Self, Failure> {
        require_terminal()?;
        restore_on_panic();
        let writer = BufWriter::with_capacity(SCREEN_BYTES, io::stdout());
        let terminal = Terminal::new(CrosstermBackend::new(writer))?;
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let mut screen = Self { terminal, colour: !no_colour };
        screen.enter()?;
        Ok(screen)
    }

    /// Draws the model as it is.
    pub(crate) fn draw(&mut self, model: &Model) -> io::Result<()> {
        let colour = self.colour;
        self.terminal.draw(|frame| view::draw(model, colour, frame.buffer_mut()))?;
        Ok(())
    }

    /// Returns what the screen has room for now.
    pub(crate) fn room(&self, model: &Model) -> Room {
        view::room(model, self.terminal.size().unwrap_or(Size::new(0, 0)))
    }

    /// Takes the terminal again, after somebody else may have changed it.
    pub(crate) fn retake(&mut self) -> io::Result<()> {
        give_back();
        self.enter()
    }

    /// Gives the terminal back and stops, as any job does; returns after it goes on.
    ///
    /// Where nobody could let it go on, it does not stop.
    pub(crate) fn suspend(&mut self) -> io::Result<()> {
        if !has_job_control() {
            return Ok(());
        }
        give_back();
        // The terminal's own key would stop the whole job, so this does.
        kill_current_process_group(Signal::STOP)?;
        self.enter()
    }

    fn enter(&mut self) -> io::Result<()> {
        // Only to a terminal that is not ours to write to does this fail, and then the job is stopped
        // instead, until it is in the foreground.
        enable_raw_mode()?;
        IS_TAKEN.store(true, Ordering::SeqCst);
        execute!(self.terminal.backend_mut(), EnterAlternateScreen, EnableBracketedPaste)?;
        self.terminal.hide_cursor()?;
        // Clears, and draws everything anew; `clear` would ask the terminal where its cursor is and
        // wait for an answer that not every terminal gives.
        let size = self.terminal.size()?;
        self.terminal.resize(Rect::new(0, 0, size.width, size.height))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// Gives the terminal back as it was, if it is taken.
fn give_back() {
    if !IS_TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    // A terminal that is gone has nothing to be restored.
    let mut stdout = io::stdout();
    let _ = execute!(stdout, DisableBracketedPaste, LeaveAlternateScreen, Show);
    let _ = stdout.flush();
    let _ = disable_raw_mode();
}

/// Makes a panic give the terminal back before it prints its message.
fn restore_on_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            give_back();
            usual(panic);
        }));
    });
}

/// Returns whether somebody could let a stopped job go on: the kernel's rule against orphaned groups.
fn has_job_control() -> bool {
    // Read, not asked for: in a container it may be 0, which a call that returns a process has no name for.
    let Some([_, group, _]) = process_facts(std::process::id().cast_signed()) else { return false };
    let Some([parent, _, session]) = process_facts(group) else { return false };
    let Some([_, parents_group, parents_session]) = process_facts(parent) else { return false };
    session == parents_session && group != parents_group
}

/// Returns parent, group and session of a process.
fn process_facts(id: i32) -> Option<[i32; 3]> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name of the program, in parentheses, may hold anything.
    let (_, facts) = stat.rsplit_once(')')?;
    let mut numbers = facts.split_whitespace().skip(1).map(str::parse);
    Some([numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?])
}

/// Returns whether there is a terminal that could be drawn on.
///
/// # Errors
/// `Usage`, with what to do instead.
pub(crate) fn require_terminal() -> Result<(), Failure> {
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    if io::stdout().is_terminal() && !is_dumb {
        return Ok(());
    }
    Err(Failure::Usage(
        "The monitor needs a terminal; for a program that reads on, use --json or --waybar."
            .to_owned(),
    ))
}

#[cfg(test)]
mod tests {
    use std::{io::Read as _, os::fd::AsFd as _};

    use pty_process::blocking::{Command, open};
    use rustix::termios::tcgetattr;

    use super::*;

    /// Tells the test's child what it is.
    const IS_CHILD: &str = "HEADROOM_TEST_TERMINAL_CHILD";

    #[test]
    fn a_panic_gives_the_terminal_back_before_its_message() {
        if std::env::var_os(IS_CHILD).is_some() {
            let mut screen = Screen::take().unwrap();
            screen.draw(&Model::default()).unwrap();
            panic!("words after the end");
        }
        let (mut pty, pts) = open().unwrap();
        pty.resize(pty_process::Size::new(24, 80)).unwrap();
        let before = tcgetattr(pty.as_fd()).unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture"])
            .arg("monitor::terminal::tests::a_panic_gives_the_terminal_back_before_its_message")
            .env(IS_CHILD, "1")
            .env("TERM", "xterm")
            .spawn(pts)
            .unwrap();
        let mut output = Vec::new();
        let mut chunk = [0; 4096];
        // The end of the child is an error on this side of a terminal.
        while let Ok(count @ 1..) = pty.read(&mut chunk) {
            output.extend_from_slice(&chunk[..count]);
        }
        assert!(!child.wait().unwrap().success());
        let output = String::from_utf8_lossy(&output);
        let taken = output.find("\u{1b}[?1049h").expect("the alternate screen is entered");
        let left = output.rfind("\u{1b}[?1049l").expect("the alternate screen is left");
        let shown = output.find("\u{1b}[?25h").expect("the cursor is shown");
        let message = output.find("words after the end").expect("the message is printed");
        assert!(taken < left && left < message && shown < message, "{output}");
        let after = tcgetattr(pty.as_fd()).unwrap();
        assert_eq!(before.local_modes, after.local_modes);
        assert_eq!(before.input_modes, after.input_modes);
        assert_eq!(before.output_modes, after.output_modes);
    }

    #[test]
    fn a_process_is_found_with_its_group_and_session() {
        let own = std::process::id().cast_signed();
        // A container may have neither the leader of this group nor that of its session: they are 0 then.
        let [parent, ..] = process_facts(own).unwrap();
        assert_eq!(parent.cast_unsigned(), std::os::unix::process::parent_id());
        let (_pty, pts) = open().unwrap();
        let mut child = Command::new("sleep").arg("60").spawn(pts).unwrap();
        let id = child.id().cast_signed();
        let facts = process_facts(id);
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(facts, Some([own, id, id]));
        assert_eq!(process_facts(0), None);
    }
}
