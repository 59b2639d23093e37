//! Reports of an untrusted node that it does not repeat. With real swarms.
#![allow(clippy::unwrap_used)]

use meganet_chain_fake::FakeConfig;
use meganet_testkit::town::{Object, Town, until};
use meganet_worker::store::{keys::LeafKey, records::LapseRecord};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deletions_that_are_not_reported_any_more_are_taken_back() {
    let town =
        Town::with(FakeConfig::default(), |settings| settings.collect_interval = Duration::from_millis(200)).await;
    // More than are looked at in a round.
    let objects: Vec<Object> = (0..20).map(|seed| Object::new(seed, 1000)).collect();
    let all: Vec<&Object> = objects.iter().collect();
    town.store(&[0, 1, 2, 3, 4, 5], &all, 20).await;
    town.whole(0).await;
    // As another node has reported them.
    let leaf = LeafKey { expiry: 20, group: town.group, index: 0 };
    let deleted: Vec<_> = objects.iter().map(|object| (leaf, object.id())).collect();
    let store = town.members[0].store();
    assert_eq!(store.tombstone(&deleted, LapseRecord { since: 1, block: 1 }).unwrap(), 20);
    until("all are taken back", || store.usage().lapsed == 0).await;
    let slot = town.slot(0).await;
    for object in &objects {
        assert!(town.get(0, object, slot).await.unwrap() == object.shards[usize::from(slot)]);
    }
    // The same report is news again.
    assert_eq!(store.tombstone(&deleted, LapseRecord { since: 1, block: 1 }).unwrap(), 20);
}
