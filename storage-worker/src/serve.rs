//! The network's edge: answers the streams that other peers open.

mod get;
mod memory;
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
        // Strangers cause these as often as they like: they are counted, and not in the log unless somebody looks for them.
        match result {
            Ok(()) => {}
            Err(error @ (NetError::Malformed { .. } | NetError::TooLong { .. })) => {
                self.get.count_malformed();
                tracing::debug!(peer = %meganet_net::peer::show(&peer), %error, "a peer broke the protocol");
            }
            Err(error) => tracing::debug!(peer = %meganet_net::peer::show(&peer), %error, "a stream ended early"),
        }
    }
}
