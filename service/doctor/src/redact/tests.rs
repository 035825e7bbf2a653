use super::*;

fn person() -> Person {
    Person {
        users: vec!["anna".to_owned()],
        names: vec!["Anna".to_owned(), "Müller-Lüdenscheidt".to_owned()],
        homes: vec!["/home/anna".to_owned()],
        hosts: vec!["annas-laptop".to_owned(), "annas-laptop.example.net".to_owned()],
        ids: vec!["0123456789abcdef0123456789abcdef".to_owned()],
    }
}

fn redacted(text: &str) -> String {
    Redactor::new(person()).text(text)
}

#[test]
fn plain_words_stay() {
    for text in [
        "The service runs, up for 12 s. State: running: processed streams are protected.",
        "PipeWire 1.4.2.",
        "loud.toml, line 3: 'leveller.loud' is unknown.",
        "connected to PipeWire version=\"1.4.2\"",
        "headroom_service::pw::connection: it's fine",
        "systemctl --user reset-failed headroom.service && systemctl --user start headroom.service",
        "busctl --user call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus ReloadConfig",
        "0 of 0 cycles were late; the longest took 0 us.",
        "2026-11-21T10:04:32Z ready",
    ] {
        assert_eq!(redacted(text), text);
    }
}

#[test]
fn the_person_and_the_machine_are_hidden_in_every_shape() {
    for (text, expected) in [
        ("by anna", "by <user>"),
        ("ANNA's and annas", "<user>'s and <user>"),
        ("anna_2 anna-phone", "<user>_2 <user>-phone"),
        ("Joanna", "Joanna"),
        ("müller-lüdenscheidt", "<user>"),
        ("annas-laptop.example.net:22", "<host>:22"),
        ("machine 0123456789abcdef0123456789abcdef", "machine <id-1>"),
    ] {
        assert_eq!(redacted(text), expected);
    }
}

#[test]
fn a_very_short_name_is_hidden_where_it_is_one() {
    let person = Person { users: vec!["a".to_owned()], ..Person::default() };
    let mut redactor = Redactor::new(person);
    assert_eq!(redactor.text("a unit of user=a"), "a unit of user=<user>");
}

#[test]
fn paths_keep_only_what_is_the_systems_or_ours() {
    for (text, expected) in [
        (
            "/usr/share/dbus-1/services/com.example.Headroom.service starts",
            "/usr/share/dbus-1/services/com.example.Headroom.service starts",
        ),
        (
            "/home/anna/.config/headroom/profiles/night.toml: bad",
            "<home>/.config/headroom/profiles/night.toml: bad",
        ),
        ("in /home/anna/Diary of 2024/secret plans.txt", "in <home>/<path-1>"),
        ("'/home/anna/My secret'", "'<home>/<path-1>'"),
        ("/mnt/My disk/Head room/x.toml: Permission denied", "<path-1>: Permission denied"),
        ("/run/user/1000/headroom/session.toml", "/run/user/<user>/headroom/session.toml"),
        (
            "/usr/libexec/headroom-service --deployment service/user/default, by the unit headroom.service.",
            "/usr/libexec/headroom-service --deployment service/user/default, by the unit headroom.service.",
        ),
        ("'/usr/libexec/x' is older than y.toml", "'/usr/libexec/x' is older than y.toml"),
        ("'/mnt/Geheime Ordner' is no folder.", "'<path-1>' is no folder."),
        ("/mnt/Geheime Ordner is no folder.", "<path-1>."),
        ("->/home/anna/Geheim und mehr", "-><home>/<path-1>"),
        ("~/.profile and ~/Geheim", "<home>/.profile and <home>/<path-1>"),
        ("/home/annabel/x", "<path-1>"),
        ("/usr/share/Geheimes Büro/x", "<path-1>"),
    ] {
        assert_eq!(redacted(text), expected, "{text}");
    }
}

#[test]
fn addresses_and_numbers_are_hidden() {
    for (text, expected) in [
        ("from 192.168.17.4:5000.", "from <ip-1>."),
        ("[fe80::1%eth0]:80 and 2001:db8::7", "<ip-1> and <ip-2>"),
        ("mail anna.m@example.org,", "mail <mail-1>,"),
        ("tcp://10.0.0.1:4713", "<url-1>"),
        ("at 00:1A:7D:DA:71:13.", "at <mac-1>."),
        ("bluez_output.00_1A_7D_DA_71_13.1 x", "<device-1> x"),
        ("dev_00_1A_7D_DA_71_13", "dev_<mac-1>"),
        ("usb-Focus_Y8ABC12345678-00", "usb-Focus_<id-1>-00"),
        ("b52f7c1e-8d2e-4f63-9c1e-2a3b4c5d6e7f", "<id-1>"),
        ("alsa_output.pci-0000_00_1f.3.analog-stereo", "<device-1>"),
    ] {
        assert_eq!(redacted(text), expected, "{text}");
    }
}

#[test]
fn quoted_text_that_is_not_plain_is_hidden() {
    for (text, expected) in [
        ("no stream 'My Secret Song' here", "no stream '<text-1>' here"),
        ("'Otto's phones' is away", "'<text-1>' is away"),
        ("media=\"My Secret Song\"", "media=\"<text-1>\""),
        ("reason=\"connection reset\"", "reason=\"connection reset\""),
        ("reason=\"no 'My Song'\"", "reason=\"no '<text-1>'\""),
    ] {
        assert_eq!(redacted(text), expected, "{text}");
    }
}

#[test]
fn known_values_are_hidden_everywhere_under_one_name() {
    let mut redactor = Redactor::new(person());
    assert_eq!(redactor.hide(Kind::Device, "Otto's headphones"), "<device-1>");
    assert_eq!(redactor.hide(Kind::Device, "Speakers"), "<device-2>");
    assert_eq!(redactor.hide(Kind::Title, "A/B \u{1b}[2J `song`"), "<title-1>");
    assert_eq!(redactor.hide(Kind::Device, ""), "");
    assert_eq!(
        redactor.text("OTTO'S HEADPHONES, then 'Otto's headphones'; A/B \u{1b}[2J `song`!"),
        "<device-1>, then '<device-1>'; <title-1>!"
    );
    assert_eq!(redactor.hide(Kind::Device, "otto's headphones"), "<device-1>");
    assert_eq!(redactor.counts()[&Kind::Device], 2);
}

#[test]
fn a_word_of_nobodys_stays_and_any_other_is_hidden() {
    let mut redactor = Redactor::new(person());
    assert_eq!(redactor.word(Kind::Profile, "night"), "night");
    assert_eq!(redactor.word(Kind::Profile, "anna-at-night"), "<profile-1>");
    assert_eq!(redactor.word(Kind::Profile, "My night"), "<profile-2>");
}

#[test]
fn marks_in_a_text_are_not_taken_for_placeholders() {
    assert_eq!(redacted("x\u{f0000}y"), "x\u{fffd}y");
}
