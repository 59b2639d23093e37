//! The registry, groups, batches and tombstones, and the node around them.
#![allow(clippy::unwrap_used)]

mod support;

use futures::StreamExt;
use meganet_chain_client::{At, Call, ChainError, MEGA, NameCall, Signer, StorageCall, Until, WorkerCall};
use meganet_chain_fake::{FakeChain, FakeConfig};
use meganet_primitives::pallets::{NamesError, StorageError};
use meganet_primitives::{
    chain::Tombstone,
    country::Country,
    name::commitment,
    object::ObjectId,
    placement::ProfileId,
    range::{RangeLeaf, prove_leaf},
    receipt::{PeerSignature, Receipt, ReceiptStatement, worker_signed_bytes},
    sum_tree::{BatchEntry, prove_entry, summarize},
};
use std::time::Duration;
use support::{peer, rich, sign, signer, with_group_of};

/// A chain with six workers of six operators in six countries, and a complete compact group.
async fn with_group() -> (FakeChain, Signer) {
    // Short epochs: the last test waits for the ninth.
    let chain = FakeChain::new(FakeConfig { epoch_blocks: 60, ..FakeConfig::default() });
    let alice = with_group_of(&chain, &[1, 2, 3, 4, 5, 6].map(|n| [n; 32])).await;
    (chain, alice)
}

const VALID: u32 = 1 << 20;

fn entries(count: u8) -> Vec<BatchEntry> {
    (0..count)
        .map(|n| BatchEntry { object: ObjectId([n; 32]), shards_root: [n; 32], shard_len: 1024 * u64::from(n + 1) })
        .collect()
}

/// A store call with receipts of the first `quorum` slots.
async fn store(chain: &FakeChain, owner: &Signer, entries: &[BatchEntry], quorum: usize) -> Call {
    let batch = summarize(entries).unwrap();
    let group = chain.group(0, At::Best).await.unwrap().unwrap();
    let receipts = (0u8..)
        .zip(&group.slots)
        .take(quorum)
        .map(|(slot, member)| {
            let worker = u8::try_from(member.unwrap().worker + 1).unwrap();
            let (genesis, owner) = (chain.genesis(), owner.account());
            let statement = ReceiptStatement { genesis, group: 0, slot, expiry: 9, owner, batch, valid_until: VALID };
            let signature = sign(worker, &statement.signed_bytes());
            Receipt { slot, signature }
        })
        .collect();
    Call::Storage(StorageCall::Store { group: 0, expiry: 9, batch, valid_until: VALID, receipts })
}

#[tokio::test]
async fn several_calls_are_done_all_or_none() {
    let chain = FakeChain::default();
    let alice = rich(&chain, "Alice");
    let carol = signer("Carol").account();
    let calls = vec![
        Call::Transfer { to: carol, amount: MEGA },
        Call::Name(NameCall::SetContent { label: "second".to_owned(), content: None }),
    ];
    let error = chain.submit(&alice, calls, Until::InBlock).await.unwrap_err();
    assert!(error.is(NamesError::NoSuchName), "{error}");
    assert_eq!(chain.balance(&carol, At::Best).await.unwrap().free, 0);
    let left = chain.balance(&alice.account(), At::Best).await.unwrap().free;
    assert!(left < 1_000 * MEGA && left > 999 * MEGA, "the fee is taken all the same: {left}");
}

#[tokio::test]
async fn a_worker_needs_its_peers_word() {
    let chain = FakeChain::default();
    let alice = rich(&chain, "Alice");
    let register = |proof: PeerSignature| {
        let country = Country::new(*b"DE").unwrap();
        vec![Call::Worker(WorkerCall::Register { peer: peer(1), country, capacity: 2 << 30, proof })]
    };
    let claim = worker_signed_bytes(&chain.genesis(), &alice.account());
    let forged = chain.submit(&alice, register(sign(2, &claim)), Until::InBlock).await.unwrap_err();
    assert!(forged.is(StorageError::BadPeerProof), "{forged}");
    let outcome = chain.submit(&alice, register(sign(1, &claim)), Until::InBlock).await.unwrap();
    let id = outcome.registered_worker().unwrap();
    assert_eq!(chain.worker_by_peer(&peer(1), At::Best).await.unwrap().unwrap().id, id);
    assert_eq!(chain.balance(&alice.account(), At::Best).await.unwrap().held, 10 * MEGA);
    chain.submit(&alice, vec![Call::Worker(WorkerCall::Exit { worker: id })], Until::InBlock).await.unwrap();
    assert_eq!(chain.stats(At::Best).await.unwrap().totals.workers, 0);
}

