//! The kit's own tests: sessions are private, exact, and leave nothing behind.
#![cfg(feature = "session")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    io::Read,
    os::unix::process::CommandExt,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use headroom_testkit::{
    layout::usual_layout,
    meter,
    session::{Device, Passage, Session, wait_for, wait_until},
    signals,
};

const TIMEOUT: Duration = Duration::from_secs(30);

fn noise(frames: usize, channels: usize, seed: u64) -> Vec<Vec<f32>> {
    (0..channels as u64)
        .map(|channel| signals::gaussian_noise(frames, 0.2, seed * 16 + channel))
        .collect()
}

/// Plays `material` as it is and holds what the device received against it.
fn assert_bit_exact(session: &Session, device: &str, material: &[Vec<f32>]) {
    let recording = session.pass(device, material, |player| player).unwrap().recording;
    assert_eq!(recording.channels.len(), material.len());
    let start = meter::delay_frames(&material[0], &recording.channels[0]).unwrap();
    for (channel, (reference, got)) in material.iter().zip(&recording.channels).enumerate() {
        let aligned = meter::align(got, start.frames, reference.len());
        assert!(
            meter::is_bit_exact(reference, got, start.frames),
            "channel {channel}: residual {:.1} dB, {start:?}",
            meter::residual_db(reference, &aligned),
        );
    }
}

/// Processes that have anything to do with a directory.
fn processes_in(directory: &Path) -> Vec<PathBuf> {
    let needle = directory.to_string_lossy().into_owned();
    fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            ["environ", "cmdline"].iter().any(|file| {
                let text = fs::read(path.join(file)).unwrap_or_default();
                String::from_utf8_lossy(&text).contains(&needle)
            })
        })
        .collect()
}

fn root_of(session: &Session) -> PathBuf {
    session.home().parent().unwrap().to_owned()
}

fn assert_nothing_left(root: &Path) {
    assert!(!root.exists(), "{} is still there", root.display());
    assert_eq!(processes_in(root), Vec::<PathBuf>::new());
}

#[test]
fn stereo_reaches_the_device_bit_for_bit_from_its_first_sample() {
    let session = Session::start().unwrap();
    assert_bit_exact(&session, "device", &noise(48_000, 2, 1));
}

#[test]
fn surround_reaches_the_device_bit_for_bit() {
    for channels in [6, 8] {
        let device = Device::new("surround").channels(channels);
        let session = Session::builder().device(device).start().unwrap();
        let graph = session.dump().unwrap();
        let node = graph.node("surround").unwrap();
        let monitors = graph.ports_of(node.id).into_iter().filter(|port| port.is_monitor);
        let positions: Vec<_> = monitors.map(|port| port.channel.clone()).collect();
        let expected: Vec<_> = usual_layout(channels).iter().map(|p| p.name()).collect();
        assert_eq!(positions, expected);
        assert_bit_exact(&session, "surround", &noise(24_000, channels, 2));
    }
}

#[test]
fn a_short_cycle_and_another_rate_are_as_exact() {
    let session = Session::builder()
        .clock_rate(44_100)
        .quantum(512)
        .device(Device::new("device"))
        .start()
        .unwrap();
    let passage = session.pass("device", &noise(44_100, 2, 3), |player| player).unwrap();
    assert!(passage.cycles.iter().all(|cycle| cycle.frames == 512), "{:?}", passage.cycles[0]);
    assert_eq!(passage.recording.rate_hz, 44_100);
    assert_bit_exact(&session, "device", &noise(44_100, 2, 4));
}

#[test]
fn two_sessions_at_once_do_not_meet() {
    let sessions = [Session::start().unwrap(), Session::start().unwrap()];
    let resident = sessions[1].player(noise(4_800, 2, 5)).app("resident").start().unwrap();
    let visitor = sessions[0].player(noise(4_800, 2, 6)).app("visitor").start().unwrap();
    assert!(sessions[0].dump().unwrap().node("visitor").is_some());
    assert!(sessions[0].dump().unwrap().node("resident").is_none());
    assert!(sessions[1].dump().unwrap().node("visitor").is_none());
    for player in [resident, visitor] {
        player.wait_drained(TIMEOUT).unwrap();
    }
    thread::scope(|scope| {
        for (session, seed) in sessions.iter().zip([5, 6]) {
            scope.spawn(move || assert_bit_exact(session, "device", &noise(30_000, 2, seed)));
        }
    });
    assert_ne!(sessions[0].bus_address(), sessions[1].bus_address());
}

#[test]
fn player_and_recorder_agree_on_time_within_a_cycle() {
    let session = Session::start().unwrap();
    let material = noise(24_000, 2, 7);
    let Passage { recording, cycles, began_at_frame: began, .. } =
        session.pass("device", &material, |player| player).unwrap();
    let start = meter::delay_frames(&material[0], &recording.channels[0]).unwrap();
    let heard_ns = recording.time_ns(start.frames as usize).unwrap();
    let travel = recording.travel_frames(start.frames as usize, &cycles, began).unwrap();
    // A device that is the graph's driver hands on to its monitor what it was given one cycle ago.
    assert!([0, 1_024].contains(&travel), "{travel} frames");
    assert_eq!(recording.frame_at(heard_ns), start.frames as usize);
    assert_eq!(recording.first_sound(0, 0.0), Some(start.frames as usize));
}

