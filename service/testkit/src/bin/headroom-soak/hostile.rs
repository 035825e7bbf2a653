//! What no client should do, and what breaks at the worst moment.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use headroom_api::{ControlProxy, names};
use headroom_testkit::session::Signal;
use zbus::{Variant, fdo, proxy::CacheProperties};

use crate::desktop::{Desktop, PATIENCE, PROFILE};

/// Calls of one client at a time, and how many clients flood the service together.
const FLOOD_CALLS: usize = 150;
const FLOOD_CLIENTS: usize = 6;
const RANDOM_CALLS: usize = 60;
/// Three unclean ends within a minute are safe mode: so far apart are ours.
const BETWEEN_KILLS: Duration = Duration::from_secs(31);

impl Desktop {
    /// Does one hostile thing.
    pub(crate) fn attack(&mut self) -> Result<()> {
        match self.rng.below(100) {
            0..30 => self.call_at_random().context("somebody calls at random"),
            30..45 => self.flood(false).context("somebody floods"),
            45..60 => self.flood(true).context("it is killed in a flood"),
            60..75 => self.break_files().context("files are broken"),
            75..88 => self.destroy_node().context("somebody destroys a node"),
            _ => self.kill().context("it is killed"),
        }
    }

    /// Calls what there is, and what there is not, with anything.
    fn call_at_random(&mut self) -> Result<()> {
        self.note("random calls");
        self.risk();
        let apps = ["Film", "Game", "", "\u{1}", "Browser"];
        for _ in 0..RANDOM_CALLS {
            let member = MEMBERS[self.rng.below(MEMBERS.len())];
            let app = apps[self.rng.below(apps.len())];
            let text = self.random_text();
            let number = f64::from_bits(self.rng.next_u64());
            let word = self.rng.next_u64();
            let form = self.rng.below(7);
            let asked = self.block(|control| async move {
                let proxy = control.inner();
                let answer = match form {
                    0 => proxy.call_method(member, &()).await,
                    1 => proxy.call_method(member, &(app)).await,
                    2 => proxy.call_method(member, &(text.as_str())).await,
                    3 => proxy.call_method(member, &(app, text.as_str())).await,
                    4 => proxy.call_method(member, &(app, text.as_str(), number)).await,
                    5 => proxy.call_method(member, &(word)).await,
                    _ => proxy.call_method(member, &(number, word, text.as_str())).await,
                };
                // It may refuse; it must answer.
                match answer {
                    Err(zbus::Error::MethodError(..)) => Ok(()),
                    Err(zbus::Error::FDO(error)) if !matches!(*error, fdo::Error::NoReply(_)) => {
                        Ok(())
                    }
                    answer => answer.map(drop),
                }
            });
            asked.context(member)?;
        }
        self.undo_choices()?;
        self.no_risk();
        Ok(())
    }

    fn random_text(&mut self) -> String {
        let length = [0, 3, 64, 255, 257, 5_000][self.rng.below(6)];
        (0..length).filter_map(|_| char::from_u32(self.rng.below(0x3000) as u32 + 1)).collect()
    }

    /// Takes back what random calls may have chosen.
    fn undo_choices(&mut self) -> Result<()> {
        self.block(|control| async move {
            for app in control.treatments().await?.into_keys() {
                control.unset_treatment(&app).await?;
            }
            control.set_active_profile(PROFILE).await?;
            control.set_history_enabled(true).await?;
            control.set_bypass(false).await?;
            Ok::<_, headroom_api::Error>(())
        })?;
        self.is_subscribed = false;
        // It may be subscribed or not.
        let _ = self.block(|control| async move { control.unsubscribe_meters().await });
        self.wait_in_place()
    }

    /// Many clients ask without end; in the midst of it the service may be killed.
    fn flood(&mut self, is_killed: bool) -> Result<()> {
        self.note("a flood");
        let address = self.session.bus_address();
        let clients: Vec<_> = (0..FLOOD_CLIENTS)
            .map(|client| {
                let address = address.clone();
                thread::spawn(move || flood(&address, client))
            })
            .collect();
        thread::sleep(Duration::from_secs_f64(self.rng.uniform()));
        let killed = if is_killed { self.kill() } else { Ok(()) };
        let answers = clients.into_iter().filter_map(|client| client.join().ok());
        let outcome: Result<()> = answers.into_iter().collect();
        killed?;
        // Who asks a service that is killed gets an error, or no answer from the next one.
        if is_killed { Ok(()) } else { outcome }
    }

