//! Output by lines: for programs that read on, until they or the user have enough.

use std::{
    convert::Infallible,
    io::{self, Write as _},
    pin::pin,
    process::ExitCode,
};

use rustix::event::{PollFd, PollFlags, poll};
use serde_json::Value;
use tokio::{
    select,
    signal::unix::{SignalKind, signal},
    sync::oneshot,
};

use crate::failure::Failure;

/// Writes one line and flushes it.
pub(crate) fn emit(value: &Value) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{value}")?;
    stdout.flush()
}

/// Runs until the work fails; the reader's leaving and the user's interrupt are a good end.
///
/// # Errors
/// Those of the work.
pub(crate) async fn until_reader_or_user_ends(
    work: impl Future<Output = Result<Infallible, Failure>>,
) -> Result<ExitCode, Failure> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let reader_gone = watch_reader();
    select! {
        outcome = work => match outcome? {},
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        () = reader_gone => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// Waits until whoever reads standard output is gone, also while there is nothing to write.
///
/// Asking for no events still reports an error or a hang-up. Files never hang up: then this waits for
/// good. The thread ends with the process.
async fn watch_reader() {
    let (gone, reader) = oneshot::channel::<()>();
    let watcher = std::thread::Builder::new().name("reader".to_owned()).spawn(move || {
        let stdout = io::stdout();
        loop {
            match poll(&mut [PollFd::new(&stdout, PollFlags::empty())], None) {
                Ok(_) => break,
                Err(error) if error == rustix::io::Errno::INTR => {}
                Err(_) => return std::thread::park(),
            }
        }
        // The receiver is gone when the command ended first.
        let _ = gone.send(());
    });
    let reader = pin!(reader);
    if watcher.is_err() || reader.await.is_err() {
        std::future::pending::<()>().await;
    }
}
