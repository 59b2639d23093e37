//! Publishing, reading back, changing, failing and going on, over a network in memory.

#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use meganet_chain_client::{At, Call, ChainError, Signer, StorageCall, Until};
use meganet_chain_fake::FakeConfig;
use meganet_client::{
    Existing, FetchError, PublishOptions, PutSource, SiteError,
    names::NameError,
    progress::{Progress, Silent, Stage},
    publish::PublishError,
};
use meganet_primitives::{link::Link, placement::ProfileId};
use meganet_testkit::{FaultyTown, noise, tree, write};
use meganet_transfer::upload::UploadError;
use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use support::assert_readable;

/// A site with what people have: nested, odd names, empty files, one of several stripes.
fn fill(world: &FaultyTown) {
    world.file("index.html", b"<h1>hello</h1>");
    world.file("empty", b"");
    world.file("a/b/c/deep.txt", b"deep");
    world.file("日本語/ü ö?#%.html", "grüße".as_bytes());
    world.file("new\nline\\", b"odd");
    world.file("large.bin", &noise(1, 3_000_000));
    for index in 0..50_usize {
        world.file(&format!("many/{index}"), &noise(index as u64, index * 997));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_comes_back_whole_and_survives_the_loss_of_all_but_k() {
    let mut world = FaultyTown::start().await;
    fill(&world);
    let report = world.client.publish(&world.owner, &world.site(), "home", &world.options(), &Silent).await.unwrap();
    assert!(report.registered && !report.unchanged && report.version == 1);
    assert_eq!(report.totals.files, 56);
    let upload = report.upload.unwrap().summary;
    assert_eq!((upload.profile, upload.objects, upload.resumed), (ProfileId::Compact, 2, 0));
    assert_eq!(upload.shard_bytes, world.received());
    assert!(upload.price > 0 && report.upload.unwrap().fee > 0);
    assert_readable(&world, "home").await;

    // Any 4 of 6 may go: here those that hold the data shards.
    world.kill(&[0, 1, 2, 3]).await;
    assert_readable(&world, "home").await;

    // One more and it is an error that says who is missing.
    world.kill(&[4]).await;
    let site = world.fresh_client().open_name("home").await;
    let error = site.unwrap_err();
    assert!(matches!(error, SiteError::Fetch(FetchError::TooFewShards { have: 1, need: 2, .. })), "{error}");
    assert!(error.to_string().contains("slot 4"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn publishing_again_uploads_nothing_and_one_change_uploads_little() {
    let world = FaultyTown::start().await;
    for index in 0..1000_u64 {
        world.file(&format!("{}/{index}.html", index % 17), &noise(index, 4_000));
    }
    let publish = || async {
        world.client.publish(&world.owner, &world.site(), "thousand", &world.options(), &Silent).await.unwrap()
    };
    publish().await;
    let all = world.received();
    let again = publish().await;
    assert!(again.unchanged && again.upload.is_none() && again.version == 1);
    assert_eq!(world.received(), all);

    let before = world.client.open_name("thousand").await.unwrap();
    world.file("3/3.html", b"changed");
    let changed = publish().await;
    assert_eq!(changed.version, 2);
    assert_eq!(changed.totals.new_files, 1);
    let sent = world.received() - all;
    assert!(sent * 100 < all * 5, "one file of 1,000 took {sent} of {all} bytes");
    assert_readable(&world, "thousand").await;

    // A reader that opened the old version continues to read it.
    let old = before.read_to_vec(before.entry("3/3.html").unwrap()).await.unwrap();
    assert_eq!(old, noise(3, 4_000));
    let after = world.client.open_name("thousand").await.unwrap();
    assert_eq!(after.read_to_vec(after.entry("3/3.html").unwrap()).await.unwrap(), b"changed");

    // A fresh copy of the folder, with other times, and without what this machine remembers: nothing to do.
    let copy = world.dir.path().join("copy");
    for (path, bytes) in tree(&world.site()) {
        write(&copy, &path, &bytes);
    }
    let elsewhere = PublishOptions { state_dir: world.dir.path().join("elsewhere"), ..world.options() };
    let copied = world.client.publish(&world.owner, &copy, "thousand", &elsewhere, &Silent).await.unwrap();
    assert!(copied.unchanged);
}

#[tokio::test(flavor = "multi_thread")]
async fn corrupted_shards_are_noticed_and_read_around() {
    let mut world = FaultyTown::start().await;
    fill(&world);
    world.client.publish(&world.owner, &world.site(), "home", &world.options(), &Silent).await.unwrap();
    world.in_slot(0).await.corrupt();
    world.in_slot(3).await.corrupt();
    assert_readable(&world, "home").await;
    world.kill(&[1, 2]).await;
    assert_readable(&world, "home").await;
    // Nothing but wrong shards is an error, never wrong content.
    world.in_slot(4).await.corrupt();
    let client = world.fresh_client();
    let error = match client.open_name("home").await {
        Err(error) => error,
        Ok(site) => {
            let entry = site.entry("large.bin").unwrap().clone();
            site.read_to_vec(&entry).await.unwrap_err()
        }
    };
    assert!(error.to_string().contains("corrupted"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_member_is_overtaken() {
    let mut world = FaultyTown::start().await;
    fill(&world);
    world.client.publish(&world.owner, &world.site(), "home", &world.options(), &Silent).await.unwrap();
    // So long that a busy machine cannot be mistaken for it.
    world.in_slot(0).await.faults.get_delay.store(120_000, Ordering::SeqCst);
    let reading = tokio::time::timeout(Duration::from_secs(60), assert_readable(&world, "home"));
    reading.await.expect("reading waits for a slow member");
}

#[tokio::test(flavor = "multi_thread")]
async fn ranges_are_what_the_file_holds() {
    let world = FaultyTown::start().await;
    let content = noise(9, 1_500_000);
    world.file("a", &noise(8, 100_000));
    world.file("large", &content);
    // Objects so small that the file spans several.
    let options = PublishOptions { object_len: 400_000, ..world.options() };
    let report = world.client.publish(&world.owner, &world.site(), "home", &options, &Silent).await.unwrap();
    assert_eq!(report.upload.unwrap().summary.objects, 1 + 4 + 1);
    let site = world.client.open_name("home").await.unwrap();
    let entry = site.entry("large").unwrap().clone();
    for range in
        [0..1, 65_519..65_521, 399_999..400_001, 0..1_500_000, 1_499_999..1_500_000, 1_400_000..9_000_000, 5..5]
    {
        let mut stream = site.read(&entry, range.clone());
        let mut bytes = Vec::new();
        while let Some(part) = futures::TryStreamExt::try_next(&mut stream).await.unwrap() {
            bytes.extend_from_slice(&part);
        }
        let end = usize::try_from(range.end).unwrap().min(content.len());
        let start = usize::try_from(range.start).unwrap();
        assert!(bytes == content[start..end], "{range:?}");
    }
}

/// Stops the world once this many bytes were counted.
struct Trip {
    left: AtomicU64,
    tripped: tokio::sync::Notify,
}

impl Progress for Trip {
    fn begin(&self, _: Stage, _: Option<u64>) {}

    fn advance(&self, by: u64) {
        let before = self.left.load(Ordering::SeqCst);
        self.left.store(before.saturating_sub(by), Ordering::SeqCst);
        if before > 0 && before <= by {
            self.tripped.notify_one();
        }
    }

    fn note(&self, _: &str) {}
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_publish_goes_on_where_it_was() {
    let world = FaultyTown::start().await;
    for index in 0..20_u64 {
        world.file(&format!("{index}"), &noise(index, 250_000));
    }
    let (site, options) = (world.site(), PublishOptions { object_len: 500_000, ..world.options() });
    // Digesting counts 5 MB and so does uploading: dropped half way.
    let trip = Trip { left: AtomicU64::new(7_500_000), tripped: tokio::sync::Notify::new() };
    tokio::select! {
        biased;
        () = trip.tripped.notified() => {}
        report = world.client.publish(&world.owner, &site, "home", &options, &trip) => panic!("{report:?}"),
    }
    let half = world.received();
    assert!(half > 0);
    assert_eq!(world.chain.commitments(&world.owner.account(), At::Best).await.unwrap().len(), 1);
    // Then stopped at the last step, with all receipts at hand.
    world.chain.refuse_submissions(Some("told to"));
    let error = world.client.publish(&world.owner, &site, "home", &options, &Silent).await.unwrap_err();
    assert!(matches!(error, PublishError::Chain(ChainError::Rejected { .. })), "{error}");
    world.chain.refuse_submissions(None);
    assert_eq!(world.chain.name("home", At::Best).await.unwrap(), None, "nothing happened on the chain");
    let all = world.received();
    assert!(all < half + 3 * 5_200_000, "what was there already was not sent again");

    // The receipts are still good, so nobody needs to sign again.
    for worker in &world.workers {
        worker.faults.bad_receipts.store(true, Ordering::SeqCst);
    }
    let report = world.client.publish(&world.owner, &site, "home", &options, &Silent).await.unwrap();
    let upload = report.upload.unwrap().summary;
    assert_eq!((upload.objects, upload.resumed, upload.plain_bytes), (11, 11, 0));
    assert!(report.registered);
    assert_eq!(world.chain.commitments(&world.owner.account(), At::Best).await.unwrap(), [], "one was enough");
    assert_eq!(world.received(), all);
    assert_readable(&world, "home").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_workers_lost_meanwhile_is_uploaded_again() {
    let mut world = FaultyTown::start().await;
    for index in 0..10_u64 {
        world.file(&format!("{index}"), &noise(index, 250_000));
    }
    let open = Call::Storage(StorageCall::OpenGroup { profile: ProfileId::Compact });
    world.chain.submit(&world.owner, vec![open], Until::InBlock).await.unwrap();
    world.chain.ticks(4);
    let (site, options) = (world.site(), PublishOptions { object_len: 500_000, ..world.options() });
    world.chain.refuse_submissions(Some("told to"));
    world.client.publish(&world.owner, &site, "home", &options, &Silent).await.unwrap_err();
    world.chain.refuse_submissions(None);
    for slot in 0..3 {
        world.in_slot(slot).await.shards.lock().unwrap().clear();
    }
    let report = world.client.publish(&world.owner, &site, "home", &options, &Silent).await.unwrap();
    assert_eq!(report.upload.unwrap().summary.resumed, 0);
    assert_readable(&world, "home").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_that_fills_a_group_goes_on_in_the_next() {
    let mut config = FakeConfig::default();
    config.slot_capacity[0] = 2 << 20;
    let world = FaultyTown::with(6, config, meganet_client::FetchOptions::default()).await;
    for index in 0..10_u64 {
        world.file(&format!("{index}"), &noise(index, 700_000));
    }
    let options = PublishOptions { object_len: 500_000, ..world.options() };
    let report = world.client.publish(&world.owner, &world.site(), "home", &options, &Silent).await.unwrap();
    assert!(report.upload.unwrap().summary.objects > 14);
    assert_eq!(world.chain.all_groups(At::Best).await.unwrap().len(), 2);
    assert_readable(&world, "home").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_slow_and_full_members_are_left_out() {
    let mut world = FaultyTown::start().await;
    world.file("a", &noise(1, 100));
    world.client.publish(&world.owner, &world.site(), "home", &world.options(), &Silent).await.unwrap();
    world.kill(&[5]).await;
    // 20 chunks of three seconds each.
    world.in_slot(4).await.faults.put_delay.store(3_000, Ordering::SeqCst);
    world.file("b", &noise(2, 2_600_000));
    let before = world.in_slot(4).await.received.load(Ordering::SeqCst);
    world.client.publish(&world.owner, &world.site(), "home", &world.options(), &Silent).await.unwrap();
    let received = world.in_slot(4).await.received.load(Ordering::SeqCst) - before;
    assert!(received < 1_300_000, "publishing has waited for all {received} bytes of a slow member");
    world.in_slot(4).await.faults.put_delay.store(1_000, Ordering::SeqCst);
    assert_readable(&world, "home").await;

    // One more without room, and there is no quorum; the site is as it was.
    world.in_slot(3).await.faults.full.store(true, Ordering::SeqCst);
    world.file("c", &noise(3, 10_000));
    let (before, site) = (world.chain.name("home", At::Best).await.unwrap(), world.site());
    world.in_slot(2).await.faults.full.store(true, Ordering::SeqCst);
    let error = world.client.publish(&world.owner, &site, "home", &world.options(), &Silent).await.unwrap_err();
    assert!(matches!(error, PublishError::Upload(UploadError::NoQuorum { need: 4, n: 6, .. })), "{error}");
    let text = error.to_string();
    assert!(text.contains("too few workers for a quorum") && text.contains("slot 3"), "{text}");
    assert_eq!(world.chain.name("home", At::Best).await.unwrap(), before);
    fs::remove_file(site.join("c")).unwrap();
    assert_readable(&world, "home").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_receipts_are_not_paid_for() {
    let mut world = FaultyTown::start().await;
    world.file("a", &noise(1, 100));
    for slot in 0..2 {
        world.workers[slot].faults.bad_receipts.store(true, Ordering::SeqCst);
    }
    world.client.publish(&world.owner, &world.site(), "home", &world.options(), &Silent).await.unwrap();
    world.in_slot(0).await;
    for worker in &world.workers {
        worker.faults.bad_receipts.store(true, Ordering::SeqCst);
    }
    world.file("b", &noise(2, 100));
    let error = world.client.publish(&world.owner, &world.site(), "home", &world.options(), &Silent).await.unwrap_err();
    assert!(error.to_string().contains("another worker, or not for this chain"), "{error}");
    assert_eq!(world.chain.name("home", At::Best).await.unwrap().unwrap().version, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_obstacle_is_told_before_anything_is_sent() {
    let world = FaultyTown::start().await;
    world.file("a", b"a");
    let (site, options) = (world.site(), world.options());
    let publish = |signer: Signer, label: &'static str, options: PublishOptions| {
        let (client, site) = (world.client.clone(), site.clone());
        async move { client.publish(&signer, &site, label, &options, &Silent).await.unwrap_err() }
    };
    let owner = world.owner.clone();
    let stranger = Signer::from_suri("//Stranger").unwrap();
    world.chain.fund(stranger.account(), 1_000_000_000_000_000);

    let bad = publish(owner.clone(), "-bad-", options.clone()).await;
    assert!(matches!(bad, PublishError::Name(NameError::Label { .. })), "{bad}");
    world.chain.add_name(stranger.account(), "modern");
    let taken = publish(owner.clone(), "modern", options.clone()).await;
    assert!(matches!(taken, PublishError::Name(NameError::NotYours { .. })), "{taken}");
    let below = publish(owner.clone(), "blog.modern", options.clone()).await;
    assert!(matches!(below, PublishError::Name(NameError::NotYours { .. })), "{below}");
    let alike = publish(owner.clone(), "rnodem", options.clone()).await;
    assert!(alike.to_string().contains("looks like modern"), "{alike}");
    let reserved = publish(owner.clone(), "meganet", options.clone()).await;
    assert!(matches!(reserved, PublishError::Name(NameError::Reserved { .. })), "{reserved}");
    let nowhere = publish(owner.clone(), "blog.free", options.clone()).await;
    assert!(matches!(nowhere, PublishError::NotRegistered { .. }), "{nowhere}");
    let unregistered = publish(owner.clone(), "free", PublishOptions { register: false, ..options.clone() }).await;
    assert!(matches!(unregistered, PublishError::NotRegistered { .. }), "{unregistered}");
    let epochs = publish(owner.clone(), "free", PublishOptions { epochs: Some(10_000), ..options.clone() }).await;
    assert!(matches!(epochs, PublishError::Epochs { .. }), "{epochs}");
    let poor = Signer::from_suri("//Poor").unwrap();
    let funds = publish(poor, "free", options.clone()).await;
    assert!(matches!(funds, PublishError::Chain(ChainError::InsufficientFunds { .. })), "{funds}");
    let wide = PublishOptions { profile: Some(ProfileId::Standard), ..options.clone() };
    let few = publish(owner.clone(), "free", wide).await;
    assert!(few.to_string().contains("too few workers for a quorum"), "{few}");
    world.chain.set_unreachable(true);
    let node = publish(owner.clone(), "free", options.clone()).await;
    assert!(matches!(node, PublishError::Chain(ChainError::NodeUnreachable { .. })), "{node}");
    world.chain.set_unreachable(false);
    assert_eq!(world.received(), 0);
    assert_eq!(world.chain.name("free", At::Best).await.unwrap(), None);
    assert_eq!(world.chain.all_groups(At::Best).await.unwrap(), []);
    assert_eq!(world.chain.commitments(&owner.account(), At::Best).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_becomes_a_link_and_comes_back() {
    let world = FaultyTown::start().await;
    let content = noise(5, 777_777);
    world.file("holiday photo.jpg", &content);
    let file = world.site().join("holiday photo.jpg");
    let report = world.client.put_file(&world.owner, &file, &world.options(), &Silent).await.unwrap();
    assert_eq!(report.size, 777_777);
    let text = report.link.to_string();
    let link: Link = text.parse().unwrap();
    let site = world.fresh_client().open_link(&link).await.unwrap();
    let entry = site.one_entry("").unwrap();
    assert_eq!(entry.path, "holiday photo.jpg");
    let out = world.dir.path().join("out.jpg");
    site.get(entry, &out, Existing::Refuse, &Silent).await.unwrap();
    assert!(fs::read(&out).unwrap() == content);

    let Link::Object { object, group, sealed_len, key } = link else { panic!() };
    let client = world.fresh_client();
    let keyless = Link::Object { object, group, sealed_len, key: None };
    assert!(matches!(client.open_link(&keyless).await, Err(SiteError::Fetch(FetchError::NoKey { .. }))));
    let other = meganet_primitives::content::ReadKey([1; 32]);
    let wrong_key = Link::Object { object, group, sealed_len, key: Some(other) };
    assert!(matches!(client.open_link(&wrong_key).await, Err(SiteError::Fetch(FetchError::Open(_)))));
    let wrong_len = Link::Object { object, group, sealed_len: sealed_len + 1, key };
    assert!(matches!(client.open_link(&wrong_len).await, Err(SiteError::Fetch(FetchError::WrongReference { .. }))));
    let mut mistyped = text.into_bytes();
    let last = mistyped.len() - 1;
    mistyped[last] = if mistyped[last] == b'a' { b'b' } else { b'a' };
    assert!(String::from_utf8(mistyped).unwrap().parse::<Link>().is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_stored_once_under_the_chosen_name() {
    let world = FaultyTown::start().await;
    let content = noise(6, 300_000);
    let spooled = |file: &str| {
        let spool = world.dir.path().join(file);
        fs::write(&spool, &content).unwrap();
        PutSource::Stream { spool, name: "dump.sql".to_owned() }
    };
    let first = world.client.put(&world.owner, &spooled("one"), &world.options(), &Silent).await.unwrap();
    // Its link has not been shown.
    let second = world.client.put(&world.owner, &spooled("two"), &world.options(), &Silent).await.unwrap();
    assert_eq!(second.link.to_string(), first.link.to_string());
    assert!(first.upload.is_some() && second.upload.is_none());
    let site = world.fresh_client().open_link(&first.link).await.unwrap();
    let entry = site.one_entry("").unwrap();
    assert_eq!((entry.path.as_str(), entry.mtime), ("dump.sql", 0));
    assert!(site.read_to_vec(entry).await.unwrap() == content);
}

#[tokio::test(flavor = "multi_thread")]
async fn any_shard_can_be_rebuilt_from_the_others() {
    use futures::TryStreamExt;
    let mut world = FaultyTown::start().await;
    world.file("a", &noise(1, 1_234_567));
    let report = world.client.publish(&world.owner, &world.site(), "home", &world.options(), &Silent).await.unwrap();
    let site = world.client.open_name("home").await.unwrap();
    let data = site.manifest().objects[0];
    for slot in [0_u8, 5] {
        let worker = world.in_slot(slot.into()).await;
        let lost = worker.shards.lock().unwrap().remove(&data.object).unwrap();
        let client = world.fresh_client();
        let object = client.network().object(data.group, data.object).await.unwrap();
        let rebuilt: Vec<_> = client.network().rebuild_shard(object.clone(), slot).try_collect().await.unwrap();
        assert!(rebuilt.concat() == lost.bytes);
        // Also a part: the first stripe, some, the last, and none.
        let chunks: Vec<&[u8]> = lost.bytes.chunks(64 << 10).collect();
        let last = chunks.len() - 1;
        for part in [0..1, 1..4, last..chunks.len(), last..last] {
            let stripes = u64::try_from(part.start).unwrap()..u64::try_from(part.end).unwrap();
            let rebuilt = client.network().rebuild_stripes(object.clone(), slot, stripes);
            let rebuilt: Vec<_> = rebuilt.try_collect().await.unwrap();
            assert!(rebuilt.concat() == chunks[part].concat());
        }
        let shards = world.in_slot(slot.into()).await.shards.clone();
        shards.lock().unwrap().insert(data.object, lost);
    }
    // Also while a source is wrong; with too few it says so.
    world.in_slot(1).await.corrupt();
    world.kill(&[2, 3]).await;
    let client = world.fresh_client();
    let object = client.network().object(data.group, data.object).await.unwrap();
    let rebuilt: Vec<_> = client.network().rebuild_shard(object.clone(), 0).try_collect().await.unwrap();
    assert_eq!(rebuilt.concat().len() as u64, object.layout().shard_len());
    world.kill(&[4]).await;
    let error = client.network().rebuild_shard(object, 0).try_collect::<Vec<_>>().await.unwrap_err();
    assert!(matches!(error, FetchError::TooFewShards { .. }), "{error}");
    assert_eq!(report.content().group, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_share_one_network_without_mixing_anything_up() {
    let world = FaultyTown::start().await;
    fill(&world);
    world.client.publish(&world.owner, &world.site(), "home", &world.options(), &Silent).await.unwrap();
    let site = Arc::new(world.fresh_client().open_name("home").await.unwrap());
    let mut readers = tokio::task::JoinSet::new();
    for round in 0..3 {
        for (path, bytes) in tree(&world.site()) {
            let site = site.clone();
            readers.spawn(async move {
                let entry = site.entry(&path).unwrap().clone();
                assert!(site.read_to_vec(&entry).await.unwrap() == bytes, "{round} {path}");
            });
        }
    }
    while let Some(done) = readers.join_next().await {
        done.unwrap();
    }
}
