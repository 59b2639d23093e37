#![allow(clippy::unwrap_used)]

use super::fake::{Node, STATE_VERSION, alice};
use super::*;
use crate::{
    error,
    json::hex_bytes,
    mock::{Block, Client, FINAL, OWNER, RUNTIME_VERSION, call, fork, header},
};
use futures::StreamExt;
use jsonrpsee::{MethodsError, RpcModule};
use meganet_name_proof::{Freshness, NameProof, SetChanges, verify};
use meganet_primitives::{name::StoredName, object::ObjectId};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

fn served(node: Node) -> (RpcModule<Name<Block, Client>>, Arc<Node>) {
    let node = Arc::new(node);
    let finals: FinalBlocks = Arc::new(|| futures::stream::iter([header(0).hash(), header(2).hash()]).boxed());
    (Name::new(Arc::new(Client), node.clone(), finals).into_rpc(), node)
}

fn module() -> RpcModule<Name<Block, Client>> {
    served(Node::new()).0
}

fn hash_of(number: u32) -> String {
    hex_bytes(header(number).hash())
}

fn block() -> Value {
    json!({ "hash": hash_of(FINAL), "number": FINAL, "finalized": true })
}

fn content() -> Value {
    json!({
        "kind": "object",
        "object": ObjectId([1; 32]).to_string(),
        "group": 3,
        "sealedLen": 4096,
        "key": hex_bytes([2; 32]),
    })
}

fn entry(label: &str) -> Value {
    json!({
        "label": label,
        "owner": address(&OWNER),
        "content": content(),
        "version": 1,
        "registered": 10,
        "updated": 20,
        "expires": 1_000,
        "status": "active",
        "deposit": "10000000000000",
    })
}

fn resolved() -> Value {
    json!({
        "name": "alice",
        "label": "alice",
        "owner": address(&OWNER),
        "content": content(),
        "version": STATE_VERSION,
        "updated": 2,
        "expires": 1_000,
        "status": "active",
        "block": block(),
    })
}

#[test]
fn the_methods_have_their_names() {
    let module = module();
    let mut names: Vec<_> = module.method_names().collect();
    names.sort_unstable();
    let expected = [
        "available",
        "checkpoint",
        "history",
        "info",
        "list",
        "price",
        "resolve",
        "resolveMany",
        "resolveProof",
        "reverse",
        "setChanges",
        "subnames",
        "subscribe",
        "unsubscribe",
    ];
    assert_eq!(names, expected.map(|name| format!("name_v1_{name}")));
}

#[test]
fn a_name_is_read_at_the_last_final_block() {
    assert_eq!(call(&module(), "name_v1_resolve", json!(["alice"]))["result"], resolved());
    let below = call(&module(), "name_v1_resolve", json!(["blog.alice"]));
    assert_eq!(below["result"]["name"], "blog.alice");
    assert_eq!(below["result"]["label"], "alice");
    assert_eq!(below["result"]["version"], 3);
    assert_eq!(call(&module(), "name_v1_resolve", json!(["shop.alice"]))["result"], Value::Null);
}

#[test]
fn an_answer_is_read_once_a_block() {
    let (module, node) = served(Node::new());
    let reads = || node.reads.load(Ordering::Relaxed);
    call(&module, "name_v1_resolve", json!(["alice"]));
    // The layout of names, prices and times, and the name.
    assert_eq!(reads(), 3);
    for _ in 0..3 {
        assert_eq!(call(&module, "name_v1_resolve", json!(["alice"]))["result"], resolved());
        assert_eq!(call(&module, "name_v1_resolve", json!(["alice", hash_of(FINAL)]))["result"], resolved());
    }
    assert_eq!(reads(), 3);
    // The absence of a name is cached too.
    call(&module, "name_v1_resolve", json!(["nobody"]));
    call(&module, "name_v1_resolve", json!(["nobody"]));
    assert_eq!(reads(), 4);
    // Answers of another block are cached separately.
    call(&module, "name_v1_resolve", json!(["alice", hash_of(2)]));
    assert_eq!(reads(), 7);
}

#[test]
fn where_names_are_stored_otherwise_the_runtime_is_asked() {
    let mut node = Node::new();
    node.layout += 1;
    let (module, node) = served(node);
    let answer = call(&module, "name_v1_resolve", json!(["alice"]));
    assert_eq!(answer["result"]["version"], RUNTIME_VERSION);
    assert_eq!(call(&module, "name_v1_resolve", json!(["nobody"]))["result"], Value::Null);
    assert_eq!(node.reads.load(Ordering::Relaxed), 1);
}

#[test]
fn the_answer_says_whether_a_chosen_block_is_final() {
    for (at, number, finalized) in [
        (hash_of(0), 0, true),
        (hash_of(2), 2, false),
        // As low as the final block, but on the abandoned fork.
        (hex_bytes(fork().hash()), 1, false),
    ] {
        let answer = call(&module(), "name_v1_resolve", json!(["alice", at]));
        assert_eq!(answer["result"]["block"], json!({ "hash": at, "number": number, "finalized": finalized }));
    }
}

