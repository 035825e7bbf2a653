//! What the shipped profiles do: their settings, and what becomes of the programs people have.
#![allow(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use headroom_api::{Chains, Route, Treatment};
use headroom_profile::{DEFAULT, Library, Profile, Settings, Subject, Value, settings};

fn shipped(name: &str) -> Profile {
    Library::load(None).get(name).unwrap_or_else(|| panic!("{name}")).clone()
}

fn route(profile: &Profile, subject: &Subject<'_>) -> (Route, Option<bool>, usize) {
    profile
        .rules
        .iter()
        .find(|rule| rule.matches(subject).is_some())
        .map_or((profile.default_treatment.route(), None, profile.default_origin.line), |rule| {
            (rule.treatment.route(), rule.app_volume, rule.origin.line)
        })
}

#[test]
fn all_six_are_there_without_fault_and_describe_themselves() {
    let library = Library::load(None);
    let names: Vec<_> = library.iter().map(|profile| profile.name.as_str()).collect();
    let all = ["bypass-all", "default", "night", "speech", "spike-protection", "transparent"];
    assert_eq!(names, all);
    assert!(library.faults().is_empty());
    for profile in library.iter() {
        assert!(profile.description.len() > 20, "{}", profile.name);
        assert_eq!(profile.chains, Chains::PerApp, "{}", profile.name);
        assert_eq!(profile.files[0], format!("built-in {}.toml", profile.name));
    }
}

#[test]
fn the_default_profile_is_what_a_file_starts_from() {
    let default = shipped(DEFAULT);
    assert_eq!(default.settings, Settings::default());
    assert_eq!(default.default_treatment, Treatment::Automatic);
}

#[test]
fn the_default_profile_writes_every_setting_down() {
    let text = include_str!("../../../data/profiles/default.toml");
    let table: toml::Table = text.parse().unwrap();
    for info in settings() {
        let mut parts = info.key.split('.');
        let first = table.get(parts.next().unwrap());
        assert!(parts.fold(first, |at, part| at?.get(part)).is_some(), "{}", info.key);
    }
}

#[test]
fn transparent_and_spike_protection_leave_loudness_alone() {
    for (name, soft) in [("transparent", false), ("spike-protection", true)] {
        let Settings { chain, app_volume, .. } = shipped(name).settings;
        let leveller = chain.leveller;
        let levels = leveller.enabled && leveller.max_boost_db + leveller.max_cut_db > 0.0;
        assert!(!levels && !chain.compressor.enabled && !app_volume.enabled, "{name}");
        assert_eq!(chain.limiter.soft.enabled, soft, "{name}");
    }
}

#[test]
fn night_is_quieter_and_reaches_bypassed_streams() {
    let (day, night) = (shipped(DEFAULT).settings, shipped("night").settings);
    assert!(night.chain.leveller.target_lufs < day.chain.leveller.target_lufs);
    assert!(night.chain.limiter.ceiling_dbtp < day.chain.limiter.ceiling_dbtp);
    assert!(night.app_volume.enabled && !day.app_volume.enabled);
    assert_eq!(night.get("app_volume.target_dbfs"), Some(Value::Number(-23.0)));
}

#[test]
fn all_but_bypass_all_inherit_the_rules() {
    let default = shipped(DEFAULT);
    for name in ["night", "speech", "transparent", "spike-protection"] {
        let profile = shipped(name);
        assert_eq!(profile.rules, default.rules, "{name}");
        assert_eq!(profile.files[1], "built-in default.toml");
        assert_eq!(profile.default_origin, default.default_origin);
    }
    let none = shipped("bypass-all");
    assert!(none.rules.is_empty() && none.default_treatment == Treatment::LeaveAlone);
}

/// Binary, application name, application id, role: as PipeWire shows them. Then what becomes of it.
type Row = (&'static str, &'static str, &'static str, &'static str, Route);

const P: Route = Route::Processed;
const B: Route = Route::Bypass;

