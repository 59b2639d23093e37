//! Challenges, proofs, blackout and leaving, with real workers on the loopback interface and a chain in memory.
#![allow(clippy::unwrap_used)]

use meganet_chain_client::{At, Call, Until, WorkerCall};
use meganet_chain_fake::FakeConfig;
use meganet_net::{FrameRange, GetRefusal, NetError};
use meganet_primitives::{
    WorkerId,
    audit::{Schedule, Tolerance},
    chain::{ChallengeInfo, ChallengeState},
    content::{ContentRef, ReadKey},
};
use meganet_testkit::town::{GIB, MEGA, Object, Town, until};
use meganet_transfer::Network;
use meganet_worker::funds::PROOF_FEE;

/// Nobody is reported, however slow the machine is.
const PATIENT: Tolerance = Tolerance { misses: 100_000, proofs_per_miss: 10 };

fn config(schedule: Schedule) -> FakeConfig {
    FakeConfig { schedule, tolerance: PATIENT, handover: 5, finality_lag: 2, ..FakeConfig::default() }
}

fn worker(town: &Town, index: usize) -> WorkerId {
    town.members[index].worker().status().worker().unwrap().id
}

async fn challenge(town: &Town, worker: WorkerId) -> Option<ChallengeInfo> {
    town.chain.challenge(worker, At::Best).await.unwrap()
}

async fn proven(town: &Town, worker: WorkerId) -> u32 {
    town.chain.worker_audit(worker, At::Best).await.unwrap().unwrap().record.proven
}

