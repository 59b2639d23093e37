#![allow(clippy::unwrap_used)]

use super::{
    AddLeaf, Store,
    engine::{Batch, Durability, Table},
    keys::{LeafKey, ShardKey},
    meta::slot_key,
    testing::{FakeObject, expire, in_memory},
};
use meganet_primitives::{
    range::RangeLeaf,
    sum_tree::{BatchEntry, summarize},
};

const SLOT: u8 = 3;
const LEAVES: u8 = 5;

fn key(index: u64) -> LeafKey {
    LeafKey { expiry: 10, group: 0, index }
}

/// A store with five batches of one object each.
struct Range {
    _base: tempfile::TempDir,
    store: Store,
    batches: Vec<(RangeLeaf, [BatchEntry; 1])>,
}

impl Range {
    fn new() -> Self {
        let base = tempfile::tempdir().unwrap();
        let store = in_memory(base.path());
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
        Self { _base: base, store, batches }
    }

    fn damage(&self, table: Table, key: Vec<u8>) {
        let mut batch = Batch::default();
        batch.put(table, key, vec![0xff; 3]);
        self.store.engine.commit(batch, Durability::Synced).unwrap();
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
    let mut batch = Batch::default();
    batch.delete(Table::Leaves, key(2).encode());
    there.store.engine.commit(batch, Durability::Synced).unwrap();
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
    let shard = ShardKey { object: there.batches[0].1[0].object, shard: SLOT };
    there.damage(Table::Shards, shard.encode());
    there.store.set_slot(0, SLOT).unwrap();
    there.sync();
    assert!(there.store.is_missing(&shard).unwrap());
    FakeObject::new(0, 1 << 10).store(&there.store, SLOT, 4);
    assert!(there.store.shard(&shard).unwrap().is_some() && !there.store.is_missing(&shard).unwrap());
}
