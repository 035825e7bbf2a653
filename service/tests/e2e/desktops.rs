//! Other people's programs: equalisers, loopbacks, combined devices, recorders and streams that cannot be moved.

use std::fmt::Write as _;

use headroom_api::{By, Held, Lag, Problem, StreamRow, names};
use headroom_testkit::{
    meter,
    session::{Device, Player, PlayerBuilder, Process, Recording},
    signals,
};

use crate::rig::*;

const RATE_HZ: usize = 48_000;
/// Another device than the default one.
const OTHER: &str = "other";
/// The equaliser's device, and its output.
const EQ: &str = "eq";
const EQ_OUTPUT: &str = "eq.output";
/// 9.3 dB on wpctl's cubic scale.
const TURNED_DOWN: &str = "0.7";
const TURNED_DOWN_DB: f64 = 9.294;

fn noise(gain: f64) -> Vec<Vec<f32>> {
    [1, 2].map(|seed| signals::gaussian_noise(4 * RATE_HZ, gain, seed)).to_vec()
}

/// Returns the loudness of the last three seconds, in LUFS: the median of windows so short that a lost cycle of a
/// busy machine spoils a few.
fn loudness_lufs(recording: &Recording) -> f64 {
    let frames = recording.frames();
    let part = recording.part(frames - 3 * RATE_HZ..frames);
    let mut curve = meter::loudness_curve(&part.channels, part.rate_hz, &part.positions, 100);
    curve.sort_by(f64::total_cmp);
    curve[curve.len() / 2]
}

impl Rig {
    /// Has PipeWire's own loader run one of its modules, in a process of its own.
    fn load_module(&self, name: &str, arguments: &str) -> Process {
        let mut command = self.session.command("pw-cli");
        command.args(["-m", "load-module", name, arguments]);
        self.session.spawn(&command, name).unwrap()
    }

    /// An equaliser that raises everything alike, as a filter-chain; its output goes to `target`, or asks for nothing.
    fn equaliser(&self, gain: f64, target: Option<&str>) -> Process {
        let target = target.map_or(String::new(), |target| format!("target.object = {target}"));
        let arguments = format!(
            "{{ node.description = Equaliser media.name = Equaliser audio.channels = 2 audio.position = [ FL FR ] \
             filter.graph = {{ nodes = [ {{ type = builtin name = gain label = mixer \
             control = {{ \"Gain 1\" = {gain} }} }} ] inputs = [ \"gain:In 1\" ] outputs = [ \"gain:Out\" ] }} \
             capture.props = {{ node.name = {EQ} media.class = Audio/Sink }} \
             playback.props = {{ node.name = {EQ_OUTPUT} node.passive = true {target} }} }}"
        );
        self.filter_chain(&arguments)
    }

    /// A virtual surround of 5.1 for two ears, as PipeWire's own example: a convolver for each channel, mixed to two.
    fn virtual_surround(&self) -> Process {
        const CHANNELS: [&str; 6] = ["FL", "FR", "FC", "LFE", "SL", "SR"];
        let convolvers = CHANNELS.map(|channel| {
            format!("{{ type = builtin name = {channel} label = convolver config = {{ filename = \"/dirac\" }} }}")
        });
        // Every channel reaches both ears, the nearer one more.
        let gain = |ear: char, channel: &str| match channel.chars().last() {
            Some(side) if side == ear => 0.5,
            Some('L' | 'R') => 0.1,
            _ => 0.3,
        };
        let (mut ears, mut links) = (String::new(), String::new());
        for ear in ['L', 'R'] {
            let mut gains = String::new();
            for (at, channel) in (1..).zip(CHANNELS) {
                let _ = write!(gains, "\"Gain {at}\" = {} ", gain(ear, channel));
                let _ =
                    write!(links, "{{ output = \"{channel}:Out\" input = \"ear{ear}:In {at}\" }} ");
            }
            let _ = write!(
                ears,
                "{{ type = builtin name = ear{ear} label = mixer control = {{ {gains} }} }} "
            );
        }
        let arguments = format!(
            "{{ node.description = Surround media.name = Surround \
             filter.graph = {{ nodes = [ {} {} ] links = [ {links} ] \
             inputs = [ {} ] outputs = [ \"earL:Out\" \"earR:Out\" ] }} \
             capture.props = {{ node.name = {EQ} media.class = Audio/Sink audio.channels = 6 \
             audio.position = [ {} ] }} \
             playback.props = {{ node.name = {EQ_OUTPUT} node.passive = true audio.channels = 2 \
             audio.position = [ FL FR ] }} }}",
            convolvers.join(" "),
            ears,
            CHANNELS.map(|channel| format!("\"{channel}:In\"")).join(" "),
            CHANNELS.join(" ")
        );
        self.filter_chain(&arguments)
    }

