//! The panel as a running program: what it shows, and what a person does with it.

use std::{
    fs,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use headroom_testkit::session::Process;

use crate::{
    bus::{PATIENCE, eventually, wait_for},
    desktop::Desktop,
    tree::{Node, Reader, Role, State},
};

/// The program's name, by which assistive technology knows it.
const PROGRAM: &str = "headroom-panel";
/// What shows is read by asking the panel, which has to draw it meanwhile.
const BETWEEN_READINGS: Duration = Duration::from_millis(30);

/// How the panel is to look.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Look {
    pub(crate) language: Option<&'static str>,
    pub(crate) dark: bool,
    pub(crate) high_contrast: bool,
    pub(crate) right_to_left: bool,
    pub(crate) text_scale: Option<&'static str>,
    /// Width and height of the window, such as `360x640`.
    pub(crate) size: Option<&'static str>,
}

/// A running panel.
pub(crate) struct Panel<'d> {
    desktop: &'d Desktop,
    reader: Reader,
    pub(crate) process: Process,
}

impl<'d> Panel<'d> {
    /// Starts the panel; returns when its window is there.
    pub(crate) fn start(desktop: &'d Desktop) -> Self {
        Self::looking(desktop, Look::default())
    }

    /// Starts the panel with another look.
    pub(crate) fn looking(desktop: &'d Desktop, look: Look) -> Self {
        let mut command = command(desktop);
        if let Some(language) = look.language {
            let catalogues = crate::languages::catalogues();
            command.env("LANGUAGE", language).env("HEADROOM_LOCALEDIR", catalogues);
            if language == "de" {
                let locales = crate::languages::german_locales();
                command.env("LC_ALL", "de_DE.UTF-8").env("LOCPATH", locales);
            }
        }
        if look.dark {
            command.env("ADW_DEBUG_COLOR_SCHEME", "prefer-dark");
        }
        if look.high_contrast {
            command.env("ADW_DEBUG_HIGH_CONTRAST", "1");
        }
        if look.right_to_left {
            command.env("HEADROOM_PANEL_RTL", "1");
        }
        if let Some(scale) = look.text_scale {
            command.env("HEADROOM_PANEL_TEXT_SCALE", scale);
        }
        if let Some(size) = look.size {
            command.env("HEADROOM_PANEL_SIZE", size);
        }
        Self::run(desktop, &command)
    }

    /// Starts the panel by a command from [`command`].
    pub(crate) fn run(desktop: &'d Desktop, command: &Command) -> Self {
        let process = desktop.session.spawn(command, PROGRAM).unwrap();
        let panel = Self { desktop, reader: Reader::open(&desktop.connection), process };
        panel.tree();
        panel.window();
        panel
    }

    /// Reads what the panel shows now.
    pub(crate) fn tree(&self) -> Node {
        wait_for("the panel's accessibility tree", || {
            assert!(self.process.is_running(), "the panel has ended: {}", self.process.log());
            self.reader.read(PROGRAM).filter(|tree| !tree.children.is_empty())
        })
    }

