use super::*;
use crate::{AutoRenewals, Call, HoldReason};
use frame_support::{
    assert_ok,
    traits::fungible::{Inspect, InspectHold},
};
use meganet_primitives::{
    AutoRenewalId, Balance,
    audit::Answer,
    chain::{AutoRenewalInfo, AutoRenewalState},
    range::{RangeLeaf, prove_leaf},
};
use sp_runtime::DispatchResult;

/// The fee of the call and a quarter.
const FEE: Balance = 10;

pub fn prepay(
    payer: u8,
    archive: &Archive,
    place: (GroupId, u32, usize),
    epochs: u32,
    amount: Balance,
) -> DispatchResult {
    let (group, expiry, index) = place;
    let leaves = archive.leaves(group, expiry);
    let leaf_index = index as u64;
    let leaf_proof = prove_leaf(&leaves, leaf_index).unwrap();
    let (leaf, max_price) = (leaves[index], PRICE);
    let call = Call::<Test>::prepay { group, expiry, leaf_index, leaf, leaf_proof, epochs, max_price, amount };
    dispatch(call, signed(payer))
}

pub fn auto_renew(caller: u8, id: AutoRenewalId) -> DispatchResult {
    dispatch(Call::<Test>::auto_renew { id }, signed(caller))
}

pub fn top_up(giver: u8, id: AutoRenewalId, amount: Balance) -> DispatchResult {
    dispatch(Call::<Test>::top_up { id, amount }, signed(giver))
}

pub fn cancel(who: u8, id: AutoRenewalId) -> DispatchResult {
    dispatch(Call::<Test>::cancel_auto_renewal { id }, signed(who))
}

pub fn prepaid(n: u8) -> Balance {
    Balances::balance_on_hold(&HoldReason::AutoRenewal.into(), &account(n))
}

fn info(id: AutoRenewalId) -> AutoRenewalInfo {
    Storage::api_auto_renewal(id).unwrap()
}

fn state(id: AutoRenewalId) -> AutoRenewalState {
    info(id).state
}

/// A batch of 20 KiB that expires at epoch 3; renewing it for 2 epochs costs 6 slots, 20 KiB and 3 epochs.
fn one_batch() -> (GroupId, Archive, Balance) {
    twelve_workers();
    let group = filled_group(ProfileId::Compact);
    let mut archive = Archive::default();
    super::pay::with_audit(|audit| audit.misses = 100);
    archive.store(60, group, 3, &[20]);
    (group, archive, 6 * 20 * 3)
}

#[test]
fn a_batch_lives_for_as_long_as_the_money_lasts_whoever_is_gone() {
    run(|| {
        let (group, mut archive, price) = one_batch();
        let (first, entries) = archive.leaf(group, 3, 0).clone();
        assert_ok!(prepay(61, &archive, (group, 3, 0), 2, 3 * (price + FEE) + 5));
        assert_eq!(prepaid(61), 3 * (price + FEE) + 5 + RENEWAL_DEPOSIT);
        let operator = seated(group, 0);
        let mut expiry = 3;
        for left in (0..3).rev() {
            // It can't be renewed before the last epoch, nor twice.
            run_to(expiry * EPOCH_BLOCKS - EPOCH_BLOCKS - 1);
            assert_eq!(state(0), AutoRenewalState::Waiting);
            assert_eq!(auto_renew(operator, 0), Err(Error::<Test>::NotDue.into()));
            run_to_epoch(expiry - 1);
            assert_eq!(state(0), AutoRenewalState::Due);
            let before = (Balances::balance(&account(operator)), Storage::api_money().paid_in);
            assert_ok!(auto_renew(operator, 0));
            assert_eq!(Balances::balance(&account(operator)) - before.0, FEE);
            assert_eq!(Storage::api_money().paid_in - before.1, price);
            assert_eq!(auto_renew(operator, 0), Err(Error::<Test>::NotDue.into()));
            archive.note(entries.clone());
            expiry += 2;
            assert_eq!(*archive.leaf(group, expiry, 0), (first, entries.clone()));
            let left = left * (price + FEE) + 5;
            assert_eq!((info(0).expiry, info(0).leaf, info(0).balance), (expiry, 0, left));
            assert_eq!(prepaid(61), left + RENEWAL_DEPOSIT);
            assert_eq!(Storage::api_group(group).unwrap().used, 20 * KIB);
        }
        // The last renewal reported that the balance is too low.
        let event = Event::AutoRenewalShort { id: 0, balance: 5, needed: price + FEE };
        assert_eq!(last_event(), event);
        assert_eq!(state(0), AutoRenewalState::Short);
        run_to_epoch(expiry - 1);
        assert_eq!(auto_renew(operator, 0), Err(Error::<Test>::PrepaidTooLow.into()));
        // The workers are bound to what they signed at first.
        let challenge = next_challenge(worker_in(group, 0));
        assert_eq!(Storage::epoch(), expiry);
        assert!(challenge.samples.is_empty(), "it has expired");
        assert_eq!(state(0), AutoRenewalState::Expired);
        assert_eq!(auto_renew(operator, 0), Err(Error::<Test>::Expired.into()));
        assert_eq!(top_up(61, 0, 1), Err(Error::<Test>::Expired.into()));
        // Then any account may close it; the rest goes to the payer.
        assert_ok!(cancel(99, 0));
        assert_eq!(prepaid(61), 0);
        assert_eq!(Balances::balance(&account(61)), RICH - 3 * (price + FEE));
    });
}

