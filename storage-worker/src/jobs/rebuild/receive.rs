//! Writes a missing or damaged shard anew: its good frames are copied, the others come from other members.

use super::{RebuildError, RebuildHandles};
use crate::{
    disk::ShardSink,
    model::keys::ShardKey,
    service::scrub::Pace,
    store::{FinishedShard, Remains, StoreError},
};
use futures::StreamExt;
use meganet_primitives::{SlotIndex, convert::to_u64};
use meganet_transfer::{FetchError, Object};
use std::{ops::Range, sync::Arc, time::Instant};

/// Frames that are read from the disk in one go.
const FRAMES: usize = 16;

impl RebuildHandles {
    /// Writes a shard anew, and checks it against its root.
    pub(super) async fn receive(
        &self,
        object: &Arc<Object>,
        key: ShardKey,
        pace: Pace,
    ) -> Result<FinishedShard, RebuildError> {
        let layout = object.layout();
        let len = layout.shard_len();
        if let Some(remains) = self.disk.run(move |store| store.remains(&key, len)).await? {
            let shard = self.mend(object, key.shard, Arc::new(remains), pace).await?;
            if shard.root() == object.commitment().shard_root(key.shard).map_err(FetchError::from)? {
                return Ok(shard);
            }
            tracing::warn!(shard = %key, "frames of a damaged shard are bad although they looked good: all are fetched");
        }
        let mut sink = self.disk.begin_shard(len).await?;
        self.fetch(object, key.shard, 0..layout.stripes(), pace, &mut sink).await?;
        Ok(sink.finish().await?)
    }

    /// Copies the frames that look good, and fetches the others.
    async fn mend(
        &self,
        object: &Arc<Object>,
        shard: SlotIndex,
        remains: Arc<Remains>,
        pace: Pace,
    ) -> Result<FinishedShard, RebuildError> {
        // The frames of a shard are its chunks: one for each stripe.
        let stripes = object.layout().stripes();
        let mut sink = self.disk.begin_shard(object.layout().shard_len()).await?;
        // The first stripe that is not written yet.
        let mut next = 0;
        for first in (0..stripes).step_by(FRAMES) {
            let end = first.saturating_add(to_u64(FRAMES)).min(stripes);
            let (begun, remains) = (Instant::now(), remains.clone());
            let good = self.disk.run(move |store| Ok::<_, StoreError>(store.salvage(&remains, first..end))).await?;
            if good.is_empty() {
                // The rest is most likely lost too, and a dying disk takes seconds for each frame.
                break;
            }
            let bytes = good.iter().map(|(_, frame)| to_u64(frame.len())).sum();
            tokio::time::sleep(pace.rest(bytes, begun.elapsed())).await;
            for (stripe, frame) in good {
                self.fetch(object, shard, next..stripe, pace, &mut sink).await?;
                sink.write(&frame).await?;
                next = stripe.saturating_add(1);
            }
        }
        self.fetch(object, shard, next..stripes, pace, &mut sink).await?;
        Ok(sink.finish().await?)
    }

    /// Appends the chunks of some stripes from other members.
    async fn fetch(
        &self,
        object: &Arc<Object>,
        shard: SlotIndex,
        stripes: Range<u64>,
        pace: Pace,
        sink: &mut ShardSink,
    ) -> Result<(), RebuildError> {
        if stripes.is_empty() {
            return Ok(());
        }
        let mut chunks = self.network.rebuild_stripes(object.clone(), shard, stripes);
        loop {
            let begun = Instant::now();
            let Some(chunk) = chunks.next().await else { return Ok(()) };
            let chunk = chunk?;
            sink.write(&chunk).await?;
            let bytes = to_u64(chunk.len());
            tokio::time::sleep(pace.rest(bytes, begun.elapsed())).await;
        }
    }
}
