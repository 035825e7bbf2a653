//! Files that come, go and break while the library is in use.
#![allow(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use std::{fs, os::unix::fs::symlink, path::PathBuf};

use headroom_profile::Library;
use tempfile::TempDir;

struct Home {
    directory: TempDir,
    library: Library,
}

impl Home {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let library = Library::load(Some(&directory.path().join("profiles")));
        Self { directory, library }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.directory.path().join("profiles").join(file)
    }

    fn write(&self, file: &str, text: impl AsRef<[u8]>) {
        fs::create_dir_all(self.path("")).unwrap();
        fs::write(self.path(file), text).unwrap();
    }

    fn target(&self, name: &str) -> Option<f32> {
        Some(self.library.get(name)?.settings.chain.leveller.target_lufs)
    }

    fn sentences(&self) -> Vec<String> {
        self.library.faults().iter().map(|fault| fault.sentence.clone()).collect()
    }
}

fn target(lufs: i32) -> String {
    format!("leveller.target_lufs = {lufs}\n")
}

#[test]
fn a_directory_that_appears_later_is_read_then() {
    let mut home = Home::new();
    assert!(!home.library.reload() && home.library.faults().is_empty());
    home.write("mine.toml", target(-20));
    assert!(home.library.reload());
    assert_eq!(home.target("mine"), Some(-20.0));
    assert!(!home.library.reload(), "nothing changed");
    fs::remove_dir_all(home.path("")).unwrap();
    assert!(home.library.reload());
    assert_eq!(home.target("mine"), None);
}

#[test]
fn broken_file_keeps_its_last_good_version_until_mended() {
    let mut home = Home::new();
    home.write("mine.toml", target(-20));
    home.library.reload();
    for broken in
        ["", "# only a comment\n", "leveller.target_lufs = -", "[leveller]\ntarget_lufs = 3\n"]
    {
        home.write("mine.toml", broken);
        home.library.reload();
        assert_eq!(home.target("mine"), Some(-20.0), "{broken:?}");
        let sentences = home.sentences();
        assert_eq!(sentences.len(), 1, "{sentences:?}");
        assert!(sentences[0].ends_with("; its last good version stays in use"), "{sentences:?}");
        assert!(!home.library.reload(), "still broken in the same way");
    }
    home.write("mine.toml", target(-25));
    assert!(home.library.reload());
    assert_eq!(home.target("mine"), Some(-25.0));
    assert!(home.library.faults().is_empty());
}

#[test]
fn a_file_that_never_was_good_says_what_is_used_instead() {
    let mut home = Home::new();
    home.write("mine.toml", "nonsense");
    home.write("night.toml", "nonsense");
    home.library.reload();
    assert_eq!(home.target("mine"), None);
    assert_eq!(home.target("night"), Some(-23.0));
    let sentences = home.sentences();
    assert!(sentences[0].contains("there is no profile 'mine' until this is put right"));
    assert!(sentences[1].contains("the shipped profile of this name is used instead"));
}

#[test]
fn a_file_of_a_shipped_name_overrides_it_and_may_extend_it() {
    let mut home = Home::new();
    home.write("default.toml", format!("extends = \"default\"\n{}", target(-20)));
    home.library.reload();
    let default = home.library.get("default").unwrap();
    assert!(home.library.faults().is_empty());
    assert!(default.rules.len() > 10 && default.description.starts_with("Everyday"));
    assert_eq!(default.files.len(), 2);
    assert_eq!(home.target("default"), Some(-20.0));
    // What extends it follows: speech names its own target, transparent does not.
    assert_eq!(home.target("speech"), Some(-18.0));
    assert_eq!(home.target("transparent"), Some(-20.0));
    fs::remove_file(home.path("default.toml")).unwrap();
    assert!(home.library.reload());
    assert_eq!(home.target("transparent"), Some(-18.0));
}

