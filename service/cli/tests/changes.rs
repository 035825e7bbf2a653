//! What the command line changes: settings, profiles and treatments, against the mock service.

mod common;
#[allow(dead_code, reason = "other tests need more of it")]
mod mock;

use std::process::Output;

use common::{json, stderr, stdout};
use headroom_api::ProfileBy;
use headroom_testkit::mock::Service;
use mock::{PrivateBus, start_mock, worlds};
use serde_json::json;

struct Rig {
    service: Service,
    bus: PrivateBus,
}

impl Rig {
    fn start() -> Self {
        let bus = PrivateBus::start();
        Self { service: start_mock(&bus, worlds::healthy()), bus }
    }

    fn run(&self, line: &str) -> Output {
        self.bus.run(&line.split(' ').collect::<Vec<_>>())
    }

    /// Runs a line that must work, and returns what it printed.
    fn works(&self, line: &str) -> String {
        let output = self.run(line);
        assert!(output.status.success(), "{line}: {}", stderr(&output));
        assert_eq!(stderr(&output), "", "{line}");
        stdout(&output)
    }

    /// Runs a line that must be refused, and returns why.
    fn refused(&self, line: &str) -> String {
        let output = self.run(line);
        assert_eq!(output.status.code(), Some(1), "{line}: {}", stderr(&output));
        assert_eq!(stdout(&output), "", "{line}");
        stderr(&output)
    }

    fn json(&self, line: &str) -> serde_json::Value {
        json(&self.run(line))
    }
}

#[test]
fn a_setting_is_changed_and_what_it_was_and_is_are_told() {
    let rig = Rig::start();
    for (line, told) in [
        ("set limiter.ceiling_dbtp -1", "limiter.ceiling_dbtp: -0.1 -> -1 dBTP\n"),
        ("set limiter.ceiling_dbtp -1dBTP", "limiter.ceiling_dbtp: -1 dBTP already\n"),
        ("set limiter.ceiling_dbtp -2.5dB", "limiter.ceiling_dbtp: -1 -> -2.5 dBTP\n"),
        ("set compressor.makeup_db +3", "compressor.makeup_db: auto -> 3 dB\n"),
        ("set compressor.makeup_db Auto", "compressor.makeup_db: 3 -> auto\n"),
        ("set compressor.detector peak", "compressor.detector: rms -> peak\n"),
        ("set compressor.ratio 4", "compressor.ratio: 2 -> 4\n"),
        ("set compressor.enabled off", "compressor.enabled: on -> off\n"),
    ] {
        assert_eq!(rig.works(line), told);
    }
    let told = rig.works("set compressor.ratio 3");
    assert!(told.starts_with("compressor.ratio: 4 -> 3\n"), "{told}");
    assert!(told.contains("no effect yet: compressor.enabled is off"), "{told}");
    let told = rig.json("set compressor.enabled yes --json");
    assert_eq!(told, json!({"key": "compressor.enabled", "old": false, "new": true, "unit": ""}));
    assert_eq!(rig.json("status --json")["changed-settings"].as_array().unwrap().len(), 5);
    assert!(rig.works("status").contains("default, 5 changed settings\n"));
}

