#![allow(clippy::unwrap_used)]

use super::{
    AddReceipt, Lapse, Store,
    engine::Table,
    keys::{LeafKey, ReceiptKey},
    memory::MemoryEngine,
    records::ShardState,
    testing::{CLAIM, FakeObject, Watch, Watched, drop_overdue, expire, in_memory, prepare, release, rows, spoil},
};
use codec::Encode;
use meganet_primitives::{
    AccountId,
    range::RangeLeaf,
    receipt::PeerKey,
    sum_tree::{BatchEntry, summarize},
};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, OnceLock, Weak,
        atomic::{AtomicUsize, Ordering},
    },
};

const SLOT: u8 = 3;
const OWNER: [u8; 32] = [9; 32];
const PEER: PeerKey = PeerKey([4; 32]);
const STRANGER: PeerKey = PeerKey([5; 32]);
/// Seconds after the first receipt in which an upload must be registered.
const UNPAID: u64 = 2 * 3600;

fn upload(store: &Store, object: &FakeObject, now: u64) {
    upload_as(store, object, (OWNER, PEER), now);
}

fn upload_as(store: &Store, object: &FakeObject, by: (AccountId, PeerKey), now: u64) {
    let bytes = &object.shards[usize::from(SLOT)];
    let mut writer = store.begin(u64::try_from(bytes.len()).unwrap()).unwrap();
    writer.write(bytes).unwrap();
    let shard = writer.finish().unwrap();
    store.commit_upload(shard, &object.key(SLOT), &object.record, 0, by, now).unwrap();
}

fn receipt(entries: &[BatchEntry], expiry: u32, valid_until: u32) -> ReceiptKey {
    ReceiptKey { expiry, group: 0, slot: SLOT, batch: summarize(entries).unwrap().root, valid_until }
}

/// Registers a batch until some epoch.
fn register(store: &Store, entries: &[BatchEntry], expiry: u32) {
    let leaf = RangeLeaf { batch: summarize(entries).unwrap(), owner: OWNER, signed: 1, registered: 1 };
    let key = LeafKey { expiry, group: 0, index: 0 };
    store.add_leaf(&key, &leaf).unwrap();
    store.resolve(&key, &leaf, SLOT, entries, 101).unwrap();
}

/// Asks every ten minutes for four hours; returns how often a receipt was signed before the first refusal.
fn asked_again_and_again(store: &Store, object: &FakeObject, from: u64) -> usize {
    let entries = [object.entry()];
    let ask = |time: u32| {
        store.add_receipt(&receipt(&entries, 20, 60 + time), &OWNER, &entries, from + 600 * u64::from(time)).unwrap()
    };
    let answers: Vec<_> = (0..24).map(ask).collect();
    let granted = answers.iter().take_while(|answer| **answer == AddReceipt::Added).count();
    assert!(answers[granted..].iter().all(|answer| *answer == AddReceipt::NotPaid), "{answers:?}");
    granted
}

#[test]
fn asking_again_for_a_receipt_costs_no_space_and_buys_no_time() {
    let base = tempfile::tempdir().unwrap();
    let store = in_memory(base.path());
    let object = FakeObject::new(1, 1 << 10);
    upload(&store, &object, 100);
    let entries = [object.entry()];
    for valid_until in 50..150 {
        assert_eq!(
            store.add_receipt(&receipt(&entries, 10, valid_until), &OWNER, &entries, 200).unwrap(),
            AddReceipt::Added
        );
        assert_eq!(
            (rows(&store, Table::Receipts), rows(&store, Table::Holds), rows(&store, Table::BatchHolds)),
            (1, 1, 1)
        );
    }
    // An older one changes nothing.
    store.add_receipt(&receipt(&entries, 10, 60), &OWNER, &entries, 200).unwrap();
    assert_eq!(drop_overdue(&store, 148, 1000, &[0]), 0);
    // Two hours after the first, a client that asks again has not paid.
    let late = 200 + UNPAID + 1;
    assert_eq!(store.add_receipt(&receipt(&entries, 10, 500), &OWNER, &entries, late).unwrap(), AddReceipt::NotPaid);
    assert_eq!(drop_overdue(&store, 149, late, &[0]), 1);
    assert!(store.shard(&object.key(SLOT)).unwrap().is_none());
    assert_eq!((rows(&store, Table::Uploads), store.usage().uploads.len()), (0, 0));
}

