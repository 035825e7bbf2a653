//! The panel with the real service on a real PipeWire.

use std::path::Path;

use headroom_api::{ControlProxy, Treatment, TreatmentRow, names};
use headroom_testkit::{
    programs::program,
    session::{Player, Process, Session, Signal},
};

use crate::{
    bus::{PATIENCE, block, eventually, wait_for},
    desktop::Desktop,
    panel::Panel,
    tree::Role,
};

const DEVICE: &str = "device";
const MASTER: &str = "Protection";
const APP: &str = "Noisy Browser";
const MEDIA: &str = "A loud advertisement";

/// The service's binary, built anew if it is not of today.
pub(crate) fn service_binary() -> &'static Path {
    program(names::SERVICE_BINARY)
}

/// The command line's binary, built anew if it is not of today.
pub(crate) fn command_line() -> &'static Path {
    program("headroom")
}

/// A session with a device, a screen and the service.
struct Rig {
    service: Process,
    desktop: Desktop,
}

impl Rig {
    fn start() -> Self {
        let desktop = Desktop::over(Session::start().unwrap());
        desktop.make_activatable(&service_binary().to_string_lossy());
        let service = desktop.session.spawn_service(service_binary()).unwrap();
        let rig = Self { service, desktop };
        wait_running(&rig.desktop);
        // What is shown at the first start has tests of its own.
        block(rig.control().set_introduced(true)).unwrap();
        rig
    }

    fn control(&self) -> ControlProxy<'static> {
        control(&self.desktop)
    }

    fn wait_running(&self) {
        wait_running(&self.desktop);
    }

    /// The process that has the service's name now.
    fn service_pid(&self) -> u32 {
        service_pid(&self.desktop)
    }

    fn player(&self) -> Player {
        player(&self.desktop)
    }

    fn wait_linked(&self, player: &Player, target: &str) {
        wait_linked(&self.desktop, player, target);
    }

    fn busctl(&self, verb: &str, arguments: &[&str]) -> String {
        let place = [names::BUS_NAME, names::OBJECT_PATH, names::INTERFACE];
        self.desktop.run("busctl", &[&["--user", verb][..], &place, arguments].concat())
    }
}

/// The service on a desktop's bus.
pub(crate) fn control(desktop: &Desktop) -> ControlProxy<'static> {
    block(async {
        // Without a cache: a test wants what is true now.
        ControlProxy::builder(&desktop.connection)
            .cache_properties(zbus::proxy::CacheProperties::No)
            .build()
            .await
            .unwrap()
    })
}

/// The process that has the service's name on a desktop's bus.
pub(crate) fn service_pid(desktop: &Desktop) -> u32 {
    block(async {
        let bus = zbus::fdo::DBusProxy::new(&desktop.connection).await.unwrap();
        bus.get_connection_unix_process_id(names::BUS_NAME.try_into().unwrap()).await.unwrap()
    })
}

/// Waits until the service on a desktop's bus protects.
pub(crate) fn wait_running(desktop: &Desktop) {
    eventually("the service's name", || {
        let bus = block(zbus::fdo::DBusProxy::new(&desktop.connection)).unwrap();
        block(bus.name_has_owner(names::BUS_NAME.try_into().unwrap())).unwrap()
    });
    eventually("the state 'running'", || {
        block(control(desktop).state()).is_ok_and(|state| state == "running")
    });
}

/// Starts an application that plays a tone.
pub(crate) fn player(desktop: &Desktop) -> Player {
    let tone =
        (0..48_000).map(|n| (n as f32 * 440.0 * std::f32::consts::TAU / 48_000.0).sin() * 0.25);
    let tone: Vec<f32> = tone.collect();
    let player = desktop.session.player(vec![tone.clone(), tone]);
    player.app(APP).binary("noisy").media(MEDIA).looping().start().unwrap()
}

/// Waits until a player is linked to this node, taps of ours aside: they only listen. Its application's chain counts
/// as the bus that it leads to.
pub(crate) fn wait_linked(desktop: &Desktop, player: &Player, target: &str) {
    let what = format!("a link to '{target}'");
    let linked = desktop.session.wait_for_graph(&what, PATIENCE, |graph| {
        let mut names = graph.target_names_behind(player.node_id(), names::APP_NODE_PREFIX);
        names.retain(|name| *name != "headroom.tap");
        (!names.is_empty() && names.iter().all(|name| *name == target)).then_some(())
    });
    linked.unwrap();
}

#[test]
fn switch_moves_the_graph_and_follows_a_shell() {
    let rig = Rig::start();
    let panel = Panel::start(&rig.desktop);
    panel.wait_seen("Nothing is playing");
    let player = rig.player();
    rig.wait_linked(&player, names::SINK_NODE);
    panel.wait_says(MEDIA);
    panel.wait_switch(MASTER, true);

    panel.press(Role::CHECK_BOX, MASTER);
    rig.wait_linked(&player, DEVICE);
    panel.wait_switch(MASTER, false);
    panel.wait_seen("Protection is off: every app plays straight to the device");

    rig.busctl("set-property", &["Bypass", "b", "false"]);
    panel.wait_switch(MASTER, true);
    rig.wait_linked(&player, names::SINK_NODE);
    rig.busctl("set-property", &["Bypass", "b", "true"]);
    panel.wait_switch(MASTER, false);
    panel.press(Role::PUSH_BUTTON, "Turn On");
    panel.wait_switch(MASTER, true);
    rig.wait_linked(&player, names::SINK_NODE);

    drop(player);
    panel.wait_seen("Nothing is playing");
    panel.wait_silent_about(MEDIA);
}

