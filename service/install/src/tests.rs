//! Properties of apply and remove, on generated homes: what was there comes back, whatever happens in between.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
};

use proptest::prelude::*;

use crate::{
    Error,
    binaries::Binaries,
    deployment::{Deployment, Name, Preset, Scope},
    disk::Disk,
    documents::Documents,
    items::{Thing, items, path_block},
    manifest::Manifest,
    places::Places,
    plan::{Plan, Wanted, plan},
    standing::Standing,
    status::faults,
    undo::{Removal, removal},
};

const PRESETS: [Preset; 4] =
    [Preset::Service, Preset::Watchdog, Preset::OnDemand, Preset::Autostart];

/// A home in a folder of its own, and programs to install beside it.
struct Home {
    _folder: tempfile::TempDir,
    root: PathBuf,
    binaries: Binaries,
    places: Places,
    disk: Disk,
}

/// A few of them: what holds for these holds for all.
fn documents() -> Documents {
    let script = |shell: &str| format!("complete headroom in {shell}").into_bytes();
    Documents {
        pages: ["headroom.1", "headroom-status.1"]
            .map(|name| (name.to_owned(), name.into()))
            .into(),
        bash: script("Bash"),
        zsh: script("Zsh"),
        fish: script("Fish"),
    }
}

/// Every path of a tree with what stands there.
type Tree = BTreeMap<PathBuf, (Standing, u32)>;

fn tree(root: &Path) -> Tree {
    let disk = Disk::default();
    let mut found = Tree::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let mode = fs::symlink_metadata(&path).unwrap().permissions().mode();
            let standing = disk.standing(&path).unwrap();
            if standing == Standing::Folder {
                folders.push(path.clone());
            }
            found.insert(path, (standing, mode));
        }
    }
    found
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("home-").tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let (home, built) = (root.join("anna"), root.join("built"));
        fs::create_dir(&home).unwrap();
        fs::create_dir(&built).unwrap();
        let binaries = Binaries {
            cli: built.join("headroom"),
            service: built.join("headroom-service"),
            panel: Some(built.join("headroom-panel")),
            tray: Some(built.join("headroom-tray")),
            catalogues: vec![("de".to_owned(), built.join("de.mo"))],
        };
        let places = Places::user(|key| (key == "HOME").then(|| OsString::from(&home))).unwrap();
        let made = Self { _folder: folder, root: home, binaries, places, disk: Disk::default() };
        made.build("1");
        made
    }

    /// Makes programs of this version.
    fn build(&self, version: &str) {
        let panel = self.binaries.panel.iter().chain(&self.binaries.tray);
        let catalogues = self.binaries.catalogues.iter().map(|(_, path)| path);
        let programs = [&self.binaries.cli, &self.binaries.service];
        for path in programs.into_iter().chain(panel).chain(catalogues) {
            fs::write(path, format!("{} {version}", path.display())).unwrap();
        }
    }

    fn deployment(preset: Preset) -> Deployment {
        Deployment { preset, scope: Scope::User, name: Name::default() }
    }

    fn manifest(&self) -> Option<Manifest> {
        Manifest::load(&self.places, &Name::default(), &self.disk).unwrap()
    }

    fn plan(&self, preset: Preset, path: bool, force: bool) -> Result<Plan, Error> {
        let deployment = Self::deployment(preset);
        let wanted = Wanted {
            items: items(&deployment, &self.places, &self.binaries, &documents()),
            edit: path.then(|| (self.root.join(".profile"), path_block())),
            deployment,
        };
        plan(&wanted, self.manifest().as_ref(), &self.places, &self.disk, force)
    }

    fn apply(&self, preset: Preset) {
        let plan = self.plan(preset, true, false).unwrap();
        assert!(plan.changed.is_empty(), "{:?}", plan.changed);
        self.perform(&plan.steps, usize::MAX);
    }

    /// Performs this many steps and dies.
    fn perform(&self, steps: &[super::step::Step], count: usize) {
        for step in steps.iter().take(count) {
            step.perform(&self.disk, &self.places).unwrap();
        }
    }

    fn removal(&self, force: bool) -> Removal {
        let manifest = self.manifest().expect("it is installed");
        removal(&manifest, &self.places, &self.disk, force, false).unwrap()
    }

    fn remove(&self) -> Removal {
        let removal = self.removal(false);
        self.perform(&removal.steps, usize::MAX);
        removal
    }

    fn path(&self, below: &str) -> PathBuf {
        self.root.join(below)
    }

    fn tree(&self) -> Tree {
        tree(&self.root)
    }
}

