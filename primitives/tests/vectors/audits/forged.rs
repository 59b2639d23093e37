//! Answers that must be refused.

use super::slot_fixture::{SHARDS, SlotFixture};
use crate::{filler, scale};
use meganet_primitives::audit::{Answer, BatchPath, EntryPath, HeldLeaf, Sample, verify};
use serde_json::{Value, json};

type Parts = (BatchPath, EntryPath, HeldLeaf);

/// Answers to a sample of a leaf that is held, each of which is refused for a reason of its own.
pub fn refused(fixture: &SlotFixture, sample: &Sample) -> Vec<Value> {
    let Answer::Held(good) = fixture.answer(sample, "held") else { unreachable!() };
    let changed = |change: &dyn Fn(&mut Parts)| {
        let mut parts = (*good).clone();
        change(&mut parts);
        Answer::Held(Box::new(parts))
    };
    let elsewhere = |in_batch: bool| {
        let beside = |offset| Sample { offset, ..*sample };
        let mut others = (0..fixture.range.bytes()).step_by(1024).map(beside);
        let other = others.find(|other| {
            (fixture.place(other).0 == fixture.place(sample).0) == in_batch
                && fixture.place(other).1 != fixture.place(sample).1
        });
        fixture.answer(&other.unwrap(), "held")
    };
    let cases = [
        ("another block of registration", changed(&|parts| parts.0.leaf.registered += 1)),
        ("a batch that does not exist", changed(&|parts| parts.0.index = 99)),
        (
            "a sibling too many in the range",
            changed(&|parts| {
                let sibling = parts.1.proof.siblings[0];
                parts.0.proof.siblings.try_push(sibling).unwrap();
            }),
        ),
        ("another batch", elsewhere(false)),
        ("another entry in the tree", changed(&|parts| parts.1.entry.shards_root = [0; 32])),
        ("an object that does not exist", changed(&|parts| parts.1.index = 2)),
        ("no siblings in the batch", changed(&|parts| parts.1.proof.siblings.clear())),
        ("another object", elsewhere(true)),
        ("another shard's root", changed(&|parts| parts.2.root = filler("shard", 0))),
        ("a leaf that is too short", changed(&|parts| parts.2.data.truncate(1023))),
        ("another bit in the leaf", changed(&|parts| parts.2.data[1023] ^= 128)),
        ("siblings missing in the shard", changed(&|parts| parts.2.proof.siblings.truncate(1))),
        ("a sibling too many in the shard", changed(&|parts| parts.2.proof.siblings.push([0; 32]))),
    ];
    let describe = |(why, answer): &(&str, Answer)| {
        let error = verify(sample, &fixture.range, SHARDS, answer).expect_err(why);
        json!({ "why": why, "answer": scale(answer), "error": format!("{error:?}") })
    };
    cases.iter().map(describe).collect()
}
