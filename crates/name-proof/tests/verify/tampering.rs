//! Every field of a proof, changed.

use super::*;
use codec::Encode;
use meganet_name_proof::{Hash, MAX_PROOF_LEN, finality::Target, header::DigestItem};
use meganet_primitives::name::stored;
use proptest::prelude::*;

type Change = Box<dyn Fn(&mut NameProof)>;

fn tampered(change: impl Fn(&mut NameProof)) -> ProofError {
    let chain = chain();
    let mut proof = chain.prove("alice", Vec::new());
    let sound = proof.clone();
    change(&mut proof);
    assert_ne!(proof, sound, "nothing was changed");
    verify(&proof, "alice", &genesis(&chain), &Freshness::ANY).unwrap_err()
}

#[test]
fn a_changed_header_is_not_the_one_that_was_voted_for() {
    let changes: [Change; 7] = [
        Box::new(|proof| proof.block.header.parent_hash.0[0] ^= 1),
        Box::new(|proof| proof.block.header.number += 1),
        Box::new(|proof| proof.block.header.state_root.0[31] ^= 1),
        Box::new(|proof| proof.block.header.extrinsics_root.0[5] ^= 0x80),
        Box::new(|proof| drop(proof.block.header.digest.logs.pop())),
        Box::new(|proof| proof.block.header.digest.logs.push(DigestItem::Other(vec![1]))),
        Box::new(|proof| proof.block.header.digest.logs[0] = DigestItem::PreRuntime(*b"BABE", vec![9; 109])),
    ];
    for change in changes {
        let error = tampered(change);
        assert!(matches!(error, ProofError::NotFinal { source: FinalityError::BadSignature { .. }, .. }), "{error:?}");
    }
}

#[test]
fn changed_votes_don_t_count() {
    let bad_signature: [Change; 5] = [
        Box::new(|proof| proof.block.finality.round += 1),
        Box::new(|proof| proof.block.finality.votes[1].signature[0] ^= 1),
        Box::new(|proof| proof.block.finality.votes[2].signature[63] ^= 1),
        // The one validator that did not vote.
        Box::new(|proof| proof.block.finality.votes[0].voter = super::chain().checkpoint().authorities[3].key.0),
        Box::new(|proof| {
            proof.block.finality.votes[0].target = Some(Target { hash: Hash::repeat_byte(1), number: 11 })
        }),
    ];
    for change in bad_signature {
        let error = tampered(change);
        assert!(matches!(error, ProofError::NotFinal { source: FinalityError::BadSignature { .. }, .. }), "{error:?}");
    }
    let unknown = tampered(|proof| proof.block.finality.votes[0].voter[0] ^= 1);
    assert!(matches!(unknown, ProofError::NotFinal { source: FinalityError::UnknownVoter { .. }, .. }));
    let few = tampered(|proof| {
        proof.block.finality.votes.pop();
    });
    assert!(matches!(few, ProofError::NotFinal { source: FinalityError::TooFewVotes { weight: 2, needed: 3 }, .. }));
    let padded = tampered(|proof| proof.block.finality.route.push(proof.block.header.clone()));
    assert!(matches!(padded, ProofError::NotFinal { source: FinalityError::UnusedHeader { .. }, .. }));
}

#[test]
fn a_changed_set_chain_or_name_is_another_s() {
    assert_eq!(tampered(|proof| proof.block.set_id = 1), ProofError::OtherSet { expected: 0, found: 1, since: 0 });
    assert!(matches!(tampered(|proof| proof.genesis.0[0] ^= 1), ProofError::OtherChain { .. }));
    let error = ProofError::OtherName { asked: "alice".into(), proven: "bobby".into() };
    assert_eq!(tampered(|proof| proof.name = b"bobby".to_vec()), error);
    assert!(matches!(tampered(|proof| proof.name = b"Alice".to_vec()), ProofError::Bundle(BundleError::BadName(_))));
    assert!(matches!(tampered(|proof| proof.name = vec![0xff; 5]), ProofError::Bundle(BundleError::BadName(_))));
}

