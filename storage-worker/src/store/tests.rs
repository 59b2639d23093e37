#![allow(clippy::unwrap_used)]

use super::{
    AddLeaf, AddReceipt, ReadError, Store, WriteError,
    keys::{LeafKey, ReceiptKey},
    records::{Reason, ShardState},
    testing::{FakeObject, drop_overdue, expire, files, in_memory, noise, prepare},
};
use meganet_primitives::{
    range::RangeLeaf,
    sum_tree::{BatchEntry, summarize},
};

const SLOT: u8 = 3;
const OWNER: [u8; 32] = [9; 32];

fn leaf(entries: &[BatchEntry]) -> RangeLeaf {
    RangeLeaf { batch: summarize(entries).unwrap(), owner: OWNER, signed: 0b1111, registered: 1 }
}

fn key(index: u64) -> LeafKey {
    LeafKey { expiry: 10, group: 0, index }
}

fn receipt(entries: &[BatchEntry]) -> ReceiptKey {
    ReceiptKey { expiry: 10, group: 0, slot: SLOT, batch: summarize(entries).unwrap().root, valid_until: 50 }
}

fn flip_file(store: &Store, object: &FakeObject, at: usize) {
    let path = store.path_of(&object.key(SLOT));
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[at] ^= 1;
    std::fs::write(&path, bytes).unwrap();
}

#[test]
fn small_and_large_shards_come_back_with_proofs() {
    let base = tempfile::tempdir().unwrap();
    let store = in_memory(base.path());
    // One leaf, exactly one frame, a frame and a tail, many frames.
    for (seed, sealed) in [(1, 17), (2, 128 << 10), (3, (128 << 10) + 5000), (4, 3 << 20)] {
        let object = FakeObject::new(seed, sealed);
        object.store(&store, SLOT, 5);
        let bytes = &object.shards[usize::from(SLOT)];
        let record = store.shard(&object.key(SLOT)).unwrap().unwrap();
        assert_eq!(usize::try_from(record.len).unwrap(), bytes.len());
        let frames = record.len.div_ceil(64 << 10);
        let all = store.frames(&object.key(SLOT), 0, frames).unwrap();
        assert!(all.bytes == *bytes);
        let last = store.frames(&object.key(SLOT), frames - 1, 1).unwrap();
        let start = usize::try_from((frames - 1) * (64 << 10)).unwrap();
        assert!(last.bytes == bytes[start..]);
        let root = object.record.roots[usize::from(SLOT)];
        meganet_objects::verify_frames(&root, record.len, frames - 1, &last.bytes, &last.proof).unwrap();
        assert!(matches!(store.frames(&object.key(SLOT), frames, 1), Err(ReadError::OutOfRange { .. })));
        assert!(matches!(store.frames(&object.key(4), 0, 1), Err(ReadError::NotHere)));
    }
    // The shard of one frame and the one of one leaf are in the index.
    assert_eq!(files(base.path()), 2);
    assert_eq!(store.usage().shards, 4);
}

#[test]
fn a_shard_that_is_not_the_announced_one_leaves_nothing() {
    let base = tempfile::tempdir().unwrap();
    let store = in_memory(base.path());
    let object = FakeObject::new(1, 1 << 20);
    let len = object.entry().shard_len;
    let wrong = noise(77, usize::try_from(len).unwrap());
    let mut writer = store.begin(len).unwrap();
    writer.write(&wrong).unwrap();
    assert!(matches!(writer.write(&[0]), Err(WriteError::Length { .. })));
    let shard = writer.finish().unwrap();
    assert!(matches!(store.commit(shard, &object.key(SLOT), &object.record, 0, 1), Err(WriteError::Mismatch)));
    let mut writer = store.begin(len).unwrap();
    writer.write(&wrong[1024..]).unwrap();
    assert!(matches!(writer.finish(), Err(WriteError::Length { .. })));
    assert_eq!(store.usage(), super::Usage::default());
    assert_eq!(std::fs::read_dir(base.path().join("shards/unfinished")).unwrap().count(), 0);
    assert_eq!(files(base.path()), 0);
}

#[test]
fn a_flipped_bit_is_found_and_only_its_frame_is_refused() {
    let base = tempfile::tempdir().unwrap();
    let store = in_memory(base.path());
    let object = FakeObject::new(1, 1 << 20);
    object.store(&store, SLOT, 1);
    flip_file(&store, &object, 3 * 65536 + 100);
    let all = store.frames(&object.key(SLOT), 0, 8);
    assert!(matches!(all, Err(ReadError::Damaged { frame: 3 })), "{all:?}");
    assert!(store.frames(&object.key(SLOT), 4, 4).is_ok());
    assert!(matches!(store.frames(&object.key(SLOT), 3, 1), Err(ReadError::Damaged { frame: 3 })));
}

