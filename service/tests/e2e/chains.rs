//! Every application its own chain: the same loudness from each, and none pulls another down.

use std::{collections::BTreeSet, fs, thread, time::Duration};

use headroom_api::{dict_f64, dict_str, dict_u64, names};
use headroom_testkit::{
    layout::Position,
    meter,
    session::{Player, Recording, Session},
    signals,
};

use crate::rig::*;

pub(crate) const RATE_HZ: u32 = 48_000;
pub(crate) const SECOND: usize = RATE_HZ as usize;
/// The longest silence in what an application plays while its stream is moved to another chain. The
/// session manager takes one or two cycles (21 ms each) to re-link; on a busy machine, longer.
pub(crate) const LONGEST_GAP: Duration = Duration::from_millis(250);

/// A profile like the default one, with all levelling on the bus.
const SHARED: &str = "extends = \"default\"\nchains = \"shared\"\n";

pub(crate) fn session_with_shared_profile() -> Session {
    let session = Session::start().unwrap();
    let profiles = session.config_home().join("headroom/profiles");
    fs::create_dir_all(&profiles).unwrap();
    fs::write(profiles.join("together.toml"), SHARED).unwrap();
    session
}

/// A tone in one channel of two, so that what another application plays in the other is told apart.
pub(crate) fn in_channel(channel: usize, samples: Vec<f32>) -> Vec<Vec<f32>> {
    let silence = signals::silence(samples.len());
    if channel == 0 { vec![samples, silence] } else { vec![silence, samples] }
}

impl Rig {
    /// Returns what `Explain` says of a player's stream.
    pub(crate) fn explain(&self, player: &Player) -> headroom_api::Dict {
        self.block(self.control().explain(player.serial())).unwrap()
    }

    /// Waits until a player's stream passes the chain that is named: `app`, `bus` or `none`.
    pub(crate) fn wait_chain(&self, player: &Player, chain: &str) {
        self.wait_chain_of(player.serial(), chain);
    }

    /// Waits until the stream of this id passes the chain that is named.
    pub(crate) fn wait_chain_of(&self, id: u64, chain: &str) {
        let shown = || {
            let streams = self.streams();
            let stream = streams.iter().find(|stream| dict_u64(stream, "id") == Some(id))?;
            dict_str(stream, "chain").map(str::to_owned)
        };
        headroom_testkit::session::wait_until(&format!("the chain '{chain}'"), PATIENCE, || {
            shown().as_deref() == Some(chain)
        })
        .unwrap_or_else(|error| panic!("{error}: {:?}; {:?}", shown(), self.targets()));
    }

    /// Returns the node that a player is linked to, taps of ours aside.
    pub(crate) fn sink_of(&self, player: &Player) -> Option<String> {
        let graph = self.session.dump().unwrap();
        let mut names = graph.target_names(player.node_id());
        names.retain(|name| *name != names::TAP_NODE);
        (names.len() == 1).then(|| names[0].to_owned())
    }

    pub(crate) fn app_nodes(&self) -> Vec<headroom_testkit::session::Node> {
        let nodes = self.session.dump().unwrap().nodes;
        nodes.into_iter().filter(|node| node.name.starts_with(names::APP_NODE_PREFIX)).collect()
    }
}

/// Integrated loudness of one channel from one frame to another.
pub(crate) fn lufs(channel: &[f32], from: usize, to: usize) -> f64 {
    meter::loudness(&[&channel[from..to]], RATE_HZ, &[Position::FrontLeft]).integrated_lufs
}

/// Noise in one channel at a loudness.
pub(crate) fn noise_at(target_lufs: f64, frames: usize, seed: u64) -> Vec<f32> {
    let noise = signals::gaussian_noise(frames, 0.1, seed);
    let now = lufs(&noise, 0, frames);
    signals::amplified(&[noise], target_lufs - now).remove(0)
}

/// How two applications come out of which one is 20 dB louder, and starts, shouts and ends beside the
/// other.
#[derive(Debug)]
struct Duet {
    /// Quiet one's loudness before the other starts.
    alone: f64,
    /// Loudness of both after more than 10 s.
    both: [f64; 2],
    /// Quiet one's loudness right after the other has started, while it shouts, after it has ended.
    beside: [f64; 3],
}

