//! Vectors of objects, receipts, manifests and placement.

use crate::{filler, hex, scale};
use meganet_primitives::{
    content::{ContentRef, ReadKey},
    manifest::{Entry, Extent, Manifest},
    object::{ObjectHeader, ObjectId, sealed_len, shards_root},
    placement::{Candidate, ProfileId, fill},
    receipt::{ReceiptStatement, worker_signed_bytes},
    sum_tree::BatchSummary,
};
use serde_json::{Value, json};

fn header(plain_len: u64, k: u8, n: u8) -> (ObjectHeader, Vec<[u8; 32]>) {
    let roots: Vec<_> = (0..n).map(|shard| filler("shard", shard.into())).collect();
    let sealed_len = sealed_len(plain_len).unwrap();
    (ObjectHeader { version: 1, codec: 0, k, n, sealed_len, shards_root: shards_root(&roots) }, roots)
}

pub fn objects() -> Value {
    let cases =
        [(1u64, 2u8, 6u8), (1024, 4, 12), (65_520, 2, 6), (65_521, 4, 12), (1_000_000, 4, 12), (1 << 40, 20, 40)];
    let objects: Vec<Value> = cases
        .map(|(plain_len, k, n)| {
            let (header, roots) = header(plain_len, k, n);
            let layout = header.layout().unwrap();
            let last = layout.sealed_len() - 1;
            let places: Vec<_> = [0, last / 2, last]
                .map(|offset| {
                    let pos = layout.chunk_of(offset).unwrap();
                    json!({ "sealed_offset": offset, "stripe": pos.stripe, "shard": pos.shard, "offset": pos.offset })
                })
                .to_vec();
            json!({
                "plain_len": plain_len, "k": k, "n": n, "sealed_len": header.sealed_len,
                "frames_sealed": layout.frame_count_sealed(),
                "full_stripes": layout.full_stripes(), "tail_chunk_len": layout.tail_chunk_len(),
                "shard_len": layout.shard_len(), "leaves": layout.leaves(),
                "places": places,
                "shard_roots": roots.iter().map(hex).collect::<Vec<_>>(),
                "shards_root": hex(header.shards_root),
                "header": scale(&header),
                "id_bytes": hex(header.id().0),
                "id": header.id().to_string(),
            })
        })
        .to_vec();
    json!({
        "about": "Object headers, their ids and layouts. The shard roots are arbitrary. `header` is SCALE.",
        "objects": objects,
    })
}

pub fn receipts() -> Value {
    let batch = BatchSummary { root: filler("batch", 0), objects: 3, bytes: 70_656 };
    let (genesis, owner) = (filler("genesis", 0), filler("owner", 0));
    let statement = ReceiptStatement { genesis, group: 7, slot: 3, expiry: 123, owner, batch, valid_until: 70_001 };
    json!({
        "about": "The bytes that a worker signs with its Ed25519 identity key.",
        "receipt": {
            "genesis": hex(genesis), "group": 7, "slot": 3, "expiry": 123, "owner": hex(owner),
            "batch": { "root": hex(batch.root), "objects": batch.objects, "bytes": batch.bytes },
            "valid_until": statement.valid_until,
            "signed_bytes": hex(statement.signed_bytes()),
        },
        "registration": {
            "genesis": hex(genesis), "operator": hex(owner), "signed_bytes": hex(worker_signed_bytes(&genesis, &owner)),
        },
    })
}

fn site() -> Manifest {
    let object = |number: u64, plain_len| ContentRef {
        object: ObjectId(filler("object", number)),
        group: 4,
        sealed_len: sealed_len(plain_len).unwrap(),
        key: Some(ReadKey(filler("key", number))),
    };
    let file = |path: &str, mode, extents: &[(u32, u64, u64)]| Entry {
        path: path.into(),
        size: extents.iter().map(|extent| extent.2).sum(),
        mtime: 1_700_000_000,
        mode,
        hash: filler("file", u64::try_from(path.len()).unwrap()),
        extents: extents.iter().map(|&(object, offset, len)| Extent { object, offset, len }).collect(),
    };
    Manifest {
        objects: vec![object(0, 100_000), object(1, 5_000_000)],
        entries: vec![
            file("bin/run", 0o755, &[(0, 300, 99_700)]),
            file("empty", 0o644, &[]),
            Entry { mtime: -1, ..file("index.html", 0o644, &[(0, 0, 300)]) },
            file("video ü.mp4", 0o600, &[(1, 0, 5_000_000), (0, 0, 1)]),
        ],
    }
}

