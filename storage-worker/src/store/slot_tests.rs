//! Slots of groups with many leaves.
#![allow(clippy::unwrap_used)]

use super::{
    AddLeaf, Lapse, Store,
    engine::{Batch, Durability, Engine, EngineError, Table},
    keys::LeafKey,
    lapse::AT_ONCE,
    memory::MemoryEngine,
    testing::{CLAIM, FakeObject, Watch, Watched, prepare, release},
};
use codec::Encode;
use meganet_primitives::{range::RangeLeaf, sum_tree::summarize};
use parking_lot::Mutex;
use std::{path::Path, sync::Arc};

const SLOT: u8 = 3;
const LEAVES: u64 = 2500;
/// Commits of [`Store::set_slot`] in that group: pages of leaves, and the slot.
const COMMITS: usize = 4;

/// Notes the longest batch of an index, and fails after a number of commits.
#[derive(Clone, Default)]
struct Counting {
    longest: Arc<Mutex<usize>>,
    left: Arc<Mutex<Option<usize>>>,
}

impl Watch for Counting {
    fn commit(&self, rows: &MemoryEngine, batch: Batch, durability: Durability) -> Result<(), EngineError> {
        if let Some(left) = self.left.lock().as_mut() {
            *left = left.checked_sub(1).ok_or_else(|| EngineError::Io("the disk is gone".into()))?;
        }
        let mut longest = self.longest.lock();
        *longest = batch.0.len().max(*longest);
        rows.commit(batch, durability)
    }
}

fn open(base: &Path, index: &Watched<Counting>) -> Store {
    prepare(base);
    Store::with(base, Box::new(index.clone()), super::no_hook()).unwrap()
}

fn key(group: u32, index: u64) -> LeafKey {
    LeafKey { expiry: 10, group, index }
}

/// The leaves are all of the same batch, of this one object.
fn leaf(object: &FakeObject) -> RangeLeaf {
    RangeLeaf { batch: summarize(&[object.entry()]).unwrap(), owner: [1; 32], signed: 1, registered: 1 }
}

/// An index that knows many leaves of two groups.
fn index_of(object: &FakeObject) -> Watched<Counting> {
    let index = Watched::<Counting>::default();
    let (mut batch, value) = (Batch::default(), leaf(object).encode());
    for (group, leaf_index) in (0..LEAVES).flat_map(|leaf_index| [(0, leaf_index), (1, leaf_index)]) {
        batch.put(Table::Leaves, key(group, leaf_index).encode(), value.clone());
    }
    index.rows.commit(batch, Durability::Synced).unwrap();
    index
}

#[test]
fn a_slot_of_a_large_group_is_recorded_in_bounded_steps_and_only_with_all_of_its_leaves() {
    let object = FakeObject::new(1, 1 << 10);
    for cut in 0..COMMITS {
        let base = tempfile::tempdir().unwrap();
        let index = index_of(&object);
        {
            let store = open(base.path(), &index);
            *index.watch.left.lock() = Some(cut);
            store.set_slot(0, SLOT).unwrap_err();
        }
        *index.watch.left.lock() = None;
        let store = open(base.path(), &index);
        assert!(store.slots().unwrap().is_empty(), "cut at {cut}: the leaves that are not marked are forgotten");
        *index.watch.left.lock() = Some(COMMITS);
        store.set_slot(0, SLOT).unwrap();
        *index.watch.left.lock() = None;
        assert_eq!(store.slots().unwrap(), [(0, SLOT)]);
        let marked: Vec<LeafKey> = store.unresolved(None, 10_000).unwrap().iter().map(|(key, _)| *key).collect();
        assert!(marked == (0..LEAVES).map(|index| key(0, index)).collect::<Vec<_>>(), "cut at {cut}");
        assert!(*index.watch.longest.lock() <= AT_ONCE, "{} rows in one batch", index.watch.longest.lock());
    }
}

#[test]
fn a_lost_slot_is_released_in_all_leaves_of_a_large_group() {
    let object = FakeObject::new(1, 1 << 10);
    let base = tempfile::tempdir().unwrap();
    let index = index_of(&object);
    let store = open(base.path(), &index);
    store.set_slot(0, SLOT).unwrap();
    object.store(&store, SLOT, 1);
    store.resolve(&key(0, LEAVES - 1), &leaf(&object), SLOT, &[object.entry()], 2).unwrap();
    store.lose_slot(0, SLOT, CLAIM).unwrap();
    store.set_slot(0, 5).unwrap();
    assert!(store.shard(&object.key(SLOT)).unwrap().is_some());
    release(&store, &Lapse::Slot { group: 0, slot: SLOT });
    assert!(store.shard(&object.key(SLOT)).unwrap().is_none());
    assert!(store.lapses(None, 9).unwrap().is_empty());
}

#[test]
fn leaves_that_went_before_their_slot_came_back_are_fetched_again() {
    let object = FakeObject::new(1, 1 << 10);
    let base = tempfile::tempdir().unwrap();
    let index = index_of(&object);
    let store = open(base.path(), &index);
    assert_eq!(store.leaf_count(10, 0).unwrap(), LEAVES);
    let mut batch = Batch::default();
    // Two of the first, and one in the middle.
    for gone in [0, 1, 1500] {
        batch.delete(Table::Leaves, key(0, gone).encode());
    }
    index.rows.commit(batch, Durability::Synced).unwrap();
    store.set_slot(0, SLOT).unwrap();
    assert_eq!([0, 1].map(|group| store.leaf_count(10, group).unwrap()), [0, LEAVES]);
    drop(store);
    let store = open(base.path(), &index);
    assert_eq!([0, 1].map(|group| store.leaf_count(10, group).unwrap()), [0, LEAVES]);
    for (fetched, count) in [(0, 1), (1, 1500), (1500, LEAVES)] {
        assert_eq!(store.add_leaf(&key(0, fetched), &leaf(&object)).unwrap(), AddLeaf::Added);
        assert_eq!(store.leaf_count(10, 0).unwrap(), count);
    }
}
