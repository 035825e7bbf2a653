//! The door on raw structures as a hostile program fills them.

use std::{cell::RefCell, ptr, rc::Rc};

use pipewire::spa::sys::spa_dict_item;

use super::*;

fn item(key: Option<&CStr>, value: Option<&CStr>) -> spa_dict_item {
    let raw = |text: Option<&CStr>| text.map_or(ptr::null(), CStr::as_ptr);
    spa_dict_item { key: raw(key), value: raw(value) }
}

fn dict(items: &[spa_dict_item]) -> spa_dict {
    spa_dict { flags: 0, n_items: u32::try_from(items.len()).unwrap(), items: items.as_ptr() }
}

fn node_info(state: sys::pw_node_state, error: *const c_char) -> sys::pw_node_info {
    // SAFETY: the structure is plain data, all of which may be zero.
    let mut info: sys::pw_node_info = unsafe { std::mem::zeroed() };
    info.state = state;
    info.error = error;
    info.n_input_ports = 2;
    info
}

#[test]
fn node_in_error_without_text_is_not_running() {
    let bad = c"\xff\xfe";
    for error in [ptr::null(), bad.as_ptr(), c"".as_ptr()] {
        let info = node_info(sys::pw_node_state_PW_NODE_STATE_ERROR, error);
        // SAFETY: there are no properties.
        let report = unsafe { NodeReport::read_raw(&info) };
        assert_eq!(report, NodeReport { props: Props::new(), input_ports: 2, running: false });
    }
}

#[test]
fn unknown_node_state_is_not_running() {
    for state in [-2, 4, 99, i32::MIN, i32::MAX] {
        // SAFETY: there are no properties.
        let report = unsafe { NodeReport::read_raw(&node_info(state, ptr::null())) };
        assert!(!report.running, "{state}");
    }
    let running = node_info(sys::pw_node_state_PW_NODE_STATE_RUNNING, ptr::null());
    // SAFETY: there are no properties.
    assert!(unsafe { NodeReport::read_raw(&running) }.running);
}

#[test]
fn props_survive_nulls_and_text_that_is_no_utf8() {
    let items = [
        item(Some(c"node.name"), Some(c"bad\xff\xfename")),
        item(Some(c"\xc3("), Some(c"value")),
        item(None, Some(c"nobody's")),
        item(Some(c"nothing"), None),
        item(None, None),
        item(Some(c"empty"), Some(c"")),
    ];
    let dict = dict(&items);
    // SAFETY: the dictionary and its texts live as long as the test.
    let read = unsafe { props(&raw const dict) };
    let expected =
        [("node.name", "bad\u{fffd}\u{fffd}name"), ("\u{fffd}(", "value"), ("empty", "")];
    assert_eq!(read, expected.map(|(k, v)| (k.to_owned(), v.to_owned())).into());
}

#[test]
fn missing_props_are_empty() {
    let empty = spa_dict { flags: 0, n_items: 3, items: ptr::null() };
    // SAFETY: null, and a dictionary without items.
    unsafe {
        assert!(props(ptr::null()).is_empty());
        assert!(props(&raw const empty).is_empty());
    }
}

/// Collects what a callback tells.
fn collect<E: 'static, T: 'static>(events: E) -> (Listener<E, T>, Rc<RefCell<Vec<T>>>) {
    let told = Rc::new(RefCell::new(Vec::new()));
    let sink = told.clone();
    let listener = Listener::new(events, move |event| sink.borrow_mut().push(event));
    // Dropping takes the hook out of a list: of one that has nobody else in it here.
    // SAFETY: the hook is ours, and nothing else points at it.
    unsafe {
        let link = &raw mut (*listener.hook.as_ptr()).link;
        (*link).next = link;
        (*link).prev = link;
    }
    (listener, told)
}

#[test]
fn core_messages_survive_nulls_and_text_that_is_no_utf8() {
    let (listener, told) = collect::<(), CoreEvent>(());
    let data = listener.told.as_ptr().cast();
    // SAFETY: the structure is plain data, all of which may be zero.
    let mut info: sys::pw_core_info = unsafe { std::mem::zeroed() };
    // SAFETY: the data is a live listener's, and the pointers are null or valid.
    unsafe {
        core_info(data, ptr::null());
        core_info(data, &raw const info);
        info.version = c"1.4\xff".as_ptr();
        core_info(data, &raw const info);
        core_error(data, 7, 0, -5, ptr::null());
        core_error(data, 0, 0, -71, c"\xff".as_ptr());
        core_done(data, 3, 1);
        core_done(data, sys::PW_ID_CORE, 2);
    }
    let expected = [
        CoreEvent::Version(String::new()),
        CoreEvent::Version(String::new()),
        CoreEvent::Version("1.4\u{fffd}".into()),
        CoreEvent::Error { id: 7, result: -5, message: String::new() },
        CoreEvent::Error { id: 0, result: -71, message: "\u{fffd}".into() },
        CoreEvent::Done(2),
    ];
    assert_eq!(*told.borrow(), expected);
}

#[test]
fn objects_of_unknown_kinds_are_passed_over() {
    let (listener, told) = collect::<(), RegistryEvent>(());
    let data = listener.told.as_ptr().cast();
    // SAFETY: the data is a live listener's, and the pointers are null or valid.
    unsafe {
        for kind in [c"", c"PipeWire:Interface:\xff", c"PipeWire:Interface:Badger", c"Node"] {
            registry_global(data, 1, 0, kind.as_ptr(), 0, ptr::null());
        }
        registry_global(data, 2, 0, ptr::null(), 0, ptr::null());
        registry_global(data, 3, 0, c"PipeWire:Interface:Node".as_ptr(), 3, ptr::null());
        registry_global_remove(data, 3);
    }
    let node = RegistryEvent::Added { id: 3, kind: ObjectKind::Node, props: Props::new() };
    assert_eq!(*told.borrow(), [node, RegistryEvent::Removed(3)]);
}
