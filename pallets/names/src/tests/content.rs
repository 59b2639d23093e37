//! The content of names, and rolling back.

use super::*;
use crate::{Error, Event};
use codec::{Decode, Encode};
use frame_support::assert_noop;
use meganet_primitives::name::MAX_HISTORY;

#[test]
fn content_is_set_and_counted() {
    run(|| {
        assert_noop!(Names::set_content(signed(1), label("site"), Some(content(1))), Error::<Test>::NoSuchName);
        assert_ok!(register(1, "site"));
        assert_noop!(Names::set_content(signed(2), label("site"), Some(content(1))), Error::<Test>::NotAllowed);
        go_to(15);
        assert_ok!(Names::set_content(signed(1), label("site"), Some(content(1))));
        let found = info("site");
        assert_eq!((found.content, found.version), (Some(content(1)), 1));
        assert_eq!((found.registered, found.updated), (4, 15));
        assert_eq!(
            last_event(),
            Event::ContentSet { label: label("site"), version: 1, content: Some(content(1)) }.into()
        );
        assert_ok!(Names::set_content(signed(1), label("site"), None));
        assert_eq!((leads_to("site"), info("site").version), (None, 2));
    });
}

#[test]
fn a_name_may_point_into_another_network() {
    run(|| {
        assert_ok!(register(1, "site"));
        assert_ok!(Names::set_content(signed(1), label("site"), Some(foreign())));
        assert_eq!(leads_to("site"), Some(foreign()));
        // Decoded bytes are not checked yet.
        let unknown = ForeignRef::decode(&mut vec![1u8, 2, 3].encode().as_slice()).unwrap();
        let unknown = Some(NameContent::Foreign(unknown));
        assert_noop!(Names::set_content(signed(1), label("site"), unknown.clone()), Error::<Test>::BadContent);
        assert_noop!(Names::set_subname(signed(1), label("site"), label("a"), unknown), Error::<Test>::BadContent);
    });
}

#[test]
fn a_rollback_restores_an_earlier_site_in_one_transaction() {
    run(|| {
        assert_ok!(register(1, "site"));
        for n in 1..=3 {
            go_to(now() + 1);
            assert_ok!(Names::set_content(signed(1), label("site"), Some(content(n))));
        }
        go_to(20);
        assert_noop!(Names::rollback(signed(2), label("site"), 1), Error::<Test>::NotAllowed);
        assert_noop!(Names::rollback(signed(1), label("site"), 3), Error::<Test>::CurrentVersion);
        for absent in [0, 4] {
            assert_noop!(Names::rollback(signed(1), label("site"), absent), Error::<Test>::NoSuchVersion);
        }
        assert_ok!(Names::rollback(signed(1), label("site"), 1));
        assert_eq!(leads_to("site"), Some(content(1)));
        assert_eq!(
            last_event(),
            Event::ContentSet { label: label("site"), version: 4, content: Some(content(1)) }.into()
        );
        let history = Names::api_history(b"site".to_vec());
        let seen: Vec<_> = history.iter().map(|old| (old.version, old.block)).collect();
        assert_eq!(seen, vec![(4, 20), (3, 7), (2, 6), (1, 5)]);
        assert_eq!(history[0].content, Some(content(1)));
        // And back again.
        assert_ok!(Names::rollback(signed(1), label("site"), 3));
        assert_eq!((leads_to("site"), info("site").version), (Some(content(3)), 5));
    });
}

#[test]
fn the_last_versions_are_remembered() {
    run(|| {
        assert_ok!(register(1, "site"));
        assert_eq!(Names::api_history(b"site".to_vec()), vec![]);
        for n in 0..MAX_HISTORY + 3 {
            assert_ok!(Names::set_content(signed(1), label("site"), Some(content(n.try_into().unwrap()))));
        }
        let versions: Vec<u32> = Names::api_history(b"site".to_vec()).iter().map(|old| old.version).collect();
        assert_eq!(versions, (4..=MAX_HISTORY + 3).rev().collect::<Vec<_>>());
        assert_noop!(Names::rollback(signed(1), label("site"), 3), Error::<Test>::NoSuchVersion);
        assert_ok!(Names::rollback(signed(1), label("site"), 4));
        assert_eq!(leads_to("site"), Some(content(3)));
    });
}
