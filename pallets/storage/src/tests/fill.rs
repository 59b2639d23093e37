use crate::{Eligible, EligibleCount, Error, Event, FillQueue, Groups, mock::*};
use frame_support::{assert_noop, assert_ok};
use meganet_primitives::{chain::SlotAssignment, placement::ProfileId};
use std::collections::BTreeMap;

#[test]
fn a_group_is_filled_two_blocks_later_and_no_sooner() {
    run(|| {
        twelve_workers();
        assert_ok!(Storage::open_group(signed(50), ProfileId::Standard));
        run_to(2);
        assert!(!Groups::<Test>::get(0).unwrap().ready);
        run_to(3);
        let group = Groups::<Test>::get(0).unwrap();
        assert!(group.ready && !group.queued && group.vacant() == 0);
        assert_eq!(last_event(), Event::GroupFilled { group: 0 });
        let filled = storage_events().into_iter().filter(|event| matches!(event, Event::SlotFilled { .. })).count();
        assert_eq!((filled, FillQueue::<Test>::get().len()), (12, 0));
        assert_eq!(Storage::api_stats().totals.groups_filling, 0);
        assert_eq!(Storage::api_stats().totals.committed, 12 * SLOT);
        let members = Storage::api_group(0).unwrap().slots;
        assert!(members.iter().all(Option::is_some));
    });
}

#[test]
fn no_country_gets_more_than_its_share_and_no_operator_two_slots() {
    for luck in 0..40 {
        Luck::set(luck);
        run(|| {
            // Ten in Germany, of which two slots at most; operator 1 runs three of the others.
            for n in 1..=10 {
                register(n, 0, 8 * SLOT);
            }
            for n in 11..=16 {
                register(n, usize::from(n), 2 * SLOT);
            }
            for (n, place) in [(17, 1), (18, 2)] {
                let proof = peer_proof(n, 1);
                assert_ok!(Storage::register_worker(signed(1), peer(n), country(place), 2 * SLOT, proof));
            }
            let group = filled_group(ProfileId::Compact);
            let mut countries = BTreeMap::new();
            let mut operators = BTreeMap::new();
            for member in Storage::api_group(group).unwrap().slots.into_iter().flatten() {
                *countries.entry(member.country).or_insert(0) += 1;
                *operators.entry(Storage::api_worker(member.worker).unwrap().operator).or_insert(0) += 1;
            }
            assert!(countries.values().all(|count| *count <= 2), "{countries:?}");
            assert!(operators.values().all(|count| *count == 1), "{operators:?}");
        });
    }
    Luck::set(0);
}

#[test]
fn other_randomness_fills_otherwise() {
    let members = |luck| {
        Luck::set(luck);
        let mut found = Vec::new();
        run(|| {
            twelve_workers();
            let group = filled_group(ProfileId::Compact);
            found = Groups::<Test>::get(group).unwrap().slots.into_inner();
        });
        found
    };
    assert_eq!(members(1), members(1));
    assert_ne!(members(1), members(2));
    Luck::set(0);
}

#[test]
fn too_few_countries_leave_a_group_empty_and_after_some_attempts_alone() {
    run(|| {
        // Two countries may hold two slots each: four of six.
        for n in 1..=12 {
            register(n, usize::from(n) % 2, SLOT);
        }
        assert_ok!(Storage::open_group(signed(50), ProfileId::Compact));
        assert_noop!(Storage::fill_group(signed(1), 0), Error::<Test>::AlreadyQueued);
        run_to(20);
        let failed: Vec<_> =
            storage_events().into_iter().filter(|event| matches!(event, Event::FillFailed { .. })).collect();
        assert_eq!(failed.len(), 3);
        assert_eq!(failed[1], Event::FillFailed { group: 0, vacant: 6, again: true });
        assert_eq!(failed[2], Event::FillFailed { group: 0, vacant: 6, again: false });
        // No worker's space is committed to it.
        assert_eq!((Storage::api_stats().totals.committed, FillQueue::<Test>::get().len()), (0, 0));

        register(13, 2, SLOT);
        register(14, 2, SLOT);
        assert_ok!(Storage::fill_group(signed(1), 0));
        assert_eq!(last_event(), Event::FillRequested { group: 0 });
        run_to(22);
        assert!(Groups::<Test>::get(0).unwrap().ready);
        assert_noop!(Storage::fill_group(signed(1), 0), Error::<Test>::NothingVacant);
        assert_noop!(Storage::fill_group(signed(1), 1), Error::<Test>::NoSuchGroup);
    });
}

