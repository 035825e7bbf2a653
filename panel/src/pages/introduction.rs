//! What Headroom does to the system, in plain words, and how to take it back; and before that, for a person who is
//! new, one screen with the promise.

use std::path::{Path, PathBuf};

use adw::prelude::*;
use gtk::{gdk, glib};
use headroom_api::names::DIRECTORY;

use super::{
    Asker, centre, emblem, icon_button, plain_label, plain_row, removal, set_mnemonic, set_text,
    welcome::Welcome,
};
use crate::{
    i18n::{tr, trf},
    model::{Deployment, Panel},
    widgets::a11y,
};

const WELCOME: &str = "welcome";
const SYSTEM: &str = "system";

/// The screens of the introduction, each with the button that ends it.
#[derive(Debug)]
pub(crate) struct IntroductionPage {
    root: gtk::Stack,
    welcome: Welcome,
    first: adw::ActionRow,
    removal: adw::PreferencesGroup,
    ways: Vec<adw::ActionRow>,
    deployment: Option<Deployment>,
    done: gtk::Button,
    asker: Asker,
}

impl IntroductionPage {
    pub(crate) fn new(asker: &Asker) -> Self {
        let page = adw::PreferencesPage::builder().vexpand(true).build();
        page.add(&heading());
        let first = row(
            "security-high-symbolic",
            &tr("It puts one filter before your device"),
            &tr(
                "Apps that play to the default device pass through it. It evens out loudness and holds peaks under a limit.",
            ),
        );
        let keeps = row(
            "view-conceal-symbolic",
            &tr("It keeps to itself"),
            &tr("It keeps no recording, listens to no microphone and never uses the network."),
        );
        page.add(&group(&tr("What it does"), &[&first, &keeps]));
        let volumes = row(
            "audio-volume-high-symbolic",
            &tr("Your default device and your volumes"),
            &tr("Neither is changed: volume keys and sliders work as before."),
        );
        let files = row("folder-symbolic", &tr("Your files"), &files_words());
        page.add(&group(&tr("What it leaves alone"), &[&volumes, &files]));
        let goes_on = row(
            "media-playback-start-symbolic",
            &tr("Sound goes on"),
            &tr(
                "When Headroom ends, crashes or is removed, apps play straight to your device at once, unprotected. Nothing stays changed.",
            ),
        );
        let aside = row(
            "dialog-warning-symbolic",
            &tr("It steps aside when it fails again and again"),
            &tr("It says so, and waits until you bring protection back."),
        );
        page.add(&group(&tr("When it stops"), &[&goes_on, &aside]));
        let all = row(
            "system-shutdown-symbolic",
            &tr("Everything at once"),
            &tr("The switch at the top of this window, or Ctrl+B, turns protection off and on."),
        );
        let one = row(
            "view-list-symbolic",
            &tr("A single app"),
            &tr("On the page Apps, open the app's options and choose “Leave alone”."),
        );
        page.add(&group(&tr("How to turn it off"), &[&all, &one]));
        let removal = group(&tr("How to remove it for good"), &[]);
        page.add(&removal);

        let done = gtk::Button::builder()
            .halign(gtk::Align::Center)
            .margin_top(6)
            .margin_bottom(6)
            .css_classes(["pill", "suggested-action"])
            .build();
        done.connect_clicked({
            let asker = asker.clone();
            move |_| asker.end_introduction()
        });
        let system = gtk::Box::new(gtk::Orientation::Vertical, 0);
        system.add_css_class("introduction");
        system.append(&page);
        system.append(&gtk::Separator::new(gtk::Orientation::Horizontal));
        system.append(&done);
        let root = gtk::Stack::builder()
            .transition_type(gtk::StackTransitionType::Crossfade)
            .hhomogeneous(false)
            .vhomogeneous(false)
            .build();
        let welcome = Welcome::new(asker, {
            let (root, first) = (root.downgrade(), first.downgrade());
            move || {
                if let (Some(root), Some(first)) = (root.upgrade(), first.upgrade()) {
                    root.set_visible_child_name(SYSTEM);
                    first.grab_focus();
                }
            }
        });
        root.add_named(welcome.widget(), Some(WELCOME));
        root.add_named(&system, Some(SYSTEM));
        root.add_controller(escape(asker));
        Self {
            root,
            welcome,
            first,
            removal,
            ways: Vec::new(),
            deployment: None,
            done,
            asker: asker.clone(),
        }
    }

    pub(crate) fn widget(&self) -> &gtk::Stack {
        &self.root
    }

    /// Shows how this Headroom is removed, and what the button does.
    pub(crate) fn show(&mut self, panel: &Panel) {
        self.welcome.show(panel);
        let is_new = panel.introduced() == Some(false);
        set_mnemonic(&self.done, &if is_new { tr("_Continue") } else { tr("_Back") });
        let deployment = panel.deployment();
        if self.deployment.as_ref() == Some(&deployment) {
            return;
        }
        for row in self.ways.drain(..) {
            self.removal.remove(&row);
        }
        for way in removal::ways(&deployment) {
            self.add_way(&way);
        }
        let note = row("folder-symbolic", &tr("What stays is yours"), &leftovers_words());
        self.removal.add(&note);
        self.ways.push(note);
        self.deployment = Some(deployment);
    }

