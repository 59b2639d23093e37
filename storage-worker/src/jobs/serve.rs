//! Accepts the streams that other peers open, and serves each in a task of its own. Ends the worker when the network ends.

use crate::{
    background::{Job, JobStatus, StepError, Throttle, Turn},
    metrics::Metrics,
    serve::Server,
    throttle,
};
use async_trait::async_trait;
use futures::FutureExt;
use meganet_net::{Incoming, IncomingStream, Net, NetEnd};
use prometheus_client::metrics::counter::Counter;
use std::{panic::AssertUnwindSafe, sync::Arc};
use tokio::sync::Mutex;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The dependencies of [`Serve`].
#[derive(Clone)]
pub struct ServeHandles {
    /// The streams. Outlives a restart of the job: the network hands it out only once.
    pub incoming: Arc<Mutex<Incoming>>,
    /// The network that they come from.
    pub net: Net,
    /// Serves them.
    pub server: Server,
    /// Counts the tasks that serve them.
    pub streams: TaskTracker,
    /// Counts those that panic.
    pub metrics: Arc<Metrics>,
    /// Ends these tasks.
    pub stop: CancellationToken,
}

/// The job that accepts streams.
pub struct Serve {
    handles: ServeHandles,
    next: Option<IncomingStream>,
    ended: Option<NetEnd>,
}

impl Serve {
    /// Serves the streams of the network.
    pub fn new(handles: ServeHandles) -> Self {
        Self { handles, next: None, ended: None }
    }
}

#[async_trait]
impl Job for Serve {
    fn name(&self) -> &'static str {
        "serve"
    }

    fn status(&self) -> JobStatus {
        JobStatus::text(format!("open streams: {}", self.handles.streams.len()))
    }

    fn throttle(&self) -> Throttle {
        throttle::SERVE
    }

    async fn step(&mut self) -> Result<Turn, StepError> {
        if let Some(end) = &self.ended {
            // The worker has no other network.
            return Err(StepError::fatal(end.clone()));
        }
        if let Some(stream) = self.next.take() {
            let ServeHandles { server, metrics, stop, .. } = self.handles.clone();
            self.handles.streams.spawn(async move {
                let serving = stop.run_until_cancelled(server.serve(stream));
                count_panic(serving, &metrics.stream_panics).await;
            });
        }
        Ok(Turn::Idle(None))
    }

    async fn wake(&mut self) {
        let ended = self.handles.net.ended();
        let next = async {
            match self.handles.incoming.lock().await.next().await {
                Some(stream) => stream,
                // The reason follows.
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            stream = next => self.next = Some(stream),
            end = ended => self.ended = Some(end),
        }
    }
}

/// Runs the service of a stream to its end, which may be a panic: it ends only this stream, and is counted.
async fn count_panic<T>(serving: impl Future<Output = T>, panics: &Counter) {
    if AssertUnwindSafe(serving).catch_unwind().await.is_err() {
        panics.inc();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn panics_of_streams_are_counted() {
        let panics = Counter::default();
        count_panic(async {}, &panics).await;
        assert_eq!(panics.get(), 0);
        count_panic(async { assert_ne!(panics.get(), 0, "told to") }, &panics).await;
        assert_eq!(panics.get(), 1);
    }
}
