//! Rebuilds one shard of an object from any k others, for a worker that was away, lost a shard or took over a slot.

use crate::{
    error::FetchError,
    fetch::{ByteStream, Gathered, Goal, Window, Windows, gather},
    network::Network,
    object::Object,
};
use bytes::Bytes;
use futures::{StreamExt, stream};
use meganet_objects::{ErasureError, Rebuilder, ShardHasher};
use meganet_primitives::SlotIndex;
use std::sync::Arc;

impl Network {
    /// Streams a shard, computed from those of k other members; each of their chunks is checked before it is used. No
    /// key is needed. Memory is that of a window.
    ///
    /// The root of what came out is checked at the very end: keep the bytes only when the stream has ended without an
    /// error. [`FetchError::BadObject`] means that no worker can have this shard, because the owner encoded the object
    /// wrongly.
    pub fn rebuild_shard(&self, object: Arc<Object>, shard: SlotIndex) -> ByteStream {
        let windows = Windows::new(self.options().window, &object, 0..object.layout().stripes());
        let rebuild = Rebuild {
            network: self.clone(),
            object,
            shard,
            windows,
            rebuilder: None,
            hasher: Some(ShardHasher::new()),
        };
        stream::unfold(rebuild, |mut rebuild| async move {
            let item = rebuild.next().await?;
            if item.is_err() {
                rebuild.hasher = None;
            }
            Some((item, rebuild))
        })
        .boxed()
    }
}

struct Rebuild {
    network: Network,
    object: Arc<Object>,
    shard: SlotIndex,
    windows: Windows,
    rebuilder: Option<Rebuilder>,
    /// `None` once the stream is over.
    hasher: Option<ShardHasher>,
}

impl Rebuild {
    async fn next(&mut self) -> Option<Result<Bytes, FetchError>> {
        let hasher = self.hasher.take()?;
        let Some(window) = self.windows.next() else {
            return self.check(hasher).err().map(Err);
        };
        let layout = self.object.layout();
        let cost = (u64::from(layout.k()) + 2) * window.shard_bytes(&self.object);
        let Some(_share) = self.network.budgets().demand(cost).await else {
            return Some(Err(FetchError::Interrupted));
        };
        let gathered = match gather(&self.network, &self.object, window, &Goal::AllBut(self.shard)).await {
            Ok(gathered) => gathered,
            Err(error) => return Some(Err(error)),
        };
        let (object, shard, rebuilder) = (self.object.clone(), self.shard, self.rebuilder.take());
        let compute = move || compute(&object, shard, window, &gathered, rebuilder, hasher);
        let (bytes, rebuilder, hasher) = match tokio::task::spawn_blocking(compute).await {
            Ok(Ok(computed)) => computed,
            Ok(Err(error)) => return Some(Err(error.into())),
            Err(_) => return Some(Err(FetchError::Interrupted)),
        };
        self.rebuilder = Some(rebuilder);
        self.hasher = Some(hasher);
        Some(Ok(bytes))
    }

    fn check(&self, hasher: ShardHasher) -> Result<(), FetchError> {
        let bad = FetchError::BadObject { object: self.object.id(), shard: self.shard };
        match hasher.finish() {
            Ok((root, _)) if root == *self.object.commitment().shard_root(self.shard)? => Ok(()),
            _ => Err(bad),
        }
    }
}

type Computed = (Bytes, Rebuilder, ShardHasher);

fn compute(
    object: &Object,
    shard: SlotIndex,
    window: Window,
    gathered: &Gathered,
    rebuilder: Option<Rebuilder>,
    mut hasher: ShardHasher,
) -> Result<Computed, ErasureError> {
    let sources: Vec<SlotIndex> = gathered.shards().take(object.layout().k().into()).collect();
    // Mostly the same members answer, so the factors are kept.
    let rebuilder = match rebuilder.filter(|known| known.sources().eq(sources.iter().copied())) {
        Some(rebuilder) => rebuilder,
        None => Rebuilder::new(object.layout(), shard, &sources)?,
    };
    let mut bytes = Vec::new();
    for (index, stripe) in window.stripes().enumerate() {
        let chunks: Vec<&[u8]> = sources.iter().map(|source| gathered.chunk(*source, index)).collect();
        rebuilder.chunk(stripe, &chunks, &mut bytes)?;
    }
    hasher.push(&bytes);
    Ok((bytes.into(), rebuilder, hasher))
}
