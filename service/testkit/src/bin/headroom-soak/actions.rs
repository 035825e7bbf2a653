//! What happens on a desktop: who comes, what moves, what breaks.

use std::{thread, time::Duration};

use anyhow::{Context, Result};
use headroom_testkit::{
    session::{Device, Signal},
    signals,
};

use crate::desktop::{App, DEVICE, Desktop, HEADSET, PATIENCE, PROFILE};

/// Applications at a time, at most.
const MOST_APPS: usize = 3;
const HOUR_US: u64 = 3_600_000_000;
/// The application that is left alone now and then.
const LEFT_ALONE: &str = "Music";

/// A kind of application.
struct Kind {
    name: &'static str,
    binary: &'static str,
    channels: usize,
    /// `None` takes the graph's.
    rate_hz: Option<u32>,
    rms: f64,
    props: &'static [(&'static str, &'static str)],
}

impl Kind {
    fn is_immovable(&self) -> bool {
        self.props.iter().any(|(key, _)| *key == "node.dont-reconnect")
    }
}

const fn kind(name: &'static str, binary: &'static str, channels: usize, rms: f64) -> Kind {
    Kind { name, binary, channels, rate_hz: None, rms, props: &[] }
}

/// Some reach far beyond full scale.
const KINDS: [Kind; 7] = [
    kind("Browser", "firefox", 2, 0.08),
    kind("Game", "soak-game", 6, 0.4),
    Kind { rate_hz: Some(44_100), ..kind(LEFT_ALONE, "mpd", 2, 0.15) },
    Kind {
        rate_hz: Some(16_000),
        props: &[("media.role", "Communication")],
        ..kind("Call", "jami", 1, 0.05)
    },
    Kind { rate_hz: Some(96_000), ..kind("Film", "mpv", 2, 0.6) },
    Kind { props: &[("target.object", DEVICE)], ..kind("Recorder", "soak-recorder", 2, 0.2) },
    Kind { props: &[("node.dont-reconnect", "true")], ..kind("Fixed", "fixed", 2, 0.1) },
];

impl Desktop {
    /// Does one thing; in a turmoil it may be the end of the service.
    pub(crate) fn act(&mut self, is_turmoil: bool) -> Result<()> {
        let act = self.rng.below(if is_turmoil { 112 } else { 100 });
        match act {
            0..30 => self.come().context("an application comes"),
            30..42 => {
                self.go();
                Ok(())
            }
            42..52 => {
                self.pause();
                Ok(())
            }
            52..60 => self.move_volume().context("a volume moves"),
            60..66 => self.plug().context("a device comes or goes"),
            66..73 => self.switch().context("the service is switched"),
            73..79 => self.choose_profile().context("a profile is chosen"),
            79..84 => self.choose_treatment().context("a treatment is chosen"),
            84..89 => self.set_quantum().context("the quantum changes"),
            89..99 => self.look().context("somebody looks"),
            99 => self.restart_wireplumber().context("WirePlumber restarts"),
            _ => self.end_service().context("the service ends"),
        }
    }

    /// One more application plays.
    pub(crate) fn come(&mut self) -> Result<()> {
        let free: Vec<&Kind> =
            KINDS.iter().filter(|kind| self.apps.iter().all(|app| app.name != kind.name)).collect();
        if self.apps.len() >= MOST_APPS {
            self.go();
            return Ok(());
        }
        let kind = free[self.rng.below(free.len())];
        let frames = 48_000;
        let seed = self.rng.next_u64();
        let channel = |n| signals::gaussian_noise(frames, kind.rms, seed.wrapping_add(n));
        let material = (0..kind.channels as u64).map(channel).collect();
        let is_immovable = kind.is_immovable();
        if is_immovable {
            self.risk();
        }
        let mut player = self.session.player(material).app(kind.name).binary(kind.binary).looping();
        if let Some(rate_hz) = kind.rate_hz {
            player = player.rate(rate_hz);
        }
        for (key, value) in kind.props {
            player = player.prop(*key, *value);
        }
        let started = player.start();
        if started.is_err() && is_immovable {
            self.no_risk();
        }
        let player = started?;
        let mut app = App { player, name: kind.name, is_immovable, due_from_ns: None };
        Self::expect(&mut app);
        self.note("an application comes");
        self.apps.push(app);
        Ok(())
    }

    /// One of them goes.
    fn go(&mut self) {
        if !self.apps.is_empty() {
            let which = self.rng.below(self.apps.len());
            self.leave(which);
        }
    }

    fn leave(&mut self, which: usize) {
        let app = self.apps.swap_remove(which);
        self.expect_no_more(app.due_from_ns);
        self.note("an application goes");
        drop(app.player);
        if app.is_immovable {
            self.no_risk();
        }
    }

    /// One of them pauses, or goes on.
    fn pause(&mut self) {
        if self.apps.is_empty() {
            return;
        }
        let which = self.rng.below(self.apps.len());
        let due_from_ns = self.apps[which].due_from_ns.take();
        self.expect_no_more(due_from_ns);
        let app = &mut self.apps[which];
        if due_from_ns.is_some() {
            app.player.hold();
        } else {
            app.player.play();
            Self::expect(app);
        }
    }

