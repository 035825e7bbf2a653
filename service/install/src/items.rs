//! What a deployment consists of: every file and link, with its content. Pure.

use std::path::{Path, PathBuf};

use headroom_api::names::{BUS_NAME, PANEL_ID, SERVICE_BINARY};

use crate::{
    binaries::{Binaries, CATALOGUE},
    deployment::{Deployment, Preset},
    disk::Content,
    documents::Documents,
    fence,
    manifest::Part,
    places::Places,
};

const ACTIVATION: &str = include_str!("../../../com.example.Headroom.service");
const UNIT: &str = include_str!("../../../data/headroom.service.in");
const WATCHDOG_UNIT: &str = include_str!("../../../data/headroom-watchdog.service.in");
const WATCHDOG_TIMER: &str = include_str!("../../../data/headroom-watchdog.timer.in");
const AUTOSTART: &str = include_str!("../../../data/headroom-autostart.desktop.in");
const PANEL_ENTRY: &str = include_str!("../../../data/com.example.Headroom.Panel.desktop");
const TRAY_ENTRY: &str = include_str!("../../../data/com.example.Headroom.Tray.desktop");
const PANEL_PAGE: &[u8] = include_bytes!("../../../data/man/headroom-panel.1");
const TRAY_PAGE: &[u8] = include_bytes!("../../../data/man/headroom-tray.1");
const ICON: &[u8] =
    include_bytes!("../../../data/icons/hicolor/scalable/apps/com.example.Headroom.Panel.svg");
const SYMBOLIC_ICON: &[u8] = include_bytes!(
    "../../../data/icons/hicolor/symbolic/apps/com.example.Headroom.Panel-symbolic.svg"
);

const TRAY_ICONS: [(&str, &[u8]); 4] = [
    (
        "com.example.Headroom.Tray-catching-symbolic.svg",
        include_bytes!(
            "../../../data/icons/hicolor/symbolic/apps/com.example.Headroom.Tray-catching-symbolic.svg"
        ),
    ),
    (
        "com.example.Headroom.Tray-off-symbolic.svg",
        include_bytes!(
            "../../../data/icons/hicolor/symbolic/apps/com.example.Headroom.Tray-off-symbolic.svg"
        ),
    ),
    (
        "com.example.Headroom.Tray-problem-symbolic.svg",
        include_bytes!(
            "../../../data/icons/hicolor/symbolic/apps/com.example.Headroom.Tray-problem-symbolic.svg"
        ),
    ),
    (
        "com.example.Headroom.Tray-protected-symbolic.svg",
        include_bytes!(
            "../../../data/icons/hicolor/symbolic/apps/com.example.Headroom.Tray-protected-symbolic.svg"
        ),
    ),
];

/// Name of the service's unit.
pub(crate) const SERVICE_UNIT: &str = "headroom.service";
/// Name of the timer that looks after it.
pub(crate) const TIMER_UNIT: &str = "headroom-watchdog.timer";

const PROGRAM: u32 = 0o755;
const TEXT: u32 = 0o644;

/// Something that is to stand at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) path: PathBuf,
    pub(crate) part: Part,
    /// What it is for, in a few words.
    pub(crate) purpose: &'static str,
    pub(crate) thing: Thing,
}

/// What an item is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Thing {
    File { content: Content, mode: u32 },
    Link { to: PathBuf },
}

/// Returns everything that belongs to a deployment.
pub(crate) fn items(
    deployment: &Deployment,
    places: &Places,
    binaries: &Binaries,
    documents: &Documents,
) -> Vec<Item> {
    let mut list = List { deployment, places, items: Vec::new() };
    list.program("headroom", &binaries.cli, Part::Preset, "the command line");
    list.items.push(Item {
        path: places.libexec.join(SERVICE_BINARY),
        part: Part::Preset,
        purpose: "the service",
        thing: Thing::File { content: Content::CopyOf(binaries.service.clone()), mode: PROGRAM },
    });
    let path = places.activation.join(format!("{BUS_NAME}.service"));
    list.text(path, ACTIVATION, "starts it when something calls it");
    if deployment.preset.has_unit() {
        list.text(places.units.join(SERVICE_UNIT), UNIT, "runs it");
        list.enable(SERVICE_UNIT, "default.target", "starts it at login");
    }
    if deployment.preset == Preset::Watchdog {
        let unit = places.units.join("headroom-watchdog.service");
        list.text(unit, WATCHDOG_UNIT, "recovers it");
        list.text(places.units.join(TIMER_UNIT), WATCHDOG_TIMER, "looks after it every minute");
        list.enable(TIMER_UNIT, "timers.target", "starts that at login");
    }
    if deployment.preset == Preset::Autostart {
        let path = places.autostart.join("headroom-service.desktop");
        list.text(path, AUTOSTART, "starts it at login");
    }
    if let Some(panel) = &binaries.panel {
        list.program("headroom-panel", panel, Part::Panel, "the panel");
        list.panel_data(&binaries.catalogues);
    }
    if let Some(tray) = &binaries.tray {
        list.program("headroom-tray", tray, Part::Panel, "the tray");
        list.tray_data();
    }
    list.documents(documents);
    list.items
}

