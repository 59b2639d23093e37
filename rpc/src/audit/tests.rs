#![allow(clippy::unwrap_used)]

use super::*;
use crate::{
    error,
    json::hex_bytes,
    mock::{Block, Client, FINAL, call, header},
};
use futures::StreamExt;
use jsonrpsee::RpcModule;
use serde_json::{Value, json};

fn module() -> RpcModule<Audit<Block, Client>> {
    let finals: FinalBlocks = Arc::new(|| futures::stream::iter([header(0).hash(), header(2).hash()]).boxed());
    Audit::new(Arc::new(Client), finals).into_rpc()
}

fn block() -> Value {
    json!({ "hash": hex_bytes(header(FINAL).hash()), "number": FINAL, "finalized": true })
}

#[test]
fn a_worker_shows_what_it_has_proven_missed_and_earned() {
    let answer = call(&module(), "storage_v1_worker", json!([5]));
    let result = &answer["result"];
    assert_eq!(result["id"], 5);
    assert_eq!(result["proven"], 40);
    assert_eq!(result["missed"], 2);
    assert_eq!(result["misses"], 1);
    assert_eq!(result["tolerated"], 24);
    assert_eq!(result["earned"], "123456789012345678901234");
    assert_eq!(result["heldBack"], "7");
    assert_eq!(result["leaving"], false);
    let challenge = json!({ "worker": 5, "period": 3, "block": 64, "deadline": 72, "state": "open", "samples": 0 });
    assert_eq!(result["challenge"], challenge);
    assert_eq!(result["block"], block());
    assert_eq!(call(&module(), "storage_v1_worker", json!([6]))["result"], Value::Null);
}

#[test]
fn challenges_come_by_the_page_of_workers() {
    let answer = call(&module(), "storage_v1_challenges", json!([]));
    assert_eq!(answer["result"]["challenges"].as_array().unwrap().len(), 1);
    assert_eq!(answer["result"]["next"], Value::Null);
    assert_eq!(call(&module(), "storage_v1_challenges", json!([0, 1]))["result"]["next"], 6);
    assert_eq!(call(&module(), "storage_v1_challenges", json!([6]))["result"]["challenges"], json!([]));
    let refused = call(&module(), "storage_v1_challenges", json!([0, 0]));
    assert_eq!(refused["error"]["code"], error::INVALID_LIMIT);
}

#[test]
fn a_groups_health_shows_its_slots_and_null_for_a_vacant_one() {
    let expected = json!({
        "id": 3, "profile": "standard", "k": 4, "n": 12, "whole": 1, "margin": 10, "queued": true,
        "slots": [{ "worker": 5, "since": 4, "whole": true, "excused": 0, "misses": 1 }, null],
        "block": block(),
    });
    assert_eq!(call(&module(), "storage_v1_groupHealth", json!([3]))["result"], expected);
    assert_eq!(call(&module(), "storage_v1_groupHealth", json!([4]))["result"], Value::Null);
}

#[test]
fn the_money_is_told_in_planck() {
    let result = &call(&module(), "storage_v1_network", json!([]))["result"];
    assert_eq!(result["workers"], 1);
    assert_eq!(result["groupsFilling"], 1);
    assert_eq!(result["paidIn"], "100");
    assert_eq!(result["fund"], "20");
    assert_eq!(result["block"], block());
}

#[tokio::test]
async fn who_subscribes_hears_of_the_last_final_block_and_of_the_newest_later_one() {
    let module = module();
    let mut heard = module.subscribe_unbounded("storage_v1_subscribeNetwork", [(); 0]).await.unwrap();
    // Block 0 is skipped, because block 2 is there when it could be sent.
    for number in [FINAL, 2] {
        let (network, _): (Value, _) = heard.next().await.unwrap().unwrap();
        assert_eq!(network["block"]["number"], number);
        assert_eq!(network["paidIn"], "100");
    }
}