    /// Has a filter-chain of somebody else's run: a device, and the output that it plays on.
    fn filter_chain(&self, arguments: &str) -> Process {
        let process = self.load_module("libpipewire-module-filter-chain", arguments);
        self.wait_node(EQ);
        self.wait_node(EQ_OUTPUT);
        process
    }

    fn wait_node(&self, name: &str) {
        let is_there = |graph: &headroom_testkit::session::Graph| graph.node(name).map(|_| ());
        self.session.wait_for_graph(name, PATIENCE, is_there).unwrap();
    }

    /// Waits until the row of a node is as it should be; returns it.
    fn wait_row(&self, node: &str, what: &str, is: impl Fn(&StreamRow) -> bool) -> StreamRow {
        let mut last = None;
        headroom_testkit::session::wait_for(&format!("{node}: {what}"), PATIENCE, || {
            let serial = self.session.dump().ok()?.node(node)?.serial;
            let mut rows = self.streams().into_iter().map(|row| StreamRow::from_dict(&row));
            last = rows.find(|row| row.id == serial);
            last.clone().filter(|row| is(row))
        })
        .unwrap_or_else(|error| panic!("{error}: {last:?}"))
    }

    /// Returns what a device gets in the next seconds.
    fn record_seconds(&self, device: &str, seconds: usize) -> Recording {
        let recorder = self.session.record(device).unwrap();
        recorder.wait_frames(seconds * RATE_HZ, 2 * PATIENCE).unwrap();
        recorder.stop().unwrap()
    }

    pub(crate) fn volume(&self, node: &str, volume: &str) {
        let id = self.session.node_id(node).unwrap().to_string();
        self.session.run("wpctl", &["set-volume", &id, volume]).unwrap();
    }
}

fn held(row: &StreamRow) -> Option<&Held> {
    row.why.as_ref()?.held.as_ref()
}

/// Lives with an equaliser: it is heard, under the ceiling, and its volume stays where it was put.
fn live_with_equaliser(is_default: bool, target: Option<&str>) {
    const GAIN_DB: f64 = 3.0;
    let rig = Rig::start();
    let _equaliser = rig.equaliser(meter::db_to_amplitude(GAIN_DB), target);
    if is_default {
        rig.session.set_default_device(EQ).unwrap();
    }
    let play = |material: Vec<Vec<f32>>, app: &str| {
        let player = rig.session.player(material).app(app).binary(app).looping();
        if is_default { player } else { player.target(EQ) }
    };
    let player = play(noise(0.02), "Player").start().unwrap();
    rig.turn_down_tail(is_default);
    // The equaliser is heard.
    rig.limit_only();
    let plain =
        loudness_lufs(&Recording { channels: noise(0.02), ..rig.record_seconds(DEVICE, 4) });
    let heard = loudness_lufs(&rig.record_seconds(DEVICE, 8));
    println!(
        "default {is_default}, target {target:?}: played at {plain:.2}, heard at {heard:.2} LUFS"
    );
    assert!((heard - plain - GAIN_DB).abs() < 0.3, "{plain} LUFS became {heard} LUFS");
    drop(player);
    rig.shout_through_tail(play);
}

impl Rig {
    /// Turns the volume of somebody else's device down: what plays there is levelled once at most, and not behind that.
    fn turn_down_tail(&self, is_default: bool) {
        let tail = self.wait_row(EQ_OUTPUT, "through a chain, to the device", |row| {
            row.chain.as_str() != "none" && row.device == DEVICE && row.playing
        });
        assert_eq!(tail.route.as_str(), "processed", "{tail:?}");
        assert!(matches!(held(&tail), Some(Held::DeviceTail { blocked: None, .. })), "{tail:?}");
        assert!(!tail.level, "{tail:?}");
        if is_default {
            self.wait_row("Player", "levelled, and through somebody else's device", |row| {
                (row.chain.as_str(), row.device.as_str()) == ("app", EQ)
            });
        }
        let before = loudness_lufs(&self.record_seconds(DEVICE, 12));
        self.volume(EQ, TURNED_DOWN);
        let after = loudness_lufs(&self.record_seconds(DEVICE, 18));
        println!("{before:.2} LUFS, turned down {after:.2} LUFS");
        assert!((before - after - TURNED_DOWN_DB).abs() < 0.4, "{before} LUFS became {after} LUFS");
        self.volume(EQ, "1.0");
    }

