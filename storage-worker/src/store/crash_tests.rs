//! Kills a process of its own at every named step of the store, with SIGKILL, and looks at what it left.
//!
//! The parent starts this test binary again with the child test only; the environment sets where to work and where
//! to die. Only tests look at those variables.
#![allow(clippy::unwrap_used)]

use super::{
    AddReceipt, Adoption, Store,
    keys::ReceiptKey,
    records::ShardState,
    rocks::RocksEngine,
    testing::{FakeObject, expire, files, prepare},
};
use meganet_primitives::sum_tree::summarize;
use nix::{
    sys::signal::{Signal, kill},
    unistd::getpid,
};
use std::{os::unix::process::ExitStatusExt, path::Path, process::Command};

const BASE: &str = "MEGANET_CRASH_BASE";
const POINT: &str = "MEGANET_CRASH_POINT";
const SLOT: u8 = 1;
const OWNER: [u8; 32] = [1; 32];
/// Seed of the object that a child has promised before the run in which it dies.
const PROMISED: u64 = 1;
/// Seed of the object that it stores and promises in that run.
const COMING: u64 = 2;

fn open(base: &Path, crash_at: Option<String>) -> Store {
    prepare(base);
    let engine = RocksEngine::open(&base.join("index")).unwrap();
    let hook = move |step: &'static str| {
        if crash_at.as_deref() == Some(step) {
            kill(getpid(), Signal::SIGKILL).unwrap();
        }
        Ok(())
    };
    Store::with(base, Box::new(engine), std::sync::Arc::new(hook)).unwrap()
}

fn promise(store: &Store, object: &FakeObject) {
    let entries = [object.entry()];
    let key =
        ReceiptKey { expiry: 10, group: 0, slot: SLOT, batch: summarize(&entries).unwrap().root, valid_until: 50 };
    assert_eq!(store.add_receipt(&key, &OWNER, &entries, 2).unwrap(), AddReceipt::Added);
}

/// Not a test of its own: does nothing unless [`crash_at_every_step`] has started it.
#[test]
fn child() {
    let (Ok(base), Ok(point)) = (std::env::var(BASE), std::env::var(POINT)) else { return };
    let base = Path::new(&base);
    {
        let store = open(base, None);
        let object = FakeObject::new(PROMISED, 1 << 20);
        object.store(&store, SLOT, 1);
        promise(&store, &object);
    }
    let store = open(base, Some(point));
    let object = FakeObject::new(COMING, 1 << 20);
    object.store(&store, SLOT, 1);
    promise(&store, &object);
    assert_eq!(expire(&store, 10), 1);
}

#[test]
fn a_kill_at_any_step_loses_no_promise_and_leaves_no_garbage() {
    // The last one dies while it removes what expired: then the first object's promise is over.
    let steps = [
        ("shard-written", false),
        ("shard-synced", false),
        ("shard-renamed", false),
        ("shard-recorded", false),
        ("receipt-recorded", false),
        ("shard-unrecorded", true),
        ("removal-synced", true),
        ("file-removed", true),
    ];
    for (step, expired) in steps {
        let base = tempfile::tempdir().unwrap();
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "store::crash_tests::child"])
            .env(BASE, base.path())
            .env(POINT, step)
            .output()
            .unwrap();
        assert_eq!(child.status.signal(), Some(9), "{step}: {}", String::from_utf8_lossy(&child.stdout));

        let store = open(base.path(), None);
        let (promised, coming) = (FakeObject::new(PROMISED, 1 << 20), FakeObject::new(COMING, 1 << 20));
        // A file that was renamed and not recorded is adopted.
        let unknown = (0..=u8::MAX).flat_map(|first| store.differences(first).unwrap().unknown);
        let adopted: Vec<_> = unknown.map(|key| store.adopt(&key, 3).unwrap()).collect();
        assert_eq!(adopted.len(), usize::from(step == "shard-renamed"), "{step}");
        assert!(adopted.iter().all(|adoption| *adoption == Adoption::Adopted), "{step}");
        let usage = store.usage();
        assert_eq!(usage, store.count().unwrap(), "{step}");
        assert_eq!(u64::try_from(files(base.path())).unwrap(), usage.shards, "{step}: files and records differ");
        assert_eq!(std::fs::read_dir(base.path().join("shards/unfinished")).unwrap().count(), 0, "{step}");
        if expired {
            assert!(usage.shards < 2, "{step}");
            expire(&store, 10);
            assert_eq!((store.usage().shards, files(base.path())), (0, 0), "{step}");
            continue;
        }
        let whole = |object: &FakeObject| {
            let read = store.frames(&object.key(SLOT), 0, 8);
            read.is_ok_and(|read| read.bytes == object.shards[usize::from(SLOT)])
        };
        assert!(whole(&promised), "{step}: a receipted shard is gone");
        let state = store.shard(&coming.key(SLOT)).unwrap().map(|record| record.state);
        let wanted = match step {
            "shard-renamed" => Some(ShardState::Adopted),
            "shard-recorded" => Some(ShardState::Staged),
            "receipt-recorded" => Some(ShardState::Receipted),
            _ => None,
        };
        assert_eq!(state, wanted, "{step}");
        assert_eq!(whole(&coming), wanted.is_some(), "{step}");
        // And it can go on from there.
        coming.store(&store, SLOT, 3);
        promise(&store, &coming);
        assert!(whole(&coming), "{step}");
    }
}

#[test]
fn a_second_process_is_told_that_the_folder_is_taken() {
    let base = tempfile::tempdir().unwrap();
    prepare(base.path());
    let _first = Store::open(base.path()).unwrap();
    let Err(error) = Store::open(base.path()) else { panic!("opened twice") };
    assert!(error.to_string().contains("in use by another meganet-worker"), "{error}");
}

#[test]
fn rocksdb_behaves_like_the_engine_in_memory() {
    let base = tempfile::tempdir().unwrap();
    let objects: Vec<_> = (0..20).map(|seed| FakeObject::new(seed, (seed + 1) * 20_000)).collect();
    prepare(base.path());
    let usage = {
        let store = Store::open(base.path()).unwrap();
        objects.iter().for_each(|object| object.store(&store, SLOT, 1));
        promise(&store, &objects[3]);
        assert_eq!(store.drop_stale(2, 5).unwrap(), 5);
        store.usage()
    };
    let store = Store::open(base.path()).unwrap();
    assert_eq!(store.usage(), usage);
    assert_eq!(usage.shards, 15);
    let held: Vec<_> = store.shards_after(None, 100).unwrap();
    assert_eq!(held.len(), 15);
    for (key, record) in &held {
        let object = objects.iter().find(|object| object.id() == key.object).unwrap();
        let read = store.frames(key, 0, record.len.div_ceil(64 << 10)).unwrap();
        assert!(read.bytes == object.shards[usize::from(SLOT)]);
    }
    assert_eq!(store.shards_after(Some(&held[6].0), 100).unwrap().len(), 8);
    assert_eq!(expire(&store, 10), 1);
    assert_eq!(store.usage().shards, 14);
    assert_eq!(store.leaf_count(10, 0).unwrap(), 0);
}