#[test]
fn a_batch_that_was_renewed_by_itself_binds_whom_it_bound() {
    run(|| {
        let (group, mut archive, price) = one_batch();
        let (_, entries) = archive.leaf(group, 3, 0).clone();
        assert_ok!(prepay(61, &archive, (group, 3, 0), 5, 10 * price));
        run_to_epoch(2);
        assert_ok!(auto_renew(99, 0));
        archive.note(entries);
        run_to_epoch(3);
        let worker = worker_in(group, 0);
        let challenge = next_challenge(worker);
        assert!(challenge.samples.iter().all(|byte| byte.sample.expiry == 8) && !challenge.samples.is_empty());
        run_to(challenge.block + 1);
        let operator = Storage::api_worker(worker).unwrap().operator[0];
        let excuse = |_: usize, _: &_, held: Answer| Answer::Excused(Box::new(held.batch().clone()));
        refused(
            prove_as(operator, worker, challenge.period, archive.proof_with(&challenge, excuse)),
            Error::NotExcused,
        );
        assert!(prove_as(operator, worker, challenge.period, archive.proof(&challenge)).is_ok());
    });
}

#[test]
fn what_can_not_work_is_not_opened() {
    run(|| {
        let (group, archive, price) = one_batch();
        let place = (group, 3, 0);
        let refuse = |payer, epochs, amount, error: Error<Test>| {
            assert_eq!(prepay(payer, &archive, place, epochs, amount), Err(error.into()));
        };
        refuse(61, 2, price + FEE - 1, Error::PrepaidTooLow);
        refuse(61, 0, RICH / 2, Error::BadRenewalEpochs);
        refuse(61, MAX_EPOCHS, RICH / 2, Error::BadRenewalEpochs);
        refuse(100, 2, price + FEE, Error::InsufficientFunds);
        let leaves = archive.leaves(group, 3);
        let leaf = RangeLeaf { signed: 0, ..leaves[0] };
        let leaf_proof = prove_leaf(&leaves, 0).unwrap();
        let (epochs, max_price, amount) = (2, PRICE, RICH / 2);
        let call = |expiry, leaf_proof| Call::<Test>::prepay {
            group,
            expiry,
            leaf_index: 0,
            leaf,
            leaf_proof,
            epochs,
            max_price,
            amount,
        };
        assert_eq!(dispatch(call(3, leaf_proof.clone()), signed(61)), Err(Error::<Test>::BadLeafProof.into()));
        assert_eq!(dispatch(call(4, leaf_proof), signed(61)), Err(Error::<Test>::NoSuchRange.into()));
        for refused in [auto_renew(61, 0), cancel(61, 0), top_up(61, 0, 1)] {
            assert_eq!(refused, Err(Error::<Test>::NoSuchAutoRenewal.into()));
        }
        run_to_epoch(3);
        refuse(61, 2, price + FEE, Error::Expired);
    });
}

#[test]
fn neither_a_high_price_nor_high_fees_are_paid_and_the_state_says_so() {
    run(|| {
        let (group, archive, price) = one_batch();
        assert_ok!(prepay(61, &archive, (group, 3, 0), 2, 10 * price));
        run_to_epoch(2);
        let mut params = crate::CurrentParams::<Test>::get();
        params.price_per_gib_epoch = PRICE + 1;
        assert_ok!(Storage::set_params(RuntimeOrigin::root(), params));
        assert_eq!(state(0), AutoRenewalState::TooDear);
        assert_eq!(auto_renew(99, 0), Err(Error::<Test>::TooDear.into()));
        params.price_per_gib_epoch = PRICE;
        assert_ok!(Storage::set_params(RuntimeOrigin::root(), params));
        Fee::set(MAX_RENEWAL_FEE);
        assert_eq!(state(0), AutoRenewalState::Blocked);
        assert_eq!(auto_renew(99, 0), Err(Error::<Test>::FeesTooHigh.into()));
        Fee::set(8);
        assert_eq!(state(0), AutoRenewalState::Due);
        assert_ok!(auto_renew(99, 0));
    });
}

