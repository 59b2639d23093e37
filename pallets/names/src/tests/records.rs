//! Text, addresses and keys.

use super::*;
use crate::{Error, Event, Usages};
use frame_support::assert_noop;
use meganet_primitives::name::MAX_RECORDS;

#[test]
fn a_record_is_written_replaced_and_removed() {
    run(|| {
        assert_ok!(register(1, "site"));
        let set = |n: u8, key: RecordKey, what: Option<&[u8]>| {
            Names::set_record(signed(n), label("site"), key, what.map(value))
        };
        assert_noop!(set(2, text("url"), Some(b"x")), Error::<Test>::NotAllowed);
        assert_ok!(set(1, text("url"), Some(b"x")));
        assert_eq!(held(1), PARAMS.deposit + PARAMS.record_deposit);
        assert_eq!(info("site").deposit, held(1));
        assert_eq!(
            last_event(),
            Event::RecordSet { label: label("site"), key: text("url"), value: Some(value(b"x")) }.into()
        );
        assert_ok!(set(1, text("url"), Some(b"y")));
        assert_ok!(set(1, RecordKey::Address(354), Some(&[7; 32])));
        assert_ok!(set(1, RecordKey::EncryptionKey, Some(&[8; 32])));
        assert_eq!(Names::api_record(b"site".to_vec(), text("url")), Some(b"y".to_vec()));
        assert_eq!(Names::api_records(b"site".to_vec()).len(), 3);
        assert_eq!(held(1), PARAMS.deposit + 3 * PARAMS.record_deposit);
        assert_noop!(set(1, text("avatar"), None), Error::<Test>::NoSuchRecord);
        assert_ok!(set(1, text("url"), None));
        assert_eq!(Names::api_record(b"site".to_vec(), text("url")), None);
        assert_eq!((held(1), info("site").deposit), (PARAMS.deposit + 14, PARAMS.deposit + 14));
        assert_ok!(set(1, RecordKey::Address(354), None));
        assert_ok!(set(1, RecordKey::EncryptionKey, None));
        assert_eq!((held(1), Usages::<Test>::iter().count()), (PARAMS.deposit, 0));
    });
}

#[test]
fn key_and_value_must_fit() {
    run(|| {
        assert_ok!(register(1, "site"));
        let bad: [(RecordKey, &[u8]); 5] = [
            (text(""), b"x"),
            (text("a b"), b"x"),
            (text("url"), &[0xff]),
            (RecordKey::Address(1), b""),
            (RecordKey::EncryptionKey, &[1; 31]),
        ];
        for (key, bytes) in bad {
            let call = Names::set_record(signed(1), label("site"), key, Some(value(bytes)));
            assert_noop!(call, Error::<Test>::BadRecord);
        }
    });
}

#[test]
fn records_are_bounded_and_paid_for() {
    run(|| {
        assert_ok!(register(1, "site"));
        let set = |n: u32| Names::set_record(signed(1), label("site"), RecordKey::Address(n), Some(value(b"x")));
        for n in 0..MAX_RECORDS {
            assert_ok!(set(n));
        }
        assert_noop!(set(MAX_RECORDS), Error::<Test>::TooManyRecords);
        assert_ok!(set(0));
        assert_ok!(Names::set_record(signed(1), label("site"), RecordKey::Address(0), None));
        assert_ok!(set(MAX_RECORDS));

        assert_ok!(Balances::transfer_allow_death(
            signed(1),
            account(8),
            PARAMS.deposit + PARAMS.rent[3] + EXISTENTIAL_DEPOSIT
        ));
        assert_ok!(register(8, "poor-site"));
        let call = Names::set_record(signed(8), label("poor-site"), text("url"), Some(value(b"x")));
        assert_noop!(call, Error::<Test>::InsufficientFunds);
    });
}

#[test]
fn addresses_and_keys_do_not_outlive_a_change_of_hands() {
    run(|| {
        assert_ok!(register(1, "site"));
        for key in [text("url"), RecordKey::Address(354), RecordKey::EncryptionKey] {
            assert_ok!(Names::set_record(signed(1), label("site"), key, Some(value(&[65; 32]))));
        }
        assert_ok!(Names::transfer(signed(1), label("site"), account(2)));
        // A lookup of the name must not lead to payments to the former owner, or messages encrypted for it.
        assert_eq!(Names::api_record(b"site".to_vec(), RecordKey::Address(354)), None);
        assert_eq!(Names::api_record(b"site".to_vec(), RecordKey::EncryptionKey), None);
        let left: Vec<_> = Names::api_records(b"site".to_vec()).into_iter().map(|entry| entry.key).collect();
        assert_eq!(left, vec![text("url")]);
        assert_ok!(Names::set_record(signed(2), label("site"), RecordKey::Address(354), Some(value(b"mine"))));
        assert_eq!(Names::api_record(b"site".to_vec(), RecordKey::Address(354)), Some(b"mine".to_vec()));
        assert_ok!(Names::set_record(signed(2), label("site"), RecordKey::EncryptionKey, None));
        assert_eq!(held(2), PARAMS.deposit + 2 * PARAMS.record_deposit);
    });
}
