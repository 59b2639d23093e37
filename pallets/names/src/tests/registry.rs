//! Registering, renewing, transferring, releasing.

use super::*;
use crate::{Error, Event, Histories, Names as NamesMap, Skeletons};
use frame_support::assert_noop;
use meganet_primitives::{
    chain::Availability,
    name::{MAX_YEARS, NameStatus},
};

#[test]
fn a_registered_name_has_an_owner_a_deposit_and_no_content() {
    run(|| {
        let issued = Balances::total_issuance();
        commit(1, "my-site");
        go_to(10);
        assert_ok!(reveal(1, "my-site", 3));
        let found = info("my-site");
        assert_eq!(found.owner, [1; 32]);
        assert_eq!((found.content, found.version, found.deposit), (None, 0, PARAMS.deposit));
        assert_eq!((found.registered, found.updated, found.expires), (10, 10, 310));
        assert_eq!(found.status, NameStatus::Active);
        assert_eq!(held(1), PARAMS.deposit);
        // The rent is burned.
        assert_eq!(free(1), RICH - PARAMS.deposit - 6);
        assert_eq!(Balances::total_issuance(), issued - 6);
        assert_eq!(
            last_event(),
            Event::Registered { label: label("my-site"), owner: account(1), expires: 310, rent: 6, premium: 0 }.into()
        );
    });
}

#[test]
fn the_price_follows_the_length() {
    run(|| {
        for (name, rent) in [("abc", 640), ("abcd", 160), ("abcde", 20), ("abcdef", 2)] {
            let quote = Names::api_quote(name.as_bytes().to_vec(), 1);
            assert_eq!((quote.rent, quote.premium, quote.deposit), (rent, 0, PARAMS.deposit));
            let before = free(1);
            assert_ok!(register(1, name));
            assert_eq!(before - free(1), quote.total());
        }
    });
}

#[test]
fn years_have_a_range() {
    run(|| {
        commit(1, "site");
        go_to(now() + PARAMS.min_commit_age);
        for years in [0, MAX_YEARS + 1, u32::MAX] {
            assert_noop!(reveal(1, "site", years), Error::<Test>::BadYears);
        }
        assert_ok!(reveal(1, "site", MAX_YEARS));
        for years in [0, MAX_YEARS + 1, u32::MAX] {
            assert_noop!(Names::renew(signed(1), label("site"), years), Error::<Test>::BadYears);
        }
    });
}

#[test]
fn a_taken_name_is_refused_to_its_owner_too() {
    run(|| {
        assert_ok!(register(1, "site"));
        assert_eq!(register(2, "site"), Err(Error::<Test>::NameTaken.into()));
        assert_eq!(register(1, "site"), Err(Error::<Test>::NameTaken.into()));
        assert_eq!(Names::api_availability(b"site".to_vec(), [1; 32]), Availability::Taken);
    });
}

#[test]
fn bad_labels_are_refused() {
    run(|| {
        for bad in ["", "ab", "-abc", "abc-", "ab--c", "Abc", "a.b.c", "a b", "größe"] {
            assert_eq!(register(1, bad), Err(Error::<Test>::BadLabel.into()), "{bad}");
            assert_eq!(Names::api_availability(bad.as_bytes().to_vec(), [1; 32]), Availability::Invalid);
        }
        assert_eq!(Names::api_availability(vec![b'a'; 64], [1; 32]), Availability::Invalid);
        assert_ok!(register(1, &"a".repeat(63)));
    });
}

#[test]
fn what_cannot_be_paid_is_its_own_error() {
    run(|| {
        let all = PARAMS.deposit + PARAMS.rent[3] + EXISTENTIAL_DEPOSIT;
        assert_ok!(Balances::transfer_allow_death(signed(1), account(8), all - 1));
        commit(8, "my-site");
        go_to(now() + PARAMS.min_commit_age);
        assert_noop!(reveal(8, "my-site", 1), Error::<Test>::InsufficientFunds);
        assert_ok!(Balances::transfer_allow_death(signed(1), account(8), 1));
        // The returned deposit of the commitment can be used.
        assert_ok!(reveal(8, "my-site", 1));
        assert_eq!(free(8), EXISTENTIAL_DEPOSIT);
    });
}

#[test]
fn anybody_renews_for_anybody_up_to_ten_years() {
    run(|| {
        assert_noop!(Names::renew(signed(2), label("my-site"), 1), Error::<Test>::NoSuchName);
        go_to(7);
        assert_ok!(register(1, "my-site"));
        let issued = Balances::total_issuance();
        let renewed = info("my-site").expires + 2 * PARAMS.year;
        assert_ok!(Names::renew(signed(2), label("my-site"), 2));
        assert_eq!(free(2), RICH - 2 * PARAMS.rent[3]);
        assert_eq!(Balances::total_issuance(), issued - 2 * PARAMS.rent[3]);
        let found = info("my-site");
        assert_eq!((found.owner, found.expires, found.updated), ([1; 32], renewed, 10));
        assert_eq!(
            last_event(),
            Event::Renewed { label: label("my-site"), by: account(2), expires: renewed, rent: 4 }.into()
        );
        assert_noop!(Names::renew(signed(2), label("my-site"), 8), Error::<Test>::PaidTooFar);
        assert_ok!(Names::renew(signed(2), label("my-site"), 7));
        assert_noop!(Names::renew(signed(9), label("my-site"), 1), Error::<Test>::PaidTooFar);
        go_to(now() + PARAMS.year);
        assert_noop!(Names::renew(signed(9), label("my-site"), 1), Error::<Test>::InsufficientFunds);
        assert_ok!(Names::renew(signed(3), label("my-site"), 1));
    });
}

