//! Health and metrics over HTTP, for the operator: `GET /health` (JSON) and `GET /metrics` (Prometheus).

mod health;
#[cfg(test)]
mod tests;

pub use health::{Audit, Health, HealthState, Slot};

use crate::{local::Local, metrics::GaugeValues, worker::Online};
use axum::{
    Router,
    extract::{Request, State},
    http::{StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
    routing::get,
};
use meganet_http::{HttpLimits, METRICS_CONTENT_TYPE, is_plain_host};
use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// The source of both pages. It exists before the worker has joined, so that operators see what it waits for.
pub struct Pages {
    /// The worker's peer id.
    pub peer_id: String,
    /// Disk, counters and jobs.
    pub local: Local,
    /// Set once the worker is on the network.
    pub online: OnceLock<Online>,
}

impl Pages {
    /// The worker's health now.
    pub fn health(&self) -> Health {
        Health::now(&self.peer_id, &self.local, self.online.get())
    }

    fn metrics(&self) -> Result<String, std::fmt::Error> {
        let (local, online) = (&self.local, self.online.get());
        local.metrics.text(&GaugeValues {
            usage: &local.disk.usage(),
            status: &local.status,
            jobs: &local.jobs.list(),
            healthy: local.jobs.is_healthy(),
            slots: online.map_or(0, |online| online.groups.membership(|membership| membership.len())),
            peers: online.map_or(0, |online| online.net.connected_peers()),
            capacity: local.settings.capacity,
            blackout: online.map_or(0, |online| online.withheld.lock().len()),
        })
    }
}

/// Refuses requests to other hosts where only this machine can ask: a page in a browser on it could point a domain at it.
async fn own_host(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    match host.or_else(|| request.uri().host()) {
        Some(host) if !is_plain_host(host) => {
            (StatusCode::MISDIRECTED_REQUEST, "ask for these pages by the worker's IP address\n").into_response()
        }
        _ => next.run(request).await,
    }
}

async fn health(State(pages): State<Arc<Pages>>) -> Response {
    let health = pages.health();
    let status = if health.state == HealthState::Failing { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    match serde_json::to_string(&health) {
        Ok(text) => (status, [(header::CONTENT_TYPE, "application/json")], text).into_response(),
        Err(error) => failed(&error),
    }
}

async fn metrics(State(pages): State<Arc<Pages>>) -> Response {
    match pages.metrics() {
        Ok(text) => ([(header::CONTENT_TYPE, METRICS_CONTENT_TYPE)], text).into_response(),
        Err(error) => failed(&error),
    }
}

fn failed(error: &dyn std::error::Error) -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response()
}

/// Listens on an address.
///
/// # Errors
/// The system's error, most often that the port is taken.
pub async fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    TcpListener::bind(address).await
}

/// Limits of the pages, which serve an operator and some scrapers with plain requests.
const LIMITS: HttpLimits = HttpLimits {
    connections: 64,
    header_bytes: 8 << 10,
    header_timeout: Duration::from_secs(15),
    write_timeout: Duration::from_secs(60),
    // A scraper that keeps its connection open must not delay the end of the worker.
    shutdown_timeout: Duration::from_secs(1),
};

/// Serves both pages until the worker is stopped.
pub async fn serve(listener: TcpListener, pages: Arc<Pages>, stop: CancellationToken) {
    let connections = pages.local.metrics.http_connections.clone();
    let mut router = Router::new().route("/health", get(health)).route("/metrics", get(metrics)).with_state(pages);
    if listener.local_addr().is_ok_and(|address| address.ip().is_loopback()) {
        router = router.layer(axum::middleware::from_fn(own_host));
    }
    meganet_http::serve(listener, router, LIMITS, connections, stop.cancelled_owned()).await;
}
