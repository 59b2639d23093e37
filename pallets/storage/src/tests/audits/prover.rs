//! The data of honest workers, and the proofs that they make from it.

use crate::mock::*;
use codec::Encode;
use frame_support::assert_ok;
use meganet_primitives::{
    Epoch, GroupId, SlotIndex,
    audit::{Answer, AuditProof, BatchPath, EntryPath, HeldLeaf, find_entry, find_leaf},
    chain::{ChallengeInfo, ChallengedByte},
    merkle::{leaf_hash, prove_range, root_of_leaves, subtree_hash},
    object::{LEAF_LEN, ObjectId, shards_root},
    range::{RangeLeaf, prove_leaf},
    sum_tree::{BatchEntry, prove_entry, summarize},
};
use std::collections::BTreeMap;

/// A batch of a range, and its objects.
type Batch = (RangeLeaf, Vec<BatchEntry>);

/// Every stored batch, from the chain's events.
#[derive(Default)]
pub struct Archive {
    ranges: BTreeMap<(GroupId, Epoch), Vec<Batch>>,
    salt: u8,
}

/// The leaf that is repeated in a shard.
fn data(object: &ObjectId, slot: SlotIndex) -> Vec<u8> {
    (object, slot).using_encoded(sp_io::hashing::blake2_256).into_iter().cycle().take(1024).collect()
}

fn root(object: &ObjectId, slot: SlotIndex, leaves: u64) -> [u8; 32] {
    root_of_leaves(&vec![leaf_hash(&data(object, slot)); usize::try_from(leaves).unwrap()])
}

fn roots(object: &ObjectId, leaves: u64, slots: SlotIndex) -> Vec<[u8; 32]> {
    (0..slots).map(|slot| root(object, slot, leaves)).collect()
}

fn top(of: &[[u8; 32]], lo: u64, hi: u64) -> [u8; 32] {
    subtree_hash(&of[usize::try_from(lo).unwrap()..usize::try_from(hi).unwrap()])
}

impl Archive {
    /// Objects of these lengths in KiB, whose shards fit together.
    pub fn objects(&mut self, group: GroupId, kibs: &[u64]) -> Vec<BatchEntry> {
        self.salt += 1;
        let slots = crate::Groups::<Test>::get(group).unwrap().profile.profile().n;
        let object = |(at, kib): (usize, &u64)| {
            let object = ObjectId((self.salt, at as u64).using_encoded(sp_io::hashing::blake2_256));
            BatchEntry { object, shards_root: shards_root(&roots(&object, *kib, slots)), shard_len: kib * KIB }
        };
        kibs.iter().enumerate().map(object).collect()
    }

    /// Stores a batch of objects with receipts of a quorum.
    pub fn store(&mut self, owner: u8, group: GroupId, expiry: Epoch, kibs: &[u64]) -> Vec<BatchEntry> {
        let entries = self.objects(group, kibs);
        assert_ok!(store(owner, group, expiry, summarize(&entries).unwrap()));
        self.note(entries.clone());
        entries
    }

    /// Notes the batch of the last `Stored` event.
    pub fn note(&mut self, entries: Vec<BatchEntry>) {
        let stored = storage_events().into_iter().rev().find_map(|event| match event {
            crate::Event::Stored { group, expiry, index, leaf } => Some((group, expiry, index, leaf)),
            _ => None,
        });
        let (group, expiry, index, leaf) = stored.unwrap();
        let range = self.ranges.entry((group, expiry)).or_default();
        assert_eq!(index, range.len() as u64);
        range.push((leaf, entries));
    }

    /// A leaf of a range, with its objects.
    pub fn leaf(&self, group: GroupId, expiry: Epoch, index: usize) -> &Batch {
        &self.ranges[&(group, expiry)][index]
    }

    pub fn leaves(&self, group: GroupId, expiry: Epoch) -> Vec<RangeLeaf> {
        self.ranges[&(group, expiry)].iter().map(|(leaf, _)| *leaf).collect()
    }

    /// The proof of a worker that holds everything.
    pub fn proof(&self, challenge: &ChallengeInfo) -> AuditProof {
        self.proof_with(challenge, |_, _, held| held)
    }

    /// A proof with the honest answers changed by `change`.
    pub fn proof_with(
        &self,
        challenge: &ChallengeInfo,
        change: impl Fn(usize, &ChallengedByte, Answer) -> Answer,
    ) -> AuditProof {
        let answer = |(at, asked): (usize, &ChallengedByte)| change(at, asked, self.answer(asked));
        let answers: Vec<Answer> = challenge.samples.iter().enumerate().map(answer).collect();
        AuditProof { answers: answers.try_into().unwrap() }
    }

    fn answer(&self, asked: &ChallengedByte) -> Answer {
        let sample = asked.sample;
        let range = &self.ranges[&(sample.group, sample.expiry)][..usize::try_from(asked.range.leaves).unwrap()];
        let leaves: Vec<RangeLeaf> = range.iter().map(|(leaf, _)| *leaf).collect();
        let (index, in_batch) = find_leaf(&leaves, sample.offset).unwrap();
        let (leaf, entries) = &range[usize::try_from(index).unwrap()];
        let batch = BatchPath { index, leaf: *leaf, proof: prove_leaf(&leaves, index).unwrap() };

        let (index, in_shard) = find_entry(entries, in_batch).unwrap();
        let entry = entries[usize::try_from(index).unwrap()];
        let path = EntryPath { index, entry, proof: prove_entry(entries, index).unwrap() };

        let leaves = entry.shard_len / LEAF_LEN;
        let data = data(&entry.object, sample.slot);
        let hashes = vec![leaf_hash(&data); usize::try_from(leaves).unwrap()];
        let proof = prove_range(&|lo, hi| top(&hashes, lo, hi), leaves, in_shard / LEAF_LEN, 1).unwrap();
        let slots = crate::Groups::<Test>::get(sample.group).unwrap().profile.profile().n;
        let roots: Vec<_> = roots(&entry.object, leaves, slots).iter().map(|root| leaf_hash(root)).collect();
        let root_proof = prove_range(&|lo, hi| top(&roots, lo, hi), slots.into(), sample.slot.into(), 1).unwrap();
        let root = root(&entry.object, sample.slot, leaves);
        let held = HeldLeaf { root, root_proof, data: data.try_into().unwrap(), proof };
        Answer::Held(Box::new((batch, path, held)))
    }
}