#[test]
fn a_group_without_room_says_that_it_is_in_the_way() {
    run(|| {
        twelve_workers();
        let group = filled_group(ProfileId::Compact);
        let mut archive = Archive::default();
        archive.store(60, group, 3, &[200]);
        let amount = 100_000;
        assert_ok!(prepay(61, &archive, (group, 3, 0), 2, amount));
        assert_ok!(prepay(62, &archive, (group, 3, 0), 2, amount));
        run_to_epoch(2);
        assert_ok!(auto_renew(99, 0));
        // There is room for it once, and the other payer's order would register it a second time.
        assert_eq!(state(1), AutoRenewalState::Blocked);
        assert_eq!(auto_renew(99, 1), Err(Error::<Test>::GroupFull.into()));
    });
}

#[test]
fn anybody_gives_more_and_only_the_payer_takes_back() {
    run(|| {
        let (group, archive, price) = one_batch();
        assert_ok!(prepay(61, &archive, (group, 3, 0), 2, price + FEE));
        assert_ok!(top_up(62, 0, 7));
        assert_ok!(top_up(61, 0, 3));
        let event = Event::AutoRenewalFunded { id: 0, giver: account(61), amount: 3, balance: price + FEE + 10 };
        assert_eq!(last_event(), event);
        assert_eq!(Balances::balance(&account(62)), RICH - 7);
        assert_eq!(top_up(100, 0, 7), Err(Error::<Test>::InsufficientFunds.into()));
        assert_eq!(cancel(62, 0), Err(Error::<Test>::NotPayer.into()));
        assert_ok!(cancel(61, 0));
        let returned = price + FEE + 10 + RENEWAL_DEPOSIT;
        assert_eq!(last_event(), Event::AutoRenewalClosed { id: 0, payer: account(61), returned });
        // The added amount belongs to the payer.
        assert_eq!(Balances::balance(&account(61)), RICH + 7);
        assert_eq!(prepaid(61), 0);
        assert!(AutoRenewals::<Test>::get(0).is_none());
    });
}

#[test]
fn they_are_found_by_payer_and_by_range_a_page_at_a_time() {
    run(|| {
        let (group, mut archive, price) = one_batch();
        archive.store(60, group, 4, &[10]);
        for (payer, expiry) in [(61, 3), (62, 4), (61, 4), (61, 3)] {
            assert_ok!(prepay(payer, &archive, (group, expiry, 0), 2, 2 * price));
        }
        let ids = |page: Vec<AutoRenewalInfo>| page.iter().map(|info| info.id).collect::<Vec<_>>();
        assert_eq!(ids(Storage::api_auto_renewals_of([61; 32], 0, 9)), [0, 2, 3]);
        assert_eq!(ids(Storage::api_auto_renewals_of([61; 32], 1, 1)), [2]);
        assert_eq!(ids(Storage::api_auto_renewals_of([63; 32], 0, 9)), [0u64; 0]);
        assert_eq!(ids(Storage::api_auto_renewals_in(group, 4, 0, 9)), [1, 2]);
        assert_eq!(ids(Storage::api_auto_renewals_in(group, 3, 1, 9)), [3]);
        assert_eq!(info(1).next, 6 * 10 * 3 + FEE);
        assert_eq!(info(1).renewals_left(), 2 * price / info(1).next);
        run_to_epoch(2);
        assert_ok!(auto_renew(99, 3));
        assert_eq!(ids(Storage::api_auto_renewals_in(group, 3, 0, 9)), [0]);
        assert_eq!(ids(Storage::api_auto_renewals_in(group, 5, 0, 9)), [3]);
    });
}

#[test]
fn what_was_partly_deleted_binds_nobody_when_it_is_renewed_by_itself() {
    run(|| {
        twelve_workers();
        let group = filled_group(ProfileId::Compact);
        let mut archive = Archive::default();
        let entries = archive.store(60, group, 3, &[9, 5]);
        assert_ok!(prepay(61, &archive, (group, 3, 0), 2, 10_000));
        assert_ok!(super::super::tombstones::delete(60, group, 3, &entries, 1));
        run_to_epoch(2);
        assert_ok!(auto_renew(99, 0));
        assert_eq!(AutoRenewals::<Test>::get(0).unwrap().leaf.signed, 0);
    });
}
