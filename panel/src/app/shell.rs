//! The window: header with the master switch, bar of warning, pages, toasts.

use adw::prelude::*;
use gtk::gio;

use super::{
    Msg, hooks,
    master::{Master, Warning},
};
use crate::{
    i18n::tr,
    model::{Changes, Page, Panel},
    pages::{
        AppsPage, Asker, DiagnosticsPage, HistoryPage, IntroductionPage, ProtectionPage,
        SettingsPage, StatusView, session::SessionGroup, troubles,
    },
    widgets::a11y,
};

const PAGES: &str = "pages";
const STATUS: &str = "status";
const INTRODUCTION: &str = "introduction";

/// The pages that a person can turn to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PageName {
    /// Every application that plays.
    Apps,
    /// Profile, cap, strength, and what happens now.
    Protection,
    /// What was caught.
    History,
    /// What is wrong, and what every stage does.
    Diagnostics,
    /// Everything that a profile says: in the menu, as settings are.
    Settings,
}

impl PageName {
    pub(super) const ALL: [Self; 5] =
        [Self::Apps, Self::Protection, Self::History, Self::Diagnostics, Self::Settings];

    pub(super) fn id(self) -> &'static str {
        match self {
            Self::Apps => "apps",
            Self::Protection => "protection",
            Self::History => "history",
            Self::Settings => "settings",
            Self::Diagnostics => "diagnostics",
        }
    }

    fn of(id: &str) -> Self {
        Self::ALL.into_iter().find(|page| page.id() == id).unwrap_or(Self::Apps)
    }
}

/// The window's widgets.
#[derive(Debug)]
pub(super) struct Shell {
    toasts: adw::ToastOverlay,
    master: Master,
    switcher: adw::ViewSwitcherTitle,
    warning: Warning,
    content: gtk::Stack,
    stack: adw::ViewStack,
    diagnostics_tab: adw::ViewStackPage,
    apps: AppsPage,
    protection: ProtectionPage,
    history: HistoryPage,
    settings: SettingsPage,
    diagnostics: DiagnosticsPage,
    session: Option<SessionGroup>,
    status: StatusView,
    introduction: IntroductionPage,
    introducing: bool,
}

/// Makes the window, with nothing in it.
pub(super) fn window() -> adw::ApplicationWindow {
    let (width, height) = hooks::window_size().unwrap_or((720, 760));
    let window = adw::ApplicationWindow::builder()
        .title(tr("Headroom"))
        .icon_name(headroom_api::names::PANEL_ID)
        .default_width(width)
        .default_height(height)
        .width_request(360)
        .height_request(294)
        .build();
    window.add_css_class("headroom");
    window
}

