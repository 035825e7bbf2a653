//! Every text can be translated.

use std::{path::Path, process::Command};

use headroom_api::CatchRow;
use headroom_testkit::{asking::wait_for, mock::World};

use crate::{
    host::{Host, Row},
    rig::Rig,
};

#[test]
fn every_text_is_of_the_catalogue() {
    let folder = tempfile::tempdir().unwrap();
    let compile = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../po/compile");
    let compiled = Command::new(compile).arg("--pseudo").arg(folder.path()).status();
    assert!(compiled.unwrap().success());
    let locale = folder.path().to_str().unwrap();
    let rig = Rig::with(&[("HEADROOM_LOCALEDIR", locale), ("LANGUAGE", "xx")]);
    let host = Host::start(&rig);
    let catches = vec![CatchRow::default()];
    let _service = rig.service(World { catches, ..World::default() });
    host.wait_look("protected");
    let of_catalogue = |text: &str| text.contains('⟦') && text.contains('⟧');
    let rows = wait_for("the last catch", || Some(host.menu()).filter(|rows| rows.len() == 6));
    let below = rows.iter().flat_map(|row| &row.rows);
    for Row { label, .. } in rows.iter().chain(below) {
        assert!(of_catalogue(label), "{label}");
    }
    let (title, lines) = host.tooltip();
    for text in lines.lines().chain([title.as_str()]) {
        assert!(of_catalogue(text), "{text}");
    }
}