#[test]
fn volume_is_set_by_name_or_id_in_steps_and_muted() {
    let rig = Rig::start();
    let volume = |rig: &Rig, id: u64| {
        let stream = rig.service.world().streams[&id].clone();
        (stream.volume_percent, stream.muted)
    };
    let told = rig.works("volume FIREFOX 50");
    assert!(
        told.contains("VOLUME") && told.contains("7  Firefox") && told.contains("50 %"),
        "{told}"
    );
    assert!(!told.contains("Other"), "{told}");
    for (line, wanted) in [
        ("volume 7 -5%", (Some(45.0), false)),
        ("volume firefox +10", (Some(55.0), false)),
        ("volume firefox +140", (Some(150.0), false)),
        ("volume firefox -150", (Some(0.0), false)),
        ("volume firefox 72", (Some(72.0), false)),
        ("volume firefox mute", (Some(72.0), true)),
        ("volume firefox toggle", (Some(72.0), false)),
        ("volume firefox toggle", (Some(72.0), true)),
    ] {
        rig.works(line);
        assert_eq!(volume(&rig, 7), wanted, "{line}");
    }
    assert_eq!(volume(&rig, 9), (Some(100.0), false), "that is another application");
    assert!(rig.works("volume").contains("72 %, muted"));
    let status = rig.works("status");
    assert!(
        status.lines().any(|line| line.contains("Firefox") && line.contains("muted")),
        "{status}"
    );
    assert!(rig.works("explain firefox").contains("%, muted"));
    let told = rig.json("volume firefox unmute --json");
    let row = json!([{"id": 7, "app": "Firefox", "volume-percent": 72.0, "muted": false}]);
    assert_eq!(told, row);
    assert!(rig.refused("volume firefix 50").contains("Did you mean 'Firefox'?"));
    assert!(rig.refused("volume 4711 50").contains("no stream"));
    assert!(rig.refused("volume 4711").contains("no stream 4711"));
    for line in ["volume firefox 151", "volume firefox loud", "volume firefox +nan"] {
        assert_eq!(rig.run(line).status.code(), Some(2), "{line}");
    }
    rig.service.change(|world| {
        world.streams.values_mut().for_each(|stream| stream.volume_percent = None);
    });
    assert!(rig.refused("volume firefox 50").contains("no volume of its own"));
    assert!(rig.works("volume firefox").contains(" -"));
}

#[test]
fn schedule_is_set_told_and_forgotten() {
    let rig = Rig::start();
    assert!(rig.works("schedule list").starts_with("Nothing is scheduled"));
    let told = rig.works("schedule set night 22:00-07:00 --days fri-sun");
    assert_eq!(told, "night: 22:00 to 07:00, fri, sat, sun\n");
    assert_eq!(rig.works("schedule set default --night-light"), "default: with the Night Light\n");
    rig.service.change(|world| {
        "night".clone_into(&mut world.active_profile);
        world.profile_by = ProfileBy::Schedule;
    });
    let told = rig.works("schedule list");
    assert!(told.contains("*  night    22:00 to 07:00, fri, sat, sun\n"), "{told}");
    assert!(told.ends_with("In force: night, by its schedule\n"), "{told}");
    assert!(rig.works("status").contains("night, by its schedule\n"));
    assert_eq!(rig.json("status --json")["profile-by"], "schedule");
    let told = rig.json("schedule list --json");
    assert_eq!(
        told["schedules"]["night"],
        json!({"from": "22:00", "to": "07:00", "days": ["fri", "sat", "sun"]})
    );
    assert_eq!(told["schedules"]["default"], json!({"night-light": true}));
    assert_eq!((&told["by"], &told["until-usec"]), (&json!("schedule"), &json!(0)));
    rig.works("schedule unset night");
    assert!(rig.refused("schedule unset night").contains("nothing is scheduled"));
    assert!(rig.refused("schedule set nigth 22:00-07:00").contains("near it is: night"));
    for line in [
        "schedule set night",
        "schedule set night 22:00",
        "schedule set night 1:00-2:00 --night-light",
    ] {
        assert_eq!(rig.run(line).status.code(), Some(2), "{line}");
    }
}

#[test]
fn what_a_setting_does_not_take_is_refused_with_what_it_takes() {
    let rig = Rig::start();
    for (line, why) in [
        ("set limiter.ceiling_dbtp loud", "it takes -12 to -0.1 dBTP"),
        ("set limiter.ceiling_dbtp -1ms", "it takes -12 to -0.1 dBTP"),
        ("set limiter.ceiling_dbtp nan", "it takes -12 to -0.1 dBTP"),
        ("set limiter.ceiling_dbtp -20", "does not take this value"),
        ("set compressor.enabled 2", "it takes on or off"),
        ("set compressor.detector peek", "Did you mean 'peak'?"),
        ("set compressor.makeup_db automatic", "-12 to 24 dB, or auto"),
        ("set limiter.cieling_dbtp -1", "Did you mean 'limiter.ceiling_dbtp'?"),
        ("set ceiling -1", "Did you mean 'limiter.ceiling_dbtp'?"),
        ("set agc.target_lufs -20", "agc.target_lufs is now leveller.target_lufs."),
        ("get compressor.treshold", "No setting has the key 'compressor.treshold'."),
        ("reset limiter.ceilingdbtp", "Did you mean 'limiter.ceiling_dbtp'?"),
        ("get banana", "`headroom get` lists them all"),
    ] {
        let told = rig.refused(line);
        assert!(told.contains(why), "{line}: {told}");
        assert_eq!(told.lines().count(), 1, "{told}");
    }
    assert!(rig.works("get").contains("All as the profile 'default' has it."));
}