    /// Plays hostile sound through somebody else's device: what it makes of it stays under the ceiling.
    fn shout_through_tail<'s>(&'s self, play: impl Fn(Vec<Vec<f32>>, &str) -> PlayerBuilder<'s>) {
        for (number, hostile) in three_hostile(RATE_HZ).into_iter().enumerate() {
            let player = play(hostile, &format!("Hostile {number}")).start().unwrap();
            self.wait_row(EQ_OUTPUT, "playing", |row| row.playing && row.device == DEVICE);
            let recording = faded(self.record_seconds(DEVICE, 3));
            assert!(recording.first_sound(0, 0.3).is_some(), "{number}: nothing was heard");
            assert_under_ceiling(&recording, &format!("hostile {number}"));
            drop(player);
        }
        assert_eq!(self.problems(), Vec::<String>::new());
        let refused =
            |row: &StreamRow| row.why.as_ref().is_some_and(|why| why.lag == Some(Lag::Refused));
        let rows: Vec<StreamRow> = self.streams().iter().map(StreamRow::from_dict).collect();
        assert!(!rows.iter().any(refused), "{rows:?}\n{}", self.service.log());
    }
}

#[test]
fn equaliser_as_default_device_is_heard_and_limited() {
    live_with_equaliser(true, Some(DEVICE));
}

#[test]
fn equaliser_without_target_is_heard_and_limited() {
    live_with_equaliser(true, None);
}

#[test]
fn equaliser_beside_default_device_is_heard_and_limited() {
    live_with_equaliser(false, Some(DEVICE));
}

#[test]
fn equaliser_beside_without_target_is_heard_and_limited() {
    live_with_equaliser(false, None);
}

#[test]
fn virtual_surround_is_heard_and_limited() {
    let rig = Rig::start();
    let _surround = rig.virtual_surround();
    rig.session.set_default_device(EQ).unwrap();
    let play = |material: Vec<Vec<f32>>, app: &str| {
        rig.session.player(material).app(app).binary(app).looping()
    };
    let player = play(noise(0.02), "Player").start().unwrap();
    rig.turn_down_tail(true);
    drop(player);
    rig.limit_only();
    rig.shout_through_tail(play);
}

#[test]
fn loopback_of_a_null_sink_is_limited_and_not_levelled() {
    let rig = Rig::start();
    rig.session.create_device(Device::new("virtual")).unwrap();
    let loopback = "{ capture.props = { node.name = loop.in stream.capture.sink = true target.object = virtual } \
                    playback.props = { node.name = loop.out target.object = device } }";
    let _loopback = rig.load_module("libpipewire-module-loopback", loopback);
    let quiet = rig.session.player(noise(0.01)).app("Quiet").target("virtual").looping();
    let _quiet = quiet.start().unwrap();
    let tail = rig.wait_row("loop.out", "through a chain", |row| row.chain.as_str() != "none");
    assert!(matches!(held(&tail), Some(Held::DeviceTail { blocked: None, .. })), "{tail:?}");
    let recording = rig.record_seconds(DEVICE, 8);
    let plain = loudness_lufs(&Recording { channels: noise(0.01), ..recording.clone() });
    let heard = loudness_lufs(&recording);
    println!("played at {plain:.2}, heard at {heard:.2} LUFS");
    assert!((heard - plain).abs() < 0.3, "{plain} LUFS became {heard} LUFS");
    let [hostile, ..] = three_hostile(RATE_HZ);
    let hostile = rig.session.player(hostile).app("Hostile").target("virtual").looping();
    let _hostile = hostile.start().unwrap();
    let recording = faded(rig.record_seconds(DEVICE, 3));
    assert!(recording.first_sound(0, 0.3).is_some(), "nothing was heard");
    assert_under_ceiling(&recording, "a loopback");
}

