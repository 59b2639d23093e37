//! Names.
#![allow(clippy::unwrap_used)]

mod support;

use meganet_chain_client::{At, Call, ChainError, MEGA, NameCall, Signer, Until};
use meganet_chain_fake::{FakeChain, FakeConfig};
use meganet_primitives::pallets::NamesError;
use meganet_primitives::{
    chain::Availability,
    content::{ContentRef, NameContent},
    name::{NameStatus, RecordKey, commitment},
    object::ObjectId,
};
use support::rich;

const SECRET: [u8; 32] = [9; 32];

async fn submit(chain: &FakeChain, signer: &Signer, call: Call) -> Result<(), ChainError> {
    chain.submit(signer, vec![call], Until::InBlock).await.map(|_| ())
}

async fn refused(chain: &FakeChain, signer: &Signer, call: Call, error: NamesError) {
    let refused = submit(chain, signer, call).await.unwrap_err();
    assert!(refused.is(error), "{refused}, not {error:?}");
}

fn commit(who: &Signer, label: &str) -> Call {
    Call::Name(NameCall::Commit { commitment: commitment(&who.account(), label.as_bytes(), &SECRET) })
}

fn register(label: &str) -> Call {
    Call::Name(NameCall::Register { label: label.to_owned(), years: 1, secret: SECRET })
}

/// Commits, waits and registers.
async fn take(chain: &FakeChain, who: &Signer, label: &str) -> Result<(), ChainError> {
    submit(chain, who, commit(who, label)).await?;
    chain.ticks(2);
    submit(chain, who, register(label)).await
}

fn content(n: u8) -> Option<NameContent> {
    Some(NameContent::Object(ContentRef { object: ObjectId([n; 32]), group: 0, sealed_len: 17, key: None }))
}

#[tokio::test]
async fn a_name_is_committed_to_and_paid_for() {
    let chain = FakeChain::default();
    let (alice, bob) = (rich(&chain, "Alice"), rich(&chain, "Bob"));
    refused(&chain, &alice, register("paypal"), NamesError::CommitmentMissing).await;
    submit(&chain, &alice, commit(&alice, "paypal")).await.unwrap();
    refused(&chain, &alice, commit(&alice, "paypal"), NamesError::AlreadyCommitted).await;
    assert_eq!(chain.commitments(&alice.account(), At::Best).await.unwrap().len(), 1);
    // A copied commitment is of no use to the copier: its hash covers the owner.
    submit(&chain, &bob, commit(&alice, "paypal")).await.unwrap();
    chain.ticks(2);
    refused(&chain, &bob, register("paypal"), NamesError::CommitmentMissing).await;
    submit(&chain, &alice, register("paypal")).await.unwrap();
    let balance = chain.balance(&alice.account(), At::Best).await.unwrap();
    assert_eq!(balance.held, 10 * MEGA);
    assert!(
        balance.free < 989 * MEGA && balance.free > 988 * MEGA,
        "the rent is burned, and fees are small: {balance:?}"
    );
    let info = chain.name("paypal", At::Finalized).await.unwrap().unwrap();
    assert_eq!((info.expires - info.registered, info.status, info.version), (1_000_000, NameStatus::Active, 0));

    for (label, availability) in [
        ("paypal", Availability::Taken),
        ("paypa1", Availability::LooksLikeAnother),
        ("meganet", Availability::Reserved),
        ("-", Availability::Invalid),
        ("free", Availability::Free),
    ] {
        assert_eq!(chain.availability(label, &bob.account(), At::Best).await.unwrap(), availability, "{label}");
    }
    assert_eq!(chain.availability("paypa1", &alice.account(), At::Best).await.unwrap(), Availability::Free);
    assert!(take(&chain, &bob, "paypa1").await.unwrap_err().is(NamesError::LooksLikeAnother));
}

#[tokio::test]
async fn a_commitment_is_neither_too_new_nor_too_old() {
    let mut config = FakeConfig::default();
    config.names.max_commit_age = 200;
    let chain = FakeChain::new(config);
    let alice = rich(&chain, "Alice");
    submit(&chain, &alice, commit(&alice, "early")).await.unwrap();
    refused(&chain, &alice, register("early"), NamesError::CommitmentTooNew).await;
    chain.ticks(200);
    refused(&chain, &alice, register("early"), NamesError::CommitmentTooOld).await;
    let commitment = commitment(&alice.account(), b"early", &SECRET);
    submit(&chain, &alice, Call::Name(NameCall::CancelCommit { commitment })).await.unwrap();
    assert_eq!(chain.balance(&alice.account(), At::Best).await.unwrap().held, 0);
    refused(&chain, &alice, Call::Name(NameCall::CancelCommit { commitment }), NamesError::CommitmentMissing).await;
    take(&chain, &alice, "early").await.unwrap();
}

