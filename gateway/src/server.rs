//! A gateway on its socket.

use crate::{head_size::SERVER_LIMIT, metrics::Metrics, options::GatewayOptions, router::Gateway, source::Source};
use futures::Future;
use meganet_http::HttpLimits;
use std::sync::Arc;
use tokio::net::TcpListener;

/// Bounds of a gateway. The defaults suit one person's machine.
#[derive(Clone, Copy, Debug)]
pub struct GatewayLimits {
    /// Bytes of opened content that are cached in memory.
    pub cache_bytes: u64,
    /// Connections, headers and timeouts.
    pub http: HttpLimits,
}

impl Default for GatewayLimits {
    fn default() -> Self {
        let http = HttpLimits { header_bytes: SERVER_LIMIT, ..HttpLimits::default() };
        GatewayLimits { cache_bytes: 64 << 20, http }
    }
}

/// Serves sites until `shutdown` resolves, then lets running responses end.
pub async fn serve(
    listener: TcpListener,
    source: Arc<dyn Source>,
    options: GatewayOptions,
    limits: GatewayLimits,
    shutdown: impl Future<Output = ()>,
) {
    let metrics = Metrics::default();
    let connections = metrics.connections.clone();
    let router = Gateway::new(source, options, limits.cache_bytes, metrics).router();
    meganet_http::serve(listener, router, limits.http, connections, shutdown).await;
}