/// Something that a home may hold already.
#[derive(Clone, Debug)]
enum Found {
    File(Vec<u8>, u32),
    Link(&'static str),
    Folder(u32),
}

/// Paths that the installation uses, that lie beside them, or that it could stumble over.
const PATHS: [&str; 24] = [
    ".profile",
    ".config",
    ".config/systemd/user/default.target.wants/headroom.service",
    ".config/systemd/user/default.target.wants/other.service",
    ".config/autostart/headroom-service.desktop",
    ".config/autostart/com.example.Headroom.Tray.desktop",
    ".config/headroom/profiles/mine.toml",
    ".local/bin/headroom",
    ".local/bin/headroom-panel",
    ".local/bin/headroom-tray",
    ".local/bin/other",
    ".local/libexec",
    ".local/libexec/headroom/headroom-service",
    ".local/share/dbus-1/services/com.example.Headroom.service",
    ".local/share/dbus-1/services/org.other.service",
    ".local/share/systemd/user/headroom.service",
    ".local/share/applications/com.example.Headroom.Panel.desktop",
    ".local/share/icons/hicolor/scalable/apps/com.example.Headroom.Panel.svg",
    ".local/share/man/man1/headroom.1",
    ".local/share/man/man1/other.1",
    ".local/share/bash-completion/completions/headroom",
    ".local/share/locale/de/LC_MESSAGES/headroom.mo",
    ".local/state/other/state",
    "Music/song",
];

fn thing() -> impl Strategy<Value = Found> {
    let mode = prop_oneof![Just(0o600), Just(0o644), Just(0o755), Just(0o400)];
    let folder = prop_oneof![Just(0o700), Just(0o755)];
    prop_oneof![
        5 => (proptest::collection::vec(any::<u8>(), 0..40), mode)
            .prop_map(|(bytes, mode)| Found::File(bytes, mode)),
        2 => prop_oneof![Just("nowhere"), Just("/dev/null"), Just("../bin")].prop_map(Found::Link),
        2 => folder.prop_map(Found::Folder),
    ]
}

fn things() -> impl Strategy<Value = Vec<(&'static str, Found)>> {
    proptest::collection::vec((proptest::sample::select(PATHS.to_vec()), thing()), 0..10)
}

/// Puts things into a home as far as they do not exclude each other.
fn furnish(home: &Home, things: &[(&'static str, Found)]) {
    for (path, thing) in things {
        let path = home.path(path);
        if fs::create_dir_all(path.parent().unwrap()).is_err()
            || fs::symlink_metadata(&path).is_ok()
        {
            continue;
        }
        match thing {
            Found::File(bytes, mode) => {
                fs::write(&path, bytes).unwrap();
                fs::set_permissions(&path, fs::Permissions::from_mode(*mode)).unwrap();
            }
            Found::Link(to) => symlink(to, &path).unwrap(),
            Found::Folder(mode) => {
                fs::create_dir(&path).unwrap();
                fs::set_permissions(&path, fs::Permissions::from_mode(*mode)).unwrap();
            }
        }
    }
}

fn preset() -> impl Strategy<Value = Preset> {
    proptest::sample::select(PRESETS.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn removing_restores_any_home(things in things(), first in preset(), second in preset(), path in any::<bool>()) {
        let home = Home::new();
        furnish(&home, &things);
        let before = home.tree();
        let Ok(plan) = home.plan(first, path, false) else {
            prop_assert_eq!(home.tree(), before, "a refusal has changed something");
            return Ok(());
        };
        if !plan.changed.is_empty() {
            return Ok(());
        }
        home.perform(&plan.steps, usize::MAX);
        prop_assert!(faults(&home.manifest().unwrap(), &home.disk).unwrap().is_empty());
        // Another preset over it, and another version.
        home.build("2");
        if let Ok(plan) = home.plan(second, false, false) {
            prop_assert!(plan.changed.is_empty(), "{:?}", plan.changed);
            home.perform(&plan.steps, usize::MAX);
            prop_assert!(faults(&home.manifest().unwrap(), &home.disk).unwrap().is_empty());
            prop_assert!(!home.plan(second, false, false).unwrap().changes_something());
        }
        let removal = home.remove();
        prop_assert!(removal.left.is_empty(), "{:?}", removal.left);
        prop_assert_eq!(home.tree(), before);
    }

    #[test]
    fn an_apply_that_dies_can_be_undone_and_finished(
        things in things(), first in preset(), second in preset(), died in 0_usize..40, finish in any::<bool>(),
    ) {
        let home = Home::new();
        furnish(&home, &things);
        let before = home.tree();
        let Ok(plan) = home.plan(first, true, false) else { return Ok(()) };
        let step = died % plan.steps.len();
        home.perform(&plan.steps, step);
        if finish {
            home.build("2");
            // What refuses now would have refused without the death.
            let Ok(plan) = home.plan(second, true, false) else { return Ok(()) };
            prop_assert!(plan.changed.is_empty(), "{:?}", plan.changed);
            home.perform(&plan.steps, usize::MAX);
            prop_assert!(faults(&home.manifest().unwrap(), &home.disk).unwrap().is_empty());
        }
        if home.manifest().is_some() {
            let removal = home.removal(false);
            prop_assert!(removal.left.is_empty(), "{:?}", removal.left);
            // It dies as well, and is done again.
            home.perform(&removal.steps, died % removal.steps.len());
            if home.manifest().is_some() {
                prop_assert!(home.remove().left.is_empty());
            }
        }
        // Before the record is written, and after it is gone, there may be empty folders and copies of our own.
        let own = home.path(".local/state/headroom");
        let mut now = home.tree();
        now.retain(|path, _| !path.starts_with(&own) && (!own.starts_with(path) || before.contains_key(path)));
        prop_assert_eq!(now, before);
    }
}

#[test]
fn a_second_apply_has_nothing_to_do() {
    for preset in PRESETS {
        let home = Home::new();
        home.apply(preset);
        let before = home.tree();
        let plan = home.plan(preset, true, false).unwrap();
        assert_eq!(plan.steps, [], "{preset}");
        assert_eq!(home.tree(), before);
    }
}

#[test]
fn a_preset_is_what_its_files_say() {
    let all = |preset| {
        let home = Home::new();
        home.apply(preset);
        let activation = home.path(".local/share/dbus-1/services/com.example.Headroom.service");
        let text = fs::read_to_string(activation).unwrap();
        assert!(text.contains(&format!("--deployment {preset}/user/default\n")), "{text}");
        let named = text.lines().any(|line| line == "SystemdService=headroom.service");
        assert_eq!(named, preset.has_unit(), "{text}");
        let paths = [
            ".local/share/systemd/user/headroom.service",
            ".config/systemd/user/default.target.wants/headroom.service",
            ".local/share/systemd/user/headroom-watchdog.timer",
            ".config/systemd/user/timers.target.wants/headroom-watchdog.timer",
            ".config/autostart/headroom-service.desktop",
        ];
        paths.map(|path| home.path(path).is_file())
    };
    assert_eq!(all(Preset::Service), [true, true, false, false, false]);
    assert_eq!(all(Preset::Watchdog), [true, true, true, true, false]);
    assert_eq!(all(Preset::OnDemand), [false; 5]);
    assert_eq!(all(Preset::Autostart), [false, false, false, false, true]);
}

#[test]
fn nothing_is_left_to_be_filled_in() {
    let home = Home::new();
    for scope in [Scope::User, Scope::System] {
        let places = match scope {
            Scope::User => home.places.clone(),
            Scope::System => Places::system(),
        };
        for preset in PRESETS {
            let deployment = Deployment { preset, scope, name: Name::default() };
            for item in items(&deployment, &places, &home.binaries, &documents()) {
                let Thing::File { content: super::disk::Content::Bytes(bytes), .. } = item.thing
                else {
                    continue;
                };
                let text = String::from_utf8(bytes).unwrap();
                let lines = text.lines().filter(|line| !line.starts_with(['#', '<', ' ']));
                for line in lines {
                    assert!(line.matches('@').count() < 2, "{}: {line}", item.path.display());
                }
            }
        }
    }
}

#[test]
fn what_the_user_changed_is_left_until_it_is_forced() {
    let home = Home::new();
    fs::create_dir_all(home.path(".local/bin")).unwrap();
    fs::write(home.path(".local/bin/headroom"), "an older one").unwrap();
    let before = home.tree();
    home.apply(Preset::Service);
    let unit = home.path(".local/share/systemd/user/headroom.service");
    let mut text = fs::read_to_string(&unit).unwrap();
    text.push_str("Nice=5\n");
    fs::write(&unit, &text).unwrap();
    fs::write(home.path(".local/bin/headroom"), "my own build").unwrap();
    // Neither a repair nor a removal touches it.
    let plan = home.plan(Preset::Service, false, false).unwrap();
    assert_eq!(plan.changed.len(), 2);
    let removal = home.remove();
    let left: Vec<_> = removal.left.iter().map(|left| left.path.clone()).collect();
    assert_eq!(left, [unit.clone(), home.path(".local/bin/headroom")]);
    assert!(removal.left.iter().all(|left| left.can_be_forced));
    assert_eq!(fs::read_to_string(&unit).unwrap(), text);
    assert!(!home.path(".local/libexec").exists(), "everything else is gone");
    assert_eq!(home.manifest().unwrap().files.len(), 2, "it is known what is left");
    let forced = home.removal(true);
    assert!(forced.left.is_empty());
    home.perform(&forced.steps, usize::MAX);
    assert_eq!(home.tree(), before);
}

#[test]
fn forced_apply_repairs_changes_and_keeps_the_backup() {
    let home = Home::new();
    fs::create_dir_all(home.path(".local/bin")).unwrap();
    fs::write(home.path(".local/bin/headroom"), "an older one").unwrap();
    let before = home.tree();
    home.apply(Preset::OnDemand);
    fs::write(home.path(".local/bin/headroom"), "damaged").unwrap();
    fs::remove_file(home.path(".local/libexec/headroom/headroom-service")).unwrap();
    let names: Vec<_> =
        faults(&home.manifest().unwrap(), &home.disk).unwrap().into_iter().map(|f| f.1).collect();
    assert_eq!(names, ["changed", "missing"]);
    let plan = home.plan(Preset::OnDemand, false, true).unwrap();
    home.perform(&plan.steps, usize::MAX);
    assert!(faults(&home.manifest().unwrap(), &home.disk).unwrap().is_empty());
    home.remove();
    assert_eq!(home.tree(), before);
}

#[test]
fn the_panel_stays_when_it_is_not_beside_the_next_time() {
    let mut home = Home::new();
    home.apply(Preset::Service);
    home.binaries.panel = None;
    home.binaries.tray = None;
    home.binaries.catalogues.clear();
    home.apply(Preset::OnDemand);
    assert!(home.path(".local/bin/headroom-panel").is_file());
    assert!(home.path(".local/bin/headroom-tray").is_file());
    assert!(home.path(".config/autostart/com.example.Headroom.Tray.desktop").is_file());
    assert!(home.path(".local/share/applications/com.example.Headroom.Panel.desktop").is_file());
    assert!(home.path(".local/share/locale/de/LC_MESSAGES/headroom.mo").is_file());
    assert!(!home.path(".config/systemd").exists(), "the folders of the unit's link are gone");
    assert!(home.remove().left.is_empty());
    assert!(home.tree().is_empty(), "{:?}", home.tree());
}

#[test]
fn lines_that_the_user_took_out_or_changed_are_his() {
    let home = Home::new();
    let profile = home.path(".profile");
    fs::write(&profile, "umask 022").unwrap();
    home.apply(Preset::OnDemand);
    let edited = fs::read_to_string(&profile).unwrap();
    assert!(edited.starts_with("umask 022\n# >>>"), "{edited}");
    // Changed between the markers: left, and no force takes it.
    fs::write(&profile, edited.replace("PATH=", "PATH=/mine:")).unwrap();
    let removal = home.removal(true);
    assert_eq!(removal.left.len(), 1);
    assert!(!removal.left[0].can_be_forced);
    // Taken out: not put back by a repair.
    fs::write(&profile, "umask 077").unwrap();
    assert!(faults(&home.manifest().unwrap(), &home.disk).unwrap().is_empty());
    assert!(!home.plan(Preset::OnDemand, false, false).unwrap().changes_something());
    assert!(home.remove().left.is_empty());
    assert_eq!(fs::read_to_string(&profile).unwrap(), "umask 077");
}

#[test]
fn the_shell_finds_the_command_by_the_lines_in_its_file() {
    let home = Home::new();
    fs::write(home.path(".profile"), "A=1").unwrap();
    home.apply(Preset::OnDemand);
    let path = |start: &str| {
        let output = std::process::Command::new("sh")
            .args(["-c", ". \"$HOME/.profile\"; . \"$HOME/.profile\"; echo \"$A $PATH\""])
            .env_clear()
            .env("HOME", &home.root)
            .env("PATH", start)
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    };
    let bin = home.path(".local/bin");
    assert_eq!(path("/usr/bin:/bin"), format!("1 {}:/usr/bin:/bin", bin.display()));
    let there = format!("/bin:{}", bin.display());
    assert_eq!(path(&there), format!("1 {there}"));
}

#[test]
fn what_stands_in_the_way_is_refused_before_anything_is_touched() {
    for (path, is_folder) in [
        (".local/bin/headroom", true),
        (".local/libexec", false),
        (".config", false),
        (".local/state/headroom", false),
    ] {
        let home = Home::new();
        let place = home.path(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        if is_folder {
            fs::create_dir(&place).unwrap();
        } else {
            fs::write(&place, "").unwrap();
        }
        let before = home.tree();
        let refusal = home.plan(Preset::Service, false, false).unwrap_err().to_string();
        assert!(refusal.contains(path) && refusal.contains("in the way"), "{refusal}");
        assert_eq!(home.tree(), before);
    }
}

#[test]
fn a_lost_copy_of_what_was_there_stops_the_removal_of_that_file() {
    let home = Home::new();
    fs::create_dir_all(home.path(".local/bin")).unwrap();
    fs::write(home.path(".local/bin/headroom"), "an older one").unwrap();
    home.apply(Preset::OnDemand);
    fs::remove_dir_all(home.places.backups("default")).unwrap();
    let left = home.remove().left;
    assert_eq!(left.len(), 1);
    assert!(left[0].why.contains("should be in"), "{}", left[0].why);
    assert!(home.path(".local/bin/headroom").exists());
}
