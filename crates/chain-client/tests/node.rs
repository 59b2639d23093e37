//! The client against a real node, if one was built beside these tests (`cargo build --release -p meganet-node`, or
//! `MEGANET_NODE=…`); without one there is nothing to test and a line says so. These tests cover the facts that no unit
//! test can know: names and shapes in the metadata, the texts of the pool's errors, reconnecting.

#![allow(clippy::unwrap_used)]

#[path = "node/process.rs"]
mod process;

use ed25519_dalek::{Signer as _, SigningKey};
use futures::{StreamExt, future::try_join_all};
use meganet_chain_client::{
    At, Call, ChainError, ChainOptions, MEGA, NameCall, Signer, StorageCall, SubxtChain, Until, WorkerCall, prelude::*,
};
use meganet_primitives::pallets::{NamesError, StorageError};
use meganet_primitives::{
    chain::{Availability, Tombstone},
    content::{ContentRef, NameContent, ReadKey},
    country::Country,
    name::{NameStatus, RecordKey, RecordValue, commitment},
    object::ObjectId,
    placement::ProfileId,
    range::prove_leaf,
    receipt::{PeerKey, PeerSignature, RECEIPT_BLOCKS, Receipt, ReceiptStatement, worker_signed_bytes},
    sum_tree::{BatchEntry, prove_entry, summarize},
};
use process::Node;
use std::time::Duration;

const COUNTRIES: [[u8; 2]; 6] = [*b"DE", *b"FR", *b"BR", *b"IN", *b"KE", *b"JP"];

fn signer(name: &str) -> Signer {
    Signer::from_suri(&format!("//{name}")).unwrap()
}

fn key(n: u8) -> SigningKey {
    SigningKey::from_bytes(&[n; 32])
}

fn peer(n: u8) -> PeerKey {
    PeerKey(key(n).verifying_key().to_bytes())
}

const SECRET: [u8; 32] = [9; 32];

fn register(label: &str) -> Call {
    Call::Name(NameCall::Register { label: label.to_owned(), years: 1, secret: SECRET })
}

/// Commits to labels and waits until they can be registered.
async fn commit(chain: &SubxtChain, who: &Signer, labels: &[&str]) {
    let call = |label: &&str| {
        Call::Name(NameCall::Commit { commitment: commitment(&who.account(), label.as_bytes(), &SECRET) })
    };
    let outcome = chain.submit(who, labels.iter().map(call).collect(), Until::InBlock).await.unwrap();
    let params = chain.name_params(At::Best).await.unwrap();
    let ready = outcome.block.number + params.min_commit_age;
    let mut heads = chain.best_blocks();
    while heads.next().await.unwrap().number < ready {}
}

