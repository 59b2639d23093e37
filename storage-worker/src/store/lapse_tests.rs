#![allow(clippy::unwrap_used)]

use super::{
    AddReceipt, Lapse, Store,
    engine::{Batch, Durability},
    keys::{Hold, LeafKey, ReceiptKey},
    records::{LapseRecord, Reason, ShardState},
    testing::{CLAIM, FakeObject, drop_overdue, files, in_memory, release},
};
use meganet_primitives::{
    object::ObjectId,
    range::RangeLeaf,
    sum_tree::{BatchEntry, summarize},
};
use tempfile::TempDir;

const SLOT: u8 = 3;
const OWNER: [u8; 32] = [9; 32];
const LOST: Lapse = Lapse::Slot { group: 0, slot: SLOT };

fn key(expiry: u32, group: u32) -> LeafKey {
    LeafKey { expiry, group, index: 0 }
}

fn leaf(entries: &[BatchEntry]) -> RangeLeaf {
    RangeLeaf { batch: summarize(entries).unwrap(), owner: OWNER, signed: 0b1111, registered: 1 }
}

/// A store with a slot of group 0, in which some objects are registered until epoch 10.
struct Registered {
    base: TempDir,
    store: Store,
    objects: Vec<FakeObject>,
    entries: Vec<BatchEntry>,
}

impl Registered {
    fn new() -> Self {
        let base = tempfile::tempdir().unwrap();
        let store = in_memory(base.path());
        let objects: Vec<_> = [1 << 20, 1 << 10].into_iter().zip(1..).map(|(len, i)| FakeObject::new(i, len)).collect();
        objects.iter().for_each(|object| object.store(&store, SLOT, 1));
        store.set_slot(0, SLOT).unwrap();
        let entries: Vec<_> = objects.iter().map(FakeObject::entry).collect();
        let registered = Self { base, store, objects, entries };
        registered.register(10);
        registered
    }

    fn register(&self, expiry: u32) {
        let leaf = leaf(&self.entries);
        self.store.add_leaf(&key(expiry, 0), &leaf).unwrap();
        self.store.resolve(&key(expiry, 0), &leaf, SLOT, &self.entries, 2).unwrap();
    }

    fn resolve_again(&self) {
        for (key, leaf) in self.store.unresolved(None, 10).unwrap() {
            let slot = self.store.slots().unwrap()[0].1;
            self.store.resolve(&key, &leaf, slot, &self.entries, 3).unwrap();
        }
    }

    fn lapses(&self) -> Vec<Lapse> {
        self.store.lapses(None, 100).unwrap().into_iter().map(|(lapse, _)| lapse).collect()
    }

    /// Whether every shard can be read, as it was stored.
    fn is_whole(&self) -> bool {
        self.objects.iter().all(|object| {
            let shard = &object.shards[usize::from(SLOT)];
            let frames = shard.len().div_ceil(64 << 10).try_into().unwrap();
            self.store.frames(&object.key(SLOT), 0, frames).is_ok_and(|read| read.bytes == *shard)
        })
    }

    fn missing(&self) -> Vec<ObjectId> {
        self.store.missing(9, None, 10).unwrap().iter().map(|missing| missing.object).collect()
    }
}

#[test]
fn no_report_removes_a_byte_and_a_false_one_leaves_no_trace() {
    let there = Registered::new();
    let before = there.store.usage();
    let deleted = there.objects[0].id();
    let claim = LapseRecord { since: 50, block: 7 };
    // A node that lies: a huge epoch, no slot, a tombstone.
    there.store.lapse_expired(u32::MAX, claim).unwrap();
    assert_eq!(there.store.tombstone(&[(key(10, 0), deleted)], claim).unwrap(), 1);
    assert_eq!(there.store.tombstone(&[(key(10, 0), deleted)], claim).unwrap(), 0);
    there.store.lose_slot(0, SLOT, claim).unwrap();
    assert!(there.is_whole());
    let three = [
        Lapse::Object(key(10, 0), deleted),
        Lapse::Range { expiry: 10, group: 0 },
        Lapse::Slot { group: 0, slot: SLOT },
    ];
    assert_eq!(there.lapses(), three);
    assert_eq!(there.store.usage().lapsed, 3);
    // A later report does not make it younger or older.
    there.store.lapse_expired(u32::MAX, LapseRecord { since: 99, block: 99 }).unwrap();
    assert!(there.store.lapses(None, 9).unwrap().iter().all(|(_, record)| *record == claim));
    // The truth again.
    there.store.lapse_expired(9, claim).unwrap();
    there.store.set_slot(0, SLOT).unwrap();
    there.store.reinstate(&three[0]).unwrap();
    there.resolve_again();
    assert_eq!((there.lapses(), there.store.usage()), (vec![], before));
    assert!(there.is_whole());
    assert_eq!(there.missing(), vec![]);
}

