//! The part of a history that is about workers, batches, audits and money.

use super::{
    Step, View,
    objects::{Batch, Manner, answer, entry},
    pick,
};
use meganet_chain_client::{AutoRenewalCall, Call, MEGA, Signer, StorageCall, TxOutcome, WorkerCall};
use meganet_primitives::{
    Epoch, SlotIndex,
    audit::AuditProof,
    chain::{ChallengeInfo, ChallengeState, WorkerInfo},
    convert::to_usize,
    country::Country,
    placement::ProfileId,
    range::{RangeLeaf, RangeLeafProof, prove_leaf},
    receipt::{PeerKey, PeerSignature, Receipt, ReceiptStatement, worker_signed_bytes},
    sum_tree::{BatchEntry, prove_entry, summarize},
};
use rand::{Rng, rngs::StdRng};
use sp_core::{Pair, ed25519};
use std::collections::BTreeMap;

const COUNTRIES: [[u8; 2]; 8] = [*b"DE", *b"FR", *b"BR", *b"IN", *b"KE", *b"JP", *b"CA", *b"SE"];
/// Bytes that a worker lends.
const CAPACITY: u64 = 4 << 30;

/// The batches registered in group 0, by expiry, in order.
#[derive(Default)]
pub(super) struct Storage {
    ranges: BTreeMap<Epoch, Vec<Batch>>,
    /// Objects of batches that were submitted, by their number in the batch's leaf.
    next_object: u8,
}

/// A batch with its place.
struct Place<'a> {
    expiry: Epoch,
    index: u64,
    batch: &'a Batch,
    proof: RangeLeafProof,
}

fn identity(worker: usize) -> ed25519::Pair {
    ed25519::Pair::from_seed(&[u8::try_from(worker).unwrap_or_default().wrapping_add(1); 32])
}

fn peer(worker: usize) -> PeerKey {
    PeerKey(identity(worker).public().0)
}

impl Storage {
    pub(super) fn next_of_owner(&mut self, rng: &mut StdRng, view: &View, owner: &Signer) -> Vec<Call> {
        if view.groups.is_empty() {
            return vec![Call::Storage(StorageCall::OpenGroup { profile: ProfileId::Compact })];
        }
        let call =
            match rng.random_range(0..16) {
                0..=6 => self.store(rng, view, owner),
                7 => self.place(rng).map(|place| {
                    Call::Storage(StorageCall::Renew {
                        group: 0,
                        expiry: place.expiry,
                        leaf_index: place.index,
                        leaf: place.batch.leaf,
                        leaf_proof: place.proof,
                        until: place.expiry.saturating_add(rng.random_range(0..4)),
                    })
                }),
                8 | 9 => self.place(rng).map(|place| {
                    Call::AutoRenewal(AutoRenewalCall::Prepay {
                        group: 0,
                        expiry: place.expiry,
                        leaf_index: place.index,
                        leaf: place.batch.leaf,
                        leaf_proof: place.proof,
                        epochs: rng.random_range(0..3),
                        max_price: MEGA,
                        amount: MEGA / 10,
                    })
                }),
                10 => pick(rng, &view.auto_renewals)
                    .map(|order| Call::AutoRenewal(AutoRenewalCall::TopUp { id: order.id, amount: MEGA / 100 })),
                11 => pick(rng, &view.auto_renewals)
                    .map(|order| Call::AutoRenewal(AutoRenewalCall::Renew { id: order.id })),
                12 => pick(rng, &view.auto_renewals)
                    .map(|order| Call::AutoRenewal(AutoRenewalCall::Cancel { id: order.id })),
                13 => self.tombstone(rng),
                14 => Some(Call::Storage(StorageCall::RollGroup { group: 0 })),
                _ => Some(Call::Transfer { to: [rng.random(); 32], amount: rng.random_range(0..MEGA) }),
            };
        call.into_iter().collect()
    }

    pub(super) fn next_of_operator(
        &mut self,
        rng: &mut StdRng,
        view: &View,
        worker: usize,
        operator: &Signer,
    ) -> Vec<Call> {
        let key = peer(worker);
        let Some(info) = view.workers.iter().find(|info| info.peer == key) else {
            let capacity = if rng.random_ratio(1, 12) { 1 } else { CAPACITY };
            let claim = worker_signed_bytes(&view.genesis, &operator.account());
            let proof = PeerSignature(identity(worker).sign(&claim).0);
            let country = Country::new(COUNTRIES[worker % COUNTRIES.len()]);
            return country
                .into_iter()
                .map(|country| Call::Worker(WorkerCall::Register { peer: key, country, capacity, proof }))
                .collect();
        };
        let challenge = view.challenges.iter().find(|challenge| challenge.worker == info.id);
        // The first worker is lazy: it shall be reported some day.
        let diligent = if worker == 0 { rng.random_ratio(1, 8) } else { rng.random_ratio(9, 10) };
        if let Some(challenge) = challenge.filter(|c| c.state == ChallengeState::Open && diligent) {
            return self.prove(rng, challenge).into_iter().collect();
        }
        odd_job(rng, view, info).into_iter().collect()
    }

