//! Answers to audits: the batch, the object and the 1 KiB leaf that hold a sampled byte, with their proofs. Ranges are
//! walked, never loaded: the memory needed is that of one batch's entries and one frame.

use super::{
    ReadError, Store, StoreError,
    keys::{LeafKey, ShardKey},
};
use crate::model::{Row, StoredSample};
use meganet_primitives::{
    Epoch, GroupId,
    audit::{Answer, BatchPath, EntryPath, HeldLeaf, Sample, find_entry},
    chain::ChallengedByte,
    convert::to_u64,
    hash::Hash,
    merkle::{leaf_hash, prove_range, subtree_hash},
    object::{FRAME_LEN, LEAF_LEN},
    range::{RangeLeaf, RangeProver},
    sum_tree::{BatchEntry, prove_entry},
};
use std::collections::BTreeMap;

/// Length of a leaf in bytes.
const LEAF: usize = 1024;

/// The place of a byte in its batch.
struct InLeaf {
    index: u64,
    leaf: RangeLeaf,
    offset: u64,
}

impl Store {
    /// Reads each of the samples, in their order. A leaf is applied again if the entries of its batch cannot be read, or if a
    /// shard of it is neither here nor listed as missing.
    ///
    /// # Errors
    /// Errors of disk and index; damage to a shard is not an error.
    pub fn read_samples(&self, asked: &[ChallengedByte]) -> Result<Vec<StoredSample>, StoreError> {
        let mut readings: Vec<Option<StoredSample>> = vec![None; asked.len()];
        let mut ranges: BTreeMap<(Epoch, GroupId), Vec<usize>> = BTreeMap::new();
        for (place, byte) in asked.iter().enumerate() {
            ranges.entry((byte.sample.expiry, byte.sample.group)).or_default().push(place);
        }
        for ((expiry, group), places) in ranges {
            let Some(range) = places.first().and_then(|place| asked.get(*place)).map(|byte| &byte.range) else {
                continue;
            };
            let of: Vec<&Sample> =
                places.iter().filter_map(|place| asked.get(*place)).map(|byte| &byte.sample).collect();
            for (place, reading) in places.iter().zip(self.read_range(expiry, group, range.leaves, &of)?) {
                if let Some(slot) = readings.get_mut(*place) {
                    *slot = Some(reading);
                }
            }
        }
        readings.into_iter().collect::<Option<_>>().ok_or(StoreError::BadRecord("challenge"))
    }

    /// The rows of bytes of one range; `None` for a byte whose object is unknown. The leaf of a batch whose entries cannot be
    /// read is applied again.
    ///
    /// # Errors
    /// Errors of the index.
    pub fn rows(&self, expiry: Epoch, group: GroupId, offsets: &[u64]) -> Result<Vec<Option<Row>>, StoreError> {
        let located = self.locate(expiry, group, u64::MAX, offsets)?;
        let row = |found: Option<InLeaf>| {
            let Some(found) = found else { return Ok(None) };
            let key = LeafKey { expiry, group, index: found.index };
            let Some(entries) = self.entries(&key, &found.leaf)? else { return Ok(None) };
            let Some((index, inside)) = find_entry(&entries, found.offset) else { return Ok(None) };
            let entry = usize::try_from(index).ok().and_then(|index| entries.get(index));
            Ok(entry.map(|entry| Row { object: entry.object, frame: inside / FRAME_LEN }))
        };
        located.into_iter().map(row).collect()
    }

    /// Finds the batches that hold bytes of a range's first `leaves` leaves.
    fn locate(
        &self,
        expiry: Epoch,
        group: GroupId,
        leaves: u64,
        offsets: &[u64],
    ) -> Result<Vec<Option<InLeaf>>, StoreError> {
        let mut found: Vec<Option<InLeaf>> = offsets.iter().map(|_| None).collect();
        let (mut start, mut open) = (0u64, offsets.len());
        self.walk_leaves((expiry, group), 0, leaves, &mut |index, leaf| {
            let end = start.saturating_add(leaf.batch.bytes);
            for (offset, found) in offsets.iter().zip(&mut found) {
                if (start..end).contains(offset) {
                    *found = Some(InLeaf { index, leaf, offset: offset - start });
                    open = open.saturating_sub(1);
                }
            }
            start = end;
            open > 0
        })?;
        Ok(found)
    }

