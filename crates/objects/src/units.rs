//! The format's lengths as `usize`, for indexing.

use meganet_primitives::object;

/// Bytes of a full frame.
pub(crate) const FRAME: usize = 64 * 1024;
/// Bytes of a frame's AEAD tag.
pub(crate) const TAG: usize = 16;
/// Plaintext bytes of a full frame.
pub(crate) const FRAME_PLAIN: usize = FRAME - TAG;
/// Bytes of a leaf.
pub(crate) const LEAF: usize = 1024;

const _: () = {
    assert!(to_u64(FRAME) == object::FRAME_LEN);
    assert!(to_u64(TAG) == object::TAG_LEN);
    assert!(to_u64(FRAME_PLAIN) == object::FRAME_PLAIN_LEN);
    assert!(to_u64(LEAF) == object::LEAF_LEN);
};

/// A length in memory as a length in a format.
pub(crate) const fn to_u64(len: usize) -> u64 {
    // No platform of Rust has a `usize` wider than 64 bits.
    len as u64
}

/// A length that is known to be at most that of a stripe, which is far below 4 GiB.
pub(crate) fn to_usize(len: u64) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX)
}