impl Shell {
    pub(super) fn new(
        window: &adw::ApplicationWindow,
        asker: &Asker,
        sender: &relm4::Sender<Msg>,
    ) -> Self {
        let apps = AppsPage::new(asker);
        let protection = ProtectionPage::new(asker);
        let history = HistoryPage::new(asker);
        let session = hooks::is_in_flatpak().then(|| {
            let sender = sender.clone();
            SessionGroup::new(move |on| sender.emit(Msg::StartWithSession(on)))
        });
        let settings = SettingsPage::new(asker, session.as_ref());
        let diagnostics = DiagnosticsPage::new(asker);
        let status = StatusView::new(asker);
        let introduction = IntroductionPage::new(asker);
        let stack = adw::ViewStack::builder().vexpand(true).build();
        let add = |widget: &gtk::Widget, page: PageName, title: &str, icon: &str| {
            stack.add_titled_with_icon(widget, Some(page.id()), title, icon);
        };
        add(apps.widget().upcast_ref(), PageName::Apps, &tr("Apps"), "view-list-symbolic");
        let shield = "security-high-symbolic";
        add(protection.widget().upcast_ref(), PageName::Protection, &tr("Protection"), shield);
        let clock = "document-open-recent-symbolic";
        add(history.widget().upcast_ref(), PageName::History, &tr("History"), clock);
        let gear = "emblem-system-symbolic";
        add(settings.widget().upcast_ref(), PageName::Settings, &tr("Settings"), gear);
        let lens = "system-search-symbolic";
        add(diagnostics.widget().upcast_ref(), PageName::Diagnostics, &tr("Diagnostics"), lens);
        let diagnostics_tab = stack.page(diagnostics.widget());
        // Four names are what a phone has room for.
        stack.page(settings.widget()).set_visible(false);
        stack.connect_visible_child_name_notify({
            let sender = sender.clone();
            move |stack| {
                let page =
                    stack.visible_child_name().map_or(PageName::Apps, |id| PageName::of(&id));
                sender.emit(Msg::PageShown(page));
            }
        });

        let switcher =
            adw::ViewSwitcherTitle::builder().stack(&stack).title(tr("Headroom")).build();
        let bar = adw::ViewSwitcherBar::builder().stack(&stack).build();
        switcher.bind_property("title-visible", &bar, "reveal").sync_create().build();
        let pages = gtk::Box::new(gtk::Orientation::Vertical, 0);
        pages.append(&stack);
        pages.append(&bar);
        let content = gtk::Stack::builder()
            // What is not seen does not widen the window.
            .hhomogeneous(false)
            .transition_type(gtk::StackTransitionType::Crossfade)
            .vexpand(true)
            .build();
        content.add_named(status.widget(), Some(STATUS));
        content.add_named(&pages, Some(PAGES));
        content.add_named(introduction.widget(), Some(INTRODUCTION));

        let master = Master::new(asker);
        let header = adw::HeaderBar::builder()
            .title_widget(&switcher)
            .centering_policy(adw::CenteringPolicy::Strict)
            .build();
        header.pack_start(master.widget());
        header.pack_end(&menu_button());

        let warning = Warning::new(asker);
        let column = gtk::Box::new(gtk::Orientation::Vertical, 0);
        column.append(&header);
        column.append(warning.widget());
        column.append(&content);
        let toasts = adw::ToastOverlay::new();
        toasts.set_child(Some(&column));
        window.set_content(Some(&toasts));
        Self {
            toasts,
            master,
            switcher,
            warning,
            content,
            stack,
            diagnostics_tab,
            apps,
            protection,
            history,
            settings,
            diagnostics,
            session,
            status,
            introduction,
            introducing: false,
        }
    }

    /// Returns what holds the pages, so that actions can turn them.
    pub(super) fn stack(&self) -> &adw::ViewStack {
        &self.stack
    }

    /// Shows whether the desktop starts the service with the session.
    pub(super) fn show_session(&self, on: bool) {
        if let Some(session) = &self.session {
            session.show(on);
        }
    }

    /// Says something in passing, whole and without markup.
    pub(super) fn toast(&self, sentence: &str) {
        let label = gtk::Label::builder()
            .label(sentence)
            .use_markup(false)
            .wrap(true)
            .wrap_mode(gtk::pango::WrapMode::WordChar)
            .lines(5)
            .ellipsize(gtk::pango::EllipsizeMode::End)
            .xalign(0.0)
            .margin_top(6)
            .margin_bottom(6)
            .build();
        // A toast is as high as its natural width needs: that must fit into the window.
        let context = label.pango_context();
        let one = context.metrics(None, None).approximate_char_width() / gtk::pango::SCALE;
        label.set_max_width_chars(((self.toasts.width() - 120) / one.max(1)).clamp(12, 60));
        let toast = adw::Toast::builder().custom_title(&label).timeout(8).build();
        self.toasts.add_toast(toast);
    }

