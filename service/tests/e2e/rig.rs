//! A private session with the service in it, and what the tests ask of both.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use headroom_api::{ControlProxy, Dict, ProblemRow, dict_str, dict_u64, names};
use headroom_testkit::{
    meter,
    programs::program,
    session::{Device, Graph, Passage, Player, Process, Recording, Session, guardian_of, wait_for},
    signals::{self, Signal, corpus},
};

/// How long a state may take to come about, on a machine that is busy.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);
/// The ceiling that the default profile promises, and what the meter may read beyond it.
pub(crate) const CEILING_DBTP: f64 = -0.1;
pub(crate) const TOLERANCE_DB: f64 = 0.01;
/// Device that every session has unless it is built otherwise.
pub(crate) const DEVICE: &str = "device";

/// The service's binary, as cargo has built it.
pub(crate) fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_headroom-service"))
}

/// Says whether programs that only a few tests need are installed; prints that nothing is checked where one is not.
pub(crate) fn are_installed(programs: &[&str]) -> bool {
    let folders: Vec<PathBuf> =
        std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect();
    let is_absent = |name: &&&str| !folders.iter().any(|folder| folder.join(name).is_file());
    let absent: Vec<_> = programs.iter().filter(is_absent).collect();
    if !absent.is_empty() {
        println!("NOT CHECKED: not installed: {absent:?}");
    }
    absent.is_empty()
}

/// The command line's binary, built anew if it is not of today.
pub(crate) fn command_line() -> &'static Path {
    program("headroom")
}

/// Returns the id of the thread of this name, or of one whose name starts with it.
pub(crate) fn thread_of(pid: u32, name: &str) -> u32 {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    tasks
        .flatten()
        .find(|task| {
            std::fs::read_to_string(task.path().join("comm"))
                .is_ok_and(|known| known.starts_with(name))
        })
        .and_then(|task| task.file_name().to_string_lossy().parse().ok())
        .unwrap_or_else(|| panic!("no thread '{name}' runs in {pid}"))
}

/// Measures a time until one is within a limit, a few times at most, and returns that.
///
/// What we cost is there each time; what a busy machine keeps from everybody is not.
pub(crate) fn shortest(
    what: &str,
    limit: Duration,
    mut measure: impl FnMut() -> Duration,
) -> Duration {
    const TRIES: usize = 4;
    let mut times = Vec::new();
    while times.len() < TRIES {
        let time = measure();
        println!("{what}: {:.1} ms", time.as_secs_f64() * 1000.0);
        if time <= limit {
            return time;
        }
        times.push(time);
    }
    panic!("{what}: {times:?}, each above {limit:?}");
}

pub(crate) struct Rig {
    pub(crate) service: Process,
    pub(crate) session: Session,
    runtime: tokio::runtime::Runtime,
    connection: zbus::Connection,
}

impl Rig {
    /// A session with one stereo device, and the service running in it.
    pub(crate) fn start() -> Self {
        Self::in_session(Session::start().unwrap())
    }

    /// The service in this session; returns when it protects.
    pub(crate) fn in_session(session: Session) -> Self {
        let rig = Self::unready(session);
        rig.wait_state("running");
        rig.wait_in_place();
        rig
    }

    /// The service in this session; returns when it has its name.
    pub(crate) fn unready(session: Session) -> Self {
        let mut command = session.command(binary());
        if let Some(folder) = std::env::var_os("HEADROOM_RECORDINGS") {
            static NUMBER: AtomicU32 = AtomicU32::new(0);
            let test = std::thread::current().name().unwrap_or("test").replace("::", "-");
            let name = format!("{test}-{}.jsonl", NUMBER.fetch_add(1, Ordering::Relaxed));
            command.arg("--record").arg(Path::new(&folder).join(name));
        }
        Self::commanded(session, &command)
    }

    /// The service in this session, started in this way; returns when it has its name.
    pub(crate) fn commanded(session: Session, command: &Command) -> Self {
        let service = session.spawn(command, names::SERVICE_BINARY).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let address = session.bus_address();
        let connection = runtime
            .block_on(async { zbus::connection::Builder::address(address.as_str()).build().await })
            .unwrap();
        let rig = Self { service, session, runtime, connection };
        rig.wait_owned();
        rig
    }

