//! The one door for what other programs say: text, properties, states and messages of PipeWire's
//! objects.
//!
//! Any program of the session chooses these, and the accessors of the `pipewire` crate read null
//! pointers, and panic on text that is not UTF-8 and on states that they do not know. Here what is
//! missing is missing, text is read lossily, and an unknown state is one in which nothing plays.
//! Parameters have a door of their own, [`params`](super::params). Runs on the loop thread.

use std::{
    ffi::{CStr, c_char, c_int, c_void},
    ptr::NonNull,
};

use pipewire::{
    client::ClientInfoRef,
    core::CoreRc,
    node::NodeInfoRef,
    properties::PropertiesBox,
    registry::{GlobalObject, RegistryRc},
    spa::{
        spa_interface_call_method,
        sys::{spa_dict, spa_hook, spa_hook_remove},
    },
    sys,
    types::ObjectType,
};

use super::{GlobalId, Props};

/// What a node says of itself.
#[derive(Debug, PartialEq)]
pub(super) struct NodeReport {
    /// Its properties; empty when it has not told any.
    pub(super) props: Props,
    /// Number of its input ports.
    pub(super) input_ports: u32,
    /// True while it is part of what plays.
    pub(super) running: bool,
}

impl NodeReport {
    /// Reads a node's info; a state that nobody knows counts as not running.
    pub(super) fn read(info: &NodeInfoRef) -> Self {
        // SAFETY: PipeWire has filled the structure, and it stays as it is during the callback that
        // it was handed to.
        unsafe { Self::read_raw(info.as_raw()) }
    }

    /// # Safety
    /// The properties are null or a valid dictionary.
    unsafe fn read_raw(info: &sys::pw_node_info) -> Self {
        Self {
            // SAFETY: as the caller promises.
            props: unsafe { props(info.props) },
            input_ports: info.n_input_ports,
            running: info.state == sys::pw_node_state_PW_NODE_STATE_RUNNING,
        }
    }
}

/// Reads a client's properties; empty when it has not told any.
pub(super) fn client_props(info: &ClientInfoRef) -> Props {
    // SAFETY: PipeWire has filled the structure, and it stays as it is during the callback.
    unsafe { props(info.as_raw().props) }
}

/// Copies a text; what is no UTF-8 in it is replaced, and no text is `None`.
///
/// # Safety
/// `text` is null, or ends in a nul and stays as it is during the call.
unsafe fn text(text: *const c_char) -> Option<String> {
    // SAFETY: as the caller promises.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}

/// Copies properties; those without a key or a value are left out.
///
/// # Safety
/// `dict` is null, or its items are valid and stay as they are during the call.
unsafe fn props(dict: *const spa_dict) -> Props {
    // SAFETY: as the caller promises.
    let Some(dict) = (unsafe { dict.as_ref() }) else {
        return Props::new();
    };
    if dict.items.is_null() {
        return Props::new();
    }
    let count = usize::try_from(dict.n_items).unwrap_or(0);
    // SAFETY: there are as many items as the dictionary says.
    let items = unsafe { std::slice::from_raw_parts(dict.items, count) };
    // SAFETY: keys and values are null or texts.
    items.iter().filter_map(|item| unsafe { Some((text(item.key)?, text(item.value)?)) }).collect()
}

/// What kind of object the registry names, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ObjectKind {
    Node,
    Client,
    Port,
    Link,
    Metadata,
}

impl ObjectKind {
    fn read(name: &str) -> Option<Self> {
        match name.strip_prefix("PipeWire:Interface:")? {
            "Node" => Some(Self::Node),
            "Client" => Some(Self::Client),
            "Port" => Some(Self::Port),
            "Link" => Some(Self::Link),
            "Metadata" => Some(Self::Metadata),
            _ => None,
        }
    }

    /// Returns what the registry binds an object of this kind by.
    pub(super) fn global(self, id: GlobalId) -> GlobalObject<PropertiesBox> {
        let type_ = match self {
            Self::Node => ObjectType::Node,
            Self::Client => ObjectType::Client,
            Self::Port => ObjectType::Port,
            Self::Link => ObjectType::Link,
            Self::Metadata => ObjectType::Metadata,
        };
        let permissions = pipewire::permissions::PermissionFlags::empty();
        GlobalObject { id, permissions, type_, version: 0, props: None }
    }
}

/// What the registry says.
#[derive(Debug, PartialEq)]
pub(super) enum RegistryEvent {
    /// An object appeared, of a kind that matters.
    Added {
        /// The object.
        id: GlobalId,
        /// Its kind.
        kind: ObjectKind,
        /// Its properties, as far as the registry has them.
        props: Props,
    },
    /// An object of any kind went.
    Removed(GlobalId),
}

/// What a core says.
#[derive(Debug, PartialEq)]
pub(super) enum CoreEvent {
    /// The server's version; empty when it tells none.
    Version(String),
    /// The answer to a `sync` of this number.
    Done(i32),
    /// Something was refused, or the connection is lost.
    Error {
        /// The proxy that it is about; 0 is the core.
        id: u32,
        /// A negative errno.
        result: i32,
        /// In words, which may be any program's.
        message: String,
    },
}

/// Somebody who listens to an object of PipeWire's; dropping it ends that.
pub(super) struct Listener<E, T> {
    // Boxes that PipeWire points into, as raw pointers: nothing here may touch them while it does.
    hook: NonNull<spa_hook>,
    events: NonNull<E>,
    told: NonNull<Told<T>>,
}

