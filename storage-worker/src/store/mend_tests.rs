#![allow(clippy::unwrap_used)]

use super::{
    Adoption, Mending, Store, StoreError,
    keys::LeafKey,
    memory::MemoryEngine,
    testing::{FakeObject, in_memory, prepare},
};
use meganet_primitives::{range::RangeLeaf, sum_tree::summarize};
use std::{fs, io, path::Path, sync::Arc};

const SLOT: u8 = 3;
const ENOSPC: i32 = 28;
const EIO: i32 = 5;

fn shard_len(object: &FakeObject) -> usize {
    object.shards[usize::from(SLOT)].len()
}

fn is_whole(store: &Store, object: &FakeObject) -> bool {
    let frames = shard_len(object).div_ceil(64 << 10).try_into().unwrap();
    store.frames(&object.key(SLOT), 0, frames).is_ok_and(|read| read.bytes == object.shards[usize::from(SLOT)])
}

/// A store that fails to write footers, with a shard whose footer is damaged.
fn with_bad_footer(base: &Path, code: i32) -> (Store, FakeObject) {
    prepare(base);
    let fails = move |step: &'static str| match step {
        "write-footer" => Err(io::Error::from_raw_os_error(code)),
        _ => Ok(()),
    };
    let store = Store::with(base, Box::new(MemoryEngine::default()), Arc::new(fails)).unwrap();
    let object = FakeObject::new(1, 1 << 18);
    object.store(&store, SLOT, 1);
    let path = store.path_of(&object.key(SLOT));
    let mut bytes = fs::read(&path).unwrap();
    bytes[shard_len(&object)] ^= 1;
    fs::write(&path, bytes).unwrap();
    (store, object)
}

#[test]
fn every_damage_to_a_footer_is_mended_and_the_file_is_adopted_when_the_index_is_lost() {
    let base = tempfile::tempdir().unwrap();
    let object = FakeObject::new(1, 1 << 18);
    let (key, len) = (object.key(SLOT), shard_len(&object));
    let store = in_memory(base.path());
    object.store(&store, SLOT, 1);
    let path = store.path_of(&key);
    let good = fs::read(&path).unwrap();
    assert_eq!(store.mend_footer(&key).unwrap(), Mending::Unneeded);
    // A flipped bit in the group, the header, the roots, the length or the last letters; a cut end; more bytes.
    let flipped = (len..good.len()).step_by(3).map(|at| {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        bytes
    });
    let cut = [good[..len].to_vec(), good[..good.len() - 1].to_vec(), [&good[..], &b"more"[..]].concat()];
    for (what, bytes) in flipped.chain(cut).enumerate() {
        fs::write(&path, bytes).unwrap();
        assert_eq!(store.mend_footer(&key).unwrap(), Mending::Mended, "{what}");
        assert!(fs::read(&path).unwrap() == good, "{what}");
        assert_eq!(store.mend_footer(&key).unwrap(), Mending::Unneeded, "{what}");
    }
    drop(store);
    let store = in_memory(base.path());
    assert_eq!(store.adopt(&key, 8).unwrap(), Adoption::Adopted);
    assert!(is_whole(&store, &object));
}

#[test]
fn nothing_is_written_to_a_file_that_lacks_bytes_of_its_shard_or_that_no_record_explains() {
    let base = tempfile::tempdir().unwrap();
    let store = in_memory(base.path());
    let [cut, gone, damaged, unknown] = [1, 2, 3, 4].map(|seed| FakeObject::new(seed, 1 << 18));
    for object in [&cut, &gone, &damaged] {
        object.store(&store, SLOT, 1);
    }
    let path = |object: &FakeObject| store.path_of(&object.key(SLOT));
    let short = fs::read(path(&cut)).unwrap()[..shard_len(&cut) - 1].to_vec();
    fs::write(path(&cut), &short).unwrap();
    fs::remove_file(path(&gone)).unwrap();
    for object in [&cut, &gone, &unknown] {
        assert_eq!(store.mend_footer(&object.key(SLOT)).unwrap(), Mending::Unneeded);
    }
    assert!(fs::read(path(&cut)).unwrap() == short);
    assert!(!path(&gone).exists());
    // The index is lost before the end is mended.
    let bytes = fs::read(path(&damaged)).unwrap();
    fs::write(path(&damaged), &bytes[..bytes.len() - 1]).unwrap();
    drop(store);
    let store = in_memory(base.path());
    assert_eq!(store.mend_footer(&damaged.key(SLOT)).unwrap(), Mending::Unneeded);
    assert_eq!(store.adopt(&damaged.key(SLOT), 8).unwrap(), Adoption::PutAside, "it cannot be verified");
}

#[test]
fn a_footer_that_the_disk_cannot_write_is_damage_and_other_failures_are_those_of_the_disk() {
    for (code, is_damage) in [(EIO, true), (ENOSPC, false)] {
        let base = tempfile::tempdir().unwrap();
        let (store, object) = with_bad_footer(base.path(), code);
        match store.mend_footer(&object.key(SLOT)) {
            Ok(mending) => assert!(is_damage && mending == Mending::Failed, "{code}: {mending:?}"),
            Err(error) => assert!(!is_damage && matches!(error, StoreError::File { .. }), "{code}: {error}"),
        }
        assert!(is_whole(&store, &object), "the shard itself is served");
    }
}

#[test]
fn a_shard_that_is_stored_again_for_another_group_has_a_footer_that_fits_its_record() {
    let base = tempfile::tempdir().unwrap();
    let store = in_memory(base.path());
    let object = FakeObject::new(1, 1 << 18);
    object.store(&store, SLOT, 1);
    let entries = [object.entry()];
    let leaf = RangeLeaf { batch: summarize(&entries).unwrap(), owner: [1; 32], signed: 1, registered: 1 };
    let key = LeafKey { expiry: 10, group: 0, index: 0 };
    store.set_slot(0, SLOT).unwrap();
    store.add_leaf(&key, &leaf).unwrap();
    store.resolve(&key, &leaf, SLOT, &entries, 2).unwrap();
    assert!(store.mark_damaged(&object.key(SLOT), 3).unwrap());
    let bytes = &object.shards[usize::from(SLOT)];
    let mut writer = store.begin(u64::try_from(bytes.len()).unwrap()).unwrap();
    writer.write(bytes).unwrap();
    store.commit(writer.finish().unwrap(), &object.key(SLOT), &object.record, 7, 4).unwrap();
    let record = store.shard(&object.key(SLOT)).unwrap().unwrap();
    assert_eq!((record.group, record.damaged), (0, false));
    assert_eq!(store.mend_footer(&object.key(SLOT)).unwrap(), Mending::Unneeded);
}
