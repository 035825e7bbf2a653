//! What those who speak to the bus share.

use std::pin::Pin;

use zbus::{Error, export::futures_core::Stream};

/// Returns the next item of a stream, or `None` after its end.
pub(crate) async fn next<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    std::future::poll_fn(|context| Pin::new(&mut *stream).poll_next(context)).await
}

/// Returns the end of the bus, as an error.
pub(crate) fn gone() -> Error {
    Error::Failure("the session bus is gone".to_owned())
}
