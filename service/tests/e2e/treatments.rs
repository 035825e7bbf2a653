//! What is chosen for one application acts on that application alone, at once, and is kept.

use std::fs;

use headroom_api::{By, Error, Explanation, StreamRow, Treatment, TreatmentRow, dict_bool, names};
use headroom_testkit::{
    meter,
    session::{Player, Session},
    signals,
};

use crate::{
    chains::{SECOND, in_channel, lufs, noise_at},
    rig::*,
};

/// A rule that says of an application what the user may say too.
const MINE: &str = "extends = \"default\"\n\n[[rules]]\nmatch.process_binary = [\"a\"]\n\
                    treatment = \"leave-alone\"\noffset_db = -6\nstrength = 0.5\n";
/// A music player, which the rules of the default profile leave alone.
const LEFT_ALONE: &str = "mpd";

impl Rig {
    fn treat(&self, app: &str, treatment: Treatment, offset_db: f64) {
        self.block(self.control().set_treatment(app, treatment.as_str(), offset_db)).unwrap();
    }

    fn untreat(&self, app: &str) {
        self.block(self.control().unset_treatment(app)).unwrap();
    }

    fn treatments(&self) -> Vec<(String, TreatmentRow)> {
        let rows = self.block(self.control().treatments()).unwrap().into_iter();
        rows.map(|(app, row)| (app, TreatmentRow::from_dict(&row))).collect()
    }

    /// Returns what a player's application gets: treatment, offset and strength.
    fn in_force(&self, player: &Player) -> (Option<Treatment>, f64, f64) {
        let row = StreamRow::from_dict(&self.stream(player).unwrap());
        (row.treatment.known(), row.offset_db, row.strength)
    }

    /// Returns what decided the treatment of a player's application.
    fn decided_by(&self, player: &Player) -> Option<By> {
        Explanation::from_dict(&self.explain(player)).stream.why.and_then(|why| why.by)
    }
}

fn tone(seed: u64) -> Vec<Vec<f32>> {
    vec![signals::gaussian_noise(SECOND, 0.1, seed); 2]
}

#[test]
fn app_left_alone_reaches_device_bit_for_bit() {
    let rig = Rig::start();
    let control = rig.control();
    rig.block(async {
        // Neither chain nor app volume control works on it, whatever the profile says.
        control.set_setting("app_volume.enabled", &true.into()).await.unwrap();
        control.set_setting("app_volume.target_dbfs", &(-30.0).into()).await.unwrap();
    });
    rig.treat("player", Treatment::LeaveAlone, -3.0);
    let material = vec![
        signals::gaussian_noise(2 * SECOND, 0.5, 1),
        signals::gaussian_noise(2 * SECOND, 0.5, 2),
    ];
    let recording = rig.pass("Player", DEVICE, &material).recording;
    assert_bit_exact(&material, &recording);
}

#[test]
fn limited_app_is_held_under_ceiling_and_cap() {
    let rig = Rig::start();
    rig.treat("hot", Treatment::LimitOnly, 0.0);
    let recorder = rig.session.record(DEVICE).unwrap();
    let noise = vec![signals::gaussian_noise(4 * SECOND, 0.5, 3); 2];
    let player = rig.session.player(noise).binary("hot").looping().start().unwrap();
    rig.wait_chain(&player, "app");
    assert_eq!(dict_bool(&rig.stream(&player).unwrap(), "level"), Some(false));
    recorder.wait_more(8 * SECOND, PATIENCE * 2).unwrap();
    let recording = faded(recorder.stop().unwrap());
    assert_under_ceiling(&recording, "noise that is only limited");
    // The cap of the default profile; what comes in is far above it.
    let heard = recording.channels.iter().map(|channel| &channel[recording.frames() / 2..]);
    let heard: Vec<&[f32]> = heard.collect();
    let loudness = meter::loudness(&heard, 48_000, &headroom_testkit::layout::usual_layout(2));
    println!("{:.2} LUFS", loudness.integrated_lufs);
    assert!(loudness.integrated_lufs < -11.5, "{:.2}", loudness.integrated_lufs);
}