    /// A session with the service, running without its guardian.
    pub(crate) fn unguarded() -> Self {
        let session = Session::start().unwrap();
        let mut command = session.command(binary());
        command.arg("--no-guardian");
        let rig = Self::commanded(session, &command);
        rig.wait_state("running");
        rig
    }

    /// Two sessions of one person, whose services share what they remember.
    pub(crate) fn two_of_one_home(state_home: &Path) -> [Self; 2] {
        let rigs = [(); 2].map(|()| {
            let session = Session::start().unwrap();
            let mut command = session.command(binary());
            command.env("XDG_STATE_HOME", state_home);
            Self::commanded(session, &command)
        });
        for rig in &rigs {
            rig.wait_state("running");
        }
        rigs
    }

    /// Leaves everything to the limiter: no leveller makes hostile material tame before it.
    pub(crate) fn limit_only(&self) {
        self.block(self.control().set_active_profile("transparent")).unwrap();
    }

    /// Starts the service anew, after it has ended.
    pub(crate) fn restart(&mut self) {
        self.service = self.session.spawn_service(binary()).unwrap();
        self.wait_owned();
        self.wait_state("running");
        self.wait_in_place();
    }

    /// Starts the service anew, after it has ended; returns when it has its name.
    pub(crate) fn revive(&mut self) {
        self.service = self.session.spawn_service(binary()).unwrap();
        self.wait_owned();
    }

    /// Has unclean ends count no more, as if they had been a minute ago; while the service does not run.
    pub(crate) fn forget_failures(&self) {
        let runs = self.session.runtime_dir().join(names::DIRECTORY).join("run.toml");
        std::fs::remove_file(runs).unwrap();
    }

    /// Returns how many unclean ends count.
    pub(crate) fn failures(&self) -> u32 {
        let health = self.block(self.control().health()).unwrap();
        headroom_api::dict_u32(&health, "failures").unwrap()
    }

    /// Runs the command line in the session; returns all that it printed, whatever its exit code.
    pub(crate) fn headroom(&self, arguments: &[&str]) -> String {
        let mut command = self.session.command(command_line());
        let output = command.args(arguments).output().unwrap();
        [output.stdout, output.stderr]
            .map(|text| String::from_utf8_lossy(&text).into_owned())
            .concat()
    }