async fn proves(town: &Town, worker: WorkerId, periods: u32) {
    let begun = std::time::Instant::now();
    while proven(town, worker).await < periods {
        assert!(begun.elapsed().as_secs() < 120, "worker {worker} does not prove");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

/// Makes blocks until a period begins.
fn next_period(town: &Town) {
    while !town.chain.tick().number.is_multiple_of(town.chain.config().schedule.period_blocks) {}
}

fn content(town: &Town, object: &Object, seed: u8) -> ContentRef {
    let sealed_len = object.encoded.header.sealed_len;
    ContentRef { object: object.id(), group: town.group, sealed_len, key: Some(ReadKey([seed; 32])) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_proves_and_is_paid_also_after_a_restart() {
    let mut town = Town::with(config(Schedule { period_blocks: 50, window_blocks: 25, samples: 4 }), |_| {}).await;
    let objects = [Object::new(1, 300), Object::new(2, 400_000), Object::new(3, 3_000_000)];
    town.store(&[0, 1, 2, 3, 4, 5], &[&objects[0]], 20).await;
    town.store(&[0, 1, 2, 3], &[&objects[1], &objects[2]], 21).await;
    let workers: Vec<WorkerId> = (0..6).map(|index| worker(&town, index)).collect();
    for worker in &workers {
        proves(&town, *worker, 2).await;
        let audit = town.chain.worker_audit(*worker, At::Best).await.unwrap().unwrap();
        assert!(audit.earned > 0, "{audit:?}");
    }
    town.members[0].stop().await;
    let before = proven(&town, workers[0]).await;
    town.start(0).await;
    proves(&town, workers[0], before + 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forks_and_full_blocks_and_a_node_that_is_away_do_not_cost_the_period() {
    let town = Town::with(config(Schedule { period_blocks: 150, window_blocks: 120, samples: 4 }), |_| {}).await;
    let object = Object::new(2, 400_000);
    town.store(&[0, 1, 2, 3, 4, 5], &[&object], 20).await;
    let worker = worker(&town, 0);
    // Blocks are full from before the challenge until it is open.
    let begun = std::time::Instant::now();
    let mut info = challenge(&town, worker).await;
    while info.as_ref().is_none_or(|info| info.state != ChallengeState::Scheduled) {
        assert!(begun.elapsed().as_secs() < 60, "no challenge is scheduled: {info:?}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        info = challenge(&town, worker).await;
    }
    let period = info.unwrap().period;
    town.chain.set_full(true);
    let before = town.chain.submissions();
    while town.chain.submissions() == before && challenge(&town, worker).await.is_some_and(|now| now.period == period) {
        assert!(begun.elapsed().as_secs() < 120, "no proof is submitted in period {period}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    // Another fork asks something else; then the node cannot be reached for a while.
    town.chain.reorganise(2, false);
    town.chain.set_unreachable(true);
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    town.chain.set_unreachable(false);
    town.chain.set_full(false);
    proves(&town, worker, 1).await;
    // A block that had the proof is left, and the proof with it.
    town.chain.reorganise(2, false);
    proves(&town, worker, 1).await;
}

/// Two validators make a block in the slot of the challenge, as they often do: the one that the worker sees first is
/// replaced by the other one, which asks for different bytes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sibling_of_the_challenge_block_costs_no_fee() {
    let mut town = Town::with(config(Schedule { period_blocks: 50, window_blocks: 25, samples: 4 }), |_| {}).await;
    let object = Object::new(2, 400_000);
    town.store(&[0, 1, 2, 3, 4, 5], &[&object], 20).await;
    town.whole(0).await;
    // Each submission makes a block, so only one worker may submit anything.
    for index in 1..6 {
        town.members[index].stop().await;
    }
    town.stop_blocks();
    next_period(&town);
    let (worker, operator) = (worker(&town, 0), town.members[0].operator.account());
    let money = async || {
        let balance = town.chain.balance(&operator, At::Best).await.unwrap().spendable;
        (balance, town.chain.worker_audit(worker, At::Best).await.unwrap().unwrap().earned)
    };
    // A proof of the period before that comes too late is over with before the count begins.
    let pause = std::time::Duration::from_secs(1);
    tokio::time::sleep(pause).await;
    town.chain.tick();
    let (before, periods) = (money().await, proven(&town, worker).await);

    // No block takes a proof until the sibling is there.
    town.chain.set_full(true);
    let seen = loop {
        match challenge(&town, worker).await {
            Some(info) if info.state == ChallengeState::Open => break info,
            _ => town.chain.tick(),
        };
    };
    tokio::time::sleep(pause).await;
    let best = town.chain.best().await.unwrap().number;
    town.chain.reorganise(best - seen.block + 1, true);
    let kept = challenge(&town, worker).await.unwrap();
    assert_eq!((kept.block, kept.state), (seen.block, ChallengeState::Open));
    assert!(!seen.samples.is_empty() && seen.samples != kept.samples);
    town.chain.set_full(false);
    town.chain.tick();
    proves(&town, worker, periods + 1).await;
    let after = money().await;
    assert!(after.1 > before.1, "it is paid");
    assert_eq!(after.0 - before.0, after.1 - before.1, "a proof cost a fee");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_whose_operator_cannot_pay_a_proof_says_so_until_it_can() {
    let town = Town::with(config(Schedule { period_blocks: 50, window_blocks: 25, samples: 4 }), |_| {}).await;
    let object = Object::new(2, 400_000);
    town.store(&[0, 1, 2, 3, 4, 5], &[&object], 20).await;
    let (member, worker) = (&town.members[0], worker(&town, 0));
    let (operator, address) = (member.operator.account(), member.operator.address());
    town.chain.drain(&operator);
    let status = member.worker().status().clone();
    until("the shortage is reported", || status.trouble().is_some_and(|trouble| trouble.contains(&address))).await;
    let trouble = status.trouble().unwrap();
    assert!(trouble.contains("Send it at least") && trouble.contains("loses its bond"), "{trouble}");
    let jobs = &member.worker().local().jobs;
    let last_error = || jobs.list().into_iter().find(|job| job.name == "prove").and_then(|job| job.last_error);
    until("the job says so", || last_error().is_some_and(|error| error.contains(&address))).await;

    let before = proven(&town, worker).await;
    // Of what a new worker's operator is asked for, this is for one proof.
    town.chain.fund(operator, PROOF_FEE);
    proves(&town, worker, before + 1).await;
    until("nothing is missing any more", || status.shortage().is_none()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_has_to_prove_the_others_withhold_and_it_opens_again() {
    let town = Town::with(config(Schedule { period_blocks: 400, window_blocks: 300, samples: 2 }), |_| {}).await;
    let object = Object::new(7, 50_000);
    town.store(&[0, 1, 2, 3, 4, 5], &[&object], 20).await;
    for index in 0..6 {
        town.whole(index).await;
    }
    // No block takes a proof, so every challenge stays open.
    town.chain.set_full(true);
    next_period(&town);
    let withholds = |index: usize| !town.members[index].worker().online().withheld.lock().is_empty();
    until("everybody withholds something", || (0..6).all(withholds)).await;
    for index in 0..6 {
        let frame = FrameRange { object: object.id(), shard: town.slot(index).await, first: 0, count: 1 };
        let client = town.client.get_client(town.members[index].peer()).await.unwrap();
        let answer = client.frames(frame).await;
        assert!(matches!(answer, Err(NetError::GetRefused(GetRefusal::Challenged))), "{answer:?}");
    }
    let network = Network::new(town.chain.client(), town.client.clone());
    let reader = network.open(&content(&town, &object, 7)).await.unwrap();
    let reading = tokio::spawn(async move { reader.read_to_vec(0..50_000).await });
    town.chain.set_full(false);
    let plain: Vec<u8> = (0..50_000u32).map(|at| u8::try_from(at % 251).unwrap() ^ 7).collect();
    assert!(reading.await.unwrap().unwrap() == plain);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_away_too_long_is_reported_by_the_others() {
    let schedule = Schedule { period_blocks: 40, window_blocks: 20, samples: 4 };
    let tolerance = Tolerance { misses: 3, proofs_per_miss: 1 };
    let mut town = Town::with(FakeConfig { tolerance, ..config(schedule) }, |_| {}).await;
    let object = Object::new(1, 100_000);
    town.store(&[0, 1, 2, 3, 4, 5], &[&object], 20).await;
    let gone = worker(&town, 3);
    town.members[3].stop().await;
    let metrics: Vec<_> = [0, 1, 2, 4, 5].iter().map(|index| town.members[*index].worker().metrics().clone()).collect();
    until("somebody reports", || metrics.iter().any(|metrics| metrics.reports.get() > 0)).await;
    let begun = std::time::Instant::now();
    while town.chain.slot_in(gone, town.group, At::Best).await.unwrap().is_some() {
        assert!(begun.elapsed().as_secs() < 60, "it still has its slot");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_serves_until_its_successor_has_copied() {
    let town = Town::with(config(Schedule { period_blocks: 50, window_blocks: 25, samples: 2 }), |_| {}).await;
    let object = Object::new(1, 500_000);
    town.store(&[0, 1, 2, 3, 4, 5], &[&object], 20).await;
    town.whole(0).await;
    let (leaver, slot) = (worker(&town, 0), town.slot(0).await);
    let call = vec![Call::Worker(WorkerCall::Leave { worker: leaver })];
    town.chain.submit(&town.members[0].operator, call, Until::InBlock).await.unwrap();
    let status = town.members[0].worker().status().clone();
    until("it knows that it leaves", || status.audit().is_some_and(|audit| audit.leaving)).await;

    // A successor comes.
    let mut successor = meganet_testkit::Member::new(6);
    town.chain.fund(successor.operator.account(), 1000 * MEGA);
    successor.settings.capacity = 4 * GIB;
    let bootnodes = town.bootnodes(99);
    successor.boot(&town.chain, &bootnodes).await;
    successor.join().await;
    let store = successor.store().clone();
    until("the successor has the shard", || store.usage().shards == 1 && store.usage().missing == 0).await;
    until("the leaver has left", || status.left()).await;
    assert!(town.members[0].worker().local().jobs.stop().is_cancelled());
    assert_eq!(town.chain.worker(leaver, At::Best).await.unwrap(), None);
    // Removing them is left to its operator.
    assert_eq!(town.members[0].store().usage().shards, 1);
    let record = store.shard(&object.key(slot)).unwrap().unwrap();
    assert_eq!(record.len, object.entry().shard_len);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_ends_while_it_proves_proves_once_and_is_paid_once() {
    let mut town = Town::with(config(Schedule { period_blocks: 200, window_blocks: 150, samples: 4 }), |_| {}).await;
    let object = Object::new(2, 400_000);
    town.store(&[0, 1, 2, 3, 4, 5], &[&object], 20).await;
    let worker = worker(&town, 0);
    let metrics = |town: &Town| town.members[0].worker().metrics().clone();

    // Its answer is made and cannot be sent: it ends there.
    town.chain.refuse_submissions(Some("told to"));
    let failures = metrics(&town);
    until("an answer is made", || failures.proof_failures.get() > 0).await;
    town.members[0].stop().await;
    town.chain.refuse_submissions(None);
    town.start(0).await;
    proves(&town, worker, 1).await;

    // Its answer is in the pool, and no block has it yet: it ends there. When it is back, it sends another one.
    let period = challenge(&town, worker).await.unwrap().period;
    town.chain.set_full(true);
    while challenge(&town, worker).await.is_none_or(|now| now.period == period) {
        town.chain.tick();
    }
    let (chain, operator) = (town.chain.clone(), town.members[0].operator.account());
    let waiting = || chain.pending_of(&operator);
    until("an answer is in the pool", || waiting() > 0).await;
    let audit_before = town.chain.worker_audit(worker, At::Best).await.unwrap().unwrap();
    town.members[0].stop().await;
    let sent = waiting();
    town.start(0).await;
    until("another answer is in the pool", || waiting() > sent).await;
    town.chain.set_full(false);
    proves(&town, worker, audit_before.record.proven + 1).await;
    next_period(&town);
    let after = town.chain.worker_audit(worker, At::Best).await.unwrap().unwrap();
    assert_eq!(after.record.proven, audit_before.record.proven + 1);
    assert_eq!(after.record.missed, 0);
    assert!(after.earned - audit_before.earned <= audit_before.pay, "{audit_before:?} {after:?}");
}
