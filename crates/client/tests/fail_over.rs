//! Publishing while members of groups are away, over a network in memory.

#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use meganet_chain_client::{At, Call, StorageCall, Until};
use meganet_chain_fake::FakeConfig;
use meganet_client::{
    PublishOptions,
    links::{LinkState, LinkStore},
    progress::{Progress, Silent, Stage},
    publish::PublishError,
};
use meganet_primitives::placement::ProfileId;
use meganet_testkit::{Faults, FaultyTown, noise};
use meganet_transfer::upload::UploadError;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use support::assert_readable;

#[tokio::test(flavor = "multi_thread")]
async fn with_n_minus_k_members_of_the_only_group_away_publishing_goes_on_in_another() {
    let mut world = FaultyTown::with(12, FakeConfig::default(), meganet_client::FetchOptions::default()).await;
    world.file("a", &noise(1, 300_000));
    world.client.publish(&world.owner, &world.site(), "home", &compact(&world), &Silent).await.unwrap();
    assert_eq!(world.chain.all_groups(At::Best).await.unwrap().len(), 1);
    world.kill(&[0, 1, 2, 3]).await;
    world.file("b", &noise(2, 300_000));
    let report = world.client.publish(&world.owner, &world.site(), "home", &compact(&world), &Silent).await.unwrap();
    assert_ne!(report.content().group, 0);
    assert!(world.chain.all_groups(At::Best).await.unwrap().len() > 1);
    assert_readable(&world, "home").await;
    // The next one knows nothing of this, finds the dead group too, and opens no further one.
    let groups = world.chain.all_groups(At::Best).await.unwrap().len();
    world.file("c", &noise(3, 300_000));
    let options = PublishOptions { state_dir: world.dir.path().join("elsewhere"), ..compact(&world) };
    world.fresh_client().publish(&world.owner, &world.site(), "home", &options, &Silent).await.unwrap();
    assert_eq!(world.chain.all_groups(At::Best).await.unwrap().len(), groups);
    assert_readable(&world, "home").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_another_group_of_the_profile_publishing_goes_on_with_a_smaller_one_unless_it_was_chosen() {
    let mut world = FaultyTown::with(12, FakeConfig::default(), meganet_client::FetchOptions::default()).await;
    world.file("a", &noise(1, 300_000));
    let report = world.client.publish(&world.owner, &world.site(), "home", &world.options(), &Silent).await.unwrap();
    assert_eq!(report.upload.unwrap().summary.profile, ProfileId::Standard);
    let open = Call::Storage(StorageCall::OpenGroup { profile: ProfileId::Compact });
    world.chain.submit(&world.owner, vec![open], Until::InBlock).await.unwrap();
    world.chain.ticks(4);
    let compact = world.chain.open_groups(ProfileId::Compact, At::Best).await.unwrap().remove(0);
    let spared: Vec<_> = compact.slots.iter().flatten().map(|member| member.peer).collect();
    assert_eq!(spared.len(), 6);
    // One more than the standard group can lose; all twelve workers sit in it, so no other one can be filled.
    let hub = world.hub.clone();
    let gone = world.workers.iter_mut().filter(|worker| !spared.contains(&worker.peer())).take(5);
    gone.for_each(|worker| worker.kill(&hub));

    world.file("b", &noise(2, 300_000));
    let standard = PublishOptions { profile: Some(ProfileId::Standard), ..world.options() };
    let chosen = world.client.publish(&world.owner, &world.site(), "home", &standard, &Silent).await.unwrap_err();
    assert!(matches!(chosen, PublishError::Upload(UploadError::NoQuorum { n: 12, .. })), "{chosen}");

    let report = world.client.publish(&world.owner, &world.site(), "home", &world.options(), &Silent).await.unwrap();
    let upload = report.upload.unwrap().summary;
    assert_eq!((upload.profile, report.content().group), (ProfileId::Compact, compact.id));
    assert!(upload.price > 0);
    assert_readable(&world, "home").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn members_that_go_before_they_sign_cost_an_upload_to_another_group() {
    let mut world = FaultyTown::with(12, FakeConfig::default(), meganet_client::FetchOptions::default()).await;
    world.file("a", &noise(1, 300_000));
    world.client.publish(&world.owner, &world.site(), "home", &compact(&world), &Silent).await.unwrap();
    for slot in 0..4 {
        world.in_slot(slot).await.faults.bad_receipts.store(true, Ordering::SeqCst);
    }
    world.file("b", &noise(2, 300_000));
    let report = world.client.publish(&world.owner, &world.site(), "home", &compact(&world), &Silent).await.unwrap();
    assert_ne!(report.content().group, 0);
    assert_readable(&world, "home").await;
}

/// Members that do not sign when receipts are collected for the first time, and do their part before and after.
struct GoOnce {
    members: Vec<Arc<Faults>>,
    gone: AtomicBool,
}

impl GoOnce {
    /// Members in these slots of the first group, which is opened here.
    async fn in_slots(world: &mut FaultyTown, slots: std::ops::Range<usize>) -> Self {
        let open = Call::Storage(StorageCall::OpenGroup { profile: ProfileId::Compact });
        world.chain.submit(&world.owner, vec![open], Until::InBlock).await.unwrap();
        world.chain.ticks(4);
        let mut members = Vec::new();
        for slot in slots {
            members.push(world.in_slot(slot).await.faults.clone());
        }
        Self { members, gone: AtomicBool::new(false) }
    }
}

impl Progress for GoOnce {
    fn begin(&self, stage: Stage, _: Option<u64>) {
        let goes = stage == Stage::Signing && !self.gone.swap(true, Ordering::SeqCst);
        self.members.iter().for_each(|member| member.bad_receipts.store(goes, Ordering::SeqCst));
    }

    fn advance(&self, _: u64) {}

    fn note(&self, _: &str) {}
}

#[tokio::test(flavor = "multi_thread")]
async fn members_that_go_before_they_sign_for_a_part_cost_an_upload_to_another_group() {
    let mut config = FakeConfig::default();
    config.slot_capacity[0] = 2 << 20;
    let mut world = FaultyTown::with(12, config, meganet_client::FetchOptions::default()).await;
    for index in 0..10_u64 {
        world.file(&format!("{index}"), &noise(index, 700_000));
    }
    let members = GoOnce::in_slots(&mut world, 0..3).await;
    let options = PublishOptions { object_len: 500_000, ..compact(&world) };
    let report = world.client.publish(&world.owner, &world.site(), "home", &options, &members).await.unwrap();
    assert_ne!(report.content().group, 0);
    assert_eq!(world.chain.all_groups(At::Best).await.unwrap().len(), 3);
    assert_readable(&world, "home").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn members_that_go_before_they_sign_leave_no_link_to_nothing() {
    let mut world = FaultyTown::with(12, FakeConfig::default(), meganet_client::FetchOptions::default()).await;
    world.file("a", &noise(1, 300_000));
    let members = GoOnce::in_slots(&mut world, 0..4).await;
    let (file, options) = (world.site().join("a"), compact(&world));
    let put = world.client.put_file(&world.owner, &file, &options, &members).await.unwrap();
    assert_ne!(put.content.group, 0);
    let links = LinkStore::at(&options.links, &world.chain.genesis(), &world.owner).all().unwrap().0;
    let kept: Vec<_> = links.iter().map(|link| (link.content, link.state)).collect();
    assert_eq!(kept, [(put.content, LinkState::Registered)]);
}

fn compact(world: &FaultyTown) -> PublishOptions {
    PublishOptions { profile: Some(ProfileId::Compact), ..world.options() }
}
