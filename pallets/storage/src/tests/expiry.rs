use crate::{Error, Event, Ranges, RangesOf, Stale, Tombstones, mock::*};
use frame_support::{assert_noop, assert_ok};
use meganet_primitives::placement::ProfileId;

#[test]
fn an_expired_range_is_not_counted_and_the_next_store_drops_it() {
    run(|| {
        twelve_workers();
        let group = filled_group(ProfileId::Compact);
        assert_ok!(store(60, group, 1, batch(1, 200)));
        assert_ok!(store(60, group, 3, batch(2, 50)));
        run_to_epoch(1);
        let info = Storage::api_group(group).unwrap();
        assert_eq!(info.used, 50 * KIB);
        assert_eq!(Storage::api_ranges(group).len(), 1);
        // Its record still exists, and makes room when needed.
        assert!(Ranges::<Test>::contains_key(group, 1));
        assert_ok!(store(60, group, 4, batch(3, 200)));
        assert!(storage_events().contains(&Event::RangeDropped { group, expiry: 1, bytes: 200 * KIB }));
        assert!(!Ranges::<Test>::contains_key(group, 1));
        assert_eq!(expiries(group), [3, 4]);
    });
}

#[test]
fn anybody_may_roll_a_group_and_each_call_is_bounded() {
    run(|| {
        twelve_workers();
        let group = filled_group(ProfileId::Compact);
        let params = crate::CurrentParams::<Test>::get();
        assert_ok!(Storage::set_params(RuntimeOrigin::root(), crate::Params { max_epochs: 12, ..params }));
        for expiry in 1..=11 {
            assert_ok!(store(60, group, expiry, batch(1, 1)));
        }
        assert_noop!(Storage::roll_group(signed(1), group), Error::<Test>::NothingExpired);
        assert_noop!(Storage::roll_group(signed(1), group + 1), Error::<Test>::NoSuchGroup);
        run_to_epoch(10);
        assert_ok!(Storage::roll_group(signed(1), group));
        assert_eq!(expiries(group), [9, 10, 11]);
        assert_ok!(Storage::roll_group(signed(1), group));
        assert_noop!(Storage::roll_group(signed(1), group), Error::<Test>::NothingExpired);
        assert_eq!(expiries(group), [11]);
        run_to_epoch(11);
        assert_ok!(Storage::roll_group(signed(1), group));
        assert!(!RangesOf::<Test>::contains_key(group));
        assert_eq!(crate::Groups::<Test>::get(group).unwrap().used, 0);
    });
}

#[test]
fn stores_drop_what_has_expired_so_that_live_ranges_always_fit() {
    run(|| {
        twelve_workers();
        let group = filled_group(ProfileId::Compact);
        for expiry in 1..=8 {
            assert_ok!(store(60, group, expiry, batch(1, 1)));
        }
        // Twelve are the most; the four that expired make room for as many.
        run_to_epoch(4);
        let params = crate::CurrentParams::<Test>::get();
        assert_ok!(Storage::set_params(RuntimeOrigin::root(), crate::Params { max_epochs: 12, ..params }));
        for expiry in 9..=16 {
            assert_ok!(store(60, group, expiry, batch(1, 1)));
        }
        assert_eq!(expiries(group), (5..=16).collect::<Vec<_>>());
        // An existing range needs no further place.
        assert_ok!(store(60, group, 10, batch(2, 1)));
        run_to_epoch(5);
        assert_ok!(store(60, group, 17, batch(1, 1)));
        assert_eq!(expiries(group), (6..=17).collect::<Vec<_>>());
    });
}

#[test]
fn when_no_place_is_left_for_a_range_the_store_is_refused() {
    run(|| {
        twelve_workers();
        let group = filled_group(ProfileId::Compact);
        for expiry in 1..=12 {
            let params = crate::CurrentParams::<Test>::get();
            assert_ok!(Storage::set_params(RuntimeOrigin::root(), crate::Params { max_epochs: 12, ..params }));
            assert_ok!(store(60, group, expiry, batch(1, 1)));
        }
        // All expired at once, and the tombstones of dropped ones fill their list: nothing can be dropped by a store.
        let mine = entries(9, &[1]);
        super::tombstones::store_entries(60, group, 1, &mine);
        assert_ok!(super::tombstones::delete(60, group, 1, &mine, 0));
        let stale = crate::types::StaleRange { expiry: 0, tombstones: 1 };
        for _ in 0..12 {
            Stale::<Test>::try_append(group, stale).unwrap();
        }
        run_to_epoch(2);
        assert_eq!(store(60, group, 13, batch(1, 1)), Err(Error::<Test>::TooManyRanges.into()));
        // As the error says.
        Stale::<Test>::remove(group);
        assert_ok!(Storage::roll_group(signed(1), group));
        assert_ok!(store(60, group, 13, batch(1, 1)));
    });
}

#[test]
fn tombstones_go_with_their_range_and_their_deposits_come_back() {
    run(|| {
        twelve_workers();
        let group = filled_group(ProfileId::Compact);
        let kibs = [1; 80];
        super::tombstones::store_entries(60, group, 2, &entries(1, &kibs));
        for index in 0..80 {
            assert_ok!(super::tombstones::delete(60, group, 2, &entries(1, &kibs), index));
        }
        assert_eq!(super::tombstones::held(60), 80 * TOMBSTONE_DEPOSIT);
        run_to_epoch(2);
        // `store` drops the range but leaves its tombstones to `roll_group`.
        assert_ok!(store(61, group, 4, batch(9, 1)));
        assert_eq!((Tombstones::<Test>::iter().count(), Stale::<Test>::get(group).len()), (80, 1));
        Storage::do_try_state().unwrap();
        assert_ok!(Storage::roll_group(signed(1), group));
        assert_eq!(super::tombstones::held(60), 16 * TOMBSTONE_DEPOSIT);
        Storage::do_try_state().unwrap();
        assert_ok!(Storage::roll_group(signed(1), group));
        assert_eq!((super::tombstones::held(60), Tombstones::<Test>::iter().count()), (0, 0));
        assert!(!Stale::<Test>::contains_key(group));
        assert_noop!(Storage::roll_group(signed(1), group), Error::<Test>::NothingExpired);
    });
}
