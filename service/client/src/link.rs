//! The way to the service: connection, proxy, and calls that end in time.
//!
//! Every await on the bus goes through [`call`]: a service that hangs must not hang the command.

use std::{future::Future, time::Duration};

use headroom_api::ControlProxy;
use zbus::{Connection, export::futures_core::Stream};

use crate::Error;

/// Longest wait for any answer.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// Connects to the session bus.
///
/// # Errors
/// `Unreachable` when there is no bus, or it does not answer.
pub async fn connect() -> Result<Connection, Error> {
    let connection = tokio::time::timeout(CALL_TIMEOUT, headroom_api::session_bus().build()).await;
    match connection {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(error)) => {
            Err(Error::Unreachable(format!("The session bus cannot be reached: {error}.")))
        }
        Err(_) => Err(Error::Unreachable("The session bus does not answer.".to_owned())),
    }
}

/// Connects and returns the service's proxy, without calling it yet.
///
/// # Errors
/// `Unreachable` when there is no bus, or it does not answer.
pub async fn control() -> Result<ControlProxy<'static>, Error> {
    proxy(&connect().await?).await
}

/// Returns the service's proxy on a connection; properties are read afresh each time.
///
/// # Errors
/// `Unreachable` when the bus went away.
pub async fn proxy(connection: &Connection) -> Result<ControlProxy<'static>, Error> {
    let builder =
        ControlProxy::builder(connection).cache_properties(zbus::proxy::CacheProperties::No);
    call(builder.build()).await
}

/// Awaits an answer of the bus for at most [`CALL_TIMEOUT`].
///
/// # Errors
/// The answer's own, or `Unreachable` when it does not come in time.
pub async fn call<T, E>(answer: impl Future<Output = Result<T, E>>) -> Result<T, Error>
where
    Error: From<E>,
{
    match tokio::time::timeout(CALL_TIMEOUT, answer).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(Error::no_answer()),
    }
}

/// Returns the next item of a stream, or `None` after its end.
pub async fn next<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    std::future::poll_fn(|context| std::pin::Pin::new(&mut *stream).poll_next(context)).await
}
