//! Sends requests to a node as fast as it answers.

use anyhow::{Context, Result, ensure};
use futures::future::try_join_all;
use jsonrpsee::{
    core::{client::ClientT, params::ArrayParams},
    ws_client::{WsClient, WsClientBuilder},
};
use serde_json::Value;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

/// Number of clients, and of concurrent requests of each.
#[derive(Clone, Copy, Debug)]
pub struct Crowd {
    /// WebSocket connections.
    pub connections: usize,
    /// Concurrent requests on each.
    pub in_flight: usize,
}

/// The measured answers of a node.
pub struct Answers {
    /// Answers per second.
    pub rate: f64,
    /// Median of the answer times, in milliseconds.
    pub p50: f64,
    /// 99th percentile of the answer times, in milliseconds.
    pub p99: f64,
}

/// Calls `method` with the parameters of turn 0, 1, … for about `time`.
///
/// # Errors
/// A connection breaks, or an answer is an error or refused by `check`.
pub async fn ask(
    url: &str,
    crowd: Crowd,
    time: Duration,
    method: &'static str,
    params: fn(u32) -> ArrayParams,
    check: fn(&Value) -> bool,
) -> Result<Answers> {
    let turn = Arc::new(AtomicU32::new(0));
    let mut clients = Vec::new();
    for _ in 0..crowd.connections {
        clients.push(Arc::new(WsClientBuilder::default().build(url).await?));
    }
    let begun = Instant::now();
    let one = |client: Arc<WsClient>| {
        let turn = turn.clone();
        tokio::spawn(async move {
            let mut times = Vec::new();
            while begun.elapsed() < time {
                let params = params(turn.fetch_add(1, Ordering::Relaxed));
                let asked = Instant::now();
                let answer: Value = client.request(method, params).await.with_context(|| method)?;
                times.push(asked.elapsed());
                ensure!(check(&answer), "{method} answers {answer}");
            }
            Ok(times)
        })
    };
    let asking = clients.iter().flat_map(|client| (0..crowd.in_flight).map(|_| one(client.clone())));
    let all = try_join_all(asking.collect::<Vec<_>>()).await?;
    let took = begun.elapsed().as_secs_f64();
    let mut times = all.into_iter().collect::<Result<Vec<Vec<Duration>>>>()?.concat();
    times.sort_unstable();
    let at = |percent: usize| times.get(times.len() * percent / 100).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3);
    Ok(Answers { rate: f64::from(u32::try_from(times.len())?) / took, p50: at(50), p99: at(99) })
}