#[test]
fn each_treatment_does_what_it_says_without_a_gap() {
    const INPUT_LUFS: f64 = -26.0;
    let rig = Rig::start();
    let recorder = rig.session.record(DEVICE).unwrap();
    let play = |channel: usize, app: &str| {
        let noise = in_channel(channel, noise_at(INPUT_LUFS, 8 * SECOND, channel as u64 + 1));
        rig.session.player(noise).binary(app).looping().start().unwrap()
    };
    let (player, other) = (play(0, LEFT_ALONE), play(1, "other"));
    rig.wait_chain(&player, "none");
    rig.wait_chain(&other, "app");
    // 10 s after each change, for 4 s.
    let wait = || {
        recorder.wait_more(14 * SECOND, PATIENCE * 2).unwrap();
        recorder.frames()
    };
    let mut ends = vec![wait()];
    rig.treat(LEFT_ALONE, Treatment::EvenOut, 0.0);
    rig.wait_chain(&player, "app");
    ends.push(wait());
    let sink = rig.sink_of(&player);
    for (treatment, offset_db) in
        [(Treatment::EvenOut, -3.0), (Treatment::LimitOnly, -3.0), (Treatment::LimitOnly, 0.0)]
    {
        rig.treat(LEFT_ALONE, treatment, offset_db);
        ends.push(wait());
    }
    assert_eq!(rig.sink_of(&player), sink, "a stream was moved");
    let recording = recorder.stop().unwrap();
    let level =
        |channel: usize, end: usize| lufs(&recording.channels[channel], end - 4 * SECOND, end);
    let of = |channel: usize| ends.iter().map(|end| level(channel, *end)).collect::<Vec<_>>();
    let (measured, others) = (of(0), of(1));
    println!(
        "left alone, even, even -3 dB, limited -3 dB, limited {measured:.2?}; another {others:.2?}"
    );
    let [alone, even, even_softer, limited_softer, limited] = measured[..] else { panic!("five") };
    assert!((alone - INPUT_LUFS).abs() < 0.2, "{measured:.2?}");
    assert!(even > INPUT_LUFS + 3.0, "levelling did nothing: {measured:.2?}");
    assert!((even_softer - even + 3.0).abs() < 0.3, "{measured:.2?}");
    assert!((limited_softer - INPUT_LUFS + 3.0).abs() < 0.3, "{measured:.2?}");
    assert!((limited - INPUT_LUFS).abs() < 0.3, "{measured:.2?}");
    assert!(others.iter().all(|it| (it - others[0]).abs() < 0.5), "{others:.2?}");
    let gap_frames = usual_gap_frames(&recording.channels[..1], &ends[1..4]);
    assert!(gap_frames < 64, "{gap_frames} frames of silence at most of the changes");
}

#[test]
fn app_is_evened_out_where_profile_levels_nothing() {
    let rig = Rig::start();
    rig.limit_only();
    rig.treat("quiet", Treatment::EvenOut, 0.0);
    let recorder = rig.session.record(DEVICE).unwrap();
    let play = |channel: usize, app: &str| {
        let noise = in_channel(channel, noise_at(-26.0, 8 * SECOND, channel as u64 + 1));
        rig.session.player(noise).binary(app).looping().start().unwrap()
    };
    let (player, other) = (play(0, "quiet"), play(1, "other"));
    rig.wait_chain(&player, "app");
    rig.wait_chain(&other, "app");
    recorder.wait_more(14 * SECOND, PATIENCE * 2).unwrap();
    let recording = recorder.stop().unwrap();
    let from = recording.frames() - 4 * SECOND;
    let [quiet, other] =
        [0, 1].map(|channel| lufs(&recording.channels[channel], from, recording.frames()));
    println!("evened out {quiet:.2}, as the profile has it {other:.2}");
    assert!(quiet > -23.0, "{quiet:.2}");
    assert!((other + 26.0).abs() < 0.3, "{other:.2}");
}

#[test]
fn treatment_survives_a_restart_until_it_is_taken_back() {
    let mut rig = Rig::start();
    // Before it plays, by a name in another case.
    rig.treat("PLAYER", Treatment::LimitOnly, -3.0);
    let player = rig.session.player(tone(1)).binary("player").looping().start().unwrap();
    rig.wait_chain(&player, "app");
    let limited = (Some(Treatment::LimitOnly), -3.0, 1.0);
    assert_eq!(rig.in_force(&player), limited);
    assert_eq!(rig.decided_by(&player), Some(By::User { app: "PLAYER".to_owned() }));
    assert!(rig.service.terminate(PATIENCE).unwrap().success());
    rig.restart();
    rig.wait_chain(&player, "app");
    assert_eq!(rig.in_force(&player), limited);
    let row = TreatmentRow { treatment: Treatment::LimitOnly.into(), offset_db: -3.0 };
    assert_eq!(rig.treatments(), [("PLAYER".to_owned(), row)]);
    let usual = (Some(Treatment::Automatic), 0.0, 1.0);
    rig.untreat("player");
    eventually("the default again", || rig.in_force(&player) == usual);
    rig.treat("player", Treatment::Automatic, 3.0);
    eventually("the offset", || rig.in_force(&player) == (usual.0, 3.0, 1.0));
    assert_eq!(rig.decided_by(&player), Some(By::Profile));
    // What leaves all to the profile is no choice.
    rig.treat("player", Treatment::Automatic, 0.0);
    assert!(rig.treatments().is_empty());
}

