//! Proofs of resolution: every proof that decodes encodes to the same bytes, and every accepted proof agrees with the chain.
//! The input is a proof, or a list of changes to a valid one: positions and new bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use meganet_name_proof::{verify, Checkpoint, Freshness, NameProof, SetChanges, Verified};
use meganet_name_proof_fake::{stored, Chain};
use std::sync::LazyLock;

struct Sound {
    name: &'static str,
    bytes: Vec<u8>,
    verified: Verified,
}

static CHAIN: LazyLock<(Checkpoint, Vec<Sound>)> = LazyLock::new(|| {
    let mut chain = Chain::new(4);
    for label in ["alice", "bobby", "carol", "dave1", "erin2", "frank"] {
        chain.put_name(label, &stored(7, 1_000));
    }
    let first = Checkpoint { hash: chain.genesis, ..chain.checkpoint() };
    let change = chain.rotate(&[2, 3, 4, 5]);
    chain.next();
    let sound = ["alice", "nobody"].map(|name| {
        let proof = chain.prove(name, vec![change.clone()]);
        let verified = verify(&proof, name, &first, &Freshness::ANY).expect("it is sound");
        Sound { name, bytes: proof.to_bytes(), verified }
    });
    (first, sound.into())
});

fn check(bytes: &[u8]) {
    let Ok(proof) = NameProof::from_bytes(bytes) else { return };
    assert_eq!(proof.to_bytes(), bytes);
    let (checkpoint, sound) = &*CHAIN;
    for sound in sound {
        if let Ok(verified) = verify(&proof, sound.name, checkpoint, &Freshness::ANY) {
            assert_eq!(verified, sound.verified);
        }
    }
}

fuzz_target!(|input: &[u8]| {
    check(input);
    if let Ok(changes) = SetChanges::from_bytes(input) {
        let _ = changes.follow(&CHAIN.0);
    }
    for sound in &CHAIN.1 {
        let mut bytes = sound.bytes.clone();
        for change in input.chunks_exact(3) {
            let at = usize::from(u16::from_le_bytes([change[0], change[1]])) % bytes.len();
            bytes[at] = change[2];
        }
        check(&bytes);
    }
});