    /// Everything that it reads is damaged; then it is killed.
    fn break_files(&mut self) -> Result<()> {
        self.note("broken files");
        let state = self.session.state_home().join(names::DIRECTORY);
        let profiles = self.session.config_home().join(names::DIRECTORY).join("profiles");
        let runtime = self.session.runtime_dir().join(names::DIRECTORY);
        fs::create_dir_all(&profiles)?;
        let mut files: Vec<_> = [&state, &runtime]
            .into_iter()
            .flat_map(|folder| fs::read_dir(folder).into_iter().flatten().flatten())
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|kind| kind == "toml"))
            // The journal tells the next one what to take back.
            .filter(|path| !path.starts_with(&runtime) || self.rng.below(2) == 0)
            .collect();
        files.push(profiles.join("broken.toml"));
        for file in files {
            let length = self.rng.below(3_000);
            let mut bytes = fs::read(&file).unwrap_or_default();
            match self.rng.below(3) {
                0 => bytes = (0..length).map(|_| self.rng.next_u64() as u8).collect(),
                1 => bytes.truncate(length % (bytes.len() + 1)),
                _ => bytes.extend_from_slice(b"\n[[[\0\xff = "),
            }
            fs::write(&file, bytes)?;
        }
        self.block(|control| async move { control.reload_profiles().await })?;
        self.kill()?;
        fs::remove_file(profiles.join("broken.toml"))?;
        self.undo_choices()
    }

    /// Kills it at a random moment, or stops it where that would be the third time in a minute.
    fn kill(&mut self) -> Result<()> {
        thread::sleep(Duration::from_secs_f64(1.5 * self.rng.uniform()));
        self.risk();
        if self.killed_at.is_some_and(|at| at.elapsed() < BETWEEN_KILLS) {
            self.note("the service is stopped");
            self.service.signal(Signal::STOP)?;
            thread::sleep(Duration::from_secs_f64(2.0 * self.rng.uniform()));
            self.note("the service is stopped");
            self.service.signal(Signal::CONT)?;
            self.wait_in_place()?;
        } else {
            self.note("the service is killed");
            self.killed_at = Some(Instant::now());
            self.service.signal(Signal::KILL)?;
            self.service.wait(PATIENCE)?;
            thread::sleep(Duration::from_secs_f64(3.0 * self.rng.uniform()));
            self.note("the service is killed");
            self.revive()?;
        }
        self.no_risk();
        Ok(())
    }

    /// Somebody destroys a node of ours.
    fn destroy_node(&mut self) -> Result<()> {
        let graph = self.session.dump()?;
        let ours: Vec<_> =
            graph.nodes.iter().filter(|node| node.name.starts_with(names::NODE_PREFIX)).collect();
        if ours.is_empty() {
            return Ok(());
        }
        let node = ours[self.rng.below(ours.len())].id.to_string();
        self.note("a node is destroyed");
        self.risk();
        // It may be gone already.
        let _ = self.session.run("pw-cli", &["destroy", &node]);
        thread::sleep(Duration::from_secs(1));
        self.wait_in_place()?;
        self.note("a node is destroyed");
        self.no_risk();
        Ok(())
    }
}

/// All of the interface's methods, some names that are none, and what every object has.
const MEMBERS: [&str; 24] = [
    "SetTreatment",
    "UnsetTreatment",
    "SetRoute",
    "UnsetRoute",
    "SetStreamVolume",
    "SetStreamMuted",
    "BypassFor",
    "Explain",
    "ListSettings",
    "GetSetting",
    "SetSetting",
    "ResetSetting",
    "ReloadProfiles",
    "ForgetLevels",
    "Catches",
    "History",
    "ClearHistory",
    "ShowProfile",
    "SubscribeMeters",
    "UnsubscribeMeters",
    "GetMeters",
    "Health",
    "Introspect",
    "NoSuchMember",
];

/// One client that asks as much as it can, all at once.
fn flood(address: &str, client: usize) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let connection =
            zbus::connection::Builder::address(address).method_timeout(PATIENCE).build().await?;
        let builder = ControlProxy::builder(&connection).cache_properties(CacheProperties::No);
        let control = builder.build().await?;
        let mut calls = tokio::task::JoinSet::new();
        for call in 0..FLOOD_CALLS {
            let control = control.clone();
            calls.spawn(async move {
                // What is too much is refused.
                match (client + call) % 4 {
                    0 => drop(control.health().await),
                    1 => drop(control.get_meters().await),
                    2 => drop(control.reload_profiles().await),
                    _ => {
                        let value = Variant::from("x".repeat(10_000));
                        drop(control.set_setting("limiter.ceiling_dbtp", &value).await);
                    }
                }
            });
        }
        calls.join_all().await;
        control.health().await.map(drop).context("behind the flood")
    })
}
