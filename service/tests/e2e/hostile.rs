//! Whatever another program says, the service lives and goes on protecting.

use std::{
    ffi::CStr,
    os::{fd::OwnedFd, unix::net::UnixStream},
    time::Duration,
};

use headroom_api::names;
use headroom_testkit::{session::Session, signals};
use pipewire::{
    client::Client, context::ContextRc, loop_::Timeout, main_loop::MainLoopRc,
    permissions::PermissionFlags, properties::PropertiesBox, registry::GlobalObject,
    types::ObjectType,
};
use rustix::{
    net::sockopt::socket_peercred,
    process::{PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open},
};

use crate::{lying_server::LyingServer, rig::*};

fn noise() -> Vec<Vec<f32>> {
    vec![signals::gaussian_noise(48_000, 0.1, 1), signals::gaussian_noise(48_000, 0.1, 2)]
}

#[test]
fn node_in_error_without_text_ends_no_service() {
    let session = Session::start().unwrap();
    let socket = session.runtime_dir().join("lying-0");
    let _server = LyingServer::start(&socket);
    let mut look = session.command("pw-dump");
    let output = look.arg("-N").env("PIPEWIRE_REMOTE", &socket).output().unwrap();
    let dump = String::from_utf8(output.stdout).unwrap();
    assert!(dump.contains(r#""state": "error""#), "the test needs such a node: {dump}");
    assert!(!dump.contains(r#""error": ""#), "{dump}");
    let mut command = session.command(binary());
    command.env("PIPEWIRE_REMOTE", &socket);
    let mut rig = Rig::commanded(session, &command);
    // Told when every node has been looked at.
    eventually("all is seen", || rig.problems() == ["no-session-manager"]);
    rig.service.terminate(PATIENCE).unwrap();
    rig.service = rig.session.spawn(&command, names::SERVICE_BINARY).unwrap();
    rig.wait_owned();
    eventually("all is seen once more", || rig.problems() == ["no-session-manager"]);
    assert!(rig.service.is_running());
}

#[test]
fn names_that_are_no_utf8_end_no_service() {
    let mut rig = Rig::start();
    let player = rig
        .session
        .player(noise())
        .prop("application.name", *b"Bad \xff\xfe App")
        .prop("node.name", *b"bad\xc3(name")
        .prop("media.name", *b"\xf0\x28\x8c\x28")
        .prop("bad\u{fffd}.key", *b"\x80")
        .looping()
        .start()
        .unwrap();
    rig.wait_linked(&player, "headroom");
    let stream = rig.wait_route(&player, "processed");
    assert_eq!(headroom_api::dict_str(&stream, "app"), Some("Bad \u{fffd}\u{fffd} App"));
    let failures = rig.failures();
    // A start beside such a stream is no harder.
    rig.service.terminate(PATIENCE).unwrap();
    rig.restart();
    rig.wait_linked(&player, "headroom");
    assert_eq!(rig.failures(), failures);
}

/// Sends an error to every client of ours, as any program may.
fn send_errors(rig: &Rig, proxy: u32, result: i32, message: &CStr) {
    let graph = rig.session.dump().unwrap();
    let ours = graph.clients.iter().filter(|client| {
        client.props.get("application.name").and_then(|name| name.as_str()) == Some("Headroom")
    });
    let ids: Vec<u32> = ours.map(|client| client.id).collect();
    assert_eq!(ids.len(), 2);
    pipewire::init();
    let main_loop = MainLoopRc::new(None).unwrap();
    let context = ContextRc::new(&main_loop, None).unwrap();
    let mut props = PropertiesBox::new();
    props.insert("remote.name", rig.session.pipewire_socket().to_string_lossy().as_ref());
    let core = context.connect_rc(Some(props)).unwrap();
    let registry = core.get_registry_rc().unwrap();
    let clients: Vec<Client> = ids
        .into_iter()
        .map(|id| {
            let global = GlobalObject::<PropertiesBox> {
                id,
                permissions: PermissionFlags::empty(),
                type_: ObjectType::Client,
                version: 0,
                props: None,
            };
            registry.bind(&global).unwrap()
        })
        .collect();
    for client in &clients {
        client.error_cstr(proxy, result, message);
    }
    let synced = std::rc::Rc::new(std::cell::Cell::new(false));
    let done = synced.clone();
    let _listener = core.add_listener_local().done(move |_, _| done.set(true)).register();
    core.sync(0).unwrap();
    eventually("the errors are sent", || {
        main_loop.loop_().iterate(Timeout::Finite(Duration::from_millis(20)));
        synced.get()
    });
}

#[test]
fn error_messages_that_are_no_utf8_end_no_service() {
    let rig = Rig::start();
    let player = rig.session.player(noise()).app("Firefox").looping().start().unwrap();
    rig.wait_linked(&player, "headroom");
    let before = rig.session.dump().unwrap().node("headroom").unwrap().serial;
    send_errors(&rig, 7, -5, c"\xff\xfe");
    send_errors(&rig, 7, -5, c"");
    // Of the core itself: it answers all the same.
    send_errors(&rig, 0, -71, c"\xff");
    assert_eq!(rig.failures(), 0);
    let after = rig.session.dump().unwrap().node("headroom").unwrap().serial;
    assert_eq!(before, after, "an error of somebody's making is no loss of the connection");
    // Unless it says that the server is gone: then it is looked for, and found.
    send_errors(&rig, 0, -32, c"\xff");
    rig.session
        .wait_for_graph("a new pair", PATIENCE, |graph| {
            graph.node("headroom").is_some_and(|node| node.serial != after).then_some(())
        })
        .unwrap();
    rig.wait_state("running");
    rig.wait_linked(&player, "headroom");
}

/// Returns PipeWire's ends of its connections to the service.
fn servers_ends(rig: &Rig) -> Vec<OwnedFd> {
    let own = UnixStream::connect(rig.session.pipewire_socket()).unwrap();
    let server = socket_peercred(&own).unwrap().pid;
    let service = rig.service.pid().cast_signed();
    let pidfd = pidfd_open(server, PidfdFlags::empty()).unwrap();
    let files = std::fs::read_dir(format!("/proc/{}/fd", server.as_raw_pid())).unwrap();
    let numbers = files.flatten().filter_map(|file| file.file_name().to_str()?.parse().ok());
    numbers
        .filter_map(|number| pidfd_getfd(&pidfd, number, PidfdGetfdFlags::empty()).ok())
        .filter(|file| socket_peercred(file).is_ok_and(|peer| peer.pid.as_raw_pid() == service))
        .collect()
}

/// Writes the beginning of a message without end into one of the connections, after which nothing that
/// comes is understood, and nothing hangs up.
fn mute_connection(number: usize) {
    let rig = Rig::start();
    let player = rig.session.player(noise()).app("Firefox").looping().start().unwrap();
    rig.wait_linked(&player, "headroom");
    let before = rig.session.dump().unwrap().node("headroom").unwrap().serial;
    let ends = servers_ends(&rig);
    assert_eq!(ends.len(), 2, "one watches the graph, the other has the nodes");
    let endless: Vec<u8> =
        [0, 0x00ff_ffff, 0, 0_u32].iter().flat_map(|w| w.to_ne_bytes()).collect();
    rustix::io::write(&ends[number], &endless).unwrap();
    drop(ends);
    // Asked for a sign of life every 30 s while something plays.
    rig.session
        .wait_for_graph("a new pair", 2 * PATIENCE, |graph| {
            graph.node("headroom").is_some_and(|node| node.serial != before).then_some(())
        })
        .unwrap();
    rig.wait_state("running");
    rig.wait_linked(&player, "headroom");
    assert_eq!(rig.failures(), 0);
}

#[test]
fn first_connection_that_falls_mute_is_made_anew() {
    mute_connection(0);
}

#[test]
fn second_connection_that_falls_mute_is_made_anew() {
    mute_connection(1);
}

#[test]
fn default_device_with_a_nul_in_its_name_ends_no_service() {
    let rig = Rig::start();
    rig.block(rig.control().set_route("Player", "bypass")).unwrap();
    let player = rig.session.player(noise()).app("Player").looping().start().unwrap();
    rig.wait_linked(&player, DEVICE);
    let name = r#"{ "name": "de\u0000vice" }"#;
    let arguments = ["0", "default.audio.sink", name, "Spa:String:JSON"];
    rig.session.run("pw-metadata", &arguments).unwrap();
    // Answered by the thread that would have written it.
    assert_eq!(rig.failures(), 0);
    let name = format!(r#"{{ "name": "{DEVICE}" }}"#);
    rig.session.run("pw-metadata", &["0", "default.audio.sink", &name, "Spa:String:JSON"]).unwrap();
    rig.wait_linked(&player, DEVICE);
    rig.wait_route(&player, "bypass");
}

/// Asks all kinds of things, right and wrong, until the service is gone.
fn ask_at_random(address: &str, seed: u64) {
    let mut rng = signals::Rng::new(seed);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let connection = zbus::connection::Builder::address(address).build().await.unwrap();
        let control = headroom_api::ControlProxy::new(&connection).await.unwrap();
        let members = ["Health", "GetMeters", "ReloadProfiles", "SetRoute", "Explain", "NoSuch"];
        loop {
            let member = members[rng.below(members.len())];
            let text = "\u{7f}x".repeat(rng.below(400));
            let answer = match rng.below(3) {
                0 => control.inner().call_method(member, &()).await,
                1 => control.inner().call_method(member, &(text.as_str(), "bypass?")).await,
                _ => control.inner().call_method(member, &(rng.next_u64())).await,
            };
            // The bus says who is gone; the service answers everything else, if only with a refusal.
            if let Err(zbus::Error::FDO(error)) = answer
                && matches!(
                    *error,
                    zbus::fdo::Error::ServiceUnknown(_) | zbus::fdo::Error::NoReply(_)
                )
            {
                break;
            }
        }
    });
}

#[test]
fn kills_amid_random_calls_break_no_ceiling_and_leave_nothing() {
    let mut rig = Rig::start();
    rig.limit_only();
    let [loud, ..] = three_hostile(48_000);
    let player = rig.session.player(loud).app("Firefox").looping().start().unwrap();
    rig.wait_linked(&player, "headroom");
    let mut rng = signals::Rng::new(7);
    // One more within a minute would be safe mode.
    for round in 0..2 {
        let recorder = rig.session.record(DEVICE).unwrap();
        recorder.wait_sound(0, 0.01, PATIENCE).unwrap();
        let address = rig.session.bus_address();
        let callers: Vec<_> = (0..4)
            .map(|caller| {
                let address = address.clone();
                std::thread::spawn(move || ask_at_random(&address, 10 * round + caller))
            })
            .collect();
        recorder.wait_more(24_000 + rng.below(48_000), PATIENCE).unwrap();
        let killed_ns = now_ns();
        rig.service.kill();
        for caller in callers {
            caller.join().unwrap();
        }
        rig.wait_linked(&player, DEVICE);
        let recording = recorder.stop().unwrap();
        // What the device got before: what was under way is a cycle or two.
        let end = recording.frame_at(killed_ns - 100_000_000);
        assert_under_ceiling(&recording.part(0..end), "before it was killed");
        rig.restart();
        rig.wait_linked(&player, "headroom");
    }
    drop(player);
    rig.service.terminate(PATIENCE).unwrap();
    rig.wait_left();
}
