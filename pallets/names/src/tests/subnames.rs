//! Subnames.

use super::*;
use crate::{Error, Event};
use frame_support::assert_noop;
use meganet_primitives::{chain::SubnameInfo, name::MAX_SUBNAMES};

fn set(n: u8, sub: &str, to: Option<NameContent>) -> Result<(), DispatchError> {
    Names::set_subname(signed(n), label("site"), label(sub), to)
}

#[test]
fn a_subname_is_made_pointed_and_removed() {
    run(|| {
        assert_eq!(set(1, "blog", None), Err(Error::<Test>::NoSuchName.into()));
        assert_ok!(register(1, "site"));
        assert_noop!(set(2, "blog", None), Error::<Test>::NotAllowed);
        for bad in ["", "-a", "a.b", "Blog", "ab--c"] {
            assert_noop!(set(1, bad, None), Error::<Test>::BadSubname);
        }
        assert_ok!(set(1, "b", None));
        assert_eq!(leads_to("b.site"), None);
        assert_ok!(set(1, "blog", Some(content(1))));
        assert_eq!(held(1), PARAMS.deposit + 2 * PARAMS.record_deposit);
        go_to(9);
        assert_ok!(set(1, "blog", Some(content(2))));
        assert_eq!(
            last_event(),
            Event::SubnameSet { label: label("site"), sub: label("blog"), version: 2, content: Some(content(2)) }
                .into()
        );
        let found = resolve("blog.site").unwrap();
        assert_eq!((found.owner, found.content, found.version, found.updated), ([1; 32], Some(content(2)), 2, 9));
        assert_eq!(found.expires, info("site").expires);
        // The label itself has not changed.
        assert_eq!((info("site").version, info("site").updated), (0, 4));
        assert_noop!(Names::remove_subname(signed(2), label("site"), label("blog")), Error::<Test>::NotOwner);
        assert_noop!(Names::remove_subname(signed(1), label("site"), label("none")), Error::<Test>::NoSuchSubname);
        assert_ok!(Names::remove_subname(signed(1), label("site"), label("blog")));
        assert_eq!(resolve("blog.site"), None);
        assert_ok!(Names::remove_subname(signed(1), label("site"), label("b")));
        assert_eq!((held(1), info("site").deposit), (PARAMS.deposit, PARAMS.deposit));
    });
}

#[test]
fn subnames_are_bounded() {
    run(|| {
        assert_ok!(register(1, "site"));
        for n in 0..MAX_SUBNAMES {
            assert_ok!(set(1, &format!("s{n}"), None));
        }
        assert_noop!(set(1, "more", None), Error::<Test>::TooManySubnames);
        assert_ok!(set(1, "s0", Some(content(1))));
        assert_ok!(Names::remove_subname(signed(1), label("site"), label("s0")));
        assert_ok!(set(1, "more", None));
    });
}

#[test]
fn a_subname_delegate_sets_its_content_and_nothing_else() {
    run(|| {
        assert_ok!(register(1, "site"));
        let delegate = |n: u8, sub: &str, to: Option<u8>| {
            Names::set_subname_delegate(signed(n), label("site"), label(sub), to.map(account))
        };
        assert_noop!(delegate(1, "blog", Some(4)), Error::<Test>::NoSuchSubname);
        assert_ok!(set(1, "blog", Some(content(1))));
        assert_ok!(set(1, "shop", Some(content(1))));
        assert_noop!(delegate(2, "blog", Some(4)), Error::<Test>::NotOwner);
        assert_ok!(delegate(1, "blog", Some(4)));
        assert_ok!(set(4, "blog", Some(content(2))));
        assert_eq!(leads_to("blog.site"), Some(content(2)));

        assert_noop!(set(4, "shop", None), Error::<Test>::NotAllowed);
        assert_noop!(set(4, "new", None), Error::<Test>::NotAllowed);
        assert_noop!(delegate(4, "blog", None), Error::<Test>::NotOwner);
        assert_noop!(Names::remove_subname(signed(4), label("site"), label("blog")), Error::<Test>::NotOwner);
        assert_noop!(Names::set_content(signed(4), label("site"), None), Error::<Test>::NotAllowed);
        let record = Names::set_record(signed(4), label("site"), text("url"), Some(value(b"x")));
        assert_noop!(record, Error::<Test>::NotAllowed);

        assert_ok!(delegate(1, "blog", None));
        assert_noop!(set(4, "blog", None), Error::<Test>::NotAllowed);
        // A subname that is created again has no delegate.
        assert_ok!(delegate(1, "blog", Some(4)));
        assert_ok!(Names::remove_subname(signed(1), label("site"), label("blog")));
        assert_ok!(set(1, "blog", None));
        assert_noop!(set(4, "blog", None), Error::<Test>::NotAllowed);
    });
}

#[test]
fn a_change_of_hands_ends_the_right_of_every_subname_delegate() {
    run(|| {
        assert_ok!(register(1, "site"));
        for sub in ["a", "b"] {
            assert_ok!(set(1, sub, Some(content(1))));
            assert_ok!(Names::set_subname_delegate(signed(1), label("site"), label(sub), Some(account(4))));
        }
        assert_ok!(Names::transfer(signed(1), label("site"), account(2)));
        assert_noop!(set(4, "a", None), Error::<Test>::NotAllowed);
        assert!(Names::api_subnames(b"site".to_vec(), None, 10).iter().all(|sub| sub.delegate.is_none()));
        // Also after the name is transferred back.
        assert_ok!(Names::transfer(signed(2), label("site"), account(1)));
        assert_noop!(set(4, "b", None), Error::<Test>::NotAllowed);
        assert_ok!(Names::set_subname_delegate(signed(1), label("site"), label("b"), Some(account(4))));
        assert_ok!(set(4, "b", None));
    });
}

#[test]
fn subnames_come_in_pages() {
    run(|| {
        assert_ok!(register(1, "site"));
        for n in 0..25 {
            assert_ok!(set(1, &format!("s{n}"), None));
        }
        let mut seen: Vec<SubnameInfo> = Vec::new();
        loop {
            let after = seen.last().map(|sub| sub.label.clone());
            let page = Names::api_subnames(b"site".to_vec(), after, 10);
            if page.is_empty() {
                break;
            }
            assert!(page.len() <= 10);
            seen.extend(page);
        }
        let mut labels: Vec<_> = seen.into_iter().map(|sub| sub.label).collect();
        labels.sort();
        labels.dedup();
        assert_eq!(labels.len(), 25);
        assert_eq!(Names::api_subnames(b"site".to_vec(), Some(vec![b'a'; 64]), 10), vec![]);
    });
}