#[tokio::test]
async fn a_group_is_filled_two_blocks_later() {
    let (chain, alice) = with_group().await;
    let group = chain.group(0, At::Best).await.unwrap().unwrap();
    assert!(group.slots.iter().all(Option::is_some));
    for (slot, member) in (0u8..).zip(&group.slots) {
        let worker = member.unwrap().worker;
        assert_eq!(chain.slot_in(worker, 0, At::Best).await.unwrap(), Some(slot));
        assert_eq!(chain.all_slots_of(worker, At::Best).await.unwrap().len(), 1);
    }
    let again = vec![Call::Storage(StorageCall::OpenGroup { profile: ProfileId::Compact })];
    chain.submit(&alice, again.clone(), Until::InBlock).await.unwrap();
    // While one is waiting for its workers, there is no other.
    let error = chain.submit(&alice, again, Until::InBlock).await.unwrap_err();
    assert!(error.is(StorageError::OpenGroupsHaveRoom), "{error}");
}

#[tokio::test]
async fn a_vacated_slot_is_filled_as_soon_as_there_is_a_worker_for_it() {
    let (chain, alice) = with_group().await;
    chain.expel(3);
    let members = async || chain.group(0, At::Best).await.unwrap().unwrap().slots.iter().flatten().count();
    assert_eq!(members().await, 5);
    // The chain retries once a period, so nobody has to ask it.
    let fill = vec![Call::Storage(StorageCall::FillGroup { group: 0 })];
    let queued = chain.submit(&alice, fill, Until::InBlock).await.unwrap_err();
    assert!(queued.is(StorageError::AlreadyQueued), "{queued}");
    let period = chain.config().schedule.period_blocks;
    chain.ticks(2 * period);
    assert_eq!(members().await, 5);
    chain.add_worker([9; 32], peer(9), Country::new(*b"CA").unwrap(), 2 << 30);
    chain.ticks(period + 1);
    assert!(chain.group(0, At::Best).await.unwrap().unwrap().slots.iter().flatten().any(|m| m.worker == 6));
}

#[tokio::test]
async fn a_batch_needs_a_quorum_of_true_receipts() {
    let (chain, alice) = with_group().await;
    let few = store(&chain, &alice, &entries(2), 3).await;
    let error = chain.submit(&alice, vec![few], Until::InBlock).await.unwrap_err();
    assert!(error.is(StorageError::BelowQuorum), "{error}");

    // Receipts for another owner hold for nobody else.
    let bob = rich(&chain, "Bob");
    let stolen = store(&chain, &bob, &entries(2), 4).await;
    let error = chain.submit(&alice, vec![stolen], Until::InBlock).await.unwrap_err();
    assert!(error.is(StorageError::BadReceipt), "{error}");

    let good = store(&chain, &alice, &entries(2), 4).await;
    let outcome = chain.submit(&alice, vec![good], Until::Finalized).await.unwrap();
    let stored = outcome.stored();
    assert_eq!(stored.len(), 1);
    assert_eq!((stored[0].group, stored[0].expiry, stored[0].index, stored[0].leaf.signed), (0, 9, 0, 0b1111));
    assert_eq!(chain.stored_leaves(&outcome.block.hash).await.unwrap(), stored);
    let ranges = chain.ranges(0, At::Best).await.unwrap();
    assert_eq!((ranges[0].expiry, ranges[0].state.leaves, ranges[0].state.bytes()), (9, 1, 3072));
    assert_eq!(chain.group(0, At::Best).await.unwrap().unwrap().used, 3072);
    let stats = chain.stats(At::Best).await.unwrap();
    let totals = stats.totals;
    assert_eq!((totals.batches, totals.objects, totals.bytes), (1, 2, 6 * 3072));

    chain.run_to_epoch(9);
    assert_eq!(chain.group(0, At::Best).await.unwrap().unwrap().used, 0);
    assert!(chain.ranges(0, At::Best).await.unwrap().is_empty());
}