#[test]
fn a_transfer_takes_all_that_the_name_says_and_its_deposits_along() {
    run(|| {
        assert_noop!(Names::transfer(signed(1), label("site"), account(2)), Error::<Test>::NoSuchName);
        assert_ok!(register(1, "site"));
        assert_ok!(Names::set_content(signed(1), label("site"), Some(content(3))));
        assert_ok!(Names::set_record(signed(1), label("site"), text("url"), Some(value(b"x"))));
        assert_ok!(Names::set_subname(signed(1), label("site"), label("blog"), Some(content(4))));
        assert_noop!(Names::transfer(signed(2), label("site"), account(2)), Error::<Test>::NotOwner);
        assert_noop!(Names::transfer(signed(1), label("site"), account(1)), Error::<Test>::AlreadyOwner);
        assert_noop!(Names::transfer(signed(1), label("site"), account(9)), Error::<Test>::ReceiverNotReady);
        let deposits = PARAMS.deposit + 2 * PARAMS.record_deposit;
        assert_ok!(Names::transfer(signed(1), label("site"), account(2)));
        assert_eq!(last_event(), Event::Transferred { label: label("site"), from: account(1), to: account(2) }.into());
        assert_eq!((held(1), held(2), free(2)), (0, deposits, RICH));
        assert_eq!((leads_to("site"), leads_to("blog.site")), (Some(content(3)), Some(content(4))));
        assert_eq!(Names::api_record(b"site".to_vec(), text("url")), Some(b"x".to_vec()));
        assert_noop!(Names::set_content(signed(1), label("site"), None), Error::<Test>::NotAllowed);
        assert_ok!(Names::remove_subname(signed(2), label("site"), label("blog")));
        assert_ok!(Names::release(signed(2), label("site")));
        assert_eq!((held(2), free(2)), (0, RICH + deposits));
    });
}

#[test]
fn release_frees_the_name_and_returns_the_deposits() {
    run(|| {
        assert_noop!(told(Names::release(signed(1), label("site"))), Error::<Test>::NoSuchName);
        assert_ok!(register(1, "site"));
        assert_ok!(Names::set_content(signed(1), label("site"), Some(content(3))));
        assert_ok!(Names::set_record(signed(1), label("site"), text("url"), Some(value(b"x"))));
        assert_ok!(Names::set_subname(signed(1), label("site"), label("blog"), None));
        assert_noop!(told(Names::release(signed(2), label("site"))), Error::<Test>::NotOwner);
        assert_ok!(Names::release(signed(1), label("site")));
        assert_eq!((held(1), free(1)), (0, RICH - PARAMS.rent[1]));
        assert_eq!(last_event(), Event::Released { label: label("site"), owner: account(1) }.into());
        assert_eq!((Names::api_name(b"site".to_vec()), resolve("blog.site")), (None, None));
        assert_eq!(NamesMap::<Test>::iter().count() + Skeletons::<Test>::iter().count(), 0);
        assert_eq!(Histories::<Test>::iter().count(), 0);
        // Free at once, without a premium.
        assert_eq!(Names::api_quote(b"site".to_vec(), 1).premium, 0);
        assert_ok!(register(2, "site"));
        assert_eq!(Names::api_records(b"site".to_vec()), vec![]);
    });
}

#[test]
fn unsigned_and_root_calls_are_refused() {
    run(|| {
        for origin in [RuntimeOrigin::none(), RuntimeOrigin::root()] {
            let bad = DispatchError::BadOrigin;
            let o = || origin.clone();
            let site = || label("site");
            assert_noop!(Names::register(o(), site(), 1, SECRET), bad);
            assert_noop!(Names::set_content(o(), site(), None), bad);
            assert_noop!(Names::transfer(o(), site(), account(1)), bad);
            assert_noop!(Names::release(o(), site()), bad);
            assert_noop!(Names::commit(o(), [1; 32]), bad);
            assert_noop!(Names::cancel_commit(o(), [1; 32]), bad);
            assert_noop!(Names::renew(o(), site(), 1), bad);
            assert_noop!(Names::rollback(o(), site(), 1), bad);
            assert_noop!(Names::sweep(o(), site()), bad);
            assert_noop!(Names::set_record(o(), site(), text("url"), None), bad);
            assert_noop!(Names::set_delegate(o(), site(), account(1), true), bad);
            assert_noop!(Names::set_subname(o(), site(), site(), None), bad);
            assert_noop!(Names::set_subname_delegate(o(), site(), site(), None), bad);
            assert_noop!(Names::remove_subname(o(), site(), site()), bad);
            assert_noop!(Names::set_reverse(o(), None), bad);
        }
        for origin in [RuntimeOrigin::none(), signed(1)] {
            let bad = DispatchError::BadOrigin;
            assert_noop!(Names::set_reserved(origin.clone(), label("site"), true), bad);
            assert_noop!(Names::set_params(origin, PARAMS), bad);
        }
    });
}
