//! A shortcut of the keyboard for the whole desktop: the portal `org.freedesktop.portal.GlobalShortcuts`.
//!
//! Runs as one future. The portal is not asked before a person opens the menu, or has chosen a shortcut earlier: it may
//! have to be started for it. The desktop decides which keys they are, and keeps them; all that is kept here is an empty
//! file that says that there are some, as a portal may show a window when it is asked for the first time. Where there is
//! no such portal, nothing is offered: any desktop can bind a key to `headroom bypass toggle`.

use std::{collections::HashMap, convert::Infallible, fs, io, path::PathBuf};

use headroom_api::{
    Dict, dict_str, is_in_flatpak,
    names::{DIRECTORY, PANEL_ID},
    visible,
};
use headroom_words::i18n::tr;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tracing::{debug, warn};
use zbus::{
    Connection, Error, MatchRule, MessageStream, ObjectPath, OwnedObjectPath, OwnedVariant,
    Variant,
    fdo::{DBusProxy, NameOwnerChangedStream},
    message::Type,
    proxy,
};

use crate::{
    bus::{gone, next},
    host::Host,
    model::{Act, News, Shortcut},
};

const NAME: &str = "org.freedesktop.portal.Desktop";
const REQUEST: &str = "org.freedesktop.portal.Request";
const SESSION: &str = "org.freedesktop.portal.Session";
/// Identifies the shortcut among those of this app.
const ID: &str = "toggle";
/// What is proposed (freedesktop.org's shortcuts specification); the desktop and the person decide.
const PROPOSED: &str = "CTRL+ALT+h";
/// There while a shortcut is chosen.
const MEMORY: &str = "tray-shortcut";
/// Version since which a person can be shown the keys again.
const CAN_CONFIGURE: u32 = 2;

type Options<'o> = HashMap<&'o str, Variant<'o>>;