#[tokio::test]
async fn only_the_owner_deletes_and_only_what_it_stored() {
    let (chain, alice) = with_group().await;
    let entries = entries(3);
    let call = store(&chain, &alice, &entries, 4).await;
    let leaf = chain.submit(&alice, vec![call], Until::InBlock).await.unwrap().stored()[0].leaf;
    let tombstone = |leaf: RangeLeaf, index: u32| {
        Call::Storage(StorageCall::Tombstone {
            group: 0,
            expiry: 9,
            leaf_index: 0,
            leaf,
            leaf_proof: prove_leaf(&[leaf], 0).unwrap(),
            entry_index: index,
            entry: entries[usize::try_from(index).unwrap()],
            entry_proof: prove_entry(&entries, index).unwrap(),
        })
    };
    let bob = rich(&chain, "Bob");
    let error = chain.submit(&bob, vec![tombstone(leaf, 1)], Until::InBlock).await.unwrap_err();
    assert!(error.is(StorageError::NotOwner), "{error}");
    let claimed = RangeLeaf { owner: bob.account(), ..leaf };
    let error = chain.submit(&bob, vec![tombstone(claimed, 1)], Until::InBlock).await.unwrap_err();
    assert!(error.is(StorageError::BadLeafProof), "{error}");
    chain.submit(&alice, vec![tombstone(leaf, 1)], Until::InBlock).await.unwrap();

    let stone = Tombstone { expiry: 9, leaf: 0, object: entries[1].object };
    let other = Tombstone { object: entries[0].object, ..stone };
    assert_eq!(chain.tombstoned(0, &[other, stone], At::Best).await.unwrap(), [false, true]);
    assert_eq!(chain.all_tombstones(0, 9, At::Best).await.unwrap(), [stone]);
}

#[tokio::test]
async fn an_account_without_money_is_told_how_much() {
    let chain = FakeChain::default();
    let poor = signer("Poor");
    chain.fund(poor.account(), MEGA);
    let register = vec![Call::Name(NameCall::Register { label: "dear".to_owned(), years: 2, secret: [1; 32] })];
    let error = chain.submit(&poor, register, Until::InBlock).await.unwrap_err();
    let ChainError::InsufficientFunds { needed, available, .. } = &error else { panic!("{error}") };
    // Of what it has, the existential deposit cannot be spent; what it needs includes the fee.
    assert_eq!(*available, MEGA - MEGA / 1000);
    assert!((110 * MEGA + 1..111 * MEGA).contains(needed), "{error}");
    assert!(error.to_string().contains("needs 110.01") && error.to_string().contains(&poor.address()), "{error}");
}

#[tokio::test]
async fn faults_are_injected_and_taken_back() {
    let chain = FakeChain::default();
    let alice = rich(&chain, "Alice");
    let first = chain.best().await.unwrap();
    chain.tick();
    chain.set_unreachable(true);
    assert!(matches!(chain.best().await, Err(ChainError::NodeUnreachable { .. })));
    chain.set_unreachable(false);
    chain.prune();
    let old = At::Block(first.hash);
    assert!(matches!(chain.params(old).await, Err(ChainError::StatePruned { .. })));
    chain.refuse_submissions(Some("the pool is full"));
    let commit = vec![Call::Name(NameCall::Commit { commitment: [1; 32] })];
    let full = chain.submit(&alice, commit.clone(), Until::InBlock).await.unwrap_err();
    assert!(matches!(&full, ChainError::Rejected { reason } if reason.contains("the pool is full")), "{full}");
    chain.refuse_submissions(None);
    chain.submit(&alice, commit, Until::InBlock).await.unwrap();
    assert_eq!(chain.submit(&alice, Vec::new(), Until::InBlock).await, Err(ChainError::NoCalls));
}

/// Waits until a transaction of an account waits for a block.
async fn pending(chain: &FakeChain, who: &Signer) {
    while chain.pending_of(&who.account()) == 0 {
        tokio::task::yield_now().await;
    }
}

/// Lets every other task of a current-thread runtime do all that it can do at once.
async fn let_others_act() {
    for _ in 0..2_000 {
        tokio::task::yield_now().await;
    }
}

fn send(amount: u128) -> Vec<Call> {
    vec![Call::Transfer { to: signer("Bob").account(), amount }]
}

async fn received(chain: &FakeChain) -> u128 {
    chain.balance(&signer("Bob").account(), At::Best).await.unwrap().free
}

#[tokio::test]
async fn a_transaction_whose_answer_is_lost_is_found_in_its_block() {
    let chain = FakeChain::new(FakeConfig { patience: Duration::from_secs(60), ..FakeConfig::default() });
    let alice = rich(&chain, "Alice");
    let before = chain.submissions();
    // The same bytes are offered again when a block has them, and the pool calls them banned.
    chain.lose_answer_to(&alice.account());
    let outcome = chain.submit(&alice, send(MEGA), Until::Finalized).await.unwrap();
    assert!(outcome.finalized);
    assert_eq!((received(&chain).await, chain.submissions()), (MEGA, before + 1));
}

