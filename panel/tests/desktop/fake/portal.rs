//! A desktop's portal for apps that run in the background: a mock.
#![allow(clippy::unused_async, reason = "the bus decides the signatures")]

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use zbus::{
    Connection, OwnedObjectPath, OwnedVariant, Variant, fdo, interface, message::Header,
    object_server::SignalEmitter,
};

use crate::bus::block;

const NAME: &str = "org.freedesktop.portal.Desktop";
const PATH: &str = "/org/freedesktop/portal/desktop";

/// What an app asked the portal for.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) autostart: bool,
    pub(crate) command: Vec<String>,
    pub(crate) reason: String,
}

/// The portal on a bus; dropping it takes it away.
pub(crate) struct Portal {
    desk: Arc<Mutex<Desk>>,
    _connection: Connection,
}

/// How the person at the desktop answers, and what was asked so far.
#[derive(Debug, Default)]
struct Desk {
    refuses: bool,
    requests: Vec<Request>,
}

impl Portal {
    /// Starts one whose person agrees to everything.
    pub(crate) fn start(address: &str) -> Self {
        let desk = Arc::new(Mutex::new(Desk::default()));
        let background = Background { desk: Arc::clone(&desk) };
        let connection = block(async {
            zbus::connection::Builder::address(address)
                .serve_at(PATH, background)
                .name(NAME)
                .build()
                .await
        });
        Self { desk, _connection: connection.unwrap() }
    }

    /// From now on, the person says no.
    #[allow(dead_code, reason = "not every test has such a person")]
    pub(crate) fn refuse(&self) {
        self.desk.lock().unwrap().refuses = true;
    }

    /// Everything that was asked for.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.desk.lock().unwrap().requests.clone()
    }
}

struct Background {
    desk: Arc<Mutex<Desk>>,
}

#[interface(name = "org.freedesktop.portal.Background")]
impl Background {
    async fn request_background(
        &self,
        parent_window: String,
        options: HashMap<String, OwnedVariant>,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> fdo::Result<OwnedObjectPath> {
        assert_eq!(parent_window, "", "no window is named");
        let text = |key: &str| {
            let value = options.get(key)?.downcast_ref::<&str>().ok()?;
            Some(value.to_owned())
        };
        let autostart = options.get("autostart").is_some_and(|on| on.downcast_ref() == Ok(true));
        let command = options.get("commandline");
        let command = command.and_then(|command| command.try_clone().ok()?.try_into().ok());
        let request = Request {
            autostart,
            command: command.unwrap_or_default(),
            reason: text("reason").unwrap_or_default(),
        };
        let refuses = {
            let mut desk = self.desk.lock().unwrap();
            desk.requests.push(request);
            desk.refuses
        };
        let sender = header.sender().expect("a call has a sender").to_owned();
        let token = text("handle_token").unwrap_or_else(|| "t".to_owned());
        let place = sender.trim_start_matches(':').replace('.', "_");
        let path = format!("{PATH}/request/{place}/{token}");
        let path = OwnedObjectPath::try_from(path).expect("the token is valid");
        let answer = HashMap::from([
            ("background", Variant::from(!refuses)),
            ("autostart", Variant::from(autostart && !refuses)),
        ]);
        let emitter = SignalEmitter::new(connection, path.clone()).expect("the path is valid");
        let emitter = emitter.set_destination(sender.into());
        let code = u32::from(refuses);
        emitter.emit("org.freedesktop.portal.Request", "Response", &(code, answer)).await?;
        Ok(path)
    }

    #[zbus(property(emits_changed_signal = "const"))]
    async fn version(&self) -> u32 {
        2
    }
}
