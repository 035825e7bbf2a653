//! What is heard when streams are re-linked: gaps, and the energy that they spill beside a tone.
//!
//! A stream is moved by the session manager, which cuts its links and makes others: whoever is moved
//! hears that, and nobody else may.

use std::{collections::BTreeMap, fmt, thread};

use headroom_testkit::{
    meter,
    session::{Player, Recorder, Recording, missed_frames, wait_until},
    signals,
};

use crate::{chains::*, rig::*};

/// How often each event is made.
const ROUNDS: usize = 5;
/// How often it is made until it is heard as it is on a machine that has time: the server and the session manager
/// themselves take a busy machine's time to drop a node that the graph waits for, and to link a stream anew.
const MOST_ROUNDS: usize = 20;
/// Heard before an event; twice as long after it.
const BEFORE: usize = SECOND / 4;
/// Some 21 ms: a click fills it, and a tone is not long enough in it to hide one.
const WINDOW_FRAMES: usize = 1_024;
/// What a sample counts as silent below.
const SILENCE: f32 = 1e-4;
/// Frames that a tone is below that when it crosses zero.
const NO_GAP_FRAMES: usize = 2;
/// What the worst window beside a tone that nothing disturbs stays below: the window's own.
const FLOOR_DB: f64 = -85.0;
/// A short gap of a stream that is moved: three cycles, and a little; and in how many rounds it has one at least.
const SHORT_GAP_MS: f64 = 70.0;
const SHORT_ROUNDS: usize = ROUNDS.div_ceil(2);

/// An application that its chain turns down by some 9 dB, and one that it has no reason to change.
const LOUD: Tone = Tone { channel: 0, frequency_hz: 997.0, amplitude: 0.5 };
const MODERATE: Tone = Tone { channel: 1, frequency_hz: 1_499.0, amplitude: 0.15 };

/// What an application plays: a tone in one channel of two, which it has alone.
#[derive(Clone, Copy)]
struct Tone {
    channel: usize,
    frequency_hz: f64,
    amplitude: f64,
}

impl Tone {
    /// Reads the tone from its first sound to its last; `None` where there is none.
    fn read(self, recording: &Recording) -> Option<Heard> {
        let channel = &recording.channels[self.channel];
        let is_sound = |sample: &f32| sample.abs() > SILENCE;
        let (first, last) =
            (channel.iter().position(is_sound)?, channel.iter().rposition(is_sound)?);
        let gap = meter::max_gap(&[channel], first..last, SILENCE);
        let heard = &channel[first..=last];
        let click_db = meter::outside_tone_db(heard, RATE_HZ, self.frequency_hz, WINDOW_FRAMES);
        Some(Heard { gap_frames: gap.frames, click_db })
    }
}

/// What is heard of a tone around an event.
#[derive(Clone, Copy, Debug)]
struct Heard {
    gap_frames: usize,
    /// Energy outside the tone in the worst window, relative to the tone.
    click_db: f64,
}

impl Heard {
    fn is_calm(self) -> bool {
        self.gap_frames <= NO_GAP_FRAMES && self.click_db < FLOOR_DB
    }

    fn is_short(self) -> bool {
        self.gap_ms() <= SHORT_GAP_MS
    }

    fn gap_ms(self) -> f64 {
        self.gap_frames as f64 * 1000.0 / f64::from(RATE_HZ)
    }
}

/// What happens, in the order of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Nothing,
    AppStarts,
    AppEnds,
    ChainGoes,
    SecondStreamStarts,
    SecondStreamEnds,
    Bypassed,
    Processed,
    Shared,
    PerApp,
}

impl Event {
    const ALL: [Self; 9] = [
        Self::AppStarts,
        Self::AppEnds,
        Self::ChainGoes,
        Self::SecondStreamStarts,
        Self::SecondStreamEnds,
        Self::Bypassed,
        Self::Processed,
        Self::Shared,
        Self::PerApp,
    ];

    /// Returns in how many rounds nothing may be heard by whom it does not move, at least.
    ///
    /// What takes nodes out of the graph costs everybody a cycle now and then while the machine is
    /// very busy, but never each time.
    fn calm_rounds(self) -> usize {
        match self {
            Self::AppEnds | Self::ChainGoes | Self::SecondStreamEnds => 1,
            _ => ROUNDS / 2 + 1,
        }
    }

    /// Returns how much before its end is heard at most: some are waited for.
    fn heard_frames(self) -> usize {
        if self == Self::ChainGoes { 8 * BEFORE } else { usize::MAX }
    }

