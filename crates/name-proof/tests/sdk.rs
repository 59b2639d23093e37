//! The types and the trie of this crate against those of the SDK, which nodes use.

#![allow(clippy::unwrap_used)]

use codec::{Decode, DecodeAll, Encode};
use meganet_name_proof::{
    Hash, Header, Justification,
    grandpa::{self, ConsensusLog},
    header::DigestItem,
    trie::{self, Layout, Nodes, PartialTrie},
};
use meganet_name_proof_fake::{Chain, signal, validator};
use proptest::{collection::vec, prelude::*};
use sp_core::Pair;
use sp_runtime::{generic, traits::BlakeTwo256};
use sp_trie::{CompactProof, LayoutV1, StorageProof, TrieDBMutBuilder, TrieMut};

type SdkHeader = generic::Header<u32, BlakeTwo256>;
type SdkLayout = LayoutV1<BlakeTwo256>;

#[test]
fn headers_have_the_bytes_and_the_hash_of_the_sdk() {
    let mut header = Chain::new(1).next();
    header.number = 70_000;
    header.digest.logs.extend([
        DigestItem::Consensus(grandpa::ENGINE_ID, vec![1, 2]),
        DigestItem::Other(vec![3; 100]),
        DigestItem::RuntimeEnvironmentUpdated,
    ]);
    let sdk = SdkHeader::decode_all(&mut &*header.encode()).unwrap();
    assert_eq!((sdk.hash(), sdk.encode()), (header.hash(), header.encode()));
    let kinds: Vec<generic::DigestItem> = sdk.digest.logs;
    assert!(matches!(
        &kinds[..],
        [
            generic::DigestItem::PreRuntime(..),
            generic::DigestItem::Seal(..),
            generic::DigestItem::Consensus(..),
            generic::DigestItem::Other(..),
            generic::DigestItem::RuntimeEnvironmentUpdated,
        ]
    ));
    assert_eq!(Header::decode_all(&mut &*header.encode()), Ok(header));
}

#[test]
fn votes_are_signed_and_justified_as_by_the_sdk() {
    let mut chain = Chain::new(4);
    let header = chain.next();
    let vote = chain.vote(2, &header, 9);
    let message = finality_grandpa::Message::Precommit(vote.precommit.clone());
    let payload = sp_consensus_grandpa::localized_payload(9, 0, &message);
    assert_eq!(grandpa::signed_bytes(&vote.precommit, 9, 0), payload);
    let pair = sp_core::ed25519::Pair::from_seed(&[3; 32]);
    assert_eq!((validator(3).id(), validator(3).sign(&payload)), (pair.public().0, pair.sign(&payload).0));
    assert!(grandpa::is_signed(&payload, &vote.signature, &vote.id));

    let mut justification = chain.justification(&header, &[0, 1, 3]);
    justification.votes_ancestries.push(header);
    let sdk = sp_consensus_grandpa::GrandpaJustification::<SdkHeader>::decode_all(&mut &*justification.encode());
    assert_eq!(Justification::decode_all(&mut &*sdk.unwrap().encode()), Ok(justification));
}

#[test]
fn signatures_of_small_order_are_accepted_as_nodes_accept_them() {
    // ZIP 215: the neutral element is a key, and with it the neutral element and zero sign every message. Strict
    // implementations refuse that.
    let mut neutral = [0; 32];
    neutral[0] = 1;
    let mut signature = [0; 64];
    signature[0] = 1;
    let (sdk, key) = (sp_core::ed25519::Signature::from_raw(signature), sp_core::ed25519::Public::from_raw(neutral));
    assert!(sp_core::ed25519::Pair::verify(&sdk, b"anything", &key));
    assert!(grandpa::is_signed(b"anything", &signature, &neutral));
    assert!(!grandpa::is_signed(b"anything", &[0xff; 64], &neutral));
}