#[test]
fn a_deleted_object_is_released_from_one_batch_and_not_rebuilt() {
    let there = Registered::new();
    let (deleted, kept) = (&there.objects[0], &there.objects[1]);
    assert_eq!(there.store.leaves_of(&deleted.key(SLOT)).unwrap(), vec![key(10, 0)]);
    let of = |expiry| Lapse::Object(key(expiry, 0), deleted.id());
    // Of another batch, it is another registration.
    assert_eq!(there.store.tombstone(&[(key(12, 0), deleted.id())], CLAIM).unwrap(), 1);
    release(&there.store, &of(12));
    assert!(there.is_whole());
    assert_eq!(there.store.tombstone(&[(key(10, 0), deleted.id())], CLAIM).unwrap(), 1);
    release(&there.store, &of(10));
    assert!(there.store.shard(&deleted.key(SLOT)).unwrap().is_none());
    assert!(there.store.shard(&kept.key(SLOT)).unwrap().is_some());
    assert_eq!((there.missing(), there.lapses(), files(there.base.path())), (vec![], vec![], 0));
    // Deleted before the leaf is applied, as after a lost disk.
    let anew = tempfile::tempdir().unwrap();
    let store = in_memory(anew.path());
    store.add_leaf(&key(10, 0), &leaf(&there.entries)).unwrap();
    store.tombstone(&[(key(10, 0), deleted.id())], CLAIM).unwrap();
    store.resolve(&key(10, 0), &leaf(&there.entries), SLOT, &there.entries, 3).unwrap();
    let missing: Vec<_> = store.missing(3, None, 10).unwrap().iter().map(|missing| missing.object).collect();
    assert_eq!(missing, vec![kept.id()]);
}

#[test]
fn a_lost_slot_is_kept_until_it_is_released_and_then_nothing_of_it_stays() {
    let there = Registered::new();
    there.store.lose_slot(0, SLOT, CLAIM).unwrap();
    assert!(there.store.slots().unwrap().is_empty());
    assert!(there.is_whole());
    release(&there.store, &Lapse::Slot { group: 0, slot: SLOT });
    assert_eq!((there.store.usage().shards, files(there.base.path())), (0, 0));
    assert_eq!((there.lapses(), there.store.leaf_count(10, 0).unwrap()), (vec![], 0));
    assert!(there.store.batch(&leaf(&there.entries).batch.root).unwrap().is_none());
    // Applying the leaf now comes too late.
    there.store.resolve(&key(10, 0), &leaf(&there.entries), SLOT, &there.entries, 3).unwrap();
    assert_eq!(there.missing(), vec![]);
}

#[test]
fn a_worker_that_gets_another_slot_of_its_group_lists_the_shards_of_that_one_and_keeps_the_old_ones() {
    let there = Registered::new();
    there.store.lose_slot(0, SLOT, CLAIM).unwrap();
    there.store.set_slot(0, 5).unwrap();
    there.resolve_again();
    assert_eq!(there.missing().len(), 2);
    assert!(there.is_whole(), "the shards of the old slot are gone");
    there.objects.iter().for_each(|object| object.store(&there.store, 5, 4));
    release(&there.store, &Lapse::Slot { group: 0, slot: SLOT });
    let usage = there.store.usage();
    assert_eq!((usage.shards, usage.missing, usage.lapsed), (2, 0, 0));
    assert!(there.objects.iter().all(|object| there.store.shard(&object.key(5)).unwrap().is_some()));
    // When the range expires, nothing of either stays.
    assert_eq!(super::testing::expire(&there.store, 10), 1);
    assert_eq!((there.store.usage().shards, files(there.base.path())), (0, 0));
}

#[test]
fn the_release_of_a_lost_slot_keeps_receipts_for_a_slot_that_no_finalized_block_has_reported_yet() {
    let there = Registered::new();
    there.store.lose_slot(0, SLOT, CLAIM).unwrap();
    let promised = FakeObject::new(9, 1 << 10);
    let entries = [promised.entry()];
    let batch = summarize(&entries).unwrap().root;
    let [_, newer] = [SLOT, 5].map(|slot| {
        promised.store(&there.store, slot, 2);
        let receipt = ReceiptKey { expiry: 10, group: 0, slot, batch, valid_until: 50 };
        assert_eq!(there.store.add_receipt(&receipt, &OWNER, &entries, 2).unwrap(), AddReceipt::Added);
        receipt
    });
    release(&there.store, &LOST);
    assert!(there.store.shard(&promised.key(SLOT)).unwrap().is_none());
    let record = there.store.shard(&promised.key(5)).unwrap().unwrap();
    assert_eq!(record.state, ShardState::Receipted);
    assert_eq!(there.store.receipts_for(&[]).unwrap(), [newer]);
    assert!(there.store.batch(&batch).unwrap().is_some());
    assert_eq!((there.store.usage().shards, there.lapses()), (1, vec![]));
}