    /// Keeps what was registered, for proofs.
    pub(super) fn note(&mut self, step: &Step, outcome: &TxOutcome) {
        let stored = outcome.stored();
        for call in &step.calls {
            if let Call::Storage(StorageCall::Tombstone { expiry, leaf_index, entry_index, .. }) = call {
                let batch =
                    self.ranges.get_mut(expiry).and_then(|range| range.get_mut(usize::try_from(*leaf_index).ok()?));
                if let Some(batch) = batch {
                    batch.deleted.push(*entry_index);
                }
            }
        }
        for stored in stored {
            let entries = entries_of(&stored.leaf);
            let range = self.ranges.entry(stored.expiry).or_default();
            let index = to_usize(stored.index);
            let batch = Batch { leaf: stored.leaf, entries, deleted: Vec::new() };
            // Several transactions of one block are noted in another order than the block has.
            if range.len() <= index && index < 10_000 {
                range.resize(index.saturating_add(1), batch.clone());
            }
            if let Some(place) = range.get_mut(index) {
                *place = batch;
            }
        }
    }

    fn store(&mut self, rng: &mut StdRng, view: &View, owner: &Signer) -> Option<Call> {
        let group = view.groups.first()?;
        let first = self.next_object;
        self.next_object = (first % 200).saturating_add(3);
        let entries = batch_of(first);
        let batch = summarize(&entries).ok()?;
        let expiry = view.epoch.saturating_add(rng.random_range(0..5));
        let valid_until = view.number.saturating_add(20);
        // A quorum is four of six.
        let count = rng.random_range(3..=6);
        let statement = |slot| {
            let (genesis, owner) = (view.genesis, owner.account());
            ReceiptStatement { genesis, group: group.id, slot, expiry, owner, batch, valid_until }
        };
        let receipt = |(slot, member): (SlotIndex, _)| {
            let member: meganet_primitives::chain::SlotMember = member?;
            let key = (0..COUNTRIES.len()).find(|worker| peer(*worker) == member.peer).map(identity)?;
            Some(Receipt { slot, signature: PeerSignature(key.sign(&statement(slot).signed_bytes()).0) })
        };
        let receipts = (0..).zip(group.slots.iter().copied()).filter_map(receipt).take(count).collect();
        Some(Call::Storage(StorageCall::Store { group: group.id, expiry, batch, valid_until, receipts }))
    }

    fn place(&self, rng: &mut StdRng) -> Option<Place<'_>> {
        let expiries: Vec<Epoch> = self.ranges.keys().copied().collect();
        // Rather a late one than one that has expired.
        let expiry = *pick(rng, expiries.get(expiries.len().saturating_sub(3)..)?)?;
        let range = self.ranges.get(&expiry)?;
        let index = u64::try_from(rng.random_range(0..range.len())).ok()?;
        let leaves: Vec<RangeLeaf> = range.iter().map(|batch| batch.leaf).collect();
        let proof = prove_leaf(&leaves, index).ok()?;
        Some(Place { expiry, index, batch: range.get(usize::try_from(index).ok()?)?, proof })
    }

    fn tombstone(&self, rng: &mut StdRng) -> Option<Call> {
        let place = self.place(rng)?;
        let entries = &place.batch.entries;
        let index = rng.random_range(0..entries.len());
        let entry_index = u32::try_from(index).ok()?;
        Some(Call::Storage(StorageCall::Tombstone {
            group: 0,
            expiry: place.expiry,
            leaf_index: place.index,
            leaf: place.batch.leaf,
            leaf_proof: place.proof,
            entry_index,
            entry: *entries.get(index)?,
            entry_proof: prove_entry(entries, entry_index).ok()?,
        }))
    }

    fn prove(&self, rng: &mut StdRng, challenge: &ChallengeInfo) -> Option<Call> {
        let mut answers = Vec::new();
        for byte in &challenge.samples {
            let batches = self.ranges.get(&byte.sample.expiry)?;
            let manner = if rng.random_ratio(4, 5) { Manner::Held } else { Manner::Excused };
            answers.push(answer(batches, byte, manner)?);
        }
        let proof = Box::new(AuditProof { answers: answers.try_into().ok()? });
        Some(Call::Worker(WorkerCall::Prove { worker: challenge.worker, period: challenge.period, proof }))
    }
}

/// Now and then an operator does something else than proving.
fn odd_job(rng: &mut StdRng, view: &View, info: &WorkerInfo) -> Option<Call> {
    let worker = info.id;
    match rng.random_range(0..60) {
        0 => Some(Call::Worker(WorkerCall::Leave { worker })),
        1 | 2 => Some(Call::Worker(WorkerCall::Exit { worker })),
        3 => Some(Call::Worker(WorkerCall::Update {
            worker,
            country: None,
            capacity: Some(CAPACITY + (1 << 30)),
            accepting: Some(true),
        })),
        4 => Some(Call::Storage(StorageCall::FillGroup { group: 0 })),
        5 => Some(Call::Worker(WorkerCall::Report { worker: rng.random_range(0..8) })),
        6 => pick(rng, &view.auto_renewals).map(|order| Call::AutoRenewal(AutoRenewalCall::Renew { id: order.id })),
        7..=20 => pick(rng, &view.overdue).map(|worker| Call::Worker(WorkerCall::Report { worker: *worker })),
        _ => None,
    }
}

/// The three objects of a batch.
fn batch_of(first: u8) -> Vec<BatchEntry> {
    (first..first.saturating_add(3)).map(entry).collect()
}

/// The objects of a registered batch: the ones whose sums are the leaf's.
fn entries_of(leaf: &RangeLeaf) -> Vec<BatchEntry> {
    let all = (0..=u8::MAX - 3).map(batch_of);
    all.into_iter().find(|entries| summarize(entries).is_ok_and(|batch| batch == leaf.batch)).unwrap_or_default()
}