fn duet(profile: &str) -> Duet {
    const ALONE: usize = 16 * SECOND;
    const LOUD: usize = 14 * SECOND;
    const SHOUT: usize = 4 * SECOND;
    let rig = Rig::in_session(session_with_shared_profile());
    rig.block(rig.control().set_active_profile(profile)).unwrap();
    let quiet = in_channel(0, noise_at(-26.0, 8 * SECOND, 1));
    let mut loud = noise_at(-6.0, LOUD, 2);
    loud.extend(noise_at(4.0, SHOUT, 3));
    let recorder = rig.session.record(DEVICE).unwrap();
    let first = rig.session.player(quiet).app("Quiet").binary("quiet").looping().start().unwrap();
    recorder.wait_sound(0, 1e-4, PATIENCE).unwrap();
    recorder.wait_more(ALONE, PATIENCE * 2).unwrap();
    let second =
        rig.session.player(in_channel(1, loud)).app("Loud").binary("loud").start().unwrap();
    second.wait_drained(PATIENCE * 3).unwrap();
    second.stop(&rig.session).unwrap();
    recorder.wait_more(3 * SECOND, PATIENCE).unwrap();
    drop(first);
    let recording = recorder.stop().unwrap();
    let [left, right] = &recording.channels[..] else { panic!("two channels") };
    let onset = right.iter().position(|sample| sample.abs() > 1e-3).unwrap();
    let shout = onset + LOUD;
    let window = |channel: &[f32], from: usize, seconds: usize| {
        lufs(channel, from + SECOND / 10, from + SECOND / 10 + seconds * SECOND)
    };
    Duet {
        alone: lufs(left, onset - 3 * SECOND, onset - SECOND / 10),
        both: [window(left, onset + 10 * SECOND, 3), window(right, onset + 10 * SECOND, 3)],
        beside: [window(left, onset, 3), window(left, shout, 3), window(left, shout + SHOUT, 2)],
    }
}

#[test]
fn two_apps_20_db_apart_come_out_alike_and_apart() {
    let shared = thread::spawn(|| duet("together"));
    let own = duet("default");
    let shared = shared.join().unwrap();
    println!("each its own chain {own:.2?}\none chain for all   {shared:.2?}");
    assert!((own.both[0] - own.both[1]).abs() < 1.0, "{own:?}");
    for beside in own.beside {
        assert!((beside - own.alone).abs() < 0.5, "{own:?}");
    }
    // What the one chain for all does instead.
    assert!((shared.both[0] - shared.both[1]).abs() > 15.0, "{shared:?}");
    assert!(shared.alone - shared.beside[0] > 3.0, "{shared:?}");
}

#[test]
fn a_chain_of_an_application_adds_no_latency() {
    for quantum in [256, 1024] {
        let rig = Rig::start();
        rig.session.force_quantum(quantum).unwrap();
        rig.block(rig.control().set_route("Direct", "bypass")).unwrap();
        // Short: few cycles that a busy machine could drop.
        let noise = signals::gaussian_noise(SECOND / 4, 0.05, 11);
        let travel = |app: &str, chain: &str| {
            let material = [noise.clone(), noise.clone()];
            let passage = rig.session.pass_when(
                DEVICE,
                &material,
                |player| player.app(app).binary(app),
                |graph, player| {
                    graph.target_names(player).iter().any(|name| name.starts_with(chain))
                },
            );
            let passage = passage.unwrap();
            let delay = passage.delay(&noise, 0).expect("the noise was heard");
            passage.travel_frames(delay.frames).expect("its cycles were logged")
        };
        let direct = travel("Direct", DEVICE);
        let own = travel("Firefox", names::APP_NODE_PREFIX);
        let published = rig.published_latency_frames();
        println!("quantum {quantum}: {} frames added, {published} published", own - direct);
        assert_eq!(own - direct, published);
    }
}

#[test]
fn three_hostile_apps_in_own_chains_stay_under_the_ceiling() {
    let rig = Rig::start();
    let recorder = rig.session.record(DEVICE).unwrap();
    // From each stream's very first frame, on its way to its chain and in it.
    let players: Vec<_> = three_hostile(2 * SECOND)
        .into_iter()
        .zip(["one", "two", "three"])
        .map(|(material, binary)| {
            rig.session.player(material).binary(binary).at_once().start().unwrap()
        })
        .collect();
    for player in &players {
        rig.wait_chain(player, "app");
    }
    let chains: BTreeSet<_> = players.iter().map(|player| rig.sink_of(player)).collect();
    assert_eq!(chains.len(), 3, "{chains:?}");
    for player in &players {
        player.wait_drained(PATIENCE).unwrap();
    }
    recorder.wait_more(8_192, PATIENCE).unwrap();
    assert_under_ceiling(&recorder.stop().unwrap(), "three applications");
    assert_eq!((rig.health("clamp-activations"), rig.health("app-unready-cycles")), (0, 0));
}