#[test]
fn nothing_more_is_released_from_the_moment_on_at_which_the_lost_slot_is_back() {
    let there = Registered::new();
    let receipt = ReceiptKey {
        expiry: 11,
        group: 0,
        slot: SLOT,
        batch: summarize(&there.entries).unwrap().root,
        valid_until: 50,
    };
    assert_eq!(there.store.add_receipt(&receipt, &OWNER, &there.entries, 2).unwrap(), AddReceipt::Added);
    let before = there.store.usage();
    there.store.lose_slot(0, SLOT, CLAIM).unwrap();
    there.store.set_slot(0, SLOT).unwrap();
    // These were listed before the slot came back, and a batch of many objects was half released.
    there.store.drop_leaf(&key(10, 0), &LOST).unwrap();
    there.store.drop_receipt(&receipt, &LOST).unwrap();
    there.store.release_entries(Hold::Leaf(key(10, 0)), SLOT, &there.entries, &LOST).unwrap();
    assert!(there.is_whole());
    assert_eq!(there.store.leaves_of(&there.objects[0].key(SLOT)).unwrap(), [key(10, 0)]);
    assert_eq!(there.store.receipts_for(&[]).unwrap(), [receipt]);
    let marked: Vec<_> = there.store.unresolved(None, 9).unwrap().into_iter().map(|(key, _)| key).collect();
    assert_eq!((marked, there.store.leaf_count(10, 0).unwrap()), (vec![key(10, 0)], 1));
    assert_eq!(there.store.usage(), before);
}

#[test]
fn leaves_stay_for_another_slot_that_the_worker_gets_while_its_lost_one_is_released() {
    let there = Registered::new();
    there.store.lose_slot(0, SLOT, CLAIM).unwrap();
    there.store.set_slot(0, 5).unwrap();
    // Listed before that.
    there.store.drop_leaf(&key(10, 0), &LOST).unwrap();
    assert_eq!((there.store.unresolved(None, 9).unwrap().len(), there.store.leaf_count(10, 0).unwrap()), (1, 1));
    there.resolve_again();
    release(&there.store, &LOST);
    assert_eq!((there.store.usage().shards, there.missing().len(), there.lapses()), (0, 2, vec![]));
}

#[test]
fn a_range_that_expires_takes_its_receipts_along_and_no_other_range() {
    let there = Registered::new();
    there.register(12);
    let promised = FakeObject::new(9, 1 << 10);
    promised.store(&there.store, SLOT, 1);
    let entries = [promised.entry()];
    let receipt =
        ReceiptKey { expiry: 10, group: 7, slot: SLOT, batch: summarize(&entries).unwrap().root, valid_until: 50 };
    assert_eq!(there.store.add_receipt(&receipt, &OWNER, &entries, 2).unwrap(), AddReceipt::Added);
    assert_eq!(super::testing::expire(&there.store, 10), 2);
    assert!(there.store.shard(&promised.key(SLOT)).unwrap().is_none());
    assert!(there.is_whole(), "another range still needs these");
    let record = there.store.shard(&there.objects[0].key(SLOT)).unwrap().unwrap();
    assert_eq!(record.state, ShardState::Registered);
    assert_eq!((there.store.leaf_count(10, 0).unwrap(), there.store.leaf_count(12, 0).unwrap()), (0, 1));
}

#[test]
fn rows_that_cannot_be_read_cost_only_themselves() {
    use super::engine::{Batch, Durability, Table};
    let there = Registered::new();
    let mut bad = Batch::default();
    for table in [Table::Shards, Table::Missing, Table::Lapsed, Table::Leaves, Table::Receipts] {
        for key in [vec![0], vec![0xff; 40]] {
            bad.put(table, key, vec![0xff, 0xff]);
        }
    }
    // A leaf that waits to be applied and cannot be read.
    bad.put(Table::Leaves, key(11, 0).encode(), vec![1]);
    bad.put(Table::Unresolved, key(11, 0).encode(), Vec::new());
    there.store.engine.commit(bad, Durability::Synced).unwrap();
    let usage = there.store.count().unwrap();
    assert!(usage.unreadable >= 5, "{usage:?}");
    assert_eq!(usage.shards, 2);
    assert!(there.is_whole());
    assert_eq!(there.store.shards_after(None, 10).unwrap().len(), 2);
    assert_eq!(there.missing(), vec![]);
    assert_eq!(there.store.unresolved(None, 10).unwrap(), vec![]);
    assert_eq!(there.store.drop_stale(100, 10).unwrap(), 0);
    assert_eq!(drop_overdue(&there.store, 100, 100, &[0]), 0);
    there.store.lapse_expired(10, CLAIM).unwrap();
    assert!(there.lapses().contains(&Lapse::Range { expiry: 10, group: 0 }), "{:?}", there.lapses());
    release(&there.store, &Lapse::Range { expiry: 10, group: 0 });
    assert_eq!(there.store.usage().shards, 0);
}

