//! Actions with their keys; each can be called from outside through `org.gtk.Actions` as well.

use adw::prelude::*;
use gtk::{gio, glib};

use super::{
    Msg,
    shell::{PageName, Shell},
    shortcuts,
};
use crate::{
    i18n::tr,
    model::{Ask, Panel, Treatment},
    pages::Asker,
};

/// The actions whose state is shown.
#[derive(Debug)]
pub(super) struct Actions {
    bypass: gio::SimpleAction,
    page: gio::SimpleAction,
    profile: gio::SimpleAction,
    introduction: gio::SimpleAction,
}

impl Actions {
    pub(super) fn new(
        window: &adw::ApplicationWindow,
        shell: &Shell,
        asker: &Asker,
        sender: &relm4::Sender<Msg>,
    ) -> Self {
        let app = relm4::main_adw_application();
        let bypass = gio::SimpleAction::new_stateful("bypass", None, &false.to_variant());
        bypass.connect_change_state({
            let asker = asker.clone();
            // The state follows when the service says so.
            move |_, request| {
                if let Some(on) = request.and_then(glib::Variant::get) {
                    asker.ask(Ask::SetBypass(on));
                }
            }
        });
        let page = gio::SimpleAction::new_stateful(
            "page",
            Some(glib::VariantTy::STRING),
            &PageName::Apps.id().to_variant(),
        );
        page.connect_change_state({
            let stack = shell.stack().downgrade();
            move |_, request| {
                let id = request.and_then(glib::Variant::get::<String>);
                if let (Some(id), Some(stack)) = (id, stack.upgrade())
                    && stack.child_by_name(&id).is_some()
                {
                    stack.set_visible_child_name(&id);
                }
            }
        });
        let profile = gio::SimpleAction::new_stateful(
            "profile",
            Some(glib::VariantTy::STRING),
            &String::new().to_variant(),
        );
        profile.connect_change_state({
            let asker = asker.clone();
            move |_, request| {
                if let Some(name) = request.and_then(glib::Variant::get) {
                    asker.ask(Ask::UseProfile(name));
                }
            }
        });
        // In a menu, a page would be a choice among others.
        let settings = gio::SimpleAction::new("settings", None);
        settings.connect_activate({
            let page = page.clone();
            move |_, _| page.activate(Some(&PageName::Settings.id().to_variant()))
        });
        let introduction = gio::SimpleAction::new("introduction", None);
        introduction.connect_activate({
            let sender = sender.clone();
            move |_, _| sender.emit(Msg::Introduction(true))
        });
        for action in [&bypass, &page, &profile, &settings, &introduction] {
            app.add_action(action);
        }
        add_simple(&app, "reload-profiles", asker, || Ask::ReloadProfiles);
        add_simple(&app, "start-service", asker, || Ask::StartService);
        add_treat(&app, asker);
        let quit = gio::SimpleAction::new("quit", None);
        quit.connect_activate({
            let window = window.downgrade();
            move |_, _| {
                if let Some(window) = window.upgrade() {
                    window.close();
                }
            }
        });
        app.add_action(&quit);
        let about = gio::SimpleAction::new("about", None);
        about.connect_activate({
            let window = window.downgrade();
            move |_, _| {
                if let Some(window) = window.upgrade() {
                    show_about(&window);
                }
            }
        });
        app.add_action(&about);
        set_keys(&app);
        window.set_help_overlay(Some(&shortcuts::window()));
        // A second start brings the first one's window to the front.
        app.connect_activate({
            let window = window.downgrade();
            move |_| {
                if let Some(window) = window.upgrade() {
                    window.present();
                }
            }
        });
        Self { bypass, page, profile, introduction }
    }

    /// Shows what is in force.
    pub(super) fn show(&self, panel: &Panel) {
        set_state(&self.bypass, &panel.bypass().to_variant());
        set_state(&self.profile, &panel.active_profile().to_variant());
    }

    /// Says whether the introduction lies over the pages, which cannot be turned then.
    pub(super) fn introduce(&self, open: bool) {
        self.page.set_enabled(!open);
        self.introduction.set_enabled(!open);
    }

    /// Shows the page that is on the screen.
    pub(super) fn show_page(&self, page: PageName) {
        set_state(&self.page, &page.id().to_variant());
    }
}

fn set_state(action: &gio::SimpleAction, state: &glib::Variant) {
    if action.state().as_ref() != Some(state) {
        action.set_state(state);
    }
}

fn add_simple(app: &adw::Application, name: &str, asker: &Asker, ask: impl Fn() -> Ask + 'static) {
    let action = gio::SimpleAction::new(name, None);
    let asker = asker.clone();
    action.connect_activate(move |_, _| asker.ask(ask()));
    app.add_action(&action);
}

/// `treat(app, treatment)`: a word of the bus; the offset goes.
fn add_treat(app: &adw::Application, asker: &Asker) {
    let action = gio::SimpleAction::new(
        "treat",
        Some(&glib::VariantType::new("(ss)").expect("a valid type")),
    );
    let asker = asker.clone();
    action.connect_activate(move |_, choice| {
        let Some((app, treatment)) = choice.and_then(glib::Variant::get::<(String, String)>) else {
            return;
        };
        if let Ok(treatment) = treatment.parse::<Treatment>() {
            asker.ask(Ask::Treat { app, treatment, offset_db: 0.0 });
        }
    });
    app.add_action(&action);
}

fn set_keys(app: &adw::Application) {
    app.set_accels_for_action("app.bypass", &["<Control>b"]);
    for (page, key) in PageName::ALL.into_iter().zip(["1", "2", "3", "4", "5"]) {
        let action = format!("app.page::{}", page.id());
        app.set_accels_for_action(&action, &[&format!("<Control>{key}"), &format!("<Alt>{key}")]);
    }
    app.set_accels_for_action("app.settings", &["<Control>comma"]);
    app.set_accels_for_action("app.reload-profiles", &["<Control>r"]);
    app.set_accels_for_action("app.quit", &["<Control>q"]);
    app.set_accels_for_action("window.close", &["<Control>w"]);
    app.set_accels_for_action("win.show-help-overlay", &["F1", "<Control>question"]);
}

fn show_about(window: &adw::ApplicationWindow) {
    let about = adw::AboutWindow::builder()
        .transient_for(window)
        .modal(true)
        .application_name(tr("Headroom"))
        .application_icon(headroom_api::names::PANEL_ID)
        .version(env!("CARGO_PKG_VERSION"))
        .comments(tr("A safety net between loud apps and your ears."))
        .license_type(gtk::License::Gpl30)
        // Translators: your names, one a line; they are shown in the About window.
        .translator_credits(tr("translator-credits"))
        .build();
    about.present();
}
