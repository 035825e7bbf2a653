//! How much sound reaches devices: listened to while something plays and somebody wants to know.
//!
//! The readings are taken with those of the history, once a second, and wait with them to be kept.

use std::collections::{BTreeSet, HashMap};

use headroom_api::ExposureRow;
use headroom_history::Heard;
use tracing::info;

use super::{
    Daemon,
    devices::described,
    notice::{Notice, Warning},
};
use crate::{
    clock::wall_usec,
    control::Reply,
    historian::{Calibrations, Told},
    pw::{Tap, TapKind},
    rt::{ExposureReader, ExposureReading},
    state::{GlobalId, Graph, StreamStatus},
};

/// Says of a device that its monitor has its volume in it already.
const MONITOR_HAS_VOLUME_KEY: &str = "monitor.channel-volumes";

/// What listens.
#[derive(Debug, Default)]
pub(super) struct Exposures {
    /// The devices that are listened to, with their names.
    taps: Vec<(Tap, String)>,
    readers: HashMap<GlobalId, ExposureReader>,
    /// The notifications of a dose and of a level, as long as nobody shows them.
    dose_notice: Option<Notice>,
    level_notice: Option<Notice>,
}

impl Exposures {
    /// Takes in that a tap was made.
    pub(super) fn add(&mut self, node: GlobalId, reader: ExposureReader) {
        if self.taps.iter().any(|(tap, _)| tap.node == node) {
            self.readers.insert(node, reader);
        }
    }

    /// Forgets what listens: PipeWire is gone, and it with it.
    pub(super) fn forget_taps(&mut self) {
        self.taps.clear();
        self.readers.clear();
    }

    /// Says whether any device is listened to.
    pub(super) fn is_counting(&self) -> bool {
        !self.taps.is_empty()
    }

    /// Returns the taps that are needed.
    pub(super) fn taps(&self) -> impl Iterator<Item = Tap> {
        self.taps.iter().map(|(tap, _)| *tap)
    }

    /// Takes what each device was heard to play since the last time.
    fn readings(&mut self) -> impl Iterator<Item = (&str, ExposureReading)> {
        self.taps.iter().filter_map(|(tap, name)| {
            let reading = self.readers.get_mut(&tap.node)?.take()?;
            Some((name.as_str(), reading))
        })
    }
}

impl Daemon {
    /// Finds every device that something plays to, where it is wanted that these are listened to; returns whether others
    /// are to be tapped than before.
    pub(super) fn follow_exposure(&mut self, streams: &[StreamStatus]) -> bool {
        let wanted = self.remembered.exposure;
        let is_warned = wanted && self.remembered.exposure_warnings;
        let calibrations = if is_warned { self.calibrations() } else { Calibrations::new() };
        self.history.warn_by(calibrations);
        if !is_warned {
            (self.exposures.dose_notice, self.exposures.level_notice) = (None, None);
        }
        let playing = streams.iter().filter(|stream| wanted && stream.playing);
        let names: BTreeSet<&str> = playing.map(|stream| stream.device.as_str()).collect();
        let taps: Vec<_> = names.into_iter().filter_map(|name| tap(&self.graph, name)).collect();
        if taps == self.exposures.taps {
            return false;
        }
        // Before those that go are gone.
        self.count_exposure();
        let Exposures { taps: known, readers, .. } = &mut self.exposures;
        readers.retain(|node, _| taps.iter().any(|(tap, _)| tap.node == *node));
        *known = taps;
        true
    }

    /// Takes in what has reached devices since the last time.
    pub(super) fn count_exposure(&mut self) {
        let now_usec = wall_usec();
        for (device, reading) in self.exposures.readings() {
            let ExposureReading { mean_square, played_s } = reading;
            let volume_db = volume_behind_db(&self.graph, device);
            self.history.hear(&Heard { device, mean_square, played_s, volume_db }, now_usec);
        }
    }

    /// Answers with how much sound reached devices, that of now among it.
    pub(super) fn tell_exposure(
        &mut self,
        range_usec: (u64, u64),
        step_usec: u64,
        reply: Reply<Vec<ExposureRow>>,
    ) {
        self.count_exposure();
        let calibrations = self.calibrations();
        self.history.exposure(range_usec, step_usec, calibrations, reply);
    }

    fn calibrations(&self) -> Calibrations {
        let settings = self.remembered.devices.iter();
        settings.filter_map(|(name, it)| Some((name.to_owned(), it.calibration()?))).collect()
    }

    /// Takes in what the history's thread tells.
    pub(super) async fn take_told(&mut self, told: Told) {
        match told {
            Told::Caught(row) => self.tell_of_catch(row).await,
            Told::Dose(dose) => {
                self.history.take_dose(dose);
                if dose.is_new
                    && let Some(notice) = self.warn(&Warning::Dose { hundreds: dose.told })
                {
                    self.exposures.dose_notice = Some(notice);
                }
            }
            Told::Level { device, level_dba } => {
                let device = described(&self.graph, &device);
                if let Some(notice) = self.warn(&Warning::Level { device, level_dba }) {
                    self.exposures.level_notice = Some(notice);
                }
            }
        }
    }

    /// Shows a warning, unless warnings have been turned off since it was judged.
    fn warn(&self, warning: &Warning) -> Option<Notice> {
        let is_wanted = self.remembered.exposure && self.remembered.exposure_warnings;
        info!(?warning, is_wanted, "exposure is warned of");
        is_wanted.then(|| Notice::warning(&self.connection, warning))
    }
}

fn tap(graph: &Graph, device: &str) -> Option<(Tap, String)> {
    let (node, _) = graph.device_named(device)?;
    let channels = u32::try_from(graph.input_ports(node)).ok().filter(|channels| *channels > 0)?;
    Some((Tap { kind: TapKind::Exposure, node, channels }, device.to_owned()))
}

/// Returns the volume that a device has behind its monitor, that of its loudest channel, in dB.
fn volume_behind_db(graph: &Graph, device: &str) -> f64 {
    let has_it = graph.device_named(device).is_some_and(|(_, node)| {
        node.props.get(MONITOR_HAS_VOLUME_KEY).is_some_and(|value| value == "true")
    });
    if has_it { 0.0 } else { graph.device_volume_db(device).into() }
}
