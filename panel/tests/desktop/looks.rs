//! Pictures of the panel over the real service with applications that play; they are looked at, not compared.

use headroom_testkit::{
    session::{Device, Player, Session},
    signals::{kicks, speech_like},
};

use crate::{
    bus::block,
    desktop::Desktop,
    panel::{Look, Panel},
    real::{control, service_binary, wait_running},
};

const RATE_HZ: u32 = 48_000;
const SECONDS: usize = 8;
/// The device that is not the default one.
const TELEVISION: &str = "television";

/// Someone's evening: who plays what, how loud, and where to.
fn evening(desktop: &Desktop) -> Vec<Player> {
    let frames = SECONDS * RATE_HZ as usize;
    let start = |app: &str, binary: &str, media: &str, sound: Vec<f32>, target: Option<&str>| {
        let player = desktop.session.player(vec![sound.clone(), sound]);
        let player = player.app(app).binary(binary).media(media).looping();
        let player =
            target.into_iter().fold(player, headroom_testkit::session::PlayerBuilder::target);
        player.start().unwrap()
    };
    let speech = |lufs, seed| speech_like(RATE_HZ, frames, lufs, seed);
    vec![
        start("Firefox", "firefox", "Cats at sunrise, 4K", speech(-30.0, 1), None),
        start(
            "Firefox",
            "firefox",
            "A much louder advertisement with a long name",
            speech(-9.0, 2),
            None,
        ),
        start("WEBRTC VoiceEngine", "Discord", "playStream", speech(-24.0, 3), None),
        start("Spotify", "spotify", "Spotify", kicks(RATE_HZ, frames, 120.0, 0.5), None),
        start("VLC media player", "vlc", "A film", speech(-20.0, 4), Some(TELEVISION)),
    ]
}

#[test]
fn pictures_over_the_real_service() {
    let television = Device::new(TELEVISION).description("Living room television");
    let session = Session::builder().device(Device::new("device")).device(television);
    let desktop = Desktop::over(session.start().unwrap());
    let _service = desktop.session.spawn_service(service_binary()).unwrap();
    wait_running(&desktop);
    let _players = evening(&desktop);
    let control = control(&desktop);
    block(control.set_introduced(true)).unwrap();
    block(control.set_treatment("Discord", "automatic", -3.0)).unwrap();
    block(control.set_treatment("firefox", "limit-only", 0.0)).unwrap();

    let tall = Look { size: Some("720x2900"), ..Look::default() };
    for (name, look) in [
        ("light", tall),
        ("narrow-german", Look { size: Some("360x2900"), language: Some("de"), ..tall }),
    ] {
        let panel = Panel::looking(&desktop, look);
        // A voice's name and not its library's; a title, and the same app's other one.
        for text in ["Discord", "Cats at sunrise, 4K", "Spotify", "A film"] {
            panel.wait_says(text);
        }
        for app in ["Firefox", "Discord", "Spotify", "VLC"] {
            panel.open_all(app);
        }
        panel.wait_says("Living room television");
        panel.turn_to("protection");
        panel.picture(&format!("real-protection-{name}"));
        panel.turn_to("settings");
        panel.picture(&format!("real-settings-{name}"));
        // Last, so that its gauges have moved.
        panel.turn_to("apps");
        panel.picture(&format!("real-apps-{name}"));
    }
    // Those of README and of the metainfo.
    let panel = Panel::start(&desktop);
    panel.wait_says("A film");
    panel.picture("readme-apps");
    drop(panel);
    let panel = Panel::looking(&desktop, Look { dark: true, ..Look::default() });
    panel.wait_says("A film");
    panel.turn_to("protection");
    panel.picture("readme-protection");
}
