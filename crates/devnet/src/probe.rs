//! Asking the processes of a devnet over HTTP how they are.

use crate::process::{Kind, Process};
use anyhow::{Result, bail};
use serde_json::{Value, json};

/// A process that does its work.
pub(crate) struct Ready {
    /// Its peer id, if it is a peer.
    pub(crate) peer_id: Option<String>,
}

/// Checks that a process does its work: a node answers, a worker is registered, a gateway serves. `None` if not yet.
pub(crate) async fn ready(http: &reqwest::Client, process: &Process) -> Option<Ready> {
    let port = process.http_port;
    let peer_id = match process.kind {
        Kind::Validator => {
            let peer = rpc(http, port, "system_localPeerId", json!([])).await.ok()?;
            Some(peer.as_str()?.into())
        }
        Kind::Worker => {
            let health = worker_health(http, port).await.ok()?;
            health.get("worker_id")?.as_u64()?;
            Some(health.get("peer_id")?.as_str()?.into())
        }
        Kind::Gateway => {
            let url = format!("http://127.0.0.1:{port}/__meganet__/health");
            http.get(url).send().await.ok()?.status().is_success().then_some(())?;
            None
        }
    };
    Some(Ready { peer_id })
}

/// Calls a JSON-RPC method of a node on this machine, over HTTP.
///
/// # Errors
/// The node does not answer, or answers with an error.
pub async fn rpc(http: &reqwest::Client, port: u16, method: &str, params: Value) -> Result<Value> {
    let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    let mut answer: Value = http.post(format!("http://127.0.0.1:{port}")).json(&request).send().await?.json().await?;
    match answer.get_mut("result") {
        Some(result) => Ok(result.take()),
        None => bail!("{method} failed: {}", answer["error"]),
    }
}

/// The answer of a worker on this machine to `GET /health`.
///
/// # Errors
/// The worker does not answer with JSON.
pub async fn worker_health(http: &reqwest::Client, port: u16) -> Result<Value> {
    Ok(http.get(format!("http://127.0.0.1:{port}/health")).send().await?.json().await?)
}
