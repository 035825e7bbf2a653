//! Streams grouped by the application that plays them.

use headroom_api::{Held, Route, TreatmentRow, is_host_binary, visible};

use super::{Stream, StreamRoute, Treatment, Waits};

/// What applications call themselves by after the library that plays for them, and what its streams are called, which
/// tell a person nothing. Lower case.
const LIBRARIES: [&str; 6] = [
    "webrtc voiceengine",
    "chromium",
    "chromium input",
    "alsa plug-in",
    "libcanberra",
    "sdl application",
];
/// What libraries call a stream that nobody named. Lower case.
const UNNAMED: [&str; 5] =
    ["playstream", "playback", "playback stream", "audiostream", "audio stream"];

/// An application that plays, with all of its streams.
#[derive(Clone, Debug, PartialEq)]
pub struct App {
    /// The name that choices for it are made by: its binary, or what it calls itself where the binary says
    /// nothing. Tells applications apart, without regard to case. **Not** safe to show.
    pub key: String,
    /// What it calls itself. Safe to show as plain text; empty when it has no name at all.
    pub name: String,
    /// Icon name that it claims; often empty.
    pub icon: String,
    /// Its streams: those that play first, then by their ids. Never empty.
    pub streams: Vec<Stream>,
    /// The route that its streams have.
    pub route: AppRoute,
    /// What the user chose for it, automatic where nothing; `None` with a word that this version does not know.
    pub choice: Option<Treatment>,
    /// The offset that the user chose with it, in dB.
    pub chosen_offset_db: f64,
    /// The name that this is chosen by. The same as `key` where nothing is.
    pub choice_key: String,
    /// The offset in force, in dB, as its newest stream has it, a protected one where there is any.
    pub offset_db: f64,
    /// What that waits for; `None` while it acts.
    pub waits: Option<Waits>,
    /// Whether any of its streams plays now.
    pub playing: bool,
}

/// The route of all streams of an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppRoute {
    /// All of them have this one.
    All(StreamRoute),
    /// They have different ones.
    Mixed,
}

impl App {
    /// Says whether a choice for it would protect a stream that is not protected: nothing but a decision keeps it out.
    pub fn is_protectable(&self) -> bool {
        self.streams.iter().any(|stream| {
            let decided = stream.why.as_ref().is_some_and(|why| {
                let is_free = matches!(why.held, None | Some(Held::Pinned { blocked: None, .. }));
                why.route == Some(Route::Bypass) && is_free
            });
            decided && stream.route != StreamRoute::Processed
        })
    }
}

/// Groups streams; applications that play come first, then by name.
pub(super) fn group(streams: &[Stream], treatments: &[(String, TreatmentRow)]) -> Vec<App> {
    let mut groups: Vec<(String, Vec<Stream>)> = Vec::new();
    for stream in streams {
        let folded = key(stream).to_lowercase();
        match groups.iter_mut().find(|(known, _)| *known == folded) {
            Some((_, group)) => group.push(stream.clone()),
            None => groups.push((folded, vec![stream.clone()])),
        }
    }
    let apps = groups.into_iter().map(|(folded, group)| (folded, app(group, treatments)));
    let mut apps: Vec<_> = apps.collect();
    apps.sort_by_cached_key(|(folded, app)| {
        (!app.playing, app.name.to_lowercase(), folded.clone())
    });
    apps.into_iter().map(|(_, app)| app).collect()
}

fn app(mut streams: Vec<Stream>, treatments: &[(String, TreatmentRow)]) -> App {
    streams.sort_by_key(|stream| stream.id);
    let key = streams.first().map(key).unwrap_or_default().to_owned();
    let name = visible(name(&streams).unwrap_or(&key)).into_owned();
    for stream in &mut streams {
        if says_nothing(&stream.media, &name) {
            stream.media.clear();
        }
    }
    let icon = streams.iter().map(|stream| &stream.icon).find(|icon| !icon.is_empty());
    let icon = icon.cloned().unwrap_or_default();
    // Its key comes first: that is what choices made here are kept by.
    let mut names = vec![key.as_str()];
    names.extend(streams.iter().flat_map(|stream| [stream.binary.as_str(), stream.app.as_str()]));
    let chosen = find(treatments, &names);
    let choice_key = chosen.map_or(&key, |(name, _)| name).clone();
    let choice = chosen.map_or(Some(Treatment::Automatic), |(_, row)| row.treatment.known());
    let chosen_offset_db = chosen.map_or(0.0, |(_, row)| row.offset_db);
    let is_protected = |stream: &&Stream| stream.route == StreamRoute::Processed;
    let telling = streams.iter().rev().find(is_protected).or(streams.last());
    let offset_db = telling.map_or(0.0, |stream| stream.offset_db);
    let route = match streams.first().map(|stream| stream.route) {
        Some(route) if streams.iter().all(|stream| stream.route == route) => AppRoute::All(route),
        _ => AppRoute::Mixed,
    };
    let playing = streams.iter().any(|stream| stream.playing);
    streams.sort_by_key(|stream| (!stream.playing, stream.id));
    App {
        key,
        name,
        icon,
        streams,
        route,
        choice,
        chosen_offset_db,
        choice_key,
        offset_db,
        waits: None,
        playing,
    }
}