#[test]
fn a_name_that_nobody_owns_is_null_and_a_bad_one_an_error() {
    assert_eq!(call(&module(), "name_v1_resolve", json!(["nobody"]))["result"], Value::Null);
    for bad in ["", "ab", "Alice", "-alice", "al ice", "a.b.alice", ".alice", "alice."] {
        for method in ["name_v1_resolve", "name_v1_resolveProof"] {
            let answer = call(&module(), method, json!([bad]));
            assert_eq!(answer["error"]["code"], error::INVALID_LABEL, "{bad:?}: {answer}");
        }
    }
}

#[test]
fn an_unknown_block_is_an_error_of_its_own() {
    for method in ["name_v1_resolve", "name_v1_resolveProof"] {
        let answer = call(&module(), method, json!(["alice", hex_bytes([0xee; 32])]));
        assert_eq!(answer["error"]["code"], error::UNKNOWN_BLOCK);
    }
}

#[test]
fn many_names_are_read_in_one_block() {
    let answer = call(&module(), "name_v1_resolveMany", json!([["nobody", "alice", "blog.alice"]]));
    assert_eq!(answer["result"]["block"], block());
    assert_eq!(answer["result"]["names"][0], Value::Null);
    assert_eq!(answer["result"]["names"][1], resolved());
    assert_eq!(answer["result"]["names"][2]["version"], 3);
    for (names, code) in [(vec!["alice"; 257], error::INVALID_LIMIT), (vec!["A"], error::INVALID_LABEL)] {
        let answer = call(&module(), "name_v1_resolveMany", json!([names]));
        assert_eq!(answer["error"]["code"], code);
    }
}

#[test]
fn a_proof_says_what_it_proves_and_is_one() {
    let node = Node::new();
    let genesis = node.genesis_checkpoint();
    let head = hex_bytes(node.chain.head.hash());
    let (module, _) = served(node);
    let answer = call(&module, "name_v1_resolveProof", json!(["alice", null, 0]));
    let result = &answer["result"];
    assert_eq!(result["block"], json!({ "hash": head, "number": 10, "finalized": true }));
    assert_eq!((&result["setId"], &result["changes"]), (&json!(3), &json!(3)));
    assert_eq!(result["keys"].as_array().unwrap().len(), 3);
    assert_eq!(result["resolution"]["version"], STATE_VERSION);
    let bytes = hex::decode(&result["proof"].as_str().unwrap()[2..]).unwrap();
    let verified = verify(&NameProof::from_bytes(&bytes).unwrap(), "alice", &genesis, &Freshness::ANY).unwrap();
    assert_eq!(verified.answer.resolution().unwrap().version, STATE_VERSION);

    let answer = call(&module, "name_v1_resolveProof", json!(["nobody"]));
    assert_eq!(answer["result"]["resolution"], Value::Null);
    let known = call(&module, "name_v1_checkpoint", json!([]));
    let known: Checkpoint = serde_json::from_value(known["result"].clone()).unwrap();
    assert_eq!(known, verified.checkpoint);
    let changes = call(&module, "name_v1_setChanges", json!([0]));
    assert_eq!((&changes["result"]["count"], &changes["result"]["more"]), (&json!(3), &json!(false)));
    let bytes = hex::decode(&changes["result"]["changes"].as_str().unwrap()[2..]).unwrap();
    assert_eq!(SetChanges::from_bytes(&bytes).unwrap().follow(&genesis).unwrap().set_id, 3);
}

#[test]
fn a_node_without_votes_says_that_it_is_asked_too_early() {
    let mut node = Node::new();
    node.newest = None;
    let (module, _) = served(node);
    let answer = call(&module, "name_v1_resolveProof", json!(["alice"]));
    assert_eq!(answer["error"]["code"], error::NOTHING_FINAL);
}

#[tokio::test]
async fn who_subscribes_hears_of_a_name_and_of_what_changes() {
    let mut node = Node::new();
    node.other = Some((header(2).hash(), StoredName { version: STATE_VERSION + 1, ..alice() }));
    let (module, _) = served(node);
    let mut heard = module.subscribe_unbounded("name_v1_subscribe", ["alice"]).await.unwrap();
    let (first, _): (Value, _) = heard.next().await.unwrap().unwrap();
    assert_eq!((&first["name"], &first["block"]["number"]), (&json!("alice"), &json!(FINAL)));
    assert_eq!(first["resolution"]["version"], STATE_VERSION);
    // Block 2 has another resolution.
    let (second, _): (Value, _) = heard.next().await.unwrap().unwrap();
    assert_eq!(second["block"]["number"], 2);
    assert_eq!(second["resolution"]["version"], STATE_VERSION + 1);
    assert!(heard.next::<Value>().await.is_none());
    let bad = module.subscribe_unbounded("name_v1_subscribe", ["A"]).await.err().unwrap();
    assert!(matches!(&bad, MethodsError::JsonRpc(bad) if bad.code() == error::INVALID_LABEL), "{bad}");
}

