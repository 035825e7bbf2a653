//! A mock desktop that shows notifications.

use std::{
    collections::HashMap,
    sync::mpsc::{self, Receiver, Sender},
};

use headroom_api::names;
use tokio::sync::mpsc::UnboundedSender;
use zbus::{Variant, interface, object_server::SignalEmitter};

use crate::rig::*;

const PATH: &str = "/org/freedesktop/Notifications";

/// What a person would see.
#[derive(Debug)]
pub(crate) struct Notification {
    pub(crate) id: u32,
    pub(crate) summary: String,
    pub(crate) body: String,
    pub(crate) actions: Vec<String>,
    /// 0 to 2.
    pub(crate) urgency: Option<u8>,
    pub(crate) is_silent: bool,
    pub(crate) expires_ms: i32,
}

/// The desktop of a session.
pub(crate) struct Desktop {
    pub(crate) shown: Receiver<Notification>,
    pub(crate) closed: Receiver<u32>,
    presses: UnboundedSender<(u32, &'static str)>,
}

impl Desktop {
    /// Starts one, which may be later than the service, as at login.
    pub(crate) fn start(rig: &Rig) -> Self {
        let (shows, shown) = mpsc::channel();
        let (closes, closed) = mpsc::channel();
        let (presses, mut pressed) = tokio::sync::mpsc::unbounded_channel();
        let server = Server { shows, closes, next_id: 40 };
        let address = rig.session.bus_address();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                let connection = zbus::connection::Builder::address(address.as_str())
                    .serve_at(PATH, server)
                    .name("org.freedesktop.Notifications")
                    .build()
                    .await
                    .unwrap();
                let served = connection.object_server().interface::<_, Server>(PATH).await;
                let served = served.unwrap();
                while let Some((id, button)) = pressed.recv().await {
                    Server::action_invoked(served.signal_emitter(), id, button).await.unwrap();
                }
            });
        });
        Self { shown, closed, presses }
    }

    /// Waits for the next notification.
    pub(crate) fn wait_shown(&self) -> Notification {
        self.shown.recv_timeout(PATIENCE).unwrap()
    }

    /// Presses a button of a notification.
    pub(crate) fn press(&self, id: u32, button: &'static str) {
        self.presses.send((id, button)).unwrap();
    }
}

struct Server {
    shows: Sender<Notification>,
    closes: Sender<u32>,
    next_id: u32,
}

#[interface(name = "org.freedesktop.Notifications")]
impl Server {
    #[allow(
        clippy::too_many_arguments,
        clippy::needless_pass_by_value,
        reason = "the specification's to say"
    )]
    fn notify(
        &mut self,
        app_name: &str,
        replaces: u32,
        icon: &str,
        summary: String,
        body: String,
        actions: Vec<String>,
        hints: HashMap<String, Variant<'_>>,
        expires_ms: i32,
    ) -> u32 {
        assert_eq!((app_name, replaces, icon), ("Headroom", 0, names::PANEL_ID));
        assert_eq!(hints.get("desktop-entry"), Some(&Variant::new(names::PANEL_ID)));
        let urgency = (0..=2_u8).find(|it| hints.get("urgency") == Some(&Variant::new(*it)));
        let is_silent = hints.get("suppress-sound") == Some(&Variant::new(true));
        self.next_id += 1;
        let id = self.next_id;
        let shown = Notification { id, summary, body, actions, urgency, is_silent, expires_ms };
        self.shows.send(shown).unwrap();
        id
    }

    fn close_notification(&mut self, id: u32) {
        self.closes.send(id).unwrap();
    }

    #[zbus(signal)]
    async fn action_invoked(emitter: &SignalEmitter<'_>, id: u32, action: &str)
    -> zbus::Result<()>;

    #[zbus(signal)]
    async fn notification_closed(
        emitter: &SignalEmitter<'_>,
        id: u32,
        reason: u32,
    ) -> zbus::Result<()>;
}