    pub(crate) fn block<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(async {
            tokio::time::timeout(PATIENCE, future).await.expect("the bus answered in time")
        })
    }

    pub(crate) fn connection(&self) -> &zbus::Connection {
        &self.connection
    }

    pub(crate) fn control(&self) -> ControlProxy<'static> {
        self.block(async {
            // Without a cache: a test wants what is true now.
            ControlProxy::builder(&self.connection)
                .cache_properties(zbus::proxy::CacheProperties::No)
                .build()
                .await
                .unwrap()
        })
    }

    pub(crate) fn wait_owned(&self) {
        let bus = self.block(zbus::fdo::DBusProxy::new(&self.connection)).unwrap();
        wait_for("the service's name", PATIENCE, || {
            let owned = self.block(bus.name_has_owner(names::BUS_NAME.try_into().unwrap()));
            owned.unwrap_or(false).then_some(())
        })
        .unwrap();
    }

    pub(crate) fn state(&self) -> String {
        self.block(self.control().state()).unwrap()
    }

    /// Returns where it remembers what was chosen.
    pub(crate) fn state_file(&self) -> PathBuf {
        self.session.state_home().join("headroom/state.toml")
    }

    /// Returns what is remembered on the disk.
    pub(crate) fn kept(&self) -> String {
        std::fs::read_to_string(self.state_file()).unwrap_or_default()
    }

    pub(crate) fn wait_state(&self, state: &str) {
        wait_for(&format!("the state '{state}'"), PATIENCE, || {
            (self.state() == state).then_some(())
        })
        .unwrap();
    }

    /// Waits until the pair is in the graph and leads to a device.
    pub(crate) fn wait_in_place(&self) {
        self.session
            .wait_for_graph("the filter in its place", PATIENCE, |graph| {
                let output = graph.node(names::OUTPUT_NODE)?;
                graph.node(names::SINK_NODE)?;
                (!graph.targets(output.id).is_empty()).then_some(())
            })
            .unwrap();
    }

    /// Returns the codes of what is wrong; whether real-time priority can be had is the machine's
    /// business.
    pub(crate) fn problems(&self) -> Vec<String> {
        let codes = self.problem_rows().into_iter().map(|row| row.code);
        codes.filter(|code| code != "realtime-priority").collect()
    }

    /// Returns what is wrong, in full.
    pub(crate) fn problem_rows(&self) -> Vec<ProblemRow> {
        let rows = self.block(self.control().problems()).unwrap();
        rows.iter().map(ProblemRow::from_dict).collect()
    }

    pub(crate) fn streams(&self) -> Vec<Dict> {
        self.block(self.control().streams()).unwrap()
    }

    pub(crate) fn stream(&self, player: &Player) -> Option<Dict> {
        self.streams().into_iter().find(|stream| dict_u64(stream, "id") == Some(player.serial()))
    }

    /// Waits until the service shows a route for this player's stream; returns the stream.
    pub(crate) fn wait_route(&self, player: &Player, route: &str) -> Dict {
        wait_for(&format!("the route '{route}'"), PATIENCE, || {
            self.stream(player).filter(|stream| dict_str(stream, "route") == Some(route))
        })
        .unwrap_or_else(|error| panic!("{error}: {:?}", self.stream(player)))
    }

    /// Waits until a player is linked to a node and to nothing else.
    pub(crate) fn wait_linked(&self, player: &Player, target: &str) {
        self.session
            .wait_for_graph(&format!("a link to '{target}'"), PATIENCE, |graph| {
                (players_targets(graph, player.node_id()) == [target]).then_some(())
            })
            .unwrap_or_else(|error| panic!("{error:?}; targets {:?}", self.targets()));
    }

    /// Plays material as `app` once it is linked to `target` alone; returns what the device got.
    pub(crate) fn pass(&self, app: &str, target: &str, material: &[Vec<f32>]) -> Passage {
        let positions = headroom_testkit::layout::usual_layout(material.len());
        self.session
            .pass_when(
                DEVICE,
                material,
                |player| player.app(app).positions(&positions),
                |graph, player| players_targets(graph, player) == [target],
            )
            .unwrap()
    }

    /// Returns everything that stands in the `default` metadata about streams.
    pub(crate) fn targets(&self) -> HashMap<u32, String> {
        let graph = self.session.dump().unwrap();
        graph
            .metadata
            .iter()
            .filter(|entry| entry.metadata == "default" && entry.key == "target.object")
            .map(|entry| (entry.subject, entry.value.to_string()))
            .collect()
    }

    /// Returns the latency behind a port, in frames, as PipeWire tells its owner.
    pub(crate) fn port_latency(&self, port: u32) -> Option<i64> {
        // All of it: asked for one id, pw-dump also tells what merely mentions the number.
        let dump = self.session.dump_json().ok()?;
        let objects: Vec<serde_json::Value> = serde_json::from_str(&dump).ok()?;
        let object = objects.iter().find(|object| object["id"] == port)?;
        let params = object.pointer("/info/params/Latency")?.as_array()?;
        let behind = params.iter().find(|param| param["direction"] == "Input")?;
        behind.get("minRate")?.as_i64()
    }

    /// Waits until nothing of the service is left in the graph.
    pub(crate) fn wait_left(&self) {
        self.session
            .wait_for_graph("a clean graph", PATIENCE, |graph| {
                let nodes = graph.nodes.iter().all(|node| !node.name.starts_with("headroom"));
                let targets = graph.metadata.iter().all(|entry| entry.key != "target.object");
                (nodes && targets).then_some(())
            })
            .unwrap();
    }

    /// Returns the process of the guardian, if there is one.
    pub(crate) fn guardian(&self) -> Option<u32> {
        guardian_of(self.service.pid())
    }

    /// Waits until a guardian other than `before` is there.
    pub(crate) fn wait_guarded(&self, before: Option<u32>) -> u32 {
        wait_for("a guardian", PATIENCE, || self.guardian().filter(|id| Some(*id) != before))
            .unwrap()
    }

    pub(crate) fn health(&self, key: &str) -> u64 {
        dict_u64(&self.block(self.control().health()).unwrap(), key).unwrap()
    }

    pub(crate) fn published_latency_frames(&self) -> i64 {
        let output = self.block(self.control().output()).unwrap();
        i64::from(headroom_api::dict_u32(&output, "latency-frames").unwrap())
    }
}

