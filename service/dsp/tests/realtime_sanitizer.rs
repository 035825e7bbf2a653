//! RealtimeSanitizer sees what it is there for: `scripts/test realtime` runs this and every test of what the data thread
//! does with it.
#![cfg(rtsan)]
#![feature(sanitize)]

use std::{env, hint::black_box, process::Command, sync::Mutex};

/// Set for the process that does what nobody may.
const FAULT: &str = "HEADROOM_REALTIME_FAULT";

#[sanitize(realtime = "nonblocking")]
fn allocate() {
    black_box(vec![0_u8; black_box(4_096)]);
}

#[sanitize(realtime = "nonblocking")]
fn print() {
    println!("a system call");
}

#[sanitize(realtime = "nonblocking")]
fn open() {
    black_box(std::fs::File::open("/dev/null").ok());
}

#[sanitize(realtime = "nonblocking")]
fn calculate() {
    black_box(Mutex::new(1_u8).get_mut().map(|x| *x).ok());
}

const FAULTS: [(&str, fn(), bool); 4] = [
    ("allocate", allocate, true),
    ("print", print, true),
    ("open", open, true),
    ("calculate", calculate, false),
];

#[test]
fn sanitizer_ends_a_process_that_breaks_the_rules() {
    if let Ok(wanted) = env::var(FAULT) {
        let fault = FAULTS.iter().find(|(name, ..)| *name == wanted).expect("it is one of them");
        return fault.1();
    }
    for (name, _, is_wrong) in FAULTS {
        let output = Command::new(env::current_exe().expect("this program has a file"))
            .args(["--exact", "sanitizer_ends_a_process_that_breaks_the_rules", "--nocapture"])
            .env(FAULT, name)
            .output()
            .expect("it runs");
        assert_eq!(output.status.success(), !is_wrong, "{name}: {output:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(said.contains("RealtimeSanitizer"), is_wrong, "{name}: {said}");
    }
}