/// Returns the lines that add our folder of programs to `PATH`, with their markers.
pub(crate) fn path_block() -> String {
    fence::block(
        "# Lets the shell find `headroom`; `headroom install remove` takes these lines out.\n\
         case \":$PATH:\" in\n*\":$HOME/.local/bin:\"*) ;;\n*) PATH=\"$HOME/.local/bin:$PATH\" ;;\nesac\n",
    )
}

struct List<'a> {
    deployment: &'a Deployment,
    places: &'a Places,
    items: Vec<Item>,
}

impl List<'_> {
    fn program(&mut self, name: &str, source: &Path, part: Part, purpose: &'static str) {
        self.items.push(Item {
            path: self.places.bin.join(name),
            part,
            purpose,
            thing: Thing::File { content: Content::CopyOf(source.to_owned()), mode: PROGRAM },
        });
    }

    fn text(&mut self, path: PathBuf, template: &str, purpose: &'static str) {
        let text = fill(template, self.deployment, self.places);
        self.file(path, text.into_bytes(), Part::Preset, purpose);
    }

    fn file(&mut self, path: PathBuf, bytes: Vec<u8>, part: Part, purpose: &'static str) {
        let thing = Thing::File { content: Content::Bytes(bytes), mode: TEXT };
        self.items.push(Item { path, part, purpose, thing });
    }

    /// Adds the link that `systemctl enable` would make.
    fn enable(&mut self, unit: &str, target: &str, purpose: &'static str) {
        self.items.push(Item {
            path: self.places.enabled.join(format!("{target}.wants")).join(unit),
            part: Part::Preset,
            purpose,
            thing: Thing::Link { to: self.places.units.join(unit) },
        });
    }

    fn documents(&mut self, documents: &Documents) {
        for (path, script, purpose) in [
            (self.places.bash.join("headroom"), &documents.bash, "completions for Bash"),
            (self.places.zsh.join("_headroom"), &documents.zsh, "completions for Zsh"),
            (self.places.fish.join("headroom.fish"), &documents.fish, "completions for Fish"),
        ] {
            self.file(path, script.clone(), Part::Preset, purpose);
        }
        for (name, page) in &documents.pages {
            self.file(self.places.manual.join(name), page.clone(), Part::Preset, "manual pages");
        }
    }

    /// Adds a desktop file that starts a program.
    fn entry(&mut self, path: PathBuf, template: &str, program: &str, purpose: &'static str) {
        // A desktop that was started before the folder was on PATH finds it as well.
        let found = format!("Exec={}", self.places.bin.join(program).display());
        let text = template.replace(&format!("Exec={program}"), &found);
        self.file(path, text.into_bytes(), Part::Panel, purpose);
    }

    fn tray_data(&mut self) {
        let path = self.places.autostart.join("com.example.Headroom.Tray.desktop");
        self.entry(path, TRAY_ENTRY, "headroom-tray", "starts the tray where that is not GNOME");
        for (name, icon) in TRAY_ICONS {
            let path = self.places.icons.join("symbolic/apps").join(name);
            self.file(path, icon.to_vec(), Part::Panel, "the tray's icons");
        }
        let path = self.places.manual.join("headroom-tray.1");
        self.file(path, TRAY_PAGE.to_vec(), Part::Panel, "its manual page");
    }

    fn panel_data(&mut self, catalogues: &[(String, PathBuf)]) {
        let path = self.places.applications.join(format!("{PANEL_ID}.desktop"));
        self.entry(path, PANEL_ENTRY, "headroom-panel", "the panel among the applications");
        for (folder, suffix, icon) in
            [("scalable", "", ICON), ("symbolic", "-symbolic", SYMBOLIC_ICON)]
        {
            let path = self.places.icons.join(folder).join(format!("apps/{PANEL_ID}{suffix}.svg"));
            self.file(path, icon.to_vec(), Part::Panel, "the panel's icon");
        }
        let path = self.places.manual.join("headroom-panel.1");
        self.file(path, PANEL_PAGE.to_vec(), Part::Panel, "its manual page");
        for (language, catalogue) in catalogues {
            self.items.push(Item {
                path: self.places.locale.join(language).join(CATALOGUE),
                part: Part::Panel,
                purpose: "the panel's texts, translated",
                thing: Thing::File { content: Content::CopyOf(catalogue.clone()), mode: TEXT },
            });
        }
    }
}

/// Fills in what the installation knows, in the words between `@`.
fn fill(template: &str, deployment: &Deployment, places: &Places) -> String {
    let systemd_service = if deployment.preset.has_unit() {
        format!("SystemdService={SERVICE_UNIT}")
    } else {
        String::new()
    };
    let text = template
        .replace("@libexecdir@", &places.libexec.display().to_string())
        .replace("@bindir@", &places.bin.display().to_string())
        .replace("@deployment@", &deployment.to_string())
        .replace("@systemd_service@", &systemd_service);
    format!("{}\n", text.trim_end())
}
