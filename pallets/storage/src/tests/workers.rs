use crate::{Error, Event, HoldReason, mock::*};
use frame_support::{assert_noop, assert_ok, traits::fungible::InspectHold};
use meganet_primitives::{
    country::Country,
    placement::ProfileId,
    receipt::{PeerSignature, worker_signed_bytes},
};
use sp_core::Pair;

fn bond(n: u8) -> u128 {
    Balances::balance_on_hold(&HoldReason::WorkerBond.into(), &account(n))
}

fn nowhere() -> Country {
    codec::Decode::decode(&mut &b"XX"[..]).unwrap()
}

#[test]
fn a_registered_worker_is_bonded_and_found_by_its_key() {
    run(|| {
        let id = register(1, 0, 4 * SLOT);
        let info = Storage::api_worker(id).unwrap();
        assert_eq!((info.operator, info.peer, info.country), ([1; 32], peer(1), country(0)));
        assert_eq!((info.capacity, info.committed, info.slots), (4 * SLOT, 0, 0));
        assert!(info.accepting);
        // 1 MiB is a 1024th of a GiB.
        assert_eq!((info.bond, bond(1)), (BOND_PER_GIB / 1024, BOND_PER_GIB / 1024));
        assert_eq!(Storage::api_worker_by_peer(peer(1)), Some(info));
        assert_eq!(last_event(), Event::WorkerRegistered { worker: id, operator: account(1), peer: peer(1) });
        assert_eq!((Storage::api_stats().totals.workers, Storage::api_stats().totals.capacity), (1, 4 * SLOT));
    });
}

#[test]
fn the_smallest_worker_has_the_smallest_bond() {
    run(|| {
        register(1, 0, SLOT);
        assert_eq!(bond(1), MIN_BOND);
    });
}

#[test]
fn registrations_that_break_a_rule_are_refused() {
    run(|| {
        let try_with =
            |n: u8, place, capacity, proof| Storage::register_worker(signed(n), peer(n), place, capacity, proof);
        assert_noop!(try_with(1, nowhere(), SLOT, peer_proof(1, 1)), Error::<Test>::BadCountry);
        assert_noop!(try_with(1, country(0), SLOT - 1, peer_proof(1, 1)), Error::<Test>::CapacityTooSmall);
        assert_noop!(try_with(1, country(0), SLOT, PeerSignature([0; 64])), Error::<Test>::BadPeerProof);
        assert_noop!(try_with(100, country(0), SLOT, peer_proof(100, 100)), Error::<Test>::InsufficientFunds);
        register(1, 0, SLOT);
        assert_noop!(try_with(1, country(0), SLOT, peer_proof(1, 1)), Error::<Test>::PeerTaken);
        let beyond = dispatch(
            crate::Call::<Test>::register_worker {
                peer: peer(2),
                country: country(0),
                capacity: u64::MAX,
                proof_of_peer: peer_proof(2, 2),
            },
            signed(2),
        );
        assert_eq!(beyond, Err(Error::<Test>::CapacityTooLarge.into()));
    });
}

#[test]
fn nobody_registers_anothers_key_nor_one_of_another_chain() {
    run(|| {
        // Key 1 signed for operator 1; operator 2 copies the signature.
        let stolen = Storage::register_worker(signed(2), peer(1), country(0), SLOT, peer_proof(1, 1));
        assert_eq!(stolen, Err(Error::<Test>::BadPeerProof.into()));
        let elsewhere = PeerSignature(key(1).sign(&worker_signed_bytes(&[9; 32], &[1; 32])).0);
        let foreign = Storage::register_worker(signed(1), peer(1), country(0), SLOT, elsewhere);
        assert_eq!(foreign, Err(Error::<Test>::BadPeerProof.into()));
    });
}