#[test]
fn a_cut_or_lost_file_is_damage_too() {
    let base = tempfile::tempdir().unwrap();
    let store = in_memory(base.path());
    let object = FakeObject::new(1, 1 << 20);
    object.store(&store, SLOT, 1);
    let path = store.path_of(&object.key(SLOT));
    let bytes = std::fs::read(&path).unwrap();
    let len = usize::try_from(object.entry().shard_len).unwrap();
    std::fs::write(&path, &bytes[..len - 1]).unwrap();
    assert!(matches!(store.frames(&object.key(SLOT), 7, 1), Err(ReadError::Damaged { frame: 7 })));
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(store.frames(&object.key(SLOT), 0, 1), Err(ReadError::Damaged { frame: 0 })));
}

#[test]
fn a_damaged_shard_that_counts_is_missing_until_it_is_stored_again() {
    let base = tempfile::tempdir().unwrap();
    let store = in_memory(base.path());
    let object = FakeObject::new(1, 1 << 20);
    object.store(&store, SLOT, 1);
    let entries = [object.entry()];
    assert_eq!(store.add_receipt(&receipt(&entries), &OWNER, &entries, 2).unwrap(), AddReceipt::Added);
    flip_file(&store, &object, 0);
    assert!(store.mark_damaged(&object.key(SLOT), 3).unwrap());
    assert!(!store.mark_damaged(&object.key(SLOT), 3).unwrap());
    let missing = store.missing(3, None, 10).unwrap();
    assert_eq!(missing.len(), 1);
    assert_eq!(missing[0].record.reason, Reason::Damaged);
    assert_eq!((store.usage().damaged, store.usage().missing), (1, 1));
    object.store(&store, SLOT, 4);
    assert!(store.missing(9, None, 10).unwrap().is_empty());
    assert_eq!((store.usage().damaged, store.usage().missing), (0, 0));
    assert!(store.frames(&object.key(SLOT), 0, 8).is_ok());
    assert_eq!(store.shard(&object.key(SLOT)).unwrap().unwrap().state, ShardState::Receipted);
}

#[test]
fn damage_counts_once_though_several_readers_find_it() {
    let base = tempfile::tempdir().unwrap();
    let store = in_memory(base.path());
    let object = FakeObject::new(1, 1 << 20);
    let key = object.key(SLOT);
    let found = || store.is_newly_damaged(&key, 0).unwrap();
    assert!(!found(), "it is not here");
    object.store(&store, SLOT, 1);
    let entries = [object.entry()];
    assert_eq!(store.add_receipt(&receipt(&entries), &OWNER, &entries, 2).unwrap(), AddReceipt::Added);
    assert!(!found(), "it is whole");
    flip_file(&store, &object, 0);
    assert!(found());
    assert!(store.mark_damaged(&key, 3).unwrap());
    assert!(!found(), "it is known");
    object.store(&store, SLOT, 4);
    assert!(!found(), "it was written anew while a reader was at the old bytes");
}

#[test]
fn a_damaged_shard_that_nobody_counts_on_is_removed() {
    let base = tempfile::tempdir().unwrap();
    let store = in_memory(base.path());
    let object = FakeObject::new(1, 1 << 20);
    object.store(&store, SLOT, 1);
    assert!(store.mark_damaged(&object.key(SLOT), 3).unwrap());
    assert_eq!(store.usage().shards, 0);
    assert_eq!(files(base.path()), 0);
}

#[test]
fn a_receipt_needs_every_shard() {
    let base = tempfile::tempdir().unwrap();
    let store = in_memory(base.path());
    let (here, absent) = (FakeObject::new(1, 1 << 10), FakeObject::new(2, 1 << 10));
    here.store(&store, SLOT, 1);
    let both = [here.entry(), absent.entry()];
    assert_eq!(store.add_receipt(&receipt(&both), &OWNER, &both, 2).unwrap(), AddReceipt::Lacking(absent.id()));
    assert_eq!(store.shard(&here.key(SLOT)).unwrap().unwrap().state, ShardState::Staged);
    // The right object with another length or another root is not the one held.
    let longer = [BatchEntry { shard_len: 4096, ..here.entry() }];
    assert_eq!(store.add_receipt(&receipt(&longer), &OWNER, &longer, 2).unwrap(), AddReceipt::Lacking(here.id()));
    let other = [BatchEntry { shards_root: [0; 32], ..here.entry() }];
    assert_eq!(store.add_receipt(&receipt(&other), &OWNER, &other, 2).unwrap(), AddReceipt::Lacking(here.id()));
}