/// Returns where a player's sound goes, taps of ours aside: they only listen.
///
/// The chain of its application counts as the bus that it leads to: what is said of the one holds for
/// the other.
fn players_targets(graph: &Graph, player: u32) -> Vec<&str> {
    let names = graph.target_names_behind(player, names::APP_NODE_PREFIX);
    names.into_iter().filter(|name| *name != names::TAP_NODE).collect()
}

/// A session with one device of this many channels.
pub(crate) fn session_with_channels(channels: usize) -> Session {
    Session::builder().device(Device::new(DEVICE).channels(channels)).start().unwrap()
}

/// Fades a recording's ends: cut in the middle of sound, the meter would read the cut.
pub(crate) fn faded(mut recording: Recording) -> Recording {
    const FADE_FRAMES: usize = 2_048;
    for channel in &mut recording.channels {
        let frames = channel.len();
        for n in 0..FADE_FRAMES.min(frames) {
            let gain = n as f32 / FADE_FRAMES as f32;
            channel[n] *= gain;
            channel[frames - 1 - n] *= gain;
        }
    }
    recording
}

/// Returns a channel in which nothing is cut: its ends, and what is beside silence, are faded over 32 frames.
///
/// A cycle that a busy machine loses is such a silence, and so is what comes before a channel's link. The meter reads up to
/// 1.1 dB more at a cut than any sample has, and no limiter can hold what others cut behind it; samples are held there too.
fn without_cuts(channel: &[f32]) -> Vec<f32> {
    const FADE_FRAMES: usize = 32;
    /// What sound does not have by chance.
    const SILENT_FRAMES: usize = 32;
    let frames = channel.len();
    let mut edges = vec![0, frames];
    let mut n = 0;
    while n < frames {
        let silent = channel[n..].iter().take_while(|sample| **sample == 0.0).count();
        if silent >= SILENT_FRAMES {
            edges.extend([n, n + silent]);
        }
        n += silent.max(1);
    }
    let mut channel = channel.to_vec();
    for edge in edges {
        let from = edge.saturating_sub(FADE_FRAMES);
        for (n, sample) in (from..frames.min(edge + FADE_FRAMES)).zip(&mut channel[from..]) {
            *sample *= n.abs_diff(edge) as f32 / FADE_FRAMES as f32;
        }
    }
    channel
}

/// Asserts the promise for everything in a recording.
pub(crate) fn assert_under_ceiling(recording: &Recording, what: &str) {
    let sample_peak = recording
        .channels
        .iter()
        .map(|channel| meter::sample_peak_dbfs(channel))
        .fold(f64::NEG_INFINITY, f64::max);
    assert!(
        sample_peak <= CEILING_DBTP + TOLERANCE_DB,
        "{what}: samples of {sample_peak:+.3} dBFS"
    );
    let channels: Vec<_> = recording.channels.iter().map(|it| without_cuts(it)).collect();
    let true_peak = meter::true_peak_dbtp_planar(&channels);
    assert!(
        true_peak <= CEILING_DBTP + TOLERANCE_DB,
        "{what}: the device got {true_peak:+.3} dBTP, more than {CEILING_DBTP}: {:?}",
        places_above_ceiling(recording)
    );
}

/// What is above the ceiling: where, how much, and what is around it.
#[derive(Debug)]
#[allow(dead_code, reason = "it is read by people, when a test fails")]
struct PlaceAboveCeiling {
    channel: usize,
    frame: usize,
    true_peak_dbtp: f64,
    sample_peak_dbfs: f64,
    /// A cycle that nobody delivered is silence.
    silent_frames: usize,
}

fn places_above_ceiling(recording: &Recording) -> Vec<PlaceAboveCeiling> {
    const PIECE_FRAMES: usize = 256;
    let mut places = Vec::new();
    for (channel, samples) in recording.channels.iter().enumerate() {
        for frame in (0..samples.len()).step_by(PIECE_FRAMES / 2) {
            let piece = &samples[frame..samples.len().min(frame + PIECE_FRAMES)];
            // In a window of its own: a cut is a click.
            let faded: Vec<f32> = (0..piece.len())
                .map(|n| piece[n] * ((n.min(piece.len() - 1 - n) as f32) / 32.0).min(1.0))
                .collect();
            let true_peak_dbtp = meter::true_peak_dbtp(&faded);
            if true_peak_dbtp > CEILING_DBTP + TOLERANCE_DB && places.len() < 8 {
                let sample_peak_dbfs = meter::sample_peak_dbfs(piece);
                let silent_frames = piece.iter().filter(|x| **x == 0.0).count();
                places.push(PlaceAboveCeiling {
                    channel,
                    frame,
                    true_peak_dbtp,
                    sample_peak_dbfs,
                    silent_frames,
                });
            }
        }
    }
    places
}

