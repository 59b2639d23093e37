#![allow(clippy::unwrap_used)]

use super::*;
use crate::{
    error,
    json::hex_bytes,
    mock::{call, fork, header, Block, Client, FINAL, OWNER},
};
use jsonrpsee::RpcModule;
use serde_json::{json, Value};

fn module() -> RpcModule<Name<Block, Client>> {
    Name::new(Arc::new(Client)).into_rpc()
}

fn hash_of(number: u32) -> String {
    hex_bytes(header(number).hash())
}

fn entry(label: &str) -> Value {
    json!({
        "label": label,
        "owner": address(&OWNER),
        "content": {
            "object": meganet_primitives::object::ObjectId([1; 32]).to_string(),
            "group": 3,
            "sealedLen": 4096,
            "key": hex_bytes([2; 32]),
        },
        "version": 1,
        "registered": 10,
        "updated": 20,
        "deposit": "10000000000000",
    })
}

#[test]
fn the_methods_have_their_names() {
    let module = module();
    let names: Vec<_> = module.method_names().collect();
    assert!(names.contains(&"name_v1_resolve") && names.contains(&"name_v1_list"), "{names:?}");
}

#[test]
fn a_name_is_read_at_the_last_final_block() {
    let answer = call(&module(), "name_v1_resolve", json!(["alice"]));
    let mut expected = entry("alice");
    expected["block"] = json!({ "hash": hash_of(FINAL), "number": FINAL, "finalized": true });
    assert_eq!(answer["result"], expected);
}

#[test]
fn the_answer_says_whether_a_chosen_block_is_final() {
    for (at, number, finalized) in [
        (hash_of(0), 0, true),
        (hash_of(2), 2, false),
        // As low as the final block, but on the fork that lost.
        (hex_bytes(fork().hash()), 1, false),
    ] {
        let answer = call(&module(), "name_v1_resolve", json!(["alice", at]));
        assert_eq!(answer["result"]["block"], json!({ "hash": at, "number": number, "finalized": finalized }));
    }
}

#[test]
fn a_name_that_nobody_owns_is_null_and_a_bad_one_an_error() {
    assert_eq!(call(&module(), "name_v1_resolve", json!(["nobody"]))["result"], Value::Null);
    for bad in ["", "ab", "Alice", "-alice", "al ice"] {
        let answer = call(&module(), "name_v1_resolve", json!([bad]));
        assert_eq!(answer["error"]["code"], error::INVALID_LABEL, "{bad:?}: {answer}");
    }
}

#[test]
fn an_unknown_block_is_an_error_of_its_own() {
    let answer = call(&module(), "name_v1_resolve", json!(["alice", hex_bytes([0xee; 32])]));
    assert_eq!(answer["error"]["code"], error::UNKNOWN_BLOCK);
}

#[test]
fn a_list_is_walked_page_by_page() {
    let first = call(&module(), "name_v1_list", json!([address(&OWNER), null, 1]));
    assert_eq!(first["result"]["names"], json!([entry("alice")]));
    assert_eq!(first["result"]["next"], "alice");
    let second = call(&module(), "name_v1_list", json!([address(&OWNER), "alice", 2]));
    assert_eq!(second["result"]["names"], json!([entry("wonderland")]));
    assert_eq!(second["result"]["next"], Value::Null);
    assert_eq!(call(&module(), "name_v1_list", json!([address(&[8; 32])]))["result"]["names"], json!([]));
}

#[test]
fn a_list_refuses_bad_owners_and_limits() {
    assert_eq!(call(&module(), "name_v1_list", json!(["alice"]))["error"]["code"], error::INVALID_OWNER);
    let answer = call(&module(), "name_v1_list", json!([address(&OWNER), null, 0]));
    assert_eq!(answer["error"]["code"], error::INVALID_LIMIT);
}
