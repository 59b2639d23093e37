//! The network's edge: every stream that another peer opens is served in a task of its own.

mod get;
mod put;

use crate::context::Context;
use meganet_net::{Incoming, IncomingStream, NetError};
use std::sync::Arc;
use tokio_util::task::TaskTracker;

/// Serves streams until the worker is stopped or the network ends.
pub async fn run(context: Arc<Context>, mut incoming: Incoming, tasks: TaskTracker) {
    loop {
        let stream = tokio::select! {
            () = context.stop.cancelled() => return,
            stream = incoming.next() => stream,
        };
        let Some(stream) = stream else { return };
        let context = context.clone();
        tasks.spawn(async move {
            let stop = context.stop.clone();
            tokio::select! {
                () = stop.cancelled() => {}
                () = serve(&context, stream) => {}
            }
        });
    }
}

async fn serve(context: &Arc<Context>, stream: IncomingStream) {
    let peer = stream.peer();
    let result = match stream {
        IncomingStream::Put(stream) => put::serve(context, stream).await,
        IncomingStream::Get(stream) => get::serve(context, stream).await,
    };
    match result {
        Ok(()) => {}
        Err(error @ (NetError::Malformed { .. } | NetError::TooLong { .. })) => {
            tracing::warn!(peer = %meganet_net::peer::show(&peer), %error, "a peer broke the protocol");
        }
        Err(error) => tracing::debug!(peer = %meganet_net::peer::show(&peer), %error, "a stream ended early"),
    }
}
