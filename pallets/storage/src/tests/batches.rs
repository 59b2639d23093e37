use crate::{Error, Event, Groups, mock::*};
use frame_support::assert_ok;
use meganet_primitives::{
    Epoch, GroupId,
    placement::ProfileId,
    range::{RangeLeaf, RangeState},
    receipt::{PeerSignature, Receipt, ReceiptStatement},
    sum_tree::{BatchSummary, summarize},
};
use sp_runtime::DispatchResult;

/// A Compact group: its quorum is four of six.
fn network() -> GroupId {
    twelve_workers();
    filled_group(ProfileId::Compact)
}

fn call(owner: u8, group: GroupId, expiry: Epoch, batch: BatchSummary, receipts: Vec<Receipt>) -> DispatchResult {
    let receipts = receipts.try_into().unwrap();
    dispatch(crate::Call::<Test>::store { group, expiry, batch, valid_until: VALID, receipts }, signed(owner))
}

/// Asserts that a call is refused with this error and changes nothing.
fn refused(result: impl FnOnce() -> DispatchResult, error: Error<Test>) {
    let before = sp_io::storage::root(sp_runtime::StateVersion::V1);
    assert_eq!(result(), Err(error.into()));
    assert_eq!(before, sp_io::storage::root(sp_runtime::StateVersion::V1));
}

#[test]
fn a_batch_with_a_quorum_is_appended_paid_and_announced() {
    run(|| {
        let group = network();
        let batch = summarize(&entries(1, &[3, 4, 5])).unwrap();
        let pot = Storage::api_stats().pot;
        assert_ok!(store(60, group, 3, batch));
        // 12 KiB in each of six slots for three epochs.
        let price = 12 * 6 * 3;
        assert_eq!(Balances::free_balance(account(60)), RICH - price);
        assert_eq!(Storage::api_stats().pot, pot + price);
        let leaf = RangeLeaf { batch, owner: [60; 32], signed: 0b1111, registered: System::block_number() };
        assert_eq!(last_event(), Event::Stored { group, expiry: 3, index: 0, leaf });
        let ranges = Storage::api_ranges(group);
        assert_eq!(ranges.len(), 1);
        assert_eq!(ranges[0].expiry, 3);
        assert_eq!(ranges[0].state, RangeState::from_leaves(&[leaf]).unwrap());
        assert_eq!(Storage::api_group(group).unwrap().used, 12 * KIB);
        let stats = Storage::api_stats();
        assert_eq!((stats.totals.batches, stats.totals.objects, stats.totals.bytes), (1, 3, u128::from(12 * 6 * KIB)));
    });
}

#[test]
fn leaves_are_numbered_and_ranges_sorted_by_expiry() {
    run(|| {
        let group = network();
        for (salt, expiry, index) in [(1, 5, 0), (2, 3, 0), (3, 5, 1), (4, 4, 0), (5, 5, 2)] {
            assert_ok!(store(60, group, expiry, batch(salt, 1)));
            let Event::Stored { index: found, .. } = last_event() else { panic!("no Stored event") };
            assert_eq!(found, index);
        }
        let ranges: Vec<_> =
            Storage::api_ranges(group).iter().map(|range| (range.expiry, range.state.leaves)).collect();
        assert_eq!(ranges, [(3, 1), (4, 1), (5, 3)]);
    });
}

#[test]
fn a_receipt_must_be_by_the_worker_in_its_slot() {
    run(|| {
        let group = network();
        let batch = batch(1, 1);
        let good: Vec<_> = receipts(group, 3, 60, batch, 5).into_inner();
        let with = |receipt: Receipt| {
            let mut receipts = good.clone();
            receipts[2] = receipt;
            receipts
        };
        let said = statement(group, 2, 3, 60, batch);
        let outsider = (1..=12).find(|n| (0..6).all(|slot| seated(group, slot) != *n)).unwrap();
        let wrong = [
            // By a worker outside the group, and by the member of another slot.
            sign(outsider, &said),
            sign(seated(group, 3), &said),
            // A flipped bit of the signature, and no signature at all.
            Receipt {
                signature: PeerSignature(core::array::from_fn(|at| good[2].signature.0[at] ^ u8::from(at == 9))),
                ..good[2]
            },
            Receipt { signature: PeerSignature([0; 64]), ..good[2] },
        ];
        for receipt in wrong {
            refused(|| call(60, group, 3, batch, with(receipt)), Error::BadReceipt);
        }
        assert_ok!(call(60, group, 3, batch, good.clone()));
    });
}

