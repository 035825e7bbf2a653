//! Every example that README and the manual print works as printed.

use headroom_testkit::signals;

use crate::rig::*;

/// Runs a line in a shell of the session.
fn run(rig: &Rig, line: &str) {
    if let Err(error) = rig.session.run("sh", &["-c", line]) {
        panic!("{line}\n{error}");
    }
}

#[test]
fn every_busctl_line_of_the_readme_works_as_printed() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md"));
    let readme = readme.unwrap();
    let lines: Vec<_> = readme.lines().filter(|line| line.starts_with("busctl ")).collect();
    assert!(lines.len() > 10, "{lines:?}");
    let rig = Rig::start();
    for line in lines {
        run(&rig, line);
    }
}

#[test]
fn every_command_line_of_the_readme_works_as_printed() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md"));
    let readme = readme.unwrap();
    // Each row of the table of commands, and each command that a sentence names in full.
    let lines: std::collections::BTreeSet<_> =
        readme.split('`').filter(|line| line.starts_with("headroom ")).collect();
    assert!(lines.len() > 10, "{lines:?}");
    let rig = Rig::start();
    // Something plays, for the examples that ask about a stream, and there is a file to render.
    let material = vec![signals::gaussian_noise(48_000, 0.1, 1); 2];
    let player = rig.session.player(material).app("Firefox").looping().start().unwrap();
    rig.wait_route(&player, "processed");
    let home = rig.session.home();
    let headroom = command_line().parent().unwrap().display();
    write_wav(&home.join("in.wav"), 48_000, vec![1000; 48_000]);
    for line in &lines {
        // The full-screen view wants a terminal, and goes on until it is told to end.
        let line = match *line {
            "headroom monitor" => {
                "TERM=xterm timeout 3 script -qec 'headroom monitor' /dev/null || [ $? = 124 ]"
                    .into()
            }
            // The line before it has turned everything off.
            "headroom compare" => "headroom bypass off; headroom compare 1s".into(),
            // It is installed and removed for real by the command line's own tests.
            line if line.starts_with("headroom install apply") => {
                line.replace("PRESET", "on-demand") + " --dry-run"
            }
            "headroom install remove" => "headroom install remove || [ $? = 1 ]".into(),
            "headroom install status" => "headroom install status || [ $? = 4 ]".into(),
            line => line.to_owned(),
        };
        run(&rig, &format!("cd {}; PATH={headroom}:$PATH; {line}", home.display()));
    }
}

#[test]
fn every_example_of_the_manual_works_as_printed() {
    let manual = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/org.headroom.Control.xml");
    let manual = std::fs::read_to_string(manual).unwrap();
    let mut examples: Vec<String> = manual
        .split("name=\"org.headroom.Example\"")
        .skip(1)
        .filter_map(|rest| rest.split_once("value=\"")?.1.split_once('"').map(|(line, _)| line))
        .map(|line| {
            line.replace("&quot;", "\"")
                .replace("&apos;", "'")
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&amp;", "&")
        })
        .collect();
    examples.dedup();
    assert!(examples.len() > 15, "{examples:?}");
    let rig = Rig::start();
    // Something plays, for the examples that ask about a stream.
    let material = vec![signals::gaussian_noise(48_000, 0.1, 1); 2];
    let player = rig.session.player(material).app("Firefox").looping().start().unwrap();
    rig.wait_route(&player, "processed");
    for example in &examples {
        run(&rig, example);
    }
}
