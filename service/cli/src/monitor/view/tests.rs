//! Pictures of every size, and what must be in them.

use ratatui::{Terminal, backend::TestBackend};
use zbus::Variant;

use super::*;
use crate::monitor::{
    feed::News,
    input::Key,
    model::tests::{dict, explained, owned, problem, stream, text, up},
};
use headroom_api::GaugeTable;

/// Draws and returns the rows as text.
fn picture(model: &mut Model, width: u16, height: u16) -> Vec<String> {
    let room = room(model, Size::new(width, height));
    model.set_page(room.streams);
    model.hold_pane(room.pane_last_first);
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(model, true, frame.buffer_mut())).unwrap();
    let buffer = terminal.backend().buffer();
    let row = |y| {
        let (mut row, mut x) = (String::new(), 0);
        while x < width {
            let symbol = buffer[(x, y)].symbol();
            row.push_str(symbol);
            // What stands behind a wide character is not seen.
            x += columns(symbol).max(1) as u16;
        }
        row
    };
    (0..height).map(row).collect()
}

fn gauges(entries: &[(&str, f64)]) -> GaugeTable {
    entries.iter().map(|(key, value)| ((*key).to_owned(), *value)).collect()
}

/// Returns a model with everything that can be shown.
fn full() -> Model {
    let mut model = up(12);
    let mut hostile = stream("Evil\u{1b}[2J\u{202e}", "bypass");
    hostile.insert("media".to_owned(), text("東京事変 ❤\u{fe0f} – Größe"));
    hostile.insert("level".to_owned(), owned(Variant::new(true)));
    model.apply(News::StreamChanged(1, hostile));
    model.apply(News::Properties(problem("The profile is broken. Edit it.")));
    model.apply(News::Meters(
        1,
        gauges(&[
            ("input-peak-dbfs", 3.2),
            ("true-peak-dbtp", -0.15),
            ("true-peak-max-dbtp", -0.12),
            ("leveller-db", 4.5),
            ("surge-db", -7.5),
            ("compressor-db", -2.0),
            ("cap-db", -1.5),
            ("limiter-soft-db", 0.0),
            ("limiter-hard-db", -5.5),
            ("momentary-lufs", -14.2),
            ("short-term-lufs", -15.3),
            ("integrated-lufs", -16.4),
        ]),
        vec![
            (
                0,
                gauges(&[
                    ("peak-dbfs", -12.3),
                    ("rms-dbfs", -20.1),
                    ("loudness-in-lufs", -9.0),
                    ("gain-db", -12.0),
                    ("leveller-db", -11.5),
                    ("surge-db", 0.0),
                    ("compressor-db", -0.5),
                    ("loudness-out-lufs", -21.0),
                ]),
            ),
            (1, gauges(&[("peak-dbfs", -1.0), ("rms-dbfs", -9.0), ("level-db", -6.3)])),
        ],
    ));
    model
}

#[test]
fn eighty_by_twenty_four_shows_everything_important() {
    let rows = picture(&mut full(), 80, 24);
    let all = rows.join("\n");
    for word in [
        "running: processed streams are protected",
        "profile default",
        "Speakers  48000 Hz, quantum 1024, adds 1.44 ms",
        "Problem: The profile is broken.",
        "x: read",
        "3.2 dBFS",
        "-0.2 dBTP",
        "max -0.1 of -0.1",
        "Changed most",
        "-12.0 dB",
        "Last catch",
        "none",
        "-5.5 dB",
        "momentary -14.2",
        "short-term -15.3",
        "integrated -16.4",
        "LUFS",
        "> App 0",
        "processed",
        "-12.3",
        "Evil\\u{1b}",
        "bypass",
        "-6.3",
        "A song",
        "the profile",
        "turned down 12 dB by leveller",
        "r treat",
        "b bypass",
        "? help  q quit",
    ] {
        assert!(all.contains(word), "{word:?} is missing in\n{all}");
    }
    assert!(!all.contains("Edit it."), "only the first sentence:\n{all}");
    assert!(!all.contains('\u{1b}') && !all.contains('\u{202e}'));
}

#[test]
fn every_size_can_be_drawn_with_every_pane() {
    let keys = ['\0', '?', 'x', 'p', 'e', 'r'];
    for key in keys {
        let mut model = full();
        model.press(Key::Letter(key));
        let why = Ok(Some(Box::new(explained())));
        model.settle(&crate::monitor::model::Action::Explain(0), why);
        for (width, height) in [
            (0, 0),
            (1, 1),
            (1, 60),
            (2, 2),
            (7, 3),
            (40, 10),
            (80, 24),
            (200, 60),
            (300, 1),
            (31, 5),
        ] {
            picture(&mut model, width, height);
        }
    }
    for mut model in [Model::default(), up(0), up(300)] {
        for size in 0..60 {
            picture(&mut model, size * 3, size);
        }
    }
}

#[test]
fn a_small_screen_keeps_what_matters_most() {
    let rows = picture(&mut full(), 40, 10);
    let all = rows.join("\n");
    for word in
        ["running", "Changed most", "-12.0 dB", "Last catch", "> App 0", "processed", "q quit"]
    {
        assert!(all.contains(word), "{word:?} is missing in\n{all}");
    }
    assert_eq!(rows.iter().filter(|row| row.contains("processed")).count(), 3, "{all}");
}

