#![allow(clippy::unwrap_used)]

use super::*;
use alloc::{format, string::String};

#[test]
fn keys_do_not_show_in_debug_output_or_errors() {
    let key = ReadKey([0xab; 32]);
    assert_eq!(format!("{key:?}"), "ReadKey(hidden)");
    let error = serde_json::from_str::<ReadKey>("\"abcdef0123\"").unwrap_err();
    assert!(!format!("{error}").contains("abcdef"));
}

#[test]
fn references_survive_json() {
    let content = ContentRef { object: ObjectId([1; 32]), group: 2, sealed_len: 117, key: Some(ReadKey([3; 32])) };
    let json: String = serde_json::to_string(&content).unwrap();
    assert!(json.contains("\"sealedLen\":117"), "{json}");
    assert_eq!(serde_json::from_str::<ContentRef>(&json).unwrap(), content);
    assert_eq!(content.plain_len(), Ok(101));
    assert!(ContentRef { sealed_len: 0, ..content }.plain_len().is_err());
}
