//! BlueZ as WirePlumber's own Bluetooth monitor asks it: an adapter, and a headset that is connected and plays by A2DP.
//! What is sent to the headset is thrown away.
#![allow(
    clippy::needless_pass_by_value,
    clippy::unused_self,
    clippy::used_underscore_binding,
    reason = "what is asked is BlueZ's interfaces to say"
)]

use std::{collections::HashMap, os::fd::OwnedFd, thread};

use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use tokio::sync::oneshot;
use zbus::{
    Connection, ObjectPath, OwnedObjectPath, OwnedVariant, Variant, interface, message::Header,
};

const ADAPTER: &str = "/org/bluez/hci0";
const HEADSET: &str = "/org/bluez/hci0/dev_00_11_22_33_44_55";
const TRANSPORT: &str = "/org/bluez/hci0/dev_00_11_22_33_44_55/sep1/fd0";
const ENDPOINT: &str = "org.bluez.MediaEndpoint1";
const A2DP_SOURCE: &str = "0000110a-0000-1000-8000-00805f9b34fb";
const A2DP_SINK: &str = "0000110b-0000-1000-8000-00805f9b34fb";
/// The codec that every headset has, and how it is set: 48 kHz, joint stereo, 16 blocks, 8 subbands, by loudness, bitpools 2 to 53.
const SBC: u8 = 0;
const SBC_SETTING: [u8; 4] = [0x11, 0x15, 2, 53];
/// The longest packet either way, in bytes.
const PACKET_BYTES: u16 = 672;

type Values = HashMap<&'static str, Variant<'static>>;
type Managed = HashMap<OwnedObjectPath, HashMap<String, HashMap<String, OwnedVariant>>>;

/// A running BlueZ; dropping it ends it.
pub(crate) struct Bluez {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Bluez {
    /// Appears on the bus of this address.
    pub(crate) fn start(address: &str) -> Self {
        let (stop, stopped) = oneshot::channel();
        let address = address.to_owned();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                let builder = zbus::connection::Builder::address(address.as_str());
                let builder = builder.serve_at("/", Objects).serve_at("/org/bluez", Profiles);
                let builder = builder.serve_at(ADAPTER, Media).serve_at(HEADSET, Headset);
                let builder = builder.serve_at(TRANSPORT, Transport).name("org.bluez");
                let _connection = builder.build().await.unwrap();
                // Nobody tells it to stop but by dropping it.
                let _ = stopped.await;
            });
        });
        Self { stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Bluez {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn path(text: &'static str) -> Variant<'static> {
    ObjectPath::try_from(text).unwrap().into()
}

fn adapter() -> Values {
    HashMap::from([
        ("Address", "00:00:00:00:00:01".into()),
        ("AddressType", "public".into()),
        ("Name", "adapter".into()),
        ("Alias", "adapter".into()),
        ("Class", 0x001c_010c_u32.into()),
        ("Powered", true.into()),
        ("Modalias", "usb:v1D6Bp0246d0537".into()),
        ("UUIDs", vec![A2DP_SOURCE].into()),
    ])
}

fn headset() -> Values {
    HashMap::from([
        ("Address", "00:11:22:33:44:55".into()),
        ("AddressType", "public".into()),
        ("Name", "Headset".into()),
        ("Alias", "Headset".into()),
        ("Class", 0x0024_0404_u32.into()),
        ("Icon", "audio-headset".into()),
        ("Paired", true.into()),
        ("Trusted", true.into()),
        ("Connected", true.into()),
        ("ServicesResolved", true.into()),
        ("UUIDs", vec![A2DP_SINK].into()),
        ("Adapter", path(ADAPTER)),
    ])
}

fn transport() -> Values {
    HashMap::from([
        ("Device", path(HEADSET)),
        ("UUID", A2DP_SOURCE.into()),
        ("Codec", SBC.into()),
        ("Configuration", SBC_SETTING.to_vec().into()),
        ("State", "idle".into()),
        ("Volume", 127_u16.into()),
    ])
}

struct Objects;

#[interface(name = "org.freedesktop.DBus.ObjectManager")]
impl Objects {
    fn get_managed_objects(&self) -> HashMap<ObjectPath<'static>, HashMap<&'static str, Values>> {
        let path = |text| ObjectPath::try_from(text).unwrap();
        let media = HashMap::from([("SupportedUUIDs", vec![A2DP_SOURCE, A2DP_SINK].into())]);
        HashMap::from([
            (
                path(ADAPTER),
                HashMap::from([("org.bluez.Adapter1", adapter()), ("org.bluez.Media1", media)]),
            ),
            (path(HEADSET), HashMap::from([("org.bluez.Device1", headset())])),
        ])
    }
}

struct Profiles;

#[interface(name = "org.bluez.ProfileManager1")]
impl Profiles {
    fn register_profile(
        &self,
        _path: OwnedObjectPath,
        _uuid: String,
        _options: HashMap<String, OwnedVariant>,
    ) {
    }

    fn unregister_profile(&self, _path: OwnedObjectPath) {}
}

struct Media;

#[interface(name = "org.bluez.Media1")]
impl Media {
    /// Has the headset connect to the endpoint of its codec.
    fn register_application(
        &self,
        application: OwnedObjectPath,
        _options: HashMap<String, OwnedVariant>,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) {
        let peer = header.sender().unwrap().to_string();
        let connection = connection.clone();
        tokio::spawn(async move { connect(&connection, &peer, application).await });
    }

    fn unregister_application(&self, _application: OwnedObjectPath) {}
}

async fn connect(connection: &Connection, peer: &str, application: OwnedObjectPath) {
    let interface = Some("org.freedesktop.DBus.ObjectManager");
    let call = connection.call_method(Some(peer), application, interface, "GetManagedObjects", &());
    let answer = call.await.unwrap();
    let endpoints: Managed = answer.body().deserialize().unwrap();
    let is_codec = |values: &HashMap<String, OwnedVariant>| {
        let uuid = values.get("UUID").and_then(|it| <&str>::try_from(it).ok());
        let codec = values.get("Codec").and_then(|it| u8::try_from(it).ok());
        uuid.is_some_and(|uuid| uuid.eq_ignore_ascii_case(A2DP_SOURCE)) && codec == Some(SBC)
    };
    let found = endpoints.into_iter().find(|(_, it)| it.get(ENDPOINT).is_some_and(is_codec));
    let (endpoint, _) = found.expect("an endpoint of the codec");
    let body = (ObjectPath::try_from(TRANSPORT).unwrap(), transport());
    let call =
        connection.call_method(Some(peer), endpoint, Some(ENDPOINT), "SetConfiguration", &body);
    call.await.unwrap();
}

struct Headset;

#[interface(name = "org.bluez.Device1")]
impl Headset {
    fn connect_profile(&self, _uuid: String) {}

    fn disconnect_profile(&self, _uuid: String) {}
}

struct Transport;

#[interface(name = "org.bluez.MediaTransport1")]
impl Transport {
    fn acquire(&self) -> (zbus::Fd<'static>, u16, u16) {
        let kind = SocketType::SEQPACKET;
        let pair = socketpair(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None);
        let (headset, computer): (OwnedFd, OwnedFd) = pair.unwrap();
        thread::spawn(move || {
            let mut packet = [0; PACKET_BYTES as usize];
            while rustix::io::read(&headset, &mut packet).is_ok_and(|bytes| bytes > 0) {}
        });
        (computer.into(), PACKET_BYTES, PACKET_BYTES)
    }

    fn release(&self) {}
}
