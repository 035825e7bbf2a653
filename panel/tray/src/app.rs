//! The tray as a whole: who is told what.
//!
//! Owns the [`Model`], on the only thread. Everything sleeps until the bus tells something; the one timer runs while a
//! catch is shown.

use std::{convert::Infallible, path::PathBuf, pin::pin, time::Duration};

use anyhow::{Context as _, Result};
use headroom_api::names::PANEL_ID;
use headroom_words::i18n::tr;
use jiff::Zoned;
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    time::{Instant, sleep_until},
};
use tracing::debug;
use zbus::{Connection, Error, fdo::RequestNameFlags};

use crate::{
    desktop,
    host::{Host, ITEM_PATH, MENU_PATH},
    item::{self, Item},
    link,
    menu::{self, Menu},
    model::{Act, Ask, Model, News},
    shortcut::{self, Want},
    view::View,
    watcher,
};

/// How long a catch is seen.
const CATCH_SHOWS: Duration = Duration::from_millis(1500);

/// Shows Headroom in the tray until the session bus is gone, with which a session ends.
///
/// A second one ends at once.
///
/// # Errors
/// When the bus cannot be reached, or refuses what is needed.
pub(crate) async fn run() -> Result<()> {
    let (hosts, host) = unbounded_channel();
    let (asks, asked) = unbounded_channel();
    let (wants, wanted) = unbounded_channel();
    let (icon, item) = Item::new(desktop::icon_theme(), hosts.clone());
    let (rows, menu) = Menu::new(hosts.clone());
    let builder = headroom_api::session_bus().serve_at(ITEM_PATH, icon).serve_at(MENU_PATH, rows);
    let connection = builder.build().await.context("the session bus cannot be reached")?;
    let panel = desktop::panel();
    let view = View::new(panel.is_some());
    let model = Model::default();
    let mut tray = Tray { model, view, connection, item, menu, asks, wants, panel, token: None };
    if !tray.is_only_one().await? {
        eprintln!("headroom-tray: Headroom is in the tray already");
        return Ok(());
    }
    let connection = tray.connection.clone();
    match tray.serve((hosts, host), asked, wanted).await {
        Err(error) if connection.is_closed() => debug!(%error, "the session bus is gone"),
        end => end.map(|_| ())?,
    }
    Ok(())
}

struct Tray {
    model: Model,
    view: View,
    connection: Connection,
    item: item::Handle,
    menu: menu::Handle,
    asks: UnboundedSender<Ask>,
    wants: UnboundedSender<Want>,
    panel: Option<PathBuf>,
    token: Option<String>,
}

impl Tray {
    /// Shows what is told, and does what is wanted.
    async fn serve(
        &mut self,
        (hosts, mut host): (UnboundedSender<Host>, UnboundedReceiver<Host>),
        asked: UnboundedReceiver<Ask>,
        wanted: UnboundedReceiver<Want>,
    ) -> Result<Infallible, Error> {
        self.show().await?;
        let connection = self.connection.clone();
        let (news, mut told) = unbounded_channel();
        let mut link = pin!(link::run(&connection, news.clone(), asked));
        let mut shortcut = pin!(shortcut::run(&connection, news, hosts, wanted));
        let mut watcher = pin!(watcher::run(&connection));
        let mut catch_ends: Option<Instant> = None;
        loop {
            let ends = catch_ends.unwrap_or_else(Instant::now);
            tokio::select! {
                end = &mut link => return end,
                end = &mut watcher => return end,
                end = &mut shortcut => return end,
                Some(host) = host.recv() => {
                    self.act(host);
                    continue;
                }
                Some(news) = told.recv() => {
                    if matches!(news, News::Caught(_)) {
                        catch_ends = Some(Instant::now() + CATCH_SHOWS);
                    }
                    self.hear(news);
                }
                () = sleep_until(ends), if catch_ends.is_some() => catch_ends = None,
            }
            self.model.is_catching = catch_ends.is_some();
            self.show().await?;
        }
    }

    /// Takes the tray's own name on the bus, which one can have.
    async fn is_only_one(&self) -> Result<bool, Error> {
        let name = format!("{}.Tray", PANEL_ID.trim_end_matches(".Panel"));
        let flags = RequestNameFlags::DO_NOT_QUEUE;
        match self.connection.request_name_with_flags(name, flags).await {
            Ok(_) => Ok(true),
            Err(Error::NameTaken) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn hear(&mut self, news: News) {
        if let News::Refused(sentence) = &news {
            let sentence = if sentence.is_empty() {
                tr("Headroom could not be started.")
            } else {
                sentence.clone()
            };
            let connection = self.connection.clone();
            tokio::spawn(async move { desktop::notify(&connection, sentence).await });
        }
        self.model.hear(news);
    }

    fn act(&mut self, host: Host) {
        let act = match host {
            Host::Act(act) => act,
            Host::ActivationToken(token) => {
                self.token = Some(token);
                return;
            }
        };
        if let (Act::OpenPanel, Some(panel)) = (&act, &self.panel) {
            desktop::open(panel, self.token.take());
        }
        let want = match act {
            Act::Look => Some(Want::Look),
            Act::ChooseShortcut => Some(Want::Choose),
            _ => None,
        };
        // Link and shortcut end with the program.
        let _ = want.map(|want| self.wants.send(want));
        if let Some(ask) = self.model.ask(&act) {
            let _ = self.asks.send(ask);
        }
    }

    async fn show(&mut self) -> Result<(), Error> {
        let now = Zoned::now();
        self.item.show(&self.connection, View::face(&self.model, &now)).await?;
        self.menu.show(&self.connection, self.view.rows(&self.model, &now)).await
    }
}