#[test]
fn only_what_is_said_makes_a_change() {
    let block = |number| crate::BlockRef { hash: hash_of(number), number, finalized: true };
    let of = |status, number| {
        let resolution = meganet_primitives::chain::Resolution {
            owner: OWNER,
            content: None,
            version: 1,
            updated: 1,
            expires: 1,
            status,
        };
        let resolution = Some(ResolveAnswer::new("alice".into(), resolution, block(number)));
        Change { name: "alice".into(), resolution, block: block(number) }
    };
    use meganet_primitives::name::NameStatus::{Active, Grace};
    let gone = |number| Change { name: "alice".into(), resolution: None, block: block(number) };
    assert!(of(Active, 1).resolves_like(&of(Active, 2)));
    assert!(!of(Active, 1).resolves_like(&of(Grace, 1)));
    assert!(!of(Active, 1).resolves_like(&gone(1)) && !gone(1).resolves_like(&of(Active, 1)));
    assert!(gone(1).resolves_like(&gone(2)));
}

#[test]
fn a_label_is_reported_with_records_and_delegates() {
    let answer = call(&module(), "name_v1_info", json!(["alice"]));
    let mut expected = entry("alice");
    expected["records"] = json!([
        { "kind": "text", "key": "url", "value": "x" },
        { "kind": "address", "coin": 354, "value": "0x0102" },
        { "kind": "encryption-key", "value": hex_bytes([9; 32]) },
    ]);
    expected["delegates"] = json!([address(&[8; 32])]);
    expected["block"] = block();
    assert_eq!(answer["result"], expected);
    assert_eq!(call(&module(), "name_v1_info", json!(["nobody"]))["result"], Value::Null);
    assert_eq!(call(&module(), "name_v1_info", json!(["blog.alice"]))["error"]["code"], error::INVALID_LABEL);
}

#[test]
fn history_price_availability_and_reverse_are_told() {
    let module = module();
    let history = call(&module, "name_v1_history", json!(["alice"]));
    let versions =
        json!([{ "version": 2, "block": 12, "content": null }, { "version": 1, "block": 11, "content": null }]);
    assert_eq!(history["result"], json!({ "versions": versions, "block": block() }));

    let price = call(&module, "name_v1_price", json!(["bobby", 3]));
    let deposit = u64::MAX.to_string();
    let total = (u128::from(u64::MAX) + 36).to_string();
    assert_eq!(
        price["result"],
        json!({ "rent": "6", "premium": "30", "deposit": deposit, "total": total, "block": block() })
    );
    assert_eq!(call(&module, "name_v1_price", json!(["bobby"]))["result"]["rent"], "2");
    for years in [0, 11] {
        assert_eq!(call(&module, "name_v1_price", json!(["bobby", years]))["error"]["code"], error::INVALID_YEARS);
    }

    for (params, expected) in [
        (json!(["alice"]), "taken"),
        (json!(["bobby"]), "free"),
        (json!(["a1ice"]), "looks-like-another"),
        (json!(["a1ice", address(&OWNER)]), "free"),
    ] {
        let answer = call(&module, "name_v1_available", params);
        assert_eq!(answer["result"], json!({ "availability": expected, "block": block() }));
    }

    let reverse = |account| call(&module, "name_v1_reverse", json!([address(&account)]))["result"]["name"].clone();
    assert_eq!(reverse(OWNER), "alice");
    assert_eq!(reverse([8; 32]), Value::Null);
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

    let first = call(&module(), "name_v1_subnames", json!(["alice", null, 1]));
    let below = |label: &str| json!({ "label": label, "content": null, "version": 1, "updated": 5, "delegate": address(&[8; 32]) });
    assert_eq!(first["result"]["names"], json!([below("a")]));
    assert_eq!(first["result"]["next"], "a");
    let second = call(&module(), "name_v1_subnames", json!(["alice", "a"]));
    assert_eq!(second["result"]["names"], json!([below("blog")]));
    assert_eq!(second["result"]["next"], Value::Null);
}

#[test]
fn lists_refuse_bad_owners_labels_and_limits() {
    let refused = |method, params| call(&module(), method, params)["error"]["code"].clone();
    assert_eq!(refused("name_v1_list", json!(["alice"])), error::INVALID_OWNER);
    assert_eq!(refused("name_v1_list", json!([address(&OWNER), null, 0])), error::INVALID_LIMIT);
    assert_eq!(refused("name_v1_subnames", json!(["alice", "-"])), error::INVALID_LABEL);
    assert_eq!(refused("name_v1_subnames", json!(["alice", null, 257])), error::INVALID_LIMIT);
    assert_eq!(refused("name_v1_reverse", json!(["alice"])), error::INVALID_OWNER);
    assert_eq!(refused("name_v1_available", json!(["alice", "bob"])), error::INVALID_OWNER);
}
