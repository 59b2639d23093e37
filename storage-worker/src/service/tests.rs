#![allow(clippy::unwrap_used)]

use super::{
    admission::{Admission, AdmissionLimits, Now},
    membership::{GroupView, Membership},
    put::check_close,
    ranges::{RangeComparison, compare, is_range},
    rebuild,
    scrub::Pace,
    sign::statement,
};
use crate::{
    model::{Usage, usage::OVERHEAD},
    store::testing::FakeObject,
};
use meganet_net::{CloseShard, OpenShard, Refusal, SignBatch};
use meganet_primitives::{
    chain::{GroupInfo, SlotMember, StorageParams},
    country::Country,
    object::CODEC_RS_GF8,
    placement::ProfileId,
    range::{RangeLeaf, RangeState},
    receipt::{MAX_RECEIPT_BLOCKS, PeerKey},
    sum_tree::{BatchEntry, summarize},
};
use std::time::Duration;

const ME: PeerKey = PeerKey([3; 32]);
const GROUP: u32 = 7;
const SLOT: u8 = 3;
const GIB: u64 = 1 << 30;
/// The last final block.
const HEAD: u32 = 100;
const OWNER: [u8; 32] = [1; 32];

fn group() -> GroupInfo {
    let member = |slot: u8| {
        let country = Country::new(*b"DE").unwrap();
        Some(SlotMember { worker: slot.into(), peer: PeerKey([slot; 32]), country })
    };
    GroupInfo {
        id: GROUP,
        profile: ProfileId::Compact,
        slot_capacity: GIB,
        used: 0,
        slots: (0..6).map(member).collect(),
        opened: 1,
    }
}

fn membership() -> Membership {
    let mut membership = Membership::default();
    membership.set_params(&StorageParams {
        epoch: 5,
        epoch_blocks: 10,
        max_epochs: 100,
        price_per_gib_epoch: 1,
        group_deposit: 1,
        bond_per_gib: 1,
        min_bond: 1,
        min_capacity: GIB,
        slot_capacity: vec![GIB; 4],
        schedule: meganet_primitives::audit::Schedule { period_blocks: 20, window_blocks: 8, samples: 8 },
        tolerance: meganet_primitives::audit::Tolerance { misses: 3, proofs_per_miss: 10 },
        burn_ppm: 0,
        renewal_deposit: 0,
        renewal_fee: 0,
    });
    membership.set_group(GroupView::of(&group(), &ME).unwrap());
    membership
}

fn admission() -> Admission {
    Admission::new(AdmissionLimits { capacity: 4 * GIB, staging: GIB / 2, uploads: 2 })
}

fn now(usage: &Usage) -> Now<'_> {
    Now { at: Duration::ZERO, usage, room: u64::MAX, promised: 0 }
}

fn open(object: &FakeObject) -> OpenShard {
    let header = &object.record.header;
    OpenShard {
        group: GROUP,
        slot: SLOT,
        shard_len: object.entry().shard_len,
        k: header.k,
        n: header.n,
        codec: header.codec,
        sealed_len: header.sealed_len,
    }
}

fn sign(entries: Vec<BatchEntry>) -> SignBatch {
    SignBatch { group: GROUP, slot: SLOT, expiry: 9, owner: [1; 32], valid_until: HEAD + 1, entries }
}

#[test]
fn the_view_of_a_group_is_the_slot_in_it() {
    let view = GroupView::of(&group(), &ME).unwrap();
    assert_eq!(view.slot, SLOT);
    assert_eq!(view.others().map(|(slot, _)| slot).collect::<Vec<_>>(), vec![0, 1, 2, 4, 5]);
    assert!(GroupView::of(&group(), &PeerKey([99; 32])).is_none());
}

