//! The session that the service runs in: its bus, and the systemd on it. Every call has a deadline.
//!
//! A call to the service's own name would start it, and a start that cannot succeed keeps callers waiting (a bus with
//! systemd holds them until their own deadline, even after the unit was given up). So the owner is called by its unique
//! name, which starts nothing.

use std::time::{Duration, Instant};

use headroom_api::{
    ControlProxy, Health,
    names::{BUS_NAME, OBJECT_PATH},
};
use headroom_client::{
    Error as Bus,
    link::{CALL_TIMEOUT, call, connect},
};
use rustix::process::{Pid, Signal, kill_process};
use zbus::{
    Connection, OwnedObjectPath,
    fdo::{DBusProxy, PeerProxy},
    names::{BusName, OwnedUniqueName, WellKnownName},
    proxy,
    proxy::CacheProperties,
};

use crate::{
    Error,
    items::{SERVICE_UNIT, TIMER_UNIT},
};

/// Longest wait for a start, which includes that of PipeWire's answer.
const START_TIMEOUT: Duration = Duration::from_secs(20);
/// How long the service may take to end before it is killed.
const END_TIMEOUT: Duration = Duration::from_secs(10);
/// How long systemd may take to read its units; there may be many.
const RELOAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How often the owner is asked for when the name changes hands meanwhile.
const OWNER_TRIES: u32 = 10;
const POLL: Duration = Duration::from_millis(50);

#[proxy(
    interface = "org.freedesktop.systemd1.Manager",
    default_service = "org.freedesktop.systemd1",
    default_path = "/org/freedesktop/systemd1"
)]
trait Manager {
    fn reload(&self) -> zbus::Result<()>;
    fn load_unit(&self, name: &str) -> zbus::Result<OwnedObjectPath>;
    fn start_unit(&self, name: &str, mode: &str) -> zbus::Result<OwnedObjectPath>;
    fn stop_unit(&self, name: &str, mode: &str) -> zbus::Result<OwnedObjectPath>;
    fn reset_failed_unit(&self, name: &str) -> zbus::Result<()>;
}

#[proxy(interface = "org.freedesktop.systemd1.Unit", default_service = "org.freedesktop.systemd1")]
trait Unit {
    #[zbus(property)]
    fn active_state(&self) -> zbus::Result<String>;
    #[zbus(property)]
    fn load_state(&self) -> zbus::Result<String>;
}

/// The session's bus.
#[derive(Debug)]
pub(crate) struct Session {
    connection: Connection,
    bus: DBusProxy<'static>,
}

/// Who owns the service's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    name: OwnedUniqueName,
    pub(crate) pid: u32,
}

/// How a service ended that was asked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It did not run.
    WasGone,
    /// By itself, when it was asked.
    Asked,
    /// It had to be killed.
    Killed,
}

impl Session {
    /// Connects to the session bus.
    ///
    /// # Errors
    /// `Unreachable` when there is none.
    pub(crate) async fn open() -> Result<Self, Error> {
        let connection = connect().await?;
        let bus = call(DBusProxy::new(&connection)).await?;
        Ok(Self { connection, bus })
    }

    /// Returns who owns the service's name, without starting it.
    pub(crate) async fn owner(&self) -> Result<Option<Owner>, Error> {
        let mut tries = 1..=OWNER_TRIES;
        loop {
            let error = match self.ask_owner().await {
                Ok(owner) => return Ok(Some(owner)),
                Err(error) => error,
            };
            if !self.is_owned().await? {
                return Ok(None);
            }
            // It has come, or was replaced, between two questions.
            if tries.next().is_none() {
                return Err(error.into());
            }
        }
    }

    async fn ask_owner(&self) -> Result<Owner, Bus> {
        let name = call(self.bus.get_name_owner(service_name())).await?;
        let pid = call(self.bus.get_connection_unix_process_id(name.clone().into())).await?;
        Ok(Owner { name, pid })
    }

    async fn is_owned(&self) -> Result<bool, Error> {
        Ok(call(self.bus.name_has_owner(service_name())).await?)
    }

