//! The translations: complete, up to date, true to the texts' places, and found by the panel.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use headroom_panel::i18n;

const CALLS: [&str; 6] = ["tr", "trf", "trn", "trnf", "trc", "trcf"];
/// Set in a child process of a test: a locale belongs to a process and is set once.
const CHILD: &str = "HEADROOM_I18N_TEST_CHILD";

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn run(program: impl AsRef<OsStr>, arguments: &[&OsStr]) -> String {
    let program = program.as_ref();
    let output = Command::new(program)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(output.status.success(), "{}: {said}", program.display());
    said
}

/// One entry of a catalogue; the header is the one with an empty `id`.
#[derive(Debug, Default, Clone)]
struct Entry {
    id: String,
    plural: Option<String>,
    translations: Vec<String>,
    fuzzy: bool,
}

fn catalogue(path: &Path) -> Vec<Entry> {
    let entries = entries_of(path);
    assert!(entries.len() > 10, "{} has hardly any texts", path.display());
    entries
}

fn entries_of(path: &Path) -> Vec<Entry> {
    let text = fs::read_to_string(path).expect("the catalogue can be read");
    let mut entries = Vec::new();
    for block in text.split("\n\n") {
        let mut entry = Entry::default();
        let mut keyword = "";
        for line in block.lines() {
            if let Some(flags) = line.strip_prefix("#,") {
                entry.fuzzy |= flags.contains("fuzzy");
            }
            if line.starts_with('#') || line.is_empty() {
                continue;
            }
            let (before, quoted) = line.split_once('"').expect("a line has a text");
            if !before.is_empty() {
                keyword = before.trim();
                if keyword.starts_with("msgstr") {
                    entry.translations.push(String::new());
                }
            }
            let text = unescaped(quoted.strip_suffix('"').expect("a text ends")).0;
            match keyword {
                "msgid" => entry.id.push_str(&text),
                "msgid_plural" => entry.plural.get_or_insert_default().push_str(&text),
                "msgctxt" => {}
                _ => entry.translations.last_mut().expect("pushed above").push_str(&text),
            }
        }
        if !keyword.is_empty() {
            entries.push(entry);
        }
    }
    entries
}

/// Reads a text up to its closing quote or its end; returns it and how many bytes it took.
fn unescaped(source: &str) -> (String, usize) {
    let mut text = String::new();
    let mut characters = source.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (text, at),
            '\\' => match characters.next().map(|(_, escaped)| escaped) {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some('\n') => while characters.next_if(|(_, c)| c.is_whitespace()).is_some() {},
                Some('u') => {
                    let digits: String = characters
                        .by_ref()
                        .map(|(_, c)| c)
                        .skip(1)
                        .take_while(|c| *c != '}')
                        .collect();
                    let code = u32::from_str_radix(&digits, 16).expect("an escape in hexadecimal");
                    text.push(char::from_u32(code).expect("a character"));
                }
                Some(other) => text.push(other),
                None => {}
            },
            other => text.push(other),
        }
    }
    (text, source.len())
}

fn places(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|part| Some(part.split_once('}')?.0)).collect()
}

