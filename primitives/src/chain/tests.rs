#![allow(clippy::unwrap_used)]

use super::*;
use crate::name::NameStatus;
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
