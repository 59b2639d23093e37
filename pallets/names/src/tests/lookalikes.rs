//! Look-alikes and reserved labels.

use super::*;
use crate::{Error, Event, RESERVED, Skeletons};
use frame_support::assert_noop;
use meganet_primitives::chain::Availability;

fn availability(name: &str, n: u8) -> Availability {
    Names::api_availability(name.as_bytes().to_vec(), [n; 32])
}

#[test]
fn look_alikes_stay_in_one_hand() {
    run(|| {
        assert_ok!(register(1, "paypal"));
        assert_eq!(register(2, "paypa1"), Err(Error::<Test>::LooksLikeAnother.into()));
        assert_eq!(availability("paypa1", 2), Availability::LooksLikeAnother);
        assert_eq!(availability("paypa1", 1), Availability::Free);
        assert_ok!(register(1, "paypa1"));
        assert_noop!(Names::transfer(signed(1), label("paypal"), account(2)), Error::<Test>::HasLookAlikes);
        assert_ok!(Names::release(signed(1), label("paypa1")));
        assert_ok!(Names::transfer(signed(1), label("paypal"), account(2)));
        assert_eq!(register(1, "paypa1"), Err(Error::<Test>::LooksLikeAnother.into()));
        assert_ok!(Names::release(signed(2), label("paypal")));
        assert_eq!(Skeletons::<Test>::iter().count(), 0);
        assert_ok!(register(3, "paypa1"));
    });
}

#[test]
fn a_lapsed_name_guards_its_look_alikes_until_its_premium_is_over() {
    run(|| {
        assert_ok!(register(1, "paypal"));
        let grace = info("paypal").expires + PARAMS.grace;
        go_to(grace + 5);
        // The look-alike can't be had for the ordinary price, but the name itself can, for its premium.
        assert_eq!(availability("paypa1", 2), Availability::LooksLikeAnother);
        assert_eq!(register(2, "paypa1"), Err(Error::<Test>::LooksLikeAnother.into()));
        assert_eq!(availability("paypal", 2), Availability::Free);
        assert_ok!(register(2, "paypal"));
        assert_eq!(availability("paypa1", 1), Availability::LooksLikeAnother);
        assert_ok!(register(2, "paypa1"));
    });
}

#[test]
fn a_lapsed_name_blocks_nobody_for_ever() {
    run(|| {
        assert_ok!(register(1, "paypal"));
        go_to(info("paypal").expires + PARAMS.grace + PARAMS.premium);
        assert_eq!(availability("paypa1", 2), Availability::LooksLikeAnother);
        assert_ok!(Names::sweep(signed(2), label("paypal")));
        assert_ok!(register(2, "paypa1"));
    });
}

#[test]
fn nobody_takes_one_of_two_look_alikes_over() {
    run(|| {
        assert_ok!(register(1, "paypal"));
        assert_ok!(register(1, "paypa1"));
        assert_ok!(Names::renew(signed(1), label("paypa1"), 5));
        go_to(info("paypal").expires + PARAMS.grace);
        assert_eq!(availability("paypal", 2), Availability::LooksLikeAnother);
        assert_eq!(register(2, "paypal"), Err(Error::<Test>::LooksLikeAnother.into()));
        // The owner of the other one gets it, at a premium.
        assert_noop!(Names::transfer(signed(1), label("paypa1"), account(2)), Error::<Test>::HasLookAlikes);
        assert_ok!(register(1, "paypal"));
        assert_eq!(Skeletons::<Test>::iter().map(|(_, record)| record.names).collect::<Vec<_>>(), vec![2]);
    });
}

#[test]
fn reserved_labels_and_what_looks_like_them_are_nobodys() {
    run(|| {
        for reserved in RESERVED {
            assert_eq!(availability(reserved, 1), Availability::Reserved, "{reserved}");
            assert_eq!(register(1, reserved), Err(Error::<Test>::NameReserved.into()), "{reserved}");
        }
        for alike in ["l0gin", "rneganet", "adm1n", "me-ga"] {
            assert_eq!(register(1, alike), Err(Error::<Test>::NameReserved.into()), "{alike}");
        }
    });
}

#[test]
fn root_reserves_and_frees() {
    run(|| {
        assert_ok!(register(1, "bank"));
        assert_ok!(Names::set_reserved(RuntimeOrigin::root(), label("bank"), true));
        assert_eq!(last_event(), Event::ReservedSet { label: label("bank"), reserved: true }.into());
        // Its owner keeps it.
        assert_eq!(availability("bank", 2), Availability::Taken);
        assert_ok!(Names::set_content(signed(1), label("bank"), Some(content(1))));
        assert_ok!(Names::renew(signed(1), label("bank"), 1));
        assert_eq!(register(1, "b-ank"), Err(Error::<Test>::NameReserved.into()));
        assert_ok!(Names::release(signed(1), label("bank")));
        assert_eq!(register(1, "bank"), Err(Error::<Test>::NameReserved.into()));
        assert_ok!(Names::set_reserved(RuntimeOrigin::root(), label("bank"), false));
        assert_ok!(register(2, "bank"));
        assert_noop!(Names::set_reserved(RuntimeOrigin::root(), label("x"), true), Error::<Test>::BadLabel);
    });
}
