//! What the command line prints for shells, readers of manuals and status bars, held against their own tools.

#![allow(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

#[allow(dead_code, reason = "other tests need more of it")]
mod common;

use std::{
    path::Path,
    process::{Command, Output},
};

use common::{headroom, stderr, stdout};

/// Runs a tool; `None` when it is not installed.
fn tool(program: &str, arguments: &[&str], file: &Path) -> Option<Output> {
    let output = Command::new(program).args(arguments).arg(file).env("LC_ALL", "C.UTF-8").output();
    match output {
        Ok(output) => Some(output),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => panic!("{program}: {error}"),
    }
}

fn completions(shell: &str) -> String {
    let output = headroom(&["completions", shell]).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    stdout(&output)
}

#[test]
fn the_completions_are_scripts_that_their_shells_can_read() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let file = folder.path().join(shell);
        std::fs::write(&file, completions(shell)).unwrap();
        match tool(shell, &["-n"], &file) {
            Some(output) => {
                assert!(
                    output.status.success() && output.stderr.is_empty(),
                    "{shell}: {}",
                    stderr(&output)
                );
            }
            None => assert_ne!(shell, "bash", "bash is needed"),
        }
    }
    assert!(completions("zsh").starts_with("#compdef headroom"));
    assert!(completions("fish").contains("complete -c headroom"));
}

#[test]
fn bash_completes_commands_actions_and_options() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("headroom.bash");
    std::fs::write(&file, completions("bash")).unwrap();
    for (words, expected) in [
        ("headroom pro", "profile"),
        ("headroom profile ''", "list show use reload"),
        ("headroom app se", "set"),
        ("headroom reset --a", "--all"),
        ("headroom completions f", "fish"),
    ] {
        let script = format!(
            ". {}; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _headroom headroom \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"; echo \"${{COMPREPLY[@]}}\"",
            file.display()
        );
        let output = Command::new("bash").args(["--norc", "-c", &script]).output().unwrap();
        let found = stdout(&output);
        let found: Vec<&str> = found.split_whitespace().collect();
        for word in expected.split(' ') {
            assert!(found.contains(&word), "{words}: {found:?} {}", stderr(&output));
        }
    }
}

#[test]
fn every_command_has_a_manual_page_that_the_formatters_take() {
    let folder = tempfile::tempdir().unwrap();
    let output = headroom(&["man", "--dir"]).arg(folder.path().join("man1")).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder.path().join("man1")).unwrap() {
        let file = entry.unwrap().path();
        let text = std::fs::read_to_string(&file).unwrap();
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        check_structure(&name, &text);
        for (program, arguments) in [
            ("groff", &["-man", "-ww", "-z", "-Tutf8"][..]),
            ("mandoc", &["-T", "lint", "-W", "error"]),
        ] {
            if let Some(output) = tool(program, arguments, &file) {
                let told = format!("{}{}", stdout(&output), stderr(&output));
                assert!(output.status.success() && told.is_empty(), "{program} {name}: {told}");
            }
        }
        names.push(name);
    }
    for name in
        ["headroom", "headroom-status", "headroom-profile", "headroom-profile-use", "headroom-set"]
    {
        assert!(names.iter().any(|known| known == name), "{name} is missing: {names:?}");
    }
    let page = headroom(&["man"]).output().unwrap();
    let main = std::fs::read_to_string(folder.path().join("man1/headroom.1")).unwrap();
    assert_eq!(stdout(&page), main, "without a folder it is the main page");
}

/// Checks what does not need a formatter: the header, the sections and their order, no control lost.
fn check_structure(name: &str, text: &str) {
    let title = format!(".TH {} 1", name.to_uppercase());
    assert!(text.contains(&title), "{name}: {title} is missing");
    let sections: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix(".SH "))
        .map(|title| title.trim_matches('"'))
        .collect();
    let expected = [
        "NAME",
        "SYNOPSIS",
        "DESCRIPTION",
        "EXAMPLES",
        "EXIT STATUS",
        "FILES",
        "ENVIRONMENT",
        "SEE ALSO",
    ];
    let mut rest = sections.iter();
    for section in expected {
        assert!(
            rest.any(|found| *found == section),
            "{name}: {section} is not in its place: {sections:?}"
        );
    }
    assert_eq!(text.matches("\n.nf").count(), text.matches("\n.fi").count(), "{name}");
    // What begins with a dot or a quote is a request to the formatter.
    let known =
        [".TH", ".SH", ".PP", ".TP", ".nf", ".fi", ".ie", ".el", ".RS", ".RE", ".br", ".IP"];
    for line in text.lines().filter(|line| line.starts_with(['.', '\''])) {
        assert!(known.iter().any(|request| line.starts_with(request)), "{name}: {line}");
    }
}

#[test]
fn every_command_of_the_waybar_example_is_one_of_ours() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/waybar"));
    let text = std::fs::read_to_string(folder.join("config.jsonc")).unwrap();
    let is_comment = |line: &&str| line.trim_start().starts_with("//");
    let plain: String = text.lines().filter(|line| !is_comment(line)).collect();
    let config: serde_json::Value = serde_json::from_str(&plain).unwrap();
    let module = config["custom/headroom"].as_object().unwrap();
    assert_eq!(module["return-type"], "json");
    let commands: Vec<&str> = module
        .iter()
        .filter(|(key, _)| *key == "exec" || key.starts_with("on-click"))
        .map(|(_, command)| command.as_str().unwrap())
        .collect();
    assert!(commands.len() > 2, "{commands:?}");
    for command in commands {
        let words: Vec<&str> = command.split(' ').collect();
        assert_eq!(words[0], "headroom");
        // It is understood, and fails only because no bus is there.
        let output = headroom(&words[1..]).output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{command}: {}", stderr(&output));
    }
}

#[test]
fn every_command_of_the_status_bar_examples_is_one_of_ours() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/status-bars");
    for name in ["polybar.ini", "i3status-rust.toml", "eww.yuck", "tmux.conf"] {
        let text = std::fs::read_to_string(Path::new(folder).join(name)).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with([';', '#']));
        let commands: Vec<&str> = lines
            .flat_map(|line| line.split("headroom ").skip(1))
            .map(|rest| rest.split(['|', '"', '`']).next().unwrap_or(rest).trim())
            .filter(|command| command.starts_with(|first: char| first.is_ascii_lowercase()))
            .collect();
        assert!(commands.len() > 1, "{name}: {commands:?}");
        for command in commands {
            // It is understood, and fails only because no bus is there.
            let output = headroom(&command.split(' ').collect::<Vec<_>>()).output().unwrap();
            assert_eq!(output.status.code(), Some(3), "{name}: {command}: {}", stderr(&output));
        }
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_refused() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let output = headroom(&["man", "--dir"]).arg(file.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("cannot be written"), "{}", stderr(&output));
}
