//! The history's thread: the only one that touches its file.
//!
//! It is not the writer thread's work: SQLite waits for another service's lock, a network home or a query over a year,
//! and a choice must not wait behind that. It sleeps until it is sent something, decides nothing, and nobody waits for
//! it but who asked.

use std::{
    collections::HashMap,
    io,
    path::PathBuf,
    sync::mpsc::{self, Receiver, Sender},
    thread,
    time::Duration,
};

use headroom_api::{
    CalibratedBy, CatchRow, Error, ExposureRow, HistoryRow, MAX_HISTORY_ROWS, Result,
};
use headroom_history::{Dose, Exposure, News, Store, StoreError};
use tokio::sync::{mpsc::UnboundedSender, oneshot};
use tracing::warn;

use crate::clock::wall_usec;

/// The way to the thread.
#[derive(Debug)]
pub struct Historian {
    jobs: Sender<Job>,
    ended: Receiver<()>,
}

/// By device, how many dB(A) 0 dBFS has at the ear, and how that is known.
pub type Calibrations = HashMap<String, (f64, Option<CalibratedBy>)>;

/// What the thread tells unasked.
#[derive(Debug)]
pub enum Told {
    /// Something was caught, and it is in the file or could not be written there.
    Caught(CatchRow),
    /// The dose of the last seven days, as it was asked for.
    Dose(Dose),
    /// A device is louder than is told of more than once in a while.
    Level {
        /// Its `node.name`.
        device: String,
        /// In dB(A).
        level_dba: f64,
    },
}

#[derive(Debug)]
enum Job {
    Keep(News),
    WarnOfDose(Calibrations),
    WarnOfLevel {
        device: String,
        level_dba: f64,
    },
    Catches {
        since_usec: u64,
        limit: usize,
        reply: oneshot::Sender<Result<Vec<CatchRow>>>,
    },
    History {
        range_usec: (u64, u64),
        step_usec: u64,
        reply: oneshot::Sender<Result<Vec<HistoryRow>>>,
    },
    Exposure {
        range_usec: (u64, u64),
        step_usec: u64,
        calibrations: Calibrations,
        reply: oneshot::Sender<Result<Vec<ExposureRow>>>,
    },
    Clear(oneshot::Sender<Result<()>>),
    End,
}

impl Historian {
    /// Starts the thread, which tells by `told`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn spawn(file: PathBuf, told: UnboundedSender<Told>) -> io::Result<Self> {
        let (jobs, inbox) = mpsc::channel();
        let (end, ended) = mpsc::channel();
        thread::Builder::new().name("headroom-histor".into()).spawn(move || {
            run(&inbox, Store::new(file), &told);
            let _ = end.send(());
        })?;
        Ok(Self { jobs, ended })
    }

    /// Has news kept.
    pub fn keep(&self, news: News) {
        if !news.is_empty() {
            self.send(Job::Keep(news));
        }
    }

    /// Has the dose of the last seven days judged, and told.
    pub fn warn_of_dose(&self, calibrations: Calibrations) {
        self.send(Job::WarnOfDose(calibrations));
    }

    /// Has a level of a device in dB(A) told, unless one was a short time ago.
    pub fn warn_of_level(&self, device: String, level_dba: f64) {
        self.send(Job::WarnOfLevel { device, level_dba });
    }

    /// Answers with what was caught since a time, the newest first.
    pub fn catches(
        &self,
        since_usec: u64,
        limit: usize,
        reply: oneshot::Sender<Result<Vec<CatchRow>>>,
    ) {
        self.send(Job::Catches { since_usec, limit, reply });
    }

    /// Answers with what was played in a time, by steps.
    pub fn history(
        &self,
        range_usec: (u64, u64),
        step_usec: u64,
        reply: oneshot::Sender<Result<Vec<HistoryRow>>>,
    ) {
        self.send(Job::History { range_usec, step_usec, reply });
    }

    /// Answers with how much sound reached devices in a time, by steps; with a dose where a device is calibrated.
    pub fn exposure(
        &self,
        range_usec: (u64, u64),
        step_usec: u64,
        calibrations: Calibrations,
        reply: oneshot::Sender<Result<Vec<ExposureRow>>>,
    ) {
        self.send(Job::Exposure { range_usec, step_usec, calibrations, reply });
    }

    /// Forgets everything, and answers when that is done.
    pub fn clear(&self, reply: oneshot::Sender<Result<()>>) {
        self.send(Job::Clear(reply));
    }

    /// Has it write what is left and end; returns whether it did within this time.
    pub fn finish(self, patience: Duration) -> bool {
        self.send(Job::End);
        self.ended.recv_timeout(patience).is_ok()
    }

    fn send(&self, job: Job) {
        // After the thread's end nobody is answered: who asked is told that the service is ending.
        let _ = self.jobs.send(job);
    }
}