pub fn manifests() -> Value {
    let site = site();
    let bytes = site.encode().unwrap();
    let objects: Vec<_> = site
        .objects
        .iter()
        .map(|one| {
            let key = one.key.map(|key| hex(key.0));
            json!({ "object": hex(one.object.0), "group": one.group, "sealed_len": one.sealed_len, "key": key })
        })
        .collect();
    let entries: Vec<_> = site
        .entries
        .iter()
        .map(|entry| {
            let extents: Vec<_> = entry.extents.iter().map(|one| json!([one.object, one.offset, one.len])).collect();
            json!({
                "path": entry.path, "size": entry.size, "mtime": entry.mtime, "mode": entry.mode,
                "hash": hex(entry.hash), "extents": extents,
            })
        })
        .collect();
    let refused = |why: &str, bytes: Vec<u8>| {
        let error = format!("{:?}", Manifest::decode(&bytes).expect_err(why));
        json!({ "why": why, "bytes": hex(bytes), "error": error })
    };
    let replaced = |from: &str, to: &str| {
        let place = bytes.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
        let mut changed = bytes.clone();
        changed[place..place + from.len()].copy_from_slice(to.as_bytes());
        changed
    };
    json!({
        "about": "Manifests. An extent is [object, offset, len]. `refused` must not be read.",
        "manifests": [
            { "objects": [], "entries": [], "bytes": hex(Manifest::default().encode().unwrap()) },
            { "objects": objects, "entries": entries, "bytes": hex(&bytes) },
        ],
        "refused": [
            refused("another format", replaced("MGM1", "MGX1")),
            refused("another version", replaced("MGM1", "MGM2")),
            refused("truncated", bytes[..bytes.len() - 1].to_vec()),
            refused("trailing byte", [bytes.as_slice(), &[0]].concat()),
            refused("path leads out of the folder", replaced("bin/run", "../runs")),
            refused("absolute path", replaced("bin/run", "/bin/ru")),
            refused("empty segment", replaced("bin/run", "bin//un")),
            refused("unsorted", replaced("empty", "zzzzz")),
            refused("a file that is also a folder", replaced("index.html", "empty/html")),
        ],
    })
}

pub fn placement() -> Value {
    let countries = ["DE", "FR", "BR", "JP"];
    let candidates: Vec<_> = (0..12u32)
        .map(|worker| Candidate {
            worker,
            operator: filler("operator", u64::from(worker) % 9),
            country: countries[usize::try_from(worker).unwrap() % 4].parse().unwrap(),
            weight: (u64::from(worker) + 1) << 30,
        })
        .collect();
    let described: Vec<_> = candidates
        .iter()
        .map(|one| {
            json!({
                "worker": one.worker, "operator": hex(one.operator),
                "country": one.country.to_string(), "weight": one.weight,
            })
        })
        .collect();
    let fills: Vec<Value> = [(ProfileId::Compact, 0), (ProfileId::Compact, 1), (ProfileId::Standard, 2)]
        .map(|(id, number)| {
            let (profile, seed) = (id.profile(), filler("seed", number));
            let mut taken = vec![None; usize::from(profile.n)];
            let chosen = fill(profile, &taken, &candidates, &seed);
            // Slot 1 falls vacant again.
            for (slot, index) in &chosen {
                taken[usize::from(*slot)] = (*slot != 1).then(|| candidates[*index]);
            }
            let refill = fill(profile, &taken, &candidates, &filler("seed", number + 100));
            json!({
                "profile": id.to_string(), "seed": hex(seed), "chosen": chosen,
                "refill_of_slot_1": { "seed": hex(filler("seed", number + 100)), "chosen": refill },
            })
        })
        .to_vec();
    let profiles: Vec<_> = ProfileId::ALL
        .map(|id| {
            let profile = id.profile();
            json!({
                "id": id.id(), "name": id.to_string(), "k": profile.k, "n": profile.n,
                "max_per_country": profile.max_per_country(), "quorum": profile.quorum(),
                "max_object_len_of_1_gib": profile.max_object_len(1 << 30),
            })
        })
        .to_vec();
    json!({
        "about": "Profiles, and slots filled from the same candidates. `chosen` is a list of [slot, candidate index].",
        "profiles": profiles,
        "candidates": described,
        "fills": fills,
    })
}