#[test]
fn a_receipt_holds_for_one_chain_group_slot_expiry_owner_and_batch() {
    run(|| {
        let group = network();
        let batch = batch(1, 1);
        let said = |slot| statement(group, slot, 3, 60, batch);
        let variants: [fn(&mut ReceiptStatement); 8] = [
            |said| said.genesis = [9; 32],
            |said| said.group += 1,
            |said| said.slot += 1,
            |said| said.expiry += 1,
            |said| said.owner = [61; 32],
            |said| said.batch.bytes += KIB,
            |said| said.batch.root = [0; 32],
            |said| said.valid_until += 1,
        ];
        for change in variants {
            let receipts: Vec<_> = (0..4)
                .map(|slot| {
                    let mut other = said(slot);
                    change(&mut other);
                    Receipt { slot, ..sign(seated(group, slot), &other) }
                })
                .collect();
            refused(|| call(60, group, 3, batch, receipts), Error::BadReceipt);
        }
        // Another account can't register with the owner's receipts.
        let receipts = receipts(group, 3, 60, batch, 4).into_inner();
        refused(|| call(61, group, 3, batch, receipts.clone()), Error::BadReceipt);
        assert_ok!(call(60, group, 3, batch, receipts));
    });
}

#[test]
fn receipts_are_taken_as_long_as_they_are_valid() {
    run(|| {
        let group = network();
        let batch = batch(1, 1);
        let now = System::block_number();
        let store = |valid_until| {
            let sign = |slot| {
                let said = ReceiptStatement { valid_until, ..statement(group, slot, 3, 60, batch) };
                sign(seated(group, slot), &said)
            };
            let receipts: Vec<_> = (0..4).map(sign).collect();
            let receipts = receipts.try_into().unwrap();
            dispatch(crate::Call::<Test>::store { group, expiry: 3, batch, valid_until, receipts }, signed(60))
        };
        refused(|| store(now - 1), Error::ReceiptsStale);
        assert_ok!(store(now));
    });
}

#[test]
fn fewer_receipts_than_the_quorum_are_refused() {
    run(|| {
        let group = network();
        let batch = batch(1, 1);
        for count in 0..4 {
            let receipts = receipts(group, 3, 60, batch, count).into_inner();
            refused(|| call(60, group, 3, batch, receipts), Error::BelowQuorum);
        }
        assert_ok!(call(60, group, 3, batch, receipts(group, 3, 60, batch, 4).into_inner()));
    });
}

#[test]
fn one_receipt_counts_once_and_only_for_a_slot_that_is_there() {
    run(|| {
        let group = network();
        let batch = batch(1, 1);
        let good = receipts(group, 3, 60, batch, 4).into_inner();
        let twice = vec![good[0], good[1], good[2], good[2]];
        refused(|| call(60, group, 3, batch, twice), Error::ReceiptsUnsorted);
        let backwards = good.iter().rev().copied().collect();
        refused(|| call(60, group, 3, batch, backwards), Error::ReceiptsUnsorted);
        for slot in [6, 63, 64, 255] {
            let mut beyond = good.clone();
            beyond[3].slot = slot;
            refused(|| call(60, group, 3, batch, beyond), Error::NoSuchSlot);
        }
    });
}

#[test]
fn an_expiry_must_be_ahead_and_not_too_far() {
    run(|| {
        let group = network();
        run_to_epoch(2);
        let batch = batch(1, 1);
        let at = |expiry| call(60, group, expiry, batch, receipts(group, expiry, 60, batch, 4).into_inner());
        for expiry in [0, 1, 2] {
            refused(|| at(expiry), Error::Expired);
        }
        for expiry in [2 + MAX_EPOCHS + 1, Epoch::MAX] {
            refused(|| at(expiry), Error::ExpiryTooFar);
        }
        assert_ok!(at(3));
        assert_ok!(at(2 + MAX_EPOCHS));
        // Receipts collected in time are too late once the epoch has come.
        let late = receipts(group, 3, 60, batch, 4).into_inner();
        run_to_epoch(3);
        refused(|| call(60, group, 3, batch, late), Error::Expired);
    });
}