    /// Tells whether the loud and the moderate application's stream may be moved by it.
    fn moves(self) -> [bool; 2] {
        match self {
            Self::AppStarts | Self::SecondStreamStarts | Self::Bypassed | Self::Processed => {
                [false, true]
            }
            Self::Shared | Self::PerApp => [true, true],
            Self::Nothing | Self::AppEnds | Self::ChainGoes | Self::SecondStreamEnds => {
                [false, false]
            }
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Nothing => "nothing",
            Self::AppStarts => "the moderate one starts",
            Self::AppEnds => "it ends",
            Self::ChainGoes => "its chain goes",
            Self::SecondStreamStarts => "the loud one starts a second",
            Self::SecondStreamEnds => "that one ends",
            Self::Bypassed => "moderate: processed to bypass",
            Self::Processed => "moderate: bypass to processed",
            Self::Shared => "profile: per-app to shared",
            Self::PerApp => "profile: shared to per-app",
        })
    }
}

/// What each event sounded like, round by round: the loud tone and the moderate one.
type Table = BTreeMap<Event, Vec<[Option<Heard>; 2]>>;

/// A service, and a loud application that plays through it all the time.
struct Stage {
    table: Table,
    recorder: Recorder,
    loud: Player,
    rig: Rig,
}

impl Stage {
    fn start() -> Self {
        let rig = Rig::in_session(session_with_shared_profile());
        let recorder = rig.session.record(DEVICE).unwrap();
        let loud = play(&rig, "loud", LOUD);
        // Until its level is found.
        recorder.wait_more(6 * SECOND, PATIENCE).unwrap();
        Self { table: Table::new(), recorder, loud, rig }
    }

    /// Makes an event and reads both tones around it.
    fn hear<T>(&mut self, event: Event, make: impl FnOnce(&Rig) -> T) -> T {
        let late = || self.rig.health("late-cycles") + self.rig.health("app-late-cycles");
        self.recorder.wait_more(BEFORE, PATIENCE).unwrap();
        let (start, late_before) = (self.recorder.frames() - BEFORE, late());
        let sent = self.loud.cycles().len();
        let made = make(&self.rig);
        self.recorder.wait_more(2 * BEFORE, PATIENCE).unwrap();
        let recording = self.recorder.snapshot();
        let end = recording.frames();
        let heard = recording.part(start.max(end.saturating_sub(event.heard_frames()))..end);
        // A cycle that a busy machine lost is no click of ours; whoever is moved loses some anyway.
        let lost = late() > late_before
            || heard.missed_frames() > 0
            || !event.moves()[0] && missed_frames(&self.loud.cycles()[sent..]) > 0;
        if !lost {
            self.table
                .entry(event)
                .or_default()
                .push([LOUD, MODERATE].map(|tone| tone.read(&heard)));
        }
        made
    }

    /// Returns what was heard of one of the tones at an event.
    fn heard(&self, event: Event, which: usize) -> impl Iterator<Item = Heard> {
        self.table.get(&event).into_iter().flatten().filter_map(move |row| row[which])
    }

    /// Says whether the loud application has played on undisturbed at an event, once at least.
    fn was_calm(&self, event: Event) -> bool {
        self.heard(event, 0).any(Heard::is_calm)
    }

    /// Says whether whoever is moved by an event had a short gap often enough.
    fn was_short(&self, event: Event) -> bool {
        let mut moved = (0..2).filter(|which| event.moves()[*which]);
        moved.all(|which| are_often_short(self.heard(event, which)))
    }

    fn hear_nothing(&mut self) {
        self.recorder.wait_more(SECOND, PATIENCE).unwrap();
        self.hear(Event::Nothing, |_| ());
    }
}

/// Plays a tone over and over, and waits until it passes its application's chain.
fn play(rig: &Rig, binary: &str, tone: Tone) -> Player {
    let samples = signals::sine(RATE_HZ, SECOND, tone.frequency_hz, tone.amplitude);
    let player = rig.session.player(in_channel(tone.channel, samples)).binary(binary);
    let player = player.looping().at_once().start().unwrap();
    rig.wait_chain(&player, "app");
    player
}

