#![allow(clippy::unwrap_used)]

use super::{
    AddLeaf, Lapse, Store, StoredSample,
    engine::{Batch, Durability, Engine, EngineError, Table, Write},
    keys::{LeafKey, ShardKey},
    memory::MemoryEngine,
    meta::slot_key,
    testing::{CLAIM, FakeObject, Watch, Watched, expire, prepare, release, rows, spoil},
};
use meganet_primitives::{
    audit::Sample,
    chain::ChallengedByte,
    range::{RangeLeaf, RangeState},
    sum_tree::{BatchEntry, summarize},
};
use parking_lot::Mutex;
use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

const SLOT: u8 = 3;
const LEAVES: u8 = 5;

fn key(index: u64) -> LeafKey {
    LeafKey { expiry: 10, group: 0, index }
}

/// How a value is damaged.
#[derive(Clone, Copy, Debug)]
enum Damage {
    /// A bit of it flips on the disk, so its checksum is wrong.
    Flipped,
    /// It does not decode.
    Undecodable,
}

/// A row of the index.
type Row = (Table, Vec<u8>);

/// A disk with flipped bits. Counts the walks over all holds.
#[derive(Clone, Default)]
struct Flipped {
    bad: Arc<Mutex<BTreeSet<Row>>>,
    walks: Arc<AtomicUsize>,
}

impl Watch for Flipped {
    fn get(&self, rows: &MemoryEngine, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        if self.bad.lock().contains(&(table, key.to_vec())) {
            return Err(EngineError::Corrupt("a checksum is wrong".into()));
        }
        rows.get(table, key)
    }

