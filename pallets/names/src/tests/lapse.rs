//! Names that are not paid for any longer.

use super::*;
use crate::{Error, Event, Records, Reverse, Subnames, Usages};
use frame_support::assert_noop;
use meganet_primitives::{chain::Availability, name::NameStatus};

/// A name of account 1 with everything that a name can have. Returns when its grace and its premium end.
fn furnished() -> (u32, u32) {
    assert_ok!(register(1, "site"));
    assert_ok!(Names::set_content(signed(1), label("site"), Some(content(3))));
    assert_ok!(Names::set_content(signed(1), label("site"), Some(content(4))));
    assert_ok!(Names::set_record(signed(1), label("site"), text("url"), Some(value(b"x"))));
    assert_ok!(Names::set_subname(signed(1), label("site"), label("blog"), Some(content(5))));
    assert_ok!(Names::set_delegate(signed(1), label("site"), account(4), true));
    assert_ok!(Names::set_subname_delegate(signed(1), label("site"), label("blog"), Some(account(4))));
    assert_ok!(Names::set_reverse(signed(1), Some(label("site"))));
    let expires = info("site").expires;
    (expires + PARAMS.grace, expires + PARAMS.grace + PARAMS.premium)
}

#[test]
fn in_its_grace_a_name_works_and_can_be_renewed() {
    run(|| {
        let (grace, _) = furnished();
        let expires = info("site").expires;
        go_to(expires);
        assert_eq!(info("site").status, NameStatus::Grace);
        assert_eq!(leads_to("site"), Some(content(4)));
        assert_eq!(Names::api_availability(b"site".to_vec(), [2; 32]), Availability::Taken);
        assert_ok!(Names::set_content(signed(1), label("site"), Some(content(6))));
        go_to(grace - 1);
        assert_eq!((leads_to("site"), leads_to("blog.site")), (Some(content(6)), Some(content(5))));
        assert_eq!(register_at(2, "site"), Err(Error::<Test>::NameTaken.into()));
        assert_noop!(told(Names::sweep(signed(2), label("site"))), Error::<Test>::NotLapsed);
        assert_ok!(Names::renew(signed(2), label("site"), 1));
        // The renewal also pays for the grace period that has passed.
        assert_eq!(info("site").expires, expires + PARAMS.year);
        assert_eq!(info("site").status, NameStatus::Active);
    });
}

/// Registers in this block, with a commitment made in time.
fn register_at(n: u8, name: &str) -> Result<(), DispatchError> {
    let block = now();
    go_to(block - PARAMS.min_commit_age);
    commit(n, name);
    go_to(block);
    reveal(n, name, 1)
}

#[test]
fn after_its_grace_a_name_leads_to_nothing_and_obeys_nobody() {
    run(|| {
        let (grace, over) = furnished();
        for block in [grace, over - 1, over, over + 1_000] {
            go_to(block);
            let found = resolve("site").unwrap();
            assert_eq!(found.content, None);
            assert_eq!(found.status, if block < over { NameStatus::Premium } else { NameStatus::Lapsed });
            assert_eq!(leads_to("blog.site"), None);
            assert_eq!(Names::api_records(b"site".to_vec()), vec![]);
            assert_eq!(Names::api_record(b"site".to_vec(), text("url")), None);
            assert_eq!(Names::api_subnames(b"site".to_vec(), None, 10), vec![]);
            assert_eq!(Names::api_delegates(b"site".to_vec()), Vec::<[u8; 32]>::new());
            assert_eq!(Names::api_reverse([1; 32]), None);
            assert_eq!(Names::api_availability(b"site".to_vec(), [2; 32]), Availability::Free);

            let lapsed = DispatchError::from(Error::<Test>::Lapsed);
            assert_noop!(Names::set_content(signed(1), label("site"), None), lapsed);
            assert_noop!(Names::rollback(signed(1), label("site"), 1), lapsed);
            assert_noop!(Names::transfer(signed(1), label("site"), account(2)), lapsed);
            assert_noop!(told(Names::release(signed(1), label("site"))), lapsed);
            assert_noop!(Names::renew(signed(1), label("site"), 1), lapsed);
            assert_noop!(Names::set_record(signed(1), label("site"), text("url"), None), lapsed);
            assert_noop!(Names::set_delegate(signed(1), label("site"), account(4), false), lapsed);
            assert_noop!(Names::set_subname(signed(4), label("site"), label("blog"), None), lapsed);
            assert_noop!(Names::set_subname_delegate(signed(1), label("site"), label("blog"), None), lapsed);
            assert_noop!(Names::remove_subname(signed(1), label("site"), label("blog")), lapsed);
            assert_noop!(Names::set_reverse(signed(1), Some(label("site"))), lapsed);
        }
    });
}