fn languages() -> Vec<String> {
    let text = fs::read_to_string(top().join("po/LINGUAS")).expect("po/LINGUAS can be read");
    text.split_whitespace().map(str::to_owned).collect()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Finds the calls in a source, without the tests at its end: (line, what follows the bracket).
fn calls(source: &str) -> Vec<(usize, &str)> {
    let code = source.split("\n#[cfg(test)]\n").next().unwrap_or(source);
    let mut found = Vec::new();
    for (at, _) in code.match_indices('(') {
        let before = &code[..at];
        let name_start = before
            .rfind(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .map_or(0, |last| last + 1);
        let line_start = before.rfind('\n').map_or(0, |last| last + 1);
        let is_call = CALLS.contains(&&before[name_start..])
            && !before[..name_start].ends_with("fn ")
            && !before[line_start..].trim_start().starts_with("//");
        if is_call {
            found.push((before.matches('\n').count() + 1, code[at + 1..].trim_start()));
        }
    }
    found
}

#[test]
fn translations_are_complete_and_up_to_date() {
    let said = run(top().join("po/update"), &["--check".as_ref()]);
    assert_eq!(said.matches("translated messages.").count(), languages().len(), "{said}");
}

/// xgettext reads Rust as if it were C; this looks for the texts in a way that shares nothing with it.
#[test]
fn every_text_of_the_sources_is_in_the_catalogue() {
    let known: BTreeSet<String> =
        catalogue(&top().join("po/headroom.pot")).into_iter().map(|entry| entry.id).collect();
    let listed = fs::read_to_string(top().join("po/POTFILES")).expect("po/POTFILES can be read");
    let mut files = Vec::new();
    for folder in ["panel/src", "panel/tray/src", "panel/words/src"] {
        sources(&top().join(folder), &mut files);
    }
    let mut texts = 0;
    for file in files {
        let name = file.strip_prefix(top()).expect("below it").display().to_string();
        let source = fs::read_to_string(&file).expect("the source can be read");
        for (line, rest) in calls(&source) {
            assert!(listed.lines().any(|entry| entry == name), "po/POTFILES lacks {name}");
            // The functions themselves pass on what they are given.
            if name == "panel/words/src/i18n.rs" && !rest.starts_with('"') {
                continue;
            }
            let rest = rest.strip_prefix('"');
            let rest =
                rest.unwrap_or_else(|| panic!("{name}:{line}: the text is no plain literal"));
            let (first, length) = unescaped(rest);
            let known_as = |text: &str| known.contains(text);
            // Of a text with a context, the context comes first.
            let second = rest[length..]
                .strip_prefix("\",")
                .and_then(|rest| rest.trim_start().strip_prefix('"'))
                .map(|rest| unescaped(rest).0);
            let is_known = known_as(&first) || second.is_some_and(|text| known_as(&text));
            assert!(is_known, "{name}:{line}: {first:?} is not in po/headroom.pot");
            texts += 1;
        }
    }
    assert!(texts > 10, "only {texts} texts in the sources");
}

/// What is Rust and no C, and has lost texts to xgettext's reader of C.
#[test]
fn extraction_reads_rust() {
    const SOURCE: &str = r##"
impl<'a, 'b: 'a> Row<'a> {
    #[watch] set_label: &tr("after an attribute"),
    fn one(&'static self) -> &'a str { 'outer: loop { tr("beside a lifetime"); break 'outer; } }
    fn two() { tr("it's an app's \"name\""); ['"', '\'', '…']; tr("after characters \u{2026}") }
    /* a comment /* in a comment with a " */ */
    fn three() { r#"<a b="c">"#; tr(r#"a "raw" text"#); tr("a long \
        text"); }
}
"##;
    let folder = tempfile::tempdir().expect("a folder");
    let [source, readable, found] =
        ["source.rs", "readable.rs", "found.pot"].map(|name| folder.path().join(name));
    fs::write(&source, SOURCE).expect("the source is written");
    let reader = top().join("po/rust-to-c.awk");
    let as_c = run("awk", &["-f".as_ref(), reader.as_os_str(), source.as_os_str()]);
    assert_eq!(as_c.lines().count(), SOURCE.lines().count(), "lines keep their numbers: {as_c}");
    fs::write(&readable, as_c).expect("the source is written");
    let options = ["-L", "C", "--from-code=UTF-8", "-ktr", "-o"].map(OsStr::new);
    let files = [found.as_os_str(), readable.as_os_str()];
    run("xgettext", &[&options[..], &files[..]].concat());
    let texts: Vec<String> = entries_of(&found).into_iter().skip(1).map(|entry| entry.id).collect();
    let wanted = [
        "after an attribute",
        "beside a lifetime",
        "it's an app's \"name\"",
        "after characters …",
        "a \"raw\" text",
        "a long text",
    ];
    assert_eq!(texts, wanted);
}

#[test]
fn a_translation_keeps_the_places_and_the_shape_of_its_text() {
    for language in languages() {
        for entry in catalogue(&top().join(format!("po/{language}.po"))) {
            if entry.id.is_empty() || entry.id == "translator-credits" {
                continue;
            }
            let wanted = entry.plural.as_deref().unwrap_or(&entry.id);
            assert!(!entry.fuzzy, "{language}: {:?} is fuzzy", entry.id);
            for translation in &entry.translations {
                let about = format!("{language}: {:?} as {translation:?}", entry.id);
                assert_eq!(places(wanted), places(translation), "{about}");
                assert_eq!(
                    wanted.matches('_').count(),
                    translation.matches('_').count(),
                    "{about}: access key"
                );
                for end in ['.', ':', ';', '…'] {
                    let (is, shall) = (translation.ends_with(end), wanted.ends_with(end));
                    assert_eq!(is, shall, "{about}: how it ends");
                }
                assert_eq!(translation.trim(), translation, "{about}: space around it");
            }
        }
    }
}

/// Runs the named test of this file again, in a process with these variables.
fn in_a_process(test: &str, variables: &[(&str, &OsStr)]) {
    in_a_process_of(&std::env::current_exe().expect("this program has a path"), test, variables);
}

/// Runs the named test of a copy of this program.
fn in_a_process_of(program: &Path, test: &str, variables: &[(&str, &OsStr)]) {
    let mut child = Command::new(program);
    child.args([test, "--exact", "--nocapture"]).env(CHILD, "1");
    for name in ["LC_ALL", "LANG", "LANGUAGE", i18n::LOCALE_DIR_VARIABLE] {
        child.env_remove(name);
    }
    child.envs(variables.iter().copied());
    let output = child.output().expect("this program runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

/// Does what GTK does when it starts.
fn set_locale() {
    // SAFETY: the test is the only one in its process, and nothing has read the locale.
    unsafe { i18n::set_locale() };
    i18n::init();
}

#[test]
fn a_german_reads_german_texts_and_numbers() {
    if is_child() {
        set_locale();
        assert_eq!(i18n::number(-12_345.67, 1), "−12.345,7");
        assert_eq!(i18n::db(-0.1), "−0,1\u{a0}dB");
        assert_eq!(i18n::quantity(50.0, 0, "%"), "50\u{a0}%");
        assert_eq!(i18n::tr("Keep every app at a comfortable loudness"), "Jede App angenehm laut");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let locale = folder.path().join("de_DE.UTF-8");
    let made = ["-i", "de_DE", "-f", "UTF-8"].map(OsStr::new);
    run("localedef", &[&made[..], &[locale.as_os_str()]].concat());
    run(top().join("po/compile"), &[folder.path().as_os_str()]);
    in_a_process(
        "a_german_reads_german_texts_and_numbers",
        &[
            ("LOCPATH", folder.path().as_os_str()),
            ("LC_ALL", "de_DE.UTF-8".as_ref()),
            (i18n::LOCALE_DIR_VARIABLE, folder.path().as_os_str()),
        ],
    );
}

#[test]
fn the_pseudo_language_marks_every_text_and_keeps_places() {
    if is_child() {
        set_locale();
        assert_eq!(i18n::tr("Loudness Protection"), "⟦Lóúdñéss Prótéctíóñ⟧");
        assert_eq!(i18n::quantity(6.0, 0, "LUFS"), "⟦6\u{a0}LUFS⟧");
        assert_eq!(i18n::tr("not in the catalogue"), "not in the catalogue");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    run(top().join("po/compile"), &["--pseudo".as_ref(), folder.path().as_os_str()]);
    in_a_process(
        "the_pseudo_language_marks_every_text_and_keeps_places",
        &[
            ("LC_ALL", "C.UTF-8".as_ref()),
            ("LANGUAGE", "xx".as_ref()),
            (i18n::LOCALE_DIR_VARIABLE, folder.path().as_os_str()),
        ],
    );
}

#[test]
fn an_installed_panel_finds_the_catalogues_of_its_own_prefix() {
    if is_child() {
        set_locale();
        assert_eq!(i18n::tr("Loudness Protection"), "⟦Lóúdñéss Prótéctíóñ⟧");
        return;
    }
    let prefix = tempfile::tempdir().expect("a folder");
    let program = prefix.path().join("bin/panel");
    fs::create_dir(prefix.path().join("bin")).expect("a folder for the program");
    fs::copy(std::env::current_exe().expect("this program has a path"), &program).expect("a copy");
    let locale = prefix.path().join("share/locale");
    run(top().join("po/compile"), &["--pseudo".as_ref(), locale.as_os_str()]);
    in_a_process_of(
        &program,
        "an_installed_panel_finds_the_catalogues_of_its_own_prefix",
        &[("LC_ALL", "C.UTF-8".as_ref()), ("LANGUAGE", "xx".as_ref())],
    );
}
