#![doc = include_str!("../README.md")]

mod busy_body;
mod places;
mod slow_reader;

use axum::Router;
use busy_body::BusyBody;
use futures::Future;
use hyper::{
    Request,
    body::Incoming,
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use places::{Place, Places};
use prometheus_client::metrics::gauge::Gauge;
use slow_reader::WriteTimeout;
use std::{convert::Infallible, io, sync::Arc, time::Duration};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The smallest header buffer that hyper accepts, in bytes.
const LEAST_HEADER_BYTES: usize = 8 << 10;
/// The most header lines of a request. With more, hyper's refusal has no page.
const MAX_HEADERS: usize = 1024;
/// Pause after a connection could not be accepted.
const ACCEPT_RETRY: Duration = Duration::from_millis(50);

/// Returns true if a `Host` header names this machine without any domain of others: an IP address or `localhost`, with or
/// without a port. A page elsewhere can point a domain of its own at this machine, and would then read answers to it.
pub fn is_plain_host(host: &str) -> bool {
    let host = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or(rest, |(ip, _port)| ip),
        None => host.rsplit_once(':').map_or(host, |(host, _port)| host),
    };
    host.eq_ignore_ascii_case("localhost") || host.parse::<std::net::IpAddr>().is_ok()
}

/// The content type of metrics in the text format of OpenMetrics.
pub const METRICS_CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Bounds of a server.
#[derive(Clone, Copy, Debug)]
pub struct HttpLimits {
    /// Connections at once. A block of addresses (an IPv4 /24 or IPv6 /56) has at most an eighth of them, this machine seven
    /// eighths. An IPv6 /48 has as many as two blocks, a /32 as eight. For a further connection the idlest is closed. While all
    /// are busy, one of the block that has the most is closed for a block that has fewer, and a connection of any other block is
    /// closed itself; where no block has more than one, it waits.
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
        .max_headers(MAX_HEADERS)
        .max_buf_size(limits.header_bytes.max(LEAST_HEADER_BYTES));
    let (stop, cut, connections) = (CancellationToken::new(), CancellationToken::new(), TaskTracker::new());
    let places = Places::new(limits.connections);
    tokio::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener, &places) => accepted,
        };
        let (stream, place) = match accepted {
            Ok(Some(accepted)) => accepted,
            Ok(None) => continue,
            Err(error) => {
                // Too many open files, or a peer that disconnected at once: neither ends the server.
                tracing::warn!(%error, "could not accept a connection");
                tokio::time::sleep(ACCEPT_RETRY).await;
                continue;
            }
        };
        let (place, service) = (Arc::new(place), service.clone());
        let (closed, answering) = (place.closed(), place.clone());
        let stream = WriteTimeout::new(stream, limits.write_timeout, move || place.written());
        let service = service_fn(move |request: Request<Incoming>| {
            let (busy, answer) = (answering.busy(), service.call(request));
            async move { Ok::<_, Infallible>(answer.await?.map(|body| BusyBody { body, _busy: busy })) }
        });
        let connection = http.serve_connection(TokioIo::new(stream), service);
        let (open, stop, cut) = (open.clone(), stop.clone(), cut.clone());
        connections.spawn(async move {
            open.inc();
            tokio::pin!(connection);
            let serve = async {
                tokio::select! {
                    ended = connection.as_mut() => ended,
                    // Another connection has its place.
                    () = closed.cancelled() => Ok(()),
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

/// Waits for a connection, then for its place. `None` if it may have none.
async fn accept(listener: &TcpListener, places: &Places) -> io::Result<Option<(TcpStream, Place)>> {
    let (stream, address) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok(places.take(address.ip()).await.map(|place| (stream, place)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_and_localhost_are_plain_hosts() {
        for host in ["127.0.0.1", "127.0.0.1:9616", "[::1]", "[::1]:80", "192.0.2.1:1", "localhost", "LOCALHOST:8080"] {
            assert!(is_plain_host(host), "{host}");
        }
        for host in
            ["", "evil.example", "evil.example:9616", "localhost.evil.example", "127.0.0.1.evil.example", "[", "a:b:c"]
        {
            assert!(!is_plain_host(host), "{host}");
        }
    }
}