#[test]
fn get_prints_a_bare_value_for_scripts_and_tables_for_people() {
    let rig = Rig::start();
    rig.works("set limiter.ceiling_dbtp -0.5");
    assert_eq!(rig.works("get limiter.ceiling_dbtp"), "-0.5\n");
    assert_eq!(rig.works("get compressor.enabled"), "on\n");
    assert_eq!(rig.works("get compressor.makeup_db"), "auto\n");
    let table = rig.works("get");
    let line = "*  limiter.ceiling_dbtp   -0.5  dBTP     -0.1  -12 to -0.1\n";
    assert!(table.contains(line), "{table}");
    assert!(
        table.contains("   compressor.makeup_db   auto  dB             -12 to 24, or auto\n"),
        "{table}"
    );
    assert!(table.contains("1 changed setting, marked *"), "{table}");
    assert!(!table.contains("What it does"), "{table}");
    let section = rig.works("get compressor --long");
    assert!(section.contains("compressor.ratio") && !section.contains("limiter"), "{section}");
    assert!(section.contains("What it does"), "{section}");
    let long = rig.works("get limiter.ceiling_dbtp --long");
    assert!(long.contains("-0.5 dBTP\n") && long.contains("-12 to -0.1 dBTP\n"), "{long}");

    let entry = rig.json("get limiter.ceiling_dbtp --json");
    let expected = json!({
        "key": "limiter.ceiling_dbtp", "value": -0.5, "default": -0.1, "changed": true,
        "min": -12.0, "max": -0.1, "unit": "dBTP", "description": "What it does",
    });
    assert_eq!(entry, expected);
    let all = rig.json("get --json");
    assert_eq!(all.as_object().unwrap().len(), 5);
    assert_eq!(all["compressor.detector"]["options"], json!(["peak", "rms"]));
    assert_eq!(rig.json("get compressor --json").as_object().unwrap().len(), 4);
}

#[test]
fn settings_are_reset_by_key_by_section_or_all_at_once() {
    let rig = Rig::start();
    let change = || {
        rig.works("set limiter.ceiling_dbtp -3");
        rig.works("set compressor.ratio 4");
        rig.works("set compressor.makeup_db 2");
    };
    change();
    assert_eq!(rig.works("reset limiter.ceiling_dbtp"), "limiter.ceiling_dbtp: -3 -> -0.1 dBTP\n");
    assert!(rig.works("reset limiter.ceiling_dbtp").contains("Nothing to reset"));
    let told = rig.works("reset compressor");
    assert_eq!(told, "compressor.ratio: 4 -> 2\ncompressor.makeup_db: 2 -> auto\n");
    change();
    assert_eq!(rig.works("reset --all").lines().count(), 3);
    change();
    rig.refused("reset compressor.ratio limiter.nonsense");
    assert_eq!(rig.works("get compressor.ratio"), "4\n", "a typo must leave everything as it is");
    let told = rig.json("reset --all --json");
    assert_eq!(told["reset"][0]["key"], "compressor.ratio");
    assert_eq!(
        told["reset"][2],
        json!({"key": "limiter.ceiling_dbtp", "old": -3.0, "new": -0.1, "unit": "dBTP"})
    );
    assert_eq!(rig.json("reset --all --json"), json!({"reset": []}));
}

#[test]
fn switching_the_profile_says_what_becomes_of_changed_settings() {
    let rig = Rig::start();
    assert_eq!(rig.works("profile use night"), "night: For late hours\n");
    assert_eq!(rig.works("profile use night"), "'night' is the active profile already.\n");
    rig.works("set compressor.ratio 4");
    let told = rig.works("profile use default");
    assert_eq!(
        told,
        "default: For every day\n1 changed setting stays with 'night' and comes back with it.\n"
    );
    rig.works("set compressor.ratio 3");
    rig.works("set compressor.detector peak");
    let told = rig.works("profile use night");
    assert!(
        told.contains("2 changed settings stay with 'default' and come back with it.\n"),
        "{told}"
    );
    assert!(told.contains("1 changed setting of 'night' is in force again.\n"), "{told}");
    let told = rig.json("profile use default --json");
    assert_eq!(
        told,
        json!({"active": "default", "previous": "night", "changed": 2, "put-aside": 1})
    );
    assert!(rig.refused("profile use nihgt").contains("near it is: night"));
}

