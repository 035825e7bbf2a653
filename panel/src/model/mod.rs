//! What the panel knows of the service, and what a person can want of it.
//!
//! Pure: no GTK, no bus, no clock, no words for people. [`Panel`] is told of everything by [`Input`] and
//! answers which parts of it are others now ([`Changes`]), so that the view redraws only those; wishes go
//! out as [`Ask`]. It runs on whichever thread owns the [`Panel`], which is that of the user interface.
//! Sentences are made by the view; the only ones in here are those that the service wrote itself.

mod apps;
mod ask;
mod background;
mod changes;
mod deployment;
mod exposure;
mod gauges;
mod history;
mod input;
mod introduction;
mod loudness;
mod now;
mod page;
mod panel;
mod service;
mod setting;
mod stream;
mod strength;
mod waits;

pub use apps::{App, AppRoute};
pub use ask::Ask;
pub use background::Denial;
pub use changes::Changes;
pub use deployment::{Deployment, Preset, Scope};
pub use exposure::{Trend, WEEK_USEC, WEEKS, Weeks, weeks_begin_usec};
pub use gauges::{BusGauges, ChainGauges, Meters, StreamGauges, TapGauges};
pub use headroom_api::{Chains, Doing, Done, Gains};
pub use history::{Past, PastApp, Period};
pub use input::{Failure, Input, Presence};
pub use introduction::Introduction;
pub use loudness::{Loudness, LoudnessPoint, makeup_db};
pub use now::{Now, Saying};
pub use page::{Page, Protection};
pub use panel::Panel;
pub use service::{Device, Health, Output, Problem, ServiceState};
pub use setting::{Section, Setting, Value, sections};
pub use stream::{ChainKind, Reason, Route, Stream, StreamRoute, Treatment};
pub use strength::{AS_WRITTEN, Strength, plan, strength};
pub use waits::Waits;
