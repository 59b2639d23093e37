//! Counters, in Prometheus' text format.

use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};
use std::sync::Arc;

/// Counters of a gateway.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    requests: Family<[(&'static str, String); 1], Counter>,
    /// Bytes of files sent.
    pub sent_bytes: Counter,
    /// Reads of files that were in the cache.
    pub cache_hits: Counter,
    /// Open connections.
    pub connections: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("meganet_gateway");
        let requests = Family::<[(&'static str, String); 1], Counter>::default();
        let (sent_bytes, cache_hits, connections) = (Counter::default(), Counter::default(), Gauge::default());
        registry.register("requests", "Requests by status", requests.clone());
        registry.register("sent_bytes", "Bytes of files sent", sent_bytes.clone());
        registry.register("cache_hits", "Reads of files that were in the cache", cache_hits.clone());
        registry.register("connections", "Open connections", connections.clone());
        Metrics { registry: Arc::new(registry), requests, sent_bytes, cache_hits, connections }
    }
}

impl Metrics {
    /// Counts a response.
    pub fn answered(&self, status: u16) {
        self.requests.get_or_create(&[("status", status.to_string())]).inc();
    }

    /// Returns all metrics as the text that Prometheus scrapes.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
