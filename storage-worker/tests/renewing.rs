//! Automatic renewal, with real workers on the loopback interface and a chain in memory.
#![allow(clippy::unwrap_used)]

use meganet_chain_client::{At, AutoRenewalCall, Call, Until};
use meganet_chain_fake::FakeConfig;
use meganet_primitives::{Balance, chain::AutoRenewalState, range::prove_leaf};
use meganet_testkit::town::{MEGA, Object, Town, until};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_prepaid_for_outlives_its_expiry_without_its_owner() {
    let config = FakeConfig { epoch_blocks: 40, finality_lag: 2, ..FakeConfig::default() };
    let town = Town::with(config, |settings| settings.collect_interval = Duration::from_millis(200)).await;
    let object = Object::new(1, 300_000);
    let stored = town.store(&[0, 1, 2, 3, 4, 5], &[&object], 3).await.stored();
    let (group, leaf) = (town.group, stored[0].leaf);
    let leaf_proof = prove_leaf(&[leaf], 0).unwrap();
    let prepay = |epochs, max_price| {
        Call::AutoRenewal(AutoRenewalCall::Prepay {
            group,
            expiry: 3,
            leaf_index: 0,
            leaf,
            leaf_proof: leaf_proof.clone(),
            epochs,
            max_price,
            amount: MEGA,
        })
    };
    // The second is about a price that is never reached.
    for call in [prepay(1, Balance::MAX), prepay(1, 0)] {
        town.chain.submit(&town.owner, vec![call], Until::InBlock).await.unwrap();
    }

    let owner = town.owner.account();
    let orders = || async { town.chain.all_auto_renewals_of(&owner, At::Best).await.unwrap() };
    let begun = std::time::Instant::now();
    let renewed = loop {
        let order = orders().await.swap_remove(0);
        if order.expiry >= 6 {
            break order;
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "{order:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let params = town.chain.params(At::Best).await.unwrap();
    assert!(params.epoch >= 3, "the range that it was stored in has expired");
    // Once for each epoch, regardless of the account that asked.
    let times = Balance::from(renewed.expiry - 3);
    assert_eq!(MEGA - renewed.balance, times * renewed.next);
    assert_eq!(renewed.state, AutoRenewalState::Waiting);
    let asked = || town.members.iter().map(|member| member.worker().metrics().renewals.get()).sum::<u64>();
    until("the workers have counted it", || Balance::from(asked()) >= times).await;
    let dear = orders().await.swap_remove(1);
    assert_eq!((dear.expiry, dear.balance, dear.state), (3, MEGA, AutoRenewalState::Expired));
    let unknown = Object::new(2, 1_000).id();
    for index in 0..6 {
        // Where it is registered now, also where an older registration has not been forgotten yet.
        let client = town.client.get_client(town.members[index].peer()).await.unwrap();
        // It may learn of it some blocks later than the chain.
        let begun = std::time::Instant::now();
        loop {
            let placed = client.locate(group, &[object.id(), unknown]).await.unwrap();
            assert_eq!(placed[1], None);
            if placed[0].is_some_and(|place| place.expiry >= renewed.expiry) {
                break;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "{placed:?}, {renewed:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert!(client.locate(group + 1, &[object.id()]).await.is_err(), "it sits in no such group");
        town.whole(index).await;
        let slot = town.slot(index).await;
        assert_eq!(town.get(index, &object, slot).await.unwrap(), object.shards[usize::from(slot)]);
    }
}
