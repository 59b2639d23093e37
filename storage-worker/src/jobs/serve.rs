//! Accepts the streams that other peers open, and serves each in a task of its own.

use crate::{
    background::{Job, JobStatus, StepError, Throttle, Turn},
    serve::Server,
    throttle,
};
use async_trait::async_trait;
use meganet_net::{Incoming, IncomingStream};
use std::sync::Arc;
use tokio::sync::Mutex;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The job that accepts streams.
pub struct Serve {
    /// Outlives a restart of the job: the network hands it out only once.
    incoming: Arc<Mutex<Incoming>>,
    server: Server,
    streams: TaskTracker,
    stop: CancellationToken,
    next: Option<IncomingStream>,
    ended: bool,
}

/// The network yields no more streams.
#[derive(Debug, thiserror::Error)]
#[error("the network has stopped accepting streams: restart the worker")]
struct NetworkEnded;

impl Serve {
    /// Serves what `incoming` yields, in tasks that `streams` counts and `stop` ends.
    pub fn new(incoming: Arc<Mutex<Incoming>>, server: Server, streams: TaskTracker, stop: CancellationToken) -> Self {
        Self { incoming, server, streams, stop, next: None, ended: false }
    }
}

#[async_trait]
impl Job for Serve {
    fn name(&self) -> &'static str {
        "serve"
    }

    fn status(&self) -> JobStatus {
        JobStatus::text(format!("open streams: {}", self.streams.len()))
    }

    fn throttle(&self) -> Throttle {
        throttle::SERVE
    }

    async fn step(&mut self) -> Result<Turn, StepError> {
        if self.ended {
            return Err(StepError::failed(NetworkEnded));
        }
        if let Some(stream) = self.next.take() {
            let (server, stop) = (self.server.clone(), self.stop.clone());
            self.streams.spawn(async move {
                stop.run_until_cancelled(server.serve(stream)).await;
            });
        }
        Ok(Turn::Idle(None))
    }

    async fn wake(&mut self) {
        match self.incoming.lock().await.next().await {
            Some(stream) => self.next = Some(stream),
            None => self.ended = true,
        }
    }
}