#[test]
fn stream_that_nobody_moves_is_nudged_five_times_at_most() {
    let rig = Rig::start();
    rig.block(rig.control().set_route("Stubborn", "bypass")).unwrap();
    // The session manager heeds no target that is written for it.
    let player = rig.session.player(noise(0.1)).app("Stubborn").prop("node.dont-move", "true");
    let player = player.looping().start().unwrap();
    let row = rig.wait_row("Stubborn", "given up", |row| {
        row.why.as_ref().is_some_and(|why| why.lag == Some(Lag::Refused))
    });
    assert!(matches!(row.why.and_then(|why| why.by), Some(By::User { .. })));
    let nudges = || rig.service.log().matches("sending them again").count();
    assert!((1..=5).contains(&nudges()), "{}", rig.service.log());
    // Something changes: it may be followed now.
    rig.session.create_device(Device::new(OTHER)).unwrap();
    rig.session.set_default_device(OTHER).unwrap();
    eventually("another try", || nudges() > 5 || rig.stream(&player).is_none());
}

/// An immovable stream, as PulseAudio's clients ask for one.
fn immovable(rig: &Rig, app: &str) -> Player {
    let player = rig.session.player(noise(0.1)).app(app).prop("node.dont-reconnect", "true");
    player.looping().start().unwrap()
}

/// Asserts that a device gets sound.
fn assert_heard(rig: &Rig, device: &str, when: &str) {
    let recorder = rig.session.record(device).unwrap();
    let heard = recorder.wait_sound(0, 0.01, PATIENCE);
    assert!(heard.is_ok(), "{when}: nothing is heard");
}

#[test]
fn immovable_stream_is_heard_whatever_happens_to_us() {
    let mut rig = Rig::start();
    let players = ["One", "Two", "Three"].map(|app| immovable(&rig, app));
    for player in &players {
        let row = StreamRow::from_dict(&rig.wait_route(player, "unmanaged"));
        assert_eq!(held(&row), Some(&Held::Immovable), "{row:?}");
        rig.wait_linked(player, DEVICE);
    }
    rig.service.kill();
    assert_heard(&rig, DEVICE, "after kill -9");
    rig.restart();
    for player in &players {
        rig.wait_linked(player, DEVICE);
    }
    rig.service.terminate(PATIENCE).unwrap();
    assert_heard(&rig, DEVICE, "after a clean end");
    rig.restart();
    // Another layout, and with it another bus.
    rig.session.create_device(Device::new(OTHER).channels(6)).unwrap();
    rig.session.set_default_device(OTHER).unwrap();
    // Where it is linked first it stays.
    let is_followed = |graph: &headroom_testkit::session::Graph| {
        let bus = graph.node(names::OUTPUT_NODE)?;
        (graph.target_names(bus.id) == [OTHER]).then_some(())
    };
    rig.session.wait_for_graph("the bus at the other device", PATIENCE, is_followed).unwrap();
    let surround = immovable(&rig, "Four");
    rig.wait_linked(&surround, OTHER);
    rig.wait_route(&surround, "unmanaged");
    // Its link is active, and stays.
    assert_heard(&rig, OTHER, "at first");
    rig.session.set_default_device(DEVICE).unwrap();
    for (player, device) in players.iter().map(|it| (it, DEVICE)).chain([(&surround, OTHER)]) {
        rig.wait_linked(player, device);
        rig.wait_route(player, "unmanaged");
    }
    assert_heard(&rig, DEVICE, "after a change of layout");
    assert_heard(&rig, OTHER, "after a change of layout");
    let refused =
        |row: &StreamRow| row.why.as_ref().is_some_and(|why| why.lag == Some(Lag::Refused));
    let rows: Vec<StreamRow> = rig.streams().iter().map(StreamRow::from_dict).collect();
    assert!(!rows.iter().any(refused), "{rows:?}\n{}", rig.service.log());
}

#[test]
fn combined_device_is_heard_after_kill_9() {
    let rig = Rig::start();
    rig.session.create_device(Device::new(OTHER)).unwrap();
    let combine = "{ node.name = combined combine.mode = sink combine.props = { audio.position = [ FL FR ] } \
                   stream.rules = [ { matches = [ { media.class = Audio/Sink node.name = device } \
                   { media.class = Audio/Sink node.name = other } ] actions = { create-stream = { } } } ] }";
    let _combined = rig.load_module("libpipewire-module-combine-stream", combine);
    rig.wait_node("combined");
    rig.session.set_default_device("combined").unwrap();
    let player = rig.session.player(noise(0.1)).app("Player").looping().start().unwrap();
    rig.wait_linked(&player, names::SINK_NODE);
    for device in [DEVICE, OTHER] {
        let row = rig.wait_row(&format!("output.combined_{device}"), "immovable", |row| {
            held(row) == Some(&Held::Immovable)
        });
        assert_eq!(row.device, device, "{row:?}");
        assert_heard(&rig, device, "at first");
    }
    rig.service.kill();
    rig.wait_linked(&player, "combined");
    for device in [DEVICE, OTHER] {
        assert_heard(&rig, device, "after kill -9");
    }
}