#[tokio::test]
async fn a_name_lapses_and_goes_to_somebody_else() {
    let mut config = FakeConfig::default();
    config.names.year = 500;
    let chain = FakeChain::new(config);
    let (alice, bob) = (rich(&chain, "Alice"), rich(&chain, "Bob"));
    take(&chain, &alice, "paypal").await.unwrap();
    submit(&chain, &alice, Call::Name(NameCall::SetContent { label: "paypal".into(), content: content(1) }))
        .await
        .unwrap();
    submit(&chain, &bob, Call::Name(NameCall::Renew { label: "paypal".into(), years: 1 })).await.unwrap();
    chain.ticks(1_000);
    assert_eq!(chain.resolve("paypal", At::Best).await.unwrap().unwrap().status, NameStatus::Grace);
    assert_eq!(chain.availability("paypal", &bob.account(), At::Best).await.unwrap(), Availability::Taken);
    refused(&chain, &bob, Call::Name(NameCall::Sweep { label: "paypal".into() }), NamesError::NotLapsed).await;
    chain.ticks(600);
    let lapsed = chain.resolve("paypal", At::Best).await.unwrap().unwrap();
    assert_eq!((lapsed.status, lapsed.content), (NameStatus::Premium, None));
    refused(
        &chain,
        &alice,
        Call::Name(NameCall::SetContent { label: "paypal".into(), content: None }),
        NamesError::Lapsed,
    )
    .await;
    assert!(chain.name_quote("paypal", 1, At::Best).await.unwrap().premium > 0);
    chain.ticks(400);
    assert_eq!(chain.name_quote("paypal", 1, At::Best).await.unwrap().premium, 0);
    take(&chain, &bob, "paypal").await.unwrap();
    let info = chain.name("paypal", At::Best).await.unwrap().unwrap();
    assert_eq!((info.owner, info.content), (bob.account(), None));
    assert_eq!(chain.balance(&alice.account(), At::Best).await.unwrap().held, 0, "the deposit is back");
    assert!(chain.all_names_of(&alice.account(), At::Best).await.unwrap().is_empty());
}

#[tokio::test]
async fn delegates_write_and_nothing_else() {
    let chain = FakeChain::default();
    let (alice, robot, bob) = (rich(&chain, "Alice"), rich(&chain, "Robot"), rich(&chain, "Bob"));
    chain.add_name(alice.account(), "site");
    let label = || "site".to_owned();
    let set = |n| Call::Name(NameCall::SetContent { label: label(), content: content(n) });
    refused(&chain, &robot, set(1), NamesError::NotAllowed).await;
    let allow = |allowed| Call::Name(NameCall::SetDelegate { label: label(), delegate: robot.account(), allowed });
    refused(&chain, &robot, allow(true), NamesError::NotOwner).await;
    submit(&chain, &alice, allow(true)).await.unwrap();
    submit(&chain, &robot, set(1)).await.unwrap();
    let text = RecordKey::Text(b"url".to_vec().try_into().unwrap());
    let record = Call::Name(NameCall::SetRecord {
        label: label(),
        key: text.clone(),
        value: Some(b"x".to_vec().try_into().unwrap()),
    });
    submit(&chain, &robot, record).await.unwrap();
    assert_eq!(chain.name_record("site", &text, At::Best).await.unwrap(), Some(b"x".to_vec()));
    refused(&chain, &robot, Call::Name(NameCall::Transfer { label: label(), to: bob.account() }), NamesError::NotOwner)
        .await;
    refused(&chain, &robot, Call::Name(NameCall::Release { label: label() }), NamesError::NotOwner).await;
    // A name below it has a delegate of its own.
    let sub = |n| Call::Name(NameCall::SetSubname { label: label(), sub: "blog".into(), content: content(n) });
    refused(&chain, &bob, sub(2), NamesError::NotAllowed).await;
    submit(&chain, &robot, sub(2)).await.unwrap();
    let for_bob =
        Call::Name(NameCall::SetSubnameDelegate { label: label(), sub: "blog".into(), delegate: Some(bob.account()) });
    submit(&chain, &alice, for_bob).await.unwrap();
    submit(&chain, &bob, sub(3)).await.unwrap();
    let blog = chain.resolve("blog.site", At::Best).await.unwrap().unwrap();
    assert_eq!((blog.content, blog.version, blog.owner), (content(3), 2, alice.account()));
    assert_eq!(chain.all_subnames("site", At::Best).await.unwrap()[0].delegate, Some(bob.account()));
    submit(&chain, &alice, allow(false)).await.unwrap();
    refused(&chain, &robot, set(4), NamesError::NotAllowed).await;
    submit(&chain, &alice, Call::Name(NameCall::Transfer { label: label(), to: bob.account() })).await.unwrap();
    assert!(chain.name_delegates("site", At::Best).await.unwrap().is_empty());
}

#[tokio::test]
async fn earlier_versions_come_back() {
    let chain = FakeChain::default();
    let alice = rich(&chain, "Alice");
    chain.add_name(alice.account(), "site");
    for n in 1..=20 {
        submit(&chain, &alice, Call::Name(NameCall::SetContent { label: "site".into(), content: content(n) }))
            .await
            .unwrap();
    }
    let history = chain.name_history("site", At::Best).await.unwrap();
    assert_eq!((history.len(), history[0].version, history[15].version), (16, 20, 5));
    let back = |version| Call::Name(NameCall::Rollback { label: "site".into(), version });
    refused(&chain, &alice, back(4), NamesError::NoSuchVersion).await;
    refused(&chain, &alice, back(20), NamesError::CurrentVersion).await;
    submit(&chain, &alice, back(7)).await.unwrap();
    let info = chain.name("site", At::Best).await.unwrap().unwrap();
    assert_eq!((info.version, info.content), (21, content(7)));
}

#[tokio::test]
async fn an_account_goes_by_a_name_that_it_owns() {
    let chain = FakeChain::default();
    let (alice, bob) = (rich(&chain, "Alice"), rich(&chain, "Bob"));
    chain.add_name(alice.account(), "alice");
    let call = || Call::Name(NameCall::SetReverse { label: Some("alice".into()) });
    refused(&chain, &bob, call(), NamesError::NotOwner).await;
    submit(&chain, &alice, call()).await.unwrap();
    assert_eq!(chain.reverse(&alice.account(), At::Best).await.unwrap().as_deref(), Some("alice"));
    submit(&chain, &alice, Call::Name(NameCall::Transfer { label: "alice".into(), to: bob.account() })).await.unwrap();
    assert_eq!(chain.reverse(&alice.account(), At::Best).await.unwrap(), None);
    assert_eq!(chain.reverse(&bob.account(), At::Best).await.unwrap(), None);
}
