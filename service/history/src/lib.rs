//! What Headroom caught, how loud each minute was, and how much sound reached each device.
//!
//! [`Judge`] makes catches and minutes of readings, [`Watcher`] says when a dose or a level may be worth a warning; both
//! are pure. [`Store`] keeps them in one file, on whichever one thread owns it: it may wait for a disk, and must not be
//! asked from a thread that answers anybody else. Nothing here knows of PipeWire, the bus or a clock.

#![forbid(unsafe_code)]

mod catch;
mod exposure;
mod judge;
mod minute;
mod store;
mod warning;

pub use catch::{HELD_DB, Reading};
pub use exposure::{ADULTS_WEEK_PA2H, Exposure, Heard};
pub use judge::{Judge, News};
pub use minute::Minute;
pub use store::{MOST_BYTES, MOST_DAYS, Store, StoreError};
pub use warning::{Dose, LOUD_DBA, Watcher};
