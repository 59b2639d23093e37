//! A slot with any number of shards, its range on chain, and the answers of its worker.

use super::{
    LIVE,
    shard::{Shard, filler, leaf_data},
};
use anyhow::{Context, Result, ensure};
use codec::{DecodeAll, Encode};
use meganet_primitives::{
    Balance, Epoch, Period,
    audit::{
        Answer, AuditProof, BatchPath, EntryPath, HeldLeaf, Holding, PURPOSE_WHAT, Sample, find_entry, find_leaf, mix,
        samples, verify,
    },
    convert::to_usize,
    hash::Hash,
    merkle::{leaf_hash, prove_range, subtree_hash},
    object::{LEAF_LEN, ObjectId, shards_root},
    placement::ProfileId,
    range::{RangeLeaf, RangeState, prove_leaf},
    sum_tree::{BatchEntry, prove_entry, summarize},
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::collections::{BTreeMap, BTreeSet};

/// Shards of an object: those of the widest profile, which has the longest paths.
pub(super) const SHARDS: u8 = ProfileId::Home.profile().n;
/// The worker's slot.
const SLOT: u8 = 17;
const WORKER: u32 = 4_711;
const EXPIRY: Epoch = 90;

/// Lengths of shards, in leaves: the first of each thousand has 1 GiB, the others 1 KiB to 1 MiB, every magnitude equally often.
pub(super) fn mixed(objects: u32) -> Vec<u64> {
    let mut random = StdRng::seed_from_u64(1);
    let mut len = |object| match object % 1_000 {
        0 => 1 << 20,
        _ => {
            let most = 1 << random.random_range(0..=10);
            random.random_range(1..=most)
        }
    };
    (0..objects).map(&mut len).collect()
}

/// A slot with its worker.
pub(super) struct Slot {
    batches: Vec<Vec<BatchEntry>>,
    leaves: Vec<RangeLeaf>,
    range: RangeState,
    per_batch: u64,
    /// Challenged leaves, by object.
    real: BTreeMap<u64, BTreeSet<u64>>,
}

impl Slot {
    /// A slot with shards of these lengths, which can answer the first `challenges` challenges.
    pub(super) fn new(lengths: &[u64], per_batch: usize, challenges: u8) -> Result<Self> {
        let mut ends = Vec::with_capacity(lengths.len());
        let mut total = 0;
        for leaves in lengths {
            total += leaves * LEAF_LEN;
            ends.push(total);
        }
        let mut real: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
        for sample in (0..challenges).flat_map(|challenge| asked(challenge, total)) {
            let object = ends.partition_point(|end| *end <= sample.offset);
            let start = object.checked_sub(1).map_or(0, |before| ends[before]);
            real.entry(u64::try_from(object)?).or_default().insert((sample.offset - start) / LEAF_LEN);
        }
        let mut batches = Vec::new();
        let mut leaves = Vec::new();
        let mut objects = 0u64..;
        for lengths in lengths.chunks(per_batch) {
            let entries: Vec<BatchEntry> = objects
                .by_ref()
                .zip(lengths)
                .map(|(object, leaves)| BatchEntry {
                    object: ObjectId(filler("object", &[object])),
                    shards_root: match real.get(&object) {
                        None => filler("shards", &[object]),
                        Some(real) => shards_root(&roots(object, Shard { object, leaves: *leaves, real }.root())),
                    },
                    shard_len: leaves * LEAF_LEN,
                })
                .collect();
            let (owner, registered) = (filler("owner", &[]), u32::try_from(leaves.len())?);
            leaves.push(RangeLeaf { batch: summarize(&entries)?, owner, signed: 1 << SLOT, registered });
            batches.push(entries);
        }
        let range = RangeState::from_leaves(&leaves)?;
        ensure!(range.bytes() == total, "the range holds {} bytes, not {total}", range.bytes());
        Ok(Self { batches, leaves, range, per_batch: u64::try_from(per_batch)?, real })
    }

    pub(super) fn objects(&self) -> usize {
        self.batches.iter().map(Vec::len).sum()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.range.bytes()
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &BatchEntry> {
        self.batches.iter().flatten()
    }

    /// The first byte that a challenge asks for.
    pub(super) fn sample(&self, challenge: u8) -> Sample {
        asked(challenge, self.bytes())[0]
    }

    /// The worker's answer to a challenge.
    pub(super) fn prove(&self, challenge: u8) -> Result<AuditProof> {
        let answers =
            asked(challenge, self.bytes()).iter().map(|sample| self.answer(sample)).collect::<Result<Vec<_>>>()?;
        Ok(AuditProof { answers: answers.try_into().ok().context("more answers than a proof may have")? })
    }

    fn answer(&self, sample: &Sample) -> Result<Answer> {
        let (batch, in_batch) = find_leaf(&self.leaves, sample.offset).context("no batch has the byte")?;
        let (at, proof) = (usize::try_from(batch)?, prove_leaf(&self.leaves, batch)?);
        let (leaf, entries) = (self.leaves[at], &self.batches[at]);
        let (index, in_shard) = find_entry(entries, in_batch).context("no object has the byte")?;
        let entry = EntryPath { index, entry: entries[usize::try_from(index)?], proof: prove_entry(entries, index)? };

        let object = batch * self.per_batch + u64::from(index);
        let real = self.real.get(&object).context("the object is not challenged")?;
        let shard = Shard { object, leaves: entry.entry.shard_len / LEAF_LEN, real };
        let root = shard.root();
        let roots: Vec<Hash> = roots(object, root).iter().map(|root| leaf_hash(root)).collect();
        let top = |lo: u64, hi: u64| match (usize::try_from(lo), usize::try_from(hi)) {
            (Ok(lo), Ok(hi)) => subtree_hash(&roots[lo..hi]),
            _ => subtree_hash(&[]),
        };
        let held = HeldLeaf {
            root,
            root_proof: prove_range(&top, SHARDS.into(), SLOT.into(), 1)?,
            data: leaf_data(object, in_shard / LEAF_LEN).try_into().ok().context("a leaf of another length")?,
            proof: shard.prove(in_shard / LEAF_LEN)?,
        };
        Ok(Answer::Held(Box::new((BatchPath { index: batch, leaf, proof }, entry, held))))
    }

    /// Verifies a proof as the chain does.
    pub(super) fn verify(&self, challenge: u8, proof: &[u8]) -> Result<()> {
        let proof = AuditProof::decode_all(&mut &*proof)?;
        let asked = asked(challenge, self.bytes());
        ensure!(asked.len() == proof.answers.len(), "there are {} answers", proof.answers.len());
        for (sample, answer) in asked.iter().zip(&proof.answers) {
            verify(sample, &self.range, SHARDS, answer)?;
            ensure!(matches!(answer, Answer::Held(_)), "the worker does not hold the byte");
        }
        Ok(())
    }

    /// An upper bound for the siblings in the paths of four answers: the logarithms of the sizes of all trees.
    pub(super) fn most_siblings(&self) -> usize {
        let levels = |count: usize| usize::try_from(count.next_power_of_two().ilog2()).unwrap_or_default();
        let largest = self.entries().map(|entry| entry.shard_len / LEAF_LEN).max().unwrap_or_default();
        let batch = self.batches.iter().map(Vec::len).max().unwrap_or_default();
        let parts = [self.leaves.len(), batch, SHARDS.into(), to_usize(largest)];
        parts.map(levels).iter().sum::<usize>() * usize::from(LIVE.samples)
    }

    /// Bytes of the chain's records of the range, as the storage pallet encodes them: its peaks now and at the start of the
    /// period, with the numbers of that period and of tombstones; and its totals, with its expiry and the bytes renewed.
    pub(super) fn chain_bytes(&self) -> usize {
        let record = (&self.range, &self.range, Period::MAX, u32::MAX);
        let share = (self.bytes(), Balance::MAX);
        let totals = (EXPIRY, (share, share, Period::MAX), u64::MAX);
        record.encoded_size() + totals.encoded_size()
    }
}

/// The question of a challenge to a worker whose only range has this many bytes.
fn asked(challenge: u8, bytes: u64) -> Vec<Sample> {
    let outputs = [0, 1, 2, 3].map(|block| filler("output", &[challenge.into(), block]));
    let holding = Holding { group: 1, slot: SLOT, ranges: vec![(EXPIRY, bytes)] };
    samples(&mix(PURPOSE_WHAT, &outputs), WORKER, &[holding], LIVE.samples)
}

/// The roots of an object's shards; `own` is that of the slot.
fn roots(object: u64, own: Hash) -> Vec<Hash> {
    (0..SHARDS).map(|slot| if slot == SLOT { own } else { filler("root", &[object, slot.into()]) }).collect()
}