#[test]
fn profiles_are_listed_with_the_active_one_marked() {
    let rig = Rig::start();
    let list = rig.works("profile list");
    assert!(list.contains("*  default  For every day\n"), "{list}");
    assert!(list.contains("   night    For late hours\n"), "{list}");
    rig.works("set compressor.ratio 4");
    assert!(rig.works("profile list").contains("1 changed setting on top of 'default'"));
    let list = rig.json("profile list --json");
    assert_eq!(list["active"], "default");
    assert_eq!(list["changed"], 1);
    assert_eq!(list["profiles"]["night"], "For late hours");
    assert_eq!(rig.works("profile show"), "name = \"default\"\n");
    rig.refused("profile show nonsense");
}

#[test]
fn a_broken_profile_is_told_by_reload_list_status_and_doctor() {
    let rig = Rig::start();
    assert_eq!(rig.works("profile reload"), "3 profiles; 'default' is active.\n");
    // The file is saved, and nobody has looked at it yet.
    rig.service.world().profile_faults = vec![worlds::broken()];
    let output = rig.run("profile reload");
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("Problem: loud.toml, line 3: 'leveller.loud' is unknown. "));
    let output = rig.run("profile reload --json");
    assert_eq!(output.status.code(), Some(1));
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["problems"][0]["code"], "profile-broken");
    assert_eq!(told["profiles"], 3);
    assert!(rig.works("profile list").contains("loud.toml, line 3"));
    assert!(rig.works("status").contains("loud.toml, line 3"));
    let output = rig.run("doctor --json");
    assert_eq!(output.status.code(), Some(1));
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let is_told =
        |check: &serde_json::Value| check["name"] == "profiles" && check["severity"] == "bad";
    assert!(told["checks"].as_array().unwrap().iter().any(is_told), "{told:#}");
}

#[test]
fn app_volume_control_is_listed() {
    let rig = Rig::start();
    let list = rig.works("level list");
    assert!(list.contains(" 7  Firefox      on        -3.3       -3.1     -12.5\n"), "{list}");
    assert!(list.contains(" 9  Other        off        0.0     silent    silent\n"), "{list}");
    let list = rig.json("level list --json");
    assert_eq!(
        list["streams"][0],
        json!({"id": 7, "app": "Firefox", "level": true, "level-db": -3.25, "peak-dbfs": -3.1, "rms-dbfs": -12.5})
    );
}

