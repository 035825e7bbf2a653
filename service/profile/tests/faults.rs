//! Everything that can be wrong in a file is told by file, line and key, with what is accepted.
#![allow(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use std::fs;

use headroom_profile::{Fault, Library};

fn faults(text: &str) -> Vec<Fault> {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("mine.toml"), text).unwrap();
    Library::load(Some(directory.path())).faults().to_vec()
}

/// Text, line, key, what the sentence says.
type Row = (&'static str, usize, &'static str, &'static str);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("[limiter]\nceiling_dbtp = 0.5", 2, "limiter.ceiling_dbtp", "limiter.ceiling_dbtp cannot be 0.5: it takes a number from -12 to -0.1 dBTP"),
    ("[limiter]\n\nceiling_dbtp = 0", 3, "limiter.ceiling_dbtp", "cannot be 0: it takes a number from -12 to -0.1 dBTP"),
    ("leveller.target_lufs = nan", 1, "leveller.target_lufs", "cannot be NaN: it takes a number from -40 to -8 LUFS"),
    ("leveller.target_lufs = -inf", 1, "leveller.target_lufs", "cannot be -inf"),
    ("leveller.target_lufs = \"-20\"", 1, "leveller.target_lufs", "cannot be \"-20\": it takes a number"),
    ("leveller.target_lufs = [-20]", 1, "leveller.target_lufs", "cannot be a list"),
    ("leveller.target_lufs = 2026-11-21", 1, "leveller.target_lufs", "cannot be a date or time"),
    ("leveller.target_lufs = 99999999999999999999999", 1, "leveller.target_lufs", "it takes a number from -40 to -8 LUFS"),
    ("leveller.enabled = 1", 1, "leveller.enabled", "cannot be 1: it takes true or false"),
    ("leveller.enabled = \"yes\"", 1, "leveller.enabled", "cannot be \"yes\": it takes true or false"),
    ("compressor.detector = \"both\"", 1, "compressor.detector", "cannot be \"both\": it takes \"peak\" or \"rms\""),
    ("compressor.makeup_db = \"none\"", 1, "compressor.makeup_db", "a number from -12 to 24 dB, or \"auto\""),
    ("app_volume.attack_ms = 1", 1, "app_volume.attack_ms", "a number from 50 to 5000 ms"),
    ("[leveller]\ntarget = -20", 2, "leveller.target", "near it is 'leveller.target_lufs'"),
    ("[leveller]\nceiling_dbtp = -1", 2, "leveller.ceiling_dbtp", "near it is 'limiter.ceiling_dbtp'"),
    ("[agc]\ntarget_lufs = -20", 2, "agc.target_lufs", "agc.target_lufs is now leveller.target_lufs; `headroom profile migrate FILE` rewrites the file"),
    ("agc.up_db_per_s = 2", 1, "agc.up_db_per_s", "agc.up_db_per_s has no successor: the leveller finds its own speed; `headroom profile migrate FILE` rewrites the file"),
    ("agc = 3", 1, "agc", "agc is now leveller; "),
    ("agc.zeal = 3", 1, "agc.zeal", "agc is now leveller; "),
    ("[level]\nenabled = true", 2, "level.enabled", "level.enabled is now app_volume.enabled; "),
    ("leveller.surge = \"hard\"", 1, "leveller.surge", "it takes \"off\" or \"gentle\" or \"normal\" or \"strict\""),
    ("leveller.cap_lufs = \"none\"", 1, "leveller.cap_lufs", "a number from -30 to -3 LUFS, or \"off\""),
    ("[[rules]]\nmatch.media_role = [\"a\"]\ntreatment = \"leave-alone\"\nlevel = false", 4, "rules.level", "rules.level is now rules.app_volume; `headroom profile migrate FILE` rewrites"),
    ("[limiter.soft]\nqqq = 1", 2, "limiter.soft.qqq", "there are 'limiter.soft.enabled', 'limiter.soft.max_psr_db'"),
    ("[compresor]\nratio = 2", 1, "compresor", "near it is 'compressor'"),
    ("limiter = 3", 1, "limiter", "limiter cannot be 3: it is a table"),
    ("chains = \"both\"", 1, "chains", "it takes \"per-app\" or \"shared\""),
    ("name = \"yours\"", 1, "name", "name is \"yours\", but the file's name says 'mine'"),
    ("name = 3", 1, "name", "name cannot be 3"),
    ("description = \"two\\nlines\"", 1, "description", "one line of up to 200 characters"),
    ("extends = false", 1, "extends", "extends cannot be false: it takes the name of a profile"),
    ("[unmatched]\ntreatment = \"off\"", 2, "unmatched.treatment", "cannot be \"off\": it takes \"automatic\" or \"even-out\" or \"limit-only\" or \"leave-alone\""),
    ("[unmatched]\ntreatmnt = \"automatic\"", 2, "unmatched.treatmnt", "near it is 'unmatched.treatment'"),
    ("leveller.enabled = true\n[unmatched]", 2, "unmatched", "unmatched.treatment is missing"),
    ("unmatched = \"leave-alone\"", 1, "unmatched", "it is a table"),
    ("[default_route]\nroute = \"bypass\"", 2, "default_route.route", "default_route.route is now unmatched.treatment; `headroom profile migrate FILE` rewrites"),
    ("[[rules]]\nmatch.media_role = [\"a\"]\nroute = \"bypass\"", 3, "rules.route", "rules.route is now rules.treatment; `headroom profile migrate FILE` rewrites"),
    ("rules = 3", 1, "rules", "each rule is a [[rules]] table"),
    ("rules = [3]", 1, "rules", "rules cannot be 3: it is a table"),
    ("\n[[rules]]\ntreatment = \"leave-alone\"", 2, "rules.match", "it matches nothing"),
    ("[[rules]]\ntreatment = \"leave-alone\"\nmatch = {}", 3, "rules.match", "match is empty, so it matches nothing"),
    ("[[rules]]\ntreatment = \"leave-alone\"\nmatch.media_role = []", 3, "rules.match.media_role", "is empty, so this rule matches nothing"),
    ("[[rules]]\ntreatment = \"leave-alone\"\nmatch.media_role = [\n  \"Game\",\n  \"\",\n]", 5, "rules.match.media_role", "an empty pattern"),
    ("[[rules]]\ntreatment = \"leave-alone\"\nmatch.media_role = \"Game\"", 3, "rules.match.media_role", "it takes a list of patterns, such as"),
    ("[[rules]]\ntreatment = \"leave-alone\"\nmatch.media_role = [1]", 3, "rules.match.media_role", "cannot have 1 in it"),
    ("[[rules]]\ntreatment = \"leave-alone\"\nmatch.process_binray = [\"a\"]", 3, "rules.match.process_binray", "near it is 'rules.match.process_binary'"),
    ("[[rules]]\nmatch.media_role = [\"a\"]", 1, "rules.treatment", "this rule has no treatment"),
    ("[[rules]]\nmatch.media_role = [\"a\"]\ntreatment = \"unmanaged\"", 3, "rules.treatment", "cannot be \"unmanaged\""),
    ("[[rules]]\nmatch.media_role = [\"a\"]\ntreatment = \"leave-alone\"\napp_volume = \"on\"", 4, "rules.app_volume", "it takes true or false"),
    ("[[rules]]\nmatch.media_role = [\"a\"]\ntreatment = \"leave-alone\"\napp_volum = true", 4, "rules.app_volum", "near it is 'rules.app_volume'"),
    ("[[rules]]\nmatch.media_role = [\"a\"]\ntreatment = \"automatic\"\noffset_db = -12.5", 4, "rules.offset_db", "rules.offset_db cannot be -12.5: it takes a number from -12 to 12 dB"),
    ("[[rules]]\nmatch.media_role = [\"a\"]\ntreatment = \"automatic\"\nstrength = nan", 4, "rules.strength", "it takes a number from 0 to 1"),
    ("[[rules]]\nmatch.media_role = [\"a\"]\ntreatment = \"automatic\"\nchain = false", 4, "rules.chain", "rules.chain is now rules.treatment"),
    ("[[rules]]\nmatch.media_role = [\"a\"]\ntreatment = \"automatic\"\nofset_db = 1", 4, "rules.ofset_db", "near it is 'rules.offset_db'"),
    ("[leveller]\nenabled = true\nenabled = false", 3, "", "this is not TOML: duplicate key"),
    ("[leveller\n", 1, "", "this is not TOML"),
];

