//! A whole home before and after: service, command line and panel write into Headroom's own folders and nowhere else.

use std::{fs, path::Path, process::Command};

use headroom_testkit::{
    login::{HomeChange, HomeState},
    session::{Session, Signal},
};

use crate::{
    bus::{block, eventually},
    desktop::Desktop,
    panel::{self, Panel},
    real::{command_line, control, player, service_binary, service_pid, wait_linked, wait_running},
    tree::Role,
};

/// Headroom's own folders in a home. That of profiles is the user's: it is read and never made.
const OWN: [&str; 1] = [".local/state/headroom"];
/// Headroom's own folder among what lasts until logout.
const OWN_UNTIL_LOGOUT: [&str; 1] = ["headroom"];

/// What others write in a home meanwhile. Not the toolkit: settings are only read, and no cache of fonts is made.
const OTHERS: [&str; 2] = [
    // WirePlumber: which devices there are, and which volume a stream had. It does so for every stream that plays.
    ".local/state/wireplumber",
    // The graphics driver's compiled shaders, one cache for all programs that draw by it.
    ".cache/mesa_shader_cache",
];
/// What others write in the runtime directory meanwhile.
const OTHERS_UNTIL_LOGOUT: [&str; 2] = [
    // The accessibility bus, started by the toolkit or by a screen reader, whoever is first.
    "at-spi",
    // dconf's flag that settings have changed, a byte which every program of the toolkit maps.
    "dconf",
];

fn outside(changes: Vec<HomeChange>, ours: &[&str], others: &[&str]) -> Vec<HomeChange> {
    let is_expected = |change: &HomeChange| {
        ours.iter().chain(others).any(|folder| {
            let path = change.path();
            // The folders above are made with it.
            path.starts_with(folder)
                || matches!(change, HomeChange::Added(_)) && Path::new(folder).starts_with(path)
        })
    };
    changes.into_iter().filter(|change| !is_expected(change)).collect()
}

/// What the command line prints, run as a person's shell would.
fn run(desktop: &Desktop, arguments: &[&str]) -> String {
    desktop.run(&command_line().to_string_lossy(), arguments)
}

/// The panel with the toolkit as it is for everybody: drawing by shaders where it can, settings from dconf.
fn plain_panel(desktop: &Desktop) -> Command {
    let mut command = panel::command(desktop);
    command.env_remove("GSK_RENDERER").env_remove("GSETTINGS_BACKEND");
    // Where shaders run on the processor, each pixel costs.
    command.env("HEADROOM_PANEL_SIZE", "360x480");
    command
}

