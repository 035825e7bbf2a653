//! A login with Headroom installed as a systemd user unit, and what the tests ask of it.

use std::{fs, path::Path, time::Duration};

use headroom_api::{ControlProxy, Dict, names};
use headroom_testkit::{
    login::Login,
    meter,
    session::{Graph, Passage, Player, Recording, wait_for, wait_until},
    signals,
};

/// How long a state may take to come about, on a machine that is busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
pub(crate) const DEVICE: &str = "device";
pub(crate) const UNIT: &str = "headroom.service";
/// Where `headroom install` puts the service, as the user sees it.
pub(crate) const LIBEXEC: &str = "/home/listener/.local/libexec/headroom";
pub(crate) const RATE_HZ: usize = 48_000;
/// The ceiling that the default profile promises, and what the meter may read beyond it.
const CEILING_DBTP: f64 = -0.1;
const TOLERANCE_DB: f64 = 0.01;

const UNIT_TEMPLATE: &str = include_str!("../../../data/headroom.service.in");
const BUS_TEMPLATE: &str = include_str!("../../../com.example.Headroom.service");

pub(crate) struct Rig {
    pub(crate) login: Login,
    runtime: tokio::runtime::Runtime,
    connection: zbus::Connection,
}

/// The unit as an installation writes it.
pub(crate) fn unit() -> String {
    filled(UNIT_TEMPLATE)
}

fn filled(template: &str) -> String {
    template
        .replace("@libexecdir@", LIBEXEC)
        .replace("@deployment@", "service/user/test")
        .replace("@systemd_service@", "SystemdService=headroom.service")
}

impl Rig {
    /// A login with the unit installed; nothing of it runs.
    pub(crate) fn installed() -> Self {
        Self::installed_as(Login::start().unwrap(), &unit())
    }

    /// The same, with another unit.
    pub(crate) fn installed_as(login: Login, unit: &str) -> Self {
        let service = Path::new(env!("CARGO_BIN_EXE_headroom-service"));
        let added = login.add_program(service).unwrap();
        let target = format!("{LIBEXEC}/headroom-service");
        login.run("install", &["-D", &added.to_string_lossy(), &target]).unwrap();
        login.write_home(".config/systemd/user/headroom.service", unit).unwrap();
        let activation = ".local/share/dbus-1/services/com.example.Headroom.service";
        login.write_home(activation, &filled(BUS_TEMPLATE)).unwrap();
        login.systemctl(&["daemon-reload"]).unwrap();
        // The bus looks at its folders again; without it, it may not have seen a new one.
        login.systemctl(&["reload", "dbus.service"]).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let address = login.session().bus_address();
        let connection = runtime
            .block_on(async { zbus::connection::Builder::address(address.as_str()).build().await })
            .unwrap();
        Self { login, runtime, connection }
    }

    /// A login in which the unit runs and protects.
    pub(crate) fn started() -> Self {
        let rig = Self::installed();
        rig.start();
        rig
    }

    /// Starts the unit; returns when it protects.
    pub(crate) fn start(&self) {
        let started = self.login.systemctl(&["start", UNIT]);
        started.unwrap_or_else(|error| panic!("{error:#}\n{}", self.report()));
        self.wait_protecting();
    }

    /// Waits until the service runs and its pair leads to the device.
    pub(crate) fn wait_protecting(&self) {
        self.wait_state("running");
        self.login
            .session()
            .wait_for_graph("the filter in its place", PATIENCE, |graph| {
                graph.node(names::SINK_NODE)?;
                let output = graph.node(names::OUTPUT_NODE)?;
                (!graph.targets(output.id).is_empty()).then_some(())
            })
            .unwrap();
    }

    /// What systemd and the service itself say of its state.
    pub(crate) fn report(&self) -> String {
        let told = self.login.systemctl(&[
            "show",
            "--property=ActiveState,SubState,Result,ExecMainCode,ExecMainStatus,NRestarts",
            UNIT,
        ]);
        format!("{told:?}\n{}", self.login.unit_log(UNIT))
    }

    pub(crate) fn property(&self, name: &str) -> String {
        self.login.unit_property(UNIT, name).unwrap()
    }

