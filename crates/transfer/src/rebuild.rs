//! Rebuilds one shard of an object, or some of its chunks, from any k others, for a worker that was away, lost a shard or
//! took over a slot.

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
use std::{ops::Range, sync::Arc};

impl Network {
    /// Streams a whole shard, as [`Self::rebuild_stripes`] does.
    pub fn rebuild_shard(&self, object: Arc<Object>, shard: SlotIndex) -> ByteStream {
        let stripes = 0..object.layout().stripes();
        self.rebuild_stripes(object, shard, stripes)
    }

    /// Streams the chunks of a shard in a run of stripes, computed from those of k other members; each of their chunks is
    /// checked before it is used. No key is needed. Memory is that of a window.
    ///
    /// An owner may have encoded the object wrongly, which only the root of the whole shard shows. If `stripes` are all of
    /// the shard, the root is checked at the very end: keep the bytes only when the stream has ended without an error.
    /// [`FetchError::BadObject`] then means that no worker can have this shard. If they are a part, the caller checks the
    /// root of the shard that it puts together.
    pub fn rebuild_stripes(&self, object: Arc<Object>, shard: SlotIndex, stripes: Range<u64>) -> ByteStream {
        let is_whole = stripes == (0..object.layout().stripes());
        let windows = Windows::new(self.options().window, &object, stripes);
        let hasher = is_whole.then(ShardHasher::new);
        let rebuild = Rebuild { network: self.clone(), object, shard, windows, rebuilder: None, hasher };
        // `None` after an error.
        stream::unfold(Some(rebuild), |rebuild| async move {
            let mut rebuild = rebuild?;
            let item = rebuild.next().await?;
            let rest = item.is_ok().then_some(rebuild);
            Some((item, rest))
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
    /// Hashes the shard if all of it is rebuilt.
    hasher: Option<ShardHasher>,
}

impl Rebuild {
    async fn next(&mut self) -> Option<Result<Bytes, FetchError>> {
        let Some(window) = self.windows.next() else {
            return self.check().err().map(Err);
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
        let (object, shard) = (self.object.clone(), self.shard);
        let (rebuilder, hasher) = (self.rebuilder.take(), self.hasher.take());
        let compute = move || compute(&object, shard, window, &gathered, rebuilder, hasher);
        let (bytes, rebuilder, hasher) = match tokio::task::spawn_blocking(compute).await {
            Ok(Ok(computed)) => computed,
            Ok(Err(error)) => return Some(Err(error.into())),
            Err(_) => return Some(Err(FetchError::Interrupted)),
        };
        self.rebuilder = Some(rebuilder);
        self.hasher = hasher;
        Some(Ok(bytes))
    }

    fn check(&mut self) -> Result<(), FetchError> {
        let Some(hasher) = self.hasher.take() else { return Ok(()) };
        let bad = FetchError::BadObject { object: self.object.id(), shard: self.shard };
        match hasher.finish() {
            Ok((root, _)) if root == *self.object.commitment().shard_root(self.shard)? => Ok(()),
            _ => Err(bad),
        }
    }
}

type Computed = (Bytes, Rebuilder, Option<ShardHasher>);

fn compute(
    object: &Object,
    shard: SlotIndex,
    window: Window,
    gathered: &Gathered,
    rebuilder: Option<Rebuilder>,
    mut hasher: Option<ShardHasher>,
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
    if let Some(hasher) = &mut hasher {
        hasher.push(&bytes);
    }
    Ok((bytes.into(), rebuilder, hasher))
}
