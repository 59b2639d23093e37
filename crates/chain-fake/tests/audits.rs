//! Challenges, proofs, pay and what missed periods lead to.
#![allow(clippy::unwrap_used)]

mod support;

use futures::StreamExt;
use meganet_chain_client::{At, Call, ChainError, Signer, StorageCall, TxOutcome, Until, WorkerCall};
use meganet_chain_fake::{FakeChain, FakeConfig};
use meganet_primitives::pallets::{StorageError, storage};
use meganet_primitives::{
    Period, SlotIndex, WorkerId,
    audit::{Answer, AuditProof, BatchPath, EntryPath, HeldLeaf, Schedule, Tolerance, find_entry, find_leaf},
    chain::{ChallengeInfo, ChallengeState},
    country::Country,
    hash::Hash,
    merkle::{leaf_hash, prove_range, root_of_leaves, subtree_hash},
    object::{ObjectId, shards_root},
    range::{RangeLeaf, prove_leaf},
    receipt::{Receipt, ReceiptStatement},
    sum_tree::{BatchEntry, prove_entry, summarize},
};
use support::{peer, rich, sign, with_group_of};

/// A window has room for several refusals, each of which is returned once it is final.
const SCHEDULE: Schedule = Schedule { period_blocks: 80, window_blocks: 30, samples: 4 };

fn config() -> FakeConfig {
    let tolerance = Tolerance { misses: 2, proofs_per_miss: 5 };
    FakeConfig { schedule: SCHEDULE, tolerance, finality_lag: 3, handover: 4, ..FakeConfig::default() }
}

/// One batch of objects whose shards are one leaf each, signed by four slots.
struct Stored {
    entries: Vec<BatchEntry>,
    leaf: RangeLeaf,
}

fn data(object: u8, slot: SlotIndex) -> Vec<u8> {
    vec![object ^ (slot << 4); 1024]
}

fn root(object: u8, slot: SlotIndex) -> Hash {
    root_of_leaves(&[leaf_hash(&data(object, slot))])
}

fn roots(object: u8) -> Vec<Hash> {
    (0..6).map(|slot| root(object, slot)).collect()
}

const VALID: u32 = 1 << 20;

async fn store(chain: &FakeChain, owner: &Signer) -> Stored {
    let entry = |object: u8| BatchEntry {
        object: ObjectId([object; 32]),
        shards_root: shards_root(&roots(object)),
        shard_len: 1024,
    };
    let entries: Vec<BatchEntry> = (0..3).map(entry).collect();
    let batch = summarize(&entries).unwrap();
    let group = chain.group(0, At::Best).await.unwrap().unwrap();
    let receipt = |slot: SlotIndex| {
        let worker = u8::try_from(group.slots[usize::from(slot)].unwrap().worker + 1).unwrap();
        let (genesis, owner) = (chain.genesis(), owner.account());
        let statement = ReceiptStatement { genesis, group: 0, slot, expiry: 9, owner, batch, valid_until: VALID };
        Receipt { slot, signature: sign(worker, &statement.signed_bytes()) }
    };
    let receipts = (0..4).map(receipt).collect();
    let call = Call::Storage(StorageCall::Store { group: 0, expiry: 9, batch, valid_until: VALID, receipts });
    let outcome = chain.submit(owner, vec![call], Until::InBlock).await.unwrap();
    Stored { entries, leaf: outcome.stored()[0].leaf }
}

/// How a sample is answered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    Held,
    Excused,
    Deleted,
}

