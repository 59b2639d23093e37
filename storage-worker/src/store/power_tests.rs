//! Power cuts: what was not synced is gone, in the index as in files and folders.
#![allow(clippy::unwrap_used)]

use super::{
    AddReceipt, Adoption, Store,
    engine::{Batch, Durability, Engine, EngineError},
    keys::ReceiptKey,
    memory::MemoryEngine,
    testing::{FakeObject, Watch, Watched, expire, prepare},
};
use meganet_primitives::sum_tree::summarize;
use parking_lot::Mutex;
use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::Arc,
};

const SLOT: u8 = 3;

/// Knows which commits survive a power cut.
#[derive(Clone, Default)]
struct Durable(Arc<Mutex<MemoryEngine>>);

impl Watch for Durable {
    fn commit(&self, rows: &MemoryEngine, batch: Batch, durability: Durability) -> Result<(), EngineError> {
        rows.commit(batch, durability)?;
        if durability == Durability::Synced {
            *self.0.lock() = rows.copy();
        }
        Ok(())
    }
}

/// How much a disk has done by the time of the cut of what it was not told to sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Disk {
    /// All of it.
    Eager,
    /// None of it.
    Lazy,
}

/// Runs `work` on a store until it reaches `step`, where the power goes. Returns the store after the restart.
fn cut(base: &Path, index: &Watched<Durable>, step: &'static str, disk: Disk, work: impl FnOnce(&Store)) -> Store {
    let folder = base.to_path_buf();
    let before: Vec<(PathBuf, Vec<u8>)> = shard_files(base);
    let hook = move |reached: &'static str| {
        if reached == step {
            if disk == Disk::Lazy {
                lose_unsynced(&folder, step, &before);
            }
            panic!("the power is gone");
        }
        Ok(())
    };
    let store = Store::with(base, Box::new(index.clone()), Arc::new(hook)).unwrap();
    let result = catch_unwind(AssertUnwindSafe(|| work(&store)));
    assert!(result.is_err(), "{step} was not reached");
    // The destructors of a process that is gone do not run.
    std::mem::forget(store);
    let engine = match disk {
        Disk::Lazy => index.watch.0.lock().copy(),
        Disk::Eager => index.rows.copy(),
    };
    let index = Watched { rows: Arc::new(engine), watch: Durable::default() };
    let store = Store::with(base, Box::new(index), super::no_hook()).unwrap();
    for first in 0..=u8::MAX {
        let differences = store.differences(first).unwrap();
        assert_eq!(differences.lost, vec![], "{step} {disk:?}: a record without its file");
        for key in differences.unknown {
            assert_eq!(store.adopt(&key, 9).unwrap(), Adoption::Adopted, "{step} {disk:?}");
        }
    }
    store
}

fn shard_files(base: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let folders = fs::read_dir(base.join("shards")).unwrap().map(|entry| entry.unwrap().path());
    let files = folders.filter(|path| path.is_dir()).flat_map(|folder| fs::read_dir(folder).unwrap());
    files.map(|entry| entry.unwrap().path()).map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// Undoes what the steps up to this one have not synced.
fn lose_unsynced(base: &Path, step: &str, before: &[(PathBuf, Vec<u8>)]) {
    match step {
        // The bytes of the unfinished file.
        "shard-written" => {
            for file in fs::read_dir(base.join("shards/unfinished")).unwrap() {
                fs::OpenOptions::new().write(true).open(file.unwrap().path()).unwrap().set_len(0).unwrap();
            }
        }
        // The new name.
        "shard-renamed" => {
            for (path, _) in shard_files(base) {
                if !before.iter().any(|(old, _)| *old == path) {
                    fs::remove_file(path).unwrap();
                }
            }
        }
        // The removal of the names.
        "file-removed" => {
            for (path, bytes) in before {
                fs::write(path, bytes).unwrap();
            }
        }
        _ => {}
    }
}

fn is_whole(store: &Store, object: &FakeObject) -> bool {
    store.frames(&object.key(SLOT), 0, 8).is_ok_and(|read| read.bytes == object.shards[usize::from(SLOT)])
}

fn promise(store: &Store, object: &FakeObject, expiry: u32) {
    let entries = [object.entry()];
    let batch = summarize(&entries).unwrap().root;
    let key = ReceiptKey { expiry, group: 0, slot: SLOT, batch, valid_until: 50 };
    assert_eq!(store.add_receipt(&key, &[1; 32], &entries, 2).unwrap(), AddReceipt::Added);
}

#[test]
fn a_power_cut_at_any_step_loses_no_promised_byte() {
    let steps = [
        "shard-written",
        "shard-synced",
        "shard-renamed",
        "shard-recorded",
        "receipt-recorded",
        "shard-unrecorded",
        "removal-synced",
        "file-removed",
    ];
    for (step, disk) in steps.into_iter().flat_map(|step| [(step, Disk::Eager), (step, Disk::Lazy)]) {
        let base = tempfile::tempdir().unwrap();
        prepare(base.path());
        let (promised, coming, ending) =
            (FakeObject::new(1, 1 << 20), FakeObject::new(2, 1 << 20), FakeObject::new(3, 1 << 20));
        let index = Watched::<Durable>::default();
        {
            let store = Store::with(base.path(), Box::new(index.clone()), super::no_hook()).unwrap();
            for (object, expiry) in [(&promised, 20), (&ending, 10)] {
                object.store(&store, SLOT, 1);
                promise(&store, object, expiry);
            }
        }
        let after = cut(base.path(), &index, step, disk, |store| {
            coming.store(store, SLOT, 1);
            promise(store, &coming, 20);
            expire(store, 10);
        });
        assert!(is_whole(&after, &promised), "{step} {disk:?}: a promised shard is gone");
        let acknowledged = ["receipt-recorded", "shard-unrecorded", "removal-synced", "file-removed"];
        if acknowledged.contains(&step) {
            assert!(is_whole(&after, &coming), "{step} {disk:?}: a receipted shard is gone");
        }
        assert_eq!(after.usage(), after.count().unwrap(), "{step} {disk:?}");
        // It goes on from there.
        coming.store(&after, SLOT, 5);
        promise(&after, &coming, 20);
        assert!(is_whole(&after, &coming), "{step} {disk:?}");
        expire(&after, 10);
        for (lapse, _) in after.lapses(None, 9).unwrap() {
            super::testing::release(&after, &lapse);
        }
        assert!(after.shard(&ending.key(SLOT)).unwrap().is_none(), "{step} {disk:?}");
        assert!(is_whole(&after, &promised) && is_whole(&after, &coming), "{step} {disk:?}");
    }
}