#[test]
fn a_whole_home_has_nothing_new_outside_headrooms_own_folders() {
    let desktop = Desktop::over(Session::start().unwrap());
    // A setting that the panel wrote by the toolkit would arrive where dconf keeps them.
    let dconf = Path::new("/usr/share/dbus-1/services/ca.desrt.dconf.service");
    if dconf.exists() {
        let own = desktop.session.data_home().join("dbus-1/services/ca.desrt.dconf.service");
        fs::copy(dconf, own).unwrap();
    }
    // The bus reads its files anew with it.
    desktop.make_activatable(&service_binary().to_string_lossy());
    let (home, runtime) = (desktop.session.home(), desktop.session.runtime_dir());
    let before = HomeState::read(&home).unwrap();
    let before_runtime = HomeState::read(&runtime).unwrap();

    let service = desktop.session.spawn_service(service_binary()).unwrap();
    wait_running(&desktop);
    let player = player(&desktop);
    wait_linked(&desktop, &player, headroom_api::names::SINK_NODE);

    // The first start, with all that a person may touch in it.
    let panel = Panel::run(&desktop, &plain_panel(&desktop));
    panel.wait_seen("No more sudden loud sound");
    panel.press(Role::PUSH_BUTTON, "What Headroom Does to Your System");
    panel.wait_seen("What Headroom does to your system");
    assert!(!block(control(&desktop).introduced()).unwrap());
    panel.press(Role::PUSH_BUTTON, "Copy “headroom install remove”");
    panel.press(Role::PUSH_BUTTON, "Continue");
    eventually("the introduction to be remembered", || {
        block(control(&desktop).introduced()).unwrap()
    });
    panel.turn_to("protection");
    panel.set_value(Role::SLIDER, "Strength", 70.0);
    panel.turn_to("settings");
    panel.set_value(Role::SPIN_BUTTON, "Ceiling", -2.0);
    eventually("the ceiling", || run(&desktop, &["get", "limiter.ceiling_dbtp"]).starts_with("-2"));
    panel.activate("about", "[]");
    eventually("the window about Headroom", || panel.tree().children.len() > 1);
    panel.key("Escape");
    eventually("its end", || panel.tree().children.len() == 1);

    let introduction = run(&desktop, &["welcome"]);
    assert!(introduction.contains("~/.local/state/headroom"), "{introduction}");
    for arguments in [
        &["status"][..],
        &["status", "--json"],
        &["profile", "use", "night"],
        &["set", "compressor.ratio", "3"],
        &["app", "set", "noisy", "limit-only", "--offset", "2"],
        &["app", "set", "noisy", "leave-alone"],
        &["bypass", "on"],
        &["bypass", "off"],
        &["explain", "noisy"],
        &["monitor", "--help"],
    ] {
        run(&desktop, arguments);
    }
    // Without the tools that it looks for a check may be bad, which is not what is asked here.
    let mut doctor = desktop.command(command_line());
    doctor.arg("doctor").output().unwrap();
    wait_linked(&desktop, &player, "device");

    // A crash leaves as little as an end does.
    service.signal(Signal::KILL).unwrap();
    panel.wait_seen("Headroom is not running");
    panel.press(Role::PUSH_BUTTON, "Start Headroom");
    wait_running(&desktop);
    panel.key("ctrl+q");
    eventually("the end of the panel", || !panel.process.is_running());
    let pid = service_pid(&desktop);
    desktop.run("kill", &[&pid.to_string()]);
    // In a container nobody may ask how it ended: what is left of it then does nothing any more.
    eventually("the end of the service", || {
        fs::read_to_string(format!("/proc/{pid}/stat")).map_or(true, |stat| {
            stat.rsplit_once(')').is_some_and(|(_, rest)| rest.starts_with(" Z"))
        })
    });
    drop(player);

    let (after, after_runtime) =
        (HomeState::read(&home).unwrap(), HomeState::read(&runtime).unwrap());
    // The test would prove nothing where nothing was written.
    let state = after.file(".local/state/headroom/state.toml").expect("choices are remembered");
    let state = String::from_utf8_lossy(state);
    for choice in ["night", "noisy", "introduced"] {
        assert!(state.contains(choice), "no '{choice}' in {state}");
    }
    let changes = before.diff(&after);
    println!(
        "in the home: {}",
        changes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    );
    assert_eq!(outside(changes, &OWN, &OTHERS), [], "written into the home");
    let changes = before_runtime.diff(&after_runtime);
    println!(
        "until logout: {}",
        changes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    );
    assert_eq!(
        outside(changes, &OWN_UNTIL_LOGOUT, &OTHERS_UNTIL_LOGOUT),
        [],
        "written into the runtime directory"
    );
    // What others wrote knows nothing of Headroom.
    for (name, text) in desktop.session.wireplumber_state() {
        assert!(!text.to_lowercase().contains("headroom"), "{name}: {text}");
    }
}

#[test]
fn what_is_outside_is_found() {
    let added = |path: &str| HomeChange::Added(path.into());
    let changes = vec![
        added(".local"),
        added(".local/state/headroom/state.toml"),
        added(".local/state/wireplumber/default-nodes"),
        added(".local/state/other"),
        added(".config/headroom"),
        HomeChange::Removed(".local/state".into()),
        HomeChange::Changed(".bashrc".into(), String::new()),
    ];
    let found = outside(changes, &OWN, &OTHERS);
    let found: Vec<_> = found.iter().map(|change| change.path().to_str().unwrap()).collect();
    assert_eq!(found, [".local/state/other", ".config/headroom", ".local/state", ".bashrc"]);
}