#[test]
fn a_childs_keys_and_rules_come_before_its_parents() {
    let mut home = Home::new();
    let rule = |binary, treatment| {
        format!("[[rules]]\nmatch.process_binary = [\"{binary}\"]\ntreatment = \"{treatment}\"\n")
    };
    home.write(
        "parent.toml",
        "leveller.target_lufs = -20\nleveller.max_cut_db = 3\n".to_owned()
            + &rule("a", "leave-alone"),
    );
    home.write(
        "child.toml",
        "extends = \"parent\"\nleveller.max_cut_db = 4\n".to_owned() + &rule("b", "automatic"),
    );
    home.library.reload();
    let child = home.library.get("child").unwrap();
    assert_eq!(
        (child.settings.chain.leveller.target_lufs, child.settings.chain.leveller.max_cut_db),
        (-20.0, 4.0)
    );
    let files: Vec<_> =
        child.rules.iter().map(|rule| rule.origin.file.rsplit('/').next().unwrap()).collect();
    assert_eq!(files, ["child.toml", "parent.toml"]);
    assert_eq!(child.rules[0].origin.line, 3);
    assert_eq!(child.description, "Based on parent");
    assert_eq!(child.default_origin.to_string(), "built-in");
}

#[test]
fn a_circle_is_named_and_the_last_good_versions_stay() {
    let mut home = Home::new();
    home.write("a.toml", target(-20));
    home.write("b.toml", "extends = \"a\"\n");
    home.write("c.toml", "extends = \"b\"\n");
    home.library.reload();
    home.write("a.toml", "description = \"x\"\nextends = \"c\"\n");
    home.library.reload();
    let faults = home.library.faults();
    assert_eq!(faults.len(), 1, "only the file that closed the circle: {faults:?}");
    assert!(faults[0].sentence.contains("a -> c -> b -> a"), "{faults:?}");
    assert_eq!((faults[0].line, faults[0].key.as_str()), (Some(2), "extends"));
    for name in ["a", "b", "c"] {
        assert_eq!(home.target(name), Some(-20.0), "{name}");
    }
}

#[test]
fn a_circle_from_the_start_is_told_in_every_file_of_it() {
    let mut home = Home::new();
    home.write("a.toml", "extends = \"b\"\n");
    home.write("b.toml", "extends = \"a\"\n");
    home.write("c.toml", "extends = \"a\"\n");
    home.write("default.toml", "extends = \"night\"\n");
    home.library.reload();
    let sentences = home.sentences().join("\n");
    for part in [
        "a -> b -> a",
        "b -> a -> b",
        "extends names 'a', whose file has a fault",
        "default -> night -> default",
    ] {
        assert!(sentences.contains(part), "{sentences}");
    }
    assert_eq!(home.target("default"), Some(-18.0), "the shipped one");
    assert_eq!(home.target("night"), Some(-23.0));
}

#[test]
fn an_unknown_parent_is_told_with_what_there_is() {
    let mut home = Home::new();
    home.write("mine.toml", "extends = \"nigth\"\n");
    home.write("alone.toml", "extends = \"alone\"\n");
    home.library.reload();
    let sentences = home.sentences();
    assert!(sentences[0].contains("'alone' is not a shipped profile"), "{sentences:?}");
    assert!(
        sentences[1]
            .contains("line 1: extends names 'nigth', which is no profile: near it is 'night'")
    );
    assert!(sentences[1].contains("'speech'"));
}

#[test]
fn a_child_survives_the_loss_of_its_parent() {
    let mut home = Home::new();
    home.write("a.toml", target(-20));
    home.write("b.toml", "extends = \"a\"\n");
    home.library.reload();
    fs::remove_file(home.path("a.toml")).unwrap();
    home.library.reload();
    assert_eq!((home.target("a"), home.target("b")), (None, Some(-20.0)));
    assert!(home.sentences()[0].contains("its last good version stays in use"));
    assert!(!home.library.reload());
    assert_eq!(home.target("b"), Some(-20.0));
    home.write("a.toml", target(-30));
    home.library.reload();
    assert_eq!(home.target("b"), Some(-30.0));
    assert!(home.library.faults().is_empty());
}

