#![allow(clippy::unwrap_used)]

use super::{
    Store,
    engine::{Batch, Durability, Table},
    testing::{FakeObject, in_memory},
};
use std::{fs, ops::Range};

const SLOT: u8 = 3;
const FRAME: usize = 64 << 10;
/// Sixteen frames, and a short one.
const SEALED: u64 = (2 << 20) + 5000;

/// The numbers of the frames that are salvaged, whose bytes must be those of the object.
fn salvaged(store: &Store, object: &FakeObject, frames: Range<u64>) -> Vec<u64> {
    let Some(remains) = store.remains(&object.key(SLOT), object.entry().shard_len).unwrap() else { return Vec::new() };
    let good = store.salvage(&remains, frames);
    let all: Vec<&[u8]> = object.shards[usize::from(SLOT)].chunks(FRAME).collect();
    for (frame, bytes) in &good {
        assert!(bytes == all[usize::try_from(*frame).unwrap()], "frame {frame}");
    }
    good.into_iter().map(|(frame, _)| frame).collect()
}

fn all_but(bad: &[u64]) -> Vec<u64> {
    (0..17).filter(|frame| !bad.contains(frame)).collect()
}

/// Replaces the row with the tops of a shard's frames, and forgets the tree in memory.
fn set_tops(store: &Store, object: &FakeObject, tops: Option<Vec<u8>>) {
    let key = object.key(SLOT);
    let mut batch = Batch::default();
    match tops {
        Some(tops) => batch.put(Table::Trees, key.encode(), tops),
        None => batch.delete(Table::Trees, key.encode()),
    }
    store.engine.commit(batch, Durability::Synced).unwrap();
    store.trees.lock().remove(&key);
}

#[test]
fn every_frame_of_a_damaged_file_is_salvaged_but_the_bad_ones() {
    let base = tempfile::tempdir().unwrap();
    let store = in_memory(base.path());
    let object = FakeObject::new(1, SEALED);
    object.store(&store, SLOT, 1);
    let path = store.path_of(&object.key(SLOT));
    let good = fs::read(&path).unwrap();
    let len = object.shards[usize::from(SLOT)].len();
    let flipped = |places: &[usize]| {
        let mut bytes = good.clone();
        places.iter().for_each(|at| bytes[*at] ^= 1);
        bytes
    };
    let table = [
        (good.clone(), all_but(&[])),
        (flipped(&[0]), all_but(&[0])),
        (flipped(&[3 * FRAME - 1]), all_but(&[2])),
        (flipped(&[5 * FRAME, 5 * FRAME + 9, 11 * FRAME]), all_but(&[5, 11])),
        (flipped(&[len - 1]), all_but(&[16])),
        // The end of the file is not a part of the shard.
        (flipped(&[len]), all_but(&[])),
        (good[..len].to_vec(), all_but(&[])),
        (good[..len - 1].to_vec(), (0..16).collect()),
        (good[..5 * FRAME + 1].to_vec(), (0..5).collect()),
        (Vec::new(), Vec::new()),
        (vec![0; good.len()], Vec::new()),
    ];
    for (index, (bytes, expected)) in table.into_iter().enumerate() {
        fs::write(&path, bytes).unwrap();
        assert_eq!(salvaged(&store, &object, 0..17), expected, "{index}");
    }
    fs::write(&path, flipped(&[5 * FRAME])).unwrap();
    assert_eq!(salvaged(&store, &object, 4..7), [4, 6]);
    assert_eq!(salvaged(&store, &object, 16..99), [16]);
    assert_eq!(salvaged(&store, &object, 5..6), [0; 0]);
    fs::remove_file(&path).unwrap();
    assert_eq!(salvaged(&store, &object, 0..17), [0; 0]);
}

#[test]
fn damaged_tops_cost_the_frames_that_they_belong_to() {
    let base = tempfile::tempdir().unwrap();
    let store = in_memory(base.path());
    let object = FakeObject::new(1, SEALED);
    object.store(&store, SLOT, 1);
    let key = object.key(SLOT);
    let tops = store.engine.get(Table::Trees, &key.encode()).unwrap().unwrap();
    assert_eq!(tops.len(), 17 * 32);
    let mut flipped = tops.clone();
    flipped[7 * 32] ^= 1;
    let table = [
        (Some(tops.clone()), all_but(&[])),
        (Some(flipped), all_but(&[7])),
        (Some(tops[..10 * 32 + 5].to_vec()), (0..10).collect()),
        (Some([&tops[..], &[1; 64][..]].concat()), all_but(&[])),
        (Some(Vec::new()), Vec::new()),
        (None, Vec::new()),
    ];
    for (index, (row, expected)) in table.into_iter().enumerate() {
        set_tops(&store, &object, row);
        assert_eq!(salvaged(&store, &object, 0..99), expected, "{index}");
    }
    assert!(store.remains(&key, object.entry().shard_len).unwrap().is_none());
}

#[test]
fn shards_of_the_index_and_those_that_are_not_here() {
    let base = tempfile::tempdir().unwrap();
    let store = in_memory(base.path());
    let (small, absent) = (FakeObject::new(1, 5000), FakeObject::new(2, SEALED));
    small.store(&store, SLOT, 1);
    let len = small.entry().shard_len;
    assert_eq!(salvaged(&store, &small, 0..1), [0]);
    assert!(store.remains(&small.key(SLOT), len + 1024).unwrap().is_none(), "its record is wrong");
    let mut batch = Batch::default();
    batch.put(Table::Inline, small.key(SLOT).encode(), vec![0; usize::try_from(len).unwrap()]);
    store.engine.commit(batch, Durability::Synced).unwrap();
    assert_eq!(salvaged(&store, &small, 0..1), [0; 0]);
    assert!(store.remains(&absent.key(SLOT), absent.entry().shard_len).unwrap().is_none());
}