#[proxy(
    interface = "org.freedesktop.portal.GlobalShortcuts",
    default_service = "org.freedesktop.portal.Desktop",
    default_path = "/org/freedesktop/portal/desktop"
)]
trait GlobalShortcuts {
    fn create_session(&self, options: Options<'_>) -> zbus::Result<OwnedObjectPath>;
    fn bind_shortcuts(
        &self,
        session: &ObjectPath<'_>,
        shortcuts: &[(&str, Options<'_>)],
        parent_window: &str,
        options: Options<'_>,
    ) -> zbus::Result<OwnedObjectPath>;
    fn configure_shortcuts(
        &self,
        session: &ObjectPath<'_>,
        parent_window: &str,
        options: Options<'_>,
    ) -> zbus::Result<()>;
    #[zbus(signal)]
    fn activated(
        &self,
        session: OwnedObjectPath,
        id: String,
        timestamp_ms: u64,
        options: Dict,
    ) -> zbus::Result<()>;
    #[zbus(signal)]
    fn shortcuts_changed(
        &self,
        session: OwnedObjectPath,
        shortcuts: Vec<(String, Dict)>,
    ) -> zbus::Result<()>;
    #[zbus(property(emits_changed_signal = "const"), name = "version")]
    fn version(&self) -> zbus::Result<u32>;
}

/// What is wanted of the portal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    /// Is there one?
    Look,
    /// Choose a shortcut, or another one.
    Choose,
}

/// Offers a shortcut, and passes on when it is pressed, until the bus is gone.
///
/// # Errors
/// When the bus is gone.
pub(crate) async fn run(
    connection: &Connection,
    news: UnboundedSender<News>,
    hosts: UnboundedSender<Host>,
    mut wants: UnboundedReceiver<Want>,
) -> Result<Infallible, Error> {
    let bus = DBusProxy::new(connection).await?;
    let mut owners = bus.receive_name_owner_changed_with_args(&[(0, NAME)]).await?;
    let mut wanted =
        if is_chosen() { Want::Choose } else { wants.recv().await.ok_or_else(gone)? };
    loop {
        let mut portal = Portal { connection, news: &news, hosts: &hosts, tokens: 0 };
        let served = portal.serve(wanted, &mut owners, &mut wants).await;
        publish(&news, Shortcut::Absent);
        let mut is_replaced = served.unwrap_or_else(|error| {
            debug!(%error, "no shortcut can be had of the desktop");
            false
        });
        // Nobody is asked again before there is another portal, which may be another desktop's.
        while !is_replaced {
            tokio::select! {
                change = next(&mut owners) => {
                    is_replaced = change.ok_or_else(gone)?.args()?.new_owner().is_some();
                }
                want = wants.recv() => {
                    want.ok_or_else(gone)?;
                }
            }
        }
        wanted = if is_chosen() { Want::Choose } else { Want::Look };
    }
}

struct Portal<'p> {
    connection: &'p Connection,
    news: &'p UnboundedSender<News>,
    hosts: &'p UnboundedSender<Host>,
    /// How many requests were made, each with a token of its own.
    tokens: u32,
}

impl Portal<'_> {
    /// Serves one portal until it leaves; says whether there is another one in its place.
    async fn serve(
        &mut self,
        wanted: Want,
        owners: &mut NameOwnerChangedStream,
        wants: &mut UnboundedReceiver<Want>,
    ) -> Result<bool, Error> {
        self.register().await;
        let proxy = GlobalShortcutsProxy::new(self.connection).await?;
        let version = proxy.version().await?;
        // What started the portal is no change of it.
        let owner = DBusProxy::new(self.connection).await?.get_name_owner(NAME.try_into()?).await?;
        let mut pressed = proxy.receive_activated().await?;
        let mut changed = proxy.receive_shortcuts_changed().await?;
        let mut closed = self.signals(SESSION, "Closed").await?;
        let mut session: Option<OwnedObjectPath> = None;
        publish(self.news, Shortcut::Unset);
        let mut wanted = Some(wanted);
        loop {
            if wanted.take() == Some(Want::Choose) {
                match &session {
                    None => session = self.choose(&proxy, version, owners).await?,
                    Some(session) if version >= CAN_CONFIGURE => {
                        proxy.configure_shortcuts(session, "", Options::new()).await?;
                    }
                    Some(_) => {}
                }
            }
            tokio::select! {
                change = next(owners) => {
                    let change = change.ok_or_else(gone)?;
                    match change.args()?.new_owner().as_ref() {
                        None => return Ok(false),
                        Some(new) if *new != owner => return Ok(true),
                        Some(_) => {}
                    }
                }
                press = next(&mut pressed) => {
                    let press = press.ok_or_else(gone)?;
                    let args = press.args()?;
                    if session.as_ref() == Some(args.session()) && args.id() == ID {
                        // Nobody listens any more when the program ends.
                        let _ = self.hosts.send(Host::Act(Act::Switch));
                    }
                }
                change = next(&mut changed) => {
                    let change = change.ok_or_else(gone)?;
                    let args = change.args()?;
                    if session.as_ref() == Some(args.session()) {
                        self.show(args.shortcuts(), version);
                    }
                }
                close = next(&mut closed) => {
                    let close = close.ok_or_else(gone)??;
                    let path = close.header().path().map(ToString::to_string);
                    if session.as_ref().is_some_and(|own| path.as_deref() == Some(own.as_str())) {
                        session = None;
                        publish(self.news, Shortcut::Unset);
                    }
                }
                want = wants.recv() => wanted = Some(want.ok_or_else(gone)?),
            }
        }
    }

    /// Says which app this is: a portal knows those in a sandbox, and of others what they say first.
    async fn register(&self) {
        if is_in_flatpak() {
            return;
        }
        let (path, interface) =
            ("/org/freedesktop/portal/desktop", "org.freedesktop.host.portal.Registry");
        let body = (PANEL_ID, Options::new());
        let answer =
            self.connection.call_method(Some(NAME), path, Some(interface), "Register", &body);
        if let Err(error) = answer.await {
            // Portals before 1.20 look for themselves.
            debug!(%error, "the portal does not take the app's id");
        }
    }

