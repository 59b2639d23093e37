//! A gateway on its socket.

use crate::{options::Options, respond::Responder, router::router, source::Source};
use futures::Future;
use std::sync::Arc;
use tokio::net::TcpListener;

/// Bounds of a gateway. The defaults suit one person's machine.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of opened content kept in memory.
    pub cache_bytes: u64,
    /// Connections and their headers.
    pub http: meganet_http::Limits,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { cache_bytes: 64 << 20, http: meganet_http::Limits::default() }
    }
}

/// Serves sites until `shutdown` resolves, then lets running answers end.
pub async fn serve(
    listener: TcpListener,
    source: Arc<dyn Source>,
    options: Options,
    limits: Limits,
    shutdown: impl Future<Output = ()>,
) {
    let responder = Responder::new(source, options, limits.cache_bytes);
    let connections = responder.metrics.connections.clone();
    meganet_http::serve(listener, router(responder), limits.http, connections, shutdown).await;
}