#[test]
fn receipts_make_way_before_everything_else() {
    let there = Registered::new();
    let deleted = there.objects[0].id();
    there.store.tombstone(&[(key(10, 0), deleted)], CLAIM).unwrap();
    there.store.lapse_expired(10, CLAIM).unwrap();
    let batch = summarize(&there.entries).unwrap().root;
    let receipts = [11, 12].map(|expiry| ReceiptKey { expiry, group: 0, slot: SLOT, batch, valid_until: 50 });
    for receipt in &receipts {
        assert_eq!(there.store.add_receipt(receipt, &OWNER, &there.entries, 2).unwrap(), AddReceipt::Added);
    }
    assert_eq!(there.store.lapse_receipts(50, 2, &[0], CLAIM).unwrap(), 2);
    let all = [
        Lapse::Receipt(receipts[0]),
        Lapse::Receipt(receipts[1]),
        Lapse::Object(key(10, 0), deleted),
        Lapse::Range { expiry: 10, group: 0 },
    ];
    assert_eq!(there.lapses(), all);
    for limit in 1..=4 {
        let (mut listed, mut after) = (Vec::new(), None);
        loop {
            let page = there.store.lapses(after.as_ref(), limit).unwrap();
            let Some((last, _)) = page.last() else { break };
            after = Some(*last);
            listed.extend(page.into_iter().map(|(lapse, _)| lapse));
        }
        assert_eq!(listed, all, "{limit} at a time");
    }
    // What is registered stays, whatever becomes of its receipts.
    receipts.iter().for_each(|receipt| release(&there.store, &Lapse::Receipt(*receipt)));
    assert!(there.is_whole());
    assert_eq!(there.store.usage().lapsed, 2);
}

#[test]
fn a_damaged_shard_is_listed_again_when_its_lost_slot_comes_back() {
    let there = Registered::new();
    let shard = there.objects[0].key(SLOT);
    assert!(there.store.mark_damaged(&shard, 4).unwrap());
    there.store.lose_slot(0, SLOT, CLAIM).unwrap();
    // Without its slot, the worker does not rebuild it.
    there.store.give_up(&shard).unwrap();
    assert_eq!(there.store.usage().missing, 0);
    there.store.set_slot(0, SLOT).unwrap();
    there.resolve_again();
    let missing = there.store.missing(9, None, 10).unwrap();
    assert_eq!(
        missing.iter().map(|it| (it.object, it.record.reason)).collect::<Vec<_>>(),
        [(shard.object, Reason::Damaged)]
    );
    assert_eq!(there.store.usage().missing, 1);
}

#[test]
fn deletions_are_found_however_many_receipts_have_lapsed() {
    let base = tempfile::tempdir().unwrap();
    let store = in_memory(base.path());
    let receipt = |seed| ReceiptKey { expiry: 10, group: 0, slot: SLOT, batch: [seed; 32], valid_until: 9 };
    let deletion = |seed| Lapse::Object(key(10, 0), ObjectId([seed; 32]));
    let receipts = (0..20).map(|seed| Lapse::Receipt(receipt(seed)));
    let others = [deletion(1), deletion(2), Lapse::Range { expiry: 10, group: 0 }];
    let mut batch = Batch::default();
    for lapse in receipts.chain(others) {
        store.begin_lapse(&lapse, CLAIM, &mut batch).unwrap();
    }
    store.engine.commit(batch, Durability::Synced).unwrap();
    assert_eq!(store.deletions(None, 16).unwrap(), [deletion(1), deletion(2)]);
    assert_eq!(store.deletions(None, 1).unwrap(), [deletion(1)]);
    assert_eq!(store.deletions(Some(&deletion(1)), 16).unwrap(), [deletion(2)]);
    assert!(store.deletions(Some(&deletion(2)), 16).unwrap().is_empty());
    assert!(store.has_lapsed(&deletion(2)).unwrap() && !store.has_lapsed(&deletion(3)).unwrap());
}
