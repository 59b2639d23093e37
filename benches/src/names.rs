//! Names: proofs of what they lead to, what a registration costs, however many there are, and how many a node resolves.
//!
//! - [`state`]: proofs over a thousand names and over a million, and what writing one costs, against the hashing and the
//!   signatures that nothing could do without;
//! - [`node`]: what a running node answers in a second, against methods that do next to nothing and against running the
//!   runtime.

pub mod load;
pub mod node;
pub mod state;

use meganet_primitives::{
    content::{ContentRef, NameContent, ReadKey},
    name::StoredName,
    object::ObjectId,
};

/// The label with a number. Their hashes are spread over the state as those of all labels are.
pub fn label(number: u32) -> String {
    format!("name-{number}")
}

/// What the chain stores of the name with a number: one that points at a site.
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
