//! Proofs of storage: an accepted answer is the one correct answer to the sample, or the part of it that a weaker claim needs.
//! The input is a proof, or a list of changes to a valid one: positions and new bytes.
#![no_main]

use codec::{Decode, Encode};
use libfuzzer_sys::fuzz_target;
// The fixture of the crate's own tests, which names these as its crate does.
use meganet_primitives::{audit, merkle, object, range, sum_tree};
use std::sync::LazyLock;

#[path = "../../primitives/src/audit/tests/slot_fixture.rs"]
mod slot_fixture;

use audit::{verify, Answer, AuditProof, Sample};
use slot_fixture::{SlotFixture, SHARDS};

struct World {
    fixture: SlotFixture,
    asked: Vec<(Sample, Answer)>,
    proof: Vec<u8>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let fixture = SlotFixture::new(7, &[vec![1, 5, 64], vec![3], vec![2, 2, 2, 2, 9], vec![130], vec![1]]);
    let samples = (0..8u64).map(|number| fixture.sample(number * 27_701));
    let asked: Vec<(Sample, Answer)> = samples.map(|sample| (sample, fixture.answer(&sample))).collect();
    let answers: Vec<Answer> = asked.iter().map(|(_, answer)| answer.clone()).collect();
    let proof = AuditProof { answers: answers.try_into().expect("at most sixteen") }.encode();
    World { fixture, asked, proof }
});

fn check(bytes: &[u8]) {
    let Ok(proof) = AuditProof::decode(&mut &*bytes) else { return };
    let World { fixture, asked, .. } = &*WORLD;
    for ((sample, truth), answer) in asked.iter().zip(&proof.answers) {
        if verify(sample, &fixture.range, SHARDS, answer).is_err() {
            continue;
        }
        let Answer::Held(held) = truth else { unreachable!("everything is held") };
        match answer {
            Answer::Held(_) => assert_eq!(answer, truth),
            Answer::Excused(batch) => assert_eq!(**batch, held.0),
            Answer::Deleted(deleted) => assert_eq!((&deleted.0, &deleted.1), (&held.0, &held.1)),
        }
    }
}

fuzz_target!(|input: &[u8]| {
    check(input);
    let mut bytes = WORLD.proof.clone();
    for change in input.chunks_exact(3) {
        let at = usize::from(u16::from_le_bytes([change[0], change[1]])) % bytes.len();
        bytes[at] = change[2];
    }
    check(&bytes);
});