impl Stored {
    fn answer(&self, info: &ChallengeInfo, manner: Manner) -> AuditProof {
        let answer = |byte: &meganet_primitives::chain::ChallengedByte| {
            let (index, in_batch) = find_leaf([&self.leaf], byte.sample.offset).unwrap();
            let batch = BatchPath { index, leaf: self.leaf, proof: prove_leaf(&[self.leaf], index).unwrap() };
            if manner == Manner::Excused {
                return Answer::Excused(Box::new(batch));
            }
            let (index, _) = find_entry(&self.entries, in_batch).unwrap();
            let entry = self.entries[usize::try_from(index).unwrap()];
            let path = EntryPath { index, entry, proof: prove_entry(&self.entries, index).unwrap() };
            if manner == Manner::Deleted {
                return Answer::Deleted(Box::new((batch, path)));
            }
            let (object, slot) = (entry.object.0[0], byte.sample.slot);
            let hashes: Vec<Hash> = roots(object).iter().map(|root| leaf_hash(root)).collect();
            let top = |lo, hi| subtree_hash(&hashes[usize::try_from(lo).unwrap()..usize::try_from(hi).unwrap()]);
            let held = HeldLeaf {
                root: root(object, slot),
                root_proof: prove_range(&top, 6, slot.into(), 1).unwrap(),
                data: data(object, slot).try_into().unwrap(),
                proof: prove_range(&|_, _| [0; 32], 1, 0, 1).unwrap(),
            };
            Answer::Held(Box::new((batch, path, held)))
        };
        AuditProof { answers: info.samples.iter().map(answer).collect::<Vec<_>>().try_into().unwrap() }
    }
}

/// A group whose operators are real accounts.
async fn town() -> (FakeChain, Signer, Vec<Signer>) {
    let chain = FakeChain::new(config());
    let operators: Vec<Signer> = (0..6).map(|n| rich(&chain, &format!("Operator{n}"))).collect();
    let owner = with_group_of(&chain, &operators.iter().map(Signer::account).collect::<Vec<_>>()).await;
    (chain, owner, operators)
}

/// Makes blocks until a worker's challenge is open.
async fn open(chain: &FakeChain, worker: WorkerId, period: Period) -> ChallengeInfo {
    loop {
        let info = chain.challenge(worker, At::Best).await.unwrap();
        match info {
            Some(info) if info.period == period && info.state == ChallengeState::Open => return info,
            _ => drop(chain.tick()),
        }
        assert!(SCHEDULE.period_of(chain.best().await.unwrap().number) <= period);
    }
}

async fn in_slot(chain: &FakeChain, slot: usize) -> WorkerId {
    chain.group(0, At::Best).await.unwrap().unwrap().slots[slot].unwrap().worker
}

fn operator(operators: &[Signer], worker: WorkerId) -> &Signer {
    &operators[usize::try_from(worker).unwrap()]
}

async fn prove(
    chain: &FakeChain,
    signer: &Signer,
    info: &ChallengeInfo,
    proof: AuditProof,
) -> Result<TxOutcome, ChainError> {
    let call = Call::Worker(WorkerCall::Prove { worker: info.worker, period: info.period, proof: Box::new(proof) });
    chain.submit(signer, vec![call], Until::InBlock).await
}

#[tokio::test]
async fn a_proof_is_paid_once_and_costs_nothing() {
    let (chain, owner, operators) = town().await;
    let stored = store(&chain, &owner).await;
    let worker = in_slot(&chain, 0).await;
    let signer = operator(&operators, worker);
    let info = open(&chain, worker, 1).await;
    assert_eq!(info.block, chain.best().await.unwrap().number);
    assert_eq!(info.samples.len(), 4);
    let wrong = prove(&chain, signer, &info, AuditProof::default()).await.unwrap_err();
    assert!(wrong.is(StorageError::WrongAnswerCount), "{wrong}");
    let excused = prove(&chain, signer, &info, stored.answer(&info, Manner::Excused)).await.unwrap_err();
    assert!(excused.is(StorageError::NotExcused), "{excused}");
    let before = chain.balance(&signer.account(), At::Best).await.unwrap().free;
    let paid = prove(&chain, signer, &info, stored.answer(&info, Manner::Held)).await.unwrap().paid().unwrap();
    assert!(paid > 0);
    assert_eq!(chain.balance(&signer.account(), At::Best).await.unwrap().free, before + paid);
    let again = prove(&chain, signer, &info, stored.answer(&info, Manner::Held)).await.unwrap_err();
    assert!(again.is(StorageError::AlreadyProven), "{again}");
    let audit = chain.worker_audit(worker, At::Best).await.unwrap().unwrap();
    assert_eq!((audit.record.proven, audit.record.missed, audit.earned, audit.pay), (1, 0, paid, paid));

    // A proof is refused in another period, and after its window.
    let next = open(&chain, worker, 2).await;
    let stale = prove(&chain, signer, &info, stored.answer(&info, Manner::Held)).await.unwrap_err();
    assert!(stale.is(StorageError::WrongPeriod), "{stale}");
    while chain.best().await.unwrap().number < next.deadline {
        chain.tick();
    }
    assert_eq!(chain.challenge(worker, At::Best).await.unwrap().unwrap().state, ChallengeState::Missed);
    let late = prove(&chain, signer, &next, stored.answer(&next, Manner::Held)).await.unwrap_err();
    assert!(late.is(StorageError::TooLate), "{late}");
}