#[rustfmt::skip]
const APPS: &[Row] = &[
    // Music players, plain, in a Flatpak, and on a browser's engine.
    ("spotify", "spotify", "", "", B),
    ("", "", "com.spotify.Client", "", B),
    ("rhythmbox", "Rhythmbox", "org.gnome.Rhythmbox3", "music", B),
    ("python3.12", "Lollypop", "org.gnome.Lollypop", "", B),
    ("amberol", "Amberol", "io.bassi.Amberol", "", B),
    ("strawberry", "Strawberry", "", "", B),
    ("clementine", "Clementine", "", "", B),
    ("elisa", "Elisa", "org.kde.elisa", "", B),
    ("audacious", "Audacious", "", "Music", B),
    ("deadbeef", "DeaDBeeF", "", "", B),
    ("python3", "Quod Libet", "", "", B),
    ("cmus", "C* Music Player", "", "", B),
    ("mpd", "Music Player Daemon", "", "", B),
    ("tauon", "Tauon Music Box", "", "", B),
    ("feishin", "Chromium", "", "", B),
    ("tidal-hifi", "Chromium", "", "", B),
    ("", "Chromium", "org.jeffvli.feishin", "", B),
    // Music production.
    ("ardour-8.4.0", "ardour", "", "", B),
    ("BitwigAudioEngine-X64-AVX2", "Bitwig Studio", "", "", B),
    ("reaper", "REAPER", "", "", B),
    ("lmms", "LMMS", "", "", B),
    ("qtractor", "Qtractor", "", "", B),
    ("carla-rack", "Carla", "", "", B),
    ("audacity", "ALSA plug-in [audacity]", "", "", B),
    ("hydrogen", "Hydrogen", "", "", B),
    ("mscore4portable", "MuseScore", "", "", B),
    ("renoise", "Renoise", "", "", B),
    ("mixxx", "Mixxx", "org.mixxx.Mixxx", "", B),
    // Games.
    ("wine64-preloader", "Hades", "", "", B),
    ("wine-preloader", "game", "", "", B),
    ("EldenRing.exe", "elden ring", "", "", B),
    ("retroarch", "RetroArch", "", "", B),
    ("hollow_knight.x86_64", "Hollow Knight", "", "", B),
    ("some-native-game", "SDL Application", "", "Game", B),
    ("", "", "org.openttd.OpenTTD", "", B),
    ("gamescope-wl", "gamescope", "", "", B),
    // Media servers and centres.
    ("snapclient", "Snapcast", "", "", B),
    ("shairport-sync", "Shairport Sync", "", "", B),
    ("kodi.bin", "Kodi", "", "", B),
    ("", "Kodi", "tv.kodi.Kodi", "", B),
    ("jellyfinmediaplayer", "Jellyfin Media Player", "", "", B),
    ("Plex", "Plex", "tv.plex.PlexDesktop", "", B),
    // Browsers, even when a page claims a role.
    ("firefox", "Firefox", "", "", P),
    ("firefox-bin", "Firefox", "", "Music", P),
    ("", "Firefox", "org.mozilla.firefox", "", P),
    ("chrome", "Google Chrome", "", "", P),
    ("chromium", "Chromium", "", "Music", P),
    ("brave", "Brave", "com.brave.Browser", "", P),
    ("WebKitWebProcess", "Web", "org.gnome.Epiphany", "game", P),
    ("msedge", "Microsoft Edge", "", "", P),
    ("steamwebhelper", "Steam", "", "", P),
    // Calls.
    ("Discord", "WEBRTC VoiceEngine", "", "", P),
    ("Discord", "Chromium", "com.discordapp.Discord", "Game", P),
    ("vesktop.bin", "vesktop", "", "", P),
    ("zoom", "ZOOM VoiceEngine", "us.zoom.Zoom", "", P),
    ("teams-for-linux", "Chromium", "", "", P),
    ("telegram-desktop", "Telegram Desktop", "org.telegram.desktop", "", P),
    ("signal-desktop", "Chromium", "", "", P),
    ("mumble", "Mumble", "info.mumble.Mumble", "", P),
    // Video players, whatever role they give themselves.
    ("mpv", "mpv", "", "Music", P),
    ("vlc", "VLC media player (LibVLC 3.0.20)", "", "video", P),
    ("ffplay", "ffplay", "", "Game", P),
    ("totem", "Videos", "org.gnome.Totem", "", P),
    ("celluloid", "Celluloid", "io.github.celluloid_player.Celluloid", "music", P),
    // The desktop.
    ("gnome-shell", "GNOME Shell", "", "", P),
    ("gsd-media-keys", "gsd-media-keys", "", "event", P),
    ("sd_espeak-ng", "speech-dispatcher-espeak-ng", "", "", P),
    ("some-mail", "Mail", "", "Notification", P),
    // What nobody knows: by its role, or by the default.
    ("my-player", "My Player", "", "Music", B),
    ("my-tool", "My Tool", "", "Production", B),
    ("something-new", "Something New", "", "", P),
    ("", "", "", "", P),
];