#[test]
fn the_proof_of_one_name_proves_no_other() {
    let chain = chain();
    for (other, about) in [("bobby", "the name"), ("frank", "the name")] {
        let mut proof = chain.prove("alice", Vec::new());
        proof.name = other.as_bytes().to_vec();
        let found = check(&proof, &genesis(&chain));
        // The path to the other name is missing. If the paths parted so early that it were there, alice's nodes would be unused.
        assert!(
            matches!(&found, Err(ProofError::State(StateError::Unproven(what))) if *what == about),
            "{other}: {found:?}"
        );
    }
}

#[test]
fn a_changed_value_or_node_is_of_another_state() {
    let chain = chain();
    let len = chain.prove("alice", Vec::new()).state.len();
    for node in 0..len {
        for byte in 0..chain.prove("alice", Vec::new()).state[node].len() {
            let error = tampered(|proof| proof.state[node][byte] ^= 1);
            assert!(matches!(error, ProofError::State(_)), "node {node} byte {byte}: {error:?}");
        }
        let removed = tampered(|proof| drop(proof.state.remove(node)));
        assert!(
            matches!(removed, ProofError::State(StateError::BadNodes(_) | StateError::OtherRoot { .. })),
            "{removed:?}"
        );
        let doubled = tampered(|proof| proof.state.insert(node, proof.state[node].clone()));
        assert!(matches!(doubled, ProofError::State(_)), "{doubled:?}");
    }
    let appended = tampered(|proof| proof.state.push(proof.state[0].clone()));
    assert!(matches!(appended, ProofError::State(StateError::BadNodes(_))), "{appended:?}");
    let reordered = tampered(|proof| proof.state.swap(1, len - 1));
    assert!(
        matches!(reordered, ProofError::State(StateError::BadNodes(_) | StateError::OtherRoot { .. })),
        "{reordered:?}"
    );
    let empty = tampered(|proof| proof.state.clear());
    assert!(matches!(empty, ProofError::State(StateError::BadNodes(_))), "{empty:?}");
}

/// A proof of alice's chain with the state of another one.
fn with_state_of(other: &Chain, name: &str) -> ProofError {
    let chain = chain();
    let mut proof = chain.prove(name, Vec::new());
    proof.state = other.prove(name, Vec::new()).state;
    check(&proof, &genesis(&chain)).unwrap_err()
}

#[test]
fn presence_and_absence_are_those_of_the_block_s_own_state() {
    let mut without = chain();
    without.put([(state::name_key("alice"), None)]);
    without.next();
    assert_eq!(check(&without.prove("alice", Vec::new()), &genesis(&without)).unwrap().answer, Answer::Absent);
    assert!(matches!(with_state_of(&without, "alice"), ProofError::State(StateError::OtherRoot { .. })));

    let mut with = chain();
    with.put_name("nobody", &stored(9, 1_000));
    with.next();
    assert!(matches!(with_state_of(&with, "nobody"), ProofError::State(StateError::OtherRoot { .. })));

    // An earlier block's state.
    let mut later = chain();
    later.next();
    assert!(matches!(with_state_of(&later, "alice"), ProofError::State(StateError::OtherRoot { .. })));
}

#[test]
fn what_is_not_proven_is_not_believed_and_what_is_not_needed_not_taken() {
    let chain = chain();
    let proven = |keys: Vec<Vec<u8>>| {
        let state = chain.state_proof(&keys);
        NameProof::new(chain.genesis, "alice", Vec::new(), chain.justified(), state).unwrap()
    };
    let needed = [state::layout_key(), state::time_key(), state::name_key("alice")].to_vec();
    assert!(check(&proven(needed.clone()), &genesis(&chain)).is_ok());
    let error = check(&proven(needed[..2].to_vec()), &genesis(&chain)).unwrap_err();
    assert_eq!(error, ProofError::State(StateError::Unproven("the name")));
    // The parameters matter only for names that are not paid for.
    let with_params = proven([needed.clone(), vec![state::params_key()]].concat());
    assert_eq!(check(&with_params, &genesis(&chain)), Err(ProofError::State(StateError::UnusedNodes)));
    let padded = proven([needed, vec![state::name_key("bobby")]].concat());
    assert_eq!(check(&padded, &genesis(&chain)), Err(ProofError::State(StateError::UnusedNodes)));
}