    fn scanning(&self, table: Table, from: &[u8]) {
        if table == Table::Holds && from.is_empty() {
            self.walks.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn commit(&self, rows: &MemoryEngine, batch: Batch, durability: Durability) -> Result<(), EngineError> {
        for write in &batch.0 {
            let (Write::Put(table, key, _) | Write::Delete(table, key)) = write;
            self.bad.lock().remove(&(*table, key.clone()));
        }
        rows.commit(batch, durability)
    }
}

/// A store with five batches of one object each.
struct Range {
    base: tempfile::TempDir,
    index: Watched<Flipped>,
    store: Store,
    batches: Vec<(RangeLeaf, [BatchEntry; 1])>,
}

impl Range {
    fn new() -> Self {
        let base = tempfile::tempdir().unwrap();
        prepare(base.path());
        let index = Watched::<Flipped>::default();
        let store = Store::with(base.path(), Box::new(index.clone()), super::no_hook()).unwrap();
        store.set_slot(0, SLOT).unwrap();
        let mut batches = Vec::new();
        for index in 0..LEAVES {
            let object = FakeObject::new(index.into(), 1 << 10);
            object.store(&store, SLOT, 1);
            let entries = [object.entry()];
            let leaf = RangeLeaf { batch: summarize(&entries).unwrap(), owner: [1; 32], signed: 1, registered: 1 };
            store.add_leaf(&key(index.into()), &leaf).unwrap();
            store.resolve(&key(index.into()), &leaf, SLOT, &entries, 2).unwrap();
            batches.push((leaf, entries));
        }
        Self { base, index, store, batches }
    }

    fn reopen(&mut self) {
        self.store = Store::with(self.base.path(), Box::new(self.index.clone()), super::no_hook()).unwrap();
    }

    /// The shard of a batch's object.
    fn shard(&self, index: usize) -> ShardKey {
        ShardKey { object: self.batches[index].1[0].object, shard: SLOT }
    }

    /// The leaves that wait to be applied.
    fn waiting(&self) -> Vec<u64> {
        self.store.unresolved(None, 100).unwrap().iter().map(|(key, _)| key.index).collect()
    }

    fn damage(&self, table: Table, key: Vec<u8>) {
        spoil(&self.store, table, key, Some(&[0xff; 3]));
    }

    fn damage_as(&self, damage: Damage, table: Table, key: Vec<u8>) {
        match damage {
            Damage::Flipped => assert!(self.index.watch.bad.lock().insert((table, key))),
            Damage::Undecodable => self.damage(table, key),
        }
    }

    fn leaves(&self) -> Vec<RangeLeaf> {
        self.store.leaves(10, 0, 0, 100).unwrap()
    }

    fn leaf_count(&self) -> u64 {
        self.store.leaf_count(10, 0).unwrap()
    }

    /// The leaves of the first `count` batches.
    fn first(&self, count: usize) -> Vec<RangeLeaf> {
        self.batches.iter().take(count).map(|(leaf, _)| *leaf).collect()
    }

    /// The first byte of each batch.
    fn offsets(&self) -> Vec<u64> {
        let starts = self.batches.iter().scan(0u64, |at, (leaf, _)| {
            *at += leaf.batch.bytes;
            Some(*at - leaf.batch.bytes)
        });
        starts.collect()
    }

    /// Reads the first byte of each batch, as for a proof.
    fn samples(&self) -> Vec<StoredSample> {
        let range = RangeState::from_leaves(self.batches.iter().map(|(leaf, _)| leaf)).unwrap();
        let byte = |offset| ChallengedByte {
            sample: Sample { group: 0, slot: SLOT, expiry: 10, offset },
            range: range.clone(),
        };
        let bytes: Vec<ChallengedByte> = self.offsets().into_iter().map(byte).collect();
        self.store.read_samples(&bytes).unwrap()
    }

    /// As the sync job does: fetches from where the range ends, and applies what is new.
    fn sync(&self) -> Vec<AddLeaf> {
        let from = self.leaf_count();
        let fetched = (0..).zip(&self.batches).skip_while(|(index, _)| *index < from);
        let added = fetched.map(|(index, (leaf, _))| self.store.add_leaf(&key(index), leaf).unwrap()).collect();
        for (key, leaf) in self.store.unresolved(None, 100).unwrap() {
            let (_, entries) = self.batches[usize::try_from(key.index).unwrap()];
            self.store.resolve(&key, &leaf, SLOT, &entries, 3).unwrap();
        }
        added
    }
}

#[test]
fn a_range_ends_before_a_leaf_that_cannot_be_read_and_is_fetched_anew() {
    let there = Range::new();
    let before = there.store.usage();
    for index in [1, 3] {
        there.damage(Table::Leaves, key(index).encode());
    }
    // It shows when the range is read, or at the next start.
    assert_eq!(there.leaves(), there.first(1));
    assert_eq!(there.leaf_count(), 1);
    assert_eq!(there.store.count().unwrap().unreadable, 2);
    assert_eq!(there.store.leaves(10, 0, 2, 100).unwrap(), vec![], "beyond the end");
    assert_eq!(there.store.add_leaf(&key(5), &there.batches[0].0).unwrap(), AddLeaf::Gap { known: 1 });
    // The first is fetched, then the second, and the good ones between them are known.
    assert_eq!(there.sync(), [AddLeaf::Added, AddLeaf::Known, AddLeaf::Added, AddLeaf::Known]);
    assert_eq!((there.leaf_count(), there.leaves()), (5, there.first(5)));
    assert_eq!((there.store.usage(), there.store.count().unwrap().unreadable), (before, 0));
    assert_eq!(expire(&there.store, 10), 1);
    assert_eq!((there.store.usage().shards, there.leaf_count()), (0, 0));
}

#[test]
fn a_leaf_that_is_gone_ends_its_range_too_and_a_key_of_no_leaf_is_passed_over() {
    let there = Range::new();
    there.damage(Table::Leaves, [key(2).encode(), vec![0]].concat());
    there.damage(Table::Leaves, [LeafKey::range(10, 0), vec![0xff]].concat());
    assert_eq!((there.leaf_count(), there.leaves()), (5, there.first(5)));
    spoil(&there.store, Table::Leaves, key(2).encode(), None);
    assert_eq!((there.leaves(), there.leaf_count()), (there.first(2), 2));
    assert_eq!(there.sync(), [AddLeaf::Added, AddLeaf::Known, AddLeaf::Known]);
    assert_eq!((there.leaves(), there.leaf_count()), (there.first(5), 5));
}

#[test]
fn a_slot_or_a_batch_that_cannot_be_read_is_as_if_it_were_unknown() {
    let there = Range::new();
    there.store.set_slot(7, 1).unwrap();
    there.damage(Table::Meta, slot_key(0));
    there.damage(Table::Meta, b"slot/?".to_vec());
    assert_eq!(there.store.slots().unwrap(), [(7, 1)]);
    // Dropping its leaves does not need it, and the chain names it again.
    assert!(there.store.slots_in(0).unwrap().is_empty());
    there.store.set_slot(0, SLOT).unwrap();
    assert_eq!(there.store.slots().unwrap(), [(0, SLOT), (7, 1)]);
    there.damage(Table::Batches, there.batches[4].0.batch.root.to_vec());
    assert_eq!(there.store.batch(&there.batches[4].0.batch.root).unwrap(), None);
    there.sync();
    assert_eq!(there.store.batch(&there.batches[4].0.batch.root).unwrap().unwrap(), there.batches[4].1);
    // A shard whose record cannot be read is listed as missing, and stored again.
    let shard = there.shard(0);
    there.damage(Table::Shards, shard.encode());
    there.store.set_slot(0, SLOT).unwrap();
    there.sync();
    assert!(there.store.is_missing(&shard).unwrap());
    FakeObject::new(0, 1 << 10).store(&there.store, SLOT, 4);
    assert!(there.store.shard(&shard).unwrap().is_some() && !there.store.is_missing(&shard).unwrap());
}

#[test]
fn the_entries_of_a_batch_that_cannot_be_read_are_fetched_anew_once_they_are_needed() {
    for (damage, by_sample) in
        [Damage::Flipped, Damage::Undecodable].into_iter().flat_map(|damage| [(damage, true), (damage, false)])
    {
        let there = Range::new();
        let before = there.store.usage();
        let (leaf, entries) = there.batches[2];
        there.damage_as(damage, Table::Batches, leaf.batch.root.to_vec());
        assert_eq!(there.store.batch(&leaf.batch.root).unwrap(), None, "{damage:?}");
        // It may be asked for several times before it is fetched.
        for _ in 0..2 {
            let found: Vec<bool> = if by_sample {
                there.samples().iter().map(|sample| matches!(sample, StoredSample::Held(_))).collect()
            } else {
                there.store.rows(10, 0, &there.offsets()).unwrap().iter().map(Option::is_some).collect()
            };
            assert_eq!(found, [true, true, false, true, true], "{damage:?}");
        }
        assert!(matches!(there.samples()[2], StoredSample::UnknownBatch(_)), "{damage:?}");
        assert_eq!(there.waiting(), [2], "{damage:?}");
        there.sync();
        assert_eq!(there.store.batch(&leaf.batch.root).unwrap().unwrap(), entries);
        assert!(there.samples().iter().all(|sample| matches!(sample, StoredSample::Held(_))), "{damage:?}");
        assert!(there.waiting().is_empty(), "{damage:?}");
        assert_eq!((there.store.usage(), there.store.count().unwrap()), (before.clone(), before));
    }
}

#[test]
fn what_a_leaf_kept_is_released_although_the_leaf_or_its_batch_cannot_be_read() {
    let damages = [
        (Damage::Flipped, Table::Batches),
        (Damage::Undecodable, Table::Batches),
        (Damage::Undecodable, Table::Leaves),
    ];
    for (damage, table) in damages {
        let there = Range::new();
        let (leaf, entries) = there.batches[1];
        // Another range needs its object too.
        let other = LeafKey { expiry: 12, ..key(0) };
        there.store.add_leaf(&other, &leaf).unwrap();
        there.store.resolve(&other, &leaf, SLOT, &entries, 2).unwrap();
        let bad = if table == Table::Batches { leaf.batch.root.to_vec() } else { key(1).encode() };
        there.damage_as(damage, table, bad);
        assert_eq!(expire(&there.store, 10), 1);
        let shard = there.shard(1);
        assert_eq!(there.store.leaves_of(&shard).unwrap(), [other], "{damage:?} {table:?}");
        assert!(there.store.shard(&shard).unwrap().is_some(), "{damage:?} {table:?}");
        assert_eq!(there.store.usage().shards, 1, "{damage:?} {table:?}");
        assert_eq!(expire(&there.store, 12), 1);
        assert_eq!(there.store.usage().shards, 0, "{damage:?} {table:?}");
        for left in [Table::Leaves, Table::Unresolved, Table::Holds, Table::Batches, Table::BatchHolds] {
            assert_eq!(rows(&there.store, left), 0, "{damage:?} {table:?}: {left:?}");
        }
    }
}

#[test]
fn leaves_that_were_never_applied_are_dropped_without_a_walk_over_all_holds() {
    let there = Range::new();
    let batch = summarize(&[FakeObject::new(99, 1 << 10).entry()]).unwrap();
    let leaf = RangeLeaf { batch, owner: [1; 32], signed: 1, registered: 1 };
    there.store.add_leaf(&LeafKey { expiry: 9, ..key(0) }, &leaf).unwrap();
    let walks = || there.index.watch.walks.load(Ordering::Relaxed);
    let before = walks();
    assert_eq!(expire(&there.store, 9), 1);
    assert_eq!((walks(), there.store.leaf_count(9, 0).unwrap()), (before, 0));
}

#[test]
fn a_small_shard_with_an_unreadable_row_is_listed_as_missing_after_a_start() {
    // Its own row, and its row on the list of missing ones.
    for table in [Table::Shards, Table::Missing] {
        let mut there = Range::new();
        let shard = there.shard(2);
        if table == Table::Missing {
            assert!(there.store.mark_damaged(&shard, 3).unwrap());
        }
        there.damage(table, shard.encode());
        assert!(there.waiting().is_empty(), "{table:?}");
        there.reopen();
        assert_eq!(there.store.usage().unreadable, 1, "{table:?}");
        assert_eq!(there.waiting(), [2], "{table:?}");
        there.sync();
        let listed = there.store.missing(9, None, 10).unwrap();
        assert_eq!(listed.iter().map(|missing| missing.object).collect::<Vec<_>>(), [shard.object], "{table:?}");
        assert_eq!(there.store.usage().missing, 1, "{table:?}");
        FakeObject::new(2, 1 << 10).store(&there.store, SLOT, 4);
        there.reopen();
        let usage = there.store.usage();
        assert_eq!((usage.shards, usage.damaged, usage.missing, usage.unreadable), (5, 0, 0, 0), "{table:?}");
        assert!(there.waiting().is_empty(), "{table:?}");
    }
}

#[test]
fn a_shard_whose_row_is_lost_is_listed_as_missing_after_a_sample_unless_it_was_deleted() {
    let there = Range::new();
    let (lost, deleted) = (there.shard(1), there.shard(3));
    there.damage(Table::Shards, lost.encode());
    assert_eq!(there.store.tombstone(&[(key(3), deleted.object)], CLAIM).unwrap(), 1);
    release(&there.store, &Lapse::Object(key(3), deleted.object));
    let absent =
        || -> Vec<bool> { there.samples().iter().map(|sample| matches!(sample, StoredSample::Absent(_))).collect() };
    for _ in 0..2 {
        assert_eq!(absent(), [false, true, false, true, false]);
        assert_eq!(there.waiting(), [1]);
    }
    there.sync();
    assert!(there.store.is_missing(&lost).unwrap() && !there.store.is_missing(&deleted).unwrap());
    // It is on the list, and needs nothing more.
    assert_eq!(absent(), [false, true, false, true, false]);
    assert!(there.waiting().is_empty());
}