#[test]
fn what_nobody_registers_in_time_is_dropped() {
    let base = tempfile::tempdir().unwrap();
    let store = in_memory(base.path());
    let (twice, once) = (FakeObject::new(1, 1 << 10), FakeObject::new(2, 1 << 20));
    twice.store(&store, SLOT, 100);
    once.store(&store, SLOT, 100);
    let (first, second) = ([twice.entry()], [once.entry()]);
    let later = ReceiptKey { valid_until: 90, ..receipt(&first) };
    for (key, entries) in [(receipt(&first), &first), (later, &first), (receipt(&second), &second)] {
        assert_eq!(store.add_receipt(&key, &OWNER, entries, 101).unwrap(), AddReceipt::Added);
    }
    // Still valid, of a group of which not everything is known, or too young, whatever the block.
    assert_eq!(drop_overdue(&store, u32::MAX, 100, &[0]), 0);
    assert_eq!(drop_overdue(&store, 49, 101, &[0]), 0);
    assert_eq!(drop_overdue(&store, 99, 101, &[1]), 0);
    assert_eq!(drop_overdue(&store, 50, 101, &[1, 0]), 1);
    // The shard that was promised again stays.
    assert!(store.object(&once.id()).unwrap().is_none());
    assert_eq!(store.shard(&twice.key(SLOT)).unwrap().unwrap().state, ShardState::Receipted);
    assert!(store.batch(&later.batch).unwrap().is_some());
    assert_eq!(drop_overdue(&store, 90, 101, &[0]), 1);
    assert_eq!((store.usage().shards, files(base.path())), (0, 0));
    assert!(store.batch(&later.batch).unwrap().is_none());
}

#[test]
fn what_was_receipted_twice_is_registered_once_and_stays() {
    let base = tempfile::tempdir().unwrap();
    let store = in_memory(base.path());
    let object = FakeObject::new(1, 1 << 10);
    object.store(&store, SLOT, 100);
    let entries = [object.entry()];
    let later = ReceiptKey { valid_until: 90, ..receipt(&entries) };
    for key in [receipt(&entries), later] {
        assert_eq!(store.add_receipt(&key, &OWNER, &entries, 101).unwrap(), AddReceipt::Added);
    }
    let key = LeafKey { expiry: 10, group: 0, index: 0 };
    let leaf = RangeLeaf { batch: summarize(&entries).unwrap(), owner: OWNER, signed: 8, registered: 5 };
    store.add_leaf(&key, &leaf).unwrap();
    store.resolve(&key, &leaf, SLOT, &entries, 102).unwrap();
    assert_eq!(drop_overdue(&store, 99, 101, &[0]), 0);
    assert_eq!(store.shard(&object.key(SLOT)).unwrap().unwrap().state, ShardState::Registered);
    store.set_slot(0, SLOT).unwrap();
    assert_eq!(expire(&store, 10), 1);
    assert_eq!(store.usage().shards, 0);
}

#[test]
fn staged_shards_grow_stale_and_receipted_ones_stay_until_they_expire() {
    let base = tempfile::tempdir().unwrap();
    let store = in_memory(base.path());
    let (staged, receipted) = (FakeObject::new(1, 1 << 10), FakeObject::new(2, 1 << 20));
    staged.store(&store, SLOT, 100);
    receipted.store(&store, SLOT, 100);
    let entries = [receipted.entry()];
    assert_eq!(store.add_receipt(&receipt(&entries), &OWNER, &entries, 101).unwrap(), AddReceipt::Added);
    assert_eq!(store.drop_stale(100, 10).unwrap(), 0);
    assert_eq!(store.drop_stale(101, 10).unwrap(), 1);
    assert!(store.object(&staged.id()).unwrap().is_none());
    assert_eq!(store.usage().shards, 1);
    assert_eq!(expire(&store, 9), 0);
    assert_eq!(expire(&store, 10), 1);
    assert_eq!(store.usage().shards, 0);
    assert!(store.batch(&receipt(&entries).batch).unwrap().is_none());
    assert_eq!(files(base.path()), 0);
}

