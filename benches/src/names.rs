//! Names: proofs of resolution, the cost of a registration, and resolutions per second of a node, however many names there are.
//!
//! - [`state`]: proofs over a thousand names and over a million, and the cost of a write, against the hashing and the
//!   signatures that are unavoidable;
//! - [`node`]: answers per second of a running node, against methods that do almost nothing, and against running the runtime.

pub mod load;
pub mod node;
pub mod state;

use meganet_primitives::{
    content::{ContentRef, NameContent, ReadKey},
    name::StoredName,
    object::ObjectId,
};

/// The label with a number. Hashes spread them over the state like any labels.
pub fn label(number: u32) -> String {
    format!("name-{number}")
}

/// The on-chain record of the name with a number, which points to a site.
pub fn stored(number: u32) -> StoredName {
    let mut object = [7; 32];
    object[..4].copy_from_slice(&number.to_le_bytes());
    let content = ContentRef { object: ObjectId(object), group: 3, sealed_len: 1 << 20, key: Some(ReadKey([9; 32])) };
    StoredName {
        owner: object,
        content: Some(NameContent::Object(content)),
        version: 3,
        registered: 1,
        updated: 2,
        expires: u32::MAX,
        deposit: 1_000_000_000_000,
        tenure: 0,
    }
}