    /// Asks for the shortcut; returns the session that it belongs to, or nothing where the person wants none.
    async fn choose(
        &mut self,
        proxy: &GlobalShortcutsProxy<'_>,
        version: u32,
        owners: &mut NameOwnerChangedStream,
    ) -> Result<Option<OwnedObjectPath>, Error> {
        let mut answers = self.signals(REQUEST, "Response").await?;
        let (token, session_token) = (self.token(), self.token());
        let options = Options::from([
            ("handle_token", token.as_str().into()),
            ("session_handle_token", session_token.as_str().into()),
        ]);
        let handle = proxy.create_session(options).await?;
        let Some(made) = answer(&mut answers, &handle, owners).await? else { return Ok(None) };
        let Some(session) = made.get("session_handle").and_then(path) else { return Ok(None) };
        let token = self.token();
        let description = tr("Turn protection on or off");
        let about = Options::from([
            ("description", description.as_str().into()),
            ("preferred_trigger", PROPOSED.into()),
        ]);
        let options = Options::from([("handle_token", token.as_str().into())]);
        let handle = proxy.bind_shortcuts(&session, &[(ID, about)], "", options).await?;
        let bound = answer(&mut answers, &handle, owners).await?;
        remember(bound.is_some())
            .unwrap_or_else(|error| warn!(%error, "failed to remember the shortcut"));
        let Some(bound) = bound else {
            publish(self.news, Shortcut::Unset);
            return Ok(None);
        };
        let shortcuts = bound.get("shortcuts").and_then(|value| value.try_clone().ok());
        let shortcuts = shortcuts.and_then(|value| Vec::<(String, Dict)>::try_from(value).ok());
        self.show(&shortcuts.unwrap_or_default(), version);
        Ok(Some(session))
    }

    fn token(&mut self) -> String {
        self.tokens += 1;
        format!("headroom_{}_{}", std::process::id(), self.tokens)
    }

    /// Listens for a signal, before anything is asked.
    async fn signals(
        &self,
        interface: &'static str,
        member: &'static str,
    ) -> Result<MessageStream, Error> {
        let rule = MatchRule::builder().msg_type(Type::Signal).interface(interface).member(member);
        MessageStream::for_match_rule(rule.build()?, self.connection, None).await
    }

    fn show(&self, shortcuts: &[(String, Dict)], version: u32) {
        let own = shortcuts.iter().find(|(id, _)| id == ID).map(|(_, about)| about);
        let keys = own.and_then(|about| dict_str(about, "trigger_description")).unwrap_or_default();
        let can_change = version >= CAN_CONFIGURE;
        publish(self.news, Shortcut::Set { keys: visible(keys).into(), can_change });
    }
}

/// Waits for the answer to a request; nothing where the person has refused, or the portal leaves.
async fn answer(
    answers: &mut MessageStream,
    handle: &OwnedObjectPath,
    owners: &mut NameOwnerChangedStream,
) -> Result<Option<Dict>, Error> {
    loop {
        tokio::select! {
            answer = next(answers) => {
                let answer = answer.ok_or_else(gone)??;
                if answer.header().path().is_some_and(|path| path.as_str() == handle.as_str()) {
                    let (code, results): (u32, Dict) = answer.body().deserialize()?;
                    return Ok((code == 0).then_some(results));
                }
            }
            change = next(owners) => {
                if change.ok_or_else(gone)?.args()?.new_owner().is_none() {
                    return Err(Error::Failure("the portal is gone".to_owned()));
                }
            }
        }
    }
}

/// Reads a path, which the portal writes as a text.
fn path(value: &OwnedVariant) -> Option<OwnedObjectPath> {
    match &**value {
        Variant::ObjectPath(path) => Some(path.to_owned().into()),
        Variant::Str(text) => OwnedObjectPath::try_from(text.to_string()).ok(),
        _ => None,
    }
}

fn publish(news: &UnboundedSender<News>, shortcut: Shortcut) {
    // Nobody listens any more when the program ends.
    let _ = news.send(News::Shortcut(shortcut));
}

/// The file that stands for a shortcut; `None` where there is no place for it.
fn memory() -> Option<PathBuf> {
    let absolute = |key| std::env::var_os(key).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = absolute("XDG_STATE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/state")))?;
    Some(state.join(DIRECTORY).join(MEMORY))
}

fn is_chosen() -> bool {
    memory().is_some_and(|file| file.exists())
}

fn remember(is_chosen: bool) -> io::Result<()> {
    let Some(file) = memory() else { return Ok(()) };
    if is_chosen {
        fs::create_dir_all(file.parent().unwrap_or(&file))?;
        return fs::write(file, "");
    }
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