#[test]
fn a_shard_comes_in_only_where_it_belongs() {
    let (membership, usage, mut admission) = (membership(), Usage::default(), admission());
    let good = open(&FakeObject::new(1, 1 << 20));
    let mut ask = |request: OpenShard| admission.open(&request, OWNER, &membership, now(&usage));
    assert_eq!(ask(OpenShard { group: 8, ..good }), Err(Refusal::NotMember));
    assert_eq!(ask(OpenShard { slot: 2, ..good }), Err(Refusal::WrongSlot));
    assert_eq!(ask(OpenShard { codec: CODEC_RS_GF8 + 1, ..good }), Err(Refusal::BadRequest));
    assert_eq!(ask(OpenShard { k: 4, n: 12, ..good }), Err(Refusal::HeaderMismatch));
    assert_eq!(ask(OpenShard { shard_len: good.shard_len + 1024, ..good }), Err(Refusal::HeaderMismatch));
    assert_eq!(ask(OpenShard { sealed_len: 0, ..good }), Err(Refusal::HeaderMismatch));
    let first = ask(good).unwrap().ticket;
    let second = ask(good).unwrap().ticket;
    assert_eq!(ask(good), Err(Refusal::Busy));
    admission.done(first);
    let third = admission.open(&good, OWNER, &membership, now(&usage)).unwrap().ticket;
    admission.done(second);
    admission.done(third);
    // Both places are free again.
    assert!(admission.open(&good, OWNER, &membership, now(&usage)).is_ok());
    assert!(admission.open(&good, OWNER, &membership, now(&usage)).is_ok());
}

#[test]
fn a_shard_larger_than_the_slot_never_comes() {
    let (membership, usage, mut admission) = (membership(), Usage::default(), admission());
    let sealed_len = 3 * GIB;
    let layout = meganet_primitives::object::Layout::new(2, 6, sealed_len).unwrap();
    let request = OpenShard { sealed_len, shard_len: layout.shard_len(), ..open(&FakeObject::new(1, 17)) };
    assert_eq!(admission.open(&request, OWNER, &membership, now(&usage)), Err(Refusal::TooLarge));
}

#[test]
fn a_lack_of_room_says_of_which_kind_and_what_is_free() {
    let (mut membership, mut admission) = (membership(), admission());
    let request = open(&FakeObject::new(1, 1 << 20));
    let len = request.shard_len;
    // The slot: half a shard is left.
    let used = GIB - len / 2;
    membership.set_group(GroupView { used, ..GroupView::of(&group(), &ME).unwrap() });
    let refused = admission.open(&request, OWNER, &membership, now(&Usage::default()));
    assert_eq!(refused, Err(Refusal::OverCapacity { free: len / 2 }));
    membership.set_group(GroupView::of(&group(), &ME).unwrap());
    // Shards that are not registered yet count as well, and so do those on their way.
    let mut usage = Usage::default();
    usage.unregistered.insert(GROUP, GIB / 2 - len - OVERHEAD);
    let ticket = admission.open(&request, OWNER, &membership, now(&usage)).unwrap().ticket;
    assert_eq!(admission.open(&request, OWNER, &membership, now(&usage)), Err(Refusal::UploadsFull { free: 0 }));
    admission.done(ticket);
    // The space that is lent.
    let usage = Usage { bytes: 4 * GIB - 1024, ..Usage::default() };
    let refused = admission.open(&request, OWNER, &membership, now(&usage));
    assert_eq!(refused, Err(Refusal::UploadsFull { free: 1024 }));
    // The disk, which others fill as well.
    let usage = Usage::default();
    let full = |room| Now { room, ..now(&usage) };
    for (room, free) in [(0, 0), (5, 0), (OVERHEAD + 5, 5)] {
        let refused = admission.open(&request, OWNER, &membership, full(room));
        assert_eq!(refused, Err(Refusal::DiskFull { free }));
    }
    assert!(admission.open(&request, OWNER, &membership, full(OVERHEAD + len)).is_ok());
}

#[test]
fn a_shard_must_be_what_was_announced() {
    let object = FakeObject::new(1, 1 << 20);
    let request = open(&object);
    let roots = &object.record.roots;
    let close = CloseShard { header: object.record.header, shard_roots: roots.clone() };
    let root = roots[usize::from(SLOT)];
    let (id, record) = check_close(&request, close.clone(), &root).unwrap();
    assert_eq!((id, record), (object.id(), object.record.clone()));
    let refused = |request: &OpenShard, close: CloseShard, root| check_close(request, close, root).unwrap_err();
    assert_eq!(refused(&request, close.clone(), &roots[0]), Refusal::ShardMismatch);
    let mut other = close.clone();
    other.header.sealed_len += 1;
    assert_eq!(refused(&request, other, &root), Refusal::HeaderMismatch);
    let mut other = close.clone();
    other.shard_roots.swap(0, 1);
    assert_eq!(refused(&request, other, &root), Refusal::HeaderMismatch);
    let mut other = close.clone();
    other.shard_roots.pop();
    assert_eq!(refused(&request, other, &root), Refusal::HeaderMismatch);
    let mut other = close;
    other.header.version += 1;
    assert_eq!(refused(&request, other, &root), Refusal::HeaderMismatch);
}

