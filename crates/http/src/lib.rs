#![doc = include_str!("../README.md")]

mod slow_reader;

use axum::Router;
use futures::Future;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use prometheus_client::metrics::gauge::Gauge;
use slow_reader::WriteTimeout;
use std::{io, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The smallest header buffer that hyper accepts, in bytes.
const LEAST_HEADER_BYTES: usize = 8 << 10;
/// Pause after a connection could not be accepted.
const ACCEPT_RETRY: Duration = Duration::from_millis(50);

/// The content type of metrics in the text format of OpenMetrics.
pub const METRICS_CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Bounds of a server.
#[derive(Clone, Copy, Debug)]
pub struct HttpLimits {
    /// Connections at once; further ones wait to be accepted.
    pub connections: usize,
    /// Bytes of a request line with its headers; at least 8 KiB.
    pub header_bytes: usize,
    /// The longest time for the headers of a request to arrive, and for a connection to idle between two requests.
    pub header_timeout: Duration,
    /// The longest time for a reader to take 64 KiB of a response, once the socket's own buffers are full.
    pub write_timeout: Duration,
    /// The longest time for running responses to end when the server shuts down.
    pub shutdown_timeout: Duration,
}

impl Default for HttpLimits {
    fn default() -> Self {
        HttpLimits {
            connections: 512,
            header_bytes: 16 << 10,
            header_timeout: Duration::from_secs(15),
            write_timeout: Duration::from_secs(60),
            shutdown_timeout: Duration::from_secs(5),
        }
    }
}

/// Serves until `shutdown` resolves, then lets running responses end, and cuts off those that take longer than the shutdown
/// timeout. `open` counts the open connections.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: HttpLimits,
    open: Gauge,
    shutdown: impl Future<Output = ()>,
) {
    let service = TowerToHyperService::new(router);
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(limits.header_bytes.max(LEAST_HEADER_BYTES));
    let (stop, cut, connections) = (CancellationToken::new(), CancellationToken::new(), TaskTracker::new());
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
                // Too many open files, or a peer that disconnected at once: neither ends the server.
                tracing::warn!(%error, "could not accept a connection");
                tokio::time::sleep(ACCEPT_RETRY).await;
                continue;
            }
        };
        let connection =
            http.serve_connection(TokioIo::new(WriteTimeout::new(stream, limits.write_timeout)), service.clone());
        let (open, stop, cut) = (open.clone(), stop.clone(), cut.clone());
        connections.spawn(async move {
            open.inc();
            tokio::pin!(connection);
            let serve = async {
                tokio::select! {
                    ended = connection.as_mut() => ended,
                    () = stop.cancelled() => {
                        connection.as_mut().graceful_shutdown();
                        connection.await
                    }
                }
            };
            if let Some(Err(error)) = cut.run_until_cancelled(serve).await {
                tracing::debug!(%error, "a connection ended with an error");
            }
            open.dec();
            drop(place);
        });
    }
    drop(listener);
    stop.cancel();
    connections.close();
    if tokio::time::timeout(limits.shutdown_timeout, connections.wait()).await.is_err() {
        tracing::info!("some responses are cut off: they did not end within the shutdown timeout");
        cut.cancel();
        connections.wait().await;
    }
}

/// Waits for a free place, then for a connection that takes it.
async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let place = places.clone().acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, place))
}
