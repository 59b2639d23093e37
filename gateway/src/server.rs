//! The sockets: how many, how long, how large, and how they end.

use crate::{cache::FileCache, metrics::Metrics, respond::Responder, router::router, source::Source};
use futures::Future;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use std::{io, sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Bounds of a gateway. The defaults suit one person's machine.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of opened content kept in memory.
    pub cache_bytes: u64,
    /// Connections at once; further ones wait to be accepted.
    pub connections: usize,
    /// Bytes of a request's line and headers.
    pub header_bytes: usize,
    /// How long a request's headers may take, and how long a connection may idle between two.
    pub header_timeout: Duration,
    /// How long running answers may take when the gateway ends.
    pub shutdown_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            cache_bytes: 64 << 20,
            connections: 512,
            header_bytes: 16 << 10,
            header_timeout: Duration::from_secs(15),
            shutdown_timeout: Duration::from_secs(5),
        }
    }
}

/// Serves sites until `shutdown` resolves, then lets running answers end.
///
/// # Errors
/// Where the listener itself breaks; an error of one connection ends only that one.
pub async fn serve(
    listener: TcpListener,
    source: Arc<dyn Source>,
    limits: Limits,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let metrics = Metrics::default();
    let responder = Responder { source, cache: FileCache::new(limits.cache_bytes), metrics: metrics.clone() };
    let service = TowerToHyperService::new(router(responder));
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(limits.header_bytes.max(8 << 10));
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
                // Too many open files, or a peer that left at once: neither ends the gateway.
                tracing::warn!(%error, "could not accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let connection = http.serve_connection(TokioIo::new(stream), service.clone());
        let (metrics, stop) = (metrics.clone(), stop.clone());
        connections.spawn(async move {
            metrics.connections.inc();
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
            metrics.connections.dec();
            drop(place);
        });
    }
    drop(listener);
    stop.cancel();
    connections.close();
    if tokio::time::timeout(limits.shutdown_timeout, connections.wait()).await.is_err() {
        tracing::info!("some answers were broken off");
    }
    Ok(())
}

/// Waits for a place, then for a connection that takes it.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(tokio::net::TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let place = places.clone().acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, place))
}
