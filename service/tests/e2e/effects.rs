//! Another program that sends everything through effects of its own: Easy Effects, as the distribution has it.

use headroom_api::{Held, Problem, names};
use headroom_testkit::{
    meter,
    session::{Device, Graph, Player, Process, Session, wait_for},
    signals,
};

use crate::rig::*;

const RATE_HZ: usize = 48_000;
const PROGRAM: &str = "Easy Effects";
const SINK: &str = "easyeffects_sink";
/// What is shipped for those who want both.
const CONFIGURATION: &str = "../data/pipewire/headroom-effects.conf";
const OUTPUT: &str = "effects.output";
const SCHEMA: &str = "com.github.wwmm.easyeffects.streamoutputs";

fn noise() -> Vec<Vec<f32>> {
    [1, 2].map(|seed| signals::gaussian_noise(2 * RATE_HZ, 0.1, seed)).to_vec()
}

fn is_installed() -> bool {
    are_installed(&["easyeffects", "Xvfb", "gsettings"])
}

/// The program, and the display that it wants.
struct EasyEffects {
    program: Process,
    _display: Process,
}

impl EasyEffects {
    fn start(session: &Session) -> Self {
        let mut command = session.command("Xvfb");
        command.args(["-displayfd", "1", "-screen", "0", "640x480x24", "-nolisten", "tcp"]);
        let display = session.spawn(&command, "Xvfb").unwrap();
        let number = wait_for("a display", PATIENCE, || {
            let log = display.log();
            let number = log.lines().find(|line| line.trim().parse::<u32>().is_ok())?;
            Some(number.trim().to_owned())
        });
        let mut command = session.command("easyeffects");
        command
            .arg("--gapplication-service")
            .env("DISPLAY", format!(":{}", number.unwrap()))
            .env("GSETTINGS_BACKEND", "keyfile")
            .env("GSK_RENDERER", "cairo");
        let program = session.spawn(&command, "easyeffects").unwrap();
        let is_there = |graph: &Graph| graph.node(SINK).map(|_| ());
        session.wait_for_graph("Easy Effects", PATIENCE, is_there).unwrap();
        Self { program, _display: display }
    }

    /// Has it play to a device of this name, from its next start on.
    fn play_to(session: &Session, device: &str) {
        for (key, value) in [("use-default-output-device", "false"), ("output-device", device)] {
            let mut command = session.command("gsettings");
            command.env("GSETTINGS_BACKEND", "keyfile").args(["set", SCHEMA, key, value]);
            assert!(command.status().unwrap().success(), "{key}");
        }
    }

    fn end(self, session: &Session) {
        self.program.kill();
        let is_gone = |graph: &Graph| graph.node(SINK).is_none().then_some(());
        session.wait_for_graph("Easy Effects gone", PATIENCE, is_gone).unwrap();
    }
}

fn play(rig: &Rig, app: &str) -> Player {
    rig.session.player(noise()).app(app).looping().start().unwrap()
}

fn wait_held(rig: &Rig, player: &Player) {
    eventually("the stream in other effects", || {
        let row = rig.stream(player).map(|row| headroom_api::StreamRow::from_dict(&row));
        let held = row.and_then(|row| row.why).and_then(|why| why.held);
        held == Some(Held::OtherEffects { program: PROGRAM.to_owned() })
    });
}

#[test]
fn other_effects_are_told_and_their_stale_pins_forgotten() {
    if !is_installed() {
        return;
    }
    let rig = Rig::start();
    let player = play(&rig, "Player");
    rig.wait_linked(&player, names::SINK_NODE);
    let effects = EasyEffects::start(&rig.session);
    wait_held(&rig, &player);
    eventually("the state", || rig.state() == "sidelined");
    let known = rig.problem_rows().into_iter().find(|row| row.code == "other-effects").unwrap();
    let apps = vec!["Player".to_owned()];
    let program = PROGRAM.to_owned();
    assert_eq!(known.known, Some(Problem::OtherEffects { program, apps, count: 1 }));
    let status = rig.headroom(&["status"]);
    assert!(status.contains("nothing of it is protected"), "{status}");
    // What it has done to our own nodes is undone.
    let is_free = |graph: &Graph| {
        let output = graph.node(names::OUTPUT_NODE)?;
        (graph.target_names(output.id) == [DEVICE]).then_some(())
    };
    rig.session.wait_for_graph("the bus at its device", PATIENCE, is_free).unwrap();
    // What is left alone here is no loss.
    rig.block(rig.control().set_treatment("Player", "leave-alone", 0.0)).unwrap();
    eventually("nothing to protect", || rig.state() == "running" && rig.problems().is_empty());
    rig.block(rig.control().unset_treatment("Player")).unwrap();
    eventually("the state again", || rig.state() == "sidelined");
    effects.end(&rig.session);
    eventually("the pin that is left", || rig.problems() == ["stale-pins"]);
    assert_eq!(rig.state(), "running");
    rig.wait_linked(&player, names::SINK_NODE);
    let report = rig.headroom(&["doctor"]);
    assert!(report.contains("headroom app forget-effects"), "{report}");
    rig.headroom(&["app", "forget-effects"]);
    eventually("a chain of its own", || {
        let row = rig.stream(&player).map(|row| headroom_api::StreamRow::from_dict(&row));
        row.is_some_and(|row| row.chain.as_str() == "app") && rig.problems().is_empty()
    });
}

#[test]
fn other_effects_are_limited_with_a_device_of_their_own() {
    if !is_installed() {
        return;
    }
    let session = Session::builder().device(Device::new(DEVICE)).start().unwrap();
    let folder = session.pipewire_config_dir().join("pipewire.conf.d");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::copy(CONFIGURATION, folder.join("headroom-effects.conf")).unwrap();
    session.restart_pipewire().unwrap();
    session.wait_managed().unwrap();
    session.set_default_device(DEVICE).unwrap();
    EasyEffects::play_to(&session, OUTPUT);
    let mut rig = Rig::in_session(session);
    rig.limit_only();
    let _effects = EasyEffects::start(&rig.session);
    let [hostile, ..] = three_hostile(RATE_HZ);
    let player = rig.session.player(hostile).app("Hostile").looping().start().unwrap();
    wait_held(&rig, &player);
    let recorder = rig.session.record(DEVICE).unwrap();
    recorder.wait_sound(0, 0.3, PATIENCE).unwrap();
    recorder.wait_more(4 * RATE_HZ, PATIENCE).unwrap();
    let recording = faded(recorder.stop().unwrap());
    let true_peak = meter::true_peak_dbtp_planar(&recording.channels);
    println!("behind other effects: {true_peak:+.3} dBTP");
    assert!(true_peak > -3.0, "nothing hostile was heard");
    assert_under_ceiling(&recording, "other effects");
    assert_eq!((rig.state(), rig.problems()), ("running".to_owned(), Vec::new()));
    // It is heard without us as well.
    rig.service.kill();
    let recorder = rig.session.record(DEVICE).unwrap();
    recorder.wait_sound(0, 0.3, PATIENCE).unwrap();
    drop(recorder);
    rig.restart();
}