/// Returns the longest silence in half a second after each of these frames, as it usually is: a machine
/// that is busy for a moment drops a cycle, whatever is done.
pub(crate) fn usual_gap_frames(channels: &[Vec<f32>], moments: &[usize]) -> usize {
    const WITHIN_FRAMES: usize = 24_000;
    let gap = |at: &usize| meter::max_gap(channels, *at..at + WITHIN_FRAMES, 1e-5).frames;
    let mut gaps: Vec<_> = moments.iter().map(gap).collect();
    gaps.sort_unstable();
    gaps[gaps.len() / 2]
}

/// Asserts that a recording holds the material as it was played, every sample of it.
pub(crate) fn assert_bit_exact(material: &[Vec<f32>], recording: &Recording) {
    let delay = meter::delay_frames(&material[0], &recording.channels[0]).unwrap().frames;
    for (played, heard) in material.iter().zip(&recording.channels) {
        assert!(meter::is_bit_exact(played, heard, delay), "the sound was touched");
    }
}

/// Writes a file of one channel.
pub(crate) fn write_wav(path: &Path, rate_hz: u32, samples: Vec<i16>) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: rate_hz,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut file = hound::WavWriter::create(path, spec).unwrap();
    for sample in samples {
        file.write_sample(sample).unwrap();
    }
    file.finalize().unwrap();
}

/// Returns three signals of the corpus that reach more than 3 dB over full scale, in stereo at 48 kHz:
/// `frames` of each, and silence behind, so that nothing is cut off.
pub(crate) fn three_hostile(frames: usize) -> [Vec<Vec<f32>>; 3] {
    const RATE_HZ: u32 = 48_000;
    let reaches_over =
        |signal: &&Signal| meter::true_peak_dbtp(&signal.channel(RATE_HZ, 4_800, 3)) > 3.0;
    let stereo =
        |signal: &Signal| signals::padded_planar(&signal.planar(RATE_HZ, frames, 2, 3), 0, 4_800);
    let found: Vec<_> = corpus().iter().filter(reaches_over).take(3).map(stereo).collect();
    found.try_into().expect("the corpus has three of them")
}

/// The longest time without sound around an event, by the clock: frames that the device was not
/// asked for count as much as silent ones.
pub(crate) fn longest_silence(recording: &Recording, event_ns: i64) -> Duration {
    let sounding = (0..recording.frames())
        .filter(|frame| recording.channels.iter().any(|channel| channel[*frame].abs() > 1e-9));
    let times: Vec<i64> = sounding.filter_map(|frame| recording.time_ns(frame)).collect();
    let (first, last) = (times.first().unwrap(), times.last().unwrap());
    assert!(*first < event_ns && event_ns + 200_000_000 < *last, "{first} {event_ns} {last}");
    let longest = times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
    Duration::from_nanos(u64::try_from(longest).unwrap())
}

/// Returns how many frames are in silences of a millisecond and more: what plays without a pause is silent in cycles that
/// a busy machine loses.
pub(crate) fn silent_frames(samples: &[f32], rate_hz: u32) -> usize {
    const SILENT: f32 = 1e-6;
    let runs = samples.chunk_by(|one, next| (one.abs() < SILENT) == (next.abs() < SILENT));
    let silent = runs.filter(|run| run[0].abs() < SILENT && run.len() >= rate_hz as usize / 1000);
    silent.map(<[f32]>::len).sum()
}

/// Waits until something that costs no sound is true.
pub(crate) fn eventually(what: &str, probe: impl FnMut() -> bool) {
    headroom_testkit::session::wait_until(what, PATIENCE, probe).unwrap();
}

/// The monotonic clock that recordings are stamped with, in ns.
pub(crate) fn now_ns() -> i64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec * 1_000_000_000 + now.tv_nsec
}
