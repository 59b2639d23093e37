//! The messages of the put and get protocols, version 1.
//!
//! Every message is a little-endian `u32` length and that many bytes of SCALE, an enum whose first byte says which
//! kind it is. Raw bytes follow only where a message announces their number. The version is part of the protocol's
//! name, so a kind is never given a second meaning and an unknown kind is an error.
//!
//! Each kind has a length limit of its own, checked after the first five bytes and before anything is kept: what a
//! peer can make us hold is decided here and in [`crate::config::Limits`], not by the peer.

pub mod get;
pub mod put;

use codec::{Decode, Encode};

/// Most bytes of one put chunk, and of one frame of a get: 64 KiB.
pub const MAX_CHUNK_LEN: u32 = 64 * 1024;
/// Most objects of a batch, and so most entries of one message.
pub const MAX_BATCH_ENTRIES: u32 = 65_536;

/// A SCALE enum with a length limit for every one of its kinds.
pub trait Message: Encode + Decode {
    /// What it is, for errors and logs.
    const NAME: &'static str;

    /// The most encoded bytes (kind byte included) of the kind with this index; `None` when there is no such kind.
    fn limit(kind: u8) -> Option<u32>;
}
