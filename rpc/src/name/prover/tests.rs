#![allow(clippy::unwrap_used)]

use super::*;
use crate::name::fake::Node;
use codec::DecodeAll;
use meganet_name_proof::{Answer, Freshness, ProofError, verify};

fn prover(node: Node) -> Prover {
    Prover::new(Arc::new(node))
}

fn check(proven: &Proven, checkpoint: &Checkpoint) -> Result<meganet_name_proof::Verified, ProofError> {
    let proof = NameProof::from_bytes(&proven.bytes).unwrap();
    assert_eq!(proof, proven.proof);
    verify(&proof, proof.name().unwrap(), checkpoint, &Freshness::ANY)
}

#[test]
fn a_reader_with_any_checkpoint_can_check_a_proof_made_for_it() {
    let node = Node::new();
    let genesis = node.genesis_checkpoint();
    let prover = prover(node);
    let changes = prover.changes(0).unwrap();
    assert_eq!((changes.changes.len(), changes.more), (3, false));
    for (followed, since) in [(0, 0), (1, 3), (2, 5), (3, 7)] {
        let known = SetChanges { changes: changes.changes[..followed].to_vec(), more: false }.follow(&genesis).unwrap();
        assert_eq!(known.number, since);
        for (name, present) in [("alice", true), ("blog.alice", true), ("nobody", false)] {
            let proven = prover.prove(name, None, Some(since)).unwrap();
            let verified = check(&proven, &known).unwrap();
            assert_eq!(verified.basis.changes, 3 - followed);
            assert_eq!((verified.block.number, verified.basis.votes), (10, 3));
            assert_eq!(matches!(verified.answer, Answer::Present(_)), present, "{name}");
        }
    }
}

#[test]
fn without_a_checkpoint_s_number_no_changes_are_sent() {
    let node = Node::new();
    let (genesis, authorities) = (node.genesis_checkpoint(), node.authorities());
    let prover = prover(node);
    let proven = prover.prove("alice", None, None).unwrap();
    assert_eq!(proven.proof.changes, []);
    assert_eq!(check(&proven, &genesis), Err(ProofError::OtherSet { expected: 0, found: 3, since: 0 }));
    let known = prover.checkpoint().unwrap();
    assert_eq!((known.number, known.set_id, &known.authorities), (10, 3, &authorities));
    assert!(check(&proven, &known).is_ok());
    // A reader that knows more than this node is told by the check, not by the node.
    assert_eq!(prover.prove("alice", None, Some(u32::MAX)).unwrap().proof.changes, []);
}

#[test]
fn the_block_in_which_a_set_ends_is_one_of_that_set() {
    let mut node = Node::new();
    let genesis = node.genesis_checkpoint();
    node.rotate(&[9]);
    let prover = prover(node);
    let proven = prover.prove("alice", None, Some(0)).unwrap();
    assert_eq!((proven.proof.block.set_id, proven.proof.changes.len()), (3, 3));
    let verified = check(&proven, &genesis).unwrap();
    assert_eq!(verified.checkpoint, prover.checkpoint().unwrap());
    assert_eq!(verified.checkpoint.set_id, 4);
}

#[test]
fn a_block_is_proven_if_its_votes_are_kept() {
    let node = Node::new();
    let [first, third, newest] = [1, 3, 10].map(|number: usize| node.headers[number].hash());
    let prover = prover(node);
    assert_eq!(prover.prove("alice", Some(newest), None).unwrap().block.number, 10);
    let error = prover.prove("alice", Some(first), None).err().unwrap();
    assert_eq!(error, RpcError::NotJustified { hash: hex_bytes(first) });
    // The votes are there, and the state is not.
    let error = prover.prove("alice", Some(third), None).err().unwrap();
    assert!(matches!(error, RpcError::Node { .. }), "{error}");
    let unknown = H256::repeat_byte(9);
    let error = prover.prove("alice", Some(unknown), None).err().unwrap();
    assert_eq!(error, RpcError::UnknownBlock { hash: hex_bytes(unknown) });
    assert!(matches!(prover.prove("Alice", None, None).err(), Some(RpcError::InvalidLabel { .. })));
}

#[test]
fn a_node_says_what_it_lacks() {
    let mut node = Node::new();
    node.newest = None;
    let starting = prover(node);
    assert_eq!(starting.prove("alice", None, None).err(), Some(RpcError::NothingFinal));
    assert_eq!(starting.checkpoint().err(), Some(RpcError::NothingFinal));

    let mut node = Node::new();
    node.knows_since = 6;
    let young = prover(node);
    assert_eq!(young.prove("alice", None, Some(2)).err(), Some(RpcError::UnknownSets { since: 2 }));
    assert_eq!(young.changes(2).err(), Some(RpcError::UnknownSets { since: 2 }));
    assert!(young.prove("alice", None, Some(6)).is_ok());
}

#[test]
fn who_is_far_behind_catches_up_in_steps() {
    let mut node = Node::new();
    let genesis = node.genesis_checkpoint();
    for change in 0..600 {
        let validators: Vec<u8> = (0..4).map(|seed| u8::try_from((change + seed) % 200).unwrap() + 1).collect();
        node.rotate(&validators);
    }
    node.next();
    let prover = prover(node);
    assert_eq!(prover.prove("alice", None, Some(0)).err(), Some(RpcError::TooFarBehind { since: 0 }));
    let mut known = genesis;
    let mut steps = 0;
    loop {
        let bytes = prover.changes(known.number).unwrap().encode();
        let changes = SetChanges::from_bytes(&bytes).unwrap();
        assert_eq!(SetChanges::decode_all(&mut &bytes[..]), Ok(changes.clone()));
        known = changes.follow(&known).unwrap();
        steps += 1;
        if !changes.more {
            break;
        }
    }
    assert!(steps > 1, "all in one");
    let proven = prover.prove("alice", None, Some(known.number)).unwrap();
    assert_eq!(check(&proven, &known).unwrap().checkpoint.number, 611);
}
