//! The target `graph`: under a fuzzer its entry, otherwise it replays files.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| headroom_fuzz::graph::check(bytes));

#[cfg(not(fuzzing))]
fn main() -> std::io::Result<()> {
    headroom_fuzz::replay(headroom_fuzz::graph::check)
}