#[tokio::test]
async fn who_did_not_sign_is_excused_and_not_paid() {
    let (chain, owner, operators) = town().await;
    let stored = store(&chain, &owner).await;
    let worker = in_slot(&chain, 5).await;
    let info = open(&chain, worker, 1).await;
    let rows = chain.challenged_rows(in_slot(&chain, 0).await, At::Best).await.unwrap();
    let asked: Vec<_> = rows.iter().filter(|row| row.worker == worker).map(|row| row.sample).collect();
    assert_eq!(asked, info.samples.iter().map(|byte| byte.sample).collect::<Vec<_>>());
    assert!(chain.challenged_rows(worker, At::Best).await.unwrap().iter().all(|row| row.worker != worker));
    let outcome =
        prove(&chain, operator(&operators, worker), &info, stored.answer(&info, Manner::Excused)).await.unwrap();
    assert_eq!(outcome.paid(), Some(0));
    assert_eq!(chain.challenge(worker, At::Best).await.unwrap().unwrap().state, ChallengeState::Proven);
    assert_eq!(chain.group_health(0, At::Best).await.unwrap().unwrap().slots[5].unwrap().excused, 4);
    let rows = chain.challenged_rows(in_slot(&chain, 0).await, At::Best).await.unwrap();
    assert!(rows.iter().all(|row| row.worker != worker));
}

#[tokio::test]
async fn an_object_that_was_deleted_is_not_paid_for() {
    let (chain, owner, operators) = town().await;
    let stored = store(&chain, &owner).await;
    let worker = in_slot(&chain, 0).await;
    let info = open(&chain, worker, 1).await;
    let signer = operator(&operators, worker);
    let early = prove(&chain, signer, &info, stored.answer(&info, Manner::Deleted)).await.unwrap_err();
    assert!(early.is(StorageError::NotDeleted), "{early}");
    for (entry_index, entry) in (0u32..).zip(&stored.entries) {
        let call = Call::Storage(StorageCall::Tombstone {
            group: 0,
            expiry: 9,
            leaf_index: 0,
            leaf: stored.leaf,
            leaf_proof: prove_leaf(&[stored.leaf], 0).unwrap(),
            entry_index,
            entry: *entry,
            entry_proof: prove_entry(&stored.entries, entry_index).unwrap(),
        });
        chain.submit(&owner, vec![call], Until::InBlock).await.unwrap();
    }
    let outcome = prove(&chain, signer, &info, stored.answer(&info, Manner::Deleted)).await.unwrap();
    assert_eq!(outcome.paid(), Some(0));
    assert_eq!(chain.worker_audit(worker, At::Best).await.unwrap().unwrap().record.proven, 1);
}