/// Returns the longest silence in a channel from its first sound to its last.
pub(crate) fn longest_gap(recording: &Recording, channel: usize) -> Duration {
    let channel = &recording.channels[channel];
    let is_sound = |sample: &f32| sample.abs() > 1e-5;
    let last = channel.iter().rposition(is_sound).expect("it is heard");
    let first = channel.iter().position(is_sound).unwrap_or(last);
    let gap = meter::max_gap(&[channel], first..last, 1e-5);
    Duration::from_secs_f64(gap.frames as f64 / f64::from(RATE_HZ))
}

#[test]
fn starting_and_ending_app_leaves_anothers_sound_alone() {
    let rig = Rig::start();
    let noise = in_channel(0, signals::gaussian_noise(SECOND, 0.1, 1));
    let steady = rig.session.player(noise).binary("steady").looping().start().unwrap();
    rig.wait_chain(&steady, "app");
    let mut guests = 0..;
    shortest("silence beside five guests", LONGEST_GAP, || {
        let recorder = rig.session.record(DEVICE).unwrap();
        recorder.wait_sound(0, 0.01, PATIENCE).unwrap();
        for number in guests.by_ref().take(5) {
            let material = in_channel(1, signals::gaussian_noise(SECOND / 2, 0.1, 2));
            let player = rig.session.player(material).binary(&format!("guest{number}"));
            let player = player.at_once().start().unwrap();
            player.wait_drained(PATIENCE).unwrap();
            player.stop(&rig.session).unwrap();
        }
        rig.wait_chain(&steady, "app");
        let recording = recorder.stop().unwrap();
        let gap = longest_gap(&recording, 0);
        assert_under_ceiling(&recording, "guests");
        gap
    });
}

#[test]
fn new_stream_finds_its_chain_by_its_first_link_or_soon() {
    const STREAMS: usize = 12;
    const MOST_STREAMS: usize = 4 * STREAMS;
    let rig = Rig::start();
    let (mut at_once, mut gaps) = (0, Vec::new());
    // How many are never moved depends on who is quicker, the session manager or us; that some are is
    // no accident, but on a busy machine they may be few.
    while gaps.len() < STREAMS || at_once == 0 && gaps.len() < MOST_STREAMS {
        let recorder = rig.session.record(DEVICE).unwrap();
        let material = vec![signals::gaussian_noise(SECOND, 0.1, 1); 2];
        let player = rig.session.player(material).binary(&format!("new{}", gaps.len()));
        let player = player.at_once().start().unwrap();
        rig.wait_chain(&player, "app");
        player.wait_drained(PATIENCE).unwrap();
        player.stop(&rig.session).unwrap();
        let gap = longest_gap(&recorder.stop().unwrap(), 0);
        at_once += usize::from(gap < Duration::from_millis(1));
        gaps.push(gap);
    }
    println!("{at_once} of {} new streams were never moved; silences {gaps:.1?}", gaps.len());
    assert!(at_once > 0, "all of {} were moved", gaps.len());
    gaps.sort_unstable();
    // Not every one: what a busy machine keeps the session manager from is no gap of ours.
    assert!(gaps[gaps.len() / 2] <= LONGEST_GAP, "{gaps:?}");
}