#[test]
fn what_is_no_readable_file_is_told_and_droppings_are_not() {
    let mut home = Home::new();
    home.write("text.txt", "x");
    for dropping in
        [".hidden.toml", ".#lock.toml", "mine.toml~", "mine.toml.swp", "#mine.toml#", "4913"]
    {
        home.write(dropping, "nonsense");
    }
    home.library.reload();
    assert!(home.library.faults().is_empty());
    fs::create_dir(home.path("directory.toml")).unwrap();
    symlink("nowhere", home.path("link.toml")).unwrap();
    home.write("bytes.toml", b"# one\nname = \"\xff\"\n");
    home.write("huge.toml", vec![b'#'; (64 << 10) + 1]);
    home.write(" spaced.toml", target(-20));
    home.library.reload();
    let sentences = home.sentences();
    let expected = [
        "cannot be a profile's name",
        "it is not UTF-8 text, from line 2 on",
        "it is a directory",
        "it is larger than 65536 bytes",
        "it is a link to 'nowhere', which is not there",
    ];
    assert_eq!(sentences.len(), expected.len(), "{sentences:#?}");
    for (sentence, part) in sentences.iter().zip(expected) {
        assert!(sentence.contains(part), "{sentences:#?}");
    }
    // A link to a file is a file: many people keep theirs elsewhere.
    fs::write(home.directory.path().join("elsewhere"), target(-33)).unwrap();
    symlink("../elsewhere", home.path("linked.toml")).unwrap();
    home.library.reload();
    assert_eq!(home.target("linked"), Some(-33.0));
}

#[test]
fn a_pipe_is_not_waited_for() {
    let mut home = Home::new();
    home.write("x.txt", "");
    let path = home.path("pipe.toml");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    home.library.reload();
    assert!(home.sentences()[0].contains("it is a named pipe and not a regular file"));
}

#[test]
fn a_directory_that_cannot_be_read_leaves_everything_as_it_was() {
    let mut home = Home::new();
    home.write("mine.toml", target(-20));
    home.library.reload();
    fs::remove_dir_all(home.path("")).unwrap();
    fs::write(home.directory.path().join("profiles"), "a file").unwrap();
    assert!(home.library.reload());
    assert!(home.sentences()[0].contains("the directory cannot be read"));
    assert_eq!(home.target("mine"), Some(-20.0));
    assert!(!home.library.reload());
    // From the start, the shipped ones are there all the same.
    let library = Library::load(Some(&home.directory.path().join("profiles")));
    assert_eq!((library.iter().count(), library.faults().len()), (6, 1));
}

#[test]
fn only_so_many_profiles_are_read_and_the_rest_is_told_once() {
    let mut home = Home::new();
    for number in 0..1000 {
        home.write(&format!("p{number:04}.toml"), target(-20));
    }
    assert!(home.library.reload());
    assert_eq!(home.library.iter().filter(|profile| profile.name.starts_with('p')).count(), 256);
    assert_eq!(home.target("p0255"), Some(-20.0));
    let sentences = home.sentences();
    assert_eq!(sentences.len(), 1, "{sentences:#?}");
    assert!(sentences[0].contains("holds 1000 profiles"), "{sentences:?}");
    assert!(sentences[0].contains("744 are not: move some away"), "{sentences:?}");
}

#[test]
fn profiles_together_have_a_greatest_length() {
    let mut home = Home::new();
    for number in 0..20 {
        home.write(&format!("p{number:02}.toml"), target(-20) + &"#".repeat(65_000));
    }
    home.library.reload();
    assert_eq!(home.target("p15"), Some(-20.0));
    let sentences = home.sentences();
    assert_eq!(sentences.len(), 4, "{sentences:#?}");
    assert!(sentences[0].contains("all together may have 1048576"), "{sentences:?}");
    home.write("p00.toml", target(-20));
    home.library.reload();
    assert_eq!(home.sentences().len(), 3);
}

#[test]
fn many_faults_are_told_in_short() {
    let mut home = Home::new();
    for number in 0..200 {
        home.write(
            &format!("p{number:03}.toml"),
            format!("extends = \"{}\"\n", "x".repeat(10_000)),
        );
    }
    home.library.reload();
    assert_eq!(home.library.faults().len(), 200);
    let short = home.library.faults_in_short();
    assert_eq!(short.len(), 21);
    assert!(short[20].sentence.contains("there are 180 more faults, in 180 files"), "{short:#?}");
    let bytes: usize = short.iter().map(|fault| fault.sentence.len()).sum();
    assert!(bytes < 40_000, "{bytes} bytes");
    // Without a limit for each word, a file alone could fill the log.
    let longest = home.library.faults().iter().map(|fault| fault.sentence.len()).max();
    assert!(longest < Some(2000), "{longest:?}");
}
