//! The frames of a damaged shard that are still good, so that a rebuild fetches only the others.

use super::{Store, StoreError, keys::ShardKey, records::ShardRecord};
use meganet_objects::ChunkHasher;
use meganet_primitives::{hash::Hash, object::FRAME_LEN};
use std::ops::Range;

/// A shard of which parts may still be here.
#[derive(Clone, Debug)]
pub struct Remains {
    key: ShardKey,
    record: ShardRecord,
    /// The tops of its first frames, perhaps of all. The index may be damaged too, so they are not checked against the
    /// shard's root: that would cost all frames for one bad top.
    tops: Vec<Hash>,
}

impl Store {
    /// The remains of a shard of `len` bytes; `None` if no frame can be checked.
    ///
    /// # Errors
    /// Those of the index.
    pub fn remains(&self, key: &ShardKey, len: u64) -> Result<Option<Remains>, StoreError> {
        let Some(record) = self.shard(key)?.filter(|record| record.len == len) else { return Ok(None) };
        let cached = self.trees.lock().get(key);
        let tops = match cached {
            Some(tree) => tree.tops().to_vec(),
            None => self.tops(key)?,
        };
        Ok((!tops.is_empty()).then_some(Remains { key: *key, record, tops }))
    }

    /// Those of some frames that agree with their tops, in order, each with its number.
    ///
    /// Frame and top may be damaged alike, so what is made from these frames has to be checked against the shard's root.
    pub fn salvage(&self, remains: &Remains, frames: Range<u64>) -> Vec<(u64, Vec<u8>)> {
        let Ok(skipped) = usize::try_from(frames.start) else { return Vec::new() };
        let mut hasher = ChunkHasher::new();
        let known = frames.zip(remains.tops.iter().skip(skipped));
        let good = known.filter_map(|(frame, top)| {
            let start = frame.saturating_mul(FRAME_LEN);
            let len = FRAME_LEN.min(remains.record.len.saturating_sub(start));
            // Each alone: one bad sector fails a whole read. A frame that cannot be read, for whatever reason, is fetched;
            // if the disk fails, writing shows that.
            let bytes = self.bytes(&remains.key, &remains.record, start, len).ok().flatten()?;
            hasher.top(&bytes).is_ok_and(|found| found == *top).then_some((frame, bytes))
        });
        good.collect()
    }
}