#[test]
fn the_receipts_of_a_shard_are_few() {
    let base = tempfile::tempdir().unwrap();
    let store = in_memory(base.path());
    let objects: Vec<_> = (0..20).map(|seed| FakeObject::new(seed, 1 << 10)).collect();
    objects.iter().for_each(|object| upload(&store, object, 100));
    // The same batch for many expiries.
    let entries = [objects[0].entry()];
    let added = (10..40).filter(|expiry| {
        store.add_receipt(&receipt(&entries, *expiry, 50), &OWNER, &entries, 101).unwrap() == AddReceipt::Added
    });
    assert_eq!(added.count(), 4);
    // Many batches with the same object.
    let added = objects.iter().skip(2).filter(|other| {
        let entries = [objects[1].entry(), other.entry()];
        store.add_receipt(&receipt(&entries, 10, 50), &OWNER, &entries, 101).unwrap() == AddReceipt::Added
    });
    assert_eq!(added.count(), 8);
}

#[test]
fn uploads_are_counted_by_account_until_they_are_registered() {
    let base = tempfile::tempdir().unwrap();
    let store = in_memory(base.path());
    store.set_slot(0, SLOT).unwrap();
    let objects = [FakeObject::new(1, 1 << 10), FakeObject::new(2, 1 << 20)];
    objects.iter().for_each(|object| upload(&store, object, 100));
    let len = |at: usize| objects[at].entry().shard_len;
    assert_eq!(store.usage().uploads.get(&OWNER), Some(&(len(0) + len(1))));
    assert_eq!(store.count().unwrap(), store.usage());
    register(&store, &[objects[1].entry()], 10);
    assert_eq!(store.usage().uploads.get(&OWNER), Some(&len(0)));
    assert_eq!(store.count().unwrap(), store.usage());
    assert_eq!(store.drop_stale(200, 10).unwrap(), 1);
    assert!(store.usage().uploads.is_empty());
    // It was registered before it was uploaded again: then it is nobody's.
    upload(&store, &objects[1], 300);
    assert!(store.usage().uploads.is_empty());
}

#[test]
fn what_is_not_promised_is_read_by_its_uploader_only() {
    let base = tempfile::tempdir().unwrap();
    let store = in_memory(base.path());
    let object = FakeObject::new(1, 1 << 20);
    upload(&store, &object, 100);
    let key = object.key(SLOT);
    assert!(store.may_read(&key, &PEER, false).unwrap());
    assert!(!store.may_read(&key, &STRANGER, false).unwrap());
    assert!(!store.may_read(&key, &STRANGER, true).unwrap());
    let entries = [object.entry()];
    store.add_receipt(&receipt(&entries, 10, 50), &OWNER, &entries, 101).unwrap();
    assert!(store.may_read(&key, &STRANGER, false).unwrap());
}