#[test]
fn a_new_owner_pays_the_premium_and_gets_nothing_of_the_former_one() {
    run(|| {
        let (grace, _) = furnished();
        go_to(grace + 10);
        let quote = Names::api_quote(b"site".to_vec(), 1);
        // Half of 16,000, less the 1,000 that would be left at the end.
        assert_eq!((quote.rent, quote.premium), (PARAMS.rent[1], 7_000));
        let (before, issued) = (free(1), Balances::total_issuance());
        let deposits = held(1);
        assert_ok!(register_at(2, "site"));
        assert_eq!(free(2), RICH - quote.total());
        assert_eq!(Balances::total_issuance(), issued - quote.rent - quote.premium);
        // The former owner got its deposits back.
        assert_eq!((held(1), free(1)), (0, before + deposits));

        let found = info("site");
        assert_eq!((found.owner, found.content, found.version), ([2; 32], None, 0));
        assert_eq!((found.registered, found.expires), (now(), now() + PARAMS.year));
        assert_eq!((leads_to("site"), resolve("blog.site")), (None, None));
        assert_eq!(Names::api_history(b"site".to_vec()), vec![]);
        assert_eq!(Names::api_records(b"site".to_vec()), vec![]);
        assert_eq!(Names::api_reverse([1; 32]), None);
        assert_noop!(Names::set_content(signed(4), label("site"), None), Error::<Test>::NotAllowed);
        assert_noop!(Names::set_subname(signed(4), label("site"), label("blog"), None), Error::<Test>::NotAllowed);
        assert_noop!(Names::rollback(signed(2), label("site"), 1), Error::<Test>::NoSuchVersion);
        assert_noop!(Names::set_content(signed(1), label("site"), None), Error::<Test>::NotAllowed);
        // A subname of it is a new one.
        assert_ok!(Names::set_subname(signed(2), label("site"), label("blog"), Some(content(8))));
        assert_eq!(resolve("blog.site").map(|found| found.version), Some(1));
        let swept = Event::Swept { label: label("site"), owner: account(1) };
        assert!(System::events().iter().any(|record| record.event == swept.clone().into()));
    });
}

#[test]
fn the_former_owner_pays_the_premium_too() {
    run(|| {
        let (grace, _) = furnished();
        go_to(grace);
        assert_ok!(register_at(1, "site"));
        assert_eq!((info("site").content, held(1)), (None, PARAMS.deposit));
        assert_eq!(leads_to("blog.site"), None);
    });
}

#[test]
fn the_premium_falls_to_nothing() {
    run(|| {
        let (grace, over) = furnished();
        let mut last = Balance::MAX;
        for block in grace..over {
            go_to(block);
            let premium = Names::api_quote(b"site".to_vec(), 1).premium;
            assert!(premium < last && premium > 0, "block {block}");
            last = premium;
        }
        go_to(over);
        assert_eq!(Names::api_quote(b"site".to_vec(), 1).premium, 0);
        assert_ok!(register_at(3, "site"));
        assert_eq!(free(3), RICH - PARAMS.rent[1] - PARAMS.deposit);
    });
}

#[test]
fn anybody_sweeps_what_nobody_wants_and_the_deposits_go_back() {
    run(|| {
        let (grace, over) = furnished();
        assert_noop!(told(Names::sweep(signed(2), label("none"))), Error::<Test>::NoSuchName);
        for block in [now(), grace, over - 1] {
            go_to(block);
            assert_noop!(told(Names::sweep(signed(2), label("site"))), Error::<Test>::NotLapsed);
        }
        go_to(over);
        let early = Names::sweep(signed(2), label("none")).unwrap_err();
        assert_eq!(early.post_info.actual_weight, Some(<() as crate::WeightInfo>::sweep(0, 0)));
        let done = Names::sweep(signed(2), label("site")).unwrap();
        assert_eq!(done.actual_weight, Some(<() as crate::WeightInfo>::sweep(1, 1)));
        assert_eq!(last_event(), Event::Swept { label: label("site"), owner: account(1) }.into());
        assert_eq!((held(1), free(1)), (0, RICH - PARAMS.rent[1]));
        assert_eq!(Names::api_name(b"site".to_vec()), None);
        let left = Records::<Test>::iter().count() + Subnames::<Test>::iter().count();
        assert_eq!(left + Usages::<Test>::iter().count() + Reverse::<Test>::iter().count(), 0);
        assert_eq!(Names::api_quote(b"site".to_vec(), 1).premium, 0);
    });
}

#[test]
fn full_names_are_cleared_whole() {
    use meganet_primitives::name::{MAX_RECORDS, MAX_SUBNAMES};
    // Values written in earlier blocks are in the database, not in the overlay of this one.
    let mut ext = new_test_ext();
    ext.execute_with(|| {
        assert_ok!(register(1, "site"));
        for n in 0..MAX_RECORDS {
            assert_ok!(Names::set_record(signed(1), label("site"), text(&format!("key-{n}")), Some(value(b"x"))));
        }
        for n in 0..MAX_SUBNAMES {
            assert_ok!(Names::set_subname(signed(1), label("site"), label(&format!("sub-{n}")), Some(content(1))));
        }
    });
    ext.commit_all().unwrap();
    ext.execute_with(|| {
        go_to(now() + PARAMS.year + PARAMS.grace + PARAMS.premium);
        assert_ok!(Names::sweep(signed(2), label("site")));
        assert_eq!(Records::<Test>::iter().count() + Subnames::<Test>::iter().count(), 0);
        Names::do_try_state().unwrap();
    });
}