#[test]
fn a_track_change_does_not_reset_the_levelling() {
    let rig = Rig::start();
    let track = |seed: u64| {
        let channel = noise_at(-8.0, 8 * SECOND, seed);
        let material = vec![channel.clone(), channel];
        let player = rig.session.player(material).app("Player").binary("player").looping();
        let player = player.start().unwrap();
        rig.wait_chain(&player, "app");
        player
    };
    let gain_db = |player: &Player| dict_f64(&rig.explain(player), "leveller-db").unwrap();
    let first = track(1);
    eventually("levelling", || gain_db(&first) < -9.0);
    // Settled: from one reading to the next it moves no more.
    let mut before = gain_db(&first);
    eventually("a steady gain", || {
        first.wait_delivered(first.delivered_frames() + 24_000, PATIENCE).unwrap();
        let now = gain_db(&first);
        (now - std::mem::replace(&mut before, now)).abs() < 0.05
    });
    let chain = rig.sink_of(&first);
    first.stop(&rig.session).unwrap();
    eventually("silence", || rig.streams().is_empty());
    let second = track(2);
    let after = gain_db(&second);
    println!("gain before {before:.2} dB, after {after:.2} dB");
    assert!((after - before).abs() < 1.0, "{before} dB before, {after} dB after");
    assert_eq!(rig.sink_of(&second), chain);
    // Nor does a change of the profile in something else.
    rig.block(rig.control().set_setting("limiter.ceiling_dbtp", &(-1.0).into())).unwrap();
    second.wait_delivered(second.delivered_frames() + 24_000, PATIENCE).unwrap();
    assert!((gain_db(&second) - before).abs() < 1.0, "{} dB", gain_db(&second));
}

#[test]
fn explain_and_gauges_show_what_an_app_chain_does() {
    let rig = Rig::start();
    rig.block(rig.control().set_route("plain", "bypass")).unwrap();
    let channel = noise_at(-10.0, 8 * SECOND, 1);
    let material = vec![channel.clone(), channel];
    let own = rig.session.player(material.clone()).binary("own").looping().start().unwrap();
    let plain = rig.session.player(material).binary("plain").looping().start().unwrap();
    rig.wait_chain(&own, "app");
    rig.wait_route(&plain, "bypass");
    let told = rig.explain(&plain);
    assert_eq!((dict_str(&told, "chain"), dict_f64(&told, "leveller-db")), (Some("none"), None));
    // Two channels alike are 3 dB louder than one.
    eventually("levelling", || {
        let told = rig.explain(&own);
        let of = |key: &str| dict_f64(&told, key).unwrap();
        (of("loudness-in-lufs") - -7.0).abs() < 0.5
            && (of("loudness-out-lufs") - -18.0).abs() < 1.0
            && of("leveller-db") < -10.0
            && of("surge-db") <= 0.0
            && of("compressor-db") <= 0.0
            && of("doing-db") < -10.0
            && dict_str(&told, "doing") == Some("leveller")
    });
    let (_, rows) = rig.block(rig.control().get_meters()).unwrap();
    let gauges = |player: &Player| &rows.iter().find(|row| row.0 == player.serial()).unwrap().1;
    assert!((gauges(&own)["loudness-in-lufs"] - -7.0).abs() < 1.0, "{:?}", gauges(&own));
    assert!((gauges(&own)["loudness-out-lufs"] - -18.0).abs() < 1.5, "{:?}", gauges(&own));
    assert_eq!((gauges(&own).len(), gauges(&plain).len()), (9, 3));
}

#[test]
fn forty_apps_have_a_chain_each_and_silent_ones_sleep() {
    const APPS: usize = 40;
    let rig = Rig::start();
    let recorder = rig.session.record(DEVICE).unwrap();
    let players: Vec<_> = (0..APPS)
        .map(|number| {
            let material = vec![signals::gaussian_noise(SECOND, 0.3, number as u64); 2];
            let player = rig.session.player(material).binary(&format!("app{number:02}"));
            player.looping().start().unwrap()
        })
        .collect();
    for player in &players {
        rig.wait_chain(player, "app");
    }
    let chains: BTreeSet<_> = players.iter().map(|player| rig.sink_of(player)).collect();
    assert_eq!(chains.len(), APPS);
    assert!(rig.problems().is_empty(), "{:?}", rig.problems());
    recorder.wait_more(2 * SECOND, PATIENCE).unwrap();
    assert_under_ceiling(&recorder.stop().unwrap(), "forty applications");
    // All but one fall silent: their chains are kept for a while, and cost nothing.
    let mut players = players.into_iter();
    let last = players.next().unwrap();
    players.for_each(drop);
    let own = rig.sink_of(&last).unwrap();
    let is_own = |name: &str| name.trim_end_matches(".output") == own;
    eventually("sleep", || {
        rig.app_nodes().iter().all(|node| is_own(&node.name) == (node.state == "running"))
    });
    assert!(last.is_streaming());
}