    /// Waits until the panel shows what the probe looks for.
    pub(crate) fn wait<T>(&self, what: &str, mut probe: impl FnMut(&Node) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let tree = self.tree();
            if let Some(found) = probe(&tree) {
                return found;
            }
            assert!(
                Instant::now() < deadline,
                "waited {PATIENCE:?} for {what}, in vain; the panel shows\n{tree}\nand its log is\n{}",
                self.process.log()
            );
            thread::sleep(BETWEEN_READINGS);
        }
    }

    /// Waits until the panel says this somewhere.
    pub(crate) fn wait_says(&self, text: &str) {
        self.wait(&format!("'{text}'"), |tree| tree.says(text).then_some(()));
    }

    /// Waits until the panel says this nowhere.
    pub(crate) fn wait_silent_about(&self, text: &str) {
        self.wait(&format!("the end of '{text}'"), |tree| (!tree.says(text)).then_some(()));
    }

    /// Waits until this can be read on the screen, not only somewhere in the tree.
    pub(crate) fn wait_seen(&self, text: &str) {
        self.wait(&format!("'{text}' on the screen"), |tree| {
            self.is_seen(tree, text).then_some(())
        });
    }

    /// Waits until this cannot be read on the screen.
    pub(crate) fn wait_unseen(&self, text: &str) {
        let what = format!("the end of '{text}' on the screen");
        self.wait(&what, |tree| (!self.is_seen(tree, text)).then_some(()));
    }

    fn is_seen(&self, tree: &Node, text: &str) -> bool {
        tree.children.iter().any(|window| {
            let nodes = window.all().into_iter();
            let mut saying =
                nodes.filter(|node| node.role == Role::LABEL && node.name.contains(text));
            // One that has just gone is not seen.
            saying.any(|node| self.reader.is_seen(window, node).unwrap_or(false))
        })
    }

    /// Waits for an element.
    pub(crate) fn find(&self, role: Role, name: &str) -> Node {
        self.wait(&format!("{role:?} '{name}'"), |tree| tree.find(role, name).cloned())
    }

    /// Presses a button, or turns a switch over.
    pub(crate) fn press(&self, role: Role, name: &str) {
        let node = self.wait(&format!("{role:?} '{name}' that can be pressed"), |tree| {
            tree.find(role, name).filter(|node| node.is(State::Sensitive)).cloned()
        });
        self.reader.act(&node).unwrap();
    }

    /// Presses every button whose name has this in it, and waits until each shows as pressed.
    pub(crate) fn open_all(&self, name: &str) {
        let named = |node: &&Node| node.role == Role::PUSH_BUTTON && node.name.contains(name);
        for node in self.tree().all().into_iter().filter(named) {
            self.reader.act(node).unwrap();
        }
        self.wait(&format!("every '{name}' to be open"), |tree| {
            let mut buttons = tree.all().into_iter().filter(named);
            buttons.all(|node| node.is(State::Pressed)).then_some(())
        });
    }

    /// Waits until a switch shows this.
    pub(crate) fn wait_switch(&self, name: &str, on: bool) {
        self.wait(&format!("the switch '{name}' to be {on}"), |tree| {
            let node = tree.find(Role::CHECK_BOX, name)?;
            (node.is(State::Checked) == on).then_some(())
        });
    }

    /// Reads the number that an element shows.
    pub(crate) fn value(&self, role: Role, name: &str) -> f64 {
        wait_for(&format!("the value of '{name}'"), || {
            self.reader.value(&self.find(role, name)).ok()
        })
    }

    /// Reads the number that an element shows that was found.
    pub(crate) fn value_of(&self, node: &Node) -> f64 {
        self.reader.value(node).unwrap()
    }

    /// Moves a slider or a spin button.
    pub(crate) fn set_value(&self, role: Role, name: &str, value: f64) {
        self.reader.set_value(&self.find(role, name), value).unwrap();
    }

    /// Clicks into the middle of an element with the mouse: some rows can be reached in no other way.
    pub(crate) fn click(&self, node: &Node) {
        let (left, top, width, height) = self.reader.extents(node).unwrap();
        let (x, y) = (left + width / 2, top + height / 2);
        let window = self.window();
        let (x, y) = (x.to_string(), y.to_string());
        self.desktop.run("xdotool", &["mousemove", "--window", &window, &x, &y, "click", "1"]);
    }

    /// Returns where an element begins, in pixels below the window's upper edge.
    pub(crate) fn top_of(&self, node: &Node) -> i32 {
        self.reader.extents(node).unwrap().1
    }

    /// Turns the wheel down over the middle of an element.
    pub(crate) fn turn_wheel(&self, node: &Node, ticks: u32) {
        let (left, top, width, height) = self.reader.extents(node).unwrap();
        let (x, y) = ((left + width / 2).to_string(), (top + height / 2).to_string());
        let (window, ticks) = (self.window(), ticks.to_string());
        let turn = ["click", "--repeat", &ticks, "--delay", "20", "5"];
        let steps = [&["mousemove", "--window", &window, &x, &y], &turn[..]].concat();
        self.desktop.run("xdotool", &steps);
    }

    /// Presses a key or a combination, such as `ctrl+b`.
    pub(crate) fn key(&self, key: &str) {
        let window = self.window();
        self.desktop.run("xdotool", &["windowfocus", "--sync", &window, "key", key]);
    }

    /// Activates an action of the application, as its menus and shortcuts do.
    pub(crate) fn activate(&self, action: &str, parameter: &str) {
        self.actions("Activate", &[action, parameter, "{}"]);
    }

    fn actions(&self, method: &str, arguments: &[&str]) -> String {
        let id = headroom_api::names::PANEL_ID;
        let path = format!("/{}", id.replace('.', "/"));
        let method = format!("org.gtk.Actions.{method}");
        let call = ["call", "--session", "--dest", id, "--object-path", &path, "--method", &method];
        self.desktop.run("gdbus", &[&call, arguments].concat())
    }

    /// Returns the X window's id.
    pub(crate) fn window(&self) -> String {
        wait_for("the panel's window on the screen", || {
            let pid = self.process.pid().to_string();
            let mut search = self.desktop.command("xdotool");
            search.args(["search", "--onlyvisible", "--all", "--pid", &pid, "--name", "."]);
            let found = String::from_utf8(search.output().unwrap().stdout).unwrap();
            found.lines().last().map(str::to_owned)
        })
    }

    /// Returns the window's width and height.
    pub(crate) fn size(&self) -> (u32, u32) {
        let text = self.desktop.run("xdotool", &["getwindowgeometry", "--shell", &self.window()]);
        let number = |key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(key));
            line.and_then(|value| value.parse().ok()).unwrap()
        };
        (number("WIDTH="), number("HEIGHT="))
    }

    /// Takes a picture of the window.
    pub(crate) fn picture(&self, name: &str) {
        self.desktop.picture(&self.window(), name);
    }

    /// Returns the processor time that the panel has used, in seconds.
    pub(crate) fn busy_s(&self) -> f64 {
        /// The kernel counts in these for programs, whatever its own tick is.
        const TICKS_PER_S: f64 = 100.0;
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.pid())).unwrap();
        let (_, fields) = stat.rsplit_once(')').unwrap();
        let used = fields.split_whitespace().skip(11).take(2);
        used.map(|ticks| ticks.parse::<f64>().unwrap()).sum::<f64>() / TICKS_PER_S
    }

    /// Returns how often the thread that draws has gone to sleep, and so was woken.
    pub(crate) fn wake_ups(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        line.unwrap().trim().parse().unwrap()
    }

    /// Returns the memory that is the panel's alone, in MB.
    pub(crate) fn memory_mb(&self) -> f64 {
        let rollup =
            fs::read_to_string(format!("/proc/{}/smaps_rollup", self.process.pid())).unwrap();
        let private = rollup.lines().filter(|line| line.starts_with("Private_"));
        let kb: f64 =
            private.filter_map(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok()).sum();
        kb / 1024.0
    }

    /// Turns to a page, by its id; returns when it is shown.
    pub(crate) fn turn_to(&self, page: &str) {
        self.activate("page", &format!("[<'{page}'>]"));
        self.wait_page(page);
    }

    /// Waits until a page is shown.
    pub(crate) fn wait_page(&self, page: &str) {
        eventually(&format!("the page '{page}'"), || {
            self.actions("Describe", &["page"]).contains(&format!("[<'{page}'>]"))
        });
    }
}

/// Returns the command that starts the panel on a desktop.
pub(crate) fn command(desktop: &Desktop) -> Command {
    let mut command = desktop.command(env!("CARGO_BIN_EXE_headroom-panel"));
    for key in ["ADW_DEBUG_COLOR_SCHEME", "ADW_DEBUG_HIGH_CONTRAST"] {
        command.env_remove(key);
    }
    command
}