#[test]
fn a_receipt_says_who_where_what_and_until_when() {
    let membership = membership();
    let entries = vec![FakeObject::new(1, 5000).entry(), FakeObject::new(2, 5000).entry()];
    let request = sign(entries.clone());
    let said = statement(&request, &membership, &[4; 32], HEAD).unwrap();
    assert_eq!(said.genesis, [4; 32]);
    assert_eq!((said.group, said.slot, said.expiry, said.owner), (GROUP, SLOT, 9, [1; 32]));
    assert_eq!(said.valid_until, HEAD + 1);
    assert_eq!(said.batch, summarize(&entries).unwrap());
}

#[test]
fn a_batch_that_cannot_be_registered_is_not_signed() {
    let membership = membership();
    let entry = FakeObject::new(1, 5000).entry();
    let refused = |request: SignBatch| statement(&request, &membership, &[4; 32], HEAD).unwrap_err();
    assert_eq!(refused(SignBatch { group: 8, ..sign(vec![entry]) }), Refusal::NotMember);
    assert_eq!(refused(SignBatch { slot: 1, ..sign(vec![entry]) }), Refusal::WrongSlot);
    for expiry in [0, 5, 106] {
        assert_eq!(refused(SignBatch { expiry, ..sign(vec![entry]) }), Refusal::Expired);
    }
    for valid_until in [0, HEAD, HEAD + MAX_RECEIPT_BLOCKS + 1] {
        assert_eq!(refused(SignBatch { valid_until, ..sign(vec![entry]) }), Refusal::Stale);
    }
    assert_eq!(refused(sign(Vec::new())), Refusal::BadRequest);
    assert_eq!(refused(sign(vec![entry, entry])), Refusal::BadRequest);
    assert_eq!(refused(sign(vec![BatchEntry { shard_len: 1000, ..entry }])), Refusal::BadRequest);
    let huge = BatchEntry { shard_len: 2 * GIB, ..entry };
    assert_eq!(refused(sign(vec![huge])), Refusal::OverCapacity { free: GIB });
}

#[test]
fn a_range_must_have_the_peaks_of_the_chain() {
    let leaves: Vec<RangeLeaf> = (1..=11)
        .map(|seed| {
            let batch = summarize(&[FakeObject::new(seed, 1000).entry()]).unwrap();
            RangeLeaf { batch, owner: [1; 32], signed: 0b111, registered: 1 }
        })
        .collect();
    let chain = RangeState::from_leaves(&leaves).unwrap();
    assert!(is_range(&chain, leaves.iter()));
    assert!(is_range(&chain, leaves[..4].iter().chain(&leaves[4..])));
    assert!(!is_range(&chain, leaves[..10].iter()));
    let mut wrong = leaves.clone();
    wrong.swap(2, 3);
    assert!(!is_range(&chain, wrong.iter()));
    let mut wrong = leaves;
    wrong[5].signed = 0b1111;
    assert!(!is_range(&chain, wrong.iter()));
    assert_eq!(compare(11, &chain), RangeComparison::Complete);
    assert_eq!(compare(4, &chain), RangeComparison::Behind { from: 4 });
    assert_eq!(compare(12, &chain), RangeComparison::Ahead);
}

#[test]
fn attempts_come_at_growing_distances_that_chance_spreads() {
    assert_eq!(rebuild::wait(0, 0), 5);
    assert!(rebuild::wait(3, 0) > rebuild::wait(2, 0));
    let longest = rebuild::wait(u32::MAX, 0);
    assert!((60..=600).contains(&longest));
    for chance in [1, 77, u64::MAX] {
        let wait = rebuild::wait(u32::MAX, chance);
        assert!(wait <= longest && wait >= longest * 3 / 4);
    }
}

#[test]
fn a_pace_rests_what_reading_did_not_take() {
    let pace = Pace::new(1 << 20);
    assert_eq!(pace.rest(1 << 20, Duration::ZERO), Duration::from_secs(1));
    assert_eq!(pace.rest(1 << 20, Duration::from_millis(400)), Duration::from_millis(600));
    assert_eq!(pace.rest(1 << 20, Duration::from_secs(2)), Duration::ZERO);
}
