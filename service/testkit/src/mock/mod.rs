//! The mock service: every member of `org.headroom.Control`, over a world that the test makes.
//!
//! Owns the one stand-in for the service that tests of its clients use. A test says what is answered by a
//! [`World`], changes it with [`Service::change`], which tells what a service tells then, and reads in [`Seen`]
//! what was asked. Each [`Service`] runs on a thread of its own with a connection to the bus that the test
//! names. It knows the contract of `headroom-api`, and must know nothing else of the product: no sound, no
//! files, no profile but those that the test makes up. The meters of this crate judge the product and must
//! not use it, nor `headroom-api`.

mod bus;
mod changes;
mod control;
mod published;
mod service;
mod settings;
mod world;

#[cfg(test)]
mod tests;

pub use headroom_api::Dict;

pub use self::{
    bus::PrivateBus,
    service::{Seen, Service},
    settings::{Profile, Range, Setting},
    world::{Readings, Stream, World, dict, value},
};