#[test]
fn a_profile_with_old_keys_is_rewritten_without_a_service() {
    let bus = PrivateBus::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.toml");
    let old = "# Mine.\n[agc]\ntarget_lufs = -20 # aim\nup_db_per_s = 2\n";
    std::fs::write(&file, old).unwrap();
    let file = file.to_str().unwrap();
    let shown = stdout(&bus.run(&["profile", "migrate", "--dry-run", file]));
    assert!(shown.contains("- [agc]\n+ [leveller]\n- up_db_per_s = 2\n"), "{shown}");
    assert!(
        shown.contains("agc.up_db_per_s is gone: the leveller finds its own speed."),
        "{shown}"
    );
    assert_eq!(std::fs::read_to_string(file).unwrap(), old, "a dry run wrote");
    let output = bus.run(&["profile", "migrate", file, "--json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let report: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(
        (&report["written"], report["changes"].as_array().unwrap().len()),
        (&json!(true), 2)
    );
    let new = "# Mine.\n[leveller]\ntarget_lufs = -20 # aim\n";
    assert_eq!(std::fs::read_to_string(file).unwrap(), new);
    assert!(stdout(&bus.run(&["profile", "migrate", file])).contains("is up to date"));
    let absent = bus.run(&["profile", "migrate", "/nowhere.toml"]);
    assert_eq!(absent.status.code(), Some(1));
}

#[test]
fn what_one_application_gets_is_listed_chosen_and_unset() {
    let rig = Rig::start();
    let list = rig.works("app list");
    let row = " 7  Firefox      automatic          -3     -9.0     -21.0  turned down 21 dB";
    assert!(list.contains(row), "{list}");
    let row = " 9  Other        limit-only          0        -         -  unchanged\n";
    assert!(list.contains(row), "{list}");
    assert!(list.contains("Nothing chosen"), "{list}");
    assert_eq!(rig.works("app set Firefox leave-alone"), "Firefox: leave-alone\n");
    let told = rig.works("app set firefox even-out --offset -4dB");
    assert_eq!(told, "firefox: even-out, 4 dB softer\n");
    // The offset stays where none is said.
    assert_eq!(rig.works("app set FIREFOX limit-only"), "FIREFOX: limit-only, 4 dB softer\n");
    let told = rig.works("app set mpv automatic --offset 2");
    assert!(told.starts_with("mpv: automatic, 2 dB louder\nNothing of that name plays"), "{told}");
    let list = rig.json("app list --json");
    let expected = json!({
        "Firefox": {"treatment": "limit-only", "offset-db": -4.0},
        "mpv": {"treatment": "automatic", "offset-db": 2.0},
    });
    assert_eq!(list["choices"], expected);
    assert_eq!(list["streams"][0]["treatment"], "limit-only");
    assert_eq!(list["streams"][0]["loudness-out-lufs"], -21.04);
    assert_eq!(list["streams"][1]["loudness-out-lufs"], serde_json::Value::Null);
    assert_eq!(list["streams"][0]["doing"], "leveller");
    let list = rig.works("app list");
    assert!(list.contains("Firefox        limit-only         -4\n"), "{list}");

    assert!(rig.refused("app set mpv even-out --offset loud").contains("-12 to 12 dB"));
    assert!(rig.refused("app set mpv even-out --offset 13").contains("cannot be 13"));
    assert!(rig.refused("app unset vlc").contains("nothing is chosen for 'vlc'"));
    let told = rig.works("app show firefox");
    assert!(told.contains("limit-only, 4 dB softer (for 'Firefox')"), "{told}");
    assert!(told.contains("the user has 'Firefox' processed"), "{told}");
    let told = rig.json("app show mpv --json");
    let chosen = json!({"treatment": "automatic", "offset-db": 2.0});
    assert_eq!(told, json!({"chosen": chosen, "streams": []}));
    assert!(rig.refused("app show vlc").contains("nothing of that name plays"));
    assert_eq!(rig.works("app unset Firefox"), "Firefox: the profile decides again\n");
    let left = json!({"mpv": {"treatment": "automatic", "offset-db": 2.0}});
    assert_eq!(rig.json("app list --json")["choices"], left);

    rig.service.change(|world| {
        let profile = world.profiles.get_mut(&world.active_profile).expect("it is one of them");
        profile.chains = headroom_api::Chains::Shared;
    });
    let waits = "levels all applications together";
    assert!(rig.works("app set Firefox even-out").contains(waits));
    assert!(rig.works("app list").contains(waits));
    assert!(!rig.works("app set Firefox leave-alone").contains(waits));
    assert_eq!(rig.works("app unset Firefox"), "Firefox: the profile decides again\n");

    let told = rig.works("explain Firefox");
    assert!(
        told.contains("3 dB softer than the others: the user's choice for 'firefox'"),
        "{told}"
    );
    assert!(told.contains("0.5: a rule of profile 'x' (line 3)"), "{told}");
    assert!(told.contains("turned down 21 dB by leveller; -9.0 LUFS in, -21.0 LUFS out"), "{told}");
}

#[test]
fn learned_level_is_forgotten_by_name_or_all() {
    let rig = Rig::start();
    rig.service.change(|world| {
        world.learned = ["firefox", "mpv"].map(|app| (app.to_owned(), -20.0)).into();
    });
    assert_eq!(rig.works("app forget Firefox"), "Forgotten: how loud Firefox plays.\n");
    assert!(rig.refused("app forget Firefox").contains("nothing is remembered of 'Firefox'"));
    assert_eq!(rig.works("app forget --all"), "Forgotten: how loud every application plays.\n");
    assert!(rig.service.world().learned.is_empty());
    for line in ["app forget", "app forget mpv --all"] {
        assert_eq!(rig.run(line).status.code(), Some(2), "{line}");
    }
}
