//! The network's edge: answers the streams that other peers open.

mod get;
mod put;

pub use get::{GetHandles, GetService};
pub use put::{PutHandles, PutService};

use meganet_net::{IncomingStream, NetError};
use std::sync::Arc;

/// Serves both protocols. Cheap to clone.
#[derive(Clone)]
pub struct Server {
    /// Answers questions about shards, batches and ranges.
    pub get: Arc<GetService>,
    /// Takes shards in and signs receipts.
    pub put: Arc<PutService>,
}

impl Server {
    /// Serves a stream to its end.
    pub async fn serve(&self, stream: IncomingStream) {
        let peer = stream.peer();
        let result = match stream {
            IncomingStream::Put(stream) => self.put.serve(stream).await,
            IncomingStream::Get(stream) => self.get.serve(stream).await,
        };
        match result {
            Ok(()) => {}
            Err(error @ (NetError::Malformed { .. } | NetError::TooLong { .. })) => {
                tracing::warn!(peer = %meganet_net::peer::show(&peer), %error, "a peer broke the protocol");
            }
            Err(error) => tracing::debug!(peer = %meganet_net::peer::show(&peer), %error, "a stream ended early"),
        }
    }
}
