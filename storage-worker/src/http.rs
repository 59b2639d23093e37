//! Health and metrics over HTTP, for the operator: `GET /health` (JSON) and `GET /metrics` (Prometheus).

use crate::{
    context::Context,
    metrics::{Metrics, Reading},
    status::Status,
    store::Store,
};
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use meganet_chain_client::account::format_account;
use meganet_http::HttpLimits;
use meganet_primitives::chain::ChallengeState;
use serde::Serialize;
use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// What the pages read. There before the worker has joined, so that an operator sees what it waits for.
pub struct Pages {
    /// The worker's peer id.
    pub peer_id: String,
    /// What is going on.
    pub status: Arc<Status>,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// The disk.
    pub store: Arc<Store>,
    /// Bytes lent.
    pub capacity: u64,
    /// The rest, once the worker is on the network.
    pub context: OnceLock<Arc<Context>>,
}

/// The health of a worker, as JSON.
#[derive(Clone, Debug, Serialize)]
pub struct Health {
    /// `starting`, `syncing`, `healing` (shards are missing or damaged), or `ok`.
    pub state: &'static str,
    /// What keeps the worker from its work, if anything does.
    pub trouble: Option<String>,
    /// The version of the program.
    pub version: &'static str,
    /// Seconds since the start.
    pub uptime_s: u64,
    /// The worker's peer id.
    pub peer_id: String,
    /// Its number in the registry; null until it is registered.
    pub worker_id: Option<u32>,
    /// The account that operates it.
    pub operator: Option<String>,
    /// The country that it declares.
    pub country: Option<String>,
    /// The chain's genesis hash.
    pub genesis: Option<String>,
    /// How many slots it holds.
    pub slots: usize,
    /// Which.
    pub groups: Vec<Slot>,
    /// Objects of which it holds a shard.
    pub objects: u64,
    /// Bytes of those shards.
    pub bytes: u64,
    /// Of those, bytes that the chain has not registered.
    pub unregistered_bytes: u64,
    /// Bytes that it lends.
    pub capacity: u64,
    /// Whether it knows all that it should hold.
    pub synced: bool,
    /// Shards that should be here, whole, and are not.
    pub missing: u64,
    /// Of those, damaged ones.
    pub damaged: u64,
    /// Shards being rebuilt at the moment.
    pub rebuilding: u64,
    /// Shards rebuilt since the start.
    pub rebuilt: u64,
    /// Shards in which damage was found since the start.
    pub corrupt_found: u64,
    /// Damaged shards that became whole again since the start.
    pub healed: u64,
    /// Passes of the scrub completed since the start.
    pub scrub_passes: u64,
    /// How its proofs of storage are going; null until the chain was asked.
    pub audit: Option<Audit>,
    /// Finalized block last heard of.
    pub chain_head: Option<u32>,
    /// Finalized block up to which all registrations are known.
    pub followed: Option<u32>,
    /// Connected peers.
    pub peers: usize,
    /// Addresses that others are told.
    pub addresses: Vec<String>,
}

/// How a worker's proofs are going, as JSON. Amounts are in planck, as text.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Audit {
    /// The period of the present challenge; null where there is none.
    pub period: Option<u32>,
    /// How far it has come: `scheduled`, `open`, `proven` or `missed`.
    pub state: Option<ChallengeState>,
    /// Periods proven, ever.
    pub proven: u32,
    /// Periods missed, ever.
    pub missed: u32,
    /// Missed periods that are not made good.
    pub misses: u32,
    /// Paid to the operator, ever.
    pub earned: String,
    /// Earned and held back until the worker leaves in order.
    pub held_back: String,
    /// Whether it is handing its slots over in order to leave.
    pub leaving: bool,
}

impl Audit {
    fn of(status: &Status) -> Option<Self> {
        let audit = status.audit()?;
        let challenge = status.challenge();
        Some(Self {
            period: challenge.map(|(period, _)| period),
            state: challenge.map(|(_, state)| state),
            proven: audit.record.proven,
            missed: audit.record.missed,
            misses: audit.record.misses,
            earned: audit.earned.to_string(),
            held_back: audit.held_back.to_string(),
            leaving: audit.leaving,
        })
    }
}