/// A recording program; `FILE` in its arguments is where it records to.
struct Program {
    name: &'static str,
    node: &'static str,
    arguments: &'static [&'static str],
}

const PW_RECORD: Program = Program {
    name: "pw-record",
    node: "recorder.pw",
    arguments: &[
        "--format=f32",
        "--rate=48000",
        "--channels=2",
        "-P",
        "{ node.name = recorder.pw stream.capture.sink = true }",
        "FILE",
    ],
};
const PARECORD: Program = Program {
    name: "parecord",
    node: "recorder.pulse",
    arguments: &[
        "--format=float32le",
        "--rate=48000",
        "--channels=2",
        "--file-format=wav",
        "--device=@DEFAULT_MONITOR@",
        "--property=node.name=recorder.pulse",
        "FILE",
    ],
};
/// GStreamer ends its file when it is interrupted (`-e`).
const GSTREAMER: Program = Program {
    name: "gst-launch-1.0",
    node: "recorder.gst",
    arguments: &[
        "-e",
        "pipewiresrc",
        "stream-properties=props,node.name=recorder.gst,stream.capture.sink=(string)true",
        "!",
        "audioconvert",
        "!",
        "audio/x-raw,format=F32LE,rate=48000,channels=2",
        "!",
        "wavenc",
        "!",
        "filesink",
        "location=FILE",
    ],
};

impl Program {
    fn command(&self, rig: &Rig) -> (std::process::Command, std::path::PathBuf) {
        let path = rig.session.runtime_dir().join(format!("{}.wav", self.node));
        let mut command = rig.session.command(self.name);
        let file = path.to_string_lossy();
        command.args(self.arguments.iter().map(|argument| argument.replace("FILE", &file)));
        (command, path)
    }
}

/// Has a program record to a file while a hostile stream and a bypassed one play; returns what is in the file.
fn recorded_by(rig: &Rig, program: &Program) -> Recording {
    let node = program.node;
    let (command, path) = program.command(rig);
    let process = rig.session.spawn(&command, program.name).unwrap();
    let graph_is = |what: &str, is: &dyn Fn(&[&str]) -> bool| {
        rig.session
            .wait_for_graph(what, PATIENCE, |graph| {
                let listens = |name: &&str| {
                    graph.node(name).is_some_and(|it| {
                        graph.links.iter().any(|link| {
                            link.output_node == it.id
                                && graph
                                    .node_by_id(link.input_node)
                                    .is_some_and(|to| to.name == node)
                        })
                    })
                };
                let sources: Vec<&str> = [DEVICE, names::SINK_NODE, names::OUTPUT_NODE]
                    .into_iter()
                    .filter(listens)
                    .collect();
                is(&sources).then_some(())
            })
            .unwrap();
    };
    graph_is("the recorder at the device", &|sources| sources == [DEVICE]);
    let hear = rig.record_seconds(DEVICE, 5);
    process.signal(headroom_testkit::session::Signal::INT).unwrap();
    process.wait(PATIENCE).unwrap();
    let mut file = hound::WavReader::open(&path).unwrap();
    let samples: Vec<f32> = file.samples::<f32>().map(Result::unwrap).collect();
    let channels = usize::from(file.spec().channels);
    let channels =
        (0..channels).map(|n| samples.iter().skip(n).step_by(channels).copied().collect());
    let recording = Recording { channels: channels.collect(), cycles: Vec::new(), ..hear };
    let frames = recording.frames();
    assert!(frames > 3 * RATE_HZ, "{}: {frames} frames", program.name);
    recording.part(frames - 3 * RATE_HZ..frames)
}

