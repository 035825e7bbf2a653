//! A desktop with a tray: `org.kde.StatusNotifierWatcher` and the host in one, as most desktops have it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use headroom_api::Dict;
use headroom_testkit::asking::{block, runtime, wait_for};
use zbus::{
    Connection, MatchRule, Message, MessageStream, OwnedVariant, Structure, Variant,
    export::futures_core::Stream, interface, message::Type,
};

use crate::rig::Rig;

const NAME: &str = "org.kde.StatusNotifierWatcher";
const ITEM: &str = "org.kde.StatusNotifierItem";
const MENU: &str = "com.canonical.dbusmenu";
const MENU_PATH: &str = "/StatusNotifierItem/menu";

/// The desktop; dropping it takes it from the bus.
pub(crate) struct Host {
    connection: Connection,
    registered: Arc<Mutex<Vec<String>>>,
    heard: Arc<Mutex<Vec<Message>>>,
}

/// A row of the menu, as the desktop reads it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Row {
    pub(crate) id: i32,
    pub(crate) label: String,
    pub(crate) is_visible: bool,
    pub(crate) is_enabled: bool,
    pub(crate) toggle: String,
    pub(crate) is_on: bool,
    pub(crate) rows: Vec<Row>,
}

struct Watcher(Arc<Mutex<Vec<String>>>);

#[interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    fn register_status_notifier_item(&self, service: String) {
        self.0.lock().unwrap().push(service);
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }
}

impl Host {
    /// Starts the desktop.
    pub(crate) fn start(rig: &Rig) -> Self {
        let registered = Arc::<Mutex<Vec<String>>>::default();
        let heard = Arc::<Mutex<Vec<Message>>>::default();
        let address = rig.bus.address();
        let watcher = Watcher(Arc::clone(&registered));
        let builder = zbus::connection::Builder::address(address.as_str());
        let builder = builder.serve_at("/StatusNotifierWatcher", watcher);
        let connection = block(builder.build()).unwrap();
        for interface in [ITEM, MENU] {
            let rule = MatchRule::builder().msg_type(Type::Signal).interface(interface).build();
            let signals = MessageStream::for_match_rule(rule.unwrap(), &connection, None);
            let mut signals = block(signals).unwrap();
            let heard = Arc::clone(&heard);
            runtime().spawn(async move {
                while let Some(Ok(signal)) = next(&mut signals).await {
                    heard.lock().unwrap().push(signal);
                }
            });
        }
        block(connection.request_name(NAME)).unwrap();
        Self { connection, registered, heard }
    }

    /// Waits for the tray's icon, and returns who has it.
    pub(crate) fn item(&self) -> String {
        wait_for("an icon registers", || self.registered.lock().unwrap().first().cloned())
    }

    /// Returns how many icons have registered.
    pub(crate) fn items(&self) -> usize {
        self.registered.lock().unwrap().len()
    }

    /// Returns the names of signals so far, in order.
    pub(crate) fn heard(&self) -> Vec<String> {
        let heard = self.heard.lock().unwrap();
        let member = |signal: &Message| signal.header().member().map(ToString::to_string);
        heard.iter().filter_map(member).collect()
    }

    /// Forgets the signals so far.
    pub(crate) fn forget(&self) {
        self.heard.lock().unwrap().clear();
    }

    fn call<B>(&self, path: &str, interface: &str, method: &str, body: &B) -> Message
    where
        B: zbus::export::serde::Serialize + zbus::wire::DynamicType,
    {
        let item = self.item();
        let answer =
            self.connection.call_method(Some(item.as_str()), path, Some(interface), method, body);
        block(answer).unwrap()
    }

    /// Returns a property of the icon.
    pub(crate) fn property(&self, name: &str) -> OwnedVariant {
        let interface = "org.freedesktop.DBus.Properties";
        let answer = self.call("/StatusNotifierItem", interface, "Get", &(ITEM, name));
        answer.body().deserialize::<OwnedVariant>().unwrap()
    }

    /// Returns a text of the icon.
    pub(crate) fn text(&self, name: &str) -> String {
        self.property(name).downcast_ref::<&str>().unwrap().to_owned()
    }

