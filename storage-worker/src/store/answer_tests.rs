#![allow(clippy::unwrap_used)]

use super::{
    Row, Store, StoredSample,
    engine::{Batch, Durability, Table},
    keys::LeafKey,
    testing::{FakeObject, in_memory, spoil},
};
use meganet_primitives::{
    audit::{Answer, Sample, verify},
    chain::ChallengedByte,
    object::LEAF_LEN,
    range::{RangeLeaf, RangeState},
    sum_tree::{BatchEntry, summarize},
};

const GROUP: u32 = 3;
const EXPIRY: u32 = 9;
const SLOT: u8 = 2;

struct Town {
    _base: tempfile::TempDir,
    store: Store,
    objects: Vec<FakeObject>,
    range: RangeState,
    /// Where each object's bytes begin.
    starts: Vec<u64>,
}

/// Five batches: small shards, shards with files, and a last batch that is only known to exist.
fn town() -> Town {
    let base = tempfile::tempdir().unwrap();
    let store = in_memory(base.path());
    let (mut objects, mut range, mut starts, mut at) = (Vec::new(), RangeState::default(), Vec::new(), 0);
    let batches: [&[u64]; 5] = [&[1000, 3000], &[400_000], &[50, 200_000, 90], &[77_777], &[4000]];
    for (index, sizes) in (0..).zip(batches) {
        let batch: Vec<FakeObject> = sizes.iter().map(|size| FakeObject::new(at + size, *size)).collect();
        let entries: Vec<BatchEntry> = batch.iter().map(FakeObject::entry).collect();
        let leaf = RangeLeaf { batch: summarize(&entries).unwrap(), owner: [1; 32], signed: 0b111, registered: 5 };
        let key = LeafKey { expiry: EXPIRY, group: GROUP, index };
        range.append(&leaf).unwrap();
        store.add_leaf(&key, &leaf).unwrap();
        for object in &batch {
            starts.push(at);
            at += object.entry().shard_len;
            if index < 3 {
                object.store(&store, SLOT, 0);
            }
        }
        if index < 4 {
            store.resolve(&key, &leaf, SLOT, &entries, 0).unwrap();
        }
        objects.extend(batch);
    }
    Town { _base: base, store, objects, range, starts }
}

impl Town {
    fn byte(&self, offset: u64) -> ChallengedByte {
        let sample = Sample { group: GROUP, slot: SLOT, expiry: EXPIRY, offset };
        ChallengedByte { sample, range: self.range.clone() }
    }

    fn read(&self, offset: u64) -> StoredSample {
        self.store.read_samples(&[self.byte(offset)]).unwrap().remove(0)
    }

    fn is_held(&self, byte: &ChallengedByte, reading: StoredSample) -> bool {
        let StoredSample::Held(answer) = reading else { return false };
        assert_eq!(verify(&byte.sample, &byte.range, 6, &answer), Ok(()));
        matches!(answer, Answer::Held(_))
    }
}

#[test]
fn every_byte_that_is_here_is_proven() {
    let town = town();
    let end = town.starts[6];
    let bytes: Vec<ChallengedByte> = (0..end).step_by(7777).map(|offset| town.byte(offset)).collect();
    let readings = town.store.read_samples(&bytes).unwrap();
    assert_eq!(readings.len(), bytes.len());
    for (byte, reading) in bytes.iter().zip(readings) {
        assert!(town.is_held(byte, reading), "{:?}", byte.sample);
    }
}

#[test]
fn what_is_not_here_is_named_with_its_proof() {
    let town = town();
    let absent = town.byte(town.starts[6] + 3);
    let StoredSample::Absent(path) = town.read(absent.sample.offset) else { panic!() };
    assert_eq!(path.1.entry, town.objects[6].entry());
    let deleted = Answer::Deleted(path);
    assert_eq!(verify(&absent.sample, &absent.range, 6, &deleted), Ok(()));
    let unknown = town.byte(town.starts[7]);
    let StoredSample::UnknownBatch(batch) = town.read(unknown.sample.offset) else { panic!() };
    assert_eq!(verify(&unknown.sample, &unknown.range, 6, &Answer::Excused(batch)), Ok(()));
}

#[test]
fn damage_is_told_and_only_where_it_is() {
    let town = town();
    let object = &town.objects[2];
    let key = object.key(SLOT);
    let path = town.store.path_of(&key);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[70_000] ^= 1;
    std::fs::write(path, bytes).unwrap();
    let here = town.read(town.starts[2] + 70_000);
    assert!(matches!(here, StoredSample::Damaged { key: bad, frame: 1, .. } if bad == key), "{here:?}");
    let before = town.byte(town.starts[2] + 60_000);
    assert!(town.is_held(&before, town.read(before.sample.offset)));
    town.store.mark_damaged(&key, 0).unwrap();
    assert!(town.is_held(&before, town.read(before.sample.offset)), "what is good of it is still proven");
}

#[test]
fn a_shard_whose_object_has_a_lost_or_bad_row_is_damaged_and_others_are_proven() {
    for row in [None, Some(&[0xff; 3][..])] {
        let town = town();
        let object = &town.objects[2];
        spoil(&town.store, Table::Objects, object.id().0.to_vec(), row);
        let bytes = [town.byte(town.starts[2] + 70_000), town.byte(town.starts[3])];
        let mut readings = town.store.read_samples(&bytes).unwrap();
        assert!(town.is_held(&bytes[1], readings.remove(1)));
        let key = object.key(SLOT);
        assert!(matches!(readings[0], StoredSample::Damaged { key: bad, frame: 1, .. } if bad == key), "{readings:?}");
        assert!(town.store.is_newly_damaged(&key, 1).unwrap());
    }
}

#[test]
fn a_range_that_has_grown_since_is_proven_as_it_was() {
    let town = town();
    let all: Vec<RangeLeaf> = town.store.leaves(EXPIRY, GROUP, 0, 10).unwrap();
    let then = RangeState::from_leaves(&all[..2]).unwrap();
    let byte = ChallengedByte { range: then, ..town.byte(town.starts[2]) };
    let reading = town.store.read_samples(std::slice::from_ref(&byte)).unwrap().remove(0);
    assert!(town.is_held(&byte, reading));
    // A range of which this worker does not know all.
    let mut more = town.range.clone();
    more.append(&all[0]).unwrap();
    let byte = ChallengedByte { range: more, ..town.byte(0) };
    let behind = town.store.read_samples(&[byte]).unwrap();
    assert_eq!(behind, [StoredSample::Behind { known: 5 }]);
}

#[test]
fn where_a_leaf_cannot_be_read_the_worker_is_behind() {
    // The leaf of the byte, one before it, and one that only the proof needs.
    for index in [2, 0, 3] {
        let town = town();
        let key = LeafKey { expiry: EXPIRY, group: GROUP, index };
        let mut bad = Batch::default();
        bad.put(Table::Leaves, key.encode(), vec![1]);
        town.store.engine.commit(bad, Durability::Synced).unwrap();
        for _ in 0..2 {
            assert_eq!(town.read(town.starts[3]), StoredSample::Behind { known: index });
        }
    }
}

#[test]
fn rows_are_those_of_the_sampled_frames() {
    let town = town();
    let offsets = [town.starts[2] + 65 * LEAF_LEN, 0, town.starts[7], u64::MAX];
    let rows = town.store.rows(EXPIRY, GROUP, &offsets).unwrap();
    let row = |object: usize, frame| Some(Row { object: town.objects[object].id(), frame });
    assert_eq!(rows, [row(2, 1), row(0, 0), None, None]);
}