#[tokio::test]
async fn a_transaction_that_was_passed_on_before_it_was_dropped_is_waited_for() {
    let chain = FakeChain::new(FakeConfig { auto_tick: false, ..FakeConfig::default() });
    let alice = rich(&chain, "Alice");
    let author = tokio::spawn({
        let (chain, alice) = (chain.clone(), alice.clone());
        async move {
            pending(&chain, &alice).await;
            chain.drop_pending(true);
            // The client has heard of it when another node's block includes the transaction.
            let_others_act().await;
            chain.tick();
        }
    });
    chain.submit(&alice, send(MEGA), Until::InBlock).await.unwrap();
    author.await.unwrap();
    assert_eq!(received(&chain).await, MEGA);
}

#[tokio::test]
async fn a_dropped_transaction_is_lost_once_another_one_with_its_nonce_is_final() {
    let chain = FakeChain::new(FakeConfig { auto_tick: false, finality_lag: 2, ..FakeConfig::default() });
    let alice = rich(&chain, "Alice");
    let submit = |amount| {
        let (chain, alice) = (chain.clone(), alice.clone());
        tokio::spawn(async move { chain.submit(&alice, send(amount), Until::InBlock).await })
    };
    let first = submit(MEGA);
    pending(&chain, &alice).await;
    chain.drop_pending(false);
    let second = submit(2 * MEGA);
    pending(&chain, &alice).await;
    chain.tick();
    second.await.unwrap().unwrap();
    let_others_act().await;
    assert!(!first.is_finished(), "a fork may still include it");
    chain.ticks(2);
    let lost = first.await.unwrap().unwrap_err();
    assert!(matches!(&lost, ChainError::Rejected { reason } if reason.contains("nonce")), "{lost}");
    assert_eq!(received(&chain).await, 2 * MEGA);
}

#[tokio::test]
async fn a_refusal_counts_once_it_is_final() {
    let chain = FakeChain::new(FakeConfig { auto_tick: false, finality_lag: 4, ..FakeConfig::default() });
    let (alice, secret) = (rich(&chain, "Alice"), [9; 32]);
    let submit = |call| {
        let (chain, alice) = (chain.clone(), alice.clone());
        tokio::spawn(async move { chain.submit(&alice, vec![Call::Name(call)], Until::InBlock).await })
    };
    let label = || "home".to_owned();
    let commitment = commitment(&alice.account(), label().as_bytes(), &secret);
    let committed = submit(NameCall::Commit { commitment });
    pending(&chain, &alice).await;
    chain.ticks(6);
    committed.await.unwrap().unwrap();

    let sent = submit(NameCall::Register { label: label(), years: 1, secret });
    pending(&chain, &alice).await;
    chain.add_name(signer("Bob").account(), &label());
    chain.tick();
    let_others_act().await;
    assert!(!sent.is_finished(), "a fork may still include it where it succeeds");
    // Here the name is free.
    chain.reorganise(2, true);
    chain.ticks(5);
    assert!(sent.await.unwrap().unwrap().finalized);
    assert_eq!(chain.name(&label(), At::Best).await.unwrap().unwrap().owner, alice.account());

    let refused = submit(NameCall::Commit { commitment: [1; 32] });
    pending(&chain, &alice).await;
    chain.ticks(5);
    refused.await.unwrap().unwrap();
    let refused = submit(NameCall::Commit { commitment: [1; 32] });
    pending(&chain, &alice).await;
    chain.ticks(5);
    let error = refused.await.unwrap().unwrap_err();
    assert!(error.is(NamesError::AlreadyCommitted), "{error}");
}

#[tokio::test]
async fn finalized_blocks_come_once_each_and_in_order() {
    let config = FakeConfig { finality_lag: 2, auto_tick: false, ..FakeConfig::default() };
    let chain = FakeChain::new(config);
    chain.ticks(5);
    assert_eq!(chain.finalized().await.unwrap().number, 3);
    let mut blocks = chain.blocks(Some(1));
    for expected in 1..=3 {
        assert_eq!(blocks.next().await.unwrap().number, expected);
    }
    let ticking = chain.start(Duration::from_millis(1));
    for expected in 4..=9 {
        assert_eq!(blocks.next().await.unwrap().number, expected);
    }
    let alice = rich(&chain, "Alice");
    let commit = vec![Call::Name(NameCall::Commit { commitment: [1; 32] })];
    let outcome = chain.submit(&alice, commit, Until::Finalized).await.unwrap();
    assert!(outcome.finalized && chain.finalized().await.unwrap().number >= outcome.block.number);
    ticking.abort();
}
