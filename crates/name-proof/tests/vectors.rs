//! The test vectors in `vectors/` are what this code makes, and what it makes of them.
//!
//! After a deliberate change of the format they are written anew with
//! `MEGANET_WRITE_VECTORS=1 cargo test --release -p meganet-name-proof --features testing --test vectors`, and `vectors/check.py`
//! says whether a second implementation agrees.

#![allow(clippy::unwrap_used)]

use meganet_name_proof::{
    Answer, Checkpoint, Freshness, NameProof, SetChange,
    testing::{Chain, stored},
    verify,
};
use meganet_primitives::{
    content::{ContentRef, NameContent, ReadKey},
    name::{StoredName, StoredSubname},
    object::ObjectId,
};
use serde_json::{Value, json};
use std::{fs, path::Path};

fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn content(object: u8) -> Option<NameContent> {
    let key = Some(ReadKey([object + 1; 32]));
    Some(NameContent::Object(ContentRef { object: ObjectId([object; 32]), group: 3, sealed_len: 4096, key }))
}

/// What the check of a proof gives, as the vectors say it.
fn outcome(proof: &[u8], name: &str, checkpoint: &Checkpoint) -> Value {
    let proof = match NameProof::from_bytes(proof) {
        Ok(proof) => proof,
        Err(error) => return json!({ "error": error.to_string() }),
    };
    match verify(&proof, name, checkpoint, &Freshness::ANY) {
        Err(error) => json!({ "error": error.to_string() }),
        Ok(verified) => json!({
            "answer": match &verified.answer {
                Answer::Present(_) => "present",
                Answer::Lapsed(_) => "lapsed",
                Answer::Absent => "absent",
            },
            "resolution": verified.answer.resolution(),
            "block": verified.block,
            "basis": verified.basis,
            "checkpoint": verified.checkpoint,
        }),
    }
}

struct Vectors {
    cases: Vec<Value>,
}

impl Vectors {
    fn add(&mut self, what: &str, name: &str, proof: &[u8], checkpoint: &Checkpoint) {
        let outcome = outcome(proof, name, checkpoint);
        self.cases.push(json!({
            "what": what, "name": name, "checkpoint": checkpoint, "proof": hex(proof), "outcome": outcome,
        }));
    }
}

fn vectors() -> Value {
    let mut chain = Chain::new(4);
    let genesis = Checkpoint { hash: chain.genesis, ..chain.checkpoint() };
    chain.put_name("alice", &StoredName { content: content(1), version: 5, ..stored(7, 1_000) });
    chain.put_name("bobby", &StoredName { content: content(3), ..stored(8, 3) });
    for label in ["carol", "dave1", "erin2", "frank", "grace", "heidi"] {
        chain.put_name(label, &stored(9, 1_000));
    }
    let blog = StoredSubname { content: content(5), version: 2, updated: 2, delegate: None, deposit: 2 };
    chain.put_subname("alice", "blog", &blog);
    chain.reach(10);

    let mut vectors = Vectors { cases: Vec::new() };
    let at = |chain: &Chain, name: &str, changes: Vec<SetChange>| chain.prove(name, changes).to_bytes();
    for (what, name) in [
        ("a name that works", "alice"),
        ("a name in its grace", "bobby"),
        ("a name that does not exist", "nobody"),
        ("a name below a name", "blog.alice"),
        ("a name that does not exist below one that does", "shop.alice"),
    ] {
        vectors.add(what, name, &at(&chain, name, Vec::new()), &genesis);
    }
    let sound = at(&chain, "alice", Vec::new());
    let changed = |change: &dyn Fn(&mut NameProof)| {
        let mut proof = NameProof::from_bytes(&sound).unwrap();
        change(&mut proof);
        proof.to_bytes()
    };
    for (what, proof) in [
        ("a changed header", changed(&|proof| proof.block.header.extrinsics_root.0[0] ^= 1)),
        ("a changed signature", changed(&|proof| proof.block.finality.votes[0].signature[0] ^= 1)),
        ("another round", changed(&|proof| proof.block.finality.round += 1)),
        (
            "a vote too few",
            changed(&|proof| {
                proof.block.finality.votes.pop();
            }),
        ),
        ("a vote twice", changed(&|proof| proof.block.finality.votes[1] = proof.block.finality.votes[0].clone())),
        ("another set", changed(&|proof| proof.block.set_id = 1)),
        ("another chain", changed(&|proof| proof.genesis.0[0] ^= 1)),
        ("another name", changed(&|proof| proof.name = b"carol".to_vec())),
        ("a changed value", changed(&|proof| *proof.state.last_mut().unwrap().last_mut().unwrap() ^= 1)),
        ("a node too few", changed(&|proof| drop(proof.state.pop()))),
        ("a node too many", changed(&|proof| proof.state.push(vec![0]))),
        ("another version", [&[2], &sound[1..]].concat()),
        ("cut off", sound[..sound.len() - 1].to_vec()),
    ] {
        vectors.add(what, "alice", &proof, &genesis);
    }

    let changes = vec![chain.rotate(&[2, 3, 4, 5]), chain.rotate(&[9, 10, 11])];
    chain.reach(200);
    vectors.add("two changes of validators", "alice", &at(&chain, "alice", changes.clone()), &genesis);
    vectors.add("a change of validators too few", "alice", &at(&chain, "alice", changes[..1].to_vec()), &genesis);
    vectors.add("a name that has lapsed", "bobby", &at(&chain, "bobby", Vec::new()), &chain.checkpoint());
    let above = {
        let before = chain.head.clone();
        chain.next();
        let mut justification = chain.justification(&before, &[0, 1, 2]);
        justification.commit.precommits[2] = chain.vote(2, &chain.head, justification.round);
        justification.votes_ancestries = vec![chain.head.clone()];
        let mut proof = chain.prove("alice", Vec::new());
        proof.block.finality = meganet_name_proof::Finality::new(&justification, None);
        proof.block.header = before;
        proof
    };
    vectors.add("a vote for a block above, and the state of that one", "alice", &above.to_bytes(), &chain.checkpoint());
    json!({ "cases": vectors.cases })
}

#[test]
fn proofs() {
    let computed = vectors();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/proofs.json");
    if std::env::var_os("MEGANET_WRITE_VECTORS").is_some() {
        fs::write(&path, serde_json::to_string_pretty(&computed).unwrap() + "\n").unwrap();
    }
    let kept: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    assert!(kept == computed, "proofs.json is not what this code computes: the format has changed");
    for case in kept["cases"].as_array().unwrap() {
        let proof: Vec<u8> = {
            let text = case["proof"].as_str().unwrap();
            (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
        };
        let checkpoint: Checkpoint = serde_json::from_value(case["checkpoint"].clone()).unwrap();
        assert_eq!(outcome(&proof, case["name"].as_str().unwrap(), &checkpoint), case["outcome"], "{}", case["what"]);
    }
}
