//! The application: one window, what it shows, and where requests go.
//!
//! Runs on the user interface's thread. Owns the model and the window; the bus is in [`crate::link`], on
//! relm4's runtime. Gauges are driven past the view: a reading moves needles and nothing else.

mod actions;
mod hooks;
mod master;
mod shell;
mod shortcuts;
mod visibility;

use relm4::{Component, ComponentParts, ComponentSender, RelmApp};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::{
    i18n,
    link::{self, background},
    model::{Ask, Changes, Denial, Input, Introduction, Panel},
    pages::{Asker, Request, session, words},
};

use actions::Actions;
use shell::{PageName, Shell};

/// Readings per second while gauges are on the screen; they move at the screen's own rate in between.
const GAUGES_HZ: f64 = 20.0;
/// Readings per second while nothing plays, or only the chart collects.
const CHART_HZ: f64 = 2.0;

/// What happens in the window.
#[derive(Debug)]
pub(crate) enum Msg {
    /// A person wants something of the service.
    Ask(Ask),
    /// The introduction is to be read, or was.
    Introduction(bool),
    /// A text is to be copied.
    Copy(String),
    /// Another page is on the screen.
    PageShown(PageName),
    /// The window can be seen, or no longer.
    Visible(bool),
    /// The service is to start with the session, or no longer.
    StartWithSession(bool),
    /// What the desktop made of that: whether it starts with the session now, and why not as wanted.
    StartsWithSession(bool, Option<Denial>),
    /// A request has had its time: whatever was shown for it, the service's word stands.
    Settle,
}

impl From<Request> for Msg {
    fn from(request: Request) -> Self {
        match request {
            Request::Ask(ask) => Self::Ask(ask),
            Request::EndIntroduction => Self::Introduction(false),
            Request::Copy(text) => Self::Copy(text),
        }
    }
}

/// The application's state: the model, and what is watched.
#[derive(Debug)]
pub(crate) struct App {
    panel: Panel,
    introduction: Introduction,
    asks: UnboundedSender<Ask>,
    page: PageName,
    visible: bool,
    watched_hz: Option<f64>,
}

/// Runs the panel until its window is closed.
pub fn run() {
    let app = RelmApp::new(headroom_api::names::PANEL_ID);
    // GTK has set the locale by now.
    i18n::init();
    hooks::apply();
    relm4::set_global_css(include_str!("style.css"));
    app.run::<App>(());
}

/// The window and the actions.
#[derive(Debug)]
pub(crate) struct View {
    shell: Shell,
    actions: Actions,
}

impl Component for App {
    type CommandOutput = Input;
    type Input = Msg;
    type Output = ();
    type Init = ();
    type Root = adw::ApplicationWindow;
    type Widgets = View;

    fn init_root() -> Self::Root {
        shell::window()
    }

    fn init((): (), root: Self::Root, sender: ComponentSender<Self>) -> ComponentParts<Self> {
        let (asks, asked) = unbounded_channel();
        sender.command(move |out, shutdown| {
            shutdown
                .register(link::run(move |input| out.send(input).is_ok(), asked))
                .drop_on_shutdown()
        });
        let input = sender.input_sender().clone();
        let asker = Asker::new(move |request| input.emit(request.into()));
        let shell = Shell::new(&root, &asker, sender.input_sender());
        let actions = Actions::new(&root, &shell, &asker, sender.input_sender());
        visibility::watch(&root, sender.input_sender());
        let model = Self {
            panel: Panel::default(),
            introduction: Introduction::default(),
            asks,
            page: PageName::Apps,
            visible: false,
            watched_hz: None,
        };
        let mut widgets = View { shell, actions };
        widgets.show(&model.panel, Changes::ALL);
        widgets.shell.show_session(background::is_remembered());
        ComponentParts { model, widgets }
    }

    fn update_with_view(
        &mut self,
        view: &mut View,
        message: Msg,
        sender: ComponentSender<Self>,
        _root: &Self::Root,
    ) {
        match message {
            Msg::Ask(ask) => {
                // The receiver lives as long as the window.
                let _ = self.asks.send(ask);
                settle_later(&sender);
            }
            Msg::Introduction(open) => {
                if open {
                    self.introduction.open();
                } else if let Some(ask) = self.introduction.close(&self.panel) {
                    let _ = self.asks.send(ask);
                }
                self.introduce(view);
            }
            Msg::Copy(text) => {
                view.shell.copy(&text);
            }
            Msg::PageShown(page) => {
                self.page = page;
                view.actions.show_page(page);
                if page == PageName::History {
                    view.shell.look_back();
                }
                self.watch();
            }
            Msg::Visible(visible) => {
                self.visible = visible;
                if !visible {
                    view.shell.rest();
                } else if self.page == PageName::History {
                    view.shell.look_back();
                }
                self.watch();
            }
            Msg::StartWithSession(on) => {
                let sender = sender.input_sender().clone();
                relm4::spawn(async move {
                    let result = background::start_with_session(on, &session::reason()).await;
                    let is_on = if result.is_ok() { on } else { !on };
                    sender.emit(Msg::StartsWithSession(is_on, result.err()));
                });
            }
            Msg::StartsWithSession(on, denial) => {
                view.shell.show_session(on);
                if let Some(denial) = denial {
                    view.shell.toast(&session::denial(&denial));
                }
            }
            Msg::Settle => view.show(&self.panel, Changes::ALL),
        }
    }

    fn update_cmd_with_view(
        &mut self,
        view: &mut View,
        input: Input,
        _sender: ComponentSender<Self>,
        _root: &Self::Root,
    ) {
        if let Input::Failed { why, sentence, .. } = &input {
            view.shell.toast(&words::failure(*why, sentence));
        }
        let is_reading = matches!(input, Input::Meters(_));
        let changes = self.panel.apply(input);
        if is_reading {
            if self.visible {
                view.shell.meter(&self.panel, changes);
            }
        } else {
            view.show(&self.panel, changes);
            if changes.contains(Changes::APPS) {
                self.watch();
            }
            if self.introduction.follow(&self.panel) {
                self.introduce(view);
            }
        }
    }
}

impl App {
    /// Shows the introduction while it is open.
    fn introduce(&mut self, view: &mut View) {
        let open = self.introduction.is_open();
        view.shell.introduce(&self.panel, open);
        view.actions.introduce(open);
        self.watch();
    }

    /// Asks for as many readings as can be seen, when that changed.
    fn watch(&mut self) {
        let plays = self.panel.apps().iter().any(|app| app.playing);
        let hz = match (self.visible && !self.introduction.is_open(), self.page) {
            (false, _) | (true, PageName::History) => None,
            (true, _) if !plays => Some(CHART_HZ),
            (true, PageName::Settings) => Some(CHART_HZ),
            (true, PageName::Apps | PageName::Protection | PageName::Diagnostics) => {
                Some(GAUGES_HZ)
            }
        };
        if hz != self.watched_hz {
            self.watched_hz = hz;
            let _ = self.asks.send(Ask::Watch(hz));
        }
    }
}

impl View {
    fn show(&mut self, panel: &Panel, changes: Changes) {
        self.shell.show(panel, changes);
        self.actions.show(panel);
    }
}

/// Comes back when a request has had its time.
fn settle_later(sender: &ComponentSender<App>) {
    let sender = sender.input_sender().clone();
    gtk::glib::timeout_add_seconds_local_once(2, move || sender.emit(Msg::Settle));
}