#[test]
fn a_wide_screen_tells_what_each_applications_own_chain_does() {
    let mut model = full();
    let rows = picture(&mut model, 160, 30);
    let heading = rows.iter().find(|row| row.contains("APPLICATION")).unwrap();
    let words: Vec<_> = heading.split_whitespace().collect();
    assert!(words.windows(3).any(|words| words == ["NOW", "IN", "OUT"]), "{heading}");
    let with_a_chain = |row: &&String| {
        let words: Vec<_> = row.split_whitespace().collect();
        words.windows(4).any(|words| words == ["-12.0", "leveller", "-9.0", "-21.0"])
    };
    assert_eq!(rows.iter().filter(with_a_chain).count(), 1, "{rows:#?}");
    let narrow = picture(&mut model, 110, 30);
    assert!(!narrow.iter().any(|row| row.contains("-21.0")), "{narrow:#?}");
}

#[test]
fn wide_characters_do_not_shift_what_stands_right_of_them() {
    let mut model = full();
    model.apply(News::StreamChanged(2, stream("東京東京東京東京東京東京東京東京", "processed")));
    let rows = picture(&mut model, 100, 30);
    let column = |word: &str| {
        let row = rows.iter().find(|row| row.contains(word)).unwrap();
        let at = row.find("processed").unwrap();
        columns(&row[..at])
    };
    assert_eq!(column("東京東"), column("App 3"), "{}", rows.join("\n"));
}

#[test]
fn bypass_and_offline_cannot_be_missed() {
    let mut model = full();
    model.apply(News::Properties(dict([
        ("Bypass", owned(Variant::new(true))),
        ("State", text("bypassed")),
    ])));
    let words = "BYPASSED: everything goes straight to the device";
    assert!(picture(&mut model, 80, 24)[0].contains(words));
    let mut buffer = Buffer::empty(ratatui::layout::Rect::new(0, 0, 80, 24));
    draw(&model, false, &mut buffer);
    let style = buffer[(5, 0)].style();
    assert!(style.add_modifier.contains(ratatui::style::Modifier::REVERSED));
    model.apply(News::Down);
    let rows = picture(&mut model, 80, 24);
    assert!(rows[0].contains("OFFLINE"), "{rows:?}");
    assert!(!rows.join("").contains("App 3"));
}

#[test]
fn catch_is_told_with_its_app_on_every_size() {
    let mut model = full();
    let blast = gauges(&[
        ("peak-dbfs", -1.0),
        ("loudness-out-lufs", -19.0),
        ("gain-db", -17.0),
        ("surge-db", -17.0),
    ]);
    let mut chained = stream("Firefox", "processed");
    chained.insert("chain".to_owned(), text("app"));
    model.apply(News::StreamChanged(3, chained));
    model.apply(News::Meters(2, gauges(&[]), vec![(3, blast)]));
    model.apply(News::Meters(3, gauges(&[]), Vec::new()));
    for (width, height) in [(40, 12), (80, 24), (200, 60)] {
        let all = picture(&mut model, width, height).join("\n");
        assert!(all.contains("Firefox: turned down 17"), "{width}x{height}:\n{all}");
    }
}

#[test]
fn without_colour_there_is_none() {
    let mut model = full();
    model.set_page(8);
    let mut buffer = Buffer::empty(ratatui::layout::Rect::new(0, 0, 80, 24));
    draw(&model, false, &mut buffer);
    let reset = ratatui::style::Color::Reset;
    assert!(buffer.content.iter().all(|cell| cell.fg == reset && cell.bg == reset));
    let mut coloured = Buffer::empty(buffer.area);
    draw(&model, true, &mut coloured);
    assert!(coloured.content.iter().any(|cell| cell.fg != reset), "with colour there is some");
    let symbols = |buffer: &Buffer| -> Vec<String> {
        buffer.content.iter().map(|cell| cell.symbol().to_owned()).collect()
    };
    assert_eq!(symbols(&buffer), symbols(&coloured), "and it says nothing that the text does not");
}

#[test]
fn a_message_is_seen_on_the_lowest_screen() {
    for height in [2, 4, 10, 24] {
        let mut model = full();
        model.settle(
            &crate::monitor::model::Action::SetBypass(true),
            Err("The service is ending.".to_owned()),
        );
        let rows = picture(&mut model, 40, height);
        assert!(rows.join("\n").contains("! The service is ending."), "{height}: {rows:?}");
    }
}

#[test]
fn a_long_list_says_where_it_is() {
    let mut model = full();
    picture(&mut model, 80, 20);
    model.press(Key::End);
    let all = picture(&mut model, 120, 20).join("\n");
    assert!(all.contains("APP 6-12/12") && all.contains("> App 11"), "{all}");
    assert!(!all.contains("App 3 "), "{all}");
}

#[test]
fn panes_say_all_that_there_is() {
    let mut model = full();
    model.press(Key::Letter('x'));
    assert!(picture(&mut model, 80, 24).join("\n").contains("Edit it."));
    model.press(Key::Escape);
    model.press(Key::Letter('p'));
    model.press(Key::Down);
    let all = picture(&mut model, 80, 24).join("\n");
    assert!(all.contains(">   night") && all.contains("  * default"), "{all}");
    model.press(Key::Escape);
    model.press(Key::Letter('?'));
    for _ in 0..100 {
        model.press(Key::Down);
    }
    let all = picture(&mut model, 80, 12).join("\n");
    assert!(all.contains("Esc closes") && all.contains("True peak"), "{all}");
    model.press(Key::Home);
    assert!(picture(&mut model, 80, 12).join("\n").contains("more below"));
}
