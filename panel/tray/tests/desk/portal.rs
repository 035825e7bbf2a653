//! A desktop's portal for shortcuts: a mock.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use headroom_api::{Dict, dict_str};
use headroom_testkit::asking::block;
use zbus::{
    Connection, ObjectPath, OwnedObjectPath, Variant, fdo, interface, message::Header,
    object_server::SignalEmitter,
};

use crate::rig::Rig;

const NAME: &str = "org.freedesktop.portal.Desktop";
const PATH: &str = "/org/freedesktop/portal/desktop";
const INTERFACE: &str = "org.freedesktop.portal.GlobalShortcuts";
const SESSION: &str = "/org/freedesktop/portal/desktop/session/of/the_tray";

/// The portal on a bus; dropping it takes it away.
pub(crate) struct Portal {
    desk: Arc<Mutex<Desk>>,
    connection: Connection,
}

/// How the person at the desktop answers, and what was asked so far.
#[derive(Debug, Default)]
struct Desk {
    refuses: bool,
    asked: Vec<String>,
}

struct Shortcuts(Arc<Mutex<Desk>>);
struct Registry(Arc<Mutex<Desk>>);

impl Portal {
    /// Starts one whose person agrees to everything.
    pub(crate) fn start(rig: &Rig) -> Self {
        let desk = Arc::<Mutex<Desk>>::default();
        let address = rig.bus.address();
        let builder = zbus::connection::Builder::address(address.as_str());
        let builder = builder.serve_at(PATH, Shortcuts(Arc::clone(&desk)));
        let builder = builder.serve_at(PATH, Registry(Arc::clone(&desk))).name(NAME);
        let connection = block(builder.build()).unwrap();
        Self { desk, connection }
    }

    /// From now on, the person says no.
    pub(crate) fn refuse(&self) {
        self.desk.lock().unwrap().refuses = true;
    }

    /// Everything that was asked for, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.desk.lock().unwrap().asked.clone()
    }

    /// Somebody presses the keys of a shortcut.
    pub(crate) fn press(&self, id: &str) {
        self.emit("Activated", &(session(), id, 7_u64, HashMap::<&str, Variant<'_>>::new()));
    }

    /// The person chooses other keys in the desktop's settings.
    pub(crate) fn rebind(&self, keys: &str) {
        self.emit("ShortcutsChanged", &(session(), bound(keys)));
    }

    fn emit<B>(&self, signal: &str, body: &B)
    where
        B: zbus::export::serde::Serialize + zbus::wire::DynamicType,
    {
        let sent = self.connection.emit_signal(None::<&str>, PATH, INTERFACE, signal, body);
        block(sent).unwrap();
    }

    /// Leaves the bus, like a portal that crashes.
    pub(crate) fn end(self) {
        block(self.connection.close()).unwrap();
    }
}

fn session() -> ObjectPath<'static> {
    ObjectPath::from_static_str_unchecked(SESSION)
}

fn bound(keys: &str) -> Vec<(&'static str, HashMap<&'static str, Variant<'_>>)> {
    vec![("toggle", HashMap::from([("trigger_description", Variant::from(keys))]))]
}

/// Answers a request as a portal does: by a signal from an object of its own.
async fn answer(
    (connection, header): (&Connection, &Header<'_>),
    options: &Dict,
    code: u32,
    results: HashMap<&str, Variant<'_>>,
) -> fdo::Result<OwnedObjectPath> {
    let sender = header.sender().unwrap().to_owned();
    let token = dict_str(options, "handle_token").expect("a request has a token");
    let place = sender.trim_start_matches(':').replace('.', "_");
    let path = OwnedObjectPath::try_from(format!("{PATH}/request/{place}/{token}")).unwrap();
    let emitter = SignalEmitter::new(connection, path.clone())?.set_destination(sender.into());
    emitter.emit("org.freedesktop.portal.Request", "Response", &(code, results)).await?;
    Ok(path)
}

#[interface(name = "org.freedesktop.host.portal.Registry")]
impl Registry {
    fn register(&self, app_id: &str, _options: Dict) {
        self.0.lock().unwrap().asked.push(format!("Register {app_id}"));
    }
}

#[interface(name = "org.freedesktop.portal.GlobalShortcuts")]
impl Shortcuts {
    async fn create_session(
        &self,
        options: Dict,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> fdo::Result<OwnedObjectPath> {
        assert!(dict_str(&options, "session_handle_token").is_some(), "a session has a token");
        let results = HashMap::from([("session_handle", Variant::from(SESSION))]);
        answer((connection, &header), &options, 0, results).await
    }

    async fn bind_shortcuts(
        &self,
        session: ObjectPath<'_>,
        shortcuts: Vec<(String, Dict)>,
        parent: &str,
        options: Dict,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> fdo::Result<OwnedObjectPath> {
        assert_eq!((session.as_str(), parent), (SESSION, ""));
        let refuses = {
            let mut desk = self.0.lock().unwrap();
            for (id, about) in &shortcuts {
                let text = |key| dict_str(about, key).unwrap_or_default();
                let (description, keys) = (text("description"), text("preferred_trigger"));
                desk.asked.push(format!("Bind {id}: {description}: {keys}"));
            }
            desk.refuses
        };
        let results = HashMap::from([("shortcuts", Variant::from(bound("Ctrl+Alt+H")))]);
        answer((connection, &header), &options, u32::from(refuses), results).await
    }

    fn configure_shortcuts(&self, session: OwnedObjectPath, parent: String, _options: Dict) {
        assert_eq!((session, parent), (self::session().into(), String::new()));
        self.0.lock().unwrap().asked.push("Configure".to_owned());
    }

    #[zbus(property(emits_changed_signal = "const"), name = "version")]
    fn version(&self) -> u32 {
        2
    }
}