async fn connect(node: &mut Node) -> SubxtChain {
    // A node compiles its runtime when it starts: on a busy machine that takes its time.
    let long = Duration::from_secs(240);
    let options = ChainOptions {
        start_patience: long,
        patience: long,
        block_timeout: long,
        finality_timeout: long,
        ..ChainOptions::default()
    };
    match SubxtChain::connect_with(node.url(), options).await {
        Ok(chain) => chain,
        Err(error) => panic!("{error}\n{}", node.last_words()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_money() {
    let Some(mut node) = Node::start() else { return };
    let chain = connect(&mut node).await;
    let wrong = SubxtChain::connect(node.url(), Some([1; 32])).await.err().unwrap();
    assert!(matches!(wrong, ChainError::WrongChain { .. }), "{wrong}");
    assert!(SubxtChain::connect(node.url(), Some(chain.genesis())).await.is_ok());
    let status = chain.node_status().await.unwrap();
    assert!(!status.version.is_empty() && !status.chain.is_empty(), "{status:?}");

    let (alice, bob) = (signer("Alice"), signer("Bob"));
    let before = chain.balance(&alice.account(), At::Finalized).await.unwrap();
    assert_eq!((before.free, before.held), (1_000_000 * MEGA, 0));
    assert!(before.spendable < before.free && before.spendable > before.free - MEGA);

    // Many transactions of one account at once: each gets its nonce.
    let carol = signer("Carol-of-the-tests");
    let transfers = (0..6).map(|_| {
        let send = Call::Transfer { to: carol.account(), amount: MEGA };
        chain.submit(&alice, vec![send], Until::InBlock)
    });
    let outcomes = try_join_all(transfers).await.unwrap();
    for outcome in outcomes {
        assert!(outcome.fee > 0 && outcome.events.iter().any(|event| event.name == "Transfer"), "{outcome:?}");
    }
    assert_eq!(chain.balance(&carol.account(), At::Best).await.unwrap().free, 6 * MEGA);

    // All or none, and the runtime's words for why.
    let set = |label: &str, content| Call::Name(NameCall::SetContent { label: label.to_owned(), content });
    commit(&chain, &alice, &["first"]).await;
    let calls = vec![register("first"), set("second", None)];
    let error = chain.submit(&alice, calls, Until::InBlock).await.unwrap_err();
    assert!(error.is(NamesError::NoSuchName), "{error}");
    assert_eq!(chain.name("first", At::Best).await.unwrap(), None);
    let [committed] = chain.commitments(&alice.account(), At::Best).await.unwrap()[..] else {
        panic!("one commitment")
    };
    assert_eq!(committed.commitment, commitment(&alice.account(), b"first", &SECRET));

    let content = ContentRef { object: ObjectId([7; 32]), group: 3, sealed_len: 99, key: Some(ReadKey([8; 32])) };
    let content = Some(NameContent::Object(content));
    let quote = chain.name_quote("first", 1, At::Best).await.unwrap();
    let calls = vec![register("first"), set("first", content.clone())];
    let outcome = chain.submit(&alice, calls, Until::Finalized).await.unwrap();
    assert!(outcome.finalized);
    let name = chain.name("first", At::Finalized).await.unwrap().unwrap();
    assert_eq!((name.owner, &name.content, name.version), (alice.account(), &content, 1));
    assert_eq!((name.deposit, name.status), (quote.deposit, NameStatus::Active));
    assert_eq!(chain.balance(&alice.account(), At::Finalized).await.unwrap().held, name.deposit);
    assert_eq!(chain.commitments(&alice.account(), At::Best).await.unwrap(), []);
    assert_eq!(chain.availability("flrst", &bob.account(), At::Best).await.unwrap(), Availability::LooksLikeAnother);
    assert_eq!(chain.all_names_of(&alice.account(), At::Best).await.unwrap(), [name]);
    commit(&chain, &bob, &["first"]).await;
    let taken = chain.submit(&bob, vec![register("first")], Until::InBlock).await.unwrap_err();
    assert!(taken.is(NamesError::NameTaken), "{taken}");
    what_names_say(&chain, &alice, &bob, content).await;
    let give = Call::Name(NameCall::Transfer { label: "first".to_owned(), to: bob.account() });
    chain.submit(&alice, vec![give], Until::InBlock).await.unwrap();
    chain
        .submit(&bob, vec![Call::Name(NameCall::Release { label: "first".to_owned() })], Until::InBlock)
        .await
        .unwrap();

    let error = chain.submit(&carol, vec![register("dear")], Until::InBlock).await.unwrap_err();
    assert!(matches!(error, ChainError::InsufficientFunds { .. }), "{error}");
    let error = chain.submit(&signer("Nobody-knows-me"), vec![register("dear")], Until::InBlock).await.unwrap_err();
    assert!(matches!(error, ChainError::InsufficientFunds { available: 0, .. }), "{error}");
    let error = chain.params(At::Block([9; 32])).await.unwrap_err();
    assert!(matches!(error, ChainError::UnknownBlock { .. }), "{error}");
}

/// Every call that writes for the name `first` of Alice, and every question about it.
async fn what_names_say(chain: &SubxtChain, alice: &Signer, bob: &Signer, content: Option<NameContent>) {
    let label = || "first".to_owned();
    let url = RecordKey::Text(b"url".to_vec().try_into().unwrap());
    let value = RecordValue::try_from(b"https://example.org".to_vec()).unwrap();
    let calls = vec![
        Call::Name(NameCall::Renew { label: label(), years: 1 }),
        Call::Name(NameCall::SetContent { label: label(), content: None }),
        Call::Name(NameCall::Rollback { label: label(), version: 1 }),
        Call::Name(NameCall::SetRecord { label: label(), key: url.clone(), value: Some(value.clone()) }),
        Call::Name(NameCall::SetDelegate { label: label(), delegate: bob.account(), allowed: true }),
        Call::Name(NameCall::SetSubname { label: label(), sub: "blog".to_owned(), content: content.clone() }),
        Call::Name(NameCall::SetSubnameDelegate {
            label: label(),
            sub: "blog".to_owned(),
            delegate: Some(bob.account()),
        }),
        Call::Name(NameCall::SetReverse { label: Some(label()) }),
        Call::Name(NameCall::Commit { commitment: [5; 32] }),
        Call::Name(NameCall::CancelCommit { commitment: [5; 32] }),
    ];
    chain.submit(alice, calls, Until::InBlock).await.unwrap();
    let history = chain.name_history("first", At::Best).await.unwrap();
    assert_eq!((history[0].version, &history[0].content), (3, &content));
    assert_eq!(chain.name_record("first", &url, At::Best).await.unwrap(), Some(value.into_inner()));
    assert_eq!(chain.name_records("first", At::Best).await.unwrap().len(), 1);
    assert_eq!(chain.name_delegates("first", At::Best).await.unwrap(), [bob.account()]);
    let subnames = chain.all_subnames("first", At::Best).await.unwrap();
    assert_eq!((subnames[0].label.as_slice(), subnames[0].delegate), (&b"blog"[..], Some(bob.account())));
    assert_eq!(chain.resolve("blog.first", At::Best).await.unwrap().unwrap().content, content);
    assert_eq!(chain.resolve("none.first", At::Best).await.unwrap(), None);
    assert_eq!(chain.reverse(&alice.account(), At::Best).await.unwrap().as_deref(), Some("first"));
    let calls = vec![
        Call::Name(NameCall::SetRecord { label: label(), key: url, value: None }),
        Call::Name(NameCall::RemoveSubname { label: label(), sub: "blog".to_owned() }),
        Call::Name(NameCall::SetDelegate { label: label(), delegate: bob.account(), allowed: false }),
        Call::Name(NameCall::SetReverse { label: None }),
    ];
    chain.submit(alice, calls, Until::InBlock).await.unwrap();
    assert_eq!(chain.reverse(&alice.account(), At::Best).await.unwrap(), None);
    let sweep = Call::Name(NameCall::Sweep { label: label() });
    assert!(chain.submit(bob, vec![sweep], Until::InBlock).await.is_err(), "a name that works is not swept");
}

/// Registers six workers of six operators, and returns a complete compact group.
async fn group(chain: &SubxtChain) -> u32 {
    let alice = signer("Alice");
    let operators: Vec<Signer> = (1..=6).map(|n| signer(&format!("Operator{n}"))).collect();
    let fund = operators.iter().map(|o| Call::Transfer { to: o.account(), amount: 100 * MEGA }).collect();
    chain.submit(&alice, fund, Until::InBlock).await.unwrap();
    let registrations = operators.iter().zip(1u8..).zip(COUNTRIES).map(|((operator, n), country)| {
        let claim = worker_signed_bytes(&chain.genesis(), &operator.account());
        let call = Call::Worker(WorkerCall::Register {
            peer: peer(n),
            country: Country::new(country).unwrap(),
            capacity: 2 << 30,
            proof: PeerSignature(key(n).sign(&claim).to_bytes()),
        });
        chain.submit(operator, vec![call], Until::InBlock)
    });
    let outcomes = try_join_all(registrations).await.unwrap();
    assert!(outcomes.iter().all(|outcome| outcome.registered_worker().is_some()));
    let open = vec![Call::Storage(StorageCall::OpenGroup { profile: ProfileId::Compact })];
    let group = chain.submit(&alice, open, Until::InBlock).await.unwrap().opened_group().unwrap();
    for _ in 0..60 {
        let info = chain.group(group, At::Best).await.unwrap().unwrap();
        if info.slots.iter().all(Option::is_some) {
            return group;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    panic!("the group was not filled within a minute");
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_and_batches() {
    let Some(mut node) = Node::start() else { return };
    let chain = connect(&mut node).await;
    let alice = signer("Alice");
    let group = group(&chain).await;
    let workers = chain.all_workers(At::Best).await.unwrap();
    assert_eq!(workers.len(), 6);
    let worker = chain.worker_by_peer(&peer(1), At::Best).await.unwrap().unwrap();
    assert_eq!(chain.worker(worker.id, At::Best).await.unwrap(), Some(worker.clone()));
    assert_eq!((worker.slots, worker.country), (1, Country::new(*b"DE").unwrap()));
    let slots = chain.all_slots_of(worker.id, At::Best).await.unwrap();
    assert_eq!(chain.slot_in(worker.id, group, At::Best).await.unwrap(), Some(slots[0].slot));
    assert_eq!(chain.open_groups(ProfileId::Compact, At::Best).await.unwrap().len(), 1);
    assert_eq!(chain.all_groups(At::Best).await.unwrap().len(), 1);

    let entries: Vec<BatchEntry> = (1..=3)
        .map(|n| BatchEntry { object: ObjectId([n; 32]), shards_root: [n; 32], shard_len: 1024 * u64::from(n) })
        .collect();
    let batch = summarize(&entries).unwrap();
    let expiry = chain.params(At::Best).await.unwrap().epoch + 3;
    let info = chain.group(group, At::Best).await.unwrap().unwrap();
    let valid_until = chain.best().await.unwrap().number + RECEIPT_BLOCKS;
    let receipts = (0u8..).zip(&info.slots).take(4).map(|(slot, member)| {
        let n = (1..=6).find(|n| peer(*n) == member.unwrap().peer).unwrap();
        let genesis = chain.genesis();
        let owner = alice.account();
        let statement = ReceiptStatement { genesis, group, slot, expiry, owner, batch, valid_until };
        Receipt { slot, signature: PeerSignature(key(n).sign(&statement.signed_bytes()).to_bytes()) }
    });
    let receipts: Vec<Receipt> = receipts.collect();
    let store = |receipts: &[Receipt]| {
        Call::Storage(StorageCall::Store { group, expiry, batch, valid_until, receipts: receipts.to_vec() })
    };
    let error = chain.submit(&alice, vec![store(&receipts[..3])], Until::InBlock).await.unwrap_err();
    assert!(error.is(StorageError::BelowQuorum), "{error}");
    let outcome = chain.submit(&alice, vec![store(&receipts)], Until::Finalized).await.unwrap();
    let stored = outcome.stored();
    assert_eq!((stored.len(), stored[0].group, stored[0].expiry, stored[0].index), (1, group, expiry, 0));
    assert_eq!(chain.stored_leaves(&outcome.block.hash).await.unwrap(), stored);
    let ranges = chain.ranges(group, At::Finalized).await.unwrap();
    assert_eq!((ranges[0].expiry, ranges[0].state.leaves, ranges[0].state.bytes()), (expiry, 1, batch.bytes));
    assert_eq!(chain.stats(At::Finalized).await.unwrap().totals.objects, 3);

    let leaf = stored[0].leaf;
    let tombstone = Call::Storage(StorageCall::Tombstone {
        group,
        expiry,
        leaf_index: 0,
        leaf,
        leaf_proof: prove_leaf(&[leaf], 0).unwrap(),
        entry_index: 1,
        entry: entries[1],
        entry_proof: prove_entry(&entries, 1).unwrap(),
    });
    chain.submit(&alice, vec![tombstone], Until::InBlock).await.unwrap();
    let stone = Tombstone { expiry, leaf: 0, object: entries[1].object };
    assert_eq!(chain.all_tombstones(group, expiry, At::Best).await.unwrap(), [stone]);
    assert_eq!(chain.tombstoned(group, &[stone], At::Best).await.unwrap(), [true]);

    let operator = signer("Operator1");
    let update = Call::Worker(WorkerCall::Update {
        worker: worker.id,
        country: None,
        capacity: Some(3 << 30),
        accepting: Some(false),
    });
    chain.submit(&operator, vec![update], Until::InBlock).await.unwrap();
    for (call, expected) in [
        (Call::Worker(WorkerCall::Exit { worker: worker.id }), StorageError::HoldsSlots),
        (Call::Storage(StorageCall::RollGroup { group }), StorageError::NothingExpired),
        (Call::Storage(StorageCall::FillGroup { group }), StorageError::NothingVacant),
    ] {
        let error = chain.submit(&operator, vec![call], Until::InBlock).await.unwrap_err();
        assert!(error.is(expected), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_node_is_found_again() {
    let Some(mut node) = Node::start() else { return };
    let chain = connect(&mut node).await;
    let mut blocks = chain.blocks(Some(1));
    let mut expected = 1;
    while expected <= 3 {
        assert_eq!(blocks.next().await.unwrap().number, expected);
        expected += 1;
    }
    node.stop();
    let asked = chain.clone();
    let read = tokio::spawn(async move { asked.params(At::Best).await });
    let submitting = chain.clone();
    let claim = |n| vec![Call::Name(NameCall::Commit { commitment: [n; 32] })];
    let submitted = tokio::spawn(async move { submitting.submit(&signer("Alice"), claim(1), Until::InBlock).await });
    tokio::time::sleep(Duration::from_secs(2)).await;
    node.restart();
    read.await.unwrap().unwrap();
    submitted.await.unwrap().unwrap();
    let head = chain.finalized().await.unwrap().number;
    while expected <= head + 2 {
        assert_eq!(blocks.next().await.unwrap().number, expected);
        expected += 1;
    }

    // Killed while a submission waits: it is looked for in the blocks, and given to the new pool.
    let waiting = chain.clone();
    let submitted = tokio::spawn(async move { waiting.submit(&signer("Bob"), claim(2), Until::Finalized).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    node.stop();
    node.restart();
    let outcome = submitted.await.unwrap().unwrap();
    assert!(outcome.finalized);
    assert_eq!(chain.commitments(&signer("Bob").account(), At::Finalized).await.unwrap().len(), 1);
}
