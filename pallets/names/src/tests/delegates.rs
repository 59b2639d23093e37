//! The accounts that may write for a name in addition to its owner.

use super::*;
use crate::{Error, Event};
use frame_support::assert_noop;
use meganet_primitives::name::MAX_DELEGATES;

fn delegate(n: u8, to: u8, allowed: bool) -> Result<(), DispatchError> {
    Names::set_delegate(signed(n), label("site"), account(to), allowed)
}

#[test]
fn a_delegate_publishes_and_does_nothing_else() {
    run(|| {
        assert_ok!(register(1, "site"));
        assert_ok!(Names::set_subname(signed(1), label("site"), label("blog"), None));
        assert_ok!(delegate(1, 4, true));
        assert_eq!(
            last_event(),
            Event::DelegateSet { label: label("site"), delegate: account(4), allowed: true }.into()
        );
        assert_ok!(Names::set_content(signed(4), label("site"), Some(content(1))));
        assert_ok!(Names::set_content(signed(4), label("site"), Some(content(2))));
        assert_ok!(Names::rollback(signed(4), label("site"), 1));
        assert_ok!(Names::set_record(signed(4), label("site"), text("url"), Some(value(b"x"))));
        assert_ok!(Names::set_subname(signed(4), label("site"), label("pr-42"), Some(content(3))));
        assert_eq!((leads_to("site"), leads_to("pr-42.site")), (Some(content(1)), Some(content(3))));
        // The owner pays the deposits, as for everything that it owns.
        assert_eq!((held(1), held(4)), (PARAMS.deposit + 3 * PARAMS.record_deposit, 0));

        let not_owner = DispatchError::from(Error::<Test>::NotOwner);
        assert_noop!(Names::transfer(signed(4), label("site"), account(4)), not_owner);
        assert_noop!(told(Names::release(signed(4), label("site"))), not_owner);
        assert_noop!(delegate(4, 5, true), not_owner);
        assert_noop!(delegate(4, 4, false), not_owner);
        assert_noop!(Names::remove_subname(signed(4), label("site"), label("pr-42")), not_owner);
        let subname = Names::set_subname_delegate(signed(4), label("site"), label("blog"), Some(account(4)));
        assert_noop!(subname, not_owner);
        assert_noop!(Names::set_reverse(signed(4), Some(label("site"))), not_owner);

        assert_ok!(delegate(1, 4, false));
        assert_noop!(Names::set_content(signed(4), label("site"), None), Error::<Test>::NotAllowed);
    });
}

#[test]
fn a_change_of_hands_ends_the_right_of_delegates() {
    run(|| {
        assert_ok!(register(1, "site"));
        assert_ok!(delegate(1, 4, true));
        assert_ok!(delegate(1, 2, true));
        assert_eq!(Names::api_delegates(b"site".to_vec()), vec![[4; 32], [2; 32]]);
        // The new owner was one of them.
        assert_ok!(Names::transfer(signed(1), label("site"), account(2)));
        assert_eq!(Names::api_delegates(b"site".to_vec()), Vec::<[u8; 32]>::new());
        assert_noop!(Names::set_content(signed(4), label("site"), None), Error::<Test>::NotAllowed);
        assert_ok!(Names::transfer(signed(2), label("site"), account(1)));
        assert_noop!(Names::set_content(signed(4), label("site"), None), Error::<Test>::NotAllowed);
    });
}

#[test]
fn delegates_are_listed_once_and_bounded() {
    run(|| {
        assert_noop!(delegate(1, 4, true), Error::<Test>::NoSuchName);
        assert_ok!(register(1, "site"));
        assert_noop!(delegate(2, 4, true), Error::<Test>::NotOwner);
        assert_noop!(delegate(1, 1, true), Error::<Test>::AlreadyDelegate);
        assert_noop!(delegate(1, 4, false), Error::<Test>::NoSuchDelegate);
        for n in 0..MAX_DELEGATES {
            assert_ok!(delegate(1, 10 + u8::try_from(n).unwrap(), true));
        }
        assert_noop!(delegate(1, 10, true), Error::<Test>::AlreadyDelegate);
        assert_noop!(delegate(1, 30, true), Error::<Test>::TooManyDelegates);
        assert_ok!(delegate(1, 10, false));
        assert_ok!(delegate(1, 30, true));
    });
}
