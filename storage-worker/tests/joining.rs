//! How a worker gets its place in the registry.
#![allow(clippy::unwrap_used)]

use meganet_chain_client::{At, Mega};
use meganet_chain_fake::{FakeChain, FakeConfig};
use meganet_primitives::country::Country;
use meganet_testkit::town::{GIB, MEGA, Member, Town, until};
use meganet_worker::{
    funds::{PROOF_FEE, PROOFS},
    join::JoinError,
};
use std::{
    io,
    sync::{Arc, Mutex},
};

/// The log of a test.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn count(&self, words: &str) -> usize {
        String::from_utf8_lossy(&self.0.lock().unwrap()).matches(words).count()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_without_funds_says_what_it_waits_for_and_then_joins() {
    let chain = FakeChain::default();
    let mut member = Member::new(0);
    member.boot(&chain, &[]).await;
    let status = member.worker().status().clone();
    let (chain_too, operator) = (chain.clone(), member.operator.account());
    let address = member.operator.address();
    let watch = tokio::spawn(async move {
        until("it says what it waits for", || status.trouble().is_some()).await;
        let trouble = status.trouble().unwrap();
        assert!(trouble.contains(&address), "{trouble}");
        let (_, amount) = trouble.split_once("Send it at least ").unwrap();
        let amount: Mega = amount.strip_suffix(" more").unwrap().parse().unwrap();
        chain_too.fund(operator, amount.0);
    });
    member.join().await;
    watch.await.unwrap();
    let status = member.worker().status();
    assert_eq!(status.trouble(), None);
    let worker = chain.worker_by_peer(&member.peer(), At::Best).await.unwrap().unwrap();
    assert_eq!((worker.country, worker.capacity), (Country::new(*b"DE").unwrap(), 4 * GIB));
    assert_eq!(status.worker().unwrap().id, worker.id);
    // What it named is enough: the account lives, and has the fees of its first proofs.
    let left = chain.balance(&member.operator.account(), At::Best).await.unwrap();
    assert!(left.spendable >= PROOFS * PROOF_FEE, "{left:?}");
}

