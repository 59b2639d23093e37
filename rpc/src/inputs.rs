//! Empty, largest and wrong inputs of every method: each has an answer, or an error with its code.
#![allow(clippy::unwrap_used)]

use crate::{
    Audit, AuditApiServer, FinalBlocks, Name, NameApiServer, Renewal, RenewalApiServer, Storage, StorageApiServer,
    bounded, error,
    json::{address, hex_bytes},
    mock::{Client, FINAL, OWNER, call, header},
    name::fake::Node,
};
use futures::StreamExt;
use jsonrpsee::{RpcModule, types::error::INVALID_PARAMS_CODE};
use serde_json::{Value, json};
use std::{collections::BTreeSet, sync::Arc};

fn module() -> RpcModule<()> {
    let client = Arc::new(Client);
    let finals: FinalBlocks = Arc::new(|| futures::stream::empty().boxed());
    let mut all = RpcModule::new(());
    all.merge(Name::new(client.clone(), Arc::new(Node::new()), finals.clone()).into_rpc()).unwrap();
    all.merge(Storage::new(client.clone()).into_rpc()).unwrap();
    all.merge(Audit::new(client.clone(), finals).into_rpc()).unwrap();
    all.merge(Renewal::new(client).into_rpc()).unwrap();
    bounded(&all).unwrap()
}

