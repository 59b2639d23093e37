//! Registering, publishing under names that others own, names below names, and names that lapse, over a network in memory.

#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use meganet_chain_client::{At, Call, ChainError, MEGA, NameCall, Signer, StorageCall, Until};
use meganet_chain_fake::{FakeChain, FakeConfig};
use meganet_client::{
    FetchOptions, PublishOptions, SiteError,
    names::{NameError, NameRegistration, NameTerms, foreign::read_uri},
    progress::Silent,
    publish::PublishError,
    resolve::{NotASite, ResolveError},
};
use meganet_primitives::{content::NameContent, name::NameStatus};
use meganet_testkit::FaultyTown;
use std::{fs, path::Path, sync::atomic::Ordering, time::Duration};
use support::Waiting;
use tempfile::TempDir;
use tokio::task::JoinHandle;

/// A chain that makes blocks, somebody with money, and a disk.
struct Town {
    chain: FakeChain,
    alice: Signer,
    disk: TempDir,
    ticking: JoinHandle<()>,
}

impl Drop for Town {
    fn drop(&mut self) {
        self.ticking.abort();
    }
}

fn rich(chain: &FakeChain, suri: &str) -> Signer {
    let signer = Signer::from_suri(suri).unwrap();
    chain.fund(signer.account(), 10_000 * MEGA);
    signer
}

impl Town {
    fn with(change: impl FnOnce(&mut FakeConfig)) -> Self {
        let mut config = FakeConfig::default();
        change(&mut config);
        let chain = FakeChain::new(config);
        let alice = rich(&chain, "//Alice");
        let ticking = chain.start(Duration::from_millis(5));
        Self { chain, alice, disk: tempfile::tempdir().unwrap(), ticking }
    }

