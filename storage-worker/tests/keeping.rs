//! Nothing good is removed on one report, and what was lost from the index is not lost. With real swarms.
#![allow(clippy::unwrap_used)]

use meganet_chain_client::At;
use meganet_chain_fake::FakeConfig;
use meganet_testkit::town::{Object, Town, until};
use meganet_worker::http::{HealthState, Pages};
use std::{sync::OnceLock, time::Duration};

const ALL: [usize; 6] = [0, 1, 2, 3, 4, 5];
const SOON: Duration = Duration::from_millis(200);

/// Workers that collect all the time and keep nothing longer than they have to. The first
/// operator answers for the node; the others do not.
async fn impatient(config: FakeConfig) -> Town {
    let first = std::sync::atomic::AtomicBool::new(true);
    Town::with(config, |settings| {
        (settings.collect_interval, settings.keep) = (SOON, Duration::ZERO);
        settings.trust_node = first.swap(false, std::sync::atomic::Ordering::Relaxed);
    })
    .await
}

/// Asserts that a member serves its shards of some objects.
async fn serves(town: &Town, index: usize, slot: u8, objects: &[&Object]) {
    for object in objects {
        assert!(town.get(index, object, slot).await.unwrap() == object.shards[usize::from(slot)]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_expired_is_removed_where_that_is_proven_and_kept_where_it_is_hearsay() {
    let town = impatient(FakeConfig { epoch_blocks: 50, ..FakeConfig::default() }).await;
    let object = Object::new(1, 1_000_000);
    let epoch = town.chain.params(At::Best).await.unwrap().epoch;
    town.store(&ALL, &[&object], epoch + 2).await;
    for index in ALL {
        town.whole(index).await;
    }
    town.chain.run_to_epoch(epoch + 2);
    let usage = |index: usize| town.members[index].store().usage();
    until("the shard is gone", || usage(0).shards == 0).await;
    until("the others have noted it", || ALL.iter().skip(1).all(|index| usage(*index).lapsed == 1)).await;
    // Several rounds of collecting later.
    tokio::time::sleep(10 * SOON).await;
    for index in ALL.into_iter().skip(1) {
        serves(&town, index, town.slot(index).await, &[&object]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn expired_shards_make_room_for_shards_that_are_paid_for() {
    let config = FakeConfig { epoch_blocks: 50, slot_capacity: [2 << 20; 4], ..FakeConfig::default() };
    let town = Town::with(config, |settings| {
        (settings.collect_interval, settings.keep) = (SOON, Duration::ZERO);
    })
    .await;
    // A little more than half of the slot each.
    let (old, new) = (Object::new(1, 2_500_000), Object::new(2, 2_500_000));
    let epoch = town.chain.params(At::Best).await.unwrap().epoch;
    town.store(&ALL, &[&old], epoch + 2).await;
    town.whole(0).await;
    assert!(town.put(0, &new).await.is_err(), "there was room for both");
    town.chain.run_to_epoch(epoch + 2);
    until("the expiry is noted", || town.members[0].store().usage().lapsed == 1).await;
    // It still reads the group's sum from the chain every 20 blocks only.
    let begun = std::time::Instant::now();
    while let Err(error) = town.put(0, &new).await {
        assert!(begun.elapsed() < Duration::from_secs(60), "{error}");
        tokio::time::sleep(SOON).await;
    }
    assert_eq!(town.members[0].store().usage().shards, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_lost_its_slot_serves_what_it_held_for_it() {
    let town = impatient(FakeConfig::default()).await;
    let object = Object::new(1, 1_000_000);
    town.store(&ALL, &[&object], 20).await;
    town.whole(0).await;
    let (worker, slot) = (town.members[0].worker().status().worker().unwrap(), town.slot(0).await);
    town.chain.expel(worker.id);
    let usage = || town.members[0].store().usage();
    until("the loss is noted", || usage().lapsed == 1).await;
    tokio::time::sleep(10 * SOON).await;
    assert_eq!((usage().shards, usage().missing), (1, 0));
    serves(&town, 0, slot, &[&object]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_was_expelled_says_so_until_it_registers_again() {
    let mut town = Town::new().await;
    let object = Object::new(1, 1_000_000);
    town.store(&ALL, &[&object], 20).await;
    town.whole(0).await;
    let slot = town.slot(0).await;
    let health = |town: &Town| {
        let (member, worker) = (&town.members[0], town.members[0].worker());
        let peer_id = member.identity.public().to_peer_id().to_base58();
        Pages { peer_id, local: worker.local().clone(), online: OnceLock::from(worker.online().clone()) }.health()
    };
    let number = health(&town).worker_id.unwrap();
    town.chain.expel(number);
    until("the expulsion is noted", || health(&town).slots == 0).await;
    let now = health(&town);
    assert_eq!((now.state, now.worker_id), (HealthState::Unregistered, None));
    let trouble = now.trouble.unwrap();
    for words in ["no longer registered", "missed too many proofs", "restart", "new bond"] {
        assert!(trouble.contains(words), "{trouble}");
    }
    serves(&town, 0, slot, &[&object]).await;
    town.members[0].stop().await;
    town.start(0).await;
    let again = health(&town);
    assert!(again.worker_id.is_some_and(|again| again != number), "{again:?}");
    assert_ne!(again.state, HealthState::Unregistered);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_whose_members_were_expelled_is_whole_again_once_they_come_back_with_their_data() {
    let mut town = impatient(FakeConfig::default()).await;
    let (small, large) = (Object::new(1, 1000), Object::new(2, 1_500_000));
    town.store(&ALL, &[&small, &large], 20).await;
    for index in ALL {
        town.whole(index).await;
    }
    // One of six is left, and two are needed.
    let mut back = Vec::new();
    for index in ALL.into_iter().skip(1) {
        let worker = town.members[index].worker().status().worker().unwrap();
        town.members[index].stop().await;
        town.chain.expel(worker.id);
        back.push(index);
    }
    for index in &back {
        town.start(*index).await;
    }
    let begun = std::time::Instant::now();
    loop {
        let group = town.chain.group(town.group, At::Best).await.unwrap().unwrap();
        if group.slots.iter().all(Option::is_some) {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "the group is not filled: {group:?}");
        town.chain.ticks(10);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for index in ALL {
        town.whole(index).await;
        serves(&town, index, town.slot(index).await, &[&small, &large]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_lost_its_index_adopts_its_files_with_nobody_to_ask() {
    let mut town = Town::new().await;
    let objects = [Object::new(1, 1_500_000), Object::new(2, 400_000)];
    town.store(&ALL, &[&objects[0], &objects[1]], 20).await;
    for index in ALL {
        town.whole(index).await;
    }
    let slot = town.slot(2).await;
    for index in ALL {
        town.members[index].stop().await;
    }
    town.members[2].lose_index();
    town.chain.prune();
    town.start(2).await;
    let metrics = town.members[2].worker().metrics().clone();
    until("its files are adopted", || metrics.adopted.get() == 2).await;
    serves(&town, 2, slot, &[&objects[0], &objects[1]]).await;
    // With the others back it learns what its files are for, and rebuilds nothing.
    for index in [0, 1, 3, 4, 5] {
        town.start(index).await;
    }
    town.whole(2).await;
    let usage = town.members[2].store().usage();
    assert_eq!((usage.shards, metrics.rebuilt.get()), (2, 0));
    assert!(usage.registered.values().sum::<u64>() > 0, "{usage:?}");
}
