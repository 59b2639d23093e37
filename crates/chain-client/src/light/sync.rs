//! Waiting until a light client has caught up.

use super::{LightOptions, engine::Engine, spec::LightSpec};
use crate::error::ChainError;
use serde::{Deserialize, de::DeserializeOwned};
use smoldot_light::lifecycle_service::{LifecycleState, Phase};
use std::time::{Duration, Instant};

/// Blocks by which the finalized head may trail the best one: on a chain that finalizes it is two or three.
const LAG: u64 = 8;
/// Where finality itself is slow, it is not waited for longer than this.
const FINALITY_PATIENCE: Duration = Duration::from_secs(10);
/// How often the heads are looked at.
const LOOK: Duration = Duration::from_millis(50);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Health {
    is_syncing: bool,
    peers: u64,
}

#[derive(Deserialize)]
struct Header {
    number: String,
}

/// Waits until the head of the chain is known and final up to a few blocks.
pub(super) async fn wait(engine: &Engine, spec: &LightSpec, options: &LightOptions) -> Result<(), ChainError> {
    let begun = Instant::now();
    let mut progress = Progress::default();
    let caught_up = async {
        ready(engine, &mut progress, options.peer_timeout).await?;
        fresh(engine).await
    };
    match tokio::time::timeout(options.sync_timeout, caught_up).await {
        Ok(Ok(())) => {
            tracing::info!(spec = spec.source(), after = ?begun.elapsed(), "the light client has caught up");
            Ok(())
        }
        Ok(Err(Stopped::Alone)) => Err(ChainError::NoPeers {
            spec: spec.source().to_owned(),
            seconds: options.peer_timeout.as_secs(),
            nodes: spec.boot_nodes().join(", "),
        }),
        Ok(Err(Stopped::Ended(reason))) => Err(ChainError::LightClient { reason }),
        Err(_) => Err(ChainError::NotSynced {
            spec: spec.source().to_owned(),
            seconds: options.sync_timeout.as_secs(),
            at: progress.at,
            target: progress.target,
        }),
    }
}

/// The progress that was seen so far.
#[derive(Default)]
struct Progress {
    met: bool,
    at: u64,
    target: u64,
}

impl Progress {
    fn saw(&mut self, state: &LifecycleState) {
        self.met |= state.num_peers > 0;
        if let Phase::Syncing { at, target } = state.phase {
            tracing::info!(at, target, "the light client is catching up");
            (self.met, self.at, self.target) = (true, at, target);
        }
    }
}

enum Stopped {
    /// No node was met.
    Alone,
    Ended(String),
}

/// Waits until smoldot knows at which finalized block it begins to follow the chain, and its runtime.
async fn ready(engine: &Engine, progress: &mut Progress, patience: Duration) -> Result<(), Stopped> {
    let begun = Instant::now();
    // Answered as soon as it is known, half a second before the state shows it.
    let mut known = std::pin::pin!(ask::<String>(engine, "chain_getFinalizedHead"));
    let mut answered = false;
    let mut states = engine.lifecycle();
    loop {
        let left = if progress.met { Duration::MAX } else { patience.saturating_sub(begun.elapsed()) };
        tokio::select! {
            head = &mut known, if !answered => {
                head?;
                answered = true;
            }
            state = states.next() => match state {
                Some(state) => progress.saw(&state),
                None => return Err(Stopped::Ended("it has ended".to_owned())),
            },
            () = tokio::time::sleep(left) => return Err(Stopped::Alone),
        }
        // After half a minute it is ready without peers, too.
        if answered && (progress.met || ask::<Health>(engine, "system_health").await?.peers > 0) {
            return Ok(());
        }
    }
}

/// Waits for the blocks after the one at which it began. Without that, a client that begins less than a warp sync away
/// from the head would answer from a checkpoint that is minutes old.
async fn fresh(engine: &Engine) -> Result<(), Stopped> {
    let begun = Instant::now();
    loop {
        let near = !ask::<Health>(engine, "system_health").await?.is_syncing;
        let best = number(engine, None).await?;
        let finalized = ask::<String>(engine, "chain_getFinalizedHead").await?;
        let lag = best.saturating_sub(number(engine, Some(finalized)).await?);
        if near && lag <= LAG {
            return Ok(());
        }
        if near && begun.elapsed() > FINALITY_PATIENCE {
            tracing::warn!(lag, "the chain's finality lags behind");
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// The height of a block, the best one by default.
async fn number(engine: &Engine, block: Option<String>) -> Result<u64, Stopped> {
    let params = block.into_iter().map(Into::into).collect();
    let header: Header = read(engine.call("chain_getHeader", params).await)?;
    u64::from_str_radix(header.number.trim_start_matches("0x"), 16)
        .map_err(|_| Stopped::Ended(format!("a block has height '{}'", header.number)))
}

async fn ask<T: DeserializeOwned>(engine: &Engine, method: &str) -> Result<T, Stopped> {
    read(engine.call(method, Vec::new()).await)
}

fn read<T: DeserializeOwned>(
    answer: Result<Box<serde_json::value::RawValue>, subxt::rpcs::Error>,
) -> Result<T, Stopped> {
    let answer = answer.map_err(|error| Stopped::Ended(error.to_string()))?;
    serde_json::from_str(answer.get()).map_err(|error| Stopped::Ended(error.to_string()))
}
