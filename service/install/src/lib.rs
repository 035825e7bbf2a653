//! Headroom without a package, and without a trace once it is removed.
//!
//! What a preset consists of (`items`), what has to change for it (`plan`, `undo`) and each change (`step`) are apart:
//! the first two only look. What was done stands in a `manifest`, written before anything is touched. `session` is the
//! bus and the systemd on it. Nothing here prints, asks or parses arguments: [`Apply`] and [`Remove`] say what they are
//! about to do, and do it when they are told to.
#![forbid(unsafe_code)]

mod apply;
mod binaries;
mod deployment;
mod disk;
mod documents;
mod error;
mod fence;
mod inspect;
mod items;
mod manifest;
mod places;
mod plan;
mod recover;
mod remove;
mod running;
mod session;
mod site;
mod standing;
mod status;
mod step;
#[cfg(test)]
mod tests;
mod undo;

pub use self::{
    apply::{Applied, Apply, Request},
    deployment::{Deployment, Name, Preset, Scope},
    disk::Content,
    documents::Documents,
    error::Error,
    inspect::{Installed, installed},
    manifest::{EditEntry, FileEntry, Manifest, Part, Progress},
    places::Places,
    plan::Plan,
    recover::{Recovery, TRIES, recover},
    remove::Remove,
    running::{Started, restart, start, stop},
    session::End,
    site::{Site, Target, nothing_installed},
    standing::{Mode, Standing},
    status::{Condition, Fault, Look, Running, look},
    step::Step,
    undo::{Left, Removal},
};
