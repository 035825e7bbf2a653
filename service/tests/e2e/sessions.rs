//! Logins that outlast each other or share a home, and the words for what is done to a stream.

use headroom_api::{Explanation, names};
use headroom_testkit::signals;

use crate::rig::*;

const RATE_HZ: usize = 48_000;

fn noise(amplitude: f64) -> Vec<Vec<f32>> {
    [1, 2].map(|seed| signals::gaussian_noise(2 * RATE_HZ, amplitude, seed)).to_vec()
}

/// The service of the next login.
fn log_in(rig: &mut Rig, state: &str) {
    rig.session.restart_pipewire().unwrap();
    rig.session.wait_managed().unwrap();
    rig.session.set_default_device(DEVICE).unwrap();
    rig.revive();
    rig.wait_state(state);
}

#[test]
fn bypass_lasts_until_the_runtime_directory_goes() {
    let mut rig = Rig::start();
    rig.block(rig.control().set_bypass(true)).unwrap();
    // The directory of a user who lingers outlives the login, and so does what is kept in it, as is said.
    assert!(rig.service.terminate(PATIENCE).unwrap().success());
    log_in(&mut rig, "bypassed");
    assert!(rig.block(rig.control().bypass()).unwrap());
    let player = rig.session.player(noise(0.1)).app("Player").looping().start().unwrap();
    rig.wait_linked(&player, DEVICE);
    drop(player);
    let help = rig.headroom(&["bypass", "--help"]);
    assert!(help.contains("lingers") && help.contains("log out"), "{help}");
    // That of everybody else goes with the last login.
    assert!(rig.service.terminate(PATIENCE).unwrap().success());
    std::fs::remove_dir_all(rig.session.runtime_dir().join(names::DIRECTORY)).unwrap();
    log_in(&mut rig, "running");
    assert!(!rig.block(rig.control().bypass()).unwrap());
}

#[test]
fn sessions_of_one_home_share_choices_and_nothing_else() {
    let home = tempfile::tempdir().unwrap();
    let rigs = Rig::two_of_one_home(home.path());
    let [here, there] = &rigs;
    here.block(here.control().set_treatment("Player", "leave-alone", 0.0)).unwrap();
    let player = there.session.player(noise(0.1)).app("Player").looping().start().unwrap();
    there.wait_route(&player, "bypass");
    there.block(there.control().unset_treatment("Player")).unwrap();
    there.wait_route(&player, "processed");
    eventually("the choice taken back", || {
        here.block(here.control().treatments()).unwrap().is_empty()
    });
    here.block(here.control().set_bypass(true)).unwrap();
    here.wait_state("bypassed");
    let elsewhere = here.session.player(noise(0.1)).app("Player").looping().start().unwrap();
    here.wait_linked(&elsewhere, DEVICE);
    there.wait_route(&player, "processed");
    assert_eq!(there.state(), "running");
    let mut doctor = here.session.command(command_line());
    let told = doctor.arg("doctor").env("XDG_STATE_HOME", home.path()).output().unwrap();
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    let service = format!("Another session's service (process {})", there.service.pid());
    assert!(told.contains(&service), "{told}");
}

#[test]
fn left_alone_app_that_is_turned_down_is_called_so() {
    let rig = Rig::start();
    let control = rig.control();
    rig.block(async {
        control.set_active_profile("bypass-all").await.unwrap();
        control.set_setting("app_volume.enabled", &true.into()).await.unwrap();
        control.set_setting("app_volume.target_dbfs", &(-40.0).into()).await.unwrap();
    });
    let player = rig.session.player(noise(0.3)).app("Player").looping().start().unwrap();
    rig.wait_route(&player, "bypass");
    let explained = || {
        let serial = player.serial();
        Explanation::from_dict(&rig.block(rig.control().explain(serial)).unwrap())
    };
    eventually("app volume control", || explained().more.level_db < -8.0);
    let told = explained();
    assert!(told.stream.level);
    let done = told.done_text();
    assert!(done.starts_with("turned down") && done.ends_with("by app volume control"), "{done}");
    for command in [&["status"][..], &["explain", "Player"]] {
        let printed = rig.headroom(command).to_lowercase();
        assert!(!printed.contains("untouched"), "{command:?}: {printed}");
        assert!(
            printed.contains("turned down") || printed.contains("lowered"),
            "{command:?}: {printed}"
        );
    }
}
