//! Genesis, prices and times.

use super::*;
use crate::{CurrentParams, Error, Event};
use frame_support::{assert_noop, traits::Hooks};
use meganet_primitives::name::{NameParams, NameStatus};

#[test]
fn genesis_sets_prices_and_times() {
    run(|| assert_eq!(Names::api_params(), PARAMS));
}

#[test]
fn the_constants_fit() {
    new_test_ext().execute_with(<Names as Hooks<u32>>::integrity_test);
}

#[test]
fn root_changes_prices_and_times_for_all_names() {
    run(|| {
        assert_ok!(register(1, "site"));
        go_to(info("site").expires + PARAMS.grace);
        assert_eq!(info("site").status, NameStatus::Premium);
        let longer = NameParams { grace: 2 * PARAMS.grace, ..PARAMS };
        assert_ok!(Names::set_params(RuntimeOrigin::root(), longer));
        assert_eq!(last_event(), Event::ParamsSet { params: longer }.into());
        assert_eq!(info("site").status, NameStatus::Grace);
        assert_ok!(Names::renew(signed(1), label("site"), 1));
    });
}

#[test]
fn prices_that_contradict_each_other_are_refused() {
    run(|| {
        let bad = NameParams { max_commit_age: PARAMS.min_commit_age, ..PARAMS };
        assert_noop!(Names::set_params(RuntimeOrigin::root(), bad), Error::<Test>::BadParams);
        assert_eq!(CurrentParams::<Test>::get(), PARAMS);
    });
}

#[test]
fn deposits_come_back_as_they_were_held() {
    run(|| {
        assert_ok!(register(1, "my-site"));
        assert_ok!(Names::set_record(signed(1), label("my-site"), text("url"), Some(value(b"x"))));
        assert_ok!(Names::set_subname(signed(1), label("my-site"), label("a"), None));
        assert_ok!(Names::commit(signed(1), [1; 32]));
        let dearer = NameParams { deposit: 5_000, record_deposit: 900, ..PARAMS };
        assert_ok!(Names::set_params(RuntimeOrigin::root(), dearer));
        assert_ok!(Names::cancel_commit(signed(1), [1; 32]));
        assert_ok!(Names::set_subname(signed(1), label("my-site"), label("b"), None));
        assert_ok!(Names::set_record(signed(1), label("my-site"), text("url"), None));
        assert_ok!(Names::remove_subname(signed(1), label("my-site"), label("a")));
        assert_eq!((held(1), held_for_commitments(1)), (PARAMS.deposit + 900, 0));
        assert_ok!(Names::release(signed(1), label("my-site")));
        assert_eq!((held(1), free(1)), (0, RICH - PARAMS.rent[3]));
    });
}
