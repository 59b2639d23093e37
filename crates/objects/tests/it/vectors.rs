//! Known answers for implementations in other languages, and for every backend here: `vectors/*.json`.
//!
//! `MEGANET_WRITE_VECTORS=1 cargo test --release -p meganet-objects vectors` regenerates them. Do that only for a new version
//! of the format: stored objects have to open with every later program.

use crate::support::{Stored, plaintext, tree};
use data_encoding::HEXLOWER;
use meganet_objects::{Backend, NONCE_PREFIX, nonce};
use meganet_primitives::{object::FRAME_LEN, placement::ProfileId};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{fs, path::PathBuf};

/// The sealed bytes: data chunks one after another, without the padding.
fn sealed(stored: &Stored) -> Vec<u8> {
    let layout = stored.layout;
    let mut sealed = Vec::new();
    for stripe in 0..layout.stripes() {
        (0..layout.k()).for_each(|shard| sealed.extend_from_slice(stored.chunk(shard, stripe)));
        let end = stripe * layout.stripe_len() + layout.stripe_sealed_len(stripe);
        assert!(sealed.drain(usize::try_from(end).unwrap()..).all(|padding| padding == 0));
    }
    sealed
}

fn frames(sealed: &[u8]) -> Vec<Value> {
    let frame_len = usize::try_from(FRAME_LEN).unwrap();
    let last = sealed.len().div_ceil(frame_len) - 1;
    let frame = |(index, frame): (usize, &[u8])| {
        let nonce = nonce(u32::try_from(index).unwrap(), index == last);
        json!({
            "nonce": HEXLOWER.encode(&nonce),
            "len": frame.len(),
            "tag": HEXLOWER.encode(&frame[frame.len() - 16..]),
        })
    };
    sealed.chunks(frame_len).enumerate().map(frame).collect()
}

fn object<B: Backend>(profile: ProfileId, plain_len: u64) -> Value {
    let shape = profile.profile();
    let stored = Stored::with_backend::<B>(shape.k, shape.n, plaintext(plain_len));
    let (sealed, encoded, layout) = (sealed(&stored), &stored.encoded, stored.layout);
    let mut object = json!({
        "plainLen": plain_len,
        "sealedLen": sealed.len(),
        "sealedSha256": HEXLOWER.encode(&Sha256::digest(&sealed)),
        "frames": frames(&sealed),
        "stripes": layout.stripes(),
        "tailChunkLen": layout.tail_chunk_len(),
        "shardLen": layout.shard_len(),
        "shardRoots": encoded.shard_roots.iter().map(|root| HEXLOWER.encode(root)).collect::<Vec<_>>(),
        "shardsRoot": HEXLOWER.encode(&encoded.header.shards_root),
        "objectId": encoded.id().to_string(),
        "objectIdHex": HEXLOWER.encode(&encoded.id().0),
    });
    if sealed.len() < 2000 {
        object["sealed"] = HEXLOWER.encode(&sealed).into();
    }
    assert!(stored.shards.iter().zip(&encoded.shard_roots).all(|(shard, root)| tree(shard).root() == *root));
    object
}

fn vectors<B: Backend>(profile: ProfileId) -> Value {
    let shape = profile.profile();
    let stripe = u64::from(shape.k) * 65_520;
    let objects = [1, 1000, 65_520, 65_521, stripe, stripe + 100_000].map(|len| object::<B>(profile, len));
    json!({
        "about": "Objects sealed and encoded with a fixed key. Byte i of the plaintext is i mod 251. The key seals several \
            objects here because they are test vectors; a real key seals one.",
        "profile": profile.to_string(),
        "k": shape.k,
        "n": shape.n,
        "key": HEXLOWER.encode(&crate::support::KEY.0),
        "noncePrefix": HEXLOWER.encode(NONCE_PREFIX),
        "objects": objects,
    })
}

fn known_answers<B: Backend>() {
    for profile in ProfileId::ALL {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("vectors/{profile}.json"));
        let got = vectors::<B>(profile);
        if std::env::var_os("MEGANET_WRITE_VECTORS").is_some() {
            fs::write(&path, format!("{got:#}\n")).unwrap();
        }
        let known: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(got, known, "{profile}");
    }
}

#[cfg(feature = "native")]
#[test]
fn known_answers_of_every_profile() {
    known_answers::<meganet_objects::Native>();
}

#[cfg(feature = "portable")]
#[test]
fn known_answers_of_every_profile_by_the_portable_backend() {
    known_answers::<meganet_objects::Portable>();
}