fn subject(row: &Row) -> Subject<'static> {
    let &(process_binary, application_name, application_id, media_role, _) = row;
    Subject { process_binary, application_name, application_id, media_role, media_name: "" }
}

#[test]
fn programs_that_people_have_take_the_route_they_should() {
    let default = shipped(DEFAULT);
    assert!(APPS.len() >= 60);
    for row in APPS {
        let (route, _, line) = route(&default, &subject(row));
        assert_eq!(route, row.4, "{row:?}, by line {line}");
    }
}

#[test]
fn known_programs_are_named_by_a_rule_and_not_by_the_default() {
    let default = shipped(DEFAULT);
    for row in &APPS[..APPS.len() - 2] {
        let subject = subject(row);
        let found = default.rules.iter().find_map(|rule| rule.matches(&subject));
        assert!(found.is_some_and(|evidence| !evidence.is_empty()), "{row:?}");
    }
}

#[test]
fn app_volume_control_keeps_out_of_music_production() {
    let night = shipped("night");
    let reaper = Subject { process_binary: "reaper", ..Subject::default() };
    assert_eq!(route(&night, &reaper).1, Some(false));
    let mpd = Subject { process_binary: "mpd", ..Subject::default() };
    assert_eq!(route(&night, &mpd).1, None);
}

#[test]
fn no_pattern_stands_twice_or_can_never_match() {
    let default = shipped(DEFAULT);
    let mut earlier: Vec<(&str, &str, usize)> = Vec::new();
    for rule in default.rules.iter().filter(|rule| rule.fields().count() == 1) {
        for (field, patterns) in rule.fields() {
            for pattern in patterns {
                // A star in a pattern stands for some letters in a value.
                let value = pattern.to_lowercase().replace('*', "~");
                let met = earlier.iter().find(|(known, other, _)| {
                    *known == field
                        && wildmatch::WildMatch::new(&other.to_lowercase()).matches(&value)
                });
                let line = rule.origin.line;
                assert!(
                    met.is_none(),
                    "'{pattern}' of {field} in the rule of line {line}: {met:?}"
                );
                assert_eq!(pattern.trim(), pattern, "{field}, line {line}");
                earlier.push((field, pattern, line));
            }
        }
    }
}

#[test]
fn a_rule_knows_its_line() {
    let text = include_str!("../../../data/profiles/default.toml");
    let lines: Vec<_> = text.lines().collect();
    let default = shipped(DEFAULT);
    for rule in &default.rules {
        assert_eq!(lines[rule.origin.line - 1], "[[rules]]");
        assert_eq!(rule.origin.file, "built-in default.toml");
    }
    assert!(lines[default.default_origin.line - 1].starts_with("treatment ="));
}
