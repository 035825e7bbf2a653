//! End to end: the real service on a real PipeWire and WirePlumber, in private sessions.
//!
//! What reaches the device is recorded and measured by the testkit, which shares no code with the
//! service. One binary, so that it is linked once; one file per promise.
#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

mod activation;
mod app_volume;
mod bluez;
mod bus;
mod ceiling;
mod chains;
mod clicks;
mod compare;
mod day;
mod descriptors;
mod desktops;
mod devices;
mod disk;
mod ducking;
mod ear;
mod effects;
mod exposure;
mod failure;
mod failure_policy;
mod flood;
mod formats;
mod gauges;
mod guardian;
mod guards;
mod headset;
mod history;
mod hostile;
mod idle;
mod jamesdsp;
mod lookahead;
mod lying_server;
mod manual;
mod notifications;
mod pins;
mod profiles;
mod programs;
mod rig;
mod routes;
mod schedule;
mod sessions;
mod stalls;
mod survival;
mod syscalls;
mod taps;
mod time_off;
mod treatments;
mod volume;
mod warnings;