#[test]
fn announcements_of_validators_have_the_bytes_of_the_sdk() {
    use sp_consensus_grandpa::{ConsensusLog as Sdk, ScheduledChange};
    let next = || ScheduledChange {
        next_authorities: vec![(sp_core::ed25519::Public::from_raw([7; 32]).into(), 5)],
        delay: 3u32,
    };
    for log in
        [Sdk::ScheduledChange(next()), Sdk::ForcedChange(9, next()), Sdk::OnDisabled(1), Sdk::Pause(2), Sdk::Resume(3)]
    {
        let ours = ConsensusLog::decode(&mut &*log.encode()).unwrap();
        let DigestItem::Consensus(engine, bytes) = signal(&ours) else { unreachable!() };
        assert_eq!((engine, bytes), (sp_consensus_grandpa::GRANDPA_ENGINE_ID, log.encode()));
    }
}

/// Keys with common beginnings, and values inline and as nodes of their own.
fn entries() -> impl Strategy<Value = Vec<(Vec<u8>, Vec<u8>)>> {
    vec((vec(0u8..4, 0..5), vec(any::<u8>(), 0..70)), 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn tries_and_proofs_are_those_of_the_sdk(
        entries in entries(),
        asked in vec(vec(0u8..5, 0..6), 1..4),
        node in any::<prop::sample::Index>(),
        byte in any::<prop::sample::Index>(),
        bit in 0u8..8,
    ) {
        let (mut nodes, mut root) = (Nodes::default(), Hash::zero());
        let (mut sdk_nodes, mut sdk_root) = (sp_trie::MemoryDB::<BlakeTwo256>::default(), Hash::zero());
        {
            let mut ours = trie_db::TrieDBMutBuilder::<Layout>::new(&mut nodes, &mut root).build();
            let mut sdk = TrieDBMutBuilder::<SdkLayout>::new(&mut sdk_nodes, &mut sdk_root).build();
            for (key, value) in &entries {
                ours.insert(key, value).unwrap();
                sdk.insert(key, value).unwrap();
            }
        }
        prop_assert_eq!(root, sdk_root);

        let mut recorder = sp_trie::Recorder::<SdkLayout>::new();
        let read = |recorder: &mut sp_trie::Recorder<SdkLayout>, key: &[u8]| {
            sp_trie::read_trie_value::<SdkLayout, _>(&sdk_nodes, &root, key, Some(recorder), None).unwrap()
        };
        let values: Vec<Option<Vec<u8>>> = asked.iter().map(|key| read(&mut recorder, key)).collect();
        let proof = StorageProof::new(recorder.drain().into_iter().map(|record| record.data));
        let sdk_compact = proof.to_compact_proof::<BlakeTwo256>(root).unwrap().encoded_nodes;
        let mut compact = trie::compact(proof.into_iter_nodes(), root).unwrap();
        prop_assert_eq!(&compact, &sdk_compact);
        let mut partial = PartialTrie::new(&compact, root).unwrap();
        for (key, value) in asked.iter().zip(values) {
            prop_assert_eq!(partial.get(key), Ok(value));
        }
        prop_assert!(partial.is_used_up());

        let node = node.index(compact.len());
        if !compact[node].is_empty() {
            let byte = byte.index(compact[node].len());
            compact[node][byte] ^= 1 << bit;
            let sdk = CompactProof { encoded_nodes: compact.clone() }.to_memory_db::<BlakeTwo256>(&root);
            prop_assert_eq!(PartialTrie::new(&compact, root).is_ok(), sdk.is_ok());
        }
    }

    #[test]
    fn noise_that_the_sdk_accepts_is_accepted(nodes in vec(vec(any::<u8>(), 0..40), 1..4)) {
        let sdk = CompactProof { encoded_nodes: nodes.clone() };
        // The root is the one that the nodes lead to, if they lead to any.
        let root = match sdk.to_memory_db::<BlakeTwo256>(&Hash::zero()) {
            Err(sp_trie::CompactProofError::RootMismatch(found, _)) => found,
            _ => Hash::zero(),
        };
        // The SDK looks for child tries too, and may refuse what it meets on the way there.
        let ours = PartialTrie::new(&nodes, root);
        prop_assert!(ours.is_ok() || sdk.to_memory_db::<BlakeTwo256>(&root).is_err());
    }
}