#[test]
fn recorders_of_the_output_hear_what_the_device_hears() {
    let session =
        headroom_testkit::session::Session::builder().device(Device::new(DEVICE)).pulse(true);
    let rig = Rig::in_session(session.start().unwrap());
    rig.limit_only();
    rig.block(rig.control().set_route("Direct", "bypass")).unwrap();
    let [hostile, ..] = three_hostile(RATE_HZ);
    let hostile = rig.session.player(hostile).app("Hostile").looping().start().unwrap();
    rig.wait_linked(&hostile, names::SINK_NODE);
    for program in [PW_RECORD, PARECORD, GSTREAMER] {
        if !are_installed(&[program.name]) {
            continue;
        }
        let recording = faded(recorded_by(&rig, &program));
        assert_under_ceiling(&recording, program.name);
        assert!(recording.first_sound(0, 0.3).is_some(), "{}: silence", program.name);
        let row = rig.stream(&hostile).unwrap();
        assert_eq!(StreamRow::from_dict(&row).route.as_str(), "processed");
    }
    drop(hostile);
    // Bypassed applications are in it.
    let direct = rig.session.player(noise(0.1)).app("Direct").looping().start().unwrap();
    rig.wait_linked(&direct, DEVICE);
    let recording = recorded_by(&rig, &PW_RECORD);
    assert!(recording.first_sound(0, 0.05).is_some(), "the bypassed application is missing");
}

#[test]
fn recorder_that_names_a_device_keeps_it() {
    let rig = Rig::start();
    rig.session.create_device(Device::new(OTHER)).unwrap();
    for (program, target) in [(PW_RECORD, "--target=other"), (GSTREAMER, "target-object=other")] {
        if !are_installed(&[program.name]) {
            continue;
        }
        // Beside the properties of the stream.
        let mut arguments = program.arguments.to_vec();
        arguments.insert(2, target);
        let program = Program { arguments: arguments.leak(), ..program };
        let process = rig.session.spawn(&program.command(&rig).0, program.name).unwrap();
        let at_other = |graph: &headroom_testkit::session::Graph| {
            graph.target_names(graph.node(OTHER)?.id).contains(&program.node).then_some(())
        };
        rig.session.wait_for_graph("the recorder at its device", PATIENCE, at_other).unwrap();
        rig.wait_row(program.node, "listening", |row| held(row) == Some(&Held::Listener));
        assert!(rig.targets().is_empty(), "{:?}", rig.targets());
        rig.session.wait_for_graph("the same", PATIENCE, at_other).unwrap();
        drop(process);
    }
}

#[test]
fn ceiling_holds_at_a_device_that_is_amplified() {
    let rig = Rig::start();
    rig.session.create_device(Device::new(OTHER)).unwrap();
    rig.limit_only();
    let [hostile, ..] = three_hostile(RATE_HZ);
    let play = |app: &str| rig.session.player(hostile.clone()).app(app).binary(app).looping();
    let here = play("Here").start().unwrap();
    let there = play("There").target(OTHER).start().unwrap();
    rig.wait_linked(&here, names::SINK_NODE);
    rig.wait_route(&there, "processed");
    for device in [DEVICE, OTHER] {
        rig.volume(device, "1.5");
    }
    eventually("both devices told", || rig.problems() == ["device-amplified", "device-amplified"]);
    let Some(Problem::DeviceAmplified { percent: 150, held: true, .. }) =
        &rig.problem_rows().iter().find(|row| row.subject == DEVICE).unwrap().known
    else {
        panic!("{:?}", rig.problem_rows());
    };
    let gain = rig.block(rig.control().explain(here.serial())).unwrap();
    let gain_db = headroom_api::dict_f64(&gain, "device-gain-db").unwrap();
    assert!((gain_db - 10.565).abs() < 0.01, "{gain_db} dB");
    for device in [DEVICE, OTHER] {
        let recording = faded(rig.record_seconds(device, 4));
        let true_peak = meter::true_peak_dbtp_planar(&recording.channels);
        println!("{device}, behind 150 %: {true_peak:+.3} dBTP");
        assert!(true_peak > -3.0, "{device}: the volume does not act");
        assert_under_ceiling(&recording, device);
    }
    rig.block(rig.control().set_setting("limiter.hold_at_device", &false.into())).unwrap();
    let is_held = |row: &headroom_api::ProblemRow| {
        matches!(row.known, Some(Problem::DeviceAmplified { held: true, .. }))
    };
    eventually("the ceiling let go", || !rig.problem_rows().iter().any(is_held));
    rig.volume(DEVICE, "1.0");
    rig.volume(OTHER, "1.0");
    eventually("nothing to tell", || rig.problems().is_empty());
}
