#![allow(clippy::unwrap_used)]

use super::{
    blackout::Blackout,
    prove::{Lack, Need, Question, Sent, Step, checked, is_outdated, step},
    report::look_at,
};
use crate::model::{Row, StoredSample, keys::ShardKey};
use meganet_primitives::{
    audit::{Answer, AuditError, BatchPath, EntryPath, Sample, Schedule, is_bound},
    chain::{ChallengeInfo, ChallengeState, ChallengedByte, Tombstone},
    object::ObjectId,
    range::{RangeError, RangeLeaf, RangeLeafProof, RangeState},
    sum_tree::{BatchEntry, BatchSummary, SumProof},
};
use std::collections::BTreeSet;

fn challenge(state: ChallengeState, offset: u64) -> ChallengeInfo {
    let sample = Sample { group: 1, slot: 2, expiry: 9, offset };
    let samples = vec![ChallengedByte { sample, range: RangeState::default() }];
    ChallengeInfo { worker: 5, period: 3, block: 70, deadline: 78, state, samples }
}

/// The digest of an open challenge.
fn digest(challenge: &ChallengeInfo) -> [u8; 32] {
    let Step::Prove { challenge } = step(challenge.block + 1, Some(challenge), None) else { panic!() };
    challenge
}

#[test]
fn a_proof_is_sent_when_it_is_asked_for_and_not_twice() {
    let open = challenge(ChallengeState::Open, 1);
    let prove = Step::Prove { challenge: digest(&open) };
    assert_eq!(step(69, None, None), Step::Wait);
    assert_eq!(step(69, Some(&challenge(ChallengeState::Scheduled, 1)), None), Step::Wait);
    assert_eq!(step(71, Some(&open), None), prove);
    let sent = Sent { challenge: digest(&open), since: 72 };
    assert_eq!(step(72, Some(&open), Some(&sent)), Step::Wait);
    assert_eq!(step(73, Some(&open), Some(&sent)), Step::Wait);
    assert_eq!(step(74, Some(&open), Some(&sent)), prove, "no block took it");
    // A fork that is lower and asks the same: the pool still has it.
    assert_eq!(step(71, Some(&open), Some(&sent)), Step::Wait);
    assert_eq!(step(71, Some(&challenge(ChallengeState::Proven, 1)), Some(&sent)), Step::Proven(3));
}

#[test]
fn a_fork_that_asks_something_else_is_answered_anew() {
    let sent = Sent { challenge: digest(&challenge(ChallengeState::Open, 1)), since: 70 };
    let other = challenge(ChallengeState::Open, 2);
    assert_ne!(digest(&other), sent.challenge);
    assert_eq!(step(71, Some(&other), Some(&sent)), Step::Prove { challenge: digest(&other) });
    let next = ChallengeInfo { period: 4, ..challenge(ChallengeState::Open, 1) };
    assert_eq!(step(71, Some(&next), Some(&sent)), Step::Prove { challenge: digest(&next) });
}

/// Two validators make a block in the slot of the challenge, and ask for different bytes. The next block shows which one
/// stays.
#[test]
fn a_block_that_its_sibling_replaces_is_not_answered() {
    let (left, kept) = (challenge(ChallengeState::Open, 1), challenge(ChallengeState::Open, 2));
    let (mut sent, mut proofs) = (None, Vec::new());
    for (best, info) in [(70, &left), (70, &kept), (71, &kept), (72, &kept)] {
        if let Step::Prove { challenge } = step(best, Some(info), sent.as_ref()) {
            proofs.push(challenge);
            sent = Some(Sent { challenge, since: best });
        }
    }
    assert_eq!(proofs, [digest(&kept)]);
}

#[test]
fn a_window_without_room_to_wait_is_used_at_once() {
    for (deadline, at) in [(71, 70), (73, 70), (74, 71), (90, 71)] {
        let open = ChallengeInfo { deadline, ..challenge(ChallengeState::Open, 1) };
        let first = (70..deadline).find(|best| step(*best, Some(&open), None) != Step::Wait);
        assert_eq!(first, Some(at), "the window ends with block {deadline}");
        assert!(matches!(step(at, Some(&open), None), Step::Prove { .. }));
    }
}

#[test]
fn a_refused_proof_is_outdated_if_the_chain_asks_something_else_in_its_period() {
    let answered = challenge(ChallengeState::Open, 1);
    let is_outdated = |now: Option<&ChallengeInfo>| is_outdated(3, &digest(&answered), now);
    assert!(is_outdated(Some(&challenge(ChallengeState::Open, 2))));
    assert!(is_outdated(Some(&challenge(ChallengeState::Proven, 2))), "the other proof is in a block");
    assert!(!is_outdated(Some(&answered)));
    let forgotten = ChallengeInfo { samples: Vec::new(), ..challenge(ChallengeState::Missed, 1) };
    assert!(!is_outdated(Some(&forgotten)), "the window is over");
    assert!(!is_outdated(Some(&ChallengeInfo { period: 4, ..challenge(ChallengeState::Open, 2) })));
    assert!(!is_outdated(None));
}

