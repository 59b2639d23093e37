//! A bounded HTTP/1 server: how many connections it has, how long a request's headers may take and how long they may be, how
//! slowly an answer may be read, and how it ends. What it serves is an [`axum::Router`].
//!
//! `axum::serve` has none of these bounds, so that anybody could hold its memory and its sockets with requests that never end.

mod slow;

use axum::Router;
use futures::Future;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use prometheus_client::metrics::gauge::Gauge;
use slow::Patient;
use std::{io, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The fewest bytes that hyper reads headers into.
const LEAST_HEADER_BYTES: usize = 8 << 10;
/// Pause after a connection could not be accepted.
const AGAIN: Duration = Duration::from_millis(50);

/// The bounds of a server.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at once; further ones wait to be accepted.
    pub connections: usize,
    /// Bytes of a request's line and headers; at least 8 KiB.
    pub header_bytes: usize,
    /// How long a request's headers may take, and how long a connection may idle between two.
    pub header_timeout: Duration,
    /// How long a reader may take for each 64 KiB of an answer, once the socket's own buffers are full.
    pub write_timeout: Duration,
    /// How long running answers may take when the server ends.
    pub shutdown_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            connections: 512,
            header_bytes: 16 << 10,
            header_timeout: Duration::from_secs(15),
            write_timeout: Duration::from_secs(60),
            shutdown_timeout: Duration::from_secs(5),
        }
    }
}

/// Serves until `shutdown` resolves, then lets running answers end. `open` counts the connections.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    open: Gauge,
    shutdown: impl Future<Output = ()>,
) {
    let service = TowerToHyperService::new(router);
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(limits.header_bytes.max(LEAST_HEADER_BYTES));
    let (stop, connections) = (CancellationToken::new(), TaskTracker::new());
    let places = Arc::new(Semaphore::new(limits.connections));
    tokio::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener, &places) => accepted,
        };
        let (stream, place) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Too many open files, or a peer that left at once: neither ends the server.
                tracing::warn!(%error, "could not accept a connection");
                tokio::time::sleep(AGAIN).await;
                continue;
            }
        };
        let connection =
            http.serve_connection(TokioIo::new(Patient::new(stream, limits.write_timeout)), service.clone());
        let (open, stop) = (open.clone(), stop.clone());
        connections.spawn(async move {
            open.inc();
            tokio::pin!(connection);
            let ended = tokio::select! {
                ended = connection.as_mut() => ended,
                () = stop.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection ended");
            }
            open.dec();
            drop(place);
        });
    }
    drop(listener);
    stop.cancel();
    connections.close();
    if tokio::time::timeout(limits.shutdown_timeout, connections.wait()).await.is_err() {
        tracing::info!("some answers were broken off");
    }
}

/// Waits for a place, then for a connection that takes it.
async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let place = places.clone().acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, place))
}