    /// A slider moves: an application's, or the device's.
    fn move_volume(&mut self) -> Result<()> {
        let which = self.rng.below(MOST_APPS + 1);
        let node = match self.apps.get(which) {
            Some(app) => app.player.node_id(),
            None => self.session.node_id(DEVICE)?,
        };
        let volume = format!("{:.2}", 0.3 + 0.7 * self.rng.uniform());
        self.note("a volume moves");
        self.session.run("wpctl", &["set-volume", &node.to_string(), &volume])?;
        Ok(())
    }

    /// The headset comes and is the default, or goes.
    fn plug(&mut self) -> Result<()> {
        self.note("a device comes or goes");
        if let Some(recorder) = self.headset.take() {
            self.keep(recorder)?;
            self.session.remove_device(HEADSET)?;
            self.note("a device comes or goes");
            return Ok(());
        }
        self.session.create_device(Device::new(HEADSET))?;
        self.headset = Some(self.session.record(HEADSET)?);
        self.note("a device comes or goes");
        self.session.set_default_device(HEADSET)
    }

    fn switch(&mut self) -> Result<()> {
        self.note("the service is switched");
        self.risk();
        self.block(|control| async move { control.set_bypass(true).await })?;
        thread::sleep(Duration::from_secs_f64(0.5 + 3.0 * self.rng.uniform()));
        self.note("the service is switched");
        self.block(|control| async move { control.set_bypass(false).await })?;
        self.wait_in_place()?;
        self.no_risk();
        Ok(())
    }

    fn choose_profile(&mut self) -> Result<()> {
        let profiles = self.block(|control| async move { control.profiles().await })?;
        let mut ids: Vec<String> = profiles.into_keys().filter(|id| id != "bypass-all").collect();
        ids.sort();
        let id = ids.swap_remove(self.rng.below(ids.len()));
        self.note("a profile is chosen");
        self.block(|control| async move { control.set_active_profile(&id).await })
    }

    fn choose_treatment(&mut self) -> Result<()> {
        let treatment = ["even-out", "limit-only", "leave-alone"][self.rng.below(3)];
        let offset_db = 12.0 * self.rng.uniform() - 6.0;
        self.note("a treatment is chosen");
        self.risk();
        self.block(|control| async move {
            control.set_treatment(LEFT_ALONE, treatment, offset_db).await
        })?;
        thread::sleep(Duration::from_secs_f64(4.0 * self.rng.uniform()));
        self.note("a treatment is chosen");
        self.block(|control| async move { control.unset_treatment(LEFT_ALONE).await })?;
        self.no_risk();
        Ok(())
    }

    fn set_quantum(&mut self) -> Result<()> {
        self.note("the quantum changes");
        self.session.force_quantum([0, 512, 1024, 2048][self.rng.below(4)])
    }

    /// Somebody opens a panel for a moment, asks about everything, and closes it or not.
    fn look(&mut self) -> Result<()> {
        self.note("somebody looks");
        if self.is_subscribed {
            self.block(|control| async move { control.unsubscribe_meters().await })?;
        } else {
            self.block(|control| async move { control.subscribe_meters(20.0).await })?;
        }
        self.is_subscribed ^= true;
        self.block(|control| async move {
            control.get_meters().await?;
            control.catches(0, 50).await?;
            control.history(0, 100 * HOUR_US, HOUR_US).await?;
            for stream in control.streams().await? {
                if let Some(id) = headroom_api::dict_u64(&stream, "id") {
                    control.explain(id).await?;
                }
            }
            Ok::<_, headroom_api::Error>(())
        })
    }

    fn restart_wireplumber(&mut self) -> Result<()> {
        self.note("WirePlumber restarts");
        self.risk();
        self.session.stop_wireplumber()?;
        self.session.start_wireplumber()?;
        self.listen_again()?;
        self.wait_in_place()?;
        self.note("WirePlumber restarts");
        self.no_risk();
        Ok(())
    }

    /// The service is ended, killed or stopped, and comes back.
    fn end_service(&mut self) -> Result<()> {
        self.risk();
        match self.rng.below(3) {
            0 => {
                self.note("the service is ended");
                self.service.terminate(PATIENCE)?;
                self.revive()?;
            }
            1 => {
                self.note("the service is killed");
                self.service.signal(Signal::KILL)?;
                self.service.wait(PATIENCE)?;
                // Three within a minute are safe mode.
                thread::sleep(Duration::from_secs(25));
                self.note("the service is killed");
                self.revive()?;
            }
            _ => {
                self.note("the service is stopped");
                self.service.signal(Signal::STOP)?;
                thread::sleep(Duration::from_secs(3));
                self.note("the service is stopped");
                self.service.signal(Signal::CONT)?;
                self.wait_in_place()?;
            }
        }
        self.no_risk();
        Ok(())
    }

    /// Everybody leaves, and everything is as it was.
    pub(crate) fn all_leave(&mut self) -> Result<()> {
        while !self.apps.is_empty() {
            self.leave(0);
        }
        if let Some(recorder) = self.headset.take() {
            self.keep(recorder)?;
            self.session.remove_device(HEADSET)?;
        }
        if self.is_subscribed {
            self.is_subscribed = false;
            self.block(|control| async move { control.unsubscribe_meters().await })?;
        }
        self.block(|control| async move { control.set_active_profile(PROFILE).await })?;
        self.session.force_quantum(0)?;
        let device = self.session.node_id(DEVICE)?.to_string();
        self.session.run("wpctl", &["set-volume", &device, "1.0"])?;
        Ok(())
    }
}