#[test]
fn a_held_player_leaves_a_gap_of_whole_cycles_and_loses_nothing() {
    let session = Session::start().unwrap();
    let recorder = session.record("device").unwrap();
    let material = noise(48_000, 2, 8);
    let player = session.player(material.clone()).start().unwrap();
    player.wait_delivered(10_000, TIMEOUT).unwrap();
    player.hold();
    recorder.wait_more(20_000, TIMEOUT).unwrap();
    player.play();
    player.wait_drained(TIMEOUT).unwrap();
    let recording = recorder.stop().unwrap();
    let start = recording.first_sound(0, 0.0).unwrap();
    let gap = meter::max_gap(&recording.channels, start..start + 60_000, 0.0);
    assert!(gap.frames >= 15_000 && gap.frames.is_multiple_of(1_024), "{gap:?}");
    let mut heard = recording.channels[0][start..gap.start].to_vec();
    heard.extend(&recording.channels[0][gap.start + gap.frames..]);
    assert!(meter::is_bit_exact(&material[0], &heard, 0));
}

#[test]
fn an_eager_player_begins_with_its_material_whatever_is_linked() {
    let session = Session::start().unwrap();
    let recorder = session.record("device").unwrap();
    let material = noise(9_600, 1, 16);
    let player = session.player(material.clone()).at_once().start().unwrap();
    player.wait_drained(TIMEOUT).unwrap();
    assert_eq!(player.began_at_frame(), 0);
    assert_eq!(player.delivered_frames(), 9_600);
    recorder.wait_sound(0, 0.0, TIMEOUT).unwrap();
    // The session manager refuses a stream that it has no device for, sooner or later.
    let without_device = Session::builder().start().unwrap();
    let error = match without_device.player(material).at_once().start() {
        Ok(player) => wait_for("the refusal", TIMEOUT, || player.error()).unwrap(),
        Err(error) => error.to_string(),
    };
    assert!(error.contains("no target"), "{error}");
}

#[test]
fn a_looping_player_repeats_its_material_without_a_seam() {
    let session = Session::start().unwrap();
    let recorder = session.record("device").unwrap();
    let material = noise(3_001, 2, 9);
    let player = session.player(material.clone()).looping().start().unwrap();
    player.wait_delivered(30_000, TIMEOUT).unwrap();
    let recording = recorder.stop().unwrap();
    let start = recording.first_sound(0, 0.0).unwrap();
    let heard = &recording.channels[1][start..start + 20_000];
    let expected: Vec<f32> = material[1].iter().copied().cycle().take(20_000).collect();
    assert!(meter::is_bit_exact(&expected, heard, 0));
}

#[test]
fn the_rate_and_the_cycle_can_be_forced() {
    let session = Session::builder()
        .allowed_rates(&[44_100, 48_000, 96_000])
        .device(Device::new("device"))
        .start()
        .unwrap();
    let player = session.player(noise(4_800, 2, 10)).looping().start().unwrap();
    player.wait_streaming(TIMEOUT).unwrap();
    for rate_hz in [96_000, 44_100] {
        session.force_rate(rate_hz).unwrap();
        let recorder = session.record("device").unwrap();
        assert_eq!(recorder.stop().unwrap().rate_hz, rate_hz);
    }
    session.force_rate(0).unwrap();
    session.force_quantum(256).unwrap();
    let recorder = session.record("device").unwrap();
    wait_until("cycles of 256 frames", TIMEOUT, || {
        recorder.snapshot().cycles.last().is_some_and(|cycle| cycle.frames == 256)
    })
    .unwrap();
}

#[test]
fn sound_follows_the_default_device() {
    let session = Session::builder()
        .device(Device::new("first"))
        .device(Device::new("second"))
        .start()
        .unwrap();
    assert_eq!(session.default_device().unwrap().as_deref(), Some("first"));
    let recorders = ["first", "second"].map(|device| session.record(device).unwrap());
    let player = session.player(noise(48_000, 2, 11)).looping().start().unwrap();
    recorders[0].wait_sound(0, 0.0, TIMEOUT).unwrap();
    let before = recorders[1].frames();
    assert_eq!(recorders[1].snapshot().first_sound(0, 0.0), None);
    session.set_default_device("second").unwrap();
    recorders[1].wait_sound(before, 0.0, TIMEOUT).unwrap();
    let graph = session.dump().unwrap();
    assert_eq!(graph.target_names(player.node_id()), ["second"]);
    session.remove_device("second").unwrap();
    session
        .wait_for_graph("the player on the first device", TIMEOUT, |graph| {
            (graph.target_names(player.node_id()) == ["first"]).then_some(())
        })
        .unwrap();
    wait_until("WirePlumber to store the choice", TIMEOUT, || {
        let state = session.wireplumber_state();
        state.get("default-nodes").is_some_and(|text| text.contains("second"))
    })
    .unwrap();
}

