use super::*;
use crate::{FillQueue, Groups, SlotsOf, Workers};
use frame_support::{assert_noop, assert_ok, traits::fungible::Inspect};
use meganet_primitives::{Balance, SlotIndex};

fn free(n: u8) -> Balance {
    Balances::balance(&account(n))
}

/// Runs blocks up to the first one of a period.
fn run_to_period(period: u32) {
    run_to(period * PERIOD_BLOCKS);
}

#[test]
fn missed_periods_are_counted_when_the_worker_is_back_and_made_good_by_proofs() {
    run(|| {
        let (group, archive) = stocked();
        let worker = worker_in(group, 0);
        let record = |worker| Storage::api_worker_audit(worker).unwrap().record;
        assert!(prove(&archive, &next_challenge(worker)).is_ok());
        // Periods 2 and 3 are missed, without any call.
        run_to_period(4);
        assert_eq!((record(worker).misses, record(worker).missed), (2, 2));
        assert_eq!(Workers::<Test>::get(worker).unwrap().record.misses, 0);
        assert_noop!(Storage::report(signed(70), worker), Error::<Test>::NotOverdue);
        assert!(prove(&archive, &open_challenge(worker)).is_ok());
        assert_eq!(record(worker).misses, 2);
        assert!(prove(&archive, &next_challenge(worker)).is_ok());
        assert_eq!(record(worker).misses, 1);
        assert!(prove(&archive, &next_challenge(worker)).is_ok());
        assert!(prove(&archive, &next_challenge(worker)).is_ok());
        assert_eq!((record(worker).misses, record(worker).missed, record(worker).proven), (0, 2, 5));
    });
}

#[test]
fn who_is_away_for_too_long_loses_slots_and_bond_to_the_fund_and_the_reporter() {
    run(|| {
        let (group, archive) = stocked();
        let others: Vec<_> = (1..6).map(|slot| worker_in(group, slot)).collect();
        let worker = worker_in(group, 0);
        let operator = Storage::api_worker(worker).unwrap().operator[0];
        let bond = Workers::<Test>::get(worker).unwrap().bond;
        let (reporter, before) = (free(70), free(operator));
        for _ in 0..2 {
            prove_period(&archive, &others);
        }
        run_to_period(3);
        assert!(Storage::api_overdue(others[0]).is_empty());
        assert_noop!(Storage::report(signed(70), worker), Error::<Test>::NotOverdue);
        prove_period(&archive, &others);
        run_to_period(5);
        assert_eq!(Storage::api_overdue(others[0]), vec![worker]);
        // Too late for a proof, too.
        let challenge = open_challenge(worker);
        refused(prove(&archive, &challenge), Error::Overdue);

        let fund = Storage::api_money().fund;
        assert_ok!(Storage::report(signed(70), worker));
        let bounty = bond / 10;
        let event = Event::WorkerExpelled { worker, missed: 4, bond, reporter: account(70), bounty };
        assert_eq!(last_event(), event);
        assert_eq!((free(70) - reporter, free(operator)), (bounty, before));
        let money = Storage::api_money();
        assert_eq!((money.slashed, money.fund - fund), (bond, bond - bounty));
        assert_eq!(Storage::api_worker(worker), None);
        assert_eq!(Storage::api_worker_by_peer(peer(operator)), None);
        assert_noop!(Storage::report(signed(70), worker), Error::<Test>::NoSuchWorker);
        // One lost of six is within the margin: its slot waits a while.
        assert_eq!(Storage::api_group_health(group).unwrap().slots[0], None);
        assert_eq!(FillQueue::<Test>::get()[0].due, System::block_number() + 15);
        run_to(System::block_number() + 15);
        let newcomer = worker_in(group, 0);
        assert!(!others.contains(&newcomer));
        // It may come back with another bond.
        assert!(register(operator, 0, 4 * SLOT) > newcomer);
    });
}

#[test]
fn below_the_margin_slots_are_filled_at_once() {
    run(|| {
        let (group, _) = stocked();
        let (a, b) = (worker_in(group, 0), worker_in(group, 1));
        run_to_period(5);
        assert_ok!(Storage::report(signed(70), a));
        assert_ok!(Storage::report(signed(70), b));
        run_to(System::block_number() + 2);
        assert_eq!(Groups::<Test>::get(group).unwrap().vacant(), 0);
    });
}

#[test]
fn an_operator_gets_no_bounty_for_its_own_worker() {
    run(|| {
        let (group, _) = stocked();
        let worker = worker_in(group, 0);
        let operator = Storage::api_worker(worker).unwrap().operator[0];
        let before = free(operator);
        run_to_period(5);
        assert_ok!(Storage::report(signed(operator), worker));
        assert_eq!(free(operator), before);
    });
}

#[test]
fn two_weeks_of_missed_periods_are_noticed_in_one_step() {
    run(|| {
        let (group, archive) = stocked();
        let (worker, other) = (worker_in(group, 0), worker_in(group, 1));
        assert!(prove(&archive, &next_challenge(other)).is_ok());
        System::set_block_number(336 * PERIOD_BLOCKS);
        assert_eq!(Storage::api_worker_audit(worker).unwrap().record.misses, 335);
        assert_eq!(Storage::api_worker_audit(other).unwrap().record.misses, 334);
        assert_ok!(Storage::report(signed(70), worker));
        assert_ok!(Storage::report(signed(70), other));
        // The books of the epochs between were never closed here.
        System::set_block_number(PERIOD_BLOCKS + 9);
    });
}

#[test]
fn a_slot_that_is_taken_over_binds_to_nothing_that_was_signed_before() {
    run(|| {
        let (group, archive) = stocked();
        let keeper: Vec<_> = (2..6).map(|slot| worker_in(group, slot)).collect();
        run_to_period(1);
        for _ in 0..3 {
            prove_period(&archive, &keeper);
        }
        run_to_period(5);
        for slot in 0..2 {
            assert_ok!(Storage::report(signed(70), worker_in(group, slot)));
        }
        run_to(System::block_number() + 2);
        let newcomer = worker_in(group, 0);
        let place = SlotsOf::<Test>::get(newcomer, group.to_be_bytes()).unwrap();
        assert_eq!((place.slot, place.held, place.is_whole()), (SlotIndex::MIN, 0, false));
        let operator = Storage::api_worker(newcomer).unwrap().operator[0];
        let challenge = next_challenge(newcomer);
        run_to(challenge.block + 1);
        let excuse = |_: usize, _: &_, held: meganet_primitives::audit::Answer| {
            meganet_primitives::audit::Answer::Excused(Box::new(held.batch().clone()))
        };
        assert_ok!(prove_as(operator, newcomer, challenge.period, archive.proof_with(&challenge, excuse)));
        // Once it has rebuilt them it is paid, and more than others: out of the fund.
        let challenge = next_challenge(newcomer);
        let fund = Storage::api_money().fund;
        assert!(fund > 0);
        assert!(prove(&archive, &challenge).is_ok());
        let Event::Proven { paid, .. } = last_event() else { unreachable!() };
        let regular = Storage::api_worker_audit(newcomer).unwrap().pay;
        assert_eq!((paid, fund - Storage::api_money().fund), (2 * regular, regular));
    });
}
