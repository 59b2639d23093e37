//! Sealed objects: how they are cut into stripes, chunks and shards, and how their ids are made.
//!
//! An object's *sealed bytes* are a sequence of frames of [`FRAME_LEN`] bytes (the last one may be shorter), each
//! ending in its AEAD tag. A stripe is `k` data chunks; in a full stripe a chunk is exactly one frame, in the last
//! stripe chunks are as short as a multiple of [`LEAF_LEN`] allows and the rest is zeros. Shard `i` is the
//! concatenation of chunk `i` of every stripe; shards `0..k` hold data, `k..n` parity.

mod layout;

pub use layout::{ChunkPos, Layout};

use crate::{
    hash::{Hash, Tag, tagged},
    merkle::{self, LEAVES_PER_FRAME},
    text::{base32, from_base32, serde_as_text},
};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::{fmt, str::FromStr};
use scale_info::TypeInfo;

pub use crate::merkle::LEAF_LEN;

/// Bytes of a full frame, 64 KiB: ciphertext and tag.
pub const FRAME_LEN: u64 = LEAVES_PER_FRAME * LEAF_LEN;
/// Bytes of the AES-256-GCM tag that ends each frame.
pub const TAG_LEN: u64 = 16;
/// Plaintext bytes of a full frame.
pub const FRAME_PLAIN_LEN: u64 = FRAME_LEN - TAG_LEN;
/// The most shards of an object: one for each bit of the `u64` that records which slots signed.
pub const MAX_SHARDS: u32 = 64;
/// The longest plaintext of one object: 1 TiB.
pub const MAX_PLAIN_LEN: u64 = 1 << 40;
/// The header version that this code writes.
pub const OBJECT_VERSION: u8 = 1;
/// Codec id: systematic Reed–Solomon over GF(2^8) with the matrix of `reed-solomon-erasure` 6 (Vandermonde, made systematic).
pub const CODEC_RS_GF8: u8 = 0;

/// The most sealed bytes of one object: those of [`MAX_PLAIN_LEN`].
pub const MAX_SEALED_LEN: u64 = MAX_PLAIN_LEN + MAX_PLAIN_LEN.div_ceil(FRAME_PLAIN_LEN) * TAG_LEN;

/// The id of a sealed object: the tagged hash of its header. As text it is 52 characters of lower-case base32.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    core::hash::Hash,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct ObjectId(pub Hash);

/// The text is not an object id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an object id is 52 characters of a-z and 2-7: copy it again, whole")]
pub struct ObjectIdError;

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base32(&self.0))
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectId({self})")
    }
}

impl FromStr for ObjectId {
    type Err = ObjectIdError;

    fn from_str(text: &str) -> Result<Self, ObjectIdError> {
        let bytes = from_base32(text).ok_or(ObjectIdError)?;
        bytes.try_into().map(Self).map_err(|_| ObjectIdError)
    }
}

serde_as_text!(ObjectId);

/// The header of an object, to which its id commits. Any chunk of any shard can be checked against it, without a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "camelCase"))]
pub struct ObjectHeader {
    /// [`OBJECT_VERSION`].
    pub version: u8,
    /// The erasure code: [`CODEC_RS_GF8`].
    pub codec: u8,
    /// Data shards, `1..n`.
    pub k: u8,
    /// All shards, at most [`MAX_SHARDS`].
    pub n: u8,
    /// Sealed bytes, frames with their tags, without padding.
    pub sealed_len: u64,
    /// Merkle root over the `n` shard roots, each a leaf.
    #[cfg_attr(feature = "std", serde(with = "crate::text::hex32"))]
    pub shards_root: Hash,
}

/// Why a header, a length or an offset is not that of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ObjectError {
    /// Written by a version of the format that this code does not know.
    #[error("this program does not know object format {0}: update it")]
    UnknownVersion(u8),
    /// Encoded with an erasure code that this code does not know.
    #[error("this program does not know erasure code {0}: update it")]
    UnknownCodec(u8),
    /// Not `1 <= k < n <= MAX_SHARDS`.
    #[error("{k} of {n} shards is impossible: k is at least 1 and below n, and n at most {MAX_SHARDS}")]
    BadShardCounts {
        /// Data shards.
        k: u8,
        /// All shards.
        n: u8,
    },
    /// An object holds between 1 byte and [`MAX_PLAIN_LEN`].
    #[error("an object of {0} bytes is impossible: it holds 1 byte to 1 TiB, so split larger data")]
    BadPlainLen(u64),
    /// No plaintext has that many sealed bytes.
    #[error("no object has {0} sealed bytes: the reference is damaged, so fetch it again")]
    BadSealedLen(u64),
    /// Beyond the end of the object.
    #[error("byte {offset} is beyond the object's end at {len}: ask for a range within it")]
    OutOfRange {
        /// The first requested byte that does not exist.
        offset: u64,
        /// Bytes of the object.
        len: u64,
    },
}

impl ObjectHeader {
    /// Returns the object's id.
    pub fn id(&self) -> ObjectId {
        ObjectId(self.using_encoded(|bytes| tagged(Tag::Object, &[bytes])))
    }

    /// Checks everything but the root: version, codec, shard counts, length.
    ///
    /// # Errors
    /// [`ObjectError`]
    pub fn check(&self) -> Result<(), ObjectError> {
        self.layout().map(|_| ())
    }

    /// Returns the layout of the object's bytes in its shards.
    ///
    /// # Errors
    /// Those of [`ObjectHeader::check`], so that every layout is that of a valid header.
    pub fn layout(&self) -> Result<Layout, ObjectError> {
        if self.version != OBJECT_VERSION {
            return Err(ObjectError::UnknownVersion(self.version));
        }
        if self.codec != CODEC_RS_GF8 {
            return Err(ObjectError::UnknownCodec(self.codec));
        }
        Layout::new(self.k, self.n, self.sealed_len)
    }
}

/// Returns the Merkle root over shard roots, each a leaf, in shard order.
pub fn shards_root(roots: &[Hash]) -> Hash {
    let leaves: Vec<Hash> = roots.iter().map(|root| merkle::leaf_hash(root)).collect();
    merkle::root_of_leaves(&leaves)
}

/// Returns the sealed bytes of an object of `plain_len` bytes: one tag more for each begun [`FRAME_PLAIN_LEN`].
///
/// # Errors
/// [`ObjectError::BadPlainLen`] unless it is 1 to [`MAX_PLAIN_LEN`].
pub fn sealed_len(plain_len: u64) -> Result<u64, ObjectError> {
    if (1..=MAX_PLAIN_LEN).contains(&plain_len) {
        Ok(plain_len + plain_len.div_ceil(FRAME_PLAIN_LEN) * TAG_LEN)
    } else {
        Err(ObjectError::BadPlainLen(plain_len))
    }
}

/// Returns the plaintext bytes of an object of `sealed_len` bytes: the inverse of [`sealed_len`].
///
/// # Errors
/// [`ObjectError::BadSealedLen`] if no plaintext has that many sealed bytes.
pub fn plain_len(sealed_len: u64) -> Result<u64, ObjectError> {
    let last = sealed_len % FRAME_LEN;
    if !(1..=MAX_SEALED_LEN).contains(&sealed_len) || (1..=TAG_LEN).contains(&last) {
        return Err(ObjectError::BadSealedLen(sealed_len));
    }
    Ok(sealed_len - sealed_len.div_ceil(FRAME_LEN) * TAG_LEN)
}

#[cfg(test)]
mod tests;
