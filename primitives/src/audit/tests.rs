#![allow(clippy::unwrap_used)]

mod slot_fixture;

use super::*;
use crate::{
    Period,
    merkle::MerkleError,
    object::LEAF_LEN,
    range::{RangeError, RangeState},
    sum_tree::SumTreeError,
};
use alloc::{boxed::Box, vec, vec::Vec};
use codec::{Decode, Encode};
use proptest::prelude::*;
use slot_fixture::{SHARDS, SLOT, SlotFixture};

const SCHEDULE: Schedule = Schedule { period_blocks: 20, window_blocks: 8, samples: 4 };

#[test]
fn a_schedule_needs_place_for_seed_challenge_and_window() {
    assert!(SCHEDULE.is_sound());
    assert!(Schedule { period_blocks: 13, ..SCHEDULE }.is_sound());
    assert!(!Schedule { period_blocks: 12, ..SCHEDULE }.is_sound());
    assert!(!Schedule { window_blocks: 0, ..SCHEDULE }.is_sound());
    assert!(!Schedule { samples: 0, ..SCHEDULE }.is_sound());
    assert!(!Schedule { samples: 17, ..SCHEDULE }.is_sound());
}

#[test]
fn windows_close_within_their_period() {
    for period in 0..50 {
        let when = mix(PURPOSE_WHEN, &[[u8::try_from(period).unwrap(); 32]]);
        for worker in 0..50 {
            let challenge = SCHEDULE.challenge_block(period, &when, worker);
            assert!(challenge > SCHEDULE.drawn_at(period));
            assert_eq!(SCHEDULE.period_of(*Schedule::seed_blocks(challenge).start()), period);
            assert_eq!(SCHEDULE.period_of(SCHEDULE.deadline(challenge)), period);
        }
    }
}

#[test]
fn every_challenge_block_of_a_period_comes_up() {
    let when = mix(PURPOSE_WHEN, &[[1; 32]]);
    let blocks: std::collections::BTreeSet<_> =
        (0..500).map(|worker| SCHEDULE.challenge_block(3, &when, worker)).collect();
    assert_eq!(blocks.into_iter().collect::<Vec<_>>(), (64..72).collect::<Vec<_>>());
}

#[test]
fn nothing_is_asked_of_who_holds_nothing() {
    assert_eq!(samples(&[1; 32], 7, &[], 4), vec![]);
    let empty = Holding { group: 1, slot: 2, ranges: vec![(9, 0)] };
    assert_eq!(samples(&[1; 32], 7, &[empty], 4), vec![]);
}

