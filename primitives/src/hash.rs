//! BLAKE2b-256 with a tag for each purpose, so that no digest can be passed off as one of another kind.

#[cfg(not(substrate_runtime))]
use blake2::{Blake2b, Digest, digest::consts::U32};

/// A BLAKE2b-256 digest.
pub type Hash = [u8; 32];

/// The first byte of every hashed message: its kind. No value is ever reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Tag {
    /// A leaf of a Merkle tree: its bytes follow.
    Leaf = 0x00,
    /// An inner node of a Merkle tree: two digests follow.
    Node = 0x01,
    /// The root of a Merkle tree: the leaf count (u64 LE) and the top digest follow.
    Root = 0x02,
    /// An object's header (SCALE) follows.
    Object = 0x03,
    /// A batch entry (SCALE): a leaf of a byte-sum tree.
    SumLeaf = 0x10,
    /// An inner node of a byte-sum tree: left digest, left sum (u64 LE), right digest, right sum.
    SumNode = 0x11,
    /// The root of a byte-sum tree: leaf count (u64 LE), sum (u64 LE), top digest.
    SumRoot = 0x12,
    /// A leaf of a mountain range: a [`crate::range::RangeLeaf`] (SCALE).
    RangeLeaf = 0x20,
    /// An inner node of a mountain range: left digest, left sum (u64 LE), right digest, right sum.
    RangeNode = 0x21,
    /// A seed: its purpose and inputs follow.
    Seed = 0x30,
    /// The four check bytes of a link.
    Link = 0x40,
    /// A commitment to register a name: owner, label and secret (SCALE) follow.
    Commitment = 0x50,
}

/// Returns BLAKE2b-256 of the tag byte and the parts, one after another. In the runtime it is computed by the host, which is
/// several times as fast as in Wasm.
#[cfg(substrate_runtime)]
pub fn tagged(tag: Tag, parts: &[&[u8]]) -> Hash {
    let len = parts.iter().fold(1, |sum: usize, part| sum.saturating_add(part.len()));
    let mut message = alloc::vec::Vec::with_capacity(len);
    message.push(tag as u8);
    for part in parts {
        message.extend_from_slice(part);
    }
    sp_io::hashing::blake2_256(&message)
}

/// Returns BLAKE2b-256 of the tag byte and the parts, one after another: the SDK's `blake2_256` of the same bytes.
#[cfg(not(substrate_runtime))]
pub fn tagged(tag: Tag, parts: &[&[u8]]) -> Hash {
    let mut hasher = Blake2b::<U32>::new();
    hasher.update([tag as u8]);
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}