type Told<T> = Box<dyn Fn(T)>;
pub(super) type CoreListener = Listener<sys::pw_core_events, CoreEvent>;
pub(super) type RegistryListener = Listener<sys::pw_registry_events, RegistryEvent>;

impl<E, T> Listener<E, T> {
    /// Keeps what PipeWire is about to be given.
    fn new(events: E, told: impl Fn(T) + 'static) -> Self {
        // SAFETY: a hook is plain data that starts as zeroes.
        let hook: Box<spa_hook> = Box::new(unsafe { std::mem::zeroed() });
        let told: Box<Told<T>> = Box::new(Box::new(told));
        Self {
            hook: NonNull::from(Box::leak(hook)),
            events: NonNull::from(Box::leak(Box::new(events))),
            told: NonNull::from(Box::leak(told)),
        }
    }
}

impl<E, T> Drop for Listener<E, T> {
    fn drop(&mut self) {
        // SAFETY: all three were boxes once; PipeWire points at them no more when the hook is out.
        unsafe {
            spa_hook_remove(self.hook.as_ptr());
            drop(Box::from_raw(self.hook.as_ptr()));
            drop(Box::from_raw(self.events.as_ptr()));
            drop(Box::from_raw(self.told.as_ptr()));
        }
    }
}

/// Hands an event to whoever listens.
///
/// # Safety
/// `data` is the `told` of a live [`Listener`] for events of this type.
unsafe fn tell<T>(data: *mut c_void, event: T) {
    // SAFETY: as the caller promises; a listener is never dropped inside its own callback.
    unsafe { (*data.cast::<Told<T>>())(event) }
}

/// Listens to a core. Its listener goes before the core does.
pub(super) fn listen_to_core(core: &CoreRc, told: impl Fn(CoreEvent) + 'static) -> CoreListener {
    // SAFETY: the structure is plain data in which a missing callback is null.
    let mut events: sys::pw_core_events = unsafe { std::mem::zeroed() };
    events.version = sys::PW_VERSION_CORE_EVENTS;
    events.info = Some(core_info);
    events.done = Some(core_done);
    events.error = Some(core_error);
    let listener = Listener::new(events, told);
    // SAFETY: the core is valid, and what it is given lives until the hook is removed.
    unsafe {
        spa_interface_call_method!(
            core.as_raw_ptr(),
            sys::pw_core_methods,
            add_listener,
            listener.hook.as_ptr().cast(),
            listener.events.as_ptr(),
            listener.told.as_ptr().cast()
        );
    }
    listener
}

/// Listens to a registry. Its listener goes before the registry does.
pub(super) fn listen_to_registry(
    registry: &RegistryRc,
    told: impl Fn(RegistryEvent) + 'static,
) -> RegistryListener {
    // SAFETY: the structure is plain data in which a missing callback is null.
    let mut events: sys::pw_registry_events = unsafe { std::mem::zeroed() };
    events.version = sys::PW_VERSION_REGISTRY_EVENTS;
    events.global = Some(registry_global);
    events.global_remove = Some(registry_global_remove);
    let listener = Listener::new(events, told);
    // SAFETY: the registry is valid, and what it is given lives until the hook is removed.
    unsafe {
        spa_interface_call_method!(
            registry.as_raw_ptr(),
            sys::pw_registry_methods,
            add_listener,
            listener.hook.as_ptr().cast(),
            listener.events.as_ptr(),
            listener.told.as_ptr().cast()
        );
    }
    listener
}

unsafe extern "C" fn core_info(data: *mut c_void, info: *const sys::pw_core_info) {
    // SAFETY: PipeWire hands over what `listen_to_core` gave it, and an info that is null or valid.
    unsafe {
        let version = info.as_ref().and_then(|info| text(info.version)).unwrap_or_default();
        tell(data, CoreEvent::Version(version));
    }
}

unsafe extern "C" fn core_done(data: *mut c_void, id: u32, seq: c_int) {
    if id == sys::PW_ID_CORE {
        // SAFETY: PipeWire hands over what `listen_to_core` gave it.
        unsafe { tell(data, CoreEvent::Done(seq)) }
    }
}

unsafe extern "C" fn core_error(
    data: *mut c_void,
    id: u32,
    _: c_int,
    result: c_int,
    message: *const c_char,
) {
    // SAFETY: PipeWire hands over what `listen_to_core` gave it, and a text or null.
    unsafe {
        let message = text(message).unwrap_or_default();
        tell(data, CoreEvent::Error { id, result, message });
    }
}

unsafe extern "C" fn registry_global(
    data: *mut c_void,
    id: u32,
    _: u32,
    kind: *const c_char,
    _: u32,
    dict: *const spa_dict,
) {
    // SAFETY: PipeWire hands over what `listen_to_registry` gave it, and texts and properties that
    // are null or valid.
    unsafe {
        let Some(kind) = text(kind).and_then(|kind| ObjectKind::read(&kind)) else { return };
        tell(data, RegistryEvent::Added { id, kind, props: props(dict) });
    }
}

unsafe extern "C" fn registry_global_remove(data: *mut c_void, id: u32) {
    // SAFETY: PipeWire hands over what `listen_to_registry` gave it.
    unsafe { tell(data, RegistryEvent::Removed(id)) }
}

#[cfg(test)]
#[path = "foreign_tests.rs"]
mod tests;