#[test]
fn a_session_survives_the_restart_of_its_daemons() {
    let session = Session::start().unwrap();
    let player = session.player(noise(4_800, 2, 12)).looping().start().unwrap();
    player.wait_streaming(TIMEOUT).unwrap();
    session.kill_pipewire();
    wait_until("the player to notice", TIMEOUT, || player.error().is_some()).unwrap();
    assert!(session.dump().is_err());
    session.start_pipewire().unwrap();
    session.start_wireplumber().unwrap();
    assert_bit_exact(&session, "device", &noise(9_600, 2, 13));
    session.restart_pipewire().unwrap();
    assert_bit_exact(&session, "device", &noise(9_600, 2, 14));
    session.stop_wireplumber().unwrap();
    assert!(!session.dump().unwrap().is_managed());
    session.start_wireplumber().unwrap();
    assert!(session.dump().unwrap().is_managed());
}

#[test]
fn commands_and_services_see_only_the_session() {
    let session = Session::start().unwrap();
    let environment = session.run("env", &[]).unwrap();
    let root = root_of(&session);
    for line in environment.lines() {
        if ["XDG_", "DBUS_", "PIPEWIRE_", "HOME="].iter().any(|prefix| line.starts_with(prefix))
            && !line.starts_with("XDG_DATA_DIRS")
        {
            assert!(line.contains(&*root.to_string_lossy()), "{line}");
        }
    }
    let mut command = session.command("sh");
    command.args(["-c", "echo ready; exec sleep 1000"]);
    let service = session.spawn(&command, "sleeper").unwrap();
    wait_until("its output", TIMEOUT, || session.log("sleeper") == "ready\n").unwrap();
    assert!(service.is_running());
    let status = service.terminate(TIMEOUT).unwrap();
    assert!(!status.success() && !service.is_running());
    assert!(session.run("false", &[]).is_err());
    assert!(
        session
            .spawn(&session.command("/no/such/program"), "none")
            .is_ok_and(|process| { process.wait(TIMEOUT).is_ok_and(|status| !status.success()) })
    );
}

#[test]
fn without_a_session_manager_a_device_has_no_ports() {
    let device = Device::new("device");
    let session = Session::builder().wireplumber(false).device(device).start().unwrap();
    let graph = session.dump().unwrap();
    assert!(!graph.is_managed());
    assert!(graph.ports_of(graph.node("device").unwrap().id).is_empty());
    assert!(session.record("device").is_err());
}

#[test]
fn dropping_a_session_leaves_no_process_and_no_directory() {
    let session = Session::builder().pulse(true).device(Device::new("device")).start().unwrap();
    let root = root_of(&session);
    let player = session.player(noise(4_800, 2, 15)).looping().start().unwrap();
    player.wait_streaming(TIMEOUT).unwrap();
    assert!(processes_in(&root).len() >= 4, "bus, PipeWire, WirePlumber, PulseAudio server");
    drop(session);
    assert_nothing_left(&root);
    drop(player);
}

#[test]
fn a_panic_leaves_no_process_and_no_directory() {
    let mut root = PathBuf::new();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let session = Session::start().unwrap();
        root = root_of(&session);
        let _recorder = session.record("device").unwrap();
        panic!("on purpose: the logs below belong to a test");
    }));
    assert!(outcome.is_err());
    assert_nothing_left(&root);
}

#[test]
fn a_killed_test_leaves_no_process_and_no_directory() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_headroom-session"))
        .args(["sh", "-c", "echo \"$HOME\"; exec sleep 1000"])
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()
        .unwrap();
    let mut home = String::new();
    let mut byte = [0; 1];
    let out = child.stdout.as_mut().unwrap();
    while out.read(&mut byte).unwrap() == 1 && byte[0] != b'\n' {
        home.push(char::from(byte[0]));
    }
    let root = Path::new(&home).parent().unwrap().to_owned();
    assert!(root.exists() && processes_in(&root).len() >= 4);
    child.kill().unwrap();
    child.wait().unwrap();
    // The command itself is the caller's, not the session's.
    let pids = |root: &Path| -> Vec<String> {
        processes_in(root)
            .iter()
            .map(|path| fs::read_to_string(path.join("comm")).unwrap_or_default())
            .filter(|comm| !comm.starts_with("sleep"))
            .collect()
    };
    let ended =
        wait_until("everything to go", TIMEOUT, || !root.exists() && pids(&root).is_empty());
    for path in processes_in(&root) {
        let pid = path.file_name().unwrap().to_string_lossy().into_owned();
        Command::new("kill").arg(pid).status().unwrap();
    }
    ended.unwrap();
}
