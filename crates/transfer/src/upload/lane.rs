//! One shard on its way to one member.

use super::busy::{RETRIES, is_busy};
use super::session::{UploadSession, put_client};
use backon::BackoffBuilder;
use bytes::Bytes;
use meganet_net::{Net, NetError, OpenShard, ShardWriter, UploadAccount};
use meganet_primitives::{SlotIndex, hash::Hash, object::ObjectHeader, receipt::PeerKey};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    sync::{mpsc, watch},
    task::{AbortHandle, JoinSet},
};

/// Chunks of a shard that wait for the member: 512 KiB.
const QUEUE: usize = 8;

/// The header and shard roots, which are known once the whole object is encoded.
pub(super) struct Closing {
    pub(super) header: ObjectHeader,
    pub(super) shard_roots: Vec<Hash>,
}

/// Sends them to all lanes.
pub(super) type Close = watch::Sender<Option<Arc<Closing>>>;

/// The result of a lane.
pub(super) type Ended = (SlotIndex, Result<(), NetError>);

/// A member that a shard is being sent to.
pub(super) struct Lane {
    pub(super) slot: SlotIndex,
    /// `None` once all chunks are queued or the lane is given up.
    queue: Option<mpsc::Sender<Bytes>>,
    /// The total time by which it has fallen behind the quorum.
    pub(super) lag: Duration,
    task: AbortHandle,
}

impl Lane {
    /// Starts to send. The end is reported to `ended`.
    pub(super) fn start(
        session: &UploadSession,
        peer: PeerKey,
        shard: OpenShard,
        close: &Close,
        ended: &mut JoinSet<Ended>,
    ) -> Self {
        let (queue, chunks) = mpsc::channel(QUEUE);
        let (net, account, closing, slot) = (session.net().clone(), session.account(), close.subscribe(), shard.slot);
        let task = ended.spawn(async move { (slot, send(&net, (peer, account), shard, chunks, closing).await) });
        Self { slot, queue: Some(queue), lag: Duration::ZERO, task }
    }

    /// Whether chunks can still be queued.
    pub(super) fn is_open(&self) -> bool {
        self.queue.as_ref().is_some_and(|queue| !queue.is_closed())
    }

    /// Queues a chunk as soon as there is room. Returns when that was; `None` if the lane has ended.
    pub(super) fn queue(
        &self,
        chunk: Bytes,
    ) -> impl std::future::Future<Output = (SlotIndex, Option<Instant>)> + use<> {
        let (slot, queue) = (self.slot, self.queue.clone());
        async move {
            let queued = match queue {
                Some(queue) => queue.send(chunk).await.is_ok(),
                None => false,
            };
            (slot, queued.then(Instant::now))
        }
    }

    /// Ends the queue: there are no more chunks.
    pub(super) fn end(&mut self) {
        self.queue = None;
    }

    /// Stops sending to the member.
    pub(super) fn abort(&mut self) {
        self.queue = None;
        self.task.abort();
    }
}

async fn send(
    net: &Net,
    (peer, account): (PeerKey, UploadAccount),
    shard: OpenShard,
    mut chunks: mpsc::Receiver<Bytes>,
    mut closing: watch::Receiver<Option<Arc<Closing>>>,
) -> Result<(), NetError> {
    // Only the beginning is repeated: chunks that were sent are gone.
    let mut pauses = RETRIES.build();
    loop {
        // A worker that is busy may say so to either request.
        let opened = match put_client(net, peer, account).await {
            Ok(client) => Ok(client),
            Err(error) if is_busy(&error) => Err(error),
            Err(error) => return Err(error),
        };
        let error = match opened {
            Err(error) => error,
            Ok(mut client) => match client.begin(shard).await {
                Ok(writer) => {
                    pass_on(writer, &mut chunks, &mut closing).await?;
                    // The shard is acknowledged; how the stream ends changes nothing.
                    client.close().await.ok();
                    return Ok(());
                }
                Err(error) => error,
            },
        };
        match pauses.next().filter(|_| is_busy(&error)) {
            Some(pause) => tokio::time::sleep(pause).await,
            None => return Err(error),
        }
    }
}

async fn pass_on(
    mut writer: ShardWriter<'_>,
    chunks: &mut mpsc::Receiver<Bytes>,
    closing: &mut watch::Receiver<Option<Arc<Closing>>>,
) -> Result<(), NetError> {
    while let Some(chunk) = chunks.recv().await {
        writer.write(&chunk).await?;
    }
    let closed = NetError::Closed { what: "object" };
    let closing = closing.wait_for(Option::is_some).await.map(|known| known.clone()).map_err(|_| closed.clone())?;
    let closing = closing.ok_or(closed)?;
    let stored = writer.finish(closing.header, &closing.shard_roots).await?;
    if stored != closing.header.id() {
        let reason = "it acknowledged another object".to_owned();
        return Err(NetError::Malformed { what: "put reply", reason });
    }
    Ok(())
}
