//! The icon on the bus: `org.kde.StatusNotifierItem` (Status Notifier Item, freedesktop.org's draft).
//!
//! Owns what hosts are told of icon and tooltip, and hands on what a person does there. Runs on the thread of the bus's
//! connection; decides nothing.
#![allow(
    clippy::unused_self,
    clippy::used_underscore_binding,
    reason = "the shape of a member is the bus's to say"
)]

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc::UnboundedSender;
use zbus::{Connection, ObjectPath, interface, object_server::SignalEmitter};

use crate::{
    host::{Host, ITEM_PATH, MENU_PATH},
    model::Act,
    view::{Face, Look},
};

/// Identifies the icon, so that its place is kept across restarts and updates.
const ID: &str = "headroom";

/// Pixels of an icon: width, height, ARGB in network order.
type Pixmap = (i32, i32, Vec<u8>);

/// The icon.
#[derive(Debug)]
pub(crate) struct Item {
    face: Arc<Mutex<Face>>,
    theme: String,
    host: UnboundedSender<Host>,
}

/// The hold on the icon from outside of the bus.
#[derive(Clone, Debug)]
pub(crate) struct Handle(Arc<Mutex<Face>>);

impl Item {
    /// Makes the icon, and the hold on it; `theme` is a folder of icons beside those of the system, or empty.
    pub(crate) fn new(theme: String, host: UnboundedSender<Host>) -> (Self, Handle) {
        let face = Arc::<Mutex<Face>>::default();
        (Self { face: Arc::clone(&face), theme, host }, Handle(face))
    }

    fn face(&self) -> Face {
        self.face.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn pass_on(&self, host: Host) {
        // Nobody listens any more when the program ends.
        let _ = self.host.send(host);
    }
}

impl Handle {
    /// Shows a face, and tells hosts what is another.
    ///
    /// # Errors
    /// When the bus is gone.
    pub(crate) async fn show(&self, connection: &Connection, face: Face) -> zbus::Result<()> {
        let before = {
            let mut shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *shown, face.clone())
        };
        let emitter = SignalEmitter::new(connection, ITEM_PATH)?;
        if before.look != face.look {
            Item::new_icon(&emitter).await?;
            Item::new_attention_icon(&emitter).await?;
        }
        if status(before.look) != status(face.look) {
            Item::new_status(&emitter, status(face.look)).await?;
        }
        if before != face {
            Item::new_tool_tip(&emitter).await?;
            Item::new_title(&emitter).await?;
        }
        Ok(())
    }
}

/// A problem asks for attention; nothing is ever hidden, as that protection is off is worth knowing.
fn status(look: Look) -> &'static str {
    if look == Look::Problem { "NeedsAttention" } else { "Active" }
}

/// Hosts read the tooltip's lines as markup.
fn markup(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[interface(name = "org.kde.StatusNotifierItem", introspection_docs = false)]
impl Item {
    fn activate(&self, _x: i32, _y: i32) {
        self.pass_on(Host::Act(Act::OpenPanel));
    }

    fn secondary_activate(&self, _x: i32, _y: i32) {
        self.pass_on(Host::Act(Act::Switch));
    }

    /// Hosts show the menu themselves.
    fn context_menu(&self, _x: i32, _y: i32) {}

    fn scroll(&self, _delta: i32, _orientation: &str) {}

    fn provide_xdg_activation_token(&self, token: String) {
        self.pass_on(Host::ActivationToken(token));
    }

    #[zbus(signal)]
    async fn new_title(emitter: &SignalEmitter<'_>) -> zbus::Result<()>;
    #[zbus(signal)]
    async fn new_icon(emitter: &SignalEmitter<'_>) -> zbus::Result<()>;
    #[zbus(signal)]
    async fn new_attention_icon(emitter: &SignalEmitter<'_>) -> zbus::Result<()>;
    #[zbus(signal)]
    async fn new_tool_tip(emitter: &SignalEmitter<'_>) -> zbus::Result<()>;
    #[zbus(signal)]
    async fn new_status(emitter: &SignalEmitter<'_>, status: &str) -> zbus::Result<()>;

    #[zbus(property(emits_changed_signal = "const"))]
    fn category(&self) -> &'static str {
        "SystemServices"
    }
    #[zbus(property(emits_changed_signal = "const"))]
    fn id(&self) -> &'static str {
        ID
    }
    /// Screen readers say it.
    #[zbus(property(emits_changed_signal = "false"))]
    fn title(&self) -> String {
        self.face().title
    }
    #[zbus(property(emits_changed_signal = "false"))]
    fn status(&self) -> &'static str {
        status(self.face().look)
    }
    #[zbus(property(emits_changed_signal = "const"))]
    fn window_id(&self) -> i32 {
        0
    }
    #[zbus(property(emits_changed_signal = "const"))]
    fn icon_theme_path(&self) -> &str {
        &self.theme
    }
    #[zbus(property(emits_changed_signal = "false"))]
    fn icon_name(&self) -> String {
        self.face().look.icon()
    }
    #[zbus(property(emits_changed_signal = "const"))]
    fn icon_pixmap(&self) -> Vec<Pixmap> {
        Vec::new()
    }
    #[zbus(property(emits_changed_signal = "const"))]
    fn overlay_icon_name(&self) -> &'static str {
        ""
    }
    #[zbus(property(emits_changed_signal = "const"))]
    fn overlay_icon_pixmap(&self) -> Vec<Pixmap> {
        Vec::new()
    }
    #[zbus(property(emits_changed_signal = "false"))]
    fn attention_icon_name(&self) -> String {
        self.face().look.icon()
    }
    #[zbus(property(emits_changed_signal = "const"))]
    fn attention_icon_pixmap(&self) -> Vec<Pixmap> {
        Vec::new()
    }
    #[zbus(property(emits_changed_signal = "const"))]
    fn attention_movie_name(&self) -> &'static str {
        ""
    }
    #[zbus(property(emits_changed_signal = "false"))]
    fn tool_tip(&self) -> (String, Vec<Pixmap>, String, String) {
        let face = self.face();
        let lines: Vec<_> = face.lines.iter().map(|line| markup(line)).collect();
        (face.look.icon(), Vec::new(), face.title, lines.join("\n"))
    }
    #[zbus(property(emits_changed_signal = "const"))]
    fn item_is_menu(&self) -> bool {
        false
    }
    #[zbus(property(emits_changed_signal = "const"))]
    fn menu(&self) -> ObjectPath<'_> {
        ObjectPath::from_static_str_unchecked(MENU_PATH)
    }
}
