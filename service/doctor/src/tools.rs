//! Runs the machine's own tools, each with a deadline.

use std::process::Stdio;

use tokio::process::Command;

use headroom_client::link::CALL_TIMEOUT;

/// What came of running a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It ended well, and printed this.
    Printed(String),
    /// It is not there, or ended with an error.
    Failed,
    /// It did not end within [`CALL_TIMEOUT`], and was ended.
    Hung,
}

/// Runs a tool to its end, or to the deadline's.
pub(super) async fn attempt(program: &str, arguments: &[&str]) -> Outcome {
    let child = Command::new(program)
        .args(arguments)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    match tokio::time::timeout(CALL_TIMEOUT, child).await {
        Ok(Ok(output)) if output.status.success() => {
            Outcome::Printed(String::from_utf8_lossy(&output.stdout).into_owned())
        }
        Ok(_) => Outcome::Failed,
        Err(_) => Outcome::Hung,
    }
}

/// Runs a tool and returns what it printed, or `None` when it is missing, fails or hangs.
pub(super) async fn run(program: &str, arguments: &[&str]) -> Option<String> {
    match attempt(program, arguments).await {
        Outcome::Printed(text) => Some(text),
        Outcome::Failed | Outcome::Hung => None,
    }
}

/// Returns whether a tool is on the path.
pub(super) fn is_installed(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
    })
}