/// The name of an application for people: what a stream calls it, but for the names of libraries where the binary
/// says more.
fn name(streams: &[Stream]) -> Option<&str> {
    let mut called =
        streams.iter().map(|stream| stream.app.as_str()).filter(|name| !name.is_empty());
    let is_own = |name: &str| !LIBRARIES.contains(&name.to_lowercase().as_str());
    let own = called.clone().find(|name| is_own(name));
    own.or_else(|| {
        let binaries = streams.iter().map(|stream| stream.binary.as_str());
        let mut telling = binaries.filter(|binary| !binary.is_empty() && !is_host_binary(binary));
        telling.find(|binary| is_own(binary)).or_else(|| called.next())
    })
}

/// Says whether what a stream plays is not worth a line: the library's word, or the application's name again.
fn says_nothing(media: &str, app: &str) -> bool {
    let media = media.to_lowercase();
    UNNAMED.contains(&media.as_str()) || media == app.to_lowercase()
}

/// Finds the choice that is made for any of an application's names.
fn find<'a, T>(choices: &'a [(String, T)], names: &[&str]) -> Option<&'a (String, T)> {
    names.iter().filter(|name| !name.is_empty()).find_map(|name| {
        let folded = name.to_lowercase();
        choices.iter().find(|(known, _)| known.to_lowercase() == folded)
    })
}

/// Returns the name that tells a stream's application apart from others.
fn key(stream: &Stream) -> &str {
    if stream.binary.is_empty() || (is_host_binary(&stream.binary) && !stream.app.is_empty()) {
        &stream.app
    } else {
        &stream.binary
    }
}

#[cfg(test)]
mod tests {
    use headroom_api::{Blocked, By, Reason, Word};

    use super::*;

    fn stream(id: u64, app: &str, binary: &str, playing: bool) -> Stream {
        Stream {
            id,
            app: app.to_owned(),
            binary: binary.to_owned(),
            route: StreamRoute::Processed,
            playing,
            ..Stream::default()
        }
    }

    fn row(treatment: &str, offset_db: f64) -> TreatmentRow {
        TreatmentRow { treatment: Word::of(treatment), offset_db }
    }

    fn names(apps: &[App]) -> Vec<&str> {
        apps.iter().map(|app| app.name.as_str()).collect()
    }

    #[test]
    fn streams_of_one_binary_are_one_application_whatever_they_call_themselves() {
        let streams = [
            stream(2, "WEBRTC VoiceEngine", "Discord", false),
            stream(1, "Chromium", "discord", true),
            stream(3, "Chromium", "chromium", true),
        ];
        let apps = group(&streams, &[]);
        assert_eq!(apps.len(), 2);
        let discord = apps.iter().find(|app| app.streams.len() == 2).unwrap();
        assert_eq!(discord.key, "discord");
        let ids: Vec<_> = discord.streams.iter().map(|stream| stream.id).collect();
        assert_eq!(ids, [1, 2]);
    }

    #[test]
    fn what_runs_in_a_host_is_told_apart_by_its_own_name() {
        let streams = [
            stream(1, "Quake.exe", "wine64-preloader", true),
            stream(2, "Doom.exe", "wine64-preloader", true),
            stream(3, "", "python3.11", true),
            stream(4, "Reader", "python3.11", true),
        ];
        let apps = group(&streams, &[]);
        assert_eq!(names(&apps), ["Doom.exe", "python3.11", "Quake.exe", "Reader"]);
        assert_eq!(apps[0].key, "Doom.exe");
    }

    #[test]
    fn a_sandboxed_application_without_a_binary_goes_by_its_name() {
        let apps =
            group(&[stream(1, "Firefox", "", true), stream(2, "Firefox", "firefox", true)], &[]);
        assert_eq!(apps.len(), 1);
        assert_eq!(apps[0].key, "Firefox");
    }

    #[test]
    fn applications_that_play_come_first_and_the_rest_is_by_name() {
        let streams = [
            stream(1, "zed", "zed", false),
            stream(2, "Alpha", "alpha", false),
            stream(3, "mpv", "mpv", true),
            stream(4, "Brave", "brave", true),
        ];
        let apps = group(&streams, &[]);
        assert_eq!(names(&apps), ["Brave", "mpv", "Alpha", "zed"]);
        let mut reversed = streams.to_vec();
        reversed.reverse();
        assert_eq!(group(&reversed, &[]), apps);
    }

    #[test]
    fn a_choice_is_found_by_any_name_and_without_regard_to_case() {
        let streams = [stream(1, "WEBRTC VoiceEngine", "Discord", true)];
        let chosen = [("webrtc voiceengine".to_owned(), row("leave-alone", -3.0))];
        let app = group(&streams, &chosen).remove(0);
        let choice = (app.choice, app.chosen_offset_db, app.choice_key.as_str());
        assert_eq!(choice, (Some(Treatment::LeaveAlone), -3.0, "webrtc voiceengine"));
    }

