//! A worker's promises to those who store and read, shown with real swarms on the loopback interface.
#![allow(clippy::unwrap_used)]

use meganet_chain_fake::FakeConfig;
use meganet_net::{FrameRange, GetRefusal, NetError, OpenShard, Refusal};
use meganet_primitives::receipt::ReceiptStatement;
use meganet_primitives::sum_tree::summarize;
use meganet_testkit::town::{GIB, Object, Town, until};
use meganet_worker::model::usage::OVERHEAD;

fn refusal<T: std::fmt::Debug>(result: Result<T, NetError>) -> Refusal {
    match result {
        Err(NetError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shard_is_put_receipted_registered_and_got() {
    let town = Town::new().await;
    let (small, large) = (Object::new(1, 1000), Object::new(2, 3_000_000));
    town.store(&[0, 1, 2, 3, 4, 5], &[&small, &large], 20).await;
    for index in 0..6 {
        town.whole(index).await;
        let slot = town.slot(index).await;
        for object in [&small, &large] {
            assert!(town.get(index, object, slot).await.unwrap() == object.shards[usize::from(slot)]);
        }
        let usage = town.members[index].store().usage();
        assert_eq!((usage.shards, usage.unregistered_bytes()), (2, 0));
        until("the first sync is recorded", || town.members[index].store().was_synced()).await;
    }
    // Batches and ranges are served as the chain has them.
    let client = town.client.get_client(town.members[0].peer()).await.unwrap();
    let entries = [small.entry(), large.entry()];
    let root = summarize(&entries).unwrap().root;
    assert_eq!(client.batch(root).await.unwrap(), entries);
    assert_eq!(client.have(&[small.id(), Object::new(9, 10).id()]).await.unwrap(), vec![true, false]);
    let range = FrameRange { object: large.id(), shard: 0, first: 1 << 40, count: 1 };
    let slot = town.slot(0).await;
    let beyond = client.frames(FrameRange { shard: slot, ..range }).await;
    assert!(matches!(beyond, Err(NetError::GetRefused(GetRefusal::BadRequest))), "{beyond:?}");
    let other = client.frames(FrameRange { shard: (slot + 1) % 6, first: 0, ..range }).await;
    assert!(matches!(other, Err(NetError::GetRefused(GetRefusal::NotHere))), "{other:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_belong_here_is_refused_and_leaves_nothing() {
    let town = Town::with(FakeConfig { slot_capacity: [GIB; 4], ..FakeConfig::default() }, |settings| {
        settings.staging = 1 << 20;
    })
    .await;
    let object = Object::new(1, 1_000_000);
    let slot = town.slot(0).await;
    let good = object.open(town.group, slot);
    let put = |open: OpenShard, shard: u8| {
        let (town, object) = (&town, &object);
        async move { refusal(town.put_as(0, object, &open, shard).await) }
    };
    assert_eq!(put(OpenShard { group: 99, ..good }, slot).await, Refusal::NotMember);
    assert_eq!(put(OpenShard { slot: (slot + 1) % 6, ..good }, slot).await, Refusal::WrongSlot);
    assert_eq!(put(OpenShard { sealed_len: good.sealed_len * 2, ..good }, slot).await, Refusal::HeaderMismatch);
    // Another shard of the same object has the right length and the wrong bytes.
    assert_eq!(put(good, (slot + 1) % 6).await, Refusal::ShardMismatch);
    let large = Object::new(2, 3_000_000);
    let refused = refusal(town.put(0, &large).await);
    assert_eq!(refused, Refusal::UploadsFull { free: (1 << 20) - OVERHEAD });
    let entries = [object.entry()];
    assert_eq!(refusal(town.sign(0, &entries, 20).await), Refusal::UnknownObject { object: object.id() });
    let usage = town.members[0].store().usage();
    assert_eq!((usage.shards, usage.bytes), (0, 0));
    // And the right one still comes, and is signed for only as the chain would take it.
    town.put(0, &object).await.unwrap();
    assert_eq!(refusal(town.sign(0, &entries, 0).await), Refusal::Expired);
    let receipt = town.sign(0, &entries, 20).await.unwrap();
    let statement = ReceiptStatement {
        genesis: town.chain.genesis(),
        group: town.group,
        slot,
        expiry: 20,
        owner: town.owner.account(),
        batch: summarize(&entries).unwrap(),
        valid_until: town.valid_until().await,
    };
    let public = town.members[0].identity.public();
    assert!(public.verify(&statement.signed_bytes(), &receipt.signature.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_was_away_rebuilds_what_it_missed() {
    let mut town = Town::new().await;
    let before = Object::new(1, 500_000);
    town.store(&[0, 1, 2, 3, 4, 5], &[&before], 20).await;
    town.whole(5).await;
    town.members[5].stop().await;
    let (small, large) = (Object::new(2, 700), Object::new(3, 4_000_000));
    town.store(&[0, 1, 2, 3, 4], &[&small, &large], 20).await;
    town.start(5).await;
    town.whole(5).await;
    let slot = town.slot(5).await;
    for object in [&before, &small, &large] {
        assert!(town.get(5, object, slot).await.unwrap() == object.shards[usize::from(slot)]);
    }
    assert_eq!(town.members[5].worker().metrics().rebuilt.get(), 2);
    assert_eq!(town.members[5].store().usage().unregistered_bytes(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_lost_its_disk_asks_the_others_for_everything() {
    let mut town = Town::new().await;
    let objects = [Object::new(1, 300), Object::new(2, 200_000), Object::new(3, 1_500_000)];
    town.store(&[0, 1, 2, 3, 4, 5], &[&objects[0]], 20).await;
    town.store(&[0, 1, 2, 3, 4, 5], &[&objects[1], &objects[2]], 21).await;
    for index in 0..6 {
        town.whole(index).await;
    }
    town.members[2].stop().await;
    town.members[2].lose_disk();
    // The node has forgotten the blocks, too.
    town.chain.prune();
    town.start(2).await;
    town.whole(2).await;
    let slot = town.slot(2).await;
    for object in &objects {
        assert!(town.get(2, object, slot).await.unwrap() == object.shards[usize::from(slot)]);
    }
    assert_eq!(town.members[2].store().leaf_count(20, town.group).unwrap(), 1);
    assert_eq!(town.members[2].store().leaf_count(21, town.group).unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damage_is_never_served_and_heals() {
    let town = Town::new().await;
    let object = Object::new(1, 2_000_000);
    town.store(&[0, 1, 2, 3, 4, 5], &[&object], 20).await;
    town.whole(1).await;
    let slot = town.slot(1).await;
    let key = object.key(slot);
    town.flip(1, &key, 70_000);
    let bad = town.get(1, &object, slot).await;
    assert!(matches!(bad, Err(NetError::GetRefused(GetRefusal::NotHere))), "{bad:?}");
    let metrics = town.members[1].worker().metrics().clone();
    until("the shard is healed", || metrics.healed.get() == 1).await;
    assert_eq!(metrics.corrupt_found.get(), 1);
    assert!(town.get(1, &object, slot).await.unwrap() == object.shards[usize::from(slot)]);
    assert_eq!(town.members[1].store().usage().damaged, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fails_while_rebuilding_is_in_the_list_of_jobs() {
    let town = Town::new().await;
    let object = Object::new(1, 200_000);
    town.store(&[0, 1, 2, 3, 4, 5], &[&object], 20).await;
    town.whole(1).await;
    let slot = town.slot(1).await;
    town.members[1].break_disk();
    town.flip(1, &object.key(slot), 1_000);
    assert!(town.get(1, &object, slot).await.is_err());
    let jobs = &town.members[1].worker().local().jobs;
    let reported = || {
        let rebuild = jobs.list().into_iter().find(|job| job.name == "rebuild").unwrap();
        rebuild.last_error.is_some_and(|error| error.contains("unfinished"))
    };
    until("the failure is listed", reported).await;
    assert!(jobs.is_healthy(), "a disk may be full for a while");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_scrub_finds_damage_that_nobody_reads() {
    let town = Town::with(FakeConfig::default(), |settings| {
        settings.scrub_interval = std::time::Duration::from_millis(300);
    })
    .await;
    let (flipped, cut) = (Object::new(1, 2_000_000), Object::new(2, 1_000_000));
    town.store(&[0, 1, 2, 3, 4, 5], &[&flipped, &cut], 20).await;
    town.whole(1).await;
    let slot = town.slot(1).await;
    town.flip(1, &flipped.key(slot), 900_000);
    let file = town.members[1].store().path_of(&cut.key(slot));
    std::fs::File::options().write(true).open(file).unwrap().set_len(1000).unwrap();
    let metrics = town.members[1].worker().metrics().clone();
    until("both shards are healed", || metrics.healed.get() == 2).await;
    assert_eq!(metrics.corrupt_found.get(), 2);
    for object in [&flipped, &cut] {
        assert!(town.get(1, object, slot).await.unwrap() == object.shards[usize::from(slot)]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_hears_of_no_new_block_says_so() {
    let silence = std::time::Duration::from_secs(1);
    let town = Town::with(FakeConfig::default(), |settings| settings.chain_silence = silence).await;
    let status = town.members[0].worker().status();
    let trouble = |words| status.trouble().is_some_and(|trouble| trouble.contains(words)) && !status.synced();
    until("the worker is synced", || status.synced()).await;
    town.stop_blocks();
    until("the chain that stands still is reported", || trouble("has finalized no block")).await;
    town.chain.set_unreachable(true);
    until("the node that is away is reported", || status.trouble().is_some() && !trouble("has finalized no block"))
        .await;
    assert!(!status.synced());
    town.chain.set_unreachable(false);
    until("the worker is synced again", || {
        town.chain.tick();
        status.synced() && status.trouble().is_none()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_pays_for_is_kept_as_long_as_the_receipt_is_valid() {
    let every = std::time::Duration::from_millis(200);
    let first = std::sync::atomic::AtomicBool::new(true);
    let town = Town::with(FakeConfig::default(), |settings| {
        (settings.collect_interval, settings.receipts_for) = (every, std::time::Duration::ZERO);
        settings.keep = std::time::Duration::ZERO;
        // The operators of the others do not answer for their nodes.
        settings.trust_node = first.swap(false, std::sync::atomic::Ordering::Relaxed);
    })
    .await;
    let (unpaid, paid) = (Object::new(1, 1_000_000), Object::new(2, 1000));
    let valid_until = town.valid_until().await;
    for index in [0, 1] {
        town.put(index, &unpaid).await.unwrap();
        town.sign(index, &[unpaid.entry()], 20).await.unwrap();
    }
    // Others register; who has only signed keeps what it promised.
    town.store(&[0, 1, 2, 3, 4, 5], &[&paid], 20).await;
    town.whole(0).await;
    let usage = || town.members[0].store().usage();
    assert_eq!(usage().shards, 2);
    while town.chain.best().await.unwrap().number <= valid_until {
        town.chain.tick();
    }
    let followed = || town.members.iter().all(|member| member.worker().status().followed() >= Some(valid_until));
    until("the workers have followed", followed).await;
    // The next registration has the worker look at all of its group again.
    town.store(&[0, 1, 2, 3, 4, 5], &[&Object::new(3, 1000)], 20).await;
    until("the unpaid shard is gone", || usage().shards == 2 && usage().unregistered_bytes() == 0).await;
    assert!(town.get(0, &paid, town.slot(0).await).await.is_ok());
    // On the word of a node that may lie nothing is removed; it is not offered to anybody either.
    let hearsay = || town.members[1].store().usage();
    until("the lapse is noted", || hearsay().lapsed == 1).await;
    tokio::time::sleep(10 * every).await;
    assert_eq!(hearsay().unregistered_bytes(), unpaid.entry().shard_len);
    let client = town.client.get_client(town.members[1].peer()).await.unwrap();
    assert_eq!(client.have(&[unpaid.id(), paid.id()]).await.unwrap(), [false, true]);
}
