//! Vectors of commitments, of what names cost, of when they lapse, and of how they are stored.

use crate::{filler, hex, scale};
use meganet_primitives::{
    content::{ContentRef, ForeignRef, NameContent, ReadKey},
    name::{NameParams, NameStatus, StoredName, StoredSubname, SubnameDelegate, commitment},
    object::ObjectId,
};
use serde_json::{Value, json};

fn commitments() -> Vec<Value> {
    [("alice", 0), ("a-b", 1), ("a-much-longer-name-than-the-others-have-of-sixty-three-letters-x", 2)]
        .map(|(label, number)| {
            let (owner, secret) = (filler("owner", number), filler("secret", number));
            json!({
                "owner": hex(owner), "label": label, "secret": hex(secret),
                "commitment": hex(commitment(&owner, label.as_bytes(), &secret)),
            })
        })
        .to_vec()
}

/// A name that is paid for until block 1,000, at many later ones.
fn lives(params: &NameParams) -> Vec<Value> {
    [999, 1_000, 1_099, 1_100, 1_101, 1_107, 1_110, 1_145, 1_179, 1_180, 9_999]
        .map(|now| {
            let status = match params.status(1_000, now) {
                NameStatus::Active => "active",
                NameStatus::Grace => "grace",
                NameStatus::Premium => "premium",
                NameStatus::Lapsed => "lapsed",
            };
            json!({ "now": now, "status": status, "premium": params.premium(1_000, now).to_string() })
        })
        .to_vec()
}

fn stored() -> Value {
    let object = ContentRef {
        object: ObjectId(filler("object", 0)),
        group: 7,
        sealed_len: 123_456,
        key: Some(ReadKey(filler("key", 0))),
    };
    let mut foreign = vec![0xe3, 0x01, 0x01, 0x70, 0x12, 0x20];
    foreign.extend(filler("cid", 0));
    let name = StoredName {
        owner: filler("owner", 0),
        content: Some(NameContent::Object(object)),
        version: 3,
        registered: 100,
        updated: 200,
        expires: 10_519_300,
        deposit: 1_200_000_000_000,
        tenure: 1,
    };
    let sub = StoredSubname {
        content: Some(NameContent::Foreign(ForeignRef::new(foreign.clone()).unwrap())),
        version: 2,
        updated: 300,
        delegate: Some(SubnameDelegate { account: filler("delegate", 0), tenure: 1 }),
        deposit: 100_000_000_000,
    };
    let (name_encoded, sub_encoded) = (scale(&name), scale(&sub));
    json!({
        "name": {
            "owner": hex(name.owner), "object": hex(object.object.0), "group": object.group,
            "sealed_len": object.sealed_len, "key": object.key.map(|key| hex(key.0)),
            "version": name.version, "registered": name.registered, "updated": name.updated,
            "expires": name.expires, "deposit": name.deposit.to_string(), "tenure": name.tenure,
            "encoded": name_encoded,
        },
        "subname": {
            "foreign": hex(foreign), "version": sub.version, "updated": sub.updated,
            "delegate": sub.delegate.map(|delegate| hex(delegate.account)), "delegate_tenure": 1,
            "deposit": sub.deposit.to_string(), "encoded": sub_encoded,
        },
    })
}

pub fn all() -> Value {
    let params = NameParams {
        min_commit_age: 3,
        max_commit_age: 100,
        year: 500,
        grace: 100,
        premium: 80,
        halving: 10,
        premium_start: 1_234_567,
        rent: [1_000, 100, 10, 1],
        deposit: 5,
        record_deposit: 2,
    };
    let rents: Vec<Value> = [(3, 1), (4, 2), (5, 3), (6, 4), (63, 10)]
        .map(|(length, years)| {
            json!({ "length": length, "years": years, "rent": params.rent(length, years).to_string() })
        })
        .to_vec();
    json!({
        "about": "Commitments; a name paid for until block 1,000 with these parameters; SCALE of what is stored.",
        "commitments": commitments(),
        "params": params, "params_encoded": scale(&params),
        "rents": rents, "lives": lives(&params), "stored": stored(),
    })
}