#[test]
fn no_shard_is_promised_for_free_for_ever_however_it_came_here() {
    let expected = usize::try_from(UNPAID / 600).unwrap() + 1;
    let base = tempfile::tempdir().unwrap();
    let store = in_memory(base.path());
    store.set_slot(0, SLOT).unwrap();
    let [uploaded, found, once] = [1, 2, 3].map(|seed| FakeObject::new(seed, 1 << 10));
    upload(&store, &uploaded, 100);
    assert_eq!(asked_again_and_again(&store, &uploaded, 1000), expected);
    // Nobody uploaded it.
    found.store(&store, SLOT, 100);
    assert_eq!(asked_again_and_again(&store, &found, 1000), expected);
    // It was paid for until epoch 10, and then only asked for.
    upload(&store, &once, 100);
    let entries = [once.entry()];
    register(&store, &entries, 10);
    store.add_receipt(&receipt(&entries, 20, 50), &OWNER, &entries, 900).unwrap();
    assert_eq!(expire(&store, 10), 1);
    assert_eq!(store.shard(&once.key(SLOT)).unwrap().unwrap().state, ShardState::Receipted);
    assert_eq!(asked_again_and_again(&store, &once, 1000), expected);
    // They count against the share of the account that asks, and go when nobody has paid.
    assert_eq!(store.usage().uploads.get(&OWNER), Some(&(3 * once.entry().shard_len)));
    assert_eq!(store.count().unwrap().uploads, store.usage().uploads);
    assert_eq!(drop_overdue(&store, 100, u64::MAX, &[0]), 3);
    assert_eq!((store.usage().shards, store.usage().uploads.len(), rows(&store, Table::Uploads)), (0, 0, 0));
}

#[test]
fn a_receipt_that_is_not_registered_in_time_costs_no_byte_and_gives_nothing_to_strangers() {
    let base = tempfile::tempdir().unwrap();
    let store = in_memory(base.path());
    store.set_slot(0, SLOT).unwrap();
    let object = FakeObject::new(1, 1 << 20);
    let (key, entries) = (object.key(SLOT), [object.entry()]);
    upload(&store, &object, 100);
    store.add_receipt(&receipt(&entries, 10, 50), &OWNER, &entries, 101).unwrap();
    assert_eq!(store.lapse_receipts(50, 1000, &[0], CLAIM).unwrap(), 1);
    assert_eq!(store.lapse_receipts(51, 1000, &[0], CLAIM).unwrap(), 0, "it is noted once");
    let lapse = Lapse::Receipt(receipt(&entries, 10, 50));
    assert_eq!(store.lapses(None, 9).unwrap(), [(lapse, CLAIM)]);
    // It still takes up its uploader's share.
    let usage = store.usage();
    assert_eq!((usage.shards, usage.lapsed, usage.unregistered_bytes()), (1, 1, entries[0].shard_len));
    assert_eq!(usage.uploads.get(&OWNER), Some(&entries[0].shard_len));
    assert_eq!(store.count().unwrap(), usage);
    let readers = |store: &Store| {
        [(PEER, false), (STRANGER, true), (STRANGER, false)]
            .map(|(peer, is_member)| store.may_read(&key, &peer, is_member).unwrap())
    };
    assert_eq!(readers(&store), [true, true, false]);
    let record = store.shard(&key).unwrap().unwrap();
    assert!(store.is_overdue(&key, &record).unwrap());
    // The node had hidden the registration.
    register(&store, &entries, 10);
    assert_eq!(readers(&store), [true, true, true]);
    let usage = store.usage();
    assert_eq!((usage.shards, usage.missing, usage.lapsed, usage.unregistered_bytes()), (1, 0, 0, 0));
    assert_eq!((store.lapses(None, 9).unwrap(), rows(&store, Table::Receipts)), (vec![], 0));
    assert!(usage.uploads.is_empty());
}