#[test]
fn of_a_name_that_has_run_out_prices_and_times_are_proven() {
    let mut chain = chain();
    chain.put_name("late1", &stored(7, 11));
    chain.reach(11);
    let sound = chain.prove("late1", Vec::new());
    let answer = check(&sound, &genesis(&chain)).unwrap().answer;
    assert_eq!(answer.resolution().unwrap().status, meganet_primitives::name::NameStatus::Grace);
    let mut without = sound;
    let keys = [state::layout_key(), state::time_key(), state::name_key("late1")];
    without.state = state::compact(chain.state_proof(&keys), chain.head.state_root).unwrap();
    let error = ProofError::State(StateError::Unproven("the parameters of names"));
    assert_eq!(check(&without, &genesis(&chain)), Err(error));
}

#[test]
fn a_state_of_another_form_is_not_guessed_at() {
    let with = |key: Vec<u8>, value: Option<Vec<u8>>| {
        let mut chain = chain();
        chain.put_name("late1", &stored(7, 11));
        chain.put([(key, value)]);
        chain.reach(12);
        match check(&chain.prove("late1", Vec::new()), &genesis(&chain)) {
            Err(ProofError::State(error)) => error,
            other => panic!("{other:?}"),
        }
    };
    let other = StateError::OtherLayout { found: stored::LAYOUT + 1, known: stored::LAYOUT };
    assert_eq!(with(state::layout_key(), Some((stored::LAYOUT + 1).encode())), other);
    assert!(matches!(with(state::name_key("late1"), Some(vec![1; 90])), StateError::Undecodable { .. }));
    let longer = [stored(7, 1_000).encode(), vec![0]].concat();
    assert!(matches!(with(state::name_key("late1"), Some(longer)), StateError::Undecodable { .. }));
    assert!(matches!(with(state::params_key(), Some(vec![1])), StateError::Undecodable { .. }));
    assert_eq!(with(state::layout_key(), None), StateError::Missing("version of names"));
}

#[test]
fn bytes_that_are_no_proof_are_refused() {
    let proof = chain().prove("alice", Vec::new());
    let bytes = proof.to_bytes();
    assert_eq!(NameProof::from_bytes(&bytes), Ok(proof));
    assert_eq!(NameProof::from_bytes(&[]), Err(BundleError::UnknownVersion));
    assert_eq!(NameProof::from_bytes(&[&[2], &bytes[1..]].concat()), Err(BundleError::UnknownVersion));
    assert!(matches!(NameProof::from_bytes(&bytes[..bytes.len() - 1]), Err(BundleError::Malformed(_))));
    assert!(matches!(NameProof::from_bytes(&[&bytes[..], &[0]].concat()), Err(BundleError::Malformed(_))));
    let long = vec![1; MAX_PROOF_LEN + 1];
    assert_eq!(NameProof::from_bytes(&long), Err(BundleError::TooLong(long.len())));
}

fn kinds() -> Vec<(Vec<u8>, Checkpoint, &'static str)> {
    let mut chain = chain();
    let checkpoint = genesis(&chain);
    let mut kinds = vec![
        (chain.prove("alice", Vec::new()).to_bytes(), checkpoint.clone(), "alice"),
        (chain.prove("nobody", Vec::new()).to_bytes(), checkpoint.clone(), "nobody"),
    ];
    let change = chain.rotate(&[3, 4, 5, 6]);
    chain.next();
    kinds.push((chain.prove("bobby", vec![change]).to_bytes(), checkpoint, "bobby"));
    kinds
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn no_flipped_bit_gives_another_answer(kind in 0usize..3, at: prop::sample::Index, bit in 0u8..8) {
        thread_local!(static KINDS: Vec<(Vec<u8>, Checkpoint, &'static str)> = kinds());
        let (mut bytes, checkpoint, name) = KINDS.with(|kinds| kinds[kind].clone());
        let sound = verify(&NameProof::from_bytes(&bytes).unwrap(), name, &checkpoint, &Freshness::ANY).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        if let Ok(proof) = NameProof::from_bytes(&bytes)
            && let Ok(verified) = verify(&proof, name, &checkpoint, &Freshness::ANY)
        {
            prop_assert_eq!(verified, sound);
        }
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        if let Ok(proof) = NameProof::from_bytes(&[&[1], &bytes[..]].concat()) {
            let _ = check(&proof, &genesis(&chain()));
        }
    }
}
