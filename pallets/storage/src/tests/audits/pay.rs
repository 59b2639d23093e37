use super::*;
use crate::{AuditParams, CurrentParams, Params, PriceCurve, Workers};
use frame_support::{assert_ok, traits::fungible::Inspect};
use meganet_primitives::Balance;

pub fn with_audit(change: impl FnOnce(&mut AuditParams)) {
    let mut params: Params = CurrentParams::<Test>::get();
    change(&mut params.audit);
    assert_ok!(Storage::set_params(RuntimeOrigin::root(), params));
}

fn free(n: u8) -> Balance {
    Balances::balance(&account(n))
}

#[test]
fn a_share_of_every_price_is_burned() {
    run(|| {
        twelve_workers();
        let group = filled_group(ProfileId::Compact);
        with_audit(|audit| audit.burn_ppm = 50_000);
        let issued = Balances::total_issuance();
        let before = free(60);
        // 10 KiB at a planck each, in six slots for two epochs.
        assert_ok!(store(60, group, 2, batch(1, 10)));
        assert_eq!(before - free(60), 126);
        assert_eq!(issued - Balances::total_issuance(), 6);
        let money = Storage::api_money();
        assert_eq!((money.paid_in, money.burned, money.escrow), (126, 6, 120));
    });
}

#[test]
fn every_accepted_proof_pays_at_once_what_the_period_is_worth() {
    run(|| {
        let (group, archive) = stocked();
        let worker = worker_in(group, 0);
        let operator = Storage::api_worker(worker).unwrap().operator[0];
        for _ in 0..3 {
            let before = free(operator);
            // An epoch is one period here: 74 + 20 KiB at a planck each.
            assert!(prove(&archive, &next_challenge(worker)).is_ok());
            assert_eq!(free(operator) - before, 94);
        }
        let audit = Storage::api_worker_audit(worker).unwrap();
        assert_eq!((audit.earned, audit.pay, audit.bytes), (282, 94, 94 * KIB));
    });
}

#[test]
fn what_is_not_earned_in_its_epoch_goes_to_the_repair_fund() {
    run(|| {
        let (group, archive) = stocked();
        let all: Vec<_> = (0..6).map(|slot| worker_in(group, slot)).collect();
        assert_eq!(Storage::api_money().escrow, 6 * (74 * 8 + 20 * 7));
        // The first epoch has no challenge; in the second, two are missing.
        prove_period(&archive, &all[..4]);
        run_to_epoch(2);
        let money = Storage::api_money();
        assert_eq!(money.fund, 6 * 94 + 2 * 94);
        assert_eq!(money.paid_out, 4 * 94);
        assert_eq!(money.escrow, 6 * (74 * 6 + 20 * 5));
    });
}

#[test]
fn when_all_is_expired_nothing_is_left_in_escrow() {
    run(|| {
        let (group, archive) = stocked();
        let all: Vec<_> = (0..6).map(|slot| worker_in(group, slot)).collect();
        for _ in 1..8 {
            prove_period(&archive, &all);
        }
        run_to_epoch(8);
        let money = Storage::api_money();
        assert_eq!(money.escrow, 0);
        // All but the first epoch's was earned.
        assert_eq!((money.fund, money.paid_out), (6 * 94, 6 * (74 * 7 + 20 * 6)));
        prove_period(&archive, &all);
        assert!(matches!(last_event(), Event::Proven { paid: 0, .. }));
    });
}

#[test]
fn a_falling_share_of_newcomers_pay_is_held_back_and_returned_at_a_clean_exit() {
    run(|| {
        let (group, archive) = stocked();
        with_audit(|audit| audit.newcomer_periods = 1);
        let worker = worker_in(group, 0);
        let operator = Storage::api_worker(worker).unwrap().operator[0];
        let mut held_back = Vec::new();
        for _ in 0..4 {
            assert!(prove(&archive, &next_challenge(worker)).is_ok());
            let Event::Proven { paid, held_back: held, .. } = last_event() else { unreachable!() };
            assert_eq!(paid + held, 94);
            held_back.push(held);
        }
        // Counted are the proofs before and this one.
        assert_eq!(held_back, [47, 23, 0, 0]);
        assert_eq!(Storage::api_money().held_back, 70);

        // All has expired, so that the slot could go; here it goes at once.
        assert_ok!(Storage::vacate(group, 0));
        let before = free(operator);
        let bond = Workers::<Test>::get(worker).unwrap().bond;
        assert_ok!(Storage::exit_worker(signed(operator), worker));
        assert_eq!(free(operator) - before, bond + 70);
        assert_eq!(Storage::api_money().held_back, 0);
    });
}

#[test]
fn what_was_held_back_is_lost_with_the_bond() {
    run(|| {
        let (group, archive) = stocked();
        with_audit(|audit| audit.newcomer_periods = 100);
        let worker = worker_in(group, 0);
        assert!(prove(&archive, &next_challenge(worker)).is_ok());
        let held = Storage::api_money().held_back;
        assert_eq!(held, 70);
        run_to(6 * PERIOD_BLOCKS);
        let (fund, bond) = (Storage::api_money().fund, Workers::<Test>::get(worker).unwrap().bond);
        assert_ok!(Storage::report(signed(70), worker));
        assert_eq!(Storage::api_money().fund - fund, bond - bond / 10 + held);
        assert_eq!(Storage::api_money().held_back, 0);
    });
}

#[test]
fn the_price_follows_the_utilisation_at_every_epoch() {
    run(|| {
        let (_, _) = stocked();
        let mut params = CurrentParams::<Test>::get();
        params.curve = PriceCurve { floor: PRICE / 2, ceiling: 2 * PRICE, target_ppm: 500_000, step_ppm: 100_000 };
        assert_ok!(Storage::set_params(RuntimeOrigin::root(), params));
        let mut last = PRICE;
        for epoch in 1..12 {
            run_to_epoch(epoch);
            let price = Storage::api_params().price_per_gib_epoch;
            assert!(price < last || price == PRICE / 2);
            assert!(storage_events().iter().any(
                |event| matches!(event, Event::EpochBegan { epoch: e, price: p, .. } if (*e, *p) == (epoch, price))
            ));
            last = price;
        }
        assert_eq!(last, PRICE / 2);
    });
}

#[test]
fn a_price_that_moved_changes_nothing_of_what_was_bought() {
    run(|| {
        let (group, archive) = stocked();
        let worker = worker_in(group, 0);
        let params = CurrentParams::<Test>::get();
        let dear = Params { price_per_gib_epoch: 50 * PRICE, ..params };
        assert_ok!(Storage::set_params(RuntimeOrigin::root(), dear));
        assert!(prove(&archive, &next_challenge(worker)).is_ok());
        assert!(matches!(last_event(), Event::Proven { paid: 94, .. }));
    });
}
