#![allow(clippy::unwrap_used)]

use crate::{mock::*, Error, Event, HoldReason, Label, Names as NamesMap, Skeletons};
use frame_support::{
    assert_noop, assert_ok,
    traits::fungible::{Inspect, InspectHold},
};
use meganet_primitives::{
    chain::Availability,
    content::{ContentRef, ReadKey},
    object::ObjectId,
};
use proptest::prelude::*;

fn label(text: &str) -> Label {
    text.as_bytes().to_vec().try_into().unwrap()
}

fn signed(n: u8) -> RuntimeOrigin {
    RuntimeOrigin::signed(account(n))
}

fn held(n: u8) -> u128 {
    Balances::balance_on_hold(&HoldReason::Name.into(), &account(n))
}

fn content(n: u8) -> ContentRef {
    ContentRef { object: ObjectId([n; 32]), group: 7, sealed_len: 1_234, key: Some(ReadKey([n; 32])) }
}

fn last_event() -> RuntimeEvent {
    System::events().pop().unwrap().event
}

/// Runs a test and checks the invariants after it.
fn run(test: impl FnOnce()) {
    new_test_ext().execute_with(|| {
        test();
        Names::do_try_state().unwrap();
    });
}

#[test]
fn a_registered_name_has_an_owner_a_deposit_and_no_content() {
    run(|| {
        assert_ok!(Names::register(signed(1), label("my-site")));
        let info = Names::api_name(b"my-site".to_vec()).unwrap();
        assert_eq!(info.owner, [1; 32]);
        assert_eq!((info.content, info.version, info.deposit), (None, 0, DEPOSIT));
        assert_eq!((info.registered, info.updated), (1, 1));
        assert_eq!(held(1), DEPOSIT);
        assert_eq!(last_event(), Event::Registered { label: label("my-site"), owner: account(1) }.into());
    });
}

#[test]
fn a_taken_name_is_refused_to_its_owner_too() {
    run(|| {
        assert_ok!(Names::register(signed(1), label("site")));
        assert_noop!(Names::register(signed(2), label("site")), Error::<Test>::NameTaken);
        assert_noop!(Names::register(signed(1), label("site")), Error::<Test>::NameTaken);
    });
}

#[test]
fn bad_labels_are_refused() {
    run(|| {
        for bad in ["", "ab", "-abc", "abc-", "ab--c", "Abc", "a.b.c", "a b", "größe"] {
            assert_noop!(Names::register(signed(1), label(bad)), Error::<Test>::BadLabel);
            assert_eq!(Names::api_availability(bad.as_bytes().to_vec(), [1; 32]), Availability::Invalid);
        }
        assert_eq!(Names::api_availability(vec![b'a'; 64], [1; 32]), Availability::Invalid);
        assert_ok!(Names::register(signed(1), label(&"a".repeat(63))));
    });
}

#[test]
fn look_alikes_stay_in_one_hand() {
    run(|| {
        assert_ok!(Names::register(signed(1), label("paypal")));
        assert_noop!(Names::register(signed(2), label("paypa1")), Error::<Test>::LooksLikeAnother);
        assert_eq!(Names::api_availability(b"paypa1".to_vec(), [2; 32]), Availability::LooksLikeAnother);
        assert_eq!(Names::api_availability(b"paypa1".to_vec(), [1; 32]), Availability::Free);
        assert_ok!(Names::register(signed(1), label("paypa1")));
        assert_noop!(Names::transfer(signed(1), label("paypal"), account(2)), Error::<Test>::HasLookAlikes);
        assert_ok!(Names::release(signed(1), label("paypa1")));
        assert_ok!(Names::transfer(signed(1), label("paypal"), account(2)));
        assert_noop!(Names::register(signed(1), label("paypa1")), Error::<Test>::LooksLikeAnother);
        assert_ok!(Names::release(signed(2), label("paypal")));
        assert_eq!(Skeletons::<Test>::iter().count(), 0);
        assert_ok!(Names::register(signed(1), label("paypa1")));
    });
}

