#![allow(clippy::unwrap_used)]

use super::{
    Adoption, Lapse, Store,
    keys::{LeafKey, ShardKey},
    memory::MemoryEngine,
    records::ShardState,
    testing::{CLAIM, FakeObject, files, in_memory, release},
};
use meganet_primitives::{range::RangeLeaf, sum_tree::summarize};
use std::path::Path;

const SLOT: u8 = 3;

/// The same shards, and an index that is empty.
fn without_index(base: &Path) -> Store {
    Store::with(base, Box::new(MemoryEngine::default()), super::no_hook()).unwrap()
}

fn adopt_all(store: &Store) -> Vec<(ShardKey, Adoption)> {
    let unknown = (0..=u8::MAX).flat_map(|first| store.differences(first).unwrap().unknown);
    unknown.map(|key| (key, store.adopt(&key, 8).unwrap())).collect()
}

fn is_whole(store: &Store, object: &FakeObject) -> bool {
    let shard = &object.shards[usize::from(SLOT)];
    let frames = shard.len().div_ceil(64 << 10).try_into().unwrap();
    store.frames(&object.key(SLOT), 0, frames).is_ok_and(|read| read.bytes == *shard)
}

#[test]
fn with_the_index_lost_every_whole_file_is_adopted_and_counts_once_it_is_registered() {
    let base = tempfile::tempdir().unwrap();
    let objects: Vec<_> = (1..20).map(|seed| FakeObject::new(seed, (1 << 17) + seed * 9_000)).collect();
    {
        let store = in_memory(base.path());
        objects.iter().for_each(|object| object.store(&store, SLOT, 1));
        assert_eq!(files(base.path()), objects.len());
    }
    let store = without_index(base.path());
    assert_eq!((store.usage().shards, files(base.path())), (0, objects.len()), "the start removed files");
    let adopted = adopt_all(&store);
    assert_eq!(adopted.len(), objects.len());
    assert!(adopted.iter().all(|(_, adoption)| *adoption == Adoption::Adopted));
    assert!(objects.iter().all(|object| is_whole(&store, object)));
    assert_eq!(adopt_all(&store), vec![], "nothing is adopted twice");
    // They take up disk, and nobody's share of it.
    let usage = store.usage();
    assert_eq!(usage.shards, 19);
    assert_eq!((usage.unregistered_bytes(), usage.lapsed), (0, 19));
    assert_eq!(store.count().unwrap(), usage);

    // The chain counts on most of them; the rest goes when its time comes.
    let entries: Vec<_> = objects.iter().skip(1).map(FakeObject::entry).collect();
    let key = LeafKey { expiry: 10, group: 0, index: 0 };
    let leaf = RangeLeaf { batch: summarize(&entries).unwrap(), owner: [1; 32], signed: 1, registered: 1 };
    store.set_slot(0, SLOT).unwrap();
    store.add_leaf(&key, &leaf).unwrap();
    store.resolve(&key, &leaf, SLOT, &entries, 9).unwrap();
    assert_eq!((store.usage().missing, store.usage().lapsed), (0, 1));
    for (lapse, _) in store.lapses(None, 100).unwrap() {
        release(&store, &lapse);
    }
    let usage = store.usage();
    assert_eq!((usage.shards, usage.lapsed), (18, 0));
    assert!(objects.iter().skip(1).all(|object| is_whole(&store, object)));
    assert!(store.shard(&objects[0].key(SLOT)).unwrap().is_none());
    assert_eq!(store.shard(&objects[1].key(SLOT)).unwrap().unwrap().state, ShardState::Registered);
}

#[test]
fn a_file_that_is_not_whole_is_put_aside_and_never_removed() {
    let base = tempfile::tempdir().unwrap();
    let objects: Vec<_> = (1..6).map(|seed| FakeObject::new(seed, 1 << 19)).collect();
    {
        let store = in_memory(base.path());
        objects.iter().for_each(|object| object.store(&store, SLOT, 1));
        let path = |at: usize| store.path_of(&objects[at].key(SLOT));
        // A flipped bit, in the bytes and in the footer; a cut end; another shard's bytes.
        for (at, place) in [(0, 5_000), (1, 262_144 + 40)] {
            let mut bytes = std::fs::read(path(at)).unwrap();
            bytes[place] ^= 1;
            std::fs::write(path(at), bytes).unwrap();
        }
        let bytes = std::fs::read(path(2)).unwrap();
        std::fs::write(path(2), &bytes[..bytes.len() - 1]).unwrap();
        std::fs::copy(path(4), path(3)).unwrap();
    }
    let store = without_index(base.path());
    let adopted = adopt_all(&store);
    let whole: Vec<_> = adopted.iter().filter(|(_, adoption)| *adoption == Adoption::Adopted).collect();
    assert_eq!(whole, [&(objects[4].key(SLOT), Adoption::Adopted)]);
    assert_eq!(files(base.path()), 1);
    let orphans = std::fs::read_dir(base.path().join("shards/orphans")).unwrap().count();
    assert_eq!(orphans, 4);
    assert_eq!(store.orphans().unwrap().0, 4);
    // And they survive the next start.
    drop(store);
    assert_eq!(without_index(base.path()).orphans().unwrap().0, 4);
}

#[test]
fn a_shard_whose_file_is_lost_is_found_and_is_not_promised() {
    let base = tempfile::tempdir().unwrap();
    let store = in_memory(base.path());
    let (lost, here) = (FakeObject::new(1, 1 << 19), FakeObject::new(2, 1 << 19));
    for object in [&lost, &here] {
        object.store(&store, SLOT, 1);
    }
    std::fs::remove_file(store.path_of(&lost.key(SLOT))).unwrap();
    let first = lost.id().0[0];
    assert_eq!(store.differences(first).unwrap().lost, vec![lost.key(SLOT)]);
    assert!(store.held(&lost.key(SLOT), &lost.entry()).unwrap().is_none());
    assert!(store.held(&here.key(SLOT), &here.entry()).unwrap().is_some());
}

#[test]
fn a_shard_that_is_stored_again_after_the_loss_is_not_adopted_too() {
    let base = tempfile::tempdir().unwrap();
    let object = FakeObject::new(1, 1 << 19);
    object.store(&in_memory(base.path()), SLOT, 1);
    let store = without_index(base.path());
    object.store(&store, SLOT, 5);
    assert_eq!(store.adopt(&object.key(SLOT), 6).unwrap(), Adoption::Known);
    assert_eq!(store.shard(&object.key(SLOT)).unwrap().unwrap().state, ShardState::Staged);
    assert_eq!(store.adopt(&ShardKey { shard: 0, ..object.key(SLOT) }, 6).unwrap(), Adoption::NotHere);
    // A report about something else does not concern it.
    store.lapse_expired(99, CLAIM).unwrap();
    assert_eq!(store.lapses(None, 9).unwrap(), Vec::<(Lapse, _)>::new());
}