#[test]
fn an_answer_that_the_chain_would_refuse_is_not_sent() {
    let registered = leaf(0b100, 50);
    let range = RangeState::from_leaves([&registered]).unwrap();
    let byte = ChallengedByte { sample: SAMPLE, range };
    let answer = |leaf| Answer::Excused(Box::new(BatchPath { index: 0, leaf, proof: RangeLeafProof::default() }));
    assert_eq!(checked(&byte, 6, answer(registered)), Ok(answer(registered)));
    let wrong = Lack::Wrong(AuditError::Batch(RangeError::Mismatch));
    assert_eq!(checked(&byte, 6, answer(leaf(0b100, 51))), Err(wrong), "the index has another leaf");
}

#[test]
fn what_no_block_can_take_is_given_up() {
    let open = challenge(ChallengeState::Open, 1);
    assert_eq!(step(77, Some(&open), None), Step::Prove { challenge: digest(&open) });
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

const SAMPLE: Sample = Sample { group: 1, slot: 2, expiry: 9, offset: 5 };

/// A batch that slot 2 signed in block 50.
fn batch() -> BatchPath {
    BatchPath { index: 7, leaf: leaf(0b100, 50), proof: RangeLeafProof::default() }
}

fn path() -> Box<(BatchPath, EntryPath)> {
    let entry = BatchEntry { object: ObjectId([3; 32]), shards_root: [4; 32], shard_len: 1024 };
    Box::new((batch(), EntryPath { index: 0, entry, proof: SumProof::default() }))
}

/// Satisfies the needs of a question in order; returns what it needed, and its result.
fn ask(stored: StoredSample, deleted: bool, since: Option<u32>) -> (Vec<Need>, Result<Answer, Lack>) {
    let mut question = Question::new(SAMPLE, stored);
    let mut needs = Vec::new();
    loop {
        let need = question.need();
        match &need {
            Need::Repair { .. } | Need::Sync => {}
            Need::Tombstone(..) => question.deleted(deleted),
            Need::SlotSince(..) => question.slot_since(since),
            Need::Nothing(result) => return (needs, result.clone()),
        }
        needs.push(need);
    }
}

#[test]
fn a_byte_that_is_held_needs_nothing() {
    let held = Answer::Excused(Box::new(batch()));
    assert_eq!(ask(StoredSample::Held(held.clone()), true, Some(0)), (vec![], Ok(held)));
}

#[test]
fn a_range_with_gaps_is_fetched_and_has_no_answer_yet() {
    let behind = StoredSample::Behind { known: 4 };
    assert_eq!(ask(behind, true, None), (vec![Need::Sync], Err(Lack::Behind { known: 4 })));
}

#[test]
fn a_byte_that_is_not_held_is_deleted_or_excused_or_lost() {
    let tombstone = Need::Tombstone(1, Tombstone { expiry: 9, leaf: 7, object: ObjectId([3; 32]) });
    let excused = Answer::Excused(Box::new(batch()));
    let absent = || StoredSample::Absent(path());
    // Once the object is deleted, it does not matter which worker had the slot when the batch was registered.
    assert_eq!(ask(absent(), true, Some(50)), (vec![tombstone.clone()], Ok(Answer::Deleted(path()))));
    let needs = vec![tombstone, Need::SlotSince(1, 2)];
    assert_eq!(ask(absent(), false, Some(50)), (needs.clone(), Err(Lack::Lost)));
    assert_eq!(ask(absent(), false, Some(51)), (needs.clone(), Ok(excused)), "somebody else had the slot");
    assert_eq!(ask(absent(), false, None), (needs, Err(Lack::Lost)), "the slot was handed over later");
}

#[test]
fn an_unknown_batch_is_fetched_and_has_no_object_to_be_deleted() {
    let unknown = || StoredSample::UnknownBatch(Box::new(batch()));
    let needs = vec![Need::Sync, Need::SlotSince(1, 2)];
    assert_eq!(ask(unknown(), true, Some(50)), (needs.clone(), Err(Lack::Lost)));
    assert_eq!(ask(unknown(), true, Some(51)), (needs, Ok(Answer::Excused(Box::new(batch())))));
}

#[test]
fn damage_is_reported_once_and_then_treated_like_a_loss() {
    let key = ShardKey { object: ObjectId([3; 32]), shard: 2 };
    let damaged = || StoredSample::Damaged { path: path(), key, frame: 6 };
    let (needs, result) = ask(damaged(), false, Some(0));
    assert_eq!(needs.first(), Some(&Need::Repair { shard: key, frame: 6 }));
    assert_eq!((needs.len(), result), (3, Err(Lack::Lost)));
    assert_eq!(ask(damaged(), true, None).1, Ok(Answer::Deleted(path())));
}

#[test]
fn a_need_is_stated_until_it_is_satisfied() {
    let mut question = Question::new(SAMPLE, StoredSample::Absent(path()));
    assert_eq!(question.need(), question.need());
    question.deleted(false);
    let since = question.need();
    assert_eq!(since, Need::SlotSince(1, 2));
    assert_eq!(question.need(), since);
    assert_eq!(question.sample(), &SAMPLE);
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