#[test]
fn kill_9_leaves_every_app_on_the_device_nothing_stored() {
    let mut rig = Rig::start();
    let noise = || vec![signals::gaussian_noise(SECOND, 0.1, 1); 2];
    let players =
        ["a", "b"].map(|name| rig.session.player(noise()).binary(name).looping().start().unwrap());
    for player in &players {
        rig.wait_chain(player, "app");
    }
    let recorder = rig.session.record(DEVICE).unwrap();
    recorder.wait_sound(0, 0.01, PATIENCE).unwrap();
    rig.service.kill();
    for player in &players {
        rig.wait_linked(player, DEVICE);
    }
    recorder.wait_more(SECOND, PATIENCE).unwrap();
    let gap = longest_gap(&recorder.stop().unwrap(), 0);
    println!("kill -9: {gap:?} until sound");
    assert!(gap < Duration::from_millis(200), "{gap:?} of silence");
    // What the session manager keeps for later knows nothing of us.
    for (file, text) in rig.session.wireplumber_state() {
        assert!(!text.contains(names::NODE_PREFIX), "{file}: {text}");
    }
    rig.restart();
    for player in &players {
        rig.wait_chain(player, "app");
    }
    assert_ne!(rig.sink_of(&players[0]), rig.sink_of(&players[1]));
}

#[test]
fn bypass_takes_every_app_to_the_device_bit_for_bit() {
    let rig = Rig::start();
    let noise = signals::gaussian_noise(SECOND, 0.1, 1);
    let material = vec![noise.clone(), noise.clone()];
    let player = rig.session.player(material.clone()).binary("a").looping().start().unwrap();
    rig.wait_chain(&player, "app");
    rig.block(rig.control().set_bypass(true)).unwrap();
    rig.wait_chain(&player, "none");
    eventually("the device", || rig.sink_of(&player).as_deref() == Some(DEVICE));
    assert!(rig.targets().is_empty(), "{:?}", rig.targets());
    drop(player);
    let passage = rig.pass("Other", DEVICE, &material);
    let delay = passage.delay(&noise, 0).unwrap();
    assert!(meter::is_bit_exact(&noise, &passage.recording.channels[0], delay.frames));
    let player = rig.session.player(material).binary("a").looping().start().unwrap();
    rig.block(rig.control().set_bypass(false)).unwrap();
    rig.wait_chain(&player, "app");
}

#[test]
fn per_app_and_shared_are_switched_while_everything_plays() {
    let rig = Rig::in_session(session_with_shared_profile());
    let players = [0, 1].map(|channel| {
        let material = in_channel(channel, signals::gaussian_noise(SECOND, 0.5, 1));
        let player = rig.session.player(material).binary(&format!("app{channel}"));
        player.looping().start().unwrap()
    });
    shortest("longest silence over four switches", LONGEST_GAP, || {
        let recorder = rig.session.record(DEVICE).unwrap();
        for (profile, chain) in
            [("default", "app"), ("together", "bus"), ("default", "app"), ("together", "bus")]
        {
            rig.block(rig.control().set_active_profile(profile)).unwrap();
            for player in &players {
                rig.wait_chain(player, chain);
            }
            recorder.wait_more(SECOND / 2, PATIENCE).unwrap();
        }
        let recording = recorder.stop().unwrap();
        let [first, second] = [0, 1].map(|channel| longest_gap(&recording, channel));
        assert_under_ceiling(&recording, "switching chains");
        first.max(second)
    });
    eventually("no chain that is not needed", || rig.app_nodes().is_empty());
}

/// Momentary loudness (400 ms) every 50 ms of a recording without its silences, from one frame to
/// another: what a new link leaves out is measured elsewhere.
fn momentary_without_gaps(
    recording: &Recording,
    channel: usize,
    from: usize,
    to: usize,
) -> Vec<f64> {
    let heard: Vec<f32> = recording.channels[channel][from..to]
        .iter()
        .copied()
        .filter(|sample| sample.abs() > 0.0)
        .collect();
    let window = SECOND * 2 / 5;
    (0..=heard.len() - window)
        .step_by(SECOND / 20)
        .map(|at| lufs(&heard, at, at + window))
        .collect()
}

