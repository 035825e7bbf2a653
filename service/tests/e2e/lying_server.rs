//! A PipeWire of the test's own, whose node says what a real one says rarely: that it is in error, and
//! not why.

use std::{
    ffi::{c_int, c_void},
    fs,
    path::Path,
    thread::JoinHandle,
};

use headroom_testkit::session::wait_until;
use pipewire::{
    channel::{Sender, channel},
    context::ContextRc,
    main_loop::MainLoopRc,
    properties::properties,
    sys,
};

use crate::rig::PATIENCE;

/// `PW_NODE_STATE_ERROR`.
const ERROR: c_int = -1;

unsafe extern "C" {
    /// The crate has no name for it.
    fn pw_impl_node_set_state(node: *mut c_void, state: c_int) -> c_int;
}

/// A running server; dropping it ends it.
pub(crate) struct LyingServer {
    stop: Sender<()>,
    thread: Option<JoinHandle<()>>,
}

impl LyingServer {
    /// Starts a server that listens on `socket` and whose only node is in error without a text.
    pub(crate) fn start(socket: &Path) -> Self {
        let (stop, stopped) = channel();
        let config = socket.with_extension("conf");
        fs::write(&config, configuration(socket)).unwrap();
        let thread = std::thread::spawn(move || {
            pipewire::init();
            let main_loop = MainLoopRc::new(None).unwrap();
            let name = config.to_string_lossy().into_owned();
            let props = properties! { "config.name" => name };
            let context = ContextRc::new(&main_loop, Some(props)).unwrap();
            // SAFETY: the context is valid, and the callback is for its globals.
            unsafe {
                let data = std::ptr::null_mut();
                sys::pw_context_for_each_global(context.as_raw_ptr(), Some(break_node), data);
            }
            let quitter = main_loop.clone();
            let _stopper = stopped.attach(main_loop.loop_(), move |()| quitter.quit());
            main_loop.run();
        });
        wait_until("the server's socket", PATIENCE, || socket.exists()).unwrap();
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for LyingServer {
    fn drop(&mut self) {
        let _ = self.stop.send(());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

unsafe extern "C" fn break_node(_: *mut c_void, global: *mut sys::pw_global) -> c_int {
    // SAFETY: PipeWire hands over a valid global; the object of a node's is its node.
    unsafe {
        if sys::pw_global_is_type(global, c"PipeWire:Interface:Node".as_ptr()) {
            pw_impl_node_set_state(sys::pw_global_get_object(global), ERROR);
        }
    }
    0
}

fn configuration(socket: &Path) -> String {
    format!(
        r#"context.properties = {{ core.daemon = true core.name = "{}" }}
context.spa-libs = {{ support.* = support/libspa-support }}
context.modules = [
    {{ name = libpipewire-module-protocol-native }}
    {{ name = libpipewire-module-access }}
    {{ name = libpipewire-module-spa-node-factory }}
]
context.objects = [
    {{ factory = spa-node-factory args = {{
        factory.name = support.null-audio-sink node.name = broken media.class = Audio/Sink }} }}
]
"#,
        socket.display()
    )
}
