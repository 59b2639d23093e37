//! Uploads: whose are taken, and what becomes of those that nothing promises. With real swarms.
#![allow(clippy::unwrap_used)]

use meganet_chain_client::{MEGA, Signer};
use meganet_chain_fake::FakeConfig;
use meganet_net::{NetError, Protocol, PutClient, Refusal, SignBatch, UploadAccount};
use meganet_primitives::receipt::{PeerKey, upload_signed_bytes};
use meganet_testkit::town::{Object, Town, until};
use meganet_worker::{
    clock::{Clock, SystemClock},
    service::space::Room,
    status::Space,
    store::records::ObjectRecord,
};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;

const SOON: Duration = Duration::from_millis(200);
const DAY: u64 = 24 * 3600;

fn refusal<T: std::fmt::Debug>(result: Result<T, NetError>) -> Refusal {
    match result {
        Err(NetError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

/// A put stream to the first member, in the name of an account.
async fn putting(town: &Town, account: &Signer) -> PutClient {
    let mut client = town.client.put_client(town.members[0].peer()).await.unwrap();
    let signature = account.sign(&upload_signed_bytes(&town.chain.genesis(), &town.client.local_key()));
    client.authorize(UploadAccount { account: account.account(), signature }).await.unwrap();
    client
}

async fn put(town: &Town, client: &mut PutClient, object: &Object) -> Result<(), NetError> {
    let slot = town.slot(0).await;
    let mut writer = client.begin(object.open(town.group, slot)).await?;
    writer.write(&object.shards[usize::from(slot)]).await?;
    writer.finish(object.encoded.header, &object.encoded.shard_roots).await.map(drop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uploads_need_an_account_that_has_signed_and_can_pay() {
    let town = Town::new().await;
    let object = Object::new(1, 1000);
    let slot = town.slot(0).await;
    let open = object.open(town.group, slot);
    let mut client = town.client.put_client(town.members[0].peer()).await.unwrap();
    assert_eq!(refusal(client.begin(open).await.map(drop)), Refusal::Unsigned);
    let forged = UploadAccount { account: town.owner.account(), signature: [1; 64] };
    assert_eq!(refusal(client.authorize(forged).await), Refusal::Unsigned);
    assert_eq!(refusal(client.begin(open).await.map(drop)), Refusal::Unsigned);

    let poor = Signer::from_suri("//Poor").unwrap();
    let mut client = putting(&town, &poor).await;
    assert_eq!(refusal(client.begin(open).await.map(drop)), Refusal::NoFunds);
    let batch = SignBatch {
        group: town.group,
        slot,
        expiry: 20,
        owner: poor.account(),
        valid_until: town.valid_until().await,
        entries: vec![object.entry()],
    };
    assert_eq!(refusal(client.sign(batch.clone()).await), Refusal::NoFunds);
    // The owner could pay, but has not signed for this stream.
    let of_owner = SignBatch { owner: town.owner.account(), ..batch };
    assert_eq!(refusal(client.sign(of_owner).await), Refusal::Unsigned);
    assert_eq!(town.members[0].store().usage().shards, 0);
    // Money that comes in counts a moment later.
    town.chain.fund(poor.account(), MEGA);
    let begun = Instant::now();
    while let Err(error) = put(&town, &mut client, &object).await {
        assert!(begun.elapsed() < Duration::from_secs(60), "{error}");
        tokio::time::sleep(SOON).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_staging_is_full_old_shards_without_a_receipt_make_way() {
    let town = Town::with(FakeConfig::default(), |settings| {
        (settings.staging, settings.displace_after) = (3 << 20, Duration::ZERO);
    })
    .await;
    let squatter = Signer::from_suri("//Squatter").unwrap();
    town.chain.fund(squatter.account(), MEGA);
    let mut client = putting(&town, &squatter).await;
    let (first, second) = (Object::new(1, 5_000_000), Object::new(2, 3_000_000));
    put(&town, &mut client, &first).await.unwrap();
    // 2.5 MB of 3 MiB are taken, and this one has 1.5 MB.
    town.put(0, &second).await.unwrap();
    let (store, slot) = (town.members[0].store(), town.slot(0).await);
    assert!(store.shard(&first.key(slot)).unwrap().is_none());
    // With its receipt it makes way for nobody.
    town.sign(0, &[second.entry()], 20).await.unwrap();
    let refused = refusal(put(&town, &mut client, &first).await);
    assert!(matches!(refused, Refusal::UploadsFull { .. }), "{refused:?}");
    assert!(store.shard(&second.key(slot)).unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_publisher_is_told_that_the_disk_is_full_and_not_the_slot() {
    let town = Town::new().await;
    let full = Space { free: 1 << 20, reserve: 64 << 20, room: Room::Full };
    // The worker looks at its disk every few seconds, and may do so just before an upload.
    for seed in 1..=3 {
        town.members[0].worker().status().set_space(full);
        if let Err(error) = town.put(0, &Object::new(seed, 1000)).await {
            assert!(matches!(error, NetError::Refused(Refusal::DiskFull { free: 0 })), "{error}");
            return;
        }
    }
    panic!("the worker takes shards onto a full disk");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uploads_have_some_time_before_they_make_way() {
    let town = Town::with(FakeConfig::default(), |settings| settings.staging = 3 << 20).await;
    let squatter = Signer::from_suri("//Squatter").unwrap();
    town.chain.fund(squatter.account(), MEGA);
    let mut client = putting(&town, &squatter).await;
    let (first, second) = (Object::new(1, 5_000_000), Object::new(2, 3_000_000));
    put(&town, &mut client, &first).await.unwrap();
    let refused = refusal(town.put(0, &second).await);
    assert!(matches!(refused, Refusal::UploadsFull { .. }), "{refused:?}");
    assert_eq!(town.members[0].store().usage().shards, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_start_nothing_is_too_old_yet() {
    let short = std::sync::atomic::AtomicBool::new(true);
    let town = Town::with(FakeConfig::default(), |settings| {
        settings.collect_interval = SOON;
        if short.swap(false, std::sync::atomic::Ordering::Relaxed) {
            settings.staged_for = Duration::from_secs(1);
        }
    })
    .await;
    // As a worker leaves them that had a wrong clock, or starts with one.
    let object = Object::new(1, 1_000_000);
    for index in [0, 1] {
        let (store, slot) = (town.members[index].store(), town.slot(index).await);
        let bytes = &object.shards[usize::from(slot)];
        let mut shard = store.begin(object.entry().shard_len).unwrap();
        shard.write(bytes).unwrap();
        let record = ObjectRecord { header: object.encoded.header, roots: object.encoded.shard_roots.clone() };
        let (by, then) = ((town.owner.account(), PeerKey([1; 32])), SystemClock.now() - 2 * DAY);
        let shard = shard.finish().unwrap();
        store.commit_upload(shard, &object.key(slot), &record, town.group, by, then).unwrap();
    }
    let shards = |index: usize| town.members[index].store().usage().shards;
    until("it is gone where it had its second since the start", || shards(0) == 0).await;
    // Several rounds of collecting later.
    tokio::time::sleep(10 * SOON).await;
    assert_eq!(shards(1), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_that_break_the_protocol_are_counted() {
    let town = Town::new().await;
    let metrics = town.members[0].worker().metrics().clone();
    let mut open = Vec::new();
    for (protocol, count) in [(Protocol::Put, 1), (Protocol::Get, 2)] {
        let mut io = town.client.transport().open(town.members[0].peer(), protocol).await.unwrap();
        io.write_all(&[0xff; 16]).await.unwrap();
        io.flush().await.unwrap();
        open.push(io);
        until("the stream is counted", || metrics.malformed.get() == count).await;
    }
    // Ending early is no offence.
    let mut io = town.client.transport().open(town.members[0].peer(), Protocol::Put).await.unwrap();
    io.write_all(&[0]).await.unwrap();
    io.flush().await.unwrap();
    drop(io);
    let object = Object::new(1, 1000);
    town.put(0, &object).await.unwrap();
    assert_eq!(metrics.malformed.get(), 2);
}
