use super::*;
use crate::{Groups, Workers};
use frame_support::{assert_noop, assert_ok, traits::fungible::InspectHold};

#[test]
fn who_leaves_hands_over_first_and_gets_everything_back() {
    run(|| {
        let (group, archive) = stocked();
        let worker = worker_in(group, 2);
        let operator = Storage::api_worker(worker).unwrap().operator[0];
        let others: Vec<_> = (0..6).filter(|slot| *slot != 2).map(|slot| worker_in(group, slot)).collect();
        assert_noop!(Storage::leave(signed(70), worker), Error::<Test>::NotOperator);
        assert_ok!(Storage::leave(signed(operator), worker));
        assert_noop!(Storage::leave(signed(operator), worker), Error::<Test>::AlreadyLeaving);
        assert!(Storage::api_worker_audit(worker).unwrap().leaving);
        assert_noop!(Storage::exit_worker(signed(operator), worker), Error::<Test>::HoldsSlots);
        run_to(System::block_number() + 2);
        let successor = worker_in(group, 2);
        assert!(successor != worker && !others.contains(&successor));
        assert_eq!(Groups::<Test>::get(group).unwrap().vacant(), 0);
        assert_eq!(Storage::api_stats().totals.groups_filling, 0);
        // It stays for a while, so that the successor can copy.
        assert_noop!(Storage::exit_worker(signed(operator), worker), Error::<Test>::StillNeeded);
        run_to(System::block_number() + 5);
        assert_ok!(Storage::exit_worker(signed(operator), worker));
        assert_eq!(Balances::balance_on_hold(&crate::HoldReason::WorkerBond.into(), &account(operator)), 0);
        assert_eq!(Workers::<Test>::get(worker), None);
        assert!(!Storage::api_group_health(group).unwrap().slots[2].unwrap().whole);
        prove_period(&archive, &others);
    });
}

#[test]
fn a_group_hands_over_one_slot_at_a_time() {
    run(|| {
        let (group, archive) = stocked();
        let leavers = [worker_in(group, 0), worker_in(group, 1)];
        for worker in leavers {
            let operator = Storage::api_worker(worker).unwrap().operator[0];
            assert_ok!(Storage::leave(signed(operator), worker));
        }
        run_to(System::block_number() + 2);
        let successor = worker_in(group, 0);
        assert!(!leavers.contains(&successor));
        run_to(System::block_number() + 3);
        // The second one stays, proves and is paid, until the first successor has shown its shards.
        let mut members: Vec<_> = (0..6).map(|slot| worker_in(group, slot)).collect();
        assert!(members.contains(&leavers[1]));
        prove_period(&archive, &members);
        assert!((0..6).any(|slot| worker_in(group, slot) == leavers[1]));
        members = (0..6).map(|slot| worker_in(group, slot)).collect();
        prove_period(&archive, &members);
        run_to(System::block_number() + PERIOD_BLOCKS);
        assert!((0..6).all(|slot| worker_in(group, slot) != leavers[1]));
    });
}

#[test]
fn who_leaves_can_change_its_mind() {
    run(|| {
        let (group, _) = stocked();
        let worker = worker_in(group, 2);
        let operator = Storage::api_worker(worker).unwrap().operator[0];
        assert_ok!(Storage::leave(signed(operator), worker));
        assert_ok!(Storage::update_worker(signed(operator), worker, None, None, Some(true)));
        run_to(System::block_number() + 20);
        assert_eq!(worker_in(group, 2), worker);
        assert!(!Storage::api_worker_audit(worker).unwrap().leaving);
    });
}

#[test]
fn where_nobody_can_take_over_the_leaver_stays_and_is_asked_for_again() {
    run(|| {
        for n in 1..=6 {
            register(n, usize::from(n) % 3, SLOT);
        }
        let group = filled_group(ProfileId::Compact);
        let mut archive = Archive::default();
        archive.store(60, group, 8, &[3]);
        let worker = worker_in(group, 0);
        let operator = Storage::api_worker(worker).unwrap().operator[0];
        assert_ok!(Storage::leave(signed(operator), worker));
        run_to(System::block_number() + 2);
        assert_eq!(worker_in(group, 0), worker);
        assert!(prove(&archive, &next_challenge(worker)).is_ok());
        register(7, 3, SLOT);
        run_to(System::block_number() + 2 * PERIOD_BLOCKS);
        assert_eq!(worker_in(group, 0), 6);
    });
}
