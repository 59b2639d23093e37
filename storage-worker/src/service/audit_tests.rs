#![allow(clippy::unwrap_used)]

use super::{
    blackout::Blackout,
    prove::{Lack, Sent, Step, answer, asked, is_bound, lacking, release_of, step},
    report::look_at,
};
use crate::store::{Reading, Row};
use meganet_primitives::{
    audit::{Answer, BatchPath, EntryPath, Sample, Schedule},
    chain::{ChallengeInfo, ChallengeState, ChallengedByte, Tombstone},
    object::ObjectId,
    range::{RangeLeaf, RangeLeafProof, RangeState},
    sum_tree::{BatchEntry, BatchSummary, SumProof},
};
use std::collections::BTreeSet;

fn challenge(state: ChallengeState, offset: u64) -> ChallengeInfo {
    let sample = Sample { group: 1, slot: 2, expiry: 9, offset };
    let samples = vec![ChallengedByte { sample, range: RangeState::default() }];
    ChallengeInfo { worker: 5, period: 3, block: 70, deadline: 78, state, samples }
}

#[test]
fn a_proof_is_sent_when_it_is_asked_for_and_not_twice() {
    let open = challenge(ChallengeState::Open, 1);
    assert_eq!(step(69, None, None), Step::Wait);
    assert_eq!(step(69, Some(&challenge(ChallengeState::Scheduled, 1)), None), Step::Wait);
    assert_eq!(step(70, Some(&open), None), Step::Prove);
    let sent = Sent { asked: asked(&open), since: 70 };
    assert_eq!(step(70, Some(&open), Some(&sent)), Step::Wait);
    assert_eq!(step(71, Some(&open), Some(&sent)), Step::Wait);
    assert_eq!(step(72, Some(&open), Some(&sent)), Step::Prove, "no block took it");
    // A fork that is lower and asks the same: the pool still has it.
    assert_eq!(step(69, Some(&open), Some(&sent)), Step::Wait);
    assert_eq!(step(71, Some(&challenge(ChallengeState::Proven, 1)), Some(&sent)), Step::Proven(3));
}

#[test]
fn a_fork_that_asks_something_else_is_answered_anew() {
    let sent = Sent { asked: asked(&challenge(ChallengeState::Open, 1)), since: 70 };
    assert_eq!(step(71, Some(&challenge(ChallengeState::Open, 2)), Some(&sent)), Step::Prove);
    let next = ChallengeInfo { period: 4, ..challenge(ChallengeState::Open, 1) };
    assert_eq!(step(71, Some(&next), Some(&sent)), Step::Prove);
}

#[test]
fn what_no_block_can_take_is_given_up() {
    let open = challenge(ChallengeState::Open, 1);
    assert_eq!(step(77, Some(&open), None), Step::Prove);
    assert_eq!(step(78, Some(&open), None), Step::Missed(3));
    assert_eq!(step(79, Some(&challenge(ChallengeState::Missed, 1)), None), Step::Missed(3));
}

fn leaf(signed: u64, registered: u32) -> RangeLeaf {
    RangeLeaf { batch: BatchSummary { root: [1; 32], objects: 1, bytes: 1024 }, owner: [2; 32], signed, registered }
}

#[test]
fn who_signed_while_it_had_the_slot_is_bound() {
    assert!(is_bound(&leaf(0b100, 50), 2, 50));
    assert!(!is_bound(&leaf(0b100, 49), 2, 50), "somebody else had the slot");
    assert!(!is_bound(&leaf(0b011, 50), 2, 50));
    assert!(!is_bound(&leaf(u64::MAX, 50), 64, 0));
}

#[test]
fn what_is_not_here_is_deleted_or_excused_or_lost() {
    let batch = BatchPath { index: 7, leaf: leaf(0, 0), proof: RangeLeafProof::default() };
    let entry = BatchEntry { object: ObjectId([3; 32]), shards_root: [4; 32], shard_len: 1024 };
    let path = Box::new((batch.clone(), EntryPath { index: 0, entry, proof: SumProof::default() }));
    let absent = Reading::Absent(path.clone());
    let excused = Answer::Excused(Box::new(batch.clone()));
    assert_eq!(answer(absent.clone(), false, false), Ok(excused.clone()));
    assert_eq!(answer(absent.clone(), false, true), Err(Lack::Lost));
    assert_eq!(answer(absent.clone(), true, true), Ok(Answer::Deleted(path)));
    assert_eq!(release_of(9, &absent), Some(Tombstone { expiry: 9, leaf: 7, object: entry.object }));
    assert_eq!(lacking(&absent), Some(&batch.leaf));
    let unknown = Reading::UnknownBatch(Box::new(batch));
    assert_eq!(release_of(9, &unknown), None);
    assert_eq!(answer(unknown.clone(), false, false), Ok(excused.clone()));
    assert_eq!(answer(unknown, false, true), Err(Lack::Lost));
    assert_eq!(answer(Reading::Behind { known: 4 }, false, false), Err(Lack::Behind { known: 4 }));
    assert_eq!(answer(Reading::Held(excused.clone()), true, true), Ok(excused));
}

#[test]
fn exactly_the_frames_under_challenge_are_withheld() {
    let row = |object: u8, frame| Row { object: ObjectId([object; 32]), frame };
    let blackout = Blackout::new([row(1, 5), row(1, 5), row(2, 0)], 70);
    assert_eq!((blackout.len(), blackout.at()), (2, 70));
    let covers = |object: u8, first, count| blackout.covers(ObjectId([object; 32]), first, count);
    assert!(covers(1, 5, 1) && covers(1, 0, 6) && covers(1, 5, 16) && covers(2, 0, 1));
    assert!(!covers(1, 0, 5) && !covers(1, 6, 16) && !covers(2, 1, 1) && !covers(1, 5, 0));
    assert!(!covers(3, 5, 1) && !covers(1, u64::MAX, 16) && Blackout::default().is_empty());
}

#[test]
fn members_look_at_different_times() {
    let schedule = Schedule { period_blocks: 600, window_blocks: 20, samples: 8 };
    let blocks: BTreeSet<u32> = (0..12).map(|worker| look_at(&schedule, worker, 4)).collect();
    assert!(blocks.len() >= 10, "{blocks:?}");
    assert!(blocks.iter().all(|block| (2400..2700).contains(block)));
    assert_ne!(look_at(&schedule, 1, 4) - 2400, look_at(&schedule, 1, 5) - 3000);
}