    async fn open(&self, label: &str, terms: NameTerms) -> Result<NameRegistration<'_>, NameError> {
        NameRegistration::open(&*self.chain, &self.alice, self.disk.path(), label, terms, &Silent).await
    }

    async fn commitments(&self) -> usize {
        self.chain.commitments(&self.alice.account(), At::Best).await.unwrap().len()
    }

    async fn held(&self) -> u128 {
        self.chain.balance(&self.alice.account(), At::Best).await.unwrap().held
    }

    fn deposit(&self) -> u128 {
        self.chain.config().names.deposit
    }

    /// Files of registrations, locks aside.
    fn files(&self) -> usize {
        let listed = walkdir::WalkDir::new(self.disk.path()).into_iter().map(Result::unwrap);
        listed.filter(|entry| entry.file_type().is_file() && entry.path().extension().is_none()).count()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_registered_on_the_terms_that_were_agreed_to() {
    let town = Town::with(|_| {});
    let terms = NameTerms { years: 3, ..NameTerms::default() };
    let registered = town.open("alice-site", terms).await.unwrap().register(Until::Finalized).await.unwrap();
    assert_eq!(registered.quote.rent, 3 * MEGA);
    let info = town.chain.name("alice-site", At::Finalized).await.unwrap().unwrap();
    assert_eq!((info.owner, info.expires - info.registered), (town.alice.account(), 3_000_000));
    assert_eq!((town.commitments().await, town.held().await, town.files()), (0, town.deposit(), 0));
    let again = town.open("alice-site", terms).await.err().unwrap();
    assert!(matches!(again, NameError::AlreadyYours { .. }), "{again}");
    for (terms, label) in [(NameTerms { years: 0, ..terms }, "other"), (NameTerms { years: 11, ..terms }, "other")] {
        assert!(matches!(town.open(label, terms).await, Err(NameError::Years(_))));
    }
    let cheap = NameTerms { years: 1, max_price: Some(MEGA / 2) };
    assert!(matches!(town.open("other-name", cheap).await, Err(NameError::TooDear { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_interrupted_goes_on() {
    let town = Town::with(|_| {});
    let mut first = town.open("alice", NameTerms::default()).await.unwrap();
    let busy = town.open("alice", NameTerms::default()).await.err().unwrap();
    assert!(matches!(busy, NameError::Busy(_)), "{busy}");
    first.commit().await.unwrap();
    let made = town.chain.commitments(&town.alice.account(), At::Best).await.unwrap();
    drop(first);
    assert_eq!((made.len(), town.files()), (1, 1));
    let submitted = town.chain.submissions();
    town.open("alice", NameTerms::default()).await.unwrap().register(Until::InBlock).await.unwrap();
    assert_eq!(town.chain.submissions(), submitted + 1, "the commitment that was there was used");
    assert_eq!((town.commitments().await, town.files()), (0, 0));

    // The disk is lost between: the account alone finds its secret again.
    town.open("bakery", NameTerms::default()).await.unwrap().commit().await.unwrap();
    for entry in fs::read_dir(town.disk.path()).unwrap() {
        fs::remove_dir_all(entry.unwrap().path()).unwrap();
    }
    let submitted = town.chain.submissions();
    town.open("bakery", NameTerms::default()).await.unwrap().register(Until::InBlock).await.unwrap();
    assert_eq!(town.chain.submissions(), submitted + 1);

    // Registered, and ended before that was noted.
    let mut third = town.open("cinema", NameTerms::default()).await.unwrap();
    let call = third.ready().await.unwrap().unwrap();
    town.chain.submit(&town.alice, vec![call], Until::InBlock).await.unwrap();
    drop(third);
    assert_eq!(town.files(), 1);
    town.open("cinema", NameTerms::default()).await.unwrap().register(Until::InBlock).await.unwrap();
    assert_eq!((town.files(), town.held().await), (0, 3 * town.deposit()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commitment_that_became_too_old_is_replaced_by_itself() {
    let town = Town::with(|config| config.names.max_commit_age = 20);
    town.open("alice", NameTerms::default()).await.unwrap().commit().await.unwrap();
    town.chain.ticks(30);
    town.open("alice", NameTerms::default()).await.unwrap().register(Until::InBlock).await.unwrap();
    assert_eq!(town.chain.name("alice", At::Best).await.unwrap().unwrap().owner, town.alice.account());
    assert_eq!((town.commitments().await, town.held().await), (0, town.deposit()), "the old one was taken back");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_too_late_gets_the_deposit_back() {
    let town = Town::with(|_| {});
    town.open("alice", NameTerms::default()).await.unwrap().commit().await.unwrap();
    let bob = rich(&town.chain, "//Bob");
    town.chain.add_name(bob.account(), "alice");
    let error = town.open("alice", NameTerms::default()).await.err().unwrap();
    assert!(matches!(error, NameError::Taken { .. }), "{error}");
    assert_eq!((town.commitments().await, town.held().await, town.files()), (0, 0, 0));
    let alike = town.open("a1ice", NameTerms::default()).await.err().unwrap();
    assert!(matches!(&alike, NameError::LooksLikeAnother { like: Some(like), .. } if like == "alice"), "{alike}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_premium_is_paid_only_by_who_agreed_to_it() {
    let town = Town::with(|config| {
        config.names.year = 10;
        config.names.grace = 10;
        config.names.premium = 10_000;
        config.names.halving = 5_000;
    });
    town.chain.add_name([9; 32], "alice");
    town.chain.ticks(25);
    let error = town.open("alice", NameTerms::default()).await.err().unwrap();
    let NameError::TooDear { premium, .. } = &error else { panic!("{error}") };
    assert!(*premium > 600 * MEGA && error.to_string().contains("--max-price"), "{error}");
    let max_price = Some(2_000 * MEGA);
    let agreed = NameTerms { max_price, ..NameTerms::default() };
    town.open("alice", agreed).await.unwrap().register(Until::InBlock).await.unwrap();
    assert_eq!(town.chain.name("alice", At::Best).await.unwrap().unwrap().owner, town.alice.account());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_cannot_pay_is_told_before_anything_is_spent() {
    let town = Town::with(|_| {});
    let poor = Signer::from_suri("//Poor").unwrap();
    town.chain.fund(poor.account(), 5 * MEGA);
    let opened =
        NameRegistration::open(&*town.chain, &poor, town.disk.path(), "alice", NameTerms::default(), &Silent).await;
    let error = opened.err().unwrap();
    assert!(matches!(&error, NameError::Chain(ChainError::InsufficientFunds { .. })), "{error}");
    let said = error.to_string();
    assert!(said.contains("20.1 MEGA for the name alice (10 MEGA of rent, and deposits), plus fees"), "{said}");
    assert!(town.chain.commitments(&poor.account(), At::Best).await.unwrap().is_empty());
}

async fn publish(
    world: &FaultyTown,
    signer: &Signer,
    site: &Path,
    name: &str,
) -> Result<meganet_client::PublishReport, PublishError> {
    world.client.publish(signer, site, name, &world.options(), &Silent).await
}

async fn index(world: &FaultyTown, name: &str) -> Result<Vec<u8>, SiteError> {
    let site = world.fresh_client().open_name(name).await?;
    let entry = site.entry("index.html").unwrap().clone();
    site.read_to_vec(&entry).await
}

#[tokio::test(flavor = "multi_thread")]
async fn delegates_publish_and_names_below_names_have_their_own() {
    let world = FaultyTown::start().await;
    let (robot, friend, stranger) =
        (rich(&world.chain, "//Robot"), rich(&world.chain, "//Friend"), rich(&world.chain, "//Stranger"));
    world.file("index.html", b"one");
    publish(&world, &world.owner, &world.site(), "home").await.unwrap();
    let submit = |call: Call| async { world.chain.submit(&world.owner, vec![call], Until::Finalized).await.unwrap() };
    submit(Call::Name(NameCall::SetDelegate { label: "home".into(), delegate: robot.account(), allowed: true })).await;

    world.file("index.html", b"two");
    let refused = publish(&world, &stranger, &world.site(), "home").await.unwrap_err();
    assert!(matches!(refused, PublishError::Name(NameError::NotYours { .. })), "{refused}");
    let report = publish(&world, &robot, &world.site(), "home").await.unwrap();
    assert_eq!((report.version, report.registered), (2, false));
    assert_eq!(index(&world, "home").await.unwrap(), b"two");

    world.file("index.html", b"blog");
    assert!(matches!(index(&world, "blog.home").await, Err(SiteError::Name(NotASite::NoSuchName { .. }))));
    publish(&world, &robot, &world.site(), "blog.home").await.unwrap();
    assert_eq!(index(&world, "blog.home").await.unwrap(), b"blog");
    assert_eq!(index(&world, "home").await.unwrap(), b"two");
    let call = Call::Name(NameCall::SetSubnameDelegate {
        label: "home".into(),
        sub: "blog".into(),
        delegate: Some(friend.account()),
    });
    submit(call).await;
    world.file("index.html", b"blog by a friend");
    let report = publish(&world, &friend, &world.site(), "blog.home").await.unwrap();
    assert_eq!(report.version, 2);
    assert_eq!(index(&world, "blog.home").await.unwrap(), b"blog by a friend");
    let refused = publish(&world, &friend, &world.site(), "home").await.unwrap_err();
    assert!(matches!(refused, PublishError::Name(NameError::NotYours { .. })), "{refused}");
    let again = publish(&world, &friend, &world.site(), "blog.home").await.unwrap();
    assert!(again.unchanged);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_brings_the_site_before_back() {
    let world = FaultyTown::start().await;
    for content in [b"first", b"wrong"] {
        world.file("index.html", content);
        publish(&world, &world.owner, &world.site(), "home").await.unwrap();
    }
    assert_eq!(index(&world, "home").await.unwrap(), b"wrong");
    let back = Call::Name(NameCall::Rollback { label: "home".into(), version: 1 });
    world.chain.submit(&world.owner, vec![back], Until::Finalized).await.unwrap();
    assert_eq!(index(&world, "home").await.unwrap(), b"first");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_says_why_it_opens_nothing() {
    let mut config = FakeConfig::default();
    config.names.year = 3_000;
    config.names.grace = 10;
    config.names.premium = 20_000;
    config.names.halving = 10_000;
    let world = FaultyTown::with(6, config, FetchOptions::default()).await;
    world.file("index.html", b"hello");
    publish(&world, &world.owner, &world.site(), "home").await.unwrap();
    assert!(matches!(index(&world, "nobody").await, Err(SiteError::Name(NotASite::NoSuchName { .. }))));
    assert!(matches!(index(&world, "no.body.here").await, Err(SiteError::Resolve(ResolveError::Name(_)))));
    let set = |content| Call::Name(NameCall::SetContent { label: "home".into(), content });
    let ipfs = read_uri("ipfs://QmRAQB6YaCyidP37UdDnjFY5vQuiBrcqdyoW1CuDgwxkD4").unwrap();
    let foreign = Some(NameContent::Foreign(ipfs.clone()));
    world.chain.submit(&world.owner, vec![set(foreign)], Until::Finalized).await.unwrap();
    let error = index(&world, "home").await.unwrap_err();
    assert!(matches!(&error, SiteError::Name(NotASite::Foreign { reference, .. }) if *reference == ipfs), "{error}");
    assert!(error.to_string().contains("ipfs://bafy"), "{error}");
    world.chain.submit(&world.owner, vec![set(None)], Until::Finalized).await.unwrap();
    assert!(matches!(index(&world, "home").await, Err(SiteError::Name(NotASite::NoContent { .. }))));

    // A site is published over what was foreign, and is gone when the name lapses.
    publish(&world, &world.owner, &world.site(), "home").await.unwrap();
    assert_eq!(index(&world, "home").await.unwrap(), b"hello");
    while world.chain.name("home", At::Finalized).await.unwrap().unwrap().status != NameStatus::Premium {
        world.chain.ticks(200);
    }
    let error = index(&world, "home").await.unwrap_err();
    assert!(matches!(error, SiteError::Name(NotASite::Lapsed { .. })), "{error}");
    let dear = publish(&world, &world.owner, &world.site(), "home").await.unwrap_err();
    assert!(matches!(dear, PublishError::Name(NameError::TooDear { .. })), "{dear}");
    world.chain.fund(world.owner.account(), 10_000 * MEGA);
    let terms = NameTerms { years: 1, max_price: Some(5_000 * MEGA) };
    let options = PublishOptions { terms, ..world.options() };
    let report = world.client.publish(&world.owner, &world.site(), "home", &options, &Silent).await.unwrap();
    assert_eq!((report.registered, report.version), (true, 1));
    assert_eq!(index(&world, "home").await.unwrap(), b"hello");
}

/// Ended when the chain had the transaction and no block did: the next run waits for it and finds the name its own, with the site.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_submitted_already_is_not_paid_for_twice() {
    let world = FaultyTown::start().await;
    world.file("index.html", b"hello");
    let open = Call::Storage(StorageCall::OpenGroup { profile: meganet_primitives::placement::ProfileId::Compact });
    world.chain.submit(&world.owner, vec![open], Until::InBlock).await.unwrap();
    // The commitment is made and old enough, and then no block takes anything.
    let (site, options) = (world.site(), world.options());
    let root = &options.registrations;
    let registering = NameRegistration::open(&*world.chain, &world.owner, root, "home", NameTerms::default(), &Silent);
    registering.await.unwrap().ready().await.unwrap();
    world.chain.set_full(true);
    let before = world.chain.submissions();
    let publishing = world.client.publish(&world.owner, &site, "home", &options, &Silent);
    tokio::select! {
        report = publishing => panic!("{report:?}"),
        () = async {
            while world.chain.submissions() == before {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        } => {}
    }
    let waiting = Waiting::default();
    let again = world.client.publish(&world.owner, &site, "home", &options, &waiting);
    let (report, ()) = tokio::join!(again, async {
        while !waiting.0.load(Ordering::SeqCst) && world.chain.submissions() < before + 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        world.chain.set_full(false);
    });
    let report = report.unwrap();
    assert_eq!((report.version, report.registered, report.block), (1, true, None));
    assert_eq!(index(&world, "home").await.unwrap(), b"hello");
    assert_eq!(world.chain.name("home", At::Best).await.unwrap().unwrap().version, 1);
    assert_eq!(world.chain.stats(At::Best).await.unwrap().totals.batches, 1);
}

/// Interrupted after the commitment was submitted and before a block had it: the next run submits it again, and both arrive.
#[tokio::test(flavor = "multi_thread")]
async fn a_commitment_that_was_submitted_twice_registers_once() {
    let world = FaultyTown::start().await;
    let options = world.options();
    let open = || {
        let (root, terms) = (&options.registrations, NameTerms::default());
        NameRegistration::open(&*world.chain, &world.owner, root, "home", terms, &Silent)
    };
    let chain = &world.chain;
    let submitted = |count| async move {
        while chain.submissions() < count {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    world.chain.set_full(true);
    let before = world.chain.submissions();
    let mut first = open().await.unwrap();
    tokio::select! {
        result = first.commit() => panic!("{result:?}"),
        () = submitted(before + 1) => {}
    }
    drop(first);
    let again = open().await.unwrap();
    let (registered, ()) = tokio::join!(again.register(Until::InBlock), async {
        submitted(before + 2).await;
        world.chain.set_full(false);
    });
    registered.unwrap();
    assert_eq!(world.chain.name("home", At::Best).await.unwrap().unwrap().owner, world.owner.account());
}