    /// Shows what changed.
    pub(super) fn show(&mut self, panel: &Panel, changes: Changes) {
        if changes.contains(Changes::PAGE | Changes::PROBLEMS) {
            self.show_page(panel);
        }
        if changes.contains(Changes::PROTECTION | Changes::PAGE) {
            self.master.show(panel);
            self.warning.show(panel);
            self.protection.show_protection(panel);
        }
        if changes.contains(Changes::INTRODUCTION | Changes::HEALTH | Changes::PROFILES) {
            self.introduction.show(panel);
        }
        if changes.contains(Changes::APPS) {
            self.apps.show(panel);
        }
        if changes.contains(Changes::HISTORY) {
            self.history.show(panel);
        }
        if changes.contains(Changes::PROFILES) {
            self.protection.show_profiles(panel);
        }
        if changes.contains(Changes::OUTPUT | Changes::PROFILES | Changes::DEVICE_SETTINGS) {
            self.protection.show_device(panel);
            self.history.show_device(panel);
        }
        if changes.contains(Changes::SETTINGS) {
            self.protection.show_settings(panel);
            self.settings.show(panel.settings());
        }
        if changes.contains(Changes::PROBLEMS) {
            self.diagnostics.show_problems(panel.problems());
            let count = u32::try_from(panel.problems().len()).unwrap_or(u32::MAX);
            self.diagnostics_tab.set_badge_number(count);
            self.diagnostics_tab.set_needs_attention(count > 0);
        }
        if changes.contains(Changes::PAGE | Changes::PROTECTION | Changes::OUTPUT | Changes::HEALTH)
        {
            self.diagnostics.show_facts(panel);
        }
    }

    /// Lays the introduction over everything, or takes it away.
    pub(super) fn introduce(&mut self, panel: &Panel, open: bool) {
        self.introducing = open;
        self.introduction.show(panel);
        self.show_page(panel);
        if open {
            self.rest();
            self.introduction.begin(panel);
        } else {
            self.stack.child_focus(gtk::DirectionType::TabForward);
        }
    }

    /// Asks for what the page of the history is about, as of now.
    pub(super) fn look_back(&self) {
        self.history.look();
    }

    /// Puts a text on the clipboard, and says so.
    pub(super) fn copy(&self, text: &str) {
        self.toasts.clipboard().set_text(text);
        self.toast(&tr("Copied"));
    }

    fn show_page(&self, panel: &Panel) {
        let page = panel.page();
        let main = page == Page::Main;
        if !main {
            self.status.show(&page, &detail(panel, &page));
            // No more readings come from a service that is gone.
            self.rest();
        }
        self.content.set_visible_child_name(match (self.introducing, main) {
            (true, _) => INTRODUCTION,
            (false, true) => PAGES,
            (false, false) => STATUS,
        });
        self.switcher.set_view_switcher_enabled(main && !self.introducing);
    }

    /// Moves the gauges; `changes` are those of one reading.
    pub(super) fn meter(&self, panel: &Panel, changes: Changes) {
        if changes.contains(Changes::METERS)
            && let Some(meters) = panel.meters()
        {
            self.protection.meter(panel, meters);
            self.diagnostics.meter(panel);
            self.apps.meter(panel, meters);
        }
        if changes.contains(Changes::LOUDNESS) {
            self.protection.add_point(panel.loudness());
        }
    }

    /// Lets gauges fall to rest: readings end.
    pub(super) fn rest(&self) {
        self.protection.rest();
        self.diagnostics.rest();
        self.apps.rest();
    }
}

/// What the service or the bus says about a page.
fn detail(panel: &Panel, page: &Page) -> String {
    match page {
        Page::NoBus(sentence) | Page::NotRunning(sentence) | Page::Silent(sentence) => {
            sentence.clone()
        }
        page => {
            let mut problems = panel.problems().iter();
            problems.find(|it| page.is_about(it)).map_or_else(String::new, troubles::sentence)
        }
    }
}

fn menu_button() -> gtk::MenuButton {
    let menu = gio::Menu::new();
    let first = gio::Menu::new();
    first.append(Some(&tr("_Settings")), Some("app.settings"));
    first.append(Some(&tr("_Reload Profiles")), Some("app.reload-profiles"));
    menu.append_section(None, &first);
    let second = gio::Menu::new();
    second.append(Some(&tr("_What Headroom Does")), Some("app.introduction"));
    second.append(Some(&tr("_Keyboard Shortcuts")), Some("win.show-help-overlay"));
    second.append(Some(&tr("_About Headroom")), Some("app.about"));
    second.append(Some(&tr("_Quit")), Some("app.quit"));
    menu.append_section(None, &second);
    let button = gtk::MenuButton::builder()
        .icon_name("open-menu-symbolic")
        .menu_model(&menu)
        .primary(true)
        .tooltip_text(tr("Main Menu"))
        .build();
    a11y::set_label(&button, &tr("Main Menu"));
    button
}