#[test]
fn users_choice_comes_before_a_rule() {
    let session = Session::start().unwrap();
    let profiles = session.config_home().join("headroom/profiles");
    fs::create_dir_all(&profiles).unwrap();
    fs::write(profiles.join("mine.toml"), MINE).unwrap();
    let rig = Rig::in_session(session);
    let player = rig.session.player(tone(1)).binary("a").looping().start().unwrap();
    let other = rig.session.player(tone(2)).binary("b").looping().start().unwrap();
    rig.wait_chain(&player, "app");
    rig.block(rig.control().set_active_profile("mine")).unwrap();
    rig.wait_chain(&player, "none");
    rig.wait_chain(&other, "app");
    assert_eq!(rig.in_force(&player), (Some(Treatment::LeaveAlone), -6.0, 0.5));
    let rule = By::Rule { profile: "mine".to_owned(), line: 3, shipped: false };
    assert_eq!(rig.decided_by(&player), Some(rule));
    rig.treat("a", Treatment::EvenOut, 0.0);
    rig.wait_chain(&player, "app");
    assert_eq!(rig.in_force(&player), (Some(Treatment::EvenOut), 0.0, 1.0));
    assert_eq!(rig.decided_by(&player), Some(By::User { app: "a".to_owned() }));
    assert_eq!(rig.in_force(&other), (Some(Treatment::Automatic), 0.0, 1.0));
}

#[test]
fn refused_treatment_says_why_and_changes_nothing() {
    let rig = Rig::start();
    let set = |app: &str, treatment: &str, offset_db: f64| {
        rig.block(rig.control().set_treatment(app, treatment, offset_db)).unwrap_err()
    };
    for (app, treatment, offset_db, hint) in [
        ("mpv", "loud", 0.0, "automatic, even-out, limit-only, leave-alone"),
        ("mpv", "Even-out", 0.0, "'Even-out'"),
        ("mpv", "even-out", 12.5, "-12 to 12 dB"),
        ("mpv", "automatic", f64::NAN, "-12 to 12 dB"),
        ("", "even-out", 0.0, "name"),
    ] {
        let error = set(app, treatment, offset_db);
        assert!(matches!(&error, Error::InvalidValue(text) if text.contains(hint)), "{error:?}");
    }
    let error = rig.block(rig.control().unset_treatment("mpv")).unwrap_err();
    assert!(matches!(&error, Error::NoSuchTreatment(text) if text.contains("mpv")), "{error:?}");
    assert!(rig.treatments().is_empty());
    assert!(!rig.state_file().exists());
}

#[test]
fn routes_of_scripts_are_treatments() {
    let rig = Rig::start();
    let chosen = || rig.treatments().first().and_then(|(_, row)| row.treatment.known());
    for (route, treatment) in [("bypass", Treatment::LeaveAlone), ("processed", Treatment::EvenOut)]
    {
        rig.block(rig.control().set_route("mpv", route)).unwrap();
        assert_eq!(chosen(), Some(treatment));
    }
    rig.block(rig.control().unset_route("MPV")).unwrap();
    assert_eq!(chosen(), None);
}

#[test]
fn sum_that_clips_is_told_and_limited_on_demand() {
    let rig = Rig::start();
    rig.limit_only();
    // Each for itself is under full scale, left alone by a rule.
    let loud = |seed| vec![signals::gaussian_noise(48_000, 0.22, seed); 2];
    let music = rig.session.player(loud(1)).app("Music").role("Music").looping().start().unwrap();
    let other = rig.session.player(loud(2)).app("Other").looping().start().unwrap();
    rig.wait_linked(&music, DEVICE);
    rig.wait_linked(&other, names::SINK_NODE);
    eventually("the clip told", || rig.problems() == ["sum-clips"]);
    rig.block(rig.control().set_setting("limiter.left_alone", &true.into())).unwrap();
    rig.wait_linked(&music, names::SINK_NODE);
    let row = StreamRow::from_dict(&rig.wait_route(&music, "processed"));
    assert_eq!(row.treatment.as_str(), "limit-only", "{row:?}");
    eventually("nothing to tell", || rig.problems().is_empty());
    let recorder = rig.session.record(DEVICE).unwrap();
    recorder.wait_sound(0, 0.3, PATIENCE).unwrap();
    recorder.wait_more(3 * 48_000, PATIENCE).unwrap();
    assert_under_ceiling(&recorder.stop().unwrap(), "both");
    // Who is to be left alone by the person's own choice is.
    rig.block(rig.control().set_treatment("Music", "leave-alone", 0.0)).unwrap();
    rig.wait_linked(&music, DEVICE);
}