/// The life of the thread.
fn run(inbox: &Receiver<Job>, mut store: Store, told: &UnboundedSender<Told>) {
    while let Ok(job) = inbox.recv() {
        match job {
            Job::Keep(news) => {
                let catches = news.catches.clone();
                if let Err(error) = store.keep(news, wall_usec()) {
                    warn!(%error, "what was caught is not written; it is tried again with the next");
                }
                for row in catches {
                    let _ = told.send(Told::Caught(row));
                }
            }
            Job::WarnOfDose(calibrations) => {
                let calibration_db = |device: &str| calibrations.get(device).map(|(db, _)| *db);
                match store.warn_of_dose(calibration_db, wall_usec()) {
                    Ok(dose) => drop(told.send(Told::Dose(dose))),
                    Err(error) => warn!(%error, "nobody is warned of a dose"),
                }
            }
            Job::WarnOfLevel { device, level_dba } => match store.warn_of_level(wall_usec()) {
                Ok(true) => drop(told.send(Told::Level { device, level_dba })),
                Ok(false) => {}
                Err(error) => warn!(%error, "nobody is warned of a level"),
            },
            Job::Catches { since_usec, limit, reply } => {
                let _ = reply.send(store.catches(since_usec, limit).map_err(failed));
            }
            Job::History { range_usec, step_usec, reply } => {
                let rows = store.history(range_usec, step_usec, MAX_HISTORY_ROWS + 1);
                let _ = reply.send(rows.map_err(failed).and_then(few_enough));
            }
            Job::Exposure { range_usec, step_usec, calibrations, reply } => {
                let rows = store.exposure(range_usec, step_usec, MAX_HISTORY_ROWS + 1);
                let row = |step: Exposure| {
                    let passed_usec = step.number.saturating_mul(step_usec);
                    let begin_usec = range_usec.0.saturating_add(passed_usec);
                    let calibration = calibrations.get(&step.device).copied();
                    exposure_row(step, begin_usec, calibration)
                };
                let rows = rows.map(|rows| rows.into_iter().map(row).collect());
                let _ = reply.send(rows.map_err(failed).and_then(few_enough));
            }
            Job::Clear(reply) => drop(reply.send(store.clear().map_err(failed))),
            Job::End => break,
        }
    }
}

fn exposure_row(
    step: Exposure,
    begin_usec: u64,
    calibration: Option<(f64, Option<CalibratedBy>)>,
) -> ExposureRow {
    ExposureRow {
        begin_usec,
        played_s: step.played_s,
        level_dbfs: step.level_dbfs(),
        level_dba: calibration.map(|(db, _)| step.level_dbfs() + db),
        dose: calibration.map(|(db, _)| step.dose(db)),
        calibrated_by: calibration.and_then(|(_, by)| by).map(Into::into),
        device: step.device,
    }
}

fn few_enough<T>(rows: Vec<T>) -> Result<Vec<T>> {
    if rows.len() <= MAX_HISTORY_ROWS {
        return Ok(rows);
    }
    Err(Error::LimitExceeded(format!(
        "that is more than {MAX_HISTORY_ROWS} rows: ask for longer steps or a shorter time"
    )))
}

#[allow(clippy::needless_pass_by_value, reason = "it stands where a value comes")]
fn failed(error: StoreError) -> Error {
    Error::Failed(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_mins(1);

    #[test]
    fn catch_is_told_when_it_is_written_and_can_be_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("history.sqlite");
        let (told, mut caught) = tokio::sync::mpsc::unbounded_channel();
        let historian = Historian::spawn(file.clone(), told).unwrap();
        let row = CatchRow { begin_usec: wall_usec(), app: "mpv".into(), ..CatchRow::default() };
        historian.keep(News { catches: vec![row], ..News::default() });
        let told = caught.blocking_recv();
        assert!(matches!(&told, Some(Told::Caught(row)) if row.app == "mpv"), "{told:?}");
        assert_eq!(Store::new(file).catches(0, 9).unwrap().len(), 1);
        let (reply, answer) = oneshot::channel();
        historian.clear(reply);
        answer.blocking_recv().unwrap().unwrap();
        let (reply, answer) = oneshot::channel();
        historian.catches(0, 9, reply);
        assert_eq!(answer.blocking_recv().unwrap().unwrap(), []);
        assert!(historian.finish(PATIENCE));
    }

    #[test]
    fn file_that_cannot_be_made_is_an_error_for_who_asks() {
        let folder = tempfile::tempdir().unwrap();
        let blocker = folder.path().join("file");
        std::fs::write(&blocker, "").unwrap();
        let (told, mut caught) = tokio::sync::mpsc::unbounded_channel();
        let historian = Historian::spawn(blocker.join("history.sqlite"), told).unwrap();
        historian.keep(News { catches: vec![CatchRow::default()], ..News::default() });
        assert!(caught.blocking_recv().is_some(), "what was caught was caught");
        assert!(historian.finish(PATIENCE));
    }
}
