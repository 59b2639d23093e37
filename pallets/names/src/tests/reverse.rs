//! The name that stands for an account.

use super::*;
use crate::{Error, Event, Reverse};
use frame_support::assert_noop;

fn goes_by(n: u8) -> Option<String> {
    Names::api_reverse([n; 32]).map(|label| String::from_utf8(label).unwrap())
}

#[test]
fn an_account_goes_by_a_name_of_its_own() {
    run(|| {
        assert_noop!(Names::set_reverse(signed(1), Some(label("site"))), Error::<Test>::NoSuchName);
        assert_ok!(register(1, "site"));
        assert_ok!(register(1, "other"));
        assert_eq!(goes_by(1), None);
        assert_noop!(Names::set_reverse(signed(2), Some(label("site"))), Error::<Test>::NotOwner);
        assert_ok!(Names::set_reverse(signed(1), Some(label("site"))));
        assert_eq!(last_event(), Event::ReverseSet { owner: account(1), label: Some(label("site")) }.into());
        assert_eq!(goes_by(1).as_deref(), Some("site"));
        assert_ok!(Names::set_reverse(signed(1), Some(label("other"))));
        // Removing another name has no effect.
        assert_ok!(Names::release(signed(1), label("site")));
        assert_eq!(goes_by(1).as_deref(), Some("other"));
        assert_ok!(Names::set_reverse(signed(1), None));
        assert_eq!(goes_by(1), None);
    });
}

#[test]
fn nobody_goes_by_a_name_that_it_gave_away() {
    run(|| {
        assert_ok!(register(1, "site"));
        assert_ok!(Names::set_reverse(signed(1), Some(label("site"))));
        assert_ok!(Names::transfer(signed(1), label("site"), account(2)));
        assert_eq!((goes_by(1), goes_by(2)), (None, None));
        assert_ok!(Names::set_reverse(signed(2), Some(label("site"))));
        assert_eq!(goes_by(2).as_deref(), Some("site"));
        assert_ok!(Names::release(signed(2), label("site")));
        assert_eq!((goes_by(2), Reverse::<Test>::iter().count()), (None, 0));
    });
}
