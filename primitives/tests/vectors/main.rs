//! The test vectors in `vectors/` are what this code computes.
//!
//! Each file is built here from its inputs and compared. After a deliberate change of a format they are regenerated
//! by `MEGANET_WRITE_VECTORS=1 cargo test --release -p meganet-primitives --test vectors`, and `vectors/check.py`
//! checks them with a second implementation.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod audits;
mod lives;
mod objects;
mod texts;
mod trees;

use codec::Encode;
use serde_json::Value;
use std::{fs, path::Path};

/// Bytes as hex without `0x`.
fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn scale(value: &impl Encode) -> String {
    hex(value.encode())
}

/// A digest that is only there to be different from others.
fn filler(purpose: &str, number: u64) -> [u8; 32] {
    use meganet_primitives::hash::{Tag, tagged};
    tagged(Tag::Seed, &[purpose.as_bytes(), &number.to_le_bytes()])
}

fn check(file: &str, computed: &Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors").join(file);
    if std::env::var_os("MEGANET_WRITE_VECTORS").is_some() {
        fs::write(&path, serde_json::to_string_pretty(computed).unwrap() + "\n").unwrap();
    }
    let stored: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    assert!(stored == *computed, "{file} is not what this code computes: a format has changed");
}

#[test]
fn merkle_trees() {
    check("merkle.json", &trees::merkle());
}

#[test]
fn batches() {
    check("batches.json", &trees::batches());
}

#[test]
fn ranges() {
    check("ranges.json", &trees::ranges());
}

#[test]
fn object_ids_and_layouts() {
    check("objects.json", &objects::objects());
}

#[test]
fn receipts() {
    check("receipts.json", &objects::receipts());
}

#[test]
fn manifests() {
    check("manifests.json", &objects::manifests());
}

#[test]
fn placement() {
    check("placement.json", &objects::placement());
}

#[test]
fn audits_and_their_proofs() {
    check("audits.json", &audits::audits());
}

#[test]
fn links() {
    check("links.json", &texts::links());
}

#[test]
fn names() {
    check("names.json", &texts::names());
}

#[test]
fn lives_of_names() {
    check("lives.json", &lives::all());
}