#[test]
fn what_is_overdue_is_promised_again_once_it_is_uploaded_again() {
    let base = tempfile::tempdir().unwrap();
    let store = in_memory(base.path());
    let object = FakeObject::new(1, 1 << 20);
    let (key, entries) = (object.key(SLOT), [object.entry()]);
    let late = 101 + UNPAID + 1;
    upload(&store, &object, 100);
    store.add_receipt(&receipt(&entries, 10, 50), &OWNER, &entries, 101).unwrap();
    // Uploading again buys no time as long as the receipt may be registered.
    upload(&store, &object, late);
    let ask = |now| store.add_receipt(&receipt(&entries, 10, 90), &OWNER, &entries, now).unwrap();
    assert_eq!(ask(late), AddReceipt::NotPaid);
    store.lapse_receipts(50, late, &[0], CLAIM).unwrap();
    assert_eq!(ask(late), AddReceipt::NotPaid);
    let other = [8; 32];
    upload_as(&store, &object, (other, STRANGER), late);
    assert_eq!(store.usage().uploads, BTreeMap::from([(other, entries[0].shard_len)]));
    assert_eq!(ask(late), AddReceipt::Added);
    // The new receipt has replaced the one that lapsed.
    assert!(store.may_read(&key, &PeerKey([7; 32]), false).unwrap());
    assert_eq!((store.lapses(None, 9).unwrap(), rows(&store, Table::Receipts)), (vec![], 1));
    assert_eq!(store.count().unwrap(), store.usage());
    // Of two batches, the one that is still valid keeps it.
    let (first, second) = (receipt(&entries, 10, 90), receipt(&entries, 12, 120));
    store.add_receipt(&second, &OWNER, &entries, late).unwrap();
    assert_eq!(store.lapse_receipts(90, late, &[0], CLAIM).unwrap(), 1);
    assert!(store.may_read(&key, &PeerKey([7; 32]), false).unwrap());
    release(&store, &Lapse::Receipt(first));
    assert_eq!(store.shard(&key).unwrap().unwrap().state, ShardState::Receipted);
    assert_eq!(drop_overdue(&store, 120, late, &[0]), 1);
    assert_eq!((store.usage().shards, store.usage().lapsed, store.usage().uploads.len()), (0, 0, 0));
}

/// Counts the walks over all records of shards.
#[derive(Clone, Default)]
struct Walks(Arc<AtomicUsize>);