    fn read_range(
        &self,
        expiry: Epoch,
        group: GroupId,
        leaves: u64,
        samples: &[&Sample],
    ) -> Result<Vec<StoredSample>, StoreError> {
        let behind = |known| -> Vec<StoredSample> { samples.iter().map(|_| StoredSample::Behind { known }).collect() };
        let offsets: Vec<u64> = samples.iter().map(|sample| sample.offset).collect();
        let found: Option<Vec<InLeaf>> = self.locate(expiry, group, leaves, &offsets)?.into_iter().collect();
        let known = self.leaf_count(expiry, group)?;
        let Some(found) = found.filter(|_| known >= leaves) else { return Ok(behind(known)) };
        let damaged = |_| StoreError::BadRecord("range");
        let indices: Vec<u64> = found.iter().map(|found| found.index).collect();
        let mut prover = RangeProver::new(leaves, &indices).map_err(damaged)?;
        let needed = prover.needs();
        let mut result = Ok(());
        self.walk_leaves((expiry, group), needed.start, needed.end, &mut |_, leaf| {
            result = prover.push(&leaf);
            result.is_ok()
        })?;
        // The walk may have met a leaf that cannot be read.
        let known = self.leaf_count(expiry, group)?;
        if known < leaves {
            return Ok(behind(known));
        }
        result.map_err(damaged)?;
        let proofs = prover.finish().map_err(damaged)?;
        let mut readings = Vec::new();
        for ((sample, found), proof) in samples.iter().zip(found).zip(proofs) {
            let batch = BatchPath { index: found.index, leaf: found.leaf, proof };
            readings.push(self.read_batch(sample, batch, found.offset)?);
        }
        Ok(readings)
    }

    /// The entries of a leaf's batch. Where they are not known, or cannot be read any more, the leaf waits for them from now on.
    fn entries(&self, key: &LeafKey, leaf: &RangeLeaf) -> Result<Option<Vec<BatchEntry>>, StoreError> {
        let entries = self.batch(&leaf.batch.root)?;
        if entries.is_none() {
            self.apply_again(key)?;
        }
        Ok(entries)
    }

    fn read_batch(&self, sample: &Sample, batch: BatchPath, offset: u64) -> Result<StoredSample, StoreError> {
        let leaf = LeafKey { expiry: sample.expiry, group: sample.group, index: batch.index };
        let Some(entries) = self.entries(&leaf, &batch.leaf)? else {
            return Ok(StoredSample::UnknownBatch(Box::new(batch)));
        };
        let damaged = StoreError::BadRecord("batch");
        let Some((index, inside)) = find_entry(&entries, offset) else { return Err(damaged) };
        let Some(entry) = usize::try_from(index).ok().and_then(|index| entries.get(index)).copied() else {
            return Err(damaged);
        };
        let proof = prove_entry(&entries, index).map_err(|_| damaged)?;
        let key = ShardKey { object: entry.object, shard: sample.slot };
        let path = (batch, EntryPath { index, entry, proof });
        match self.read_leaf(&key, &entry, inside) {
            Ok(held) => Ok(StoredSample::Held(Answer::Held(Box::new((path.0, path.1, held))))),
            Err(ReadError::NotHere | ReadError::OutOfRange { .. }) => {
                self.relist(&leaf, &key)?;
                Ok(StoredSample::Absent(Box::new(path)))
            }
            Err(ReadError::Damaged { frame }) => Ok(StoredSample::Damaged { path: Box::new(path), key, frame }),
            Err(ReadError::Store(error)) => Err(error),
        }
    }

    /// The verified leaf of a shard that holds a byte, with the paths up to the object.
    fn read_leaf(&self, key: &ShardKey, entry: &BatchEntry, offset: u64) -> Result<HeldLeaf, ReadError> {
        let record = self.shard(key)?.filter(|record| record.len == entry.shard_len).ok_or(ReadError::NotHere)?;
        let (frame, leaf) = (offset / FRAME_LEN, offset / LEAF_LEN);
        // Every held shard has the row of its object.
        let object = self.object(&key.object)?.ok_or(ReadError::Damaged { frame })?;
        if object.header.shards_root != entry.shards_root {
            return Err(ReadError::NotHere);
        }
        let root = *object.roots.get(usize::from(key.shard)).ok_or(ReadError::Damaged { frame })?;
        let hashes: Vec<Hash> = object.roots.iter().map(|root| leaf_hash(root)).collect();
        let shards = to_u64(hashes.len());
        let top = |lo, hi| match (usize::try_from(lo), usize::try_from(hi)) {
            (Ok(lo), Ok(hi)) => hashes.get(lo..hi).map(subtree_hash).unwrap_or_default(),
            _ => Hash::default(),
        };
        let root_proof = prove_range(&top, shards, key.shard.into(), 1).map_err(|_| ReadError::NotHere)?;

        let damaged = ReadError::Damaged { frame };
        let tree = self.cached_tree(key, &record)?;
        let start = frame.saturating_mul(FRAME_LEN);
        let len = FRAME_LEN.min(record.len.saturating_sub(start));
        let Some(bytes) = self.bytes(key, &record, start, len)? else { return Err(damaged) };
        let leaves: Vec<&[u8]> = bytes.chunks(LEAF).collect();
        let hashes: Vec<Hash> = leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
        let Ok(proof) = tree.prove_leaf(leaf, &hashes) else { return Err(damaged) };
        let inside = usize::try_from((offset - start) / LEAF_LEN).ok();
        let data = inside.and_then(|inside| leaves.get(inside)).and_then(|data| data.to_vec().try_into().ok());
        data.map(|data| HeldLeaf { root, root_proof, data, proof }).ok_or(damaged)
    }
}