/// Starts, moves, carries over and ends the moderate application.
fn hear_moves() -> Table {
    let mut stage = Stage::start();
    let moves = [Event::AppStarts, Event::Bypassed, Event::Processed, Event::Shared, Event::PerApp];
    for round in 0..MOST_ROUNDS {
        if round >= ROUNDS && moves.into_iter().all(|event| stage.was_short(event)) {
            break;
        }
        let name = format!("moderate{round}");
        let player = stage.hear(Event::AppStarts, |rig| play(rig, &name, MODERATE));
        stage.hear_nothing();
        for (event, route, chain) in
            [(Event::Bypassed, "bypass", "none"), (Event::Processed, "processed", "app")]
        {
            stage.hear(event, |rig| {
                rig.block(rig.control().set_route(&name, route)).unwrap();
                rig.wait_chain(&player, chain);
            });
        }
        for (event, profile, chain) in
            [(Event::Shared, "together", "bus"), (Event::PerApp, "default", "app")]
        {
            let loud = stage.loud.serial();
            stage.hear(event, |rig| {
                rig.block(rig.control().set_active_profile(profile)).unwrap();
                rig.wait_chain(&player, chain);
                rig.wait_chain_of(loud, chain);
            });
        }
        stage.hear(Event::AppEnds, |rig| player.stop(&rig.session).unwrap());
    }
    stage.table
}

/// Ends applications, whose chains are kept for a while, and starts second streams of the loud one.
fn hear_ends() -> Table {
    let mut stage = Stage::start();
    let mut chains = Vec::new();
    for round in 0..MOST_ROUNDS {
        let ends = [Event::AppEnds, Event::SecondStreamEnds];
        if round >= ROUNDS && ends.into_iter().all(|end| stage.was_calm(end)) {
            break;
        }
        let player = play(&stage.rig, &format!("moderate{round}"), MODERATE);
        if chains.len() < ROUNDS {
            chains.extend(stage.rig.sink_of(&player));
        }
        stage.hear_nothing();
        stage.hear(Event::AppEnds, |rig| player.stop(&rig.session).unwrap());
        let second = stage.hear(Event::SecondStreamStarts, |rig| play(rig, "loud", MODERATE));
        stage.hear(Event::SecondStreamEnds, |rig| second.stop(&rig.session).unwrap());
    }
    assert_eq!(chains.len(), ROUNDS);
    for chain in chains {
        stage.hear(Event::ChainGoes, |rig| {
            let is_there = || rig.app_nodes().iter().any(|node| node.name == chain);
            wait_until("the chain's end", 2 * PATIENCE, || !is_there()).unwrap();
        });
    }
    stage.table
}

/// Prints a line of the table for one of the tones.
fn print_line(event: Event, which: &str, heard: &[Heard]) {
    if heard.is_empty() {
        return;
    }
    let gaps: Vec<String> = heard.iter().map(|heard| format!("{:.1}", heard.gap_ms())).collect();
    let usual_db = median(heard.iter().map(|heard| heard.click_db));
    let worst_db = heard.iter().map(|heard| heard.click_db).fold(f64::NEG_INFINITY, f64::max);
    println!("{event:30} {which:9} {usual_db:7.1} {worst_db:7.1} dB   gaps {} ms", gaps.join(" "));
}

/// Whether gaps are short in enough rounds.
fn are_often_short(heard: impl Iterator<Item = Heard>) -> bool {
    heard.filter(|heard| heard.is_short()).count() >= SHORT_ROUNDS
}

/// Returns the value in the middle.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[test]
fn moved_stream_has_a_short_gap_and_others_have_none() {
    let ends = thread::spawn(hear_ends);
    let mut table = hear_moves();
    for (event, rows) in ends.join().unwrap() {
        table.entry(event).or_default().extend(rows);
    }
    let of = |event: Event, which: usize| -> Vec<Heard> {
        table.get(&event).into_iter().flatten().filter_map(|row| row[which]).collect()
    };
    println!("energy beside the tone in the median and worst round, and the longest gap of each");
    for event in table.keys() {
        for (which, name) in ["loud", "moderate"].into_iter().enumerate() {
            print_line(*event, name, &of(*event, which));
        }
    }
    for (which, name) in ["loud", "moderate"].into_iter().enumerate() {
        let undisturbed = of(Event::Nothing, which);
        let floor_db = median(undisturbed.iter().map(|heard| heard.click_db));
        assert!(
            floor_db < FLOOR_DB,
            "{name}: {floor_db:.1} dB beside a tone that nothing disturbs"
        );
        for event in Event::ALL {
            let heard = of(event, which);
            if event == Event::ChainGoes && name == "moderate" {
                continue;
            }
            if event.moves()[which] {
                assert!(are_often_short(heard.iter().copied()), "{event}, {name}: {heard:?}");
            } else {
                let calm = heard.iter().filter(|heard| heard.is_calm()).count();
                assert!(
                    calm >= event.calm_rounds(),
                    "{event}, {name}: {heard:?} over {floor_db:.1} dB"
                );
            }
        }
    }
}