#[test]
fn choices_and_settings_made_in_the_panel_are_in_force() {
    let rig = Rig::start();
    let player = rig.player();
    let panel = Panel::start(&rig.desktop);
    panel.press(Role::PUSH_BUTTON, &format!("Options for {APP}"));
    let choice = panel.find(Role::COMBO_BOX, "This app");
    // Opened by the mouse, chosen by the keyboard: the last of the four.
    panel.click(&choice);
    for key in ["End", "Return"] {
        panel.key(key);
    }
    rig.wait_linked(&player, DEVICE);
    let treatments = wait_for("the treatment", || {
        let treatments = block(rig.control().treatments()).unwrap();
        (!treatments.is_empty()).then_some(treatments)
    });
    let chosen: Vec<_> = treatments.values().map(TreatmentRow::from_dict).collect();
    assert_eq!((chosen.len(), chosen[0].treatment.known()), (1, Some(Treatment::LeaveAlone)));
    panel.wait_says("Left alone");

    panel.turn_to("settings");
    panel.set_value(Role::SPIN_BUTTON, "Ceiling", -3.0);
    eventually("the ceiling at -3 dBTP", || {
        let value = block(rig.control().get_setting("limiter.ceiling_dbtp")).unwrap();
        value.downcast_ref::<f64>().is_ok_and(|ceiling| (ceiling + 3.0).abs() < 1e-6)
    });
    rig.busctl("call", &["SetSetting", "sv", "limiter.hold_ms", "d", "12.5"]);
    eventually("the hold time in the panel", || {
        (panel.value(Role::SPIN_BUTTON, "Hold") - 12.5).abs() < 1e-6
    });
    panel.picture("settings-real");
}

#[test]
fn choice_for_an_app_says_when_it_waits_for_another_profile() {
    let rig = Rig::start();
    let profiles = rig.desktop.session.config_home().join("headroom/profiles");
    std::fs::create_dir_all(&profiles).unwrap();
    let file = profiles.join("together.toml");
    let write = |chains: &str| {
        let text = format!("extends = \"default\"\nchains = \"{chains}\"\n");
        std::fs::write(&file, text).unwrap();
    };
    write("shared");
    let _player = rig.player();
    let panel = Panel::start(&rig.desktop);
    panel.press(Role::PUSH_BUTTON, &format!("Options for {APP}"));
    let acting = "Brought to the same loudness as the others";
    let waiting = "what you choose here waits for another one";
    block(rig.control().set_treatment(APP, "even-out", 0.0)).unwrap();
    panel.wait_seen(acting);
    eventually("the profile", || {
        block(rig.control().profiles()).is_ok_and(|known| known.contains_key("together"))
    });
    block(rig.control().set_active_profile("together")).unwrap();
    panel.wait_seen(waiting);
    // A change of the file that no property tells of.
    write("per-app");
    panel.wait_seen(acting);
    panel.wait_unseen(waiting);
}

#[test]
fn killed_service_restarts_and_gauges_recover() {
    let rig = Rig::start();
    let player = rig.player();
    let panel = Panel::start(&rig.desktop);
    let gauge = format!("Level of {APP}");
    let is_moving = || panel.value(Role::LEVEL_BAR, &gauge) > 10.0;
    panel.find(Role::LEVEL_BAR, &gauge);
    eventually("the gauge to rise", is_moving);

    rig.service.signal(Signal::KILL).unwrap();
    panel.wait_seen("Headroom is not running");
    rig.wait_linked(&player, DEVICE);
    panel.press(Role::PUSH_BUTTON, "Start Headroom");
    rig.wait_running();
    rig.wait_linked(&player, names::SINK_NODE);
    panel.find(Role::LEVEL_BAR, &gauge);
    eventually("the gauge to rise again", is_moving);
    panel.wait_switch(MASTER, true);
}

#[test]
fn the_panel_comes_back_with_pipewire() {
    let rig = Rig::start();
    let panel = Panel::start(&rig.desktop);
    panel.wait_seen("Nothing is playing");
    rig.desktop.session.kill_pipewire();
    panel.wait_seen("The sound system is away");
    rig.desktop.session.start_pipewire().unwrap();
    rig.desktop.session.start_wireplumber().unwrap();
    panel.wait_seen("Nothing is playing");
    let _player = rig.player();
    panel.wait_says(MEDIA);
}

#[test]
fn crash_loop_is_ended_from_the_panel() {
    let rig = Rig::start();
    let player = rig.player();
    let panel = Panel::start(&rig.desktop);
    panel.wait_switch(MASTER, true);
    rig.service.signal(Signal::KILL).unwrap();
    for _ in 0..2 {
        panel.wait_seen("Headroom is not running");
        panel.press(Role::PUSH_BUTTON, "Start Headroom");
        panel.wait_switch(MASTER, true);
        rig.desktop.run("kill", &["-KILL", &rig.service_pid().to_string()]);
    }
    panel.wait_seen("Headroom is not running");
    panel.press(Role::PUSH_BUTTON, "Start Headroom");
    panel.wait_seen("Headroom stepped aside: nothing is protected");
    panel.wait_switch(MASTER, false);
    rig.wait_linked(&player, DEVICE);
    panel.picture("safe-mode-real");
    panel.press(Role::PUSH_BUTTON, "Bring Protection Back");
    panel.wait_switch(MASTER, true);
    panel.wait_unseen("Headroom stepped aside: nothing is protected");
    rig.wait_linked(&player, names::SINK_NODE);
}