#[test]
fn one_group_is_tried_a_block_and_the_others_keep_their_turn() {
    run(|| {
        twelve_workers();
        assert_ok!(Storage::open_group(signed(50), ProfileId::Home));
        assert_ok!(Storage::open_group(signed(50), ProfileId::Compact));
        assert_ok!(Storage::open_group(signed(50), ProfileId::Standard));
        run_to(3);
        assert!(!Groups::<Test>::get(1).unwrap().ready);
        run_to(4);
        assert!(Groups::<Test>::get(1).unwrap().ready && !Groups::<Test>::get(2).unwrap().ready);
        run_to(5);
        assert!(Groups::<Test>::get(2).unwrap().ready);
        assert_eq!(FillQueue::<Test>::get().to_vec()[0].group, 0);
    });
}

#[test]
fn without_a_vrf_output_of_the_parent_nothing_is_filled() {
    run(|| {
        twelve_workers();
        assert_ok!(Storage::open_group(signed(50), ProfileId::Compact));
        HasVrf::set(false);
        run_to(6);
        assert!(!Groups::<Test>::get(0).unwrap().ready);
        HasVrf::set(true);
        run_to(7);
        assert!(Groups::<Test>::get(0).unwrap().ready);
    });
}

#[test]
fn workers_that_are_full_or_do_not_accept_get_no_slot() {
    run(|| {
        for n in 1..=6 {
            register(n, usize::from(n), SLOT);
        }
        register(7, 6, 2 * SLOT);
        assert_ok!(Storage::update_worker(signed(7), 6, None, None, Some(false)));
        assert_eq!(EligibleCount::<Test>::get(), 6);
        let group = filled_group(ProfileId::Compact);
        // All six are full now, and the seventh was not chosen.
        assert_eq!((EligibleCount::<Test>::get(), Eligible::<Test>::iter().count()), (0, 0));
        assert_eq!(Storage::api_slots_of(6, 0, 10), []);
        let slots: Vec<_> = (0..6).flat_map(|worker| Storage::api_slots_of(worker, 0, 10)).collect();
        assert_eq!(slots.len(), 6);
        assert!(slots.iter().all(|slot| slot.group == group));
        assert_ok!(Storage::update_worker(signed(7), 6, None, None, Some(true)));
        assert_eq!(EligibleCount::<Test>::get(), 1);
    });
}

#[test]
fn a_vacancy_of_a_complete_group_is_filled_alone() {
    run(|| {
        twelve_workers();
        let group = filled_group(ProfileId::Compact);
        // As vacating a slot later does.
        Groups::<Test>::mutate_extant(group, |record| {
            let worker_id = record.slots[2].take().unwrap();
            let mut worker = crate::Workers::<Test>::get(worker_id).unwrap();
            worker.committed -= SLOT;
            worker.slots -= 1;
            Storage::put_worker(worker_id, &worker);
            crate::SlotsOf::<Test>::remove(worker_id, group.to_be_bytes());
            crate::Total::<Test>::mutate(|total| {
                total.committed -= SLOT;
                total.groups_filling += 1;
            });
        });
        Storage::do_try_state().unwrap();
        let before = Groups::<Test>::get(group).unwrap().slots;
        assert_ok!(Storage::fill_group(signed(1), group));
        run_to(System::block_number() + 2);
        let after = Groups::<Test>::get(group).unwrap().slots;
        assert!(after[2].is_some());
        assert!((0..6).filter(|slot| *slot != 2).all(|slot| before[slot] == after[slot]));
    });
}

#[test]
fn slots_of_a_worker_come_in_the_order_of_groups_and_in_pages() {
    run(|| {
        for n in 1..=6 {
            register(n, usize::from(n), 300 * SLOT);
        }
        for _ in 0..4 {
            let group = filled_group(ProfileId::Compact);
            assert_ok!(store(60, group, Storage::epoch() + 2, batch(1, 250)));
        }
        let groups = |from, limit| -> Vec<u32> {
            Storage::api_slots_of(3, from, limit).into_iter().map(|SlotAssignment { group, .. }| group).collect()
        };
        assert_eq!(groups(0, 3), [0, 1, 2]);
        assert_eq!(groups(2, 3), [2, 3]);
        assert!(groups(4, 3).is_empty());
        let slot = Storage::api_slot_in(3, 1).unwrap();
        assert_eq!(seated(1, slot), 4);
        assert_eq!(Storage::api_slot_in(3, 9), None);
    });
}