/// The outcome of a call.
enum Outcome {
    /// A result, in which this field, if one is named, has this value.
    Answer(&'static str, Value),
    /// An error with this code.
    Refusal(i32),
}
use Outcome::{Answer, Refusal};

fn some() -> Outcome {
    Answer("", Value::Null)
}

fn null() -> Outcome {
    Answer("result", Value::Null)
}

fn empty(list: &'static str) -> Outcome {
    Answer(list, json!([]))
}

/// Calls of every method, with their outcomes.
fn cases() -> Vec<(&'static str, Value, Outcome)> {
    const BAD: Outcome = Refusal(INVALID_PARAMS_CODE);
    const LABEL: Outcome = Refusal(error::INVALID_LABEL);
    const OWNED: Outcome = Refusal(error::INVALID_OWNER);
    const LIMIT: Outcome = Refusal(error::INVALID_LIMIT);
    const BLOCK: Outcome = Refusal(error::UNKNOWN_BLOCK);
    let (owner, nobody) = (address(&OWNER), address(&[8; 32]));
    let (long, unknown, known) = ("a".repeat(1 << 20), hex_bytes([0xee; 32]), hex_bytes(header(FINAL).hash()));
    let most = u32::MAX;
    let mut cases = vec![
        ("name_v1_resolve", json!(["alice", null]), some()),
        ("name_v1_resolve", json!(["alice", known]), some()),
        ("name_v1_resolve", json!(["nobody"]), null()),
        ("name_v1_resolveMany", json!([[]]), empty("names")),
        ("name_v1_resolveMany", json!([[], known]), empty("names")),
        ("name_v1_resolveMany", json!([[], unknown]), BLOCK),
        ("name_v1_resolveMany", json!([vec!["alice"; 256]]), some()),
        ("name_v1_resolveMany", json!([vec!["alice"; 257]]), LIMIT),
        ("name_v1_resolveMany", json!([vec![""; 1 << 16]]), LIMIT),
        ("name_v1_resolveMany", json!([["alice", long]]), LABEL),
        ("name_v1_resolveMany", json!([["alice", null]]), BAD),
        ("name_v1_resolveMany", json!([[], "0x12"]), BAD),
        ("name_v1_resolveMany", json!(["alice"]), BAD),
        ("name_v1_resolveProof", json!(["alice", null, 0]), some()),
        ("name_v1_resolveProof", json!(["alice", null, most]), some()),
        ("name_v1_resolveProof", json!(["alice", known]), BLOCK),
        ("name_v1_resolveProof", json!(["alice", null, -1]), BAD),
        ("name_v1_setChanges", json!([0]), some()),
        ("name_v1_setChanges", json!([most]), Answer("count", json!(0))),
        ("name_v1_setChanges", json!([u64::from(most) + 1]), BAD),
        ("name_v1_setChanges", json!(["0"]), BAD),
        ("name_v1_checkpoint", json!([]), some()),
        ("name_v1_checkpoint", json!({}), some()),
        ("name_v1_info", json!(["nobody"]), null()),
        ("name_v1_history", json!(["nobody"]), empty("versions")),
        ("name_v1_available", json!([""]), Answer("availability", json!("invalid"))),
        ("name_v1_available", json!([long]), Answer("availability", json!("invalid"))),
        ("name_v1_available", json!(["alice", null]), Answer("availability", json!("taken"))),
        ("name_v1_available", json!(["alice", ""]), OWNED),
        ("name_v1_available", json!(["alice", long]), OWNED),
        ("name_v1_price", json!(["alice", null]), some()),
        ("name_v1_price", json!(["alice", 10]), some()),
        ("name_v1_price", json!(["alice", 0]), Refusal(error::INVALID_YEARS)),
        ("name_v1_price", json!(["alice", most]), Refusal(error::INVALID_YEARS)),
        ("name_v1_price", json!(["alice", 1.5]), BAD),
        ("name_v1_reverse", json!([nobody]), Answer("name", Value::Null)),
        ("name_v1_list", json!([nobody]), empty("names")),
        ("name_v1_list", json!([owner, "zzz"]), empty("names")),
        ("name_v1_list", json!([owner, ""]), LABEL),
        ("name_v1_subnames", json!(["nobody"]), empty("names")),
        ("name_v1_subnames", json!(["alice", ""]), LABEL),
        ("name_v1_subnames", json!(["alice", long]), LABEL),
        ("name_v1_subscribe", json!(["alice"]), some()),
        ("storage_v1_stats", json!([]), some()),
        ("storage_v1_network", json!([]), some()),
        ("storage_v1_subscribeNetwork", json!([]), some()),
        ("storage_v1_workers", json!([]), some()),
        ("storage_v1_workers", json!([null, null]), some()),
        ("storage_v1_workers", json!([most]), empty("workers")),
        ("storage_v1_challenges", json!([]), some()),
        ("storage_v1_challenges", json!([most]), empty("challenges")),
        ("storage_v1_autoRenewal", json!([u64::MAX]), null()),
        ("storage_v1_autoRenewals", json!([owner, u64::MAX]), empty("autoRenewals")),
        ("storage_v1_autoRenewals", json!([nobody]), empty("autoRenewals")),
    ];
    let labels = ["resolve", "resolveProof", "info", "history", "price", "subnames", "subscribe"];
    for method in labels.map(|method| METHODS.iter().find(|(name, _)| *name == format!("name_v1_{method}")).unwrap().0)
    {
        for label in ["", "A", "al ice", "\0", &long] {
            cases.push((method, json!([label]), LABEL));
        }
    }
    for method in ["name_v1_resolve", "name_v1_resolveProof"] {
        cases.push((method, json!(["alice", unknown]), BLOCK));
        cases.push((method, json!(["alice", &unknown[2..]]), BLOCK));
        for hash in ["", "0x", "0x12", "zz", &unknown[..65], &(unknown.clone() + "00")] {
            cases.push((method, json!(["alice", hash]), BAD));
        }
    }
    for method in ["name_v1_reverse", "name_v1_list", "storage_v1_autoRenewals"] {
        for owner in ["", "alice", "0x00", &long] {
            cases.push((method, json!([owner]), OWNED));
        }
    }
    for (method, before) in [
        ("name_v1_list", vec![json!(owner), Value::Null]),
        ("name_v1_subnames", vec![json!("alice"), Value::Null]),
        ("storage_v1_workers", vec![json!(0)]),
        ("storage_v1_challenges", vec![json!(0)]),
        ("storage_v1_autoRenewals", vec![json!(owner), json!(0)]),
    ] {
        for (limit, outcome) in [
            (json!(null), some()),
            (json!(1), some()),
            (json!(256), some()),
            (json!(0), LIMIT),
            (json!(257), LIMIT),
            (json!(most), LIMIT),
            (json!(-1), BAD),
            (json!("1"), BAD),
        ] {
            cases.push((method, json!([&before[..], &[limit]].concat()), outcome));
        }
    }
    for method in ["storage_v1_group", "storage_v1_groupHealth", "storage_v1_worker"] {
        cases.push((method, json!([0]), null()));
        cases.push((method, json!([most]), null()));
        for id in [json!(u64::from(most) + 1), json!(-1), json!("3"), json!(null)] {
            cases.push((method, json!([id]), BAD));
        }
    }
    // Texts in the place of numbers, hashes and lists.
    for (method, wrong) in [
        ("name_v1_resolve", json!(["alice", long])),
        ("name_v1_resolveMany", json!([long])),
        ("name_v1_resolveMany", json!([[], long])),
        ("name_v1_resolveProof", json!(["alice", null, long])),
        ("name_v1_setChanges", json!([long])),
        ("name_v1_price", json!(["alice", long])),
        ("name_v1_list", json!([owner, null, long])),
        ("name_v1_subnames", json!(["alice", null, long])),
        ("storage_v1_group", json!([long])),
        ("storage_v1_groupHealth", json!([long])),
        ("storage_v1_worker", json!([long])),
        ("storage_v1_workers", json!([long])),
        ("storage_v1_workers", json!([null, long])),
        ("storage_v1_challenges", json!([long])),
        ("storage_v1_challenges", json!([null, long])),
        ("storage_v1_autoRenewal", json!([long])),
        ("storage_v1_autoRenewals", json!([owner, long])),
        ("storage_v1_autoRenewals", json!([owner, null, long])),
    ] {
        cases.push((method, wrong, BAD));
    }
    // A text in the place of all parameters.
    for (method, _) in METHODS.iter().filter(|(_, parameters)| !parameters.is_empty()) {
        cases.push((*method, json!(long), BAD));
    }
    // Without parameters, where one is required.
    let required = METHODS.iter().filter(|(_, parameters)| parameters.first().is_some_and(|name| !name.ends_with('?')));
    for (method, _) in required {
        cases.extend([json!([]), json!({}), json!([null]), json!({ "other": 1 })].map(|wrong| (*method, wrong, BAD)));
    }
    cases
}

/// Every method with the names of its parameters, as in the README.
const METHODS: [(&str, &[&str]); 23] = [
    ("name_v1_resolve", &["name", "at?"]),
    ("name_v1_resolveMany", &["names", "at?"]),
    ("name_v1_resolveProof", &["name", "at?", "since?"]),
    ("name_v1_setChanges", &["since"]),
    ("name_v1_checkpoint", &[]),
    ("name_v1_subscribe", &["name"]),
    ("name_v1_info", &["label"]),
    ("name_v1_history", &["label"]),
    ("name_v1_available", &["label", "owner?"]),
    ("name_v1_price", &["label", "years?"]),
    ("name_v1_reverse", &["owner"]),
    ("name_v1_list", &["owner", "after?", "limit?"]),
    ("name_v1_subnames", &["label", "after?", "limit?"]),
    ("storage_v1_group", &["id"]),
    ("storage_v1_groupHealth", &["id"]),
    ("storage_v1_workers", &["from?", "limit?"]),
    ("storage_v1_worker", &["id"]),
    ("storage_v1_challenges", &["from?", "limit?"]),
    ("storage_v1_stats", &[]),
    ("storage_v1_network", &[]),
    ("storage_v1_subscribeNetwork", &[]),
    ("storage_v1_autoRenewal", &["id"]),
    ("storage_v1_autoRenewals", &["payer", "from?", "limit?"]),
];

#[test]
fn every_input_has_an_answer_or_an_error_with_its_code() {
    let module = module();
    for (method, params, outcome) in cases() {
        let answer = call(&module, method, params.clone());
        let shown: String = format!("{method} {params}").chars().take(200).collect();
        match outcome {
            Answer(field, value) => {
                assert!(answer.get("error").is_none(), "{shown}: {answer}");
                match field {
                    "" => {}
                    "result" => assert_eq!(answer["result"], value, "{shown}"),
                    field => assert_eq!(answer["result"][field], value, "{shown}"),
                }
            }
            Refusal(code) => {
                assert_eq!(answer["error"]["code"], code, "{shown}");
                assert!(answer.to_string().len() < 1_000, "{shown}: the error repeats the whole request");
                assert!(!answer.to_string().contains(&"a".repeat(101)), "{shown}: {answer}");
                let reason =
                    if code == INVALID_PARAMS_CODE { &answer["error"]["data"] } else { &answer["error"]["message"] };
                assert!(reason.as_str().is_some_and(|reason| !reason.is_empty()), "{shown}: {answer}");
            }
        }
    }
}

#[test]
fn parameters_may_have_names() {
    let module = module();
    for (method, params, _) in cases() {
        let Value::Array(values) = params else { continue };
        let (_, names) = METHODS.iter().find(|(name, _)| *name == method).unwrap();
        let named =
            names.iter().map(|name| name.trim_end_matches('?').to_owned()).zip(values.iter().cloned()).collect();
        let (listed, named) = (call(&module, method, json!(values)), call(&module, method, Value::Object(named)));
        let text = named["error"].to_string();
        assert!(text.len() < 1_000 && !text.contains(&"a".repeat(101)), "{method} with named parameters");
        // The number of a subscription differs, and so does the text of an error about a type.
        let part = |answer: &Value| match answer.get("error") {
            Some(error) => error["code"].clone(),
            None if method.contains("ubscribe") => Value::Null,
            None => answer["result"].clone(),
        };
        let shown: String = format!("{method} {values:?}").chars().take(200).collect();
        assert_eq!(part(&named), part(&listed), "{shown}");
    }
}

#[test]
fn the_tables_and_the_readme_have_every_method() {
    let module = module();
    let served: BTreeSet<&str> = module.method_names().filter(|name| !name.contains("unsubscribe")).collect();
    assert_eq!(served, METHODS.iter().map(|(name, _)| *name).collect());
    let cases = cases();
    assert_eq!(served, cases.iter().map(|(name, ..)| *name).collect());
    let readme = include_str!("../README.md");
    for (method, parameters) in METHODS {
        let parameters: Vec<String> = parameters.iter().map(|name| format!("`{name}`")).collect();
        let row = match parameters.as_slice() {
            [] => format!("| `{method}` | | "),
            parameters => format!("| `{method}` | {} | ", parameters.join(", ")),
        };
        assert!(readme.contains(&row), "{row}");
    }
}
