//! Accounts, workers and a group that the tests of the fake chain share.
#![allow(clippy::unwrap_used, missing_docs, dead_code)]

use ed25519_dalek::{Signer as _, SigningKey};
use meganet_chain_client::{At, Call, MEGA, Signer, StorageCall, Until};
use meganet_chain_fake::FakeChain;
use meganet_primitives::{
    AccountId,
    country::Country,
    placement::ProfileId,
    receipt::{PeerKey, PeerSignature},
};

const COUNTRIES: [&[u8; 2]; 6] = [b"DE", b"FR", b"BR", b"IN", b"KE", b"JP"];

pub fn signer(name: &str) -> Signer {
    Signer::from_suri(&format!("//{name}")).unwrap()
}

pub fn key(n: u8) -> SigningKey {
    SigningKey::from_bytes(&[n; 32])
}

pub fn peer(n: u8) -> PeerKey {
    PeerKey(key(n).verifying_key().to_bytes())
}

pub fn sign(n: u8, bytes: &[u8]) -> PeerSignature {
    PeerSignature(key(n).sign(bytes).to_bytes())
}

pub fn rich(chain: &FakeChain, name: &str) -> Signer {
    let signer = signer(name);
    chain.fund(signer.account(), 1_000 * MEGA);
    signer
}

/// Adds six workers in six countries with these operators, and a complete compact group. Returns the account that opened it.
pub async fn with_group_of(chain: &FakeChain, operators: &[AccountId]) -> Signer {
    for ((n, code), operator) in (1u8..).zip(COUNTRIES).zip(operators) {
        chain.add_worker(*operator, peer(n), Country::new(*code).unwrap(), 4 << 30);
    }
    let alice = rich(chain, "Alice");
    let opened = chain
        .submit(&alice, vec![Call::Storage(StorageCall::OpenGroup { profile: ProfileId::Compact })], Until::InBlock)
        .await;
    assert_eq!(opened.unwrap().opened_group(), Some(0));
    chain.ticks(2);
    assert!(chain.group(0, At::Best).await.unwrap().unwrap().slots.iter().all(Option::is_some));
    alice
}
