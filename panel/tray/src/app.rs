//! The tray as a whole: who is told what.
//!
//! Owns the [`Model`], on the only thread. Everything sleeps until the bus tells something; the one timer runs while a
//! catch is shown.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context as _, Result};
use headroom_api::names::PANEL_ID;
use headroom_words::i18n::tr;
use jiff::Zoned;
use tokio::{
    sync::mpsc::{UnboundedSender, unbounded_channel},
    time::{Instant, sleep_until},
};
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

/// Shows Headroom in the tray until the session bus is gone.
///
/// A second one ends at once.
///
/// # Errors
/// When the bus cannot be reached, or is gone.
pub(crate) async fn run() -> Result<()> {
    let (hosts, mut host) = unbounded_channel();
    let (news, mut told) = unbounded_channel();
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
    tray.show().await?;
    let connection = tray.connection.clone();
    let mut link = std::pin::pin!(link::run(&connection, news.clone(), asked));
    let pressed = shortcut::run(&connection, news, hosts, wanted);
    let mut shortcut = std::pin::pin!(pressed);
    let mut watcher = std::pin::pin!(watcher::run(&connection));
    let mut catch_ends: Option<Instant> = None;
    loop {
        let ends = catch_ends.unwrap_or_else(Instant::now);
        tokio::select! {
            end = &mut link => end.map(|_| ())?,
            end = &mut watcher => end.map(|_| ())?,
            end = &mut shortcut => end.map(|_| ())?,
            Some(host) = host.recv() => {
                tray.act(host);
                continue;
            }
            Some(news) = told.recv() => {
                if matches!(news, News::Caught(_)) {
                    catch_ends = Some(Instant::now() + CATCH_SHOWS);
                }
                tray.hear(news);
            }
            () = sleep_until(ends), if catch_ends.is_some() => catch_ends = None,
        }
        tray.model.is_catching = catch_ends.is_some();
        tray.show().await?;
    }
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
