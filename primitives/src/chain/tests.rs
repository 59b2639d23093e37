#![allow(clippy::unwrap_used)]

use super::*;
use crate::{
    content::{ContentRef, NameContent},
    convert::to_usize,
    name::{NameParams, NameStatus, StoredName, StoredSubname},
};
use alloc::vec;

#[test]
fn names_survive_json_with_amounts_and_accounts_as_text() {
    let info = NameInfo {
        label: b"my-site".to_vec(),
        owner: [0xcd; 32],
        content: None,
        version: 1,
        registered: 2,
        updated: 3,
        expires: 4,
        status: NameStatus::Grace,
        deposit: u128::MAX,
    };
    let json = serde_json::to_value(&info).unwrap();
    assert_eq!(json["label"], "my-site");
    assert_eq!(json["owner"], alloc::format!("0x{}", "cd".repeat(32)));
    assert_eq!(json["deposit"], "340282366920938463463374607431768211455");
    assert_eq!(serde_json::from_value::<NameInfo>(json).unwrap(), info);
}

#[test]
fn groups_survive_json() {
    let member = SlotMember { worker: 1, peer: PeerKey([2; 32]), country: "DE".parse().unwrap() };
    let slots = vec![Some(member), None];
    let info = GroupInfo { id: 3, profile: ProfileId::Compact, slot_capacity: 1, used: 0, slots, opened: 9 };
    let json = serde_json::to_value(&info).unwrap();
    assert_eq!((&json["profile"], &json["slots"][0]["country"]), (&"compact".into(), &"DE".into()));
    assert_eq!(serde_json::from_value::<GroupInfo>(json).unwrap(), info);
}

#[test]
fn a_label_and_a_subname_resolve_while_the_label_works_and_a_missing_subname_never() {
    let params = NameParams::default();
    let content = |byte| {
        Some(NameContent::Object(ContentRef { object: ObjectId([byte; 32]), group: 1, sealed_len: 17, key: None }))
    };
    let name = StoredName {
        owner: [1; 32],
        content: content(1),
        version: 2,
        registered: 3,
        updated: 4,
        expires: 100,
        deposit: 0,
        tenure: 0,
    };
    let sub = StoredSubname { content: content(2), version: 5, updated: 6, delegate: None, deposit: 0 };
    let of = |sub, now| Resolution::of(&name, sub, &params, now);
    let lapsed = 100 + params.grace;
    for (now, works) in [(99, true), (lapsed - 1, true), (lapsed, false)] {
        let found = of(None, now).unwrap();
        assert_eq!((found.content.clone(), found.version, found.updated), (content(1).filter(|_| works), 2, 4));
        assert_eq!((found.owner, found.expires, found.status), (name.owner, 100, params.status(100, now)));
        let found = of(Some(Some(&sub)), now).unwrap();
        assert_eq!((found.content, found.version, found.updated), (content(2).filter(|_| works), 5, 6));
        assert_eq!(of(Some(None), now), None);
    }
}

#[test]
fn a_page_has_at_most_the_largest_number_of_items() {
    assert_eq!((page(0), page(7), page(u32::MAX)), (0, 7, to_usize(MAX_PAGE.into())));
}