    /// Returns the title and the lines of the tooltip.
    pub(crate) fn tooltip(&self) -> (String, String) {
        let value = self.property("ToolTip");
        let fields = value.downcast_ref::<&Structure<'_>>().unwrap().fields();
        let text = |at: usize| fields[at].downcast_ref::<&str>().unwrap().to_owned();
        (text(2), text(3))
    }

    /// Waits for the icon to look like this.
    pub(crate) fn wait_look(&self, look: &str) {
        let icon = format!("com.example.Headroom.Tray-{look}-symbolic");
        wait_for(&format!("the icon shows {look}"), || {
            (self.text("IconName") == icon).then_some(())
        });
    }

    /// Clicks on the icon: "Activate" or "SecondaryActivate".
    pub(crate) fn press(&self, method: &str) {
        self.call("/StatusNotifierItem", ITEM, method, &(7, 9));
    }

    /// Hands over what lets a window come to the front.
    pub(crate) fn provide(&self, token: &str) {
        self.call("/StatusNotifierItem", ITEM, "ProvideXdgActivationToken", &(token,));
    }

    /// Opens the menu.
    pub(crate) fn open_menu(&self) {
        self.call(MENU_PATH, MENU, "AboutToShow", &(0,));
    }

    /// Returns the menu's visible rows, separators left out.
    pub(crate) fn menu(&self) -> Vec<Row> {
        let answer = self.call(MENU_PATH, MENU, "GetLayout", &(0, -1, Vec::<String>::new()));
        let (_, (_, _, rows)): (u32, (i32, Dict, Vec<OwnedVariant>)) =
            answer.body().deserialize().unwrap();
        rows.iter()
            .map(|row| read(row))
            .filter(|row| row.is_visible && !row.label.is_empty())
            .collect()
    }

    /// Returns a visible row, in the menu or a submenu, by its words.
    pub(crate) fn row(&self, label: &str) -> Option<Row> {
        let rows = self.menu();
        let below = rows.iter().flat_map(|row| &row.rows).cloned().collect();
        [rows, below].concat().into_iter().find(|row| row.label == label)
    }

    /// Waits for a row, and clicks on it.
    pub(crate) fn click(&self, label: &str) {
        let is_clickable = |row: &Row| row.is_visible && row.is_enabled;
        let row = wait_for(label, || self.row(label).filter(is_clickable));
        self.call(MENU_PATH, MENU, "Event", &(row.id, "clicked", Variant::from(0), 0_u32));
    }

    /// Waits for a row to be marked, or not.
    pub(crate) fn wait_mark(&self, label: &str, is_on: bool) {
        wait_for(&format!("{label} is {is_on}"), || {
            self.row(label).filter(|row| row.is_on == is_on)
        });
    }

    /// Leaves the bus, like a panel that crashes.
    pub(crate) fn end(self) {
        block(self.connection.close()).unwrap();
    }
}

fn read(value: &Variant<'_>) -> Row {
    let fields = value.downcast_ref::<&Structure<'_>>().unwrap().fields();
    let id = fields[0].downcast_ref::<i32>().unwrap();
    let properties = headroom_api::read_dict(&fields[1]).unwrap();
    let properties: HashMap<_, _> = properties.into_iter().collect();
    let text = |key: &str| headroom_api::dict_str(&properties, key).unwrap_or_default().to_owned();
    let flag = |key: &str| headroom_api::dict_bool(&properties, key).unwrap_or(true);
    let Variant::Array(below) = &fields[2] else { panic!("{:?}", fields[2]) };
    let inner = |row: &Variant<'_>| match row {
        Variant::Variant(row) => read(row),
        row => read(row),
    };
    Row {
        id,
        label: text("label"),
        is_visible: flag("visible"),
        is_enabled: flag("enabled"),
        toggle: text("toggle-type"),
        is_on: properties.get("toggle-state").is_some_and(|on| on.downcast_ref() == Ok(1)),
        rows: below.iter().map(inner).collect(),
    }
}

/// Returns the next item of a stream, or `None` after its end.
async fn next<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    std::future::poll_fn(|context| std::pin::Pin::new(&mut *stream).poll_next(context)).await
}