#[test]
fn an_update_changes_what_it_names_and_the_bond_follows() {
    run(|| {
        let id = register(1, 0, 4 * SLOT);
        assert_ok!(Storage::update_worker(signed(1), id, Some(country(1)), None, None));
        assert_ok!(Storage::update_worker(signed(1), id, None, Some(8 * SLOT), Some(false)));
        let info = Storage::api_worker(id).unwrap();
        assert_eq!((info.country, info.capacity, info.accepting), (country(1), 8 * SLOT, false));
        assert_eq!((info.bond, bond(1)), (BOND_PER_GIB / 512, BOND_PER_GIB / 512));
        assert_eq!(
            last_event(),
            Event::WorkerUpdated { worker: id, country: country(1), capacity: 8 * SLOT, accepting: false }
        );
        assert_ok!(Storage::update_worker(signed(1), id, None, Some(SLOT), None));
        assert_eq!(bond(1), MIN_BOND);
        assert_eq!(Storage::api_stats().totals.capacity, SLOT);
    });
}

#[test]
fn updates_that_break_a_rule_are_refused() {
    run(|| {
        let id = register(1, 0, 4 * SLOT);
        let update = |n, worker, place, capacity| Storage::update_worker(signed(n), worker, place, capacity, None);
        assert_noop!(update(1, 7, None, None), Error::<Test>::NoSuchWorker);
        assert_noop!(update(2, id, None, None), Error::<Test>::NotOperator);
        assert_noop!(update(1, id, Some(nowhere()), None), Error::<Test>::BadCountry);
        assert_noop!(update(1, id, None, Some(SLOT - 1)), Error::<Test>::CapacityTooSmall);
        assert_noop!(update(1, id, None, Some(u64::MAX)), Error::<Test>::InsufficientFunds);
    });
}

#[test]
fn a_worker_in_a_slot_keeps_its_country_its_promise_and_its_place() {
    run(|| {
        twelve_workers();
        let group = filled_group(ProfileId::Standard);
        let n = seated(group, 0);
        let id = Storage::api_worker_by_peer(peer(n)).unwrap().id;
        let place = country(usize::from(n) % 6 + 1);
        assert_noop!(Storage::update_worker(signed(n), id, Some(place), None, None), Error::<Test>::HoldsSlots);
        assert_noop!(Storage::exit_worker(signed(n), id), Error::<Test>::HoldsSlots);
        // Two slots are committed after another group is filled; less capacity is refused.
        assert_ok!(Storage::update_worker(signed(n), id, None, Some(SLOT), None));
        assert_eq!(Storage::api_worker(id).unwrap().committed, SLOT);
        let params = crate::CurrentParams::<Test>::get();
        assert_ok!(Storage::set_params(RuntimeOrigin::root(), crate::Params { min_capacity: 1, ..params }));
        assert_noop!(
            Storage::update_worker(signed(n), id, None, Some(SLOT - 1), None),
            Error::<Test>::CapacityCommitted
        );
    });
}

#[test]
fn an_exit_returns_the_bond_and_frees_the_key() {
    run(|| {
        let id = register(1, 0, SLOT);
        assert_noop!(Storage::exit_worker(signed(1), id + 1), Error::<Test>::NoSuchWorker);
        assert_noop!(Storage::exit_worker(signed(2), id), Error::<Test>::NotOperator);
        assert_ok!(Storage::exit_worker(signed(1), id));
        assert_eq!((bond(1), Balances::free_balance(account(1))), (0, RICH));
        assert_eq!(last_event(), Event::WorkerExited { worker: id });
        assert_eq!((Storage::api_worker(id), Storage::api_worker_by_peer(peer(1))), (None, None));
        // Its number is never used again.
        assert_ne!(register(1, 0, SLOT), id);
    });
}

#[test]
fn an_operator_may_run_several_workers() {
    run(|| {
        register(1, 0, SLOT);
        assert_ok!(Storage::register_worker(signed(1), peer(2), country(1), SLOT, peer_proof(2, 1)));
        assert_eq!(bond(1), 2 * MIN_BOND);
    });
}

#[test]
fn workers_come_in_pages() {
    run(|| {
        twelve_workers();
        assert_ok!(Storage::exit_worker(signed(5), 4));
        let first: Vec<_> = Storage::api_workers(0, 6).iter().map(|info| info.id).collect();
        assert_eq!(first, [0, 1, 2, 3, 5, 6]);
        let rest: Vec<_> = Storage::api_workers(7, u32::MAX).iter().map(|info| info.id).collect();
        assert_eq!(rest, [7, 8, 9, 10, 11]);
    });
}
