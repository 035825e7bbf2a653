//! Profiles: what a person writes down about how Headroom shall work, and for whom.
//!
//! Owns the schema (keys, types, ranges), the text form (strict parsing with file and line, writing
//! that parses back to the same), rules and their patterns, the shipped set from `data/profiles/`, and
//! the user's directory with its last good versions. Text and files in, data out: it runs on whichever
//! thread calls it, starts none, watches nothing, logs nothing, and never writes a file.
//!
//! - [`Library`] holds every profile that can be chosen, and every [`Fault`] in the user's files.
//! - [`Profile`] is one of them with everything it inherits: [`Settings`], [`Rule`]s, a default treatment.
//! - [`settings()`] lists every key with what it accepts; [`Settings::get`] and [`Settings::set`] reach a
//!   value by its key, for profiles, the bus and the command line alike.
//! - [`to_toml`] writes a profile out in full; [`migrate()`] rewrites the text of an earlier version.
//! - [`read_regular`] reads a file that a person named: never a pipe or a device, never without end.
#![forbid(unsafe_code)]

mod app;
mod app_volume;
mod draft;
mod files;
mod keys;
mod library;
mod migrate;
mod near;
mod profile;
mod regular;
mod renamed;
mod resolve;
mod rules;
mod settings;
mod shipped;
mod write;

pub use app::{APP_SETTINGS, AppChoice, AppOverride};
pub use app_volume::{APP_VOLUME_RANGES, AppVolumeParams};
pub use keys::{Kind, SettingInfo, range, settings};
pub use library::Library;
pub use migrate::{MigrateError, Migrated, migrate};
pub use profile::{Fault, Origin, Profile};
pub use regular::{open_regular, read_regular, read_regular_text};
pub use renamed::{Successor, successor};
pub use rules::{Evidence, MATCH_FIELDS, Rule, Subject};
pub use settings::{SettingError, Settings, Value, decimal, no_such_setting};
pub use write::to_toml;

/// Name of the profile that is in force when no other was chosen.
pub const DEFAULT: &str = "default";