    #[test]
    fn without_a_choice_the_key_is_what_one_is_made_by() {
        let app = group(&[stream(1, "Firefox", "firefox-bin", true)], &[]).remove(0);
        let choice = (app.choice, app.choice_key.as_str());
        assert_eq!(choice, (Some(Treatment::Automatic), "firefox-bin"));
    }

    #[test]
    fn treatment_that_is_not_known_can_be_changed_all_the_same() {
        let chosen = [("mpv".to_owned(), row("sideways", 0.0))];
        let app = group(&[stream(1, "mpv Media Player", "mpv", true)], &chosen).remove(0);
        assert_eq!((app.choice, app.choice_key.as_str()), (None, "mpv"));
    }

    #[test]
    fn the_name_of_a_library_gives_way_to_the_programs() {
        for (app, binary, shown) in [
            ("WEBRTC VoiceEngine", "Discord", "Discord"),
            ("Chromium", "slack", "slack"),
            ("Chromium", "chromium", "Chromium"),
            ("Chromium", "electron19", "Chromium"),
            ("Chromium", "", "Chromium"),
            ("Firefox", "firefox-bin", "Firefox"),
        ] {
            assert_eq!(group(&[stream(1, app, binary, true)], &[])[0].name, shown);
        }
        let streams = [stream(1, "Chromium", "teams", true), stream(2, "Teams", "teams", true)];
        assert_eq!(group(&streams, &[])[0].name, "Teams");
    }

    #[test]
    fn what_says_nothing_of_what_is_played_is_left_out() {
        for (media, shown) in
            [("playStream", ""), ("AudioStream", ""), ("SPOTIFY", ""), ("A song", "A song")]
        {
            let stream =
                Stream { media: media.to_owned(), ..stream(1, "Spotify", "spotify", true) };
            assert_eq!(group(&[stream], &[])[0].streams[0].media, shown);
        }
    }

    #[test]
    fn only_what_a_decision_leaves_alone_can_be_protected() {
        let why = |held, route| {
            let route = Some(route);
            Some(Reason { by: Some(By::Profile), route, held, ..Reason::default() })
        };
        let pinned = |blocked| Some(Held::Pinned { device: None, blocked });
        for (route, why, is_protectable) in [
            (StreamRoute::Bypass, why(None, Route::Bypass), true),
            (StreamRoute::Unmanaged, why(pinned(None), Route::Bypass), true),
            (StreamRoute::Unmanaged, why(pinned(Some(Blocked::Virtual)), Route::Processed), false),
            (StreamRoute::Bypass, why(Some(Held::BypassAll), Route::Processed), false),
            (StreamRoute::Unmanaged, Some(Reason::held(Held::Encoded)), false),
            (StreamRoute::Processed, why(None, Route::Bypass), false),
            (StreamRoute::Bypass, None, false),
        ] {
            let stream = Stream { route, why, ..stream(1, "mpv", "mpv", true) };
            let app = group(std::slice::from_ref(&stream), &[]).remove(0);
            assert_eq!(app.is_protectable(), is_protectable, "{stream:?}");
        }
    }

    #[test]
    fn different_routes_are_told_as_such() {
        let mut streams = [stream(1, "mpv", "mpv", true), stream(2, "mpv", "mpv", true)];
        assert_eq!(group(&streams, &[])[0].route, AppRoute::All(StreamRoute::Processed));
        streams[1].route = StreamRoute::Unmanaged;
        assert_eq!(group(&streams, &[])[0].route, AppRoute::Mixed);
    }

    #[test]
    fn a_name_is_safe_to_show_and_the_key_stays_as_it_is() {
        let app = group(&[stream(1, "a\u{202e}b", "", true)], &[]).remove(0);
        assert_eq!(app.name, "a\\u{202e}b");
        assert_eq!(app.key, "a\u{202e}b");
    }

    #[test]
    fn an_application_without_any_name_is_there_all_the_same() {
        let apps = group(&[stream(1, "", "", true)], &[(String::new(), row("even-out", 0.0))]);
        let choice = Some(Treatment::Automatic);
        assert_eq!((apps.len(), apps[0].name.as_str(), apps[0].choice), (1, "", choice));
    }

    #[test]
    fn offset_in_force_is_that_of_its_newest_protected_stream() {
        let mut streams = [1, 2, 3].map(|id| stream(id, "mpv", "mpv", true));
        for (stream, offset_db) in streams.iter_mut().zip([-1.0, -2.0, -3.0]) {
            stream.offset_db = offset_db;
        }
        streams[2].route = StreamRoute::Bypass;
        let app = group(&streams, &[]).remove(0);
        assert!((app.offset_db + 2.0).abs() < 1e-9, "{}", app.offset_db);
        let app = group(&streams[2..], &[]).remove(0);
        assert!((app.offset_db + 3.0).abs() < 1e-9, "{}", app.offset_db);
    }
}
