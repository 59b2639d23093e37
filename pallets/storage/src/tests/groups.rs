use crate::{Error, Event, HoldReason, mock::*};
use frame_support::{assert_noop, assert_ok, traits::fungible::InspectHold};
use meganet_primitives::placement::ProfileId;

fn deposit(n: u8) -> u128 {
    Balances::balance_on_hold(&HoldReason::GroupDeposit.into(), &account(n))
}

fn open(profile: ProfileId) -> Vec<u32> {
    Storage::api_open_groups(profile).iter().map(|group| group.id).collect()
}

/// Stores a batch of this many KiB.
fn fill_up(group: u32, kib: u64) {
    assert_ok!(store(60, group, Storage::epoch() + 2, batch(1, kib)));
}

#[test]
fn an_opened_group_waits_and_is_paid_for() {
    run(|| {
        twelve_workers();
        assert_ok!(Storage::open_group(signed(50), ProfileId::Compact));
        assert_eq!(deposit(50), GROUP_DEPOSIT);
        assert_eq!(last_event(), Event::GroupOpened { group: 0, profile: ProfileId::Compact, opener: account(50) });
        let group = Storage::api_group(0).unwrap();
        assert_eq!((group.profile, group.slot_capacity, group.used), (ProfileId::Compact, SLOT, 0));
        assert_eq!(group.slots, vec![None; 6]);
        assert_eq!((Storage::api_stats().totals.groups, Storage::api_stats().totals.groups_filling), (1, 1));
        assert_eq!(open(ProfileId::Compact), [0]);
        assert!(open(ProfileId::Standard).is_empty());
    });
}

#[test]
fn another_group_is_opened_once_the_last_is_complete_while_few_have_room() {
    run(|| {
        twelve_workers();
        assert_ok!(Storage::open_group(signed(50), ProfileId::Compact));
        assert_noop!(Storage::open_group(signed(50), ProfileId::Compact), Error::<Test>::OpenGroupsHaveRoom);
        // Another profile has a list of its own.
        assert_ok!(Storage::open_group(signed(50), ProfileId::Standard));
        for expected in [&[0, 2][..], &[0, 2, 3]] {
            run_to(System::block_number() + 5);
            assert_ok!(Storage::open_group(signed(50), ProfileId::Compact));
            assert_eq!(open(ProfileId::Compact), expected);
        }
        run_to(System::block_number() + 5);
        // The list has three places. 80 % is not enough, a KiB more is.
        fill_up(0, 204);
        assert_noop!(Storage::open_group(signed(50), ProfileId::Compact), Error::<Test>::OpenGroupsHaveRoom);
        fill_up(0, 1);
        assert_ok!(Storage::open_group(signed(50), ProfileId::Compact));
        assert_eq!(open(ProfileId::Compact), [2, 3, 4]);
    });
}

#[test]
fn the_deposit_comes_back_once_the_group_is_nearly_full() {
    run(|| {
        twelve_workers();
        let group = filled_group(ProfileId::Compact);
        fill_up(group, 204);
        assert_eq!(deposit(50), GROUP_DEPOSIT);
        fill_up(group, 1);
        assert_eq!(deposit(50), 0);
        let returned = Event::GroupDepositReturned { group, opener: account(50), deposit: GROUP_DEPOSIT };
        assert!(storage_events().contains(&returned));
    });
}

#[test]
fn a_full_group_leaves_the_list_and_comes_back_when_a_range_expires() {
    run(|| {
        twelve_workers();
        let group = filled_group(ProfileId::Compact);
        fill_up(group, 253);
        assert!(open(ProfileId::Compact).is_empty());
        run_to_epoch(2);
        assert!(open(ProfileId::Compact).is_empty());
        assert_ok!(Storage::roll_group(signed(1), group));
        assert_eq!(open(ProfileId::Compact), [group]);
    });
}

#[test]
fn when_the_list_is_full_a_new_group_takes_the_place_of_the_fullest() {
    run(|| {
        twelve_workers();
        for kib in [210, 230, 220] {
            let group = filled_group(ProfileId::Compact);
            fill_up(group, kib);
        }
        assert_eq!(open(ProfileId::Compact), [0, 1, 2]);
        assert_ok!(Storage::open_group(signed(50), ProfileId::Compact));
        assert_eq!(open(ProfileId::Compact), [0, 2, 3]);
        // The one that left has room still.
        fill_up(1, 5);
    });
}

#[test]
fn a_group_without_funds_is_refused() {
    run(|| {
        let refused = Storage::open_group(signed(100), ProfileId::Compact);
        assert_eq!(refused, Err(Error::<Test>::InsufficientFunds.into()));
    });
}

#[test]
fn a_full_queue_is_refused() {
    run(|| {
        for profile in ProfileId::ALL {
            assert_ok!(Storage::open_group(signed(50), profile));
        }
        // One group of each profile fills the queue; a vacated slot of one of them would need a place again.
        crate::OpenGroups::<Test>::remove(ProfileId::Compact);
        crate::Groups::<Test>::mutate_extant(0, |group| group.listed = false);
        let refused = dispatch(crate::Call::<Test>::open_group { profile: ProfileId::Compact }, signed(50));
        assert_eq!(refused, Err(Error::<Test>::FillQueueFull.into()));
    });
}

#[test]
fn groups_come_in_pages() {
    run(|| {
        for profile in ProfileId::ALL {
            assert_ok!(Storage::open_group(signed(50), profile));
        }
        let ids = |from, limit| -> Vec<u32> { Storage::api_groups(from, limit).iter().map(|one| one.id).collect() };
        assert_eq!(ids(0, 3), [0, 1, 2]);
        assert_eq!(ids(3, 3), [3]);
        assert!(ids(4, 3).is_empty());
        assert_eq!(Storage::api_group(4), None);
    });
}

#[test]
fn parameters_are_roots_to_change_within_bounds() {
    run(|| {
        let params = crate::CurrentParams::<Test>::get();
        assert_noop!(Storage::set_params(signed(1), params), sp_runtime::DispatchError::BadOrigin);
        for bad in [
            crate::Params { max_epochs: 0, ..params },
            crate::Params { max_epochs: 13, ..params },
            crate::Params { min_capacity: 0, ..params },
        ] {
            assert_noop!(Storage::set_params(RuntimeOrigin::root(), bad), Error::<Test>::BadParams);
        }
        let new = crate::Params { max_epochs: 12, price_per_gib_epoch: 7, ..params };
        assert_ok!(Storage::set_params(RuntimeOrigin::root(), new));
        assert_eq!(last_event(), Event::ParamsSet { params: new });
        let seen = Storage::api_params();
        assert_eq!((seen.max_epochs, seen.price_per_gib_epoch), (12, 7));
        assert_eq!((seen.epoch, seen.epoch_blocks, seen.slot_capacity), (0, EPOCH_BLOCKS, vec![SLOT; 4]));
        assert_eq!((seen.group_deposit, seen.min_bond, seen.min_capacity), (GROUP_DEPOSIT, MIN_BOND, SLOT));
    });
}