#[test]
fn each_kind_of_fault_has_its_line_its_key_and_its_sentence() {
    for row @ &(text, line, key, what) in ROWS {
        let faults = faults(text);
        assert_eq!(faults.len(), 1, "{row:?}: {faults:#?}");
        let Fault { file, line: found, key: found_key, sentence } = &faults[0];
        assert_eq!((*found, found_key.as_str()), (Some(line), key), "{row:?}: {sentence}");
        assert!(sentence.starts_with(&format!("{file}, line {line}: ")), "{sentence}");
        assert!(sentence.contains(what), "{row:?}: {sentence}");
        assert!(file.ends_with("/mine.toml"));
        assert!(
            sentence.ends_with("; there is no profile 'mine' until this is put right"),
            "{sentence}"
        );
    }
}

#[test]
fn all_faults_of_a_file_are_told_by_line() {
    let text =
        "chains = 1\n[leveller]\nenabled = 2\nnope = 3\n[[rules]]\ntreatment = 4\nmatch = 5\n";
    let lines: Vec<_> = faults(text).iter().map(|fault| fault.line.unwrap()).collect();
    assert_eq!(lines, [1, 3, 4, 6, 7]);
}

#[test]
fn very_many_faults_are_counted_instead() {
    let text = (0..50).fold(String::new(), |text, n| text + &format!("zz{n} = 1\n"));
    let faults = faults(&text);
    assert_eq!(faults.len(), 21);
    assert!(faults[20].sentence.contains("30 more faults"));
}

#[test]
fn whole_numbers_and_either_word_are_taken() {
    let text = "chains = \"per-app\"\nname = \"mine\"\nleveller.target_lufs = -20\ncompressor.makeup_db = 3\n\
                limiter.ceiling_dbtp = -0.1\nleveller.max_cut_db = 0x10\n";
    assert_eq!(faults(text), []);
}
