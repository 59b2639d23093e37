//! A disk that fails at any operation, once or for good: full, or with unreadable sectors.
#![allow(clippy::unwrap_used)]

use super::{
    AddReceipt, Lapse, Store, StoreError, WriteError,
    engine::{Batch, Durability, Engine, EngineError},
    keys::{LeafKey, ReceiptKey},
    memory::MemoryEngine,
    testing::{CLAIM, FakeObject, Watch, Watched, prepare},
};
use meganet_primitives::{range::RangeLeaf, sum_tree::summarize};
use parking_lot::Mutex;
use std::{io, path::Path, sync::Arc};

const SLOT: u8 = 3;
const ENOSPC: i32 = 28;
const EIO: i32 = 5;

/// Counts operations, and fails from one on.
struct Faults {
    next: u32,
    first: u32,
    last: u32,
    code: i32,
    failed: bool,
}

impl Faults {
    fn operate(&mut self) -> io::Result<()> {
        let now = self.next;
        self.next += 1;
        if (self.first..=self.last).contains(&now) {
            self.failed = true;
            return Err(io::Error::from_raw_os_error(self.code));
        }
        Ok(())
    }
}

/// An index fails as the files do.
impl Watch for Arc<Mutex<Faults>> {
    fn commit(&self, rows: &MemoryEngine, batch: Batch, durability: Durability) -> Result<(), EngineError> {
        self.lock().operate().map_err(|error| EngineError::Io(error.to_string()))?;
        rows.commit(batch, durability)
    }
}

/// The objects that have been acknowledged.
#[derive(Default)]
struct Promises {
    receipted: Vec<u64>,
}

fn open(base: &Path, rows: &Arc<MemoryEngine>, faults: &Arc<Mutex<Faults>>) -> Result<Store, StoreError> {
    let engine = Watched { rows: rows.clone(), watch: faults.clone() };
    let hook = faults.clone();
    Store::with(base, Box::new(engine), Arc::new(move |_| hook.lock().operate()))
}

fn object(seed: u64) -> FakeObject {
    // Files and inline shards.
    FakeObject::new(seed, if seed.is_multiple_of(2) { 1 << 10 } else { 1 << 18 })
}

/// Stores, promises, registers, deletes, expires; goes on after each failure, as a worker does.
fn work(store: &Store, promises: &mut Promises) {
    let put = |object: &FakeObject| -> Result<(), WriteError> {
        let bytes = &object.shards[usize::from(SLOT)];
        let mut writer = store.begin(u64::try_from(bytes.len()).unwrap())?;
        writer.write(bytes)?;
        store.commit(writer.finish()?, &object.key(SLOT), &object.record, 0, 1)
    };
    let _ = store.set_slot(0, SLOT);
    for seed in 1..6 {
        let object = object(seed);
        let entries = [object.entry()];
        let batch = summarize(&entries).unwrap();
        let expiry = if seed == 5 { 10 } else { 20 };
        let key = ReceiptKey { expiry, group: 0, slot: SLOT, batch: batch.root, valid_until: 50 };
        if put(&object).is_err() || !matches!(store.add_receipt(&key, &[1; 32], &entries, 2), Ok(AddReceipt::Added)) {
            continue;
        }
        promises.receipted.push(seed);
        if seed == 3 {
            let leaf = RangeLeaf { batch, owner: [1; 32], signed: 1, registered: 1 };
            let key = LeafKey { expiry, group: 0, index: 0 };
            let _ = store.add_leaf(&key, &leaf).and_then(|_| store.resolve(&key, &leaf, SLOT, &entries, 3));
        }
    }
    let _ = put(&object(6));
    let _ = store.drop_stale(9, 100);
    let _ = store.lapse_expired(10, CLAIM);
    let _ = store.release(&Lapse::Range { expiry: 10, group: 0 }, 10);
    let _ = store.lose_slot(0, SLOT, CLAIM);
    let _ = store.set_slot(0, SLOT);
}

/// Returns the number of operations if none fails.
fn operations(code: i32) -> u32 {
    let base = tempfile::tempdir().unwrap();
    prepare(base.path());
    let faults = Arc::new(Mutex::new(Faults { next: 0, first: u32::MAX, last: 0, code, failed: false }));
    let store = open(base.path(), &Arc::default(), &faults).unwrap();
    let mut promises = Promises::default();
    work(&store, &mut promises);
    assert_eq!(promises.receipted, [1, 2, 3, 4, 5]);
    drop(store);
    faults.lock().next
}

fn fails_at(first: u32, last: u32, code: i32) {
    let what = format!("operations {first} to {last} fail with {code}");
    let base = tempfile::tempdir().unwrap();
    prepare(base.path());
    let rows = Arc::<MemoryEngine>::default();
    let faults = Arc::new(Mutex::new(Faults { next: 0, first, last, code, failed: false }));
    let mut promises = Promises::default();
    if let Ok(store) = open(base.path(), &rows, &faults) {
        work(&store, &mut promises);
    }
    assert!(faults.lock().failed, "{what}: nothing failed");

    // The disk works again, and the worker is started again.
    *faults.lock() = Faults { next: 0, first: u32::MAX, last: 0, code, failed: false };
    let store = open(base.path(), &rows, &faults).unwrap();
    for first in 0..=u8::MAX {
        let differences = store.differences(first).unwrap();
        assert_eq!(differences.lost, vec![], "{what}: a record without its file");
        for key in differences.unknown {
            store.adopt(&key, 9).unwrap();
        }
    }
    assert_eq!(store.orphans().unwrap(), (0, 0), "{what}");
    // The fifth is over.
    for seed in promises.receipted.iter().filter(|seed| **seed != 5) {
        let object = object(*seed);
        let shard = &object.shards[usize::from(SLOT)];
        let frames = shard.len().div_ceil(64 << 10).try_into().unwrap();
        let read = store.frames(&object.key(SLOT), 0, frames);
        assert!(read.is_ok_and(|read| read.bytes == *shard), "{what}: receipted shard {seed} is gone");
    }
    assert_eq!(store.usage(), store.count().unwrap(), "{what}");
    // And everything can be done that could not be done then.
    let mut again = Promises::default();
    work(&store, &mut again);
    assert_eq!(again.receipted, [1, 2, 3, 4, 5], "{what}");
    assert_eq!(store.usage(), store.count().unwrap(), "{what}");
}

#[test]
fn one_operation_that_fails_loses_nothing_that_was_acknowledged() {
    for code in [ENOSPC, EIO] {
        for at in 0..operations(code) {
            fails_at(at, at, code);
        }
    }
}

#[test]
fn a_disk_that_is_full_from_some_moment_on_loses_nothing_that_was_acknowledged() {
    for code in [ENOSPC, EIO] {
        for first in 0..operations(code) {
            fails_at(first, u32::MAX, code);
        }
    }
}