impl Watch for Walks {
    fn scanning(&self, table: Table, from: &[u8]) {
        if table == Table::Shards && from.is_empty() {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[test]
fn staged_shards_are_found_without_a_walk_over_everything() {
    let base = tempfile::tempdir().unwrap();
    prepare(base.path());
    let engine = Watched::<Walks>::default();
    let Walks(walks) = engine.watch.clone();
    let store = Store::with(base.path(), Box::new(engine), super::no_hook()).unwrap();
    let [old, young, promised, rebuilt] = [1, 2, 3, 4].map(|seed| FakeObject::new(seed, 1 << 10));
    for (object, now) in [(&old, 100), (&promised, 100), (&young, 300)] {
        upload(&store, object, now);
    }
    let entries = [promised.entry()];
    store.add_receipt(&receipt(&entries, 10, 50), &OWNER, &entries, 101).unwrap();
    let before = walks.load(Ordering::Relaxed);
    assert_eq!(store.drop_stale(200, 10).unwrap(), 1);
    assert!(store.shard(&old.key(SLOT)).unwrap().is_none());
    assert_eq!(store.drop_stale(200, 10).unwrap(), 0);
    assert_eq!(walks.load(Ordering::Relaxed), before);
    // A rebuilt one that nothing keeps any more was not uploaded.
    rebuilt.store(&store, SLOT, 100);
    assert_eq!(store.drop_stale(200, 10).unwrap(), 1);
    assert!(store.shard(&rebuilt.key(SLOT)).unwrap().is_none());
    assert_eq!((store.usage().shards, store.usage().staged), (2, 1));
}

/// Opens a store, and does something while the shards of a receipt have been looked up and the receipt is not recorded yet.
fn interrupted(base: &std::path::Path, work: impl Fn(&Store) + Send + Sync + 'static) -> Arc<Store> {
    prepare(base);
    let opened: Arc<OnceLock<Weak<Store>>> = Arc::default();
    let hooked = opened.clone();
    let hook = move |step: &'static str| {
        if step == "receipt-looked-up" {
            work(&hooked.get().and_then(Weak::upgrade).unwrap());
        }
        Ok(())
    };
    let store = Arc::new(Store::with(base, Box::new(MemoryEngine::default()), Arc::new(hook)).unwrap());
    opened.set(Arc::downgrade(&store)).unwrap();
    store
}

#[test]
fn rows_are_not_locked_while_a_receipt_is_looked_up_and_the_shards_may_change() {
    for (size, again) in [(1 << 10, false), (1 << 10, true), (1 << 20, false), (1 << 20, true)] {
        let base = tempfile::tempdir().unwrap();
        let store = interrupted(base.path(), move |store| {
            // It would wait for the lock for ever.
            assert_eq!(store.drop_stale(101, 10).unwrap(), 1);
            if again {
                FakeObject::new(1, size).store(store, SLOT, 102);
            }
        });
        let object = FakeObject::new(1, size);
        object.store(&store, SLOT, 100);
        let entries = [object.entry()];
        let added = store.add_receipt(&receipt(&entries, 10, 50), &OWNER, &entries, 103).unwrap();
        let state = store.shard(&object.key(SLOT)).unwrap().map(|record| record.state);
        if again {
            assert_eq!((added, state), (AddReceipt::Added, Some(ShardState::Receipted)));
        } else {
            assert_eq!((added, state), (AddReceipt::Lacking(object.id()), None));
        }
        assert_eq!(store.usage(), store.count().unwrap());
    }
}

#[test]
fn a_file_that_is_lost_before_a_receipt_is_looked_up_is_not_promised() {
    let base = tempfile::tempdir().unwrap();
    let store = interrupted(base.path(), |_| {});
    let object = FakeObject::new(1, 1 << 20);
    object.store(&store, SLOT, 100);
    std::fs::remove_file(store.path_of(&object.key(SLOT))).unwrap();
    let entries = [object.entry()];
    let added = store.add_receipt(&receipt(&entries, 10, 50), &OWNER, &entries, 101).unwrap();
    assert_eq!(added, AddReceipt::Lacking(object.id()));
}

#[test]
fn a_shard_whose_file_is_gone_or_cut_is_stored_by_the_next_upload_and_can_be_promised() {
    for cut in [None, Some(5), Some(100_000)] {
        let base = tempfile::tempdir().unwrap();
        let store = in_memory(base.path());
        let object = FakeObject::new(1, 1 << 20);
        upload(&store, &object, 100);
        let path = store.path_of(&object.key(SLOT));
        let (file, usage) = (std::fs::read(&path).unwrap(), store.usage());
        match cut {
            None => std::fs::remove_file(&path).unwrap(),
            Some(len) => std::fs::write(&path, &file[..len]).unwrap(),
        }
        let entries = [object.entry()];
        let ask = || store.add_receipt(&receipt(&entries, 10, 50), &OWNER, &entries, 102).unwrap();
        assert_eq!(ask(), AddReceipt::Lacking(object.id()), "{cut:?}");
        upload(&store, &object, 101);
        assert!(std::fs::read(&path).is_ok_and(|found| found == file), "{cut:?}");
        assert_eq!((store.usage(), store.count().unwrap()), (usage.clone(), usage), "{cut:?}");
        assert_eq!(ask(), AddReceipt::Added, "{cut:?}");
    }
}

#[test]
fn a_shard_whose_object_has_a_lost_or_bad_row_is_stored_by_the_next_upload_and_can_be_promised() {
    let other = FakeObject::new(2, 1 << 20).record.encode();
    for row in [None, Some(&[0xff; 3][..]), Some(&other[..])] {
        let base = tempfile::tempdir().unwrap();
        let store = in_memory(base.path());
        let object = FakeObject::new(1, 1 << 20);
        upload(&store, &object, 100);
        spoil(&store, Table::Objects, object.id().0.to_vec(), row);
        let entries = [object.entry()];
        let ask = || store.add_receipt(&receipt(&entries, 10, 50), &OWNER, &entries, 102).unwrap();
        assert_eq!((store.object(&object.id()).unwrap(), ask()), (None, AddReceipt::Lacking(object.id())));
        upload(&store, &object, 101);
        assert_eq!((store.object(&object.id()).unwrap(), ask()), (Some(object.record), AddReceipt::Added));
    }
}