// On one thread, since the log is that of a thread.
#[tokio::test]
async fn a_worker_that_waits_logs_each_reason_once() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let chain = FakeChain::default();
    let mut member = Member::new(0);
    member.boot(&chain, &[]).await;
    let status = member.worker().status().clone();
    let operator = member.operator.account();
    let says = |words: &str| status.trouble().is_some_and(|trouble| trouble.contains(words));
    let send = async {
        until("it waits for money", || says("and has 0 MEGA")).await;
        chain.fund(operator, MEGA);
        until("it waits for more money", || says("and has 1 MEGA")).await;
        chain.fund(operator, 1000 * MEGA);
    };
    tokio::join!(member.join(), send);
    // What another thread logs first may be missing here.
    assert!(log.count("registering this worker") <= 1);
    assert_eq!(log.count("waiting to join"), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_configuration_is_told_to_the_chain() {
    let chain = FakeChain::default();
    let mut member = Member::new(0);
    chain.fund(member.operator.account(), 1000 * MEGA);
    member.boot(&chain, &[]).await;
    member.join().await;
    let first = member.worker().status().worker().unwrap();
    member.stop().await;
    member.settings.country = Country::new(*b"CH").unwrap();
    member.settings.capacity = 6 * GIB;
    member.boot(&chain, &[]).await;
    member.join().await;
    let worker = chain.worker(first.id, At::Best).await.unwrap().unwrap();
    assert_eq!((worker.country, worker.capacity), (Country::new(*b"CH").unwrap(), 6 * GIB));
    assert_eq!(member.worker().status().worker().unwrap(), worker);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_changes_the_chain_takes_the_one_that_it_can() {
    let mut town = Town::new().await;
    let before = town.members[0].worker().status().worker().unwrap();
    // A worker with slots keeps its country, and may lend more.
    for (capacity, lent) in [(6 * GIB, 6 * GIB), (8 * GIB, 8 * GIB), (1, 8 * GIB)] {
        town.members[0].stop().await;
        town.members[0].settings.country = Country::new(*b"CH").unwrap();
        town.members[0].settings.capacity = capacity;
        town.start(0).await;
        let worker = town.chain.worker(before.id, At::Best).await.unwrap().unwrap();
        assert!(worker.slots > 0);
        assert_eq!((worker.country, worker.capacity), (before.country, lent));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_identity_of_another_operator_is_refused() {
    let chain = FakeChain::default();
    let mut member = Member::new(0);
    chain.fund(member.operator.account(), 1000 * MEGA);
    member.boot(&chain, &[]).await;
    member.join().await;
    member.stop().await;
    member.operator = Member::new(1).operator;
    chain.fund(member.operator.account(), 1000 * MEGA);
    member.boot(&chain, &[]).await;
    let refused = member.worker().join(&member.operator, false).await;
    let Err(error @ JoinError::OtherOperator { .. }) = refused else { panic!("{refused:?}") };
    let text = error.to_string();
    assert!(text.contains("registered to the operator") && text.contains("a new base path"), "{text}");
    assert!(!text.contains("identity.key"), "an identity is not to be destroyed: {text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_has_the_number_that_is_final() {
    let chain = FakeChain::new(FakeConfig { finality_lag: 3, auto_tick: false, ..FakeConfig::default() });
    let mut member = Member::new(0);
    chain.fund(member.operator.account(), 1000 * MEGA);
    member.boot(&chain, &[]).await;
    let fork = async {
        while chain.submissions() == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        chain.tick();
        let first = chain.worker_by_peer(&member.peer(), At::Best).await.unwrap().unwrap();
        // Another fork wins, which lacks it, and there somebody else is first.
        chain.reorganise(1, false);
        let other = Member::new(1);
        assert_eq!(
            chain.add_worker(other.operator.account(), other.peer(), Country::new(*b"FR").unwrap(), GIB),
            first.id
        );
        (first.id, chain.start(std::time::Duration::from_millis(50)))
    };
    let ((first, blocks), ()) = tokio::join!(fork, member.join());
    blocks.abort();
    let worker = member.worker().status().worker().unwrap();
    assert_ne!(worker.id, first);
    assert_eq!(chain.worker_by_peer(&member.peer(), At::Finalized).await.unwrap().unwrap(), worker);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_whose_exit_was_included_while_it_was_away_ends_and_does_not_register_again() {
    let chain = FakeChain::default();
    let mut member = Member::new(0);
    chain.fund(member.operator.account(), 1000 * MEGA);
    member.boot(&chain, &[]).await;
    member.store().set_leaving(true).unwrap();
    assert!(member.worker().join(&member.operator, false).await.unwrap().is_none());
    let worker = member.worker();
    assert!(worker.status().left() && worker.local().jobs.stop().is_cancelled());
    assert!(chain.worker_by_peer(&member.peer(), At::Finalized).await.unwrap().is_none());
    assert!(!member.store().leaving().unwrap(), "the next start registers it anew");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_worker_of_an_operator_is_registered_only_if_it_is_wanted() {
    let chain = FakeChain::default();
    let (mut first, mut second) = (Member::new(0), Member::new(1));
    second.operator = first.operator.clone();
    chain.fund(first.operator.account(), 1000 * MEGA);
    first.boot(&chain, &[]).await;
    first.join().await;
    // As after the loss of the base path: the same operator, a new identity.
    second.boot(&chain, &[]).await;
    let refused = second.worker().join(&second.operator, false).await;
    let Err(error @ JoinError::OtherWorker { .. }) = refused else { panic!("{refused:?}") };
    assert!(error.to_string().contains("init --another"), "{error}");
    assert!(chain.worker_by_peer(&second.peer(), At::Best).await.unwrap().is_none());
    second.worker().join(&second.operator, true).await.unwrap().unwrap();
    assert!(chain.worker_by_peer(&second.peer(), At::Best).await.unwrap().is_some());
}
