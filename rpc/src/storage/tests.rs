#![allow(clippy::unwrap_used)]

use super::*;
use crate::{
    error,
    mock::{Block, Client, FINAL, OWNER, call, header},
};
use jsonrpsee::RpcModule;
use meganet_primitives::receipt::PeerKey;
use serde_json::{Value, json};

fn module() -> RpcModule<Storage<Block, Client>> {
    Storage::new(Arc::new(Client)).into_rpc()
}

fn block() -> Value {
    json!({ "hash": hex_bytes(header(FINAL).hash()), "number": FINAL, "finalized": true })
}

#[test]
fn the_methods_have_their_names() {
    let module = module();
    let names: Vec<_> = module.method_names().collect();
    for name in ["storage_v1_group", "storage_v1_workers", "storage_v1_stats"] {
        assert!(names.contains(&name), "{names:?}");
    }
}

#[test]
fn a_group_shows_its_slots_and_null_for_a_vacant_one() {
    let peer = peer_id(&PeerKey([3; 32]));
    assert!(peer.starts_with("12D3KooW"), "{peer}");
    let expected = json!({
        "id": 3,
        "profile": "standard",
        "k": 4,
        "n": 12,
        "slotCapacity": 1u64 << 30,
        "used": 2048,
        "opened": 8,
        "slots": [{ "worker": 5, "peerId": peer, "country": "DE" }, null],
        "block": block(),
    });
    assert_eq!(call(&module(), "storage_v1_group", json!([3]))["result"], expected);
    assert_eq!(call(&module(), "storage_v1_group", json!([4]))["result"], Value::Null);
}

#[test]
fn workers_come_in_pages() {
    let worker = json!({
        "id": 5,
        "operator": address(&OWNER),
        "peerKey": hex_bytes([3; 32]),
        "peerId": peer_id(&PeerKey([3; 32])),
        "country": "DE",
        "capacity": 1u64 << 40,
        "committed": 1u64 << 30,
        "slots": 1,
        "bond": "1024000000000000",
        "accepting": true,
        "registered": 4,
    });
    let all = call(&module(), "storage_v1_workers", json!([]));
    assert_eq!(all["result"], json!({ "workers": [worker], "next": null, "block": block() }));
    let page = call(&module(), "storage_v1_workers", json!([0, 1]));
    assert_eq!(page["result"]["next"], 6);
    assert_eq!(call(&module(), "storage_v1_workers", json!([6, 1]))["result"]["workers"], json!([]));
    assert_eq!(call(&module(), "storage_v1_workers", json!([0, 257]))["error"]["code"], error::INVALID_LIMIT);
}

#[test]
fn totals_beyond_64_bits_are_strings() {
    let expected = json!({
        "workers": 1,
        "capacity": 1u64 << 40,
        "committed": 1u64 << 30,
        "groups": 1,
        "groupsFilling": 1,
        "batches": 2,
        "objects": 3,
        "bytes": "18446744073709551616",
        "pot": "77",
        "epoch": 9,
        "block": block(),
    });
    assert_eq!(call(&module(), "storage_v1_stats", json!([]))["result"], expected);
}