#[test]
fn a_summary_that_no_batch_has_is_refused() {
    run(|| {
        let group = network();
        let good = batch(1, 8);
        for bad in [
            BatchSummary { objects: 0, ..good },
            BatchSummary { objects: 9, ..good },
            BatchSummary { objects: 65_537, bytes: 65_537 * KIB, ..good },
            BatchSummary { bytes: 0, ..good },
            BatchSummary { bytes: good.bytes + 1, ..good },
        ] {
            refused(|| store(60, group, 3, bad), Error::BadBatch);
        }
    });
}

#[test]
fn a_batch_over_the_capacity_of_the_slots_is_refused() {
    run(|| {
        let group = network();
        refused(|| store(60, group, 3, batch(1, 257)), Error::GroupFull);
        assert_ok!(store(60, group, 3, batch(1, 200)));
        refused(|| store(60, group, 4, batch(2, 57)), Error::GroupFull);
        assert_ok!(store(60, group, 4, batch(2, 56)));
        refused(|| store(60, group, 5, batch(3, 1)), Error::GroupFull);
        let huge = BatchSummary { bytes: u64::MAX - 1023, ..batch(1, 1) };
        refused(|| store(60, group, 3, huge), Error::GroupFull);
        assert_eq!(Storage::api_group(group).unwrap().used, SLOT);
    });
}

#[test]
fn a_group_without_workers_takes_nothing() {
    run(|| {
        assert_ok!(Storage::open_group(signed(50), ProfileId::Compact));
        let batch = batch(1, 1);
        refused(|| call(60, 0, 3, batch, vec![]), Error::GroupNotReady);
        refused(|| call(60, 1, 3, batch, vec![]), Error::NoSuchGroup);
    });
}

#[test]
fn who_cannot_pay_stores_nothing() {
    run(|| {
        let group = network();
        refused(|| store(100, group, 3, batch(1, 1)), Error::CannotPay);
        // 1 KiB in six slots for one epoch: 6. An account is never emptied.
        assert_ok!(Balances::transfer_allow_death(signed(60), account(101), EXISTENTIAL_DEPOSIT + 5));
        refused(|| store(101, group, 1, batch(1, 1)), Error::CannotPay);
        assert_ok!(Balances::transfer_allow_death(signed(60), account(101), 1));
        assert_ok!(store(101, group, 1, batch(1, 1)));
        assert_eq!(Balances::free_balance(account(101)), EXISTENTIAL_DEPOSIT);
    });
}

#[test]
fn a_price_beyond_all_money_is_refused() {
    run(|| {
        let group = network();
        let params = crate::CurrentParams::<Test>::get();
        let dear = crate::Params { price_per_gib_epoch: 1 << 100, ..params };
        assert_ok!(Storage::set_params(RuntimeOrigin::root(), dear));
        refused(|| store(60, group, 3, batch(1, 256)), Error::CannotPay);
        let dear = crate::Params { price_per_gib_epoch: u128::MAX, ..params };
        assert_ok!(Storage::set_params(RuntimeOrigin::root(), dear));
        crate::Fixed::<Test>::mutate(|fixed| fixed.slot_capacity = [1 << 40; 4]);
        Groups::<Test>::mutate_extant(group, |record| record.slot_capacity = 1 << 40);
        refused(|| store(60, group, 3, batch(1, 1 << 30)), Error::Overflow);
        Groups::<Test>::mutate_extant(group, |record| record.slot_capacity = SLOT);
        crate::Fixed::<Test>::mutate(|fixed| fixed.slot_capacity = [SLOT; 4]);
    });
}

#[test]
fn storing_is_for_free_where_the_price_is_zero() {
    run(|| {
        let group = network();
        let params = crate::CurrentParams::<Test>::get();
        let gratis = crate::Params { price_per_gib_epoch: 0, ..params };
        assert_ok!(Storage::set_params(RuntimeOrigin::root(), gratis));
        assert_ok!(store(60, group, 3, batch(1, 1)));
        assert_eq!(Balances::free_balance(account(60)), RICH);
    });
}