/// A slot of the worker.
#[derive(Clone, Debug, Serialize)]
pub struct Slot {
    /// The group.
    pub group: u32,
    /// The slot in it.
    pub slot: u8,
    /// The group's profile.
    pub profile: String,
    /// Bytes that the chain has registered for the slot.
    pub used: u64,
    /// Bytes of the slot.
    pub slot_capacity: u64,
}

impl Pages {
    /// The worker's health now.
    pub fn health(&self) -> Health {
        let usage = self.store.usage();
        let (status, metrics) = (&self.status, &self.metrics);
        let worker = status.worker();
        let context = self.context.get();
        let groups = context.map(|context| slots(context)).unwrap_or_default();
        let trouble = status.trouble();
        let synced = status.synced();
        let state = match () {
            () if worker.is_none() || context.is_none() => "starting",
            () if !synced => "syncing",
            () if usage.missing > 0 => "healing",
            () => "ok",
        };
        Health {
            state,
            trouble,
            version: env!("CARGO_PKG_VERSION"),
            uptime_s: status.uptime(),
            peer_id: self.peer_id.clone(),
            worker_id: worker.as_ref().map(|worker| worker.id),
            operator: worker.as_ref().map(|worker| format_account(&worker.operator)),
            country: worker.as_ref().map(|worker| worker.country.to_string()),
            genesis: context.map(|context| format!("0x{}", hex::encode(context.genesis))),
            slots: groups.len(),
            groups,
            objects: usage.shards,
            bytes: usage.bytes,
            unregistered_bytes: usage.unregistered_bytes(),
            capacity: self.capacity,
            synced,
            missing: usage.missing,
            damaged: usage.damaged,
            rebuilding: status.rebuilding(),
            rebuilt: metrics.rebuilt.get(),
            corrupt_found: metrics.corrupt_found.get(),
            healed: metrics.healed.get(),
            scrub_passes: metrics.scrub_passes.get(),
            audit: Audit::of(status),
            chain_head: status.head(),
            followed: status.followed(),
            peers: context.map_or(0, |context| context.net.connected_peers()),
            addresses: context
                .map(|context| context.net.addresses().iter().map(ToString::to_string).collect())
                .unwrap_or_default(),
        }
    }

    fn metrics(&self) -> Result<String, std::fmt::Error> {
        let context = self.context.get();
        let usage = self.store.usage();
        self.metrics.text(&Reading {
            usage: &usage,
            status: &self.status,
            slots: context.map_or(0, |context| context.membership(|membership| membership.len())),
            peers: context.map_or(0, |context| context.net.connected_peers()),
            capacity: self.capacity,
            blackout: context.map_or(0, |context| context.blackout(|blackout| blackout.len())),
        })
    }
}

fn slots(context: &Context) -> Vec<Slot> {
    context.membership(|membership| {
        let slot = |view: &crate::service::GroupView| Slot {
            group: view.id,
            slot: view.slot,
            profile: view.profile.to_string(),
            used: view.used,
            slot_capacity: view.slot_capacity,
        };
        membership.groups().map(slot).collect()
    })
}

async fn health(State(pages): State<Arc<Pages>>) -> Response {
    match serde_json::to_string(&pages.health()) {
        Ok(text) => ([(header::CONTENT_TYPE, "application/json")], text).into_response(),
        Err(error) => failed(&error),
    }
}

async fn metrics(State(pages): State<Arc<Pages>>) -> Response {
    match pages.metrics() {
        Ok(text) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], text).into_response()
        }
        Err(error) => failed(&error),
    }
}

fn failed(error: &dyn std::error::Error) -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response()
}

/// Listens on an address.
///
/// # Errors
/// What the system says, most often that the port is taken.
pub async fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    TcpListener::bind(address).await
}

/// Bounds of the pages: an operator and some scrapers, with plain requests.
const LIMITS: HttpLimits = HttpLimits {
    connections: 64,
    header_bytes: 8 << 10,
    header_timeout: Duration::from_secs(15),
    write_timeout: Duration::from_secs(60),
    // A scraper that keeps its connection open does not keep the worker.
    shutdown_timeout: Duration::from_secs(1),
};

/// Serves both pages until the worker is stopped.
pub async fn serve(listener: TcpListener, pages: Arc<Pages>, stop: CancellationToken) {
    let connections = pages.metrics.http_connections.clone();
    let router = Router::new().route("/health", get(health)).route("/metrics", get(metrics)).with_state(pages);
    meganet_http::serve(listener, router, LIMITS, connections, stop.cancelled_owned()).await;
}
