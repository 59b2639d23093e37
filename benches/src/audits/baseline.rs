//! The baselines of storage proofs.

use super::slot::Slot;
use anyhow::{Context, Result, ensure};
use codec::Encode;
use meganet_primitives::{
    audit::{Answer, AuditProof, find_entry},
    hash::{Hash, Tag, tagged},
    object::LEAF_LEN,
    sum_tree::BatchEntry,
};
use std::hint::black_box;

/// Lengths of the messages that [`meganet_primitives`] hashes in each step, without their tags.
const DRAW: usize = 57;
const RANGE_LEAF: usize = 88;
const ENTRY: usize = 72;
const SUM_NODE: usize = 80;
const SUM_ROOT: usize = 48;
const SHARD_ROOT: usize = 32;
const LEAF: usize = 1024;
const NODE: usize = 64;
const ROOT: usize = 40;

/// The lengths of the messages hashed to verify a proof of stored leaves.
pub(super) fn messages_of(proof: &AuditProof) -> Vec<usize> {
    let mut lengths = vec![DRAW; proof.answers.len()];
    for answer in &proof.answers {
        let Answer::Held(held) = answer else { continue };
        let (batch, entry, leaf) = &**held;
        lengths.extend([RANGE_LEAF, ENTRY, SUM_ROOT, SHARD_ROOT, ROOT, LEAF, ROOT]);
        lengths.extend([SUM_NODE].repeat(batch.proof.siblings.len() + entry.proof.siblings.len()));
        lengths.extend([NODE].repeat(leaf.root_proof.siblings.len() + leaf.proof.siblings.len()));
    }
    lengths
}

/// All siblings of a proof.
pub(super) fn siblings_of(proof: &AuditProof) -> usize {
    messages_of(proof).iter().filter(|len| [SUM_NODE, NODE].contains(len)).count()
}

/// Hashes messages of these lengths.
pub(super) fn hash_messages(lengths: &[usize]) {
    let bytes = [7; LEAF];
    for len in lengths {
        black_box(tagged(Tag::Seed, &[black_box(&bytes[..*len])]));
    }
}

/// The list of objects in a slot, of which the chain stores the hash.
pub(super) struct List<'a> {
    entries: Vec<&'a BatchEntry>,
    hash: Hash,
}

impl<'a> List<'a> {
    pub(super) fn new(slot: &'a Slot) -> Self {
        let entries: Vec<_> = slot.entries().collect();
        let hash = hash_of(&entries);
        Self { entries, hash }
    }

    /// Bytes of a proof, without the paths inside shards.
    pub(super) fn proof_bytes(&self) -> usize {
        self.entries.iter().map(|entry| entry.encoded_size()).sum()
    }

    /// Verifies the list and finds the object with a byte. The path inside the shard is verified in the same way with a
    /// list or without.
    pub(super) fn verify(&self, offset: u64) -> Result<()> {
        ensure!(hash_of(black_box(&self.entries)) == self.hash, "the list is another one");
        let (_, inside) = find_entry(self.entries.iter().copied(), offset).context("no object has the byte")?;
        black_box(inside / LEAF_LEN);
        Ok(())
    }
}

fn hash_of(entries: &[&BatchEntry]) -> Hash {
    tagged(Tag::Seed, &[&entries.iter().flat_map(|entry| entry.encode()).collect::<Vec<u8>>()])
}