#[test]
fn levelling_goes_on_where_it_stands_when_the_profile_moves_it() {
    let mut all = Vec::new();
    for (what, loudness) in [("cut", -6.0), ("raised", -24.0)] {
        let rig = Rig::in_session(session_with_shared_profile());
        rig.block(rig.control().set_active_profile("together")).unwrap();
        let noise = in_channel(0, noise_at(loudness, 16 * SECOND, 1));
        let player = rig.session.player(noise).app("One").binary("one").looping().start().unwrap();
        rig.wait_chain(&player, "bus");
        let recorder = rig.session.record(DEVICE).unwrap();
        recorder.wait_more(14 * SECOND, PATIENCE * 2).unwrap();
        let mut switches = vec![recorder.frames()];
        for (profile, chain) in [("default", "app"), ("together", "bus"), ("default", "app")] {
            rig.block(rig.control().set_active_profile(profile)).unwrap();
            rig.wait_chain(&player, chain);
            recorder.wait_more(5 * SECOND / 2, PATIENCE).unwrap();
            switches.push(recorder.frames());
        }
        let gain_db = dict_f64(&rig.explain(&player), "leveller-db").unwrap();
        assert!(gain_db.abs() > 4.0, "there was nothing to keep: {gain_db} dB");
        let recording = recorder.stop().unwrap();
        let [begin, ..] = switches[..] else { panic!("there is a begin") };
        let settled = lufs(&recording.channels[0], begin - SECOND, begin);
        for piece in switches.windows(2) {
            let readings = momentary_without_gaps(&recording, 0, piece[0], piece[1]);
            let off = readings.iter().map(|now| (now - settled).abs()).fold(0.0, f64::max);
            println!("{what} by {gain_db:.2} dB: at most {off:.2} LU off {settled:.2} LUFS");
            // Lost, it would be all of the gain.
            assert!(off < 4.0, "{what}: {off} LU: {readings:.1?}");
            all.push(off);
        }
    }
    // A chain that changes hands one cycle (21 ms) after the other is heard for that long.
    all.sort_by(f64::total_cmp);
    assert!(all[all.len() / 2] < 1.0, "{all:.2?}");
}

#[test]
fn two_applications_leave_the_bus_as_loud_as_they_were_on_it() {
    let rig = Rig::in_session(session_with_shared_profile());
    rig.block(rig.control().set_active_profile("together")).unwrap();
    let play = |channel: usize, app: &str, loudness: f64| {
        let noise = in_channel(channel, noise_at(loudness, 16 * SECOND, channel as u64 + 1));
        rig.session.player(noise).app(app).binary(app).looping().start().unwrap()
    };
    let players = [play(0, "loud", -8.0), play(1, "soft", -26.0)];
    let recorder = rig.session.record(DEVICE).unwrap();
    recorder.wait_more(12 * SECOND, PATIENCE * 2).unwrap();
    let begin = recorder.frames() - SECOND;
    rig.block(rig.control().set_active_profile("default")).unwrap();
    for player in &players {
        rig.wait_chain(player, "app");
    }
    recorder.wait_more(2 * SECOND, PATIENCE).unwrap();
    let recording = recorder.stop().unwrap();
    let readings = [0, 1].map(|c| momentary_without_gaps(&recording, c, begin, recording.frames()));
    println!("loud and soft, every 50 ms from 1 s before the switch on: {readings:.1?}");
    // From there each goes its own way, as a leveller goes that finds a programme: 30 dB/s at most.
    for readings in &readings {
        let fastest = readings.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f64::max);
        assert!(fastest < 30.0 * 0.05 + 0.5, "{fastest} dB in 50 ms: {readings:.1?}");
    }
    assert!(readings[1].last().unwrap() - readings[1][0] > 10.0, "the soft one comes up");
}

#[test]
fn chains_come_back_with_pipewire_and_with_wireplumber() {
    let rig = Rig::start();
    let noise = || vec![signals::gaussian_noise(SECOND, 0.1, 1); 2];
    let player = rig.session.player(noise()).binary("a").looping().start().unwrap();
    rig.wait_chain(&player, "app");
    rig.session.stop_wireplumber().unwrap();
    rig.wait_state("waiting");
    rig.session.start_wireplumber().unwrap();
    rig.wait_state("running");
    rig.wait_chain(&player, "app");
    drop(player);
    rig.session.kill_pipewire();
    rig.wait_state("waiting");
    rig.session.start_pipewire().unwrap();
    rig.session.start_wireplumber().unwrap();
    rig.wait_state("running");
    rig.wait_in_place();
    let player = rig.session.player(noise()).binary("a").looping().start().unwrap();
    rig.wait_chain(&player, "app");
}