    /// Returns whether the owner answers a ping in time.
    pub(crate) async fn answers(&self, owner: &Owner, deadline: Duration) -> bool {
        let ping = async {
            let peer = PeerProxy::builder(&self.connection)
                .destination(owner.name.clone())
                .path(OBJECT_PATH)
                .cache_properties(CacheProperties::No)
                .build()
                .await?;
            peer.ping().await
        };
        matches!(tokio::time::timeout(deadline, ping).await, Ok(Ok(())))
    }

    /// Returns the owner's state and what it says of its health.
    pub(crate) async fn ask(&self, owner: &Owner) -> Result<(String, Health), Error> {
        let builder = ControlProxy::builder(&self.connection)
            .destination(owner.name.clone())
            .cache_properties(CacheProperties::No);
        let control = call(builder.build()).await?;
        let health = Health::from_dict(&call(control.health()).await?);
        Ok((call(control.state()).await?, health))
    }

    /// Returns the systemd that this session's bus belongs to, if one does.
    pub(crate) async fn systemd(&self) -> Option<Systemd<'_>> {
        let name = BusName::try_from("org.freedesktop.systemd1").ok()?;
        let is_there: Result<bool, Bus> = call(self.bus.name_has_owner(name)).await;
        if !is_there.unwrap_or(false) {
            return None;
        }
        let manager = call(ManagerProxy::new(&self.connection)).await.ok()?;
        Some(Systemd { session: self, manager })
    }

    /// Makes the bus, and systemd if it is there, notice what was installed or removed.
    pub(crate) async fn reload(&self) -> Result<(), Error> {
        if let Some(systemd) = self.systemd().await {
            within(RELOAD_TIMEOUT, systemd.manager.reload()).await?;
        }
        Ok(call(self.bus.reload_config()).await?)
    }

    /// Has the service started, by systemd when it has the unit and by the bus otherwise, and waits until it is there.
    ///
    /// # Errors
    /// When it is not there in time.
    pub(crate) async fn start(&self, timer: bool) -> Result<Owner, Error> {
        match self.systemd().await {
            Some(systemd) if systemd.has(SERVICE_UNIT).await => {
                systemd.start(SERVICE_UNIT).await?;
                if timer {
                    systemd.start(TIMER_UNIT).await?;
                }
            }
            _ => {
                let name = WellKnownName::from_static_str_unchecked(BUS_NAME);
                within(START_TIMEOUT, self.bus.start_service_by_name(name, 0)).await?;
            }
        }
        self.wait_for_owner().await
    }

    /// Waits until the service is on the bus.
    pub(crate) async fn wait_for_owner(&self) -> Result<Owner, Error> {
        let patience = START_TIMEOUT;
        let end = Instant::now() + patience;
        loop {
            if let Some(owner) = self.owner().await? {
                return Ok(owner);
            }
            if let Some(systemd) = self.systemd().await
                && systemd.state(SERVICE_UNIT).await.is_some_and(|state| state == "failed")
            {
                return Err(Error::Refused(format!(
                    "{SERVICE_UNIT} has failed; `journalctl --user -u {SERVICE_UNIT}` says why."
                )));
            }
            if Instant::now() >= end {
                return Err(Error::Refused(format!(
                    "The service was started and is not on the bus after {} s.",
                    patience.as_secs()
                )));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Ends the service and what would start it again at once, and waits until it is gone.
    ///
    /// # Errors
    /// When it does not end, or may not be ended.
    pub(crate) async fn stop(&self) -> Result<End, Error> {
        let before = self.owner().await?;
        let mut is_of_unit = false;
        if let Some(systemd) = self.systemd().await {
            for unit in [TIMER_UNIT, SERVICE_UNIT] {
                if systemd.has(unit).await {
                    is_of_unit = systemd.state(unit).await.is_some_and(|state| state == "active");
                    within(CALL_TIMEOUT, systemd.manager.stop_unit(unit, "replace")).await?;
                }
            }
        }
        let Some(before) = before else { return Ok(End::WasGone) };
        // The unit's own process is ended by systemd; another one hears it from us.
        if !is_of_unit {
            self.signal(&before, Signal::TERM).await?;
        }
        if self.wait_for_end(&before, END_TIMEOUT).await? {
            return Ok(End::Asked);
        }
        self.kill(&before).await?;
        Ok(End::Killed)
    }

    /// Kills the owner and waits until the bus has noticed.
    pub(crate) async fn kill(&self, owner: &Owner) -> Result<(), Error> {
        self.signal(owner, Signal::KILL).await?;
        if self.wait_for_end(owner, END_TIMEOUT).await? {
            return Ok(());
        }
        Err(Error::Refused(format!("Process {} does not end, even when it is killed.", owner.pid)))
    }

    /// Signals the owner as long as it is on the bus.
    async fn signal(&self, owner: &Owner, signal: Signal) -> Result<(), Error> {
        if self.owner().await?.as_ref() != Some(owner) {
            return Ok(());
        }
        let pid = i32::try_from(owner.pid).ok().filter(|pid| *pid > 1).and_then(Pid::from_raw);
        let sent = pid.map(|pid| kill_process(pid, signal));
        match sent {
            Some(Ok(()) | Err(rustix::io::Errno::SRCH)) => Ok(()),
            Some(Err(error)) => Err(Error::Refused(format!(
                "The service (process {}) cannot be ended: {error}.",
                owner.pid
            ))),
            None => Err(Error::Refused(
                "The service runs where its process cannot be seen from here.".to_owned(),
            )),
        }
    }

    /// Waits until the owner is gone, whoever comes after; returns whether it is.
    pub(crate) async fn wait_for_end(
        &self,
        owner: &Owner,
        patience: Duration,
    ) -> Result<bool, Error> {
        let end = Instant::now() + patience;
        while self.owner().await?.as_ref() == Some(owner) {
            if Instant::now() >= end {
                return Ok(false);
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(true)
    }
}

/// The user's systemd.
#[derive(Debug)]
pub(crate) struct Systemd<'s> {
    session: &'s Session,
    manager: ManagerProxy<'static>,
}

impl Systemd<'_> {
    /// Returns whether there is a unit file of this name.
    pub(crate) async fn has(&self, unit: &str) -> bool {
        let Some(unit) = self.unit(unit).await else { return false };
        let state: Result<String, Bus> = call(unit.load_state()).await;
        state.is_ok_and(|state| state == "loaded")
    }

    /// Returns what a unit is doing: `active`, `inactive`, `failed`, `activating`, ...
    pub(crate) async fn state(&self, unit: &str) -> Option<String> {
        let unit = self.unit(unit).await?;
        let state: Result<String, Bus> = call(unit.active_state()).await;
        state.ok()
    }

    async fn unit(&self, name: &str) -> Option<UnitProxy<'static>> {
        let path: Result<OwnedObjectPath, Bus> = call(self.manager.load_unit(name)).await;
        let builder = UnitProxy::builder(&self.session.connection)
            .path(path.ok()?)
            .cache_properties(CacheProperties::No);
        call(builder.build()).await.ok()
    }

    /// Starts a unit, also one that systemd has given up; does not wait for it.
    async fn start(&self, unit: &str) -> Result<(), Error> {
        // Nothing to forget is no failure.
        let _ = within(CALL_TIMEOUT, self.manager.reset_failed_unit(unit)).await;
        within(CALL_TIMEOUT, self.manager.start_unit(unit, "replace")).await?;
        Ok(())
    }
}

fn service_name() -> BusName<'static> {
    BusName::WellKnown(WellKnownName::from_static_str_unchecked(BUS_NAME))
}

async fn within<T, E>(
    deadline: Duration,
    answer: impl Future<Output = Result<T, E>>,
) -> Result<T, Error>
where
    Error: From<E>,
{
    match tokio::time::timeout(deadline, answer).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(Error::Refused(format!(
            "The session took the call and did not answer within {} s.",
            deadline.as_secs()
        ))),
    }
}
