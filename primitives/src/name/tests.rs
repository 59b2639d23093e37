#![allow(clippy::unwrap_used)]

use super::*;
use alloc::{format, string::String};
use proptest::prelude::*;

#[test]
fn labels_that_are_names() {
    for label in ["abc", "a-b", "my-site", "123", "a1b2", "ab-c-d", "a--b", &"x".repeat(63)] {
        assert_eq!(check_label(label.as_bytes()), Ok(()), "{label}");
    }
}

#[test]
fn labels_that_break_a_rule() {
    let cases: [(&str, LabelError); 12] = [
        ("", LabelError::TooShort),
        ("ab", LabelError::TooShort),
        (&"x".repeat(64), LabelError::TooLong),
        ("Abc", LabelError::BadCharacter { position: 1 }),
        ("ab.c", LabelError::BadCharacter { position: 3 }),
        ("ab_c", LabelError::BadCharacter { position: 3 }),
        ("köln", LabelError::BadCharacter { position: 2 }),
        ("abc ", LabelError::BadCharacter { position: 4 }),
        ("-abc", LabelError::EdgeHyphen),
        ("abc-", LabelError::EdgeHyphen),
        ("---", LabelError::EdgeHyphen),
        ("xn--abc", LabelError::ReservedHyphens),
    ];
    for (label, error) in cases {
        assert_eq!(check_label(label.as_bytes()), Err(error), "{label}");
    }
}

#[test]
fn labels_below_a_name_may_be_short() {
    for label in ["a", "1", "ab", "blog", "pr-42", &"x".repeat(63)] {
        assert_eq!(check_sub_label(label.as_bytes()), Ok(()), "{label}");
    }
    for (label, error) in [
        ("", LabelError::Empty),
        ("-", LabelError::EdgeHyphen),
        ("a.b", LabelError::BadCharacter { position: 2 }),
        ("ab--c", LabelError::ReservedHyphens),
        (&"x".repeat(64), LabelError::TooLong),
    ] {
        assert_eq!(check_sub_label(label.as_bytes()), Err(error), "{label}");
    }
}

#[test]
fn names_are_taken_apart_at_their_dot() {
    assert_eq!(split_name("alice"), Ok((None, "alice")));
    assert_eq!(split_name("b.alice"), Ok((Some("b"), "alice")));
    for (name, error) in [
        ("", LabelError::Empty),
        (".", LabelError::Empty),
        (".alice", LabelError::Empty),
        ("alice.", LabelError::Empty),
        ("a.b.alice", LabelError::TooDeep),
        ("alice.b", LabelError::TooShort),
        ("-b.alice", LabelError::EdgeHyphen),
        ("B.alice", LabelError::BadCharacter { position: 1 }),
    ] {
        assert_eq!(split_name(name), Err(error), "{name}");
    }
    assert_eq!(format!("{0}.{0}", "x".repeat(MAX_LABEL)).len(), MAX_NAME);
}

#[test]
fn look_alikes_share_a_skeleton() {
    let groups: [&[&str]; 8] = [
        &["google", "g00gle", "goog1e", "googie", "go-ogle"],
        &["modern", "modem", "rnodern", "modern-"],
        &["wow", "vvow", "w0w", "vvovv"],
        &["vvv", "vw", "wv"],
        &["paypal", "paypa1", "paypai"],
        &["55555", "sssss", "s5-s5s"],
        &["zoo", "200", "2oo"],
        &["b0b", "808", "bob"],
    ];
    for group in groups {
        for label in group {
            assert_eq!(skeleton(label.as_bytes()), skeleton(group[0].as_bytes()), "{label} and {}", group[0]);
        }
    }
}

#[test]
fn other_labels_keep_their_own() {
    for (one, other) in [("abc", "abd"), ("cat", "car"), ("night", "nigth"), ("run", "rnu"), ("clock", "dock")] {
        assert_ne!(skeleton(one.as_bytes()), skeleton(other.as_bytes()), "{one} and {other}");
    }
}

/// The most literal implementation of the definition: spell out, then gather.
fn by_the_words(label: &str) -> String {
    let plain: String = label
        .replace('-', "")
        .chars()
        .map(|c| match c {
            '0' => 'o',
            '1' | 'i' => 'l',
            '2' => 'z',
            '5' => 's',
            '8' => 'b',
            other => other,
        })
        .collect();
    plain.replace('m', "rn").replace('w', "vv").replace("rn", "m").replace("vv", "w")
}

proptest! {
    #[test]
    fn a_skeleton_is_what_its_definition_says(label in "[a-z0-9-]{0,63}|[vwrmn-]{0,63}") {
        let found = skeleton(label.as_bytes());
        prop_assert_eq!(&found, &by_the_words(&label).into_bytes());
        prop_assert!(found.len() <= label.len());
        prop_assert_eq!(skeleton(&found), found);
    }

    #[test]
    fn a_label_is_checked_without_panic(label in prop::collection::vec(any::<u8>(), 0..80)) {
        let plain = label.iter().all(|byte| byte.is_ascii_lowercase());
        let fits = (MIN_LABEL..=MAX_LABEL).contains(&label.len());
        prop_assert!(check_label(&label).is_ok() || !plain || !fits);
        let _ = skeleton(&label);
    }
}