#[test]
fn a_deposit_that_cannot_be_held_is_its_own_error() {
    run(|| {
        assert_noop!(Names::register(signed(9), label("site")), Error::<Test>::InsufficientFunds);
        let poor = account(8);
        let given = DEPOSIT + EXISTENTIAL_DEPOSIT - 1;
        assert_ok!(Balances::transfer_allow_death(signed(1), poor, given));
        assert_noop!(Names::register(signed(8), label("site")), Error::<Test>::InsufficientFunds);
        assert_ok!(Balances::transfer_allow_death(signed(1), account(8), 1));
        assert_ok!(Names::register(signed(8), label("site")));
    });
}

#[test]
fn content_is_set_by_the_owner_only_and_counted() {
    run(|| {
        assert_noop!(Names::set_content(signed(1), label("site"), Some(content(1))), Error::<Test>::NoSuchName);
        assert_ok!(Names::register(signed(1), label("site")));
        assert_noop!(Names::set_content(signed(2), label("site"), Some(content(1))), Error::<Test>::NotOwner);
        System::set_block_number(5);
        assert_ok!(Names::set_content(signed(1), label("site"), Some(content(1))));
        let info = Names::api_name(b"site".to_vec()).unwrap();
        assert_eq!((info.content, info.version), (Some(content(1)), 1));
        assert_eq!((info.registered, info.updated), (1, 5));
        assert_eq!(
            last_event(),
            Event::ContentSet { label: label("site"), version: 1, content: Some(content(1)) }.into()
        );
        assert_ok!(Names::set_content(signed(1), label("site"), None));
        let info = Names::api_name(b"site".to_vec()).unwrap();
        assert_eq!((info.content, info.version), (None, 2));
    });
}

#[test]
fn a_transfer_takes_content_and_deposit_along() {
    run(|| {
        assert_noop!(Names::transfer(signed(1), label("site"), account(2)), Error::<Test>::NoSuchName);
        assert_ok!(Names::register(signed(1), label("site")));
        assert_ok!(Names::set_content(signed(1), label("site"), Some(content(3))));
        assert_noop!(Names::transfer(signed(2), label("site"), account(2)), Error::<Test>::NotOwner);
        assert_noop!(Names::transfer(signed(1), label("site"), account(1)), Error::<Test>::AlreadyOwner);
        assert_noop!(Names::transfer(signed(1), label("site"), account(9)), Error::<Test>::ReceiverNotReady);
        let free = Balances::free_balance(account(2));
        assert_ok!(Names::transfer(signed(1), label("site"), account(2)));
        assert_eq!((held(1), held(2)), (0, DEPOSIT));
        assert_eq!(Balances::free_balance(account(2)), free);
        assert_eq!(Names::api_name(b"site".to_vec()).unwrap().content, Some(content(3)));
        assert_eq!(last_event(), Event::Transferred { label: label("site"), from: account(1), to: account(2) }.into());
        assert_noop!(Names::set_content(signed(1), label("site"), None), Error::<Test>::NotOwner);
        assert_ok!(Names::release(signed(2), label("site")));
        assert_eq!((held(2), Balances::free_balance(account(2))), (0, free + DEPOSIT));
    });
}

#[test]
fn release_frees_the_name_and_returns_the_deposit() {
    run(|| {
        assert_noop!(Names::release(signed(1), label("site")), Error::<Test>::NoSuchName);
        assert_ok!(Names::register(signed(1), label("site")));
        assert_noop!(Names::release(signed(2), label("site")), Error::<Test>::NotOwner);
        assert_ok!(Names::release(signed(1), label("site")));
        assert_eq!((held(1), Balances::free_balance(account(1))), (0, RICH));
        assert_eq!(last_event(), Event::Released { label: label("site"), owner: account(1) }.into());
        assert_eq!(Names::api_name(b"site".to_vec()), None);
        assert_eq!(NamesMap::<Test>::iter().count() + Skeletons::<Test>::iter().count(), 0);
        assert_ok!(Names::register(signed(2), label("site")));
    });
}