    /// Begins with the promise for a person who is new, else with what is done to the system.
    pub(crate) fn begin(&self, panel: &Panel) {
        if panel.introduced() == Some(false) {
            self.root.set_visible_child_name(WELCOME);
            self.welcome.begin();
        } else {
            self.root.set_visible_child_name(SYSTEM);
            self.first.grab_focus();
        }
    }

    fn add_way(&mut self, way: &removal::Way) {
        let line =
            row("user-trash-symbolic", &way.title, way.command.as_deref().unwrap_or(&way.text));
        if let Some(command) = way.command.clone() {
            let copy = icon_button(
                "edit-copy-symbolic",
                &trf("Copy “{command}”", &[("command", &command)]),
            );
            copy.connect_clicked({
                let asker = self.asker.clone();
                move |_| asker.copy(&command)
            });
            line.add_suffix(&copy);
        }
        self.removal.add(&line);
        self.ways.push(line);
    }
}

/// A picture, the title and what this is about.
fn heading() -> adw::PreferencesGroup {
    let title = plain_label(&["title-2"]);
    set_text(&title, &tr("What Headroom does to your system"));
    let lead = plain_label(&[]);
    set_text(
        &lead,
        &tr(
            "It keeps sudden loud sound away from your ears. This is all that it changes for that, and how you take it back.",
        ),
    );
    let column = gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(12).build();
    column.append(&emblem());
    for label in [&title, &lead] {
        centre(label);
        column.append(label);
    }
    let group = adw::PreferencesGroup::new();
    group.add(&column);
    group
}

fn group(title: &str, rows: &[&adw::ActionRow]) -> adw::PreferencesGroup {
    let group = adw::PreferencesGroup::builder().build();
    // It takes markup.
    group.set_title(&glib::markup_escape_text(title));
    for row in rows {
        group.add(*row);
    }
    group
}

fn row(icon: &str, title: &str, text: &str) -> adw::ActionRow {
    let row = plain_row();
    let picture = gtk::Image::builder()
        .icon_name(icon)
        .accessible_role(gtk::AccessibleRole::Presentation)
        .build();
    row.add_prefix(&picture);
    row.set_title(title);
    row.set_subtitle(text);
    row.set_title_lines(0);
    row.set_subtitle_lines(0);
    a11y::set_description(&row, text);
    row
}

/// Ends the introduction with the key that ends what lies over something.
fn escape(asker: &Asker) -> gtk::EventControllerKey {
    let keys = gtk::EventControllerKey::new();
    keys.connect_key_pressed({
        let asker = asker.clone();
        move |_, key, _, _| {
            if key == gdk::Key::Escape {
                asker.end_introduction();
                return glib::Propagation::Stop;
            }
            glib::Propagation::Proceed
        }
    });
    keys
}

fn files_words() -> String {
    let folders = Folders::of_the_environment();
    trf(
        "It writes into folders of its own and nowhere else: {state} for what you choose, how loud each app plays and what was caught, {runtime} until you log out. Profiles of your own are read from {config} and never changed.",
        &[("state", &folders.state), ("runtime", &folders.runtime), ("config", &folders.config)],
    )
}

fn leftovers_words() -> String {
    let folders = Folders::of_the_environment();
    trf(
        "Profiles of your own in {config}, and your choices in {state} where they did not go with it. Delete both folders to be rid of them.",
        &[("state", &folders.state), ("config", &folders.config)],
    )
}

/// Headroom's own folders, as a person writes them.
struct Folders {
    config: String,
    state: String,
    runtime: String,
}

impl Folders {
    fn of_the_environment() -> Self {
        let absolute = |name: &str| {
            std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute())
        };
        let home = glib::home_dir();
        let base = |variable: &str, below_home: &str| {
            let base = absolute(variable).unwrap_or_else(|| home.join(below_home));
            tilde(&base.join(DIRECTORY), &home)
        };
        Self {
            config: base("XDG_CONFIG_HOME", ".config"),
            state: base("XDG_STATE_HOME", ".local/state"),
            runtime: tilde(&glib::user_runtime_dir().join(DIRECTORY), &home),
        }
    }
}

fn tilde(path: &Path, home: &Path) -> String {
    match path.strip_prefix(home) {
        Ok(rest) => format!("~/{}", rest.display()),
        Err(_) => path.display().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_in_the_home_is_written_as_people_do() {
        let home = Path::new("/home/me");
        assert_eq!(tilde(Path::new("/home/me/.config/headroom"), home), "~/.config/headroom");
        assert_eq!(tilde(Path::new("/run/user/1000/headroom"), home), "/run/user/1000/headroom");
    }
}