    pub(crate) fn block<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(async {
            tokio::time::timeout(PATIENCE, future).await.expect("the bus answered in time")
        })
    }

    pub(crate) fn control(&self) -> ControlProxy<'static> {
        self.block(async {
            // Without a cache: a test wants what is true now.
            ControlProxy::builder(&self.connection)
                .cache_properties(zbus::proxy::CacheProperties::No)
                .build()
                .await
                .unwrap()
        })
    }

    pub(crate) fn health(&self) -> Dict {
        self.block(self.control().health()).unwrap()
    }

    pub(crate) fn has_owner(&self) -> bool {
        let bus = self.block(zbus::fdo::DBusProxy::new(&self.connection)).unwrap();
        self.block(bus.name_has_owner(names::BUS_NAME.try_into().unwrap())).unwrap()
    }

    /// Waits for a state, without starting the service by asking.
    pub(crate) fn wait_state(&self, state: &str) {
        wait_for(&format!("the state '{state}'"), PATIENCE, || {
            let told = self.has_owner().then(|| self.block(self.control().state()));
            matches!(told, Some(Ok(now)) if now == state).then_some(())
        })
        .unwrap_or_else(|error| panic!("{error:#}\n{}", self.report()));
    }

    /// Plays hostile material through the service; returns what the device got.
    pub(crate) fn pass_hostile(&self) -> Passage {
        const SIGNAL_FRAMES: usize = 9_600;
        let mut material = vec![Vec::new(), Vec::new()];
        for signal in signals::corpus().iter().step_by(4) {
            let planar = signal.planar(RATE_HZ as u32, SIGNAL_FRAMES, 2, 1);
            let padded = signals::padded_planar(&planar, 4_800, 4_800);
            for (channel, new) in material.iter_mut().zip(padded) {
                channel.extend(new);
            }
        }
        assert!(meter::true_peak_dbtp_planar(&material) > 6.0, "the material is tame");
        // All is left to the limiter.
        self.block(self.control().set_active_profile("transparent")).unwrap();
        self.login
            .session()
            .pass_when(
                DEVICE,
                &material,
                |player| player.app("Firefox"),
                |graph, player| goes_to(graph, player, names::SINK_NODE),
            )
            .unwrap()
    }

    /// A player of steady noise that never ends.
    pub(crate) fn player(&self) -> Player {
        let noise = [1, 2].map(|seed| signals::gaussian_noise(RATE_HZ, 0.1, seed)).to_vec();
        self.login.session().player(noise).app("Firefox").looping().start().unwrap()
    }

    /// Waits until a player is linked to a node and to nothing else.
    pub(crate) fn wait_linked(&self, player: &Player, target: &str) {
        self.login
            .session()
            .wait_for_graph(&format!("a link to '{target}'"), PATIENCE, |graph| {
                goes_to(graph, player.node_id(), target).then_some(())
            })
            .unwrap_or_else(|error| panic!("{error:#}\n{}", self.report()));
    }
}

/// Says whether a player's sound goes to a node and nowhere else, by way of its application's chain or
/// without one.
fn goes_to(graph: &Graph, player: u32, target: &str) -> bool {
    graph.target_names_behind(player, names::APP_NODE_PREFIX) == [target]
}

/// Asserts that something was heard, and nothing above the ceiling.
pub(crate) fn assert_held(recording: &Recording, what: &str) -> f64 {
    let true_peak = meter::true_peak_dbtp_planar(&recording.channels);
    assert!(true_peak <= CEILING_DBTP + TOLERANCE_DB, "{what}: {true_peak:+.3} dBTP");
    assert!(true_peak > -1.0, "{what}: the limiter had nothing to do, {true_peak:+.3} dBTP");
    true_peak
}

pub(crate) fn eventually(what: &str, probe: impl FnMut() -> bool) {
    wait_until(what, PATIENCE, probe).unwrap();
}

/// The longest time without sound around an event, by the clock.
pub(crate) fn longest_silence(recording: &Recording, event_ns: i64) -> Duration {
    let sounding = (0..recording.frames())
        .filter(|frame| recording.channels.iter().any(|channel| channel[*frame].abs() > 1e-9));
    let times: Vec<i64> = sounding.filter_map(|frame| recording.time_ns(frame)).collect();
    let (first, last) = (times.first().unwrap(), times.last().unwrap());
    assert!(*first < event_ns && event_ns < *last, "{first} {event_ns} {last}");
    let longest = times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
    Duration::from_nanos(u64::try_from(longest).unwrap())
}

/// The monotonic clock that recordings are stamped with, in ns.
pub(crate) fn now_ns() -> i64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec * 1_000_000_000 + now.tv_nsec
}

/// Reads a file of the home that the service writes, once it is there.
pub(crate) fn wait_file(path: &Path, contains: &str) {
    eventually(&format!("'{contains}' in {}", path.display()), || {
        fs::read_to_string(path).is_ok_and(|text| text.contains(contains))
    });
}