#[test]
fn unsigned_and_root_calls_are_refused() {
    run(|| {
        for origin in [RuntimeOrigin::none(), RuntimeOrigin::root()] {
            let bad = sp_runtime::DispatchError::BadOrigin;
            assert_noop!(Names::register(origin.clone(), label("site")), bad);
            assert_noop!(Names::set_content(origin.clone(), label("site"), None), bad);
            assert_noop!(Names::transfer(origin.clone(), label("site"), account(1)), bad);
            assert_noop!(Names::release(origin, label("site")), bad);
        }
    });
}

#[test]
fn names_of_an_owner_come_in_pages() {
    run(|| {
        for n in 0..25 {
            assert_ok!(Names::register(signed(1), label(&format!("site-{}", char::from(b'a' + n)))));
        }
        assert_ok!(Names::register(signed(2), label("another")));
        let mut seen = Vec::new();
        loop {
            let after = seen.last().cloned();
            let page = Names::api_names_of([1; 32], after, 10);
            if page.is_empty() {
                break;
            }
            assert!(page.len() <= 10);
            seen.extend(page.into_iter().map(|info| info.label));
        }
        assert_eq!(seen.len(), 25);
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 25);
        assert_eq!(Names::api_names_of([1; 32], Some(vec![b'a'; 64]), 10), vec![]);
        assert_eq!(Names::api_names_of([1; 32], None, 0), vec![]);
        assert_eq!(Names::api_name(vec![b'a'; 100]), None);
    });
}

#[test]
fn the_constants_fit() {
    new_test_ext().execute_with(|| {
        <Names as frame_support::traits::Hooks<u64>>::integrity_test();
    });
}

#[test]
fn storage_keys_are_what_a_light_client_computes() {
    run(|| {
        assert_ok!(Names::register(signed(1), label("site")));
        let map = [sp_io::hashing::twox_128(b"Names"), sp_io::hashing::twox_128(b"Names")].concat();
        let key = codec::Encode::encode(&label("site"));
        let hashed = sp_io::hashing::blake2_128(&key).to_vec();
        assert!(sp_io::storage::exists(&[map, hashed, key].concat()));
    });
}

#[derive(Clone, Debug)]
enum Step {
    Register(u8, usize),
    SetContent(u8, usize, Option<u8>),
    Transfer(u8, usize, u8),
    Release(u8, usize),
}

/// Few labels, of which some look alike, so that histories meet.
const LABELS: [&str; 6] = ["mega", "rnega", "m-e-g-a", "site", "s1te", "other"];

fn step() -> impl Strategy<Value = Step> {
    let who = 0u8..6;
    let what = 0..LABELS.len();
    prop_oneof![
        (who.clone(), what.clone()).prop_map(|(who, what)| Step::Register(who, what)),
        (who.clone(), what.clone(), any::<Option<u8>>()).prop_map(|(who, what, c)| Step::SetContent(who, what, c)),
        (who.clone(), what.clone(), 0u8..6).prop_map(|(who, what, to)| Step::Transfer(who, what, to)),
        (who, what).prop_map(|(who, what)| Step::Release(who, what)),
    ]
}

proptest! {
    #[test]
    fn any_history_keeps_the_invariants_and_the_money(steps in proptest::collection::vec(step(), 1..120)) {
        new_test_ext().execute_with(|| {
            let issued = Balances::total_issuance();
            for step in steps {
                let before = sp_io::storage::root(sp_runtime::StateVersion::V1);
                let done = match step.clone() {
                    Step::Register(who, at) => Names::register(signed(who), label(LABELS[at])),
                    Step::SetContent(who, at, n) => Names::set_content(signed(who), label(LABELS[at]), n.map(content)),
                    Step::Transfer(who, at, to) => Names::transfer(signed(who), label(LABELS[at]), account(to)),
                    Step::Release(who, at) => Names::release(signed(who), label(LABELS[at])),
                };
                if done.is_err() {
                    // Calls run in a layer of their own only when dispatched; they must not need it to change nothing.
                    assert_eq!(before, sp_io::storage::root(sp_runtime::StateVersion::V1), "{step:?}");
                }
                Names::do_try_state().unwrap();
                assert_eq!(Balances::total_issuance(), issued);
            }
            let free_and_held: u128 = (0..10).map(|n| <Balances as Inspect<_>>::total_balance(&account(n))).sum();
            assert_eq!(free_and_held, issued);
        });
    }
}