#[tokio::test]
async fn who_is_away_too_long_is_reported() {
    let (chain, owner, operators) = town().await;
    store(&chain, &owner).await;
    let (worker, other) = (in_slot(&chain, 0).await, in_slot(&chain, 1).await);
    let report = |worker| vec![Call::Worker(WorkerCall::Report { worker })];
    let early = chain.submit(&owner, report(worker), Until::InBlock).await.unwrap_err();
    assert!(early.is(StorageError::NotOverdue), "{early}");
    while chain.overdue(other, At::Best).await.unwrap().is_empty() {
        chain.tick();
    }
    assert_eq!(SCHEDULE.period_of(chain.best().await.unwrap().number), 3);
    let reported = chain.submit(operator(&operators, other), report(worker), Until::InBlock).await.unwrap();
    let expelled: Vec<_> = reported.all::<storage::WorkerExpelled>().collect();
    assert_eq!(expelled.iter().map(|event| event.worker).collect::<Vec<_>>(), [worker]);
    assert_eq!(chain.slot_in(worker, 0, At::Best).await.unwrap(), None);
    assert!(!chain.overdue(other, At::Best).await.unwrap().contains(&worker));
    let group = chain.group(0, At::Best).await.unwrap().unwrap();
    assert_eq!(group.slots[0], None);
}

#[tokio::test]
async fn who_leaves_hands_over_and_gets_its_bond_back_later() {
    let (chain, owner, operators) = town().await;
    store(&chain, &owner).await;
    let worker = in_slot(&chain, 0).await;
    let signer = operator(&operators, worker);
    chain.submit(signer, vec![Call::Worker(WorkerCall::Leave { worker })], Until::InBlock).await.unwrap();
    chain.ticks(5);
    let exit = || vec![Call::Worker(WorkerCall::Exit { worker })];
    let held = chain.submit(signer, exit(), Until::InBlock).await.unwrap_err();
    assert!(held.is(StorageError::HoldsSlots), "{held}");
    chain.add_worker([77; 32], peer(77), Country::new(*b"SE").unwrap(), 4 << 30);
    // The chain looks for a successor again once a period.
    let added = chain.best().await.unwrap().number;
    while in_slot(&chain, 0).await == worker {
        assert!(chain.tick().number <= added + SCHEDULE.period_blocks + 1);
    }
    let needed = chain.submit(signer, exit(), Until::InBlock).await.unwrap_err();
    assert!(needed.is(StorageError::StillNeeded), "{needed}");
    chain.ticks(4);
    chain.submit(signer, exit(), Until::InBlock).await.unwrap();
    assert_eq!(chain.worker(worker, At::Best).await.unwrap(), None);
}

#[tokio::test]
async fn a_reorganisation_changes_what_is_asked_and_takes_proofs_back() {
    let (chain, owner, operators) = town().await;
    let stored = store(&chain, &owner).await;
    let worker = in_slot(&chain, 0).await;
    let info = open(&chain, worker, 1).await;
    let mut heads = chain.best_blocks();
    assert_eq!(heads.next().await, Some(chain.best().await.unwrap()));
    prove(&chain, operator(&operators, worker), &info, stored.answer(&info, Manner::Held)).await.unwrap();
    let proven = heads.next().await.unwrap();
    let head = chain.reorganise(2, false);
    assert_eq!(heads.next().await, Some(head));
    assert_eq!(head.number, proven.number + 1);
    let now = chain.challenge(worker, At::Best).await.unwrap().unwrap();
    assert_eq!((now.block, now.state), (info.block, ChallengeState::Open));
    assert_ne!(now.samples, info.samples);
    assert_eq!(chain.worker_audit(worker, At::Best).await.unwrap().unwrap().earned, 0);
    prove(&chain, operator(&operators, worker), &now, stored.answer(&now, Manner::Held)).await.unwrap();
    let kept = chain.reorganise(1, true);
    assert_eq!(chain.best().await.unwrap(), kept);
    assert_eq!(chain.challenge(worker, At::Best).await.unwrap().unwrap().state, ChallengeState::Proven);
}