proptest! {
    /// Pearson's test: bytes are drawn uniformly over slots and ranges of any sizes.
    #[test]
    fn draws_are_uniform_over_bytes(seed: [u8; 32], sizes in prop::collection::vec(1u64..10_000, 1..9)) {
        let holdings: Vec<Holding> = (0u32..).zip(sizes.chunks(2)).map(|(group, ranges)| Holding {
            group,
            slot: 0,
            ranges: (5u32..).zip(ranges).map(|(expiry, bytes)| (expiry, *bytes)).collect(),
        }).collect();
        let total: u64 = sizes.iter().sum();
        let rounds = 500u16;
        let mut hits = std::collections::BTreeMap::<(u32, u32), u64>::new();
        for round in 0..rounds {
            let mut seed = seed;
            seed[..2].copy_from_slice(&round.to_le_bytes());
            let drawn = samples(&seed, 1, &holdings, 16);
            prop_assert_eq!(drawn.len(), 16);
            for sample in drawn {
                let holding = &holdings[usize::try_from(sample.group).unwrap()];
                let (_, bytes) = holding.ranges.iter().find(|(expiry, _)| *expiry == sample.expiry).unwrap();
                prop_assert!(sample.offset < *bytes);
                *hits.entry((sample.group, sample.expiry)).or_default() += 1;
            }
        }
        let draws = f64::from(rounds) * 16.0;
        for holding in &holdings {
            for (expiry, bytes) in &holding.ranges {
                let chance = *bytes as f64 / total as f64;
                let got = hits.get(&(holding.group, *expiry)).copied().unwrap_or_default() as f64;
                let deviation = (draws * chance * (1.0 - chance)).sqrt().max(1.0);
                // Six standard deviations: once in 10^9.
                prop_assert!((got - draws * chance).abs() < 6.0 * deviation + 1.0, "{} of {}", got, draws * chance);
            }
        }
    }

    #[test]
    fn every_byte_has_its_proof(salt: u8, sizes in prop::collection::vec(prop::collection::vec(1u64..200, 1..6), 1..9), at: u64) {
        let fixture = SlotFixture::new(salt, &sizes);
        let sample = fixture.sample(at);
        let answer = fixture.answer(&sample);
        prop_assert_eq!(verify(&sample, &fixture.range, SHARDS, &answer), Ok(()));
        let Answer::Held(held) = answer else { unreachable!() };
        let (batch, entry, _) = *held;
        prop_assert_eq!(verify(&sample, &fixture.range, SHARDS, &Answer::Excused(Box::new(batch.clone()))), Ok(()));
        prop_assert_eq!(verify(&sample, &fixture.range, SHARDS, &Answer::Deleted(Box::new((batch, entry)))), Ok(()));
    }

    #[test]
    fn any_flipped_bit_is_refused(salt: u8, sizes in prop::collection::vec(prop::collection::vec(1u64..200, 1..6), 1..9), at: u64, bit: usize) {
        let fixture = SlotFixture::new(salt, &sizes);
        let sample = fixture.sample(at);
        let answer = fixture.answer(&sample);
        let mut bytes = answer.encode();
        let bit = bit % (bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        let Ok(other) = Answer::decode(&mut bytes.as_slice()) else { return Ok(()) };
        // The kind alone may turn into a weaker claim, which has a rest then and does not decode exactly.
        if std::mem::discriminant(&other) == std::mem::discriminant(&answer) {
            prop_assert!(verify(&sample, &fixture.range, SHARDS, &other).is_err());
        }
    }

    #[test]
    fn the_answer_to_another_byte_is_refused(salt: u8, sizes in prop::collection::vec(prop::collection::vec(1u64..200, 1..6), 1..9), at: u64, other: u64) {
        let fixture = SlotFixture::new(salt, &sizes);
        let (sample, other) = (fixture.sample(at), fixture.sample(other));
        prop_assume!(sample.offset / LEAF_LEN != other.offset / LEAF_LEN);
        prop_assert!(verify(&sample, &fixture.range, SHARDS, &fixture.answer(&other)).is_err());
    }

    #[test]
    fn noise_is_no_answer(bytes in prop::collection::vec(any::<u8>(), 0..3000), at: u64) {
        let fixture = SlotFixture::new(1, &[vec![3, 4], vec![5]]);
        if let Ok(proof) = AuditProof::decode(&mut bytes.as_slice()) {
            for answer in &proof.answers {
                prop_assert!(verify(&fixture.sample(at), &fixture.range, SHARDS, answer).is_err());
            }
        }
    }
}

#[test]
fn each_step_has_its_own_error() {
    let fixture = SlotFixture::new(3, &[vec![5, 70], vec![130, 2], vec![9]]);
    let sample = fixture.sample(100 * LEAF_LEN + 5);
    let Answer::Held(held) = fixture.answer(&sample) else { unreachable!() };
    let refused = |change: &dyn Fn(&mut (BatchPath, EntryPath, HeldLeaf))| {
        let mut parts = (*held).clone();
        change(&mut parts);
        verify(&sample, &fixture.range, SHARDS, &Answer::Held(Box::new(parts))).unwrap_err()
    };
    assert_eq!(refused(&|held| held.0.leaf.registered += 1), AuditError::Batch(RangeError::Mismatch));
    assert_eq!(refused(&|held| held.0.index = 99), AuditError::Batch(RangeError::OutOfRange { index: 99, leaves: 3 }));
    assert_eq!(refused(&|held| held.1.entry.shards_root = [0; 32]), AuditError::Entry(SumTreeError::Mismatch));
    assert_eq!(refused(&|held| held.2.root = [0; 32]), AuditError::Shard(MerkleError::Mismatch));
    assert_eq!(refused(&|held| held.2.data[7] ^= 1), AuditError::Leaf(MerkleError::Mismatch));
    assert_eq!(refused(&|held| held.2.data.truncate(1023)), AuditError::LeafLength(1023));
    assert_eq!(refused(&|held| held.2.proof.siblings.clear()), AuditError::Leaf(MerkleError::WrongLength));
    let first = fixture.answer(&fixture.sample(0));
    assert_eq!(verify(&sample, &fixture.range, SHARDS, &first), Err(AuditError::OtherBatch));
    let neighbour = fixture.answer(&Sample { offset: 206 * LEAF_LEN, ..sample });
    assert_eq!(verify(&sample, &fixture.range, SHARDS, &neighbour), Err(AuditError::OtherEntry));
    let elsewhere = Sample { slot: SLOT + 1, ..sample };
    let answer = Answer::Held(held.clone());
    assert!(matches!(verify(&elsewhere, &fixture.range, SHARDS, &answer), Err(AuditError::Shard(_))));
    let empty = RangeState::default();
    assert!(matches!(verify(&sample, &empty, SHARDS, &answer), Err(AuditError::Batch(_))));
}

#[test]
fn too_many_answers_do_not_decode() {
    let fixture = SlotFixture::new(3, &[vec![1]]);
    let answer = fixture.answer(&fixture.sample(0));
    let many: Vec<Answer> = (0..=MAX_SAMPLES).map(|_| answer.clone()).collect();
    assert!(AuditProof::decode(&mut many.encode().as_slice()).is_err());
    assert!(AuditProof::decode(&mut many[1..].encode().as_slice()).is_ok());
}

const TOLERANCE: Tolerance = Tolerance { misses: 3, proofs_per_miss: 4 };

#[test]
fn misses_add_up_and_proofs_make_them_good() {
    let mut record = Record::since(10);
    assert_eq!(record.missed_before(11), record);
    record = record.proven_in(11, &TOLERANCE);
    assert_eq!((record.misses, record.settled), (0, 11));
    record = record.proven_in(14, &TOLERANCE);
    assert_eq!((record.misses, record.missed, record.settled), (2, 2, 14));
    assert!(!record.is_intolerable(&TOLERANCE));
    for period in 15..18 {
        record = record.proven_in(period, &TOLERANCE);
    }
    assert_eq!(record.misses, 1);
    assert!(record.missed_before(20).is_intolerable(&TOLERANCE));
    assert_eq!(record.missed_before(20).missed_before(20), record.missed_before(20));
}

#[test]
fn two_weeks_at_once_are_counted_as_one_by_one() {
    let at_once = Record::since(0).missed_before(337);
    let one_by_one = (1..=337).fold(Record::since(0), |record, period: Period| record.missed_before(period));
    assert_eq!(at_once, one_by_one);
    assert_eq!(at_once.misses, 336);
    assert_eq!(Record::since(0).missed_before(u32::MAX).misses, u32::MAX - 1);
}