#[test]
fn a_registered_batch_holds_its_shards_and_lists_the_missing() {
    let base = tempfile::tempdir().unwrap();
    let store = in_memory(base.path());
    let (here, absent) = (FakeObject::new(1, 1 << 20), FakeObject::new(2, 1 << 20));
    here.store(&store, SLOT, 1);
    let entries = [here.entry(), absent.entry()];
    let leaf = leaf(&entries);
    assert_eq!(store.add_leaf(&key(1), &leaf).unwrap(), AddLeaf::Gap { known: 0 });
    assert_eq!(store.add_leaf(&key(0), &leaf).unwrap(), AddLeaf::Added);
    assert_eq!(store.add_leaf(&key(0), &leaf).unwrap(), AddLeaf::Known);
    assert_eq!(store.unresolved(None, 10).unwrap(), vec![(key(0), leaf)]);
    store.set_slot(0, SLOT).unwrap();
    store.resolve(&key(0), &leaf, SLOT, &entries, 7).unwrap();
    // It is applied once.
    store.resolve(&key(0), &leaf, SLOT, &entries, 8).unwrap();
    assert!(store.unresolved(None, 10).unwrap().is_empty());
    assert_eq!(store.leaf_count(10, 0).unwrap(), 1);
    assert_eq!(store.leaves(10, 0, 0, 10).unwrap(), vec![leaf]);
    assert_eq!(store.batch(&leaf.batch.root).unwrap().unwrap(), entries);
    assert_eq!(store.shard(&here.key(SLOT)).unwrap().unwrap().state, ShardState::Registered);
    let missing = store.missing(7, None, 10).unwrap();
    assert_eq!(missing.iter().map(|missing| missing.object).collect::<Vec<_>>(), vec![absent.id()]);
    let usage = store.usage();
    assert_eq!((usage.shards, usage.missing, usage.unregistered_bytes()), (1, 1, 0));
    // It comes by rebuild, and is registered at once.
    absent.store(&store, SLOT, 8);
    assert_eq!(store.shard(&absent.key(SLOT)).unwrap().unwrap().state, ShardState::Registered);
    assert_eq!(store.usage().missing, 0);
    // The epoch comes: everything goes.
    assert_eq!(expire(&store, 10), 1);
    assert_eq!(store.usage().shards, 0);
    assert_eq!(store.usage().bytes, 0);
    assert_eq!(store.leaf_count(10, 0).unwrap(), 0);
    assert!(store.batch(&leaf.batch.root).unwrap().is_none());
    assert_eq!(files(base.path()), 0);
}

#[test]
fn a_renewed_object_stays_until_the_later_expiry() {
    let base = tempfile::tempdir().unwrap();
    let store = in_memory(base.path());
    let object = FakeObject::new(1, 1 << 20);
    object.store(&store, SLOT, 1);
    store.set_slot(0, SLOT).unwrap();
    let entries = [object.entry()];
    let leaf = leaf(&entries);
    for expiry in [10, 12] {
        let key = LeafKey { expiry, group: 0, index: 0 };
        store.add_leaf(&key, &leaf).unwrap();
        store.resolve(&key, &leaf, SLOT, &entries, 2).unwrap();
    }
    assert_eq!(expire(&store, 11), 1);
    assert_eq!(store.usage().shards, 1);
    assert!(store.batch(&leaf.batch.root).unwrap().is_some());
    assert_eq!(expire(&store, 12), 1);
    assert_eq!(store.usage().shards, 0);
}

#[test]
fn the_count_after_a_restart_is_the_count_before() {
    let base = tempfile::tempdir().unwrap();
    let store = in_memory(base.path());
    store.set_slot(0, SLOT).unwrap();
    let objects: Vec<_> = (0..6).map(|seed| FakeObject::new(seed, (seed + 1) * 50_000)).collect();
    objects.iter().skip(1).for_each(|object| object.store(&store, SLOT, 1));
    let entries: Vec<_> = objects.iter().take(4).map(FakeObject::entry).collect();
    let leaf = leaf(&entries);
    store.add_leaf(&key(0), &leaf).unwrap();
    store.resolve(&key(0), &leaf, SLOT, &entries, 2).unwrap();
    store.mark_damaged(&objects[2].key(SLOT), 3).unwrap();
    let usage = store.usage();
    assert_eq!(store.count().unwrap(), usage);
    assert_eq!((usage.shards, usage.damaged, usage.missing), (5, 1, 2));
}

#[test]
fn a_store_stays_with_its_chain() {
    let base = tempfile::tempdir().unwrap();
    let store = in_memory(base.path());
    store.bind(&[1; 32]).unwrap();
    store.bind(&[1; 32]).unwrap();
    let error = store.bind(&[2; 32]).unwrap_err().to_string();
    assert!(error.contains("another chain"), "{error}");
}

#[test]
fn a_panic_while_a_shard_is_placed_does_not_lock_the_shard() {
    use std::sync::atomic::{AtomicBool, Ordering};
    let base = tempfile::tempdir().unwrap();
    let armed = AtomicBool::new(true);
    let hook = move |step: &str| {
        assert!(step != "shard-renamed" || !armed.swap(false, Ordering::SeqCst), "told to");
        Ok(())
    };
    prepare(base.path());
    let store =
        Store::with(base.path(), Box::new(super::memory::MemoryEngine::default()), std::sync::Arc::new(hook)).unwrap();
    let object = FakeObject::new(1, 1 << 20);
    let storing = std::panic::AssertUnwindSafe(|| object.store(&store, SLOT, 5));
    assert!(std::panic::catch_unwind(storing).is_err());
    object.store(&store, SLOT, 6);
    assert_eq!(store.usage().shards, 1);
}
