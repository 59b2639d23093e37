//! The answers of proofs: names that work, have lapsed or do not exist, and answers that are too old.

use super::*;
use meganet_name_proof_fake::{BLOCK_MILLIS, START, params};
use meganet_primitives::{
    content::{ContentRef, NameContent},
    name::{NameStatus, StoredName, StoredSubname},
    object::ObjectId,
};

fn content(object: u8) -> Option<NameContent> {
    Some(NameContent::Object(ContentRef { object: ObjectId([object; 32]), group: 3, sealed_len: 4096, key: None }))
}

fn ask(chain: &Chain, name: &str) -> Verified {
    check(&chain.prove(name, Vec::new()), &genesis(chain)).unwrap()
}

#[test]
fn a_name_that_works_is_present_with_all_that_a_node_says_of_it() {
    let mut chain = Chain::new(4);
    chain.put_name("alice", &StoredName { content: content(1), version: 5, ..stored(7, 1_000) });
    chain.reach(10);
    let verified = ask(&chain, "alice");
    let resolution = Resolution {
        owner: [7; 32],
        content: content(1),
        version: 5,
        updated: 2,
        expires: 1_000,
        status: NameStatus::Active,
    };
    assert_eq!(verified.answer, Answer::Present(resolution.clone()));
    assert_eq!(verified.answer.resolution(), Some(&resolution));
    assert_eq!(verified.name, "alice");
    let time = START + 10 * BLOCK_MILLIS;
    assert_eq!(verified.block, ProvenBlock { number: 10, hash: chain.head.hash(), time });
    assert_eq!(verified.basis, Basis { set_id: 0, votes: 3, voters: 4, checkpoint: 0, changes: 0 });
    assert_eq!(verified.checkpoint, chain.checkpoint());
    assert_eq!(verified.basis.to_string(), "GRANDPA set 0, 3 of 4 votes, checkpoint block 0");
}

#[test]
fn a_name_that_does_not_exist_is_proven_absent() {
    let chain = chain();
    for name in ["nobody", "alicf", "aaa", "blog.nobody"] {
        assert_eq!(ask(&chain, name).answer, Answer::Absent, "{name}");
    }
    let mut empty = Chain::new(1);
    empty.next();
    assert_eq!(ask(&empty, "alice").answer, Answer::Absent);
}

#[test]
fn a_name_works_in_its_grace_and_leads_nowhere_after_it() {
    let mut chain = Chain::new(4);
    let grace = params().grace;
    chain.put_name("alice", &StoredName { content: content(1), ..stored(7, 5) });
    chain.put_subname("alice", "blog", &below(2));
    for (number, status) in [
        (4, NameStatus::Active),
        (5, NameStatus::Grace),
        (4 + grace, NameStatus::Grace),
        (5 + grace, NameStatus::Premium),
        (5 + grace + params().premium, NameStatus::Lapsed),
    ] {
        chain.reach(number);
        for (name, object) in [("alice", 1), ("blog.alice", 2)] {
            let answer = ask(&chain, name).answer;
            let resolution = answer.resolution().unwrap();
            assert_eq!(resolution.status, status);
            assert_eq!(resolution.content, if status.works() { content(object) } else { None }, "{name} in {number}");
            assert_eq!(matches!(answer, Answer::Lapsed(_)), !status.works());
        }
    }
}

#[test]
fn without_prices_and_times_those_of_a_live_chain_hold() {
    let mut chain = Chain::new(4);
    chain.put([(state::params_key(), None)]);
    chain.put_name("alice", &stored(7, 5));
    // Grace is 100 blocks by the parameters of these tests, and thirty days by those of a live chain.
    chain.reach(5 + params().grace);
    assert_eq!(ask(&chain, "alice").answer.resolution().unwrap().status, NameStatus::Grace);
}

fn below(object: u8) -> StoredSubname {
    StoredSubname { content: content(object), version: 9, updated: 8, delegate: None, deposit: 2 }
}

#[test]
fn a_name_below_a_name_has_its_content_and_its_labels_owner() {
    let mut chain = chain();
    chain.put_subname("alice", "blog", &below(2));
    chain.next();
    let answer = ask(&chain, "blog.alice").answer;
    let resolution = answer.resolution().unwrap();
    assert_eq!((resolution.content.clone(), resolution.version, resolution.updated), (content(2), 9, 8));
    assert_eq!((resolution.owner, resolution.expires), ([7; 32], 1_000));
    assert_eq!(ask(&chain, "shop.alice").answer, Answer::Absent);
    assert_eq!(ask(&chain, "blog.bobby").answer, Answer::Absent);
}

#[test]
fn an_answer_that_is_too_old_is_refused_by_height_and_by_time() {
    let mut chain = chain();
    let old = chain.prove("alice", Vec::new());
    let checkpoint = genesis(&chain);
    let time = START + 10 * BLOCK_MILLIS;
    let within =
        |block, time| verify(&old, "alice", &checkpoint, &Freshness { oldest_block: block, oldest_time: time });
    assert!(within(10, time).is_ok());
    assert_eq!(within(11, 0), Err(ProofError::StaleBlock { number: 10, oldest: 11 }));
    assert_eq!(within(0, time + 7), Err(ProofError::StaleTime { number: 10, age: 7 }));

    // A newer answer makes the checkpoint newer. The old answer is then stale for a new question, and still right as a record.
    chain.reach(20);
    let known = check(&chain.prove("alice", Vec::new()), &checkpoint).unwrap().checkpoint;
    let now = Freshness::within(&known, START + 20 * BLOCK_MILLIS + 60_000, 60_000);
    assert_eq!(verify(&old, "alice", &known, &now), Err(ProofError::StaleBlock { number: 10, oldest: 20 }));
    assert_eq!(check(&old, &known).unwrap().checkpoint, known);
    assert!(verify(&chain.prove("alice", Vec::new()), "alice", &known, &now).is_ok());
}

#[test]
fn a_checkpoint_survives_its_json_and_must_name_validators() {
    let chain = chain();
    let checkpoint = chain.checkpoint();
    let json = serde_json::to_string(&checkpoint).unwrap();
    assert_eq!(serde_json::from_str::<Checkpoint>(&json).unwrap(), checkpoint);
    assert!(json.contains("\"setId\":0") && json.contains("\"genesis\":\"0x"), "{json}");
    let proof = chain.prove("alice", Vec::new());
    for authorities in [Vec::new(), [checkpoint.authorities.clone(), checkpoint.authorities.clone()].concat()] {
        let bad = Checkpoint { authorities, ..checkpoint.clone() };
        assert_eq!(check(&proof, &bad), Err(ProofError::BadCheckpoint(CheckpointError)));
    }
}

#[test]
fn a_proof_is_as_small_as_its_parts() {
    let proof = chain().prove("alice", Vec::new());
    let nodes: usize = proof.state.iter().map(Vec::len).sum();
    // Three votes of a key and a signature, and a header with the digests of BABE.
    let votes = 3 * (32 + 64 + 1);
    let header = 3 * 32 + 1 + 1 + (1 + 4 + 2 + 109) + (1 + 4 + 2 + 64);
    let rest = 1 + 32 + 6 + 1 + 1 + (1 + 1 + 1) + 1 + 2 * proof.state.len();
    let len = proof.to_bytes().len();
    assert!(len <= nodes + votes + header + rest, "{len} > {nodes} + {votes} + {header} + {rest}");
    assert!(len < 2_000, "{len}");
}
